/* What the parts of the driver share. See driver.c. */

#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netipc/netipc_service.h>

/* Does one operation, checks what came of it, and returns its units. */
typedef uint64_t (*operation)(void);

/* The operation of the scenario that the arguments tell; ready to be done. */
operation calls_open(const char *scenario); /* ping, batch, pipeline, snapshot, lookup */
operation cache_open(void);
operation enricher_open(void);
operation items_open(void);

/* Serves until stdin ends; returns what the program ends with. */
int serve(void);

/* Says what this process has used so far. */
void report_usage(void);

/* The value of an argument. Fails where it was not given. */
const char *option(const char *name);
uint32_t number(const char *name);
bool option_is(const char *name, const char *value);

/* Says why, in one line, and ends the program. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
_Noreturn void fail(const char *why, ...);

/* Ends the program, too, unless it is so. */
void check(bool right, const char *otherwise);

/* Memory for count things of this size, zeroed. */
void *room_for(size_t count, size_t size);

/* A session with the service, over the transport that the arguments tell. */
void client_open(nipc_client_ctx_t *client);
void client_check(nipc_client_ctx_t *client, nipc_error_t error);
nipc_client_config_t client_config(void);

/* The profile of the transport that the arguments tell, beside the socket. */
uint32_t profile_wanted(void);

/* What the server has. */
struct cgroup {
    uint32_t hash;
    uint32_t name_len;
    uint32_t path_len;
    char name[32];
    char path[64];
};

#define GENERATION 1
#define CGROUPS_DIR "/sys/fs/cgroup/bench/"

/* All cgroups of a snapshot. */
struct cgroup *cgroups_make(uint32_t count);

/* What a lookup asks for, of the service that the arguments tell. */
struct keys {
    uint32_t count;
    bool are_apps;
    nipc_str_view_t *paths;
    uint32_t *pids;
    bool *known;
    char (*texts)[64]; /* of the paths */
};

/* Keys of which the server knows all, none, or every other one: mix is known, unknown or mixed. */
struct keys keys_make(uint32_t count, const char *mix);

/* Makes them those from number first on; keys_make begins with 0. */
void keys_number(struct keys *keys, uint32_t first);

#endif
