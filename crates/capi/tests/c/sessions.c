/* Sessions that programs drive themselves: what they carry, what was agreed, and how they end. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "pair.h"

static void nothing_in_between(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct pair pair;
        nipc_session_info_t client, server;
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&pair, offers[i], 0);
        CHECK_OK(nipc_session_info(&pair.client, &client));
        CHECK_OK(nipc_session_info(&pair.server, &server));
        CHECK_EQ(client.profile, chosen(offers[i]));
        CHECK_EQ(client.transport, offers[i] == NIPC_PROFILE_BASELINE ? NIPC_TRANSPORT_SOCKET
                                                                       : NIPC_TRANSPORT_SHM);
        CHECK_EQ(client.window, offers[i] == NIPC_PROFILE_BASELINE ? 0 : 1);
        CHECK(client.packet_size > NIPC_HEADER_LEN);
        CHECK_EQ(client.session_id, 1);
        CHECK((client.server_profiles & offers[i]) == offers[i]);
        CHECK_EQ(client.max_request_payload_bytes, 1024);
        CHECK_EQ(client.max_request_batch_items, 1);
        /* A server that is not configured makes more of 1024. */
        CHECK_EQ(client.max_response_payload_bytes, 65536);
        CHECK_EQ(client.in_flight, 0);
        CHECK_EQ(client.peer_uid, platform_user());
        /* Both know the same, of each other. */
        CHECK(client.peer_pid != 0 && client.peer_pid == server.peer_pid);
        CHECK(memcmp(&client, &server, sizeof(client)) == 0);
        CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_READY);
        CHECK_EQ(nipc_session_state(&pair.server), NIPC_CLIENT_READY);
        CHECK_OK(nipc_session_check(&pair.client));
        CHECK_OK(nipc_session_check(&pair.server));
        CHECK(nipc_session_wait_object(&pair.client) != NIPC_NATIVE_NONE);
        pair_close(&pair);
        CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_DISCONNECTED);
    }
}

/* Three requests are under way before the first is answered; answers come the other way round. */
static void requests_are_pipelined(void) {
    struct pair pair;
    nipc_session_info_t info;
    nipc_message_t message;
    nipc_header_t header;
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    for (uint64_t id = 1; id <= 3; id++) {
        header = request_header(id);
        CHECK_OK(nipc_session_send(&pair.client, &header, &id, sizeof(id), PATIENCE));
    }
    CHECK_CODE(nipc_session_send(&pair.client, &header, "again", 5, PATIENCE),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK_OK(nipc_session_info(&pair.client, &info));
    CHECK_EQ(info.in_flight, 3);
    for (uint64_t id = 1; id <= 3; id++) {
        CHECK_OK(nipc_session_receive(&pair.server, &message, PATIENCE));
        CHECK_EQ(message.header.message_id, id);
        CHECK_EQ(message.header.item_count, 1);
        CHECK_EQ(message.header.payload_len, sizeof(id));
        CHECK_BYTES(message.payload, message.payload_len, &id, sizeof(id));
    }
    for (uint64_t id = 3; id > 0; id--) {
        header = request_header(id);
        CHECK_OK(nipc_header_answer(&header, NIPC_STATUS_OK, &header));
        CHECK_EQ(header.kind, NIPC_KIND_RESPONSE);
        CHECK_OK(nipc_session_send(&pair.server, &header, &id, sizeof(id), PATIENCE));
    }
    for (uint64_t id = 3; id > 0; id--) {
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        CHECK_EQ(message.header.message_id, id);
        CHECK_BYTES(message.payload, message.payload_len, &id, sizeof(id));
    }
    CHECK_OK(nipc_session_info(&pair.client, &info));
    CHECK_EQ(info.in_flight, 0);
    pair_close(&pair);
}

static void shared_memory_carries_one_at_a_time(void) {
    struct pair pair;
    nipc_header_t first = request_header(1), second = request_header(2);
    nipc_message_t message;
    pair_open(&pair, offers[1], 0);
    CHECK_OK(nipc_session_send(&pair.client, &first, "one", 3, PATIENCE));
    CHECK_CODE(nipc_session_send(&pair.client, &second, "two", 3, PATIENCE), NIPC_ERR_BUSY);
    answer_next(&pair.server);
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    CHECK_OK(nipc_session_send(&pair.client, &second, "two", 3, PATIENCE));
    answer_next(&pair.server);
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    CHECK_BYTES(message.payload, message.payload_len, "two", 3);
    pair_close(&pair);
}

static void batches_have_items(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        uint8_t payload[256];
        struct pair pair;
        nipc_batch_builder_t builder;
        nipc_header_t header = request_header(5);
        nipc_message_t message;
        const void *item;
        uint32_t items, len;
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&pair, offers[i], 0);
        CHECK_OK(nipc_batch_builder_init(&builder, payload, sizeof(payload), 3));
        CHECK_OK(nipc_batch_builder_add(&builder, "one", 3));
        CHECK_OK(nipc_batch_builder_add(&builder, "three", 5));
        size_t payload_len = nipc_batch_builder_finish(&builder, &items);
        header.flags = NIPC_FLAG_BATCH;
        header.item_count = items;
        /* More items than were agreed. */
        CHECK_CODE(nipc_session_send(&pair.client, &header, payload, payload_len, PATIENCE),
                   NIPC_ERR_OVERFLOW);
        pair_close(&pair);
        pair_open(&pair, offers[i], 4096);
        CHECK_OK(nipc_session_send(&pair.client, &header, payload, payload_len, PATIENCE));
        answer_next(&pair.server);
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        CHECK_EQ(message.header.flags, NIPC_FLAG_BATCH);
        CHECK_EQ(message.header.item_count, 2);
        CHECK_OK(nipc_batch_item_get(message.payload, message.payload_len, 2, 1, &item, &len));
        CHECK_BYTES(item, len, "three", 5);
        pair_close(&pair);
    }
}

