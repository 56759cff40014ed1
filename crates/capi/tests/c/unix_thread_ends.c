/* Handlers in whose threads somebody ends the thread. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider.h"

/* Cancels its own thread, and comes to where that would end it. */
static bool cancelled(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    if (pthread_cancel(pthread_self()) != 0) {
        return false;
    }
    pthread_testcancel();
    *response = request + 1;
    return true;
}

static void a_thread_that_is_cancelled_answers_all_the_same(void) {
    const struct handlers handlers = {.increment = cancelled};
    struct provider provider;
    nipc_client_ctx_t client;
    char service[32];
    uint64_t answer;
    for (size_t i = 0; i < COUNT(offers); i++) {
        test_context("profiles %u", (unsigned)offers[i]);
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, INCREMENT, &handlers);
        connect_client(&client, service, offers[i]);
        for (uint64_t n = 0; n < 3; n++) {
            CHECK_OK(nipc_client_call_increment_timeout(&client, n, &answer, 60000));
            CHECK_EQ(answer, n + 1);
        }
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static bool exits(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    (void)request;
    (void)response;
    pthread_exit(NULL);
}

/* The process ends, as its documentation says, and does not hang. */
static void a_handler_that_exits_ends_the_process(void) {
    const struct rlimit no_core = {0, 0};
    char service[32];
    int status = 0;
    snprintf(service, sizeof(service), "%s", new_service());
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const struct handlers handlers = {.increment = exits};
        struct provider provider;
        nipc_client_ctx_t client;
        uint64_t answer;
        alarm(60);
        setrlimit(RLIMIT_CORE, &no_core);
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(1);
        }
        provider_start(&provider, service, INCREMENT, &handlers);
        connect_client(&client, service, NIPC_PROFILE_BASELINE);
        nipc_client_call_increment_timeout(&client, 1, &answer, 60000);
        raise(SIGKILL);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGABRT);
    /* What it could not remove any more. */
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.sock", test_dir(), service);
    CHECK(unlink(path) == 0);
}

static const struct test tests[] = {
    {"a_thread_that_is_cancelled_answers_all_the_same", a_thread_that_is_cancelled_answers_all_the_same},
    {"a_handler_that_exits_ends_the_process", a_handler_that_exits_ends_the_process},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
