/**
 * \file netipc_any.h
 * Clients and servers of NetIPC that know no service: payloads are bytes, and what they mean is for the
 * caller to say. It is for code that "netipc schema generate --lang c" makes, for bindings to other
 * languages, and for tools. docs/services.md shows the former.
 *
 * A client is a nipc_client_ctx_t: nipc_client_init, nipc_client_refresh, nipc_client_ready,
 * nipc_client_status, nipc_client_wait_object, nipc_client_abort and nipc_client_close of
 * netipc_service.h know no service either. A server is a nipc_managed_server_t: nipc_server_run,
 * nipc_server_stop, nipc_server_drain, nipc_server_stats and nipc_server_destroy are its. What
 * netipc_service.h says of contexts, threads, pointers and errors is true here, too.
 *
 * Generated from crates/capi/src/any by "cargo xtask headers": change the sources, not this file.
 */
#ifndef NETIPC_ANY_H
#define NETIPC_ANY_H

#include "netipc_service.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An IPv4 or IPv6 address, or none. Zeroed memory is none. */
typedef struct nipc_ip_t {
    /** 4 or 16; 0 where there is no address. */
    uint8_t size;
    /** The address in network order, as in_addr and in6_addr have it, with zeros behind it. */
    uint8_t bytes[16];
} nipc_ip_t;

/**
 * Bytes and how many there are. Where it is given to this library, NULL with a length of 0 is none.
 */
typedef struct nipc_bytes_view_t {
    /** The first byte. */
    const void *ptr;
    /** How many bytes. */
    size_t len;
} nipc_bytes_view_t;

/**
 * Reads an address from its text, such as 192.0.2.7 or 2001:db8::1.
 *
 * \param text  the text
 * \param out   the address; none where the text is no address
 * \return whether it is one
 */
bool nipc_ip_parse(const char *text, nipc_ip_t *out);

/**
 * Writes an address as text, like snprintf: as much as fits, with a NUL.
 *
 * \param ip       the address
 * \param buf      where to; may be NULL where buf_len is 0
 * \param buf_len  its bytes; 46 are enough
 * \return the length of the whole text, without NUL; 0 where there is no address
 */
size_t nipc_ip_text(const nipc_ip_t *ip, char *buf, size_t buf_len);

/* ---- Clients ------------------------------------------------------------------------------- */

/**
 * Says whether bytes are what they must be. It is called while the client is in use, and must not use
 * it; it must return: not by an exception, longjmp, or the end of the thread.
 *
 * \param user  what came with the function
 * \param ptr   the bytes; valid until it returns
 * \param len   how many
 * \return NIPC_OK, or which rule they break: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT,
 *         NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL, NIPC_ERR_BAD_ALIGNMENT or
 *         NIPC_ERR_BAD_ITEM_COUNT; everything else counts as NIPC_ERR_BAD_LAYOUT
 */
typedef nipc_error_t (*nipc_any_check_fn)(void *user, const void *ptr, size_t len);

/**
 * Takes the reply to one of many requests. It is called while the client is in use, and must not use
 * it; it must return: not by an exception, longjmp, or the end of the thread.
 *
 * \param user   what came with the function
 * \param index  which request it answers, from 0 on
 * \param reply  the payload; valid until it returns
 * \return NIPC_OK, or which rule it breaks, as for nipc_any_check_fn
 */
typedef nipc_error_t (*nipc_any_reply_fn)(void *user, uint32_t index, nipc_bytes_view_t reply);

/**
 * Asks any method with any payload.
 *
 * The call needs a client that is ready (nipc_client_init, nipc_client_refresh), and takes at most the
 * given time, whatever happens: a lost session is made anew and the question asked once more within
 * it. Everything else that is said of clients and their calls in netipc_service.h is true here, too.
 *
 * \param ctx          the client
 * \param method       the number of the method
 * \param request      the payload of the request
 * \param request_len  its bytes
 * \param check        what says whether a reply is one; one that is not counts as that of a server
 *                     that broke the protocol: the question is asked once more. NULL takes any
 * \param user         the first argument of check
 * \param out          the payload of the reply, which lives in the client until the next call or
 *                     close; zeroed on failure
 * \param timeout_ms   milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
 */
nipc_error_t nipc_client_call_any(nipc_client_ctx_t *ctx,
                                  uint16_t method,
                                  const void *request,
                                  size_t request_len,
                                  nipc_any_check_fn check,
                                  void *user,
                                  nipc_bytes_view_t *out,
                                  uint32_t timeout_ms);

