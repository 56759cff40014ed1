/* Asks for the cgroups of this machine, once a second: client [RUN_DIR [ROUNDS]]; 0 is for ever. */
#include <inttypes.h>
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print(const nipc_cgroups_resp_view_t *answer) {
    printf("generation %" PRIu64 ", %" PRIu32 " cgroups\n", answer->generation, answer->item_count);
    for (uint32_t i = 0; i < answer->item_count; i++) {
        nipc_cgroups_item_view_t item;
        if (nipc_cgroups_resp_item(answer, i, &item) == NIPC_OK)
            printf("%08" PRIx32 " %s %s\n", item.hash, item.name.ptr, item.path.ptr);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    static nipc_client_ctx_t client;
    static nipc_client_config_t config; /* zero in a field is its default */
    config.supported_profiles = NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_HYBRID;
    config.auth_token = 42;
    nipc_client_init(&client, run_dir, "cgroups-snapshot", &config); /* connects to nothing */
    nipc_error_t error = NIPC_OK;
    for (unsigned long round = 1; rounds == 0 || round <= rounds; round++) {
        nipc_cgroups_resp_view_t answer; /* valid until the next call */
        char why[512];
        nipc_client_refresh(&client); /* connects, and connects again when the provider is back */
        error = nipc_client_call_cgroups_snapshot(&client, &answer);
        if (error == NIPC_OK)
            print(&answer);
        else if (nipc_client_last_error(&client, why, sizeof(why)) > 0)
            fprintf(stderr, "%s: %s\n", nipc_strerror(error), why);
        if (round != rounds) sleep(1);
    }
    nipc_client_close(&client);
    return error == NIPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
