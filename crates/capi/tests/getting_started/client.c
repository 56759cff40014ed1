/* The client that integrators' documentation shows, as it stands; what it prints is the reader's code. */
#include <netipc/netipc_service.h>
#include <stdio.h>

int main(void) {
    nipc_client_config_t cfg = {.supported_profiles = NIPC_PROFILE_BASELINE,
                                .max_request_batch_items = 1,
                                .max_response_payload_bytes = 65536,
                                .auth_token = 0xDEADBEEFCAFEBABE};
    nipc_client_ctx_t client;
    nipc_client_init(&client, "/run/netdata", "cgroups-snapshot", &cfg);
    nipc_client_refresh(&client);
    if (nipc_client_ready(&client)) {
        nipc_cgroups_resp_view_t view;
        nipc_error_t err = nipc_client_call_cgroups_snapshot(&client, &view);
        if (err == NIPC_OK) {
            for (uint32_t i = 0; i < view.item_count; i++) {
                nipc_cgroups_item_view_t item;
                nipc_cgroups_resp_item(&view, i, &item);
                printf("%u %s %s\n", (unsigned)item.hash, item.name.ptr, item.path.ptr);
            }
        }
    }
    nipc_client_close(&client);
    return 0;
}
