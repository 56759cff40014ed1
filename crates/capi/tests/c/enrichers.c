/* Enrichers: of both lookups that the library knows, and of one that C describes. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PIDS 60
#define PATIENCE 60000

/* Rounds until the provider is there: on a busy machine it may take more than one handshake. */
static void settle(nipc_enricher_t *enricher) {
    nipc_enricher_step_t step = {.end = NIPC_ENRICHER_ABSENT};
    const time_t until = time(NULL) + PATIENCE / 1000;
    while (step.end != NIPC_ENRICHER_IDLE && time(NULL) <= until) {
        CHECK_OK(nipc_enricher_step(enricher, PATIENCE, &step));
    }
    CHECK_EQ(step.end, NIPC_ENRICHER_IDLE);
    CHECK_EQ(step.waiting, 0);
}

/* A configuration that tries an absent provider in every round. */
static nipc_enricher_config_t eager(void) {
    const nipc_enricher_config_t config = {.backoff_first_ms = 1, .backoff_most_ms = 1};
    return config;
}

static void check_processes(nipc_enricher_t *enricher) {
    nipc_enricher_guard_t guard;
    nipc_enricher_found_t found;
    REQUIRE(nipc_enricher_read_lock(enricher, &guard));
    for (uint32_t pid = 0; pid < PIDS; pid++) {
        struct process want;
        nipc_apps_lookup_item_view_t item;
        process_of(pid, &want);
        const uint32_t number = nipc_enricher_get_process(enricher, &guard, pid, 0, &item, &found);
        CHECK_EQ(found.found, number);
        test_context("process %u", (unsigned)pid);
        if (want.item.status == NIPC_PID_LOOKUP_KNOWN) {
            CHECK_EQ(number, NIPC_FOUND_ITEM);
            check_process(&item, pid);
            CHECK(!found.stale && found.answered_ms > 0);
            if (want.item.starttime != 0) {
                CHECK_EQ(nipc_enricher_get_process(enricher, &guard, pid, want.item.starttime, &item,
                                                   NULL),
                         NIPC_FOUND_ITEM);
                CHECK_EQ(nipc_enricher_get_process(enricher, &guard, pid, want.item.starttime + 1,
                                                   &item, NULL),
                         NIPC_FOUND_REUSED);
            }
        } else {
            CHECK_EQ(number, want.item.status == NIPC_PID_LOOKUP_OVERSIZED_ITEM ? NIPC_FOUND_OVERSIZED
                                                                                : NIPC_FOUND_FOR_NOW);
            CHECK(item.comm.ptr == NULL);
        }
    }
    test_context("all processes");
    nipc_enricher_read_unlock(&guard);
    nipc_enricher_read_unlock(&guard);
}

static void processes_are_found_over_every_transport(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        nipc_enricher_t enricher;
        nipc_enricher_guard_t guard;
        nipc_apps_lookup_item_view_t item;
        const nipc_client_config_t client = client_config(offers[i]);
        const nipc_enricher_config_t config = eager();
        char service[32];
        snprintf(service, sizeof(service), "%s", new_service());
        nipc_enricher_init_processes(&enricher, test_dir(), service, &client, &config);
        REQUIRE(nipc_enricher_read_lock(&enricher, &guard));
        for (uint32_t pid = 0; pid < PIDS; pid++) {
            CHECK_EQ(nipc_enricher_get_process(&enricher, &guard, pid, 0, &item, NULL),
                     NIPC_FOUND_QUEUED);
        }
        nipc_enricher_read_unlock(&guard);
        nipc_enricher_step_t step;
        CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, &step));
        CHECK_EQ(step.end, NIPC_ENRICHER_ABSENT);
        CHECK_EQ(step.waiting, PIDS);
        provider_start(&provider, service, APPS, NULL);
        settle(&enricher);
        check_processes(&enricher);
        provider_stop(&provider);
        CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, NULL));
        nipc_enricher_stats_t stats;
        CHECK_OK(nipc_enricher_stats(&enricher, &stats));
        CHECK(stats.absent && stats.answered == PIDS && stats.entries == PIDS && stats.hits > 0);
        CHECK_EQ(stats.misses[NIPC_FOUND_QUEUED - 1], PIDS);
        CHECK_EQ(stats.generation, GENERATION);
        nipc_enricher_close(&enricher);
        nipc_enricher_close(&enricher);
    }
}

