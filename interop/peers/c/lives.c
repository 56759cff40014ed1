/* Checks of what happens when providers come, go and refuse. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool is_in(struct check *check, const nipc_client_ctx_t *client, nipc_client_state_t state)
{
    return same(check, "the state", client->state, state);
}

/* A server that has refused a client is left alone for a second. */
bool gets_in(struct check *check, nipc_client_ctx_t *client)
{
    const struct timespec period = {.tv_nsec = 10000000};
    double until = now() + PATIENCE;
    while (!nipc_client_ready(client) && now() < until) {
        nanosleep(&period, NULL);
        nipc_client_refresh(client);
    }
    return connects(check, client);
}

static bool friend_gets_an_answer(struct check *check)
{
    nipc_client_config_t config = options_client(check->options);
    nipc_client_ctx_t friend = {0};
    nipc_client_init(&friend, check->options->run_dir, check->options->service, &config);
    bool ok = connects(check, &friend) && increments(check, &friend, 1);
    nipc_client_close(&friend);
    return ok;
}

/* Who has a wrong token is told so, and gets in once it is the right one. */
bool check_wrong_token(struct check *check)
{
    nipc_client_ctx_t *stranger = &check->client;
    nipc_client_config_t config = options_client(check->options);
    config.auth_token++;
    nipc_client_close(stranger);
    nipc_client_init(stranger, check->options->run_dir, check->options->service, &config);
    refresh(stranger);
    uint64_t answer;
    char start[64];
    snprintf(start, sizeof start, "start --token %" PRIu64, config.auth_token);
    return is_in(check, stranger, NIPC_CLIENT_AUTH_FAILED) &&
           failed_with(check, nipc_client_call_increment(stranger, 1, &answer), NIPC_ERR_NOT_READY) &&
           friend_gets_an_answer(check) && want(check, "stop") && want(check, start) && gets_in(check, stranger) &&
           increments(check, stranger, 2);
}

/* A full server says so, harms nobody, and takes the second client once the first has left. */
bool check_capacity(struct check *check)
{
    nipc_client_config_t config = options_client(check->options);
    nipc_client_ctx_t first = {0}, *second = &check->client;
    nipc_client_init(&first, check->options->run_dir, check->options->service, &config);
    bool ok = connects(check, &first) && increments(check, &first, 1) &&
              is_refused(check, second, NIPC_CLIENT_DISCONNECTED) && increments(check, &first, 2);
    nipc_client_close(&first);
    return ok && connects(check, second) && increments(check, second, 3);
}

/* A provider that was killed and is back costs the next call one retry, and its caller nothing. */
bool check_restart(struct check *check)
{
    nipc_client_ctx_t *client = &check->client;
    if (!connects(check, client) || !increments(check, client, 1) || !want(check, "kill") || !want(check, "start") ||
        !increments(check, client, 2))
        return false;
    nipc_client_status_t status;
    nipc_client_status(client, &status);
    return same(check, "retry_count", status.retry_count, 1) &&
           same(check, "reconnect_count", status.reconnect_count, 1) &&
           same(check, "error_count", status.error_count, 0);
}

static bool finds_nobody(struct check *check, nipc_client_ctx_t *client)
{
    nipc_client_refresh(client);
    return is_in(check, client, NIPC_CLIENT_NOT_FOUND);
}

/* A call that waits for a provider that dies fails at once, and the client can be used again. */
bool check_killed(struct check *check)
{
    nipc_client_ctx_t *client = &check->client;
    double began = now();
    uint64_t answer;
    return connects(check, client) && increments(check, client, 1) && wish(check, "kill-when-stuck") &&
           failed_with(check, nipc_client_call_increment(client, check->options->stuck_on, &answer),
                       NIPC_ERR_DISCONNECTED) &&
           same(check, "whether it failed soon", now() - began < PATIENCE, true) &&
           fulfilled(check) && finds_nobody(check, client) && want(check, "start") &&
           connects(check, client) && increments(check, client, 3);
}
