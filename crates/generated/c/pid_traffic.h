/**
 * \file pid_traffic.h
 * pid-traffic: Processes in; the network traffic of each out.
 *
 *   key
 *     0    4  8          16
 *     pid  0  starttime
 *   item
 *     0       2       4    8          16              24          32                40
 *     layout  status  pid  starttime  bytes_received  bytes_sent  packets_received  packets_sent
 *     
 *     48           52
 *     connections
 *
 * Compile pid_traffic.c into your program, and link it with libnetipc.
 * Made from pid-traffic.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef PID_TRAFFIC_H
#define PID_TRAFFIC_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define PID_TRAFFIC_METHOD UINT16_C(0x8002)
/** Usual name of the endpoint. */
#define PID_TRAFFIC_SERVICE "pid-traffic"

/** Whether a key is known, or why not. */
typedef uint16_t pid_traffic_lookup_status_t;

/** The item holds data. */
#define PID_TRAFFIC_LOOKUP_STATUS_KNOWN UINT16_C(0)
/** There is nothing by this key. */
#define PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN UINT16_C(1)
/** There was no room: clients ask again by themselves, and callers never see it. */
#define PID_TRAFFIC_LOOKUP_STATUS_PAYLOAD_EXCEEDED UINT16_C(2)
/** No answer within the agreed limits can hold the item. */
#define PID_TRAFFIC_LOOKUP_STATUS_OVERSIZED_ITEM UINT16_C(3)

/** The name of the value, such as "known"; NULL where it has none. */
const char *pid_traffic_lookup_status_name(pid_traffic_lookup_status_t value);

/** What is looked up. */
typedef struct pid_traffic_key_t {
    /** The process. */
    uint32_t pid;
    /** When it started; tells it from a later one with the same pid. In clock ticks since boot. */
    uint64_t starttime;
} pid_traffic_key_t;

/** Traffic of one process since it started. */
typedef struct pid_traffic_item_t {
    /** Whether there is such a process. */
    pid_traffic_lookup_status_t status;
    /** The process. */
    uint32_t pid;
    /** When it started; tells it from a later one with the same pid. In clock ticks since boot. */
    uint64_t starttime;
    /** Payload received. In bytes. */
    uint64_t bytes_received;
    /** Payload sent. In bytes. */
    uint64_t bytes_sent;
    /** Packets received. In packets. */
    uint64_t packets_received;
    /** Packets sent. In packets. */
    uint64_t packets_sent;
    /** Open now. In connections. */
    uint32_t connections;
} pid_traffic_item_t;

/** Makes it one without data: nothing is set, and its status is "unknown". */
void pid_traffic_item_init(pid_traffic_item_t *item);

/** The keys of a request. */
typedef struct pid_traffic_request_t {
    /** How many. */
    uint32_t item_count;
    /** Private. */
    nipc_bytes_view_t payload;
} pid_traffic_request_t;

/** The items of a reply, in the order of the keys. */
typedef struct pid_traffic_reply_t {
    /** How many. */
    uint32_t item_count;
    /** Changes when the server's data do. */
    uint64_t generation;
    /** Private. */
    nipc_bytes_view_t payload;
} pid_traffic_reply_t;

