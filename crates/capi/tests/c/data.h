/* What the providers know, in C as in Rust, so that every client can check every answer. */
#ifndef NETIPC_DATA_H
#define NETIPC_DATA_H

#include <netipc/netipc_any.h>
#include <netipc/netipc_service.h>

#define TOKEN UINT64_C(0x0123456789abcdef)
#define GENERATION UINT64_C(0x8000000000000009)
#define SNAPSHOT_ITEMS 1000
#define SNAPSHOT_PATH 40
/* The process whose cgroup has a name that fits no small answer. */
#define LARGE_PID 9999999u

/* Item INDEX of a snapshot, with its texts. */
struct cgroup {
    nipc_cgroups_item_view_t item;
    char name[24];
    char path[SNAPSHOT_PATH + 1];
};

struct process {
    nipc_apps_lookup_item_view_t item;
    const nipc_lookup_label_view_t *labels;
    char comm[16];
    char path[24];
};

struct found_path {
    nipc_cgroups_lookup_item_view_t item;
    const nipc_lookup_label_view_t *labels;
};

void cgroup_of(uint32_t index, struct cgroup *out);
void process_of(uint32_t pid, struct process *out);
void path_of(nipc_str_view_t path, struct found_path *out);

/* Compare with what the providers know. */
void check_cgroup(const nipc_cgroups_item_view_t *found, uint32_t index);
void check_snapshot(const nipc_cgroups_resp_view_t *view, uint32_t count);
void check_process(const nipc_apps_lookup_item_view_t *found, uint32_t pid);
void check_path(const nipc_cgroups_lookup_item_view_t *found, nipc_str_view_t path);

/* apps-lookup, as somebody describes it who does not know the library's. */
nipc_any_lookup_t apps_as_bytes(void);

/* Handlers that answer from it. USER of the first points to the number of items (uint32_t), or is
   NULL for SNAPSHOT_ITEMS. */
bool answer_snapshot(void *user, const nipc_cgroups_req_t *request,
                     nipc_cgroups_builder_t *builder);
bool answer_cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request,
                    nipc_cgroups_lookup_builder_t *builder);
bool answer_apps(void *user, const nipc_apps_lookup_req_view_t *request,
                 nipc_apps_lookup_builder_t *builder);
bool answer_increment(void *user, uint64_t request, uint64_t *response);
bool answer_reverse(void *user, const nipc_string_reverse_view_t *request,
                    nipc_string_reverse_builder_t *builder);

#endif
