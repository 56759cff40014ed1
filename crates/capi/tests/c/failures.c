/* What goes wrong with calls, and how clients get over it. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "provider.h"

static char service[32];

/* A name for this test. */
static void rename_service(void) {
    snprintf(service, sizeof(service), "%s", new_service());
}

static void calls_without_a_session(void) {
    nipc_client_ctx_t client;
    nipc_transport_info_t info;
    nipc_cgroups_resp_view_t snapshot;
    nipc_cgroups_lookup_resp_view_t cgroups;
    nipc_apps_lookup_resp_view_t apps;
    nipc_string_reverse_view_t text;
    uint64_t number = 7;
    const nipc_str_view_t path = {"/a", 2};
    const uint32_t pid = 1;
    memset(&snapshot, 0xee, sizeof(snapshot));
    memset(&cgroups, 0xee, sizeof(cgroups));
    memset(&apps, 0xee, sizeof(apps));
    memset(&text, 0xee, sizeof(text));
    nipc_client_init(&client, test_dir(), "nobody", NULL);
    CHECK_CODE(nipc_client_call_cgroups_snapshot(&client, &snapshot), NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_client_call_cgroups_lookup(&client, &path, 1, &cgroups), NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_client_call_apps_lookup(&client, &pid, 1, &apps), NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_client_call_string_reverse(&client, "a", 1, &text), NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_client_call_increment(&client, 1, &number), NIPC_ERR_NOT_READY);
    CHECK_EQ(number, 0);
    CHECK_CODE(nipc_client_call_increment_batch(&client, &number, 1, &number),
               NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_client_transport(&client, &info), NIPC_ERR_NOT_READY);
    CHECK_NO_ITEMS(snapshot);
    CHECK_NO_ITEMS(cgroups);
    CHECK_NO_ITEMS(apps);
    CHECK_NO_TEXT(text);
    check_apart(&client, NIPC_CLIENT_DISCONNECTED);
    nipc_client_close(&client);
}

static void absent_and_restarted_provider(uint32_t profiles) {
    const nipc_client_config_t config = client_config(profiles);
    struct provider provider;
    nipc_client_ctx_t client;
    nipc_client_status_t status;
    uint64_t answer;
    char text[300];
    rename_service();
    nipc_client_init(&client, test_dir(), service, &config);
    CHECK(nipc_client_refresh(&client));
    check_apart(&client, NIPC_CLIENT_NOT_FOUND);
    CHECK(!nipc_client_refresh_timeout(&client, 0));
    CHECK(!nipc_client_refresh(&client));
    CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
    CHECK(strstr(text, service) != NULL);

    provider_start(&provider, service, INCREMENT, NULL);
    CHECK(nipc_client_refresh_timeout(&client, 60000));
    await_session(&client);
    check_connected(&client, profiles);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    const nipc_native_t peer = nipc_client_wait_object(&client);
    CHECK(!platform_is_ready(peer, 0));

    /* A stopped provider is told of through the wait object, and seen by a refresh. */
    provider_stop(&provider);
    CHECK(platform_is_ready(peer, 60000));
    CHECK(nipc_client_refresh(&client));
    CHECK(!nipc_client_ready(&client));
    CHECK_CODE(nipc_client_call_increment(&client, 1, &answer), NIPC_ERR_NOT_READY);
    CHECK_EQ(answer, 0);
    provider_start(&provider, service, INCREMENT, NULL);
    await_session(&client);
    check_connected(&client, profiles);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));

    /* A restart between two calls goes unnoticed but for the counters. */
    provider_stop(&provider);
    provider_start(&provider, service, INCREMENT, NULL);
    CHECK_OK(nipc_client_call_increment(&client, 5, &answer));
    CHECK_EQ(answer, 6);
    check_connected(&client, profiles);
    nipc_client_status(&client, &status);
    CHECK_EQ(status.call_count, 3);
    CHECK(status.reconnect_count >= 1);
    CHECK_EQ(status.retry_count, 1);

    provider_stop(&provider);
    CHECK_CODE(nipc_client_call_increment(&client, 5, &answer), NIPC_ERR_DISCONNECTED);
    CHECK(!nipc_client_ready(&client));
    CHECK(!client.session_valid && client.shm == NULL);
    nipc_client_close(&client);
}

