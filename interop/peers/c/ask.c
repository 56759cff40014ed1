/* A consumer that lives: it asks whenever it is told, whatever becomes of its provider meanwhile. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"

/* One asker: a client, or a cache of snapshots. */
struct asker {
    struct check check;
    nipc_cgroups_cache_t cache;
    bool (*perform)(struct check *check);
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool cache_is(struct check *check, nipc_cgroups_cache_t *cache, const nipc_cgroups_cache_status_t *before)
{
    nipc_cgroups_cache_status_t now;
    nipc_cgroups_cache_status(cache, &now);
    return same(check, "the generation after a failure", now.generation, before->generation) &&
           same(check, "whether there is data after a failure", now.populated, before->populated);
}

/* Refreshes, and looks at everything in the cache: after a failure it has what it had before. */
static bool refreshes_cache(struct asker *asker)
{
    struct check *check = &asker->check;
    nipc_cgroups_cache_status_t before, now;
    nipc_cgroups_cache_status(&asker->cache, &before);
    bool refreshed = nipc_cgroups_cache_refresh(&asker->cache);
    if (!refreshed && !cache_is(check, &asker->cache, &before))
        return false;
    nipc_cgroups_cache_status(&asker->cache, &now);
    if (now.populated && !cache_holds(check, &asker->cache, now.generation))
        return false;
    if (refreshed)
        return true;
    char why[DETAIL_MAX / 2] = "";
    nipc_cgroups_cache_last_error(&asker->cache, why, sizeof why);
    return fail(check, "the cache cannot refresh: %s", why);
}

static const char *transport(struct asker *asker)
{
    nipc_transport_info_t info = {0};
    if (asker->perform == NULL)
        return "any";
    if (nipc_client_transport(&asker->check.client, &info) != NIPC_OK)
        return "none";
    return info.transport == NIPC_TRANSPORT_SHM ? "shm" : "socket";
}

static void asks(struct asker *asker)
{
    struct check *check = &asker->check;
    check->detail[0] = '\0';
    uint64_t began = now_ms();
    bool ok = asker->perform == NULL ? refreshes_cache(asker) : asker->perform(check);
    uint64_t took = now_ms() - began;
    for (char *at = check->detail; *at != '\0'; at++)
        if (*at == '\n')
            *at = ' ';
    if (ok)
        printf("RIGHT %" PRIu64 " %s\n", took, transport(asker));
    else
        /* A comparison that failed is a wrong answer; anything else was no answer. */
        printf("%s %" PRIu64 " %s\n", strstr(check->detail, " instead of ") != NULL ? "WRONG" : "FAILED", took,
               check->detail);
    fflush(stdout);
}

static void begins_cache(struct asker *asker)
{
    const struct options *options = asker->check.options;
    nipc_client_config_t config = options_client(options);
    nipc_cgroups_cache_init(&asker->cache, options->run_dir, options->service, &config);
}

/* Ends the session; asking makes the next one. What a cache has goes with it. */
static void leaves(struct asker *asker)
{
    nipc_client_close(&asker->check.client);
    nipc_cgroups_cache_close(&asker->cache);
    begins_cache(asker);
}

static bool begins(struct asker *asker, const struct options *options)
{
    static const struct {
        const char *name;
        bool (*perform)(struct check *check);
    } kinds[] = {
        {"increment", check_increment},         {"string-reverse", check_string_reverse},
        {"cgroups-snapshot", NULL},             {"cgroups-lookup", check_cgroups_lookup},
        {"apps-lookup", check_apps_lookup},     {"ip-to-asn", check_ip_to_asn},
        {"pid-traffic", check_pid_traffic},
    };
    nipc_client_config_t config = options_client(options);
    asker->check.impatient = true;
    nipc_client_init(&asker->check.client, options->run_dir, options->service, &config);
    begins_cache(asker);
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++)
        if (strcmp(options->what, kinds[at].name) == 0) {
            asker->perform = kinds[at].perform;
            return true;
        }
    return false;
}

int ask(const struct options *given)
{
    static struct asker asker;
    struct options options = *given;
    asker.check.options = &options;
    bool ok = begins(&asker, &options);
    char line[64];
    if (ok) {
        puts("READY");
        fflush(stdout);
    }
    while (ok && fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "leave\n") == 0) {
            leaves(&asker);
            puts("LEFT");
            fflush(stdout);
        } else if (sscanf(line, "ask %" SCNu64 " %" SCNu64, &options.first, &options.count) == 2) {
            asks(&asker);
        } else {
            ok = false;
        }
    }
    nipc_cgroups_cache_close(&asker.cache);
    nipc_client_close(&asker.check.client);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
