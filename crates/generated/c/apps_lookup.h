/**
 * \file apps_lookup.h
 * apps-lookup: Process ids in; process, user and cgroup of each out.
 *
 *   key
 *     0    4  8
 *     pid  0
 *   item
 *     0       2       4             6              8    12    16   20  24         32
 *     layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span
 *     
 *     40                48                56            58
 *     cgroup_path span  cgroup_name span  labels count  0
 *     
 *     60
 *     comm NUL cgroup_path NUL cgroup_name NUL gap to 8, spans of labels, key NUL value NUL ..
 *
 * Compile apps_lookup.c into your program, and link it with libnetipc.
 * Made from apps-lookup.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef APPS_LOOKUP_H
#define APPS_LOOKUP_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define APPS_LOOKUP_METHOD UINT16_C(0x0005)
/** Usual name of the endpoint. */
#define APPS_LOOKUP_SERVICE "apps-lookup"

/** Who runs a cgroup. Numbers without a name are kept. */
typedef uint16_t apps_lookup_orchestrator_t;

/** Not known. */
#define APPS_LOOKUP_ORCHESTRATOR_UNKNOWN UINT16_C(0)
/** A systemd unit or slice. */
#define APPS_LOOKUP_ORCHESTRATOR_SYSTEMD UINT16_C(1)
/** A Docker container. */
#define APPS_LOOKUP_ORCHESTRATOR_DOCKER UINT16_C(2)
/** A Kubernetes pod or container. */
#define APPS_LOOKUP_ORCHESTRATOR_K8S UINT16_C(3)
/** A virtual machine. */
#define APPS_LOOKUP_ORCHESTRATOR_KVM UINT16_C(4)
/** An LXC container. */
#define APPS_LOOKUP_ORCHESTRATOR_LXC UINT16_C(5)
/** A Podman container. */
#define APPS_LOOKUP_ORCHESTRATOR_PODMAN UINT16_C(6)
/** A systemd-nspawn container. */
#define APPS_LOOKUP_ORCHESTRATOR_NSPAWN UINT16_C(7)

/** The name of the value, such as "unknown"; NULL where it has none. */
const char *apps_lookup_orchestrator_name(apps_lookup_orchestrator_t value);

/** Whether a process is known, or why not. */
typedef uint16_t apps_lookup_pid_status_t;

/** The item holds data. */
#define APPS_LOOKUP_PID_STATUS_KNOWN UINT16_C(0)
/** There is no such process. */
#define APPS_LOOKUP_PID_STATUS_UNKNOWN UINT16_C(1)
/** There was no room: clients ask again by themselves, and callers never see it. */
#define APPS_LOOKUP_PID_STATUS_PAYLOAD_EXCEEDED UINT16_C(2)
/** No answer within the agreed limits can hold the item. */
#define APPS_LOOKUP_PID_STATUS_OVERSIZED_ITEM UINT16_C(3)

/** The name of the value, such as "known"; NULL where it has none. */
const char *apps_lookup_pid_status_name(apps_lookup_pid_status_t value);

/** Whether the cgroup of a known process is known, or why not. */
typedef uint16_t apps_lookup_apps_cgroup_status_t;

/** There is a path, and maybe a name and labels. */
#define APPS_LOOKUP_APPS_CGROUP_STATUS_KNOWN UINT16_C(0)
/** Not known yet: ask again later. There may be a path. */
#define APPS_LOOKUP_APPS_CGROUP_STATUS_UNKNOWN_RETRY_LATER UINT16_C(1)
/** Not known, and asking again is of no use. There is a path. */
#define APPS_LOOKUP_APPS_CGROUP_STATUS_UNKNOWN_PERMANENT UINT16_C(2)
/** The process is in no cgroup but the host's root. */
#define APPS_LOOKUP_APPS_CGROUP_STATUS_HOST_ROOT UINT16_C(3)

/** The name of the value, such as "known"; NULL where it has none. */
const char *apps_lookup_apps_cgroup_status_name(apps_lookup_apps_cgroup_status_t value);

/** Labels: a list to send, or those that came. */
typedef nipc_labels_t apps_lookup_labels_t;

/** Label index, from 0 on; false beyond the last. */
bool apps_lookup_label(const apps_lookup_labels_t *labels, uint32_t index,
                       nipc_lookup_label_view_t *out);

/** What is looked up. */
typedef struct apps_lookup_key_t {
    /** The process; 0 is a legal key. */
    uint32_t pid;
} apps_lookup_key_t;

