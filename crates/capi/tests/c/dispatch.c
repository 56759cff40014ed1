/* From the bytes of a request to those of its answer without client or server; and the items of lookups as
   bytes. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "test.h"

#define PIDS 40

static uint8_t request[4096];
static uint8_t response[8192];

#define BYTES(len, room, out) request, (len), response, (room), (out)

static size_t ask_for_pids(uint32_t *pids) {
    for (uint32_t i = 0; i < PIDS; i++) {
        pids[i] = i + 1;
    }
    return nipc_apps_lookup_req_encode(pids, PIDS, request, sizeof(request));
}

static size_t ask_for_paths(nipc_str_view_t *paths, uint32_t count) {
    static const char *const texts[] = {"/a", "/docker/b", "/slice/c", "/d", "/e"};
    for (uint32_t i = 0; i < count; i++) {
        paths[i] = view_of(texts[i % COUNT(texts)]);
    }
    return nipc_cgroups_lookup_req_encode(paths, count, request, sizeof(request));
}

static void values(void) {
    nipc_string_reverse_view_t text;
    uint64_t number;
    size_t out = 1;
    size_t len = nipc_increment_encode(41, request, sizeof(request));
    CHECK_OK(nipc_dispatch_increment(BYTES(len, 8, &out), answer_increment, NULL));
    CHECK_OK(nipc_increment_decode(response, out, &number));
    CHECK_EQ(number, 42);
    CHECK_CODE(nipc_dispatch_increment(BYTES(len, 7, &out), answer_increment, NULL), NIPC_ERR_OVERFLOW);
    CHECK_EQ(out, 0);
    CHECK_CODE(nipc_dispatch_increment(BYTES(7, 8, &out), answer_increment, NULL), NIPC_ERR_TRUNCATED);
    len = nipc_string_reverse_encode("stressed", 8, request, sizeof(request));
    CHECK_OK(nipc_dispatch_string_reverse(BYTES(len, sizeof(response), &out), answer_reverse, NULL));
    CHECK_OK(nipc_string_reverse_decode(response, out, &text));
    CHECK_BYTES(text.str, text.str_len, "desserts", 8);
    CHECK_CODE(nipc_dispatch_string_reverse(BYTES(len, 16, &out), answer_reverse, NULL), NIPC_ERR_OVERFLOW);
}

static void snapshots(void) {
    nipc_cgroups_resp_view_t view;
    uint32_t count = 20;
    size_t out;
    size_t len = nipc_cgroups_req_encode(NULL, request, sizeof(request));
    CHECK_OK(nipc_dispatch_cgroups_snapshot(BYTES(len, sizeof(response), &out), answer_snapshot, &count));
    CHECK_OK(nipc_cgroups_resp_decode(response, out, &view));
    check_snapshot(&view, count);
    CHECK_CODE(nipc_dispatch_cgroups_snapshot(BYTES(len, 100, &out), answer_snapshot, &count),
               NIPC_ERR_OVERFLOW);
    request[0] = 2;
    CHECK_CODE(nipc_dispatch_cgroups_snapshot(BYTES(len, 100, &out), answer_snapshot, &count),
               NIPC_ERR_BAD_LAYOUT);
}

static void lookups(void) {
    nipc_cgroups_lookup_resp_view_t cgroups;
    nipc_apps_lookup_resp_view_t apps;
    nipc_apps_lookup_item_view_t process;
    nipc_cgroups_lookup_item_view_t item;
    nipc_str_view_t paths[5];
    uint32_t pids[PIDS];
    size_t out;
    size_t len = ask_for_paths(paths, 5);
    CHECK_OK(nipc_dispatch_cgroups_lookup(BYTES(len, sizeof(response), &out), answer_cgroups, NULL));
    CHECK_OK(nipc_cgroups_lookup_resp_decode(response, out, &cgroups));
    CHECK_EQ(cgroups.item_count, 5);
    CHECK_EQ(cgroups.generation, GENERATION);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_OK(nipc_cgroups_lookup_resp_item(&cgroups, i, &item));
        check_path(&item, paths[i]);
    }
    len = ask_for_pids(pids);
    CHECK_OK(nipc_dispatch_apps_lookup(BYTES(len, sizeof(response), &out), answer_apps, NULL));
    CHECK_OK(nipc_apps_lookup_resp_decode(response, out, &apps));
    CHECK_EQ(apps.item_count, PIDS);
    for (uint32_t i = 0; i < PIDS; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&apps, i, &process));
        check_process(&process, pids[i]);
    }
    /* An answer that gets full says so for the rest. */
    CHECK_OK(nipc_dispatch_apps_lookup(BYTES(len, 3500, &out), answer_apps, NULL));
    CHECK(out <= 3500);
    CHECK_OK(nipc_apps_lookup_resp_decode(response, out, &apps));
    CHECK_EQ(apps.item_count, PIDS);
    CHECK_OK(nipc_apps_lookup_resp_item(&apps, PIDS - 1, &process));
    CHECK_EQ(process.status, NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED);
    CHECK_OK(nipc_apps_lookup_resp_item(&apps, 0, &process));
    check_process(&process, pids[0]);
}

