/**
 * \file string_reverse.h
 * string-reverse: A text in, the same bytes backwards out. It exists to test.
 *
 *   request
 *     0          8
 *     text span  text NUL
 *   response
 *     0          8
 *     text span  text NUL
 *
 * Compile string_reverse.c into your program, and link it with libnetipc.
 * Made from string-reverse.toml by "netipc schema generate": change that file, not this one.
 */
#ifndef STRING_REVERSE_H
#define STRING_REVERSE_H

#include <netipc/netipc_made.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Number of the method on the wire. */
#define STRING_REVERSE_METHOD UINT16_C(0x0003)
/** Usual name of the endpoint. */
#define STRING_REVERSE_SERVICE "string-reverse"

/** The text. */
typedef struct string_reverse_request_t {
    /** Any bytes, NULs too. May hold NULs. */
    nipc_str_view_t text;
} string_reverse_request_t;

/** Makes it one in which nothing is set. */
void string_reverse_request_init(string_reverse_request_t *request);

/** The text backwards. */
typedef struct string_reverse_response_t {
    /** The bytes of the request, last one first. May hold NULs. */
    nipc_str_view_t text;
} string_reverse_response_t;

/** Makes it one in which nothing is set. */
void string_reverse_response_init(string_reverse_response_t *response);

/** Takes the response. */
typedef struct string_reverse_builder_t {
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
} string_reverse_builder_t;

/* ---- Client -------------------------------------------------------------------------------- */

/**
 * A client. One thread uses it at a time; it must not be copied or moved. What netipc_service.h has
 * for clients (abort, status, wait object, transport) takes its ctx.
 */
typedef struct string_reverse_client_t {
    nipc_client_ctx_t ctx;
} string_reverse_client_t;

/** Makes a client of run_dir/service.sock, which connects to nothing yet: nipc_client_init. */
void string_reverse_client_init(string_reverse_client_t *client, const char *run_dir,
                                const char *service, const nipc_client_config_t *config);

/** Connects where there is no session, at your own pace: nipc_client_refresh. */
bool string_reverse_client_refresh(string_reverse_client_t *client);

/** Whether calls can be made. */
bool string_reverse_client_ready(const string_reverse_client_t *client);

/**
 * Asks for the response to a request.
 *
 * \param out         the response, whose texts live in the client until the next call or close;
 *                    zeroed on failure
 * \param timeout_ms  milliseconds that all of it may take; 0 is the client's own timeout
 * \return NIPC_OK, or why there is no answer; string_reverse_client_last_error says more
 */
nipc_error_t string_reverse_client_call(string_reverse_client_t *client,
                                        const string_reverse_request_t *request,
                                            string_reverse_response_t *out, uint32_t timeout_ms);

/**
 * Asks for the responses to many requests in one message.
 *
 * \param requests  the requests
 * \param count     how many; 0 needs no input or output
 * \param out       room for count responses, which come in the order of the requests
 * \return NIPC_OK, or why there is no answer; one request that fails fails all
 */
nipc_error_t string_reverse_client_call_batch(string_reverse_client_t *client,
                                              const string_reverse_request_t *requests,
                                                  uint32_t count, string_reverse_response_t *out,
                                                      uint32_t timeout_ms);

/**
 * Takes the response to one of many requests. It must not use the client, and must return.
 *
 * \param user      what came with the function
 * \param index     which request it answers, from 0 on
 * \param response  the response, whose texts are valid until it returns
 */
typedef void (*string_reverse_response_fn)(void *user, uint32_t index,
                                           const string_reverse_response_t *response);

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
nipc_error_t string_reverse_client_call_pipelined(string_reverse_client_t *client,
                                                  const string_reverse_request_t *requests,
                                                      uint32_t count, uint32_t window,
                                                          string_reverse_response_fn each,
                                                              void *user, uint32_t timeout_ms);

/** Why the last call or refresh that failed did; works as snprintf does. */
size_t string_reverse_client_last_error(string_reverse_client_t *client, char *buf, size_t buf_len);

/** Ends the session and frees everything. May be repeated; the client can be refreshed again. */
void string_reverse_client_close(string_reverse_client_t *client);

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
typedef bool (*string_reverse_handler_fn)(void *user, const string_reverse_request_t *request,
                                          string_reverse_builder_t *builder);