static void *run(void *enricher) {
    CHECK_CODE(nipc_enricher_run((nipc_enricher_t *)enricher), NIPC_ERR_ABORTED);
    return NULL;
}

static void cgroups_are_found_while_a_thread_runs(void) {
    static const char *const paths[] = {"/slice/a", "/slice/b", "/docker/c"};
    struct provider provider;
    nipc_enricher_t enricher;
    nipc_enricher_guard_t guard;
    nipc_cgroups_lookup_item_view_t item;
    nipc_bytes_view_t keys[COUNT(paths)];
    pthread_t thread;
    char service[32], text[4096];
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, CGROUPS, NULL);
    nipc_enricher_init_cgroups(&enricher, test_dir(), service, &client, NULL);
    REQUIRE(pthread_create(&thread, NULL, run, &enricher) == 0);
    uint32_t known = 0, expected = 0;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct found_path want;
        path_of(view_of(paths[i]), &want);
        expected += want.item.status == NIPC_CGROUP_LOOKUP_KNOWN;
        keys[i] = nipc_enricher_text_key(paths[i]);
        CHECK_EQ(keys[i].len, strlen(paths[i]) + 1);
        CHECK_OK(nipc_enricher_pin(&enricher, keys[i]));
    }
    /* A handshake may fail on a busy machine. */
    for (int i = 0; i < 100 && known < expected; i++) {
        known = nipc_enricher_refresh_now(&enricher, keys, COUNT(keys), PATIENCE);
    }
    CHECK_EQ(known, expected);
    REQUIRE(nipc_enricher_read_lock(&enricher, &guard));
    for (size_t i = 0; i < COUNT(paths); i++) {
        const nipc_str_view_t path = view_of(paths[i]);
        if (nipc_enricher_get_cgroup(&enricher, &guard, path.ptr, path.len, &item, NULL)
            == NIPC_FOUND_ITEM) {
            check_path(&item, path);
        }
    }
    CHECK_EQ(nipc_enricher_get_cgroup(&enricher, &guard, "", 0, &item, NULL), NIPC_FOUND_INVALID);
    CHECK_EQ(nipc_enricher_get_cgroup(&enricher, &guard, "a\0b", 3, &item, NULL), NIPC_FOUND_INVALID);
    nipc_enricher_read_unlock(&guard);
    for (size_t i = 0; i < COUNT(paths); i++) {
        CHECK_OK(nipc_enricher_unpin(&enricher, keys[i]));
        CHECK_CODE(nipc_enricher_unpin(&enricher, keys[i]), NIPC_ERR_INVALID_ARGUMENT);
    }
    CHECK(nipc_enricher_prometheus(&enricher, text, sizeof(text)) > sizeof(text) / 2);
    CHECK(strstr(text, "netipc_enricher_hits_total{service=") != NULL);
    nipc_enricher_abort(&enricher);
    pthread_join(thread, NULL);
    nipc_enricher_clear_abort(&enricher);
    settle(&enricher);
    nipc_enricher_close(&enricher);
    provider_stop(&provider);
}

static bool apps_at_gate(void *user, const nipc_apps_lookup_req_view_t *request,
                         nipc_apps_lookup_builder_t *builder) {
    gate_pass((struct gate *)user);
    return answer_apps(NULL, request, builder);
}

