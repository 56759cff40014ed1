/* Checks of enrichers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <netipc/netipc_any.h>

#include "check.h"

static bool is_known(uint32_t pid)
{
    struct process process;
    data_process(pid, false, &process);
    return process.status == NIPC_PID_LOOKUP_KNOWN;
}

/* Asks for processes, again where a handshake took too long, as it may on a busy machine. */
static bool learns(struct check *check, nipc_enricher_t *enricher, const uint32_t *pids, uint32_t count,
                   uint64_t generation)
{
    uint64_t *memory = calloc((size_t)count + 1, sizeof *memory);
    nipc_bytes_view_t *keys = calloc((size_t)count + 1, sizeof *keys);
    uint32_t expected = 0, known = 0;
    for (uint32_t at = 0; memory != NULL && keys != NULL && at < count; at++) {
        keys[at] = nipc_enricher_process_key(pids[at], &memory[at]);
        expected += is_known(pids[at]);
    }
    for (int tries = 0; memory != NULL && keys != NULL && tries < PATIENCE && known != expected; tries++)
        known = nipc_enricher_refresh_now(enricher, keys, count, PATIENCE * 1000u);
    free(memory);
    free(keys);
    nipc_enricher_stats_t stats;
    return same(check, "the number of items", known, expected) &&
           succeeded(check, nipc_enricher_stats(enricher, &stats)) &&
           same(check, "the generation", stats.generation, generation);
}

/* Whether an enricher has what every provider knows of processes. */
static bool knows(struct check *check, nipc_enricher_t *enricher, const uint32_t *pids, uint32_t count, bool stale)
{
    nipc_enricher_guard_t guard;
    if (!nipc_enricher_read_lock(enricher, &guard))
        return fail(check, "there is nothing to read");
    bool ok = true;
    for (uint32_t at = 0; ok && at < count; at++) {
        nipc_apps_lookup_item_view_t item;
        nipc_enricher_found_t found;
        nipc_enricher_get_process(enricher, &guard, pids[at], 0, &item, &found);
        ok = is_known(pids[at]) ? same(check, "an item", found.found, NIPC_FOUND_ITEM) &&
                                      same(check, "whether it is stale", found.stale, stale) &&
                                      same_process(check, &item, pids[at])
                                : same(check, "what is not known", found.found, NIPC_FOUND_FOR_NOW);
    }
    nipc_enricher_read_unlock(&guard);
    return ok;
}

/* Rounds until one finds no provider: systems may tell of its end some time after it. */
static bool loses(struct check *check, nipc_enricher_t *enricher)
{
    const time_t until = time(NULL) + PATIENCE;
    nipc_enricher_step_t step = {0};
    nipc_error_t error;
    do
        error = nipc_enricher_step(enricher, PATIENCE * 1000u, &step);
    while (error == NIPC_OK && step.end == NIPC_ENRICHER_IDLE && time(NULL) < until);
    return succeeded(check, error) && same(check, "a step without a provider", step.end, NIPC_ENRICHER_ABSENT);
}

static bool survives(struct check *check, nipc_enricher_t *enricher, uint32_t *pids, uint32_t count)
{
    uint64_t generation = check->options->generation;
    char start[64];
    snprintf(start, sizeof start, "start --generation %" PRIu64, generation + 1);
    pids[count] = data_number((uint32_t)check->options->first + count);
    while (!is_known(pids[count]))
        pids[count]++;
    return learns(check, enricher, pids, count, generation) && knows(check, enricher, pids, count, false) &&
           want(check, "kill") && loses(check, enricher) && knows(check, enricher, pids, count, true) && want(check, start) &&
           learns(check, enricher, pids + count, 1, generation + 1) &&
           knows(check, enricher, pids, count + 1, false);
}

/* An enricher knows what its provider does, keeps that while the provider is gone, and goes on with the next one. */
bool check_enricher(struct check *check)
{
    uint32_t count = (uint32_t)check->options->count;
    uint32_t *pids = calloc((size_t)count + 1, sizeof *pids);
    if (pids == NULL)
        return fail(check, "out of memory");
    for (uint32_t at = 0; at < count; at++)
        pids[at] = data_number((uint32_t)check->options->first + at);
    nipc_client_config_t config = options_client(check->options);
    nipc_enricher_t enricher;
    nipc_enricher_init_processes(&enricher, check->options->run_dir, check->options->service, &config, NULL);
    bool ok = survives(check, &enricher, pids, count);
    nipc_enricher_close(&enricher);
    /* An enricher does not tell what carries it, so that a client of the same configuration does. It may have to
     * wait for the place. */
    nipc_apps_lookup_resp_view_t reply;
    ok = ok && gets_in(check, &check->client) &&
         succeeded(check, nipc_client_call_apps_lookup(&check->client, pids, 1, &reply));
    free(pids);
    return ok;
}