/**
 * Asks any method many requests in one message.
 *
 * \param requests    the payloads of the requests
 * \param count       how many; 0 needs no input or output
 * \param out         room for count views of the payloads of the replies, which come in the order of
 *                    the requests and live in the client until the next call or close; zeroed on
 *                    failure. What they say is not checked
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; one request that fails fails all
 */
nipc_error_t nipc_client_call_any_batch(nipc_client_ctx_t *ctx,
                                        uint16_t method,
                                        const nipc_bytes_view_t *requests,
                                        uint32_t count,
                                        nipc_bytes_view_t *out,
                                        uint32_t timeout_ms);

/**
 * Asks any method many requests, each in a message of its own, with several under way: over a socket
 * that takes less time than one after the other. Over shared memory with one message at a time, they
 * go one by one. After a lost session only those without a reply are asked again.
 *
 * \param requests    the payloads of the requests
 * \param count       how many; 0 needs no input or output
 * \param window      how many may be under way; 0 is 1
 * \param each        takes the replies, each once, in the order in which they come. One that it
 *                    refuses counts as that of a server that broke the protocol
 * \param user        the first argument of each
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK where each has taken all replies; otherwise it may have taken some
 */
nipc_error_t nipc_client_call_any_pipelined(nipc_client_ctx_t *ctx,
                                            uint16_t method,
                                            const nipc_bytes_view_t *requests,
                                            uint32_t count,
                                            uint32_t window,
                                            nipc_any_reply_fn each,
                                            void *user,
                                            uint32_t timeout_ms);

/**
 * What a client has to know of the keys and items of a lookup. Its functions are called while the
 * client is in use, and must not use it; they must return: not by an exception, longjmp, or the end of
 * the thread. Items that they get have passed check, but for those of check itself.
 */
typedef struct nipc_any_lookup_t {
    /** The number of the method. */
    uint16_t method;
    /** The number that requests, replies and items begin with. */
    uint16_t layout;
    /** The status that says: the answer is full, ask for this key again. */
    uint16_t exceeded;
    /** The status that says: no answer can hold this item. */
    uint16_t oversized;
    /** Bytes of the shortest item. */
    size_t min_item_len;
    /** Says whether an item is one. */
    nipc_any_check_fn check;
    /** Whether an item holds data, or why not. */
    uint16_t (*status)(void *user, nipc_bytes_view_t item);
    /** Whether an item answers that key. */
    bool (*answers)(void *user, nipc_bytes_view_t item, nipc_bytes_view_t key);
    /**
     * Writes the item for that key that holds only a status, and returns its bytes. Where size is
     * less, it writes nothing, and buf may be NULL.
     */
    size_t (*bare)(void *user, nipc_bytes_view_t key, uint16_t status, void *buf, size_t size);
    /**
     * Bytes that an item is likely to have, for the split of large calls; 0 is those of one that
     * holds only a status.
     */
    size_t typical_item_len;
    /** The first argument of the functions. */
    void *user;
} nipc_any_lookup_t;

/**
 * Looks up any number of keys, in as many requests as the limits want. Whatever it took on the wire,
 * the answer is one reply.
 *
 * \param ctx         the client, which is ready
 * \param lookup      what keys and items are; every function of it is needed
 * \param keys        the keys as they stand in a request. They may be those of the last answer
 * \param count       how many; 0 asks for the generation of the data only
 * \param out         the payload of the reply, header and directory included: an item for each key,
 *                    in their order, all of which have passed check. It lives in the client until the
 *                    next call or close; zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; nipc_client_last_error says more
 */
nipc_error_t nipc_client_call_any_lookup(nipc_client_ctx_t *ctx,
                                         const nipc_any_lookup_t *lookup,
                                         const nipc_bytes_view_t *keys,
                                         uint32_t count,
                                         nipc_bytes_view_t *out,
                                         uint32_t timeout_ms);

/* ---- Caches -------------------------------------------------------------------------------- */

/**
 * A client and the last good answer. It lives where the caller wants, zeroed or not before
 * nipc_any_cache_init, and must not be copied or moved afterwards. Any thread may read it, abort it, or
 * refresh it; refreshes wait for one another, and nothing else waits for them.
 */
