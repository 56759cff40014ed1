/* pid_traffic.h says what this is.
 * Made from pid-traffic.toml by "netipc schema generate": change that file, not this one. */
#include "pid_traffic.h"

#include <stdlib.h>
#include <string.h>

const char *pid_traffic_lookup_status_name(pid_traffic_lookup_status_t value) {
    switch (value) {
    case PID_TRAFFIC_LOOKUP_STATUS_KNOWN:
        return "known";
    case PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN:
        return "unknown";
    case PID_TRAFFIC_LOOKUP_STATUS_PAYLOAD_EXCEEDED:
        return "payload-exceeded";
    case PID_TRAFFIC_LOOKUP_STATUS_OVERSIZED_ITEM:
        return "oversized-item";
    default:
        return NULL;
    }
}

bool pid_traffic_key_equal(const pid_traffic_key_t *a, const pid_traffic_key_t *b) {
    if (a == NULL || b == NULL) {
        return false;
    }
    return a->pid == b->pid && a->starttime == b->starttime;
}

uint64_t pid_traffic_key_size(const pid_traffic_key_t *key) {
    if (key == NULL) {
        return 0;
    }
    (void)key;
    return 16;
}

nipc_error_t pid_traffic_key_encode(const pid_traffic_key_t *key, void *buf, size_t size,
                                    size_t *len) {
    if (key == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = pid_traffic_key_size(key);
    uint8_t *out = (uint8_t *)buf;
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 16);
    nipc_made_put_u32(out, key->pid);
    nipc_made_put_u64(out + 8, key->starttime);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t pid_traffic_key_decode(const void *ptr, size_t len, pid_traffic_key_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len != 16) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->pid = nipc_made_get_u32(bytes);
    if (!nipc_made_is_zero(bytes + 4, 4)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->starttime = nipc_made_get_u64(bytes + 8);
    return NIPC_OK;
}

void pid_traffic_item_init(pid_traffic_item_t *item) {
    if (item == NULL) {
        return;
    }
    memset(item, 0, sizeof(*item));
    item->status = PID_TRAFFIC_LOOKUP_STATUS_UNKNOWN;
}

uint64_t pid_traffic_item_size(const pid_traffic_item_t *item) {
    if (item == NULL) {
        return 0;
    }
    (void)item;
    return 52;
}

static nipc_error_t check_item(const pid_traffic_item_t *item) {
    if (item->status > 3) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (item->status != 0) {
        return item->bytes_received == UINT64_C(0) && item->bytes_sent == UINT64_C(0) &&
            item->packets_received == UINT64_C(0) && item->packets_sent == UINT64_C(0) &&
                item->connections == 0u ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

nipc_error_t pid_traffic_item_encode(const pid_traffic_item_t *item, void *buf, size_t size,
                                     size_t *len) {
    if (item == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = pid_traffic_item_size(item);
    uint8_t *out = (uint8_t *)buf;
    nipc_error_t error = check_item(item);
    if (error != NIPC_OK) {
        return error;
    }
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 52);
    nipc_made_put_u16(out, 1);
    nipc_made_put_u16(out + 2, item->status);
    nipc_made_put_u32(out + 4, item->pid);
    nipc_made_put_u64(out + 8, item->starttime);
    nipc_made_put_u64(out + 16, item->bytes_received);
    nipc_made_put_u64(out + 24, item->bytes_sent);
    nipc_made_put_u64(out + 32, item->packets_received);
    nipc_made_put_u64(out + 40, item->packets_sent);
    nipc_made_put_u32(out + 48, item->connections);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t pid_traffic_item_decode(const void *ptr, size_t len, pid_traffic_item_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    if (len < 52) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->status = nipc_made_get_u16(bytes + 2);
    out->pid = nipc_made_get_u32(bytes + 4);
    out->starttime = nipc_made_get_u64(bytes + 8);
    out->bytes_received = nipc_made_get_u64(bytes + 16);
    out->bytes_sent = nipc_made_get_u64(bytes + 24);
    out->packets_received = nipc_made_get_u64(bytes + 32);
    out->packets_sent = nipc_made_get_u64(bytes + 40);
    out->connections = nipc_made_get_u32(bytes + 48);
    if (len != 52) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return check_item(out);
}

static const char *why_item(const pid_traffic_item_t *item) {
    if (item->status > 3) {
        return "status: not one of its values";
    }
    if (item->status != 0) {
        return item->bytes_received == UINT64_C(0) && item->bytes_sent == UINT64_C(0) &&
            item->packets_received == UINT64_C(0) && item->packets_sent == UINT64_C(0) &&
                item->connections == 0u ? "it may not be sent"
                    : "status: only known items have data";
    }
    return "it may not be sent";
}

static const char *why_key(const pid_traffic_key_t *a, const pid_traffic_key_t *b) {
    if (!(a->pid == b->pid)) {
        return "pid: not that of the key which it answers";
    }
    if (!(a->starttime == b->starttime)) {
        return "starttime: not that of the key which it answers";
    }
    return NULL;
}

pid_traffic_key_t pid_traffic_item_key(const pid_traffic_item_t *item) {
    pid_traffic_key_t key;
    memset(&key, 0, sizeof(key));
    if (item == NULL) {
        return key;
    }
    key.pid = item->pid;
    key.starttime = item->starttime;
    return key;
}

void pid_traffic_item_bare(pid_traffic_item_t *item, const pid_traffic_key_t *key,
                           pid_traffic_lookup_status_t status) {
    if (item == NULL || key == NULL) {
        return;
    }
    pid_traffic_item_init(item);
    item->status = status;
    item->pid = key->pid;
    item->starttime = key->starttime;
}

nipc_error_t pid_traffic_request_encode(const pid_traffic_key_t *keys, uint32_t count, void *buf,
                                        size_t size, size_t *len) {
    if ((keys == NULL && count > 0) || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    uint8_t *out = (uint8_t *)buf;
    const uint64_t area = 16 + UINT64_C(8) * count;
    uint64_t end = area;
    if (area > size || area > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 16);
    nipc_made_put_u16(out, 1);
    nipc_made_put_u32(out + 4, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t start = nipc_made_align8(end);
        size_t key_len = 0;
        if (start > size || start > UINT32_MAX) {
            return NIPC_ERR_OVERFLOW;
        }
        const nipc_error_t error = pid_traffic_key_encode(&keys[i], out + start,
                                                          size - (size_t)start, &key_len);
        if (error != NIPC_OK) {
            return error;
        }
        memset(out + end, 0, (size_t)(start - end));
        nipc_made_put_u32(out + 16 + 8 * (size_t)i, (uint32_t)(start - area));
        nipc_made_put_u32(out + 20 + 8 * (size_t)i, (uint32_t)key_len);
        end = start + key_len;
    }
    *len = (size_t)end;
    return NIPC_OK;
}

nipc_error_t pid_traffic_request_decode(const void *ptr, size_t len, pid_traffic_request_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    uint64_t end = 0;
    if (len < 16) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1 || !nipc_made_is_zero(bytes + 2, 2) ||
        !nipc_made_is_zero(bytes + 8, 8)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->item_count = nipc_made_get_u32(bytes + 4);
    out->payload.ptr = ptr;
    out->payload.len = len;
    if (out->item_count > (len - 16) / 8) {
        return NIPC_ERR_TRUNCATED;
    }
    for (uint32_t i = 0; i < out->item_count; i++) {
        pid_traffic_key_t key;
        nipc_error_t error = nipc_made_check_entry(bytes, len, 16, out->item_count, i, 16, &end);
        if (error == NIPC_OK) {
            error = pid_traffic_request_key(out, i, &key);
        }
        if (error != NIPC_OK) {
            return error;
        }
    }
    return NIPC_OK;
}

nipc_error_t pid_traffic_request_key(const pid_traffic_request_t *request, uint32_t index,
                                     pid_traffic_key_t *out) {
    if (request == NULL || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (index >= request->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)request->payload.ptr;
    const nipc_bytes_view_t key = nipc_made_list_item(bytes, 16, request->item_count, index);
    return pid_traffic_key_decode(key.ptr, key.len, out);
}

/* A reply that was checked. */
static void view_reply(const void *ptr, size_t len, pid_traffic_reply_t *out) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    out->item_count = nipc_made_get_u32(bytes + 4);
    out->generation = nipc_made_get_u64(bytes + 8);
    out->payload.ptr = ptr;
    out->payload.len = len;
}

nipc_error_t pid_traffic_reply_decode(const void *ptr, size_t len, pid_traffic_reply_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    uint64_t end = 0;
    if (len < 16) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1 || !nipc_made_is_zero(bytes + 2, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    view_reply(ptr, len, out);
    if (out->item_count > (len - 16) / 8) {
        return NIPC_ERR_TRUNCATED;
    }
    for (uint32_t i = 0; i < out->item_count; i++) {
        pid_traffic_item_t item;
        nipc_error_t error = nipc_made_check_entry(bytes, len, 16, out->item_count, i, 52, &end);
        if (error == NIPC_OK) {
            error = pid_traffic_reply_item(out, i, &item);
        }
        if (error != NIPC_OK) {
            return error;
        }
    }
    return NIPC_OK;
}

nipc_error_t pid_traffic_reply_item(const pid_traffic_reply_t *reply, uint32_t index,
                                    pid_traffic_item_t *out) {
    if (reply == NULL || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (index >= reply->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)reply->payload.ptr;
    const nipc_bytes_view_t item = nipc_made_list_item(bytes, 16, reply->item_count, index);
    return pid_traffic_item_decode(item.ptr, item.len, out);
}

static uint64_t bare_size(const pid_traffic_key_t *key) {
    pid_traffic_item_t item;
    pid_traffic_item_bare(&item, key, 2);
    return pid_traffic_item_size(&item);
}

void pid_traffic_builder_init(pid_traffic_builder_t *builder, const pid_traffic_request_t *request,
                              void *buf, size_t size) {
    if (builder == NULL) {
        return;
    }
    memset(builder, 0, sizeof(*builder));
    if (request == NULL || (buf == NULL && size > 0)) {
        builder->error = NIPC_ERR_INVALID_ARGUMENT;
        return;
    }
    builder->request = *request;
    builder->buf = (uint8_t *)buf;
    builder->size = size < UINT32_MAX ? size : UINT32_MAX;
    builder->end = 16 + UINT64_C(8) * request->item_count;
    builder->error = builder->end > builder->size ? NIPC_ERR_OVERFLOW : NIPC_OK;
    for (uint32_t i = 0; i < request->item_count; i++) {
        pid_traffic_key_t key;
        if (pid_traffic_request_key(request, i, &key) == NIPC_OK) {
            builder->reserve = nipc_made_align8(builder->reserve) + bare_size(&key);
        }
    }
}

void pid_traffic_builder_set_generation(pid_traffic_builder_t *builder, uint64_t generation) {
    if (builder == NULL) {
        return;
    }
    builder->generation = generation;
}

/* Writes an item to the end of the answer, where BEHIND bytes must be left behind it. */
static nipc_error_t put_item(pid_traffic_builder_t *builder, const pid_traffic_item_t *item,
                             uint64_t behind) {
    const uint64_t start = nipc_made_align8(builder->end), size = pid_traffic_item_size(item);
    const uint64_t needed = behind > 0 ? nipc_made_align8(start + size) + behind : start + size;
    uint8_t *entry = builder->buf + 16 + 8 * (size_t)builder->item_count;
    size_t len = 0;
    if (needed > builder->size) {
        return NIPC_ERR_OVERFLOW;
    }
    const nipc_error_t error = pid_traffic_item_encode(item, builder->buf + start, (size_t)size,
                                                       &len);
    if (error == NIPC_OK) {
        memset(builder->buf + builder->end, 0, (size_t)(start - builder->end));
        nipc_made_put_u32(entry,
                          (uint32_t)(start - 16 - UINT64_C(8) * builder->request.item_count));
        nipc_made_put_u32(entry + 4, (uint32_t)len);
        builder->end = start + len;
        builder->item_count++;
    }
    return error;
}

/* Adds an item, or what stands for one that does not fit: an item that no answer can hold is
   oversized, and from the first on that does not fit beside the others the client asks again. */
static nipc_error_t add_item(pid_traffic_builder_t *builder, const pid_traffic_item_t *item) {
    const bool first = builder->item_count == 0, exceeded = item->status == 2;
    const pid_traffic_key_t answered = pid_traffic_item_key(item);
    pid_traffic_key_t key;
    pid_traffic_item_t instead;
    if (pid_traffic_request_key(&builder->request, builder->item_count, &key) != NIPC_OK) {
        return NIPC_ERR_BAD_ITEM_COUNT;
    }
    builder->why = why_key(&key, &answered);
    if (builder->why == NULL && first && exceeded) {
        builder->why = "status: that an answer is full is what the library says";
    }
    if (builder->why != NULL) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    const bool last = builder->item_count + 1 == builder->request.item_count;
    const uint64_t behind = last ? 0 : builder->reserve - nipc_made_align8(bare_size(&key));
    nipc_error_t error = NIPC_ERR_OVERFLOW;
    if (!builder->full && !exceeded) {
        error = put_item(builder, item, behind);
    }
    if (error == NIPC_ERR_OVERFLOW && !builder->full && !exceeded && 24 +
        pid_traffic_item_size(item) > builder->size) {
        pid_traffic_item_bare(&instead, &key, 3);
        error = put_item(builder, &instead, 0);
    } else if (error == NIPC_ERR_OVERFLOW && !first) {
        builder->full = true;
        pid_traffic_item_bare(&instead, &key, 2);
        error = put_item(builder, &instead, 0);
    }
    builder->reserve = behind;
    return error;
}

nipc_error_t pid_traffic_builder_add(pid_traffic_builder_t *builder,
                                     const pid_traffic_item_t *item) {
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

size_t pid_traffic_builder_last_error(const pid_traffic_builder_t *builder, char *buf,
                                      size_t buf_len) {
    if (builder == NULL) {
        return nipc_made_tell(NIPC_ERR_INVALID_ARGUMENT, NULL, -1, buf, buf_len);
    }
    return nipc_made_tell(builder->error, builder->why, builder->item_count, buf, buf_len);
}

nipc_error_t pid_traffic_builder_add_status(pid_traffic_builder_t *builder,
                                            pid_traffic_lookup_status_t status) {
    if (builder == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    pid_traffic_key_t key;
    pid_traffic_item_t item;
    if (pid_traffic_request_key(&builder->request, builder->item_count, &key) != NIPC_OK) {
        builder->error = builder->error == NIPC_OK ? NIPC_ERR_BAD_ITEM_COUNT : builder->error;
        return builder->error;
    }
    pid_traffic_item_bare(&item, &key, status);
    return pid_traffic_builder_add(builder, &item);
}

nipc_error_t pid_traffic_builder_finish(pid_traffic_builder_t *builder, size_t *len) {
    if (builder == NULL || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK && builder->buf == NULL) {
        builder->error = NIPC_ERR_INVALID_ARGUMENT;
    }
    if (builder->error == NIPC_OK && builder->item_count != builder->request.item_count) {
        builder->error = NIPC_ERR_BAD_ITEM_COUNT;
    }
    if (builder->error == NIPC_OK) {
        memset(builder->buf, 0, 16);
        nipc_made_put_u16(builder->buf, 1);
        nipc_made_put_u32(builder->buf + 4, builder->item_count);
        nipc_made_put_u64(builder->buf + 8, builder->generation);
        *len = (size_t)builder->end;
    }
    return builder->error;
}

static nipc_error_t check_item_bytes(void *user, const void *ptr, size_t len) {
    pid_traffic_item_t item;
    (void)user;
    return pid_traffic_item_decode(ptr, len, &item);
}

static uint16_t status_of(void *user, nipc_bytes_view_t item) {
    (void)user;
    return nipc_made_get_u16((const uint8_t *)item.ptr + 2);
}

static bool item_answers(void *user, nipc_bytes_view_t bytes, nipc_bytes_view_t key_bytes) {
    pid_traffic_item_t item;
    pid_traffic_key_t key;
    (void)user;
    if (pid_traffic_item_decode(bytes.ptr, bytes.len, &item) != NIPC_OK ||
        pid_traffic_key_decode(key_bytes.ptr, key_bytes.len, &key) != NIPC_OK) {
        return false;
    }
    const pid_traffic_key_t answered = pid_traffic_item_key(&item);
    return pid_traffic_key_equal(&answered, &key);
}

static size_t write_bare(void *user, nipc_bytes_view_t key_bytes, uint16_t status, void *buf,
                         size_t size) {
    pid_traffic_key_t key;
    pid_traffic_item_t item;
    size_t len = 0;
    (void)user;
    if (pid_traffic_key_decode(key_bytes.ptr, key_bytes.len, &key) != NIPC_OK) {
        return 0;
    }
    pid_traffic_item_bare(&item, &key, status);
    return pid_traffic_item_encode(&item, buf, size, &len) == NIPC_OK ? len
        : (size_t)pid_traffic_item_size(&item);
}

static const nipc_any_lookup_t any_lookup = {
    PID_TRAFFIC_METHOD, 1, 2, 3, 52,
    check_item_bytes, status_of, item_answers, write_bare, 0, NULL,
};

/* Keys as they stand in a request, which the caller frees; NULL where one cannot be, or there is
   no memory. */
static nipc_bytes_view_t *encode_keys(const pid_traffic_key_t *keys, uint32_t count,
                                      nipc_error_t *error) {
    uint64_t size = (uint64_t)count * sizeof(nipc_bytes_view_t) + 1;
    for (uint32_t i = 0; i < count; i++) {
        size += pid_traffic_key_size(&keys[i]);
    }
    nipc_bytes_view_t *views = size > SIZE_MAX ? NULL
        : (nipc_bytes_view_t *)calloc(1, (size_t)size);
    if (views == NULL) {
        *error = NIPC_ERR_OVERFLOW;
        return NULL;
    }
    uint8_t *end = (uint8_t *)(views + count);
    for (uint32_t i = 0; i < count; i++) {
        views[i].ptr = end;
        if (pid_traffic_key_encode(&keys[i], end, (size_t)pid_traffic_key_size(&keys[i]),
                                   &views[i].len) != NIPC_OK) {
            *error = NIPC_ERR_INVALID_ARGUMENT;
            free(views);
            return NULL;
        }
        end += views[i].len;
    }
    return views;
}

nipc_error_t pid_traffic_client_lookup(pid_traffic_client_t *client, const pid_traffic_key_t *keys,
                                       uint32_t count, pid_traffic_reply_t *out,
                                           uint32_t timeout_ms) {
    nipc_bytes_view_t reply;
    nipc_error_t error = NIPC_OK;
    if (out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    memset(out, 0, sizeof(*out));
    if (client == NULL || (keys == NULL && count > 0)) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    nipc_bytes_view_t *views = encode_keys(keys, count, &error);
    if (views != NULL) {
        error = nipc_client_call_any_lookup(&client->ctx, &any_lookup, views, count, &reply,
                                            timeout_ms);
    }
    free(views);
    if (error == NIPC_OK) {
        view_reply(reply.ptr, reply.len, out);
    }
    return error;
}

/* What an item that was checked says of its key. */
static uint32_t verdict_of(void *user, nipc_bytes_view_t item) {
    const uint8_t *bytes = (const uint8_t *)item.ptr;
    (void)user;
    switch (nipc_made_get_u16(bytes + 2)) {
    case 0:
        return NIPC_VERDICT_KNOWN;
    case 3:
        return NIPC_VERDICT_OVERSIZED;
    default:
        return NIPC_VERDICT_FOR_NOW;
    }
}

/* When the owner of the key began. */
static uint64_t identity_of(void *user, nipc_bytes_view_t item) {
    (void)user;
    return nipc_made_get_u64((const uint8_t *)item.ptr + 8);
}

/* The fixed part of an item that was checked. */
static nipc_error_t read_fixed(const uint8_t *bytes, size_t len, pid_traffic_item_t *out) {
    if (len < 52) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->status = nipc_made_get_u16(bytes + 2);
    out->pid = nipc_made_get_u32(bytes + 4);
    out->starttime = nipc_made_get_u64(bytes + 8);
    out->bytes_received = nipc_made_get_u64(bytes + 16);
    out->bytes_sent = nipc_made_get_u64(bytes + 24);
    out->packets_received = nipc_made_get_u64(bytes + 32);
    out->packets_sent = nipc_made_get_u64(bytes + 40);
    out->connections = nipc_made_get_u32(bytes + 48);
    return NIPC_OK;
}

/* A key as it stands in a request. What more points to is to be freed. */
struct key_bytes {
    uint8_t room[256];
    void *more;
    nipc_bytes_view_t view;
};

static nipc_error_t key_bytes_of(struct key_bytes *bytes, const pid_traffic_key_t *key) {
    const uint64_t size = pid_traffic_key_size(key);
    uint8_t *room = bytes->room;
    bytes->more = NULL;
    if (size > sizeof(bytes->room)) {
        bytes->more = size > SIZE_MAX ? NULL : malloc((size_t)size);
        room = (uint8_t *)bytes->more;
    }
    if (room == NULL) {
        return NIPC_ERR_OVERFLOW;
    }
    bytes->view.ptr = room;
    return pid_traffic_key_encode(key, room, (size_t)size, &bytes->view.len);
}

void pid_traffic_enricher_init(pid_traffic_enricher_t *enricher, const char *run_dir,
                               const char *service, const nipc_client_config_t *config,
                                   const nipc_enricher_config_t *keeping) {
    if (enricher == NULL) {
        return;
    }
    nipc_any_enriched_t enriched;
    memset(&enriched, 0, sizeof(enriched));
    enriched.lookup = any_lookup;
    enriched.verdict = verdict_of;
    enriched.identity = identity_of;
    enriched.fixed_size_keys = true;
    nipc_enricher_init_any(&enricher->enricher, run_dir, service, config, keeping, &enriched);
}

uint32_t pid_traffic_enricher_get(const pid_traffic_enricher_t *enricher,
                                  const nipc_enricher_guard_t *guard, const pid_traffic_key_t *key,
                                      uint64_t identity, pid_traffic_item_t *item,
                                          nipc_enricher_found_t *found) {
    struct key_bytes bytes;
    nipc_any_parts_t parts;
    uint32_t result = NIPC_FOUND_INVALID;
    if (found != NULL) {
        memset(found, 0, sizeof(*found));
        found->found = result;
    }
    if (item != NULL) {
        memset(item, 0, sizeof(*item));
    }
    if (enricher == NULL || guard == NULL || key == NULL || item == NULL) {
        return result;
    }
    if (key_bytes_of(&bytes, key) == NIPC_OK) {
        result = nipc_enricher_get_parts(&enricher->enricher, guard, bytes.view, identity, &parts,
                                         NULL, 0, found);
    }
    free(bytes.more);
    if (result == NIPC_FOUND_ITEM) {
        (void)read_fixed((const uint8_t *)parts.fixed.ptr, parts.fixed.len, item);
    }
    return result;
}

nipc_error_t pid_traffic_enricher_pin(const pid_traffic_enricher_t *enricher,
                                      const pid_traffic_key_t *key) {
    if (enricher == NULL || key == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    struct key_bytes bytes;
    nipc_error_t error = key_bytes_of(&bytes, key);
    if (error == NIPC_OK) {
        error = nipc_enricher_pin(&enricher->enricher, bytes.view);
    }
    free(bytes.more);
    return error == NIPC_ERR_BAD_LAYOUT ? NIPC_ERR_INVALID_ARGUMENT : error;
}

nipc_error_t pid_traffic_enricher_unpin(const pid_traffic_enricher_t *enricher,
                                        const pid_traffic_key_t *key) {
    if (enricher == NULL || key == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    struct key_bytes bytes;
    nipc_error_t error = key_bytes_of(&bytes, key);
    if (error == NIPC_OK) {
        error = nipc_enricher_unpin(&enricher->enricher, bytes.view);
    }
    free(bytes.more);
    return error == NIPC_ERR_BAD_LAYOUT ? NIPC_ERR_INVALID_ARGUMENT : error;
}

uint32_t pid_traffic_enricher_refresh_now(const pid_traffic_enricher_t *enricher,
                                          const pid_traffic_key_t *keys, uint32_t count,
                                              uint32_t timeout_ms) {
    nipc_error_t error;
    if (enricher == NULL || (keys == NULL && count > 0)) {
        return 0;
    }
    nipc_bytes_view_t *views = encode_keys(keys, count, &error);
    const uint32_t known = views == NULL ? 0
        : nipc_enricher_refresh_now(&enricher->enricher, views, count, timeout_ms);
    free(views);
    return known;
}

void pid_traffic_client_init(pid_traffic_client_t *client, const char *run_dir, const char *service,
                             const nipc_client_config_t *config) {
    if (client == NULL) {
        return;
    }
    nipc_client_init(&client->ctx, run_dir, service, config);
}

bool pid_traffic_client_refresh(pid_traffic_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_refresh(&client->ctx);
}

bool pid_traffic_client_ready(const pid_traffic_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_ready(&client->ctx);
}

size_t pid_traffic_client_last_error(pid_traffic_client_t *client, char *buf, size_t buf_len) {
    return nipc_client_last_error((nipc_client_ctx_t *)client, buf, buf_len);
}

void pid_traffic_client_close(pid_traffic_client_t *client) {
    if (client == NULL) {
        return;
    }
    nipc_client_close(&client->ctx);
}

static nipc_error_t answer_with(pid_traffic_builder_t *builder, pid_traffic_handler_fn handle,
                                void *user, const void *ptr, size_t ptr_len, void *buf, size_t size,
                                    size_t *len) {
    pid_traffic_request_t request;
    if (pid_traffic_request_decode(ptr, ptr_len, &request) != NIPC_OK) {
        return NIPC_ERR_REJECTED;
    }
    pid_traffic_builder_init(builder, &request, buf, size);
    if (builder->error == NIPC_OK) {
        const bool answered = handle != NULL && handle(user, &request, builder);
        /* An answer that did not fit says so, whatever the handler made of it. */
        if (!answered && builder->error == NIPC_OK) {
            return NIPC_ERR_HANDLER_FAILED;
        }
    }
    return pid_traffic_builder_finish(builder, len);
}

nipc_error_t pid_traffic_answer(pid_traffic_handler_fn handle, void *user, const void *ptr,
                                size_t ptr_len, void *buf, size_t size, size_t *len) {
    if ((ptr == NULL && ptr_len > 0) || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    pid_traffic_builder_t builder;
    return answer_with(&builder, handle, user, ptr, ptr_len, buf, size, len);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    const pid_traffic_server_t *server = (const pid_traffic_server_t *)user;
    pid_traffic_builder_t builder;
    (void)method;
    const nipc_error_t error = answer_with(&builder, server->handle, server->user, request.ptr,
                                           request.len, response->buf, response->size,
                                               &response->len);
    if (error == NIPC_ERR_BAD_LAYOUT && builder.why != NULL) {
        pid_traffic_builder_last_error(&builder, response->why, sizeof(response->why));
    }
    return error;
}

nipc_error_t pid_traffic_server_init(pid_traffic_server_t *server, const char *run_dir,
                                     const char *service, const nipc_server_config_t *config,
                                         int workers, pid_traffic_handler_fn handle, void *user) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const nipc_any_service_handler_t handler = {answer, PID_TRAFFIC_METHOD, false, server};
    server->handle = handle;
    server->user = user;
    return nipc_server_init_any(&server->server, run_dir, service, config, workers, &handler);
}

nipc_error_t pid_traffic_server_run(pid_traffic_server_t *server) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    return nipc_server_serve(&server->server);
}

void pid_traffic_server_stop(pid_traffic_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_stop(&server->server);
}

bool pid_traffic_server_drain(pid_traffic_server_t *server, uint32_t timeout_ms) {
    if (server == NULL) {
        return false;
    }
    return nipc_server_drain(&server->server, timeout_ms);
}

size_t pid_traffic_server_last_error(pid_traffic_server_t *server, char *buf, size_t buf_len) {
    return nipc_server_last_error((nipc_managed_server_t *)server, buf, buf_len);
}

void pid_traffic_server_destroy(pid_traffic_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_destroy(&server->server);
}
