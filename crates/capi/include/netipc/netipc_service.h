/**
 * \file netipc_service.h
 * Clients, servers and the cache of NetIPC.
 *
 * Contexts live in storage of the caller, which may be zeroed and never initialised: every function
 * accepts that and gives an error or nothing. A context must not be copied or moved once it is
 * initialised. Closing or destroying one frees everything that it holds, and may be repeated.
 *
 * One thread uses a context at a time, but for the functions whose comments name other threads;
 * different contexts share nothing. What a call gives points into memory of its context and lives
 * until the next call on it, or until it is closed.
 *
 * A pointer that may not be NULL gives NIPC_ERR_INVALID_ARGUMENT; functions that return nothing then
 * do nothing. Strings that are named by a pointer alone end with NUL. Names and paths are bytes and
 * need not be UTF-8.
 *
 * None of the functions is for signal handlers, and contexts from before a fork() are for the parent
 * alone: a child must not even close them.
 *
 * A call gives NIPC_ERR_NOT_READY without a session (refresh), _TIMEOUT and _ABORTED, after which the
 * session is gone, _DISCONNECTED, _PROTOCOL and _HANDLER_FAILED after one more try, _UNSUPPORTED and
 * _REJECTED as the provider says, _OVERFLOW where limits are too low, _GENERATION_MISMATCH where the
 * data changed during a lookup (ask again), _BUSY where another thread uses the context, and
 * _INVALID_ARGUMENT for what cannot be asked. docs/c.md says what to do about each.
 *
 * Generated from crates/capi/src/service by "cargo xtask headers": change the sources, not this file.
 */
#ifndef NETIPC_SERVICE_H
#define NETIPC_SERVICE_H

#include "netipc_protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Clients ------------------------------------------------------------------------------- */

/** Milliseconds that a whole call may take where nothing is configured. */
#define NIPC_CLIENT_CALL_TIMEOUT_DEFAULT_MS 30000

/** Keys of one lookup call where nothing is configured. */
#define NIPC_LOGICAL_LOOKUP_ITEMS_DEFAULT 65536

/** Requests that one lookup call is split into at most, where nothing is configured. */
#define NIPC_LOGICAL_LOOKUP_SUBCALLS_DEFAULT 4096

/** Bytes of the whole answer to one lookup call where nothing is configured. */
#define NIPC_LOGICAL_LOOKUP_RESPONSE_BYTES_DEFAULT 0x04000000u

/** Bytes of an answer that a client without configuration has room for at first; it grows. */
#define NIPC_CGROUPS_CACHE_BUF_SIZE_DEFAULT 65536

/**
 * How a client connects and calls. Zero in a field means the default that its comment names, so
 * that a zeroed struct is a good start.
 */
typedef struct nipc_client_config_t {
    /** Profiles to offer, NIPC_PROFILE_* bits; 0 is NIPC_PROFILE_BASELINE alone. */
    uint32_t supported_profiles;
    /**
     * Profiles to prefer, NIPC_PROFILE_* bits; 0 is no preference, and does not mean the baseline.
     */
    uint32_t preferred_profiles;
    /**
     * Most bytes of a request payload; 0 starts at NIPC_MAX_PAYLOAD_DEFAULT and grows as needed up
     * to NIPC_MAX_PAYLOAD_CAP.
     */
    uint32_t max_request_payload_bytes;
    /** Most items of a request batch; 0 starts at 1 and grows as needed up to 65536. */
    uint32_t max_request_batch_items;
    /**
     * Most bytes of a response payload; 0 starts at 65536 and grows as needed up to
     * NIPC_MAX_RESPONSE_PAYLOAD_CAP.
     */
    uint32_t max_response_payload_bytes;
    /** The shared secret of the endpoint. */
    uint64_t auth_token;
    /** Milliseconds that a whole call may take, retries included; 0 is 30000. */
    uint32_t call_timeout_ms;
    /** Most keys of one lookup call; 0 is 65536. */
    uint32_t max_logical_lookup_items;
    /** Most requests that one lookup call may be split into; 0 is 4096. */
    uint32_t max_logical_lookup_subcalls;
    /** Most bytes of the whole answer to one lookup call; 0 is 64 MiB. */
    uint32_t max_logical_lookup_response_bytes;
} nipc_client_config_t;

/** How a server accepts and answers. Zero in a field means the default that its comment names. */
typedef struct nipc_server_config_t {
    /** Profiles to offer, NIPC_PROFILE_* bits; 0 is NIPC_PROFILE_BASELINE alone. */
    uint32_t supported_profiles;
    /**
     * Profiles to prefer, NIPC_PROFILE_* bits; 0 is no preference, and does not mean the baseline.
     */
    uint32_t preferred_profiles;
    /** Most bytes of a request payload; 0 accepts up to NIPC_MAX_PAYLOAD_CAP. */
    uint32_t max_request_payload_bytes;
    /** Most items of a request batch; 0 accepts as many as fit the payload. */
    uint32_t max_request_batch_items;
    /**
     * Most bytes of a response payload; 0 answers what clients ask for, up to
     * NIPC_MAX_RESPONSE_PAYLOAD_CAP.
     */
    uint32_t max_response_payload_bytes;
    /** The shared secret of the endpoint. */
    uint64_t auth_token;
} nipc_server_config_t;

/** Private: what a context holds. Do not touch or copy it. */
typedef struct nipc_storage_t {
    /** Private: do not touch. */
    void *handle;
    /** Private: do not touch. */
    size_t users;
} nipc_storage_t;

/** Private: what a client was initialised with. Do not touch it. */
typedef struct nipc_client_origin_t {
    /** Private: do not touch. */
    nipc_client_config_t config;
    /** Private: do not touch. */
    uint32_t names_len;
    /** Private: do not touch. */
    uint32_t call_timeout_ms;
    /** Private: do not touch. */
    uint32_t aborted;
    /** Private: do not touch. */
    uint8_t names[516];
} nipc_client_origin_t;

/** Where a client stands. */
typedef enum nipc_client_state_t {
    /**
     * Not connected: not yet, closed, or for a reason that nipc_client_last_error tells, such as a
     * name that is not valid or a server without a free session.
     */
    NIPC_CLIENT_DISCONNECTED = 0,
    /** In the middle of a connect. */
    NIPC_CLIENT_CONNECTING = 1,
    /** Calls can be made. */
    NIPC_CLIENT_READY = 2,
    /** Nobody serves the endpoint: normal, refresh again later. */
    NIPC_CLIENT_NOT_FOUND = 3,
    /** The token or the user is not accepted. Refreshing tries again, less and less often. */
    NIPC_CLIENT_AUTH_FAILED = 4,
    /** The versions or the profiles do not match. Refreshing tries again, less and less often. */
    NIPC_CLIENT_INCOMPATIBLE = 5,
    /** The session was lost: the next refresh makes a new one. */
    NIPC_CLIENT_BROKEN = 6,
} nipc_client_state_t;

/** What carries the data of a session. */
typedef enum nipc_transport_t {
    /** There is no session. */
    NIPC_TRANSPORT_NONE = 0,
    /** The packet socket; on Windows, the named pipe. */
    NIPC_TRANSPORT_SOCKET = 1,
    /** Shared memory. */
    NIPC_TRANSPORT_SHM = 2,
} nipc_transport_t;

