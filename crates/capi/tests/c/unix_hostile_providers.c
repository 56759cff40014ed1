/* Enrichers of providers that answer with spoilt bytes, slowly, with another generation each time, or go. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PIDS 6
#define PATIENCE 60000

/* What the provider does to its answers. */
struct hostility {
    /* Which byte of an answer is changed, by how much; beyond its end it is cut in half. */
    size_t at;
    unsigned char by;
    bool changes_generation;
    uint64_t generation;
    struct gate *gate;
};

static nipc_error_t spoilt(void *user, uint16_t method, nipc_bytes_view_t request, nipc_any_response_t *response) {
    struct hostility *hostility = (struct hostility *)user;
    unsigned char *payload = (unsigned char *)response->buf;
    (void)method;
    if (hostility->gate != NULL) {
        gate_pass(hostility->gate);
    }
    const nipc_error_t code = nipc_dispatch_apps_lookup(request.ptr, request.len, response->buf, response->size,
                                                        &response->len, answer_apps, NULL);
    if (code != NIPC_OK) {
        return code;
    }
    if (hostility->changes_generation) {
        hostility->generation++;
        memcpy(payload + 8, &hostility->generation, sizeof(hostility->generation));
    } else if (hostility->at < response->len) {
        payload[hostility->at] ^= hostility->by;
    } else {
        response->len /= 2;
    }
    return NIPC_OK;
}

static void serve(struct provider *provider, const char *service, struct hostility *hostility) {
    const nipc_any_service_handler_t handler = {spoilt, 0, false, hostility};
    const nipc_server_config_t config = server_config();
    CHECK_OK(nipc_server_init_any(&provider->server, test_dir(), service, &config, 2, &handler));
    provider_run(provider);
}

static void touch(nipc_str_view_t text, unsigned *sum) {
    for (uint32_t i = 0; text.ptr != NULL && i <= text.len; i++) {
        *sum += (unsigned char)text.ptr[i];
    }
    CHECK(text.ptr == NULL || text.ptr[text.len] == '\0');
}

/* Reads all that there is of every item. */
static unsigned read_all(const nipc_enricher_t *enricher) {
    nipc_enricher_guard_t guard;
    unsigned sum = 0;
    REQUIRE(nipc_enricher_read_lock(enricher, &guard));
    for (uint32_t pid = 0; pid < PIDS; pid++) {
        nipc_apps_lookup_item_view_t item;
        if (nipc_enricher_get_process(enricher, &guard, pid, 0, &item, NULL) != NIPC_FOUND_ITEM) {
            continue;
        }
        touch(item.comm, &sum);
        touch(item.cgroup_path, &sum);
        touch(item.cgroup_name, &sum);
        for (uint16_t i = 0; i < item.label_count; i++) {
            nipc_lookup_label_view_t label;
            CHECK_OK(nipc_apps_lookup_item_label(&item, i, &label));
            touch(label.key, &sum);
            touch(label.value, &sum);
        }
    }
    nipc_enricher_read_unlock(&guard);
    return sum;
}

static void pin_all(const nipc_enricher_t *enricher) {
    for (uint32_t pid = 0; pid < PIDS; pid++) {
        uint64_t memory;
        CHECK_OK(nipc_enricher_pin(enricher, nipc_enricher_process_key(pid, &memory)));
    }
}

static const nipc_enricher_config_t eager = {.backoff_first_ms = 1, .backoff_most_ms = 1};

