/* Many sessions in one thread: level1_clients [RUN_DIR [SESSIONS [ANSWERS]]], each until so many
   answers; 0 is for ever, and asks nothing. */
#include <netipc/netipc_transport.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MOST 1000

struct client {
    nipc_session_t session; /* zeroed: closed */
    unsigned long answers;
};

static struct client clients[MOST];
static unsigned long enough, answers, failures;

/* The next request. It is short: where the peer takes nothing any more, it waits for 100 ms. */
static nipc_error_t ask(struct client *client) {
    unsigned char payload[NIPC_INCREMENT_PAYLOAD_SIZE];
    nipc_header_t request = {.kind = NIPC_KIND_REQUEST, .code = NIPC_METHOD_INCREMENT,
                             .message_id = client->answers + 1};
    size_t len = nipc_increment_encode(client->answers, payload, sizeof(payload));
    return nipc_session_send(&client->session, &request, payload, len, 100);
}

/* Takes what has come and asks again. Returns whether the session goes on. */
static bool take(struct client *client) {
    nipc_message_t answer;
    nipc_error_t error = NIPC_OK;
    while (error == NIPC_OK) {
        error = nipc_session_receive(&client->session, &answer, 0); /* what is there, or nothing */
        if (error == NIPC_OK && answer.header.transport_status != NIPC_STATUS_OK)
            error = NIPC_ERR_REJECTED;
        if (error == NIPC_OK && (++answers, ++client->answers) == enough)
            return false;
        if (error == NIPC_OK)
            error = ask(client);
    }
    if (error == NIPC_ERR_TIMEOUT && nipc_session_state(&client->session) == NIPC_CLIENT_READY)
        return true; /* ready was a hint, and there may be half a message */
    failures++;
    return false;
}

int main(int argc, char **argv) {
    /* Only sockets have something to watch that tells of messages. */
    nipc_client_config_t config = {.supported_profiles = NIPC_PROFILE_BASELINE, .auth_token = 42};
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 32, open = 0;
    int loop = epoll_create1(EPOLL_CLOEXEC);
    enough = argc > 3 ? strtoul(argv[3], NULL, 10) : 10;
    for (; open < count && open < MOST; open++) {
        struct client *client = &clients[open];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        nipc_error_t error =
            nipc_session_connect(&client->session, run_dir, "level1", &config, 2000);
        int fd = (int)nipc_session_wait_object(&client->session);
        char why[300];
        if (error == NIPC_OK && enough > 0)
            error = ask(client);
        if (error != NIPC_OK || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0)
            return nipc_session_last_error(&client->session, why, sizeof(why)),
                   fprintf(stderr, "%s: %s\n", nipc_strerror(error), why), EXIT_FAILURE;
    }
    printf("%lu session%s\n", open, open == 1 ? "" : "s"), fflush(stdout);
    while (open > 0) {
        struct epoll_event events[16];
        int ready = epoll_wait(loop, events, 16, -1);
        for (int i = 0; i < ready; i++)
            if (!take(events[i].data.ptr))
                nipc_session_close(events[i].data.ptr), open--; /* which ends the watch, too */
    }
    printf("%lu answers\n", answers);
    return close(loop) | (failures > 0);
}
