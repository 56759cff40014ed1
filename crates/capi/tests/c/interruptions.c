/* Calls that are called off, run out of time, or meet another call of the same client. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "provider.h"

/* A provider whose handler waits at a gate, and a client that a second thread uses. */
struct scene {
    struct gate gate;
    struct provider provider;
    nipc_client_ctx_t client;
    pthread_t thread;
    nipc_error_t code;
    uint64_t answer;
};

static void begin(struct scene *scene, uint32_t profiles) {
    const struct handlers handlers = {
        .increment = wait_at_gate, .user = &scene->gate, .workers = 4};
    char service[32];
    snprintf(service, sizeof(service), "%s", new_service());
    gate_open(&scene->gate);
    provider_start(&scene->provider, service, INCREMENT, &handlers);
    connect_client(&scene->client, service, profiles);
}

static void *ask(void *scene) {
    struct scene *here = (struct scene *)scene;
    here->code = nipc_client_call_increment(&here->client, 1, &here->answer);
    return NULL;
}

/* Returns while the handler has the request. */
static void call_in_thread(struct scene *scene) {
    scene->answer = 7;
    REQUIRE(pthread_create(&scene->thread, NULL, ask, scene) == 0);
    gate_meet(&scene->gate);
}

static void end(struct scene *scene) {
    nipc_client_close(&scene->client);
    provider_stop(&scene->provider);
    gate_close(&scene->gate);
}

static void abort_in_the_middle(uint32_t profiles) {
    struct scene scene;
    nipc_client_status_t status;
    begin(&scene, profiles);
    call_in_thread(&scene);
    nipc_client_abort(&scene.client);
    pthread_join(scene.thread, NULL);
    CHECK_CODE(scene.code, NIPC_ERR_ABORTED);
    CHECK_EQ(scene.answer, 0);
    check_apart(&scene.client, NIPC_CLIENT_BROKEN);
    gate_release(&scene.gate);

    /* It sticks until it is cleared. */
    (void)nipc_client_refresh(&scene.client);
    CHECK(!nipc_client_ready(&scene.client));
    nipc_client_clear_abort(&scene.client);
    await_session(&scene.client);
    check_connected(&scene.client, profiles);
    gate_release(&scene.gate);
    CHECK_OK(nipc_client_call_increment(&scene.client, 5, &scene.answer));
    CHECK_EQ(scene.answer, 6);
    gate_meet(&scene.gate);

    /* Called off before it begins. */
    nipc_client_abort(&scene.client);
    CHECK_CODE(nipc_client_call_increment(&scene.client, 5, &scene.answer), NIPC_ERR_ABORTED);
    nipc_client_status(&scene.client, &status);
    CHECK_EQ(status.abort_count, 2);
    CHECK_EQ(status.retry_count, 0);
    end(&scene);
}

static void aborts(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        test_context("profiles %u", (unsigned)offers[i]);
        abort_in_the_middle(offers[i]);
    }
}

/* The deadline passes while the handler has the request. */
static void timeouts(void) {
    for (size_t i = 0; i < 2 * COUNT(offers); i++) {
        struct scene scene;
        nipc_client_status_t status;
        test_context("profiles %u", (unsigned)offers[i / 2]);
        begin(&scene, offers[i / 2]);
        if (i % 2 == 0) {
            nipc_client_set_call_timeout(&scene.client, 20);
            CHECK_CODE(nipc_client_call_increment(&scene.client, 1, &scene.answer),
                       NIPC_ERR_TIMEOUT);
        } else {
            CHECK_CODE(nipc_client_call_increment_timeout(&scene.client, 1, &scene.answer, 20),
                       NIPC_ERR_TIMEOUT);
        }
        CHECK_EQ(scene.answer, 0);
        check_apart(&scene.client, NIPC_CLIENT_BROKEN);
        nipc_client_status(&scene.client, &status);
        CHECK_EQ(status.timeout_count, 1);
        CHECK_EQ(status.error_count, 1);
        CHECK_EQ(status.retry_count, 0);
        gate_release(&scene.gate);
        end(&scene);
    }
}

