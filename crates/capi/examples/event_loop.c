/* Asks once a second from within an event loop: event_loop [RUN_DIR [ANSWERS]]; 0 is for ever. */
#define _POSIX_C_SOURCE 200809L
#include <netipc/netipc_service.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Connects, where there is no session, and asks. Says whether there was an answer. */
static bool ask(nipc_client_ctx_t *client) {
    nipc_cgroups_resp_view_t answer;
    if (nipc_client_refresh_timeout(client, 50))
        printf("%s\n", client->session_valid ? "connected" : "no provider");
    nipc_error_t error = nipc_client_call_cgroups_snapshot_timeout(client, &answer, 50);
    printf("%s, %u cgroups\n", nipc_strerror(error), (unsigned)answer.item_count);
    fflush(stdout);
    return error == NIPC_OK;
}

int main(int argc, char **argv) {
    nipc_client_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* socket, shm */
    const struct itimerspec each_second = {.it_interval = {1, 0}, .it_value = {0, 1}};
    unsigned long answers = 0, enough = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    static nipc_client_ctx_t client;
    struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
    uint64_t ticks;
    fds[0].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fds[0].fd < 0 || timerfd_settime(fds[0].fd, 0, &each_second, NULL) < 0)
        return perror("timerfd"), EXIT_FAILURE;
    nipc_client_init(&client, argc > 1 ? argv[1] : "/tmp/example", "cgroups-snapshot", &config);
    while (enough == 0 || answers < enough) {
        fds[1].fd = nipc_client_fd(&client); /* another with each session; poll leaves out a -1 */
        if (poll(fds, 2, -1) > 0 /* a tick, or the provider has hung up */
            && (read(fds[0].fd, &ticks, sizeof(ticks)) > 0 || fds[1].revents != 0))
            answers += ask(&client);
    }
    nipc_client_close(&client);
    return close(fds[0].fd);
}
