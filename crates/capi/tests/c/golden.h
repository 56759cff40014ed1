/* What the golden bytes mean, as tables. The tests' harness writes the tables from vectors/. */
#ifndef NETIPC_GOLDEN_H
#define NETIPC_GOLDEN_H

#include <netipc/netipc_protocol.h>

struct bytes {
    const uint8_t *ptr;
    size_t len;
};

#define GOLDEN(message, fields) \
    struct golden_##message {   \
        const char *name;       \
        struct bytes bytes;     \
        fields input;           \
    }

struct snapshot_input {
    uint32_t systemd_enabled;
    uint64_t generation;
    const nipc_cgroups_item_view_t *items;
    uint32_t items_count;
};

struct cgroup_input {
    uint16_t status, orchestrator;
    nipc_str_view_t path, name;
    const nipc_lookup_label_view_t *labels;
    uint16_t labels_count;
};

struct cgroups_input {
    uint64_t generation;
    const struct cgroup_input *items;
    uint32_t items_count;
};

struct paths_input {
    const nipc_str_view_t *paths;
    uint32_t paths_count;
};

struct app_input {
    uint16_t status, orchestrator, cgroup_status;
    uint32_t pid, ppid, uid;
    uint64_t starttime;
    nipc_str_view_t comm, cgroup_path, cgroup_name;
    const nipc_lookup_label_view_t *labels;
    uint16_t labels_count;
};

struct apps_input {
    uint64_t generation;
    const struct app_input *items;
    uint32_t items_count;
};

struct pids_input {
    const uint32_t *pids;
    uint32_t pids_count;
};

struct number_input {
    uint64_t value;
};

struct text_input {
    nipc_str_view_t text;
};

struct batch_input {
    const struct bytes *items;
    uint32_t items_count;
};

struct no_input {
    char none;
};

GOLDEN(header, nipc_header_t);
GOLDEN(chunk_header, nipc_chunk_header_t);
GOLDEN(hello, nipc_hello_t);
GOLDEN(hello_ack, nipc_hello_ack_t);
GOLDEN(cgroups_snapshot_request, struct no_input);
GOLDEN(cgroups_snapshot_response, struct snapshot_input);
GOLDEN(cgroups_lookup_request, struct paths_input);
GOLDEN(cgroups_lookup_response, struct cgroups_input);
GOLDEN(apps_lookup_request, struct pids_input);
GOLDEN(apps_lookup_response, struct apps_input);
GOLDEN(increment, struct number_input);
GOLDEN(string_reverse, struct text_input);
GOLDEN(batch, struct batch_input);

/* A message in packets. */
struct golden_chunks {
    uint32_t agreed_packet_size;
    uint64_t message_id;
    uint16_t kind, code;
    struct bytes payload;
    const struct bytes *packets;
    uint32_t packets_count;
};

/* A whole packet of a handshake. */
struct golden_handshake {
    const char *name;
    struct bytes bytes;
};

/* What a builder does with a short budget. len is 0 where it overflows. */
struct golden_short_cgroups {
    uint32_t keys;
    const uint32_t *name_lens;
    size_t budget, len;
    const uint16_t *statuses;
};

struct short_app {
    uint32_t comm_len, name_len;
};

struct golden_short_apps {
    const struct short_app *items;
    uint32_t items_count;
    size_t budget, len;
    const uint16_t *statuses;
};

#define STR(text) {.ptr = (text), .len = sizeof(text) - 1}
#define BYTES(...) \
    {.ptr = (const uint8_t[]){__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})}

#endif
