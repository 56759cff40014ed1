/* increment.h says what this is.
 * Made from increment.toml by "netipc schema generate": change that file, not this one. */
#include "increment.h"

#include <stdlib.h>
#include <string.h>

void increment_request_init(increment_request_t *request) {
    if (request == NULL) {
        return;
    }
    memset(request, 0, sizeof(*request));
}

uint64_t increment_request_size(const increment_request_t *request) {
    if (request == NULL) {
        return 0;
    }
    (void)request;
    return 8;
}

nipc_error_t increment_request_encode(const increment_request_t *request, void *buf, size_t size,
                                      size_t *len) {
    if (request == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = increment_request_size(request);
    uint8_t *out = (uint8_t *)buf;
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 8);
    nipc_made_put_u64(out, request->value);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t increment_request_decode(const void *ptr, size_t len, increment_request_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len < 8) {
        return NIPC_ERR_TRUNCATED;
    }
    out->value = nipc_made_get_u64(bytes);
    return NIPC_OK;
}

void increment_response_init(increment_response_t *response) {
    if (response == NULL) {
        return;
    }
    memset(response, 0, sizeof(*response));
}

uint64_t increment_response_size(const increment_response_t *response) {
    if (response == NULL) {
        return 0;
    }
    (void)response;
    return 8;
}

nipc_error_t increment_response_encode(const increment_response_t *response, void *buf, size_t size,
                                       size_t *len) {
    if (response == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = increment_response_size(response);
    uint8_t *out = (uint8_t *)buf;
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 8);
    nipc_made_put_u64(out, response->value);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t increment_response_decode(const void *ptr, size_t len, increment_response_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len < 8) {
        return NIPC_ERR_TRUNCATED;
    }
    out->value = nipc_made_get_u64(bytes);
    return NIPC_OK;
}

static const char *why_response(const increment_response_t *response) {
    (void)response;
    return "it may not be sent";
}

void increment_builder_init(increment_builder_t *builder, void *buf, size_t size) {
    if (builder == NULL) {
        return;
    }
    memset(builder, 0, sizeof(*builder));
    if (buf == NULL && size > 0) {
        builder->error = NIPC_ERR_INVALID_ARGUMENT;
        return;
    }
    builder->buf = (uint8_t *)buf;
    builder->size = size;
}

nipc_error_t increment_builder_set(increment_builder_t *builder,
                                   const increment_response_t *response) {
    if (builder == NULL || response == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK) {
        builder->error = increment_response_encode(response, builder->buf, builder->size,
                                                   &builder->len);
        builder->is_set = builder->error == NIPC_OK;
        if (builder->error == NIPC_ERR_BAD_LAYOUT) {
            builder->why = why_response(response);
        }
    }
    return builder->error;
}

size_t increment_builder_last_error(const increment_builder_t *builder, char *buf, size_t buf_len) {
    if (builder == NULL) {
        return nipc_made_tell(NIPC_ERR_INVALID_ARGUMENT, NULL, -1, buf, buf_len);
    }
    return nipc_made_tell(builder->error, builder->why, -1, buf, buf_len);
}

nipc_error_t increment_builder_finish(increment_builder_t *builder, size_t *len) {
    if (builder == NULL || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK && !builder->is_set) {
        builder->error = NIPC_ERR_BAD_ITEM_COUNT;
    }
    *len = builder->error == NIPC_OK ? builder->len : 0;
    return builder->error;
}

static nipc_error_t check_response_bytes(void *user, const void *ptr, size_t len) {
    increment_response_t response;
    (void)user;
    return increment_response_decode(ptr, len, &response);
}