static void absent_and_restarted(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        test_context("profiles %u", (unsigned)offers[i]);
        absent_and_restarted_provider(offers[i]);
    }
}

static void refused(nipc_client_config_t config, nipc_client_state_t state) {
    nipc_client_ctx_t client;
    nipc_client_status_t status;
    uint64_t answer;
    char text[300];
    nipc_client_init(&client, test_dir(), "rust-increment", &config);
    CHECK(nipc_client_refresh(&client));
    check_apart(&client, state);
    CHECK_CODE(nipc_client_call_increment(&client, 1, &answer), NIPC_ERR_NOT_READY);
    CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
    CHECK(strstr(text, "rust-increment") != NULL);
    /* Not asked again at once. */
    CHECK(!nipc_client_refresh(&client));
    nipc_client_status(&client, &status);
    CHECK_EQ(status.connect_count, 0);
    nipc_client_close(&client);
}

static void wrong_token_and_profile(void) {
    nipc_client_config_t config = client_config(offers[1]);
    config.auth_token = TOKEN + 1;
    refused(config, NIPC_CLIENT_AUTH_FAILED);
    config = client_config(NIPC_PROFILE_SHM_WAITADDR);
    refused(config, NIPC_CLIENT_INCOMPATIBLE);
}

static void names_that_cannot_be(void) {
    static const char *const names[] = {"", "a/b", ".", "..", "with space"};
    char name[300];
    for (size_t i = 0; i <= COUNT(names); i++) {
        nipc_client_ctx_t client;
        char text[300];
        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        nipc_client_init(&client, test_dir(), i < COUNT(names) ? names[i] : name, NULL);
        (void)nipc_client_refresh(&client);
        CHECK(!nipc_client_ready(&client));
        CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
        nipc_client_close(&client);
    }
}

static void ask_another_method(nipc_client_ctx_t *client) {
    nipc_string_reverse_view_t view;
    uint64_t answer;
    for (int i = 0; i < 2; i++) {
        memset(&view, 0xee, sizeof(view));
        CHECK_CODE(nipc_client_call_string_reverse(client, "a", 1, &view), NIPC_ERR_UNSUPPORTED);
        CHECK_NO_TEXT(view);
        CHECK(nipc_client_ready(client));
    }
    CHECK_OK(nipc_client_call_increment(client, 1, &answer));
}

static void another_method(void) {
    with_each_peer(INCREMENT, ask_another_method);
}

struct failure {
    nipc_error_t set;
    bool returned;
    nipc_error_t told;
};

static bool fail_as_told(void *user, const nipc_cgroups_req_t *request,
                         nipc_cgroups_builder_t *builder) {
    const struct failure *failure = (const struct failure *)user;
    (void)request;
    builder->error = failure->set;
    return failure->returned;
}

static bool fail_cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request,
                         nipc_cgroups_lookup_builder_t *builder) {
    const struct failure *failure = (const struct failure *)user;
    builder->error = failure->set;
    return answer_cgroups(NULL, request, builder) && failure->returned;
}

static bool fail_apps(void *user, const nipc_apps_lookup_req_view_t *request,
                      nipc_apps_lookup_builder_t *builder) {
    const struct failure *failure = (const struct failure *)user;
    bool answered = answer_apps(NULL, request, builder);
    builder->error = failure->set;
    return answered && failure->returned;
}

static bool fail_text(void *user, const nipc_string_reverse_view_t *request,
                      nipc_string_reverse_builder_t *builder) {
    const struct failure *failure = (const struct failure *)user;
    (void)request;
    builder->error = failure->set;
    return failure->returned;
}

