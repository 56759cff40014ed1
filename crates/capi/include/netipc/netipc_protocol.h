/**
 * \file netipc_protocol.h
 * The bytes of NetIPC: encoders, decoders and builders of every message, and the views that calls
 * and handlers use. Programs that only ask or answer include netipc_service.h, which includes this.
 *
 * Encoders return the length that they wrote, or 0 where the buffer has no room or the values cannot
 * be sent. Decoders and builders return NIPC_OK or why not, and decoders check every length and offset
 * before they look behind it: bytes from anywhere may be passed.
 *
 * Views point into the bytes that were decoded and live as long as those do. Nothing here allocates,
 * keeps a pointer beyond what its comment says, or has state of its own: any thread may call anything
 * on data that no other thread writes to at the same time.
 *
 * A pointer that may not be NULL gives NIPC_ERR_INVALID_ARGUMENT, and an index beyond the last item
 * NIPC_ERR_OUT_OF_BOUNDS; functions that return nothing then do nothing. NULL with a length of 0 is an
 * empty string.
 *
 * Generated from crates/capi/src/protocol by "cargo xtask headers": change the sources, not this file.
 */
#ifndef NETIPC_PROTOCOL_H
#define NETIPC_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A condition that the compiler checks.
 */
#ifdef __cplusplus
#define NIPC_STATIC_ASSERT(condition, text) static_assert(condition, text)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define NIPC_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#else
#define NIPC_STATIC_ASSERT(condition, text) extern char nipc_static_assert[(condition) ? 1 : -1]
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors and the library ---------------------------------------------------------------- */

/**
 * Why something did not work. The numbers are the same in every language.
 */
typedef enum nipc_error_t {
    /** No error. */
    NIPC_OK = 0,
    /** The bytes end too early. */
    NIPC_ERR_TRUNCATED = 1,
    /** Not an envelope. */
    NIPC_ERR_BAD_MAGIC = 2,
    /** Another version of the envelope. */
    NIPC_ERR_BAD_VERSION = 3,
    /** An envelope of another length. */
    NIPC_ERR_BAD_HEADER_LEN = 4,
    /** Neither request, response nor control. */
    NIPC_ERR_BAD_KIND = 5,
    /** A value that the layout does not allow. */
    NIPC_ERR_BAD_LAYOUT = 6,
    /** An offset that points outside. */
    NIPC_ERR_OUT_OF_BOUNDS = 7,
    /** A string without its NUL. */
    NIPC_ERR_MISSING_NUL = 8,
    /** An item that is not aligned. */
    NIPC_ERR_BAD_ALIGNMENT = 9,
    /** Another number of items. */
    NIPC_ERR_BAD_ITEM_COUNT = 10,
    /** More than the limits hold. */
    NIPC_ERR_OVERFLOW = 11,
    /** The handler failed. */
    NIPC_ERR_HANDLER_FAILED = 12,
    /** There is no session. */
    NIPC_ERR_NOT_READY = 13,
    /** The deadline passed. */
    NIPC_ERR_TIMEOUT = 14,
    /** The caller called it off. */
    NIPC_ERR_ABORTED = 15,
    /** The peer is gone. */
    NIPC_ERR_DISCONNECTED = 32,
    /** The endpoint serves another method, or no common profile. */
    NIPC_ERR_UNSUPPORTED = 33,
    /** The server could not understand the request, or turned the session down. */
    NIPC_ERR_REJECTED = 34,
    /** The peer broke the protocol. */
    NIPC_ERR_PROTOCOL = 35,
    /** The data changed during a lookup. */
    NIPC_ERR_GENERATION_MISMATCH = 36,
    /** In use: by another thread, or the last request is unanswered. */
    NIPC_ERR_BUSY = 37,
    /** The caller passed something that cannot be sent. */
    NIPC_ERR_INVALID_ARGUMENT = 38,
    /** Another server owns the endpoint. */
    NIPC_ERR_ADDRESS_IN_USE = 39,
    /** The system failed. */
    NIPC_ERR_IO = 40,
    /** The library itself failed: a defect. */
    NIPC_ERR_INTERNAL = 41,
    /** A context of the C library that was made in the process from which this one was forked. */
    NIPC_ERR_FORKED = 42,
} nipc_error_t;

/**
 * Says in a few words what an error means.
 *
 * \param error  any number; one that is not in the list is an unknown error
 * \return a text that lives as long as the program, never NULL
 */
const char *nipc_strerror(nipc_error_t error);

/** The version of the library, such as "0.1.0". Lives as long as the program. */
const char *nipc_version(void);

/**
 * The hash that producers put into the items of snapshots: 32-bit FNV-1a over the name.
 *
 * \param name  ends with NUL; NULL is an empty name
 */
uint32_t nipc_simple_hash(const char *name);

/**
 * How many times the library itself failed since the process began. Each of them was returned as
 * NIPC_ERR_INTERNAL, or as what the function gives where it cannot tell an error. Anything but 0 is
 * a defect to report.
 */
uint64_t nipc_panic_count(void);

/* ---- Numbers of the protocol --------------------------------------------------------------- */

/** The platform's packet socket; on Windows, the named pipe. */
#define NIPC_PROFILE_BASELINE 1

/** Shared memory that spins before it waits in the kernel. */
#define NIPC_PROFILE_SHM_HYBRID 2

/**
 * Shared memory that waits in the kernel at once; on Windows it spins instead, for clients that
 * ask for exactly this.
 */
#define NIPC_PROFILE_SHM_FUTEX 4

/** Reserved. */
#define NIPC_PROFILE_SHM_WAITADDR 8

/**
 * Rings in sealed memory that the server passes over the socket: the fastest, between peers of ours
 * on Linux; others leave it out. Whoever wants shared memory does well to offer it beside a region.
 */
#define NIPC_PROFILE_SHM_RING 16

/** The first four bytes of a message. */
#define NIPC_MAGIC_MSG 0x4e495043u

/** The first four bytes of every packet of a message but the first. */
#define NIPC_MAGIC_CHUNK 0x4e43484bu

/** The version of the envelope. */
#define NIPC_VERSION 1

/** A message that asks. */
#define NIPC_KIND_REQUEST 1

/** A message that answers. */
#define NIPC_KIND_RESPONSE 2

/** A message that sets the session up. */
#define NIPC_KIND_CONTROL 3

/** The flag of a message whose payload is a batch. */
#define NIPC_FLAG_BATCH 1

/** The control message that a client starts with. */
#define NIPC_CODE_HELLO 1

/** The control message that a server answers it with. */
#define NIPC_CODE_HELLO_ACK 2

/** Answered. */
#define NIPC_STATUS_OK 0

/** The request could not be understood. */
#define NIPC_STATUS_BAD_ENVELOPE 1

/** The token is not the server's, or the peer is not welcome. */
#define NIPC_STATUS_AUTH_FAILED 2

/** Another version of the protocol. */
#define NIPC_STATUS_INCOMPATIBLE 3

/** Another method than the endpoint serves, or no common profile. */
#define NIPC_STATUS_UNSUPPORTED 4

/** More than was agreed. */
#define NIPC_STATUS_LIMIT_EXCEEDED 5

/** The handler failed, or the server is full. */
#define NIPC_STATUS_INTERNAL_ERROR 6

/** The uid of a process that is not known. */
#define NIPC_UID_UNSET 0xffffffffu

/** Bytes of a request payload that an unconfigured client proposes first. */
#define NIPC_MAX_PAYLOAD_DEFAULT 1024

/**
 * Bytes of a request payload that automatic growth stops at, and the maximum of an unconfigured
 * server.
 */
#define NIPC_MAX_PAYLOAD_CAP 1048576

/**
 * Bytes of a response payload that automatic growth stops at, and the maximum of an unconfigured
 * server: a snapshot of some 57000 cgroups of Kubernetes.
 */
#define NIPC_MAX_RESPONSE_PAYLOAD_CAP 0x01000000u

/** What items, and whole batches, start at multiples of. */
#define NIPC_ALIGNMENT 8

/** A number: the request and the response of increment. */
#define NIPC_INCREMENT_PAYLOAD_SIZE 8

/** In front of a text: the request and the response of string-reverse. */
#define NIPC_STRING_REVERSE_HDR_SIZE 8

/** The envelope of a message. */
#define NIPC_HEADER_LEN 32

/** The envelope of every packet of a message but the first. */
#define NIPC_CHUNK_HEADER_LEN 32

/** The payload of a hello. */
#define NIPC_HELLO_LEN 44

/** As NIPC_HELLO_LEN: sizeof(nipc_hello_t) is larger. */
#define NIPC_HELLO_WIRE_SIZE 44

/** The payload of the answer to a hello. */
#define NIPC_HELLO_ACK_LEN 48

/** An entry of a batch's directory. */
#define NIPC_BATCH_ENTRY_SIZE 8

/** The request of a snapshot, all of it. */
#define NIPC_CGROUPS_REQ_HDR_SIZE 4

/** In front of a snapshot's directory. */
#define NIPC_CGROUPS_RESP_HDR_SIZE 24

/** An entry of a snapshot's directory. */
#define NIPC_CGROUPS_DIR_ENTRY_SIZE 8

/** In front of the strings of a snapshot's item. */
#define NIPC_CGROUPS_ITEM_HDR_SIZE 32

/** In front of the directory of a lookup's request. */
#define NIPC_LOOKUP_REQ_HDR_SIZE 16

/** In front of the directory of a lookup's answer. */
#define NIPC_LOOKUP_RESP_HDR_SIZE 16

/** An entry of a lookup's directory. */
#define NIPC_LOOKUP_DIR_ENTRY_SIZE 8

/** An entry of an item's label table. */
#define NIPC_LOOKUP_LABEL_ENTRY_SIZE 16

/** increment: a number in, the next one out. It exists to test and to measure. */
#define NIPC_METHOD_INCREMENT 1

/** cgroups-snapshot: all cgroups of the host, at once. */
#define NIPC_METHOD_CGROUPS_SNAPSHOT 2

/** string-reverse: a text in, the same bytes backwards out. It exists to test. */
#define NIPC_METHOD_STRING_REVERSE 3

/** cgroups-lookup: cgroup paths in; orchestrator, name and labels of each out. */
#define NIPC_METHOD_CGROUPS_LOOKUP 4

/** apps-lookup: process ids in; process, user and cgroup of each out. */
#define NIPC_METHOD_APPS_LOOKUP 5

