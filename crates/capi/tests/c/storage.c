/* NULL and zeroed storage for every function of clients, servers and caches: an error or nothing,
   never a crash. C11 and C++17. */
#include "platform.h"
#include "test.h"

#include <string.h>

#define WRONG(call) CHECK_CODE(call, NIPC_ERR_INVALID_ARGUMENT)

static nipc_client_ctx_t no_client;
static nipc_managed_server_t no_server;
static nipc_cgroups_cache_t no_cache;
static nipc_cgroups_cache_read_guard_t no_guard;
static const nipc_str_view_t path = {"/a", 2};
static const uint32_t pid = 1;

/* Every call, with this context. */
static void ask_all(nipc_client_ctx_t *client, nipc_error_t code) {
    nipc_cgroups_resp_view_t snapshot;
    nipc_cgroups_lookup_resp_view_t cgroups;
    nipc_apps_lookup_resp_view_t apps;
    nipc_string_reverse_view_t text;
    uint64_t request = 1, response;
    memset(&snapshot, 0xee, sizeof(snapshot));
    memset(&cgroups, 0xee, sizeof(cgroups));
    memset(&apps, 0xee, sizeof(apps));
    memset(&text, 0xee, sizeof(text));
    CHECK_CODE(nipc_client_call_cgroups_snapshot(client, &snapshot), code);
    CHECK_CODE(nipc_client_call_cgroups_snapshot_timeout(client, &snapshot, 1), code);
    CHECK_CODE(nipc_client_call_cgroups_lookup(client, &path, 1, &cgroups), code);
    CHECK_CODE(nipc_client_call_cgroups_lookup_timeout(client, &path, 1, &cgroups, 1), code);
    CHECK_CODE(nipc_client_call_apps_lookup(client, &pid, 1, &apps), code);
    CHECK_CODE(nipc_client_call_apps_lookup_timeout(client, &pid, 1, &apps, 1), code);
    CHECK_CODE(nipc_client_call_increment(client, 1, &response), code);
    CHECK_CODE(nipc_client_call_increment_timeout(client, 1, &response, 1), code);
    CHECK_CODE(nipc_client_call_increment_batch(client, &request, 1, &response), code);
    CHECK_CODE(nipc_client_call_increment_pipelined(client, &request, 1, 1, &response), code);
    CHECK_CODE(nipc_client_call_string_reverse(client, "a", 1, &text), code);
    CHECK_CODE(nipc_client_call_string_reverse_timeout(client, "a", 1, &text, 1), code);
    CHECK_NO_ITEMS(snapshot);
    CHECK_NO_ITEMS(cgroups);
    CHECK_NO_ITEMS(apps);
    CHECK_NO_TEXT(text);
    CHECK_EQ(response, 0);
}

static void use_client(nipc_client_ctx_t *client) {
    nipc_client_status_t status;
    char text[200] = "before";
    memset(&status, 0xee, sizeof(status));
    CHECK(!nipc_client_refresh(client));
    CHECK(!nipc_client_refresh_timeout(client, 1));
    CHECK(!nipc_client_ready(client));
    nipc_client_status(client, &status);
    CHECK_ZEROED(status);
    nipc_client_status(client, NULL);
    nipc_client_set_call_timeout(client, 1);
    nipc_client_abort(client);
    nipc_client_clear_abort(client);
    (void)nipc_client_last_error(client, text, sizeof(text));
    CHECK(strcmp(text, "before") != 0);
    CHECK(nipc_client_wait_object(client) == NIPC_NATIVE_NONE);
    platform_check_native(client, NIPC_NATIVE_NONE);
    nipc_client_close(client);
}

static void clients(void) {
    nipc_transport_info_t info;
    ask_all(NULL, NIPC_ERR_INVALID_ARGUMENT);
    ask_all(&no_client, NIPC_ERR_NOT_READY);
    use_client(NULL);
    use_client(&no_client);
    CHECK_ZEROED(no_client);
    memset(&info, 0xee, sizeof(info));
    WRONG(nipc_client_transport(NULL, &info));
    WRONG(nipc_client_transport(&no_client, NULL));
    CHECK_CODE(nipc_client_transport(&no_client, &info), NIPC_ERR_NOT_READY);
    CHECK_ZEROED(info);
}

