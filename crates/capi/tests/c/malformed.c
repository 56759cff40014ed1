/* Bytes that no peer should send: every decoder refuses them or gives a view that is safe to read.
   Each is looked at in a block of its own size, so that memory checkers see a look beyond it. */
#include "golden.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Written by the harness. */
#include "malformed.inc"

/* What was read must matter, so that nothing of it is left out. */
static volatile uint32_t sink;

static void read_all(const void *ptr, size_t len) {
    const uint8_t *byte = ptr;
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++) {
        sum += byte[i];
    }
    sink += sum;
}

static void read_text(nipc_str_view_t text) {
    read_all(text.ptr, text.len);
    CHECK(text.ptr != NULL && text.ptr[text.len] == '\0');
}

static void look_at_snapshot(const uint8_t *bytes, size_t len) {
    nipc_cgroups_resp_view_t view;
    nipc_cgroups_item_view_t item;
    if (nipc_cgroups_resp_decode(bytes, len, &view) != NIPC_OK) {
        CHECK_NO_ITEMS(view);
        return;
    }
    bool whole = nipc_cgroups_resp_validate(&view) == NIPC_OK;
    bool each = true;
    for (uint32_t i = 0; i < view.item_count; i++) {
        if (nipc_cgroups_resp_item(&view, i, &item) == NIPC_OK) {
            read_text(item.name);
            read_text(item.path);
        } else {
            each = false;
        }
    }
    CHECK_EQ(whole, each);
    CHECK_CODE(nipc_cgroups_resp_item(&view, view.item_count, &item), NIPC_ERR_OUT_OF_BOUNDS);
}

static void look_at_cgroups(const uint8_t *bytes, size_t len) {
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    if (nipc_cgroups_lookup_resp_decode(bytes, len, &view) != NIPC_OK) {
        CHECK_NO_ITEMS(view);
        return;
    }
    for (uint32_t i = 0; i < view.item_count; i++) {
        CHECK_OK(nipc_cgroups_lookup_resp_item(&view, i, &item));
        read_text(item.path);
        read_text(item.name);
        for (uint32_t l = 0; l < item.label_count; l++) {
            CHECK_OK(nipc_cgroups_lookup_item_label(&item, l, &label));
            read_text(label.key);
            read_text(label.value);
        }
    }
}

static void look_at_apps(const uint8_t *bytes, size_t len) {
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    if (nipc_apps_lookup_resp_decode(bytes, len, &view) != NIPC_OK) {
        CHECK_NO_ITEMS(view);
        return;
    }
    for (uint32_t i = 0; i < view.item_count; i++) {
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        read_text(item.comm);
        read_text(item.cgroup_path);
        read_text(item.cgroup_name);
        for (uint32_t l = 0; l < item.label_count; l++) {
            CHECK_OK(nipc_apps_lookup_item_label(&item, l, &label));
            read_text(label.key);
            read_text(label.value);
        }
    }
}

static void look_at_requests(const uint8_t *bytes, size_t len) {
    nipc_cgroups_req_t snapshot;
    nipc_cgroups_lookup_req_view_t paths;
    nipc_cgroups_lookup_req_item_t path;
    nipc_apps_lookup_req_view_t pids;
    nipc_apps_lookup_req_item_t pid;
    (void)nipc_cgroups_req_decode(bytes, len, &snapshot);
    if (nipc_cgroups_lookup_req_decode(bytes, len, &paths) == NIPC_OK) {
        for (uint32_t i = 0; i < paths.item_count; i++) {
            CHECK_OK(nipc_cgroups_lookup_req_item(&paths, i, &path));
            read_text(path.path);
        }
    }
    if (nipc_apps_lookup_req_decode(bytes, len, &pids) == NIPC_OK) {
        for (uint32_t i = 0; i < pids.item_count; i++) {
            CHECK_OK(nipc_apps_lookup_req_item(&pids, i, &pid));
        }
    }
}

static void look_at_values(const uint8_t *bytes, size_t len) {
    static const uint32_t counts[] = {0, 1, 3, 4};
    nipc_batch_entry_t entries[4];
    uint64_t number;
    nipc_string_reverse_view_t text;
    const void *item;
    uint32_t item_len;
    (void)nipc_increment_decode(bytes, len, &number);
    if (nipc_string_reverse_decode(bytes, len, &text) == NIPC_OK) {
        nipc_str_view_t view = {text.str, text.str_len};
        read_text(view);
    }
    for (size_t i = 0; i < COUNT(counts); i++) {
        size_t directory = (size_t)counts[i] * NIPC_BATCH_ENTRY_SIZE;
        uint32_t packed = len < directory ? 0 : (uint32_t)(len - directory);
        nipc_error_t valid = nipc_batch_dir_validate(bytes, len, counts[i], packed);
        CHECK_CODE(nipc_batch_dir_decode(bytes, len, counts[i], packed, entries), valid);
        for (uint32_t at = 0; at <= counts[i]; at++) {
            if (nipc_batch_item_get(bytes, len, counts[i], at, &item, &item_len) == NIPC_OK) {
                CHECK(at < counts[i]);
                read_all(item, item_len);
            }
        }
    }
    CHECK(nipc_batch_dir_validate(bytes, len, UINT32_MAX, UINT32_MAX) != NIPC_OK);
    CHECK(nipc_batch_item_get(bytes, len, UINT32_MAX, 7, &item, &item_len) != NIPC_OK);
}

