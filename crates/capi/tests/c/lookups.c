/* Lookups of any number of keys, over every transport, from providers in C and in Rust. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

#define MOST_KEYS 20000

/* How many keys to ask for, in turn. Where it is slow, only the first of six peers is asked for the
   most of them. */
#define COUNTS 4
static void choose_counts(uint32_t counts[COUNTS]) {
    static unsigned asked;
    const bool fewer = test_slow() && asked++ % 6 != 0;
    counts[0] = 0;
    counts[1] = 1;
    counts[2] = 256;
    counts[3] = fewer ? MOST_KEYS / 20 : MOST_KEYS;
}

static uint32_t *make_pids(uint32_t count) {
    uint32_t *pids = calloc(count + 1u, sizeof(*pids));
    REQUIRE(pids != NULL);
    for (uint32_t i = 0; i < count; i++) {
        pids[i] = i * 7 + 1;
    }
    return pids;
}

static void check_apps(const nipc_apps_lookup_resp_view_t *view, const uint32_t *pids,
                       uint32_t count) {
    nipc_apps_lookup_item_view_t item;
    CHECK_EQ(view->item_count, count);
    CHECK_EQ(view->generation, GENERATION);
    for (uint32_t i = 0; i < view->item_count; i += test_slow() ? 17 : 1) {
        CHECK_OK(nipc_apps_lookup_resp_item(view, i, &item));
        check_process(&item, pids[i]);
    }
    CHECK_CODE(nipc_apps_lookup_resp_item(view, count, &item), NIPC_ERR_OUT_OF_BOUNDS);
}

static void ask_apps(nipc_client_ctx_t *client) {
    const uint32_t profiles = client->session.selected_profile | NIPC_PROFILE_BASELINE;
    uint32_t counts[COUNTS], *pids = make_pids(MOST_KEYS);
    choose_counts(counts);
    for (size_t c = 0; c < COUNTS; c++) {
        nipc_apps_lookup_resp_view_t view;
        CHECK_OK(nipc_client_call_apps_lookup(client, pids, counts[c], &view));
        check_apps(&view, pids, counts[c]);
        check_connected(client, profiles);
    }
    nipc_apps_lookup_resp_view_t view;
    CHECK_OK(nipc_client_call_apps_lookup_timeout(client, pids, 3, &view, 60000));
    check_apps(&view, pids, 3);
    CHECK_OK(nipc_client_call_apps_lookup(client, NULL, 0, &view));
    check_apps(&view, pids, 0);
    free(pids);
}

static void apps(void) {
    with_each_peer(APPS, ask_apps);
}

/* Paths in one block of memory, each as long as its number makes it. None ends with NUL. */
static nipc_str_view_t *make_paths(uint32_t count, char **texts) {
    const size_t most = 32;
    nipc_str_view_t *paths = calloc(count + 1u, sizeof(*paths));
    *texts = malloc((count + 1u) * most);
    REQUIRE(paths != NULL && *texts != NULL);
    for (uint32_t i = 0; i < count; i++) {
        char *text = *texts + i * most;
        paths[i].len = (uint32_t)snprintf(text, most, "/slice/unit-%u.scope", (unsigned)i);
        paths[i].ptr = text;
        text[paths[i].len] = '!';
    }
    return paths;
}

static void check_cgroups(const nipc_cgroups_lookup_resp_view_t *view,
                          const nipc_str_view_t *paths, uint32_t count) {
    nipc_cgroups_lookup_item_view_t item;
    CHECK_EQ(view->item_count, count);
    CHECK_EQ(view->generation, GENERATION);
    for (uint32_t i = 0; i < view->item_count; i += test_slow() ? 17 : 1) {
        CHECK_OK(nipc_cgroups_lookup_resp_item(view, i, &item));
        check_path(&item, paths[i]);
    }
    CHECK_CODE(nipc_cgroups_lookup_resp_item(view, count, &item), NIPC_ERR_OUT_OF_BOUNDS);
}

static void ask_cgroups(nipc_client_ctx_t *client) {
    const uint32_t profiles = client->session.selected_profile | NIPC_PROFILE_BASELINE;
    char *texts;
    uint32_t counts[COUNTS];
    nipc_str_view_t *paths = make_paths(MOST_KEYS, &texts);
    choose_counts(counts);
    for (size_t c = 0; c < COUNTS; c++) {
        nipc_cgroups_lookup_resp_view_t view;
        CHECK_OK(nipc_client_call_cgroups_lookup(client, paths, counts[c], &view));
        check_cgroups(&view, paths, counts[c]);
        check_connected(client, profiles);
    }
    nipc_cgroups_lookup_resp_view_t view;
    CHECK_OK(nipc_client_call_cgroups_lookup_timeout(client, paths, 3, &view, 60000));
    check_cgroups(&view, paths, 3);
    CHECK_OK(nipc_client_call_cgroups_lookup(client, NULL, 0, &view));
    check_cgroups(&view, paths, 0);
    free(paths);
    free(texts);
}

