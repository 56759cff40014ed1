/* Looks at the keys of an enricher, which knows all of them, or none yet, and rounds in which some are new. */

#include <netipc/netipc_any.h>
#include <string.h>

#include "driver.h"

/* More than a round takes. */
#define BUDGET_MS 60000

/* One in so many keys is new in a round. */
#define NEW_OF 100

static nipc_enricher_t enricher;
static struct keys keys;
static uint32_t wanted;
static uint32_t next;

/* Looks at a key; whether the item has its texts, where there is one. */
static uint32_t look(const nipc_enricher_guard_t *guard, uint32_t i)
{
    if (keys.are_apps) {
        nipc_apps_lookup_item_view_t item;
        const uint32_t found = nipc_enricher_get_process(&enricher, guard, keys.pids[i], 0, &item, NULL);
        check(found != NIPC_FOUND_ITEM || item.comm.len > 0, "an item without its texts");
        return found;
    }
    nipc_cgroups_lookup_item_view_t item;
    const nipc_str_view_t path = keys.paths[i];
    const uint32_t found = nipc_enricher_get_cgroup(&enricher, guard, path.ptr, path.len, &item, NULL);
    check(found != NIPC_FOUND_ITEM || item.name.len > 0, "an item without its texts");
    return found;
}

static uint64_t look_at_all(void)
{
    nipc_enricher_guard_t guard;
    bool right = nipc_enricher_read_lock(&enricher, &guard);
    for (uint32_t i = 0; right && i < keys.count; i++)
        right = look(&guard, i) == wanted;
    nipc_enricher_read_unlock(&guard);
    check(right, "a look that gave something else");
    return keys.count;
}

/* All keys that wait for it. */
static void ask(void)
{
    nipc_enricher_step_t step;
    check(nipc_enricher_step(&enricher, BUDGET_MS, &step) == NIPC_OK, "no round");
    check(step.answered == keys.count, "a key that was not answered");
}

/* From the first look at new keys, which take the place of others, to the last answer. */
static uint64_t ask_for_new(void)
{
    keys_number(&keys, next);
    next += keys.count;
    look_at_all();
    ask();
    return 1;
}

operation enricher_open(void)
{
    keys = keys_make(number("items"), "known");
    wanted = NIPC_FOUND_QUEUED;
    const nipc_client_config_t client = client_config();
    const nipc_enricher_config_t config = {.capacity = keys.count};
    (keys.are_apps ? nipc_enricher_init_processes : nipc_enricher_init_cgroups)(
        &enricher, option("run-dir"), option("service"), &client, &config);
    nipc_enricher_step_t step;
    check(nipc_enricher_step(&enricher, BUDGET_MS, &step) == NIPC_OK, "no round");
    if (step.end != NIPC_ENRICHER_IDLE) {
        char why[512];
        nipc_enricher_last_error(&enricher, why, sizeof why);
        fail("no provider for the enricher: %s", why);
    }
    if (option_is("looks", "miss"))
        return look_at_all;
    look_at_all();
    ask();
    if (option_is("looks", "hit")) {
        wanted = NIPC_FOUND_ITEM;
        return look_at_all;
    }
    if (!option_is("looks", "step"))
        fail("unsupported");
    next = keys.count;
    keys.count = next > NEW_OF ? next / NEW_OF : 1;
    return ask_for_new;
}
