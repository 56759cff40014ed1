/* What the library has to say arrives at a function of the program: the first that asks for it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <netipc/netipc_any.h>

#include "provider.h"

/* Calls that fail. A call that ends its session asks twice, and the library speaks of the first failure
   and of number 101. */
enum { CALLS = 51 };

struct heard {
    atomic_uint lines;
    atomic_uint of_service;
    /* Of handlers that failed, and those of them that say why. */
    atomic_uint failures, reasons;
};

static char service[32];
static const char *reason;
static struct heard heard;

static void hear(void *user, nipc_log_level_t level, const char *message) {
    struct heard *heard = (struct heard *)user;
    CHECK(level >= NIPC_LOG_ERROR && level <= NIPC_LOG_INFO);
    CHECK(message != NULL && message[0] != '\0' && strchr(message, '\n') == NULL);
    atomic_fetch_add(&heard->lines, 1);
    atomic_fetch_add(&heard->of_service, strstr(message, service) != NULL);
    if (level == NIPC_LOG_WARN && strstr(message, "the handler failed") != NULL) {
        atomic_fetch_add(&heard->failures, 1);
        atomic_fetch_add(&heard->reasons, strstr(message, reason) != NULL);
    }
}

static void hear_nothing(void *user, nipc_log_level_t level, const char *message) {
    (void)user;
    test_fail(__FILE__, __LINE__, "the second function got %d %s", (int)level, message);
}

static void listen_to_the_library(void) {
    static bool listens;
    if (!listens) {
        CHECK_OK(nipc_log_set(hear, &heard, NIPC_LOG_INFO));
        listens = true;
    }
}

static void the_first_function_hears(void) {
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer;
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_CODE(nipc_log_set(NULL, NULL, NIPC_LOG_INFO), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, (nipc_log_level_t)0), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, (nipc_log_level_t)77), NIPC_ERR_INVALID_ARGUMENT);
    listen_to_the_library();
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, NIPC_LOG_DEBUG), NIPC_ERR_BUSY);
    provider_start(&provider, service, INCREMENT, NULL);
    connect_client(&client, service, offers[0]);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    nipc_client_close(&client);
    provider_stop(&provider);
    CHECK(atomic_load(&heard.lines) > 0);
    CHECK(atomic_load(&heard.of_service) > 0);
}

static bool fail_number(void *user, uint64_t request, uint64_t *response) {
    (void)user, (void)request, (void)response;
    return false;
}

static nipc_error_t fail_any(void *user, uint16_t method, nipc_bytes_view_t request,
                             nipc_any_response_t *response) {
    (void)method, (void)request;
    response->len = response->size + 1;
    CHECK(response->why[0] == '\0');
    if (*(const nipc_error_t *)user == NIPC_ERR_MISSING_NUL) {
        memset(response->why, 'w', sizeof(response->why)); /* without an end */
    }
    if (*(const nipc_error_t *)user == NIPC_ERR_BAD_LAYOUT) {
        snprintf(response->why, sizeof(response->why), "item 3: %s", "no address");
    }
    return *(const nipc_error_t *)user;
}

/* Lets the handler of a server fail, and checks that the library says so of the first and of the one
   after a hundred, and why. */
static void check_failures(struct provider *provider, unsigned told, const char *why) {
    nipc_client_ctx_t client;
    uint64_t answer;
    reason = why;
    atomic_store(&heard.failures, 0);
    atomic_store(&heard.reasons, 0);
    provider_run(provider);
    connect_client(&client, service, offers[0]);
    for (unsigned i = 0; i < CALLS; i++) {
        await_session(&client);
        CHECK(nipc_client_call_increment(&client, 1, &answer) != NIPC_OK);
    }
    nipc_client_close(&client);
    provider_stop(provider);
    CHECK_EQ(atomic_load(&heard.failures), told);
    CHECK_EQ(atomic_load(&heard.reasons), told);
}

static void failures_of_handlers_are_told(void) {
    static const struct {
        nipc_error_t error;
        const char *reason;
        unsigned told;
    } cases[] = {
        {NIPC_ERR_UNSUPPORTED, "error=unsupported", 1},
        {NIPC_ERR_BAD_LAYOUT, "error=bad layout: item 3: no address", 2},
        {NIPC_ERR_MISSING_NUL, "error=missing NUL: wwww", 2},
        {NIPC_ERR_BAD_ALIGNMENT, "error=bad alignment", 2},
        {(nipc_error_t)9999, "without a name", 2},
        {NIPC_OK, "longer than the buffer", 2},
        /* These say something of the client or of its limits. */
        {NIPC_ERR_OVERFLOW, "", 0},
        {NIPC_ERR_REJECTED, "", 0},
    };
    const nipc_server_config_t config = server_config();
    struct provider provider;
    listen_to_the_library();
    for (size_t i = 0; i < COUNT(cases); i++) {
        nipc_error_t error = cases[i].error;
        const nipc_any_service_handler_t handler = {fail_any, 0, false, &error};
        test_context("error %d", (int)error);
        snprintf(service, sizeof(service), "%s", new_service());
        memset(&provider, 0, sizeof(provider));
        CHECK_OK(nipc_server_init_any(&provider.server, test_dir(), service, &config, 4, &handler));
        check_failures(&provider, cases[i].told, cases[i].reason);
    }
    test_context("without a handler");
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(nipc_server_init_any(&provider.server, test_dir(), service, &config, 4, NULL));
    check_failures(&provider, 2, "is NULL");
    test_context("a handler of numbers");
    const struct handlers typed = {.increment = fail_number, .workers = 4};
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(provider_init(&provider, service, INCREMENT, &typed));
    check_failures(&provider, 2, "it returned false");
}

static const struct test tests[] = {
    {"the_first_function_hears", the_first_function_hears},
    {"failures_of_handlers_are_told", failures_of_handlers_are_told},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