static void cgroups(void) {
    with_each_peer(CGROUPS, ask_cgroups);
}

/* Keys that cannot be sent are refused before anything is. */
static void ask_for_nothing(nipc_client_ctx_t *client) {
    const nipc_str_view_t wrong[][2] = {
        {{"/a", 2}, {"", 0}},
        {{"/a\0b", 4}, {"/c", 2}},
        {{NULL, 0}, {"/c", 2}},
        {{NULL, 5}, {"/c", 2}},
    };
    nipc_client_status_t before, after;
    nipc_client_status(client, &before);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        nipc_cgroups_lookup_resp_view_t view;
        memset(&view, 0xee, sizeof(view));
        CHECK_CODE(nipc_client_call_cgroups_lookup(client, wrong[i], 2, &view),
                   NIPC_ERR_INVALID_ARGUMENT);
        CHECK_NO_ITEMS(view);
    }
    nipc_client_status(client, &after);
    CHECK_EQ(after.bytes_sent, before.bytes_sent);
    CHECK(nipc_client_ready(client));
}

static void keys_that_cannot_be(void) {
    with_each_peer(CGROUPS, ask_for_nothing);
}

static void open_with(nipc_client_ctx_t *client, const char *service,
                      const nipc_client_config_t *config) {
    memset(client, 0, sizeof(*client));
    nipc_client_init(client, test_dir(), service, config);
    await_session(client);
}

static void oversized_process(uint32_t profiles) {
    const uint32_t pids[] = {1, LARGE_PID, 4, 9};
    nipc_client_ctx_t client;
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    connect_client(&client, "rust-small", profiles);
    CHECK_OK(nipc_client_call_apps_lookup(&client, pids, COUNT(pids), &view));
    CHECK_EQ(view.item_count, COUNT(pids));
    for (uint32_t i = 0; i < view.item_count; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        CHECK_EQ(item.pid, pids[i]);
        if (pids[i] == LARGE_PID) {
            CHECK_EQ(item.status, NIPC_PID_LOOKUP_OVERSIZED_ITEM);
            CHECK_EQ(item.uid, NIPC_UID_UNSET);
            CHECK_EQ(item.comm.len + item.label_count, 0);
        } else {
            check_process(&item, pids[i]);
        }
    }
    nipc_client_close(&client);
}

/* A server without a maximum grants 64 KiB, although deployed clients hint at 1024 bytes. */
static void large_process(const char *service, uint32_t profiles) {
    const uint32_t pid = LARGE_PID;
    nipc_client_config_t config = client_config(profiles);
    nipc_client_ctx_t client;
    nipc_apps_lookup_resp_view_t view;
    config.max_response_payload_bytes = 1024;
    open_with(&client, service, &config);
    CHECK_EQ(client.session.max_response_payload_bytes, 65536);
    CHECK_OK(nipc_client_call_apps_lookup(&client, &pid, 1, &view));
    check_apps(&view, &pid, 1);
    nipc_client_close(&client);
}

static void oversized_processes(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        test_context("profiles %u", (unsigned)offers[i]);
        oversized_process(offers[i]);
        large_process("rust-apps", offers[i]);
        large_process("c-apps", offers[i]);
    }
}

/* Servers that nobody configured start with responses of 1024 bytes, and grow only where they must:
   for an item of 8000 bytes, and for keys that would take more requests than there may be. */
static void servers_that_grow(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        const uint32_t pids[] = {1, LARGE_PID, 4, 9};
        nipc_client_ctx_t client;
        nipc_apps_lookup_resp_view_t view;
        test_context("profiles %u", (unsigned)offers[i]);
        connect_client(&client, "growing-items", offers[i]);
        CHECK_OK(nipc_client_call_apps_lookup(&client, pids, COUNT(pids), &view));
        check_apps(&view, pids, COUNT(pids));
        CHECK_EQ(client.session.max_response_payload_bytes, 8192);
        nipc_client_close(&client);
    }
    const uint32_t count = 2000;
    uint32_t *pids = make_pids(count);
    nipc_client_config_t config = client_config(offers[0]);
    nipc_client_ctx_t client;
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    config.max_logical_lookup_subcalls = 410;
    open_with(&client, "growing-keys", &config);
    CHECK_OK(nipc_client_call_apps_lookup(&client, pids, count, &view));
    CHECK_EQ(view.item_count, count);
    for (uint32_t i = 0; i < view.item_count; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        CHECK_EQ(item.pid, pids[i]);
        CHECK_EQ(item.status, pids[i] % 5 == 0 ? NIPC_PID_LOOKUP_UNKNOWN : NIPC_PID_LOOKUP_KNOWN);
    }
    nipc_client_close(&client);
    free(pids);
}

