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
 * Says whether bytes are what they must be. It is called while the client is in use: calls there are
 * NIPC_ERR_BUSY, and a close takes effect when the call that is under way ends, as NIPC_ERR_ABORTED. It must
 * return: not by an exception, longjmp, the end of the thread, or in a child that it forked, which ends by
 * SIGABRT.
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
 * Takes the reply to one of many requests. It is called while the client is in use, and must return, as a
 * nipc_any_check_fn.
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
 * client is in use, and must return, as a nipc_any_check_fn. Items that they get have passed check, but for
 * those of check itself.
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
 * thread that refreshes or reads, in several at once, and must return, as a nipc_any_check_fn. In a refresh, they
 * may read and close the cache, whose refresh frees it when it ends; another refresh of it fails.
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

/* ---- Enrichers ----------------------------------------------------------------------------- */

/** Nothing is left to do now. */
#define NIPC_ENRICHER_IDLE 0

/** The budget was over before all was asked. */
#define NIPC_ENRICHER_MORE_TO_DO 1

/** There is no provider. */
#define NIPC_ENRICHER_ABSENT 2

/** A call failed; its keys wait to be asked again. */
#define NIPC_ENRICHER_FAILED 3

/** It was aborted. */
#define NIPC_ENRICHER_ABORTED 4

/**
 * How much an enricher keeps, and how often it asks. Zero in a field means the default that its comment
 * names, so that a zeroed struct is a good start.
 */
typedef struct nipc_enricher_config_t {
    /** Keys whose answers are kept, beside those that are pinned; 0 is 8192. */
    uint32_t capacity;
    /**
     * Keys that may wait to be asked; 0 is 16384. Beyond it the one that waits longest is dropped.
     */
    uint32_t intake;
    /**
     * Most keys of one call; 0 is 256 where keys are texts, and 8192 where they have a fixed size.
     */
    uint32_t batch;
    /** Milliseconds that "not known now" holds at least; 0 is 1000. */
    uint32_t retry_ms;
    /** Milliseconds that it holds at most, where the provider's generation stays; 0 is 60000. */
    uint32_t retry_most_ms;
    /**
     * Milliseconds until an answer is asked again, or dropped where nobody used it; 0 is 600000.
     */
    uint32_t max_age_ms;
    /** Milliseconds that a provider that failed is left alone at first; 0 is 1000. */
    uint32_t backoff_first_ms;
    /** Milliseconds that it is left alone at most; 0 is 30000. */
    uint32_t backoff_most_ms;
} nipc_enricher_config_t;

/** What one round did. */
typedef struct nipc_enricher_step_t {
    /** How it ended: a NIPC_ENRICHER_ number. */
    uint32_t end;
    /** Keys that were asked. */
    uint32_t asked;
    /** Keys that were answered. */
    uint32_t answered;
    /** Keys that wait to be asked. */
    uint32_t waiting;
    /** Milliseconds until there is something to do, if no key comes; UINT32_MAX is never. */
    uint32_t next_ms;
} nipc_enricher_step_t;

