/* Serves a cgroup until SIGINT or SIGTERM: server [RUN_DIR]; the directory must exist. */
#define _POSIX_C_SOURCE 200809L
#include <netipc/netipc_service.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
/* Called in the threads of sessions, several at a time. */
static bool answer(void *user, const nipc_cgroups_req_t *request, nipc_cgroups_builder_t *out) {
    (void)user, (void)request;
    uint32_t hash = nipc_simple_hash("shop");
    nipc_cgroups_builder_set_header(out, 1, 7); /* systemd runs the host; generation 7 */
    return nipc_cgroups_builder_add(out, hash, 0, 1, "shop", 4, "/docker/abc", 11) == NIPC_OK;
}
static void *run(void *server) {
    nipc_server_run(server);
    kill(getpid(), SIGTERM); /* wakes main, should the server have ended by itself */
    return NULL;
}
int main(int argc, char **argv) {
    nipc_server_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* socket, shm */
    nipc_cgroups_service_handler_t handler = {.handle = answer};
    static nipc_managed_server_t server;
    char why[512];
    pthread_t thread;
    sigset_t signals;
    sigemptyset(&signals), sigaddset(&signals, SIGINT), sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads, which inherit it */
    bool serves = nipc_server_init_typed(&server, argc > 1 ? argv[1] : "/tmp/example",
                                         "cgroups-snapshot", &config, 8, &handler) == NIPC_OK
                  && pthread_create(&thread, NULL, run, &server) == 0;
    if (serves) {
        puts("READY"), fflush(stdout), sigwaitinfo(&signals, NULL);
        nipc_server_drain(&server, 5000); /* not in a signal handler; what runs may finish */
        pthread_join(thread, NULL);
    }
    if (nipc_server_last_error(&server, why, sizeof(why)) > 0) fprintf(stderr, "%s\n", why);
    nipc_server_destroy(&server); /* no handler is called any more */
    return serves && why[0] == '\0' ? 0 : 1;
}
