/* Copies of clients in a process that was forked. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider.h"

/* What a child process does to its copies is not seen here. */
static void a_copy_in_a_child(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        char service[32];
        struct provider provider;
        nipc_client_ctx_t client;
        uint64_t answer;
        int status = 0;
        test_context("profiles %u", (unsigned)offers[i]);
        snprintf(service, sizeof(service), "%s", new_service());
        provider_start(&provider, service, INCREMENT, NULL);
        connect_client(&client, service, offers[i]);
        CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            nipc_client_abort(&client);
            nipc_client_close(&client);
            /* Nothing that is copied is looked for as a leak. */
            kill(getpid(), SIGKILL);
        }
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        for (uint64_t n = 0; n < 20; n++) {
            CHECK_OK(nipc_client_call_increment_timeout(&client, n, &answer, 60000));
            CHECK_EQ(answer, n + 1);
        }
        check_connected(&client, offers[i]);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static const struct test tests[] = {
    {"a_copy_in_a_child", a_copy_in_a_child},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
