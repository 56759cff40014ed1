/* Eight threads with a client each, of all services and transports, at the same time. */
#include <stdio.h>
#include <stdlib.h>

#include "provider.h"

#define THREADS 8

struct task {
    pthread_t thread;
    unsigned number;
};

static void ask_snapshot(nipc_client_ctx_t *client) {
    nipc_cgroups_resp_view_t view;
    CHECK_OK(nipc_client_call_cgroups_snapshot(client, &view));
    check_snapshot(&view, SNAPSHOT_ITEMS);
}

static void ask_cgroups(nipc_client_ctx_t *client, unsigned round) {
    char texts[8][24];
    nipc_str_view_t paths[8];
    nipc_cgroups_lookup_resp_view_t view;
    for (uint32_t i = 0; i < COUNT(paths); i++) {
        snprintf(texts[i], sizeof(texts[i]), "/t/%u/%u", round, (unsigned)i);
        paths[i] = view_of(texts[i]);
    }
    CHECK_OK(nipc_client_call_cgroups_lookup(client, paths, COUNT(paths), &view));
    CHECK_EQ(view.item_count, COUNT(paths));
    for (uint32_t i = 0; i < view.item_count; i++) {
        nipc_cgroups_lookup_item_view_t item;
        CHECK_OK(nipc_cgroups_lookup_resp_item(&view, i, &item));
        check_path(&item, paths[i]);
    }
}

static void ask_apps(nipc_client_ctx_t *client, unsigned round) {
    uint32_t pids[100];
    nipc_apps_lookup_resp_view_t view;
    for (uint32_t i = 0; i < COUNT(pids); i++) {
        pids[i] = round * 1000 + i;
    }
    CHECK_OK(nipc_client_call_apps_lookup(client, pids, COUNT(pids), &view));
    CHECK_EQ(view.item_count, COUNT(pids));
    for (uint32_t i = 0; i < view.item_count; i++) {
        nipc_apps_lookup_item_view_t item;
        CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
        check_process(&item, pids[i]);
    }
}

static void ask_increment(nipc_client_ctx_t *client, unsigned round) {
    uint64_t numbers[16], answers[16];
    for (uint32_t i = 0; i < COUNT(numbers); i++) {
        numbers[i] = (uint64_t)round << i;
    }
    CHECK_OK(nipc_client_call_increment_batch(client, numbers, COUNT(numbers), answers));
    for (uint32_t i = 0; i < COUNT(numbers); i++) {
        CHECK_EQ(answers[i], numbers[i] + 1);
    }
}

static void ask_reverse(nipc_client_ctx_t *client) {
    nipc_string_reverse_view_t found;
    CHECK_OK(nipc_client_call_string_reverse(client, "stressed", 8, &found));
    nipc_str_view_t view = {found.str, found.str_len};
    CHECK_VIEW(view, view_of("desserts"));
}

static void *work(void *argument) {
    static const char *const services[KINDS] = {"snapshot", "cgroups", "apps", "increment",
                                                "reverse"};
    const struct task *task = (const struct task *)argument;
    const enum kind kind = (enum kind)(task->number % KINDS);
    const uint32_t profiles = offers[task->number % COUNT(offers)];
    nipc_client_ctx_t client;
    char service[32];
    snprintf(service, sizeof(service), "%s-%s", task->number % 2 ? "c" : "rust", services[kind]);
    test_context("thread %u", task->number);
    connect_client(&client, service, profiles);
    for (unsigned round = 0; round < (test_slow() ? 4 : 40); round++) {
        switch (kind) {
        case SNAPSHOT:
            ask_snapshot(&client);
            break;
        case CGROUPS:
            ask_cgroups(&client, round);
            break;
        case APPS:
            ask_apps(&client, round);
            break;
        case INCREMENT:
            ask_increment(&client, round);
            break;
        default:
            ask_reverse(&client);
        }
        check_connected(&client, profiles);
    }
    nipc_client_close(&client);
    return NULL;
}

static void a_client_in_each_thread(void) {
    struct task tasks[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        tasks[i].number = i;
        REQUIRE(pthread_create(&tasks[i].thread, NULL, work, &tasks[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(tasks[i].thread, NULL);
    }
    CHECK_EQ(nipc_panic_count(), 0);
}

static const struct test tests[] = {{"a_client_in_each_thread", a_client_in_each_thread}};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
