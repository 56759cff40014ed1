/* Sessions that do not come about, are called off, or carry what they should not. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>

#include "pair.h"

/* Tries to connect while SERVER listens, and gives what both got. */
static nipc_error_t connect_with(nipc_listener_t *listener, nipc_session_t *session,
                                 const char *service, nipc_client_config_t config,
                                 nipc_error_t expected) {
    struct connecting client = {.session = session, .service = service, .config = config};
    nipc_session_t server = {0};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, connecting_run, &client) == 0);
    CHECK_CODE(nipc_listener_accept(listener, &server, PATIENCE), expected);
    CHECK(pthread_join(thread, NULL) == 0);
    nipc_session_close(&server);
    return client.error;
}

static void refusals_are_told(void) {
    const nipc_server_config_t config = server_config();
    nipc_listener_t listener = {0};
    nipc_session_t session = {0};
    nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    char service[32], why[300];
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_CODE(nipc_session_connect(&session, test_dir(), service, &client, PATIENCE),
               NIPC_ERR_DISCONNECTED);
    CHECK_EQ(nipc_session_state(&session), NIPC_CLIENT_NOT_FOUND);
    CHECK(nipc_session_last_error(&session, why, sizeof(why)) > 0);
    CHECK(strstr(why, "no server at") != NULL && strstr(why, service) != NULL);

    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &config));
    client.auth_token = TOKEN + 1;
    CHECK_CODE(connect_with(&listener, &session, service, client, NIPC_ERR_REJECTED),
               NIPC_ERR_REJECTED);
    CHECK_EQ(nipc_session_state(&session), NIPC_CLIENT_AUTH_FAILED);
    CHECK(nipc_session_last_error(&session, why, sizeof(why)) > 0);
    CHECK(strstr(why, service) != NULL && strstr(why, "auth token") != NULL);
    CHECK(nipc_listener_last_error(&listener, why, sizeof(why)) > 0);
    CHECK(strstr(why, service) != NULL);

    client.auth_token = TOKEN;
    client.supported_profiles = NIPC_PROFILE_SHM_WAITADDR;
    nipc_error_t error = nipc_session_connect(&session, test_dir(), service, &client, 0);
    CHECK(error != NIPC_OK);
    nipc_listener_close(&listener);

    /* Requests as large as those, the server does not take. */
    nipc_server_config_t small = server_config();
    small.max_request_payload_bytes = 100;
    client = client_config(NIPC_PROFILE_BASELINE);
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &small));
    CHECK_CODE(connect_with(&listener, &session, service, client, NIPC_ERR_REJECTED),
               NIPC_ERR_OVERFLOW);
    /* It goes on with the next client. */
    client.max_request_payload_bytes = 100;
    CHECK_OK(connect_with(&listener, &session, service, client, NIPC_OK));
    CHECK_EQ(nipc_session_state(&session), NIPC_CLIENT_READY);
    nipc_session_close(&session);
    nipc_listener_close(&listener);
}

static void an_endpoint_has_one_owner(void) {
    const nipc_server_config_t config = server_config();
    nipc_listener_t first = {0}, second = {0};
    char service[32], why[300];
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(nipc_listener_bind(&first, test_dir(), service, &config));
    CHECK_CODE(nipc_listener_bind(&first, test_dir(), service, &config), NIPC_ERR_BUSY);
    CHECK_CODE(nipc_listener_bind(&second, test_dir(), service, &config),
               NIPC_ERR_ADDRESS_IN_USE);
    CHECK(nipc_listener_last_error(&second, why, sizeof(why)) > 0);
    CHECK(strstr(why, service) != NULL);
    nipc_listener_close(&first);
    CHECK_OK(nipc_listener_bind(&second, test_dir(), service, &config));
    nipc_listener_close(&second);
    nipc_listener_close(&second);
}

static void a_session_is_open_once(void) {
    struct pair pair;
    const nipc_client_config_t config = client_config(NIPC_PROFILE_BASELINE);
    nipc_message_t message;
    nipc_header_t header = request_header(1);
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    CHECK_CODE(nipc_session_connect(&pair.client, test_dir(), pair.service, &config, PATIENCE),
               NIPC_ERR_BUSY);
    CHECK_CODE(nipc_listener_accept(&pair.listener, &pair.server, 0), NIPC_ERR_BUSY);
    CHECK_OK(nipc_session_send(&pair.client, &header, "still", 5, PATIENCE));
    answer_next(&pair.server);
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    /* Closed, it can be connected again; the other end may outlive its listener. */
    nipc_session_close(&pair.client);
    nipc_session_close(&pair.server);
    struct connecting again = {.session = &pair.client, .service = pair.service, .config = config};
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, connecting_run, &again) == 0);
    CHECK_OK(nipc_listener_accept(&pair.listener, &pair.server, PATIENCE));
    CHECK(pthread_join(thread, NULL) == 0);
    nipc_listener_close(&pair.listener);
    CHECK_OK(nipc_session_send(&pair.client, &header, "again", 5, PATIENCE));
    answer_next(&pair.server);
    CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
    CHECK_BYTES(message.payload, message.payload_len, "again", 5);
    pair_close(&pair);
}

