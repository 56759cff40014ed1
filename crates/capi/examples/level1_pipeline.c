/* Sends three requests at once and takes the answers by their ids: level1_pipeline [RUN_DIR]. */
#include <netipc/netipc_transport.h>
#include <stdio.h>
#include <stdlib.h>

static nipc_error_t ask(nipc_session_t *session, uint64_t id, uint64_t number) {
    unsigned char payload[NIPC_INCREMENT_PAYLOAD_SIZE];
    nipc_header_t request = {
        .kind = NIPC_KIND_REQUEST, .code = NIPC_METHOD_INCREMENT, .message_id = id};
    size_t len = nipc_increment_encode(number, payload, sizeof(payload));
    return nipc_session_send(session, &request, payload, len, 2000);
}

static nipc_error_t take(nipc_session_t *session) {
    nipc_message_t answer;
    uint64_t number = 0;
    nipc_error_t error = nipc_session_receive(session, &answer, 2000);
    if (error == NIPC_OK && answer.header.transport_status != NIPC_STATUS_OK)
        return NIPC_ERR_REJECTED; /* the payload of such an answer is empty */
    if (error == NIPC_OK)
        error = nipc_increment_decode(answer.payload, answer.payload_len, &number);
    if (error == NIPC_OK)
        printf("answer to %u: %u\n", (unsigned)answer.header.message_id, (unsigned)number);
    return error;
}

int main(int argc, char **argv) {
    /* A shared region carries one message at a time each way: who pipelines takes the socket. */
    nipc_client_config_t config = {.supported_profiles = NIPC_PROFILE_BASELINE, .auth_token = 42};
    static nipc_session_t session; /* zeroed */
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    nipc_error_t error = nipc_session_connect(&session, run_dir, "level1", &config, 2000);
    for (uint64_t id = 1; error == NIPC_OK && id <= 3; id++)
        error = ask(&session, id, 100 * id);
    for (int unanswered = 3; error == NIPC_OK && unanswered > 0; unanswered--)
        error = take(&session);
    if (error != NIPC_OK) {
        char why[300];
        nipc_session_last_error(&session, why, sizeof(why));
        fprintf(stderr, "%s: %s\n", nipc_strerror(error), why);
    }
    nipc_session_close(&session);
    return error == NIPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
