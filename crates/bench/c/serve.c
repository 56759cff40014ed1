/* The end that answers: one service, with the data that all programs of a benchmark know. */

#define _DEFAULT_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/* Sessions at once: every client of a row has one, and keeps it. */
#define WORKERS 16

static struct cgroup *cgroups;
static uint32_t cgroup_count;

static bool increment(void *user, uint64_t request, uint64_t *response)
{
    (void)user;
    *response = request + 1;
    return true;
}

static bool snapshot(void *user, const nipc_cgroups_req_t *request, nipc_cgroups_builder_t *builder)
{
    (void)user;
    (void)request;
    nipc_cgroups_builder_set_header(builder, 0, GENERATION);
    for (uint32_t i = 0; i < cgroup_count; i++) {
        const struct cgroup *cgroup = &cgroups[i];
        if (nipc_cgroups_builder_add(builder, cgroup->hash, 0, 1, cgroup->name, cgroup->name_len,
                                     cgroup->path, cgroup->path_len) != NIPC_OK)
            return false;
    }
    return true;
}

static nipc_str_view_t text(const char *text)
{
    return (nipc_str_view_t){.ptr = text, .len = (uint32_t)strlen(text)};
}

static bool lookup_cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request,
                           nipc_cgroups_lookup_builder_t *builder)
{
    (void)user;
    const nipc_lookup_label_view_t labels[] = {
        {.key = text("namespace"), .value = text("bench")},
        {.key = text("image"), .value = text("bench:latest")},
    };
    const nipc_str_view_t name = text("bench-pod");
    nipc_cgroups_lookup_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; i < request->item_count; i++) {
        nipc_cgroups_lookup_req_item_t key;
        if (nipc_cgroups_lookup_req_item(request, i, &key) != NIPC_OK)
            return false;
        const size_t dir = sizeof CGROUPS_DIR - 1;
        const bool known = key.path.len > dir && key.path.ptr[dir] == 'c';
        const nipc_error_t error =
            known ? nipc_cgroups_lookup_builder_add_request_item(
                        builder, request, i, NIPC_CGROUP_LOOKUP_KNOWN, NIPC_ORCHESTRATOR_K8S,
                        name.ptr, name.len, labels, 2)
                  : nipc_cgroups_lookup_builder_add_request_item(
                        builder, request, i, NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT, 0, "", 0, NULL,
                        0);
        if (error != NIPC_OK)
            return false;
    }
    return true;
}

static bool lookup_apps(void *user, const nipc_apps_lookup_req_view_t *request,
                        nipc_apps_lookup_builder_t *builder)
{
    (void)user;
    const nipc_lookup_label_view_t label = {.key = text("namespace"), .value = text("bench")};
    const nipc_str_view_t comm = text("bench");
    const nipc_str_view_t path = text(CGROUPS_DIR "cg-1");
    const nipc_str_view_t name = text("bench-pod");
    nipc_apps_lookup_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; i < request->item_count; i++) {
        nipc_apps_lookup_req_item_t key;
        if (nipc_apps_lookup_req_item(request, i, &key) != NIPC_OK)
            return false;
        const bool known = key.pid % 2 == 1;
        const nipc_error_t error =
            known ? nipc_apps_lookup_builder_add(builder, NIPC_PID_LOOKUP_KNOWN,
                                                 NIPC_APPS_CGROUP_KNOWN, NIPC_ORCHESTRATOR_K8S,
                                                 key.pid, 1, 1000, 12345, comm.ptr, comm.len,
                                                 path.ptr, path.len, name.ptr, name.len, &label, 1)
                  : nipc_apps_lookup_builder_add(builder, NIPC_PID_LOOKUP_UNKNOWN, 0, 0, key.pid, 0,
                                                 NIPC_UID_UNSET, 0, "", 0, "", 0, "", 0, NULL, 0);
        if (error != NIPC_OK)
            return false;
    }
    return true;
}

static nipc_error_t bind_to(nipc_managed_server_t *server)
{
    const uint32_t profiles = NIPC_PROFILE_BASELINE | profile_wanted();
    const nipc_server_config_t config = {
        .supported_profiles = profiles,
        .preferred_profiles = profiles,
        .max_request_payload_bytes = number("request-bytes"),
        .max_request_batch_items = number("batch-items"),
        .max_response_payload_bytes = number("response-bytes"),
    };
    const char *run_dir = option("run-dir");
    const char *service = option("service");
    if (strcmp(service, "increment") == 0)
        return nipc_server_init_increment(
            server, run_dir, service, &config, WORKERS,
            &(nipc_increment_service_handler_t){.handle = increment});
    if (strcmp(service, "cgroups-snapshot") == 0) {
        cgroup_count = number("items");
        cgroups = cgroups_make(cgroup_count);
        return nipc_server_init_typed(
            server, run_dir, service, &config, WORKERS,
            &(nipc_cgroups_service_handler_t){.handle = snapshot,
                                              .snapshot_max_items = cgroup_count});
    }
    if (strcmp(service, "cgroups-lookup") == 0)
        return nipc_server_init_cgroups_lookup(
            server, run_dir, service, &config, WORKERS,
            &(nipc_cgroups_lookup_service_handler_t){.handle = lookup_cgroups});
    if (strcmp(service, "apps-lookup") == 0)
        return nipc_server_init_apps_lookup(
            server, run_dir, service, &config, WORKERS,
            &(nipc_apps_lookup_service_handler_t){.handle = lookup_apps});
    fail("unsupported");
}

static void *run(void *server)
{
    nipc_server_run(server);
    return NULL;
}

int serve(void)
{
    static nipc_managed_server_t server;
    const nipc_error_t error = bind_to(&server);
    if (error != NIPC_OK) {
        char why[512];
        nipc_server_last_error(&server, why, sizeof why);
        fail("cannot serve: %s: %s", nipc_strerror(error), why);
    }
    pthread_t runner;
    if (pthread_create(&runner, NULL, run, &server) != 0)
        fail("there is no thread to serve in");
    puts("ready");
    fflush(stdout);
    char line[32];
    while (fgets(line, sizeof line, stdin) != NULL)
        report_usage();
    nipc_server_stop(&server);
    pthread_join(runner, NULL);
    nipc_server_destroy(&server);
    return EXIT_SUCCESS;
}