/* Fails with the error that USER points to; NIPC_OK returns false alone. */
static bool fail_increment(void *user, uint64_t number, uint64_t *out) {
    (void)user, (void)number, (void)out;
    return false;
}

static bool fail_snapshot(void *user, const nipc_cgroups_req_t *asked,
                          nipc_cgroups_builder_t *builder) {
    (void)asked;
    builder->error = *(const nipc_error_t *)user;
    return builder->error != NIPC_OK;
}

static bool begin_anew(void *user, const nipc_cgroups_req_t *asked,
                       nipc_cgroups_builder_t *builder) {
    (void)asked;
    return nipc_cgroups_builder_init(builder, user, 64, 1, 0, 0) == NIPC_OK;
}

static bool forget_an_item(void *user, const nipc_apps_lookup_req_view_t *asked,
                           nipc_apps_lookup_builder_t *builder) {
    (void)user, (void)asked, (void)builder;
    return true;
}

static void handlers_that_fail(void) {
    static const struct {
        nipc_error_t left, told;
        uint16_t status;
    } cases[] = {
        {NIPC_OK, NIPC_ERR_HANDLER_FAILED, NIPC_STATUS_INTERNAL_ERROR},
        {NIPC_ERR_BAD_LAYOUT, NIPC_ERR_HANDLER_FAILED, NIPC_STATUS_INTERNAL_ERROR},
        {NIPC_ERR_OVERFLOW, NIPC_ERR_OVERFLOW, NIPC_STATUS_LIMIT_EXCEEDED},
        {NIPC_ERR_UNSUPPORTED, NIPC_ERR_UNSUPPORTED, NIPC_STATUS_UNSUPPORTED},
        {NIPC_ERR_REJECTED, NIPC_ERR_REJECTED, NIPC_STATUS_BAD_ENVELOPE},
    };
    uint32_t pids[PIDS];
    uint8_t other[64];
    size_t out;
    size_t len = nipc_cgroups_req_encode(NULL, request, sizeof(request));
    for (size_t i = 0; i < COUNT(cases); i++) {
        nipc_error_t left = cases[i].left;
        CHECK_CODE(nipc_dispatch_cgroups_snapshot(BYTES(len, 4096, &out), fail_snapshot, &left), cases[i].told);
        CHECK_EQ(out, 0);
        CHECK_EQ(nipc_dispatch_status(cases[i].told), cases[i].status);
    }
    CHECK_CODE(nipc_dispatch_cgroups_snapshot(BYTES(len, 4096, &out), begin_anew, other),
               NIPC_ERR_HANDLER_FAILED);
    len = nipc_increment_encode(1, request, sizeof(request));
    CHECK_CODE(nipc_dispatch_increment(BYTES(len, 8, &out), fail_increment, NULL), NIPC_ERR_HANDLER_FAILED);
    len = ask_for_pids(pids);
    CHECK_CODE(nipc_dispatch_apps_lookup(BYTES(len, 4096, &out), forget_an_item, NULL),
               NIPC_ERR_HANDLER_FAILED);
    CHECK_EQ(nipc_dispatch_status(NIPC_OK), NIPC_STATUS_OK);
    CHECK_EQ(nipc_dispatch_status(NIPC_ERR_TRUNCATED), NIPC_STATUS_BAD_ENVELOPE);
    CHECK_EQ(nipc_dispatch_status(NIPC_ERR_BAD_ITEM_COUNT), NIPC_STATUS_BAD_ENVELOPE);
    CHECK_EQ(nipc_dispatch_status(NIPC_ERR_INTERNAL), NIPC_STATUS_INTERNAL_ERROR);
    CHECK_EQ(nipc_dispatch_status((nipc_error_t)100), NIPC_STATUS_INTERNAL_ERROR);
}

