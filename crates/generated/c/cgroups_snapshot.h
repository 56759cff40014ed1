/**
 * \file cgroups_snapshot.h
 * cgroups-snapshot: All cgroups of the host, at once.
 *
 *   item
 *     0       2  4     8        12       16         24         32
 *     layout  0  hash  options  enabled  name span  path span  name NUL path NUL
 *
 * Compile cgroups_snapshot.c into your program, and link it with libnetipc.
 * Made from cgroups-snapshot.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef CGROUPS_SNAPSHOT_H
#define CGROUPS_SNAPSHOT_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define CGROUPS_SNAPSHOT_METHOD UINT16_C(0x0002)
/** Usual name of the endpoint. */
#define CGROUPS_SNAPSHOT_SERVICE "cgroups-snapshot"

/** What the provider found out about a cgroup. Other bits are kept. */
typedef uint32_t cgroups_snapshot_cgroup_options_t;

/** Another cgroup has the same name; this one is disabled. */
#define CGROUPS_SNAPSHOT_CGROUP_OPTIONS_DISABLED_DUPLICATE (UINT32_C(1) << 0)
/** A service slice of systemd. */
#define CGROUPS_SNAPSHOT_CGROUP_OPTIONS_SYSTEMD_SERVICE (UINT32_C(1) << 1)
/** It lies in the unified hierarchy. */
#define CGROUPS_SNAPSHOT_CGROUP_OPTIONS_UNIFIED (UINT32_C(1) << 2)
/** The configuration excludes it. */
#define CGROUPS_SNAPSHOT_CGROUP_OPTIONS_DISABLED_EXCLUDED (UINT32_C(1) << 3)

/** What is known of one cgroup. */
typedef struct cgroups_snapshot_item_t {
    /** The provider's hash of the name. */
    uint32_t hash;
    /** What was found out about it. */
    cgroups_snapshot_cgroup_options_t options;
    /** Whether it is to be monitored; any number but 0 is yes. */
    uint32_t enabled;
    /** Its name; may be empty. */
    nipc_str_view_t name;
    /** Its path in the file system; may be empty. */
    nipc_str_view_t path;
} cgroups_snapshot_item_t;

/** Makes it one in which nothing is set. */
void cgroups_snapshot_item_init(cgroups_snapshot_item_t *item);

/** What a snapshot says besides its items. */
typedef struct cgroups_snapshot_header_t {
    /** Whether systemd runs the host; any number but 0 is yes. */
    uint32_t systemd_enabled;
    /** Another number says that the data is another. */
    uint64_t generation;
} cgroups_snapshot_header_t;

/** All items, as they came. An item is checked when it is asked for, so that a bad one spoils no
   other. */
typedef struct cgroups_snapshot_reply_t {
    /** How many. */
    uint32_t item_count;
    /** What holds for all of them. */
    cgroups_snapshot_header_t header;
    /** Private. */
    nipc_bytes_view_t payload;
} cgroups_snapshot_reply_t;

