#include "examples.h"

#include "options.h"

/* `count` bytes, the highest first. */
static void put_big_endian(uint8_t *bytes, int count, uint32_t number)
{
    while (count-- > 0) {
        bytes[count] = (uint8_t)number;
        number >>= 8;
    }
}

ip_to_asn_key_t data_address(uint32_t number)
{
    ip_to_asn_key_t key = {0};
    if (number % 2 == 0) {
        key.address.size = 4;
        put_big_endian(key.address.bytes, 4, 0x0a000000 | (number & 0xffffff));
    } else {
        key.address.size = 16;
        put_big_endian(key.address.bytes, 4, 0x20010db8);
        put_big_endian(key.address.bytes + 12, 4, number);
    }
    return key;
}

static uint32_t number_of(const nipc_ip_t *address)
{
    /* The highest byte of an IPv4 address is no part of it. */
    const int start = address->size == 4 ? 1 : 12;
    uint32_t number = 0;
    for (int at = start; at < address->size; at++)
        number = number << 8 | address->bytes[at];
    return number;
}

void data_network(const ip_to_asn_key_t *key, bool small, struct text *organisation, ip_to_asn_item_t *item)
{
    const uint32_t number = number_of(&key->address);
    if (small && data_is_huge(number)) {
        ip_to_asn_item_bare(item, key, IP_TO_ASN_LOOKUP_STATUS_OVERSIZED_ITEM);
        return;
    }
    if (number % 8 < 2) {
        ip_to_asn_item_bare(item, key, IP_TO_ASN_LOOKUP_STATUS_UNKNOWN);
        return;
    }
    ip_to_asn_item_bare(item, key, IP_TO_ASN_LOOKUP_STATUS_KNOWN);
    item->asn = number;
    if (number % 8 == 2)
        return;
    item->country[0] = (char)('A' + number % 26);
    item->country[1] = (char)('A' + number / 26 % 26);
    data_name(number, organisation);
    item->organisation = text_view(organisation);
}

pid_traffic_key_t data_traffic_key(uint32_t number)
{
    return (pid_traffic_key_t){
        .pid = number,
        .starttime = ((uint64_t)1 << 40) + (uint64_t)number * 1000003,
    };
}

void data_traffic(const pid_traffic_key_t *key, pid_traffic_item_t *item)
{
    if (key->pid % 8 == 0) {
        pid_traffic_item_bare(item, key, PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN);
        return;
    }
    pid_traffic_item_bare(item, key, PID_TRAFFIC_LOOKUP_STATUS_KNOWN);
    item->bytes_received = ((uint64_t)1 << 33) + (uint64_t)key->pid * 1500;
    item->bytes_sent = (uint64_t)key->pid * 700;
    item->packets_received = key->pid;
    item->packets_sent = key->pid / 2;
    item->connections = key->pid % 64;
}

bool answer_networks(void *user, const ip_to_asn_request_t *request, ip_to_asn_builder_t *builder)
{
    const struct options *options = user;
    ip_to_asn_builder_set_generation(builder, options->generation);
    for (uint32_t index = 0; index < request->item_count; index++) {
        ip_to_asn_key_t key;
        ip_to_asn_item_t item;
        struct text organisation;
        if (ip_to_asn_request_key(request, index, &key) != NIPC_OK)
            return false;
        data_network(&key, false, &organisation, &item);
        if (ip_to_asn_builder_add(builder, &item) != NIPC_OK)
            return false;
    }
    return true;
}

bool answer_traffic(void *user, const pid_traffic_request_t *request, pid_traffic_builder_t *builder)
{
    const struct options *options = user;
    pid_traffic_builder_set_generation(builder, options->generation);
    for (uint32_t index = 0; index < request->item_count; index++) {
        pid_traffic_key_t key;
        pid_traffic_item_t item;
        if (pid_traffic_request_key(request, index, &key) != NIPC_OK)
            return false;
        data_traffic(&key, &item);
        if (pid_traffic_builder_add(builder, &item) != NIPC_OK)
            return false;
    }
    return true;
}
