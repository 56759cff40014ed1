/* Checks of the cache. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

static nipc_str_view_t view(const char *text)
{
    return (nipc_str_view_t){text, (uint32_t)strlen(text)};
}

static bool finds_all(struct check *check, const nipc_cgroups_cache_read_guard_t *guard, uint64_t generation)
{
    const struct options *options = check->options;
    if (!same(check, "the number of items", nipc_cgroups_cache_item_count(guard), options->items))
        return false;
    for (uint32_t index = 0; index < options->items; index++) {
        struct item expected;
        data_item(index, generation, (uint32_t)options->path_len, &expected);
        const nipc_cgroups_cache_item_view_t *found =
            nipc_cgroups_cache_get(guard, expected.hash, expected.name.bytes);
        if (found == NULL)
            return fail(check, "item %" PRIu32 " is not found", index);
        if (!same(check, "hash", found->hash, expected.hash) ||
            !same(check, "options", found->options, expected.options) ||
            !same(check, "enabled", found->enabled, expected.enabled) ||
            !same_text(check, "name", view(found->name), text_view(&expected.name)) ||
            !same_text(check, "path", view(found->path), text_view(&expected.path)))
            return false;
    }
    return same(check, "an item that is not there", nipc_cgroups_cache_get(guard, 1, "nobody") != NULL, false);
}

bool cache_holds(struct check *check, nipc_cgroups_cache_t *cache, uint64_t generation)
{
    nipc_cgroups_cache_status_t status;
    nipc_cgroups_cache_status(cache, &status);
    if (!same(check, "item_count", status.item_count, check->options->items) ||
        !same(check, "generation", status.generation, generation) ||
        !same(check, "systemd_enabled", status.systemd_enabled, generation % 2))
        return false;
    nipc_cgroups_cache_read_guard_t guard;
    if (!nipc_cgroups_cache_read_lock(cache, &guard))
        return fail(check, "there is nothing to read");
    bool ok = finds_all(check, &guard, generation);
    nipc_cgroups_cache_read_unlock(&guard);
    return ok;
}

/* Refreshes a cache, again where a handshake took too long; adds to FAILED how often that was so. */
static bool refreshes(struct check *check, nipc_cgroups_cache_t *cache, uint32_t *failed)
{
    char why[DETAIL_MAX / 2];
    for (int tries = 0; tries < PATIENCE / 2; tries++) {
        if (nipc_cgroups_cache_refresh(cache))
            return true;
        nipc_cgroups_cache_last_error(cache, why, sizeof why);
        if (strstr(why, "deadline") == NULL)
            break;
        ++*failed;
    }
    return fail(check, "the cache cannot refresh: %s", why);
}

static bool survives(struct check *check, nipc_cgroups_cache_t *cache)
{
    uint64_t generation = check->options->generation;
    uint32_t failed = 1; /* Without a provider. */
    char start[64];
    snprintf(start, sizeof start, "start --generation %" PRIu64, generation + 1);
    if (!refreshes(check, cache, &failed) || !cache_holds(check, cache, generation) || !want(check, "kill") ||
        !same(check, "a refresh without a provider", nipc_cgroups_cache_refresh(cache), false) ||
        !cache_holds(check, cache, generation) || !want(check, start) || !refreshes(check, cache, &failed) ||
        !cache_holds(check, cache, generation + 1))
        return false;
    nipc_cgroups_cache_status_t status;
    nipc_cgroups_cache_status(cache, &status);
    return same(check, "refresh_success_count", status.refresh_success_count, 2) &&
           same(check, "refresh_failure_count", status.refresh_failure_count, failed);
}

/* A cache keeps what it has while its provider is gone, and has the new data after a restart. */
bool check_cache(struct check *check)
{
    nipc_client_config_t config = options_client(check->options);
    nipc_cgroups_cache_t cache = {0};
    nipc_cgroups_cache_init(&cache, check->options->run_dir, check->options->service, &config);
    bool ok = survives(check, &cache);
    nipc_cgroups_cache_close(&cache);
    /* A cache does not tell what carries it, so that a client of the same configuration does. The
     * server tells of all of its sessions, and the client may have to wait for the place. */
    nipc_cgroups_resp_view_t reply;
    return ok && gets_in(check, &check->client) &&
           succeeded(check, nipc_client_call_cgroups_snapshot(&check->client, &reply));
}