/** As NIPC_LOOKUP_REQ_HDR_SIZE. */
#define NIPC_CGROUPS_LOOKUP_REQ_HDR_SIZE 16

/** As NIPC_LOOKUP_RESP_HDR_SIZE. */
#define NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE 16

/** In front of the strings of an item of cgroups-lookup. */
#define NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE 28

/** As NIPC_LOOKUP_REQ_HDR_SIZE. */
#define NIPC_APPS_LOOKUP_REQ_HDR_SIZE 16

/** As NIPC_LOOKUP_RESP_HDR_SIZE. */
#define NIPC_APPS_LOOKUP_RESP_HDR_SIZE 16

/** In front of the strings of an item of apps-lookup. */
#define NIPC_APPS_LOOKUP_ITEM_HDR_SIZE 60

/** A key of a request of apps-lookup. */
#define NIPC_APPS_LOOKUP_KEY_SIZE 8

/** Who runs a cgroup. There may be more than are in the list yet. */
typedef enum nipc_orchestrator_t {
    /** Not known. */
    NIPC_ORCHESTRATOR_UNKNOWN = 0,
    /** A systemd unit or slice. */
    NIPC_ORCHESTRATOR_SYSTEMD = 1,
    /** A Docker container. */
    NIPC_ORCHESTRATOR_DOCKER = 2,
    /** A Kubernetes pod or container. */
    NIPC_ORCHESTRATOR_K8S = 3,
    /** A virtual machine. */
    NIPC_ORCHESTRATOR_KVM = 4,
    /** An LXC container. */
    NIPC_ORCHESTRATOR_LXC = 5,
    /** A Podman container. */
    NIPC_ORCHESTRATOR_PODMAN = 6,
    /** A systemd-nspawn container. */
    NIPC_ORCHESTRATOR_NSPAWN = 7,
} nipc_orchestrator_t;

/** Whether a path is known, or why not. */
typedef enum nipc_cgroup_lookup_status_t {
    /** The item holds data. */
    NIPC_CGROUP_LOOKUP_KNOWN = 0,
    /** Not known yet: ask again later. */
    NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER = 1,
    /** Not known, and asking again is of no use. */
    NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT = 2,
    /** There was no room: clients ask again by themselves, and callers never see it. */
    NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED = 3,
    /** No answer within the agreed limits can hold the item. */
    NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM = 4,
} nipc_cgroup_lookup_status_t;

/** Whether a process is known, or why not. */
typedef enum nipc_pid_lookup_status_t {
    /** The item holds data. */
    NIPC_PID_LOOKUP_KNOWN = 0,
    /** There is no such process. */
    NIPC_PID_LOOKUP_UNKNOWN = 1,
    /** There was no room: clients ask again by themselves, and callers never see it. */
    NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED = 2,
    /** No answer within the agreed limits can hold the item. */
    NIPC_PID_LOOKUP_OVERSIZED_ITEM = 3,
} nipc_pid_lookup_status_t;

/** Whether the cgroup of a known process is known, or why not. */
typedef enum nipc_apps_cgroup_status_t {
    /** There is a path, and maybe a name and labels. */
    NIPC_APPS_CGROUP_KNOWN = 0,
    /** Not known yet: ask again later. There may be a path. */
    NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER = 1,
    /** Not known, and asking again is of no use. There is a path. */
    NIPC_APPS_CGROUP_UNKNOWN_PERMANENT = 2,
    /** The process is in no cgroup but the host's root. */
    NIPC_APPS_CGROUP_HOST_ROOT = 3,
} nipc_apps_cgroup_status_t;

/**
 * Rounds up to the alignment of items in payloads.
 *
 * \param n a length in bytes
 * \return the smallest multiple of 8 that is not below n
 */
static inline size_t nipc_align8(size_t n)
{
    return (n + 7u) & ~(size_t)7u;
}

/* ---- Strings and labels -------------------------------------------------------------------- */

/**
 * A string literal and its length, as two arguments of a function or in the braces of a view:
 * nipc_cgroups_builder_add(out, 7, 0, 1, NIPC_STR("shop"), NIPC_STR("/docker/abc")).
 */
#define NIPC_STR(literal) "" literal, (uint32_t)(sizeof("" literal) - 1)

/**
 * Characters and how many there are. They need not be UTF-8.
 *
 * Where it comes from this library, ptr is never NULL and a NUL follows the characters. Where it is
 * given to this library, it needs no NUL, and NULL with a length of 0 is an empty string.
 */
typedef struct nipc_str_view_t {
    /** The first character. */
    const char *ptr;
    /** How many characters, the NUL not counted. */
    uint32_t len;
} nipc_str_view_t;

/** A label of a cgroup: a key, which is never empty, and its value, which may be. */
typedef struct nipc_lookup_label_view_t {
    /** The key. */
    nipc_str_view_t key;
    /** The value. */
    nipc_str_view_t value;
} nipc_lookup_label_view_t;

/**
 * Where an item of a lookup's answer lies, with the fields of the wire at the offsets of the wire. For
 * programs that make or read the bytes themselves.
 */
typedef struct nipc_lookup_dir_entry_t {
    /** Bytes from the end of the directory to the item: a multiple of 8. */
    uint32_t offset;
    /** Bytes of the item. */
    uint32_t length;
} nipc_lookup_dir_entry_t;

/**
 * Where a label of an item lies, with the fields of the wire at the offsets of the wire. Offsets count
 * from the first byte of the item, lengths are those without NUL.
 */
typedef struct nipc_lookup_label_entry_t {
    /** Where the key begins. */
    uint32_t key_offset;
    /** Its characters. */
    uint32_t key_length;
    /** Where the value begins. */
    uint32_t value_offset;
    /** Its characters. */
    uint32_t value_length;
} nipc_lookup_label_entry_t;

/* ---- Builders ------------------------------------------------------------------------------ */

/** Private: what a builder fills in. Do not touch or copy it. */
typedef struct nipc_builder_state_t {
    /** Private: do not touch. */
    uint64_t kind;
    /** Private: do not touch. */
    void *lent;
    /** Private: do not touch. */
    uint64_t own[24];
} nipc_builder_state_t;

/* ---- Envelopes and handshakes -------------------------------------------------------------- */

/** The envelope of a message, with the fields of the wire at the offsets of the wire. */
typedef struct nipc_header_t {
    /** NIPC_MAGIC_MSG. */
    uint32_t magic;
    /** NIPC_VERSION. */
    uint16_t version;
    /** NIPC_HEADER_LEN. */
    uint16_t header_len;
    /** A NIPC_KIND_ number. */
    uint16_t kind;
    /** NIPC_FLAG_BATCH where the payload is a batch, else 0. Other bits do not matter. */
    uint16_t flags;
    /** A NIPC_METHOD_ number; in a control message a NIPC_CODE_ number. */
    uint16_t code;
    /** A NIPC_STATUS_ number; NIPC_STATUS_OK in a request. */
    uint16_t transport_status;
    /** Bytes behind the envelope, in all packets of the message together. */
    uint32_t payload_len;
    /** Items of a batch, else 1. */
    uint32_t item_count;
    /** Pairs a response with its request. */
    uint64_t message_id;
} nipc_header_t;

/**
 * The envelope of every packet of a message but the first, with the fields of the wire at the
 * offsets of the wire.
 */
typedef struct nipc_chunk_header_t {
    /** NIPC_MAGIC_CHUNK. */
    uint32_t magic;
    /** NIPC_VERSION. */
    uint16_t version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** That of the message. */
    uint64_t message_id;
    /** Bytes of the whole message, its envelope included and those of its packets not. */
    uint32_t total_message_len;
    /** Which packet of the message; 1 is the second, which is the first with this envelope. */
    uint32_t chunk_index;
    /** Packets of the message, the first included. */
    uint32_t chunk_count;
    /** Bytes of data in this packet. */
    uint32_t chunk_payload_len;
} nipc_chunk_header_t;

/** What a client proposes. Its size is larger than that on the wire, which is NIPC_HELLO_LEN. */
typedef struct nipc_hello_t {
    /** 1. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** The NIPC_PROFILE_ bits that the client can use. */
    uint32_t supported_profiles;
    /** Those that it would rather use. */
    uint32_t preferred_profiles;
    /** Bytes of the largest request payload. */
    uint32_t max_request_payload_bytes;
    /** Items of the largest request batch. */
    uint32_t max_request_batch_items;
    /** Bytes of the largest response payload: a hint, the server decides. */
    uint32_t max_response_payload_bytes;
    /** Items of the largest response batch. */
    uint32_t max_response_batch_items;
    /** 0. */
    uint32_t padding;
    /** The shared secret of the endpoint. */
    uint64_t auth_token;
    /** Bytes of the largest packet. */
    uint32_t packet_size;
} nipc_hello_t;

/** What a server has decided. */
typedef struct nipc_hello_ack_t {
    /** 1. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** The NIPC_PROFILE_ bits that the server can use. */
    uint32_t server_supported_profiles;
    /** Those that both can use. */
    uint32_t intersection_profiles;
    /** The one of the session. */
    uint32_t selected_profile;
    /** Bytes of the largest request payload. */
    uint32_t agreed_max_request_payload_bytes;
    /** Items of the largest request batch. */
    uint32_t agreed_max_request_batch_items;
    /** Bytes of the largest response payload. */
    uint32_t agreed_max_response_payload_bytes;
    /** Items of the largest response batch. */
    uint32_t agreed_max_response_batch_items;
    /** Bytes of the largest packet. */
    uint32_t agreed_packet_size;
    /** 0, whatever was there. */
    uint32_t padding;
    /** The server's number for the session. */
    uint64_t session_id;
} nipc_hello_ack_t;

/**
 * Writes the envelope of a message, every field as it is: a decoder may refuse it.
 *
 * \return NIPC_HEADER_LEN, or 0 for NULL or a smaller buffer
 */
size_t nipc_header_encode(const nipc_header_t *header, void *buf, size_t buf_len);

/**
 * Reads and checks the envelope of a message.
 *
 * \param buf  a packet; bytes behind the envelope are not looked at
 * \param out  the envelope; zeroed on failure
 * \return NIPC_OK, or the first that is wrong: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_MAGIC,
 *         NIPC_ERR_BAD_VERSION, NIPC_ERR_BAD_HEADER_LEN, NIPC_ERR_BAD_KIND
 */
nipc_error_t nipc_header_decode(const void *buf, size_t buf_len, nipc_header_t *out);