/* What is missing at init shows in every call, and as an error in words. */
static void clients_of_nothing(void) {
    nipc_client_ctx_t client;
    char text[200];
    nipc_client_init(NULL, test_dir(), "name", NULL);
    for (int missing = 0; missing < 2; missing++) {
        memset(&client, 0xee, sizeof(client));
        nipc_client_init(&client, missing ? NULL : test_dir(), missing ? "name" : NULL, NULL);
        CHECK_EQ(client.state, NIPC_CLIENT_DISCONNECTED);
        CHECK(!client.session_valid && client.shm == NULL);
        ask_all(&client, NIPC_ERR_NOT_READY);
        (void)nipc_client_refresh(&client);
        CHECK(!nipc_client_ready(&client));
        CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
        nipc_client_close(&client);
        nipc_client_close(&client);
    }
}

/* A client that is as it should be, with arguments that are not. */
static void arguments_of_calls(void) {
    nipc_client_ctx_t client;
    nipc_cgroups_lookup_resp_view_t cgroups;
    nipc_apps_lookup_resp_view_t apps;
    nipc_string_reverse_view_t text;
    uint64_t number = 1;
    nipc_client_init(&client, test_dir(), "name", NULL);
    WRONG(nipc_client_call_cgroups_snapshot(&client, NULL));
    WRONG(nipc_client_call_cgroups_lookup(&client, &path, 1, NULL));
    WRONG(nipc_client_call_cgroups_lookup(&client, NULL, 1, &cgroups));
    WRONG(nipc_client_call_cgroups_lookup(&client, NULL, UINT32_MAX, &cgroups));
    WRONG(nipc_client_call_apps_lookup(&client, &pid, 1, NULL));
    WRONG(nipc_client_call_apps_lookup(&client, NULL, 1, &apps));
    WRONG(nipc_client_call_increment(&client, 1, NULL));
    WRONG(nipc_client_call_increment_batch(&client, NULL, 1, &number));
    WRONG(nipc_client_call_increment_batch(&client, &number, 1, NULL));
    WRONG(nipc_client_call_increment_pipelined(&client, NULL, 1, 1, &number));
    WRONG(nipc_client_call_increment_pipelined(&client, &number, 1, 1, NULL));
    WRONG(nipc_client_call_string_reverse(&client, "a", 1, NULL));
    WRONG(nipc_client_call_string_reverse(&client, NULL, 1, &text));
    nipc_client_close(&client);
}

static void use_server(nipc_managed_server_t *server) {
    nipc_server_stats_t stats;
    char text[200] = "before";
    memset(&stats, 0xee, sizeof(stats));
    nipc_server_run(server);
    nipc_server_stop(server);
    CHECK(!nipc_server_drain(server, 1));
    (void)nipc_server_last_error(server, text, sizeof(text));
    (void)nipc_server_last_error(server, NULL, 0);
    nipc_server_stats(server, &stats);
    CHECK_ZEROED(stats);
    nipc_server_stats(server, NULL);
    nipc_server_destroy(server);
    nipc_server_destroy(server);
}

static bool answer(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    *response = request;
    return true;
}

static void servers(void) {
    const char *dir = test_dir();
    nipc_managed_server_t server;
    nipc_increment_service_handler_t handler = {answer, NULL};
    nipc_cgroups_service_handler_t snapshot;
    nipc_cgroups_lookup_service_handler_t cgroups;
    nipc_apps_lookup_service_handler_t apps;
    nipc_string_reverse_service_handler_t text;
    memset(&snapshot, 0, sizeof(snapshot));
    memset(&cgroups, 0, sizeof(cgroups));
    memset(&apps, 0, sizeof(apps));
    memset(&text, 0, sizeof(text));
    use_server(NULL);
    use_server(&no_server);
    CHECK_ZEROED(no_server);
    WRONG(nipc_server_init_increment(NULL, dir, "name", NULL, 1, &handler));
    WRONG(nipc_server_init_increment(&server, NULL, "name", NULL, 1, &handler));
    WRONG(nipc_server_init_increment(&server, dir, NULL, NULL, 1, &handler));
    use_server(&server);
    CHECK_OK(nipc_server_init_increment(&server, dir, "name", NULL, 1, NULL));
    nipc_server_destroy(&server);
    CHECK_OK(nipc_server_init_typed(&server, dir, "name", NULL, 1, &snapshot));
    nipc_server_destroy(&server);
    CHECK_OK(nipc_server_init_cgroups_lookup(&server, dir, "name", NULL, 1, &cgroups));
    nipc_server_destroy(&server);
    CHECK_OK(nipc_server_init_apps_lookup(&server, dir, "name", NULL, 1, &apps));
    nipc_server_destroy(&server);
    CHECK_OK(nipc_server_init_string_reverse(&server, dir, "name", NULL, 1, &text));
    nipc_server_destroy(&server);
    CHECK_OK(nipc_server_init_increment(&server, dir, "name", NULL, -5, &handler));
    nipc_server_destroy(&server);
}

