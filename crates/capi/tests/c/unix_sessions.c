/* Sessions over the ring, which is on Linux: shared memory that several requests go through at once. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>

#include "pair.h"

static void requests_are_pipelined_over_the_ring(void) {
    struct pair pair;
    nipc_session_info_t info;
    nipc_message_t message;
    nipc_header_t header;
    pair_open(&pair, NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_RING, 0);
    CHECK_OK(nipc_session_info(&pair.client, &info));
    CHECK_EQ(info.profile, NIPC_PROFILE_SHM_RING);
    CHECK_EQ(info.transport, NIPC_TRANSPORT_SHM);
    CHECK_EQ(info.window, 0);
    for (uint64_t id = 1; id <= 8; id++) {
        header = request_header(id);
        CHECK_OK(nipc_session_send(&pair.client, &header, &id, sizeof(id), PATIENCE));
    }
    for (uint64_t id = 1; id <= 8; id++) {
        answer_next(&pair.server);
    }
    for (uint64_t id = 1; id <= 8; id++) {
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        CHECK_EQ(message.header.message_id, id);
        CHECK_BYTES(message.payload, message.payload_len, &id, sizeof(id));
    }
    pair_close(&pair);
}

static void large_messages_go_through_the_ring(void) {
    const size_t len = 1000000;
    uint8_t *bytes = malloc(len);
    struct pair pair;
    nipc_header_t header = request_header(1);
    nipc_message_t message;
    pthread_t thread;
    REQUIRE(bytes != NULL);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 5 + i / 253);
    }
    pair_open(&pair, NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_RING, 1 << 20);
    REQUIRE(pthread_create(&thread, NULL, echo, &pair.server) == 0);
    CHECK_OK(nipc_session_send(&pair.client, &header, bytes, len, PATIENCE));
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    CHECK_BYTES(message.payload, message.payload_len, bytes, len);
    nipc_session_close(&pair.client);
    CHECK(pthread_join(thread, NULL) == 0);
    pair_close(&pair);
    free(bytes);
}

static const struct test tests[] = {
    {"requests_are_pipelined_over_the_ring", requests_are_pipelined_over_the_ring},
    {"large_messages_go_through_the_ring", large_messages_go_through_the_ring},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