/** Takes an item for each key of a request, in their order. */
typedef struct pid_traffic_builder_t {
    /** What went wrong first: it decides how the request ends. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private. */
    pid_traffic_request_t request;
    /** Private. */
    uint8_t *buf;
    /** Private. */
    uint64_t size, end, reserve, generation;
    /** Private. */
    bool full;
    /** Private. */
    const char *why;
} pid_traffic_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct pid_traffic_client_t {
    nipc_client_ctx_t ctx;
} pid_traffic_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void pid_traffic_client_init(pid_traffic_client_t *client, const char *run_dir, const char *service,
                             const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool pid_traffic_client_refresh(pid_traffic_client_t *client);

/** Whether calls can be made. */
bool pid_traffic_client_ready(const pid_traffic_client_t *client);

/**
 * Looks up any number of keys, in as many requests as the limits want.
 *
 * \param keys        the keys
 * \param count       how many; 0 asks for the generation of the data only
 * \param out         an item for each key, in their order. It lives in the client until the next
 *                    call or close; zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; pid_traffic_client_last_error says more
 */
nipc_error_t pid_traffic_client_lookup(pid_traffic_client_t *client, const pid_traffic_key_t *keys,
                                       uint32_t count, pid_traffic_reply_t *out,
                                           uint32_t timeout_ms);

/** Item index of a reply; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t pid_traffic_reply_item(const pid_traffic_reply_t *reply, uint32_t index,
                                    pid_traffic_item_t *out);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t pid_traffic_client_last_error(pid_traffic_client_t *client, char *buf, size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void pid_traffic_client_close(pid_traffic_client_t *client);

/* ---- Enricher ------------------------------------------------------------------------------ */

/**
 * What a provider says of the keys that you come across: they are asked in batches, and their
 * answers kept and looked up without input or output. One thread steps or runs it, any thread
 * looks keys up; it must not be copied or moved. What netipc_any.h has for enrichers
 * (nipc_enricher_step, _run, _read_lock, _stats, _abort, _close) takes its enricher.
 */
typedef struct pid_traffic_enricher_t {
    nipc_enricher_t enricher;
} pid_traffic_enricher_t;

/**
 * Makes an enricher of run_dir/service.sock, which connects to nothing yet.
 *
 * \param config   how to connect and call; NULL is a zeroed one
 * \param keeping  how much to keep; NULL is a zeroed one
 */
void pid_traffic_enricher_init(pid_traffic_enricher_t *enricher, const char *run_dir,
                               const char *service, const nipc_client_config_t *config,
                                   const nipc_enricher_config_t *keeping);

/**
 * Looks a key up. What may be asked is queued. Memory only.
 *
 * \param guard     a guard of nipc_enricher_read_lock
 * \param identity  starttime of the owner of the key that is meant: an item of another one is not
 * given; 0 takes any
 * \param item      the item, whose texts live as long as the guard; zeroed where there is none
 * \param found     what was found besides; may be NULL
 * \return whether there is an item, or why not: a NIPC_FOUND_ number
 */
uint32_t pid_traffic_enricher_get(const pid_traffic_enricher_t *enricher,
                                  const nipc_enricher_guard_t *guard, const pid_traffic_key_t *key,
                                      uint64_t identity, pid_traffic_item_t *item,
                                          nipc_enricher_found_t *found);

/** Keeps what is answered for a key, and has it asked again when it is due, until it is unpinned
   as often. */
nipc_error_t pid_traffic_enricher_pin(const pid_traffic_enricher_t *enricher,
                                      const pid_traffic_key_t *key);

/** Takes back one pin of a key; NIPC_ERR_INVALID_ARGUMENT where there is none. */
nipc_error_t pid_traffic_enricher_unpin(const pid_traffic_enricher_t *enricher,
                                        const pid_traffic_key_t *key);

/**
 * Has those of the keys that have no item asked before all others, and waits until they are
 * answered, a round fails, or the time is over.
 *
 * \return how many of the keys have an item then
 */
uint32_t pid_traffic_enricher_refresh_now(const pid_traffic_enricher_t *enricher,
                                          const pid_traffic_key_t *keys, uint32_t count,
                                              uint32_t timeout_ms);

/* ---- Server -------------------------------------------------------------------------------- */

/**
 * Answers a request: one item for each key, in order. Sessions call it in several threads at once:
 * copy what you need under your lock, and build the answer after it.
 *
 * \param user     what the server was made with
 * \param request  what is asked
 * \param builder  takes the answer
 * \return whether the answer is in the builder. After false the client is told that the handler
 *         failed, or what builder->error says where it is set: NIPC_ERR_UNSUPPORTED,
 * NIPC_ERR_REJECTED
 */
typedef bool (*pid_traffic_handler_fn)(void *user, const pid_traffic_request_t *request,
                                       pid_traffic_builder_t *builder);

/** Key index of a request; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t pid_traffic_request_key(const pid_traffic_request_t *request, uint32_t index,
                                     pid_traffic_key_t *out);

/** Says which generation of the data the answer is of; 0 unless it is said. */
void pid_traffic_builder_set_generation(pid_traffic_builder_t *builder, uint64_t generation);

/**
 * Adds the item of the next key, whose status has to go with its fields: one with data is known.
 * Where the answer is full, the client asks for the rest again by itself; the first error is kept
 * and decides how the request ends.
 */
nipc_error_t pid_traffic_builder_add(pid_traffic_builder_t *builder,
                                     const pid_traffic_item_t *item);

/** Adds an item without data for the next key. */
nipc_error_t pid_traffic_builder_add_status(pid_traffic_builder_t *builder,
                                            pid_traffic_lookup_status_t status);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t pid_traffic_builder_last_error(const pid_traffic_builder_t *builder, char *buf,
                                      size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct pid_traffic_server_t {
    nipc_managed_server_t server;
    /** Private. */
    pid_traffic_handler_fn handle;
    /** Private. */
    void *user;
} pid_traffic_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t pid_traffic_server_init(pid_traffic_server_t *server, const char *run_dir,
                                     const char *service, const nipc_server_config_t *config,
                                         int workers, pid_traffic_handler_fn handle, void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: pid_traffic_server_last_error says why and by whom
 */
nipc_error_t pid_traffic_server_run(pid_traffic_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void pid_traffic_server_stop(pid_traffic_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool pid_traffic_server_drain(pid_traffic_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t pid_traffic_server_last_error(pid_traffic_server_t *server, char *buf, size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void pid_traffic_server_destroy(pid_traffic_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the key on the wire. */
uint64_t pid_traffic_key_size(const pid_traffic_key_t *key);

/**
 * Writes the key to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t pid_traffic_key_encode(const pid_traffic_key_t *key, void *buf, size_t size,
                                    size_t *len);

/**
 * Reads and checks the key in len bytes, into which its texts point. What is in out after a failure
 * means nothing.
 */
nipc_error_t pid_traffic_key_decode(const void *ptr, size_t len, pid_traffic_key_t *out);

/** Bytes of the item on the wire. */
uint64_t pid_traffic_item_size(const pid_traffic_item_t *item);

/**
 * Writes the item to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t pid_traffic_item_encode(const pid_traffic_item_t *item, void *buf, size_t size,
                                     size_t *len);

/**
 * Reads and checks the item in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t pid_traffic_item_decode(const void *ptr, size_t len, pid_traffic_item_t *out);

/** The key that an item answers. */
pid_traffic_key_t pid_traffic_item_key(const pid_traffic_item_t *item);

/** Makes the item for key that holds only a status. */
void pid_traffic_item_bare(pid_traffic_item_t *item, const pid_traffic_key_t *key,
                           pid_traffic_lookup_status_t status);

/** Whether both are the same key. */
bool pid_traffic_key_equal(const pid_traffic_key_t *a, const pid_traffic_key_t *b);

/** Writes a request for keys; NIPC_ERR_OVERFLOW where it needs more than size bytes. */
nipc_error_t pid_traffic_request_encode(const pid_traffic_key_t *keys, uint32_t count, void *buf,
                                        size_t size, size_t *len);

/** Reads and checks a request. What is in out after a failure means nothing. */
nipc_error_t pid_traffic_request_decode(const void *ptr, size_t len, pid_traffic_request_t *out);

/** Reads and checks a reply, every item included. What is in out after a failure means nothing. */
nipc_error_t pid_traffic_reply_decode(const void *ptr, size_t len, pid_traffic_reply_t *out);

/** Begins an answer to request of at most size bytes. */
void pid_traffic_builder_init(pid_traffic_builder_t *builder, const pid_traffic_request_t *request,
                              void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t pid_traffic_builder_finish(pid_traffic_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t pid_traffic_answer(pid_traffic_handler_fn handle, void *user, const void *ptr,
                                size_t ptr_len, void *buf, size_t size, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* PID_TRAFFIC_H */
