#define _POSIX_C_SOURCE 200809L

#include "provider.h"

#include "platform.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[KINDS] = {"snapshot", "cgroups", "apps", "increment", "reverse"};

static struct provider peers[KINDS];

const uint32_t offers[3] = {
    NIPC_PROFILE_BASELINE,
    NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_HYBRID,
    NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_FUTEX,
};

uint32_t chosen(uint32_t offered) {
    return offered == NIPC_PROFILE_BASELINE ? offered : offered & ~(uint32_t)NIPC_PROFILE_BASELINE;
}

nipc_server_config_t server_config(void) {
    nipc_server_config_t config = {0};
    config.supported_profiles =
        NIPC_PROFILE_BASELINE | NIPC_PROFILE_SHM_HYBRID | NIPC_PROFILE_SHM_FUTEX;
    config.auth_token = TOKEN;
    return config;
}

nipc_client_config_t client_config(uint32_t profiles) {
    nipc_client_config_t config = {0};
    config.supported_profiles = profiles;
    config.auth_token = TOKEN;
    /* The usual 30 s can be too short for 20,000 keys under Valgrind, on a busy machine. */
    config.call_timeout_ms = 300000;
    return config;
}

const char *new_service(void) {
    static atomic_uint made;
    static _Thread_local char name[32];
    snprintf(name, sizeof(name), "service-%u", atomic_fetch_add(&made, 1));
    return name;
}

nipc_error_t provider_init(struct provider *provider, const char *service, enum kind kind,
                           const struct handlers *handlers) {
    static const struct handlers usual = {.workers = 16};
    const struct handlers *with = handlers == NULL ? &usual : handlers;
    const nipc_server_config_t config = server_config();
    const char *dir = test_dir();
    nipc_managed_server_t *server = &provider->server;
    int workers = with->workers;
    memset(provider, 0, sizeof(*provider));
    if (kind == SNAPSHOT) {
        nipc_cgroups_service_handler_t handler = {
            .handle = with->snapshot ? with->snapshot : answer_snapshot, .user = with->user};
        return nipc_server_init_typed(server, dir, service, &config, workers, &handler);
    }
    if (kind == CGROUPS) {
        nipc_cgroups_lookup_service_handler_t handler = {
            .handle = with->cgroups ? with->cgroups : answer_cgroups, .user = with->user};
        return nipc_server_init_cgroups_lookup(server, dir, service, &config, workers, &handler);
    }
    if (kind == APPS) {
        nipc_apps_lookup_service_handler_t handler = {
            .handle = with->apps ? with->apps : answer_apps, .user = with->user};
        return nipc_server_init_apps_lookup(server, dir, service, &config, workers, &handler);
    }
    if (kind == INCREMENT) {
        nipc_increment_service_handler_t handler = {
            .handle = with->increment ? with->increment : answer_increment, .user = with->user};
        return nipc_server_init_increment(server, dir, service, &config, workers, &handler);
    }
    nipc_string_reverse_service_handler_t handler = {
        .handle = with->reverse ? with->reverse : answer_reverse, .user = with->user};
    return nipc_server_init_string_reverse(server, dir, service, &config, workers, &handler);
}

static void *run(void *provider) {
    CHECK_OK(nipc_server_serve(&((struct provider *)provider)->server));
    return NULL;
}

void provider_run(struct provider *provider) {
    REQUIRE(pthread_create(&provider->thread, NULL, run, provider) == 0);
}

void provider_start(struct provider *provider, const char *service, enum kind kind,
                    const struct handlers *handlers) {
    CHECK_OK(provider_init(provider, service, kind, handlers));
    provider_run(provider);
}

void provider_join(struct provider *provider) {
    REQUIRE(pthread_join(provider->thread, NULL) == 0);
}

void provider_stop(struct provider *provider) {
    nipc_server_stop(&provider->server);
    provider_join(provider);
    nipc_server_destroy(&provider->server);
}

void connect_client(nipc_client_ctx_t *client, const char *service, uint32_t profiles) {
    const nipc_client_config_t config = client_config(profiles);
    memset(client, 0, sizeof(*client));
    nipc_client_init(client, test_dir(), service, &config);
    check_apart(client, NIPC_CLIENT_DISCONNECTED);
    await_session(client);
    check_connected(client, profiles);
}

