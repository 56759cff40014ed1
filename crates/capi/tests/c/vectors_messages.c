/* The golden bytes, both ways. */
#include "golden.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Written by the harness. */
#include "vectors_messages.inc"

/* Encodes into every room from one byte too little to one too much; memory checkers watch. */
#define CHECK_ENCODES(golden, call)                                                \
    do {                                                                           \
        const struct bytes golden_bytes = (golden)->bytes;                                 \
        for (size_t room = golden_bytes.len - 1; room <= golden_bytes.len + 1; room++) {           \
            uint8_t *buf = filled(room);                                           \
            size_t len = (call);                                                   \
            if (room < golden_bytes.len) {                                                 \
                CHECK_EQ(len, 0);                                                  \
            } else {                                                               \
                CHECK_BYTES(buf, len, golden_bytes.ptr, golden_bytes.len);                         \
            }                                                                      \
            free(buf);                                                             \
        }                                                                          \
    } while (0)

#define EACH(golden, table)                                                        \
    (size_t i = 0; i < COUNT(table) && (golden = &(table)[i],                      \
                                        test_context("%s", golden->name), true);   \
     i++)

static uint8_t *filled(size_t room) {
    uint8_t *buf = malloc(room + (room == 0));
    REQUIRE(buf != NULL);
    memset(buf, 0xee, room);
    return buf;
}

static void headers(void) {
    const struct golden_header *golden;
    for EACH(golden, golden_header) {
        nipc_header_t found, expected = golden->input;
        expected.magic = NIPC_MAGIC_MSG;
        expected.version = NIPC_VERSION;
        expected.header_len = NIPC_HEADER_LEN;
        CHECK_ENCODES(golden, nipc_header_encode(&expected, buf, room));
        CHECK_OK(nipc_header_decode(golden->bytes.ptr, golden->bytes.len, &found));
        CHECK_BYTES(&found, sizeof(found), &expected, sizeof(expected));
    }
}

static void chunk_headers(void) {
    const struct golden_chunk_header *golden;
    for EACH(golden, golden_chunk_header) {
        nipc_chunk_header_t found, expected = golden->input;
        expected.magic = NIPC_MAGIC_CHUNK;
        expected.version = NIPC_VERSION;
        CHECK_ENCODES(golden, nipc_chunk_header_encode(&expected, buf, room));
        CHECK_OK(nipc_chunk_header_decode(golden->bytes.ptr, golden->bytes.len, &found));
        CHECK_BYTES(&found, sizeof(found), &expected, sizeof(expected));
    }
}

static void hellos(void) {
    const struct golden_hello *golden;
    for EACH(golden, golden_hello) {
        nipc_hello_t input = golden->input, found;
        const nipc_hello_t *want = &input;
        input.layout_version = 1;
        CHECK_ENCODES(golden, nipc_hello_encode(want, buf, room));
        CHECK_OK(nipc_hello_decode(golden->bytes.ptr, golden->bytes.len, &found));
        CHECK_EQ(found.layout_version, 1);
        CHECK_EQ(found.flags, 0);
        CHECK_EQ(found.supported_profiles, want->supported_profiles);
        CHECK_EQ(found.preferred_profiles, want->preferred_profiles);
        CHECK_EQ(found.max_request_payload_bytes, want->max_request_payload_bytes);
        CHECK_EQ(found.max_request_batch_items, want->max_request_batch_items);
        CHECK_EQ(found.max_response_payload_bytes, want->max_response_payload_bytes);
        CHECK_EQ(found.max_response_batch_items, want->max_response_batch_items);
        CHECK_EQ(found.auth_token, want->auth_token);
        CHECK_EQ(found.packet_size, want->packet_size);
    }
}

