/* Serves or asks a service with generated code, in a process of its own:
 *
 *   lives RUN_DIR serve SERVICE [COUNT]   prints READY, and stops when stdin ends
 *   lives RUN_DIR ask SERVICE COUNT       asks for COUNT of what there is, and says what is wrong
 *
 * What is known is made from numbers, so that every language can check it. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps_lookup.h"
#include "cgroups_snapshot.h"
#include "increment.h"
#include "pid_traffic.h"
#include "string_reverse.h"

#define GENERATION 42

static uint32_t count;

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)

/* ---- pid-traffic --------------------------------------------------------------------------- */

static void traffic_of(const pid_traffic_key_t *key, pid_traffic_item_t *item) {
    if (key->pid % 3 == 0) {
        pid_traffic_item_bare(item, key, PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN);
        return;
    }
    pid_traffic_item_bare(item, key, PID_TRAFFIC_LOOKUP_STATUS_KNOWN);
    item->bytes_received = key->pid * UINT64_C(10) + 1;
    item->bytes_sent = key->starttime;
    item->packets_received = key->pid;
    item->packets_sent = UINT64_MAX - key->pid;
    item->connections = key->pid % 7;
}

static bool answer_traffic(void *user, const pid_traffic_request_t *request,
                           pid_traffic_builder_t *builder) {
    pid_traffic_key_t key;
    pid_traffic_item_t item;
    (void)user;
    pid_traffic_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; pid_traffic_request_key(request, i, &key) == NIPC_OK; i++) {
        traffic_of(&key, &item);
        pid_traffic_builder_add(builder, &item);
    }
    return true;
}

/* Rounds until the provider is there and has answered: on a busy machine it may take more than one. */
static void settle(nipc_enricher_t *enricher) {
    nipc_enricher_step_t step;
    do {
        CHECK(nipc_enricher_step(enricher, 60000, &step) == NIPC_OK);
    } while (step.end == NIPC_ENRICHER_ABSENT);
    CHECK(step.end == NIPC_ENRICHER_IDLE && step.waiting == 0);
}

/* What a client asks for, an enricher finds, by keys that tell owners apart themselves. */
static void enrich_traffic(const char *run_dir, const nipc_client_config_t *config) {
    static pid_traffic_enricher_t enricher;
    const nipc_enricher_config_t keeping = {.backoff_first_ms = 1, .backoff_most_ms = 1};
    nipc_enricher_guard_t guard;
    nipc_enricher_found_t more;
    pid_traffic_key_t key;
    pid_traffic_item_t found, wanted;
    pid_traffic_enricher_init(&enricher, run_dir, PID_TRAFFIC_SERVICE, config, &keeping);
    CHECK(nipc_enricher_read_lock(&enricher.enricher, &guard));
    memset(&key, 0, sizeof(key));
    for (uint32_t i = 0; i < count; i++) {
        key.pid = i, key.starttime = UINT64_C(0x100000000) + i;
        CHECK(pid_traffic_enricher_get(&enricher, &guard, &key, 0, &found, &more) == NIPC_FOUND_QUEUED);
        CHECK(more.found == NIPC_FOUND_QUEUED && found.connections == 0);
    }
    nipc_enricher_read_unlock(&guard);
    CHECK(pid_traffic_enricher_pin(&enricher, &key) == NIPC_OK);
    settle(&enricher.enricher);
    CHECK(nipc_enricher_read_lock(&enricher.enricher, &guard));
    for (uint32_t i = 0; i < count; i++) {
        key.pid = i, key.starttime = UINT64_C(0x100000000) + i;
        traffic_of(&key, &wanted);
        const uint32_t number = pid_traffic_enricher_get(&enricher, &guard, &key, key.starttime, &found, NULL);
        if (wanted.status != PID_TRAFFIC_LOOKUP_STATUS_KNOWN) {
            CHECK(number == NIPC_FOUND_FOR_NOW);
            continue;
        }
        CHECK(number == NIPC_FOUND_ITEM && found.pid == i && found.starttime == key.starttime);
        CHECK(found.packets_sent == wanted.packets_sent && found.connections == wanted.connections);
        CHECK(pid_traffic_enricher_get(&enricher, &guard, &key, 1, &found, NULL) == NIPC_FOUND_REUSED);
    }
    CHECK(pid_traffic_enricher_unpin(&enricher, &key) == NIPC_OK);
    CHECK(pid_traffic_enricher_unpin(&enricher, &key) == NIPC_ERR_INVALID_ARGUMENT);
    CHECK(pid_traffic_enricher_get(&enricher, NULL, &key, 0, &found, &more) == NIPC_FOUND_INVALID);
    nipc_enricher_close(&enricher.enricher);
    nipc_enricher_read_unlock(&guard);
}

