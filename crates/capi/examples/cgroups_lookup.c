/* Asks who runs cgroups, and for their labels: cgroups_lookup [RUN_DIR [PATH...]] */
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MOST 64 /* for this program: a call takes up to 65536 */

static void print(const nipc_cgroups_lookup_item_view_t *item) {
    nipc_lookup_label_view_t label;
    if (item->status != NIPC_CGROUP_LOOKUP_KNOWN) { /* then there is a path, and nothing else */
        printf("%s: status %d\n", item->path.ptr, item->status);
        return;
    }
    printf("%s: %s, orchestrator %d\n", item->path.ptr, item->name.ptr, item->orchestrator);
    for (uint32_t i = 0; nipc_cgroups_lookup_item_label(item, i, &label) == NIPC_OK; i++)
        printf("  %s=%s\n", label.key.ptr, label.value.ptr);
}

int main(int argc, char **argv) {
    static nipc_client_ctx_t client;
    static nipc_client_config_t config; /* zero in a field is its default */
    nipc_str_view_t paths[MOST] = {{"/docker/abc", 11}};
    nipc_cgroups_lookup_resp_view_t answer; /* valid until the next call */
    nipc_cgroups_lookup_item_view_t item;
    uint32_t count = argc > 2 ? 0 : 1;
    for (int i = 2; i < argc && count < MOST; i++, count++)
        paths[count].ptr = argv[i], paths[count].len = (uint32_t)strlen(argv[i]);
    config.auth_token = 42;
    nipc_client_init(&client, argc > 1 ? argv[1] : "/tmp/example", "cgroups-lookup", &config);
    nipc_client_refresh(&client);
    nipc_error_t error = nipc_client_call_cgroups_lookup(&client, paths, count, &answer);
    char why[512];
    if (error != NIPC_OK && nipc_client_last_error(&client, why, sizeof(why)) > 0)
        fprintf(stderr, "%s: %s\n", nipc_strerror(error), why);
    for (uint32_t i = 0; nipc_cgroups_lookup_resp_item(&answer, i, &item) == NIPC_OK; i++)
        print(&item); /* in the order of the question; an answer that failed has no items */
    nipc_client_close(&client);
    return error == NIPC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
