/* Serves many clients in one thread: level1_event_loop [RUN_DIR], until SIGINT or SIGTERM. */
#define _GNU_SOURCE
#include <netipc/netipc_transport.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SESSIONS 64

static nipc_session_t sessions[SESSIONS]; /* zeroed: closed */

static int watch(int loop, nipc_native_t object, void *context) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = context};
    return epoll_ctl(loop, EPOLL_CTL_ADD, (int)object, &event);
}

/* Takes the client that waits. It shakes hands once it has something to say. */
static void welcome(int loop, nipc_listener_t *listener) {
    static nipc_session_t extra; /* where nobody else fits: it hears a hang-up */
    nipc_session_t *session = sessions, *end = sessions + SESSIONS;
    while (session < end && nipc_session_state(session) != NIPC_CLIENT_DISCONNECTED)
        session++;
    session = session < end ? session : &extra;
    if (nipc_listener_accept_link(listener, session, 0) == NIPC_OK
        && (session == &extra || watch(loop, nipc_session_wait_object(session), session) < 0))
        nipc_session_close(session);
}

/* Answers what has come, with the same bytes. Closes the session when it is over. */
static void echo(nipc_session_t *session) {
    nipc_message_t request;
    nipc_header_t answer;
    nipc_error_t error = NIPC_OK;
    if (nipc_session_state(session) == NIPC_CLIENT_CONNECTING)
        error = nipc_session_handshake(session, 100); /* which closes it where that fails */
    while (error == NIPC_OK && (error = nipc_session_receive(session, &request, 0)) == NIPC_OK) {
        nipc_header_answer(&request.header, NIPC_STATUS_OK, &answer);
        error = nipc_session_send(session, &answer, request.payload, request.payload_len, 100);
    }
    if (error != NIPC_ERR_TIMEOUT || nipc_session_state(session) != NIPC_CLIENT_READY)
        nipc_session_close(session); /* which ends the watch, too */
}

int main(int argc, char **argv) {
    /* Only sockets have something to watch that tells of messages. */
    nipc_server_config_t config = {.supported_profiles = NIPC_PROFILE_BASELINE, .auth_token = 42};
    static nipc_listener_t listener;
    sigset_t signals;
    sigemptyset(&signals), sigaddset(&signals, SIGINT), sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int loop = epoll_create1(EPOLL_CLOEXEC), stop = signalfd(-1, &signals, SFD_CLOEXEC);
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    nipc_error_t error = nipc_listener_bind(&listener, run_dir, "level1", &config);
    if (error != NIPC_OK || watch(loop, nipc_listener_wait_object(&listener), &listener) < 0
        || watch(loop, stop, NULL) < 0)
        return fprintf(stderr, "cannot serve: %s\n", nipc_strerror(error)), EXIT_FAILURE;
    puts("READY"), fflush(stdout);
    for (bool running = true; running;) {
        struct epoll_event events[16];
        int ready = epoll_wait(loop, events, 16, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == NULL)
                running = false;
            else if (events[i].data.ptr == &listener)
                welcome(loop, &listener);
            else
                echo(events[i].data.ptr);
        }
    }
    for (nipc_session_t *session = sessions; session < sessions + SESSIONS; session++)
        nipc_session_close(session);
    nipc_listener_close(&listener);
    return close(stop) | close(loop);
}
