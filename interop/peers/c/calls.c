/* Checks that ask, and compare each answer with what it must be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

bool check_increment(struct check *check)
{
    if (!connects(check, &check->client))
        return false;
    for (uint64_t index = 0; index < check->options->count; index++)
        if (!increments(check, &check->client, data_value(index)))
            return false;
    return true;
}

/* Many increments by one call: how the ways to do it look alike. */
typedef nipc_error_t (*many_fn)(struct check *check, const uint64_t *requests, uint64_t *responses);

static nipc_error_t batch(struct check *check, const uint64_t *requests, uint64_t *responses)
{
    uint32_t count = (uint32_t)check->options->count;
    return nipc_client_call_increment_batch(&check->client, requests, count, responses);
}

static nipc_error_t pipelined(struct check *check, const uint64_t *requests, uint64_t *responses)
{
    uint32_t count = (uint32_t)check->options->count, window = (uint32_t)check->options->window;
    return nipc_client_call_increment_pipelined(&check->client, requests, count, window, responses);
}

static bool increments_many(struct check *check, many_fn call)
{
    size_t count = check->options->count;
    uint64_t *requests = calloc(2 * count, sizeof *requests);
    if (requests == NULL)
        return fail(check, "out of memory");
    uint64_t *responses = requests + count;
    for (size_t index = 0; index < count; index++)
        requests[index] = data_value(index);
    bool ok = connects(check, &check->client) && succeeded(check, call(check, requests, responses));
    for (size_t index = 0; ok && index < count; index++)
        ok = same(check, "an answer", responses[index], requests[index] + 1);
    free(requests);
    return ok;
}

bool check_increment_batch(struct check *check)
{
    return increments_many(check, batch);
}

bool check_increment_pipelined(struct check *check)
{
    return increments_many(check, pipelined);
}

bool check_string_reverse(struct check *check)
{
    uint32_t len = (uint32_t)check->options->count;
    char *text = malloc((size_t)len + 1);
    if (text == NULL)
        return fail(check, "out of memory");
    data_text(text, len);
    nipc_string_reverse_view_t reply = {0};
    bool ok = connects(check, &check->client) &&
              succeeded(check, nipc_client_call_string_reverse(&check->client, text, len, &reply)) &&
              same(check, "the length", reply.str_len, len);
    for (uint32_t at = 0; ok && at < len; at++)
        ok = same(check, "a byte", (unsigned char)reply.str[at], (unsigned char)text[len - 1 - at]);
    free(text);
    return ok;
}

static bool same_item(struct check *check, const nipc_cgroups_item_view_t *found, const struct item *expected)
{
    return same(check, "hash", found->hash, expected->hash) &&
           same(check, "options", found->options, expected->options) &&
           same(check, "enabled", found->enabled, expected->enabled) &&
           same_text(check, "name", found->name, text_view(&expected->name)) &&
           same_text(check, "path", found->path, text_view(&expected->path));
}

bool check_snapshot(struct check *check)
{
    const struct options *options = check->options;
    nipc_cgroups_resp_view_t reply;
    if (!connects(check, &check->client) ||
        !succeeded(check, nipc_client_call_cgroups_snapshot(&check->client, &reply)) ||
        !same(check, "the number of items", reply.item_count, options->items) ||
        !same(check, "the generation", reply.generation, options->generation) ||
        !same(check, "systemd_enabled", reply.systemd_enabled, options->generation % 2) ||
        !succeeded(check, nipc_cgroups_resp_validate(&reply)))
        return false;
    for (uint32_t index = 0; index < reply.item_count; index++) {
        nipc_cgroups_item_view_t found;
        struct item expected;
        data_item(index, options->generation, (uint32_t)options->path_len, &expected);
        if (!succeeded(check, nipc_cgroups_resp_item(&reply, index, &found)) || !same_item(check, &found, &expected))
            return false;
    }
    return true;
}