typedef struct nipc_any_cache_t {
    /** Private. */
    nipc_storage_t storage;
} nipc_any_cache_t;

/**
 * What a cache has to know of a service that answers with everything. Its functions are called in any
 * thread that refreshes or reads, in several at once; they must return: not by an exception, longjmp,
 * or the end of the thread.
 */
typedef struct nipc_any_cached_t {
    /** The number of the method. */
    uint16_t method;
    /** The parts of a key, at most 16. */
    uint16_t key_parts;
    /** The payload of the request, which is copied. */
    nipc_bytes_view_t request;
    /**
     * Bytes of a reply in front of the directory of its items: entries of 8 bytes, the offset of an
     * item behind the directory and its length. The number of items stands at byte 4, in 4 bytes.
     */
    size_t header_len;
    /** Says whether a reply is one, but for its items. */
    nipc_any_check_fn check;
    /** Says whether an item is one. One that is not has the whole reply refused. */
    nipc_any_check_fn check_item;
    /** Tells the parts of the key of an item that has passed its check: views of bytes in it. */
    void (*key)(void *user, nipc_bytes_view_t item, nipc_bytes_view_t *parts);
    /** The first argument of the functions. */
    void *user;
} nipc_any_cached_t;

/** What a cache holds, and how its refreshes went. */
typedef struct nipc_any_cache_status_t {
    /** Whether some refresh succeeded. An answer without items populates a cache, too. */
    bool populated;
    /** Items, duplicates included. */
    uint32_t item_count;
    /** Items that another one before them hides. */
    uint32_t duplicates;
    /** Where the client stood after the last refresh. */
    nipc_client_state_t connection_state;
    /** Refreshes that succeeded. */
    uint64_t refresh_success_count;
    /** Refreshes that failed. */
    uint64_t refresh_failure_count;
    /** When a refresh succeeded last, in milliseconds of the monotonic clock; 0 is never. */
    uint64_t last_refresh_ts;
    /** How long ago that was, in milliseconds; 0 where it never happened. */
    uint64_t age_ms;
    /** Bytes that the cache holds. */
    uint64_t bytes;
} nipc_any_cache_status_t;

/**
 * Makes a cache of the service at run_dir/service.sock. Connects to nothing.
 *
 * Nothing is kept of the arguments but the functions and their user. A cache that was used before must
 * have been closed.
 *
 * \param cache    where the cache will be; need not be initialised
 * \param run_dir  the directory of the endpoints
 * \param service  the name of the service
 * \param config   how to connect and call; NULL is a zeroed one
 * \param cached   what to ask, and how to find its items
 * \return NIPC_OK; after NIPC_ERR_INVALID_ARGUMENT the cache is closed, and every function says so
 */
nipc_error_t nipc_any_cache_init(nipc_any_cache_t *cache,
                                 const char *run_dir,
                                 const char *service,
                                 const nipc_client_config_t *config,
                                 const nipc_any_cached_t *cached);

/**
 * Connects where needed, asks once, and publishes the answer in one step. Call it at your own pace;
 * all input and output happens here. A failure of any kind keeps what is there.
 *
 * \return whether there is a new answer; nipc_any_cache_last_error says why not
 */
bool nipc_any_cache_refresh(nipc_any_cache_t *cache);

/** Whether some refresh succeeded. No input or output, no lock. */
bool nipc_any_cache_ready(const nipc_any_cache_t *cache);

/**
 * Tells what the cache holds, and how its refreshes went; all zeros for one that is closed. Waits for
 * nothing.
 */
void nipc_any_cache_status(nipc_any_cache_t *cache,
                           nipc_any_cache_status_t *out);

/**
 * Why the last refresh that failed did, with the endpoint and the cause. It stays after a success.
 * Copies as much as fits, with a NUL, like snprintf.
 *
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_any_cache_last_error(nipc_any_cache_t *cache, char *buf, size_t buf_len);

/** Sets how long a whole refresh may take, in milliseconds, from the next one on; 0 is 30000. */
void nipc_any_cache_set_call_timeout(nipc_any_cache_t *cache, uint32_t timeout_ms);

/** Aborts a refresh, and all that follow until nipc_any_cache_clear_abort. For any thread. */
void nipc_any_cache_abort(nipc_any_cache_t *cache);

/** Lets the cache be refreshed again. For any thread. */
void nipc_any_cache_clear_abort(nipc_any_cache_t *cache);