/**
 * Writes the envelope of a packet, every field as it is: a decoder may refuse it.
 *
 * \return NIPC_CHUNK_HEADER_LEN, or 0 for NULL or a smaller buffer
 */
size_t nipc_chunk_header_encode(const nipc_chunk_header_t *header, void *buf, size_t buf_len);

/**
 * Reads and checks the envelope of a packet.
 *
 * \param buf  a packet; bytes behind the envelope are not looked at
 * \param out  the envelope; zeroed on failure
 * \return NIPC_OK, or the first that is wrong: NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_MAGIC,
 *         NIPC_ERR_BAD_VERSION, and NIPC_ERR_BAD_LAYOUT for flags and for a packet without data
 */
nipc_error_t nipc_chunk_header_decode(const void *buf, size_t buf_len, nipc_chunk_header_t *out);

/**
 * Writes what a client proposes, every field as it is.
 *
 * \return NIPC_HELLO_LEN, or 0 for NULL or a smaller buffer
 */
size_t nipc_hello_encode(const nipc_hello_t *hello, void *buf, size_t buf_len);

/**
 * Reads what a client proposes. Of all its fields only the padding is checked: the others are for the
 * server to decide on.
 *
 * \param out  what was read; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, or NIPC_ERR_BAD_LAYOUT for a padding that is not 0
 */
nipc_error_t nipc_hello_decode(const void *buf,
                               size_t buf_len,
                               nipc_hello_t *out);

/**
 * Writes what a server has decided, every field as it is, but for the padding, which is 0.
 *
 * \return NIPC_HELLO_ACK_LEN, or 0 for NULL or a smaller buffer
 */
size_t nipc_hello_ack_encode(const nipc_hello_ack_t *hello_ack, void *buf, size_t buf_len);

/**
 * Reads what a server has decided. No field is checked: that is for the client.
 *
 * \param out  what was read; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_TRUNCATED
 */
nipc_error_t nipc_hello_ack_decode(const void *buf, size_t buf_len, nipc_hello_ack_t *out);

/* ---- Batches ------------------------------------------------------------------------------- */

/** Where an item of a batch lies. */
typedef struct nipc_batch_entry_t {
    /** Bytes from the end of the directory to the item: a multiple of 8. */
    uint32_t offset;
    /** Bytes of the item. */
    uint32_t length;
} nipc_batch_entry_t;

/**
 * Writes a batch: nipc_batch_builder_init, then nipc_batch_builder_add for each item, then
 * nipc_batch_builder_finish. Do not copy it. Zeroed, it is no builder: nothing can be added.
 */
typedef struct nipc_batch_builder_t {
    /** The first error, which stays. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private: do not touch. */
    nipc_builder_state_t state;
} nipc_batch_builder_t;

/**
 * Writes the directory of a batch, every entry as it is: nipc_batch_dir_validate checks one.
 *
 * \param entries     where the items will be
 * \param item_count  how many
 * \return item_count * NIPC_BATCH_ENTRY_SIZE, or 0 for NULL, no item, or a smaller buffer
 */
size_t nipc_batch_dir_encode(const nipc_batch_entry_t *entries,
                             uint32_t item_count,
                             void *buf,
                             size_t buf_len);

/**
 * Reads and checks the directory of a batch.
 *
 * \param buf              starts with the directory
 * \param item_count       its entries
 * \param packed_area_len  bytes behind the directory, in which the items lie
 * \param out              room for item_count entries; untouched on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED for a directory that does not fit, NIPC_ERR_BAD_ALIGNMENT,
 *         or NIPC_ERR_OUT_OF_BOUNDS
 */
nipc_error_t nipc_batch_dir_decode(const void *buf,
                                   size_t buf_len,
                                   uint32_t item_count,
                                   uint32_t packed_area_len,
                                   nipc_batch_entry_t *out);

/** Checks the directory of a batch, as nipc_batch_dir_decode does. */
nipc_error_t nipc_batch_dir_validate(const void *buf,
                                     size_t buf_len,
                                     uint32_t item_count,
                                     uint32_t packed_area_len);

/**
 * Finds one item of a batch. The rest of the directory is not looked at.
 *
 * \param payload       the batch: its directory and its items
 * \param item_count    entries of its directory, as the envelope tells
 * \param index         which item
 * \param item_out      the item, in the payload; NULL on failure
 * \param item_len_out  its bytes; 0 on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED for a directory that does not fit, NIPC_ERR_BAD_ALIGNMENT,
 *         or NIPC_ERR_OUT_OF_BOUNDS for the index, and for an item that is not all there
 */
nipc_error_t nipc_batch_item_get(const void *payload,
                                 size_t payload_len,
                                 uint32_t item_count,
                                 uint32_t index,
                                 const void **item_out,
                                 uint32_t *item_len_out);

/**
 * Starts a batch.
 *
 * \param builder    need not be initialised
 * \param buf        where the batch is written; the builder uses it until it is finished
 * \param max_items  most items to take
 * \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for NULL
 */
nipc_error_t nipc_batch_builder_init(nipc_batch_builder_t *builder,
                                     void *buf,
                                     size_t buf_len,
                                     uint32_t max_items);

/**
 * Adds an item.
 *
 * \param item  NULL with length 0 is an empty item
 * \return NIPC_OK, or the first error of this builder: NIPC_ERR_OVERFLOW for a full buffer or more
 *         than max_items
 */
nipc_error_t nipc_batch_builder_add(nipc_batch_builder_t *builder,
                                    const void *item,
                                    size_t item_len);

/**
 * Ends a batch; nothing can be added after.
 *
 * \param item_count_out  its number of items, 0 on failure; may be NULL
 * \return its length, or 0 where there was an error, or no item
 */
size_t nipc_batch_builder_finish(nipc_batch_builder_t *builder, uint32_t *item_count_out);

/* ---- increment ----------------------------------------------------------------------------- */

/**
 * Writes a number: the request or the response of increment.
 *
 * \return 8, or 0 for NULL or a smaller buffer
 */
size_t nipc_increment_encode(uint64_t value, void *buf, size_t buf_len);

/**
 * Reads a number: the request or the response of increment.
 *
 * \param out  the number; 0 on failure
 * \return NIPC_OK, or NIPC_ERR_TRUNCATED
 */
nipc_error_t nipc_increment_decode(const void *buf, size_t buf_len, uint64_t *out);

/* ---- string-reverse ------------------------------------------------------------------------ */

/**
 * The text of a request or a response, in the payload it was read from. It may hold NULs, and one
 * follows it.
 */
typedef struct nipc_string_reverse_view_t {
    /** The first character. */
    const char *str;
    /** How many characters. */
    uint32_t str_len;
} nipc_string_reverse_view_t;

/**
 * The answer of a handler: nipc_string_reverse_builder_set gives it. It ends when the handler
 * returns.
 */
typedef struct nipc_string_reverse_builder_t {
    /** The first error, which stays. A handler may set it before it returns false. */
    nipc_error_t error;
    /** 1 when there is an answer. */
    uint32_t item_count;
    /** Private: do not touch. */
    nipc_builder_state_t state;
} nipc_string_reverse_builder_t;

/**
 * Writes a text: the request or the response of string-reverse.
 *
 * \param str  any characters; NULL with length 0 is an empty text
 * \return its length, or 0 for NULL or a buffer that is too small
 */
size_t nipc_string_reverse_encode(const char *str, uint32_t str_len, void *buf, size_t buf_len);

/**
 * Reads a text: the request or the response of string-reverse.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the text; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_OUT_OF_BOUNDS, or
 *         NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_string_reverse_decode(const void *buf,
                                        size_t buf_len,
                                        nipc_string_reverse_view_t *out);

/**
 * Answers a request with a text. For handlers, once for each request.
 *
 * \param str  any characters; NULL with length 0 is an empty text
 * \return NIPC_OK, or the first error of this builder: NIPC_ERR_OVERFLOW where it does not fit (the
 *         client is told, and may come back with room for more), NIPC_ERR_BAD_ITEM_COUNT for a
 *         second answer
 */
nipc_error_t nipc_string_reverse_builder_set(nipc_string_reverse_builder_t *builder,
                                             const char *str,
                                             uint32_t str_len);

/* ---- cgroups-snapshot ---------------------------------------------------------------------- */

