/* Functions that the library calls, and that use what has called them: they ask it, and close it. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PIDS 8
#define PATIENCE 60000

/* The functions of a description, and what is done in which of them. */
enum place { CHECK_ITEM, STATUS, ANSWERS, VERDICT, IDENTITY, PLACES };

struct intrusion {
    nipc_any_lookup_t lookup;
    enum place where;
    void (*does)(struct intrusion *intrusion);
    void *context;
    /* How often it was done. */
    atomic_int times;
};

static void at(void *user, enum place place) {
    struct intrusion *intrusion = (struct intrusion *)user;
    if (intrusion->where == place && atomic_fetch_add(&intrusion->times, 1) == 0) {
        intrusion->does(intrusion);
    }
}

static nipc_error_t check(void *user, const void *ptr, size_t len) {
    at(user, CHECK_ITEM);
    return ((struct intrusion *)user)->lookup.check(NULL, ptr, len);
}

static uint16_t status(void *user, nipc_bytes_view_t item) {
    at(user, STATUS);
    return ((struct intrusion *)user)->lookup.status(NULL, item);
}

static bool answers(void *user, nipc_bytes_view_t item, nipc_bytes_view_t key) {
    at(user, ANSWERS);
    return ((struct intrusion *)user)->lookup.answers(NULL, item, key);
}

static size_t bare(void *user, nipc_bytes_view_t key, uint16_t code, void *buf, size_t size) {
    return ((struct intrusion *)user)->lookup.bare(NULL, key, code, buf, size);
}

static uint32_t verdict(void *user, nipc_bytes_view_t item) {
    at(user, VERDICT);
    return status(user, item) == 0 ? NIPC_VERDICT_KNOWN : NIPC_VERDICT_FOR_GOOD;
}

static uint64_t identity(void *user, nipc_bytes_view_t item) {
    (void)item;
    at(user, IDENTITY);
    return 0;
}

static nipc_any_lookup_t lookup_of(struct intrusion *intrusion) {
    const nipc_any_lookup_t lookup = {5, 1, 2, 3, 60, check, status, answers, bare, 0, intrusion};
    return lookup;
}

static void begin(struct intrusion *intrusion, enum place where, void (*does)(struct intrusion *), void *context) {
    memset(intrusion, 0, sizeof(*intrusion));
    intrusion->lookup = apps_as_bytes();
    intrusion->where = where;
    intrusion->does = does;
    intrusion->context = context;
}

static void init(nipc_enricher_t *enricher, const char *service, struct intrusion *intrusion) {
    const nipc_any_enriched_t enriched = {lookup_of(intrusion), verdict, identity, true, NULL, 0, 0};
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    const nipc_enricher_config_t config = {.backoff_first_ms = 1, .backoff_most_ms = 1};
    nipc_enricher_init_any(enricher, test_dir(), service, &client, &config, &enriched);
}

static void *run(void *enricher) {
    const nipc_error_t ended = nipc_enricher_run((nipc_enricher_t *)enricher);
    CHECK_CODE(ended, NIPC_ERR_ABORTED);
    return NULL;
}

/* Rounds until the function was called, as a busy machine may take more than one handshake. */
static void step_until_done(nipc_enricher_t *enricher, struct intrusion *intrusion) {
    for (int i = 0; i < 100 && atomic_load(&intrusion->times) == 0; i++) {
        CHECK_OK(nipc_enricher_step(enricher, PATIENCE, NULL));
    }
    CHECK(atomic_load(&intrusion->times) > 0);
}

static void uses_enricher(struct intrusion *intrusion) {
    nipc_enricher_t *enricher = (nipc_enricher_t *)intrusion->context;
    nipc_enricher_guard_t guard;
    nipc_enricher_stats_t stats;
    nipc_enricher_step_t step;
    uint64_t memory;
    char text[200];
    const nipc_bytes_view_t unknown = nipc_enricher_process_key(4000, &memory);
    nipc_bytes_view_t item;
    REQUIRE(nipc_enricher_read_lock(enricher, &guard));
    CHECK(nipc_enricher_get_any(enricher, &guard, unknown, 0, &item, NULL) != NIPC_FOUND_ITEM);
    nipc_enricher_read_unlock(&guard);
    CHECK_OK(nipc_enricher_pin(enricher, unknown));
    CHECK_OK(nipc_enricher_unpin(enricher, unknown));
    CHECK_OK(nipc_enricher_stats(enricher, &stats));
    CHECK(nipc_enricher_prometheus(enricher, text, sizeof(text)) > 0);
    (void)nipc_enricher_last_error(enricher, text, sizeof(text));
    CHECK_CODE(nipc_enricher_step(enricher, PATIENCE, &step), NIPC_ERR_BUSY);
    CHECK_CODE(nipc_enricher_run(enricher), NIPC_ERR_BUSY);
    /* Nobody asks while it waits: it does not wait. */
    CHECK_EQ(nipc_enricher_refresh_now(enricher, &unknown, 1, UINT32_MAX), 0);
}

