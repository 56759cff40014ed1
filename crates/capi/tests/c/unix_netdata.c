/* The run directory and the token of the agent that started the program. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <netipc/netipc_netdata.h>

#include "test.h"

static char text[400];

static const char *last_error(void) {
    const size_t len = nipc_netdata_last_error(text, sizeof(text));
    CHECK_EQ(len, strlen(text));
    return text;
}

static void nothing_failed_at_first(void) {
    CHECK_EQ(nipc_netdata_last_error(NULL, 0), 0);
}

/* The table of the contract. */
static void tokens(void) {
    static const struct {
        const char *id;
        uint64_t token;
    } known[] = {
        {"00112233-4455-6677-8899-aabbccddeeff", UINT64_C(0xc56cde21e711bf96)},
        {"00000000-0000-0000-0000-000000000000", UINT64_C(0xd0a66a65c7528968)},
        {"7f3c1d2e-9a4b-4c5d-8e6f-0123456789ab", UINT64_C(0x1c4f14e28bbac07c)},
        {"7f3c1d2e9a4b4c5d8e6f0123456789ab", UINT64_C(0x1c4f14e28bbac07c)},
    };
    static const char *const names[] = {"INVOCATION_ID", "NETDATA_INVOCATION_ID"};
    for (size_t n = 0; n < COUNT(names); n++) {
        /* The second comes before the first, which is still set to something else then. */
        for (size_t i = 0; i < COUNT(known); i++) {
            REQUIRE(setenv(names[n], known[i].id, 1) == 0);
            CHECK_EQ(nipc_netdata_auth_token(), known[i].token);
        }
        REQUIRE(setenv(names[n], "not an id", 1) == 0);
        CHECK_EQ(nipc_netdata_auth_token(), 0);
        CHECK(strstr(last_error(), "no invocation id") != NULL);
    }
    REQUIRE(setenv("NETDATA_INVOCATION_ID", "", 1) == 0);
    REQUIRE(unsetenv("INVOCATION_ID") == 0);
    CHECK_EQ(nipc_netdata_auth_token(), 0);
    CHECK(strstr(last_error(), "neither NETDATA_INVOCATION_ID nor INVOCATION_ID is set") != NULL);
    char few[8];
    CHECK_EQ(nipc_netdata_last_error(few, sizeof(few)), strlen(text));
    CHECK(strncmp(few, text, sizeof(few) - 1) == 0 && few[sizeof(few) - 1] == '\0');
}

static void run_directories(void) {
    char dir[200];
    struct stat made;
    REQUIRE(setenv("NETDATA_RUN_DIR", test_dir(), 1) == 0);
    for (int provider = 0; provider <= 1; provider++) {
        const char *found = nipc_netdata_run_dir(provider);
        REQUIRE(found != NULL);
        CHECK(strcmp(found, test_dir()) == 0);
    }
    /* A consumer makes nothing: it gets one of the usual places, or none. */
    snprintf(dir, sizeof(dir), "%s/agent", test_dir());
    REQUIRE(setenv("NETDATA_RUN_DIR", dir, 1) == 0);
    const char *usual = nipc_netdata_run_dir(false);
    CHECK(usual == NULL || strcmp(usual, dir) != 0);
    if (usual == NULL) {
        CHECK(strstr(last_error(), dir) != NULL && strstr(text, "set NETDATA_RUN_DIR") != NULL);
    }
    const char *own = nipc_netdata_run_dir(true);
    REQUIRE(own != NULL);
    CHECK(strcmp(own, dir) == 0);
    CHECK(stat(dir, &made) == 0 && S_ISDIR(made.st_mode) && (made.st_mode & 0777) == 0755);
    CHECK(rmdir(dir) == 0);
}

static const struct test tests[] = {
    {"nothing_failed_at_first", nothing_failed_at_first},
    {"tokens", tokens},
    {"run_directories", run_directories},
};

int main(int argc, char **argv) {
    umask(022);
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
