/* Sends what no peer should, and shows what comes back: level1_malformed [RUN_DIR]. */
#include <netipc/netipc_transport.h>
#include <stdio.h>
#include <stdlib.h>

/* One packet, in a session of its own, which it ends. */
static bool send_malformed(const char *run_dir, const char *what, const nipc_header_t *header) {
    nipc_client_config_t config = {.supported_profiles = NIPC_PROFILE_BASELINE, .auth_token = 42};
    unsigned char packet[NIPC_HEADER_LEN];
    nipc_session_t session = {0};
    nipc_header_t answer;
    char why[300];
    size_t len = nipc_header_encode(header, packet, sizeof(packet)); /* every field as it is */
    nipc_error_t error = nipc_session_connect(&session, run_dir, "level1", &config, 2000);
    if (error == NIPC_OK)
        error = nipc_session_send_packet(&session, packet, len, 2000);
    if (error == NIPC_OK)
        error = nipc_session_receive_packet(&session, packet, sizeof(packet), &len, 2000);
    if (error == NIPC_OK && nipc_header_decode(packet, len, &answer) == NIPC_OK)
        printf("%s: status %u\n", what, (unsigned)answer.transport_status);
    else if (error == NIPC_ERR_DISCONNECTED && nipc_session_state(&session) == NIPC_CLIENT_BROKEN)
        printf("%s: no answer, and a hang-up\n", what);
    else
        nipc_session_last_error(&session, why, sizeof(why)), fprintf(stderr, "%s: %s\n", what, why);
    bool shown = error == NIPC_OK || nipc_session_state(&session) == NIPC_CLIENT_BROKEN;
    nipc_session_close(&session);
    return shown;
}

int main(int argc, char **argv) {
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    const nipc_header_t good = {NIPC_MAGIC_MSG, NIPC_VERSION, NIPC_HEADER_LEN, NIPC_KIND_REQUEST, 0,
                                NIPC_METHOD_INCREMENT, NIPC_STATUS_OK, 0, 1, 1};
    nipc_header_t magic = good, empty = good, large = good, response = good;
    magic.magic = 0x21212121;
    empty.flags = NIPC_FLAG_BATCH, empty.item_count = 0;
    large.payload_len = 1u << 30;
    response.kind = NIPC_KIND_RESPONSE;
    bool shown = send_malformed(run_dir, "another magic number", &magic);
    shown &= send_malformed(run_dir, "a batch without items", &empty);
    shown &= send_malformed(run_dir, "more than was agreed", &large);
    shown &= send_malformed(run_dir, "a response to nothing", &response);
    return shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
