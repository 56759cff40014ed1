/* What existing integrations know, as they may declare it themselves: another type or order of an
   argument, another name, field or number does not compile. */
#include <pthread.h>

#include "test.h"

typedef nipc_client_ctx_t client_t;
typedef nipc_managed_server_t server_t;
typedef nipc_cgroups_cache_t cache_t;
typedef nipc_cgroups_cache_read_guard_t guard_t;
typedef nipc_lookup_label_view_t label_t;

void nipc_client_init(client_t *, const char *, const char *, const nipc_client_config_t *);
bool nipc_client_refresh(client_t *);
bool nipc_client_ready(const client_t *);
void nipc_client_status(const client_t *, nipc_client_status_t *);
void nipc_client_set_call_timeout(client_t *, uint32_t);
void nipc_client_abort(client_t *);
void nipc_client_clear_abort(client_t *);
void nipc_client_close(client_t *);
nipc_error_t nipc_client_call_cgroups_snapshot(client_t *, nipc_cgroups_resp_view_t *);
nipc_error_t nipc_client_call_cgroups_snapshot_timeout(client_t *, nipc_cgroups_resp_view_t *,
                                                       uint32_t);
nipc_error_t nipc_client_call_cgroups_lookup(client_t *, const nipc_str_view_t *, uint32_t,
                                             nipc_cgroups_lookup_resp_view_t *);
nipc_error_t nipc_client_call_cgroups_lookup_timeout(client_t *, const nipc_str_view_t *, uint32_t,
                                                     nipc_cgroups_lookup_resp_view_t *, uint32_t);
nipc_error_t nipc_client_call_apps_lookup(client_t *, const uint32_t *, uint32_t,
                                          nipc_apps_lookup_resp_view_t *);
nipc_error_t nipc_client_call_apps_lookup_timeout(client_t *, const uint32_t *, uint32_t,
                                                  nipc_apps_lookup_resp_view_t *, uint32_t);
nipc_error_t nipc_server_init_typed(server_t *, const char *, const char *,
                                    const nipc_server_config_t *, int,
                                    const nipc_cgroups_service_handler_t *);
nipc_error_t nipc_server_init_cgroups_lookup(server_t *, const char *, const char *,
                                             const nipc_server_config_t *, int,
                                             const nipc_cgroups_lookup_service_handler_t *);
nipc_error_t nipc_server_init_apps_lookup(server_t *, const char *, const char *,
                                          const nipc_server_config_t *, int,
                                          const nipc_apps_lookup_service_handler_t *);
void nipc_server_run(server_t *);
void nipc_server_stop(server_t *);
bool nipc_server_drain(server_t *, uint32_t);
void nipc_server_destroy(server_t *);
void nipc_cgroups_builder_set_header(nipc_cgroups_builder_t *, uint32_t, uint64_t);
nipc_error_t nipc_cgroups_builder_add(nipc_cgroups_builder_t *, uint32_t, uint32_t, uint32_t,
                                      const char *, uint32_t, const char *, uint32_t);
void nipc_cgroups_lookup_builder_set_generation(nipc_cgroups_lookup_builder_t *, uint64_t);
nipc_error_t nipc_cgroups_lookup_builder_add(nipc_cgroups_lookup_builder_t *, uint16_t, uint16_t,
                                             const char *, uint32_t, const char *, uint32_t,
                                             const label_t *, uint16_t);
nipc_error_t nipc_cgroups_lookup_builder_add_request_item(nipc_cgroups_lookup_builder_t *,
                                                          const nipc_cgroups_lookup_req_view_t *,
                                                          uint32_t, uint16_t, uint16_t,
                                                          const char *, uint32_t, const label_t *,
                                                          uint16_t);
void nipc_apps_lookup_builder_set_generation(nipc_apps_lookup_builder_t *, uint64_t);
nipc_error_t nipc_apps_lookup_builder_add(nipc_apps_lookup_builder_t *, uint16_t, uint16_t,
                                          uint16_t, uint32_t, uint32_t, uint32_t, uint64_t,
                                          const char *, uint32_t, const char *, uint32_t,
                                          const char *, uint32_t, const label_t *, uint16_t);
