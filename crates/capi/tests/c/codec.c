/* The errors of decoders and builders, one for each rule that a caller can break. */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define LABEL(key, value) {{key, sizeof(key) - 1}, {value, sizeof(value) - 1}}

static uint8_t bytes[1024];

static void put_u16(size_t at, uint16_t value) {
    bytes[at] = (uint8_t)value;
    bytes[at + 1] = (uint8_t)(value >> 8);
}

static void put_u32(size_t at, uint32_t value) {
    put_u16(at, (uint16_t)value);
    put_u16(at + 2, (uint16_t)(value >> 16));
}

static nipc_header_t request_header(void) {
    nipc_header_t header = {.magic = NIPC_MAGIC_MSG,
                            .version = NIPC_VERSION,
                            .header_len = NIPC_HEADER_LEN,
                            .kind = NIPC_KIND_REQUEST,
                            .code = NIPC_METHOD_INCREMENT,
                            .payload_len = 8,
                            .item_count = 1,
                            .message_id = 1};
    return header;
}

static nipc_error_t header_with(size_t at, uint16_t value) {
    nipc_header_t header = request_header(), found;
    CHECK_EQ(nipc_header_encode(&header, bytes, sizeof(bytes)), NIPC_HEADER_LEN);
    put_u16(at, value);
    return nipc_header_decode(bytes, NIPC_HEADER_LEN, &found);
}

static void headers(void) {
    nipc_header_t found;
    CHECK_OK(header_with(offsetof(nipc_header_t, flags), 0));
    CHECK_CODE(header_with(offsetof(nipc_header_t, magic), 1), NIPC_ERR_BAD_MAGIC);
    CHECK_CODE(header_with(offsetof(nipc_header_t, version), 2), NIPC_ERR_BAD_VERSION);
    CHECK_CODE(header_with(offsetof(nipc_header_t, header_len), 31), NIPC_ERR_BAD_HEADER_LEN);
    CHECK_CODE(header_with(offsetof(nipc_header_t, kind), 4), NIPC_ERR_BAD_KIND);
    CHECK_CODE(header_with(offsetof(nipc_header_t, kind), 0), NIPC_ERR_BAD_KIND);
    memset(&found, 0xee, sizeof(found));
    CHECK_CODE(nipc_header_decode(bytes, NIPC_HEADER_LEN - 1, &found), NIPC_ERR_TRUNCATED);
    CHECK_ZEROED(found);
}

static nipc_error_t header_again(const nipc_header_t *header) {
    nipc_header_t found;
    CHECK_EQ(nipc_header_encode(header, bytes, sizeof(bytes)), NIPC_HEADER_LEN);
    return nipc_header_decode(bytes, NIPC_HEADER_LEN, &found);
}

static nipc_error_t chunk_again(const nipc_chunk_header_t *chunk) {
    nipc_chunk_header_t found;
    CHECK_EQ(nipc_chunk_header_encode(chunk, bytes, sizeof(bytes)), NIPC_CHUNK_HEADER_LEN);
    nipc_error_t code = nipc_chunk_header_decode(bytes, NIPC_CHUNK_HEADER_LEN, &found);
    CHECK_BYTES(bytes, sizeof(*chunk), chunk, sizeof(*chunk));
    return code;
}

