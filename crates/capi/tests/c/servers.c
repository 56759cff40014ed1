/* Servers: their beginning, their end, what they refuse and what they count. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "provider.h"

static char service[32];

static void rename_service(void) {
    snprintf(service, sizeof(service), "%s", new_service());
}

static void check_silent(nipc_managed_server_t *server) {
    char text[8] = "before";
    CHECK_EQ(nipc_server_last_error(server, text, sizeof(text)), 0);
    CHECK_EQ(text[0], '\0');
}

static void check_says(nipc_managed_server_t *server, const char *part) {
    char text[400];
    size_t len = nipc_server_last_error(server, text, sizeof(text));
    CHECK_EQ(len, strlen(text));
    if (strstr(text, part) == NULL) {
        test_fail(__FILE__, __LINE__, "\"%s\" does not mention \"%s\"", text, part);
    }
}

static void answers_increment(const char *name, uint32_t profiles) {
    nipc_client_ctx_t client;
    uint64_t answer = 0;
    connect_client(&client, name, profiles);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    CHECK_EQ(answer, 2);
    nipc_client_close(&client);
}

static void stopped_before_it_runs(void) {
    struct provider provider;
    nipc_client_ctx_t client;
    rename_service();
    CHECK_OK(provider_init(&provider, service, INCREMENT, NULL));
    check_silent(&provider.server);
    nipc_server_stop(&provider.server);
    nipc_server_run(&provider.server);
    CHECK_OK(nipc_server_serve(&provider.server));
    nipc_server_destroy(&provider.server);
    nipc_server_destroy(&provider.server);
    nipc_client_init(&client, test_dir(), service, NULL);
    CHECK(nipc_client_refresh(&client));
    check_apart(&client, NIPC_CLIENT_NOT_FOUND);
    nipc_client_close(&client);
}

static void stopped_by_another_thread(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        rename_service();
        test_context("profiles %u", (unsigned)offers[i]);
        provider_start(&provider, service, INCREMENT, NULL);
        answers_increment(service, offers[i]);
        nipc_server_stop(&provider.server);
        provider_join(&provider);
        check_silent(&provider.server);
        nipc_server_stop(&provider.server);
        nipc_server_destroy(&provider.server);
        /* The name and the storage are free again. */
        provider_start(&provider, service, INCREMENT, NULL);
        answers_increment(service, offers[i]);
        provider_stop(&provider);
    }
}

/* Destroying stops, and waits for the thread that runs. */
static void destroyed_while_it_runs(void) {
    struct provider provider;
    rename_service();
    provider_start(&provider, service, SNAPSHOT, NULL);
    nipc_client_ctx_t client;
    connect_client(&client, service, offers[1]);
    nipc_server_destroy(&provider.server);
    provider_join(&provider);
    nipc_server_destroy(&provider.server);
    nipc_client_close(&client);
}

static void one_owner(void) {
    struct provider first, second;
    rename_service();
    provider_start(&first, service, INCREMENT, NULL);
    for (int kind = 0; kind < KINDS; kind++) {
        CHECK_CODE(provider_init(&second, service, (enum kind)kind, NULL),
                   NIPC_ERR_ADDRESS_IN_USE);
        check_says(&second.server, service);
        nipc_server_run(&second.server);
        CHECK_CODE(nipc_server_serve(&second.server), NIPC_ERR_NOT_READY);
        nipc_server_stop(&second.server);
        CHECK(!nipc_server_drain(&second.server, 10));
        nipc_server_destroy(&second.server);
    }
    answers_increment(service, offers[1]);
    provider_stop(&first);
    provider_start(&second, service, INCREMENT, NULL);
    provider_stop(&second);
}

