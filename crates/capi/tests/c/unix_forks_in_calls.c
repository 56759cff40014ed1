/* Functions that the library calls, and that fork: the child comes back from them, or ends there. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define PATIENCE 60000

/* Whether the child comes back, and what it is. */
struct forking {
    bool comes_back;
    pid_t child;
};

static void forks(struct forking *forking) {
    const struct rlimit no_core = {0, 0};
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child > 0) {
        forking->child = child;
        return;
    }
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(60);
    if (!forking->comes_back) {
        /* Nothing that is copied is looked for as a leak. */
        kill(getpid(), SIGKILL);
    }
}

static void check_child(const struct forking *forking) {
    int status = 0;
    REQUIRE(waitpid(forking->child, &status, 0) == forking->child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), forking->comes_back ? SIGABRT : SIGKILL);
}

static bool forks_and_answers(void *user, uint64_t request, uint64_t *response) {
    /* Once. */
    if (request == 0) {
        forks((struct forking *)user);
    }
    *response = request + 1;
    return true;
}

static void a_child_of_a_handler_answers_nobody(void) {
    for (size_t i = 0; i < 2 * COUNT(offers); i++) {
        struct forking forking = {i % 2 == 0, 0};
        const struct handlers handlers = {.increment = forks_and_answers, .user = &forking, .workers = 2};
        struct provider provider;
        nipc_client_ctx_t client;
        uint64_t answer;
        char service[32];
        test_context("profiles %u, %s", (unsigned)offers[i / 2], forking.comes_back ? "comes back" : "ends");
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, INCREMENT, &handlers);
        connect_client(&client, service, offers[i / 2]);
        for (uint64_t n = 0; n < 20; n++) {
            CHECK_OK(nipc_client_call_increment_timeout(&client, n, &answer, PATIENCE));
            CHECK_EQ(answer, n + 1);
        }
        check_child(&forking);
        for (uint64_t n = 1; n < 20; n++) {
            CHECK_OK(nipc_client_call_increment_timeout(&client, n, &answer, PATIENCE));
            CHECK_EQ(answer, n + 1);
        }
        check_connected(&client, offers[i / 2]);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static uint32_t forks_and_judges(void *user, nipc_bytes_view_t item) {
    struct forking *forking = (struct forking *)user;
    if (forking->child == 0) {
        forks(forking);
    }
    return ((const unsigned char *)item.ptr)[2] == 0 ? NIPC_VERDICT_KNOWN : NIPC_VERDICT_FOR_GOOD;
}

static void a_child_of_a_verdict_asks_nobody(void) {
    for (size_t i = 0; i < 2 * COUNT(offers); i++) {
        enum { ASKED = 20 };
        struct forking forking = {i % 2 == 0, 0};
        nipc_any_enriched_t enriched = {apps_as_bytes(), forks_and_judges, NULL, true, NULL, 0, 0};
        const nipc_client_config_t client = client_config(offers[i / 2]);
        const nipc_enricher_config_t config = {.batch = 1, .backoff_first_ms = 1, .backoff_most_ms = 1};
        struct provider provider;
        nipc_enricher_t enricher;
        uint64_t memory[ASKED];
        nipc_bytes_view_t keys[ASKED];
        char service[32];
        uint32_t known = 0, expected = 0;
        enriched.lookup.user = &forking;
        test_context("profiles %u, %s", (unsigned)offers[i / 2], forking.comes_back ? "comes back" : "ends");
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, APPS, NULL);
        nipc_enricher_init_any(&enricher, test_dir(), service, &client, &config, &enriched);
        for (uint32_t pid = 0; pid < ASKED; pid++) {
            struct process want;
            process_of(pid, &want);
            expected += want.item.status == NIPC_PID_LOOKUP_KNOWN;
            keys[pid] = nipc_enricher_process_key(pid, &memory[pid]);
        }
        for (int n = 0; n < 100 && known < expected; n++) {
            known = nipc_enricher_refresh_now(&enricher, keys, ASKED, PATIENCE);
        }
        CHECK_EQ(known, expected);
        check_child(&forking);
        nipc_enricher_close(&enricher);
        provider_stop(&provider);
    }
}

static const struct test tests[] = {
    {"a_child_of_a_handler_answers_nobody", a_child_of_a_handler_answers_nobody},
    {"a_child_of_a_verdict_asks_nobody", a_child_of_a_verdict_asks_nobody},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