/** The request of a snapshot. It says nothing but its version. */
typedef struct nipc_cgroups_req_t {
    /** 1; the encoder takes a request of zeros for that, too. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
} nipc_cgroups_req_t;

/**
 * A snapshot, in the payload it was read from, which must stay as it is while the view is used.
 * nipc_cgroups_resp_item reads its items. Zeroed, it has none.
 */
typedef struct nipc_cgroups_resp_view_t {
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Number of items. */
    uint32_t item_count;
    /** Whether systemd runs the host; any number but 0 is yes. */
    uint32_t systemd_enabled;
    /** Changes when the provider's data does. */
    uint64_t generation;
    /** Private: do not touch. */
    const uint8_t *payload;
    /** Private: do not touch. */
    size_t payload_len;
} nipc_cgroups_resp_view_t;

/** What is known of one cgroup. The strings lie in the payload. */
typedef struct nipc_cgroups_item_view_t {
    /** The provider's hash of the name. nipc_simple_hash, mostly. */
    uint32_t hash;
    /**
     * What was found out about it. Bits: 1 Another cgroup has the same name; this one is disabled; 2
     * A service slice of systemd; 4 It lies in the unified hierarchy; 8 The configuration excludes
     * it.
     */
    uint32_t options;
    /** Whether it is to be monitored; any number but 0 is yes. */
    uint32_t enabled;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Its name; may be empty. */
    nipc_str_view_t name;
    /** Its path in the file system; may be empty. */
    nipc_str_view_t path;
} nipc_cgroups_item_view_t;

/**
 * Takes the items of a snapshot: in a handler, which is given one, or over a buffer of one's own,
 * from nipc_cgroups_builder_init to nipc_cgroups_builder_finish. Do not copy it, and do not use it
 * after the handler has returned. Zeroed, it is no builder: nothing can be added.
 */
typedef struct nipc_cgroups_builder_t {
    /** The first error, which stays. A handler may set it before it returns false. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private: do not touch. */
    nipc_builder_state_t state;
} nipc_cgroups_builder_t;

/**
 * What lies in front of the directory of a snapshot, with the fields of the wire at the offsets of
 * the wire. For programs that make or read the bytes themselves.
 */
typedef struct nipc_cgroups_resp_header_t {
    /** 1. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Number of items. */
    uint32_t item_count;
    /** Whether systemd runs the host; any number but 0 is yes. */
    uint32_t systemd_enabled;
    /** 0. */
    uint32_t reserved;
    /** Changes when the provider's data does. */
    uint64_t generation;
} nipc_cgroups_resp_header_t;

/**
 * Writes the request of a snapshot.
 *
 * \param request  written as it is, so that a decoder may refuse it; NULL or zeroed is the one there
 *                 is, with layout_version 1
 * \return NIPC_CGROUPS_REQ_HDR_SIZE, or 0 for NULL or a smaller buffer
 */
size_t nipc_cgroups_req_encode(const nipc_cgroups_req_t *request,
                               void *buf,
                               size_t buf_len);

/**
 * Reads the request of a snapshot.
 *
 * \param out  what was read; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, or NIPC_ERR_BAD_LAYOUT for another version, or flags
 */
nipc_error_t nipc_cgroups_req_decode(const void *buf, size_t buf_len, nipc_cgroups_req_t *out);

/**
 * Reads a snapshot, and checks its directory. Items are checked when they are read, so that a bad
 * one spoils only itself.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the snapshot; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT, or
 *         NIPC_ERR_OUT_OF_BOUNDS
 */
nipc_error_t nipc_cgroups_resp_decode(const void *buf,
                                      size_t buf_len,
                                      nipc_cgroups_resp_view_t *out);

/**
 * Checks every item of a snapshot at once.
 *
 * \return NIPC_OK, or what is wrong with the first bad one: NIPC_ERR_BAD_LAYOUT,
 *         NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_cgroups_resp_validate(const nipc_cgroups_resp_view_t *view);

/**
 * Reads an item of a snapshot, and checks it.
 *
 * \param index  from 0
 * \param out    the item; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_OUT_OF_BOUNDS beyond the last item, or what is wrong with the item:
 *         NIPC_ERR_BAD_LAYOUT, NIPC_ERR_OUT_OF_BOUNDS, NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_cgroups_resp_item(const nipc_cgroups_resp_view_t *view,
                                    uint32_t index,
                                    nipc_cgroups_item_view_t *out);

/**
 * Starts a snapshot in a buffer of one's own.
 *
 * \param builder          need not be initialised
 * \param buf              where it is written; the builder uses it until it is finished
 * \param max_items        ignored: the directory takes what it needs
 * \param systemd_enabled  whether systemd runs the host; any number but 0 is yes
 * \param generation       changes when the data does
 * \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW where not even the
 *         header fits
 */
nipc_error_t nipc_cgroups_builder_init(nipc_cgroups_builder_t *builder,
                                       void *buf,
                                       size_t buf_len,
                                       uint32_t max_items,
                                       uint32_t systemd_enabled,
                                       uint64_t generation);

/**
 * Says what holds for all items, and which generation of the data this is: 0 unless set. At any
 * time, and as often as one likes; the last counts.
 */
void nipc_cgroups_builder_set_header(nipc_cgroups_builder_t *builder,
                                     uint32_t systemd_enabled,
                                     uint64_t generation);

/**
 * Adds an item. Texts have no NUL inside, and are copied.
 *
 * \param hash     the provider's hash of the name. nipc_simple_hash, mostly
 * \param options  what was found out about it. Bits: 1 Another cgroup has the same name; this one is
 *                 disabled; 2 A service slice of systemd; 4 It lies in the unified hierarchy; 8 The
 *                 configuration excludes it
 * \param enabled  whether it is to be monitored; any number but 0 is yes
 * \param name     its name; may be empty
 * \param path     its path in the file system; may be empty
 * \return NIPC_OK, or the first error of this builder, with which nothing more is added:
 *         NIPC_ERR_OVERFLOW where it does not fit (the client is told, and comes back with room for
 *         more), NIPC_ERR_BAD_LAYOUT for a NUL inside, NIPC_ERR_INVALID_ARGUMENT for NULL with a
 *         length
 */
nipc_error_t nipc_cgroups_builder_add(nipc_cgroups_builder_t *builder,
                                      uint32_t hash,
                                      uint32_t options,
                                      uint32_t enabled,
                                      const char *name,
                                      uint32_t name_len,
                                      const char *path,
                                      uint32_t path_len);

/**
 * Forgets that something did not fit: what did is sent as if it were all. Other errors stay. It is
 * for after the last item; the client cannot tell that something is missing, and does not come back
 * with more room.
 */
void nipc_cgroups_builder_accept_truncated(nipc_cgroups_builder_t *builder);

/**
 * Ends a snapshot in a buffer of one's own; nothing can be added after. Not for handlers: theirs is
 * ended when they return.
 *
 * \return its length, or 0 where there was an error, which builder->error tells
 */
size_t nipc_cgroups_builder_finish(nipc_cgroups_builder_t *builder);

/* ---- cgroups-lookup ------------------------------------------------------------------------ */

/**
 * The paths of a request, in the payload it was read from, which must stay as it is while the view
 * is used. nipc_cgroups_lookup_req_item reads them. Zeroed, it has none.
 */
typedef struct nipc_cgroups_lookup_req_view_t {
    /** Number of paths. A request without any asks for the generation of the data. */
    uint32_t item_count;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Private: do not touch. */
    const uint8_t *payload;
    /** Private: do not touch. */
    size_t payload_len;
} nipc_cgroups_lookup_req_view_t;

/** What is asked for. */
typedef struct nipc_cgroups_lookup_req_item_t {
    /** Path below the cgroup root. It is not empty. */
    nipc_str_view_t path;
} nipc_cgroups_lookup_req_item_t;

/**
 * The items of an answer, in the order of the paths of the request, in the payload it was read from,
 * which must stay as it is while the view is used. nipc_cgroups_lookup_resp_item reads them. Zeroed,
 * it has none.
 */
typedef struct nipc_cgroups_lookup_resp_view_t {
    /** Number of items. */
    uint32_t item_count;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Changes when the provider's data does. */
    uint64_t generation;
    /** Private: do not touch. */
    const uint8_t *payload;
    /** Private: do not touch. */
    size_t payload_len;
} nipc_cgroups_lookup_resp_view_t;

/**
 * What is known of one cgroup. Nothing but its path is set unless status is
 * NIPC_CGROUP_LOOKUP_KNOWN. The strings lie in the payload.
 */
typedef struct nipc_cgroups_lookup_item_view_t {
    /** Whether it is known, or why not. A NIPC_CGROUP_LOOKUP_ number. */
    uint16_t status;
    /** Who runs it. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet. */
    uint16_t orchestrator;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Path below the cgroup root. It is not empty. */
    nipc_str_view_t path;
    /** Its name; may be empty. */
    nipc_str_view_t name;
    /** Number of its labels, which nipc_cgroups_lookup_item_label reads. */
    uint16_t label_count;
    /** Private: do not touch. */
    const uint8_t *item;
    /** Private: do not touch. */
    size_t item_len;
} nipc_cgroups_lookup_item_view_t;

/**
 * Takes an item for each path of a request, in their order: in a handler, which is given one, or
 * over a buffer of one's own, from nipc_cgroups_lookup_builder_init to
 * nipc_cgroups_lookup_builder_finish. Do not copy it, and do not use it after the handler has
 * returned. Zeroed, it is no builder: nothing can be added.
 *
 * An answer that gets full says so for each remaining path, and the client asks for those again: add
 * items for all paths whether or not they fit.
 */
typedef struct nipc_cgroups_lookup_builder_t {
    /** The first error, which stays. A handler may set it before it returns false. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private: do not touch. */
    nipc_builder_state_t state;
} nipc_cgroups_lookup_builder_t;

/**
 * Writes a request.
 *
 * \param paths  not empty, without NUL inside
 * \param count  how many; 0 asks for the generation of the data
 * \return its length, or 0 for a path that is not valid, NULL, or a buffer that is too small
 */
size_t nipc_cgroups_lookup_req_encode(const nipc_str_view_t *paths,
                                      uint32_t count,
                                      void *buf,
                                      size_t buf_len);

/**
 * Reads a request, and checks all of it.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the paths; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT,
 *         NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_cgroups_lookup_req_decode(const void *buf,
                                            size_t buf_len,
                                            nipc_cgroups_lookup_req_view_t *out);

/**
 * Reads a path of a request.
 *
 * \param index  from 0
 * \param out    the path; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_cgroups_lookup_req_item(const nipc_cgroups_lookup_req_view_t *view,
                                          uint32_t index,
                                          nipc_cgroups_lookup_req_item_t *out);

/**
 * Reads an answer, and checks every item of it.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the items; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT,
 *         NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_cgroups_lookup_resp_decode(const void *buf,
                                             size_t buf_len,
                                             nipc_cgroups_lookup_resp_view_t *out);

/**
 * Reads an item of an answer.
 *
 * \param index  from 0
 * \param out    the item; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_cgroups_lookup_resp_item(const nipc_cgroups_lookup_resp_view_t *view,
                                           uint32_t index,
                                           nipc_cgroups_lookup_item_view_t *out);

/**
 * Reads a label of an item.
 *
 * \param item   as nipc_cgroups_lookup_resp_item gave it
 * \param index  from 0
 * \param out    the label; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_cgroups_lookup_item_label(const nipc_cgroups_lookup_item_view_t *item,
                                            uint32_t index,
                                            nipc_lookup_label_view_t *out);

/**
 * Starts an answer in a buffer of one's own, without the request that it answers: any items may be
 * added, whatever was asked. nipc_cgroups_lookup_builder_init_for_request holds them to the request.
 *
 * \param builder     need not be initialised
 * \param buf         where the answer is written; the builder uses it until it is finished
 * \param max_items   most items to take
 * \param generation  which generation of the data this is
 * \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW for a buffer that is too
 *         small
 */
nipc_error_t nipc_cgroups_lookup_builder_init(nipc_cgroups_lookup_builder_t *builder,
                                              void *buf,
                                              size_t buf_len,
                                              uint32_t max_items,
                                              uint64_t generation);

/**
 * Starts the answer to a request in a buffer of one's own: an item for each of its keys, in order.
 *
 * \param builder  need not be initialised
 * \param request  what is answered; its payload must stay as it is until the builder is finished
 * \param buf      where the answer is written; the builder uses it until it is finished
 * \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, NIPC_ERR_OVERFLOW where not even the
 *         directory fits, or another error for a request that was not decoded
 */
nipc_error_t nipc_cgroups_lookup_builder_init_for_request(nipc_cgroups_lookup_builder_t *builder,
                                                          const nipc_cgroups_lookup_req_view_t *request,
                                                          void *buf,
                                                          size_t buf_len);

/** Says which generation of the data this is; 0 unless set. At any time; the last counts. */
void nipc_cgroups_lookup_builder_set_generation(nipc_cgroups_lookup_builder_t *builder,
                                                uint64_t generation);

/**
 * Adds the item of the next path; without a request, of any path. Texts have no NUL inside, and are
 * copied.
 *
 * \param status        whether it is known, or why not. A NIPC_CGROUP_LOOKUP_ number. With any but
 *                      NIPC_CGROUP_LOOKUP_KNOWN all but the key is not set
 * \param orchestrator  who runs it. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet
 * \param path          path below the cgroup root. It is not empty
 * \param name          its name; may be empty
 * \param labels        label_count labels, with keys that are not empty: its labels
 * \return NIPC_OK, or the first error of this builder, with which nothing more is added:
 *         NIPC_ERR_BAD_LAYOUT for another path or an item that is not valid, NIPC_ERR_BAD_ITEM_COUNT
 *         beyond the last path, NIPC_ERR_OVERFLOW where the answer cannot even start (the client is
 *         told, and asks for less at a time), NIPC_ERR_INVALID_ARGUMENT for NULL with a length
 */
nipc_error_t nipc_cgroups_lookup_builder_add(nipc_cgroups_lookup_builder_t *builder,
                                             uint16_t status,
                                             uint16_t orchestrator,
                                             const char *path,
                                             uint32_t path_len,
                                             const char *name,
                                             uint32_t name_len,
                                             const nipc_lookup_label_view_t *labels,
                                             uint16_t label_count);

/**
 * Adds the item of path index of the request, which must be the next one where the builder answers
 * that request. The path itself is taken from the request.
 *
 * \param request  the request that is answered
 * \param index    from 0
 * \return as nipc_cgroups_lookup_builder_add; NIPC_ERR_INVALID_ARGUMENT for another request,
 *         NIPC_ERR_OUT_OF_BOUNDS beyond its last path, NIPC_ERR_BAD_LAYOUT for another path than the
 *         next
 */
nipc_error_t nipc_cgroups_lookup_builder_add_request_item(nipc_cgroups_lookup_builder_t *builder,
                                                          const nipc_cgroups_lookup_req_view_t *request,
                                                          uint32_t index,
                                                          uint16_t status,
                                                          uint16_t orchestrator,
                                                          const char *name,
                                                          uint32_t name_len,
                                                          const nipc_lookup_label_view_t *labels,
                                                          uint16_t label_count);

/**
 * Ends an answer in a buffer of one's own; nothing can be added after. Not for handlers: theirs is
 * ended when they return.
 *
 * \return its length, or 0 where there was an error, which builder->error tells:
 *         NIPC_ERR_BAD_ITEM_COUNT where a path has no item
 */
size_t nipc_cgroups_lookup_builder_finish(nipc_cgroups_lookup_builder_t *builder);

/* ---- apps-lookup --------------------------------------------------------------------------- */

/**
 * The pids of a request, in the payload it was read from, which must stay as it is while the view is
 * used. nipc_apps_lookup_req_item reads them. Zeroed, it has none.
 */
typedef struct nipc_apps_lookup_req_view_t {
    /** Number of pids. A request without any asks for the generation of the data. */
    uint32_t item_count;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Private: do not touch. */
    const uint8_t *payload;
    /** Private: do not touch. */
    size_t payload_len;
} nipc_apps_lookup_req_view_t;

/** What is asked for. */
typedef struct nipc_apps_lookup_req_item_t {
    /** The process; 0 is a legal key. */
    uint32_t pid;
} nipc_apps_lookup_req_item_t;

/**
 * The items of an answer, in the order of the pids of the request, in the payload it was read from,
 * which must stay as it is while the view is used. nipc_apps_lookup_resp_item reads them. Zeroed, it
 * has none.
 */
typedef struct nipc_apps_lookup_resp_view_t {
    /** Number of items. */
    uint32_t item_count;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Changes when the provider's data does. */
    uint64_t generation;
    /** Private: do not touch. */
    const uint8_t *payload;
    /** Private: do not touch. */
    size_t payload_len;
} nipc_apps_lookup_resp_view_t;

/**
 * What is known of one process. Nothing but its pid is set unless status is NIPC_PID_LOOKUP_KNOWN.
 * The strings lie in the payload.
 */
typedef struct nipc_apps_lookup_item_view_t {
    /** Whether the process is known, or why not. A NIPC_PID_LOOKUP_ number. */
    uint16_t status;
    /** Who runs its cgroup. A NIPC_ORCHESTRATOR_ number, or one that is not in the list yet. */
    uint16_t orchestrator;
    /** Whether its cgroup is known, or why not. A NIPC_APPS_CGROUP_ number. */
    uint16_t cgroup_status;
    /** The process; 0 is a legal key. */
    uint32_t pid;
    /** Its parent. */
    uint32_t ppid;
    /** Its user. NIPC_UID_UNSET where it is not known. */
    uint32_t uid;
    /** The version of the layout: 1, as decoders take no other. */
    uint16_t layout_version;
    /** 0: no flag is defined. */
    uint16_t flags;
    /** Field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot. */
    uint64_t starttime;
    /** Its command. 1 to 15 bytes. */
    nipc_str_view_t comm;
    /** Path of its cgroup. */
    nipc_str_view_t cgroup_path;
    /** Name of its cgroup. */
    nipc_str_view_t cgroup_name;
    /** Number of labels of its cgroup, which nipc_apps_lookup_item_label reads. */
    uint16_t label_count;
    /** Private: do not touch. */
    const uint8_t *item;
    /** Private: do not touch. */
    size_t item_len;
} nipc_apps_lookup_item_view_t;

/**
 * Takes an item for each pid of a request, in their order: in a handler, which is given one, or over
 * a buffer of one's own, from nipc_apps_lookup_builder_init to nipc_apps_lookup_builder_finish. Do
 * not copy it, and do not use it after the handler has returned. Zeroed, it is no builder: nothing
 * can be added.
 *
 * An answer that gets full says so for each remaining pid, and the client asks for those again: add
 * items for all pids whether or not they fit.
 */
typedef struct nipc_apps_lookup_builder_t {
    /** The first error, which stays. A handler may set it before it returns false. */
    nipc_error_t error;
    /** Items so far. */
    uint32_t item_count;
    /** Private: do not touch. */
    nipc_builder_state_t state;
} nipc_apps_lookup_builder_t;

/**
 * Writes a request.
 *
 * \param pids   what is looked up. The process; 0 is a legal key.
 * \param count  how many; 0 asks for the generation of the data
 * \return its length, or 0 for NULL or a buffer that is too small
 */
size_t nipc_apps_lookup_req_encode(const uint32_t *pids, uint32_t count, void *buf, size_t buf_len);

/**
 * Reads a request, and checks all of it.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the pids; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT, or
 *         NIPC_ERR_OUT_OF_BOUNDS
 */
nipc_error_t nipc_apps_lookup_req_decode(const void *buf,
                                         size_t buf_len,
                                         nipc_apps_lookup_req_view_t *out);

/**
 * Reads a pid of a request.
 *
 * \param index  from 0
 * \param out    the pid; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_apps_lookup_req_item(const nipc_apps_lookup_req_view_t *view,
                                       uint32_t index,
                                       nipc_apps_lookup_req_item_t *out);

/**
 * Reads an answer, and checks every item of it.
 *
 * \param buf  must stay as it is while the view is used
 * \param out  the items; zeroed on failure
 * \return NIPC_OK, NIPC_ERR_TRUNCATED, NIPC_ERR_BAD_LAYOUT, NIPC_ERR_BAD_ALIGNMENT,
 *         NIPC_ERR_OUT_OF_BOUNDS, or NIPC_ERR_MISSING_NUL
 */
nipc_error_t nipc_apps_lookup_resp_decode(const void *buf,
                                          size_t buf_len,
                                          nipc_apps_lookup_resp_view_t *out);

/**
 * Reads an item of an answer.
 *
 * \param index  from 0
 * \param out    the item; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_apps_lookup_resp_item(const nipc_apps_lookup_resp_view_t *view,
                                        uint32_t index,
                                        nipc_apps_lookup_item_view_t *out);

/**
 * Reads a label of an item.
 *
 * \param item   as nipc_apps_lookup_resp_item gave it
 * \param index  from 0
 * \param out    the label; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_apps_lookup_item_label(const nipc_apps_lookup_item_view_t *item,
                                         uint32_t index,
                                         nipc_lookup_label_view_t *out);

/**
 * Starts an answer in a buffer of one's own, without the request that it answers: any items may be
 * added, whatever was asked. nipc_apps_lookup_builder_init_for_request holds them to the request.
 *
 * \param builder     need not be initialised
 * \param buf         where the answer is written; the builder uses it until it is finished
 * \param max_items   most items to take
 * \param generation  which generation of the data this is
 * \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, or NIPC_ERR_OVERFLOW for a buffer that is too
 *         small
 */
nipc_error_t nipc_apps_lookup_builder_init(nipc_apps_lookup_builder_t *builder,
                                           void *buf,
                                           size_t buf_len,
                                           uint32_t max_items,
                                           uint64_t generation);

/**
 * Starts the answer to a request in a buffer of one's own: an item for each of its keys, in order.
 *
 * \param builder  need not be initialised
 * \param request  what is answered; its payload must stay as it is until the builder is finished
 * \param buf      where the answer is written; the builder uses it until it is finished
 * \return NIPC_OK, NIPC_ERR_INVALID_ARGUMENT for NULL, NIPC_ERR_OVERFLOW where not even the
 *         directory fits, or another error for a request that was not decoded
 */
nipc_error_t nipc_apps_lookup_builder_init_for_request(nipc_apps_lookup_builder_t *builder,
                                                       const nipc_apps_lookup_req_view_t *request,
                                                       void *buf,
                                                       size_t buf_len);

/** Says which generation of the data this is; 0 unless set. At any time; the last counts. */
void nipc_apps_lookup_builder_set_generation(nipc_apps_lookup_builder_t *builder,
                                             uint64_t generation);

/**
 * Adds the item of the next pid; without a request, of any pid. Texts have no NUL inside, and are
 * copied.
 *
 * \param status         whether the process is known, or why not. A NIPC_PID_LOOKUP_ number. With
 *                       any but NIPC_PID_LOOKUP_KNOWN all but the key is not set
 * \param cgroup_status  whether its cgroup is known, or why not. A NIPC_APPS_CGROUP_ number.
 *                       NIPC_APPS_CGROUP_KNOWN with cgroup_path;
 *                       NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER without orchestrator, cgroup_name,
 *                       labels; NIPC_APPS_CGROUP_UNKNOWN_PERMANENT with cgroup_path without
 *                       orchestrator, cgroup_name, labels; NIPC_APPS_CGROUP_HOST_ROOT without
 *                       orchestrator, cgroup_name, labels, cgroup_path
 * \param orchestrator   who runs its cgroup. A NIPC_ORCHESTRATOR_ number, or one that is not in the
 *                       list yet
 * \param pid            the process; 0 is a legal key
 * \param ppid           its parent
 * \param uid            its user. NIPC_UID_UNSET where it is not known
 * \param starttime      field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot
 * \param comm           its command. 1 to 15 bytes
 * \param cgroup_path    path of its cgroup
 * \param cgroup_name    name of its cgroup
 * \param labels         label_count labels, with keys that are not empty: labels of its cgroup
 * \return NIPC_OK, or the first error of this builder, with which nothing more is added:
 *         NIPC_ERR_BAD_LAYOUT for another pid or an item that is not valid, NIPC_ERR_BAD_ITEM_COUNT
 *         beyond the last pid, NIPC_ERR_OVERFLOW where the answer cannot even start (the client is
 *         told, and asks for less at a time), NIPC_ERR_INVALID_ARGUMENT for NULL with a length
 */
nipc_error_t nipc_apps_lookup_builder_add(nipc_apps_lookup_builder_t *builder,
                                          uint16_t status,
                                          uint16_t cgroup_status,
                                          uint16_t orchestrator,
                                          uint32_t pid,
                                          uint32_t ppid,
                                          uint32_t uid,
                                          uint64_t starttime,
                                          const char *comm,
                                          uint32_t comm_len,
                                          const char *cgroup_path,
                                          uint32_t cgroup_path_len,
                                          const char *cgroup_name,
                                          uint32_t cgroup_name_len,
                                          const nipc_lookup_label_view_t *labels,
                                          uint16_t label_count);

/**
 * Ends an answer in a buffer of one's own; nothing can be added after. Not for handlers: theirs is
 * ended when they return.
 *
 * \return its length, or 0 where there was an error, which builder->error tells:
 *         NIPC_ERR_BAD_ITEM_COUNT where a pid has no item
 */
size_t nipc_apps_lookup_builder_finish(nipc_apps_lookup_builder_t *builder);

/* ---- Items of lookups as bytes ------------------------------------------------------------- */

/** An item of a lookup's answer, as bytes. */
typedef struct nipc_lookup_raw_item_t {
    /** The first byte; the offsets of the item's strings count from there. */
    const void *ptr;
    /** How many bytes. */
    uint32_t len;
} nipc_lookup_raw_item_t;

/**
 * Finds an item of an answer of cgroups-lookup, without reading what is in it: it was checked when
 * the answer was decoded.
 *
 * \param index  from 0
 * \param out    the item, in the payload; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_cgroups_lookup_resp_raw_item(const nipc_cgroups_lookup_resp_view_t *view,
                                               uint32_t index,
                                               nipc_lookup_raw_item_t *out);

/**
 * Finds an item of an answer of apps-lookup, without reading what is in it: it was checked when the
 * answer was decoded.
 *
 * \param index  from 0
 * \param out    the item, in the payload; zeroed on failure
 * \return NIPC_OK, or NIPC_ERR_OUT_OF_BOUNDS beyond the last
 */
nipc_error_t nipc_apps_lookup_resp_raw_item(const nipc_apps_lookup_resp_view_t *view,
                                            uint32_t index,
                                            nipc_lookup_raw_item_t *out);

/**
 * Writes an answer of cgroups-lookup from items that are bytes already, such as those that
 * nipc_cgroups_lookup_resp_raw_item finds in other answers. Each of them is checked.
 *
 * \param items       the items, in the order of the paths that they answer
 * \param count       how many
 * \param generation  which generation of the data this is
 * \return its length, or 0 for an item that is not valid, NULL, or a buffer that is too small
 */
size_t nipc_cgroups_lookup_raw_resp_encode(const nipc_lookup_raw_item_t *items,
                                           uint32_t count,
                                           uint64_t generation,
                                           void *buf,
                                           size_t buf_len);

/**
 * Writes an answer of apps-lookup from items that are bytes already, such as those that
 * nipc_apps_lookup_resp_raw_item finds in other answers. Each of them is checked.
 *
 * \param items       the items, in the order of the pids that they answer
 * \param count       how many
 * \param generation  which generation of the data this is
 * \return its length, or 0 for an item that is not valid, NULL, or a buffer that is too small
 */
size_t nipc_apps_lookup_raw_resp_encode(const nipc_lookup_raw_item_t *items,
                                        uint32_t count,
                                        uint64_t generation,
                                        void *buf,
                                        size_t buf_len);

/**
 * How many items an answer of cgroups-snapshot of that many bytes can have: as many as fit where all
 * texts are as short as they may be.
 *
 * \param buf_len  bytes of the whole answer
 */
uint32_t nipc_cgroups_builder_estimate_max_items(size_t buf_len);

/**
 * How many items an answer of cgroups-lookup of that many bytes can have: as many as fit where all
 * texts are as short as they may be.
 *
 * \param buf_len  bytes of the whole answer
 */
uint32_t nipc_cgroups_lookup_builder_estimate_max_items(size_t buf_len);

/**
 * How many items an answer of apps-lookup of that many bytes can have: as many as fit where all
 * texts are as short as they may be.
 *
 * \param buf_len  bytes of the whole answer
 */
uint32_t nipc_apps_lookup_builder_estimate_max_items(size_t buf_len);

/* ---- Handlers and dispatch ----------------------------------------------------------------- */

/**
 * Answers an increment request. A server calls it for each number of a batch. The rest is as for
 * nipc_cgroups_handler_fn.
 */
typedef bool (*nipc_increment_handler_fn)(void *user, uint64_t request, uint64_t *response);

/**
 * Answers a string-reverse request. A server calls it for each text of a batch. The rest is as for
 * nipc_cgroups_handler_fn.
 */
typedef bool (*nipc_string_reverse_handler_fn)(void *user,
                                               const nipc_string_reverse_view_t *request,
                                               nipc_string_reverse_builder_t *builder);

/**
 * Answers a cgroups-snapshot request by filling the builder.
 *
 * A server calls it on the threads of sessions: in several at once, each session in order. What they
 * share is theirs to lock; copy what you need under the lock, and build the answer after it.
 * Requests may come twice. A handler must return: not by an exception, longjmp, or the end of the
 * thread. What request and builder point to is valid until it returns.
 *
 * \param user     what the handler was given with
 * \param request  what is asked
 * \param builder  takes the answer, as it is: it must not be initialised
 * \return true where the answer is in the builder. After false, or where builder->error is set, the
 *         client is told by that error: NIPC_ERR_OVERFLOW that the answer is above the limits,
 *         NIPC_ERR_UNSUPPORTED and NIPC_ERR_REJECTED the same, and everything else that the handler
 *         failed, as does a builder that was initialised again. All but NIPC_ERR_UNSUPPORTED end the
 *         session
 */
typedef bool (*nipc_cgroups_handler_fn)(void *user,
                                        const nipc_cgroups_req_t *request,
                                        nipc_cgroups_builder_t *builder);

/**
 * Answers a cgroups-lookup request: one item for each path, in order. The rest is as for
 * nipc_cgroups_handler_fn.
 */
typedef bool (*nipc_cgroups_lookup_handler_fn)(void *user,
                                               const nipc_cgroups_lookup_req_view_t *request,
                                               nipc_cgroups_lookup_builder_t *builder);

/**
 * Answers an apps-lookup request: one item for each pid, in order. The rest is as for
 * nipc_cgroups_handler_fn.
 */
typedef bool (*nipc_apps_lookup_handler_fn)(void *user,
                                            const nipc_apps_lookup_req_view_t *request,
                                            nipc_apps_lookup_builder_t *builder);

/**
 * Answers the payload of an increment request: decodes it, calls the handler, encodes what it gave.
 * For programs that receive messages themselves; the items of a batch are dispatched one by one.
 *
 * \param request        the payload of the request
 * \param response       where the payload of the answer is written; it must not overlap the request
 * \param response_size  bytes of room: as many as an answer may have
 * \param response_len   bytes of the answer; 0 on failure
 * \param handler        what answers
 * \param user           its first argument
 * \return NIPC_OK; an error of the decoder (1 to 10) for a request that breaks its layout, with
 *         which the handler is not called; NIPC_ERR_OVERFLOW for an answer that does not fit;
 *         NIPC_ERR_UNSUPPORTED and NIPC_ERR_REJECTED as the handler says; NIPC_ERR_HANDLER_FAILED
 *         where it failed, or gave what may not be sent; NIPC_ERR_INVALID_ARGUMENT for NULL.
 *         nipc_dispatch_status gives the status to answer with
 */
nipc_error_t nipc_dispatch_increment(const void *request,
                                     size_t request_len,
                                     void *response,
                                     size_t response_size,
                                     size_t *response_len,
                                     nipc_increment_handler_fn handler,
                                     void *user);

/** Answers the payload of a string-reverse request; the rest is as for nipc_dispatch_increment. */
nipc_error_t nipc_dispatch_string_reverse(const void *request,
                                          size_t request_len,
                                          void *response,
                                          size_t response_size,
                                          size_t *response_len,
                                          nipc_string_reverse_handler_fn handler,
                                          void *user);

/**
 * Answers the payload of a cgroups-snapshot request; the rest is as for nipc_dispatch_increment.
 */
nipc_error_t nipc_dispatch_cgroups_snapshot(const void *request,
                                            size_t request_len,
                                            void *response,
                                            size_t response_size,
                                            size_t *response_len,
                                            nipc_cgroups_handler_fn handler,
                                            void *user);

/**
 * Answers the payload of a cgroups-lookup request; the rest is as for nipc_dispatch_increment. An
 * answer that gets full says so for each path that has no room, and the client asks for those again.
 */
nipc_error_t nipc_dispatch_cgroups_lookup(const void *request,
                                          size_t request_len,
                                          void *response,
                                          size_t response_size,
                                          size_t *response_len,
                                          nipc_cgroups_lookup_handler_fn handler,
                                          void *user);

/**
 * Answers the payload of an apps-lookup request; the rest is as for nipc_dispatch_increment. An
 * answer that gets full says so for each pid that has no room, and the client asks for those again.
 */
nipc_error_t nipc_dispatch_apps_lookup(const void *request,
                                       size_t request_len,
                                       void *response,
                                       size_t response_size,
                                       size_t *response_len,
                                       nipc_apps_lookup_handler_fn handler,
                                       void *user);

/**
 * The status that answers a request, by what its dispatch returned: NIPC_STATUS_OK,
 * NIPC_STATUS_BAD_ENVELOPE for an error of its decoder or NIPC_ERR_REJECTED, NIPC_STATUS_LIMIT_EXCEEDED for
 * NIPC_ERR_OVERFLOW, NIPC_STATUS_UNSUPPORTED for NIPC_ERR_UNSUPPORTED, and NIPC_STATUS_INTERNAL_ERROR. After
 * any but the first and NIPC_STATUS_UNSUPPORTED a server ends the session.
 */
uint16_t nipc_dispatch_status(nipc_error_t error);

#ifdef __cplusplus
}
#endif