static void names_that_cannot_be(void) {
    static const char *const names[] = {"", "a/b", ".", ".."};
    const nipc_server_config_t config = server_config();
    const nipc_increment_service_handler_t handler = {.handle = answer_increment};
    nipc_managed_server_t server;
    char name[300], file[400];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (size_t i = 0; i <= COUNT(names); i++) {
        const char *wrong = i < COUNT(names) ? names[i] : name;
        test_context("name %zu", i);
        memset(&server, 0xee, sizeof(server));
        CHECK_CODE(nipc_server_init_increment(&server, test_dir(), wrong, &config, 1, &handler),
                   NIPC_ERR_INVALID_ARGUMENT);
        char text[400];
        CHECK(nipc_server_last_error(&server, text, sizeof(text)) > 0);
        nipc_server_destroy(&server);
    }
    /* A directory that is not there. */
    snprintf(file, sizeof(file), "%s/nothing/here", test_dir());
    const bool needed = platform_run_dirs_are_places();
    CHECK_CODE(nipc_server_init_increment(&server, file, "name", &config, 1, &handler),
               needed ? NIPC_ERR_IO : NIPC_OK);
    if (needed) {
        check_says(&server, "nothing/here");
    }
    nipc_server_destroy(&server);
}

/* No configuration is the defaults: everybody with token 0, over the socket. */
static void without_configuration(void) {
    const nipc_increment_service_handler_t handler = {.handle = answer_increment};
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer;
    rename_service();
    CHECK_OK(nipc_server_init_increment(&provider.server, test_dir(), service, NULL, 0, &handler));
    provider_run(&provider);
    nipc_client_init(&client, test_dir(), service, NULL);
    await_session(&client);
    check_connected(&client, NIPC_PROFILE_BASELINE);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    nipc_client_close(&client);
    provider_stop(&provider);
}

/* With as many sessions as workers, one more is told so; when one goes, there is room again. */
static void workers(void) {
    const struct handlers handlers = {.workers = 2};
    const nipc_client_config_t config = client_config(offers[1]);
    struct provider provider;
    nipc_client_ctx_t clients[3];
    nipc_server_stats_t stats;
    uint64_t answer;
    rename_service();
    provider_start(&provider, service, INCREMENT, &handlers);
    connect_client(&clients[0], service, offers[0]);
    connect_client(&clients[1], service, offers[1]);
    /* A session that has answered counts, however busy the machine is. */
    CHECK_OK(nipc_client_call_increment(&clients[0], 1, &answer));
    CHECK_OK(nipc_client_call_increment(&clients[1], 1, &answer));
    nipc_client_init(&clients[2], test_dir(), service, &config);
    /* Its handshake may end before the server has turned it down, on a busy machine. */
    for (int tries = 0; tries == 0 || (stats.refused == 0 && tries < 30); tries++) {
        (void)nipc_client_refresh(&clients[2]);
        check_apart(&clients[2], NIPC_CLIENT_DISCONNECTED);
        nipc_server_stats(&provider.server, &stats);
    }
    CHECK_EQ(stats.sessions_now, 2);
    CHECK(stats.refused > 0);
    CHECK_OK(nipc_client_call_increment(&clients[0], 1, &answer));
    CHECK_OK(nipc_client_call_increment(&clients[1], 1, &answer));
    nipc_client_close(&clients[0]);
    await_session(&clients[2]);
    check_connected(&clients[2], offers[1]);
    CHECK_OK(nipc_client_call_increment(&clients[2], 1, &answer));
    nipc_client_close(&clients[1]);
    nipc_client_close(&clients[2]);
    provider_stop(&provider);
}

/* Who is in a hurry is told the same, and not that its time was over. */
static void workers_and_clients_in_a_hurry(void) {
    const struct handlers handlers = {.workers = 1};
    const nipc_client_config_t config = client_config(offers[1]);
    struct provider provider;
    nipc_client_ctx_t first, hurried;
    uint64_t answer;
    char why[400] = "";
    rename_service();
    provider_start(&provider, service, INCREMENT, &handlers);
    connect_client(&first, service, offers[1]);
    nipc_client_init(&hurried, test_dir(), service, &config);
    /* A busy machine may take longer, once or twice. */
    for (int tries = 0; strstr(why, "all its sessions are taken") == NULL && tries < 30; tries++) {
        (void)nipc_client_refresh_timeout(&hurried, test_slow() ? 5000 : 50);
        check_apart(&hurried, NIPC_CLIENT_DISCONNECTED);
        nipc_client_last_error(&hurried, why, sizeof(why));
    }
    if (strstr(why, "all its sessions are taken") == NULL)
        test_fail(__FILE__, __LINE__, "%s", why);
    CHECK_OK(nipc_client_call_increment(&first, 1, &answer));
    nipc_client_close(&hurried);
    nipc_client_close(&first);
    provider_stop(&provider);
}