/** What the event loops of the platform watch: a descriptor on Unix, a HANDLE on Windows. */
typedef ptrdiff_t nipc_native_t;

/** The session of a client, while session_valid says that there is one. */
typedef struct nipc_client_session_t {
    /** The profile that was negotiated: one NIPC_PROFILE_* bit. */
    uint32_t selected_profile;
    /** The server's number for the session. */
    uint64_t session_id;
    /** Bytes that a request payload may have. */
    uint32_t max_request_payload_bytes;
    /** Items that a request batch may have. */
    uint32_t max_request_batch_items;
    /** Bytes that a response payload may have. */
    uint32_t max_response_payload_bytes;
    /** Items that a response batch may have. */
    uint32_t max_response_batch_items;
    /**
     * What nipc_client_wait_object gives; NIPC_NATIVE_NONE over a ring (NIPC_PROFILE_SHM_RING), which is slower once
     * it is watched: ask nipc_client_wait_object there.
     */
    nipc_native_t native;
} nipc_client_session_t;

/** A client's state and counters. */
typedef struct nipc_client_status_t {
    /** Where it stands. */
    nipc_client_state_t state;
    /** Sessions made from scratch. */
    uint32_t connect_count;
    /** Sessions made by the attempt that follows a loss, or to have room for more. */
    uint32_t reconnect_count;
    /** Requests that were answered. */
    uint32_t call_count;
    /** Calls that returned an error. */
    uint32_t error_count;
    /** Requests that were sent again after a failure. */
    uint32_t retry_count;
    /** Calls that ran out of time. */
    uint32_t timeout_count;
    /** Calls that were aborted. */
    uint32_t abort_count;
    /** Bytes of requests sent, headers included. */
    uint64_t bytes_sent;
    /** Bytes of answers received, headers included. */
    uint64_t bytes_received;
} nipc_client_status_t;

/**
 * A client. It lives where the caller wants, zeroed or not before nipc_client_init, and must not be
 * copied or moved afterwards. One thread uses it at a time; abort and clear_abort are for any
 * thread.
 */
typedef struct nipc_client_ctx_t {
    /** Where the client stands. True after every call; to read, as everything here. */
    nipc_client_state_t state;
    /** Whether there is a session. */
    bool session_valid;
    /** The session; zeroed while there is none. */
    nipc_client_session_t session;
    /**
     * Not NULL exactly while the data goes over shared memory. What it points to is not for the
     * caller.
     */
    void *shm;
    /** Private. */
    nipc_storage_t storage;
    /** Private. */
    nipc_client_origin_t origin;
    /** Private: what nipc_client_status tells. */
    uint64_t published[10];
} nipc_client_ctx_t;

/** What carries a client's session, and what was agreed. */
typedef struct nipc_transport_info_t {
    /** What the data really goes over. */
    nipc_transport_t transport;
    /** The profile that was negotiated: one NIPC_PROFILE_* bit. */
    uint32_t profile;
    /** The server's number for the session. */
    uint64_t session_id;
    /** Bytes that a request payload may have. */
    uint32_t max_request_payload_bytes;
    /** Items that a request batch may have. */
    uint32_t max_request_batch_items;
    /** Bytes that a response payload may have. */
    uint32_t max_response_payload_bytes;
    /** Items that a response batch may have. */
    uint32_t max_response_batch_items;
    /** The server's process; 0 where it is not known. */
    uint32_t peer_pid;
    /** The server's user; NIPC_UID_UNSET where it is not known. */
    uint32_t peer_uid;
} nipc_transport_info_t;

/** Nothing to watch. */
#define NIPC_NATIVE_NONE -1

/**
 * Names a state in a word or two, such as "not found".
 *
 * \param state  any number; one that is no state is an "unknown state"
 * \return a text that lives as long as the program, never NULL
 */
const char *nipc_client_state_name(nipc_client_state_t state);

/**
 * Names what carries the data: "none", "socket" (on Windows, too, where it is a named pipe), "shm".
 *
 * \param transport  any number; one that is no transport is an "unknown transport"
 * \return a text that lives as long as the program, never NULL
 */
const char *nipc_transport_name(nipc_transport_t transport);

/**
 * Makes a client of the service at run_dir/service.sock. Connects to nothing, and does not need the
 * provider to exist: nipc_client_refresh connects.
 *
 * A name that is not valid shows as the error of the first refresh. Nothing is kept of the arguments.
 * A client that was used before must have been closed.
 *
 * \param ctx      where the client will be; need not be initialised
 * \param run_dir  the directory of the endpoints
 * \param service  the name of the service
 * \param config   how to connect and call; NULL is a zeroed one
 */
void nipc_client_init(nipc_client_ctx_t *ctx,
                      const char *run_dir,
                      const char *service,
                      const nipc_client_config_t *config);

/**
 * Connects where there is no session, and looks whether there still is one: after
 * nipc_client_init, after the provider has gone, and after nipc_client_close, too. Call it at your own
 * pace, for instance once a second; it takes at most two seconds for each attempt to connect.
 *
 * \return whether something changed, for the better or the worse: not whether there is a session.
 *         ctx->state tells that, and nipc_client_last_error why there is none
 */
bool nipc_client_refresh(nipc_client_ctx_t *ctx);

/**
 * As nipc_client_refresh, for at most timeout_ms milliseconds, for callers that must not wait for a
 * provider that says nothing; 0 is as nipc_client_refresh.
 */
bool nipc_client_refresh_timeout(nipc_client_ctx_t *ctx, uint32_t timeout_ms);

/** Whether calls can be made. No input or output. */
bool nipc_client_ready(const nipc_client_ctx_t *ctx);

/**
 * Tells state and counters. Counters stay when the client is closed, until it is initialised again.
 * For any thread: what is counted while a call runs shows when it has ended.
 */
void nipc_client_status(const nipc_client_ctx_t *ctx, nipc_client_status_t *out);

/**
 * Sets how long a whole call may take, in milliseconds, from the next call on; 0 is 30000. For any
 * thread.
 */
void nipc_client_set_call_timeout(nipc_client_ctx_t *ctx, uint32_t timeout_ms);

/**
 * Aborts what the client is doing, in any phase, and everything that follows until
 * nipc_client_clear_abort: such calls return NIPC_ERR_ABORTED. For any thread. Closing the client clears it, too.
 */
void nipc_client_abort(nipc_client_ctx_t *ctx);

/** Lets calls be made again. For any thread. */
void nipc_client_clear_abort(nipc_client_ctx_t *ctx);

/**
 * Ends the session and frees everything. Views of answers end with it. A call that runs in another
 * thread is aborted and waited for; calls that follow return NIPC_ERR_NOT_READY. Closing twice, or
 * a zeroed context, does nothing.
 *
 * The client can be refreshed again, and then has to be closed again. Counters go on, and the call
 * timeout stays; an abort ends with the close.
 */
void nipc_client_close(nipc_client_ctx_t *ctx);

/**
 * Why the last call or refresh that failed did, with the endpoint and the cause. It stays after a
 * success: ctx->state and the result of a call say whether something is wrong now. Copies as much as
 * fits, with a NUL, like snprintf.
 *
 * \param buf      where to copy to; may be NULL where buf_len is 0
 * \param buf_len  its bytes
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_client_last_error(nipc_client_ctx_t *ctx,
                              char *buf,
                              size_t buf_len);

/**
 * Tells what carries the session, who is at its other end, and what was agreed.
 *
 * \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
 *         another thread uses the client
 */
