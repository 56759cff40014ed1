/* Reads: lookups in a cache, and the items and labels of a reply that came before. */

#include <string.h>

#include "driver.h"

/* Lookups between two looks at the clock, at least. */
#define LOOKUPS_PER_LOOK 1024

static uint32_t count;

/* ---- cache ---- */

static nipc_cgroups_cache_t cache;
static struct cgroup *cgroups;
static uint32_t passes;

static bool is_found(const nipc_cgroups_cache_read_guard_t *guard, const struct cgroup *cgroup)
{
    const nipc_cgroups_cache_item_view_t *item =
        nipc_cgroups_cache_get(guard, cgroup->hash, cgroup->name);
    return item != NULL && strlen(item->path) == cgroup->path_len;
}

static uint64_t look_up_with_one_guard(void)
{
    for (uint32_t pass = 0; pass < passes; pass++) {
        nipc_cgroups_cache_read_guard_t guard;
        bool found = nipc_cgroups_cache_read_lock(&cache, &guard);
        for (uint32_t i = 0; found && i < count; i++)
            found = is_found(&guard, &cgroups[i]);
        nipc_cgroups_cache_read_unlock(&guard);
        check(found, "a cached item was not found");
    }
    return (uint64_t)passes * count;
}

static uint64_t look_up_with_a_guard_each(void)
{
    for (uint32_t pass = 0; pass < passes; pass++) {
        for (uint32_t i = 0; i < count; i++) {
            nipc_cgroups_cache_read_guard_t guard;
            const bool found = nipc_cgroups_cache_read_lock(&cache, &guard) &&
                               is_found(&guard, &cgroups[i]);
            nipc_cgroups_cache_read_unlock(&guard);
            check(found, "a cached item was not found");
        }
    }
    return (uint64_t)passes * count;
}

operation cache_open(void)
{
    count = number("items");
    cgroups = cgroups_make(count);
    passes = (LOOKUPS_PER_LOOK + count - 1) / count;
    const nipc_client_config_t config = client_config();
    nipc_cgroups_cache_init(&cache, option("run-dir"), option("service"), &config);
    if (!nipc_cgroups_cache_refresh(&cache)) {
        char why[512];
        nipc_cgroups_cache_last_error(&cache, why, sizeof why);
        fail("no snapshot for the cache: %s", why);
    }
    return option_is("guard", "pass") ? look_up_with_one_guard : look_up_with_a_guard_each;
}

/* ---- items ---- */

static nipc_client_ctx_t client;
static nipc_cgroups_resp_view_t snapshot;
static nipc_cgroups_lookup_resp_view_t cgroups_reply;
static nipc_apps_lookup_resp_view_t apps_reply;
static nipc_cgroups_lookup_item_view_t *items;

/* Bytes that the first pass has found, and so has every other. */
static uint64_t bytes_there;

static uint64_t found(uint64_t units, uint64_t bytes)
{
    if (bytes_there == 0)
        bytes_there = bytes;
    check(bytes > 0 && bytes == bytes_there, "items that change");
    return units;
}

static uint64_t read_snapshot(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        nipc_cgroups_item_view_t item;
        if (nipc_cgroups_resp_item(&snapshot, i, &item) == NIPC_OK)
            bytes += item.name.len + item.path.len;
    }
    return found(count, bytes);
}

static uint64_t read_cgroups(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        nipc_cgroups_lookup_item_view_t item;
        if (nipc_cgroups_lookup_resp_item(&cgroups_reply, i, &item) == NIPC_OK)
            bytes += item.path.len + item.name.len;
    }
    return found(count, bytes);
}

static uint64_t read_apps(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        nipc_apps_lookup_item_view_t item;
        if (nipc_apps_lookup_resp_item(&apps_reply, i, &item) == NIPC_OK)
            bytes += item.comm.len + item.cgroup_path.len;
    }
    return found(count, bytes);
}

static uint64_t read_labels(void)
{
    uint64_t bytes = 0;
    uint64_t labels = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint16_t j = 0; j < items[i].label_count; j++) {
            nipc_lookup_label_view_t label;
            if (nipc_cgroups_lookup_item_label(&items[i], j, &label) == NIPC_OK)
                bytes += label.key.len + label.value.len;
            labels++;
        }
    }
    return found(labels, bytes);
}

operation items_open(void)
{
    count = number("items");
    client_open(&client);
    if (option_is("service", "cgroups-snapshot")) {
        client_check(&client, nipc_client_call_cgroups_snapshot(&client, &snapshot));
        check(snapshot.item_count == count, "a snapshot of other items");
        return read_snapshot;
    }
    const struct keys keys = keys_make(count, "known");
    if (keys.are_apps) {
        client_check(&client,
                     nipc_client_call_apps_lookup(&client, keys.pids, count, &apps_reply));
        return read_apps;
    }
    client_check(&client,
                 nipc_client_call_cgroups_lookup(&client, keys.paths, count, &cgroups_reply));
    items = room_for(count, sizeof *items);
    for (uint32_t i = 0; i < count; i++)
        client_check(&client, nipc_cgroups_lookup_resp_item(&cgroups_reply, i, &items[i]));
    return option_is("access", "labels") ? read_labels : read_cgroups;
}
