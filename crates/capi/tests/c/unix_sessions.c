/* Sessions over the ring, which is on Linux: shared memory that several requests go through at once. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

/* Who connects and says nothing holds nobody up but itself. */
static void a_silent_client_is_closed(void) {
    const nipc_server_config_t config = server_config();
    nipc_listener_t listener = {0};
    nipc_session_t silent = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char service[32], byte;
    snprintf(service, sizeof(service), "%s", new_service());
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", test_dir(), service);
    REQUIRE(len > 0 && (size_t)len < sizeof(address.sun_path));
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &config));
    int client = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    REQUIRE(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0);
    CHECK_OK(nipc_listener_accept_link(&listener, &silent, PATIENCE));
    CHECK(!platform_is_ready(nipc_session_wait_object(&silent), 0));
    CHECK_CODE(nipc_session_handshake(&silent, 20), NIPC_ERR_TIMEOUT);
    CHECK_EQ(nipc_session_state(&silent), NIPC_CLIENT_DISCONNECTED);
    CHECK_EQ(read(client, &byte, 1), 0);
    close(client);
    nipc_listener_close(&listener);
}

static bool add_one(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    *response = request + 1;
    return true;
}

/* A ring that is watched takes system calls for each message: a client that nobody watches makes none. */
static void a_ring_is_watched_once_somebody_asks(void) {
    const uint32_t profiles = NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_RING;
    const nipc_client_config_t asks = client_config(profiles);
    nipc_server_config_t offers_ring = server_config();
    struct provider provider = {0};
    nipc_client_ctx_t client = {0};
    uint64_t answer = 0;
    const char *service = new_service();
    offers_ring.supported_profiles = profiles;
    CHECK_OK(nipc_server_init_increment(&provider.server, test_dir(), service, &offers_ring, 1,
                                        &(nipc_increment_service_handler_t){.handle = add_one}));
    provider_run(&provider);
    nipc_client_init(&client, test_dir(), service, &asks);
    await_session(&client);
    CHECK_EQ(client.session.selected_profile, NIPC_PROFILE_SHM_RING);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    CHECK_EQ(answer, 2);
    CHECK_EQ(client.session.native, NIPC_NATIVE_NONE);
    CHECK(nipc_client_wait_object(&client) != NIPC_NATIVE_NONE);
    CHECK_OK(nipc_client_call_increment(&client, 2, &answer));
    CHECK_EQ(answer, 3);
    nipc_client_close(&client);
    provider_stop(&provider);
}

static const struct test tests[] = {
    {"a_ring_is_watched_once_somebody_asks", a_ring_is_watched_once_somebody_asks},
    {"a_silent_client_is_closed", a_silent_client_is_closed},
    {"requests_are_pipelined_over_the_ring", requests_are_pipelined_over_the_ring},
    {"large_messages_go_through_the_ring", large_messages_go_through_the_ring},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