static void look_at_envelopes(const uint8_t *bytes, size_t len) {
    nipc_header_t header;
    nipc_chunk_header_t chunk;
    nipc_hello_t hello;
    nipc_hello_ack_t ack;
    uint8_t again[64];
    if (nipc_header_decode(bytes, len, &header) == NIPC_OK) {
        CHECK_EQ(header.magic, NIPC_MAGIC_MSG);
        CHECK_EQ(header.header_len, NIPC_HEADER_LEN);
    }
    if (nipc_chunk_header_decode(bytes, len, &chunk) == NIPC_OK) {
        CHECK_EQ(chunk.magic, NIPC_MAGIC_CHUNK);
    }
    if (nipc_hello_decode(bytes, len, &hello) == NIPC_OK) {
        size_t wrote = nipc_hello_encode(&hello, again, sizeof(again));
        CHECK_BYTES(again, wrote, bytes, NIPC_HELLO_LEN);
    }
    if (nipc_hello_ack_decode(bytes, len, &ack) == NIPC_OK) {
        size_t wrote = nipc_hello_ack_encode(&ack, again, sizeof(again));
        CHECK_EQ(wrote, NIPC_HELLO_ACK_LEN);
        /* Its padding may be anything, and is sent as 0. */
        const size_t padding = offsetof(nipc_hello_ack_t, padding), end = padding + 4;
        CHECK_BYTES(again, padding, bytes, padding);
        CHECK_BYTES(again + end, wrote - end, bytes + end, NIPC_HELLO_ACK_LEN - end);
    }
}

/* Hands a copy of these bytes, in a block of exactly their size, to every decoder. */
static void look_at(const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len + (len == 0));
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, len);
    look_at_envelopes(copy, len);
    look_at_values(copy, len);
    look_at_requests(copy, len);
    look_at_snapshot(copy, len);
    look_at_cgroups(copy, len);
    look_at_apps(copy, len);
    free(copy);
}

static void truncations(void) {
    for (size_t i = 0; i < COUNT(golden_all); i++) {
        for (size_t len = 0; len <= golden_all[i].len; len++) {
            test_context("message %zu cut to %zu bytes", i, len);
            look_at(golden_all[i].ptr, len);
        }
    }
}

static void flips(void) {
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    uint8_t bytes[512];
    for (size_t i = 0; i < COUNT(golden_all); i++) {
        const size_t len = golden_all[i].len;
        REQUIRE(len <= sizeof(bytes));
        const size_t step = test_slow() ? 4 : 1;
        for (size_t at = 0; at < len * COUNT(masks); at += step) {
            test_context("message %zu, byte %zu", i, at / COUNT(masks));
            memcpy(bytes, golden_all[i].ptr, len);
            bytes[at / COUNT(masks)] ^= masks[at % COUNT(masks)];
            look_at(bytes, len);
        }
    }
}

/* xorshift: the same numbers in every run. */
static uint64_t next_random(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static unsigned rounds(void) {
    return test_slow() ? 300 : 4000;
}

static void random_bytes(void) {
    uint8_t bytes[300];
    for (unsigned round = 0; round < rounds(); round++) {
        size_t len = next_random() % sizeof(bytes);
        test_context("round %u", round);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (uint8_t)next_random();
        }
        look_at(bytes, len);
    }
}

/* Messages with several bytes changed get further than random ones. */
static void random_changes(void) {
    uint8_t bytes[512];
    for (unsigned round = 0; round < rounds(); round++) {
        const struct bytes golden = golden_all[next_random() % COUNT(golden_all)];
        test_context("round %u", round);
        memcpy(bytes, golden.ptr, golden.len);
        for (uint64_t changes = 1 + next_random() % 4; changes > 0; changes--) {
            bytes[next_random() % golden.len] = (uint8_t)(next_random() % 64);
        }
        look_at(bytes, golden.len);
    }
}

static const struct test tests[] = {
    {"truncations", truncations},
    {"flips", flips},
    {"random_bytes", random_bytes},
    {"random_changes", random_changes},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