/* Clients that were taken shake hands when their time comes, in any order. */
static void handshakes_wait_for_nobody(void) {
    const nipc_server_config_t config = server_config();
    static nipc_session_t clients[2], taken[2];
    nipc_listener_t listener = {0};
    struct connecting connecting[2];
    pthread_t threads[2];
    nipc_header_t header = request_header(1);
    nipc_message_t message;
    nipc_session_info_t info;
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &config));
    CHECK_CODE(nipc_listener_accept_link(&listener, &taken[0], 0), NIPC_ERR_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        connecting[i] = (struct connecting){.session = &clients[i], .service = service,
                                            .config = client_config(offers[i])};
        REQUIRE(pthread_create(&threads[i], NULL, connecting_run, &connecting[i]) == 0);
        CHECK_OK(nipc_listener_accept_link(&listener, &taken[i], PATIENCE));
        CHECK_EQ(nipc_session_state(&taken[i]), NIPC_CLIENT_CONNECTING);
        CHECK_CODE(nipc_session_receive(&taken[i], &message, 0), NIPC_ERR_NOT_READY);
        CHECK_CODE(nipc_listener_accept_link(&listener, &taken[i], 0), NIPC_ERR_BUSY);
    }
    for (int i = 2; i-- > 0;) {
        CHECK(platform_is_ready(nipc_session_wait_object(&taken[i]), PATIENCE));
        CHECK_OK(nipc_session_handshake(&taken[i], PATIENCE));
        CHECK_EQ(nipc_session_state(&taken[i]), NIPC_CLIENT_READY);
        CHECK_CODE(nipc_session_handshake(&taken[i], 0), NIPC_ERR_NOT_READY);
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK_OK(connecting[i].error);
        CHECK_OK(nipc_session_info(&taken[i], &info));
        CHECK_EQ(info.session_id, 2 - (uint64_t)i);
        CHECK_OK(nipc_session_send(&clients[i], &header, "hello", 5, PATIENCE));
        answer_next(&taken[i]);
        CHECK_OK(nipc_session_receive(&clients[i], &message, PATIENCE));
    }
    for (int i = 0; i < 2; i++) {
        nipc_session_close(&clients[i]);
        nipc_session_close(&taken[i]);
    }
    nipc_listener_close(&listener);
}

/* One that is refused closes its session, and one that was never shaken hands with is closed. */
static void handshakes_that_fail(void) {
    const nipc_server_config_t config = server_config();
    nipc_listener_t listener = {0};
    nipc_session_t client = {0}, taken = {0};
    struct connecting connecting;
    pthread_t thread;
    char service[32], why[300];
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &config));
    for (int i = 0; i < 2; i++) {
        connecting = (struct connecting){.session = &client, .service = service,
                                         .config = client_config(NIPC_PROFILE_BASELINE)};
        connecting.config.auth_token += i == 0;
        REQUIRE(pthread_create(&thread, NULL, connecting_run, &connecting) == 0);
        CHECK_OK(nipc_listener_accept_link(&listener, &taken, PATIENCE));
        if (i == 0) {
            CHECK_CODE(nipc_session_handshake(&taken, PATIENCE), NIPC_ERR_REJECTED);
            CHECK_EQ(nipc_session_state(&taken), NIPC_CLIENT_DISCONNECTED);
            CHECK(nipc_session_last_error(&taken, why, sizeof(why)) > 0);
            CHECK(strstr(why, service) != NULL);
        }
        nipc_session_close(&taken);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_CODE(connecting.error, i == 0 ? NIPC_ERR_REJECTED : NIPC_ERR_DISCONNECTED);
    }
    nipc_listener_close(&listener);
}

static void deadlines_leave_the_session(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct pair pair;
        nipc_message_t message;
        nipc_session_t nobody = {0};
        nipc_header_t header = request_header(3);
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&pair, offers[i], 0);
        CHECK_CODE(nipc_session_receive(&pair.client, &message, 20), NIPC_ERR_TIMEOUT);
        CHECK_CODE(nipc_listener_accept(&pair.listener, &nobody, 20), NIPC_ERR_TIMEOUT);
        CHECK_EQ(nipc_session_state(&nobody), NIPC_CLIENT_DISCONNECTED);
        CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_READY);
        CHECK_OK(nipc_session_send(&pair.client, &header, "late", 4, PATIENCE));
        answer_next(&pair.server);
        CHECK_OK(nipc_session_receive(&pair.client, &message, PATIENCE));
        pair_close(&pair);
    }
}

