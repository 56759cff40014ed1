/* The command line of a peer. */
#ifndef INTEROP_OPTIONS_H
#define INTEROP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <netipc/netipc_service.h>

struct options {
    const char *what;
    const char *run_dir;
    const char *service;
    uint64_t token;
    uint64_t profile;
    uint64_t max_response;
    uint64_t workers;
    uint64_t stuck_on;
    uint64_t generation;
    uint64_t items;
    uint64_t path_len;
    uint64_t first;
    uint64_t count;
    uint64_t window;
    uint64_t door;
    uint64_t timeout;
};

/* Reads what stands behind the role; says what is wrong with it. */
bool options_read(struct options *options, int count, char **arguments);

/* Both offer the baseline, too, and prefer the profile that must be selected. */
nipc_client_config_t options_client(const struct options *options);
nipc_server_config_t options_server(const struct options *options);

/* Are the roles, and return the status of the program. */
int serve(const struct options *options);
int check(const struct options *options);
int ask(const struct options *options);

#endif
