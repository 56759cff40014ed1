/* The cache that integrators' documentation shows, as it stands; what it prints is the reader's code. */
#include <netipc/netipc_service.h>
#include <stdio.h>

int main(void) {
    nipc_client_config_t config = {.supported_profiles = NIPC_PROFILE_BASELINE,
                                   .auth_token = 0xDEADBEEFCAFEBABE};
    uint32_t hash = 1001;
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_init(&cache, "/run/netdata", "cgroups-snapshot", &config);
    if (nipc_cgroups_cache_refresh(&cache))
        printf("cache updated: %u items\n", (unsigned)cache.item_count);
    const nipc_cgroups_cache_item_t *item = nipc_cgroups_cache_lookup(&cache, hash, "docker-abc123");
    if (item)
        printf("%s: %s\n", item->name, item->path);
    nipc_cgroups_cache_close(&cache);
    return 0;
}
