#define _POSIX_C_SOURCE 200809L

#include "data.h"
#include "test.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL(key, value) {{key, sizeof(key) - 1}, {value, sizeof(value) - 1}}

static const nipc_lookup_label_view_t process_labels[] = {LABEL("pod", "web"), LABEL("empty", "")};
static const nipc_lookup_label_view_t path_labels[] = {LABEL("image", "web"), LABEL("k", "")};

static char large_name[8001];

static void fill_large_name(void) {
    memset(large_name, 'n', sizeof(large_name) - 1);
}

void cgroup_of(uint32_t index, struct cgroup *out) {
    snprintf(out->name, sizeof(out->name), "cgroup-%u", (unsigned)index);
    memset(out->path, 'p', SNAPSHOT_PATH);
    out->path[SNAPSHOT_PATH] = '\0';
    out->item = (nipc_cgroups_item_view_t){
        .hash = nipc_simple_hash(out->name),
        .options = index % 16,
        .enabled = index % 3,
        .name = view_of(out->name),
        .path = view_of(out->path),
    };
}

void process_of(uint32_t pid, struct process *out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    nipc_apps_lookup_item_view_t *item = &out->item;
    pthread_once(&once, fill_large_name);
    snprintf(out->comm, sizeof(out->comm), "c%u", (unsigned)pid);
    snprintf(out->path, sizeof(out->path), "/slice/%u", (unsigned)pid);
    out->labels = process_labels;
    *item = (nipc_apps_lookup_item_view_t){
        .status = NIPC_PID_LOOKUP_UNKNOWN,
        .pid = pid,
        .uid = NIPC_UID_UNSET,
        .comm = view_of(""),
        .cgroup_path = view_of(""),
        .cgroup_name = view_of(""),
    };
    if (pid % 5 == 0) {
        return;
    }
    item->status = NIPC_PID_LOOKUP_KNOWN;
    item->ppid = pid / 2;
    item->uid = pid % 7;
    item->starttime = (uint64_t)pid << 20;
    item->comm = view_of(out->comm);
    if (pid % 5 == 1) {
        item->cgroup_status = NIPC_APPS_CGROUP_HOST_ROOT;
    } else if (pid % 5 == 2) {
        item->cgroup_status = NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER;
    } else if (pid % 5 == 3) {
        item->cgroup_status = NIPC_APPS_CGROUP_UNKNOWN_PERMANENT;
        item->cgroup_path = view_of(out->path);
    } else {
        item->orchestrator = NIPC_ORCHESTRATOR_K8S;
        item->cgroup_path = view_of(out->path);
        item->cgroup_name = view_of(pid == LARGE_PID ? large_name : "nnnnnnnn");
        item->label_count = COUNT(process_labels);
    }
}

void path_of(nipc_str_view_t path, struct found_path *out) {
    char *text = calloc(1, (size_t)path.len + 1);
    REQUIRE(text != NULL);
    memcpy(text, path.ptr, path.len);
    uint32_t kind = nipc_simple_hash(text) % 4;
    free(text);
    out->labels = path_labels;
    out->item = (nipc_cgroups_lookup_item_view_t){
        .status = NIPC_CGROUP_LOOKUP_KNOWN,
        .path = path,
        .name = view_of(""),
    };
    if (kind == 0) {
        out->item.status = NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER;
    } else if (kind == 1) {
        out->item.status = NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT;
    } else if (kind == 3) {
        out->item.orchestrator = NIPC_ORCHESTRATOR_DOCKER;
        out->item.name = path;
        out->item.label_count = COUNT(path_labels);
    }
}

void check_cgroup(const nipc_cgroups_item_view_t *found, uint32_t index) {
    struct cgroup want;
    cgroup_of(index, &want);
    CHECK_EQ(found->hash, want.item.hash);
    CHECK_EQ(found->options, want.item.options);
    CHECK_EQ(found->enabled, want.item.enabled);
    CHECK_VIEW(found->name, want.item.name);
    CHECK_VIEW(found->path, want.item.path);
}

void check_snapshot(const nipc_cgroups_resp_view_t *view, uint32_t count) {
    CHECK_EQ(view->item_count, count);
    CHECK_EQ(view->systemd_enabled, 1);
    CHECK_EQ(view->generation, GENERATION);
    for (uint32_t i = 0; i < view->item_count; i++) {
        nipc_cgroups_item_view_t item;
        CHECK_OK(nipc_cgroups_resp_item(view, i, &item));
        check_cgroup(&item, i);
    }
}

void check_process(const nipc_apps_lookup_item_view_t *found, uint32_t pid) {
    struct process want;
    process_of(pid, &want);
    CHECK_EQ(found->status, want.item.status);
    CHECK_EQ(found->orchestrator, want.item.orchestrator);
    CHECK_EQ(found->cgroup_status, want.item.cgroup_status);
    CHECK_EQ(found->pid, want.item.pid);
    CHECK_EQ(found->ppid, want.item.ppid);
    CHECK_EQ(found->uid, want.item.uid);
    CHECK_EQ(found->starttime, want.item.starttime);
    CHECK_VIEW(found->comm, want.item.comm);
    CHECK_VIEW(found->cgroup_path, want.item.cgroup_path);
    CHECK_VIEW(found->cgroup_name, want.item.cgroup_name);
    CHECK_EQ(found->label_count, want.item.label_count);
    for (uint32_t i = 0; i < found->label_count && i < want.item.label_count; i++) {
        nipc_lookup_label_view_t label;
        CHECK_OK(nipc_apps_lookup_item_label(found, i, &label));
        CHECK_VIEW(label.key, want.labels[i].key);
        CHECK_VIEW(label.value, want.labels[i].value);
    }
}