static void hello_acks(void) {
    const struct golden_hello_ack *golden;
    for EACH(golden, golden_hello_ack) {
        nipc_hello_ack_t found, expected = golden->input;
        expected.layout_version = 1;
        CHECK_ENCODES(golden, nipc_hello_ack_encode(&expected, buf, room));
        CHECK_OK(nipc_hello_ack_decode(golden->bytes.ptr, golden->bytes.len, &found));
        CHECK_BYTES(&found, sizeof(found), &expected, sizeof(expected));
    }
}

/* Whole packets of handshakes: decoded, and encoded again from what they said. */
static void handshakes(void) {
    const struct golden_handshake *golden;
    for EACH(golden, golden_handshake) {
        nipc_header_t header;
        nipc_hello_t hello;
        nipc_hello_ack_t ack;
        uint8_t again[NIPC_HEADER_LEN + NIPC_HELLO_ACK_LEN];
        const uint8_t *payload = golden->bytes.ptr + NIPC_HEADER_LEN;
        CHECK_OK(nipc_header_decode(golden->bytes.ptr, golden->bytes.len, &header));
        CHECK_EQ(header.kind, NIPC_KIND_CONTROL);
        CHECK_EQ(header.payload_len, golden->bytes.len - NIPC_HEADER_LEN);
        size_t len = nipc_header_encode(&header, again, sizeof(again));
        if (header.code == NIPC_CODE_HELLO) {
            CHECK_OK(nipc_hello_decode(payload, header.payload_len, &hello));
            CHECK_EQ(hello.auth_token, 0x1122334455667788);
            CHECK_EQ(hello.packet_size, 212992);
            len += nipc_hello_encode(&hello, again + len, sizeof(again) - len);
        } else {
            CHECK_EQ(header.code, NIPC_CODE_HELLO_ACK);
            CHECK_OK(nipc_hello_ack_decode(payload, header.payload_len, &ack));
            bool refused = header.transport_status != NIPC_STATUS_OK;
            CHECK_EQ(ack.agreed_packet_size, refused ? 0 : 4096);
            CHECK_EQ(ack.session_id, refused ? 0 : 7);
            len += nipc_hello_ack_encode(&ack, again + len, sizeof(again) - len);
        }
        CHECK_BYTES(again, len, golden->bytes.ptr, golden->bytes.len);
    }
}

static void numbers(void) {
    const struct golden_increment *golden;
    for EACH(golden, golden_increment) {
        uint64_t value = 0;
        CHECK_ENCODES(golden, nipc_increment_encode(golden->input.value, buf, room));
        CHECK_OK(nipc_increment_decode(golden->bytes.ptr, golden->bytes.len, &value));
        CHECK_EQ(value, golden->input.value);
    }
}

static void texts(void) {
    const struct golden_string_reverse *golden;
    for EACH(golden, golden_string_reverse) {
        nipc_str_view_t text = golden->input.text;
        nipc_string_reverse_view_t found;
        CHECK_ENCODES(golden, nipc_string_reverse_encode(text.ptr, text.len, buf, room));
        CHECK_OK(nipc_string_reverse_decode(golden->bytes.ptr, golden->bytes.len, &found));
        nipc_str_view_t view = {found.str, found.str_len};
        CHECK_VIEW(view, text);
    }
}

static size_t build_batch(const struct batch_input *input, void *buf, size_t room) {
    nipc_batch_builder_t builder;
    uint32_t count = 77;
    if (nipc_batch_builder_init(&builder, buf, room, input->items_count) != NIPC_OK) {
        return 0;
    }
    for (uint32_t item = 0; item < input->items_count; item++) {
        (void)nipc_batch_builder_add(&builder, input->items[item].ptr, input->items[item].len);
    }
    size_t len = nipc_batch_builder_finish(&builder, &count);
    CHECK(len == 0 || count == input->items_count);
    CHECK_EQ(len == 0, builder.error != NIPC_OK);
    return len;
}