/* Half a message is nothing that another could follow. */
static void half_a_message_ends_the_session(void) {
    const uint32_t len = 1 << 20;
    static uint8_t bytes[1 << 20];
    struct pair pair;
    nipc_header_t header = request_header(1);
    pair_open(&pair, NIPC_PROFILE_BASELINE, len);
    /* The socket takes the first packets of a message that nobody receives. */
    CHECK_CODE(nipc_session_send(&pair.client, &header, bytes, len, 50), NIPC_ERR_TIMEOUT);
    CHECK_EQ(nipc_session_state(&pair.client), NIPC_CLIENT_BROKEN);
    header = request_header(2);
    CHECK_CODE(nipc_session_send(&pair.client, &header, NULL, 0, 50), NIPC_ERR_NOT_READY);
    pair_close(&pair);
}

struct waiter {
    struct pair pair;
    atomic_int waits;
    nipc_error_t error;
};

static void *receive(void *argument) {
    struct waiter *waiter = argument;
    nipc_message_t message;
    atomic_store(&waiter->waits, 1);
    waiter->error = nipc_session_receive(&waiter->pair.client, &message, PATIENCE);
    return NULL;
}

static void *accept_one(void *argument) {
    struct waiter *waiter = argument;
    nipc_session_t session = {0};
    atomic_store(&waiter->waits, 1);
    waiter->error = nipc_listener_accept(&waiter->pair.listener, &session, PATIENCE);
    nipc_session_close(&session);
    return NULL;
}

static void begin(struct waiter *waiter, pthread_t *thread, void *(*run)(void *)) {
    atomic_store(&waiter->waits, 0);
    REQUIRE(pthread_create(thread, NULL, run, waiter) == 0);
    while (atomic_load(&waiter->waits) == 0) {
        sched_yield();
    }
}

static void aborts_reach_every_wait(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct waiter waiter;
        nipc_header_t header = request_header(1);
        nipc_message_t message;
        pthread_t thread;
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&waiter.pair, offers[i], 0);
        begin(&waiter, &thread, receive);
        nipc_session_abort(&waiter.pair.client);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_CODE(waiter.error, NIPC_ERR_ABORTED);
        CHECK_CODE(nipc_session_receive(&waiter.pair.client, &message, 0), NIPC_ERR_ABORTED);
        nipc_session_clear_abort(&waiter.pair.client);
        CHECK_EQ(nipc_session_state(&waiter.pair.client), NIPC_CLIENT_READY);
        CHECK_OK(nipc_session_send(&waiter.pair.client, &header, "on", 2, PATIENCE));
        answer_next(&waiter.pair.server);
        CHECK_OK(nipc_session_receive(&waiter.pair.client, &message, PATIENCE));

        begin(&waiter, &thread, accept_one);
        nipc_listener_abort(&waiter.pair.listener);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_CODE(waiter.error, NIPC_ERR_ABORTED);
        nipc_listener_clear_abort(&waiter.pair.listener);
        pair_close(&waiter.pair);
    }
}

/* An abort counts before there is anything to abort, until the context is closed. */
static void aborts_come_first(void) {
    const nipc_client_config_t config = client_config(NIPC_PROFILE_BASELINE);
    const nipc_server_config_t offered = server_config();
    nipc_session_t session = {0}, accepted = {0};
    nipc_listener_t listener = {0};
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    nipc_listener_abort(&listener);
    nipc_session_abort(&session);
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &offered));
    CHECK_CODE(nipc_listener_accept(&listener, &accepted, PATIENCE), NIPC_ERR_ABORTED);
    /* A connect that fails does not end it. */
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(nipc_session_connect(&session, test_dir(), service, &config, PATIENCE),
                   NIPC_ERR_ABORTED);
    }
    nipc_listener_close(&listener);
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), service, &offered));
    CHECK_CODE(nipc_listener_accept(&listener, &accepted, 0), NIPC_ERR_TIMEOUT);
    nipc_session_close(&session);
    CHECK_OK(connect_with(&listener, &session, service, config, NIPC_OK));
    nipc_session_close(&session);
    nipc_listener_close(&listener);
}