void await_session(nipc_client_ctx_t *client) {
    /* A handshake takes at most two seconds, which can be too short under Valgrind on a busy machine. */
    (void)nipc_client_refresh(client);
    for (int tries = 1; !nipc_client_ready(client) && tries < 30; tries++) {
        (void)nipc_client_refresh(client);
    }
    if (!nipc_client_ready(client)) {
        char why[400];
        (void)nipc_client_last_error(client, why, sizeof(why));
        test_fail(__FILE__, __LINE__, "not connected: %s", why);
    }
}

void check_connected(nipc_client_ctx_t *client, uint32_t profiles) {
    nipc_transport_info_t info;
    nipc_client_status_t status;
    CHECK(nipc_client_ready(client));
    CHECK_EQ(client->state, NIPC_CLIENT_READY);
    CHECK(client->session_valid);
    CHECK_EQ(client->session.selected_profile, chosen(profiles));
    CHECK_EQ(client->shm != NULL, profiles != NIPC_PROFILE_BASELINE);
    CHECK_OK(nipc_client_transport(client, &info));
    CHECK_EQ(info.session_id, client->session.session_id);
    CHECK_EQ(info.profile, chosen(profiles));
    CHECK_EQ(info.max_request_payload_bytes, client->session.max_request_payload_bytes);
    CHECK_EQ(info.max_request_batch_items, client->session.max_request_batch_items);
    CHECK_EQ(info.max_response_payload_bytes, client->session.max_response_payload_bytes);
    CHECK_EQ(info.max_response_batch_items, client->session.max_response_batch_items);
    CHECK(info.max_request_payload_bytes > 0 && info.max_response_payload_bytes > 0);
    nipc_client_status(client, &status);
    CHECK_EQ(status.state, NIPC_CLIENT_READY);
    CHECK(nipc_client_wait_object(client) != NIPC_NATIVE_NONE);
    platform_check_native(client, client->session.native);
}

void check_apart(const nipc_client_ctx_t *client, nipc_client_state_t state) {
    nipc_client_status_t status;
    CHECK(!nipc_client_ready(client));
    CHECK_EQ(client->state, state);
    CHECK(!client->session_valid);
    CHECK_EQ(client->session.selected_profile, 0);
    CHECK_EQ(client->session.session_id, 0);
    CHECK(client->shm == NULL);
    nipc_client_status(client, &status);
    CHECK_EQ(status.state, state);
    CHECK(nipc_client_wait_object(client) == NIPC_NATIVE_NONE);
    platform_check_native(client, NIPC_NATIVE_NONE);
}

void with_each_peer(enum kind kind, void (*test)(nipc_client_ctx_t *client)) {
    static const char *const languages[] = {"rust", "c"};
    for (size_t i = 0; i < COUNT(languages) * COUNT(offers); i++) {
        const char *language = languages[i / COUNT(offers)];
        const uint32_t profiles = offers[i % COUNT(offers)];
        nipc_client_ctx_t client;
        char service[32];
        snprintf(service, sizeof(service), "%s-%s", language, kinds[kind]);
        test_context("%s and profiles %u", service, (unsigned)profiles);
        connect_client(&client, service, profiles);
        test(&client);
        nipc_client_close(&client);
    }
}

static void start_peers(void) {
    for (int kind = 0; kind < KINDS; kind++) {
        char service[32];
        snprintf(service, sizeof(service), "c-%s", kinds[kind]);
        provider_start(&peers[kind], service, (enum kind)kind, NULL);
    }
}

int peers_main(int argc, char **argv, const struct test *tests, size_t count) {
    test_begin(argc, argv);
    start_peers();
    int code = test_main(argc, argv, tests, count);
    for (int kind = 0; kind < KINDS; kind++) {
        provider_stop(&peers[kind]);
    }
    return test_end(code);
}

void gate_open(struct gate *gate) {
    REQUIRE(sem_init(&gate->entered, 0, 0) == 0);
    REQUIRE(sem_init(&gate->released, 0, 0) == 0);
}

void gate_close(struct gate *gate) {
    sem_destroy(&gate->entered);
    sem_destroy(&gate->released);
}

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0) {
        REQUIRE(errno == EINTR);
    }
}

void gate_pass(struct gate *gate) {
    sem_post(&gate->entered);
    wait_for(&gate->released);
}

void gate_meet(struct gate *gate) {
    wait_for(&gate->entered);
}

void gate_release(struct gate *gate) {
    sem_post(&gate->released);
}

bool wait_at_gate(void *user, uint64_t request, uint64_t *response) {
    gate_pass((struct gate *)user);
    *response = request + 1;
    return true;
}
