/* The server that integrators' documentation shows, as it stands; how it hears that it is to stop is the
   reader's code. */
#include <netipc/netipc_service.h>
#include <pthread.h>
#include <stdio.h>

static nipc_managed_server_t server;

bool on_cgroups(void *user, const nipc_cgroups_req_t *req, nipc_cgroups_builder_t *builder) {
    (void)user;
    nipc_cgroups_builder_set_header(builder, 1, req->layout_version);
    return nipc_cgroups_builder_add(builder, 1001, 0, 1, "docker-abc123", 13, "/docker/abc123", 14)
           == NIPC_OK;
}

static void *stop_at_end_of_stdin(void *nothing) {
    while (getchar() != EOF) {
    }
    nipc_server_stop(&server);
    return nothing;
}

int main(void) {
    pthread_t thread;
    nipc_server_config_t scfg = {.supported_profiles = NIPC_PROFILE_BASELINE,
                                 .auth_token = 0xDEADBEEFCAFEBABE};
    nipc_cgroups_service_handler_t h = {.handle = on_cgroups, .user = NULL};
    if (nipc_server_init_typed(&server, "/run/netdata", "cgroups-snapshot", &scfg, 4, &h) != NIPC_OK
        || pthread_create(&thread, NULL, stop_at_end_of_stdin, NULL) != 0)
        return 1;
    puts("READY"), fflush(stdout);
    nipc_server_run(&server);
    nipc_server_stop(&server);
    nipc_server_drain(&server, 5000);
    pthread_join(thread, NULL);
    nipc_server_destroy(&server);
    return 0;
}
