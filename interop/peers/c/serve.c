/* A provider of the data that every language has. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "examples.h"
#include "options.h"

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

/* One number may be a request that is never answered. */
static bool increment(void *user, uint64_t request, uint64_t *response)
{
    const struct options *options = user;
    if (options->stuck_on > 0 && request == options->stuck_on) {
        say("STUCK");
        for (;;)
            sleep(3600);
    }
    *response = request + 1;
    return true;
}

static bool reverse(void *user, const nipc_string_reverse_view_t *request, nipc_string_reverse_builder_t *builder)
{
    (void)user;
    char *reversed = malloc((size_t)request->str_len + 1);
    if (reversed == NULL)
        return false;
    for (uint32_t at = 0; at < request->str_len; at++)
        reversed[at] = request->str[request->str_len - 1 - at];
    nipc_error_t error = nipc_string_reverse_builder_set(builder, reversed, request->str_len);
    free(reversed);
    return error == NIPC_OK;
}

static bool snapshot(void *user, const nipc_cgroups_req_t *request, nipc_cgroups_builder_t *builder)
{
    const struct options *options = user;
    (void)request;
    nipc_cgroups_builder_set_header(builder, options->generation % 2, options->generation);
    for (uint32_t index = 0; index < options->items; index++) {
        struct item item;
        data_item(index, options->generation, (uint32_t)options->path_len, &item);
        nipc_error_t error =
            nipc_cgroups_builder_add(builder, item.hash, item.options, item.enabled, item.name.bytes, item.name.len,
                                     item.path.bytes, item.path.len);
        if (error != NIPC_OK)
            return false;
    }
    return true;
}

static bool cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request, nipc_cgroups_lookup_builder_t *builder)
{
    const struct options *options = user;
    nipc_cgroups_lookup_builder_set_generation(builder, options->generation);
    for (uint32_t index = 0; index < request->item_count; index++) {
        nipc_cgroups_lookup_req_item_t key;
        if (nipc_cgroups_lookup_req_item(request, index, &key) != NIPC_OK)
            return false;
        struct cgroup known;
        data_cgroup(key.path, false, &known);
        nipc_error_t error = nipc_cgroups_lookup_builder_add_request_item(
            builder, request, index, known.status, known.orchestrator, known.name.bytes, known.name.len,
            known.labels.views, known.labels.count);
        if (error != NIPC_OK)
            return false;
    }
    return true;
}

static bool apps(void *user, const nipc_apps_lookup_req_view_t *request, nipc_apps_lookup_builder_t *builder)
{
    const struct options *options = user;
    nipc_apps_lookup_builder_set_generation(builder, options->generation);
    for (uint32_t index = 0; index < request->item_count; index++) {
        nipc_apps_lookup_req_item_t key;
        if (nipc_apps_lookup_req_item(request, index, &key) != NIPC_OK)
            return false;
        struct process known;
        data_process(key.pid, false, &known);
        nipc_error_t error = nipc_apps_lookup_builder_add(
            builder, known.status, known.cgroup_status, known.orchestrator, key.pid, known.ppid, known.uid,
            known.starttime, known.comm.bytes, known.comm.len, known.cgroup_path.bytes, known.cgroup_path.len,
            known.cgroup_name.bytes, known.cgroup_name.len, known.labels.views, known.labels.count);
        if (error != NIPC_OK)
            return false;
    }
    return true;
}

/* One server. That of a service with a schema begins with it. */
union server {
    nipc_managed_server_t managed;
    ip_to_asn_server_t networks;
    pid_traffic_server_t traffic;
};

static nipc_error_t bind_to(union server *any, const struct options *options)
{
    nipc_managed_server_t *server = &any->managed;
    void *user = (void *)(uintptr_t)options;
    nipc_server_config_t config = options_server(options);
    const char *run_dir = options->run_dir, *service = options->service, *kind = options->what;
    int workers = (int)options->workers;
    if (strcmp(kind, "increment") == 0)
        return nipc_server_init_increment(server, run_dir, service, &config, workers,
                                          &(nipc_increment_service_handler_t){.handle = increment, .user = user});
    if (strcmp(kind, "string-reverse") == 0)
        return nipc_server_init_string_reverse(
            server, run_dir, service, &config, workers,
            &(nipc_string_reverse_service_handler_t){.handle = reverse, .user = user});
    if (strcmp(kind, "cgroups-snapshot") == 0)
        return nipc_server_init_typed(server, run_dir, service, &config, workers,
                                      &(nipc_cgroups_service_handler_t){.handle = snapshot, .user = user});
    if (strcmp(kind, "cgroups-lookup") == 0)
        return nipc_server_init_cgroups_lookup(
            server, run_dir, service, &config, workers,
            &(nipc_cgroups_lookup_service_handler_t){.handle = cgroups, .user = user});
    if (strcmp(kind, "apps-lookup") == 0)
        return nipc_server_init_apps_lookup(server, run_dir, service, &config, workers,
                                            &(nipc_apps_lookup_service_handler_t){.handle = apps, .user = user});
    if (strcmp(kind, "ip-to-asn") == 0)
        return ip_to_asn_server_init(&any->networks, run_dir, service, &config, workers, answer_networks, user);
    if (strcmp(kind, "pid-traffic") == 0)
        return pid_traffic_server_init(&any->traffic, run_dir, service, &config, workers, answer_traffic, user);
    return NIPC_ERR_INVALID_ARGUMENT;
}

static void *run(void *server)
{
    nipc_server_run(server);
    return NULL;
}

static void wait_for_end_of_input(void)
{
    while (getchar() != EOF)
        continue;
}

static void tell_what_was_served(nipc_managed_server_t *server)
{
    nipc_server_stats_t stats;
    nipc_server_stats(server, &stats);
    printf("SERVED {\"socket\":%" PRIu64 ",\"shm\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"ok\":%" PRIu64 "}\n",
           stats.sessions_socket, stats.sessions_shm, stats.refused, stats.ok);
    fflush(stdout);
}

int serve(const struct options *options)
{
    static union server any;
    nipc_managed_server_t *server = &any.managed;
    pthread_t runner;
    nipc_error_t error = bind_to(&any, options);
    bool running = error == NIPC_OK && pthread_create(&runner, NULL, run, server) == 0;
    if (running) {
        say("READY");
        wait_for_end_of_input();
        nipc_server_stop(server);
        pthread_join(runner, NULL);
        tell_what_was_served(server);
    } else {
        char why[512];
        nipc_server_last_error(server, why, sizeof why);
        fprintf(stderr, "cannot serve %s: %s: %s\n", options->what, nipc_strerror(error), why);
    }
    nipc_server_destroy(server);
    return running ? EXIT_SUCCESS : EXIT_FAILURE;
}