static void without_pointers(void) {
    size_t out = 1;
    const size_t len = nipc_increment_encode(1, request, sizeof(request));
#define WRONG(call) CHECK_CODE(call, NIPC_ERR_INVALID_ARGUMENT)
    WRONG(nipc_dispatch_increment(BYTES(len, 8, &out), NULL, NULL));
    WRONG(nipc_dispatch_string_reverse(BYTES(len, 8, &out), NULL, NULL));
    WRONG(nipc_dispatch_cgroups_snapshot(BYTES(len, 8, &out), NULL, NULL));
    WRONG(nipc_dispatch_cgroups_lookup(BYTES(len, 8, &out), NULL, NULL));
    WRONG(nipc_dispatch_apps_lookup(BYTES(len, 8, &out), NULL, NULL));
    WRONG(nipc_dispatch_increment(BYTES(len, 8, NULL), answer_increment, NULL));
    WRONG(nipc_dispatch_increment(NULL, 8, response, 8, &out, answer_increment, NULL));
    WRONG(nipc_dispatch_increment(request, 8, NULL, 8, &out, answer_increment, NULL));
    CHECK_EQ(out, 0);
    nipc_lookup_raw_item_t raw = {NULL, 0};
    CHECK_EQ(nipc_apps_lookup_raw_resp_encode(&raw, 1, 0, response, sizeof(response)), 0);
    CHECK_EQ(nipc_apps_lookup_raw_resp_encode(NULL, 1, 0, response, sizeof(response)), 0);
    CHECK_EQ(nipc_cgroups_lookup_raw_resp_encode(&raw, 1, 0, NULL, 100), 0);
    WRONG(nipc_apps_lookup_resp_raw_item(NULL, 0, &raw));
    WRONG(nipc_cgroups_lookup_resp_raw_item(NULL, 0, &raw));
}

/* What a proxy or a cache does: takes items out of one answer, and puts them into another. */
static void items_go_from_answer_to_answer(void) {
    static uint8_t again[8192];
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    nipc_lookup_raw_item_t items[PIDS];
    uint32_t pids[PIDS];
    size_t out;
    size_t len = ask_for_pids(pids);
    CHECK_OK(nipc_dispatch_apps_lookup(BYTES(len, sizeof(response), &out), answer_apps, NULL));
    CHECK_OK(nipc_apps_lookup_resp_decode(response, out, &view));
    for (uint32_t i = 0; i < PIDS; i++) {
        CHECK_OK(nipc_apps_lookup_resp_raw_item(&view, PIDS - 1 - i, &items[i]));
    }
    CHECK_CODE(nipc_apps_lookup_resp_raw_item(&view, PIDS, &items[0]), NIPC_ERR_OUT_OF_BOUNDS);
    CHECK(items[0].ptr == NULL && items[0].len == 0);
    CHECK_OK(nipc_apps_lookup_resp_raw_item(&view, PIDS - 1, &items[0]));
    /* In another order, and with another generation. */
    len = nipc_apps_lookup_raw_resp_encode(items, PIDS, 5, again, sizeof(again));
    CHECK_OK(nipc_apps_lookup_resp_decode(again, len, &view));
    CHECK_EQ(view.generation, 5);
    CHECK_EQ(view.item_count, PIDS);
    for (uint32_t i = 0; i < PIDS; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        check_process(&item, pids[PIDS - 1 - i]);
    }
    CHECK_EQ(nipc_apps_lookup_raw_resp_encode(items, PIDS, 5, again, len - 1), 0);
    CHECK_EQ(nipc_apps_lookup_raw_resp_encode(items, 0, 5, again, sizeof(again)), 16);
    items[1].len--;
    CHECK_EQ(nipc_apps_lookup_raw_resp_encode(items, PIDS, 5, again, sizeof(again)), 0);
}

static void paths_go_from_answer_to_answer(void) {
    static uint8_t again[8192];
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    nipc_lookup_raw_item_t items[5];
    nipc_str_view_t paths[5];
    size_t out;
    size_t len = ask_for_paths(paths, 5);
    CHECK_OK(nipc_dispatch_cgroups_lookup(BYTES(len, sizeof(response), &out), answer_cgroups, NULL));
    CHECK_OK(nipc_cgroups_lookup_resp_decode(response, out, &view));
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_OK(nipc_cgroups_lookup_resp_raw_item(&view, i, &items[i]));
    }
    len = nipc_cgroups_lookup_raw_resp_encode(items, 5, GENERATION, again, sizeof(again));
    /* The same items make the same bytes. */
    CHECK_BYTES(again, len, response, out);
    CHECK_OK(nipc_cgroups_lookup_resp_decode(again, len, &view));
    CHECK_OK(nipc_cgroups_lookup_resp_item(&view, 4, &item));
    check_path(&item, paths[4]);
}

