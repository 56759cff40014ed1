/**
 * \file netipc_netdata.h
 * What plugins of a Netdata agent need to find one another: the run directory that their endpoints are in, and
 * the token that their sessions carry. Nothing else of NetIPC looks for either; docs/spec/netdata.md has the
 * rules.
 *
 * Any thread may call these functions. They read the environment, which no other thread may change
 * meanwhile.
 *
 * Generated from crates/capi/src/netdata by "cargo xtask headers": change the sources, not this file.
 */
#ifndef NETIPC_NETDATA_H
#define NETIPC_NETDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The run directory of the agent, which clients and servers take as theirs: the value of NETDATA_RUN_DIR
 * if that directory is accessible, else the first of the system's usual places that is. For a provider it
 * is made where it can be, with mode 0755. A provider that starts others hands it on to them as
 * NETDATA_RUN_DIR.
 *
 * The string belongs to the library. It is valid until this thread calls the function again or ends: copy
 * what has to live longer. Clients, servers and caches keep copies of their own.
 *
 * \param provider  whether sockets are to be made in it, and not only connected to
 * \return the path; NULL where no directory is accessible, and nipc_netdata_last_error() says which were
 *         looked at
 */
const char *nipc_netdata_run_dir(bool provider);

/**
 * The token of the agent that started this process, for the configurations of clients and servers: XXH3 of
 * the invocation id in NETDATA_INVOCATION_ID, else in INVOCATION_ID, as plugins inherit them.
 *
 * It is a secret: do not log it.
 *
 * \return the token; 0 where there is none, and nipc_netdata_last_error() says why
 */
uint64_t nipc_netdata_auth_token(void);

/**
 * Why the last of the two functions above that failed in this thread did: what was looked for, where, and
 * what to do. It stays after a success. Copies as much as fits, with a NUL, like snprintf.
 *
 * \param buf      where to copy to; may be NULL where buf_len is 0
 * \param buf_len  its bytes
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_netdata_last_error(char *buf,
                               size_t buf_len);

#ifdef __cplusplus
}
#endif

#endif /* NETIPC_NETDATA_H */