/** What an enricher has done and holds. Counters count from its init. */
typedef struct nipc_enricher_stats_t {
    /** Keys that were asked, once for each call. */
    uint64_t requested;
    /** Keys that were answered. */
    uint64_t answered;
    /** Keys of calls that failed, but for want of time. */
    uint64_t failed;
    /** Keys of calls that ran out of time. */
    uint64_t timed_out;
    /** Keys that were dropped because they alone make calls fail. */
    uint64_t given_up;
    /** Calls that were answered. */
    uint64_t calls;
    /** Calls without keys, which ask whether the data has changed. */
    uint64_t probes;
    /** Looks that gave an item. */
    uint64_t hits;
    /** Those of them while the provider was absent. */
    uint64_t stale_hits;
    /** Looks that gave none, by their NIPC_FOUND_ number less one. */
    uint64_t misses[8];
    /** Answers that made room for others. */
    uint64_t evicted_capacity;
    /** Answers that nobody used until they were too old. */
    uint64_t evicted_age;
    /** Items that took the place of one of an earlier owner of the key. */
    uint64_t reused;
    /** Keys that wait to be asked. */
    uint64_t intake_depth;
    /** Keys that were dropped because too many waited. */
    uint64_t intake_dropped;
    /** Sessions there have been. */
    uint64_t connects;
    /** Sessions that ended. */
    uint64_t disconnects;
    /** Attempts that gave no session. */
    uint64_t connect_failures;
    /** Answers that are kept. */
    uint64_t entries;
    /** Keys that are pinned. */
    uint64_t pinned;
    /** Bytes of what readers see. */
    uint64_t bytes;
    /** The provider's generation. */
    uint64_t generation;
    /** Calls of at most 1, 5, 10, 50, 100, 500 and 1000 ms, and longer ones. */
    uint64_t latency[8];
    /** Microseconds that calls took. */
    uint64_t latency_sum_us;
    /** How often the provider was found to be another: 1 is the first. */
    uint32_t world;
    /** Whether the provider is absent. */
    bool absent;
} nipc_enricher_stats_t;

/** There is an item. */
#define NIPC_VERDICT_KNOWN 0

/** There is an item, a part of which is not known yet: it is given, and asked for again. */
#define NIPC_VERDICT_PROVISIONAL 1

/** Not known now. */
#define NIPC_VERDICT_FOR_NOW 2

/** Not known, and asking again is of no use until the provider restarts. */
#define NIPC_VERDICT_FOR_GOOD 3

/** No answer can hold the item. */
#define NIPC_VERDICT_OVERSIZED 4

/** Says what an item that has passed its check means for its key: a NIPC_VERDICT_ number. */
typedef uint32_t (*nipc_any_verdict_fn)(void *user, nipc_bytes_view_t item);

/**
 * Tells the owner of a key from an earlier one, by an item that has passed its check; 0 is unknown.
 */
typedef uint64_t (*nipc_any_identity_fn)(void *user, nipc_bytes_view_t item);

/**
 * What an enricher has to know of a lookup that the library does not know. Its functions are called by
 * whoever steps or runs the enricher, in one thread at a time, and must return, as a nipc_any_check_fn. They may
 * read the enricher, pin keys and close it: the round frees it when it ends. A round there is NIPC_ERR_BUSY, and
 * nipc_enricher_refresh_now waits for nothing.
 */
typedef struct nipc_any_enriched_t {
    /** Keys and items. */
    nipc_any_lookup_t lookup;
    /**
     * Says what an item means; NULL goes by the status: 0 is known, and what is neither that nor
     * oversized is not known now.
     */
    nipc_any_verdict_fn verdict;
    /** Tells owners of a key apart; NULL tells none. */
    nipc_any_identity_fn identity;
    /** Whether keys have a fixed size, so that more of them are asked at a time. */
    bool fixed_size_keys;
    /**
     * Where in the fixed part of an item, of lookup.min_item_len bytes, offset and length of each text stand, four
     * bytes each: copies share such texts, and nipc_enricher_get_parts gives them. NULL where items are kept whole.
     */
    const uint32_t *texts;
    /** How many, at most 255. */
    uint32_t text_count;
    /**
     * Where in it the number of labels stands, in two bytes, whose table follows the texts; 0 is nowhere.
     */
    uint32_t labels;
} nipc_any_enriched_t;

/**
 * A client of a lookup, and what it answered. It lives where the caller wants, zeroed or not before its
 * init, and must not be copied or moved afterwards. One thread steps or runs it; any thread reads it,
 * pins keys, or aborts it.
 */
typedef struct nipc_enricher_t {
    /** Private. */
    nipc_storage_t storage;
} nipc_enricher_t;

