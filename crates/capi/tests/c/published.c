/* What a provider shows of its data. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PIDS 40
#define WRITERS 4

/* Snapshots that are not freed yet. */
static atomic_int alive;

/* Processes of even pids have that parent. The numbers are of one snapshot only if they are the same. */
struct snapshot {
    uint32_t parent[PIDS];
};

static struct snapshot *make(uint32_t parent) {
    struct snapshot *snapshot = malloc(sizeof(*snapshot));
    REQUIRE(snapshot != NULL);
    for (size_t i = 0; i < PIDS; i++) {
        snapshot->parent[i] = parent;
    }
    atomic_fetch_add(&alive, 1);
    return snapshot;
}

static void unmake(void *snapshot) {
    free(snapshot);
    atomic_fetch_sub(&alive, 1);
}

static bool are_same(const void *shown, const void *data) {
    return memcmp(shown, data, sizeof(struct snapshot)) == 0;
}

static uint64_t generation_of(const nipc_published_t *published) {
    nipc_published_stats_t stats;
    CHECK_OK(nipc_published_stats(published, &stats));
    return stats.generation;
}

static void a_reader_keeps_its_snapshot(void) {
    nipc_published_t published;
    nipc_published_guard_t first, second, none;
    struct snapshot *data = make(1);
    CHECK_OK(nipc_published_init(&published, data, unmake));
    REQUIRE(nipc_published_acquire(&published, &first));
    CHECK_EQ(first.generation, 1);
    CHECK(first.data == data);
    CHECK_EQ(nipc_published_publish(&published, make(2), unmake), 2);
    CHECK_EQ(atomic_load(&alive), 2);
    REQUIRE(nipc_published_acquire(&published, &second));
    CHECK_EQ(second.generation, 2);
    CHECK_EQ(((const struct snapshot *)second.data)->parent[0], 2);
    nipc_published_close(&published);
    nipc_published_close(&published);
    CHECK(!nipc_published_acquire(&published, &none));
    CHECK(none.data == NULL);
    CHECK_EQ(atomic_load(&alive), 2);
    CHECK_EQ(((const struct snapshot *)first.data)->parent[PIDS - 1], 1);
    nipc_published_release(&first);
    CHECK_EQ(atomic_load(&alive), 1);
    CHECK(first.data == NULL && first.generation == 0);
    nipc_published_release(&first);
    nipc_published_release(&second);
    CHECK_EQ(atomic_load(&alive), 0);
}

static void what_says_the_same_keeps_its_generation(void) {
    nipc_published_t published;
    CHECK_OK(nipc_published_init(&published, make(1), unmake));
    CHECK_EQ(nipc_published_publish_if_changed(&published, make(1), unmake, are_same), 1);
    CHECK_EQ(atomic_load(&alive), 1);
    CHECK_EQ(nipc_published_publish_if_changed(&published, make(2), unmake, are_same), 2);
    CHECK_EQ(atomic_load(&alive), 1);
    CHECK_EQ(nipc_published_publish_if_changed(&published, make(2), unmake, NULL), 3);
    CHECK_EQ(nipc_published_publish_if_changed(&published, NULL, NULL, NULL), 4);
    CHECK_EQ(atomic_load(&alive), 0);
    CHECK_EQ(generation_of(&published), 4);
    nipc_published_close(&published);
}

static int rounds(void) {
    return test_slow() ? 20 : 1000;
}

static void *publish(void *published) {
    for (int i = 0; i < rounds(); i++) {
        CHECK(nipc_published_publish((nipc_published_t *)published, make((uint32_t)i), unmake) > 1);
    }
    return NULL;
}

static void *read_all(void *published) {
    uint64_t before = 0;
    for (int i = 0; i < rounds(); i++) {
        nipc_published_guard_t guard;
        REQUIRE(nipc_published_acquire((const nipc_published_t *)published, &guard));
        const struct snapshot *snapshot = guard.data;
        CHECK(guard.generation >= before);
        before = guard.generation;
        for (size_t pid = 1; pid < PIDS; pid++) {
            CHECK_EQ(snapshot->parent[pid], snapshot->parent[0]);
        }
        nipc_published_release(&guard);
    }
    return NULL;
}

