/* Serves raw messages, one client at a time: level1_server [RUN_DIR [CLIENTS]]; 0 is for ever. */
#define _POSIX_C_SOURCE 200809L
#include <netipc/netipc_transport.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static nipc_listener_t listener; /* zeroed, as the session */
static nipc_session_t session;

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

static void serve(void) {
    nipc_message_t request;
    while (nipc_session_receive(&session, &request, NIPC_WAIT_FOREVER) == NIPC_OK) {
        unsigned char payload[NIPC_INCREMENT_PAYLOAD_SIZE];
        nipc_header_t header;
        size_t len = 0;
        nipc_header_answer(&request.header, answer(&request, payload, &len), &header);
        if (nipc_session_send(&session, &header, payload, len, 5000) != NIPC_OK)
            break;
    }
}

#ifndef _WIN32 /* where nobody sends signals */
static sigset_t signals;

/* Not in a signal handler, for which the library is not: in a thread that waits for the signal. */
static void *end(void *unused) {
    (void)unused;
    sigwaitinfo(&signals, NULL);
    nipc_listener_abort(&listener); /* first: no session begins any more */
    nipc_session_abort(&session);
    return NULL;
}
#endif

int main(int argc, char **argv) {
    nipc_server_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* socket, shm */
    unsigned long served = 0, enough = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    nipc_error_t error = nipc_listener_bind(&listener, run_dir, "level1", &config);
    if (error != NIPC_OK) {
        char why[300];
        nipc_listener_last_error(&listener, why, sizeof(why));
        return fprintf(stderr, "%s: %s\n", nipc_strerror(error), why), EXIT_FAILURE;
    }
#ifndef _WIN32
    pthread_t thread;
    sigemptyset(&signals), sigaddset(&signals, SIGINT), sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, end, NULL) != 0)
        return perror("pthread_create"), EXIT_FAILURE;
#endif
    puts("READY"), fflush(stdout);
    for (; error != NIPC_ERR_ABORTED && (enough == 0 || served < enough); served++) {
        error = nipc_listener_accept(&listener, &session, NIPC_WAIT_FOREVER);
        if (error == NIPC_OK) /* else one client got no session, and the next may */
            serve();
        nipc_session_close(&session);
    }
    nipc_listener_close(&listener); /* which removes the socket */
#ifndef _WIN32
    kill(getpid(), SIGTERM); /* for the thread, should the clients have been enough */
    pthread_join(thread, NULL);
#endif
    return EXIT_SUCCESS;
}