/* The thread that runs it is in the middle of a call. */
static void closing_ends_a_run_in_a_call(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct gate gate;
        const struct handlers handlers = {.apps = apps_at_gate, .user = &gate, .workers = 4};
        const nipc_client_config_t client = client_config(offers[i]);
        struct provider provider;
        nipc_enricher_t enricher;
        nipc_enricher_step_t step;
        pthread_t thread;
        uint64_t memory;
        char service[32];
        snprintf(service, sizeof(service), "%s", new_service());
        gate_open(&gate);
        provider_start(&provider, service, APPS, &handlers);
        nipc_enricher_init_processes(&enricher, test_dir(), service, &client, NULL);
        CHECK_OK(nipc_enricher_pin(&enricher, nipc_enricher_process_key(1, &memory)));
        REQUIRE(pthread_create(&thread, NULL, run, &enricher) == 0);
        gate_meet(&gate);
        CHECK_CODE(nipc_enricher_step(&enricher, PATIENCE, &step), NIPC_ERR_BUSY);
        CHECK_CODE(nipc_enricher_run(&enricher), NIPC_ERR_BUSY);
        nipc_enricher_close(&enricher);
        pthread_join(thread, NULL);
        CHECK_CODE(nipc_enricher_step(&enricher, PATIENCE, &step), NIPC_ERR_NOT_READY);
        gate_release(&gate);
        provider_stop(&provider);
        gate_close(&gate);
    }
}

static uint32_t verdict_of(void *user, nipc_bytes_view_t item) {
    (void)user;
    return ((const unsigned char *)item.ptr)[2] == 0 ? NIPC_VERDICT_KNOWN : NIPC_VERDICT_FOR_GOOD;
}

static uint64_t identity_of(void *user, nipc_bytes_view_t item) {
    uint64_t starttime;
    (void)user;
    memcpy(&starttime, (const char *)item.ptr + 24, sizeof(starttime));
    return starttime;
}

/* That an item which is kept in parts is that of the process. */
static void check_parts(const nipc_any_parts_t *parts, const nipc_str_view_t *texts, const struct process *want) {
    const nipc_str_view_t wanted[] = {want->item.comm, want->item.cgroup_path, want->item.cgroup_name};
    uint32_t pid;
    CHECK_EQ(parts->text_count, COUNT(wanted));
    CHECK_EQ(parts->fixed.len, 60);
    memcpy(&pid, (const char *)parts->fixed.ptr + 8, sizeof(pid));
    CHECK_EQ(pid, want->item.pid);
    for (size_t i = 0; i < COUNT(wanted); i++) {
        CHECK(texts[i].len == wanted[i].len && memcmp(texts[i].ptr, wanted[i].ptr, wanted[i].len) == 0);
        CHECK_EQ(texts[i].ptr[texts[i].len], '\0');
    }
    CHECK_EQ(parts->label_count, want->item.label_count);
    CHECK((parts->labels.len > 0) == (parts->label_count > 0));
}