struct seen {
    pthread_t runner;
    atomic_uint calls;
    atomic_uint in_other_threads;
};

static bool note_thread(void *user, uint64_t request, uint64_t *response) {
    struct seen *seen = (struct seen *)user;
    atomic_fetch_add(&seen->calls, 1);
    atomic_fetch_add(&seen->in_other_threads, !pthread_equal(pthread_self(), seen->runner));
    *response = request + 1;
    return true;
}

static void handlers_and_statistics(void) {
    struct seen seen = {.runner = pthread_self()};
    const struct handlers handlers = {.increment = note_thread, .user = &seen, .workers = 4};
    struct provider provider;
    nipc_client_ctx_t client;
    nipc_string_reverse_view_t text;
    nipc_server_stats_t stats;
    rename_service();
    CHECK_OK(provider_init(&provider, service, INCREMENT, &handlers));
    provider_run(&provider);
    seen.runner = provider.thread;
    answers_increment(service, offers[0]);
    answers_increment(service, offers[1]);
    connect_client(&client, service, offers[2]);
    CHECK_CODE(nipc_client_call_string_reverse(&client, "a", 1, &text), NIPC_ERR_UNSUPPORTED);
    nipc_client_close(&client);
    nipc_server_stop(&provider.server);
    provider_join(&provider);
    nipc_server_stats(&provider.server, &stats);
    CHECK_EQ(atomic_load(&seen.calls), 2);
    CHECK_EQ(atomic_load(&seen.in_other_threads), 2);
    CHECK_EQ(stats.sessions_now, 0);
    CHECK_EQ(stats.sessions_total, 3);
    CHECK_EQ(stats.sessions_socket, 1);
    CHECK_EQ(stats.sessions_shm, 2);
    CHECK_EQ(stats.refused, 0);
    CHECK_EQ(stats.ok, 2);
    CHECK_EQ(stats.unsupported, 1);
    CHECK_EQ(stats.bad_envelope + stats.limit_exceeded + stats.internal_error, 0);
    CHECK(stats.bytes_received >= 3 * NIPC_HEADER_LEN + 16);
    CHECK(stats.bytes_sent >= 3 * NIPC_HEADER_LEN + 16);
    CHECK(stats.handler_time.count >= 2 && stats.total_time.count >= 2);
    CHECK(stats.total_time.total_ns >= stats.handler_time.total_ns);
    CHECK(stats.handler_time.le_1ms <= stats.handler_time.le_1000ms);
    nipc_server_destroy(&provider.server);
    nipc_server_stats(&provider.server, &stats);
    CHECK_ZEROED(stats);
}

struct drained {
    nipc_managed_server_t *server;
    uint32_t timeout_ms;
    bool all;
};

static void *drain(void *drained) {
    struct drained *order = (struct drained *)drained;
    order->all = nipc_server_drain(order->server, order->timeout_ms);
    return NULL;
}

struct asked {
    nipc_client_ctx_t client;
    nipc_error_t code;
    uint64_t answer;
};

static void *ask(void *asked) {
    struct asked *question = (struct asked *)asked;
    question->code = nipc_client_call_increment(&question->client, 1, &question->answer);
    return NULL;
}