/**
 * As nipc_enricher_init_cgroups, for a lookup that the library does not know.
 *
 * \param enriched  what keys and items are; every function of its lookup is needed. It is copied
 */
void nipc_enricher_init_any(nipc_enricher_t *enricher,
                            const char *run_dir,
                            const char *service,
                            const nipc_client_config_t *client,
                            const nipc_enricher_config_t *config,
                            const nipc_any_enriched_t *enriched);

/**
 * One round: connects where needed, asks for what waits, and shows the answers to readers, until nothing is
 * left or the budget is over. A call that the budget cuts short costs its session, as any timeout does.
 *
 * \param budget_ms  milliseconds that all of it may take
 * \param out        what it did; may be NULL
 * \return NIPC_OK, also where there is no provider; NIPC_ERR_BUSY while another thread steps or runs it
 */
nipc_error_t nipc_enricher_step(nipc_enricher_t *enricher,
                                uint32_t budget_ms,
                                nipc_enricher_step_t *out);

/**
 * Rounds until aborted or closed, for a thread of the caller's. Sleeps while nothing is to be asked, and then
 * costs nothing.
 *
 * \return NIPC_ERR_ABORTED; NIPC_ERR_BUSY while another thread steps or runs it
 */
nipc_error_t nipc_enricher_run(nipc_enricher_t *enricher);

/**
 * Aborts a round, and all that follow until nipc_enricher_clear_abort; nipc_enricher_run returns. For any
 * thread.
 */
void nipc_enricher_abort(nipc_enricher_t *enricher);

/** Lets the enricher ask again. For any thread. */
void nipc_enricher_clear_abort(nipc_enricher_t *enricher);

/**
 * Tells what the enricher has done and holds. Waits for nothing.
 *
 * \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY for one that is closed
 */
nipc_error_t nipc_enricher_stats(const nipc_enricher_t *enricher, nipc_enricher_stats_t *out);

/**
 * The statistics in the text format of Prometheus. Copies as much as fits, with a NUL, like snprintf.
 *
 * \return the length of the whole text, without NUL; 0 for an enricher that is closed
 */
size_t nipc_enricher_prometheus(const nipc_enricher_t *enricher,
                                char *buf,
                                size_t buf_len);

/**
 * Why the last call or connection that failed did. It stays after a success. Copies as much as fits, with a
 * NUL, like snprintf.
 *
 * \return the length of the whole text, without NUL; 0 where nothing has failed
 */
size_t nipc_enricher_last_error(const nipc_enricher_t *enricher,
                                char *buf,
                                size_t buf_len);

/**
 * Frees everything but what guards still pin. A round in another thread is aborted, in whatever phase it is,
 * and waited for. Closing twice, or a zeroed enricher, does nothing.
 */
void nipc_enricher_close(nipc_enricher_t *enricher);

/** There is an item. */
#define NIPC_FOUND_ITEM 0

/** Never answered, and waits to be asked. */
#define NIPC_FOUND_QUEUED 1

/** Asked, without an answer yet. */
#define NIPC_FOUND_PENDING 2

/** The provider does not know it now; retry_in_ms says when it is asked again at the earliest. */
#define NIPC_FOUND_FOR_NOW 3

/** The provider will never know it. */
#define NIPC_FOUND_FOR_GOOD 4

/** Never answered, and there is no provider. Waits to be asked. */
#define NIPC_FOUND_ABSENT 5

/** No answer can hold the item. */
#define NIPC_FOUND_OVERSIZED 6

/**
 * The item there is belongs to an earlier owner of the key, such as a process that is gone. Waits to be
 * asked again.
 */
#define NIPC_FOUND_REUSED 7

/** It cannot be a key, or not one of this enricher. */
#define NIPC_FOUND_INVALID 8

/**
 * Pins the answers of one moment. Items live as long as it does, whatever becomes of the enricher. Neither
 * does a round wait for it nor it for one. It must not be copied or moved while it is locked. Any thread may
 * use it, one at a time.
 */