static void use_cache(nipc_cgroups_cache_t *cache) {
    nipc_cgroups_cache_read_guard_t guard;
    nipc_cgroups_cache_status_t status;
    nipc_transport_info_t info;
    char text[200];
    memset(&status, 0xee, sizeof(status));
    CHECK(!nipc_cgroups_cache_refresh(cache));
    CHECK(!nipc_cgroups_cache_ready(cache));
    memset(&guard, 0xee, sizeof(guard));
    CHECK(!nipc_cgroups_cache_read_lock(cache, &guard));
    nipc_cgroups_cache_read_unlock(&guard);
    CHECK(!nipc_cgroups_cache_read_lock(cache, NULL));
    CHECK(nipc_cgroups_cache_lookup(cache, 1, "a") == NULL);
    nipc_cgroups_cache_status(cache, &status);
    CHECK(!status.populated && status.item_count == 0 && status.last_refresh_ts == 0);
    CHECK_EQ(status.bytes + status.age_ms + status.generation, 0);
    CHECK_EQ(status.refresh_success_count, 0);
    nipc_cgroups_cache_status(cache, NULL);
    memset(&info, 0xee, sizeof(info));
    CHECK_CODE(nipc_cgroups_cache_transport(cache, &info),
               cache == NULL ? NIPC_ERR_INVALID_ARGUMENT : NIPC_ERR_NOT_READY);
    CHECK_ZEROED(info);
    WRONG(nipc_cgroups_cache_transport(cache, NULL));
    (void)nipc_cgroups_cache_last_error(cache, text, sizeof(text));
    nipc_cgroups_cache_set_call_timeout(cache, 1);
    nipc_cgroups_cache_abort(cache);
    nipc_cgroups_cache_clear_abort(cache);
    nipc_cgroups_cache_close(cache);
    nipc_cgroups_cache_close(cache);
}

static void use_guard(nipc_cgroups_cache_read_guard_t *guard) {
    CHECK(nipc_cgroups_cache_get(guard, 1, "a") == NULL);
    CHECK_EQ(nipc_cgroups_cache_item_count(guard), 0);
    CHECK(nipc_cgroups_cache_item_at(guard, 0) == NULL);
    CHECK(nipc_cgroups_cache_item_dup(guard, NULL) == NULL);
    nipc_cgroups_cache_read_unlock(guard);
}

static void caches(void) {
    nipc_cgroups_cache_t cache;
    char text[200];
    use_cache(NULL);
    use_cache(&no_cache);
    CHECK_ZEROED(no_cache);
    use_guard(NULL);
    use_guard(&no_guard);
    nipc_cgroups_cache_item_free(NULL);
    nipc_cgroups_cache_init(NULL, test_dir(), "name", NULL);
    for (int missing = 0; missing < 2; missing++) {
        memset(&cache, 0xee, sizeof(cache));
        nipc_cgroups_cache_init(&cache, missing ? NULL : test_dir(), missing ? "name" : NULL, NULL);
        CHECK(!nipc_cgroups_cache_refresh(&cache));
        CHECK(nipc_cgroups_cache_last_error(&cache, text, sizeof(text)) > 0);
        nipc_cgroups_cache_close(&cache);
    }
    nipc_cgroups_cache_init(&cache, test_dir(), "name", NULL);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    nipc_cgroups_cache_close(&cache);
    CHECK_EQ(nipc_panic_count(), 0);
}

static const struct test tests[] = {
    {"clients", clients},
    {"clients_of_nothing", clients_of_nothing},
    {"arguments_of_calls", arguments_of_calls},
    {"servers", servers},
    {"caches", caches},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
