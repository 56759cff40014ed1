#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "test.h"

static HANDLE timer;

static void CALLBACK expire(void *unused, BOOLEAN fired) {
    (void)unused, (void)fired;
    fprintf(stderr, "takes too long\n");
    TerminateProcess(GetCurrentProcess(), 3);
}

void platform_watch(unsigned seconds) {
    if (timer != NULL) {
        /* Waits for a function of it that runs. */
        REQUIRE(DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE));
        timer = NULL;
    }
    if (seconds > 0) {
        REQUIRE(CreateTimerQueueTimer(&timer, NULL, expire, NULL, seconds * 1000, 0,
                                      WT_EXECUTEONLYONCE));
    }
}

/* Timers, and what else the system does for a process, have threads of their own that stay. */
void platform_wait_until_alone(void) {
}

bool platform_is_ready(nipc_native_t object, unsigned milliseconds) {
    return WaitForSingleObject((HANDLE)object, milliseconds) == WAIT_OBJECT_0;
}

bool platform_run_dirs_are_places(void) {
    return false;
}

/* Users have no numbers. */
uint32_t platform_user(void) {
    return NIPC_UID_UNSET;
}

void platform_check_native(const nipc_client_ctx_t *client, nipc_native_t native) {
    CHECK_EQ(nipc_client_wait_object(client), native);
}
