/* NULL, numbers out of range and zeroed storage, for every function over bytes: an error or
   nothing, never a crash. C11 and C++17. */
#include "test.h"

#include <string.h>

#define WRONG(call) CHECK_CODE(call, NIPC_ERR_INVALID_ARGUMENT)

/* Outputs, and storage that nobody initialised. */
static uint8_t bytes[512];
static const nipc_str_view_t no_text = {NULL, 0};

static void envelopes(void) {
    nipc_header_t header;
    nipc_chunk_header_t chunk;
    nipc_hello_t hello;
    nipc_hello_ack_t ack;
    memset(&header, 0, sizeof(header));
    memset(&chunk, 0, sizeof(chunk));
    memset(&hello, 0, sizeof(hello));
    memset(&ack, 0, sizeof(ack));
    CHECK_EQ(nipc_header_encode(NULL, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_header_encode(&header, NULL, sizeof(bytes)), 0);
    CHECK_EQ(nipc_header_encode(&header, NULL, 0), 0);
    CHECK_EQ(nipc_chunk_header_encode(NULL, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_chunk_header_encode(&chunk, NULL, sizeof(bytes)), 0);
    CHECK_EQ(nipc_hello_encode(NULL, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_hello_encode(&hello, NULL, sizeof(bytes)), 0);
    CHECK_EQ(nipc_hello_ack_encode(NULL, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_hello_ack_encode(&ack, NULL, sizeof(bytes)), 0);
    WRONG(nipc_header_decode(NULL, 32, &header));
    WRONG(nipc_header_decode(bytes, 32, NULL));
    WRONG(nipc_chunk_header_decode(NULL, 32, &chunk));
    WRONG(nipc_chunk_header_decode(bytes, 32, NULL));
    WRONG(nipc_hello_decode(NULL, 44, &hello));
    WRONG(nipc_hello_decode(bytes, 44, NULL));
    WRONG(nipc_hello_ack_decode(NULL, 48, &ack));
    WRONG(nipc_hello_ack_decode(bytes, 48, NULL));
    WRONG(nipc_header_decode(bytes, SIZE_MAX, &header));
    CHECK_CODE(nipc_header_decode(NULL, 0, &header), NIPC_ERR_TRUNCATED);
}

static void batches(void) {
    nipc_batch_builder_t builder;
    nipc_batch_entry_t entry;
    const void *item;
    uint32_t len;
    memset(&builder, 0, sizeof(builder));
    memset(&entry, 0, sizeof(entry));
    CHECK_EQ(nipc_batch_dir_encode(NULL, 1, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_batch_dir_encode(&entry, 1, NULL, sizeof(bytes)), 0);
    WRONG(nipc_batch_dir_decode(NULL, 8, 1, 8, &entry));
    WRONG(nipc_batch_dir_decode(bytes, 8, 1, 8, NULL));
    WRONG(nipc_batch_dir_validate(NULL, 8, 1, 8));
    WRONG(nipc_batch_item_get(NULL, 8, 1, 0, &item, &len));
    WRONG(nipc_batch_item_get(bytes, 8, 1, 0, NULL, &len));
    WRONG(nipc_batch_item_get(bytes, 8, 1, 0, &item, NULL));
    WRONG(nipc_batch_builder_init(NULL, bytes, sizeof(bytes), 1));
    WRONG(nipc_batch_builder_init(&builder, NULL, sizeof(bytes), 1));
    WRONG(nipc_batch_builder_add(NULL, bytes, 1));
    CHECK_EQ(nipc_batch_builder_finish(NULL, &len), 0);
    /* A builder that nobody initialised has no room. */
    memset(&builder, 0, sizeof(builder));
    CHECK(nipc_batch_builder_add(&builder, bytes, 1) != NIPC_OK);
    CHECK_EQ(nipc_batch_builder_finish(&builder, NULL), 0);
    CHECK_OK(nipc_batch_builder_init(&builder, bytes, sizeof(bytes), 2));
    WRONG(nipc_batch_builder_add(&builder, NULL, 1));
}

static void values(void) {
    uint64_t number;
    nipc_string_reverse_view_t text;
    nipc_string_reverse_builder_t builder;
    CHECK_EQ(nipc_increment_encode(1, NULL, 8), 0);
    WRONG(nipc_increment_decode(NULL, 8, &number));
    WRONG(nipc_increment_decode(bytes, 8, NULL));
    CHECK_EQ(nipc_string_reverse_encode(NULL, 1, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_string_reverse_encode("a", 1, NULL, sizeof(bytes)), 0);
    CHECK_EQ(nipc_string_reverse_encode(NULL, 0, bytes, sizeof(bytes)), 9);
    CHECK_EQ(nipc_string_reverse_encode("a", UINT32_MAX, bytes, 16), 0);
    WRONG(nipc_string_reverse_decode(NULL, 9, &text));
    WRONG(nipc_string_reverse_decode(bytes, 9, NULL));
    memset(&builder, 0, sizeof(builder));
    WRONG(nipc_string_reverse_builder_set(NULL, "a", 1));
    CHECK(nipc_string_reverse_builder_set(&builder, "a", 1) != NIPC_OK);
}

static void snapshots(void) {
    nipc_cgroups_req_t request;
    nipc_cgroups_resp_view_t view;
    nipc_cgroups_item_view_t item;
    nipc_cgroups_builder_t builder;
    memset(&view, 0, sizeof(view));
    memset(&builder, 0, sizeof(builder));
    CHECK_EQ(nipc_cgroups_req_encode(NULL, NULL, 4), 0);
    WRONG(nipc_cgroups_req_decode(NULL, 4, &request));
    WRONG(nipc_cgroups_req_decode(bytes, 4, NULL));
    WRONG(nipc_cgroups_resp_decode(NULL, 24, &view));
    WRONG(nipc_cgroups_resp_decode(bytes, 24, NULL));
    WRONG(nipc_cgroups_resp_validate(NULL));
    WRONG(nipc_cgroups_resp_item(NULL, 0, &item));
    WRONG(nipc_cgroups_resp_item(&view, 0, NULL));
    CHECK_CODE(nipc_cgroups_resp_item(&view, 0, &item), NIPC_ERR_OUT_OF_BOUNDS);
    CHECK_CODE(nipc_cgroups_resp_item(&view, UINT32_MAX, &item), NIPC_ERR_OUT_OF_BOUNDS);
    view.item_count = 5;
    CHECK(nipc_cgroups_resp_item(&view, 0, &item) != NIPC_OK);
    CHECK(nipc_cgroups_resp_validate(&view) != NIPC_OK);

    WRONG(nipc_cgroups_builder_init(NULL, bytes, sizeof(bytes), 1, 0, 0));
    WRONG(nipc_cgroups_builder_init(&builder, NULL, sizeof(bytes), 1, 0, 0));
    WRONG(nipc_cgroups_builder_add(NULL, 0, 0, 0, "a", 1, "b", 1));
    nipc_cgroups_builder_set_header(NULL, 0, 0);
    nipc_cgroups_builder_accept_truncated(NULL);
    CHECK_EQ(nipc_cgroups_builder_finish(NULL), 0);
    memset(&builder, 0, sizeof(builder));
    nipc_cgroups_builder_set_header(&builder, 0, 0);
    nipc_cgroups_builder_accept_truncated(&builder);
    CHECK(nipc_cgroups_builder_add(&builder, 0, 0, 0, "a", 1, "b", 1) != NIPC_OK);
    CHECK_EQ(nipc_cgroups_builder_finish(&builder), 0);
    CHECK_OK(nipc_cgroups_builder_init(&builder, bytes, sizeof(bytes), UINT32_MAX, 0, 0));
    WRONG(nipc_cgroups_builder_add(&builder, 0, 0, 0, NULL, 1, "b", 1));
}

static void cgroups_messages(void) {
    nipc_cgroups_lookup_req_view_t request;
    nipc_cgroups_lookup_req_item_t key;
    nipc_cgroups_lookup_resp_view_t view;
    nipc_cgroups_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    memset(&request, 0, sizeof(request));
    memset(&view, 0, sizeof(view));
    memset(&item, 0, sizeof(item));
    CHECK_EQ(nipc_cgroups_lookup_req_encode(NULL, 1, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_cgroups_lookup_req_encode(NULL, 0, NULL, sizeof(bytes)), 0);
    CHECK_EQ(nipc_cgroups_lookup_req_encode(&no_text, 1, bytes, sizeof(bytes)), 0);
    WRONG(nipc_cgroups_lookup_req_decode(NULL, 16, &request));
    WRONG(nipc_cgroups_lookup_req_decode(bytes, 16, NULL));
    WRONG(nipc_cgroups_lookup_req_item(NULL, 0, &key));
    WRONG(nipc_cgroups_lookup_req_item(&request, 0, NULL));
    CHECK_CODE(nipc_cgroups_lookup_req_item(&request, 0, &key), NIPC_ERR_OUT_OF_BOUNDS);
    WRONG(nipc_cgroups_lookup_resp_decode(NULL, 16, &view));
    WRONG(nipc_cgroups_lookup_resp_decode(bytes, 16, NULL));
    WRONG(nipc_cgroups_lookup_resp_item(NULL, 0, &item));
    WRONG(nipc_cgroups_lookup_resp_item(&view, 0, NULL));
    CHECK_CODE(nipc_cgroups_lookup_resp_item(&view, 0, &item), NIPC_ERR_OUT_OF_BOUNDS);
    WRONG(nipc_cgroups_lookup_item_label(NULL, 0, &label));
    WRONG(nipc_cgroups_lookup_item_label(&item, 0, NULL));
    CHECK_CODE(nipc_cgroups_lookup_item_label(&item, 0, &label), NIPC_ERR_OUT_OF_BOUNDS);
    request.item_count = view.item_count = item.label_count = 5;
    CHECK(nipc_cgroups_lookup_req_item(&request, 0, &key) != NIPC_OK);
    CHECK(nipc_cgroups_lookup_resp_item(&view, 0, &item) != NIPC_OK);
    memset(&item, 0, sizeof(item));
    item.label_count = 5;
    CHECK(nipc_cgroups_lookup_item_label(&item, 0, &label) != NIPC_OK);
}

static void cgroups_builders(void) {
    nipc_cgroups_lookup_req_view_t request;
    nipc_cgroups_lookup_builder_t builder;
    memset(&request, 0, sizeof(request));
    memset(&builder, 0, sizeof(builder));
    WRONG(nipc_cgroups_lookup_builder_init_for_request(NULL, &request, bytes, sizeof(bytes)));
    WRONG(nipc_cgroups_lookup_builder_init_for_request(&builder, NULL, bytes, sizeof(bytes)));
    CHECK(nipc_cgroups_lookup_builder_init_for_request(&builder, &request, NULL, sizeof(bytes)) !=
          NIPC_OK);
    WRONG(nipc_cgroups_lookup_builder_init(NULL, bytes, sizeof(bytes), 1, 1));
    WRONG(nipc_cgroups_lookup_builder_init(&builder, NULL, sizeof(bytes), 1, 1));
    nipc_cgroups_lookup_builder_set_generation(NULL, 1);
    WRONG(nipc_cgroups_lookup_builder_add(NULL, 0, 0, "/a", 2, "a", 1, NULL, 0));
    WRONG(nipc_cgroups_lookup_builder_add_request_item(NULL, &request, 0, 0, 0, "a", 1, NULL, 0));
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(NULL), 0);
    memset(&builder, 0, sizeof(builder));
    nipc_cgroups_lookup_builder_set_generation(&builder, 1);
    CHECK(nipc_cgroups_lookup_builder_add(&builder, 0, 0, "/a", 2, "a", 1, NULL, 0) != NIPC_OK);
    CHECK(nipc_cgroups_lookup_builder_add_request_item(&builder, &request, 0, 0, 0, "a", 1, NULL,
                                                       0) != NIPC_OK);
    CHECK(nipc_cgroups_lookup_builder_add_request_item(&builder, NULL, 0, 0, 0, "a", 1, NULL, 0) !=
          NIPC_OK);
    CHECK_EQ(nipc_cgroups_lookup_builder_finish(&builder), 0);
}

static void apps_messages(void) {
    nipc_apps_lookup_req_view_t request;
    nipc_apps_lookup_req_item_t key;
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    memset(&request, 0, sizeof(request));
    memset(&view, 0, sizeof(view));
    memset(&item, 0, sizeof(item));
    CHECK_EQ(nipc_apps_lookup_req_encode(NULL, 1, bytes, sizeof(bytes)), 0);
    CHECK_EQ(nipc_apps_lookup_req_encode(NULL, 0, NULL, sizeof(bytes)), 0);
    WRONG(nipc_apps_lookup_req_decode(NULL, 16, &request));
    WRONG(nipc_apps_lookup_req_decode(bytes, 16, NULL));
    WRONG(nipc_apps_lookup_req_item(NULL, 0, &key));
    WRONG(nipc_apps_lookup_req_item(&request, 0, NULL));
    CHECK_CODE(nipc_apps_lookup_req_item(&request, 0, &key), NIPC_ERR_OUT_OF_BOUNDS);
    WRONG(nipc_apps_lookup_resp_decode(NULL, 16, &view));
    WRONG(nipc_apps_lookup_resp_decode(bytes, 16, NULL));
    WRONG(nipc_apps_lookup_resp_item(NULL, 0, &item));
    WRONG(nipc_apps_lookup_resp_item(&view, 0, NULL));
    CHECK_CODE(nipc_apps_lookup_resp_item(&view, 0, &item), NIPC_ERR_OUT_OF_BOUNDS);
    WRONG(nipc_apps_lookup_item_label(NULL, 0, &label));
    WRONG(nipc_apps_lookup_item_label(&item, 0, NULL));
    CHECK_CODE(nipc_apps_lookup_item_label(&item, 0, &label), NIPC_ERR_OUT_OF_BOUNDS);
    request.item_count = view.item_count = 5;
    CHECK(nipc_apps_lookup_req_item(&request, 0, &key) != NIPC_OK);
    CHECK(nipc_apps_lookup_resp_item(&view, 0, &item) != NIPC_OK);
    memset(&item, 0, sizeof(item));
    item.label_count = 5;
    CHECK(nipc_apps_lookup_item_label(&item, 0, &label) != NIPC_OK);
}

static void apps_builders(void) {
    nipc_apps_lookup_req_view_t request;
    nipc_apps_lookup_builder_t builder;
    memset(&request, 0, sizeof(request));
    memset(&builder, 0, sizeof(builder));
    WRONG(nipc_apps_lookup_builder_init_for_request(NULL, &request, bytes, sizeof(bytes)));
    WRONG(nipc_apps_lookup_builder_init_for_request(&builder, NULL, bytes, sizeof(bytes)));
    WRONG(nipc_apps_lookup_builder_init(NULL, bytes, sizeof(bytes), 1, 1));
    WRONG(nipc_apps_lookup_builder_init(&builder, NULL, sizeof(bytes), 1, 1));
    CHECK(nipc_apps_lookup_builder_init_for_request(&builder, &request, NULL, sizeof(bytes)) !=
          NIPC_OK);
    nipc_apps_lookup_builder_set_generation(NULL, 1);
    WRONG(nipc_apps_lookup_builder_add(NULL, 0, 3, 0, 1, 1, 1, 1, "a", 1, NULL, 0, NULL, 0, NULL,
                                       0));
    CHECK_EQ(nipc_apps_lookup_builder_finish(NULL), 0);
    memset(&builder, 0, sizeof(builder));
    nipc_apps_lookup_builder_set_generation(&builder, 1);
    CHECK(nipc_apps_lookup_builder_add(&builder, 0, 3, 0, 1, 1, 1, 1, "a", 1, NULL, 0, NULL, 0,
                                       NULL, 0) != NIPC_OK);
    CHECK_EQ(nipc_apps_lookup_builder_finish(&builder), 0);
}

static void constants(void) {
    static const nipc_error_t errors[] = {
        NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_MAGIC, NIPC_ERR_BAD_VERSION,
        NIPC_ERR_BAD_HEADER_LEN, NIPC_ERR_BAD_KIND, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_OUT_OF_BOUNDS,
        NIPC_ERR_MISSING_NUL, NIPC_ERR_BAD_ALIGNMENT, NIPC_ERR_BAD_ITEM_COUNT, NIPC_ERR_OVERFLOW,
        NIPC_ERR_HANDLER_FAILED, NIPC_ERR_NOT_READY, NIPC_ERR_TIMEOUT, NIPC_ERR_ABORTED};
    static const nipc_error_t ours[] = {
        NIPC_ERR_DISCONNECTED, NIPC_ERR_UNSUPPORTED, NIPC_ERR_REJECTED, NIPC_ERR_PROTOCOL,
        NIPC_ERR_GENERATION_MISMATCH, NIPC_ERR_BUSY, NIPC_ERR_INVALID_ARGUMENT,
        NIPC_ERR_ADDRESS_IN_USE, NIPC_ERR_IO, NIPC_ERR_INTERNAL};
    const char *unknown = nipc_strerror((nipc_error_t)12345);
    REQUIRE(unknown != NULL);
    for (size_t i = 0; i < COUNT(errors); i++) {
        CHECK_EQ(errors[i], i);
        CHECK(strcmp(nipc_strerror(errors[i]), unknown) != 0);
    }
    for (size_t i = 0; i < COUNT(ours); i++) {
        CHECK_EQ(ours[i], 32 + i);
        CHECK(strcmp(nipc_strerror(ours[i]), unknown) != 0);
    }
    static const char *const states[] = {"disconnected", "connecting", "ready", "not found",
                                         "auth failed", "incompatible", "broken", "unknown state"};
    static const char *const transports[] = {"none", "socket", "shm", "unknown transport"};
    CHECK_EQ(NIPC_CLIENT_BROKEN, 6);
    for (size_t i = 0; i < COUNT(states); i++)
        CHECK(strcmp(nipc_client_state_name((nipc_client_state_t)i), states[i]) == 0);
    for (size_t i = 0; i < COUNT(transports); i++)
        CHECK(strcmp(nipc_transport_name((nipc_transport_t)i), transports[i]) == 0);
    CHECK(strcmp(nipc_version(), "0.1.0") == 0);
    // Rule H12.
    CHECK_EQ(nipc_simple_hash(NULL), 0x811c9dc5);
    CHECK_EQ(nipc_simple_hash(""), 0x811c9dc5);
    CHECK_EQ(nipc_simple_hash("a"), 0xe40c292c);
    CHECK_EQ(nipc_align8(0), 0);
    CHECK_EQ(nipc_align8(1), 8);
    CHECK_EQ(nipc_align8(8), 8);
    CHECK_EQ(nipc_align8(9), 16);
    CHECK_EQ(nipc_panic_count(), 0);
}

static const struct test tests[] = {
    {"envelopes", envelopes},
    {"batches", batches},
    {"values", values},
    {"snapshots", snapshots},
    {"cgroups_messages", cgroups_messages},
    {"cgroups_builders", cgroups_builders},
    {"apps_messages", apps_messages},
    {"apps_builders", apps_builders},
    {"constants", constants},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
