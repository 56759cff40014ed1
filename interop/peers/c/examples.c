/* Checks of the services that are examples: every field of every item. */
#include "examples.h"

#include <stdlib.h>

#include "check.h"

static bool same_network(struct check *check, const ip_to_asn_item_t *found, const ip_to_asn_key_t *key)
{
    ip_to_asn_item_t expected;
    struct text organisation;
    const ip_to_asn_key_t answered = ip_to_asn_item_key(found);
    data_network(key, check->options->max_response > 0, &organisation, &expected);
    const nipc_str_view_t country = {found->country, sizeof found->country};
    return same(check, "status", found->status, expected.status) && same(check, "asn", found->asn, expected.asn) &&
           same(check, "whether it is the address", ip_to_asn_key_equal(&answered, key), true) &&
           same_text(check, "country", country, (nipc_str_view_t){expected.country, sizeof expected.country}) &&
           same_text(check, "organisation", found->organisation, expected.organisation);
}

static bool same_traffic(struct check *check, const pid_traffic_item_t *found, const pid_traffic_key_t *key)
{
    pid_traffic_item_t expected;
    data_traffic(key, &expected);
    return same(check, "status", found->status, expected.status) && same(check, "pid", found->pid, key->pid) &&
           same(check, "starttime", found->starttime, key->starttime) &&
           same(check, "bytes_received", found->bytes_received, expected.bytes_received) &&
           same(check, "bytes_sent", found->bytes_sent, expected.bytes_sent) &&
           same(check, "packets_received", found->packets_received, expected.packets_received) &&
           same(check, "packets_sent", found->packets_sent, expected.packets_sent) &&
           same(check, "connections", found->connections, expected.connections);
}

static bool networks_are_found(struct check *check, const ip_to_asn_key_t *keys, uint32_t count)
{
    ip_to_asn_reply_t reply;
    if (!connects(check, &check->client) ||
        !succeeded(check, ip_to_asn_client_lookup(&check->networks, keys, count, &reply, 0)) ||
        !same(check, "the number of items", reply.item_count, count) ||
        !same(check, "the generation", reply.generation, check->options->generation))
        return false;
    for (uint32_t index = 0; index < count; index++) {
        ip_to_asn_item_t item;
        if (!succeeded(check, ip_to_asn_reply_item(&reply, index, &item)) ||
            !same_network(check, &item, &keys[index]))
            return false;
    }
    return true;
}

static bool traffic_is_found(struct check *check, const pid_traffic_key_t *keys, uint32_t count)
{
    pid_traffic_reply_t reply;
    if (!connects(check, &check->client) ||
        !succeeded(check, pid_traffic_client_lookup(&check->traffic, keys, count, &reply, 0)) ||
        !same(check, "the number of items", reply.item_count, count) ||
        !same(check, "the generation", reply.generation, check->options->generation))
        return false;
    for (uint32_t index = 0; index < count; index++) {
        pid_traffic_item_t item;
        if (!succeeded(check, pid_traffic_reply_item(&reply, index, &item)) ||
            !same_traffic(check, &item, &keys[index]))
            return false;
    }
    return true;
}

bool check_ip_to_asn(struct check *check)
{
    const uint32_t first = (uint32_t)check->options->first, count = (uint32_t)check->options->count;
    /* One more than needed, since nothing would be no memory. */
    ip_to_asn_key_t *keys = calloc((size_t)count + 1, sizeof *keys);
    if (keys == NULL)
        return fail(check, "out of memory");
    for (uint32_t at = 0; at < count; at++)
        keys[at] = data_address(data_number(first + at));
    bool ok = networks_are_found(check, keys, count);
    free(keys);
    return ok;
}

bool check_pid_traffic(struct check *check)
{
    const uint32_t first = (uint32_t)check->options->first, count = (uint32_t)check->options->count;
    pid_traffic_key_t *keys = calloc((size_t)count + 1, sizeof *keys);
    if (keys == NULL)
        return fail(check, "out of memory");
    for (uint32_t at = 0; at < count; at++)
        keys[at] = data_traffic_key(data_number(first + at));
    bool ok = traffic_is_found(check, keys, count);
    free(keys);
    return ok;
}
