/* Copies of clients in a process that was forked. */
#define _POSIX_C_SOURCE 200809L

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netipc/netipc_transport.h>

#include "provider.h"

/* What a copy says in a child; 0 where all is as it should be. */
static int used_in_child(nipc_client_ctx_t *copy, const char *service, uint32_t profiles) {
    nipc_client_ctx_t own;
    uint64_t answer = 0;
    if (nipc_client_call_increment(copy, 7, &answer) != NIPC_ERR_FORKED) {
        return 1;
    }
    if (nipc_client_refresh(copy) || nipc_client_call_increment(copy, 7, &answer) != NIPC_ERR_FORKED) {
        return 2;
    }
    nipc_client_abort(copy);
    nipc_client_close(copy);
    /* One of its own works. */
    connect_client(&own, service, profiles);
    if (nipc_client_call_increment(&own, 40, &answer) != NIPC_OK || answer != 41) {
        return 3;
    }
    nipc_client_close(&own);
    return 0;
}

/* A copy is refused in a child, and what is done with it is not seen here. */
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
            const int used = used_in_child(&client, service, offers[i]);
            if (used != 0) {
                _exit(used);
            }
            /* Nothing that is copied is looked for as a leak. */
            kill(getpid(), SIGKILL);
        }
        for (uint64_t n = 0; n < 20; n++) {
            CHECK_OK(nipc_client_call_increment_timeout(&client, n, &answer, 60000));
            CHECK_EQ(answer, n + 1);
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

/* A copy of a server that runs is left alone in a child: nobody waits there for threads that it does not have. */
static void a_running_server_in_a_child(void) {
    char service[32];
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer;
    int status = 0;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, INCREMENT, NULL);
    connect_client(&client, service, offers[0]);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(60);
        nipc_server_stop(&provider.server);
        nipc_server_destroy(&provider.server);
        /* Nothing that is copied is looked for as a leak. */
        kill(getpid(), SIGKILL);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_OK(nipc_client_call_increment_timeout(&client, 2, &answer, 60000));
    CHECK_EQ(answer, 3);
    nipc_client_close(&client);
    provider_stop(&provider);
}

/* For a thread: accepts until it is told to stop. */
static void *accept_one(void *listener) {
    nipc_session_t session = {0};
    CHECK_CODE(nipc_listener_accept(listener, &session, NIPC_WAIT_FOREVER), NIPC_ERR_ABORTED);
    return NULL;
}

/* So is a copy of a listener whose parent has a thread that accepts. */
static void an_accepting_listener_in_a_child(void) {
    const nipc_server_config_t config = server_config();
    nipc_listener_t listener = {0};
    pthread_t thread;
    int status = 0;
    CHECK_OK(nipc_listener_bind(&listener, test_dir(), new_service(), &config));
    REQUIRE(pthread_create(&thread, NULL, accept_one, &listener) == 0);
    /* There is something to wait for while no thread accepts. */
    while (nipc_listener_wait_object(&listener) != NIPC_NATIVE_NONE) {
        sched_yield();
    }
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        nipc_session_t session = {0};
        alarm(60);
        if (nipc_listener_accept(&listener, &session, 0) != NIPC_ERR_FORKED) {
            _exit(1);
        }
        nipc_listener_close(&listener);
        /* Nothing that is copied is looked for as a leak. */
        kill(getpid(), SIGKILL);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    nipc_listener_abort(&listener);
    REQUIRE(pthread_join(thread, NULL) == 0);
    nipc_listener_close(&listener);
}

/* Says something to the other process. */
static void say(const int ends[2]) { REQUIRE(write(ends[1], "x", 1) == 1); }

static void hear(const int ends[2]) {
    char said;
    REQUIRE(read(ends[0], &said, 1) == 1);
}

/* What a service manager starts: serves over the socket that it was passed until it is told to end. */
static void serve_inherited(const char *service, int socket, const int told[2], const int tells[2]) {
    char pid[16];
    struct provider provider;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    REQUIRE(dup2(socket, 3) == 3);
    REQUIRE(setenv("LISTEN_PID", pid, 1) == 0 && setenv("LISTEN_FDS", "1", 1) == 0);
    REQUIRE(nipc_use_inherited_sockets());
    REQUIRE(nipc_use_inherited_sockets());
    provider_start(&provider, service, INCREMENT, NULL);
    say(tells);
    hear(told);
    provider_stop(&provider);
    say(tells);
    /* Nothing that is copied is looked for as a leak. */
    kill(getpid(), SIGKILL);
}

/* A socket that listens at the endpoint of SERVICE, as others open one. */
static int listen_at(const char *service, struct sockaddr_un *address) {
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s.sock", test_dir(), service);
    const int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    REQUIRE(bind(listener, (const struct sockaddr *)address, sizeof(*address)) == 0);
    REQUIRE(listen(listener, 5) == 0);
    return listener;
}

/* A child that lives on holds the socket of a server that is gone, and answers nothing: it is named. */
static void who_holds_it(void) {
    struct sockaddr_un address;
    char service[32], text[600], named[32];
    struct provider provider;
    snprintf(service, sizeof(service), "%s", new_service());
    const int listener = listen_at(service, &address);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    close(listener);
    CHECK_CODE(provider_init(&provider, service, INCREMENT, NULL), NIPC_ERR_ADDRESS_IN_USE);
    snprintf(named, sizeof(named), "(process %d)", (int)child);
    CHECK(nipc_server_last_error(&provider.server, text, sizeof(text)) > 0);
    CHECK(strstr(text, named) != NULL);
    nipc_server_destroy(&provider.server);
    REQUIRE(kill(child, SIGKILL) == 0);
    REQUIRE(waitpid(child, NULL, 0) == child);
    /* Now nobody does. */
    provider_start(&provider, service, INCREMENT, NULL);
    provider_stop(&provider);
}

/* The manager's socket is served, and its name stays. */
static void inherited_socket(void) {
    struct sockaddr_un address;
    char service[32];
    int told[2], tells[2];
    nipc_client_ctx_t client;
    uint64_t answer;
    snprintf(service, sizeof(service), "%s", new_service());
    const int listener = listen_at(service, &address);
    REQUIRE(pipe(told) == 0 && pipe(tells) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        serve_inherited(service, listener, told, tells);
    }
    hear(tells);
    connect_client(&client, service, offers[0]);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    CHECK_EQ(answer, 2);
    nipc_client_close(&client);
    say(told);
    hear(tells);
    CHECK(access(address.sun_path, F_OK) == 0);
    REQUIRE(waitpid(child, NULL, 0) == child);
    CHECK(unlink(address.sun_path) == 0);
    close(listener);
    for (int i = 0; i < 2; i++) {
        close(told[i]);
        close(tells[i]);
    }
}

static const struct test tests[] = {
    {"inherited_socket", inherited_socket},
    {"who_holds_it", who_holds_it},
    {"a_copy_in_a_child", a_copy_in_a_child},
    {"a_running_server_in_a_child", a_running_server_in_a_child},
    {"an_accepting_listener_in_a_child", an_accepting_listener_in_a_child},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
