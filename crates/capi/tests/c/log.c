/* What the library has to say arrives at a function of the program: the first that asks for it. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

struct heard {
    atomic_uint lines;
    atomic_uint of_service;
};

static char service[32];

static void hear(void *user, nipc_log_level_t level, const char *message) {
    struct heard *heard = (struct heard *)user;
    CHECK(level >= NIPC_LOG_ERROR && level <= NIPC_LOG_INFO);
    CHECK(message != NULL && message[0] != '\0' && strchr(message, '\n') == NULL);
    atomic_fetch_add(&heard->lines, 1);
    atomic_fetch_add(&heard->of_service, strstr(message, service) != NULL);
}

static void hear_nothing(void *user, nipc_log_level_t level, const char *message) {
    (void)user;
    test_fail(__FILE__, __LINE__, "the second function got %d %s", (int)level, message);
}

static void the_first_function_hears(void) {
    static struct heard heard;
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer;
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_CODE(nipc_log_set(NULL, NULL, NIPC_LOG_INFO), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, (nipc_log_level_t)0), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, (nipc_log_level_t)77), NIPC_ERR_INVALID_ARGUMENT);
    CHECK_OK(nipc_log_set(hear, &heard, NIPC_LOG_INFO));
    CHECK_CODE(nipc_log_set(hear_nothing, NULL, NIPC_LOG_DEBUG), NIPC_ERR_BUSY);
    provider_start(&provider, service, INCREMENT, NULL);
    connect_client(&client, service, offers[0]);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    nipc_client_close(&client);
    provider_stop(&provider);
    CHECK(atomic_load(&heard.lines) > 0);
    CHECK(atomic_load(&heard.of_service) > 0);
}

static const struct test tests[] = {{"the_first_function_hears", the_first_function_hears}};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