/** Sets the response: it is written at once, so that its texts need not live on. */
nipc_error_t string_reverse_builder_set(string_reverse_builder_t *builder,
                                        const string_reverse_response_t *response);

/**
 * Tells in words what went wrong with the answer: which item, and which rule it breaks. Works as
 * snprintf does; the server logs the same.
 *
 * \return bytes of the whole text without its NUL; 0 where nothing went wrong
 */
size_t string_reverse_builder_last_error(const string_reverse_builder_t *builder, char *buf,
                                         size_t buf_len);

/**
 * A server. It lives where the caller wants, zeroed or not before it is initialised, and must not
 * be copied or moved afterwards. nipc_server_stats takes its server.
 */
typedef struct string_reverse_server_t {
    nipc_managed_server_t server;
    /** Private. */
    string_reverse_handler_fn handle;
    /** Private. */
    void *user;
} string_reverse_server_t;

/**
 * Makes a server at run_dir/service.sock; the rest is as for nipc_server_init_typed.
 *
 * \param workers  the most sessions at once, each with a thread of its own
 * \param handle   what answers requests
 * \param user     the first argument of handle; it must live until the server is destroyed
 */
nipc_error_t string_reverse_server_init(string_reverse_server_t *server, const char *run_dir,
                                        const char *service, const nipc_server_config_t *config,
                                            int workers, string_reverse_handler_fn handle,
                                                void *user);

/**
 * Serves until the server is stopped, drained or destroyed: nipc_server_serve.
 *
 * \return NIPC_OK then; an error where it cannot serve, as when another server took its endpoint
 *         away: string_reverse_server_last_error says why and by whom
 */
nipc_error_t string_reverse_server_run(string_reverse_server_t *server);

/** Ends everything, from any thread, and does not wait: nipc_server_stop. */
void string_reverse_server_stop(string_reverse_server_t *server);

/** Lets what is being answered finish, and stops: nipc_server_drain. */
bool string_reverse_server_drain(string_reverse_server_t *server, uint32_t timeout_ms);

/** Why the server could not be initialised or run; works as snprintf does. */
size_t string_reverse_server_last_error(string_reverse_server_t *server, char *buf, size_t buf_len);

/** Stops the server, waits for who uses it, and frees it: nipc_server_destroy. */
void string_reverse_server_destroy(string_reverse_server_t *server);

/* ---- Bytes, for those who move them themselves --------------------------------------------- */

/** Bytes of the request on the wire. */
uint64_t string_reverse_request_size(const string_reverse_request_t *request);

/**
 * Writes the request to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more
 * than size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t string_reverse_request_encode(const string_reverse_request_t *request, void *buf,
                                           size_t size, size_t *len);

/**
 * Reads and checks the request in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t string_reverse_request_decode(const void *ptr, size_t len,
                                           string_reverse_request_t *out);

/** Bytes of the response on the wire. */
uint64_t string_reverse_response_size(const string_reverse_response_t *response);

/**
 * Writes the response to buf, of which it takes len bytes: NIPC_ERR_OVERFLOW where it needs more
 * than size, NIPC_ERR_BAD_LAYOUT where it may not be sent.
 */
nipc_error_t string_reverse_response_encode(const string_reverse_response_t *response, void *buf,
                                            size_t size, size_t *len);

/**
 * Reads and checks the response in len bytes, into which its texts point. What is in out after a
 * failure means nothing.
 */
nipc_error_t string_reverse_response_decode(const void *ptr, size_t len,
                                            string_reverse_response_t *out);

/** Begins an answer of at most size bytes. */
void string_reverse_builder_init(string_reverse_builder_t *builder, void *buf, size_t size);

/** Ends an answer, of len bytes. */
nipc_error_t string_reverse_builder_finish(string_reverse_builder_t *builder, size_t *len);

/**
 * Answers the bytes of a request into a buffer, as a server does.
 *
 * \param len  bytes of the answer
 * \return NIPC_OK; NIPC_ERR_REJECTED for what is no request; what went wrong with the answer
 */
nipc_error_t string_reverse_answer(string_reverse_handler_fn handle, void *user, const void *ptr,
                                   size_t ptr_len, void *buf, size_t size, size_t *len);

#ifdef __cplusplus
}
#endif

#endif /* STRING_REVERSE_H */