/* As many items as are said to fit do, and one more does not. */
static void estimates_hold(void) {
    for (size_t len = 0; len < 2000; len += 7) {
        nipc_cgroups_builder_t cgroups;
        nipc_cgroups_lookup_builder_t paths;
        nipc_apps_lookup_builder_t apps;
        nipc_error_t error = NIPC_OK;
        uint32_t most = nipc_cgroups_builder_estimate_max_items(len);
        (void)nipc_cgroups_builder_init(&cgroups, response, len, 0, 0, 0);
        while (nipc_cgroups_builder_add(&cgroups, 0, 0, 0, "", 0, "", 0) == NIPC_OK) {
        }
        CHECK_EQ(cgroups.item_count, most);
        most = nipc_cgroups_lookup_builder_estimate_max_items(len);
        (void)nipc_cgroups_lookup_builder_init(&paths, response, len, UINT32_MAX, 0);
        while (error == NIPC_OK) {
            error = nipc_cgroups_lookup_builder_add(&paths, 0, 0, "/", 1, "", 0, NULL, 0);
        }
        CHECK_EQ(paths.item_count, most);
        most = nipc_apps_lookup_builder_estimate_max_items(len);
        (void)nipc_apps_lookup_builder_init(&apps, response, len, UINT32_MAX, 0);
        for (error = NIPC_OK; error == NIPC_OK;) {
            error = nipc_apps_lookup_builder_add(
                &apps, NIPC_PID_LOOKUP_UNKNOWN, NIPC_APPS_CGROUP_KNOWN, 0, 1, 0, NIPC_UID_UNSET, 0,
                "", 0, "", 0, "", 0, NULL, 0);
        }
        CHECK_EQ(apps.item_count, most);
    }
    CHECK(nipc_cgroups_builder_estimate_max_items(SIZE_MAX) > 80000000);
}

/* The entries of the wire, and numbers that are types of their own. */
static void structs_are_those_of_the_wire(void) {
    nipc_lookup_dir_entry_t entry;
    nipc_orchestrator_t orchestrator = NIPC_ORCHESTRATOR_DOCKER;
    nipc_cgroup_lookup_status_t cgroup = NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM;
    nipc_pid_lookup_status_t pid = NIPC_PID_LOOKUP_OVERSIZED_ITEM;
    nipc_apps_cgroup_status_t cgroup_of_pid = NIPC_APPS_CGROUP_HOST_ROOT;
    nipc_str_view_t paths[2];
    nipc_cgroups_lookup_resp_view_t view;
    nipc_lookup_raw_item_t raw;
    size_t out, len = ask_for_paths(paths, 2);
    CHECK(orchestrator == 2 && cgroup == 4 && pid == 3 && cgroup_of_pid == 3);
    CHECK_OK(nipc_dispatch_cgroups_lookup(BYTES(len, sizeof(response), &out), answer_cgroups, NULL));
    CHECK_OK(nipc_cgroups_lookup_resp_decode(response, out, &view));
    CHECK_OK(nipc_cgroups_lookup_resp_raw_item(&view, 1, &raw));
    memcpy(&entry, response + NIPC_LOOKUP_RESP_HDR_SIZE + sizeof(entry), sizeof(entry));
    CHECK_EQ(entry.length, raw.len);
    CHECK(response + NIPC_LOOKUP_RESP_HDR_SIZE + 2 * sizeof(entry) + entry.offset
          == (const uint8_t *)raw.ptr);
    /* A string that begins in front of the strings is out of bounds. */
    memset((uint8_t *)response + ((const uint8_t *)raw.ptr - response) + 8, 0, 4);
    CHECK_CODE(nipc_cgroups_lookup_resp_decode(response, out, &view), NIPC_ERR_OUT_OF_BOUNDS);
}

static const struct test tests[] = {
    {"values", values},
    {"snapshots", snapshots},
    {"lookups", lookups},
    {"handlers_that_fail", handlers_that_fail},
    {"without_pointers", without_pointers},
    {"items_go_from_answer_to_answer", items_go_from_answer_to_answer},
    {"paths_go_from_answer_to_answer", paths_go_from_answer_to_answer},
    {"estimates_hold", estimates_hold},
    {"structs_are_those_of_the_wire", structs_are_those_of_the_wire},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