static void check_directory(const struct golden_batch *golden) {
    const uint32_t count = golden->input.items_count;
    const size_t directory = (size_t)count * NIPC_BATCH_ENTRY_SIZE;
    const uint32_t packed = (uint32_t)(golden->bytes.len - nipc_align8(directory));
    nipc_batch_entry_t entries[8];
    uint8_t again[64];
    REQUIRE(count <= COUNT(entries));
    CHECK_OK(nipc_batch_dir_validate(golden->bytes.ptr, golden->bytes.len, count, packed));
    CHECK_OK(nipc_batch_dir_decode(golden->bytes.ptr, golden->bytes.len, count, packed, entries));
    size_t len = nipc_batch_dir_encode(entries, count, again, sizeof(again));
    CHECK_BYTES(again, len, golden->bytes.ptr, directory);
    CHECK_EQ(nipc_batch_dir_encode(entries, count, again, directory - 1), 0);
    for (uint32_t item = 0; item < count; item++) {
        const uint8_t *start = golden->bytes.ptr + nipc_align8(directory) + entries[item].offset;
        CHECK_BYTES(start, entries[item].length, golden->input.items[item].ptr,
                    golden->input.items[item].len);
    }
}

static void batches(void) {
    const struct golden_batch *golden;
    for EACH(golden, golden_batch) {
        const uint32_t count = golden->input.items_count;
        CHECK_ENCODES(golden, build_batch(&golden->input, buf, room));
        check_directory(golden);
        for (uint32_t item = 0; item <= count; item++) {
            const void *found = NULL;
            uint32_t len = 0;
            nipc_error_t code = nipc_batch_item_get(golden->bytes.ptr, golden->bytes.len, count,
                                                    item, &found, &len);
            if (item == count) {
                CHECK_CODE(code, NIPC_ERR_OUT_OF_BOUNDS);
            } else {
                CHECK_OK(code);
                CHECK_BYTES(found, len, golden->input.items[item].ptr,
                            golden->input.items[item].len);
            }
        }
    }
}

/* A message cut into packets: each begins with the header or with a chunk's. */
static void chunks(void) {
    const struct golden_chunks *golden = &golden_chunks[0];
    const uint32_t room = golden->agreed_packet_size - NIPC_CHUNK_HEADER_LEN;
    nipc_header_t header = {.magic = NIPC_MAGIC_MSG,
                            .version = NIPC_VERSION,
                            .header_len = NIPC_HEADER_LEN,
                            .kind = golden->kind,
                            .code = golden->code,
                            .item_count = 1,
                            .payload_len = (uint32_t)golden->payload.len,
                            .message_id = golden->message_id};
    const uint8_t *rest = golden->payload.ptr;
    for (uint32_t i = 0; i < golden->packets_count; i++) {
        uint8_t packet[64];
        uint32_t left = (uint32_t)(golden->payload.ptr + golden->payload.len - rest);
        uint32_t part = left < room ? left : room;
        nipc_chunk_header_t chunk = {
            .magic = NIPC_MAGIC_CHUNK,
            .version = NIPC_VERSION,
            .message_id = golden->message_id,
            .total_message_len = header.payload_len + NIPC_HEADER_LEN,
            .chunk_index = i,
            .chunk_count = golden->packets_count,
            .chunk_payload_len = part};
        size_t len = i == 0 ? nipc_header_encode(&header, packet, sizeof(packet))
                            : nipc_chunk_header_encode(&chunk, packet, sizeof(packet));
        memcpy(packet + len, rest, part);
        CHECK_BYTES(packet, len + part, golden->packets[i].ptr, golden->packets[i].len);
        rest += part;
    }
    CHECK(rest == golden->payload.ptr + golden->payload.len);
}

static const struct test tests[] = {
    {"headers", headers},       {"chunk_headers", chunk_headers}, {"hellos", hellos},
    {"hello_acks", hello_acks}, {"handshakes", handshakes},       {"numbers", numbers},
    {"texts", texts},           {"batches", batches},             {"chunks", chunks},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
