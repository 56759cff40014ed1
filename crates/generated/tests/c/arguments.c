/* NULL, lengths that are too short, numbers that no enum has and texts that are missing, for every
 * function over bytes that is made in C: an error or nothing, never a crash. Run with the sanitizers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps_lookup.h"
#include "cgroups_lookup.h"
#include "cgroups_snapshot.h"
#include "increment.h"
#include "ip_to_asn.h"
#include "pid_traffic.h"
#include "string_reverse.h"

static int failures;

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);       \
            failures++;                                                                   \
        }                                                                                 \
    } while (0)

#define WRONG(call) CHECK((call) == NIPC_ERR_INVALID_ARGUMENT)

static uint8_t bytes[256];
static size_t len;
static char text[8];
static const nipc_str_view_t missing = {NULL, 5};
static char said[100];

/* That these words are in SAID, of which LENGTH was told. */
static void says(size_t length, const char *words) {
    if (length != strlen(words) || strcmp(said, words) != 0) {
        fprintf(stderr, "%zu, %s: not %s\n", length, said, words);
        failures++;
    }
}

/* What every kind has. */
#define SERVICE(s)                                                                        \
    static void s##_has_no_client_or_server(void) {                                       \
        static s##_server_t server;                                                       \
        memcpy(text, "old", 4);                                                           \
        s##_client_init(NULL, "/run", "name", NULL);                                      \
        CHECK(!s##_client_refresh(NULL));                                                 \
        CHECK(!s##_client_ready(NULL));                                                   \
        s##_client_last_error(NULL, text, sizeof(text));                                  \
        CHECK(strcmp(text, "old") != 0);                                                  \
        s##_client_close(NULL);                                                           \
        WRONG(s##_server_init(NULL, "/run", "name", NULL, 1, NULL, NULL));                \
        WRONG(s##_server_init(&server, NULL, "name", NULL, 1, NULL, NULL));               \
        s##_server_destroy(&server);                                                      \
        WRONG(s##_server_run(NULL));                                                      \
        s##_server_stop(NULL);                                                            \
        CHECK(!s##_server_drain(NULL, 0));                                                \
        s##_server_last_error(NULL, NULL, 0);                                             \
        s##_server_destroy(NULL);                                                         \
        WRONG(s##_answer(NULL, NULL, NULL, 5, bytes, sizeof(bytes), &len));               \
        WRONG(s##_answer(NULL, NULL, bytes, 5, NULL, sizeof(bytes), &len));               \
        WRONG(s##_answer(NULL, NULL, bytes, 5, bytes, sizeof(bytes), NULL));              \
        CHECK(s##_answer(NULL, NULL, bytes, 1, bytes, 0, &len) == NIPC_ERR_REJECTED);     \
    }

/* A struct with bytes on the wire, which has at least SHORTEST of them. */
#define RECORD(s, record, shortest)                                                       \
    static void s##_##record##_has_no_pointers(void) {                                    \
        s##_##record##_t value;                                                           \
        memset(&value, 0, sizeof(value));                                                 \
        CHECK(s##_##record##_size(NULL) == 0);                                            \
        WRONG(s##_##record##_encode(NULL, bytes, sizeof(bytes), &len));                   \
        WRONG(s##_##record##_encode(&value, NULL, sizeof(bytes), &len));                  \
        WRONG(s##_##record##_encode(&value, bytes, sizeof(bytes), NULL));                 \
        CHECK(s##_##record##_encode(&value, bytes, 0, &len) != NIPC_OK);                  \
        CHECK(s##_##record##_encode(&value, NULL, 0, &len) != NIPC_OK);                   \
        WRONG(s##_##record##_decode(NULL, 5, &value));                                    \
        WRONG(s##_##record##_decode(bytes, sizeof(bytes), NULL));                         \
        memset(bytes, 0, sizeof(bytes));                                                  \
        for (size_t i = 0; i < (shortest); i++) {                                         \
            CHECK(s##_##record##_decode(bytes, i, &value) != NIPC_OK);                    \
        }                                                                                 \
        CHECK(s##_##record##_decode(NULL, 0, &value) != NIPC_OK);                         \
    }

#define LOOKUP(s, shortest_key, shortest_item)                                            \
    SERVICE(s)                                                                            \
    RECORD(s, key, shortest_key)                                                          \
    RECORD(s, item, shortest_item)                                                        \
    static void s##_enriches_no_pointers(void) {                                          \
        static s##_enricher_t enricher;                                                   \
        nipc_enricher_guard_t guard;                                                      \
        nipc_enricher_found_t found;                                                      \
        s##_key_t key;                                                                    \
        s##_item_t item;                                                                  \
        memset(&key, 0, sizeof(key));                                                     \
        s##_enricher_init(NULL, "/run", "nobody", NULL, NULL);                            \
        s##_enricher_init(&enricher, NULL, "nobody", NULL, NULL);                         \
        CHECK(!nipc_enricher_read_lock(&enricher.enricher, &guard));                      \
        s##_enricher_init(&enricher, "/run", "nobody", NULL, NULL);                       \
        CHECK(nipc_enricher_read_lock(&enricher.enricher, &guard));                       \
        CHECK(s##_enricher_get(NULL, &guard, &key, 0, &item, &found) == NIPC_FOUND_INVALID);     \
        CHECK(s##_enricher_get(&enricher, NULL, &key, 0, &item, &found) == NIPC_FOUND_INVALID);  \
        CHECK(s##_enricher_get(&enricher, &guard, NULL, 0, &item, &found) == NIPC_FOUND_INVALID); \
        CHECK(s##_enricher_get(&enricher, &guard, &key, 0, NULL, &found) == NIPC_FOUND_INVALID); \
        CHECK(found.found == NIPC_FOUND_INVALID);                                         \
        WRONG(s##_enricher_pin(NULL, &key));                                              \
        WRONG(s##_enricher_pin(&enricher, NULL));                                         \
        WRONG(s##_enricher_unpin(NULL, &key));                                            \
        WRONG(s##_enricher_unpin(&enricher, NULL));                                       \
        WRONG(s##_enricher_unpin(&enricher, &key));                                       \
        CHECK(s##_enricher_refresh_now(NULL, &key, 1, 0) == 0);                           \
        CHECK(s##_enricher_refresh_now(&enricher, NULL, 1, 0) == 0);                      \
        nipc_enricher_read_unlock(&guard);                                                \
        nipc_enricher_close(&enricher.enricher);                                          \
    }                                                                                     \
    static void s##_has_no_pointers(void) {                                               \
        static s##_client_t client;                                                       \
        s##_request_t request;                                                            \
        s##_reply_t reply;                                                                \
        s##_builder_t builder;                                                            \
        s##_key_t key;                                                                    \
        s##_item_t item;                                                                  \
        memset(&key, 0, sizeof(key));                                                     \
        s##_client_init(&client, "/run", "nobody", NULL);                                 \
        WRONG(s##_client_lookup(NULL, &key, 1, &reply, 0));                               \
        WRONG(s##_client_lookup(&client, NULL, 1, &reply, 0));                            \
        WRONG(s##_client_lookup(&client, &key, 1, NULL, 0));                              \
        memset(&reply, 1, sizeof(reply));                                                 \
        CHECK(s##_client_lookup(&client, NULL, 0, &reply, 0) == NIPC_ERR_NOT_READY);      \
        CHECK(reply.item_count == 0 && reply.payload.ptr == NULL);                        \
        s##_client_close(&client);                                                        \
        s##_enriches_no_pointers();                                                       \
        s##_item_init(NULL);                                                              \
        s##_item_init(&item);                                                             \
        CHECK(item.status != 0);                                                          \
        s##_item_bare(NULL, &key, 1);                                                     \
        s##_item_bare(&item, NULL, 1);                                                    \
        key = s##_item_key(NULL);                                                         \
        CHECK(!s##_key_equal(NULL, &key) && !s##_key_equal(&key, NULL));                  \
        WRONG(s##_request_encode(NULL, 1, bytes, sizeof(bytes), &len));                   \
        WRONG(s##_request_encode(&key, 1, NULL, sizeof(bytes), &len));                    \
        WRONG(s##_request_encode(&key, 1, bytes, sizeof(bytes), NULL));                   \
        CHECK(s##_request_encode(NULL, 0, bytes, 15, &len) == NIPC_ERR_OVERFLOW);         \
        CHECK(s##_request_encode(NULL, UINT32_MAX, bytes, 0, &len) != NIPC_OK);           \
        CHECK(s##_request_encode(NULL, 0, bytes, sizeof(bytes), &len) == NIPC_OK);        \
        CHECK(s##_request_decode(bytes, len, &request) == NIPC_OK);                       \
        WRONG(s##_request_decode(NULL, 5, &request));                                     \
        WRONG(s##_request_decode(bytes, len, NULL));                                      \
        CHECK(s##_request_decode(NULL, 0, &request) == NIPC_ERR_TRUNCATED);               \
        WRONG(s##_reply_decode(NULL, 5, &reply));                                         \
        WRONG(s##_reply_decode(bytes, len, NULL));                                        \
        CHECK(s##_reply_decode(bytes, len, &reply) == NIPC_OK);                           \
        WRONG(s##_request_key(NULL, 0, &key));                                            \
        WRONG(s##_request_key(&request, 0, NULL));                                        \
        CHECK(s##_request_key(&request, 0, &key) == NIPC_ERR_OUT_OF_BOUNDS);              \
        WRONG(s##_reply_item(NULL, 0, &item));                                            \
        WRONG(s##_reply_item(&reply, 0, NULL));                                           \
        CHECK(s##_reply_item(&reply, UINT32_MAX, &item) == NIPC_ERR_OUT_OF_BOUNDS);       \
        CHECK(s##_request_decode(bytes, len, &request) == NIPC_OK);                       \
        says(s##_builder_last_error(NULL, said, sizeof(said)), "invalid argument");       \
        s##_builder_init(NULL, &request, bytes, sizeof(bytes));                           \
        s##_builder_init(&builder, NULL, bytes, sizeof(bytes));                           \
        WRONG(s##_builder_add(&builder, &item));                                          \
        s##_builder_init(&builder, &request, NULL, sizeof(bytes));                        \
        WRONG(s##_builder_finish(&builder, &len));                                        \
        s##_builder_set_generation(NULL, 1);                                              \
        WRONG(s##_builder_add(NULL, &item));                                              \
        WRONG(s##_builder_add_status(NULL, 1));                                           \
        WRONG(s##_builder_finish(NULL, &len));                                            \
        s##_builder_init(&builder, &request, bytes, sizeof(bytes));                       \
        WRONG(s##_builder_add(&builder, NULL));                                           \
        WRONG(s##_builder_finish(&builder, NULL));                                        \
        CHECK(s##_builder_add(&builder, &item) == NIPC_ERR_BAD_ITEM_COUNT);               \
        /* A builder that nobody initialised has no room. */                              \
        memset(&builder, 0, sizeof(builder));                                             \
        WRONG(s##_builder_finish(&builder, &len));                                        \
    }

#define VALUE(s, shortest)                                                                \
    SERVICE(s)                                                                            \
    RECORD(s, request, shortest)                                                          \
    RECORD(s, response, shortest)                                                         \
    static void s##_take(void *user, uint32_t i, const s##_response_t *response) {        \
        (void)user, (void)i, (void)response;                                              \
        CHECK(false);                                                                     \
    }                                                                                     \
    static void s##_has_no_pointers(void) {                                               \
        static s##_client_t client;                                                       \
        s##_request_t request;                                                            \
        s##_response_t response;                                                          \
        s##_builder_t builder;                                                            \
        s##_request_init(NULL);                                                           \
        s##_response_init(NULL);                                                          \
        s##_request_init(&request);                                                       \
        s##_client_init(&client, "/run", "nobody", NULL);                                 \
        WRONG(s##_client_call(NULL, &request, &response, 0));                             \
        WRONG(s##_client_call(&client, NULL, &response, 0));                              \
        WRONG(s##_client_call(&client, &request, NULL, 0));                               \
        WRONG(s##_client_call_batch(NULL, &request, 1, &response, 0));                    \
        WRONG(s##_client_call_batch(&client, NULL, 1, &response, 0));                     \
        WRONG(s##_client_call_batch(&client, &request, 1, NULL, 0));                      \
        WRONG(s##_client_call_pipelined(NULL, &request, 1, 1, s##_take, NULL, 0));        \
        WRONG(s##_client_call_pipelined(&client, NULL, 1, 1, s##_take, NULL, 0));         \
        WRONG(s##_client_call_pipelined(&client, &request, 1, 1, NULL, NULL, 0));         \
        CHECK(s##_client_call(&client, &request, &response, 0) == NIPC_ERR_NOT_READY);    \
        s##_client_close(&client);                                                        \
        says(s##_builder_last_error(NULL, said, sizeof(said)), "invalid argument");       \
        s##_builder_init(NULL, bytes, sizeof(bytes));                                     \
        s##_builder_init(&builder, NULL, sizeof(bytes));                                  \
        WRONG(s##_builder_set(&builder, &response));                                      \
        WRONG(s##_builder_set(NULL, &response));                                          \
        WRONG(s##_builder_finish(NULL, &len));                                            \
        memset(&builder, 0, sizeof(builder));                                             \
        WRONG(s##_builder_set(&builder, NULL));                                           \
        WRONG(s##_builder_finish(&builder, NULL));                                        \
        CHECK(s##_builder_set(&builder, &response) == NIPC_ERR_OVERFLOW);                 \
    }

/* What handlers forget is told with the item and the field. */
static void mistakes_are_told(void) {
    const pid_traffic_key_t keys[] = {{7, 70}, {8, 80}};
    uint8_t request_bytes[200], answer[400];
    pid_traffic_request_t request;
    pid_traffic_builder_t builder;
    pid_traffic_item_t first, item;
    CHECK(pid_traffic_request_encode(keys, 2, request_bytes, sizeof(request_bytes), &len) == NIPC_OK);
    CHECK(pid_traffic_request_decode(request_bytes, len, &request) == NIPC_OK);
    pid_traffic_item_bare(&first, &keys[0], 1);
    for (int mistake = 0; mistake < 3; mistake++) {
        static const char *const words[] = {
            "item 1: status: only known items have data",
            "item 1: starttime: not that of the key which it answers",
            "item 1: pid: not that of the key which it answers",
        };
        pid_traffic_builder_init(&builder, &request, answer, sizeof(answer));
        CHECK(pid_traffic_builder_add(&builder, &first) == NIPC_OK);
        says(pid_traffic_builder_last_error(&builder, said, sizeof(said)), "");
        pid_traffic_item_bare(&item, &keys[1], mistake == 0 ? 1 : 0);
        item.connections = 3;
        item.starttime = mistake == 1 ? 0 : item.starttime;
        item.pid = mistake == 2 ? keys[0].pid : item.pid;
        CHECK(pid_traffic_builder_add(&builder, &item) == NIPC_ERR_BAD_LAYOUT);
        says(pid_traffic_builder_last_error(&builder, said, sizeof(said)), words[mistake]);
        /* The first mistake stays, and so do its words. */
        CHECK(pid_traffic_builder_add_status(&builder, 1) == NIPC_ERR_BAD_LAYOUT);
        CHECK(pid_traffic_builder_finish(&builder, &len) == NIPC_ERR_BAD_LAYOUT);
        says(pid_traffic_builder_last_error(&builder, said, sizeof(said)), words[mistake]);
        CHECK(pid_traffic_builder_last_error(&builder, NULL, 0) == strlen(words[mistake]));
    }
}

LOOKUP(apps_lookup, 8, 60)
LOOKUP(cgroups_lookup, 1, 24)
LOOKUP(ip_to_asn, 4, 36)
LOOKUP(pid_traffic, 16, 56)
VALUE(increment, 8)
VALUE(string_reverse, 9)
SERVICE(cgroups_snapshot)
RECORD(cgroups_snapshot, item, 32)

static void cgroups_snapshot_has_no_pointers(void) {
    static cgroups_snapshot_client_t client;
    cgroups_snapshot_reply_t reply;
    cgroups_snapshot_item_t item;
    cgroups_snapshot_builder_t builder;
    const cgroups_snapshot_header_t header = {1, 2};
    cgroups_snapshot_item_init(NULL);
    cgroups_snapshot_item_init(&item);
    cgroups_snapshot_client_init(&client, "/run", "nobody", NULL);
    WRONG(cgroups_snapshot_client_call(NULL, &reply, 0));
    WRONG(cgroups_snapshot_client_call(&client, NULL, 0));
    CHECK(cgroups_snapshot_client_call(&client, &reply, 0) == NIPC_ERR_NOT_READY);
    cgroups_snapshot_client_close(&client);
    WRONG(cgroups_snapshot_request_check(NULL, 4));
    CHECK(cgroups_snapshot_request_check(NULL, 0) == NIPC_ERR_TRUNCATED);
    WRONG(cgroups_snapshot_reply_decode(NULL, 24, &reply));
    WRONG(cgroups_snapshot_reply_decode(bytes, 24, NULL));
    WRONG(cgroups_snapshot_reply_item(NULL, 0, &item));
    WRONG(cgroups_snapshot_reply_item(&reply, 0, NULL));
    CHECK(cgroups_snapshot_reply_item(&reply, 0, &item) == NIPC_ERR_OUT_OF_BOUNDS);
    says(cgroups_snapshot_builder_last_error(NULL, said, sizeof(said)), "invalid argument");
    cgroups_snapshot_builder_init(NULL, bytes, sizeof(bytes));
    cgroups_snapshot_builder_init(&builder, NULL, sizeof(bytes));
    WRONG(cgroups_snapshot_builder_add(&builder, &item));
    cgroups_snapshot_builder_set_header(NULL, &header);
    cgroups_snapshot_builder_init(&builder, bytes, sizeof(bytes));
    cgroups_snapshot_builder_set_header(&builder, NULL);
    WRONG(cgroups_snapshot_builder_add(&builder, NULL));
    WRONG(cgroups_snapshot_builder_finish(&builder, NULL));
    memset(&builder, 0, sizeof(builder));
    WRONG(cgroups_snapshot_builder_finish(&builder, &len));
    CHECK(cgroups_snapshot_builder_add(NULL, &item) == NIPC_ERR_INVALID_ARGUMENT);
    CHECK(cgroups_snapshot_builder_finish(NULL, &len) == NIPC_ERR_INVALID_ARGUMENT);
}

static void a_cache_has_no_pointers(void) {
    static cgroups_snapshot_cache_t cache;
    cgroups_snapshot_guard_t guard;
    cgroups_snapshot_item_t item;
    cgroups_snapshot_key_t key = {1, missing};
    nipc_any_cache_status_t status;
    cgroups_snapshot_cache_init(NULL, "/run", "nobody", NULL);
    cgroups_snapshot_cache_init(&cache, NULL, "nobody", NULL);
    CHECK(!cgroups_snapshot_cache_refresh(&cache) && !cgroups_snapshot_cache_refresh(NULL));
    CHECK(!cgroups_snapshot_cache_ready(NULL));
    cgroups_snapshot_cache_status(NULL, &status);
    cgroups_snapshot_cache_status(&cache, NULL);
    CHECK(cgroups_snapshot_cache_last_error(NULL, NULL, 0) > 0);
    CHECK(!cgroups_snapshot_cache_read_lock(NULL, &guard));
    CHECK(!cgroups_snapshot_cache_read_lock(&cache, NULL));
    CHECK(!cgroups_snapshot_cache_read_lock(&cache, &guard));
    CHECK(!cgroups_snapshot_cache_get(&guard, &key, &item));
    CHECK(!cgroups_snapshot_cache_get(NULL, &key, &item));
    CHECK(!cgroups_snapshot_cache_get(&guard, NULL, &item));
    CHECK(!cgroups_snapshot_cache_get(&guard, &key, NULL));
    cgroups_snapshot_cache_read_unlock(&guard);
    cgroups_snapshot_cache_read_unlock(NULL);
    cgroups_snapshot_cache_close(&cache);
    cgroups_snapshot_cache_close(NULL);
}

/* What may not be sent, though no pointer is wrong. */
static void values_that_are_wrong(void) {
    /* More than an item can have, and without names. */
    static nipc_lookup_label_view_t labels[UINT16_MAX + 1u];
    ip_to_asn_key_t key;
    ip_to_asn_item_t network;
    cgroups_lookup_item_t cgroup;
    string_reverse_request_t request = {missing};
    nipc_lookup_label_view_t label;
#define UNSENT(call) CHECK((call) == NIPC_ERR_BAD_LAYOUT)
    memset(&key, 0, sizeof(key));
    key.address.size = 4;
    for (unsigned size = 0; size < 256; size++) {
        const ip_to_asn_key_t other = {{(uint8_t)size, {0}}};
        const nipc_error_t wanted = size == 4 || size == 16 ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
        CHECK(ip_to_asn_key_encode(&other, bytes, sizeof(bytes), &len) == wanted);
        CHECK(ip_to_asn_key_equal(&other, &key) == (size == 4));
    }
    for (unsigned status = 0; status <= UINT16_MAX; status++) {
        const nipc_error_t wanted = status <= 3 ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
        ip_to_asn_item_bare(&network, &key, (ip_to_asn_lookup_status_t)status);
        CHECK(ip_to_asn_item_encode(&network, bytes, sizeof(bytes), &len) == wanted);
        CHECK((ip_to_asn_lookup_status_name((ip_to_asn_lookup_status_t)status) != NULL) ==
              (status <= 3));
    }
    ip_to_asn_item_bare(&network, &key, IP_TO_ASN_LOOKUP_STATUS_KNOWN);
    network.organisation = missing;
    UNSENT(ip_to_asn_item_encode(&network, bytes, sizeof(bytes), &len));
    network.organisation.ptr = "a\0b", network.organisation.len = 3;
    UNSENT(ip_to_asn_item_encode(&network, bytes, sizeof(bytes), &len));
    network.organisation.len = 1, network.country[1] = 'X';
    UNSENT(ip_to_asn_item_encode(&network, bytes, sizeof(bytes), &len));
    UNSENT(string_reverse_request_encode(&request, bytes, sizeof(bytes), &len));
    cgroups_lookup_item_init(&cgroup);
    cgroup.status = CGROUPS_LOOKUP_CGROUP_STATUS_KNOWN;
    cgroup.path.ptr = "/a", cgroup.path.len = 2;
    CHECK(cgroups_lookup_item_encode(&cgroup, bytes, sizeof(bytes), &len) == NIPC_OK);
    cgroup.labels.count = 1;
    UNSENT(cgroups_lookup_item_encode(&cgroup, bytes, sizeof(bytes), &len));
    CHECK(!cgroups_lookup_label(&cgroup.labels, 0, &label));
    CHECK(!cgroups_lookup_label(NULL, 0, &label));
    cgroup.labels.list = labels;
    CHECK(!cgroups_lookup_label(&cgroup.labels, 0, NULL));
    UNSENT(cgroups_lookup_item_encode(&cgroup, bytes, sizeof(bytes), &len));
    cgroup.labels.count = UINT16_MAX + 1u;
    CHECK(cgroups_lookup_item_encode(&cgroup, bytes, 0, &len) == NIPC_ERR_BAD_ITEM_COUNT);
}

int main(void) {
#define TEST_SERVICE(s) s##_has_no_client_or_server(), s##_has_no_pointers()
    TEST_SERVICE(apps_lookup);
    TEST_SERVICE(cgroups_lookup);
    TEST_SERVICE(cgroups_snapshot);
    TEST_SERVICE(increment);
    TEST_SERVICE(ip_to_asn);
    TEST_SERVICE(pid_traffic);
    TEST_SERVICE(string_reverse);
    apps_lookup_key_has_no_pointers(), apps_lookup_item_has_no_pointers();
    cgroups_lookup_key_has_no_pointers(), cgroups_lookup_item_has_no_pointers();
    ip_to_asn_key_has_no_pointers(), ip_to_asn_item_has_no_pointers();
    pid_traffic_key_has_no_pointers(), pid_traffic_item_has_no_pointers();
    increment_request_has_no_pointers(), increment_response_has_no_pointers();
    string_reverse_request_has_no_pointers(), string_reverse_response_has_no_pointers();
    cgroups_snapshot_item_has_no_pointers();
    a_cache_has_no_pointers();
    values_that_are_wrong();
    mistakes_are_told();
    return failures > 0;
}