nipc_error_t nipc_client_transport(nipc_client_ctx_t *ctx, nipc_transport_info_t *out);

/**
 * What an event loop can wait for: it becomes ready (a descriptor readable, a handle signalled) when
 * the provider has hung up, so that it is time for nipc_client_refresh. It belongs to the client and
 * changes with the session: ask for it again after every call, and neither read nor close it.
 *
 * \return a descriptor on Unix, a HANDLE on Windows; NIPC_NATIVE_NONE without a session, and while
 *         another thread uses the client
 */
nipc_native_t nipc_client_wait_object(const nipc_client_ctx_t *ctx);

#ifndef _WIN32
/**
 * As nipc_client_wait_object, as the descriptor for poll() and its like that it is on Unix: readable
 * when the provider has hung up.
 *
 * \return the descriptor; -1 without a session, and while another thread uses the client
 */
int nipc_client_fd(const nipc_client_ctx_t *ctx);

/**
 * Has this process live on when another process of its user cuts off the file of a shared region that is in
 * use: the session ends, and nothing else happens. Otherwise the system ends the process with SIGBUS at its
 * next touch of the region. For the whole process, from now on; calling it again does nothing.
 *
 * It sets a handler for SIGBUS. Any other cause of that signal is passed on to whatever handled it before: a
 * handler that the program had set, or the system, which ends the process. A program that sets a handler of
 * its own later has to pass on to this one what it does not know. Sessions over the socket or a ring do not
 * need it.
 *
 * \return NIPC_OK, or NIPC_ERR_IO where the system does not let this process handle the signal
 */
nipc_error_t nipc_handle_sigbus(void);
#endif

/* ---- Calls --------------------------------------------------------------------------------- */

/**
 * Asks for a snapshot. All cgroups of the host, at once.
 *
 * The call needs a client that is ready, and takes at most the client's call timeout, whatever
 * happens: a lost session is made anew and the question asked once more within it.
 *
 * \param ctx  the client of a cgroups-snapshot endpoint
 * \param out  a view of the answer, which lives in the client until the next call or close; zeroed
 *             on failure. nipc_cgroups_resp_item reads its items.
 * \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
 */
nipc_error_t nipc_client_call_cgroups_snapshot(nipc_client_ctx_t *ctx,
                                               nipc_cgroups_resp_view_t *out);

/**
 * As nipc_client_call_cgroups_snapshot, within timeout_ms milliseconds; 0 is the client's own
 * timeout.
 */
nipc_error_t nipc_client_call_cgroups_snapshot_timeout(nipc_client_ctx_t *ctx,
                                                       nipc_cgroups_resp_view_t *out,
                                                       uint32_t timeout_ms);

/**
 * Asks for what is known of any number of paths, in as many requests as the limits want.
 *
 * \param ctx    the client of a cgroups-lookup endpoint, which is ready
 * \param paths  not empty, without NUL inside. They may be those of the last answer
 * \param count  how many; 0 asks for the generation of the data only
 * \param out    a view of the answer, one item for each path and in their order, which lives in the
 *               client until the next call or close; zeroed on failure.
 *               nipc_cgroups_lookup_resp_item reads its items.
 * \return NIPC_OK, or why there is no answer; NIPC_ERR_INVALID_ARGUMENT for a path that is not
 *         valid, before anything is sent
 */
nipc_error_t nipc_client_call_cgroups_lookup(nipc_client_ctx_t *ctx,
                                             const nipc_str_view_t *paths,
                                             uint32_t count,
                                             nipc_cgroups_lookup_resp_view_t *out);

/**
 * As nipc_client_call_cgroups_lookup, within timeout_ms milliseconds; 0 is the client's own timeout.
 */
nipc_error_t nipc_client_call_cgroups_lookup_timeout(nipc_client_ctx_t *ctx,
                                                     const nipc_str_view_t *paths,
                                                     uint32_t count,
                                                     nipc_cgroups_lookup_resp_view_t *out,
                                                     uint32_t timeout_ms);

/**
 * Asks for what is known of any number of pids, in as many requests as the limits want.
 *
 * \param ctx    the client of an apps-lookup endpoint, which is ready
 * \param pids   what is looked up. The process; 0 is a legal key.
 * \param count  how many; 0 asks for the generation of the data only
 * \param out    a view of the answer, one item for each pid and in their order, which lives in the
 *               client until the next call or close; zeroed on failure. nipc_apps_lookup_resp_item
 *               reads its items.
 * \return NIPC_OK, or why there is no answer
 */
nipc_error_t nipc_client_call_apps_lookup(nipc_client_ctx_t *ctx,
                                          const uint32_t *pids,
                                          uint32_t count,
                                          nipc_apps_lookup_resp_view_t *out);

/**
 * As nipc_client_call_apps_lookup, within timeout_ms milliseconds; 0 is the client's own timeout.
 */
nipc_error_t nipc_client_call_apps_lookup_timeout(nipc_client_ctx_t *ctx,
                                                  const uint32_t *pids,
                                                  uint32_t count,
                                                  nipc_apps_lookup_resp_view_t *out,
                                                  uint32_t timeout_ms);

/**
 * Asks an increment endpoint for request + 1. For tests and measurements.
 *
 * \param out  the answer; 0 on failure
 */
nipc_error_t nipc_client_call_increment(nipc_client_ctx_t *ctx, uint64_t request, uint64_t *out);

/** As nipc_client_call_increment, within timeout_ms milliseconds; 0 is the client's own timeout. */
nipc_error_t nipc_client_call_increment_timeout(nipc_client_ctx_t *ctx,
                                                uint64_t request,
                                                uint64_t *out,
                                                uint32_t timeout_ms);

/**
 * Asks an increment endpoint many requests in one message.
 *
 * \param requests  the requests
 * \param count     how many; 0 needs no input or output
 * \param out       room for count answers, which come in the order of the requests; zeroed on
 *                  failure. May be where the requests are
 * \return NIPC_OK, or why there is no answer; one request that fails fails all
 */
nipc_error_t nipc_client_call_increment_batch(nipc_client_ctx_t *ctx,
                                              const uint64_t *requests,
                                              uint32_t count,
                                              uint64_t *out);

/**
 * Asks an increment endpoint many requests, with up to window of them under way at once. Over shared
 * memory, where one message is under way at a time, they go one by one.
 *
 * \param requests  the requests
 * \param count     how many; 0 needs no input or output
 * \param window    how many may be under way; 0 is 1
 * \param out       room for count answers, which come in the order of the requests; those that did
 *                  not come are 0 on failure. May be where the requests are
 */
nipc_error_t nipc_client_call_increment_pipelined(nipc_client_ctx_t *ctx,
                                                  const uint64_t *requests,
                                                  uint32_t count,
                                                  uint32_t window,
                                                  uint64_t *out);

/**
 * Asks a string-reverse endpoint for the bytes of str backwards. For tests and measurements.
 *
 * \param out  a view of the answer, which lives in the client until the next call or close; zeroed
 *             on failure
 */
