/* cgroups_lookup.h says what this is.
 * Made from cgroups-lookup.toml by "netipc schema generate": change that file, not this one. */
#include "cgroups_lookup.h"

#include <stdlib.h>
#include <string.h>

const char *cgroups_lookup_orchestrator_name(cgroups_lookup_orchestrator_t value) {
    switch (value) {
    case CGROUPS_LOOKUP_ORCHESTRATOR_UNKNOWN:
        return "unknown";
    case CGROUPS_LOOKUP_ORCHESTRATOR_SYSTEMD:
        return "systemd";
    case CGROUPS_LOOKUP_ORCHESTRATOR_DOCKER:
        return "docker";
    case CGROUPS_LOOKUP_ORCHESTRATOR_K8S:
        return "k8s";
    case CGROUPS_LOOKUP_ORCHESTRATOR_KVM:
        return "kvm";
    case CGROUPS_LOOKUP_ORCHESTRATOR_LXC:
        return "lxc";
    case CGROUPS_LOOKUP_ORCHESTRATOR_PODMAN:
        return "podman";
    case CGROUPS_LOOKUP_ORCHESTRATOR_NSPAWN:
        return "nspawn";
    default:
        return NULL;
    }
}

const char *cgroups_lookup_cgroup_status_name(cgroups_lookup_cgroup_status_t value) {
    switch (value) {
    case CGROUPS_LOOKUP_CGROUP_STATUS_KNOWN:
        return "known";
    case CGROUPS_LOOKUP_CGROUP_STATUS_UNKNOWN_RETRY_LATER:
        return "unknown-retry-later";
    case CGROUPS_LOOKUP_CGROUP_STATUS_UNKNOWN_PERMANENT:
        return "unknown-permanent";
    case CGROUPS_LOOKUP_CGROUP_STATUS_PAYLOAD_EXCEEDED:
        return "payload-exceeded";
    case CGROUPS_LOOKUP_CGROUP_STATUS_OVERSIZED_ITEM:
        return "oversized-item";
    default:
        return NULL;
    }
}

bool cgroups_lookup_label(const cgroups_lookup_labels_t *labels, uint32_t index,
                          nipc_lookup_label_view_t *out) {
    if (labels == NULL || out == NULL) {
        return false;
    }
    return nipc_made_label(labels, index, out);
}

bool cgroups_lookup_key_equal(const cgroups_lookup_key_t *a, const cgroups_lookup_key_t *b) {
    if (a == NULL || b == NULL) {
        return false;
    }
    return nipc_made_same_text(a->path, b->path);
}