void check_path(const nipc_cgroups_lookup_item_view_t *found, nipc_str_view_t path) {
    struct found_path want;
    path_of(path, &want);
    CHECK_EQ(found->status, want.item.status);
    CHECK_EQ(found->orchestrator, want.item.orchestrator);
    CHECK_VIEW(found->path, want.item.path);
    CHECK_VIEW(found->name, want.item.name);
    CHECK_EQ(found->label_count, want.item.label_count);
    for (uint32_t i = 0; i < found->label_count && i < want.item.label_count; i++) {
        nipc_lookup_label_view_t label;
        CHECK_OK(nipc_cgroups_lookup_item_label(found, i, &label));
        CHECK_VIEW(label.key, want.labels[i].key);
        CHECK_VIEW(label.value, want.labels[i].value);
    }
}

bool answer_snapshot(void *user, const nipc_cgroups_req_t *request,
                     nipc_cgroups_builder_t *builder) {
    const uint32_t count = user == NULL ? SNAPSHOT_ITEMS : *(const uint32_t *)user;
    CHECK_EQ(request->layout_version, 1);
    CHECK_EQ(request->flags, 0);
    nipc_cgroups_builder_set_header(builder, 1, GENERATION);
    for (uint32_t i = 0; i < count; i++) {
        struct cgroup cgroup;
        cgroup_of(i, &cgroup);
        if (nipc_cgroups_builder_add(builder, cgroup.item.hash, cgroup.item.options,
                                     cgroup.item.enabled, cgroup.item.name.ptr,
                                     cgroup.item.name.len, cgroup.item.path.ptr,
                                     cgroup.item.path.len) != NIPC_OK) {
            return false;
        }
    }
    CHECK_EQ(builder->item_count, count);
    return true;
}

bool answer_cgroups(void *user, const nipc_cgroups_lookup_req_view_t *request,
                    nipc_cgroups_lookup_builder_t *builder) {
    (void)user;
    nipc_cgroups_lookup_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; i < request->item_count; i++) {
        nipc_cgroups_lookup_req_item_t key;
        struct found_path found;
        CHECK_OK(nipc_cgroups_lookup_req_item(request, i, &key));
        path_of(key.path, &found);
        if (nipc_cgroups_lookup_builder_add_request_item(
                builder, request, i, found.item.status, found.item.orchestrator,
                found.item.name.ptr, found.item.name.len, found.labels,
                found.item.label_count) != NIPC_OK) {
            return false;
        }
    }
    return true;
}

bool answer_apps(void *user, const nipc_apps_lookup_req_view_t *request,
                 nipc_apps_lookup_builder_t *builder) {
    (void)user;
    nipc_apps_lookup_builder_set_generation(builder, GENERATION);
    for (uint32_t i = 0; i < request->item_count; i++) {
        nipc_apps_lookup_req_item_t key;
        struct process found;
        const nipc_apps_lookup_item_view_t *item = &found.item;
        CHECK_OK(nipc_apps_lookup_req_item(request, i, &key));
        process_of(key.pid, &found);
        if (nipc_apps_lookup_builder_add(
                builder, item->status, item->cgroup_status, item->orchestrator, item->pid,
                item->ppid, item->uid, item->starttime, item->comm.ptr, item->comm.len,
                item->cgroup_path.ptr, item->cgroup_path.len, item->cgroup_name.ptr,
                item->cgroup_name.len, found.labels, item->label_count) != NIPC_OK) {
            return false;
        }
    }
    return true;
}

bool answer_increment(void *user, uint64_t request, uint64_t *response) {
    (void)user;
    *response = request + 1;
    return true;
}

bool answer_reverse(void *user, const nipc_string_reverse_view_t *request,
                    nipc_string_reverse_builder_t *builder) {
    char *reversed = malloc((size_t)request->str_len + 1);
    (void)user;
    REQUIRE(reversed != NULL);
    for (uint32_t i = 0; i < request->str_len; i++) {
        reversed[i] = request->str[request->str_len - 1 - i];
    }
    nipc_error_t code = nipc_string_reverse_builder_set(builder, reversed, request->str_len);
    free(reversed);
    return code == NIPC_OK;
}

/* ---- As bytes ----------------------------------------------------------------------------------- */

static nipc_error_t check_item(void *user, const void *ptr, size_t len) {
    (void)user;
    return ptr != NULL && len >= 60 ? NIPC_OK : NIPC_ERR_TRUNCATED;
}

static uint16_t status_of(void *user, nipc_bytes_view_t item) {
    (void)user;
    return (uint16_t)((const unsigned char *)item.ptr)[2];
}

static bool answers(void *user, nipc_bytes_view_t item, nipc_bytes_view_t key) {
    (void)user;
    return key.len == 8 && memcmp((const char *)item.ptr + 8, key.ptr, 4) == 0;
}

static size_t bare(void *user, nipc_bytes_view_t key, uint16_t status, void *buf, size_t size) {
    unsigned char item[64] = {1, 0, (unsigned char)status};
    (void)user;
    memcpy(item + 8, key.ptr, 4);
    memset(item + 16, 0xff, 4);
    item[32] = 60, item[40] = 61, item[48] = 62;
    if (size >= 63) {
        memcpy(buf, item, 63);
    }
    return 63;
}

nipc_any_lookup_t apps_as_bytes(void) {
    const nipc_any_lookup_t lookup = {5, 1, 2, 3, 60, check_item, status_of, answers, bare, 0, NULL};
    return lookup;
}