/**
 * Frees everything but what guards still pin. Refreshes in other threads are aborted and waited for;
 * nobody may be locking a guard meanwhile. Closing twice, or a zeroed cache, does nothing.
 */
void nipc_any_cache_close(nipc_any_cache_t *cache);

/**
 * Pins what a cache holds at one moment. Items live as long as it does, whatever becomes of the
 * cache. Any number may exist; neither does a refresh wait for them nor they for it. It must not be
 * copied or moved while it is locked. Any thread may use it, one at a time.
 */
typedef struct nipc_any_cache_guard_t {
    /** Private. */
    uint64_t locked;
    /** Private. */
    uint64_t pinned[4];
} nipc_any_cache_guard_t;

/**
 * Pins what the cache holds. No input or output, and no lock that a refresh holds.
 *
 * \param cache  the cache; any thread may read it
 * \param guard  where the guard will be; need not be initialised, and must not be locked: what it
 *               pins would never be let go
 * \return whether there is something: false until a refresh has succeeded, with nothing to unlock
 */
bool nipc_any_cache_read_lock(nipc_any_cache_t *cache, nipc_any_cache_guard_t *guard);

/** Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing. */
void nipc_any_cache_read_unlock(nipc_any_cache_guard_t *guard);

/**
 * The payload of the answer that a guard pins: header, directory and items, all of which have passed
 * their checks.
 *
 * \return NIPC_OK; NIPC_ERR_NOT_READY, with a zeroed out, for a guard that is not locked
 */
nipc_error_t nipc_any_cache_reply(const nipc_any_cache_guard_t *guard,
                                  nipc_bytes_view_t *out);

/**
 * Finds the first item with a key. Memory only.
 *
 * \param parts  the parts of the key, as many as an item's has
 * \param count  how many
 * \param out    the item, which lives as long as the guard; zeroed where there is none
 * \return whether there is one
 */
bool nipc_any_cache_find(const nipc_any_cache_guard_t *guard,
                         const nipc_bytes_view_t *parts,
                         uint32_t count,
                         nipc_bytes_view_t *out);

/* ---- Servers ------------------------------------------------------------------------------- */

/** Where a handler writes its answer. */
typedef struct nipc_any_response_t {
    /** Where to. What is there before means nothing. */
    void *buf;
    /** Bytes that the answer may have. */
    size_t size;
    /** Bytes that it has: 0 until the handler says otherwise. */
    size_t len;
} nipc_any_response_t;

/**
 * Answers a request by writing to the buffer of the response. It is called for each request of a
 * batch.
 *
 * Handlers are called on the threads of sessions: in several at once, each session in order. What
 * they share is theirs to lock; copy what you need under the lock, and build the answer after it.
 * Requests may come twice. A handler must return: not by an exception, longjmp, or the end of the
 * thread. What request and response point to is valid until it returns.
 *
 * \param user      what the handler was given with
 * \param method    the number of the method
 * \param request   the payload of the request
 * \param response  takes the payload of the answer
 * \return NIPC_OK where the answer is in the response. Otherwise the client is told by the error:
 *         NIPC_ERR_OVERFLOW that the answer is above the limits, NIPC_ERR_REJECTED that the request is
 *         none, NIPC_ERR_UNSUPPORTED the same, and everything else that the handler failed. All but
 *         NIPC_ERR_UNSUPPORTED end the session. nipc_log_set hears of all but the first two, once in a
 *         hundred times
 */
typedef nipc_error_t (*nipc_any_handler_fn)(void *user,
                                            uint16_t method,
                                            nipc_bytes_view_t request,
                                            nipc_any_response_t *response);

/** The handler of a server that knows no service. */
typedef struct nipc_any_service_handler_t {
    /** What answers requests. Where it is NULL, every request fails. */
    nipc_any_handler_fn handle;
    /** The method that it answers: others are unsupported. 0 is all methods. */
    uint16_t method;
    /** Whether one message may carry several requests; such a message is refused otherwise. */
    bool batches;
    /**
     * What the function gets as its first argument. It must live until the server is destroyed, or
     * nipc_server_run has returned, if that is later.
     */
    void *user;
} nipc_any_service_handler_t;

/**
 * Makes a server at run_dir/service.sock that answers with handler. The rest is as for
 * nipc_server_init_typed, and so are the functions to run, stop, drain and destroy it.
 */