/** What is known of one process. */
typedef struct apps_lookup_item_t {
    /** Whether the process is known, or why not. */
    apps_lookup_pid_status_t status;
    /** Who runs its cgroup. */
    apps_lookup_orchestrator_t orchestrator;
    /** Whether its cgroup is known, or why not. */
    apps_lookup_apps_cgroup_status_t cgroup_status;
    /** The process; 0 is a legal key. */
    uint32_t pid;
    /** Its parent. */
    uint32_t ppid;
    /** Its user. 4294967295 is not set. */
    uint32_t uid;
    /** Field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot. */
    uint64_t starttime;
    /** Its command. 1 to 15 bytes. */
    nipc_str_view_t comm;
    /** Path of its cgroup. */
    nipc_str_view_t cgroup_path;
    /** Name of its cgroup. */
    nipc_str_view_t cgroup_name;
    /** Labels of its cgroup. */
    apps_lookup_labels_t labels;
} apps_lookup_item_t;

/** The uid that is not set. */
#define APPS_LOOKUP_ITEM_UID_UNSET 4294967295u
/** Bytes that a comm has at least. */
#define APPS_LOOKUP_ITEM_COMM_MIN 1u
/** Bytes that a comm has at most. */
#define APPS_LOOKUP_ITEM_COMM_MAX 15u

/** Makes it one without data: nothing is set, and its status is "unknown". */
void apps_lookup_item_init(apps_lookup_item_t *item);

/** The keys of a request. */
typedef struct apps_lookup_request_t {
    /** How many. */
    uint32_t item_count;
    /** Private. */
    nipc_bytes_view_t payload;
} apps_lookup_request_t;

/** The items of a reply, in the order of the keys. */
typedef struct apps_lookup_reply_t {
    /** How many. */
    uint32_t item_count;
    /** Changes when the server's data do. */
    uint64_t generation;
    /** Private. */
    nipc_bytes_view_t payload;
} apps_lookup_reply_t;