nipc_error_t nipc_client_call_string_reverse(nipc_client_ctx_t *ctx,
                                             const char *str,
                                             uint32_t str_len,
                                             nipc_string_reverse_view_t *out);

/**
 * As nipc_client_call_string_reverse, within timeout_ms milliseconds; 0 is the client's own timeout.
 */
nipc_error_t nipc_client_call_string_reverse_timeout(nipc_client_ctx_t *ctx,
                                                     const char *str,
                                                     uint32_t str_len,
                                                     nipc_string_reverse_view_t *out,
                                                     uint32_t timeout_ms);

/* ---- Cache --------------------------------------------------------------------------------- */

/**
 * A client of a cgroups-snapshot endpoint and the last good answer. It lives where the caller wants,
 * zeroed or not before nipc_cgroups_cache_init, and must not be copied or moved afterwards. Any
 * thread may read it, abort it, or refresh it; refreshes wait for one another, and nothing else
 * waits for them.
 */
typedef struct nipc_cgroups_cache_t {
    /**
     * Items of the last good answer, duplicates included; to read, by the thread that refreshes.
     * nipc_cgroups_cache_status tells it to other threads.
     */
    uint32_t item_count;
    /** Private. */
    nipc_storage_t storage;
    /** Private: the counters of a cache that was closed. */
    uint64_t published[3];
} nipc_cgroups_cache_t;

/** What a cache holds, and how its refreshes went. */
typedef struct nipc_cgroups_cache_status_t {
    /** Whether some refresh succeeded. A snapshot without items populates a cache, too. */
    bool populated;
    /** Items, duplicates included. */
    uint32_t item_count;
    /** Whether systemd runs the host, as the provider says. */
    uint32_t systemd_enabled;
    /** The generation of the data. */
    uint64_t generation;
    /** Refreshes that succeeded. */
    uint32_t refresh_success_count;
    /** Refreshes that failed. */
    uint32_t refresh_failure_count;
    /** Where the client stood after the last refresh. */
    nipc_client_state_t connection_state;
    /** When a refresh succeeded last, in milliseconds of the monotonic clock; 0 is never. */
    uint64_t last_refresh_ts;
    /** How long ago that was, in milliseconds; 0 where it never happened. */
    uint64_t age_ms;
    /** Bytes that the cache holds. */
    uint64_t bytes;
    /** Items that another one before them hides. */
    uint32_t duplicates;
} nipc_cgroups_cache_status_t;

/**
 * Makes a cache of the service at run_dir/service.sock. Connects to nothing.
 *
 * Nothing is kept of the arguments. A cache that was used before must have been closed.
 *
 * \param cache    where the cache will be; need not be initialised
 * \param run_dir  the directory of the endpoints
 * \param service  the name of the service
 * \param config   how to connect and call; NULL is a zeroed one
 */
void nipc_cgroups_cache_init(nipc_cgroups_cache_t *cache,
                             const char *run_dir,
                             const char *service,
                             const nipc_client_config_t *config);

/**
 * Connects where needed, asks once, and publishes the answer in one step. Call it at your own pace;
 * all input and output happens here. A failure of any kind keeps what is there.
 *
 * \return whether there is a new answer; nipc_cgroups_cache_last_error says why not
 */
bool nipc_cgroups_cache_refresh(nipc_cgroups_cache_t *cache);

/** Whether some refresh succeeded. No input or output, no lock. */
bool nipc_cgroups_cache_ready(const nipc_cgroups_cache_t *cache);

/**
 * Tells what the cache holds, and how its refreshes went. Waits for nothing. Counters stay when the
 * cache is closed, until it is initialised again.
 */
void nipc_cgroups_cache_status(nipc_cgroups_cache_t *cache, nipc_cgroups_cache_status_t *out);

/**
 * Why the last refresh that failed did, with the endpoint and the cause. It stays after a success.
 * Copies as much as fits, with a NUL, like snprintf.
 *
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_cgroups_cache_last_error(nipc_cgroups_cache_t *cache, char *buf, size_t buf_len);

/**
 * Tells what carries the cache's session, who is at its other end, and what was agreed.
 *
 * \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
 *         the cache is being refreshed
 */
nipc_error_t nipc_cgroups_cache_transport(nipc_cgroups_cache_t *cache, nipc_transport_info_t *out);

/** Sets how long a whole refresh may take, in milliseconds, from the next one on; 0 is 30000. */
void nipc_cgroups_cache_set_call_timeout(nipc_cgroups_cache_t *cache, uint32_t timeout_ms);

/** Aborts a refresh, and all that follow until nipc_cgroups_cache_clear_abort. For any thread. */
void nipc_cgroups_cache_abort(nipc_cgroups_cache_t *cache);

/** Lets the cache be refreshed again. For any thread. */
void nipc_cgroups_cache_clear_abort(nipc_cgroups_cache_t *cache);

/**
 * Frees everything but what guards still pin. Refreshes in other threads are aborted and waited
 * for; nobody may be locking a guard or looking up meanwhile. Closing twice, or a zeroed cache, does
 * nothing.
 */
void nipc_cgroups_cache_close(nipc_cgroups_cache_t *cache);

/** An item of a cache, which lives as long as the guard that it was found with. */
typedef struct nipc_cgroups_cache_item_view_t {
    /** The producer's hash of the name. */
    uint32_t hash;
    /** The producer's option bits. */
    uint32_t options;
    /** Whether it is to be monitored; any value. */
    uint32_t enabled;
    /** Its name, with a NUL behind it. */
    const char *name;
    /** Its path, with a NUL behind it. */
    const char *path;
} nipc_cgroups_cache_item_view_t;

/**
 * Pins what a cache holds at one moment. Items live as long as it does, whatever becomes of the
 * cache. Any number may exist; neither does a refresh wait for them nor they for it. It must not be
 * copied or moved while it is locked. Any thread may use it, one at a time.
 */
typedef struct nipc_cgroups_cache_read_guard_t {
    /** Private. */
    uint64_t locked;
    /** Private. */
    uint64_t pinned[4];
} nipc_cgroups_cache_read_guard_t;

/** An item of a cache that outlives it. Free it with nipc_cgroups_cache_item_free. */
typedef struct nipc_cgroups_cache_item_t {
    /** The producer's hash of the name. */
    uint32_t hash;
    /** The producer's option bits. */
    uint32_t options;
    /** Whether it is to be monitored; any value. */
    uint32_t enabled;
    /** Its name. */
    char *name;
    /** Its path. */
    char *path;
} nipc_cgroups_cache_item_t;

/**
 * Pins what the cache holds. No input or output, and no lock that a refresh holds.
 *
 * \param cache  the cache; any thread may read it
 * \param guard  where the guard will be; need not be initialised, and must not be locked: what it
 *               pins would never be let go
 * \return whether there is something: false until a refresh has succeeded, with nothing to unlock
 */
bool nipc_cgroups_cache_read_lock(nipc_cgroups_cache_t *cache,
                                  nipc_cgroups_cache_read_guard_t *guard);

/** Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing. */
void nipc_cgroups_cache_read_unlock(nipc_cgroups_cache_read_guard_t *guard);

/**
 * Finds the first item with this hash and name. Memory only.
 *
 * \param name  the name, which ends with NUL
 * \return the item, which lives as long as the guard; NULL where there is none
 */
