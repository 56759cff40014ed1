/* cgroups_snapshot.h says what this is.
 * Made from cgroups-snapshot.toml by "netipc schema generate": change that file, not this one. */
#include "cgroups_snapshot.h"

#include <stdlib.h>
#include <string.h>

void cgroups_snapshot_item_init(cgroups_snapshot_item_t *item) {
    if (item == NULL) {
        return;
    }
    memset(item, 0, sizeof(*item));
}

uint64_t cgroups_snapshot_item_size(const cgroups_snapshot_item_t *item) {
    if (item == NULL) {
        return 0;
    }
    return 32 + (uint64_t)item->name.len + 1 + (uint64_t)item->path.len + 1;
}

nipc_error_t cgroups_snapshot_item_encode(const cgroups_snapshot_item_t *item, void *buf,
                                          size_t size, size_t *len) {
    if (item == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = cgroups_snapshot_item_size(item);
    uint8_t *out = (uint8_t *)buf;
    if (nipc_made_has_nul(item->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (nipc_made_has_nul(item->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 32);
    nipc_made_put_u16(out, 1);
    nipc_made_put_u32(out + 4, item->hash);
    nipc_made_put_u32(out + 8, item->options);
    nipc_made_put_u32(out + 12, item->enabled);
    size_t end = 32;
    end = nipc_made_put_text(out, 16, end, item->name);
    nipc_made_put_text(out, 24, end, item->path);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t cgroups_snapshot_item_decode(const void *ptr, size_t len,
                                          cgroups_snapshot_item_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    nipc_error_t error;
    if (len < 32) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!nipc_made_is_zero(bytes + 2, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->hash = nipc_made_get_u32(bytes + 4);
    out->options = nipc_made_get_u32(bytes + 8);
    out->enabled = nipc_made_get_u32(bytes + 12);
    error = nipc_made_get_text(bytes, len, 16, 32, &out->name);
    if (error != NIPC_OK) {
        return error;
    }
    error = nipc_made_get_text(bytes, len, 24, 32, &out->path);
    if (error != NIPC_OK) {
        return error;
    }
    if (!nipc_made_are_apart(out->path, out->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

static const char *why_item(const cgroups_snapshot_item_t *item) {
    if (nipc_made_has_nul(item->name)) {
        return "name: a NUL inside, or its bytes are NULL";
    }
    if (nipc_made_has_nul(item->path)) {
        return "path: a NUL inside, or its bytes are NULL";
    }
    return "it may not be sent";
}

static nipc_error_t read_header(const uint8_t *bytes, size_t len, cgroups_snapshot_header_t *out) {
    if (len < 24) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!nipc_made_is_zero(bytes + 2, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->systemd_enabled = nipc_made_get_u32(bytes + 8);
    if (!nipc_made_is_zero(bytes + 12, 4)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->generation = nipc_made_get_u64(bytes + 16);
    return NIPC_OK;
}

static nipc_error_t write_header(uint8_t *out, const cgroups_snapshot_header_t *header) {
    memset(out, 0, 24);
    nipc_made_put_u16(out, 1);
    nipc_made_put_u32(out + 8, header->systemd_enabled);
    nipc_made_put_u64(out + 16, header->generation);
    return NIPC_OK;
}

nipc_error_t cgroups_snapshot_request_check(const void *ptr, size_t len) {
    if ((ptr == NULL && len > 0)) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len < 4) {
        return NIPC_ERR_TRUNCATED;
    }
    return nipc_made_get_u16(bytes) == 1 && nipc_made_is_zero(bytes + 2, 2) ? NIPC_OK
        : NIPC_ERR_BAD_LAYOUT;
}

nipc_error_t cgroups_snapshot_reply_decode(const void *ptr, size_t len,
                                           cgroups_snapshot_reply_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    nipc_error_t error = read_header(bytes, len, &out->header);
    if (error != NIPC_OK) {
        return error;
    }
    out->item_count = nipc_made_get_u32(bytes + 4);
    out->payload.ptr = ptr;
    out->payload.len = len;
    if (out->item_count > (len - 24) / 8) {
        return NIPC_ERR_TRUNCATED;
    }
    for (uint32_t i = 0; i < out->item_count && error == NIPC_OK; i++) {
        error = nipc_made_check_any_entry(bytes, len, 24, out->item_count, i, 32);
    }
    return error;
}

nipc_error_t cgroups_snapshot_reply_item(const cgroups_snapshot_reply_t *reply, uint32_t index,
                                         cgroups_snapshot_item_t *out) {
    if (reply == NULL || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (index >= reply->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)reply->payload.ptr;
    const nipc_bytes_view_t item = nipc_made_list_item(bytes, 24, reply->item_count, index);
    return cgroups_snapshot_item_decode(item.ptr, item.len, out);
}

void cgroups_snapshot_builder_init(cgroups_snapshot_builder_t *builder, void *buf, size_t size) {
    if (builder == NULL) {
        return;
    }
    memset(builder, 0, sizeof(*builder));
    if (buf == NULL && size > 0) {
        builder->error = NIPC_ERR_INVALID_ARGUMENT;
        return;
    }
    builder->buf = (uint8_t *)buf;
    builder->size = size < UINT32_MAX ? size : UINT32_MAX;
    builder->error = builder->size < 24 ? NIPC_ERR_OVERFLOW : NIPC_OK;
}

void cgroups_snapshot_builder_set_header(cgroups_snapshot_builder_t *builder,
                                         const cgroups_snapshot_header_t *header) {
    if (builder == NULL || header == NULL) {
        return;
    }
    builder->header = *header;
}

/* Moves the items, so that the directory in front of them has room for so many entries. */
static void make_room(cgroups_snapshot_builder_t *builder, uint64_t room) {
    uint8_t *directory = builder->buf + 24;
    if (builder->used > 0) {
        memmove(directory + 8 * room, directory + 8 * builder->room, (size_t)builder->used);
    }
    builder->room = room;
}

static nipc_error_t add_item(cgroups_snapshot_builder_t *builder,
                             const cgroups_snapshot_item_t *item) {
    const uint64_t start = nipc_made_align8(builder->used), size = cgroups_snapshot_item_size(item);
    const uint64_t count = builder->item_count, taken = 24 + start + size;
    /* Entries that the directory may have beside all items. */
    const uint64_t most = taken < builder->size ? (builder->size - taken) / 8 : 0;
    size_t len = 0;
    if (most <= count) {
        return NIPC_ERR_OVERFLOW;
    }
    if (builder->room <= count || builder->room > most) {
        make_room(builder, 2 * count + 8 < most ? 2 * count + 8 : most);
    }
    uint8_t *area = builder->buf + 24 + 8 * builder->room;
    const nipc_error_t error = cgroups_snapshot_item_encode(item, area + start, (size_t)size, &len);
    if (error == NIPC_OK) {
        uint8_t *entry = builder->buf + 24 + 8 * count;
        memset(area + builder->used, 0, (size_t)(start - builder->used));
        nipc_made_put_u32(entry, (uint32_t)start);
        nipc_made_put_u32(entry + 4, (uint32_t)len);
        builder->used = start + len;
        builder->item_count++;
    }
    return error;
}

nipc_error_t cgroups_snapshot_builder_add(cgroups_snapshot_builder_t *builder,
                                          const cgroups_snapshot_item_t *item) {
    if (builder == NULL || item == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK) {
        builder->error = add_item(builder, item);
        if (builder->error == NIPC_ERR_BAD_LAYOUT && builder->why == NULL) {
            builder->why = why_item(item);
        }
    }
    return builder->error;
}

size_t cgroups_snapshot_builder_last_error(const cgroups_snapshot_builder_t *builder, char *buf,
                                           size_t buf_len) {
    if (builder == NULL) {
        return nipc_made_tell(NIPC_ERR_INVALID_ARGUMENT, NULL, -1, buf, buf_len);
    }
    return nipc_made_tell(builder->error, builder->why, builder->item_count, buf, buf_len);
}

nipc_error_t cgroups_snapshot_builder_finish(cgroups_snapshot_builder_t *builder, size_t *len) {
    if (builder == NULL || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK && builder->buf == NULL) {
        builder->error = NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK) {
        builder->error = write_header(builder->buf, &builder->header);
    }
    if (builder->error == NIPC_OK) {
        make_room(builder, builder->item_count);
        nipc_made_put_u32(builder->buf + 4, builder->item_count);
        *len = (size_t)(24 + 8 * builder->room + builder->used);
    }
    return builder->error;
}

static nipc_error_t check_reply(void *user, const void *ptr, size_t len) {
    cgroups_snapshot_reply_t reply;
    (void)user;
    return cgroups_snapshot_reply_decode(ptr, len, &reply);
}

nipc_error_t cgroups_snapshot_client_call(cgroups_snapshot_client_t *client,
                                          cgroups_snapshot_reply_t *out, uint32_t timeout_ms) {
    uint8_t request[4] = {0};
    nipc_bytes_view_t reply;
    if (out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    memset(out, 0, sizeof(*out));
    if (client == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    nipc_made_put_u16(request, 1);
    nipc_error_t error = nipc_client_call_any(&client->ctx, CGROUPS_SNAPSHOT_METHOD, request,
                                              sizeof(request), check_reply, NULL, &reply,
                                                  timeout_ms);
    if (error == NIPC_OK) {
        error = cgroups_snapshot_reply_decode(reply.ptr, reply.len, out);
    }
    return error;
}

static nipc_error_t check_cached_item(void *user, const void *ptr, size_t len) {
    cgroups_snapshot_item_t item;
    (void)user;
    return cgroups_snapshot_item_decode(ptr, len, &item);
}

/* The parts of the key of an item that was checked. */
static void key_of_item(void *user, nipc_bytes_view_t item, nipc_bytes_view_t *parts) {
    const uint8_t *bytes = (const uint8_t *)item.ptr;
    (void)user;
    parts[0].ptr = bytes + 4;
    parts[0].len = 4;
    parts[1].ptr = bytes + nipc_made_get_u32(bytes + 16);
    parts[1].len = nipc_made_get_u32(bytes + 20);
}

void cgroups_snapshot_cache_init(cgroups_snapshot_cache_t *cache, const char *run_dir,
                                 const char *service, const nipc_client_config_t *config) {
    if (cache == NULL) {
        return;
    }
    uint8_t request[4] = {0};
    nipc_any_cached_t cached;
    nipc_made_put_u16(request, 1);
    memset(&cached, 0, sizeof(cached));
    cached.method = CGROUPS_SNAPSHOT_METHOD;
    cached.key_parts = 2;
    cached.request.ptr = request;
    cached.request.len = sizeof(request);
    cached.header_len = 24;
    cached.check = check_reply;
    cached.check_item = check_cached_item;
    cached.key = key_of_item;
    (void)nipc_any_cache_init(&cache->cache, run_dir, service, config, &cached);
}

bool cgroups_snapshot_cache_refresh(cgroups_snapshot_cache_t *cache) {
    if (cache == NULL) {
        return false;
    }
    return nipc_any_cache_refresh(&cache->cache);
}

bool cgroups_snapshot_cache_ready(const cgroups_snapshot_cache_t *cache) {
    if (cache == NULL) {
        return false;
    }
    return nipc_any_cache_ready(&cache->cache);
}

void cgroups_snapshot_cache_status(cgroups_snapshot_cache_t *cache, nipc_any_cache_status_t *out) {
    if (cache == NULL || out == NULL) {
        return;
    }
    nipc_any_cache_status(&cache->cache, out);
}

size_t cgroups_snapshot_cache_last_error(cgroups_snapshot_cache_t *cache, char *buf,
                                         size_t buf_len) {
    return nipc_any_cache_last_error((nipc_any_cache_t *)cache, buf, buf_len);
}

void cgroups_snapshot_cache_close(cgroups_snapshot_cache_t *cache) {
    if (cache == NULL) {
        return;
    }
    nipc_any_cache_close(&cache->cache);
}

bool cgroups_snapshot_cache_read_lock(cgroups_snapshot_cache_t *cache,
                                      cgroups_snapshot_guard_t *guard) {
    if (cache == NULL || guard == NULL) {
        return false;
    }
    nipc_bytes_view_t reply;
    memset(guard, 0, sizeof(*guard));
    if (!nipc_any_cache_read_lock(&cache->cache, &guard->guard)) {
        return false;
    }
    if (nipc_any_cache_reply(&guard->guard, &reply) == NIPC_OK) {
        /* It was checked when it came. */
        const uint8_t *bytes = (const uint8_t *)reply.ptr;
        (void)read_header(bytes, reply.len, &guard->reply.header);
        guard->reply.item_count = nipc_made_get_u32(bytes + 4);
        guard->reply.payload = reply;
    }
    return true;
}

bool cgroups_snapshot_cache_get(const cgroups_snapshot_guard_t *guard,
                                const cgroups_snapshot_key_t *key, cgroups_snapshot_item_t *out) {
    if (guard == NULL || key == NULL || out == NULL) {
        return false;
    }
    nipc_bytes_view_t parts[2], item;
    uint8_t part_0[4] = {0};
    nipc_made_put_u32(part_0, key->hash);
    parts[0].ptr = part_0;
    parts[0].len = sizeof(part_0);
    parts[1].ptr = key->name.ptr;
    parts[1].len = key->name.len;
    return nipc_any_cache_find(&guard->guard, parts, 2, &item) &&
        cgroups_snapshot_item_decode(item.ptr, item.len, out) == NIPC_OK;
}

void cgroups_snapshot_cache_read_unlock(cgroups_snapshot_guard_t *guard) {
    if (guard == NULL) {
        return;
    }
    nipc_any_cache_read_unlock(&guard->guard);
}

void cgroups_snapshot_client_init(cgroups_snapshot_client_t *client, const char *run_dir,
                                  const char *service, const nipc_client_config_t *config) {
    if (client == NULL) {
        return;
    }
    nipc_client_init(&client->ctx, run_dir, service, config);
}

bool cgroups_snapshot_client_refresh(cgroups_snapshot_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_refresh(&client->ctx);
}

bool cgroups_snapshot_client_ready(const cgroups_snapshot_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_ready(&client->ctx);
}

size_t cgroups_snapshot_client_last_error(cgroups_snapshot_client_t *client, char *buf,
                                          size_t buf_len) {
    return nipc_client_last_error((nipc_client_ctx_t *)client, buf, buf_len);
}

void cgroups_snapshot_client_close(cgroups_snapshot_client_t *client) {
    if (client == NULL) {
        return;
    }
    nipc_client_close(&client->ctx);
}

static nipc_error_t answer_with(cgroups_snapshot_builder_t *builder,
                                cgroups_snapshot_handler_fn handle, void *user, const void *ptr,
                                    size_t ptr_len, void *buf, size_t size, size_t *len) {
    if (cgroups_snapshot_request_check(ptr, ptr_len) != NIPC_OK) {
        return NIPC_ERR_REJECTED;
    }
    cgroups_snapshot_builder_init(builder, buf, size);
    if (builder->error == NIPC_OK) {
        const bool answered = handle != NULL && handle(user, builder);
        /* An answer that did not fit says so, whatever the handler made of it. */
        if (!answered && builder->error == NIPC_OK) {
            return NIPC_ERR_HANDLER_FAILED;
        }
    }
    return cgroups_snapshot_builder_finish(builder, len);
}

nipc_error_t cgroups_snapshot_answer(cgroups_snapshot_handler_fn handle, void *user,
                                     const void *ptr, size_t ptr_len, void *buf, size_t size,
                                         size_t *len) {
    if ((ptr == NULL && ptr_len > 0) || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    cgroups_snapshot_builder_t builder;
    return answer_with(&builder, handle, user, ptr, ptr_len, buf, size, len);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    const cgroups_snapshot_server_t *server = (const cgroups_snapshot_server_t *)user;
    cgroups_snapshot_builder_t builder;
    (void)method;
    const nipc_error_t error = answer_with(&builder, server->handle, server->user, request.ptr,
                                           request.len, response->buf, response->size,
                                               &response->len);
    if (error == NIPC_ERR_BAD_LAYOUT && builder.why != NULL) {
        cgroups_snapshot_builder_last_error(&builder, response->why, sizeof(response->why));
    }
    return error;
}

nipc_error_t cgroups_snapshot_server_init(cgroups_snapshot_server_t *server, const char *run_dir,
                                          const char *service, const nipc_server_config_t *config,
                                              int workers, cgroups_snapshot_handler_fn handle,
                                                  void *user) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const nipc_any_service_handler_t handler = {answer, CGROUPS_SNAPSHOT_METHOD, false, server};
    server->handle = handle;
    server->user = user;
    return nipc_server_init_any(&server->server, run_dir, service, config, workers, &handler);
}

nipc_error_t cgroups_snapshot_server_run(cgroups_snapshot_server_t *server) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    return nipc_server_serve(&server->server);
}

void cgroups_snapshot_server_stop(cgroups_snapshot_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_stop(&server->server);
}

bool cgroups_snapshot_server_drain(cgroups_snapshot_server_t *server, uint32_t timeout_ms) {
    if (server == NULL) {
        return false;
    }
    return nipc_server_drain(&server->server, timeout_ms);
}

size_t cgroups_snapshot_server_last_error(cgroups_snapshot_server_t *server, char *buf,
                                          size_t buf_len) {
    return nipc_server_last_error((nipc_managed_server_t *)server, buf, buf_len);
}

void cgroups_snapshot_server_destroy(cgroups_snapshot_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_destroy(&server->server);
}