static void ask_traffic(const char *run_dir, const nipc_client_config_t *config) {
    static pid_traffic_client_t client;
    pid_traffic_key_t *keys = calloc(count + 1, sizeof(*keys));
    pid_traffic_reply_t reply;
    pid_traffic_item_t found, wanted;
    CHECK(keys != NULL);
    /* As in Rust and Go: an item that is not filled in says that there is no data. */
    pid_traffic_item_init(&found);
    CHECK(found.status == PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN && pid_traffic_item_size(&found) > 0);
    for (uint32_t i = 0; i < count; i++) {
        keys[i].pid = i;
        keys[i].starttime = UINT64_C(0x100000000) + i;
    }
    pid_traffic_client_init(&client, run_dir, PID_TRAFFIC_SERVICE, config);
    CHECK(pid_traffic_client_lookup(&client, keys, count, &reply, 0) == NIPC_ERR_NOT_READY);
    CHECK(pid_traffic_client_refresh(&client) && pid_traffic_client_ready(&client));
    CHECK(pid_traffic_client_lookup(&client, keys, count, &reply, 60000) == NIPC_OK);
    CHECK(reply.item_count == count && reply.generation == GENERATION);
    for (uint32_t i = 0; i < count; i++) {
        traffic_of(&keys[i], &wanted);
        CHECK(pid_traffic_reply_item(&reply, i, &found) == NIPC_OK);
        CHECK(found.status == wanted.status && found.pid == i);
        CHECK(found.starttime == keys[i].starttime);
        CHECK(found.bytes_received == wanted.bytes_received);
        CHECK(found.bytes_sent == wanted.bytes_sent);
        CHECK(found.packets_received == wanted.packets_received);
        CHECK(found.packets_sent == wanted.packets_sent);
        CHECK(found.connections == wanted.connections);
    }
    CHECK(pid_traffic_reply_item(&reply, count, &found) == NIPC_ERR_OUT_OF_BOUNDS);
    pid_traffic_client_close(&client);
    pid_traffic_client_close(&client);
    free(keys);
    enrich_traffic(run_dir, config);
}

/* ---- apps-lookup: texts and labels, most of them those of other items -------------------------- */

#define LABELS 4

struct process {
    apps_lookup_item_t item;
    char path[40], name[20], value[100];
    nipc_lookup_label_view_t labels[LABELS];
};

static void text(nipc_str_view_t *out, const char *from) {
    out->ptr = from;
    out->len = (uint32_t)strlen(from);
}