/* Whole, and in parts. */
static void a_lookup_of_ones_own_is_enriched(void) {
    static const uint32_t places[] = {32, 40, 48};
    uint64_t bytes[2];
    for (uint32_t in_parts = 0; in_parts < 2; in_parts++) {
        const nipc_any_enriched_t enriched = {
            apps_as_bytes(), verdict_of, identity_of, true, in_parts ? places : NULL, in_parts ? 3 : 0, in_parts ? 56 : 0};
        struct provider provider;
        nipc_enricher_t enricher;
        nipc_enricher_guard_t guard;
        nipc_enricher_stats_t stats;
        const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
        const nipc_enricher_config_t config = eager();
        uint64_t memory[PIDS];
        nipc_bytes_view_t keys[PIDS], item;
        nipc_any_parts_t parts;
        nipc_str_view_t texts[3];
        char service[32];
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, APPS, NULL);
        nipc_enricher_init_any(&enricher, test_dir(), service, &client, &config, &enriched);
        uint32_t known = 0, expected = 0;
        for (uint32_t pid = 0; pid < PIDS; pid++) {
            struct process want;
            process_of(pid, &want);
            expected += want.item.status == NIPC_PID_LOOKUP_KNOWN;
            keys[pid] = nipc_enricher_process_key(pid, &memory[pid]);
        }
        for (int i = 0; i < 100 && known < expected; i++) {
            known = nipc_enricher_refresh_now(&enricher, keys, PIDS, PATIENCE);
        }
        CHECK_EQ(known, expected);
        REQUIRE(nipc_enricher_read_lock(&enricher, &guard));
        for (uint32_t pid = 0; pid < PIDS; pid++) {
            struct process want;
            process_of(pid, &want);
            test_context("process %u, in parts: %u", (unsigned)pid, (unsigned)in_parts);
            const uint32_t found = nipc_enricher_get_any(&enricher, &guard, keys[pid], 0, &item, NULL);
            const bool is_known = want.item.status == NIPC_PID_LOOKUP_KNOWN;
            CHECK_EQ(found, is_known ? NIPC_FOUND_ITEM : NIPC_FOUND_FOR_GOOD);
            CHECK(is_known ? memcmp((const char *)item.ptr + 8, keys[pid].ptr, 4) == 0 : item.ptr == NULL);
            CHECK_EQ(nipc_enricher_get_parts(&enricher, &guard, keys[pid], 0, &parts, texts, 3, NULL), found);
            if (is_known && in_parts) {
                check_parts(&parts, texts, &want);
                /* Without room there are none, and how many is told. */
                CHECK_EQ(nipc_enricher_get_parts(&enricher, &guard, keys[pid], 0, &parts, NULL, 0, NULL), found);
                CHECK_EQ(parts.text_count, 3);
            } else if (is_known) {
                CHECK(parts.fixed.len == item.len && parts.text_count == 0 && parts.label_count == 0);
            }
            if (is_known && want.item.starttime > 0) {
                CHECK_EQ(nipc_enricher_get_any(&enricher, &guard, keys[pid], want.item.starttime + 1,
                                               &item, NULL),
                         NIPC_FOUND_REUSED);
            }
        }
        nipc_enricher_read_unlock(&guard);
        CHECK_OK(nipc_enricher_stats(&enricher, &stats));
        bytes[in_parts] = stats.bytes;
        nipc_enricher_close(&enricher);
        provider_stop(&provider);
    }
    CHECK(bytes[0] > 0 && bytes[1] > 0);
}

/* Waits for what the thread that runs it brings about. */
static void until_stats(nipc_enricher_t *enricher, bool (*is)(const nipc_enricher_stats_t *)) {
    nipc_enricher_stats_t stats;
    const time_t until = time(NULL) + PATIENCE / 1000;
    do {
        CHECK_OK(nipc_enricher_stats(enricher, &stats));
    } while (!is(&stats) && time(NULL) <= until);
    CHECK(is(&stats));
}

static bool is_absent(const nipc_enricher_stats_t *stats) { return stats->absent; }
static bool has_answered(const nipc_enricher_stats_t *stats) { return stats->answered > 0; }

/* It sleeps: a provider has answered, or there is none. */
static void closing_ends_a_run_that_sleeps(void) {
    enum { ANSWERED, ABSENT, PHASES };
    for (int phase = 0; phase < PHASES; phase++) {
        const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
        struct provider provider;
        nipc_enricher_t enricher;
        pthread_t thread;
        uint64_t memory;
        char service[32];
        test_context("phase %d", phase);
        snprintf(service, sizeof(service), "%s", new_service());
        if (phase == ANSWERED) {
            provider_start(&provider, service, APPS, NULL);
        }
        nipc_enricher_init_processes(&enricher, test_dir(), service, &client, NULL);
        CHECK_OK(nipc_enricher_pin(&enricher, nipc_enricher_process_key(1, &memory)));
        REQUIRE(pthread_create(&thread, NULL, run, &enricher) == 0);
        until_stats(&enricher, phase == ANSWERED ? has_answered : is_absent);
        nipc_enricher_close(&enricher);
        REQUIRE(pthread_join(thread, NULL) == 0);
        if (phase == ANSWERED) {
            provider_stop(&provider);
        }
    }
}