static void functions_may_use_their_enricher(void) {
    struct provider provider;
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, APPS, NULL);
    for (int where = 0; where < PLACES; where++) {
        struct intrusion intrusion;
        nipc_enricher_t enricher;
        nipc_enricher_stats_t stats;
        uint64_t memory;
        test_context("function %d", where);
        begin(&intrusion, (enum place)where, uses_enricher, &enricher);
        init(&enricher, service, &intrusion);
        for (uint32_t pid = 1; pid <= PIDS; pid++) {
            CHECK_OK(nipc_enricher_pin(&enricher, nipc_enricher_process_key(pid, &memory)));
        }
        step_until_done(&enricher, &intrusion);
        for (int i = 0; i < 100; i++) {
            CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, NULL));
            CHECK_OK(nipc_enricher_stats(&enricher, &stats));
            /* What was pinned, and the one that was looked for. */
            if (stats.answered >= PIDS + 1) {
                break;
            }
        }
        CHECK(stats.answered >= PIDS + 1);
        nipc_enricher_close(&enricher);
    }
    provider_stop(&provider);
}

static void closes_enricher(struct intrusion *intrusion) {
    nipc_enricher_close((nipc_enricher_t *)intrusion->context);
    nipc_enricher_close((nipc_enricher_t *)intrusion->context);
}

/* It does not wait for itself: what runs ends, and frees the enricher. */
static void functions_may_close_their_enricher(void) {
    enum { STEP, RUN, REFRESH, WAYS };
    struct provider provider;
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, APPS, NULL);
    for (int i = 0; i < PLACES * WAYS; i++) {
        struct intrusion intrusion;
        nipc_enricher_t enricher;
        nipc_enricher_guard_t guard;
        pthread_t thread;
        uint64_t memory;
        const nipc_bytes_view_t key = nipc_enricher_process_key(1, &memory);
        test_context("function %d, way %d", i / WAYS, i % WAYS);
        begin(&intrusion, (enum place)(i / WAYS), closes_enricher, &enricher);
        init(&enricher, service, &intrusion);
        CHECK_OK(nipc_enricher_pin(&enricher, key));
        if (i % WAYS == RUN) {
            REQUIRE(pthread_create(&thread, NULL, run, &enricher) == 0);
            REQUIRE(pthread_join(thread, NULL) == 0);
        } else if (i % WAYS == REFRESH) {
            for (int n = 0; n < 100 && atomic_load(&intrusion.times) == 0; n++) {
                (void)nipc_enricher_refresh_now(&enricher, &key, 1, PATIENCE);
            }
        } else {
            step_until_done(&enricher, &intrusion);
        }
        CHECK_EQ(atomic_load(&intrusion.times) > 0, true);
        CHECK_CODE(nipc_enricher_step(&enricher, PATIENCE, NULL), NIPC_ERR_NOT_READY);
        CHECK(!nipc_enricher_read_lock(&enricher, &guard));
        nipc_enricher_close(&enricher);
    }
    provider_stop(&provider);
}

static void closes_client(struct intrusion *intrusion) { nipc_client_close((nipc_client_ctx_t *)intrusion->context); }

static nipc_error_t each(void *user, uint32_t index, nipc_bytes_view_t reply) {
    (void)index, (void)reply;
    at(user, CHECK_ITEM);
    return NIPC_OK;
}

static nipc_error_t whole(void *user, const void *ptr, size_t len) {
    (void)ptr, (void)len;
    at(user, CHECK_ITEM);
    return NIPC_OK;
}