static nipc_error_t ask_any(nipc_client_ctx_t *client, enum kind kind) {
    const nipc_str_view_t path = {"/a", 2};
    const uint32_t pid = 1;
    nipc_cgroups_resp_view_t snapshot;
    nipc_cgroups_lookup_resp_view_t cgroups;
    nipc_apps_lookup_resp_view_t apps;
    nipc_string_reverse_view_t text;
    switch (kind) {
    case SNAPSHOT:
        return nipc_client_call_cgroups_snapshot(client, &snapshot);
    case CGROUPS:
        return nipc_client_call_cgroups_lookup(client, &path, 1, &cgroups);
    case APPS:
        return nipc_client_call_apps_lookup(client, &pid, 1, &apps);
    default:
        return nipc_client_call_string_reverse(client, "a", 1, &text);
    }
}

static void failing_handlers(void) {
    static const struct failure failures[] = {
        {NIPC_ERR_OVERFLOW, false, NIPC_ERR_OVERFLOW},
        {NIPC_ERR_HANDLER_FAILED, false, NIPC_ERR_HANDLER_FAILED},
        {NIPC_ERR_UNSUPPORTED, false, NIPC_ERR_UNSUPPORTED},
        {NIPC_ERR_REJECTED, false, NIPC_ERR_REJECTED},
        {NIPC_ERR_TIMEOUT, false, NIPC_ERR_HANDLER_FAILED},
        {(nipc_error_t)12345, false, NIPC_ERR_HANDLER_FAILED},
        {NIPC_OK, false, NIPC_ERR_HANDLER_FAILED},
        {NIPC_ERR_OVERFLOW, true, NIPC_ERR_OVERFLOW},
    };
    static const enum kind all[] = {SNAPSHOT, CGROUPS, APPS, REVERSE};
    for (size_t i = 0; i < COUNT(failures) * COUNT(all); i++) {
        struct failure failure = failures[i / COUNT(all)];
        const enum kind kind = all[i % COUNT(all)];
        const struct handlers handlers = {.snapshot = fail_as_told,
                                          .cgroups = fail_cgroups,
                                          .apps = fail_apps,
                                          .reverse = fail_text,
                                          .user = &failure,
                                          .workers = 4}; /* clients that reconnect find one */
        struct provider provider;
        nipc_client_ctx_t client;
        rename_service();
        test_context("kind %d, failure %zu", (int)kind, i / COUNT(all));
        provider_start(&provider, service, kind, &handlers);
        connect_client(&client, service, offers[i % COUNT(offers)]);
        CHECK_CODE(ask_any(&client, kind), failure.told);
        CHECK_EQ(client.session_valid, nipc_client_ready(&client));
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static nipc_error_t init_without(nipc_managed_server_t *server, enum kind kind, bool null) {
    static const nipc_cgroups_service_handler_t snapshot;
    static const nipc_cgroups_lookup_service_handler_t cgroups;
    static const nipc_apps_lookup_service_handler_t apps;
    static const nipc_string_reverse_service_handler_t text;
    const nipc_server_config_t config = server_config();
    const char *dir = test_dir();
    switch (kind) {
    case SNAPSHOT:
        return nipc_server_init_typed(server, dir, service, &config, 1, null ? NULL : &snapshot);
    case CGROUPS:
        return nipc_server_init_cgroups_lookup(server, dir, service, &config, 1,
                                               null ? NULL : &cgroups);
    case APPS:
        return nipc_server_init_apps_lookup(server, dir, service, &config, 1, null ? NULL : &apps);
    default:
        return nipc_server_init_string_reverse(server, dir, service, &config, 1,
                                               null ? NULL : &text);
    }
}

/* A handler that is NULL, or has no function: the server starts, and every request fails. */
static void servers_without_a_function(void) {
    static const enum kind all[] = {SNAPSHOT, CGROUPS, APPS, REVERSE};
    for (size_t i = 0; i < 2 * COUNT(all); i++) {
        const enum kind kind = all[i / 2];
        struct provider provider;
        nipc_client_ctx_t client;
        nipc_server_stats_t stats;
        rename_service();
        test_context("kind %d, handler %s", (int)kind, i % 2 ? "NULL" : "zeroed");
        CHECK_OK(init_without(&provider.server, kind, i % 2 == 1));
        provider_run(&provider);
        connect_client(&client, service, offers[i % COUNT(offers)]);
        CHECK_CODE(ask_any(&client, kind), NIPC_ERR_HANDLER_FAILED);
        nipc_server_stats(&provider.server, &stats);
        CHECK(stats.internal_error >= 1);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

/* Handlers that make builders of their own of those they were lent. */
static char own[4096];

static bool anew_snapshot(void *user, const nipc_cgroups_req_t *request,
                          nipc_cgroups_builder_t *builder) {
    (void)user, (void)request;
    return nipc_cgroups_builder_init(builder, own, sizeof(own), 1, 1, 1) == NIPC_OK &&
           nipc_cgroups_builder_add(builder, 1, 0, 1, "a", 1, "b", 1) == NIPC_OK;
}

static bool anew_cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request,
                         nipc_cgroups_lookup_builder_t *builder) {
    (void)user;
    return nipc_cgroups_lookup_builder_init_for_request(builder, request, own, sizeof(own)) == NIPC_OK &&
           answer_cgroups(NULL, request, builder);
}

static bool anew_apps(void *user, const nipc_apps_lookup_req_view_t *request,
                      nipc_apps_lookup_builder_t *builder) {
    (void)user;
    return nipc_apps_lookup_builder_init_for_request(builder, request, own, sizeof(own)) == NIPC_OK &&
           answer_apps(NULL, request, builder);
}

static bool anew_text(void *user, const nipc_string_reverse_view_t *request,
                      nipc_string_reverse_builder_t *builder) {
    (void)user;
    memset(builder, 0, sizeof(*builder));
    return request->str_len > 0;
}

static void builders_made_anew(void) {
    static const struct handlers handlers = {.snapshot = anew_snapshot,
                                             .cgroups = anew_cgroups,
                                             .apps = anew_apps,
                                             .reverse = anew_text,
                                             .workers = 4};
    static const enum kind all[] = {SNAPSHOT, CGROUPS, APPS, REVERSE};
    for (size_t i = 0; i < COUNT(all); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        rename_service();
        test_context("kind %d", (int)all[i]);
        provider_start(&provider, service, all[i], &handlers);
        connect_client(&client, service, offers[0]);
        CHECK_CODE(ask_any(&client, all[i]), NIPC_ERR_HANDLER_FAILED);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static bool fail_number(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    *response = request;
    return request != 13;
}

static void failing_items(void) {
    const struct handlers handlers = {.increment = fail_number, .workers = 4};
    const uint64_t requests[] = {12, 13, 14};
    uint64_t responses[3] = {7, 7, 7};
    struct provider provider;
    nipc_client_ctx_t client;
    nipc_client_status_t status;
    rename_service();
    provider_start(&provider, service, INCREMENT, &handlers);
    connect_client(&client, service, offers[0]);
    CHECK_CODE(nipc_client_call_increment_batch(&client, requests, 3, responses),
               NIPC_ERR_HANDLER_FAILED);
    CHECK_ZEROED(responses);
    await_session(&client);
    CHECK_CODE(nipc_client_call_increment(&client, 13, responses), NIPC_ERR_HANDLER_FAILED);
    await_session(&client);
    CHECK_CODE(nipc_client_call_increment_pipelined(&client, requests, 3, 2, responses),
               NIPC_ERR_HANDLER_FAILED);
    nipc_client_status(&client, &status);
    CHECK_EQ(status.error_count, 3);
    CHECK(status.retry_count >= 1);
    nipc_client_close(&client);
    provider_stop(&provider);
}

/* The snapshot of "rust-sloppy" has an item without NUL from its second answer on. */
static void one_bad_item(void) {
    nipc_client_ctx_t client;
    nipc_cgroups_resp_view_t view;
    nipc_cgroups_item_view_t item;
    connect_client(&client, "rust-sloppy", offers[1]);
    CHECK_OK(nipc_client_call_cgroups_snapshot(&client, &view));
    CHECK_OK(nipc_cgroups_resp_validate(&view));
    CHECK_OK(nipc_cgroups_resp_item(&view, 0, &item));
    CHECK_OK(nipc_client_call_cgroups_snapshot(&client, &view));
    CHECK_EQ(view.item_count, 1);
    CHECK_CODE(nipc_cgroups_resp_validate(&view), NIPC_ERR_MISSING_NUL);
    memset(&item, 0xee, sizeof(item));
    CHECK_CODE(nipc_cgroups_resp_item(&view, 0, &item), NIPC_ERR_MISSING_NUL);
    CHECK(item.hash == 0 && item.name.ptr == NULL && item.path.ptr == NULL);
    nipc_client_close(&client);
}

static void errors_in_words(void) {
    nipc_client_ctx_t client;
    char whole[400], part[11];
    nipc_client_init(&client, test_dir(), "nobody", NULL);
    CHECK(nipc_client_refresh(&client));
    size_t len = nipc_client_last_error(&client, whole, sizeof(whole));
    REQUIRE(len > sizeof(part) && len < sizeof(whole));
    CHECK_EQ(strlen(whole), len);
    memset(part, '!', sizeof(part));
    CHECK_EQ(nipc_client_last_error(&client, part, sizeof(part)), len);
    CHECK_EQ(part[sizeof(part) - 1], '\0');
    CHECK_BYTES(part, strlen(part), whole, strlen(part));
    CHECK_EQ(nipc_client_last_error(&client, part, 1), len);
    CHECK_EQ(part[0], '\0');
    CHECK_EQ(nipc_client_last_error(&client, NULL, 0), len);
    nipc_client_close(&client);
}

/* Calls that go nowhere leave words, too. */
static void what_was_wrong(void) {
    nipc_client_ctx_t client;
    const nipc_client_config_t config = client_config(offers[0]);
    uint64_t answer;
    char text[400];
    nipc_client_init(&client, test_dir(), "c-increment", &config);
    CHECK_EQ(nipc_client_last_error(&client, text, sizeof(text)), 0);
    CHECK_CODE(nipc_client_call_increment(&client, 1, &answer), NIPC_ERR_NOT_READY);
    REQUIRE(nipc_client_last_error(&client, text, sizeof(text)) < sizeof(text));
    CHECK(strstr(text, "c-increment") != NULL);
    CHECK(strstr(text, "refresh") != NULL);

    /* Without a timeout, it takes the usual one. */
    (void)nipc_client_refresh_timeout(&client, 0);
    await_session(&client);
    check_connected(&client, offers[0]);
    CHECK_CODE(nipc_client_call_increment(&client, 1, NULL), NIPC_ERR_INVALID_ARGUMENT);
    REQUIRE(nipc_client_last_error(&client, text, sizeof(text)) < sizeof(text));
    CHECK(strstr(text, "NULL") != NULL);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    nipc_client_close(&client);
}

static const struct test tests[] = {
    {"calls_without_a_session", calls_without_a_session},
    {"absent_and_restarted", absent_and_restarted},
    {"wrong_token_and_profile", wrong_token_and_profile},
    {"names_that_cannot_be", names_that_cannot_be},
    {"another_method", another_method},
    {"failing_handlers", failing_handlers},
    {"servers_without_a_function", servers_without_a_function},
    {"builders_made_anew", builders_made_anew},
    {"failing_items", failing_items},
    {"one_bad_item", one_bad_item},
    {"errors_in_words", errors_in_words},
    {"what_was_wrong", what_was_wrong},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