/* Encoders write what the struct says, wrong or not. */
static void encoders_write_what_they_are_given(void) {
    nipc_header_t header = request_header();
    nipc_chunk_header_t chunk = {.magic = NIPC_MAGIC_CHUNK,
                                 .version = NIPC_VERSION,
                                 .total_message_len = 40,
                                 .chunk_index = 1,
                                 .chunk_count = 2,
                                 .chunk_payload_len = 4};
    nipc_cgroups_req_t request = {2, 0};
    CHECK_OK(header_again(&header));
    header.header_len = 3;
    CHECK_CODE(header_again(&header), NIPC_ERR_BAD_HEADER_LEN);
    header.version = 2;
    CHECK_CODE(header_again(&header), NIPC_ERR_BAD_VERSION);
    header.magic = 1;
    CHECK_CODE(header_again(&header), NIPC_ERR_BAD_MAGIC);
    CHECK_BYTES(bytes, sizeof(header), &header, sizeof(header));

    CHECK_OK(chunk_again(&chunk));
    chunk.chunk_payload_len = 0;
    CHECK_CODE(chunk_again(&chunk), NIPC_ERR_BAD_LAYOUT);
    chunk.chunk_payload_len = 4;
    chunk.flags = 1;
    CHECK_CODE(chunk_again(&chunk), NIPC_ERR_BAD_LAYOUT);
    chunk.version = 2;
    CHECK_CODE(chunk_again(&chunk), NIPC_ERR_BAD_VERSION);
    chunk.magic = NIPC_MAGIC_MSG;
    CHECK_CODE(chunk_again(&chunk), NIPC_ERR_BAD_MAGIC);

    CHECK_EQ(nipc_cgroups_req_encode(&request, bytes, sizeof(bytes)), NIPC_CGROUPS_REQ_HDR_SIZE);
    CHECK_CODE(nipc_cgroups_req_decode(bytes, 4, &request), NIPC_ERR_BAD_LAYOUT);
    CHECK_ZEROED(request);
    request.flags = 1;
    CHECK_EQ(nipc_cgroups_req_encode(&request, bytes, sizeof(bytes)), NIPC_CGROUPS_REQ_HDR_SIZE);
    CHECK_CODE(nipc_cgroups_req_decode(bytes, 4, &request), NIPC_ERR_BAD_LAYOUT);
}

static void handshakes(void) {
    nipc_hello_t hello = {.supported_profiles = 1, .packet_size = 4096};
    nipc_hello_t found;
    nipc_hello_ack_t ack = {.server_supported_profiles = 1}, found_ack;
    CHECK_EQ(nipc_hello_encode(&hello, bytes, sizeof(bytes)), NIPC_HELLO_LEN);
    CHECK_CODE(nipc_hello_decode(bytes, NIPC_HELLO_LEN - 1, &found), NIPC_ERR_TRUNCATED);
    /* Who decodes judges the version. */
    put_u16(0, 2);
    CHECK_OK(nipc_hello_decode(bytes, NIPC_HELLO_LEN, &found));
    CHECK_EQ(found.layout_version, 2);
    hello.padding = 1;
    CHECK_EQ(nipc_hello_encode(&hello, bytes, sizeof(bytes)), NIPC_HELLO_WIRE_SIZE);
    CHECK_CODE(nipc_hello_decode(bytes, NIPC_HELLO_LEN, &found), NIPC_ERR_BAD_LAYOUT);
    CHECK_ZEROED(found);
    CHECK_EQ(nipc_hello_ack_encode(&ack, bytes, sizeof(bytes)), NIPC_HELLO_ACK_LEN);
    CHECK_CODE(nipc_hello_ack_decode(bytes, NIPC_HELLO_ACK_LEN - 1, &found_ack),
               NIPC_ERR_TRUNCATED);
    CHECK_ZEROED(found_ack);
}

