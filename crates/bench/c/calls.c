/* Calls: INCREMENT, one or many at a time, snapshots, and lookups. */

#include <string.h>

#include "driver.h"

/* Items of the largest batch, requests under way, cgroups or keys. */
static uint32_t count;

/* State of what chooses the sizes of batches: xorshift32. */
static uint32_t sizes = 12345;

static nipc_client_ctx_t client;
static uint64_t first;
static uint64_t *requests;
static uint64_t *responses;
static struct cgroup *cgroups;
static struct keys keys;

static uint64_t ping(void)
{
    uint64_t response;
    client_check(&client, nipc_client_call_increment(&client, first, &response));
    check(response == first + 1, "not the next number");
    first = response;
    return 1;
}

static void check_next(uint32_t asked)
{
    for (uint32_t i = 0; i < asked; i++)
        check(responses[i] == requests[i] + 1, "not the next number");
}

/* Sizes from 2 to the most, the same ones as those of the Rust client. */
static uint64_t batch(void)
{
    sizes ^= sizes << 13;
    sizes ^= sizes >> 17;
    sizes ^= sizes << 5;
    const uint32_t asked = sizes % (count - 1) + 2;
    client_check(&client,
                 nipc_client_call_increment_batch(&client, requests, asked, responses));
    check_next(asked);
    return asked;
}

static uint64_t pipeline(void)
{
    for (uint32_t i = 0; i < count; i++)
        requests[i] = first++;
    client_check(&client, nipc_client_call_increment_pipelined(&client, requests, count, count,
                                                               responses));
    check_next(count);
    return count;
}

static bool is_text(nipc_str_view_t view, const char *text, uint32_t len)
{
    return view.len == len && memcmp(view.ptr, text, len) == 0;
}

static uint64_t snapshot(void)
{
    nipc_cgroups_resp_view_t reply;
    client_check(&client, nipc_client_call_cgroups_snapshot(&client, &reply));
    bool right = reply.item_count == count && reply.generation == GENERATION;
    for (uint32_t i = 0; right && i < count; i++) {
        const struct cgroup *cgroup = &cgroups[i];
        nipc_cgroups_item_view_t item;
        right = nipc_cgroups_resp_item(&reply, i, &item) == NIPC_OK &&
                item.hash == cgroup->hash &&
                is_text(item.name, cgroup->name, cgroup->name_len) &&
                is_text(item.path, cgroup->path, cgroup->path_len);
    }
    check(right, "a snapshot that is not the served one");
    return 1;
}

/* Looks at each label. */
static size_t cgroup_label_bytes(const nipc_cgroups_lookup_item_view_t *item)
{
    size_t bytes = 0;
    nipc_lookup_label_view_t label;
    for (uint16_t i = 0; i < item->label_count; i++)
        if (nipc_cgroups_lookup_item_label(item, i, &label) == NIPC_OK)
            bytes += label.key.len + label.value.len;
    return bytes;
}

static size_t app_label_bytes(const nipc_apps_lookup_item_view_t *item)
{
    size_t bytes = 0;
    nipc_lookup_label_view_t label;
    for (uint16_t i = 0; i < item->label_count; i++)
        if (nipc_apps_lookup_item_label(item, i, &label) == NIPC_OK)
            bytes += label.key.len + label.value.len;
    return bytes;
}

static bool is_known_cgroup(const nipc_cgroups_lookup_item_view_t *item)
{
    return item->status == NIPC_CGROUP_LOOKUP_KNOWN &&
           item->orchestrator == NIPC_ORCHESTRATOR_K8S &&
           is_text(item->name, "bench-pod", sizeof "bench-pod" - 1) &&
           cgroup_label_bytes(item) == sizeof "namespacebenchimagebench:latest" - 1;
}

static bool is_known_app(const nipc_apps_lookup_item_view_t *item)
{
    const size_t dir = sizeof CGROUPS_DIR - 1;
    return item->status == NIPC_PID_LOOKUP_KNOWN && item->ppid == 1 &&
           is_text(item->comm, "bench", sizeof "bench" - 1) && item->cgroup_path.len > dir &&
           memcmp(item->cgroup_path.ptr, CGROUPS_DIR, dir) == 0 &&
           is_text(item->cgroup_name, "bench-pod", sizeof "bench-pod" - 1) &&
           app_label_bytes(item) == sizeof "namespacebench" - 1;
}

static uint64_t cgroups_lookup(void)
{
    nipc_cgroups_lookup_resp_view_t reply;
    client_check(&client,
                 nipc_client_call_cgroups_lookup(&client, keys.paths, keys.count, &reply));
    bool right = reply.item_count == keys.count;
    for (uint32_t i = 0; right && i < keys.count; i++) {
        nipc_cgroups_lookup_item_view_t item;
        right = nipc_cgroups_lookup_resp_item(&reply, i, &item) == NIPC_OK &&
                is_text(item.path, keys.paths[i].ptr, keys.paths[i].len) &&
                (keys.known[i] ? is_known_cgroup(&item)
                               : item.status == NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT);
    }
    check(right, "an item of a lookup");
    return 1;
}

static uint64_t apps_lookup(void)
{
    nipc_apps_lookup_resp_view_t reply;
    client_check(&client, nipc_client_call_apps_lookup(&client, keys.pids, keys.count, &reply));
    bool right = reply.item_count == keys.count;
    for (uint32_t i = 0; right && i < keys.count; i++) {
        nipc_apps_lookup_item_view_t item;
        right = nipc_apps_lookup_resp_item(&reply, i, &item) == NIPC_OK &&
                item.pid == keys.pids[i] &&
                (keys.known[i] ? is_known_app(&item) : item.status == NIPC_PID_LOOKUP_UNKNOWN);
    }
    check(right, "an item of a lookup");
    return 1;
}

static uint64_t lookup(void)
{
    return keys.are_apps ? apps_lookup() : cgroups_lookup();
}

static const struct {
    const char *scenario;
    operation run;
} calls[] = {
    {"ping", ping},         {"batch", batch},   {"pipeline", pipeline},
    {"snapshot", snapshot}, {"lookup", lookup},
};

operation calls_open(const char *scenario)
{
    operation run = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(scenario, calls[i].scenario) == 0)
            run = calls[i].run;
    if (run == NULL)
        fail("unsupported");
    count = number("items");
    cgroups = cgroups_make(count);
    if (run == lookup)
        keys = keys_make(count, option("mix"));
    requests = room_for(count, sizeof *requests);
    responses = room_for(count, sizeof *responses);
    for (uint32_t i = 0; i < count; i++)
        requests[i] = i;
    client_open(&client);
    return run;
}