/* Longer than any packet of a socket: chunks are nobody's business. */
static void large_messages_go_through(void) {
    const size_t len = 1000000;
    uint8_t *bytes = malloc(len);
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct pair pair;
        nipc_header_t header = request_header(1);
        nipc_message_t message;
        pthread_t thread;
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&pair, offers[i], 1 << 20);
        REQUIRE(pthread_create(&thread, NULL, echo, &pair.server) == 0);
        CHECK_OK(nipc_session_send(&pair.client, &header, bytes, len, PATIENCE));
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        CHECK_BYTES(message.payload, message.payload_len, bytes, len);
        nipc_session_close(&pair.client);
        CHECK(pthread_join(thread, NULL) == 0);
        pair_close(&pair);
    }
    free(bytes);
}

static void more_than_agreed_is_refused_before_it_is_sent(void) {
    static uint8_t bytes[1025];
    struct pair pair;
    nipc_header_t header = request_header(1);
    nipc_message_t message;
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    CHECK_CODE(nipc_session_send(&pair.client, &header, bytes, 1025, PATIENCE), NIPC_ERR_OVERFLOW);
    header.kind = NIPC_KIND_RESPONSE;
    CHECK_CODE(nipc_session_send(&pair.client, &header, bytes, 1, PATIENCE), NIPC_ERR_BAD_KIND);
    CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_READY);
    header.kind = NIPC_KIND_REQUEST;
    CHECK_OK(nipc_session_send(&pair.client, &header, bytes, 1024, PATIENCE));
    answer_next(&pair.server);
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    pair_close(&pair);
}

/* What was said before a hang-up is heard before it. */
static void a_hang_up_is_told(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct pair pair;
        nipc_header_t header = request_header(9);
        nipc_message_t message;
        uint64_t ids[4] = {0};
        char why[300];
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&pair, offers[i], 0);
        CHECK_OK(nipc_session_send(&pair.client, &header, "last", 4, PATIENCE));
        answer_next(&pair.server);
        nipc_session_close(&pair.server);
        CHECK(platform_is_ready(nipc_session_wait_object(&pair.client), PATIENCE));
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        CHECK_BYTES(message.payload, message.payload_len, "last", 4);
        CHECK_CODE(nipc_session_receive(&pair.client, &message, PATIENCE), NIPC_ERR_DISCONNECTED);
        CHECK(message.payload == NULL && message.payload_len == 0);
        CHECK_CODE(nipc_session_check(&pair.client), NIPC_ERR_DISCONNECTED);
        CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_BROKEN);
        CHECK(nipc_session_last_error(&pair.client, why, sizeof(why)) > 0);
        CHECK(strstr(why, pair.service) != NULL);
        CHECK_EQ(nipc_session_give_up(&pair.client, ids, 4), 0);
        pair_close(&pair);
    }
}

static void what_has_no_answer_is_told(void) {
    struct pair pair;
    uint64_t ids[2] = {0};
    nipc_header_t header;
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    for (uint64_t id = 10; id < 13; id++) {
        header = request_header(id);
        CHECK_OK(nipc_session_send(&pair.client, &header, NULL, 0, PATIENCE));
    }
    CHECK_EQ(nipc_session_give_up(&pair.client, ids, 2), 3);
    CHECK(ids[0] == 10 && ids[1] == 11);
    CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_BROKEN);
    header = request_header(20);
    CHECK_CODE(nipc_session_send(&pair.client, &header, NULL, 0, PATIENCE), NIPC_ERR_NOT_READY);
    pair_close(&pair);
}