typedef struct nipc_enricher_guard_t {
    /** Private. */
    uint64_t locked;
    /** Private. */
    uint64_t pinned[4];
} nipc_enricher_guard_t;

/** What a look found, besides the item. */
typedef struct nipc_enricher_found_t {
    /** Whether there is an item, or why not: a NIPC_FOUND_ number. */
    uint32_t found;
    /** Milliseconds until a key that is not known now is asked again at the earliest. */
    uint32_t retry_in_ms;
    /** Milliseconds of the monotonic clock when the provider said what the item says. */
    uint64_t answered_ms;
    /** Whether the provider is absent: the item is what it said last. */
    bool stale;
} nipc_enricher_found_t;

/** An item that is kept in parts, as the description of its lookup has them. */
typedef struct nipc_any_parts_t {
    /** Its fixed part. What it says of where texts are does not hold any more. */
    nipc_bytes_view_t fixed;
    /** Its labels: a table whose texts are counted from its own beginning. */
    nipc_bytes_view_t labels;
    /** How many labels. */
    uint32_t label_count;
    /** How many texts it has, whether or not there was room for them. */
    uint32_t text_count;
} nipc_any_parts_t;

/**
 * Pins the answers of this moment. No input or output, and no lock that a round holds. Take one for a pass
 * over your rows.
 *
 * \param enricher  any thread may read it
 * \param guard     where the guard will be; need not be initialised, and must not be locked: what it pins
 *                  would never be let go
 * \return whether it is locked; false, with nothing to unlock, for an enricher that is closed
 */
bool nipc_enricher_read_lock(const nipc_enricher_t *enricher,
                             nipc_enricher_guard_t *guard);

/** Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing. */
void nipc_enricher_read_unlock(nipc_enricher_guard_t *guard);

/**
 * Looks a key up in an enricher of any kind, as nipc_enricher_get_cgroup.
 *
 * \param key       the key as it stands in a request; it has to be valid: nobody looks
 * \param identity  tells the owner of the key that is meant from earlier ones; 0 takes any
 * \param item      the item as it came, which has passed its check; the fixed part of one that is kept in parts
 */
uint32_t nipc_enricher_get_any(const nipc_enricher_t *enricher,
                               const nipc_enricher_guard_t *guard,
                               nipc_bytes_view_t key,
                               uint64_t identity,
                               nipc_bytes_view_t *item,
                               nipc_enricher_found_t *out);

/**
 * Looks a key up in an enricher whose description says where texts and labels are, as nipc_enricher_get_any.
 *
 * \param item       the parts of the item; zeroed where there is none
 * \param texts      where its texts go, in the order of the description, each with a NUL behind it
 * \param text_room  for how many there is room
 */
uint32_t nipc_enricher_get_parts(const nipc_enricher_t *enricher,
                                 const nipc_enricher_guard_t *guard,
                                 nipc_bytes_view_t key,
                                 uint64_t identity,
                                 nipc_any_parts_t *item,
                                 nipc_str_view_t *texts,
                                 uint32_t text_room,
                                 nipc_enricher_found_t *out);

/**
 * Keeps what is answered for a key, and has it asked again when it is due, until it is unpinned as often as it
 * was pinned: as long as a process lives, say. For any thread.
 *
 * \param key  as it stands in a request: of a cgroup the path with its NUL, of a process
 *             nipc_enricher_process_key
 * \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT
 */
nipc_error_t nipc_enricher_pin(const nipc_enricher_t *enricher,
                               nipc_bytes_view_t key);

/**
 * Takes back one pin of a key. For any thread.
 *
 * \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for a key that is not pinned
 */
nipc_error_t nipc_enricher_unpin(const nipc_enricher_t *enricher, nipc_bytes_view_t key);

