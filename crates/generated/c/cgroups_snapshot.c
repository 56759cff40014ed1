/* cgroups_snapshot.h says what this is.
 * Made from cgroups-snapshot.toml by "netipc schema generate": change that file, not this one. */
#include "cgroups_snapshot.h"

#include <stdlib.h>
#include <string.h>

static uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get_u32(const uint8_t *bytes) {
    return get_u16(bytes) | (uint32_t)get_u16(bytes + 2) << 16;
}

static uint64_t get_u64(const uint8_t *bytes) {
    return get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32;
}

static void put_u16(uint8_t *out, uint16_t number) {
    out[0] = (uint8_t)number;
    out[1] = (uint8_t)(number >> 8);
}

static void put_u32(uint8_t *out, uint32_t number) {
    put_u16(out, (uint16_t)number);
    put_u16(out + 2, (uint16_t)(number >> 16));
}

static void put_u64(uint8_t *out, uint64_t number) {
    put_u32(out, (uint32_t)number);
    put_u32(out + 4, (uint32_t)(number >> 32));
}

static uint64_t align8(uint64_t at) {
    return (at + 7) / 8 * 8;
}

static bool is_zero(const void *ptr, size_t size) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    size_t at = 0;
    while (at < size && bytes[at] == 0) {
        at++;
    }
    return at == size;
}

static bool has_nul(nipc_str_view_t text) {
    return text.len > 0 && memchr(text.ptr, 0, text.len) != NULL;
}

/* The text at OFFSET, whose NUL is found in its place. */
static nipc_error_t text_at(const uint8_t *bytes, size_t len, uint64_t offset, uint32_t text_len,
                            nipc_str_view_t *out) {
    const uint64_t end = offset + text_len;
    if (end >= len) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    if (bytes[end] != 0) {
        return NIPC_ERR_MISSING_NUL;
    }
    out->ptr = (const char *)bytes + offset;
    out->len = text_len;
    return NIPC_OK;
}

/* The text whose offset and length stand at AT, behind FIXED bytes. */
static nipc_error_t get_text(const uint8_t *bytes, size_t len, size_t at, size_t fixed,
                             nipc_str_view_t *out) {
    const uint32_t offset = get_u32(bytes + at);
    if (offset < fixed) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    return text_at(bytes, len, offset, get_u32(bytes + at + 4), out);
}

static bool are_apart(nipc_str_view_t a, nipc_str_view_t b) {
    return a.ptr + a.len < b.ptr || b.ptr + b.len < a.ptr;
}

/* Writes a text to END, its offset and length to AT; returns where it ends. */
static size_t put_text(uint8_t *out, size_t at, size_t end, nipc_str_view_t text) {
    put_u32(out + at, (uint32_t)end);
    put_u32(out + at + 4, text.len);
    if (text.len > 0) {
        memcpy(out + end, text.ptr, text.len);
    }
    out[end + text.len] = 0;
    return end + text.len + 1;
}

/* Item INDEX of a list of COUNT whose directory stands at AT, and which was checked. */
static nipc_bytes_view_t list_item(const uint8_t *bytes, size_t at, uint32_t count,
                                   uint32_t index) {
    const uint8_t *entry = bytes + at + 8 * (size_t)index;
    nipc_bytes_view_t item;
    item.ptr = bytes + at + 8 * (size_t)count + get_u32(entry);
    item.len = get_u32(entry + 4);
    return item;
}

/* Checks entry INDEX of a list in which items stand anywhere. */
static nipc_error_t check_any_entry(const uint8_t *bytes, size_t len, size_t at, uint32_t count,
                                    uint32_t index, size_t shortest) {
    const uint64_t offset = get_u32(bytes + at + 8 * (size_t)index);
    const uint64_t item_len = get_u32(bytes + at + 8 * (size_t)index + 4);
    if (offset % 8 != 0) {
        return NIPC_ERR_BAD_ALIGNMENT;
    }
    if (at + UINT64_C(8) * count + offset + item_len > len) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    return item_len < shortest ? NIPC_ERR_TRUNCATED : NIPC_OK;
}

void cgroups_snapshot_item_init(cgroups_snapshot_item_t *item) {
    memset(item, 0, sizeof(*item));
}

uint64_t cgroups_snapshot_item_size(const cgroups_snapshot_item_t *item) {
    return 32 + (uint64_t)item->name.len + 1 + (uint64_t)item->path.len + 1;
}

