/* NULL and zeroed storage for every function of sessions and listeners: an error or nothing, never a
   crash. C11 and C++17. */
#include <netipc/netipc_transport.h>
#include <string.h>

#include "test.h"

#define WRONG(call) CHECK_CODE(call, NIPC_ERR_INVALID_ARGUMENT)

static nipc_session_t no_session;
static nipc_listener_t no_listener;

static void use_session(nipc_session_t *session, nipc_error_t code) {
    nipc_header_t header;
    nipc_message_t message;
    nipc_session_info_t info;
    uint8_t bytes[40] = {0};
    uint64_t id = 0;
    size_t len = 1;
    char text[100];
    memset(&header, 0, sizeof(header));
    memset(&message, 0xee, sizeof(message));
    memset(&info, 0xee, sizeof(info));
    CHECK_CODE(nipc_session_send(session, &header, bytes, 1, 1), code);
    CHECK_CODE(nipc_session_receive(session, &message, 1), code);
    CHECK_ZEROED(message);
    CHECK_CODE(nipc_session_send_packet(session, bytes, 1, 1), code);
    CHECK_CODE(nipc_session_receive_packet(session, bytes, sizeof(bytes), &len, 1), code);
    CHECK_EQ(len, 0);
    CHECK_CODE(nipc_session_check(session), code);
    CHECK_CODE(nipc_session_handshake(session, 1), code);
    CHECK_CODE(nipc_session_info(session, &info), code);
    CHECK_ZEROED(info);
    nipc_session_linger(session);
    CHECK_EQ(nipc_session_give_up(session, &id, 1), 0);
    CHECK_EQ(nipc_session_state(session), NIPC_CLIENT_DISCONNECTED);
    CHECK(nipc_session_wait_object(session) == NIPC_NATIVE_NONE);
    nipc_session_abort(session);
    nipc_session_clear_abort(session);
    CHECK_EQ(nipc_session_last_error(session, text, sizeof(text)) > 0, session != NULL);
    nipc_session_close(session);
}

static void sessions(void) {
    nipc_client_config_t config;
    memset(&config, 0, sizeof(config));
    use_session(NULL, NIPC_ERR_INVALID_ARGUMENT);
    use_session(&no_session, NIPC_ERR_NOT_READY);
    CHECK_ZEROED(no_session);
    WRONG(nipc_session_connect(NULL, test_dir(), "name", &config, 1));
    WRONG(nipc_session_connect(&no_session, NULL, "name", &config, 1));
    WRONG(nipc_session_connect(&no_session, test_dir(), NULL, &config, 1));
    WRONG(nipc_session_connect(&no_session, test_dir(), "../name", &config, 1));
    WRONG(nipc_session_connect(&no_session, test_dir(), "", NULL, 1));
    WRONG(nipc_session_send(&no_session, NULL, NULL, 0, 1));
    WRONG(nipc_session_receive(&no_session, NULL, 1));
    WRONG(nipc_session_receive_packet(&no_session, NULL, 1, NULL, 1));
    WRONG(nipc_session_info(&no_session, NULL));
    CHECK_EQ(nipc_session_give_up(&no_session, NULL, 0), 0);
    nipc_session_close(&no_session);
    nipc_session_close(&no_session);
}

static void use_listener(nipc_listener_t *listener, nipc_error_t code) {
    nipc_session_t session;
    char text[100];
    memset(&session, 0, sizeof(session));
    CHECK_CODE(nipc_listener_accept(listener, &session, 1), code);
    CHECK_CODE(nipc_listener_accept_link(listener, &session, 1), code);
    CHECK(nipc_listener_wait_object(listener) == NIPC_NATIVE_NONE);
    nipc_listener_abort(listener);
    nipc_listener_clear_abort(listener);
    CHECK_EQ(nipc_listener_last_error(listener, text, sizeof(text)) > 0, listener != NULL);
    nipc_listener_close(listener);
}

static void listeners(void) {
    use_listener(NULL, NIPC_ERR_INVALID_ARGUMENT);
    use_listener(&no_listener, NIPC_ERR_NOT_READY);
    CHECK_ZEROED(no_listener);
    WRONG(nipc_listener_bind(NULL, test_dir(), "name", NULL));
    WRONG(nipc_listener_bind(&no_listener, NULL, "name", NULL));
    WRONG(nipc_listener_bind(&no_listener, test_dir(), NULL, NULL));
    WRONG(nipc_listener_bind(&no_listener, test_dir(), "a/b", NULL));
    CHECK_OK(nipc_listener_bind(&no_listener, test_dir(), "name", NULL));
    WRONG(nipc_listener_accept(&no_listener, NULL, 1));
    WRONG(nipc_listener_accept_link(&no_listener, NULL, 1));
    nipc_listener_close(&no_listener);
    nipc_listener_close(&no_listener);
}

static void headers(void) {
    nipc_header_t header;
    memset(&header, 0, sizeof(header));
    WRONG(nipc_header_answer(NULL, NIPC_STATUS_OK, &header));
    WRONG(nipc_header_answer(&header, NIPC_STATUS_OK, NULL));
    header.kind = NIPC_KIND_REQUEST;
    header.flags = NIPC_FLAG_BATCH;
    header.code = 5;
    header.item_count = 3;
    header.message_id = 9;
    CHECK_OK(nipc_header_answer(&header, NIPC_STATUS_OK, &header));
    CHECK(header.magic == NIPC_MAGIC_MSG && header.version == NIPC_VERSION);
    CHECK(header.kind == NIPC_KIND_RESPONSE && header.flags == NIPC_FLAG_BATCH);
    CHECK(header.code == 5 && header.item_count == 3 && header.message_id == 9);
    CHECK_OK(nipc_header_answer(&header, NIPC_STATUS_INTERNAL_ERROR, &header));
    CHECK(header.flags == 0 && header.item_count == 1);
    CHECK(header.transport_status == NIPC_STATUS_INTERNAL_ERROR);
}

static const struct test tests[] = {
    {"sessions", sessions},
    {"listeners", listeners},
    {"headers", headers},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