const nipc_cgroups_cache_item_view_t *nipc_cgroups_cache_get(const nipc_cgroups_cache_read_guard_t *guard,
                                                             uint32_t hash,
                                                             const char *name);

/** Number of items, duplicates included; 0 for a guard that is not locked. */
uint32_t nipc_cgroups_cache_item_count(const nipc_cgroups_cache_read_guard_t *guard);

/**
 * Item index, in the order in which the provider sent them.
 *
 * \return the item, which lives as long as the guard; NULL beyond the last
 */
const nipc_cgroups_cache_item_view_t *nipc_cgroups_cache_item_at(const nipc_cgroups_cache_read_guard_t *guard,
                                                                 uint32_t index);

/**
 * Copies an item, so that it outlives the guard.
 *
 * \return the copy, to be freed with nipc_cgroups_cache_item_free; NULL where there is no item
 */
nipc_cgroups_cache_item_t *nipc_cgroups_cache_item_dup(const nipc_cgroups_cache_read_guard_t *guard,
                                                       const nipc_cgroups_cache_item_view_t *item);

/**
 * Copies the first item with this hash and name, in one step: for those who look up rarely.
 *
 * \return the copy, to be freed with nipc_cgroups_cache_item_free; NULL where there is no item
 */
nipc_cgroups_cache_item_t *nipc_cgroups_cache_lookup(nipc_cgroups_cache_t *cache,
                                                     uint32_t hash,
                                                     const char *name);

/** Frees a copy. NULL does nothing. */
void nipc_cgroups_cache_item_free(nipc_cgroups_cache_item_t *item);

/* ---- Servers ------------------------------------------------------------------------------- */

/** The handler of a server of cgroups-snapshot. */
typedef struct nipc_cgroups_service_handler_t {
    /**
     * What answers requests. Where it is NULL, every request fails: clients get
     * NIPC_ERR_HANDLER_FAILED.
     */
    nipc_cgroups_handler_fn handle;
    /**
     * About how many items a snapshot has. A hint: nothing is reserved for them, and nothing is left
     * out beyond them.
     */
    uint32_t snapshot_max_items;
    /**
     * What the function gets as its first argument. It must live until the server is destroyed, or
     * nipc_server_run has returned, if that is later.
     */
    void *user;
} nipc_cgroups_service_handler_t;

/** The handler of a server of cgroups-lookup. */
typedef struct nipc_cgroups_lookup_service_handler_t {
    /** As in nipc_cgroups_service_handler_t. */
    nipc_cgroups_lookup_handler_fn handle;
    /** As in nipc_cgroups_service_handler_t. */
    void *user;
} nipc_cgroups_lookup_service_handler_t;

/** The handler of a server of apps-lookup. */
typedef struct nipc_apps_lookup_service_handler_t {
    /** As in nipc_cgroups_service_handler_t. */
    nipc_apps_lookup_handler_fn handle;
    /** As in nipc_cgroups_service_handler_t. */
    void *user;
} nipc_apps_lookup_service_handler_t;

/** The handler of a server of increment. */
typedef struct nipc_increment_service_handler_t {
    /** As in nipc_cgroups_service_handler_t. */
    nipc_increment_handler_fn handle;
    /** As in nipc_cgroups_service_handler_t. */
    void *user;
} nipc_increment_service_handler_t;

/** The handler of a server of string-reverse. */
typedef struct nipc_string_reverse_service_handler_t {
    /** As in nipc_cgroups_service_handler_t. */
    nipc_string_reverse_handler_fn handle;
    /** As in nipc_cgroups_service_handler_t. */
    void *user;
} nipc_string_reverse_service_handler_t;

/**
 * How long something took, as counts.
 *
 * The counts of durations that were at most so long include each other: le_5ms has all of le_1ms. They
 * are exact; the quantiles are the ends of buckets, of which there are six in each power of ten.
 */
typedef struct nipc_histogram_t {
    /** Durations. */
    uint64_t count;
    /** All together, in nanoseconds. */
    uint64_t total_ns;
    /** Durations of at most 1 ms. */
    uint64_t le_1ms;
    /** Durations of at most 5 ms. */
    uint64_t le_5ms;
    /** Durations of at most 10 ms. */
    uint64_t le_10ms;
    /** Durations of at most 50 ms. */
    uint64_t le_50ms;
    /** Durations of at most 100 ms. */
    uint64_t le_100ms;
    /** Durations of at most 500 ms. */
    uint64_t le_500ms;
    /** Durations of at most 1 s. */
    uint64_t le_1000ms;
    /**
     * Half of the durations are at most so many nanoseconds; 0 while there are none, UINT64_MAX for
     * more than 10 s.
     */
    uint64_t p50_ns;
    /** As p50_ns, for 90 % of the durations. */
    uint64_t p90_ns;
    /** As p50_ns, for 99 % of the durations. */
    uint64_t p99_ns;
} nipc_histogram_t;

/** What a server has done since it was initialised. */
typedef struct nipc_server_stats_t {
    /** Sessions there are. */
    uint64_t sessions_now;
    /** Sessions there have been. */
    uint64_t sessions_total;
    /** Of those, over the socket. */
    uint64_t sessions_socket;
    /** Of those, over shared memory. */
    uint64_t sessions_shm;
    /** Clients that were turned down. */
    uint64_t refused;
    /** Requests that were answered. */
    uint64_t ok;
    /** Requests of another method, and those that a handler said so of. */
    uint64_t unsupported;
    /** Requests that could not be decoded, and those that a handler rejected. */
    uint64_t bad_envelope;
    /** Requests or answers above the limits. */
    uint64_t limit_exceeded;
    /** Requests whose handler failed. */
    uint64_t internal_error;
    /** Bytes of requests, headers included. */
    uint64_t bytes_received;
    /** Bytes of answers, headers included. */
    uint64_t bytes_sent;
    /**
     * From the whole request to the answer on its way: decoding, handler, encoding, handing it over.
     */
    nipc_histogram_t handler_time;
    /** The same, and the time that the client took to make room for the answer. */
    nipc_histogram_t total_time;
} nipc_server_stats_t;

/**
 * A server of one service. It lives where the caller wants, zeroed or not before it is initialised,
 * and must not be copied or moved afterwards.
 *
 * Every thread may use it at any time, except that it must not be initialised while others use it.
 * None of its functions is for signal handlers.
 */
typedef struct nipc_managed_server_t {
    /** Private. */
    nipc_storage_t storage;
    /** Private: why there is no server here. */
    uint8_t failure[496];
} nipc_managed_server_t;

/**
 * Makes a server of cgroups-snapshot at run_dir/service.sock. Clients can connect from here on, and
 * are served once nipc_server_run runs.
 *
 * Nothing is kept of the arguments but the handler's function and user, which are read here: what is
 * written to the handler later does not count. A server that was here before must have been
 * destroyed. After an error there is no server here and nothing to free; nipc_server_last_error
 * tells more.
 *
 * \param server   where the server will be; need not be initialised
 * \param run_dir  the directory of the endpoints; it must exist
 * \param service  the name of the service
 * \param config   how to accept and answer; NULL is a zeroed one
 * \param workers  the most sessions at once, each with a thread of its own; less than 1 is 1
 * \param handler  what answers the requests; where it or its function is NULL, every request fails
 * \return NIPC_OK; NIPC_ERR_INVALID_ARGUMENT for run_dir or service NULL or a name that is not
 *         valid; NIPC_ERR_ADDRESS_IN_USE where another server has the endpoint; NIPC_ERR_IO where
 *         the system failed
 */