static void batches(void) {
    nipc_batch_builder_t builder;
    nipc_batch_entry_t entries[2];
    uint32_t count;
    CHECK_OK(nipc_batch_builder_init(&builder, bytes, sizeof(bytes), 2));
    CHECK_EQ(nipc_batch_builder_finish(&builder, &count), 0);
    CHECK_OK(nipc_batch_builder_init(&builder, bytes, sizeof(bytes), 2));
    CHECK_OK(nipc_batch_builder_add(&builder, "one", 3));
    CHECK_EQ(builder.item_count, 1);
    CHECK_OK(nipc_batch_builder_add(&builder, NULL, 0));
    CHECK(nipc_batch_builder_add(&builder, "three", 5) != NIPC_OK);
    CHECK(builder.error != NIPC_OK);
    CHECK_EQ(nipc_batch_builder_finish(&builder, &count), 0);

    CHECK_OK(nipc_batch_builder_init(&builder, bytes, 40, 2));
    CHECK_OK(nipc_batch_builder_add(&builder, "12345678", 8));
    CHECK_CODE(nipc_batch_builder_add(&builder, "1234567890abcdefg", 17), NIPC_ERR_OVERFLOW);
    /* An error sticks. */
    CHECK_CODE(nipc_batch_builder_add(&builder, "1", 1), NIPC_ERR_OVERFLOW);
    CHECK_EQ(nipc_batch_builder_finish(&builder, NULL), 0);

    CHECK_OK(nipc_batch_builder_init(&builder, bytes, sizeof(bytes), 2));
    CHECK_OK(nipc_batch_builder_add(&builder, "12345678", 8));
    CHECK_OK(nipc_batch_builder_add(&builder, "1", 1));
    size_t len = nipc_batch_builder_finish(&builder, &count);
    CHECK_EQ(len, 32);
    CHECK_EQ(count, 2);
    CHECK_OK(nipc_batch_dir_validate(bytes, len, 2, 16));
    CHECK_CODE(nipc_batch_dir_validate(bytes, len, 2, 8), NIPC_ERR_OUT_OF_BOUNDS);
    CHECK_CODE(nipc_batch_dir_validate(bytes, 15, 2, 16), NIPC_ERR_TRUNCATED);
    put_u32(8, 4);
    memset(entries, 0, sizeof(entries));
    CHECK_CODE(nipc_batch_dir_decode(bytes, len, 2, 16, entries), NIPC_ERR_BAD_ALIGNMENT);
}

static void values(void) {
    uint64_t number;
    nipc_string_reverse_view_t text;
    CHECK_CODE(nipc_increment_decode(bytes, 7, &number), NIPC_ERR_TRUNCATED);
    CHECK_EQ(nipc_string_reverse_encode("hello", 5, bytes, sizeof(bytes)), 14);
    CHECK_CODE(nipc_string_reverse_decode(bytes, 13, &text), NIPC_ERR_OUT_OF_BOUNDS);
    CHECK_NO_TEXT(text);
    bytes[13] = 'x';
    CHECK_CODE(nipc_string_reverse_decode(bytes, 14, &text), NIPC_ERR_MISSING_NUL);
    put_u32(0, 9);
    CHECK_CODE(nipc_string_reverse_decode(bytes, 14, &text), NIPC_ERR_BAD_LAYOUT);
    CHECK_CODE(nipc_string_reverse_decode(bytes, 7, &text), NIPC_ERR_TRUNCATED);
}

static void snapshot_builders(void) {
    nipc_cgroups_builder_t builder;
    nipc_cgroups_resp_view_t view;
    CHECK_CODE(nipc_cgroups_builder_init(&builder, bytes, 23, 1, 0, 0), NIPC_ERR_OVERFLOW);
    CHECK_OK(nipc_cgroups_builder_init(&builder, bytes, 128, 9, 0, 0));
    CHECK_OK(nipc_cgroups_builder_add(&builder, 1, 2, 3, NULL, 0, NULL, 0));
    CHECK_EQ(builder.item_count, 1);
    CHECK_CODE(nipc_cgroups_builder_add(&builder, 1, 2, 3, (const char *)bytes + 512, 200, NULL, 0),
               NIPC_ERR_OVERFLOW);
    CHECK_CODE(builder.error, NIPC_ERR_OVERFLOW);
    CHECK_CODE(nipc_cgroups_builder_add(&builder, 1, 2, 3, NULL, 0, NULL, 0), NIPC_ERR_OVERFLOW);
    CHECK_EQ(nipc_cgroups_builder_finish(&builder), 0);
    /* Who wants what fits gets it. */
    CHECK_OK(nipc_cgroups_builder_init(&builder, bytes, 128, 9, 1, 7));
    CHECK_OK(nipc_cgroups_builder_add(&builder, 1, 2, 3, "name", 4, "path", 4));
    memset(bytes + 512, 'a', 200);
    (void)nipc_cgroups_builder_add(&builder, 1, 2, 3, (const char *)bytes + 512, 200, NULL, 0);
    nipc_cgroups_builder_accept_truncated(&builder);
    size_t len = nipc_cgroups_builder_finish(&builder);
    CHECK_OK(nipc_cgroups_resp_decode(bytes, len, &view));
    CHECK_EQ(view.item_count, 1);
    CHECK_EQ(view.generation, 7);
    /* NULs belong after texts only. */
    CHECK_OK(nipc_cgroups_builder_init(&builder, bytes, 512, 9, 0, 0));
    CHECK(nipc_cgroups_builder_add(&builder, 1, 2, 3, "a\0b", 3, "path", 4) != NIPC_OK);
    CHECK(builder.error != NIPC_OK);
    CHECK_EQ(nipc_cgroups_builder_finish(&builder), 0);
}