/**
 * Has those of the keys that have no item asked before all others, and waits until they are answered, a round
 * fails, or the time is over. Where another thread runs the enricher that one asks, otherwise this one.
 *
 * \param keys        keys as they stand in a request, as for nipc_enricher_pin
 * \param count       how many
 * \param timeout_ms  milliseconds that it may take
 * \return how many of the keys have an item then
 */
uint32_t nipc_enricher_refresh_now(const nipc_enricher_t *enricher,
                                   const nipc_bytes_view_t *keys,
                                   uint32_t count,
                                   uint32_t timeout_ms);

/**
 * Writes the key of a process as it stands in a request.
 *
 * \param pid  the process
 * \param buf  where it goes: 8 bytes
 * \return a view of it
 */
nipc_bytes_view_t nipc_enricher_process_key(uint32_t pid, uint64_t *buf);

/**
 * A path, for nipc_enricher_pin: its bytes, and the NUL behind them.
 *
 * \param path  a string that ends with NUL
 */
nipc_bytes_view_t nipc_enricher_text_key(const char *path);

/**
 * Makes an enricher of the service at run_dir/service.sock that asks for cgroups by their paths. Connects
 * to nothing. Nothing is kept of the arguments. An enricher that was used before must have been closed.
 *
 * \param enricher  where it will be; need not be initialised
 * \param run_dir   the directory of the endpoints
 * \param service   the name of the service
 * \param client    how to connect and call; NULL is a zeroed one
 * \param config    how much to keep; NULL is a zeroed one
 */
void nipc_enricher_init_cgroups(nipc_enricher_t *enricher,
                                const char *run_dir,
                                const char *service,
                                const nipc_client_config_t *client,
                                const nipc_enricher_config_t *config);

/** As nipc_enricher_init_cgroups, for processes by their ids. */
void nipc_enricher_init_processes(nipc_enricher_t *enricher,
                                  const char *run_dir,
                                  const char *service,
                                  const nipc_client_config_t *client,
                                  const nipc_enricher_config_t *config);

/**
 * Looks a cgroup up by its path. What may be asked is queued. Memory only.
 *
 * \param enricher  one of nipc_enricher_init_cgroups
 * \param guard     a locked guard of it
 * \param path      the path
 * \param path_len  its bytes
 * \param item      the item, which lives as long as the guard; zeroed where there is none
 * \param out       what was found besides; may be NULL
 * \return whether there is an item, or why not: a NIPC_FOUND_ number
 */
uint32_t nipc_enricher_get_cgroup(const nipc_enricher_t *enricher,
                                  const nipc_enricher_guard_t *guard,
                                  const char *path,
                                  uint32_t path_len,
                                  nipc_cgroups_lookup_item_view_t *item,
                                  nipc_enricher_found_t *out);

/**
 * Looks a process up by its id, as nipc_enricher_get_cgroup.
 *
 * \param enricher   one of nipc_enricher_init_processes
 * \param starttime  when the process started, as nipc_apps_lookup_item_view_t has it: an item of another one
 *                   that had this id is not given; 0 takes any
 */
uint32_t nipc_enricher_get_process(const nipc_enricher_t *enricher,
                                   const nipc_enricher_guard_t *guard,
                                   uint32_t pid,
                                   uint64_t starttime,
                                   nipc_apps_lookup_item_view_t *item,
                                   nipc_enricher_found_t *out);

/* ---- Servers ------------------------------------------------------------------------------- */

/**
 * A snapshot of a provider's data, which is replaced as a whole and never changed, and its generation. It
 * lives where the caller wants, zeroed or not before its init, and must not be copied or moved afterwards.
 * Any thread may use it.
 */
typedef struct nipc_published_t {
    /** Private. */
    nipc_storage_t storage;
} nipc_published_t;

/**
 * Frees data that was published, once nothing shows and nobody reads it. It is called by whoever publishes,
 * releases or closes then, in that thread. It may close the nipc_published_t, and must return, as a
 * nipc_any_check_fn.
 */