static nipc_error_t check_key(const cgroups_lookup_key_t *key) {
    if (key->path.len < 1u) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

uint64_t cgroups_lookup_key_size(const cgroups_lookup_key_t *key) {
    if (key == NULL) {
        return 0;
    }
    return (uint64_t)key->path.len + 1;
}

nipc_error_t cgroups_lookup_key_encode(const cgroups_lookup_key_t *key, void *buf, size_t size,
                                       size_t *len) {
    if (key == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    uint8_t *out = (uint8_t *)buf;
    const nipc_str_view_t text = key->path;
    const nipc_error_t error = check_key(key);
    if (error != NIPC_OK || nipc_made_has_nul(text)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (text.len >= size) {
        return NIPC_ERR_OVERFLOW;
    }
    if (text.len > 0) {
        memcpy(out, text.ptr, text.len);
    }
    out[text.len] = 0;
    *len = (size_t)text.len + 1;
    return NIPC_OK;
}

nipc_error_t cgroups_lookup_key_decode(const void *ptr, size_t len, cgroups_lookup_key_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    const uint32_t text_len = len > 0 ? (uint32_t)(len - 1) : 0;
    const nipc_error_t error = nipc_made_text_at(bytes, len, 0, text_len, &out->path);
    if (error != NIPC_OK) {
        return error;
    }
    if (nipc_made_has_nul(out->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return check_key(out);
}

void cgroups_lookup_item_init(cgroups_lookup_item_t *item) {
    if (item == NULL) {
        return;
    }
    memset(item, 0, sizeof(*item));
    item->status = CGROUPS_LOOKUP_CGROUP_STATUS_UNKNOWN_RETRY_LATER;
}

uint64_t cgroups_lookup_item_size(const cgroups_lookup_item_t *item) {
    if (item == NULL) {
        return 0;
    }
    return nipc_made_end_of_labels(28 + (uint64_t)item->path.len + 1 + (uint64_t)item->name.len + 1,
                                   &item->labels);
}

static nipc_error_t check_item(const cgroups_lookup_item_t *item) {
    if (item->status > 4) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (item->path.len < 1u) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (item->status != 0) {
        return item->orchestrator == 0 && item->name.len == 0 && item->labels.count == 0 ? NIPC_OK
            : NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

nipc_error_t cgroups_lookup_item_encode(const cgroups_lookup_item_t *item, void *buf, size_t size,
                                        size_t *len) {
    if (item == NULL || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint64_t whole = cgroups_lookup_item_size(item);
    uint8_t *out = (uint8_t *)buf;
    nipc_error_t error = check_item(item);
    if (error == NIPC_OK) {
        error = nipc_made_check_sent_labels(&item->labels);
    }
    if (error != NIPC_OK) {
        return error;
    }
    if (nipc_made_has_nul(item->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (nipc_made_has_nul(item->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (whole > size || whole > UINT32_MAX) {
        return NIPC_ERR_OVERFLOW;
    }
    memset(out, 0, 28);
    nipc_made_put_u16(out, 1);
    nipc_made_put_u16(out + 2, item->status);
    nipc_made_put_u16(out + 4, item->orchestrator);
    nipc_made_put_u16(out + 24, (uint16_t)item->labels.count);
    size_t end = 28;
    end = nipc_made_put_text(out, 8, end, item->path);
    end = nipc_made_put_text(out, 16, end, item->name);
    nipc_made_put_labels(out, end, &item->labels);
    *len = (size_t)whole;
    return NIPC_OK;
}

nipc_error_t cgroups_lookup_item_decode(const void *ptr, size_t len, cgroups_lookup_item_t *out) {
    if ((ptr == NULL && len > 0) || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const uint8_t *bytes = (const uint8_t *)ptr;
    nipc_error_t error;
    if (len < 28) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->status = nipc_made_get_u16(bytes + 2);
    out->orchestrator = nipc_made_get_u16(bytes + 4);
    if (!nipc_made_is_zero(bytes + 6, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!nipc_made_is_zero(bytes + 26, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    error = nipc_made_get_text(bytes, len, 8, 28, &out->path);
    if (error != NIPC_OK) {
        return error;
    }
    error = nipc_made_get_text(bytes, len, 16, 28, &out->name);
    if (error != NIPC_OK) {
        return error;
    }
    if (!nipc_made_are_apart(out->name, out->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (nipc_made_has_nul(out->path)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (nipc_made_has_nul(out->name)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    uint64_t end = 28;
    if (end < nipc_made_end_of(bytes, out->path)) {
        end = nipc_made_end_of(bytes, out->path);
    }
    if (end < nipc_made_end_of(bytes, out->name)) {
        end = nipc_made_end_of(bytes, out->name);
    }
    memset(&out->labels, 0, sizeof(out->labels));
    out->labels.count = nipc_made_get_u16(bytes + 24);
    if (out->labels.count > 0) {
        out->labels.item = bytes;
        out->labels.table = bytes + nipc_made_align8(end);
        error = nipc_made_check_labels(bytes, len, out->labels.count, &end);
        if (error != NIPC_OK) {
            return error;
        }
    }
    if (end != len) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return check_item(out);
}

static const char *why_item(const cgroups_lookup_item_t *item) {
    if (item->status > 4) {
        return "status: not one of its values";
    }
    if (item->path.len < 1u) {
        return "length of path: allowed is at least 1";
    }
    if (item->status != 0) {
        return item->orchestrator == 0 && item->name.len == 0 && item->labels.count == 0
            ? "it may not be sent" : "status: only known items have data";
    }
    if (nipc_made_check_sent_labels(&item->labels) != NIPC_OK) {
        return "labels: one that may not be sent";
    }
    if (nipc_made_has_nul(item->path)) {
        return "path: a NUL inside, or its bytes are NULL";
    }
    if (nipc_made_has_nul(item->name)) {
        return "name: a NUL inside, or its bytes are NULL";
    }
    return "it may not be sent";
}

static const char *why_key(const cgroups_lookup_key_t *a, const cgroups_lookup_key_t *b) {
    if (!(nipc_made_same_text(a->path, b->path))) {
        return "path: not that of the key which it answers";
    }
    return NULL;
}

cgroups_lookup_key_t cgroups_lookup_item_key(const cgroups_lookup_item_t *item) {
    cgroups_lookup_key_t key;
    memset(&key, 0, sizeof(key));
    if (item == NULL) {
        return key;
    }
    key.path = item->path;
    return key;
}

void cgroups_lookup_item_bare(cgroups_lookup_item_t *item, const cgroups_lookup_key_t *key,
                              cgroups_lookup_cgroup_status_t status) {
    if (item == NULL || key == NULL) {
        return;
    }
    cgroups_lookup_item_init(item);
    item->status = status;
    item->path = key->path;
}

nipc_error_t cgroups_lookup_request_encode(const cgroups_lookup_key_t *keys, uint32_t count,
                                           void *buf, size_t size, size_t *len) {
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
        const nipc_error_t error = cgroups_lookup_key_encode(&keys[i], out + start,
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

nipc_error_t cgroups_lookup_request_decode(const void *ptr, size_t len,
                                           cgroups_lookup_request_t *out) {
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
        cgroups_lookup_key_t key;
        nipc_error_t error = nipc_made_check_entry(bytes, len, 16, out->item_count, i, 2, &end);
        if (error == NIPC_OK) {
            error = cgroups_lookup_request_key(out, i, &key);
        }
        if (error != NIPC_OK) {
            return error;
        }
    }
    return NIPC_OK;
}

nipc_error_t cgroups_lookup_request_key(const cgroups_lookup_request_t *request, uint32_t index,
                                        cgroups_lookup_key_t *out) {
    if (request == NULL || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (index >= request->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)request->payload.ptr;
    const nipc_bytes_view_t key = nipc_made_list_item(bytes, 16, request->item_count, index);
    return cgroups_lookup_key_decode(key.ptr, key.len, out);
}

/* A reply that was checked. */
static void view_reply(const void *ptr, size_t len, cgroups_lookup_reply_t *out) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    out->item_count = nipc_made_get_u32(bytes + 4);
    out->generation = nipc_made_get_u64(bytes + 8);
    out->payload.ptr = ptr;
    out->payload.len = len;
}

nipc_error_t cgroups_lookup_reply_decode(const void *ptr, size_t len, cgroups_lookup_reply_t *out) {
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
        cgroups_lookup_item_t item;
        nipc_error_t error = nipc_made_check_entry(bytes, len, 16, out->item_count, i, 28, &end);
        if (error == NIPC_OK) {
            error = cgroups_lookup_reply_item(out, i, &item);
        }
        if (error != NIPC_OK) {
            return error;
        }
    }
    return NIPC_OK;
}

nipc_error_t cgroups_lookup_reply_item(const cgroups_lookup_reply_t *reply, uint32_t index,
                                       cgroups_lookup_item_t *out) {
    if (reply == NULL || out == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    if (index >= reply->item_count) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    const uint8_t *bytes = (const uint8_t *)reply->payload.ptr;
    const nipc_bytes_view_t item = nipc_made_list_item(bytes, 16, reply->item_count, index);
    return cgroups_lookup_item_decode(item.ptr, item.len, out);
}

static uint64_t bare_size(const cgroups_lookup_key_t *key) {
    cgroups_lookup_item_t item;
    cgroups_lookup_item_bare(&item, key, 3);
    return cgroups_lookup_item_size(&item);
}

void cgroups_lookup_builder_init(cgroups_lookup_builder_t *builder,
                                 const cgroups_lookup_request_t *request, void *buf, size_t size) {
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
        cgroups_lookup_key_t key;
        if (cgroups_lookup_request_key(request, i, &key) == NIPC_OK) {
            builder->reserve = nipc_made_align8(builder->reserve) + bare_size(&key);
        }
    }
}

void cgroups_lookup_builder_set_generation(cgroups_lookup_builder_t *builder, uint64_t generation) {
    if (builder == NULL) {
        return;
    }
    builder->generation = generation;
}

/* Writes an item to the end of the answer, where BEHIND bytes must be left behind it. */
static nipc_error_t put_item(cgroups_lookup_builder_t *builder, const cgroups_lookup_item_t *item,
                             uint64_t behind) {
    const uint64_t start = nipc_made_align8(builder->end), size = cgroups_lookup_item_size(item);
    const uint64_t needed = behind > 0 ? nipc_made_align8(start + size) + behind : start + size;
    uint8_t *entry = builder->buf + 16 + 8 * (size_t)builder->item_count;
    size_t len = 0;
    if (needed > builder->size) {
        return NIPC_ERR_OVERFLOW;
    }
    const nipc_error_t error = cgroups_lookup_item_encode(item, builder->buf + start, (size_t)size,
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
static nipc_error_t add_item(cgroups_lookup_builder_t *builder, const cgroups_lookup_item_t *item) {
    const bool first = builder->item_count == 0, exceeded = item->status == 3;
    const cgroups_lookup_key_t answered = cgroups_lookup_item_key(item);
    cgroups_lookup_key_t key;
    cgroups_lookup_item_t instead;
    if (cgroups_lookup_request_key(&builder->request, builder->item_count, &key) != NIPC_OK) {
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
        cgroups_lookup_item_size(item) > builder->size) {
        cgroups_lookup_item_bare(&instead, &key, 4);
        error = put_item(builder, &instead, 0);
    } else if (error == NIPC_ERR_OVERFLOW && !first) {
        builder->full = true;
        cgroups_lookup_item_bare(&instead, &key, 3);
        error = put_item(builder, &instead, 0);
    }
    builder->reserve = behind;
    return error;
}

nipc_error_t cgroups_lookup_builder_add(cgroups_lookup_builder_t *builder,
                                        const cgroups_lookup_item_t *item) {
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

size_t cgroups_lookup_builder_last_error(const cgroups_lookup_builder_t *builder, char *buf,
                                         size_t buf_len) {
    if (builder == NULL) {
        return nipc_made_tell(NIPC_ERR_INVALID_ARGUMENT, NULL, -1, buf, buf_len);
    }
    return nipc_made_tell(builder->error, builder->why, builder->item_count, buf, buf_len);
}

nipc_error_t cgroups_lookup_builder_add_status(cgroups_lookup_builder_t *builder,
                                               cgroups_lookup_cgroup_status_t status) {
    if (builder == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    cgroups_lookup_key_t key;
    cgroups_lookup_item_t item;
    if (cgroups_lookup_request_key(&builder->request, builder->item_count, &key) != NIPC_OK) {
        builder->error = builder->error == NIPC_OK ? NIPC_ERR_BAD_ITEM_COUNT : builder->error;
        return builder->error;
    }
    cgroups_lookup_item_bare(&item, &key, status);
    return cgroups_lookup_builder_add(builder, &item);
}

nipc_error_t cgroups_lookup_builder_finish(cgroups_lookup_builder_t *builder, size_t *len) {
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
    cgroups_lookup_item_t item;
    (void)user;
    return cgroups_lookup_item_decode(ptr, len, &item);
}

static uint16_t status_of(void *user, nipc_bytes_view_t item) {
    (void)user;
    return nipc_made_get_u16((const uint8_t *)item.ptr + 2);
}

static bool item_answers(void *user, nipc_bytes_view_t bytes, nipc_bytes_view_t key_bytes) {
    cgroups_lookup_item_t item;
    cgroups_lookup_key_t key;
    (void)user;
    if (cgroups_lookup_item_decode(bytes.ptr, bytes.len, &item) != NIPC_OK ||
        cgroups_lookup_key_decode(key_bytes.ptr, key_bytes.len, &key) != NIPC_OK) {
        return false;
    }
    const cgroups_lookup_key_t answered = cgroups_lookup_item_key(&item);
    return cgroups_lookup_key_equal(&answered, &key);
}

static size_t write_bare(void *user, nipc_bytes_view_t key_bytes, uint16_t status, void *buf,
                         size_t size) {
    cgroups_lookup_key_t key;
    cgroups_lookup_item_t item;
    size_t len = 0;
    (void)user;
    if (cgroups_lookup_key_decode(key_bytes.ptr, key_bytes.len, &key) != NIPC_OK) {
        return 0;
    }
    cgroups_lookup_item_bare(&item, &key, status);
    return cgroups_lookup_item_encode(&item, buf, size, &len) == NIPC_OK ? len
        : (size_t)cgroups_lookup_item_size(&item);
}

static const nipc_any_lookup_t any_lookup = {
    CGROUPS_LOOKUP_METHOD, 1, 3, 4, 28,
    check_item_bytes, status_of, item_answers, write_bare, 0, NULL,
};

/* Keys as they stand in a request, which the caller frees; NULL where one cannot be, or there is
   no memory. */
static nipc_bytes_view_t *encode_keys(const cgroups_lookup_key_t *keys, uint32_t count,
                                      nipc_error_t *error) {
    uint64_t size = (uint64_t)count * sizeof(nipc_bytes_view_t) + 1;
    for (uint32_t i = 0; i < count; i++) {
        size += cgroups_lookup_key_size(&keys[i]);
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
        if (cgroups_lookup_key_encode(&keys[i], end, (size_t)cgroups_lookup_key_size(&keys[i]),
                                      &views[i].len) != NIPC_OK) {
            *error = NIPC_ERR_INVALID_ARGUMENT;
            free(views);
            return NULL;
        }
        end += views[i].len;
    }
    return views;
}

nipc_error_t cgroups_lookup_client_lookup(cgroups_lookup_client_t *client,
                                          const cgroups_lookup_key_t *keys, uint32_t count,
                                              cgroups_lookup_reply_t *out, uint32_t timeout_ms) {
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
    case 2:
        return NIPC_VERDICT_FOR_GOOD;
    case 4:
        return NIPC_VERDICT_OVERSIZED;
    default:
        return NIPC_VERDICT_FOR_NOW;
    }
}

/* The fixed part of an item that was checked. */
static nipc_error_t read_fixed(const uint8_t *bytes, size_t len, cgroups_lookup_item_t *out) {
    if (len < 28) {
        return NIPC_ERR_TRUNCATED;
    }
    if (nipc_made_get_u16(bytes) != 1) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->status = nipc_made_get_u16(bytes + 2);
    out->orchestrator = nipc_made_get_u16(bytes + 4);
    if (!nipc_made_is_zero(bytes + 6, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (!nipc_made_is_zero(bytes + 26, 2)) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    return NIPC_OK;
}

/* A key as it stands in a request. What more points to is to be freed. */
struct key_bytes {
    uint8_t room[256];
    void *more;
    nipc_bytes_view_t view;
};

static nipc_error_t key_bytes_of(struct key_bytes *bytes, const cgroups_lookup_key_t *key) {
    const uint64_t size = cgroups_lookup_key_size(key);
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
    return cgroups_lookup_key_encode(key, room, (size_t)size, &bytes->view.len);
}

void cgroups_lookup_enricher_init(cgroups_lookup_enricher_t *enricher, const char *run_dir,
                                  const char *service, const nipc_client_config_t *config,
                                      const nipc_enricher_config_t *keeping) {
    if (enricher == NULL) {
        return;
    }
    static const uint32_t text_places[] = {8, 16};
    nipc_any_enriched_t enriched;
    memset(&enriched, 0, sizeof(enriched));
    enriched.lookup = any_lookup;
    enriched.verdict = verdict_of;
    enriched.texts = text_places;
    enriched.text_count = 2;
    enriched.labels = 24;
    nipc_enricher_init_any(&enricher->enricher, run_dir, service, config, keeping, &enriched);
}

uint32_t cgroups_lookup_enricher_get(const cgroups_lookup_enricher_t *enricher,
                                     const nipc_enricher_guard_t *guard,
                                         const cgroups_lookup_key_t *key, uint64_t identity,
                                             cgroups_lookup_item_t *item,
                                                 nipc_enricher_found_t *found) {
    struct key_bytes bytes;
    nipc_any_parts_t parts;
    nipc_str_view_t texts[2];
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
                                         texts, 2, found);
    }
    free(bytes.more);
    if (result == NIPC_FOUND_ITEM) {
        (void)read_fixed((const uint8_t *)parts.fixed.ptr, parts.fixed.len, item);
        item->path = texts[0];
        item->name = texts[1];
        if (parts.label_count > 0) {
            item->labels.count = parts.label_count;
            item->labels.table = item->labels.item = (const uint8_t *)parts.labels.ptr;
        }
    }
    return result;
}

nipc_error_t cgroups_lookup_enricher_pin(const cgroups_lookup_enricher_t *enricher,
                                         const cgroups_lookup_key_t *key) {
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

nipc_error_t cgroups_lookup_enricher_unpin(const cgroups_lookup_enricher_t *enricher,
                                           const cgroups_lookup_key_t *key) {
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

uint32_t cgroups_lookup_enricher_refresh_now(const cgroups_lookup_enricher_t *enricher,
                                             const cgroups_lookup_key_t *keys, uint32_t count,
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

void cgroups_lookup_client_init(cgroups_lookup_client_t *client, const char *run_dir,
                                const char *service, const nipc_client_config_t *config) {
    if (client == NULL) {
        return;
    }
    nipc_client_init(&client->ctx, run_dir, service, config);
}

bool cgroups_lookup_client_refresh(cgroups_lookup_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_refresh(&client->ctx);
}

bool cgroups_lookup_client_ready(const cgroups_lookup_client_t *client) {
    if (client == NULL) {
        return false;
    }
    return nipc_client_ready(&client->ctx);
}

size_t cgroups_lookup_client_last_error(cgroups_lookup_client_t *client, char *buf,
                                        size_t buf_len) {
    return nipc_client_last_error((nipc_client_ctx_t *)client, buf, buf_len);
}

void cgroups_lookup_client_close(cgroups_lookup_client_t *client) {
    if (client == NULL) {
        return;
    }
    nipc_client_close(&client->ctx);
}

static nipc_error_t answer_with(cgroups_lookup_builder_t *builder, cgroups_lookup_handler_fn handle,
                                void *user, const void *ptr, size_t ptr_len, void *buf, size_t size,
                                    size_t *len) {
    cgroups_lookup_request_t request;
    if (cgroups_lookup_request_decode(ptr, ptr_len, &request) != NIPC_OK) {
        return NIPC_ERR_REJECTED;
    }
    cgroups_lookup_builder_init(builder, &request, buf, size);
    if (builder->error == NIPC_OK) {
        const bool answered = handle != NULL && handle(user, &request, builder);
        /* An answer that did not fit says so, whatever the handler made of it. */
        if (!answered && builder->error == NIPC_OK) {
            return NIPC_ERR_HANDLER_FAILED;
        }
    }
    return cgroups_lookup_builder_finish(builder, len);
}

nipc_error_t cgroups_lookup_answer(cgroups_lookup_handler_fn handle, void *user, const void *ptr,
                                   size_t ptr_len, void *buf, size_t size, size_t *len) {
    if ((ptr == NULL && ptr_len > 0) || (buf == NULL && size > 0) || len == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    cgroups_lookup_builder_t builder;
    return answer_with(&builder, handle, user, ptr, ptr_len, buf, size, len);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    const cgroups_lookup_server_t *server = (const cgroups_lookup_server_t *)user;
    cgroups_lookup_builder_t builder;
    (void)method;
    const nipc_error_t error = answer_with(&builder, server->handle, server->user, request.ptr,
                                           request.len, response->buf, response->size,
                                               &response->len);
    if (error == NIPC_ERR_BAD_LAYOUT && builder.why != NULL) {
        cgroups_lookup_builder_last_error(&builder, response->why, sizeof(response->why));
    }
    return error;
}

nipc_error_t cgroups_lookup_server_init(cgroups_lookup_server_t *server, const char *run_dir,
                                        const char *service, const nipc_server_config_t *config,
                                            int workers, cgroups_lookup_handler_fn handle,
                                                void *user) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    const nipc_any_service_handler_t handler = {answer, CGROUPS_LOOKUP_METHOD, false, server};
    server->handle = handle;
    server->user = user;
    return nipc_server_init_any(&server->server, run_dir, service, config, workers, &handler);
}

nipc_error_t cgroups_lookup_server_run(cgroups_lookup_server_t *server) {
    if (server == NULL) {
        return NIPC_ERR_INVALID_ARGUMENT;
    }
    return nipc_server_serve(&server->server);
}

void cgroups_lookup_server_stop(cgroups_lookup_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_stop(&server->server);
}

bool cgroups_lookup_server_drain(cgroups_lookup_server_t *server, uint32_t timeout_ms) {
    if (server == NULL) {
        return false;
    }
    return nipc_server_drain(&server->server, timeout_ms);
}

size_t cgroups_lookup_server_last_error(cgroups_lookup_server_t *server, char *buf,
                                        size_t buf_len) {
    return nipc_server_last_error((nipc_managed_server_t *)server, buf, buf_len);
}

void cgroups_lookup_server_destroy(cgroups_lookup_server_t *server) {
    if (server == NULL) {
        return;
    }
    nipc_server_destroy(&server->server);
}
