/* Shared regions whose file somebody cuts off while they are in use. */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider.h"

/* The region of SERVICE, of which there is one; opened, as whoever means ill does before its name is removed. */
static int open_region(const char *service) {
    char path[512];
    int file = -1;
    DIR *dir = opendir(test_dir());
    REQUIRE(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, service, strlen(service)) == 0 && strstr(entry->d_name, ".ipcshm") != NULL) {
            snprintf(path, sizeof(path), "%s/%s", test_dir(), entry->d_name);
            file = open(path, O_RDWR | O_CLOEXEC);
        }
    }
    closedir(dir);
    REQUIRE(file >= 0);
    return file;
}

/* Client and server in one process, before and after their first message. */
static void survive(uint32_t profiles) {
    char service[32];
    struct provider provider;
    nipc_client_ctx_t client;
    uint64_t answer;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, INCREMENT, NULL);
    for (int calls = 0; calls < 2; calls++) {
        connect_client(&client, service, profiles);
        const int region = open_region(service);
        for (int i = 0; i < calls; i++) {
            CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
        }
        REQUIRE(ftruncate(region, 0) == 0);
        close(region);
        /* It fails, or succeeds over another session. */
        if (nipc_client_call_increment_timeout(&client, 4, &answer, 60000) != NIPC_OK) {
            await_session(&client);
            CHECK_OK(nipc_client_call_increment_timeout(&client, 4, &answer, 60000));
        }
        CHECK_EQ(answer, 5);
        nipc_client_close(&client);
    }
    provider_stop(&provider);
}

static void sessions_end_and_the_process_lives_on(void) {
    CHECK_OK(nipc_handle_sigbus());
    CHECK_OK(nipc_handle_sigbus());
    for (size_t i = 0; i < COUNT(offers); i++) {
        if (chosen(offers[i]) != NIPC_PROFILE_BASELINE) {
            test_context("profiles %u", (unsigned)offers[i]);
            survive(offers[i]);
        }
    }
}

/* Touches memory of the program's own whose file was cut off. */
static void touch_own(void) {
    char path[512];
    snprintf(path, sizeof(path), "%s/own", test_dir());
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(file >= 0 && unlink(path) == 0 && ftruncate(file, 4096) == 0);
    volatile char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    REQUIRE(memory != MAP_FAILED && ftruncate(file, 0) == 0);
    memory[0] = 1;
}

/* Handlers end the process by signals: nothing that is copied is looked for as a leak then. */
static void with_information(int number, siginfo_t *info, void *context) {
    (void)context;
    raise(number == SIGBUS && info->si_signo == SIGBUS ? SIGUSR1 : SIGKILL);
}

static void without_information(int number) { raise(number == SIGBUS ? SIGUSR2 : SIGKILL); }

/* The signal that ends a child that handles SIGBUS by ACTION, then as the library does, and then does WHAT. */
static int child_ends(const struct sigaction *action, void (*what)(void)) {
    int status = 0;
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        alarm(60);
        if (sigaction(SIGBUS, action, NULL) != 0 || nipc_handle_sigbus() != NIPC_OK) {
            _exit(1);
        }
        what();
        raise(SIGKILL);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void send_it(void) { raise(SIGBUS); }

/* What is not about a region is passed on to whoever handled it before. */
static void anything_else_is_passed_on(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = SIG_DFL;
    CHECK_EQ(child_ends(&action, touch_own), SIGBUS);
    CHECK_EQ(child_ends(&action, send_it), SIGBUS);
    action.sa_handler = SIG_IGN;
    CHECK_EQ(child_ends(&action, touch_own), SIGBUS);
    CHECK_EQ(child_ends(&action, send_it), SIGKILL);
    action.sa_handler = without_information;
    CHECK_EQ(child_ends(&action, touch_own), SIGUSR2);
    CHECK_EQ(child_ends(&action, send_it), SIGUSR2);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = with_information;
    CHECK_EQ(child_ends(&action, touch_own), SIGUSR1);
    CHECK_EQ(child_ends(&action, send_it), SIGUSR1);
}

static const struct test tests[] = {
    /* Before this process has the handler, which it sets once. */
    {"anything_else_is_passed_on", anything_else_is_passed_on},
    {"sessions_end_and_the_process_lives_on", sessions_end_and_the_process_lives_on},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