/** Takes the header and the items. */
typedef struct cgroups_snapshot_builder_t {
    /** What went wrong first: it decides how the request ends. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private. */
    cgroups_snapshot_header_t header;
    /** Private. */
    uint8_t *buf;
    /** Private. */
    uint64_t size, room, used;
    /** Private. */
    const char *why;
} cgroups_snapshot_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct cgroups_snapshot_client_t {
    nipc_client_ctx_t ctx;
} cgroups_snapshot_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void cgroups_snapshot_client_init(cgroups_snapshot_client_t *client, const char *run_dir,
                                  const char *service, const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool cgroups_snapshot_client_refresh(cgroups_snapshot_client_t *client);

/** Whether calls can be made. */
bool cgroups_snapshot_client_ready(const cgroups_snapshot_client_t *client);

/**
 * Asks for everything.
 *
 * \param out         the answer, which lives in the client until the next call or close; zeroed on
 *                    failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; cgroups_snapshot_client_last_error says more
 */
nipc_error_t cgroups_snapshot_client_call(cgroups_snapshot_client_t *client,
                                          cgroups_snapshot_reply_t *out, uint32_t timeout_ms);

/** Item index of a reply; NIPC_ERR_OUT_OF_BOUNDS beyond the last, or what is wrong with the item.
   */
nipc_error_t cgroups_snapshot_reply_item(const cgroups_snapshot_reply_t *reply, uint32_t index,
                                         cgroups_snapshot_item_t *out);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t cgroups_snapshot_client_last_error(cgroups_snapshot_client_t *client, char *buf,
                                          size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void cgroups_snapshot_client_close(cgroups_snapshot_client_t *client);

/* ---- Cache --------------------------------------------------------------------------------- */

/** What a cache finds an item by. */
typedef struct cgroups_snapshot_key_t {
    /** The provider's hash of the name. */
    uint32_t hash;
    /** Its name; may be empty. */
    nipc_str_view_t name;
} cgroups_snapshot_key_t;

/**
 * A client and the last good answer, which is looked up without input or output. Any thread may
 * read or refresh it; it must not be copied or moved. What netipc_any.h has for caches (abort,
 * timeout) takes its cache.
 */
typedef struct cgroups_snapshot_cache_t {
    nipc_any_cache_t cache;
} cgroups_snapshot_cache_t;

/**
 * Pins what a cache holds at one moment: items live as long as it is locked, whatever becomes of
 * the cache. It must not be copied or moved meanwhile.
 */
typedef struct cgroups_snapshot_guard_t {
    nipc_any_cache_guard_t guard;
    /** The answer; cgroups_snapshot_reply_item gives its items in their order. */
    cgroups_snapshot_reply_t reply;
} cgroups_snapshot_guard_t;

/** Makes a cache of run_dir/service.sock, which connects to nothing yet: nipc_any_cache_init. */
void cgroups_snapshot_cache_init(cgroups_snapshot_cache_t *cache, const char *run_dir,
                                 const char *service, const nipc_client_config_t *config);

/**
 * Connects where needed, asks once, and publishes the answer in one step, at your own pace. A
 * failure of any kind, one item that is none included, keeps what is there.
 *
 * \return whether there is a new answer; cgroups_snapshot_cache_last_error says why not
 */
bool cgroups_snapshot_cache_refresh(cgroups_snapshot_cache_t *cache);

/** Whether some refresh succeeded. */
bool cgroups_snapshot_cache_ready(const cgroups_snapshot_cache_t *cache);

/** What the cache holds, and how its refreshes went. Waits for nothing. */
void cgroups_snapshot_cache_status(cgroups_snapshot_cache_t *cache, nipc_any_cache_status_t *out);

/** Why the last refresh that failed did; works as snprintf does. */
size_t cgroups_snapshot_cache_last_error(cgroups_snapshot_cache_t *cache, char *buf,
                                         size_t buf_len);

/** Frees everything but what guards pin. May be repeated. */
void cgroups_snapshot_cache_close(cgroups_snapshot_cache_t *cache);

/**
 * Pins what the cache holds, without waiting for anything.
 *
 * \param guard  where the guard will be; must not be locked
 * \return whether there is something: false until a refresh has succeeded, with nothing to unlock
 */
bool cgroups_snapshot_cache_read_lock(cgroups_snapshot_cache_t *cache,
                                      cgroups_snapshot_guard_t *guard);

/** The first item with this key, whose texts live as long as the guard; false where there is none.
   */
bool cgroups_snapshot_cache_get(const cgroups_snapshot_guard_t *guard,
                                const cgroups_snapshot_key_t *key, cgroups_snapshot_item_t *out);

/** Lets go of what was pinned. */
void cgroups_snapshot_cache_read_unlock(cgroups_snapshot_guard_t *guard);

/* ---- Server -------------------------------------------------------------------------------- */

/**
 * Answers a request with everything. Sessions call it in several threads at once: copy what you
 * need under your lock, and build the answer after it.
 *
 * \param user     what the server was made with
 * \param builder  takes the answer
 * \return whether the answer is in the builder. After false the client is told that the handler
 *         failed, or what builder->error says where it is set: NIPC_ERR_UNSUPPORTED,
 * NIPC_ERR_REJECTED
 */
typedef bool (*cgroups_snapshot_handler_fn)(void *user, cgroups_snapshot_builder_t *builder);

/** Says what holds for all items; all zeros unless it is said. */
void cgroups_snapshot_builder_set_header(cgroups_snapshot_builder_t *builder,
                                         const cgroups_snapshot_header_t *header);

/**
 * Adds an item. Where the answer is full, the client comes back with room for more; the first
 * error is kept and decides how the request ends.
 */
nipc_error_t cgroups_snapshot_builder_add(cgroups_snapshot_builder_t *builder,
                                          const cgroups_snapshot_item_t *item);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t cgroups_snapshot_builder_last_error(const cgroups_snapshot_builder_t *builder, char *buf,
                                           size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct cgroups_snapshot_server_t {
    nipc_managed_server_t server;
    /** Private. */
    cgroups_snapshot_handler_fn handle;
    /** Private. */
    void *user;
} cgroups_snapshot_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t cgroups_snapshot_server_init(cgroups_snapshot_server_t *server, const char *run_dir,
                                          const char *service, const nipc_server_config_t *config,
                                              int workers, cgroups_snapshot_handler_fn handle,
                                                  void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: cgroups_snapshot_server_last_error says why and by whom
 */
nipc_error_t cgroups_snapshot_server_run(cgroups_snapshot_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void cgroups_snapshot_server_stop(cgroups_snapshot_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool cgroups_snapshot_server_drain(cgroups_snapshot_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t cgroups_snapshot_server_last_error(cgroups_snapshot_server_t *server, char *buf,
                                          size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void cgroups_snapshot_server_destroy(cgroups_snapshot_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the item on the wire. */
uint64_t cgroups_snapshot_item_size(const cgroups_snapshot_item_t *item);

/**
 * Writes the item to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t cgroups_snapshot_item_encode(const cgroups_snapshot_item_t *item, void *buf,
                                          size_t size, size_t *len);

/**
 * Reads and checks the item in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t cgroups_snapshot_item_decode(const void *ptr, size_t len,
                                          cgroups_snapshot_item_t *out);

/** Checks a request, which has no fields. */
nipc_error_t cgroups_snapshot_request_check(const void *ptr, size_t len);

/** Reads a reply, and checks all but the items. What is in out after a failure means nothing. */
nipc_error_t cgroups_snapshot_reply_decode(const void *ptr, size_t len,
                                           cgroups_snapshot_reply_t *out);

/** Begins an answer of at most size bytes. */
void cgroups_snapshot_builder_init(cgroups_snapshot_builder_t *builder, void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t cgroups_snapshot_builder_finish(cgroups_snapshot_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t cgroups_snapshot_answer(cgroups_snapshot_handler_fn handle, void *user,
                                     const void *ptr, size_t ptr_len, void *buf, size_t size,
                                         size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* CGROUPS_SNAPSHOT_H */