/* Ten names, each with its labels; a few processes have none, and some are not there. */
static void process_of(uint32_t pid, struct process *out) {
    static const char *const keys[LABELS] = {"app", "team", "image", "node"};
    const apps_lookup_key_t key = {pid};
    apps_lookup_item_bare(&out->item, &key, APPS_LOOKUP_PID_STATUS_UNKNOWN);
    if (pid % 5 == 0) {
        return;
    }
    apps_lookup_item_bare(&out->item, &key, APPS_LOOKUP_PID_STATUS_KNOWN);
    out->item.starttime = pid + UINT64_C(1);
    text(&out->item.comm, "worker");
    snprintf(out->path, sizeof(out->path), "/kubepods/%" PRIu32, pid);
    text(&out->item.cgroup_path, out->path);
    if (pid % 5 == 1) {
        out->item.cgroup_status = APPS_LOOKUP_APPS_CGROUP_STATUS_UNKNOWN_RETRY_LATER;
        return;
    }
    snprintf(out->name, sizeof(out->name), "name-%" PRIu32, pid % 10);
    text(&out->item.cgroup_name, out->name);
    snprintf(out->value, sizeof(out->value), "%0*" PRIu32, 80, pid % 10);
    for (size_t i = 0; i < LABELS; i++) {
        text(&out->labels[i].key, keys[i]);
        text(&out->labels[i].value, i == 3 ? "" : out->value);
    }
    out->item.labels.count = LABELS;
    out->item.labels.list = out->labels;
}

static bool answer_apps(void *user, const apps_lookup_request_t *request, apps_lookup_builder_t *builder) {
    apps_lookup_key_t key;
    struct process process;
    (void)user;
    apps_lookup_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; apps_lookup_request_key(request, i, &key) == NIPC_OK; i++) {
        process_of(key.pid, &process);
        apps_lookup_builder_add(builder, &process.item);
    }
    return true;
}

static bool same_text(nipc_str_view_t a, nipc_str_view_t b) {
    /* What is kept has a NUL behind it, too. */
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0) && (a.ptr == NULL || a.ptr[a.len] == 0);
}

static void check_process(const apps_lookup_item_t *item, uint32_t pid) {
    struct process wanted;
    nipc_lookup_label_view_t label;
    process_of(pid, &wanted);
    CHECK(item->pid == pid && item->starttime == wanted.item.starttime && item->uid == wanted.item.uid);
    CHECK(same_text(item->comm, wanted.item.comm) && same_text(item->cgroup_path, wanted.item.cgroup_path));
    CHECK(same_text(item->cgroup_name, wanted.item.cgroup_name));
    CHECK(item->labels.count == wanted.item.labels.count);
    for (uint32_t i = 0; i < item->labels.count; i++) {
        CHECK(apps_lookup_label(&item->labels, i, &label));
        CHECK(same_text(label.key, wanted.labels[i].key) && same_text(label.value, wanted.labels[i].value));
    }
    CHECK(!apps_lookup_label(&item->labels, item->labels.count, &label));
}

static void ask_apps(const char *run_dir, const nipc_client_config_t *config) {
    static apps_lookup_enricher_t enricher;
    nipc_enricher_guard_t guard;
    nipc_enricher_stats_t stats;
    apps_lookup_item_t item;
    apps_lookup_key_t *keys = calloc(count + 1, sizeof(*keys));
    uint32_t known = 0, expected = 0;
    CHECK(keys != NULL);
    for (uint32_t i = 0; i < count; i++) {
        keys[i].pid = i;
        expected += i % 5 != 0;
    }
    apps_lookup_enricher_init(&enricher, run_dir, APPS_LOOKUP_SERVICE, config, NULL);
    while (known < expected) {
        known = apps_lookup_enricher_refresh_now(&enricher, keys, count, 60000);
    }
    CHECK(known == expected);
    CHECK(nipc_enricher_read_lock(&enricher.enricher, &guard));
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t found = apps_lookup_enricher_get(&enricher, &guard, &keys[i], 0, &item, NULL);
        CHECK(found == (i % 5 == 0 ? NIPC_FOUND_FOR_NOW : NIPC_FOUND_ITEM));
        if (found == NIPC_FOUND_ITEM) {
            check_process(&item, i);
            CHECK(apps_lookup_enricher_get(&enricher, &guard, &keys[i], i + 2, &item, NULL) == NIPC_FOUND_REUSED);
        }
    }
    /* An item as it came has over 400 bytes; names and labels are there once. */
    CHECK(nipc_enricher_stats(&enricher.enricher, &stats) == NIPC_OK);
    CHECK(stats.entries == count && stats.bytes / count < 260);
    nipc_enricher_close(&enricher.enricher);
    /* The guard has what it pins. */
    nipc_enricher_read_unlock(&guard);
    free(keys);
}