/* IN_TIME: whether the handler is let go while the server waits for it. */
static void drain_with_a_request(bool in_time) {
    struct gate gate;
    const struct handlers handlers = {.increment = wait_at_gate, .user = &gate, .workers = 2};
    struct provider provider;
    struct asked asked = {.code = NIPC_OK};
    struct drained drained = {&provider.server, in_time ? 60000 : 20, false};
    pthread_t asking, draining;
    rename_service();
    gate_open(&gate);
    provider_start(&provider, service, INCREMENT, &handlers);
    connect_client(&asked.client, service, offers[in_time]);
    REQUIRE(pthread_create(&asking, NULL, ask, &asked) == 0);
    gate_meet(&gate);
    REQUIRE(pthread_create(&draining, NULL, drain, &drained) == 0);
    if (in_time) {
        gate_release(&gate);
    }
    pthread_join(draining, NULL);
    CHECK_EQ(drained.all, in_time);
    if (!in_time) {
        gate_release(&gate);
    }
    pthread_join(asking, NULL);
    if (in_time) {
        CHECK_OK(asked.code);
        CHECK_EQ(asked.answer, 2);
    }
    provider_join(&provider);
    nipc_server_destroy(&provider.server);
    nipc_client_close(&asked.client);
    gate_close(&gate);
}

static void drained_in_time(void) {
    drain_with_a_request(true);
}

static void drained_too_late(void) {
    drain_with_a_request(false);
}

static void drained_without_requests(void) {
    struct provider provider;
    nipc_client_ctx_t client;
    rename_service();
    provider_start(&provider, service, INCREMENT, NULL);
    connect_client(&client, service, offers[0]);
    CHECK(nipc_server_drain(&provider.server, 60000));
    provider_join(&provider);
    nipc_server_destroy(&provider.server);
    CHECK(!nipc_server_drain(&provider.server, 10));
    nipc_client_close(&client);
}

static bool destroy_own(void *user, uint64_t request, uint64_t *response) {
    nipc_server_destroy(&((struct provider *)user)->server);
    *response = request + 1;
    return true;
}

/* A handler may end its own server, and waits for nobody. */
static void destroyed_by_its_handler(void) {
    struct provider provider;
    const struct handlers handlers = {.increment = destroy_own, .user = &provider, .workers = 2};
    nipc_client_ctx_t client;
    uint64_t answer;
    rename_service();
    provider_start(&provider, service, INCREMENT, &handlers);
    connect_client(&client, service, offers[1]);
    /* Whether its answer still leaves is not promised. */
    nipc_error_t code = nipc_client_call_increment(&client, 1, &answer);
    CHECK(code == NIPC_OK || code == NIPC_ERR_DISCONNECTED);
    provider_join(&provider);
    nipc_server_destroy(&provider.server);
    nipc_client_close(&client);
}

/* A second run of a server that runs already returns, and says so. */
static void run_twice(void) {
    struct provider provider;
    rename_service();
    provider_start(&provider, service, INCREMENT, NULL);
    answers_increment(service, offers[0]);
    nipc_server_run(&provider.server);
    check_says(&provider.server, "running");
    CHECK_CODE(nipc_server_serve(&provider.server), NIPC_ERR_BUSY);
    check_says(&provider.server, "running");
    answers_increment(service, offers[1]);
    provider_stop(&provider);
}

static const struct test tests[] = {
    {"stopped_before_it_runs", stopped_before_it_runs},
    {"stopped_by_another_thread", stopped_by_another_thread},
    {"destroyed_while_it_runs", destroyed_while_it_runs},
    {"one_owner", one_owner},
    {"names_that_cannot_be", names_that_cannot_be},
    {"without_configuration", without_configuration},
    {"workers", workers},
    {"workers_and_clients_in_a_hurry", workers_and_clients_in_a_hurry},
    {"handlers_and_statistics", handlers_and_statistics},
    {"drained_in_time", drained_in_time},
    {"drained_too_late", drained_too_late},
    {"drained_without_requests", drained_without_requests},
    {"destroyed_by_its_handler", destroyed_by_its_handler},
    {"run_twice", run_twice},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
