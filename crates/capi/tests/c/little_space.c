/* What the lookup builders do where the budget is short, from vectors/builder_overflow.json. */
#include "golden.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Written by the harness. */
#include "little_space.inc"

#define MOST_KEYS 16

static char letters[1024];

static void cgroups_case(const struct golden_short_cgroups *golden, uint8_t *buf) {
    char paths[MOST_KEYS][16];
    nipc_str_view_t keys[MOST_KEYS];
    uint8_t bytes[512];
    nipc_cgroups_lookup_req_view_t request;
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    nipc_cgroups_lookup_builder_t builder;
    REQUIRE(golden->keys <= MOST_KEYS);
    for (uint32_t i = 0; i < golden->keys; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/p%02u", i);
        keys[i] = view_of(paths[i]);
    }
    size_t len = nipc_cgroups_lookup_req_encode(keys, golden->keys, bytes, sizeof(bytes));
    CHECK_OK(nipc_cgroups_lookup_req_decode(bytes, len, &request));
    nipc_error_t code =
        nipc_cgroups_lookup_builder_init_for_request(&builder, &request, buf, golden->budget);
    nipc_cgroups_lookup_builder_set_generation(&builder, 9);
    for (uint32_t i = 0; i < golden->keys && code == NIPC_OK; i++) {
        code = nipc_cgroups_lookup_builder_add(
            &builder, NIPC_CGROUP_LOOKUP_KNOWN, NIPC_ORCHESTRATOR_K8S, keys[i].ptr, keys[i].len,
            letters, golden->name_lens[i], NULL, 0);
    }
    CHECK_CODE(code, golden->len == 0 ? NIPC_ERR_OVERFLOW : NIPC_OK);
    CHECK_CODE(builder.error, code);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&builder), golden->len);
    if (golden->len == 0) {
        return;
    }
    CHECK_EQ(builder.item_count, golden->keys);
    CHECK_OK(nipc_cgroups_lookup_resp_decode(buf, golden->len, &view));
    CHECK_EQ(view.item_count, golden->keys);
    CHECK_EQ(view.generation, 9);
    for (uint32_t i = 0; i < golden->keys; i++) {
        CHECK_OK(nipc_cgroups_lookup_resp_item(&view, i, &item));
        CHECK_EQ(item.status, golden->statuses[i]);
        CHECK_VIEW(item.path, keys[i]);
    }
}

static void apps_case(const struct golden_short_apps *golden, uint8_t *buf) {
    static const char path[] = "/pppppppppppppppppppp";
    uint32_t pids[MOST_KEYS];
    uint8_t bytes[512];
    nipc_apps_lookup_req_view_t request;
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    nipc_apps_lookup_builder_t builder;
    REQUIRE(golden->items_count <= MOST_KEYS);
    for (uint32_t i = 0; i < golden->items_count; i++) {
        pids[i] = 100 + i;
    }
    size_t len = nipc_apps_lookup_req_encode(pids, golden->items_count, bytes, sizeof(bytes));
    CHECK_OK(nipc_apps_lookup_req_decode(bytes, len, &request));
    nipc_error_t code = nipc_apps_lookup_builder_init_for_request(&builder, &request, buf, golden->budget);
    nipc_apps_lookup_builder_set_generation(&builder, 9);
    for (uint32_t i = 0; i < golden->items_count && code == NIPC_OK; i++) {
        code = nipc_apps_lookup_builder_add(
            &builder, NIPC_PID_LOOKUP_KNOWN, NIPC_APPS_CGROUP_KNOWN, NIPC_ORCHESTRATOR_DOCKER,
            pids[i], 1, 1000, 42, letters, golden->items[i].comm_len, path, sizeof(path) - 1,
            letters, golden->items[i].name_len, NULL, 0);
    }
    CHECK_CODE(code, golden->len == 0 ? NIPC_ERR_OVERFLOW : NIPC_OK);
    CHECK_CODE(builder.error, code);
    CHECK_EQ(nipc_apps_lookup_builder_finish(&builder), golden->len);
    if (golden->len == 0) {
        return;
    }
    CHECK_OK(nipc_apps_lookup_resp_decode(buf, golden->len, &view));
    CHECK_EQ(view.item_count, golden->items_count);
    CHECK_EQ(view.generation, 9);
    for (uint32_t i = 0; i < golden->items_count; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        CHECK_EQ(item.status, golden->statuses[i]);
        CHECK_EQ(item.pid, pids[i]);
    }
}

static void cgroups(void) {
    for (size_t i = 0; i < COUNT(golden_short_cgroups); i++) {
        uint8_t *buf = malloc(golden_short_cgroups[i].budget);
        REQUIRE(buf != NULL);
        test_context("case %zu", i);
        cgroups_case(&golden_short_cgroups[i], buf);
        free(buf);
    }
}

static void apps(void) {
    for (size_t i = 0; i < COUNT(golden_short_apps); i++) {
        uint8_t *buf = malloc(golden_short_apps[i].budget);
        REQUIRE(buf != NULL);
        test_context("case %zu", i);
        apps_case(&golden_short_apps[i], buf);
        free(buf);
    }
}

static const struct test tests[] = {{"cgroups", cgroups}, {"apps", apps}};

int main(int argc, char **argv) {
    memset(letters, 'n', sizeof(letters));
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
