/**
 * \file netipc_made.h
 * What all C code has in common that "netipc schema generate --lang c" makes: labels, and small
 * functions over bytes. Include the header that was made, which includes this one; only nipc_labels_t
 * is for you. docs/services.md shows the rest.
 */
#ifndef NETIPC_MADE_H
#define NETIPC_MADE_H

#include <stdio.h>
#include <string.h>

#include "netipc_any.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Labels: a list to send, or those that came, which the function NAME_label gives. */
typedef struct nipc_labels_t {
    /** How many; at most 65535. */
    uint32_t count;
    /** Those to send. NULL in those that came. */
    const nipc_lookup_label_view_t *list;
    /** Private. */
    const uint8_t *table, *item;
} nipc_labels_t;

/* ---- Bytes ----------------------------------------------------------------------------------- */

static inline uint16_t nipc_made_get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t nipc_made_get_u32(const uint8_t *bytes) {
    return nipc_made_get_u16(bytes) | (uint32_t)nipc_made_get_u16(bytes + 2) << 16;
}

static inline uint64_t nipc_made_get_u64(const uint8_t *bytes) {
    return nipc_made_get_u32(bytes) | (uint64_t)nipc_made_get_u32(bytes + 4) << 32;
}

static inline void nipc_made_put_u16(uint8_t *out, uint16_t number) {
    out[0] = (uint8_t)number;
    out[1] = (uint8_t)(number >> 8);
}

static inline void nipc_made_put_u32(uint8_t *out, uint32_t number) {
    nipc_made_put_u16(out, (uint16_t)number);
    nipc_made_put_u16(out + 2, (uint16_t)(number >> 16));
}

static inline void nipc_made_put_u64(uint8_t *out, uint64_t number) {
    nipc_made_put_u32(out, (uint32_t)number);
    nipc_made_put_u32(out + 4, (uint32_t)(number >> 32));
}

static inline uint64_t nipc_made_align8(uint64_t at) {
    return (at + 7) / 8 * 8;
}

static inline bool nipc_made_is_zero(const void *ptr, size_t size) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    size_t at = 0;
    while (at < size && bytes[at] == 0) {
        at++;
    }
    return at == size;
}

/* Whether nothing but zeros stands behind a text of fixed size. */
static inline bool nipc_made_is_padded(const void *ptr, size_t size) {
    const uint8_t *bytes = (const uint8_t *)ptr;
    size_t end = 0;
    while (end < size && bytes[end] != 0) {
        end++;
    }
    return nipc_made_is_zero(bytes + end, size - end);
}

static inline bool nipc_made_is_ip(const nipc_ip_t *ip) {
    return ip->size == 0 || ip->size == 4 || ip->size == 16;
}