nipc_error_t nipc_server_init_typed(nipc_managed_server_t *server,
                                    const char *run_dir,
                                    const char *service,
                                    const nipc_server_config_t *config,
                                    int workers,
                                    const nipc_cgroups_service_handler_t *handler);

/** Makes a server of cgroups-lookup; the rest is as for nipc_server_init_typed. */
nipc_error_t nipc_server_init_cgroups_lookup(nipc_managed_server_t *server,
                                             const char *run_dir,
                                             const char *service,
                                             const nipc_server_config_t *config,
                                             int workers,
                                             const nipc_cgroups_lookup_service_handler_t *handler);

/** Makes a server of apps-lookup; the rest is as for nipc_server_init_typed. */
nipc_error_t nipc_server_init_apps_lookup(nipc_managed_server_t *server,
                                          const char *run_dir,
                                          const char *service,
                                          const nipc_server_config_t *config,
                                          int workers,
                                          const nipc_apps_lookup_service_handler_t *handler);

/** Makes a server of increment; the rest is as for nipc_server_init_typed. */
nipc_error_t nipc_server_init_increment(nipc_managed_server_t *server,
                                        const char *run_dir,
                                        const char *service,
                                        const nipc_server_config_t *config,
                                        int workers,
                                        const nipc_increment_service_handler_t *handler);

/** Makes a server of string-reverse; the rest is as for nipc_server_init_typed. */
nipc_error_t nipc_server_init_string_reverse(nipc_managed_server_t *server,
                                             const char *run_dir,
                                             const char *service,
                                             const nipc_server_config_t *config,
                                             int workers,
                                             const nipc_string_reverse_service_handler_t *handler);

/**
 * Serves until the server is stopped, drained or destroyed, and returns when its last session has
 * ended. Sessions have threads of their own, in which handlers are called: with 8 MiB of stack, and
 * with the signal mask of the thread that runs the server. So block, before this, the signals that
 * other threads are to handle.
 *
 * Returns at once where the server was stopped before, where there is none, and where another
 * thread runs it already; nipc_server_last_error tells of the latter. Returns, too, where its
 * endpoint was taken away: its socket was removed or replaced, and cannot be bound again;
 * nipc_server_last_error says why and by whom, and the server does not run again. nipc_server_serve
 * does the same and returns an error then.
 */
void nipc_server_run(nipc_managed_server_t *server);

/**
 * Serves as nipc_server_run does, and returns how that ended. nipc_server_last_error has the words.
 *
 * \code
 * if (nipc_server_serve(&server) != NIPC_OK) {
 *     nipc_server_last_error(&server, why, sizeof(why));
 *     fprintf(stderr, "%s\n", why);
 * }
 * \endcode
 *
 * \return NIPC_OK where the server was stopped, drained or destroyed; NIPC_ERR_NOT_READY where there is
 *         none; NIPC_ERR_BUSY where another thread runs it; otherwise why its endpoint, which
 *         was taken away, cannot be bound again: NIPC_ERR_ADDRESS_IN_USE where another server has it
 */
nipc_error_t nipc_server_serve(nipc_managed_server_t *server);

/**
 * Ends everything, from any thread and from handlers too, and does not wait: no new client and no new
 * request is taken. What a handler is working on is not interrupted, and its answer may be lost;
 * nipc_server_drain lets answers leave first. A server that does not run yet never will.
 */
void nipc_server_stop(nipc_managed_server_t *server);

/**
 * Takes no new client and no new request, lets what is being answered finish, and stops. From any
 * thread; a handler of the server would wait for itself, in vain.
 *
 * \param timeout_ms  milliseconds that answers may take; 0 does not wait
 * \return whether all finished in time; false where there is no server
 */
bool nipc_server_drain(nipc_managed_server_t *server, uint32_t timeout_ms);

/**
 * Stops the server, waits until nipc_server_run and every other function that uses it have
 * returned, and frees it. Its endpoint is free and no handler is called any more afterwards, so that
 * its user may be freed, too. Does nothing where there is no server: zeroed, destroyed, or failed to
 * be initialised.
 *
 * A handler of the server may destroy it, too, which then does not wait: the server is freed, and
 * handlers are over, when nipc_server_run returns; its memory must stay that long, and must not be
 * initialised anew before. But a handler must not wait for another thread
 * that destroys its server: that thread waits for the handler, so that neither would ever end.
 */
void nipc_server_destroy(nipc_managed_server_t *server);

/**
 * Tells in words why the server could not be initialised or run, until it is destroyed or
 * initialised again. Works as snprintf does.
 *
 * \param buf      where to; ends in NUL unless buf_len is 0
 * \param buf_len  bytes of room
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t nipc_server_last_error(nipc_managed_server_t *server, char *buf, size_t buf_len);

/** Tells what the server has done so far, at any time; all zeros where there is none. */
void nipc_server_stats(nipc_managed_server_t *server, nipc_server_stats_t *out);

/** What a provider says of the data that it serves. */
typedef struct nipc_data_status_t {
    /** Milliseconds since it was true; negative where that means nothing, as it is at first. */
    int64_t age_ms;
    /**
     * What of it is older than it should be, or missing: a sentence a line, with a NUL behind the last.
     * Empty at first.
     */
    char stale[1024];
} nipc_data_status_t;

/**
 * Tells of the data, whenever somebody reads the statistics: in threads of the server, several at a
 * time. It must return: not by an exception, longjmp, or the end of the thread.
 */
typedef void (*nipc_data_status_fn)(void *user, nipc_data_status_t *status);

/**
 * Lets others on this host read the server's statistics while it runs, with "netipc status SERVICE" or
 * at run_dir/service.stats.sock: whoever may connect to the server gets one JSON object a connection.
 * Sessions and handlers do not notice. Where that endpoint cannot be had, as while a server that ends
 * still has it, the server runs without, tells nipc_log_set why, and tries again until it has it.
 *
 * Call it after the server was initialised and before it runs.
 *
 * \param data  tells of the data that is served; NULL: nothing is told of it
 * \param user  what it gets as its first argument. It must live until the server is destroyed, or
 *              nipc_server_run has returned, if that is later
 * \return NIPC_OK; NIPC_ERR_BUSY where the server runs, or publishes them already; NIPC_ERR_NOT_READY
 *         where there is none
 */
nipc_error_t nipc_server_publish_stats(nipc_managed_server_t *server,
                                       nipc_data_status_fn data,
                                       void *user);

/**
 * Takes the sockets that systemd, or whoever else set LISTEN_FDS and LISTEN_PID, has passed to this process.
 * From now on a server or listener whose endpoint is one of them takes that one, and leaves its name in
 * the file system when it ends: it is the service manager's. One whose endpoint is none of them binds as
 * usual. They stay open as long as the process lives.
 *
 * Call it once, early in main: descriptors from 3 on are taken for what was passed, and the environment is
 * read. There are none on Windows.
 *
 * \return whether there are any
 */
bool nipc_use_inherited_sockets(void);

/* ---- Log ----------------------------------------------------------------------------------- */

