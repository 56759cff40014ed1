/* What every provider knows of the services that are examples: ip-to-asn and pid-traffic, in code made
 * from their schemas. The README of the matrix has it in words. */
#ifndef INTEROP_EXAMPLES_H
#define INTEROP_EXAMPLES_H

#include <ip_to_asn.h>
#include <pid_traffic.h>

#include "data.h"

/* The keys that stand for a number. */
ip_to_asn_key_t data_address(uint32_t number);
pid_traffic_key_t data_traffic_key(uint32_t number);

/* What is known of the network of an address, whose organisation is put together in `organisation`, or
 * of the traffic of a process. With `small`, answers are too small for huge items. */
void data_network(const ip_to_asn_key_t *key, bool small, struct text *organisation, ip_to_asn_item_t *item);
void data_traffic(const pid_traffic_key_t *key, pid_traffic_item_t *item);

/* Answer requests; user are the options. */
bool answer_networks(void *user, const ip_to_asn_request_t *request, ip_to_asn_builder_t *builder);
bool answer_traffic(void *user, const pid_traffic_request_t *request, pid_traffic_builder_t *builder);

#endif
