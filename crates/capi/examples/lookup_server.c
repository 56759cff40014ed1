/* Tells who runs a cgroup, until SIGINT or SIGTERM: lookup_server [RUN_DIR], which must exist. */
#define _POSIX_C_SOURCE 200809L
#include <netipc/netipc_service.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static struct known { uint64_t generation; char name[9], image[9]; } known = {7, "shop", "nginx"};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* also for who changes what is known */
/* Called in the threads of sessions, several at a time. */
static bool answer(void *path, const nipc_cgroups_lookup_req_view_t *asked,
                   nipc_cgroups_lookup_builder_t *out) {
    pthread_mutex_lock(&lock);
    struct known now = known; /* copied under the lock, and sent after it: no client holds it */
    pthread_mutex_unlock(&lock);
    nipc_lookup_label_view_t label = {{"image", 5}, {now.image, (uint32_t)strlen(now.image)}};
    nipc_cgroups_lookup_req_item_t item;
    nipc_cgroups_lookup_builder_set_generation(out, now.generation);
    for (uint32_t i = 0; nipc_cgroups_lookup_req_item(asked, i, &item) == NIPC_OK; i++)
        if (strcmp(item.path.ptr, (const char *)path) == 0)
            nipc_cgroups_lookup_builder_add_request_item(out, asked, i, NIPC_CGROUP_LOOKUP_KNOWN,
                NIPC_ORCHESTRATOR_DOCKER, now.name, (uint32_t)strlen(now.name), &label, 1);
        else
            nipc_cgroups_lookup_builder_add_request_item(out, asked, i,
                NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT, 0, NULL, 0, NULL, 0);
    return out->error == NIPC_OK; /* the first error stays */
}
#ifdef _WIN32 /* where nobody sends signals: until its input ends */
static void prepare(void) {}
static void wait_for_end(void) { while (getchar() != EOF) {} }
#else
static sigset_t signals;
static void prepare(void) { /* before there are threads, which inherit what is blocked */
    sigemptyset(&signals), sigaddset(&signals, SIGINT), sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}
static void wait_for_end(void) { sigwaitinfo(&signals, NULL); }
#endif
/* Should the server end by itself, as when its socket was taken away, the program says why. */
static void *run(void *server) {
    char why[512];
    if (nipc_server_serve(server) != NIPC_OK) {
        nipc_server_last_error(server, why, sizeof(why));
        fprintf(stderr, "%s\n", why), exit(EXIT_FAILURE);
    }
    return NULL;
}
int main(int argc, char **argv) {
    nipc_server_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* socket, shm */
    nipc_cgroups_lookup_service_handler_t handler = {.handle = answer, .user = "/docker/abc"};
    static nipc_managed_server_t server;
    char why[512];
    pthread_t thread;
    prepare();
    if (nipc_server_init_cgroups_lookup(&server, argc > 1 ? argv[1] : "/tmp/example",
                                        "cgroups-lookup", &config, 8, &handler) != NIPC_OK
        || nipc_server_publish_stats(&server, NULL, NULL) != NIPC_OK /* for netipc status */
        || pthread_create(&thread, NULL, run, &server) != 0)
        return nipc_server_last_error(&server, why, sizeof(why)), fprintf(stderr, "%s\n", why), 1;
    puts("READY"), fflush(stdout), wait_for_end();
    nipc_server_destroy(&server); /* stops it, and waits until no handler is called any more */
    return pthread_join(thread, NULL);
}