/* ---- increment ----------------------------------------------------------------------------- */

static bool answer_increment(void *user, const increment_request_t *request,
                             increment_builder_t *builder) {
    const increment_response_t response = {request->value + 1};
    (void)user;
    return increment_builder_set(builder, &response) == NIPC_OK;
}

/* Marks which responses have come, each as it must be. */
static void take_response(void *user, uint32_t index, const increment_response_t *response) {
    bool *came = user;
    CHECK(index < count && !came[index]);
    CHECK(response->value == index + UINT64_C(1));
    came[index] = true;
}

static void ask_increment(const char *run_dir, const nipc_client_config_t *config) {
    static increment_client_t client;
    increment_request_t request = {UINT64_MAX}, *requests = calloc(count + 1, sizeof(*requests));
    increment_response_t response, *responses = calloc(count + 1, sizeof(*responses));
    CHECK(requests != NULL && responses != NULL);
    increment_client_init(&client, run_dir, INCREMENT_SERVICE, config);
    CHECK(increment_client_refresh(&client));
    CHECK(increment_client_call(&client, &request, &response, 0) == NIPC_OK);
    CHECK(response.value == 0);
    for (uint32_t i = 0; i < count; i++) {
        requests[i].value = i;
    }
    CHECK(increment_client_call_batch(&client, requests, count, responses, 60000) == NIPC_OK);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(responses[i].value == i + UINT64_C(1));
    }
    for (uint32_t window = 0; window < 40; window += 13) {
        bool *came = calloc(count + 1, sizeof(*came));
        CHECK(came != NULL);
        CHECK(increment_client_call_pipelined(&client, requests, count, window, take_response, came,
                                              60000) == NIPC_OK);
        for (uint32_t i = 0; i < count; i++) {
            CHECK(came[i]);
        }
        free(came);
    }
    increment_client_close(&client);
    free(requests);
    free(responses);
}

/* ---- string-reverse ------------------------------------------------------------------------ */

static bool answer_reverse(void *user, const string_reverse_request_t *request,
                           string_reverse_builder_t *builder) {
    char *text = malloc(request->text.len + 1);
    string_reverse_response_t response = {{text, request->text.len}};
    (void)user;
    CHECK(text != NULL);
    for (uint32_t i = 0; i < request->text.len; i++) {
        text[i] = request->text.ptr[request->text.len - 1 - i];
    }
    const nipc_error_t error = string_reverse_builder_set(builder, &response);
    free(text);
    return error == NIPC_OK;
}

static void ask_reverse(const char *run_dir, const nipc_client_config_t *config) {
    static string_reverse_client_t client;
    string_reverse_request_t requests[2] = {{{"abc", 3}}, {{NULL, 0}}};
    string_reverse_response_t responses[2];
    string_reverse_client_init(&client, run_dir, STRING_REVERSE_SERVICE, config);
    CHECK(string_reverse_client_refresh(&client));
    CHECK(string_reverse_client_call(&client, &requests[0], &responses[0], 0) == NIPC_OK);
    CHECK(responses[0].text.len == 3 && memcmp(responses[0].text.ptr, "cba", 4) == 0);
    /* A request may lie in the last answer. */
    requests[0].text = responses[0].text;
    CHECK(string_reverse_client_call_batch(&client, requests, 2, responses, 0) == NIPC_OK);
    CHECK(responses[0].text.len == 3 && memcmp(responses[0].text.ptr, "abc", 4) == 0);
    CHECK(responses[1].text.len == 0);
    string_reverse_client_close(&client);
}