/** How much an event matters. */
typedef enum nipc_log_level_t {
    /** A defect of the library: what must not happen at all. */
    NIPC_LOG_ERROR = 1,
    /**
     * Something is wrong, such as a handler that fails, and the library goes on. What repeats is
     * told once in a hundred times.
     */
    NIPC_LOG_WARN = 2,
    /** What happens once: a server listens, its first client comes. */
    NIPC_LOG_INFO = 3,
    /** What happens to each session and each failed call. */
    NIPC_LOG_DEBUG = 4,
} nipc_log_level_t;

/**
 * Takes one event: a line without an end, made of a message and of field=value pairs. It is called
 * in whichever thread has something to say, in several at once, and must neither throw nor wait for
 * the library. The line is valid until it returns.
 */
typedef void (*nipc_log_fn)(void *user, nipc_log_level_t level, const char *message);

/**
 * Hands the events of the library to a function, from now on until the process ends. Without one
 * nobody hears of them.
 *
 * \param log   what takes them
 * \param user  what it gets as its first argument; must live as long as the process
 * \param most  the least important level to hand on
 * \return NIPC_OK; NIPC_ERR_BUSY where there is such a function already;
 *         NIPC_ERR_INVALID_ARGUMENT for NULL and for a number that is no level
 */
nipc_error_t nipc_log_set(nipc_log_fn log, void *user, nipc_log_level_t most);

#ifdef __cplusplus
}
#endif

/* ---- What compilers are held to ------------------------------------------------------------ */

NIPC_STATIC_ASSERT(NIPC_LOG_ERROR == 1, "NIPC_LOG_ERROR");
NIPC_STATIC_ASSERT(NIPC_LOG_WARN == 2, "NIPC_LOG_WARN");
NIPC_STATIC_ASSERT(NIPC_LOG_INFO == 3, "NIPC_LOG_INFO");
NIPC_STATIC_ASSERT(NIPC_LOG_DEBUG == 4, "NIPC_LOG_DEBUG");
NIPC_STATIC_ASSERT(NIPC_CLIENT_DISCONNECTED == 0, "NIPC_CLIENT_DISCONNECTED");
NIPC_STATIC_ASSERT(NIPC_CLIENT_CONNECTING == 1, "NIPC_CLIENT_CONNECTING");
NIPC_STATIC_ASSERT(NIPC_CLIENT_READY == 2, "NIPC_CLIENT_READY");
NIPC_STATIC_ASSERT(NIPC_CLIENT_NOT_FOUND == 3, "NIPC_CLIENT_NOT_FOUND");
NIPC_STATIC_ASSERT(NIPC_CLIENT_AUTH_FAILED == 4, "NIPC_CLIENT_AUTH_FAILED");
NIPC_STATIC_ASSERT(NIPC_CLIENT_INCOMPATIBLE == 5, "NIPC_CLIENT_INCOMPATIBLE");
NIPC_STATIC_ASSERT(NIPC_CLIENT_BROKEN == 6, "NIPC_CLIENT_BROKEN");
NIPC_STATIC_ASSERT(NIPC_TRANSPORT_NONE == 0, "NIPC_TRANSPORT_NONE");
NIPC_STATIC_ASSERT(NIPC_TRANSPORT_SOCKET == 1, "NIPC_TRANSPORT_SOCKET");
NIPC_STATIC_ASSERT(NIPC_TRANSPORT_SHM == 2, "NIPC_TRANSPORT_SHM");