static inline bool nipc_made_same_ip(const nipc_ip_t *a, const nipc_ip_t *b) {
    return a->size == b->size && nipc_made_is_ip(a) && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static inline nipc_error_t nipc_made_get_ip(const uint8_t *bytes, nipc_ip_t *out) {
    const uint16_t size = nipc_made_get_u16(bytes);
    if (size != 0 && size != 4 && size != 16) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    out->size = (uint8_t)size;
    memcpy(out->bytes, bytes + 2, sizeof(out->bytes));
    const bool ends = nipc_made_is_zero(out->bytes + size, sizeof(out->bytes) - size);
    return ends ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
}

static inline void nipc_made_put_ip(uint8_t *out, const nipc_ip_t *ip) {
    nipc_made_put_u16(out, ip->size);
    memcpy(out + 2, ip->bytes, ip->size);
}

/* Whether a text has a length, and no bytes. */
static inline bool nipc_made_is_missing(nipc_str_view_t text) {
    return text.len > 0 && text.ptr == NULL;
}

/* Tells what went wrong with an answer, as snprintf does: why, of an item unless that is below 0. */
static inline size_t nipc_made_tell(nipc_error_t error, const char *why, int64_t item, char *buf,
                                    size_t buf_len) {
    const size_t size = buf != NULL ? buf_len : 0;
    int len;
    if (error == NIPC_OK) {
        len = snprintf(buf, size, "%s", "");
    } else if (why == NULL) {
        len = snprintf(buf, size, "%s", nipc_strerror(error));
    } else if (item < 0) {
        len = snprintf(buf, size, "%s", why);
    } else {
        len = snprintf(buf, size, "item %lu: %s", (unsigned long)item, why);
    }
    return len > 0 ? (size_t)len : 0;
}

/* Whether a text is none of a wire that ends with NULs: it has one, or is missing. */
static inline bool nipc_made_has_nul(nipc_str_view_t text) {
    return text.len > 0 && (text.ptr == NULL || memchr(text.ptr, 0, text.len) != NULL);
}

static inline bool nipc_made_same_text(nipc_str_view_t a, nipc_str_view_t b) {
    if (a.len != b.len || nipc_made_is_missing(a) || nipc_made_is_missing(b)) {
        return false;
    }
    return a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* The text at OFFSET, whose NUL is found in its place. */
static inline nipc_error_t nipc_made_text_at(const uint8_t *bytes, size_t len, uint64_t offset,
                                             uint32_t text_len, nipc_str_view_t *out) {
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
static inline nipc_error_t nipc_made_get_text(const uint8_t *bytes, size_t len, size_t at,
                                              size_t fixed, nipc_str_view_t *out) {
    const uint32_t offset = nipc_made_get_u32(bytes + at);
    if (offset < fixed) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    return nipc_made_text_at(bytes, len, offset, nipc_made_get_u32(bytes + at + 4), out);
}

/* Where a text ends, its NUL included. */
static inline uint64_t nipc_made_end_of(const uint8_t *bytes, nipc_str_view_t text) {
    return (uint64_t)(text.ptr - (const char *)bytes) + text.len + 1;
}

static inline bool nipc_made_are_apart(nipc_str_view_t a, nipc_str_view_t b) {
    return a.ptr + a.len < b.ptr || b.ptr + b.len < a.ptr;
}

/* Writes a text to END, its offset and length to AT; returns where it ends. */
static inline size_t nipc_made_put_text(uint8_t *out, size_t at, size_t end, nipc_str_view_t text) {
    nipc_made_put_u32(out + at, (uint32_t)end);
    nipc_made_put_u32(out + at + 4, text.len);
    if (text.len > 0) {
        memcpy(out + end, text.ptr, text.len);
    }
    out[end + text.len] = 0;
    return end + text.len + 1;
}

/* Label INDEX; false beyond the last, and where there is no list. */
static inline bool nipc_made_label(const nipc_labels_t *labels, uint32_t index,
                                   nipc_lookup_label_view_t *out) {
    if (labels == NULL || out == NULL || index >= labels->count) {
        return false;
    }
    if (labels->table == NULL) {
        if (labels->list != NULL) {
            *out = labels->list[index];
        }
        return labels->list != NULL;
    }
    const uint8_t *entry = labels->table + 16 * (size_t)index;
    out->key.ptr = (const char *)labels->item + nipc_made_get_u32(entry);
    out->key.len = nipc_made_get_u32(entry + 4);
    out->value.ptr = (const char *)labels->item + nipc_made_get_u32(entry + 8);
    out->value.len = nipc_made_get_u32(entry + 12);
    return true;
}

/* Checks the labels behind texts that end at END, and tells where they end. */
static inline nipc_error_t nipc_made_check_labels(const uint8_t *bytes, size_t len, uint32_t count,
                                                  uint64_t *end) {
    const uint64_t table = nipc_made_align8(*end);
    uint64_t text = table + UINT64_C(16) * count;
    if (text > len) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    if (!nipc_made_is_zero(bytes + *end, (size_t)(table - *end))) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    for (uint32_t part = 0; part < 2 * count; part++) {
        const uint8_t *entry = bytes + table + 8 * (uint64_t)part;
        nipc_str_view_t view;
        const uint32_t text_len = nipc_made_get_u32(entry + 4);
        if (nipc_made_get_u32(entry) != text || (part % 2 == 0 && text_len == 0)) {
            return NIPC_ERR_BAD_LAYOUT;
        }
        const nipc_error_t error = nipc_made_text_at(bytes, len, text, text_len, &view);
        if (error != NIPC_OK) {
            return error;
        }
        if (nipc_made_has_nul(view)) {
            return NIPC_ERR_BAD_LAYOUT;
        }
        text += (uint64_t)view.len + 1;
    }
    *end = text;
    return NIPC_OK;
}

/* Whether labels may be sent. */
static inline nipc_error_t nipc_made_check_sent_labels(const nipc_labels_t *labels) {
    nipc_lookup_label_view_t label;
    if (labels->count > 0 && labels->table == NULL && labels->list == NULL) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (labels->count > UINT16_MAX) {
        return NIPC_ERR_BAD_ITEM_COUNT;
    }
    for (uint32_t i = 0; nipc_made_label(labels, i, &label); i++) {
        if (label.key.len == 0 || nipc_made_has_nul(label.key) || nipc_made_has_nul(label.value)) {
            return NIPC_ERR_BAD_LAYOUT;
        }
    }
    return NIPC_OK;
}

/* Where labels end that stand behind texts that end at END. */
static inline uint64_t nipc_made_end_of_labels(uint64_t end, const nipc_labels_t *labels) {
    nipc_lookup_label_view_t label;
    end = labels->count > 0 ? nipc_made_align8(end) : end;
    for (uint32_t i = 0; nipc_made_label(labels, i, &label); i++) {
        end += UINT64_C(16) + label.key.len + 1 + label.value.len + 1;
    }
    return end;
}

static inline void nipc_made_put_labels(uint8_t *out, size_t end, const nipc_labels_t *labels) {
    const size_t table = (size_t)nipc_made_align8(end);
    size_t text = table + 16 * (size_t)labels->count;
    nipc_lookup_label_view_t label;
    if (labels->count > 0) {
        memset(out + end, 0, table - end);
    }
    for (uint32_t i = 0; nipc_made_label(labels, i, &label); i++) {
        text = nipc_made_put_text(out, table + 16 * (size_t)i, text, label.key);
        text = nipc_made_put_text(out, table + 16 * (size_t)i + 8, text, label.value);
    }
}

/* Item INDEX of a list of COUNT whose directory stands at AT, and which was checked. */
static inline nipc_bytes_view_t nipc_made_list_item(const uint8_t *bytes, size_t at, uint32_t count,
                                                    uint32_t index) {
    const uint8_t *entry = bytes + at + 8 * (size_t)index;
    nipc_bytes_view_t item;
    item.ptr = bytes + at + 8 * (size_t)count + nipc_made_get_u32(entry);
    item.len = nipc_made_get_u32(entry + 4);
    return item;
}

/* Checks entry INDEX of a list in which items stand in order; END is where the one before ends. */
static inline nipc_error_t nipc_made_check_entry(const uint8_t *bytes, size_t len, size_t at,
                                                 uint32_t count, uint32_t index, size_t shortest,
                                                 uint64_t *end) {
    const uint64_t offset = nipc_made_get_u32(bytes + at + 8 * (size_t)index);
    const uint64_t item_len = nipc_made_get_u32(bytes + at + 8 * (size_t)index + 4);
    if (offset % 8 != 0) {
        return NIPC_ERR_BAD_ALIGNMENT;
    }
    if (item_len < shortest) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    if (at + UINT64_C(8) * count + offset + item_len > len) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    if (offset < *end) {
        return NIPC_ERR_BAD_LAYOUT;
    }
    *end = offset + item_len;
    return NIPC_OK;
}

/* Checks entry INDEX of a list in which items stand anywhere. */
static inline nipc_error_t nipc_made_check_any_entry(const uint8_t *bytes, size_t len, size_t at,
                                                     uint32_t count, uint32_t index,
                                                     size_t shortest) {
    const uint64_t offset = nipc_made_get_u32(bytes + at + 8 * (size_t)index);
    const uint64_t item_len = nipc_made_get_u32(bytes + at + 8 * (size_t)index + 4);
    if (offset % 8 != 0) {
        return NIPC_ERR_BAD_ALIGNMENT;
    }
    if (at + UINT64_C(8) * count + offset + item_len > len) {
        return NIPC_ERR_OUT_OF_BOUNDS;
    }
    return item_len < shortest ? NIPC_ERR_TRUNCATED : NIPC_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* NETIPC_MADE_H */