static void generations_count_snapshots_whoever_publishes(void) {
    nipc_published_t published;
    pthread_t writers[WRITERS], readers[WRITERS];
    CHECK_OK(nipc_published_init(&published, make(0), unmake));
    for (int i = 0; i < WRITERS; i++) {
        REQUIRE(pthread_create(&writers[i], NULL, publish, &published) == 0);
        REQUIRE(pthread_create(&readers[i], NULL, read_all, &published) == 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        REQUIRE(pthread_join(writers[i], NULL) == 0);
        REQUIRE(pthread_join(readers[i], NULL) == 0);
    }
    CHECK_EQ(generation_of(&published), WRITERS * rounds() + 1);
    CHECK_EQ(atomic_load(&alive), 1);
    nipc_published_close(&published);
    CHECK_EQ(atomic_load(&alive), 0);
}

static bool answer(void *user, const nipc_apps_lookup_req_view_t *asked, nipc_apps_lookup_builder_t *out) {
    nipc_published_t *published = user;
    nipc_published_guard_t guard;
    nipc_apps_lookup_req_item_t key;
    if (!nipc_published_acquire(published, &guard)) {
        return false;
    }
    const struct snapshot *snapshot = guard.data;
    nipc_apps_lookup_builder_set_generation(out, guard.generation);
    for (uint32_t i = 0; nipc_apps_lookup_req_item(asked, i, &key) == NIPC_OK; i++) {
        const bool known = key.pid % 2 == 0;
        nipc_apps_lookup_builder_add(out, known ? NIPC_PID_LOOKUP_KNOWN : NIPC_PID_LOOKUP_UNKNOWN,
                                     known ? NIPC_APPS_CGROUP_HOST_ROOT : 0, 0, key.pid,
                                     known ? snapshot->parent[key.pid] : 0, NIPC_UID_UNSET, 0, "c", known, NULL, 0,
                                     NULL, 0, NULL, 0);
    }
    nipc_published_answered(published, &guard, asked->item_count);
    nipc_published_release(&guard);
    return out->error == NIPC_OK;
}

static void handlers_answer_from_one_snapshot(void) {
    nipc_published_t published;
    CHECK_OK(nipc_published_init(&published, make(1), unmake));
    const struct handlers handlers = {.apps = answer, .user = &published};
    uint32_t pids[PIDS];
    for (uint32_t i = 0; i < PIDS; i++) {
        pids[i] = i;
    }
    uint64_t requests = 0;
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        nipc_apps_lookup_resp_view_t reply;
        nipc_published_stats_t stats;
        char service[32];
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, APPS, &handlers);
        connect_client(&client, service, offers[i]);
        for (int round = 0; round < 3; round++) {
            const uint32_t parent = (uint32_t)requests + 100;
            const uint64_t generation = nipc_published_publish(&published, make(parent), unmake);
            CHECK_OK(nipc_client_call_apps_lookup(&client, pids, PIDS, &reply));
            requests++;
            CHECK_EQ(reply.generation, generation);
            CHECK_EQ(reply.item_count, PIDS);
            for (uint32_t pid = 0; pid < PIDS; pid++) {
                nipc_apps_lookup_item_view_t item;
                CHECK_OK(nipc_apps_lookup_resp_item(&reply, pid, &item));
                CHECK_EQ(item.status, pid % 2 == 0 ? NIPC_PID_LOOKUP_KNOWN : NIPC_PID_LOOKUP_UNKNOWN);
                CHECK_EQ(item.ppid, pid % 2 == 0 ? parent : 0);
            }
        }
        nipc_client_close(&client);
        provider_stop(&provider);
        CHECK_OK(nipc_published_stats(&published, &stats));
        CHECK_EQ(stats.requests, requests);
        CHECK_EQ(stats.keys, requests * PIDS);
        CHECK_EQ(stats.generation, requests + 1);
    }
    nipc_published_close(&published);
    CHECK_EQ(atomic_load(&alive), 0);
}

static void what_cannot_be_is_refused(void) {
    nipc_published_t published;
    nipc_published_guard_t guard = {0};
    nipc_published_stats_t stats;
    struct snapshot *data = make(1);
    memset(&published, 0, sizeof(published));
    CHECK_CODE(nipc_published_init(NULL, data, unmake), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_EQ(nipc_published_publish(&published, data, unmake), 0);
    CHECK_EQ(nipc_published_publish(NULL, data, unmake), 0);
    CHECK_EQ(nipc_published_publish_if_changed(&published, data, unmake, are_same), 0);
    CHECK_EQ(atomic_load(&alive), 1);
    unmake(data);
    CHECK(!nipc_published_acquire(&published, &guard));
    CHECK(!nipc_published_acquire(NULL, &guard));
    CHECK_CODE(nipc_published_answered(&published, &guard, 1), NIPC_ERR_NOT_READY);
    memset(&stats, 1, sizeof(stats));
    CHECK_CODE(nipc_published_stats(&published, &stats), NIPC_ERR_NOT_READY);
    CHECK_ZEROED(stats);
    nipc_published_release(&guard);
    nipc_published_release(NULL);
    nipc_published_close(&published);
    nipc_published_close(NULL);
    CHECK_OK(nipc_published_init(&published, NULL, NULL));
    CHECK(!nipc_published_acquire(&published, NULL));
    CHECK_CODE(nipc_published_answered(&published, &guard, 1), NIPC_ERR_NOT_READY);
    REQUIRE(nipc_published_acquire(&published, &guard));
    CHECK(guard.data == NULL && guard.generation == 1);
    CHECK_OK(nipc_published_answered(&published, &guard, 0));
    CHECK_EQ(nipc_published_publish(&published, NULL, NULL), 2);
    nipc_published_release(&guard);
    CHECK_OK(nipc_published_stats(&published, &stats));
    CHECK(stats.requests == 1 && stats.keys == 0 && stats.generation == 2);
    nipc_published_close(&published);
}

static const struct test tests[] = {
    {"a_reader_keeps_its_snapshot", a_reader_keeps_its_snapshot},
    {"what_says_the_same_keeps_its_generation", what_says_the_same_keeps_its_generation},
    {"generations_count_snapshots_whoever_publishes", generations_count_snapshots_whoever_publishes},
    {"handlers_answer_from_one_snapshot", handlers_answer_from_one_snapshot},
    {"what_cannot_be_is_refused", what_cannot_be_is_refused},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
