/* What the checks have in common: a client, expectations, and wishes. */
#ifndef INTEROP_CHECK_H
#define INTEROP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data.h"
#include "examples.h"
#include "options.h"

/* Bytes of a sentence that says what is wrong. */
#define DETAIL_MAX 1024
/* The longest that anything may take on a busy machine, in seconds. */
#define PATIENCE 60

struct check {
    const struct options *options;
    /* Whose session and calls the verdict tells. Set up, not connected, and closed by the caller. That
     * of a service with a schema begins with it. */
    union {
        nipc_client_ctx_t client;
        ip_to_asn_client_t networks;
        pid_traffic_client_t traffic;
    };
    /* Whether a client that is not ready is refreshed once only. */
    bool impatient;
    char detail[DETAIL_MAX];
};

/* All return whether things are as they have to be, and otherwise keep what is wrong. */

__attribute__((format(printf, 2, 3))) bool fail(struct check *check, const char *format, ...);
bool same(struct check *check, const char *what, uint64_t found, uint64_t expected);
bool same_text(struct check *check, const char *what, nipc_str_view_t found, nipc_str_view_t expected);
bool succeeded(struct check *check, nipc_error_t error);
bool failed_with(struct check *check, nipc_error_t error, nipc_error_t expected);

/* One increment, right or wrong. */
bool increments(struct check *check, nipc_client_ctx_t *client, uint64_t value);

/* Refreshes a client, again where a handshake took too long, as it may on a busy machine. */
void refresh(nipc_client_ctx_t *client);

/* Refreshes a client, which must be ready then. */
bool connects(struct check *check, nipc_client_ctx_t *client);

/* Refreshes a client at its own pace until it is ready: who had the only place of a server may be leaving it. */
bool gets_in(struct check *check, nipc_client_ctx_t *client);

/* Wants something of whoever has started both peers: without waiting, and until it is done. */
bool wish(struct check *check, const char *what);
bool fulfilled(struct check *check);
bool want(struct check *check, const char *what);

/* door.c: whether a client is turned down, with a reason; and whoever --door says, a cache or a
 * client, before the check. */
bool is_refused(struct check *check, nipc_client_ctx_t *client, nipc_client_state_t state);
bool passes_door(struct check *check, bool cached);

/* calls.c */
bool check_increment(struct check *check);
bool check_increment_batch(struct check *check);
bool check_increment_pipelined(struct check *check);
bool check_string_reverse(struct check *check);
bool check_snapshot(struct check *check);

/* lookups.c: the last one, whether an item is what every provider knows of a process. */
bool check_cgroups_lookup(struct check *check);
bool check_apps_lookup(struct check *check);
bool same_process(struct check *check, const nipc_apps_lookup_item_view_t *found, uint32_t pid);

/* enricher.c */
bool check_enricher(struct check *check);

/* examples.c */
bool check_ip_to_asn(struct check *check);
bool check_pid_traffic(struct check *check);

/* lives.c */
bool check_wrong_token(struct check *check);
bool check_capacity(struct check *check);
bool check_restart(struct check *check);
bool check_killed(struct check *check);

/* cache.c: the second, whether a cache has exactly the items of a generation, and finds each. */
bool check_cache(struct check *check);
bool cache_holds(struct check *check, nipc_cgroups_cache_t *cache, uint64_t generation);

#endif
