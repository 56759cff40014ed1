/* Asks what is known of processes: apps_lookup [RUN_DIR [PID...]]; itself where none is named. */
#include <inttypes.h>
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#define MOST 64 /* for this program: a call takes up to 65536 */

static void print(const nipc_apps_lookup_item_view_t *item) {
    nipc_lookup_label_view_t label;
    if (item->status != NIPC_PID_LOOKUP_KNOWN) { /* then there is a pid, and nothing else */
        printf("%" PRIu32 ": status %d\n", item->pid, item->status);
        return;
    }
    printf("%" PRIu32 ": %s, cgroup %s (%s), status %d\n", item->pid, item->comm.ptr,
           item->cgroup_path.ptr, item->cgroup_name.ptr, item->cgroup_status);
    for (uint32_t i = 0; nipc_apps_lookup_item_label(item, i, &label) == NIPC_OK; i++)
        printf("  %s=%s\n", label.key.ptr, label.value.ptr);
}

int main(int argc, char **argv) {
    static nipc_client_ctx_t client;
    static nipc_client_config_t config; /* zero in a field is its default */
    uint32_t pids[MOST] = {(uint32_t)getpid()}, count = argc > 2 ? 0 : 1;
    nipc_apps_lookup_resp_view_t answer; /* valid until the next call */
    nipc_apps_lookup_item_view_t item;
    char why[512];
    for (int i = 2; i < argc && count < MOST; i++)
        pids[count++] = (uint32_t)strtoul(argv[i], NULL, 10);
    config.auth_token = 42;
    nipc_client_init(&client, argc > 1 ? argv[1] : "/tmp/example", "apps-lookup", &config);
    nipc_client_refresh(&client);
    nipc_error_t error = nipc_client_call_apps_lookup(&client, pids, count, &answer);
    if (error != NIPC_OK && nipc_client_last_error(&client, why, sizeof(why)) > 0)
        fprintf(stderr, "%s: %s\n", nipc_strerror(error), why);
    for (uint32_t i = 0; nipc_apps_lookup_resp_item(&answer, i, &item) == NIPC_OK; i++)
        print(&item); /* in the order of the question; an answer that failed has no items */
    nipc_client_close(&client);
    return error == NIPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