/* ---- What compilers are held to ------------------------------------------------------------ */

NIPC_STATIC_ASSERT(NIPC_OK == 0, "NIPC_OK");
NIPC_STATIC_ASSERT(NIPC_ERR_TRUNCATED == 1, "NIPC_ERR_TRUNCATED");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_MAGIC == 2, "NIPC_ERR_BAD_MAGIC");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_VERSION == 3, "NIPC_ERR_BAD_VERSION");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_HEADER_LEN == 4, "NIPC_ERR_BAD_HEADER_LEN");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_KIND == 5, "NIPC_ERR_BAD_KIND");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_LAYOUT == 6, "NIPC_ERR_BAD_LAYOUT");
NIPC_STATIC_ASSERT(NIPC_ERR_OUT_OF_BOUNDS == 7, "NIPC_ERR_OUT_OF_BOUNDS");
NIPC_STATIC_ASSERT(NIPC_ERR_MISSING_NUL == 8, "NIPC_ERR_MISSING_NUL");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_ALIGNMENT == 9, "NIPC_ERR_BAD_ALIGNMENT");
NIPC_STATIC_ASSERT(NIPC_ERR_BAD_ITEM_COUNT == 10, "NIPC_ERR_BAD_ITEM_COUNT");
NIPC_STATIC_ASSERT(NIPC_ERR_OVERFLOW == 11, "NIPC_ERR_OVERFLOW");
NIPC_STATIC_ASSERT(NIPC_ERR_HANDLER_FAILED == 12, "NIPC_ERR_HANDLER_FAILED");
NIPC_STATIC_ASSERT(NIPC_ERR_NOT_READY == 13, "NIPC_ERR_NOT_READY");
NIPC_STATIC_ASSERT(NIPC_ERR_TIMEOUT == 14, "NIPC_ERR_TIMEOUT");
NIPC_STATIC_ASSERT(NIPC_ERR_ABORTED == 15, "NIPC_ERR_ABORTED");
NIPC_STATIC_ASSERT(NIPC_ERR_DISCONNECTED == 32, "NIPC_ERR_DISCONNECTED");
NIPC_STATIC_ASSERT(NIPC_ERR_UNSUPPORTED == 33, "NIPC_ERR_UNSUPPORTED");
NIPC_STATIC_ASSERT(NIPC_ERR_REJECTED == 34, "NIPC_ERR_REJECTED");
NIPC_STATIC_ASSERT(NIPC_ERR_PROTOCOL == 35, "NIPC_ERR_PROTOCOL");
NIPC_STATIC_ASSERT(NIPC_ERR_GENERATION_MISMATCH == 36, "NIPC_ERR_GENERATION_MISMATCH");
NIPC_STATIC_ASSERT(NIPC_ERR_BUSY == 37, "NIPC_ERR_BUSY");
NIPC_STATIC_ASSERT(NIPC_ERR_INVALID_ARGUMENT == 38, "NIPC_ERR_INVALID_ARGUMENT");
NIPC_STATIC_ASSERT(NIPC_ERR_ADDRESS_IN_USE == 39, "NIPC_ERR_ADDRESS_IN_USE");
NIPC_STATIC_ASSERT(NIPC_ERR_IO == 40, "NIPC_ERR_IO");
NIPC_STATIC_ASSERT(NIPC_ERR_INTERNAL == 41, "NIPC_ERR_INTERNAL");
NIPC_STATIC_ASSERT(NIPC_ERR_FORKED == 42, "NIPC_ERR_FORKED");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_UNKNOWN == 0, "NIPC_ORCHESTRATOR_UNKNOWN");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_SYSTEMD == 1, "NIPC_ORCHESTRATOR_SYSTEMD");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_DOCKER == 2, "NIPC_ORCHESTRATOR_DOCKER");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_K8S == 3, "NIPC_ORCHESTRATOR_K8S");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_KVM == 4, "NIPC_ORCHESTRATOR_KVM");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_LXC == 5, "NIPC_ORCHESTRATOR_LXC");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_PODMAN == 6, "NIPC_ORCHESTRATOR_PODMAN");
NIPC_STATIC_ASSERT(NIPC_ORCHESTRATOR_NSPAWN == 7, "NIPC_ORCHESTRATOR_NSPAWN");
NIPC_STATIC_ASSERT(NIPC_CGROUP_LOOKUP_KNOWN == 0, "NIPC_CGROUP_LOOKUP_KNOWN");
NIPC_STATIC_ASSERT(NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER == 1, "NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER");
NIPC_STATIC_ASSERT(NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT == 2, "NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT");
NIPC_STATIC_ASSERT(NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED == 3, "NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED");
NIPC_STATIC_ASSERT(NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM == 4, "NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM");
NIPC_STATIC_ASSERT(NIPC_PID_LOOKUP_KNOWN == 0, "NIPC_PID_LOOKUP_KNOWN");
NIPC_STATIC_ASSERT(NIPC_PID_LOOKUP_UNKNOWN == 1, "NIPC_PID_LOOKUP_UNKNOWN");
NIPC_STATIC_ASSERT(NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED == 2, "NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED");
NIPC_STATIC_ASSERT(NIPC_PID_LOOKUP_OVERSIZED_ITEM == 3, "NIPC_PID_LOOKUP_OVERSIZED_ITEM");
NIPC_STATIC_ASSERT(NIPC_APPS_CGROUP_KNOWN == 0, "NIPC_APPS_CGROUP_KNOWN");
NIPC_STATIC_ASSERT(NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER == 1, "NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER");
NIPC_STATIC_ASSERT(NIPC_APPS_CGROUP_UNKNOWN_PERMANENT == 2, "NIPC_APPS_CGROUP_UNKNOWN_PERMANENT");
NIPC_STATIC_ASSERT(NIPC_APPS_CGROUP_HOST_ROOT == 3, "NIPC_APPS_CGROUP_HOST_ROOT");