/* ---- cgroups-snapshot ---------------------------------------------------------------------- */

struct cgroup {
    cgroups_snapshot_item_t item;
    char name[20], path[200];
};

/* The last of all has a long path, so that the answer is larger than clients expect at first. */
static void cgroup_of(uint32_t i, struct cgroup *out) {
    cgroups_snapshot_item_init(&out->item);
    out->item.hash = i;
    out->item.options = i % 16;
    out->item.enabled = i % 2;
    out->item.name.ptr = out->name;
    out->item.name.len = (uint32_t)snprintf(out->name, sizeof(out->name), "name-%" PRIu32, i);
    out->item.path.ptr = out->path;
    out->item.path.len = (uint32_t)snprintf(out->path, sizeof(out->path), "/path/%0100" PRIu32, i);
}

static bool answer_snapshot(void *user, cgroups_snapshot_builder_t *builder) {
    const cgroups_snapshot_header_t header = {1, GENERATION};
    struct cgroup cgroup;
    (void)user;
    cgroups_snapshot_builder_set_header(builder, &header);
    for (uint32_t i = 0; i < count; i++) {
        cgroup_of(i, &cgroup);
        cgroups_snapshot_builder_add(builder, &cgroup.item);
    }
    return true;
}

/* A cache finds every item, also while the provider is away. */
static void look_up(const char *run_dir, const nipc_client_config_t *config) {
    static cgroups_snapshot_cache_t cache;
    cgroups_snapshot_guard_t guard;
    cgroups_snapshot_key_t key;
    cgroups_snapshot_item_t item;
    nipc_any_cache_status_t status;
    struct cgroup wanted;
    cgroups_snapshot_cache_init(&cache, run_dir, CGROUPS_SNAPSHOT_SERVICE, config);
    CHECK(!cgroups_snapshot_cache_read_lock(&cache, &guard));
    CHECK(!cgroups_snapshot_cache_ready(&cache) && cgroups_snapshot_cache_refresh(&cache));
    CHECK(cgroups_snapshot_cache_ready(&cache));
    nipc_any_cache_abort(&cache.cache);
    CHECK(!cgroups_snapshot_cache_refresh(&cache));
    cgroups_snapshot_cache_status(&cache, &status);
    CHECK(status.item_count == count && status.duplicates == 0);
    CHECK(status.refresh_success_count == 1 && status.refresh_failure_count == 1);
    CHECK(cgroups_snapshot_cache_read_lock(&cache, &guard));
    CHECK(guard.reply.header.generation == GENERATION && guard.reply.item_count == count);
    for (uint32_t i = 0; i < count; i++) {
        cgroup_of(i, &wanted);
        key.hash = i, key.name = wanted.item.name;
        CHECK(cgroups_snapshot_cache_get(&guard, &key, &item));
        CHECK(item.hash == i && item.options == i % 16);
        CHECK(strcmp(item.path.ptr, wanted.path) == 0);
        key.hash = i + 1;
        CHECK(!cgroups_snapshot_cache_get(&guard, &key, &item));
        CHECK(cgroups_snapshot_reply_item(&guard.reply, i, &item) == NIPC_OK && item.hash == i);
    }
    cgroups_snapshot_cache_close(&cache);
    CHECK(cgroups_snapshot_reply_item(&guard.reply, 0, &item) == NIPC_OK);
    cgroups_snapshot_cache_read_unlock(&guard);
}