typedef void (*nipc_published_free_fn)(void *data);

/**
 * Says whether two snapshots say the same. What is said of nipc_published_free_fn is true here, too.
 */
typedef bool (*nipc_published_same_fn)(const void *shown, const void *data);

/**
 * One snapshot, until it is released. It must not be copied or moved meanwhile. Any thread may use it, one
 * at a time.
 */
typedef struct nipc_published_guard_t {
    /** What was published. It is there until the guard is released. */
    const void *data;
    /** Its generation: 1 is that of the first snapshot. */
    uint64_t generation;
    /** Private. */
    uint64_t locked;
    /** Private. */
    uint64_t pinned[4];
} nipc_published_guard_t;

/** What was answered from snapshots. */
typedef struct nipc_published_stats_t {
    /** The generation of the snapshot there is. */
    uint64_t generation;
    /** Requests. */
    uint64_t requests;
    /** Keys in them. */
    uint64_t keys;
    /** Microseconds that answering took. */
    uint64_t time_us;
} nipc_published_stats_t;

/**
 * Shows the first snapshot, of generation 1. A forked child cannot use it.
 *
 * \param data       what is shown; it may be NULL
 * \param free_data  frees it, as all that is given to functions that succeed; NULL where nothing is to free
 * \return NIPC_OK; NIPC_ERR_INVALID_ARGUMENT where published is NULL, and data stays the caller's
 */
nipc_error_t nipc_published_init(nipc_published_t *published,
                                 void *data,
                                 nipc_published_free_fn free_data);

/**
 * Shows data from now on, in one step: who reads another snapshot keeps that, and nobody waits for anybody.
 * Copy what is needed under a lock of your own, and build the data after it.
 *
 * \param data       what is shown, and belongs to the library from then on; nobody may change it any more
 * \param free_data  frees it; NULL where nothing is to free
 * \return its generation, one more than that before; 0 for one that is closed, and data stays the caller's
 */
uint64_t nipc_published_publish(nipc_published_t *published,
                                void *data,
                                nipc_published_free_fn free_data);

/**
 * As nipc_published_publish, unless data says the same as what is shown: it is freed then, and the generation
 * stays, so that consumers know that nothing has changed.
 *
 * \param same  says so. NULL is as nipc_published_publish
 * \return the generation of what is shown; 0 for one that is closed, and data stays the caller's
 */
uint64_t nipc_published_publish_if_changed(nipc_published_t *published,
                                           void *data,
                                           nipc_published_free_fn free_data,
                                           nipc_published_same_fn same);

/**
 * Takes hold of the snapshot there is. Waits for nothing. Take one for a whole request, so that all of its
 * answer is of one moment, and give the builder of the answer the guard's generation.
 *
 * \param guard  where the guard will be; need not be initialised, and must not be held: what it holds would
 *               never be freed
 * \return whether it holds one; false, with nothing to release, for one that is closed
 */
bool nipc_published_acquire(const nipc_published_t *published,
                            nipc_published_guard_t *guard);

/**
 * Counts a request that was answered from what a guard holds, and the time since that was acquired: for
 * handlers, before they release it.
 *
 * \param keys  keys of the request
 * \return NIPC_OK; NIPC_ERR_NOT_READY for a guard that holds nothing, or where it is closed
 */
nipc_error_t nipc_published_answered(nipc_published_t *published,
                                     const nipc_published_guard_t *guard,
                                     uint32_t keys);

/** Lets go of what a guard holds. One that holds nothing, zeroed, or NULL does nothing. */
void nipc_published_release(nipc_published_guard_t *guard);

/**
 * Tells what was answered. Waits for nothing.
 *
 * \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY for one that is closed
 */
nipc_error_t nipc_published_stats(const nipc_published_t *published, nipc_published_stats_t *out);

