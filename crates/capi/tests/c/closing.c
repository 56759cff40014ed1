/* Closing while other threads are at it. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

#define THREADS 4

static bool snapshot_at_gate(void *user, const nipc_cgroups_req_t *request,
                             nipc_cgroups_builder_t *builder) {
    uint32_t count = 2;
    gate_pass((struct gate *)user);
    return answer_snapshot(&count, request, builder);
}

static void *refresh(void *cache) {
    return nipc_cgroups_cache_refresh((nipc_cgroups_cache_t *)cache) ? cache : NULL;
}

/* One is in the middle of a refresh, and others wait for it, or come too late. */
static void a_cache_that_is_refreshed(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct gate gate;
        const struct handlers handlers = {
            .snapshot = snapshot_at_gate, .user = &gate, .workers = 4};
        const nipc_client_config_t config = client_config(offers[i]);
        char service[32];
        struct provider provider;
        nipc_cgroups_cache_t cache;
        pthread_t threads[THREADS];
        test_context("profiles %u", (unsigned)offers[i]);
        snprintf(service, sizeof(service), "%s", new_service());
        gate_open(&gate);
        provider_start(&provider, service, SNAPSHOT, &handlers);
        nipc_cgroups_cache_init(&cache, test_dir(), service, &config);
        for (size_t t = 0; t < THREADS; t++) {
            REQUIRE(pthread_create(&threads[t], NULL, refresh, &cache) == 0);
        }
        gate_meet(&gate);
        nipc_cgroups_cache_close(&cache);
        CHECK(!nipc_cgroups_cache_refresh(&cache));
        for (size_t t = 0; t < THREADS; t++) {
            void *refreshed;
            pthread_join(threads[t], &refreshed);
            CHECK(refreshed == NULL);
        }
        gate_release(&gate);
        provider_stop(&provider);
        gate_close(&gate);
    }
}

struct used {
    nipc_client_ctx_t client;
    atomic_uint calls;
};

/* Until the client is closed. */
static void *ask_on(void *argument) {
    struct used *used = (struct used *)argument;
    nipc_error_t code;
    do {
        nipc_client_status_t status;
        uint64_t answer;
        code = nipc_client_call_increment(&used->client, 1, &answer);
        CHECK(code == NIPC_OK || code == NIPC_ERR_BUSY || code == NIPC_ERR_ABORTED ||
              code == NIPC_ERR_NOT_READY);
        CHECK_EQ(answer, code == NIPC_OK ? 2 : 0);
        nipc_client_status(&used->client, &status);
        (void)nipc_client_ready(&used->client);
        atomic_fetch_add(&used->calls, 1);
    } while (code != NIPC_ERR_NOT_READY);
    return NULL;
}

static void a_client_that_is_used(void) {
    const unsigned rounds = test_slow() ? 6 : 60;
    for (unsigned round = 0; round < rounds; round++) {
        struct used used = {.calls = 0};
        pthread_t threads[THREADS];
        test_context("round %u", round);
        connect_client(&used.client, "c-increment", offers[round % COUNT(offers)]);
        for (size_t t = 0; t < THREADS; t++) {
            REQUIRE(pthread_create(&threads[t], NULL, ask_on, &used) == 0);
        }
        while (atomic_load(&used.calls) < round) {
        }
        nipc_client_close(&used.client);
        for (size_t t = 0; t < THREADS; t++) {
            pthread_join(threads[t], NULL);
        }
        check_apart(&used.client, NIPC_CLIENT_DISCONNECTED);
    }
    CHECK_EQ(nipc_panic_count(), 0);
}

/* Closed, a client says so, and what is asked of it counts as failed; then it connects again. */
static void a_client_that_connects_again(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        nipc_client_ctx_t client;
        nipc_client_status_t status;
        uint64_t answer = 7;
        char text[200];
        test_context("profiles %u", (unsigned)offers[i]);
        connect_client(&client, "c-increment", offers[i]);
        CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
        nipc_client_set_call_timeout(&client, 1234);
        nipc_client_close(&client);
        check_apart(&client, NIPC_CLIENT_DISCONNECTED);
        CHECK_CODE(nipc_client_call_increment(&client, 1, &answer), NIPC_ERR_NOT_READY);
        CHECK_EQ(answer, 0);
        CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
        CHECK(strstr(text, "nipc_client_refresh") != NULL);
        nipc_client_status(&client, &status);
        CHECK_EQ(status.connect_count, 1);
        CHECK_EQ(status.call_count, 1);
        CHECK_EQ(status.error_count, 1);

        await_session(&client);
        check_connected(&client, offers[i]);
        CHECK_OK(nipc_client_call_increment(&client, 2, &answer));
        CHECK_EQ(answer, 3);
        nipc_client_status(&client, &status);
        CHECK_EQ(status.connect_count, 2);
        CHECK_EQ(status.call_count, 2);
        CHECK_EQ(status.error_count, 1);
        nipc_client_close(&client);
        nipc_client_close(&client);

        /* An abort while it is closed holds until it is cleared, and ends with the next close. */
        nipc_client_abort(&client);
        (void)nipc_client_refresh(&client);
        CHECK(!nipc_client_ready(&client));
        nipc_client_clear_abort(&client);
        await_session(&client);
        nipc_client_abort(&client);
        nipc_client_close(&client);
        (void)nipc_client_refresh_timeout(&client, 60000);
        await_session(&client);
        check_connected(&client, offers[i]);
        nipc_client_close(&client);
        nipc_client_status(&client, &status);
        CHECK_EQ(status.connect_count, 4);
        CHECK_EQ(status.call_count, 2);
    }
    CHECK_EQ(nipc_panic_count(), 0);
}

/* Names that cannot be kept are refused as they are at first, and after the close in other words. */
static void a_client_of_names_that_are_too_long(void) {
    static char run_dir[600];
    nipc_client_ctx_t client;
    char text[700];
    memset(run_dir, 'x', sizeof(run_dir) - 1);
    nipc_client_init(&client, run_dir, "service", NULL);
    (void)nipc_client_refresh(&client);
    CHECK(!nipc_client_ready(&client));
    nipc_client_close(&client);
    CHECK(!nipc_client_refresh(&client));
    CHECK(nipc_client_last_error(&client, text, sizeof(text)) > 0);
    CHECK(strstr(text, "too long") != NULL);
    nipc_client_close(&client);
}

static const struct test tests[] = {
    {"a_cache_that_is_refreshed", a_cache_that_is_refreshed},
    {"a_client_that_is_used", a_client_that_is_used},
    {"a_client_that_connects_again", a_client_that_connects_again},
    {"a_client_of_names_that_are_too_long", a_client_of_names_that_are_too_long},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