/* Whatever byte is wrong, the answer is refused, or what is read of it is whole. */
static void spoilt_answers_are_refused_or_whole(void) {
    static const unsigned char changes[] = {0x01, 0x80, 0xff};
    struct hostility hostility = {0};
    struct provider provider;
    char service[32];
    unsigned refused = 0, read = 0;
    snprintf(service, sizeof(service), "%s", new_service());
    serve(&provider, service, &hostility);
    const size_t stride = test_slow() ? 23 : 1;
    for (size_t at = 0; at < 360; at += stride) {
        nipc_enricher_t enricher;
        nipc_enricher_step_t step;
        nipc_enricher_stats_t stats;
        const nipc_client_config_t client = client_config(offers[at % COUNT(offers)]);
        hostility.at = at;
        hostility.by = changes[at % COUNT(changes)];
        test_context("byte %zu", at);
        nipc_enricher_init_processes(&enricher, test_dir(), service, &client, &eager);
        pin_all(&enricher);
        CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, &step));
        CHECK_OK(nipc_enricher_stats(&enricher, &stats));
        refused += stats.failed > 0 || stats.given_up > 0;
        read += read_all(&enricher) > 0;
        nipc_enricher_close(&enricher);
    }
    provider_stop(&provider);
    CHECK(refused > 0 && read > 0);
}

/* Another generation each time is another world each time: what is asked is answered all the same. */
static void a_generation_that_always_changes_costs_no_answer(void) {
    struct hostility hostility = {.changes_generation = true};
    struct provider provider;
    nipc_enricher_t enricher;
    nipc_enricher_stats_t stats;
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    serve(&provider, service, &hostility);
    nipc_enricher_init_processes(&enricher, test_dir(), service, &client, &eager);
    pin_all(&enricher);
    uint64_t calls = 0;
    for (int round = 0; round < 100; round++) {
        nipc_enricher_step_t step;
        CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, &step));
        CHECK_OK(nipc_enricher_stats(&enricher, &stats));
        /* A round asks each key a few times at most, however often the world changes meanwhile. */
        CHECK(stats.calls - calls <= 8 * PIDS);
        calls = stats.calls;
        (void)read_all(&enricher);
    }
    CHECK(stats.answered >= PIDS && stats.entries == PIDS);
    CHECK(read_all(&enricher) > 0);
    nipc_enricher_close(&enricher);
    provider_stop(&provider);
}

static void *step(void *enricher) {
    CHECK_OK(nipc_enricher_step((nipc_enricher_t *)enricher, PATIENCE, NULL));
    return NULL;
}

/* The provider is slow: a round ends with its budget. Then it goes while it is asked. */
static void slow_and_vanishing_providers_cost_a_round(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct gate gate;
        struct hostility hostility = {.at = SIZE_MAX, .gate = &gate};
        struct provider provider;
        nipc_enricher_t enricher;
        nipc_enricher_stats_t stats;
        nipc_enricher_step_t slow;
        pthread_t thread;
        const nipc_client_config_t client = client_config(offers[i]);
        char service[32];
        test_context("profiles %u", (unsigned)offers[i]);
        snprintf(service, sizeof(service), "%s", new_service());
        gate_open(&gate);
        serve(&provider, service, &hostility);
        nipc_enricher_init_processes(&enricher, test_dir(), service, &client, &eager);
        pin_all(&enricher);
        const time_t began = time(NULL);
        CHECK_OK(nipc_enricher_step(&enricher, 50, &slow));
        CHECK(time(NULL) - began < PATIENCE / 1000);
        CHECK(slow.end != NIPC_ENRICHER_IDLE && slow.answered == 0);
        REQUIRE(pthread_create(&thread, NULL, step, &enricher) == 0);
        gate_meet(&gate);
        nipc_server_stop(&provider.server);
        for (int n = 0; n < 8; n++) {
            gate_release(&gate);
        }
        REQUIRE(pthread_join(thread, NULL) == 0);
        provider_join(&provider);
        nipc_server_destroy(&provider.server);
        CHECK_OK(nipc_enricher_stats(&enricher, &stats));
        CHECK_EQ(stats.answered, 0);
        CHECK_EQ(read_all(&enricher), 0);
        nipc_enricher_close(&enricher);
        gate_close(&gate);
    }
}

static const struct test tests[] = {
    {"spoilt_answers_are_refused_or_whole", spoilt_answers_are_refused_or_whole},
    {"a_generation_that_always_changes_costs_no_answer", a_generation_that_always_changes_costs_no_answer},
    {"slow_and_vanishing_providers_cost_a_round", slow_and_vanishing_providers_cost_a_round},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