/**
 * Shows nothing any more. What guards hold is freed when they are released. Closing twice, or one that is
 * zeroed, does nothing. A function that publishing has called may close it: publishing frees it when it ends.
 */
void nipc_published_close(nipc_published_t *published);

/** Where a handler writes its answer. */
typedef struct nipc_any_response_t {
    /** Where to. What is there before means nothing. */
    void *buf;
    /** Bytes that the answer may have. */
    size_t size;
    /** Bytes that it has: 0 until the handler says otherwise. */
    size_t len;
    /**
     * Takes in words why the handler failed, for the log. Empty until the handler says otherwise; ends in
     * NUL.
     */
    char why[160];
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
NIPC_STATIC_ASSERT(sizeof(nipc_any_enriched_t) == 104, "nipc_any_enriched_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, lookup) == 0, "nipc_any_enriched_t.lookup");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, verdict) == 64, "nipc_any_enriched_t.verdict");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, identity) == 72, "nipc_any_enriched_t.identity");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, fixed_size_keys) == 80, "nipc_any_enriched_t.fixed_size_keys");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, texts) == 88, "nipc_any_enriched_t.texts");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, text_count) == 96, "nipc_any_enriched_t.text_count");
NIPC_STATIC_ASSERT(offsetof(nipc_any_enriched_t, labels) == 100, "nipc_any_enriched_t.labels");
NIPC_STATIC_ASSERT(sizeof(nipc_any_parts_t) == 40, "nipc_any_parts_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_parts_t, fixed) == 0, "nipc_any_parts_t.fixed");
NIPC_STATIC_ASSERT(offsetof(nipc_any_parts_t, labels) == 16, "nipc_any_parts_t.labels");
NIPC_STATIC_ASSERT(offsetof(nipc_any_parts_t, label_count) == 32, "nipc_any_parts_t.label_count");
NIPC_STATIC_ASSERT(offsetof(nipc_any_parts_t, text_count) == 36, "nipc_any_parts_t.text_count");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_config_t) == 32, "nipc_enricher_config_t");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, capacity) == 0, "nipc_enricher_config_t.capacity");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, intake) == 4, "nipc_enricher_config_t.intake");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, batch) == 8, "nipc_enricher_config_t.batch");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, retry_ms) == 12, "nipc_enricher_config_t.retry_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, retry_most_ms) == 16, "nipc_enricher_config_t.retry_most_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, max_age_ms) == 20, "nipc_enricher_config_t.max_age_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, backoff_first_ms) == 24, "nipc_enricher_config_t.backoff_first_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_config_t, backoff_most_ms) == 28, "nipc_enricher_config_t.backoff_most_ms");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_t) == 16, "nipc_enricher_t");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_step_t) == 20, "nipc_enricher_step_t");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_step_t, end) == 0, "nipc_enricher_step_t.end");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_step_t, asked) == 4, "nipc_enricher_step_t.asked");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_step_t, answered) == 8, "nipc_enricher_step_t.answered");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_step_t, waiting) == 12, "nipc_enricher_step_t.waiting");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_step_t, next_ms) == 16, "nipc_enricher_step_t.next_ms");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_stats_t) == 312, "nipc_enricher_stats_t");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, requested) == 0, "nipc_enricher_stats_t.requested");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, answered) == 8, "nipc_enricher_stats_t.answered");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, failed) == 16, "nipc_enricher_stats_t.failed");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, timed_out) == 24, "nipc_enricher_stats_t.timed_out");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, given_up) == 32, "nipc_enricher_stats_t.given_up");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, calls) == 40, "nipc_enricher_stats_t.calls");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, probes) == 48, "nipc_enricher_stats_t.probes");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, hits) == 56, "nipc_enricher_stats_t.hits");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, stale_hits) == 64, "nipc_enricher_stats_t.stale_hits");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, misses) == 72, "nipc_enricher_stats_t.misses");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, evicted_capacity) == 136, "nipc_enricher_stats_t.evicted_capacity");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, evicted_age) == 144, "nipc_enricher_stats_t.evicted_age");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, reused) == 152, "nipc_enricher_stats_t.reused");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, intake_depth) == 160, "nipc_enricher_stats_t.intake_depth");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, intake_dropped) == 168, "nipc_enricher_stats_t.intake_dropped");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, connects) == 176, "nipc_enricher_stats_t.connects");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, disconnects) == 184, "nipc_enricher_stats_t.disconnects");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, connect_failures) == 192, "nipc_enricher_stats_t.connect_failures");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, entries) == 200, "nipc_enricher_stats_t.entries");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, pinned) == 208, "nipc_enricher_stats_t.pinned");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, bytes) == 216, "nipc_enricher_stats_t.bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, generation) == 224, "nipc_enricher_stats_t.generation");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, latency) == 232, "nipc_enricher_stats_t.latency");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, latency_sum_us) == 296, "nipc_enricher_stats_t.latency_sum_us");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, world) == 304, "nipc_enricher_stats_t.world");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_stats_t, absent) == 308, "nipc_enricher_stats_t.absent");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_found_t) == 24, "nipc_enricher_found_t");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_found_t, found) == 0, "nipc_enricher_found_t.found");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_found_t, retry_in_ms) == 4, "nipc_enricher_found_t.retry_in_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_found_t, answered_ms) == 8, "nipc_enricher_found_t.answered_ms");
NIPC_STATIC_ASSERT(offsetof(nipc_enricher_found_t, stale) == 16, "nipc_enricher_found_t.stale");
NIPC_STATIC_ASSERT(sizeof(nipc_enricher_guard_t) == 40, "nipc_enricher_guard_t");
NIPC_STATIC_ASSERT(sizeof(nipc_published_t) == 16, "nipc_published_t");
NIPC_STATIC_ASSERT(sizeof(nipc_published_guard_t) == 56, "nipc_published_guard_t");
NIPC_STATIC_ASSERT(offsetof(nipc_published_guard_t, data) == 0, "nipc_published_guard_t.data");
NIPC_STATIC_ASSERT(offsetof(nipc_published_guard_t, generation) == 8, "nipc_published_guard_t.generation");
NIPC_STATIC_ASSERT(sizeof(nipc_published_stats_t) == 32, "nipc_published_stats_t");
NIPC_STATIC_ASSERT(offsetof(nipc_published_stats_t, generation) == 0, "nipc_published_stats_t.generation");
NIPC_STATIC_ASSERT(offsetof(nipc_published_stats_t, requests) == 8, "nipc_published_stats_t.requests");
NIPC_STATIC_ASSERT(offsetof(nipc_published_stats_t, keys) == 16, "nipc_published_stats_t.keys");
NIPC_STATIC_ASSERT(offsetof(nipc_published_stats_t, time_us) == 24, "nipc_published_stats_t.time_us");
NIPC_STATIC_ASSERT(sizeof(nipc_any_response_t) == 184, "nipc_any_response_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, buf) == 0, "nipc_any_response_t.buf");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, size) == 8, "nipc_any_response_t.size");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, len) == 16, "nipc_any_response_t.len");
NIPC_STATIC_ASSERT(offsetof(nipc_any_response_t, why) == 24, "nipc_any_response_t.why");
NIPC_STATIC_ASSERT(sizeof(nipc_any_service_handler_t) == 24, "nipc_any_service_handler_t");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, handle) == 0, "nipc_any_service_handler_t.handle");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, method) == 8, "nipc_any_service_handler_t.method");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, batches) == 10, "nipc_any_service_handler_t.batches");
NIPC_STATIC_ASSERT(offsetof(nipc_any_service_handler_t, user) == 16, "nipc_any_service_handler_t.user");
#endif

#endif /* NETIPC_ANY_H */