static void functions_may_close_their_client(void) {
    static const unsigned char number[8] = {1};
    for (size_t i = 0; i < COUNT(offers) * 3; i++) {
        const uint32_t profiles = offers[i % COUNT(offers)];
        const size_t way = i / COUNT(offers);
        const nipc_bytes_view_t request = {number, sizeof(number)};
        struct provider provider;
        struct intrusion intrusion;
        nipc_client_ctx_t client;
        nipc_bytes_view_t reply = {number, 1};
        nipc_error_t ended;
        uint64_t memory;
        char service[32];
        const nipc_bytes_view_t key = nipc_enricher_process_key(1, &memory);
        snprintf(service, sizeof(service), "%s", new_service());
        test_context("profiles %u, way %zu", (unsigned)profiles, way);
        provider_start(&provider, service, way == 2 ? APPS : INCREMENT, NULL);
        connect_client(&client, service, profiles);
        begin(&intrusion, CHECK_ITEM, closes_client, &client);
        if (way == 0) {
            ended = nipc_client_call_any(&client, NIPC_METHOD_INCREMENT, number, sizeof(number), whole, &intrusion,
                                         &reply, PATIENCE);
        } else if (way == 1) {
            ended = nipc_client_call_any_pipelined(&client, NIPC_METHOD_INCREMENT, &request, 1, 1, each, &intrusion,
                                                   PATIENCE);
        } else {
            const nipc_any_lookup_t lookup = lookup_of(&intrusion);
            ended = nipc_client_call_any_lookup(&client, &lookup, &key, 1, &reply, PATIENCE);
        }
        CHECK_CODE(ended, NIPC_ERR_ABORTED);
        CHECK(way == 1 || (reply.ptr == NULL && reply.len == 0));
        CHECK_EQ(atomic_load(&intrusion.times), 1);
        check_apart(&client, NIPC_CLIENT_DISCONNECTED);
        /* It is as any closed client is. */
        await_session(&client);
        check_connected(&client, profiles);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

/* A reply with one item, whose key is all of it. */
static nipc_error_t one_item(void *user, uint16_t method, nipc_bytes_view_t request, nipc_any_response_t *response) {
    static const unsigned char reply[] = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'};
    (void)user, (void)method, (void)request;
    memcpy(response->buf, reply, sizeof(reply));
    response->len = sizeof(reply);
    return NIPC_OK;
}

static void key_of(void *user, nipc_bytes_view_t item, nipc_bytes_view_t *parts) {
    at(user, STATUS);
    parts[0] = item;
}

static nipc_error_t item_of(void *user, const void *ptr, size_t len) {
    (void)ptr, (void)len;
    at(user, ANSWERS);
    return NIPC_OK;
}

static void refreshes_cache(struct intrusion *intrusion) {
    nipc_any_cache_t *cache = (nipc_any_cache_t *)intrusion->context;
    char why[200];
    CHECK(!nipc_any_cache_refresh(cache));
    CHECK(nipc_any_cache_last_error(cache, why, sizeof(why)) > 0);
    CHECK(strstr(why, "the same cache") != NULL);
}

static void closes_cache(struct intrusion *intrusion) {
    nipc_any_cache_close((nipc_any_cache_t *)intrusion->context);
}

static void functions_may_use_and_close_their_cache(void) {
    static const enum place places[] = {CHECK_ITEM, STATUS, ANSWERS};
    const nipc_any_service_handler_t handler = {one_item, 0, false, NULL};
    const nipc_server_config_t config = server_config();
    struct provider provider;
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(nipc_server_init_any(&provider.server, test_dir(), service, &config, 2, &handler));
    provider_run(&provider);
    for (size_t i = 0; i < 2 * COUNT(places); i++) {
        const bool closes = i % 2 == 1;
        const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
        nipc_any_cache_t cache;
        nipc_any_cache_status_t status;
        struct intrusion intrusion;
        const nipc_any_cached_t cached = {77, 1, {NULL, 0}, 8, whole, item_of, key_of, &intrusion};
        test_context("place %zu, %s", i / 2, closes ? "closed" : "refreshed");
        begin(&intrusion, places[i / 2], closes ? closes_cache : refreshes_cache, &cache);
        CHECK_OK(nipc_any_cache_init(&cache, test_dir(), service, &client, &cached));
        for (int n = 0; n < 100 && atomic_load(&intrusion.times) == 0; n++) {
            (void)nipc_any_cache_refresh(&cache);
        }
        CHECK(atomic_load(&intrusion.times) > 0);
        nipc_any_cache_status(&cache, &status);
        CHECK_EQ(status.populated, !closes);
        CHECK_EQ(status.item_count, closes ? 0 : 1);
        CHECK_EQ(nipc_any_cache_ready(&cache), !closes);
        nipc_any_cache_close(&cache);
    }
    provider_stop(&provider);
}

static nipc_published_t shown;
static int freed;

static void frees_and_closes(void *data) {
    (void)data;
    freed++;
    nipc_published_close(&shown);
}

static void frees(void *data) {
    (void)data;
    freed++;
}

static bool closes_and_tells(const void *before, const void *after) {
    nipc_published_close(&shown);
    return before == after;
}

/* The data that makes way is freed while it publishes, and so is looked at what comes. */
static void functions_may_close_where_they_are_published(void) {
    static int data[2];
    nipc_published_guard_t guard;
    for (int way = 0; way < 3; way++) {
        test_context("way %d", way);
        freed = 0;
        CHECK_OK(nipc_published_init(&shown, &data[0], way == 0 ? frees_and_closes : frees));
        if (way == 0) {
            CHECK_EQ(nipc_published_publish(&shown, &data[1], frees), 2);
        } else {
            const uint64_t generation = nipc_published_publish_if_changed(
                &shown, &data[way == 1], frees, closes_and_tells);
            CHECK_EQ(generation, way == 1 ? 2 : 1);
        }
        CHECK_EQ(freed, 2);
        CHECK(!nipc_published_acquire(&shown, &guard));
        CHECK_EQ(nipc_published_publish(&shown, &data[0], NULL), 0);
        nipc_published_close(&shown);
    }
}

static const struct test tests[] = {
    {"functions_may_use_their_enricher", functions_may_use_their_enricher},
    {"functions_may_close_their_enricher", functions_may_close_their_enricher},
    {"functions_may_close_their_client", functions_may_close_their_client},
    {"functions_may_use_and_close_their_cache", functions_may_use_and_close_their_cache},
    {"functions_may_close_where_they_are_published", functions_may_close_where_they_are_published},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