nipc_error_t nipc_server_init_any(nipc_managed_server_t *server,
                                  const char *run_dir,
                                  const char *service,
                                  const nipc_server_config_t *config,
                                  int workers,
                                  const nipc_any_service_handler_t *handler);

#ifdef __cplusplus
}
#endif

/* ---- What compilers are held to ------------------------------------------------------------ */


#if UINTPTR_MAX > 0xffffffffu
NIPC_STATIC_ASSERT(sizeof(nipc_bytes_view_t) == 16, "nipc_bytes_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_bytes_view_t, ptr) == 0, "nipc_bytes_view_t.ptr");
NIPC_STATIC_ASSERT(offsetof(nipc_bytes_view_t, len) == 8, "nipc_bytes_view_t.len");
NIPC_STATIC_ASSERT(sizeof(nipc_ip_t) == 17, "nipc_ip_t");
NIPC_STATIC_ASSERT(offsetof(nipc_ip_t, size) == 0, "nipc_ip_t.size");
NIPC_STATIC_ASSERT(offsetof(nipc_ip_t, bytes) == 1, "nipc_ip_t.bytes");
NIPC_STATIC_ASSERT(sizeof(nipc_any_lookup_t) == 64, "nipc_any_lookup_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, method) == 0, "nipc_any_lookup_t.method");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, layout) == 2, "nipc_any_lookup_t.layout");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, exceeded) == 4, "nipc_any_lookup_t.exceeded");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, oversized) == 6, "nipc_any_lookup_t.oversized");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, min_item_len) == 8, "nipc_any_lookup_t.min_item_len");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, check) == 16, "nipc_any_lookup_t.check");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, status) == 24, "nipc_any_lookup_t.status");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, answers) == 32, "nipc_any_lookup_t.answers");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, bare) == 40, "nipc_any_lookup_t.bare");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, typical_item_len) == 48, "nipc_any_lookup_t.typical_item_len");
NIPC_STATIC_ASSERT(offsetof(nipc_any_lookup_t, user) == 56, "nipc_any_lookup_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_any_cached_t) == 64, "nipc_any_cached_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, method) == 0, "nipc_any_cached_t.method");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, key_parts) == 2, "nipc_any_cached_t.key_parts");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, request) == 8, "nipc_any_cached_t.request");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, header_len) == 24, "nipc_any_cached_t.header_len");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, check) == 32, "nipc_any_cached_t.check");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, check_item) == 40, "nipc_any_cached_t.check_item");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, key) == 48, "nipc_any_cached_t.key");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cached_t, user) == 56, "nipc_any_cached_t.user");
NIPC_STATIC_ASSERT(sizeof(nipc_any_cache_t) == 16, "nipc_any_cache_t");
NIPC_STATIC_ASSERT(sizeof(nipc_any_cache_status_t) == 56, "nipc_any_cache_status_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, populated) == 0, "nipc_any_cache_status_t.populated");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, item_count) == 4, "nipc_any_cache_status_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, duplicates) == 8, "nipc_any_cache_status_t.duplicates");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, connection_state) == 12, "nipc_any_cache_status_t.connection_state");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, refresh_success_count) == 16, "nipc_any_cache_status_t.refresh_success_count");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, refresh_failure_count) == 24, "nipc_any_cache_status_t.refresh_failure_count");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, last_refresh_ts) == 32, "nipc_any_cache_status_t.last_refresh_ts");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, age_ms) == 40, "nipc_any_cache_status_t.age_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_any_cache_status_t, bytes) == 48, "nipc_any_cache_status_t.bytes");
NIPC_STATIC_ASSERT(sizeof(nipc_any_cache_guard_t) == 40, "nipc_any_cache_guard_t");
NIPC_STATIC_ASSERT(sizeof(nipc_any_response_t) == 24, "nipc_any_response_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, buf) == 0, "nipc_any_response_t.buf");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, size) == 8, "nipc_any_response_t.size");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, len) == 16, "nipc_any_response_t.len");
NIPC_STATIC_ASSERT(sizeof(nipc_any_service_handler_t) == 24, "nipc_any_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, handle) == 0, "nipc_any_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, method) == 8, "nipc_any_service_handler_t.method");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, batches) == 10, "nipc_any_service_handler_t.batches");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, user) == 16, "nipc_any_service_handler_t.user");
#endif

#endif /* NETIPC_ANY_H */