nipc_error_t cgroups_snapshot_item_encode(const cgroups_snapshot_item_t *item, void *buf,
                                          size_t size, size_t *len) {
    const uint64_t whole = cgroups_snapshot_item_size(item);
    uint8_t *out = (uint8_t *)buf;
    if (has_nul(item->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (has_nul(item->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 32);
    put_u16(out, 1);
    put_u32(out + 4, item->hash);
    put_u32(out + 8, item->options);
    put_u32(out + 12, item->enabled);
    size_t end = 32;
    end = put_text(out, 16, end, item->name);
    put_text(out, 24, end, item->path);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t cgroups_snapshot_item_decode(const void *ptr, size_t len,
                                          cgroups_snapshot_item_t *out) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    nipc_error_t error;
    if (len < 32) {
        return NIPC_ERR_TRUNCATED;
    }
    if (get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!is_zero(bytes + 2, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->hash = get_u32(bytes + 4);
    out->options = get_u32(bytes + 8);
    out->enabled = get_u32(bytes + 12);
    error = get_text(bytes, len, 16, 32, &out->name);
    if (error != NIPC_OK) {
        return error;
    }
    error = get_text(bytes, len, 24, 32, &out->path);
    if (error != NIPC_OK) {
        return error;
    }
    if (!are_apart(out->path, out->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

static nipc_error_t read_header(const uint8_t *bytes, size_t len, cgroups_snapshot_header_t *out) {
    if (len < 24) {
        return NIPC_ERR_TRUNCATED;
    }
    if (get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!is_zero(bytes + 2, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->systemd_enabled = get_u32(bytes + 8);
    if (!is_zero(bytes + 12, 4)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->generation = get_u64(bytes + 16);
    return NIPC_OK;
}

static nipc_error_t write_header(uint8_t *out, const cgroups_snapshot_header_t *header) {
    memset(out, 0, 24);
    put_u16(out, 1);
    put_u32(out + 8, header->systemd_enabled);
    put_u64(out + 16, header->generation);
    return NIPC_OK;
}

nipc_error_t cgroups_snapshot_request_check(const void *ptr, size_t len) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len < 4) {
        return NIPC_ERR_TRUNCATED;
    }
    return get_u16(bytes) == 1 && is_zero(bytes + 2, 2) ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
}

nipc_error_t cgroups_snapshot_reply_decode(const void *ptr, size_t len,
                                           cgroups_snapshot_reply_t *out) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    nipc_error_t error = read_header(bytes, len, &out->header);
    if (error != NIPC_OK) {
        return error;
    }
    out->item_count = get_u32(bytes + 4);
    out->payload.ptr = ptr;
    out->payload.len = len;
    if (out->item_count > (len - 24) / 8) {
        return NIPC_ERR_TRUNCATED;
    }
    for (uint32_t i = 0; i < out->item_count && error == NIPC_OK; i++) {
        error = check_any_entry(bytes, len, 24, out->item_count, i, 32);
    }
    return error;
}

nipc_error_t cgroups_snapshot_reply_item(const cgroups_snapshot_reply_t *reply, uint32_t index,
                                         cgroups_snapshot_item_t *out) {
    if (index >= reply->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)reply->payload.ptr;
    const nipc_bytes_view_t item = list_item(bytes, 24, reply->item_count, index);
    return cgroups_snapshot_item_decode(item.ptr, item.len, out);
}

void cgroups_snapshot_builder_init(cgroups_snapshot_builder_t *builder, void *buf, size_t size) {
    memset(builder, 0, sizeof(*builder));
    builder->buf = (uint8_t *)buf;
    builder->size = size < UINT32_MAX ? size : UINT32_MAX;
    builder->error = builder->size < 24 ? NIPC_ERR_OVERFLOW : NIPC_OK;
}

void cgroups_snapshot_builder_set_header(cgroups_snapshot_builder_t *builder,
                                         const cgroups_snapshot_header_t *header) {
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
    const uint64_t start = align8(builder->used), size = cgroups_snapshot_item_size(item);
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
        put_u32(entry, (uint32_t)start);
        put_u32(entry + 4, (uint32_t)len);
        builder->used = start + len;
        builder->item_count++;
    }
    return error;
}

nipc_error_t cgroups_snapshot_builder_add(cgroups_snapshot_builder_t *builder,
                                          const cgroups_snapshot_item_t *item) {
    if (builder->error == NIPC_OK) {
        builder->error = add_item(builder, item);
    }
    return builder->error;
}

nipc_error_t cgroups_snapshot_builder_finish(cgroups_snapshot_builder_t *builder, size_t *len) {
    if (builder->error == NIPC_OK) {
        builder->error = write_header(builder->buf, &builder->header);
    }
    if (builder->error == NIPC_OK) {
        make_room(builder, builder->item_count);
        put_u32(builder->buf + 4, builder->item_count);
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
    memset(out, 0, sizeof(*out));
    put_u16(request, 1);
    nipc_error_t error = nipc_client_call_any(&client->ctx, CGROUPS_SNAPSHOT_METHOD, request,
                                              sizeof(request), check_reply, NULL, &reply,
                                                  timeout_ms);
    if (error == NIPC_OK) {
        error = cgroups_snapshot_reply_decode(reply.ptr, reply.len, out);
    }
    return error;
}

void cgroups_snapshot_client_init(cgroups_snapshot_client_t *client, const char *run_dir,
                                  const char *service, const nipc_client_config_t *config) {
    nipc_client_init(&client->ctx, run_dir, service, config);
}

bool cgroups_snapshot_client_refresh(cgroups_snapshot_client_t *client) {
    return nipc_client_refresh(&client->ctx);
}

bool cgroups_snapshot_client_ready(const cgroups_snapshot_client_t *client) {
    return nipc_client_ready(&client->ctx);
}

size_t cgroups_snapshot_client_last_error(cgroups_snapshot_client_t *client, char *buf,
                                          size_t buf_len) {
    return nipc_client_last_error(&client->ctx, buf, buf_len);
}

void cgroups_snapshot_client_close(cgroups_snapshot_client_t *client) {
    nipc_client_close(&client->ctx);
}

nipc_error_t cgroups_snapshot_answer(cgroups_snapshot_handler_fn handle, void *user,
                                     const void *ptr, size_t ptr_len, void *buf, size_t size,
                                         size_t *len) {
    cgroups_snapshot_builder_t builder;
    if (cgroups_snapshot_request_check(ptr, ptr_len) != NIPC_OK) {
        return NIPC_ERR_REJECTED;
    }
    cgroups_snapshot_builder_init(&builder, buf, size);
    if (builder.error == NIPC_OK) {
        const bool answered = handle != NULL && handle(user, &builder);
        /* An answer that did not fit says so, whatever the handler made of it. */
        if (!answered && builder.error == NIPC_OK) {
            return NIPC_ERR_HANDLER_FAILED;
        }
    }
    return cgroups_snapshot_builder_finish(&builder, len);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    const cgroups_snapshot_server_t *server = (const cgroups_snapshot_server_t *)user;
    (void)method;
    return cgroups_snapshot_answer(server->handle, server->user, request.ptr, request.len,
                                   response->buf, response->size, &response->len);
}

nipc_error_t cgroups_snapshot_server_init(cgroups_snapshot_server_t *server, const char *run_dir,
                                          const char *service, const nipc_server_config_t *config,
                                              int workers, cgroups_snapshot_handler_fn handle,
                                                  void *user) {
    const nipc_any_service_handler_t handler = {answer, CGROUPS_SNAPSHOT_METHOD, false, server};
    server->handle = handle;
    server->user = user;
    return nipc_server_init_any(&server->server, run_dir, service, config, workers, &handler);
}

void cgroups_snapshot_server_run(cgroups_snapshot_server_t *server) {
    nipc_server_run(&server->server);
}

void cgroups_snapshot_server_stop(cgroups_snapshot_server_t *server) {
    nipc_server_stop(&server->server);
}

bool cgroups_snapshot_server_drain(cgroups_snapshot_server_t *server, uint32_t timeout_ms) {
    return nipc_server_drain(&server->server, timeout_ms);
}

size_t cgroups_snapshot_server_last_error(cgroups_snapshot_server_t *server, char *buf,
                                          size_t buf_len) {
    return nipc_server_last_error(&server->server, buf, buf_len);
}

void cgroups_snapshot_server_destroy(cgroups_snapshot_server_t *server) {
    nipc_server_destroy(&server->server);
}