/* A second thread that uses the same client meanwhile is told so, whatever it asks. */
static void busy(void) {
    struct scene scene;
    nipc_transport_info_t info;
    nipc_client_status_t status;
    nipc_cgroups_resp_view_t view;
    uint64_t answer = 7;
    char text[100];
    begin(&scene, offers[1]);
    call_in_thread(&scene);
    CHECK_CODE(nipc_client_call_increment(&scene.client, 1, &answer), NIPC_ERR_BUSY);
    CHECK_EQ(answer, 0);
    CHECK_CODE(nipc_client_call_cgroups_snapshot(&scene.client, &view), NIPC_ERR_BUSY);
    CHECK_NO_ITEMS(view);
    CHECK_CODE(nipc_client_transport(&scene.client, &info), NIPC_ERR_BUSY);
    CHECK(!nipc_client_refresh(&scene.client));
    CHECK(nipc_client_wait_object(&scene.client) == NIPC_NATIVE_NONE);
    platform_check_native(&scene.client, NIPC_NATIVE_NONE);
    nipc_client_status(&scene.client, &status);
    CHECK_EQ(status.state, NIPC_CLIENT_READY);
    CHECK(nipc_client_last_error(&scene.client, text, sizeof(text)) > 0);
    nipc_client_set_call_timeout(&scene.client, 60000);
    gate_release(&scene.gate);
    pthread_join(scene.thread, NULL);
    CHECK_OK(scene.code);
    CHECK_EQ(scene.answer, 2);
    check_connected(&scene.client, offers[1]);
    end(&scene);
}

/* Closing calls off what another thread does, and waits for it. */
static void closing_ends_a_call(void) {
    struct scene scene;
    begin(&scene, offers[2]);
    call_in_thread(&scene);
    nipc_client_close(&scene.client);
    pthread_join(scene.thread, NULL);
    CHECK_CODE(scene.code, NIPC_ERR_ABORTED);
    check_apart(&scene.client, NIPC_CLIENT_DISCONNECTED);
    gate_release(&scene.gate);
    end(&scene);
}

/* The provider is stopped while its handler has a request: that one is answered. */
static void stopping_lets_an_answer_out(void) {
    struct scene scene;
    begin(&scene, offers[0]);
    call_in_thread(&scene);
    nipc_server_stop(&scene.provider.server);
    gate_release(&scene.gate);
    pthread_join(scene.thread, NULL);
    CHECK(scene.code == NIPC_OK || scene.code == NIPC_ERR_DISCONNECTED);
    end(&scene);
}

/* Two threads, one client, no order: every call is made or told that it cannot be. */
static void *ask_often(void *client) {
    for (int i = 0; i < 300; i++) {
        uint64_t answer;
        nipc_error_t code = nipc_client_call_increment((nipc_client_ctx_t *)client, 1, &answer);
        CHECK(code == NIPC_OK || code == NIPC_ERR_BUSY);
        CHECK_EQ(answer, code == NIPC_OK ? 2 : 0);
    }
    return NULL;
}

static void two_threads_with_one_client(void) {
    nipc_client_ctx_t client;
    pthread_t threads[2];
    connect_client(&client, "c-increment", offers[0]);
    for (size_t i = 0; i < COUNT(threads); i++) {
        REQUIRE(pthread_create(&threads[i], NULL, ask_often, &client) == 0);
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    check_connected(&client, offers[0]);
    nipc_client_close(&client);
}

static const struct test tests[] = {
    {"aborts", aborts},
    {"timeouts", timeouts},
    {"busy", busy},
    {"closing_ends_a_call", closing_ends_a_call},
    {"stopping_lets_an_answer_out", stopping_lets_an_answer_out},
    {"two_threads_with_one_client", two_threads_with_one_client},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
