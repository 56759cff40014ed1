/* Enrichers and what is published in a process that was forked, and one whose provider says nothing. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PATIENCE 60000

/* Waits until the child has ended as one does that found all as it should be. */
static void check_child(pid_t child) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Ends a child: with the number of what was not so, or so that nothing that is copied is looked for as a leak. */
static void end_child(int wrong) {
    if (wrong != 0) {
        _exit(wrong);
    }
    kill(getpid(), SIGKILL);
}

/* What a child makes of its parent's enricher, and of one of its own; 0 where all is as it should be. */
static int used_in_child(nipc_enricher_t *copy, const char *service, nipc_bytes_view_t key) {
    nipc_enricher_t own;
    nipc_enricher_guard_t guard;
    nipc_enricher_stats_t stats;
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    char text[8];
    if (nipc_enricher_step(copy, PATIENCE, NULL) != NIPC_ERR_FORKED || nipc_enricher_run(copy) != NIPC_ERR_FORKED) {
        return 1;
    }
    if (nipc_enricher_read_lock(copy, &guard) || nipc_enricher_refresh_now(copy, &key, 1, PATIENCE) != 0) {
        return 2;
    }
    if (nipc_enricher_pin(copy, key) != NIPC_ERR_FORKED || nipc_enricher_unpin(copy, key) != NIPC_ERR_FORKED) {
        return 3;
    }
    if (nipc_enricher_stats(copy, &stats) != NIPC_ERR_FORKED || nipc_enricher_prometheus(copy, text, sizeof(text)) != 0) {
        return 4;
    }
    nipc_enricher_abort(copy);
    nipc_enricher_close(copy);
    nipc_enricher_init_processes(&own, test_dir(), service, &client, NULL);
    uint32_t known = 0;
    for (int i = 0; i < 100 && known == 0; i++) {
        known = nipc_enricher_refresh_now(&own, &key, 1, PATIENCE);
    }
    nipc_enricher_close(&own);
    return known == 1 ? 0 : 5;
}

static void an_enricher_in_a_child(void) {
    struct provider provider;
    nipc_enricher_t enricher;
    nipc_enricher_guard_t guard;
    nipc_enricher_step_t step;
    nipc_apps_lookup_item_view_t item;
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    uint64_t memory;
    const nipc_bytes_view_t key = nipc_enricher_process_key(1, &memory);
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, APPS, NULL);
    nipc_enricher_init_processes(&enricher, test_dir(), service, &client, NULL);
    uint32_t known = 0;
    for (int i = 0; i < 100 && known == 0; i++) {
        known = nipc_enricher_refresh_now(&enricher, &key, 1, PATIENCE);
    }
    CHECK_EQ(known, 1);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        end_child(used_in_child(&enricher, service, key));
    }
    check_child(child);
    /* It is as it was here: not aborted, not closed, and its session is its own. */
    REQUIRE(nipc_enricher_read_lock(&enricher, &guard));
    CHECK_EQ(nipc_enricher_get_process(&enricher, &guard, 1, 0, &item, NULL), NIPC_FOUND_ITEM);
    CHECK_EQ(nipc_enricher_get_process(&enricher, &guard, 2, 0, &item, NULL), NIPC_FOUND_QUEUED);
    nipc_enricher_read_unlock(&guard);
    CHECK_OK(nipc_enricher_step(&enricher, PATIENCE, &step));
    CHECK(step.end == NIPC_ENRICHER_IDLE && step.answered == 1);
    nipc_enricher_close(&enricher);
    provider_stop(&provider);
}

static void freed_in_parent(void *data) { *(int *)data += 1; }

static void what_is_published_in_a_child(void) {
    int freed[2] = {0, 0};
    nipc_published_t published;
    nipc_published_guard_t guard;
    nipc_published_stats_t stats;
    nipc_published_init(&published, &freed[0], freed_in_parent);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int wrong = 0;
        if (nipc_published_acquire(&published, &guard)) {
            wrong = 1;
        } else if (nipc_published_publish(&published, &freed[1], freed_in_parent) != 0) {
            wrong = 2;
        } else if (nipc_published_stats(&published, &stats) != NIPC_ERR_FORKED) {
            wrong = 3;
        }
        nipc_published_close(&published);
        end_child(freed[0] != 0 ? 4 : wrong);
    }
    check_child(child);
    REQUIRE(nipc_published_acquire(&published, &guard));
    CHECK(guard.data == &freed[0] && guard.generation == 1);
    nipc_published_release(&guard);
    CHECK_EQ(freed[0], 0);
    nipc_published_close(&published);
    CHECK_EQ(freed[0], 1);
}

static void *run(void *enricher) {
    CHECK_CODE(nipc_enricher_run((nipc_enricher_t *)enricher), NIPC_ERR_ABORTED);
    return NULL;
}

/* The provider takes the connection, hears the HELLO, and says nothing. */
static void closing_ends_a_run_in_a_handshake(void) {
    struct sockaddr_un address;
    nipc_enricher_t enricher;
    pthread_t thread;
    const nipc_client_config_t client = client_config(NIPC_PROFILE_BASELINE);
    char service[32], hello[512];
    snprintf(service, sizeof(service), "%s", new_service());
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", test_dir(), service);
    const int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    REQUIRE(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
    REQUIRE(listen(listener, 5) == 0);
    nipc_enricher_init_processes(&enricher, test_dir(), service, &client, NULL);
    REQUIRE(pthread_create(&thread, NULL, run, &enricher) == 0);
    const int session = accept(listener, NULL, NULL);
    REQUIRE(session >= 0 && recv(session, hello, sizeof(hello), 0) > 0);
    nipc_enricher_close(&enricher);
    REQUIRE(pthread_join(thread, NULL) == 0);
    close(session);
    close(listener);
    CHECK(unlink(address.sun_path) == 0);
}

static const struct test tests[] = {
    {"an_enricher_in_a_child", an_enricher_in_a_child},
    {"what_is_published_in_a_child", what_is_published_in_a_child},
    {"closing_ends_a_run_in_a_handshake", closing_ends_a_run_in_a_handshake},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
