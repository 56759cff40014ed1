/* Asks once a second from an event loop of Windows: windows_event_loop [RUN_DIR [ANSWERS]] */
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

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
    nipc_client_config_t config = {.supported_profiles = 3, .auth_token = 42}; /* pipe, shm */
    unsigned long answers = 0, enough = argc > 2 ? strtoul(argv[2], NULL, 10) : 0; /* 0: for ever */
    static nipc_client_ctx_t client;
    const LARGE_INTEGER now = {.QuadPart = -1};
    HANDLE ready[2] = {CreateWaitableTimerA(NULL, FALSE, NULL)};
    if (ready[0] == NULL || !SetWaitableTimer(ready[0], &now, 1000, NULL, NULL, FALSE))
        return fprintf(stderr, "timer: error %lu\n", GetLastError()), EXIT_FAILURE;
    nipc_client_init(&client, argc > 1 ? argv[1] : "example", "cgroups-snapshot", &config);
    while (enough == 0 || answers < enough) {
        nipc_native_t native = nipc_client_wait_object(&client); /* another with each session */
        DWORD count = native == NIPC_NATIVE_NONE ? 1 : 2;
        ready[1] = (HANDLE)native;
        /* A tick, or the provider has hung up. */
        if (WaitForMultipleObjects(count, ready, FALSE, INFINITE) == WAIT_FAILED)
            return fprintf(stderr, "wait: error %lu\n", GetLastError()), EXIT_FAILURE;
        answers += ask(&client);
    }
    nipc_client_close(&client);
    return CloseHandle(ready[0]) ? EXIT_SUCCESS : EXIT_FAILURE;
}