static void wait_objects_tell(void) {
    struct pair pair;
    nipc_header_t header = request_header(1);
    nipc_message_t message;
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    CHECK(!platform_is_ready(nipc_listener_wait_object(&pair.listener), 0));
    CHECK(!platform_is_ready(nipc_session_wait_object(&pair.server), 0));
    CHECK_CODE(nipc_session_receive(&pair.server, &message, 0), NIPC_ERR_TIMEOUT);
    CHECK_OK(nipc_session_send(&pair.client, &header, "x", 1, PATIENCE));
    CHECK(platform_is_ready(nipc_session_wait_object(&pair.server), PATIENCE));
    CHECK_OK(nipc_session_receive(&pair.server, &message, 0));
    CHECK_CODE(nipc_session_receive(&pair.server, &message, 0), NIPC_ERR_TIMEOUT);
    CHECK_EQ(nipc_session_state(&pair.server), NIPC_CLIENT_READY);
    pair_close(&pair);
}

/* Answers a client's snapshots, session after session, until the listener is aborted. */
static void *serve_snapshots(void *listener) {
    static uint8_t answer[NIPC_MAX_PAYLOAD_CAP];
    nipc_session_t session = {0};
    nipc_error_t error;
    while ((error = nipc_listener_accept(listener, &session, PATIENCE)) == NIPC_OK) {
        nipc_session_info_t info;
        nipc_message_t request;
        CHECK_OK(nipc_session_info(&session, &info));
        while (nipc_session_receive(&session, &request, PATIENCE) == NIPC_OK) {
            size_t len, room = info.max_response_payload_bytes;
            nipc_header_t header;
            error = nipc_dispatch_cgroups_snapshot(request.payload, request.payload_len, answer,
                                                   room, &len, answer_snapshot, NULL);
            CHECK_OK(nipc_header_answer(&request.header, nipc_dispatch_status(error), &header));
            CHECK_OK(nipc_session_send(&session, &header, answer, len, PATIENCE));
            if (error != NIPC_OK) {
                nipc_session_linger(&session);
                break;
            }
        }
        nipc_session_close(&session);
    }
    CHECK_CODE(error, NIPC_ERR_ABORTED);
    return NULL;
}

/* It asks for more than was agreed, and comes back with room for it. */
static void the_other_side_may_be_a_client(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        const nipc_server_config_t config = server_config();
        nipc_listener_t listener = {0};
        nipc_client_ctx_t client;
        nipc_cgroups_resp_view_t view;
        char service[32];
        pthread_t thread;
        test_context("profiles %u", (unsigned)offers[i]);
        snprintf(service, sizeof(service), "%s", new_service());
        CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &config));
        REQUIRE(pthread_create(&thread, NULL, serve_snapshots, &listener) == 0);
        connect_client(&client, service, offers[i]);
        CHECK_OK(nipc_client_call_cgroups_snapshot_timeout(&client, &view, PATIENCE));
        check_snapshot(&view, SNAPSHOT_ITEMS);
        CHECK(client.session.max_response_payload_bytes > 65536);
        nipc_client_close(&client);
        nipc_listener_abort(&listener);
        CHECK(pthread_join(thread, NULL) == 0);
        nipc_listener_close(&listener);
    }
}

static void the_other_side_may_be_a_server(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        const nipc_client_config_t config = client_config(offers[i]);
        nipc_session_t session = {0};
        nipc_header_t header = request_header(77);
        nipc_message_t message;
        uint8_t payload[8];
        uint64_t number;
        test_context("profiles %u", (unsigned)offers[i]);
        header.code = NIPC_METHOD_INCREMENT;
        CHECK_OK(nipc_session_connect(&session, test_dir(), "rust-increment", &config, PATIENCE));
        size_t len = nipc_increment_encode(41, payload, sizeof(payload));
        CHECK_OK(nipc_session_send(&session, &header, payload, len, PATIENCE));
        CHECK_OK(nipc_session_receive(&session, &message, PATIENCE));
        CHECK_EQ(message.header.transport_status, NIPC_STATUS_OK);
        CHECK_OK(nipc_increment_decode(message.payload, message.payload_len, &number));
        CHECK_EQ(number, 42);
        nipc_session_close(&session);
    }
}

static const struct test tests[] = {
    {"nothing_in_between", nothing_in_between},
    {"requests_are_pipelined", requests_are_pipelined},
    {"shared_memory_carries_one_at_a_time", shared_memory_carries_one_at_a_time},
    {"batches_have_items", batches_have_items},
    {"large_messages_go_through", large_messages_go_through},
    {"more_than_agreed_is_refused_before_it_is_sent",
     more_than_agreed_is_refused_before_it_is_sent},
    {"a_hang_up_is_told", a_hang_up_is_told},
    {"what_has_no_answer_is_told", what_has_no_answer_is_told},
    {"wait_objects_tell", wait_objects_tell},
    {"the_other_side_may_be_a_client", the_other_side_may_be_a_client},
    {"the_other_side_may_be_a_server", the_other_side_may_be_a_server},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