/* A path that fits no request of the configured size is answered by the client itself. */
static void oversized_paths(void) {
    char large[3000];
    const nipc_str_view_t paths[] = {{"/a", 2}, {large, sizeof(large)}, {"/b", 2}};
    nipc_client_config_t config = client_config(offers[0]);
    nipc_client_ctx_t client;
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    memset(large, 'l', sizeof(large));
    config.max_request_payload_bytes = 1024;
    open_with(&client, "rust-cgroups", &config);
    CHECK_OK(nipc_client_call_cgroups_lookup(&client, paths, COUNT(paths), &view));
    CHECK_EQ(view.item_count, COUNT(paths));
    CHECK_OK(nipc_cgroups_lookup_resp_item(&view, 1, &item));
    CHECK_EQ(item.status, NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM);
    CHECK_VIEW(item.path, paths[1]);
    CHECK_EQ(item.name.len, 0);
    for (uint32_t i = 0; i < COUNT(paths); i += 2) {
        CHECK_OK(nipc_cgroups_lookup_resp_item(&view, i, &item));
        check_path(&item, paths[i]);
    }
    nipc_client_close(&client);
}

/* What one lookup may take is limited in keys, requests and bytes. */
static void limits(void) {
    uint32_t *pids = make_pids(1000);
    nipc_client_config_t configs[3];
    for (size_t i = 0; i < COUNT(configs); i++) {
        configs[i] = client_config(offers[i]);
    }
    configs[0].max_logical_lookup_items = 999;
    configs[1].max_logical_lookup_subcalls = 2;
    configs[1].max_request_payload_bytes = 1024;
    configs[2].max_logical_lookup_response_bytes = 20000;
    for (size_t i = 0; i < COUNT(configs); i++) {
        nipc_client_ctx_t client;
        nipc_apps_lookup_resp_view_t view;
        char text[200];
        test_context("limit %zu", i);
        open_with(&client, "rust-apps", &configs[i]);
        memset(&view, 0xee, sizeof(view));
        CHECK_CODE(nipc_client_call_apps_lookup(&client, pids, 1000, &view), NIPC_ERR_OVERFLOW);
        CHECK_NO_ITEMS(view);
        CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
        CHECK(strstr(text, "rust-apps") != NULL);
        CHECK_OK(nipc_client_call_apps_lookup(&client, pids, 100, &view));
        check_apps(&view, pids, 100);
        nipc_client_close(&client);
    }
    free(pids);
}

static bool answer_in_generations(void *user, const nipc_apps_lookup_req_view_t *request,
                                  nipc_apps_lookup_builder_t *builder) {
    uint64_t generation = atomic_fetch_add((atomic_uint *)user, 1);
    bool answered = answer_apps(NULL, request, builder);
    nipc_apps_lookup_builder_set_generation(builder, generation);
    return answered;
}

static void generations_that_change(void) {
    atomic_uint generation = 0;
    const struct handlers handlers = {.apps = answer_in_generations, .user = &generation};
    /* More than one request takes. */
    const uint32_t count = 200;
    uint32_t *pids = make_pids(count);
    char service[32];
    struct provider provider;
    nipc_client_ctx_t client;
    nipc_client_config_t config = client_config(offers[1]);
    nipc_apps_lookup_resp_view_t view;
    config.max_request_payload_bytes = 1024;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, APPS, &handlers);
    open_with(&client, service, &config);
    CHECK_OK(nipc_client_call_apps_lookup(&client, pids, 3, &view));
    CHECK_EQ(view.generation, 0);
    CHECK_CODE(nipc_client_call_apps_lookup(&client, pids, count, &view),
               NIPC_ERR_GENERATION_MISMATCH);
    CHECK_NO_ITEMS(view);
    nipc_client_close(&client);
    provider_stop(&provider);
    free(pids);
}

/* A provider that answers for other processes than it was asked for. */
static void answers_to_other_questions(void) {
    const uint32_t pids[] = {1, 2};
    for (size_t i = 0; i < COUNT(offers); i++) {
        nipc_client_ctx_t client;
        nipc_apps_lookup_resp_view_t view;
        connect_client(&client, "rust-wrong", offers[i]);
        CHECK_CODE(nipc_client_call_apps_lookup(&client, pids, 1, &view), NIPC_ERR_PROTOCOL);
        CHECK_NO_ITEMS(view);
        check_apart(&client, NIPC_CLIENT_BROKEN);
        await_session(&client);
        CHECK_CODE(nipc_client_call_apps_lookup(&client, pids, 2, &view), NIPC_ERR_PROTOCOL);
        nipc_client_close(&client);
    }
}

static const struct test tests[] = {
    {"apps", apps},
    {"cgroups", cgroups},
    {"keys_that_cannot_be", keys_that_cannot_be},
    {"oversized_processes", oversized_processes},
    {"servers_that_grow", servers_that_grow},
    {"oversized_paths", oversized_paths},
    {"limits", limits},
    {"generations_that_change", generations_that_change},
    {"answers_to_other_questions", answers_to_other_questions},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