nipc_error_t increment_client_call(increment_client_t *client, const increment_request_t *request,
                                   increment_response_t *out, uint32_t timeout_ms) {
    const uint64_t size = increment_request_size(request);
    nipc_bytes_view_t reply;
    size_t len = 0;
    if (out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    memset(out, 0, sizeof(*out));
    if (client == NULL || request == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    uint8_t *bytes = size > UINT32_MAX ? NULL : (uint8_t *)malloc((size_t)size);
    if (bytes == NULL) {
        return NIPC_ERR_OVERFLOW;
    }
    nipc_error_t error = increment_request_encode(request, bytes, (size_t)size, &len);
    if (error != NIPC_OK) {
        error = NIPC_ERR_INVALID_ARGUMENT;
    } else {
        error = nipc_client_call_any(&client->ctx, INCREMENT_METHOD, bytes, len,
                                     check_response_bytes, NULL, &reply, timeout_ms);
    }
    free(bytes);
    if (error == NIPC_OK) {
        error = increment_response_decode(reply.ptr, reply.len, out);
    }
    return error;
}

/* Writes the requests behind views of them, and room for as many more views; NULL where that
   fails. */
static nipc_bytes_view_t *encode_requests(const increment_request_t *requests, uint32_t count,
                                          nipc_error_t *error) {
    uint64_t size = (uint64_t)count * 2 * sizeof(nipc_bytes_view_t) + 1;
    for (uint32_t i = 0; i < count; i++) {
        size += increment_request_size(&requests[i]);
    }
    nipc_bytes_view_t *views = size > SIZE_MAX ? NULL
        : (nipc_bytes_view_t *)calloc(1, (size_t)size);
    if (views == NULL) {
        *error = NIPC_ERR_OVERFLOW;
        return NULL;
    }
    uint8_t *end = (uint8_t *)(views + 2 * (size_t)count);
    for (uint32_t i = 0; i < count; i++) {
        const size_t room = (size_t)increment_request_size(&requests[i]);
        views[i].ptr = end;
        if (increment_request_encode(&requests[i], end, room, &views[i].len) != NIPC_OK) {
            *error = NIPC_ERR_INVALID_ARGUMENT;
            free(views);
            return NULL;
        }
        end += views[i].len;
    }
    return views;
}

nipc_error_t increment_client_call_batch(increment_client_t *client,
                                         const increment_request_t *requests, uint32_t count,
                                             increment_response_t *out, uint32_t timeout_ms) {
    nipc_error_t error = NIPC_OK;
    if (client == NULL || ((requests == NULL || out == NULL) && count > 0)) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < count; i++) {
        memset(&out[i], 0, sizeof(out[i]));
    }
    nipc_bytes_view_t *views = encode_requests(requests, count, &error);
    if (views == NULL) {
        return error;
    }
    nipc_bytes_view_t *replies = views + count;
    error = nipc_client_call_any_batch(&client->ctx, INCREMENT_METHOD, views, count, replies,
                                       timeout_ms);
    for (uint32_t i = 0; i < count && error == NIPC_OK; i++) {
        error = increment_response_decode(replies[i].ptr, replies[i].len, &out[i]);
    }
    free(views);
    return error;
}

/* Who takes the responses of a pipeline. */
typedef struct receiver_t {
    increment_response_fn each;
    void *user;
} receiver_t;

static nipc_error_t receive(void *user, uint32_t index, nipc_bytes_view_t reply) {
    const receiver_t *receiver = (const receiver_t *)user;
    increment_response_t response;
    const nipc_error_t error = increment_response_decode(reply.ptr, reply.len, &response);
    if (error == NIPC_OK) {
        receiver->each(receiver->user, index, &response);
    }
    return error;
}

nipc_error_t increment_client_call_pipelined(increment_client_t *client,
                                             const increment_request_t *requests, uint32_t count,
                                                 uint32_t window, increment_response_fn each,
                                                     void *user, uint32_t timeout_ms) {
    nipc_error_t error = NIPC_OK;
    receiver_t receiver = {each, user};
    if (client == NULL || each == NULL || (requests == NULL && count > 0)) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    nipc_bytes_view_t *views = encode_requests(requests, count, &error);
    if (views != NULL) {
        error = nipc_client_call_any_pipelined(&client->ctx, INCREMENT_METHOD, views, count, window,
                                               receive, &receiver, timeout_ms);
        free(views);
    }
    return error;
}

void increment_client_init(increment_client_t *client, const char *run_dir, const char *service,
                           const nipc_client_config_t *config) {
    if (client == NULL) {
        return;
    }
    nipc_client_init(&client->ctx, run_dir, service, config);
}

bool increment_client_refresh(increment_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_refresh(&client->ctx);
}

bool increment_client_ready(const increment_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_ready(&client->ctx);
}

size_t increment_client_last_error(increment_client_t *client, char *buf, size_t buf_len) {
    return nipc_client_last_error((nipc_client_ctx_t *)client, buf, buf_len);
}

void increment_client_close(increment_client_t *client) {
    if (client == NULL) {
        return;
    }
    nipc_client_close(&client->ctx);
}

static nipc_error_t answer_with(increment_builder_t *builder, increment_handler_fn handle,
                                void *user, const void *ptr, size_t ptr_len, void *buf, size_t size,
                                    size_t *len) {
    increment_request_t request;
    if (increment_request_decode(ptr, ptr_len, &request) != NIPC_OK) {
        return NIPC_ERR_REJECTED;
    }
    increment_builder_init(builder, buf, size);
    if (builder->error == NIPC_OK) {
        const bool answered = handle != NULL && handle(user, &request, builder);
        /* An answer that did not fit says so, whatever the handler made of it. */
        if (!answered && builder->error == NIPC_OK) {
            return NIPC_ERR_HANDLER_FAILED;
        }
    }
    return increment_builder_finish(builder, len);
}

nipc_error_t increment_answer(increment_handler_fn handle, void *user, const void *ptr,
                              size_t ptr_len, void *buf, size_t size, size_t *len) {
    if ((ptr == NULL && ptr_len > 0) || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    increment_builder_t builder;
    return answer_with(&builder, handle, user, ptr, ptr_len, buf, size, len);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    const increment_server_t *server = (const increment_server_t *)user;
    increment_builder_t builder;
    (void)method;
    const nipc_error_t error = answer_with(&builder, server->handle, server->user, request.ptr,
                                           request.len, response->buf, response->size,
                                               &response->len);
    if (error == NIPC_ERR_BAD_LAYOUT && builder.why != NULL) {
        increment_builder_last_error(&builder, response->why, sizeof(response->why));
    }
    return error;
}

nipc_error_t increment_server_init(increment_server_t *server, const char *run_dir,
                                   const char *service, const nipc_server_config_t *config,
                                       int workers, increment_handler_fn handle, void *user) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const nipc_any_service_handler_t handler = {answer, INCREMENT_METHOD, true, server};
    server->handle = handle;
    server->user = user;
    return nipc_server_init_any(&server->server, run_dir, service, config, workers, &handler);
}

nipc_error_t increment_server_run(increment_server_t *server) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    return nipc_server_serve(&server->server);
}

void increment_server_stop(increment_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_stop(&server->server);
}

bool increment_server_drain(increment_server_t *server, uint32_t timeout_ms) {
    if (server == NULL) {
        return false;
    }
    return nipc_server_drain(&server->server, timeout_ms);
}

size_t increment_server_last_error(increment_server_t *server, char *buf, size_t buf_len) {
    return nipc_server_last_error((nipc_managed_server_t *)server, buf, buf_len);
}

void increment_server_destroy(increment_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_destroy(&server->server);
}