void nipc_cgroups_cache_init(cache_t *, const char *, const char *, const nipc_client_config_t *);
bool nipc_cgroups_cache_refresh(cache_t *);
bool nipc_cgroups_cache_ready(const cache_t *);
bool nipc_cgroups_cache_read_lock(cache_t *, guard_t *);
void nipc_cgroups_cache_read_unlock(guard_t *);
const nipc_cgroups_cache_item_view_t *nipc_cgroups_cache_get(const guard_t *, uint32_t,
                                                             const char *);
nipc_cgroups_cache_item_t *nipc_cgroups_cache_item_dup(const guard_t *,
                                                       const nipc_cgroups_cache_item_view_t *);
void nipc_cgroups_cache_item_free(nipc_cgroups_cache_item_t *);
void nipc_cgroups_cache_status(cache_t *, nipc_cgroups_cache_status_t *);
void nipc_cgroups_cache_close(cache_t *);
const char *nipc_strerror(nipc_error_t);

/* A provider and its consumer, in the words of programs that were written for the deployed library. */
static bool answer(void *user, const nipc_apps_lookup_req_view_t *request,
                   nipc_apps_lookup_builder_t *builder) {
    nipc_apps_lookup_req_item_t item;
    *(uint32_t *)user = request->item_count;
    nipc_apps_lookup_builder_set_generation(builder, 7);
    for (uint32_t i = 0; i < request->item_count; i++) {
        label_t label = {{"key", 3}, {"value", 5}};
        if (nipc_apps_lookup_req_item(request, i, &item) != NIPC_OK) {
            builder->error = NIPC_ERR_HANDLER_FAILED;
            return false;
        }
        if (nipc_apps_lookup_builder_add(builder, NIPC_PID_LOOKUP_KNOWN, NIPC_APPS_CGROUP_KNOWN,
                                         NIPC_ORCHESTRATOR_DOCKER, item.pid, 1, 1000, 99, "comm", 4,
                                         "/docker/a", 9, "name", 4, &label, 1)
            != NIPC_OK)
            return false;
    }
    return true;
}

static void *run(void *server) {
    nipc_server_run((nipc_managed_server_t *)server);
    return NULL;
}

static void integrations_work_as_they_are(void) {
    static nipc_managed_server_t server;
    static nipc_client_ctx_t client;
    uint32_t asked = 0, pids[] = {1, 2, 3};
    nipc_apps_lookup_service_handler_t handler = {.handle = answer, .user = &asked};
    nipc_server_config_t server_config = {.supported_profiles = 0x07, .preferred_profiles = 0x04};
    nipc_client_config_t config = {.supported_profiles = 0x07, .preferred_profiles = 0x04,
                                   .call_timeout_ms = 60000};
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    pthread_t thread;
    CHECK_OK(nipc_server_init_apps_lookup(&server, test_dir(), "facade", &server_config, 2,
                                          &handler));
    CHECK(pthread_create(&thread, NULL, run, &server) == 0);
    nipc_client_init(&client, test_dir(), "facade", &config);
    /* A handshake takes at most two seconds, which can be too short under Valgrind on a busy machine. */
    for (int tries = 0; !nipc_client_ready(&client) && tries < 30; tries++) {
        (void)nipc_client_refresh(&client);
    }
    CHECK(nipc_client_ready(&client));
    CHECK(client.state == NIPC_CLIENT_READY && client.session_valid && client.shm != NULL);
    CHECK_EQ(client.session.selected_profile, NIPC_PROFILE_SHM_FUTEX);
    CHECK_OK(nipc_client_call_apps_lookup(&client, pids, 3, &view));
    CHECK_EQ(asked, 3);
    CHECK_EQ(view.item_count, 3);
    CHECK_EQ(view.generation, 7);
    CHECK_OK(nipc_apps_lookup_resp_item(&view, 2, &item));
    CHECK_EQ(item.pid, 3);
    CHECK_BYTES(item.cgroup_path.ptr, item.cgroup_path.len, "/docker/a", 9);
    CHECK_OK(nipc_apps_lookup_item_label(&item, 0, &label));
    CHECK_BYTES(label.value.ptr, label.value.len, "value", 5);
    nipc_client_close(&client);
    nipc_server_stop(&server);
    CHECK(pthread_join(thread, NULL) == 0);
    nipc_server_destroy(&server);
}

static const struct test tests[] = {
    {"integrations_work_as_they_are", integrations_work_as_they_are},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