static void snapshot_views(void) {
    nipc_cgroups_builder_t builder;
    nipc_cgroups_resp_view_t view;
    nipc_cgroups_item_view_t item;
    nipc_cgroups_req_t request;
    memset(bytes, 0, 4);
    CHECK_CODE(nipc_cgroups_req_decode(bytes, 4, &request), NIPC_ERR_BAD_LAYOUT);
    CHECK_CODE(nipc_cgroups_req_decode(bytes, 3, &request), NIPC_ERR_TRUNCATED);
    CHECK_OK(nipc_cgroups_builder_init(&builder, bytes, 512, 2, 0, 0));
    CHECK_OK(nipc_cgroups_builder_add(&builder, 1, 2, 3, "name", 4, "path", 4));
    CHECK_OK(nipc_cgroups_builder_add(&builder, 1, 2, 3, "eman", 4, "htap", 4));
    size_t len = nipc_cgroups_builder_finish(&builder);
    const size_t first = NIPC_CGROUPS_RESP_HDR_SIZE + 2 * NIPC_CGROUPS_DIR_ENTRY_SIZE;
    /* A name inside the item's header, then one that ends behind the item. */
    put_u32(first + 16, NIPC_CGROUPS_ITEM_HDR_SIZE - 1);
    CHECK_OK(nipc_cgroups_resp_decode(bytes, len, &view));
    CHECK_CODE(nipc_cgroups_resp_item(&view, 0, &item), NIPC_ERR_OUT_OF_BOUNDS);
    put_u32(first + 16, NIPC_CGROUPS_ITEM_HDR_SIZE);
    put_u32(first + 20, 1000);
    CHECK_OK(nipc_cgroups_resp_decode(bytes, len, &view));
    memset(&item, 0xee, sizeof(item));
    CHECK_CODE(nipc_cgroups_resp_item(&view, 0, &item), NIPC_ERR_OUT_OF_BOUNDS);
    CHECK(item.hash == 0 && item.name.ptr == NULL && item.path.ptr == NULL);
    CHECK_OK(nipc_cgroups_resp_item(&view, 1, &item));
    CHECK_CODE(nipc_cgroups_resp_validate(&view), NIPC_ERR_OUT_OF_BOUNDS);
    put_u32(NIPC_CGROUPS_RESP_HDR_SIZE, 4);
    CHECK_CODE(nipc_cgroups_resp_decode(bytes, len, &view), NIPC_ERR_BAD_ALIGNMENT);
    CHECK_NO_ITEMS(view);
    put_u32(NIPC_CGROUPS_RESP_HDR_SIZE, 4096);
    CHECK_CODE(nipc_cgroups_resp_decode(bytes, len, &view), NIPC_ERR_OUT_OF_BOUNDS);
    put_u32(4, UINT32_MAX);
    CHECK_CODE(nipc_cgroups_resp_decode(bytes, len, &view), NIPC_ERR_TRUNCATED);
}

static nipc_cgroups_lookup_req_view_t request_for(const nipc_str_view_t *paths, uint32_t count) {
    static uint8_t request[256];
    nipc_cgroups_lookup_req_view_t view;
    size_t len = nipc_cgroups_lookup_req_encode(paths, count, request, sizeof(request));
    CHECK_OK(nipc_cgroups_lookup_req_decode(request, len, &view));
    return view;
}