#if UINTPTR_MAX > 0xffffffffu
NIPC_STATIC_ASSERT(sizeof(nipc_error_t) == 4, "nipc_error_t");
NIPC_STATIC_ASSERT(sizeof(nipc_lookup_raw_item_t) == 16, "nipc_lookup_raw_item_t");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_raw_item_t, ptr) == 0, "nipc_lookup_raw_item_t.ptr");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_raw_item_t, len) == 8, "nipc_lookup_raw_item_t.len");
NIPC_STATIC_ASSERT(sizeof(nipc_builder_state_t) == 208, "nipc_builder_state_t");
NIPC_STATIC_ASSERT(sizeof(nipc_str_view_t) == 16, "nipc_str_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_str_view_t, ptr) == 0, "nipc_str_view_t.ptr");
NIPC_STATIC_ASSERT(offsetof(nipc_str_view_t, len) == 8, "nipc_str_view_t.len");
NIPC_STATIC_ASSERT(sizeof(nipc_lookup_label_view_t) == 32, "nipc_lookup_label_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_view_t, key) == 0, "nipc_lookup_label_view_t.key");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_view_t, value) == 16, "nipc_lookup_label_view_t.value");
NIPC_STATIC_ASSERT(sizeof(nipc_header_t) == 32, "nipc_header_t");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, magic) == 0, "nipc_header_t.magic");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, version) == 4, "nipc_header_t.version");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, header_len) == 6, "nipc_header_t.header_len");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, kind) == 8, "nipc_header_t.kind");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, flags) == 10, "nipc_header_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, code) == 12, "nipc_header_t.code");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, transport_status) == 14, "nipc_header_t.transport_status");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, payload_len) == 16, "nipc_header_t.payload_len");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, item_count) == 20, "nipc_header_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_header_t, message_id) == 24, "nipc_header_t.message_id");
NIPC_STATIC_ASSERT(sizeof(nipc_chunk_header_t) == 32, "nipc_chunk_header_t");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, magic) == 0, "nipc_chunk_header_t.magic");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, version) == 4, "nipc_chunk_header_t.version");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, flags) == 6, "nipc_chunk_header_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, message_id) == 8, "nipc_chunk_header_t.message_id");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, total_message_len) == 16, "nipc_chunk_header_t.total_message_len");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, chunk_index) == 20, "nipc_chunk_header_t.chunk_index");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, chunk_count) == 24, "nipc_chunk_header_t.chunk_count");
NIPC_STATIC_ASSERT(offsetof(nipc_chunk_header_t, chunk_payload_len) == 28, "nipc_chunk_header_t.chunk_payload_len");
NIPC_STATIC_ASSERT(sizeof(nipc_hello_t) == 48, "nipc_hello_t");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, layout_version) == 0, "nipc_hello_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, flags) == 2, "nipc_hello_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, supported_profiles) == 4, "nipc_hello_t.supported_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, preferred_profiles) == 8, "nipc_hello_t.preferred_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, max_request_payload_bytes) == 12, "nipc_hello_t.max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, max_request_batch_items) == 16, "nipc_hello_t.max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, max_response_payload_bytes) == 20, "nipc_hello_t.max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, max_response_batch_items) == 24, "nipc_hello_t.max_response_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, padding) == 28, "nipc_hello_t.padding");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, auth_token) == 32, "nipc_hello_t.auth_token");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_t, packet_size) == 40, "nipc_hello_t.packet_size");
NIPC_STATIC_ASSERT(sizeof(nipc_hello_ack_t) == 48, "nipc_hello_ack_t");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, layout_version) == 0, "nipc_hello_ack_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, flags) == 2, "nipc_hello_ack_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, server_supported_profiles) == 4, "nipc_hello_ack_t.server_supported_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, intersection_profiles) == 8, "nipc_hello_ack_t.intersection_profiles");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, selected_profile) == 12, "nipc_hello_ack_t.selected_profile");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, agreed_max_request_payload_bytes) == 16, "nipc_hello_ack_t.agreed_max_request_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, agreed_max_request_batch_items) == 20, "nipc_hello_ack_t.agreed_max_request_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, agreed_max_response_payload_bytes) == 24, "nipc_hello_ack_t.agreed_max_response_payload_bytes");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, agreed_max_response_batch_items) == 28, "nipc_hello_ack_t.agreed_max_response_batch_items");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, agreed_packet_size) == 32, "nipc_hello_ack_t.agreed_packet_size");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, padding) == 36, "nipc_hello_ack_t.padding");
NIPC_STATIC_ASSERT(offsetof(nipc_hello_ack_t, session_id) == 40, "nipc_hello_ack_t.session_id");
NIPC_STATIC_ASSERT(sizeof(nipc_batch_entry_t) == 8, "nipc_batch_entry_t");
NIPC_STATIC_ASSERT(offsetof(nipc_batch_entry_t, offset) == 0, "nipc_batch_entry_t.offset");
NIPC_STATIC_ASSERT(offsetof(nipc_batch_entry_t, length) == 4, "nipc_batch_entry_t.length");
NIPC_STATIC_ASSERT(sizeof(nipc_batch_builder_t) == 216, "nipc_batch_builder_t");
NIPC_STATIC_ASSERT(offsetof(nipc_batch_builder_t, error) == 0, "nipc_batch_builder_t.error");
NIPC_STATIC_ASSERT(offsetof(nipc_batch_builder_t, item_count) == 4, "nipc_batch_builder_t.item_count");
NIPC_STATIC_ASSERT(sizeof(nipc_lookup_dir_entry_t) == 8, "nipc_lookup_dir_entry_t");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_dir_entry_t, offset) == 0, "nipc_lookup_dir_entry_t.offset");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_dir_entry_t, length) == 4, "nipc_lookup_dir_entry_t.length");
NIPC_STATIC_ASSERT(sizeof(nipc_lookup_label_entry_t) == 16, "nipc_lookup_label_entry_t");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_entry_t, key_offset) == 0, "nipc_lookup_label_entry_t.key_offset");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_entry_t, key_length) == 4, "nipc_lookup_label_entry_t.key_length");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_entry_t, value_offset) == 8, "nipc_lookup_label_entry_t.value_offset");
NIPC_STATIC_ASSERT(offsetof(nipc_lookup_label_entry_t, value_length) == 12, "nipc_lookup_label_entry_t.value_length");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_req_view_t) == 24, "nipc_apps_lookup_req_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_req_view_t, item_count) == 0, "nipc_apps_lookup_req_view_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_req_view_t, layout_version) == 4, "nipc_apps_lookup_req_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_req_view_t, flags) == 6, "nipc_apps_lookup_req_view_t.flags");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_req_item_t) == 4, "nipc_apps_lookup_req_item_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_req_item_t, pid) == 0, "nipc_apps_lookup_req_item_t.pid");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_resp_view_t) == 32, "nipc_apps_lookup_resp_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_resp_view_t, item_count) == 0, "nipc_apps_lookup_resp_view_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_resp_view_t, layout_version) == 4, "nipc_apps_lookup_resp_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_resp_view_t, flags) == 6, "nipc_apps_lookup_resp_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_resp_view_t, generation) == 8, "nipc_apps_lookup_resp_view_t.generation");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_item_view_t) == 104, "nipc_apps_lookup_item_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, status) == 0, "nipc_apps_lookup_item_view_t.status");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, orchestrator) == 2, "nipc_apps_lookup_item_view_t.orchestrator");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, cgroup_status) == 4, "nipc_apps_lookup_item_view_t.cgroup_status");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, pid) == 8, "nipc_apps_lookup_item_view_t.pid");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, ppid) == 12, "nipc_apps_lookup_item_view_t.ppid");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, uid) == 16, "nipc_apps_lookup_item_view_t.uid");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, layout_version) == 20, "nipc_apps_lookup_item_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, flags) == 22, "nipc_apps_lookup_item_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, starttime) == 24, "nipc_apps_lookup_item_view_t.starttime");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, comm) == 32, "nipc_apps_lookup_item_view_t.comm");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, cgroup_path) == 48, "nipc_apps_lookup_item_view_t.cgroup_path");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, cgroup_name) == 64, "nipc_apps_lookup_item_view_t.cgroup_name");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_item_view_t, label_count) == 80, "nipc_apps_lookup_item_view_t.label_count");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_lookup_builder_t) == 216, "nipc_apps_lookup_builder_t");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_builder_t, error) == 0, "nipc_apps_lookup_builder_t.error");
NIPC_STATIC_ASSERT(offsetof(nipc_apps_lookup_builder_t, item_count) == 4, "nipc_apps_lookup_builder_t.item_count");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_req_view_t) == 24, "nipc_cgroups_lookup_req_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_req_view_t, item_count) == 0, "nipc_cgroups_lookup_req_view_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_req_view_t, layout_version) == 4, "nipc_cgroups_lookup_req_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_req_view_t, flags) == 6, "nipc_cgroups_lookup_req_view_t.flags");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_req_item_t) == 16, "nipc_cgroups_lookup_req_item_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_req_item_t, path) == 0, "nipc_cgroups_lookup_req_item_t.path");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_resp_view_t) == 32, "nipc_cgroups_lookup_resp_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_resp_view_t, item_count) == 0, "nipc_cgroups_lookup_resp_view_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_resp_view_t, layout_version) == 4, "nipc_cgroups_lookup_resp_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_resp_view_t, flags) == 6, "nipc_cgroups_lookup_resp_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_resp_view_t, generation) == 8, "nipc_cgroups_lookup_resp_view_t.generation");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_item_view_t) == 64, "nipc_cgroups_lookup_item_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, status) == 0, "nipc_cgroups_lookup_item_view_t.status");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, orchestrator) == 2, "nipc_cgroups_lookup_item_view_t.orchestrator");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, layout_version) == 4, "nipc_cgroups_lookup_item_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, flags) == 6, "nipc_cgroups_lookup_item_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, path) == 8, "nipc_cgroups_lookup_item_view_t.path");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, name) == 24, "nipc_cgroups_lookup_item_view_t.name");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_item_view_t, label_count) == 40, "nipc_cgroups_lookup_item_view_t.label_count");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_lookup_builder_t) == 216, "nipc_cgroups_lookup_builder_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_builder_t, error) == 0, "nipc_cgroups_lookup_builder_t.error");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_lookup_builder_t, item_count) == 4, "nipc_cgroups_lookup_builder_t.item_count");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_req_t) == 4, "nipc_cgroups_req_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_req_t, layout_version) == 0, "nipc_cgroups_req_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_req_t, flags) == 2, "nipc_cgroups_req_t.flags");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_resp_view_t) == 40, "nipc_cgroups_resp_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_view_t, layout_version) == 0, "nipc_cgroups_resp_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_view_t, flags) == 2, "nipc_cgroups_resp_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_view_t, item_count) == 4, "nipc_cgroups_resp_view_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_view_t, systemd_enabled) == 8, "nipc_cgroups_resp_view_t.systemd_enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_view_t, generation) == 16, "nipc_cgroups_resp_view_t.generation");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_resp_header_t) == 24, "nipc_cgroups_resp_header_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, layout_version) == 0, "nipc_cgroups_resp_header_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, flags) == 2, "nipc_cgroups_resp_header_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, item_count) == 4, "nipc_cgroups_resp_header_t.item_count");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, systemd_enabled) == 8, "nipc_cgroups_resp_header_t.systemd_enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, reserved) == 12, "nipc_cgroups_resp_header_t.reserved");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_resp_header_t, generation) == 16, "nipc_cgroups_resp_header_t.generation");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_item_view_t) == 48, "nipc_cgroups_item_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, hash) == 0, "nipc_cgroups_item_view_t.hash");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, options) == 4, "nipc_cgroups_item_view_t.options");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, enabled) == 8, "nipc_cgroups_item_view_t.enabled");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, layout_version) == 12, "nipc_cgroups_item_view_t.layout_version");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, flags) == 14, "nipc_cgroups_item_view_t.flags");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, name) == 16, "nipc_cgroups_item_view_t.name");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_item_view_t, path) == 32, "nipc_cgroups_item_view_t.path");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroups_builder_t) == 216, "nipc_cgroups_builder_t");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_builder_t, error) == 0, "nipc_cgroups_builder_t.error");
NIPC_STATIC_ASSERT(offsetof(nipc_cgroups_builder_t, item_count) == 4, "nipc_cgroups_builder_t.item_count");
NIPC_STATIC_ASSERT(sizeof(nipc_orchestrator_t) == 4, "nipc_orchestrator_t");
NIPC_STATIC_ASSERT(sizeof(nipc_cgroup_lookup_status_t) == 4, "nipc_cgroup_lookup_status_t");
NIPC_STATIC_ASSERT(sizeof(nipc_pid_lookup_status_t) == 4, "nipc_pid_lookup_status_t");
NIPC_STATIC_ASSERT(sizeof(nipc_apps_cgroup_status_t) == 4, "nipc_apps_cgroup_status_t");
NIPC_STATIC_ASSERT(sizeof(nipc_string_reverse_view_t) == 16, "nipc_string_reverse_view_t");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_view_t, str) == 0, "nipc_string_reverse_view_t.str");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_view_t, str_len) == 8, "nipc_string_reverse_view_t.str_len");
NIPC_STATIC_ASSERT(sizeof(nipc_string_reverse_builder_t) == 216, "nipc_string_reverse_builder_t");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_builder_t, error) == 0, "nipc_string_reverse_builder_t.error");
NIPC_STATIC_ASSERT(offsetof(nipc_string_reverse_builder_t, item_count) == 4, "nipc_string_reverse_builder_t.item_count");
#endif

#endif /* NETIPC_PROTOCOL_H */