static void what_cannot_be_is_refused(void) {
    nipc_enricher_t enricher;
    nipc_enricher_guard_t guard = {0};
    nipc_enricher_stats_t stats;
    nipc_apps_lookup_item_view_t item;
    nipc_cgroups_lookup_item_view_t cgroup;
    nipc_bytes_view_t bytes;
    const nipc_any_enriched_t nothing = {{0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL}, NULL, NULL, false, NULL, 0, 0};
    char text[200];
    uint64_t memory;
    memset(&enricher, 0, sizeof(enricher));
    for (int round = 0; round < 4; round++) {
        if (round == 1) {
            nipc_enricher_init_processes(&enricher, NULL, "service", NULL, NULL);
        } else if (round == 2) {
            nipc_enricher_init_any(&enricher, test_dir(), "service", NULL, NULL, &nothing);
        } else if (round == 3) {
            nipc_enricher_init_cgroups(NULL, test_dir(), "service", NULL, NULL);
        }
        CHECK_CODE(nipc_enricher_step(&enricher, 1, NULL), NIPC_ERR_NOT_READY);
        CHECK_CODE(nipc_enricher_run(&enricher), NIPC_ERR_NOT_READY);
        CHECK_CODE(nipc_enricher_stats(&enricher, &stats), NIPC_ERR_NOT_READY);
        CHECK(!nipc_enricher_read_lock(&enricher, &guard));
        CHECK(nipc_enricher_last_error(&enricher, text, sizeof(text)) > 0);
        CHECK_EQ(nipc_enricher_prometheus(&enricher, text, sizeof(text)), 0);
        CHECK_EQ(nipc_enricher_refresh_now(&enricher, NULL, 0, 1), 0);
        nipc_enricher_abort(&enricher);
        nipc_enricher_clear_abort(&enricher);
        nipc_enricher_close(&enricher);
    }
    CHECK(nipc_enricher_text_key(NULL).ptr == NULL);
    CHECK(nipc_enricher_process_key(1, NULL).ptr == NULL);
    nipc_enricher_read_unlock(NULL);
    nipc_enricher_close(NULL);

    nipc_enricher_init_cgroups(&enricher, test_dir(), "service", NULL, NULL);
    CHECK_EQ(nipc_enricher_get_cgroup(&enricher, &guard, "/a", 2, &cgroup, NULL), NIPC_FOUND_INVALID);
    REQUIRE(nipc_enricher_read_lock(&enricher, &guard));
    CHECK_EQ(nipc_enricher_get_process(&enricher, &guard, 1, 0, &item, NULL), NIPC_FOUND_INVALID);
    CHECK_EQ(nipc_enricher_get_cgroup(&enricher, &guard, NULL, 2, &cgroup, NULL), NIPC_FOUND_INVALID);
    CHECK_EQ(nipc_enricher_get_cgroup(&enricher, &guard, "/a", 2, NULL, NULL), NIPC_FOUND_INVALID);
    bytes = nipc_enricher_process_key(1, &memory);
    CHECK_EQ(nipc_enricher_get_any(&enricher, &guard, bytes, 0, &bytes, NULL), NIPC_FOUND_INVALID);
    bytes = nipc_enricher_process_key(0x01010101, &memory);
    CHECK_CODE(nipc_enricher_pin(&enricher, bytes), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_EQ(nipc_enricher_refresh_now(&enricher, &bytes, 1, 1), 0);
    nipc_enricher_read_unlock(&guard);
    nipc_enricher_close(&enricher);
}

static const struct test tests[] = {
    {"processes_are_found_over_every_transport", processes_are_found_over_every_transport},
    {"cgroups_are_found_while_a_thread_runs", cgroups_are_found_while_a_thread_runs},
    {"closing_ends_a_run_in_a_call", closing_ends_a_run_in_a_call},
    {"closing_ends_a_run_that_sleeps", closing_ends_a_run_that_sleeps},
    {"a_lookup_of_ones_own_is_enriched", a_lookup_of_ones_own_is_enriched},
    {"what_cannot_be_is_refused", what_cannot_be_is_refused},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
