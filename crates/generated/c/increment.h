/**
 * \file increment.h
 * increment: A number in, the next one out. It exists to test and to measure.
 *
 *   request
 *     0      8
 *     value
 *   response
 *     0      8
 *     value
 *
 * Compile increment.c into your program, and link it with libnetipc.
 * Made from increment.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef INCREMENT_H
#define INCREMENT_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define INCREMENT_METHOD UINT16_C(0x0001)
/** Usual name of the endpoint. */
#define INCREMENT_SERVICE "increment"

/** The number. */
typedef struct increment_request_t {
    /** Any number. */
    uint64_t value;
} increment_request_t;

/** Makes it one in which nothing is set. */
void increment_request_init(increment_request_t *request);

/** The next number. */
typedef struct increment_response_t {
    /** The number plus one; 0 after the largest. */
    uint64_t value;
} increment_response_t;

/** Makes it one in which nothing is set. */
void increment_response_init(increment_response_t *response);

/** Takes the response. */
typedef struct increment_builder_t {
    /** What went wrong: it decides how the request ends. */
    nipc_error_t error;
    /** Private. */
    uint8_t *buf;
    /** Private. */
    size_t size, len;
    /** Private. */
    bool is_set;
    /** Private. */
    const char *why;
} increment_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct increment_client_t {
    nipc_client_ctx_t ctx;
} increment_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void increment_client_init(increment_client_t *client, const char *run_dir, const char *service,
                           const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool increment_client_refresh(increment_client_t *client);

/** Whether calls can be made. */
bool increment_client_ready(const increment_client_t *client);

/**
 * Asks for the response to a request.
 *
 * \param out         the response, whose texts live in the client until the next call or close;
 *                    zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; increment_client_last_error says more
 */
nipc_error_t increment_client_call(increment_client_t *client, const increment_request_t *request,
                                   increment_response_t *out, uint32_t timeout_ms);

/**
 * Asks for the responses to many requests in one message.
 *
 * \param requests  the requests
 * \param count     how many; 0 needs no input or output
 * \param out       room for count responses, which come in the order of the requests
 * \return NIPC_OK, or why there is no answer; one request that fails fails all
 */
nipc_error_t increment_client_call_batch(increment_client_t *client,
                                         const increment_request_t *requests, uint32_t count,
                                             increment_response_t *out, uint32_t timeout_ms);

/**
 * Takes the response to one of many requests. It must not use the client, and must return.
 *
 * \param user      what came with the function
 * \param index     which request it answers, from 0 on
 * \param response  the response, whose texts are valid until it returns
 */
typedef void (*increment_response_fn)(void *user, uint32_t index,
                                      const increment_response_t *response);

/**
 * Asks for the responses to many requests, each in a message of its own, with several under way:
 * nipc_client_call_any_pipelined.
 *
 * \param requests  the requests
 * \param count     how many; 0 needs no input or output
 * \param window    how many may be under way; 0 is 1
 * \param each      takes the responses, each once, in the order in which they come
 * \param user      the first argument of each
 * \return NIPC_OK where each has taken all responses; otherwise it may have taken some
 */
nipc_error_t increment_client_call_pipelined(increment_client_t *client,
                                             const increment_request_t *requests, uint32_t count,
                                                 uint32_t window, increment_response_fn each,
                                                     void *user, uint32_t timeout_ms);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t increment_client_last_error(increment_client_t *client, char *buf, size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void increment_client_close(increment_client_t *client);

/* ---- Server -------------------------------------------------------------------------------- */

/**
 * Answers a request. Sessions call it in several threads at once: copy what you need under your
 * lock, and build the answer after it.
 *
 * \param user     what the server was made with
 * \param request  what is asked
 * \param builder  takes the response
 * \return whether the response is in the builder. After false the client is told that the handler
 *         failed, or what builder->error says where it is set: NIPC_ERR_UNSUPPORTED,
 * NIPC_ERR_REJECTED
 */
typedef bool (*increment_handler_fn)(void *user, const increment_request_t *request,
                                     increment_builder_t *builder);

/** Sets the response: it is written at once, so that its texts need not live on. */
nipc_error_t increment_builder_set(increment_builder_t *builder,
                                   const increment_response_t *response);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t increment_builder_last_error(const increment_builder_t *builder, char *buf, size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct increment_server_t {
    nipc_managed_server_t server;
    /** Private. */
    increment_handler_fn handle;
    /** Private. */
    void *user;
} increment_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t increment_server_init(increment_server_t *server, const char *run_dir,
                                   const char *service, const nipc_server_config_t *config,
                                       int workers, increment_handler_fn handle, void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: increment_server_last_error says why and by whom
 */
nipc_error_t increment_server_run(increment_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void increment_server_stop(increment_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool increment_server_drain(increment_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t increment_server_last_error(increment_server_t *server, char *buf, size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void increment_server_destroy(increment_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the request on the wire. */
uint64_t increment_request_size(const increment_request_t *request);

/**
 * Writes the request to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more
 * than size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t increment_request_encode(const increment_request_t *request, void *buf, size_t size,
                                      size_t *len);

/**
 * Reads and checks the request in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t increment_request_decode(const void *ptr, size_t len, increment_request_t *out);

/** Bytes of the response on the wire. */
uint64_t increment_response_size(const increment_response_t *response);

/**
 * Writes the response to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more
 * than size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t increment_response_encode(const increment_response_t *response, void *buf, size_t size,
                                       size_t *len);

/**
 * Reads and checks the response in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t increment_response_decode(const void *ptr, size_t len, increment_response_t *out);

/** Begins an answer of at most size bytes. */
void increment_builder_init(increment_builder_t *builder, void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t increment_builder_finish(increment_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t increment_answer(increment_handler_fn handle, void *user, const void *ptr,
                              size_t ptr_len, void *buf, size_t size, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* INCREMENT_H */
