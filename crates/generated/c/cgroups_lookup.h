/**
 * \file cgroups_lookup.h
 * cgroups-lookup: Cgroup paths in; orchestrator, name and labels of each out.
 *
 *   key
 *     the bytes of the text, NUL
 *   item
 *     0       2       4             6  8          16         24            26
 *     layout  status  orchestrator  0  path span  name span  labels count  0
 *     
 *     28
 *     path NUL name NUL gap to 8, spans of labels, key NUL value NUL ..
 *
 * Compile cgroups_lookup.c into your program, and link it with libnetipc.
 * Made from cgroups-lookup.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef CGROUPS_LOOKUP_H
#define CGROUPS_LOOKUP_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define CGROUPS_LOOKUP_METHOD UINT16_C(0x0004)
/** Usual name of the endpoint. */
#define CGROUPS_LOOKUP_SERVICE "cgroups-lookup"

/** Who runs a cgroup. Numbers without a name are kept. */
typedef uint16_t cgroups_lookup_orchestrator_t;

/** Not known. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_UNKNOWN UINT16_C(0)
/** A systemd unit or slice. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_SYSTEMD UINT16_C(1)
/** A Docker container. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_DOCKER UINT16_C(2)
/** A Kubernetes pod or container. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_K8S UINT16_C(3)
/** A virtual machine. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_KVM UINT16_C(4)
/** An LXC container. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_LXC UINT16_C(5)
/** A Podman container. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_PODMAN UINT16_C(6)
/** A systemd-nspawn container. */
#define CGROUPS_LOOKUP_ORCHESTRATOR_NSPAWN UINT16_C(7)

/** The name of the value, such as "unknown"; NULL where it has none. */
const char *cgroups_lookup_orchestrator_name(cgroups_lookup_orchestrator_t value);

/** Whether a path is known, or why not. */
typedef uint16_t cgroups_lookup_cgroup_status_t;

/** The item holds data. */
#define CGROUPS_LOOKUP_CGROUP_STATUS_KNOWN UINT16_C(0)
/** Not known yet: ask again later. */
#define CGROUPS_LOOKUP_CGROUP_STATUS_UNKNOWN_RETRY_LATER UINT16_C(1)
/** Not known, and asking again is of no use. */
#define CGROUPS_LOOKUP_CGROUP_STATUS_UNKNOWN_PERMANENT UINT16_C(2)
/** There was no room: clients ask again by themselves, and callers never see it. */
#define CGROUPS_LOOKUP_CGROUP_STATUS_PAYLOAD_EXCEEDED UINT16_C(3)
/** No answer within the agreed limits can hold the item. */
#define CGROUPS_LOOKUP_CGROUP_STATUS_OVERSIZED_ITEM UINT16_C(4)

/** The name of the value, such as "known"; NULL where it has none. */
const char *cgroups_lookup_cgroup_status_name(cgroups_lookup_cgroup_status_t value);

/** Labels: a list to send, or those that came. */
typedef nipc_labels_t cgroups_lookup_labels_t;

/** Label index, from 0 on; false beyond the last. */
bool cgroups_lookup_label(const cgroups_lookup_labels_t *labels, uint32_t index,
                          nipc_lookup_label_view_t *out);

/** What is looked up. */
typedef struct cgroups_lookup_key_t {
    /** Path below the cgroup root. At least 1 byte. */
    nipc_str_view_t path;
} cgroups_lookup_key_t;

/** Bytes that a path has at least. */
#define CGROUPS_LOOKUP_KEY_PATH_MIN 1u

/** What is known of one cgroup. */
typedef struct cgroups_lookup_item_t {
    /** Whether it is known, or why not. */
    cgroups_lookup_cgroup_status_t status;
    /** Who runs it. */
    cgroups_lookup_orchestrator_t orchestrator;
    /** Path below the cgroup root. At least 1 byte. */
    nipc_str_view_t path;
    /** Its name; may be empty. */
    nipc_str_view_t name;
    /** Its labels. */
    cgroups_lookup_labels_t labels;
} cgroups_lookup_item_t;

/** Bytes that a path has at least. */
#define CGROUPS_LOOKUP_ITEM_PATH_MIN 1u

/** Makes it one without data: nothing is set, and its status is "unknown-retry-later". */
void cgroups_lookup_item_init(cgroups_lookup_item_t *item);

/** The keys of a request. */
typedef struct cgroups_lookup_request_t {
    /** How many. */
    uint32_t item_count;
    /** Private. */
    nipc_bytes_view_t payload;
} cgroups_lookup_request_t;

