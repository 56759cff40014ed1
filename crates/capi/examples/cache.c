/* Keeps all cgroups, and looks one up each second: cache [RUN_DIR [NAME [ROUNDS]]] */
#include <netipc/netipc_service.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* For any thread, at any time: no input or output, and no waiting for a refresh. */
static bool look_up(nipc_cgroups_cache_t *cache, const char *name) {
    nipc_cgroups_cache_read_guard_t guard;
    if (!nipc_cgroups_cache_read_lock(cache, &guard))
        return false; /* no refresh has succeeded yet */
    const nipc_cgroups_cache_item_view_t *item = /* lives as long as the guard */
        nipc_cgroups_cache_get(&guard, nipc_simple_hash(name), name);
    printf("%s: %s\n", name, item != NULL ? item->path : "not known");
    fflush(stdout);
    nipc_cgroups_cache_read_unlock(&guard);
    return true;
}

int main(int argc, char **argv) {
    const char *name = argc > 2 ? argv[2] : "shop";
    unsigned long rounds = argc > 3 ? strtoul(argv[3], NULL, 10) : 0; /* 0 is for ever */
    static nipc_cgroups_cache_t cache;
    static nipc_client_config_t config; /* zero in a field is its default */
    bool known = false;
    config.supported_profiles = NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_HYBRID;
    config.auth_token = 42;
    nipc_cgroups_cache_init(&cache, argc > 1 ? argv[1] : "/tmp/example", "cgroups-snapshot",
                            &config); /* connects to nothing */
    for (unsigned long round = 1; rounds == 0 || round <= rounds; round++) {
        char why[512];
        if (!nipc_cgroups_cache_refresh(&cache) /* and keeps the last good answer then */
            && nipc_cgroups_cache_last_error(&cache, why, sizeof(why)) > 0)
            fprintf(stderr, "%s\n", why);
        known = look_up(&cache, name);
        if (round != rounds) sleep(1);
    }
    nipc_cgroups_cache_close(&cache);
    return known ? EXIT_SUCCESS : EXIT_FAILURE;
}