static void closing_ends_what_waits(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct waiter waiter;
        pthread_t thread;
        test_context("profiles %u", (unsigned)offers[i]);
        pair_open(&waiter.pair, offers[i], 0);
        begin(&waiter, &thread, receive);
        nipc_session_close(&waiter.pair.client);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(waiter.error == NIPC_ERR_ABORTED || waiter.error == NIPC_ERR_NOT_READY);
        begin(&waiter, &thread, accept_one);
        nipc_listener_close(&waiter.pair.listener);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(waiter.error == NIPC_ERR_ABORTED || waiter.error == NIPC_ERR_NOT_READY);
        pair_close(&waiter.pair);
    }
}

/* Sends a request as it is; the server receives it with an error. */
static void send_malformed(struct pair *pair, const nipc_header_t *header, nipc_error_t expected) {
    uint8_t packet[NIPC_HEADER_LEN];
    nipc_message_t message;
    size_t len = nipc_header_encode(header, packet, sizeof(packet));
    CHECK_OK(nipc_session_send_packet(&pair->client, packet, len, PATIENCE));
    CHECK_CODE(nipc_session_receive(&pair->server, &message, PATIENCE), expected);
    CHECK_EQ(nipc_session_state(&pair->server), NIPC_CLIENT_BROKEN);
}

/* What breaks the rules ends the session; the sender is told where the contract says so. */
static void malformed_envelopes(void) {
    const nipc_header_t good = {NIPC_MAGIC_MSG, NIPC_VERSION, NIPC_HEADER_LEN, NIPC_KIND_REQUEST,
                                0, METHOD, NIPC_STATUS_OK, 0, 1, 7};
    nipc_header_t magic = good, kind = good, large = good, empty = good, answer;
    struct {
        nipc_header_t *header;
        nipc_error_t error;
        int status; /* -1 where there is no answer */
    } cases[] = {{&magic, NIPC_ERR_BAD_MAGIC, -1},
                 {&kind, NIPC_ERR_BAD_KIND, -1},
                 {&large, NIPC_ERR_OVERFLOW, NIPC_STATUS_LIMIT_EXCEEDED},
                 {&empty, NIPC_ERR_BAD_ITEM_COUNT, NIPC_STATUS_BAD_ENVELOPE}};
    magic.magic++;
    kind.kind = NIPC_KIND_RESPONSE;
    large.payload_len = 1025;
    empty.flags = NIPC_FLAG_BATCH;
    empty.item_count = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        uint8_t packet[NIPC_HEADER_LEN];
        size_t len = 1;
        test_context("case %zu", i);
        pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
        send_malformed(&pair, cases[i].header, cases[i].error);
        nipc_session_close(&pair.server);
        nipc_error_t error = nipc_session_receive_packet(&pair.client, packet, sizeof(packet),
                                                         &len, PATIENCE);
        CHECK_CODE(error, cases[i].status < 0 ? NIPC_ERR_DISCONNECTED : NIPC_OK);
        if (error == NIPC_OK) {
            CHECK_OK(nipc_header_decode(packet, len, &answer));
            CHECK_EQ(answer.transport_status, cases[i].status);
            CHECK_EQ(answer.message_id, 7);
        } else {
            CHECK_EQ(len, 0);
        }
        pair_close(&pair);
    }
}

static void an_answer_to_nothing_ends_the_session(void) {
    struct pair pair;
    uint8_t packet[NIPC_HEADER_LEN];
    nipc_message_t message;
    nipc_header_t header = request_header(5);
    pair_open(&pair, NIPC_PROFILE_BASELINE, 0);
    CHECK_OK(nipc_header_answer(&header, NIPC_STATUS_OK, &header));
    size_t len = nipc_header_encode(&header, packet, sizeof(packet));
    /* The last words of a session that lingers. */
    CHECK_OK(nipc_session_send_packet(&pair.server, packet, len, PATIENCE));
    nipc_session_linger(&pair.server);
    CHECK_CODE(nipc_session_receive(&pair.client, &message, PATIENCE), NIPC_ERR_PROTOCOL);
    pair_close(&pair);
}

static const struct test tests[] = {
    {"refusals_are_told", refusals_are_told},
    {"an_endpoint_has_one_owner", an_endpoint_has_one_owner},
    {"a_session_is_open_once", a_session_is_open_once},
    {"handshakes_wait_for_nobody", handshakes_wait_for_nobody},
    {"handshakes_that_fail", handshakes_that_fail},
    {"deadlines_leave_the_session", deadlines_leave_the_session},
    {"half_a_message_ends_the_session", half_a_message_ends_the_session},
    {"aborts_reach_every_wait", aborts_reach_every_wait},
    {"aborts_come_first", aborts_come_first},
    {"closing_ends_what_waits", closing_ends_what_waits},
    {"malformed_envelopes", malformed_envelopes},
    {"an_answer_to_nothing_ends_the_session", an_answer_to_nothing_ends_the_session},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
