/* Statistics that a server publishes: who reads them, and when they are switched on. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "provider.h"

/* What is told at the endpoint of the statistics of SERVICE. */
static void read_stats(const char *service, char *told, size_t room) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    REQUIRE(fd >= 0);
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.stats.sock", test_dir(),
                       service);
    REQUIRE(len > 0 && (size_t)len < sizeof(address.sun_path));
    REQUIRE(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    ssize_t size = recv(fd, told, room - 1, 0);
    REQUIRE(size > 0);
    told[size] = '\0';
    close(fd);
}

static void check_has(const char *told, const char *part) {
    if (strstr(told, part) == NULL)
        test_fail(__FILE__, __LINE__, "%s does not have %s", told, part);
}

static void tell(void *user, nipc_data_status_t *status) {
    CHECK_EQ(status->age_ms, -1);
    CHECK_EQ(status->stale[0], '\0');
    CHECK_EQ(status->stale[sizeof(status->stale) - 1], '\0');
    status->age_ms = *(const int64_t *)user;
    if (status->age_ms < 0)
        memset(status->stale, 'x', sizeof(status->stale));
    else
        strcpy(status->stale, "one \"source\" is late\nanother is missing");
}

static void what_was_done_and_how_old_the_data_is(void) {
    char service[32], told[16384];
    int64_t age = 1500;
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer = 0;
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(provider_init(&provider, service, INCREMENT, NULL));
    CHECK_OK(nipc_server_publish_stats(&provider.server, tell, &age));
    CHECK_CODE(nipc_server_publish_stats(&provider.server, NULL, NULL), NIPC_ERR_BUSY);
    provider_run(&provider);
    connect_client(&client, service, NIPC_PROFILE_BASELINE);
    CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
    nipc_client_close(&client);
    read_stats(service, told, sizeof(told));
    check_has(told, "\"sessions\":{\"now\":");
    check_has(told, "\"data\":{\"age_seconds\":1.500000,"
                    "\"stale\":[\"one \\\"source\\\" is late\",\"another is missing\"]}");
    provider_stop(&provider);
}

/* A function that has nothing to say of the age, and forgets the NUL. */
static void sentences_have_an_end(void) {
    char service[32], told[16384];
    int64_t age = -1;
    struct provider provider;
    snprintf(service, sizeof(service), "%s", new_service());
    CHECK_OK(provider_init(&provider, service, INCREMENT, NULL));
    CHECK_OK(nipc_server_publish_stats(&provider.server, tell, &age));
    provider_run(&provider);
    read_stats(service, told, sizeof(told));
    check_has(told, "\"data\":{\"stale\":[\"xxx");
    const char *stale = strstr(told, "xxx");
    CHECK_EQ(strspn(stale == NULL ? "" : stale, "x"), 1023);
    provider_stop(&provider);
}

static void only_before_it_runs(void) {
    char service[32];
    struct provider provider;
    nipc_client_ctx_t client;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, INCREMENT, NULL);
    connect_client(&client, service, NIPC_PROFILE_BASELINE); /* so that it runs */
    CHECK_CODE(nipc_server_publish_stats(&provider.server, NULL, NULL), NIPC_ERR_BUSY);
    nipc_client_close(&client);
    provider_stop(&provider);
    CHECK_CODE(nipc_server_publish_stats(&provider.server, NULL, NULL), NIPC_ERR_NOT_READY);
    CHECK_CODE(nipc_server_publish_stats(NULL, NULL, NULL), NIPC_ERR_INVALID_ARGUMENT);
}

static const struct test tests[] = {
    {"what_was_done_and_how_old_the_data_is", what_was_done_and_how_old_the_data_is},
    {"sentences_have_an_end", sentences_have_an_end},
    {"only_before_it_runs", only_before_it_runs},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