/** Takes an item for each key of a request, in their order. */
typedef struct apps_lookup_builder_t {
    /** What went wrong first: it decides how the request ends. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private. */
    apps_lookup_request_t request;
    /** Private. */
    uint8_t *buf;
    /** Private. */
    uint64_t size, end, reserve, generation;
    /** Private. */
    bool full;
    /** Private. */
    const char *why;
} apps_lookup_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct apps_lookup_client_t {
    nipc_client_ctx_t ctx;
} apps_lookup_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void apps_lookup_client_init(apps_lookup_client_t *client, const char *run_dir, const char *service,
                             const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool apps_lookup_client_refresh(apps_lookup_client_t *client);

/** Whether calls can be made. */
bool apps_lookup_client_ready(const apps_lookup_client_t *client);

/**
 * Looks up any number of keys, in as many requests as the limits want.
 *
 * \param keys        the keys
 * \param count       how many; 0 asks for the generation of the data only
 * \param out         an item for each key, in their order. It lives in the client until the next
 *                    call or close; zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; apps_lookup_client_last_error says more
 */
nipc_error_t apps_lookup_client_lookup(apps_lookup_client_t *client, const apps_lookup_key_t *keys,
                                       uint32_t count, apps_lookup_reply_t *out,
                                           uint32_t timeout_ms);

/** Item index of a reply; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t apps_lookup_reply_item(const apps_lookup_reply_t *reply, uint32_t index,
                                    apps_lookup_item_t *out);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t apps_lookup_client_last_error(apps_lookup_client_t *client, char *buf, size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void apps_lookup_client_close(apps_lookup_client_t *client);

/* ---- Enricher ------------------------------------------------------------------------------ */

/**
 * What a provider says of the keys that you come across: they are asked in batches, and their
 * answers kept and looked up without input or output. One thread steps or runs it, any thread
 * looks keys up; it must not be copied or moved. What netipc_any.h has for enrichers
 * (nipc_enricher_step, _run, _read_lock, _stats, _abort, _close) takes its enricher.
 */
typedef struct apps_lookup_enricher_t {
    nipc_enricher_t enricher;
} apps_lookup_enricher_t;

/**
 * Makes an enricher of run_dir/service.sock, which connects to nothing yet.
 *
 * \param config   how to connect and call; NULL is a zeroed one
 * \param keeping  how much to keep; NULL is a zeroed one
 */
void apps_lookup_enricher_init(apps_lookup_enricher_t *enricher, const char *run_dir,
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
uint32_t apps_lookup_enricher_get(const apps_lookup_enricher_t *enricher,
                                  const nipc_enricher_guard_t *guard, const apps_lookup_key_t *key,
                                      uint64_t identity, apps_lookup_item_t *item,
                                          nipc_enricher_found_t *found);

/** Keeps what is answered for a key, and has it asked again when it is due, until it is unpinned
   as often. */
nipc_error_t apps_lookup_enricher_pin(const apps_lookup_enricher_t *enricher,
                                      const apps_lookup_key_t *key);

/** Takes back one pin of a key; NIPC_ERR_INVALID_ARGUMENT where there is none. */
nipc_error_t apps_lookup_enricher_unpin(const apps_lookup_enricher_t *enricher,
                                        const apps_lookup_key_t *key);

/**
 * Has those of the keys that have no item asked before all others, and waits until they are
 * answered, a round fails, or the time is over.
 *
 * \return how many of the keys have an item then
 */
uint32_t apps_lookup_enricher_refresh_now(const apps_lookup_enricher_t *enricher,
                                          const apps_lookup_key_t *keys, uint32_t count,
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
typedef bool (*apps_lookup_handler_fn)(void *user, const apps_lookup_request_t *request,
                                       apps_lookup_builder_t *builder);

/** Key index of a request; NIPC_ERR_OUT_OF_BOUNDS beyond the last. */
nipc_error_t apps_lookup_request_key(const apps_lookup_request_t *request, uint32_t index,
                                     apps_lookup_key_t *out);

/** Says which generation of the data the answer is of; 0 unless it is said. */
void apps_lookup_builder_set_generation(apps_lookup_builder_t *builder, uint64_t generation);

/**
 * Adds the item of the next key, whose status has to go with its fields: one with data is known.
 * Where the answer is full, the client asks for the rest again by itself; the first error is kept
 * and decides how the request ends.
 */
nipc_error_t apps_lookup_builder_add(apps_lookup_builder_t *builder,
                                     const apps_lookup_item_t *item);

/** Adds an item without data for the next key. */
nipc_error_t apps_lookup_builder_add_status(apps_lookup_builder_t *builder,
                                            apps_lookup_pid_status_t status);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t apps_lookup_builder_last_error(const apps_lookup_builder_t *builder, char *buf,
                                      size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct apps_lookup_server_t {
    nipc_managed_server_t server;
    /** Private. */
    apps_lookup_handler_fn handle;
    /** Private. */
    void *user;
} apps_lookup_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t apps_lookup_server_init(apps_lookup_server_t *server, const char *run_dir,
                                     const char *service, const nipc_server_config_t *config,
                                         int workers, apps_lookup_handler_fn handle, void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: apps_lookup_server_last_error says why and by whom
 */
nipc_error_t apps_lookup_server_run(apps_lookup_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void apps_lookup_server_stop(apps_lookup_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool apps_lookup_server_drain(apps_lookup_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t apps_lookup_server_last_error(apps_lookup_server_t *server, char *buf, size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void apps_lookup_server_destroy(apps_lookup_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the key on the wire. */
uint64_t apps_lookup_key_size(const apps_lookup_key_t *key);

/**
 * Writes the key to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t apps_lookup_key_encode(const apps_lookup_key_t *key, void *buf, size_t size,
                                    size_t *len);

/**
 * Reads and checks the key in len bytes, into which its texts point. What is in out after a failure
 * means nothing.
 */
nipc_error_t apps_lookup_key_decode(const void *ptr, size_t len, apps_lookup_key_t *out);

/** Bytes of the item on the wire. */
uint64_t apps_lookup_item_size(const apps_lookup_item_t *item);

/**
 * Writes the item to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more than
 * size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t apps_lookup_item_encode(const apps_lookup_item_t *item, void *buf, size_t size,
                                     size_t *len);

/**
 * Reads and checks the item in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t apps_lookup_item_decode(const void *ptr, size_t len, apps_lookup_item_t *out);

/** The key that an item answers. */
apps_lookup_key_t apps_lookup_item_key(const apps_lookup_item_t *item);

/** Makes the item for key that holds only a status. */
void apps_lookup_item_bare(apps_lookup_item_t *item, const apps_lookup_key_t *key,
                           apps_lookup_pid_status_t status);

/** Whether both are the same key. */
bool apps_lookup_key_equal(const apps_lookup_key_t *a, const apps_lookup_key_t *b);

/** Writes a request for keys; NIPC_ERR_OVERFLOW where it needs more than size bytes. */
nipc_error_t apps_lookup_request_encode(const apps_lookup_key_t *keys, uint32_t count, void *buf,
                                        size_t size, size_t *len);

/** Reads and checks a request. What is in out after a failure means nothing. */
nipc_error_t apps_lookup_request_decode(const void *ptr, size_t len, apps_lookup_request_t *out);

/** Reads and checks a reply, every item included. What is in out after a failure means nothing. */
nipc_error_t apps_lookup_reply_decode(const void *ptr, size_t len, apps_lookup_reply_t *out);

/** Begins an answer to request of at most size bytes. */
void apps_lookup_builder_init(apps_lookup_builder_t *builder, const apps_lookup_request_t *request,
                              void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t apps_lookup_builder_finish(apps_lookup_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t apps_lookup_answer(apps_lookup_handler_fn handle, void *user, const void *ptr,
                                size_t ptr_len, void *buf, size_t size, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* APPS_LOOKUP_H */