/** The items of a reply, in the order of the keys. */
typedef struct cgroups_lookup_reply_t {
    /** How many. */
    uint32_t item_count;
    /** Changes when the server's data do. */
    uint64_t generation;
    /** Private. */
    nipc_bytes_view_t payload;
} cgroups_lookup_reply_t;

/** Takes an item for each key of a request, in their order. */
typedef struct cgroups_lookup_builder_t {
    /** What went wrong first: it decides how the request ends. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private. */
    cgroups_lookup_request_t request;
    /** Private. */
    uint8_t *buf;
    /** Private. */
    uint64_t size, end, reserve, generation;
    /** Private. */
    bool full;
    /** Private. */
    const char *why;
} cgroups_lookup_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct cgroups_lookup_client_t {
    nipc_client_ctx_t ctx;
} cgroups_lookup_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void cgroups_lookup_client_init(cgroups_lookup_client_t *client, const char *run_dir,
                                const char *service, const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool cgroups_lookup_client_refresh(cgroups_lookup_client_t *client);

/** Whether calls can be made. */
bool cgroups_lookup_client_ready(const cgroups_lookup_client_t *client);

/**
 * Looks up any number of keys, in as many requests as the limits want.
 *
 * \param keys        the keys
 * \param count       how many; 0 asks for the generation of the data only
 * \param out         an item for each key, in their order. It lives in the client until the next
 *                    call or close; zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; cgroups_lookup_client_last_error says more
 */
nipc_error_t cgroups_lookup_client_lookup(cgroups_lookup_client_t *client,
                                          const cgroups_lookup_key_t *keys, uint32_t count,
                                              cgroups_lookup_reply_t *out, uint32_t timeout_ms);

/** Item index of a reply; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t cgroups_lookup_reply_item(const cgroups_lookup_reply_t *reply, uint32_t index,
                                       cgroups_lookup_item_t *out);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t cgroups_lookup_client_last_error(cgroups_lookup_client_t *client, char *buf, size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void cgroups_lookup_client_close(cgroups_lookup_client_t *client);

/* ---- Enricher ------------------------------------------------------------------------------ */

/**
 * What a provider says of the keys that you come across: they are asked in batches, and their
 * answers kept and looked up without input or output. One thread steps or runs it, any thread
 * looks keys up; it must not be copied or moved. What netipc_any.h has for enrichers
 * (nipc_enricher_step, _run, _read_lock, _stats, _abort, _close) takes its enricher.
 */
typedef struct cgroups_lookup_enricher_t {
    nipc_enricher_t enricher;
} cgroups_lookup_enricher_t;

/**
 * Makes an enricher of run_dir/service.sock, which connects to nothing yet.
 *
 * \param config   how to connect and call; NULL is a zeroed one
 * \param keeping  how much to keep; NULL is a zeroed one
 */
void cgroups_lookup_enricher_init(cgroups_lookup_enricher_t *enricher, const char *run_dir,
                                  const char *service, const nipc_client_config_t *config,
                                      const nipc_enricher_config_t *keeping);

/**
 * Looks a key up. What may be asked is queued. Memory only.
 *
 * \param guard     a guard of nipc_enricher_read_lock
 * \param identity  0: items of this service do not tell one owner of a key from another
 * \param item      the item, whose texts live as long as the guard; zeroed where there is none
 * \param found     what was found besides; may be NULL
 * \return whether there is an item, or why not: a NIPC_FOUND_ number
 */
uint32_t cgroups_lookup_enricher_get(const cgroups_lookup_enricher_t *enricher,
                                     const nipc_enricher_guard_t *guard,
                                         const cgroups_lookup_key_t *key, uint64_t identity,
                                             cgroups_lookup_item_t *item,
                                                 nipc_enricher_found_t *found);

/** Keeps what is answered for a key, and has it asked again when it is due, until it is unpinned
   as often. */
nipc_error_t cgroups_lookup_enricher_pin(const cgroups_lookup_enricher_t *enricher,
                                         const cgroups_lookup_key_t *key);

/** Takes back one pin of a key; NIPC_ERR_INVALID_ARGUMENT where there is none. */
nipc_error_t cgroups_lookup_enricher_unpin(const cgroups_lookup_enricher_t *enricher,
                                           const cgroups_lookup_key_t *key);

/**
 * Has those of the keys that have no item asked before all others, and waits until they are
 * answered, a round fails, or the time is over.
 *
 * \return how many of the keys have an item then
 */
uint32_t cgroups_lookup_enricher_refresh_now(const cgroups_lookup_enricher_t *enricher,
                                             const cgroups_lookup_key_t *keys, uint32_t count,
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
typedef bool (*cgroups_lookup_handler_fn)(void *user, const cgroups_lookup_request_t *request,
                                          cgroups_lookup_builder_t *builder);

/** Key index of a request; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t cgroups_lookup_request_key(const cgroups_lookup_request_t *request, uint32_t index,
                                        cgroups_lookup_key_t *out);

/** Says which generation of the data the answer is of; 0 unless it is said. */
void cgroups_lookup_builder_set_generation(cgroups_lookup_builder_t *builder, uint64_t generation);

/**
 * Adds the item of the next key, whose status has to go with its fields: one with data is known.
 * Where the answer is full, the client asks for the rest again by itself; the first error is kept
 * and decides how the request ends.
 */
nipc_error_t cgroups_lookup_builder_add(cgroups_lookup_builder_t *builder,
                                        const cgroups_lookup_item_t *item);

/** Adds an item without data for the next key. */
nipc_error_t cgroups_lookup_builder_add_status(cgroups_lookup_builder_t *builder,
                                               cgroups_lookup_cgroup_status_t status);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t cgroups_lookup_builder_last_error(const cgroups_lookup_builder_t *builder, char *buf,
                                         size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct cgroups_lookup_server_t {
    nipc_managed_server_t server;
    /** Private. */
    cgroups_lookup_handler_fn handle;
    /** Private. */
    void *user;
} cgroups_lookup_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t cgroups_lookup_server_init(cgroups_lookup_server_t *server, const char *run_dir,
                                        const char *service, const nipc_server_config_t *config,
                                            int workers, cgroups_lookup_handler_fn handle,
                                                void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: cgroups_lookup_server_last_error says why and by whom
 */
nipc_error_t cgroups_lookup_server_run(cgroups_lookup_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void cgroups_lookup_server_stop(cgroups_lookup_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool cgroups_lookup_server_drain(cgroups_lookup_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t cgroups_lookup_server_last_error(cgroups_lookup_server_t *server, char *buf, size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void cgroups_lookup_server_destroy(cgroups_lookup_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the key on the wire. */
uint64_t cgroups_lookup_key_size(const cgroups_lookup_key_t *key);

/**
 * Writes the key to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t cgroups_lookup_key_encode(const cgroups_lookup_key_t *key, void *buf, size_t size,
                                       size_t *len);

/**
 * Reads and checks the key in len bytes, into which its texts point. What is in out after a failure
 * means nothing.
 */
nipc_error_t cgroups_lookup_key_decode(const void *ptr, size_t len, cgroups_lookup_key_t *out);

/** Bytes of the item on the wire. */
uint64_t cgroups_lookup_item_size(const cgroups_lookup_item_t *item);

/**
 * Writes the item to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t cgroups_lookup_item_encode(const cgroups_lookup_item_t *item, void *buf, size_t size,
                                        size_t *len);

/**
 * Reads and checks the item in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t cgroups_lookup_item_decode(const void *ptr, size_t len, cgroups_lookup_item_t *out);

/** The key that an item answers. */
cgroups_lookup_key_t cgroups_lookup_item_key(const cgroups_lookup_item_t *item);

/** Makes the item for key that holds only a status. */
void cgroups_lookup_item_bare(cgroups_lookup_item_t *item, const cgroups_lookup_key_t *key,
                              cgroups_lookup_cgroup_status_t status);

/** Whether both are the same key. */
bool cgroups_lookup_key_equal(const cgroups_lookup_key_t *a, const cgroups_lookup_key_t *b);

/** Writes a request for keys; NIPC_ERR_OVERFLOW where it needs more than size bytes. */
nipc_error_t cgroups_lookup_request_encode(const cgroups_lookup_key_t *keys, uint32_t count,
                                           void *buf, size_t size, size_t *len);

/** Reads and checks a request. What is in out after a failure means nothing. */
nipc_error_t cgroups_lookup_request_decode(const void *ptr, size_t len,
                                           cgroups_lookup_request_t *out);

/** Reads and checks a reply, every item included. What is in out after a failure means nothing. */
nipc_error_t cgroups_lookup_reply_decode(const void *ptr, size_t len, cgroups_lookup_reply_t *out);

/** Begins an answer to request of at most size bytes. */
void cgroups_lookup_builder_init(cgroups_lookup_builder_t *builder,
                                 const cgroups_lookup_request_t *request, void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t cgroups_lookup_builder_finish(cgroups_lookup_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t cgroups_lookup_answer(cgroups_lookup_handler_fn handle, void *user, const void *ptr,
                                   size_t ptr_len, void *buf, size_t size, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* CGROUPS_LOOKUP_H */
