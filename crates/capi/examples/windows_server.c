/* Serves a cgroup on Windows until Ctrl-C or the end of its input: windows_server [RUN_DIR] */
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <windows.h>

static nipc_managed_server_t server;

/* Called in the threads of sessions, several at a time. */
static bool answer(void *user, const nipc_cgroups_req_t *request, nipc_cgroups_builder_t *out) {
    (void)user, (void)request;
    uint32_t hash = nipc_simple_hash("shop");
    nipc_cgroups_builder_set_header(out, 1, 7); /* generation 7 */
    return nipc_cgroups_builder_add(out, hash, 0, 1, "shop", 4, "/docker/abc", 11) == NIPC_OK;
}
/* Ctrl-C, Ctrl-Break and a console that is closed; called in a thread of its own. */
static BOOL WINAPI on_control(DWORD event) {
    (void)event;
    return nipc_server_drain(&server, 4000), TRUE; /* what runs may finish */
}
static DWORD WINAPI read_input(void *unused) {
    (void)unused;
    while (getchar() != EOF) {}
    return nipc_server_drain(&server, 4000), 0;
}
int main(int argc, char **argv) {
    nipc_server_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* pipe, shm */
    nipc_cgroups_service_handler_t handler = {.handle = answer};
    char why[512];
    bool serves = nipc_server_init_typed(&server, argc > 1 ? argv[1] : "example",
                                         "cgroups-snapshot", &config, 8, &handler) == NIPC_OK;
    if (serves && SetConsoleCtrlHandler(on_control, TRUE)
        && CreateThread(NULL, 0, read_input, NULL, 0, NULL) != NULL) {
        puts("READY"), fflush(stdout);
        nipc_server_run(&server);
    }
    if (nipc_server_last_error(&server, why, sizeof(why)) > 0) fprintf(stderr, "%s\n", why);
    nipc_server_destroy(&server); /* no handler is called any more */
    return serves && why[0] == '\0' ? 0 : 1;
}