#if UINTPTR_MAX > 0xffffffffu
NIPC_STATIC_ASSERT(sizeof(nipc_client_state_t) == 4, "nipc_client_state_t");
NIPC_STATIC_ASSERT(sizeof(nipc_native_t) == 8, "nipc_native_t");
NIPC_STATIC_ASSERT(sizeof(nipc_transport_t) == 4, "nipc_transport_t");
NIPC_STATIC_ASSERT(sizeof(nipc_log_level_t) == 4, "nipc_log_level_t");
NIPC_STATIC_ASSERT(sizeof(nipc_client_config_t) == 48, "nipc_client_config_t");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, supported_profiles) == 0, "nipc_client_config_t.supported_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, preferred_profiles) == 4, "nipc_client_config_t.preferred_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_request_payload_bytes) == 8, "nipc_client_config_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_request_batch_items) == 12, "nipc_client_config_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_response_payload_bytes) == 16, "nipc_client_config_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, auth_token) == 24, "nipc_client_config_t.auth_token");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, call_timeout_ms) == 32, "nipc_client_config_t.call_timeout_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_logical_lookup_items) == 36, "nipc_client_config_t.max_logical_lookup_items");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_logical_lookup_subcalls) == 40, "nipc_client_config_t.max_logical_lookup_subcalls");
NIPC_STATIC_ASSERT(offsetof(nipc_client_config_t, max_logical_lookup_response_bytes) == 44, "nipc_client_config_t.max_logical_lookup_response_bytes");
NIPC_STATIC_ASSERT(sizeof(nipc_server_config_t) == 32, "nipc_server_config_t");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, supported_profiles) == 0, "nipc_server_config_t.supported_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, preferred_profiles) == 4, "nipc_server_config_t.preferred_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, max_request_payload_bytes) == 8, "nipc_server_config_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, max_request_batch_items) == 12, "nipc_server_config_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, max_response_payload_bytes) == 16, "nipc_server_config_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_server_config_t, auth_token) == 24, "nipc_server_config_t.auth_token");
NIPC_STATIC_ASSERT(sizeof(nipc_client_session_t) == 40, "nipc_client_session_t");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, selected_profile) == 0, "nipc_client_session_t.selected_profile");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, session_id) == 8, "nipc_client_session_t.session_id");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, max_request_payload_bytes) == 16, "nipc_client_session_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, max_request_batch_items) == 20, "nipc_client_session_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, max_response_payload_bytes) == 24, "nipc_client_session_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, max_response_batch_items) == 28, "nipc_client_session_t.max_response_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_client_session_t, native) == 32, "nipc_client_session_t.native");
NIPC_STATIC_ASSERT(sizeof(nipc_storage_t) == 16, "nipc_storage_t");
NIPC_STATIC_ASSERT(sizeof(nipc_client_origin_t) == 576, "nipc_client_origin_t");
NIPC_STATIC_ASSERT(sizeof(nipc_client_ctx_t) == 728, "nipc_client_ctx_t");
NIPC_STATIC_ASSERT(offsetof(nipc_client_ctx_t, state) == 0, "nipc_client_ctx_t.state");
NIPC_STATIC_ASSERT(offsetof(nipc_client_ctx_t, session_valid) == 4, "nipc_client_ctx_t.session_valid");
NIPC_STATIC_ASSERT(offsetof(nipc_client_ctx_t, session) == 8, "nipc_client_ctx_t.session");
NIPC_STATIC_ASSERT(offsetof(nipc_client_ctx_t, shm) == 48, "nipc_client_ctx_t.shm");
NIPC_STATIC_ASSERT(sizeof(nipc_client_status_t) == 48, "nipc_client_status_t");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, state) == 0, "nipc_client_status_t.state");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, connect_count) == 4, "nipc_client_status_t.connect_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, reconnect_count) == 8, "nipc_client_status_t.reconnect_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, call_count) == 12, "nipc_client_status_t.call_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, error_count) == 16, "nipc_client_status_t.error_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, retry_count) == 20, "nipc_client_status_t.retry_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, timeout_count) == 24, "nipc_client_status_t.timeout_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, abort_count) == 28, "nipc_client_status_t.abort_count");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, bytes_sent) == 32, "nipc_client_status_t.bytes_sent");
NIPC_STATIC_ASSERT(offsetof(nipc_client_status_t, bytes_received) == 40, "nipc_client_status_t.bytes_received");
NIPC_STATIC_ASSERT(sizeof(nipc_transport_info_t) == 40, "nipc_transport_info_t");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, transport) == 0, "nipc_transport_info_t.transport");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, profile) == 4, "nipc_transport_info_t.profile");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, session_id) == 8, "nipc_transport_info_t.session_id");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, max_request_payload_bytes) == 16, "nipc_transport_info_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, max_request_batch_items) == 20, "nipc_transport_info_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, max_response_payload_bytes) == 24, "nipc_transport_info_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, max_response_batch_items) == 28, "nipc_transport_info_t.max_response_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, peer_pid) == 32, "nipc_transport_info_t.peer_pid");
NIPC_STATIC_ASSERT(offsetof(nipc_transport_info_t, peer_uid) == 36, "nipc_transport_info_t.peer_uid");
NIPC_STATIC_ASSERT(sizeof(nipc_managed_server_t) == 512, "nipc_managed_server_t");
NIPC_STATIC_ASSERT(sizeof(nipc_histogram_t) == 96, "nipc_histogram_t");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, count) == 0, "nipc_histogram_t.count");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, total_ns) == 8, "nipc_histogram_t.total_ns");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_1ms) == 16, "nipc_histogram_t.le_1ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_5ms) == 24, "nipc_histogram_t.le_5ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_10ms) == 32, "nipc_histogram_t.le_10ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_50ms) == 40, "nipc_histogram_t.le_50ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_100ms) == 48, "nipc_histogram_t.le_100ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_500ms) == 56, "nipc_histogram_t.le_500ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, le_1000ms) == 64, "nipc_histogram_t.le_1000ms");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, p50_ns) == 72, "nipc_histogram_t.p50_ns");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, p90_ns) == 80, "nipc_histogram_t.p90_ns");
NIPC_STATIC_ASSERT(offsetof(nipc_histogram_t, p99_ns) == 88, "nipc_histogram_t.p99_ns");
NIPC_STATIC_ASSERT(sizeof(nipc_data_status_t) == 1032, "nipc_data_status_t");
NIPC_STATIC_ASSERT(offsetof(nipc_data_status_t, age_ms) == 0, "nipc_data_status_t.age_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_data_status_t, stale) == 8, "nipc_data_status_t.stale");
NIPC_STATIC_ASSERT(sizeof(nipc_server_stats_t) == 288, "nipc_server_stats_t");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, sessions_now) == 0, "nipc_server_stats_t.sessions_now");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, sessions_total) == 8, "nipc_server_stats_t.sessions_total");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, sessions_socket) == 16, "nipc_server_stats_t.sessions_socket");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, sessions_shm) == 24, "nipc_server_stats_t.sessions_shm");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, refused) == 32, "nipc_server_stats_t.refused");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, ok) == 40, "nipc_server_stats_t.ok");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, unsupported) == 48, "nipc_server_stats_t.unsupported");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, bad_envelope) == 56, "nipc_server_stats_t.bad_envelope");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, limit_exceeded) == 64, "nipc_server_stats_t.limit_exceeded");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, internal_error) == 72, "nipc_server_stats_t.internal_error");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, bytes_received) == 80, "nipc_server_stats_t.bytes_received");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, bytes_sent) == 88, "nipc_server_stats_t.bytes_sent");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, handler_time) == 96, "nipc_server_stats_t.handler_time");
NIPC_STATIC_ASSERT(offsetof(nipc_server_stats_t, total_time) == 192, "nipc_server_stats_t.total_time");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_cache_t) == 48, "nipc_cgroups_cache_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_t, item_count) == 0, "nipc_cgroups_cache_t.item_count");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_cache_read_guard_t) == 40, "nipc_cgroups_cache_read_guard_t");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_cache_item_view_t) == 32, "nipc_cgroups_cache_item_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_view_t, hash) == 0, "nipc_cgroups_cache_item_view_t.hash");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_view_t, options) == 4, "nipc_cgroups_cache_item_view_t.options");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_view_t, enabled) == 8, "nipc_cgroups_cache_item_view_t.enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_view_t, name) == 16, "nipc_cgroups_cache_item_view_t.name");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_view_t, path) == 24, "nipc_cgroups_cache_item_view_t.path");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_cache_item_t) == 32, "nipc_cgroups_cache_item_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_t, hash) == 0, "nipc_cgroups_cache_item_t.hash");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_t, options) == 4, "nipc_cgroups_cache_item_t.options");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_t, enabled) == 8, "nipc_cgroups_cache_item_t.enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_t, name) == 16, "nipc_cgroups_cache_item_t.name");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_item_t, path) == 24, "nipc_cgroups_cache_item_t.path");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_cache_status_t) == 72, "nipc_cgroups_cache_status_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, populated) == 0, "nipc_cgroups_cache_status_t.populated");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, item_count) == 4, "nipc_cgroups_cache_status_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, systemd_enabled) == 8, "nipc_cgroups_cache_status_t.systemd_enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, generation) == 16, "nipc_cgroups_cache_status_t.generation");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, refresh_success_count) == 24, "nipc_cgroups_cache_status_t.refresh_success_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, refresh_failure_count) == 28, "nipc_cgroups_cache_status_t.refresh_failure_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, connection_state) == 32, "nipc_cgroups_cache_status_t.connection_state");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, last_refresh_ts) == 40, "nipc_cgroups_cache_status_t.last_refresh_ts");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, age_ms) == 48, "nipc_cgroups_cache_status_t.age_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, bytes) == 56, "nipc_cgroups_cache_status_t.bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_cache_status_t, duplicates) == 64, "nipc_cgroups_cache_status_t.duplicates");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_service_handler_t) == 24, "nipc_cgroups_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_service_handler_t, handle) == 0, "nipc_cgroups_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_service_handler_t, snapshot_max_items) == 8, "nipc_cgroups_service_handler_t.snapshot_max_items");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_service_handler_t, user) == 16, "nipc_cgroups_service_handler_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_service_handler_t) == 16, "nipc_cgroups_lookup_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_service_handler_t, handle) == 0, "nipc_cgroups_lookup_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_service_handler_t, user) == 8, "nipc_cgroups_lookup_service_handler_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_service_handler_t) == 16, "nipc_apps_lookup_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_service_handler_t, handle) == 0, "nipc_apps_lookup_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_service_handler_t, user) == 8, "nipc_apps_lookup_service_handler_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_increment_service_handler_t) == 16, "nipc_increment_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_increment_service_handler_t, handle) == 0, "nipc_increment_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_increment_service_handler_t, user) == 8, "nipc_increment_service_handler_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_string_reverse_service_handler_t) == 16, "nipc_string_reverse_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_service_handler_t, handle) == 0, "nipc_string_reverse_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_service_handler_t, user) == 8, "nipc_string_reverse_service_handler_t.user");
#endif

#endif /* NETIPC_SERVICE_H */
