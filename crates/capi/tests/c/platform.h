/* What the tests need of the system: unix_platform.c or windows_platform.c. */
#ifndef NETIPC_PLATFORM_H
#define NETIPC_PLATFORM_H

#include <netipc/netipc_service.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ends the process after so many seconds, unless it is called again before; 0 is never. */
void platform_watch(unsigned seconds);

/* Waits until no other thread is left, where that can be seen. */
void platform_wait_until_alone(void);

/* Whether OBJECT becomes ready within so many milliseconds. */
bool platform_is_ready(nipc_native_t object, unsigned milliseconds);

/* Whether a run directory is a place that has to be there, and not just a name. */
bool platform_run_dirs_are_places(void);

/* The user of this process, as a client is told of its provider's. */
uint32_t platform_user(void);

/* That the functions which only this platform has say the same as nipc_client_wait_object. */
void platform_check_native(const nipc_client_ctx_t *client, nipc_native_t native);

#ifdef __cplusplus
}
#endif

#endif