static void cgroups_builders(void) {
    static const nipc_lookup_label_view_t good[] = {LABEL("k", "v")};
    static const nipc_lookup_label_view_t bad[] = {LABEL("", "v")};
    const nipc_str_view_t paths[] = {{"/a", 2}, {"/b", 2}};
    nipc_cgroups_lookup_req_view_t request = request_for(paths, 2);
    nipc_cgroups_lookup_builder_t builder;
    CHECK_CODE(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, 16),
               NIPC_ERR_OVERFLOW);
    /* As many items as keys. */
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "/a", 2, "a", 1, good, 1));
    CHECK_EQ(builder.item_count, 1);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&builder), 0);
    CHECK_CODE(builder.error, NIPC_ERR_BAD_ITEM_COUNT);
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "/a", 2, "a", 1, good, 1));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "/b", 2, "b", 1, NULL, 0));
    CHECK_CODE(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "/c", 2, "c", 1, NULL, 0),
               NIPC_ERR_BAD_ITEM_COUNT);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&builder), 0);
    /* What an item must not say. */
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "/a", 2, "a", 1, bad, 1) != NIPC_OK);
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_cgroups_lookup_builder_add(&builder, 0, 1, "", 0, "a", 1, NULL, 0) != NIPC_OK);
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_cgroups_lookup_builder_add(&builder, 1, 1, "/a", 2, "a", 1, NULL, 0) != NIPC_OK);
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_cgroups_lookup_builder_add(&builder, 77, 0, "/a", 2, "", 0, NULL, 0) != NIPC_OK);
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK_CODE(nipc_cgroups_lookup_builder_add_request_item(&builder, &request, 2, 0, 0, "", 0,
                                                            NULL, 0),
               NIPC_ERR_OUT_OF_BOUNDS);
}

/* Without a request: as many items as were said, of any keys. */
static void answers_without_a_request(void) {
    nipc_cgroups_lookup_builder_t cgroups;
    nipc_apps_lookup_builder_t apps;
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    CHECK_CODE(nipc_cgroups_lookup_builder_init(&cgroups, bytes, 15, 2, 0), NIPC_ERR_OVERFLOW);
    CHECK_OK(nipc_cgroups_lookup_builder_init(&cgroups, bytes, sizeof(bytes), 2, 9));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&cgroups, 0, 1, "/b", 2, "b", 1, NULL, 0));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&cgroups, 3, 0, "/b", 2, NULL, 0, NULL, 0));
    CHECK_EQ(cgroups.item_count, 2);
    size_t len = nipc_cgroups_lookup_builder_finish(&cgroups);
    CHECK_OK(nipc_cgroups_lookup_resp_decode(bytes, len, &view));
    CHECK_EQ(view.item_count, 2);
    CHECK_EQ(view.generation, 9);
    CHECK_OK(nipc_cgroups_lookup_resp_item(&view, 1, &item));
    CHECK_EQ(item.status, NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&cgroups), 0);

    CHECK_OK(nipc_cgroups_lookup_builder_init(&cgroups, bytes, sizeof(bytes), 1, 9));
    CHECK_OK(nipc_cgroups_lookup_builder_add(&cgroups, 0, 1, "/b", 2, "b", 1, NULL, 0));
    CHECK_CODE(nipc_cgroups_lookup_builder_add(&cgroups, 0, 1, "/c", 2, "c", 1, NULL, 0),
               NIPC_ERR_OVERFLOW);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&cgroups), 0);
    CHECK_CODE(cgroups.error, NIPC_ERR_OVERFLOW);

    CHECK_OK(nipc_apps_lookup_builder_init(&apps, bytes, 60, 1, 0));
    nipc_apps_lookup_builder_set_generation(&apps, 3);
    CHECK_CODE(nipc_apps_lookup_builder_add(&apps, 1, 0, 0, 7, 0, NIPC_UID_UNSET, 0, NULL, 0, NULL,
                                            0, NULL, 0, NULL, 0),
               NIPC_ERR_OVERFLOW);
    CHECK_EQ(nipc_apps_lookup_builder_finish(&apps), 0);
    CHECK_OK(nipc_apps_lookup_builder_init(&apps, bytes, sizeof(bytes), 0, 0));
    nipc_apps_lookup_builder_set_generation(&apps, 3);
    CHECK_EQ(nipc_apps_lookup_builder_finish(&apps), NIPC_APPS_LOOKUP_RESP_HDR_SIZE);
    CHECK_EQ(bytes[8], 3);
}

