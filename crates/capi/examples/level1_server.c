/* Serves raw messages, one client at a time: level1_server [RUN_DIR [CLIENTS]]; 0 is for ever. */
#include <netipc/netipc_transport.h>
#include <stdio.h>
#include <stdlib.h>

/* Answers one request: bytes in, bytes out. Gives the status. */
static uint16_t answer(const nipc_message_t *request, unsigned char payload[8], size_t *len) {
    uint64_t number;
    if (request->header.code != NIPC_METHOD_INCREMENT)
        return NIPC_STATUS_UNSUPPORTED;
    if ((request->header.flags & NIPC_FLAG_BATCH) != 0
        || nipc_increment_decode(request->payload, request->payload_len, &number) != NIPC_OK)
        return NIPC_STATUS_BAD_ENVELOPE;
    *len = nipc_increment_encode(number + 1, payload, NIPC_INCREMENT_PAYLOAD_SIZE);
    return NIPC_STATUS_OK;
}

static void serve(nipc_session_t *session) {
    nipc_message_t request;
    while (nipc_session_receive(session, &request, NIPC_WAIT_FOREVER) == NIPC_OK) {
        unsigned char payload[NIPC_INCREMENT_PAYLOAD_SIZE];
        nipc_header_t header;
        size_t len = 0;
        nipc_header_answer(&request.header, answer(&request, payload, &len), &header);
        if (nipc_session_send(session, &header, payload, len, 5000) != NIPC_OK)
            break;
    }
}

int main(int argc, char **argv) {
    nipc_server_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* socket, shm */
    static nipc_listener_t listener; /* zeroed, as the session */
    static nipc_session_t session;
    unsigned long served = 0, enough = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    nipc_error_t error = nipc_listener_bind(&listener, run_dir, "level1", &config);
    if (error != NIPC_OK) {
        char why[300];
        nipc_listener_last_error(&listener, why, sizeof(why));
        return fprintf(stderr, "%s: %s\n", nipc_strerror(error), why), EXIT_FAILURE;
    }
    puts("READY"), fflush(stdout);
    for (; enough == 0 || served < enough; served++) {
        error = nipc_listener_accept(&listener, &session, NIPC_WAIT_FOREVER);
        if (error == NIPC_OK) /* else one client got no session, and the next may */
            serve(&session);
        nipc_session_close(&session);
    }
    nipc_listener_close(&listener);
    return EXIT_SUCCESS;
}