static void ask_snapshot(const char *run_dir, const nipc_client_config_t *config) {
    static cgroups_snapshot_client_t client;
    cgroups_snapshot_reply_t reply;
    cgroups_snapshot_item_t item;
    struct cgroup wanted;
    cgroups_snapshot_client_init(&client, run_dir, CGROUPS_SNAPSHOT_SERVICE, config);
    CHECK(cgroups_snapshot_client_refresh(&client));
    CHECK(cgroups_snapshot_client_call(&client, &reply, 60000) == NIPC_OK);
    CHECK(reply.item_count == count);
    CHECK(reply.header.systemd_enabled == 1 && reply.header.generation == GENERATION);
    for (uint32_t i = 0; i < count; i++) {
        cgroup_of(i, &wanted);
        CHECK(cgroups_snapshot_reply_item(&reply, i, &item) == NIPC_OK);
        CHECK(item.hash == i && item.options == i % 16 && item.enabled == i % 2);
        CHECK(strcmp(item.name.ptr, wanted.name) == 0 && strcmp(item.path.ptr, wanted.path) == 0);
    }
    CHECK(cgroups_snapshot_reply_item(&reply, count, &item) == NIPC_ERR_OUT_OF_BOUNDS);
    cgroups_snapshot_client_close(&client);
    look_up(run_dir, config);
}

/* ---- The program --------------------------------------------------------------------------- */

#define SERVE(service, answer)                                                            \
    static void *run_##service(void *server) {                                            \
        char why[300];                                                                    \
        if (service##_server_run(server) != NIPC_OK) {                                    \
            service##_server_last_error(server, why, sizeof(why));                        \
            fprintf(stderr, "%s\n", why);                                                 \
            exit(1);                                                                      \
        }                                                                                 \
        return NULL;                                                                      \
    }                                                                                     \
    static void serve_##service(const char *run_dir, const char *name,                    \
                                const nipc_server_config_t *config) {                     \
        static service##_server_t server;                                                 \
        pthread_t thread;                                                                 \
        char why[300];                                                                    \
        if (service##_server_init(&server, run_dir, name, config, 8, answer, NULL) != NIPC_OK) { \
            service##_server_last_error(&server, why, sizeof(why));                       \
            fprintf(stderr, "%s\n", why);                                                 \
            exit(1);                                                                      \
        }                                                                                 \
        CHECK(pthread_create(&thread, NULL, run_##service, &server) == 0);                \
        puts("READY");                                                                    \
        fflush(stdout);                                                                   \
        while (getchar() != EOF) {                                                        \
        }                                                                                 \
        service##_server_drain(&server, 1000);                                            \
        service##_server_stop(&server);                                                   \
        pthread_join(thread, NULL);                                                       \
        service##_server_destroy(&server);                                                \
    }

SERVE(apps_lookup, answer_apps)
SERVE(pid_traffic, answer_traffic)
SERVE(increment, answer_increment)
SERVE(string_reverse, answer_reverse)
SERVE(cgroups_snapshot, answer_snapshot)

static const struct service {
    const char *name;
    void (*serve)(const char *run_dir, const char *name, const nipc_server_config_t *config);
    void (*ask)(const char *run_dir, const nipc_client_config_t *config);
} services[] = {
    {APPS_LOOKUP_SERVICE, serve_apps_lookup, ask_apps},
    {PID_TRAFFIC_SERVICE, serve_pid_traffic, ask_traffic},
    {INCREMENT_SERVICE, serve_increment, ask_increment},
    {STRING_REVERSE_SERVICE, serve_string_reverse, ask_reverse},
    {CGROUPS_SNAPSHOT_SERVICE, serve_cgroups_snapshot, ask_snapshot},
};

int main(int argc, char **argv) {
    /* The socket and shared memory. */
    const nipc_server_config_t server = {.supported_profiles = 3};
    const nipc_client_config_t client = {.supported_profiles = argc > 5 ? 1 : 3};
    CHECK(argc > 4);
    count = (uint32_t)strtoul(argv[4], NULL, 10);
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, argv[3]) == 0) {
            if (strcmp(argv[2], "serve") == 0) {
                services[i].serve(argv[1], argv[3], &server);
            } else {
                services[i].ask(argv[1], &client);
            }
            return 0;
        }
    }
    fprintf(stderr, "no service %s\n", argv[3]);
    return 2;
}