static void cgroups_views(void) {
    const nipc_str_view_t paths[] = {{"/a", 2}, {"/b", 2}};
    nipc_cgroups_lookup_req_view_t request = request_for(paths, 2);
    nipc_cgroups_lookup_builder_t builder;
    nipc_cgroups_lookup_resp_view_t view;
    CHECK_OK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_OK(nipc_cgroups_lookup_builder_add_request_item(&builder, &request, i, 0, 0, "n", 1,
                                                              NULL, 0));
    }
    size_t len = nipc_cgroups_lookup_builder_finish(&builder);
    CHECK_OK(nipc_cgroups_lookup_resp_decode(bytes, len, &view));
    CHECK_EQ(view.generation, 0);
    const size_t first = NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE + 2 * NIPC_LOOKUP_DIR_ENTRY_SIZE;
    const size_t nul = first + NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE + 2;
    CHECK_EQ(bytes[nul], 0);
    bytes[nul] = 'x';
    CHECK_CODE(nipc_cgroups_lookup_resp_decode(bytes, len, &view), NIPC_ERR_MISSING_NUL);
    CHECK_NO_ITEMS(view);
    bytes[nul] = 0;
    put_u32(first + 8, NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE - 1);
    CHECK_CODE(nipc_cgroups_lookup_resp_decode(bytes, len, &view), NIPC_ERR_OUT_OF_BOUNDS);
    put_u32(first + 8, NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE);
    put_u16(first + 2, 99);
    CHECK_CODE(nipc_cgroups_lookup_resp_decode(bytes, len, &view), NIPC_ERR_BAD_LAYOUT);
    CHECK_CODE(nipc_cgroups_lookup_resp_decode(bytes, 15, &view), NIPC_ERR_TRUNCATED);
}

static void apps_builders(void) {
    const uint32_t pids[] = {7};
    uint8_t keys[64];
    nipc_apps_lookup_req_view_t request;
    nipc_apps_lookup_builder_t builder;
    size_t len = nipc_apps_lookup_req_encode(pids, 1, keys, sizeof(keys));
    CHECK_OK(nipc_apps_lookup_req_decode(keys, len, &request));
    /* A name that is too long for a process. */
    CHECK_OK(nipc_apps_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_apps_lookup_builder_add(&builder, 0, NIPC_APPS_CGROUP_HOST_ROOT, 0, 7, 1, 1, 1,
                                       "1234567890123456", 16, NULL, 0, NULL, 0, NULL,
                                       0) != NIPC_OK);
    CHECK_EQ(nipc_apps_lookup_builder_finish(&builder), 0);
    /* A path where the status says that there is none. */
    CHECK_OK(nipc_apps_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK(nipc_apps_lookup_builder_add(&builder, 0, NIPC_APPS_CGROUP_HOST_ROOT, 0, 7, 1, 1, 1, "c",
                                       1, "/x", 2, NULL, 0, NULL, 0) != NIPC_OK);
    CHECK(builder.error != NIPC_OK);
    /* Nothing but the process is needed where it is unknown. */
    CHECK_OK(nipc_apps_lookup_builder_init_for_request(&builder, &request, bytes, sizeof(bytes)));
    CHECK_OK(nipc_apps_lookup_builder_add(&builder, NIPC_PID_LOOKUP_UNKNOWN, 0, 0, 7, 0,
                                          NIPC_UID_UNSET, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0));
    CHECK_EQ(builder.item_count, 1);
    CHECK(nipc_apps_lookup_builder_finish(&builder) > 0);
    CHECK_OK(builder.error);
}

static const struct test tests[] = {
    {"headers", headers},
    {"encoders_write_what_they_are_given", encoders_write_what_they_are_given},
    {"handshakes", handshakes},
    {"batches", batches},
    {"values", values},
    {"snapshot_builders", snapshot_builders},
    {"snapshot_views", snapshot_views},
    {"cgroups_builders", cgroups_builders},
    {"answers_without_a_request", answers_without_a_request},
    {"cgroups_views", cgroups_views},
    {"apps_builders", apps_builders},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
