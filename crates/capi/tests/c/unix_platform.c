#define _POSIX_C_SOURCE 200809L

#include "platform.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "test.h"

void platform_watch(unsigned seconds) {
    alarm(seconds);
}

/* Threads of this process. */
static unsigned threads(void) {
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        count += task->d_name[0] != '.';
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return count;
}

void platform_wait_until_alone(void) {
    while (threads() > 1) {
        sched_yield();
    }
}

bool platform_is_ready(nipc_native_t object, unsigned milliseconds) {
    struct pollfd peer = {.fd = (int)object, .events = POLLIN};
    return poll(&peer, 1, (int)milliseconds) == 1;
}

bool platform_run_dirs_are_places(void) {
    return true;
}

uint32_t platform_user(void) {
    return geteuid();
}

void platform_check_native(const nipc_client_ctx_t *client, nipc_native_t native) {
    CHECK_EQ(nipc_client_fd(client), native);
}
