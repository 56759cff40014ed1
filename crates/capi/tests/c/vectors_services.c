/* The golden bytes of the three services, both ways, and what builders do with little room. */
#include "golden.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Written by the harness. */
#include "vectors_services.inc"

/* Encodes into one byte too little, just enough and one too much; memory checkers watch. With too
   little SHORT_LEN says what comes out: nothing, or for lookups an answer that says so. */
#define CHECK_BUILDS(golden, short_len, call)                                      \
    do {                                                                           \
        const struct bytes golden_bytes = (golden)->bytes;                         \
        for (size_t room = golden_bytes.len - 1; room <= golden_bytes.len + 1; room++) { \
            uint8_t *buf = malloc(room);                                           \
            REQUIRE(buf != NULL);                                                  \
            memset(buf, 0xee, room);                                               \
            size_t len = (call);                                                   \
            if (room < golden_bytes.len) {                                         \
                CHECK(short_len);                                                  \
            } else {                                                               \
                CHECK_BYTES(buf, len, golden_bytes.ptr, golden_bytes.len);         \
            }                                                                      \
            free(buf);                                                             \
        }                                                                          \
    } while (0)

#define EACH(golden, table)                                                        \
    (size_t i = 0; i < COUNT(table) && (golden = &(table)[i],                      \
                                        test_context("%s", golden->name), true);   \
     i++)

/* Every view tells the one version there is. */
#define CHECK_LAYOUT(view)                                                         \
    do {                                                                           \
        CHECK_EQ((view).layout_version, 1);                                        \
        CHECK_EQ((view).flags, 0);                                                 \
    } while (0)

static void snapshot_requests(void) {
    const struct golden_cgroups_snapshot_request *golden;
    for EACH(golden, golden_cgroups_snapshot_request) {
        nipc_cgroups_req_t request = {0, 0};
        CHECK_BUILDS(golden, len == 0, nipc_cgroups_req_encode(NULL, buf, room));
        CHECK_BUILDS(golden, len == 0, nipc_cgroups_req_encode(&request, buf, room));
        CHECK_OK(nipc_cgroups_req_decode(golden->bytes.ptr, golden->bytes.len, &request));
        CHECK_EQ(request.layout_version, 1);
        CHECK_EQ(request.flags, 0);
        CHECK_BUILDS(golden, len == 0, nipc_cgroups_req_encode(&request, buf, room));
    }
}

static size_t build_snapshot(const struct snapshot_input *input, void *buf, size_t room) {
    nipc_cgroups_builder_t builder;
    if (nipc_cgroups_builder_init(&builder, buf, room, input->items_count, 77, 77) != NIPC_OK) {
        return 0;
    }
    for (uint32_t item = 0; item < input->items_count; item++) {
        const nipc_cgroups_item_view_t *want = &input->items[item];
        (void)nipc_cgroups_builder_add(&builder, want->hash, want->options, want->enabled,
                                       want->name.ptr, want->name.len, want->path.ptr,
                                       want->path.len);
    }
    nipc_cgroups_builder_set_header(&builder, input->systemd_enabled, input->generation);
    return nipc_cgroups_builder_finish(&builder);
}

static void snapshot_responses(void) {
    const struct golden_cgroups_snapshot_response *golden;
    for EACH(golden, golden_cgroups_snapshot_response) {
        const struct snapshot_input *input = &golden->input;
        nipc_cgroups_resp_view_t view;
        nipc_cgroups_item_view_t found;
        CHECK_BUILDS(golden, len == 0, build_snapshot(input, buf, room));
        CHECK_OK(nipc_cgroups_resp_decode(golden->bytes.ptr, golden->bytes.len, &view));
        CHECK_OK(nipc_cgroups_resp_validate(&view));
        CHECK_EQ(view.item_count, input->items_count);
        CHECK_EQ(view.systemd_enabled, input->systemd_enabled);
        CHECK_EQ(view.generation, input->generation);
        CHECK_LAYOUT(view);
        nipc_cgroups_resp_header_t header;
        memcpy(&header, golden->bytes.ptr, sizeof(header));
        CHECK_LAYOUT(header);
        CHECK_EQ(header.item_count, input->items_count);
        CHECK_EQ(header.systemd_enabled, input->systemd_enabled);
        CHECK_EQ(header.generation, input->generation);
        for (uint32_t item = 0; item < input->items_count; item++) {
            const nipc_cgroups_item_view_t *want = &input->items[item];
            CHECK_OK(nipc_cgroups_resp_item(&view, item, &found));
            CHECK_EQ(found.hash, want->hash);
            CHECK_EQ(found.options, want->options);
            CHECK_EQ(found.enabled, want->enabled);
            CHECK_VIEW(found.name, want->name);
            CHECK_VIEW(found.path, want->path);
            CHECK_LAYOUT(found);
        }
        CHECK_CODE(nipc_cgroups_resp_item(&view, view.item_count, &found), NIPC_ERR_OUT_OF_BOUNDS);
    }
}

static void path_requests(void) {
    const struct golden_cgroups_lookup_request *golden;
    for EACH(golden, golden_cgroups_lookup_request) {
        const struct paths_input *input = &golden->input;
        nipc_cgroups_lookup_req_view_t view;
        nipc_cgroups_lookup_req_item_t found;
        CHECK_BUILDS(golden, len == 0,
                     nipc_cgroups_lookup_req_encode(input->paths, input->paths_count, buf, room));
        CHECK_OK(nipc_cgroups_lookup_req_decode(golden->bytes.ptr, golden->bytes.len, &view));
        CHECK_EQ(view.item_count, input->paths_count);
        CHECK_LAYOUT(view);
        for (uint32_t item = 0; item < input->paths_count; item++) {
            CHECK_OK(nipc_cgroups_lookup_req_item(&view, item, &found));
            CHECK_VIEW(found.path, input->paths[item]);
        }
        CHECK_CODE(nipc_cgroups_lookup_req_item(&view, view.item_count, &found),
                   NIPC_ERR_OUT_OF_BOUNDS);
    }
}

static void pid_requests(void) {
    const struct golden_apps_lookup_request *golden;
    for EACH(golden, golden_apps_lookup_request) {
        const struct pids_input *input = &golden->input;
        nipc_apps_lookup_req_view_t view;
        nipc_apps_lookup_req_item_t found;
        CHECK_BUILDS(golden, len == 0,
                     nipc_apps_lookup_req_encode(input->pids, input->pids_count, buf, room));
        CHECK_OK(nipc_apps_lookup_req_decode(golden->bytes.ptr, golden->bytes.len, &view));
        CHECK_EQ(view.item_count, input->pids_count);
        CHECK_LAYOUT(view);
        for (uint32_t item = 0; item < input->pids_count; item++) {
            CHECK_OK(nipc_apps_lookup_req_item(&view, item, &found));
            CHECK_EQ(found.pid, input->pids[item]);
        }
        CHECK_CODE(nipc_apps_lookup_req_item(&view, view.item_count, &found),
                   NIPC_ERR_OUT_OF_BOUNDS);
    }
}

/* Answers the request for the paths of the items, or builds the same without a request. */
static size_t build_cgroups(const struct cgroups_input *input, void *buf, size_t room,
                            bool asked) {
    nipc_str_view_t paths[8];
    uint8_t bytes[512];
    nipc_cgroups_lookup_req_view_t request;
    nipc_cgroups_lookup_builder_t builder;
    REQUIRE(input->items_count <= COUNT(paths));
    for (uint32_t item = 0; item < input->items_count; item++) {
        paths[item] = input->items[item].path;
    }
    size_t len = nipc_cgroups_lookup_req_encode(paths, input->items_count, bytes, sizeof(bytes));
    CHECK_OK(nipc_cgroups_lookup_req_decode(bytes, len, &request));
    nipc_error_t begun =
        asked ? nipc_cgroups_lookup_builder_init_for_request(&builder, &request, buf, room)
              : nipc_cgroups_lookup_builder_init(&builder, buf, room, 100, input->generation);
    if (begun != NIPC_OK) {
        return 0;
    }
    if (asked) {
        nipc_cgroups_lookup_builder_set_generation(&builder, input->generation);
    }
    for (uint32_t item = 0; item < input->items_count; item++) {
        const struct cgroup_input *want = &input->items[item];
        /* Both ways to add are the same. */
        if (room % 2 == 0) {
            (void)nipc_cgroups_lookup_builder_add(
                &builder, want->status, want->orchestrator, want->path.ptr, want->path.len,
                want->name.ptr, want->name.len, want->labels, want->labels_count);
        } else {
            (void)nipc_cgroups_lookup_builder_add_request_item(
                &builder, &request, item, want->status, want->orchestrator, want->name.ptr,
                want->name.len, want->labels, want->labels_count);
        }
    }
    return nipc_cgroups_lookup_builder_finish(&builder);
}

static void check_cgroup(const nipc_cgroups_lookup_item_view_t *found,
                         const struct cgroup_input *want) {
    nipc_lookup_label_view_t label;
    CHECK_EQ(found->status, want->status);
    CHECK_EQ(found->orchestrator, want->orchestrator);
    CHECK_VIEW(found->path, want->path);
    CHECK_VIEW(found->name, want->name);
    CHECK_EQ(found->label_count, want->labels_count);
    for (uint32_t i = 0; i < want->labels_count; i++) {
        CHECK_OK(nipc_cgroups_lookup_item_label(found, i, &label));
        CHECK_VIEW(label.key, want->labels[i].key);
        CHECK_VIEW(label.value, want->labels[i].value);
    }
    CHECK_CODE(nipc_cgroups_lookup_item_label(found, found->label_count, &label),
               NIPC_ERR_OUT_OF_BOUNDS);
}

/* The structs of the wire, for programs that read the bytes themselves. */
static void check_directory(const uint8_t *payload, const struct cgroups_input *input) {
    const size_t items =
        NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE + input->items_count * sizeof(nipc_lookup_dir_entry_t);
    for (uint32_t i = 0; i < input->items_count; i++) {
        const struct cgroup_input *want = &input->items[i];
        nipc_lookup_dir_entry_t entry;
        nipc_lookup_label_entry_t label;
        memcpy(&entry, payload + NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE + i * sizeof(entry),
               sizeof(entry));
        const uint8_t *item = payload + items + entry.offset;
        CHECK_EQ(entry.offset % NIPC_ALIGNMENT, 0);
        CHECK_EQ(item[entry.length - 1], 0);
        if (want->labels_count > 0) {
            size_t table = NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE + want->path.len + want->name.len + 2;
            memcpy(&label, item + (table + 7) / 8 * 8, sizeof(label));
            CHECK_BYTES(item + label.key_offset, label.key_length, want->labels[0].key.ptr,
                        want->labels[0].key.len);
            CHECK_BYTES(item + label.value_offset, label.value_length, want->labels[0].value.ptr,
                        want->labels[0].value.len);
        }
    }
}

static void cgroups_responses(void) {
    const struct golden_cgroups_lookup_response *golden;
    for EACH(golden, golden_cgroups_lookup_response) {
        const struct cgroups_input *input = &golden->input;
        nipc_cgroups_lookup_resp_view_t view;
        nipc_cgroups_lookup_item_view_t found;
        CHECK_OK(nipc_cgroups_lookup_resp_decode(golden->bytes.ptr, golden->bytes.len, &view));
        CHECK_EQ(view.item_count, input->items_count);
        CHECK_EQ(view.generation, input->generation);
        CHECK_LAYOUT(view);
        bool exceeded = false;
        for (uint32_t item = 0; item < input->items_count; item++) {
            CHECK_OK(nipc_cgroups_lookup_resp_item(&view, item, &found));
            check_cgroup(&found, &input->items[item]);
            CHECK_LAYOUT(found);
            exceeded = exceeded || found.status == NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED;
        }
        CHECK_CODE(nipc_cgroups_lookup_resp_item(&view, view.item_count, &found),
                   NIPC_ERR_OUT_OF_BOUNDS);
        check_directory(golden->bytes.ptr, input);
        /* A handler may not say that the first item exceeds the payload. */
        if (!exceeded) {
            CHECK_BUILDS(golden, len < golden_bytes.len, build_cgroups(input, buf, room, true));
        }
        CHECK_BUILDS(golden, len == 0, build_cgroups(input, buf, room, false));
    }
}

static size_t build_apps(const struct apps_input *input, void *buf, size_t room, bool asked) {
    uint32_t pids[8];
    uint8_t bytes[256];
    nipc_apps_lookup_req_view_t request;
    nipc_apps_lookup_builder_t builder;
    REQUIRE(input->items_count <= COUNT(pids));
    for (uint32_t item = 0; item < input->items_count; item++) {
        pids[item] = input->items[item].pid;
    }
    size_t len = nipc_apps_lookup_req_encode(pids, input->items_count, bytes, sizeof(bytes));
    CHECK_OK(nipc_apps_lookup_req_decode(bytes, len, &request));
    nipc_error_t begun =
        asked ? nipc_apps_lookup_builder_init_for_request(&builder, &request, buf, room)
              : nipc_apps_lookup_builder_init(&builder, buf, room, 100, 1);
    if (begun != NIPC_OK) {
        return 0;
    }
    for (uint32_t item = 0; item < input->items_count; item++) {
        const struct app_input *want = &input->items[item];
        (void)nipc_apps_lookup_builder_add(
            &builder, want->status, want->cgroup_status, want->orchestrator, want->pid, want->ppid,
            want->uid, want->starttime, want->comm.ptr, want->comm.len, want->cgroup_path.ptr,
            want->cgroup_path.len, want->cgroup_name.ptr, want->cgroup_name.len, want->labels,
            want->labels_count);
    }
    nipc_apps_lookup_builder_set_generation(&builder, input->generation);
    return nipc_apps_lookup_builder_finish(&builder);
}

static void check_app(const nipc_apps_lookup_item_view_t *found, const struct app_input *want) {
    nipc_lookup_label_view_t label;
    CHECK_EQ(found->status, want->status);
    CHECK_EQ(found->orchestrator, want->orchestrator);
    CHECK_EQ(found->cgroup_status, want->cgroup_status);
    CHECK_EQ(found->pid, want->pid);
    CHECK_EQ(found->ppid, want->ppid);
    CHECK_EQ(found->uid, want->uid);
    CHECK_EQ(found->starttime, want->starttime);
    CHECK_VIEW(found->comm, want->comm);
    CHECK_VIEW(found->cgroup_path, want->cgroup_path);
    CHECK_VIEW(found->cgroup_name, want->cgroup_name);
    CHECK_EQ(found->label_count, want->labels_count);
    for (uint32_t i = 0; i < want->labels_count; i++) {
        CHECK_OK(nipc_apps_lookup_item_label(found, i, &label));
        CHECK_VIEW(label.key, want->labels[i].key);
        CHECK_VIEW(label.value, want->labels[i].value);
    }
    CHECK_CODE(nipc_apps_lookup_item_label(found, found->label_count, &label),
               NIPC_ERR_OUT_OF_BOUNDS);
}

static void apps_responses(void) {
    const struct golden_apps_lookup_response *golden;
    for EACH(golden, golden_apps_lookup_response) {
        const struct apps_input *input = &golden->input;
        nipc_apps_lookup_resp_view_t view;
        nipc_apps_lookup_item_view_t found;
        CHECK_OK(nipc_apps_lookup_resp_decode(golden->bytes.ptr, golden->bytes.len, &view));
        CHECK_EQ(view.item_count, input->items_count);
        CHECK_EQ(view.generation, input->generation);
        CHECK_LAYOUT(view);
        bool exceeded = false;
        for (uint32_t item = 0; item < input->items_count; item++) {
            CHECK_OK(nipc_apps_lookup_resp_item(&view, item, &found));
            check_app(&found, &input->items[item]);
            CHECK_LAYOUT(found);
            exceeded = exceeded || found.status == NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED;
        }
        CHECK_CODE(nipc_apps_lookup_resp_item(&view, view.item_count, &found),
                   NIPC_ERR_OUT_OF_BOUNDS);
        if (!exceeded) {
            CHECK_BUILDS(golden, len < golden_bytes.len, build_apps(input, buf, room, true));
        }
        CHECK_BUILDS(golden, len == 0, build_apps(input, buf, room, false));
    }
}

static const struct test tests[] = {
    {"snapshot_requests", snapshot_requests}, {"snapshot_responses", snapshot_responses},
    {"path_requests", path_requests},         {"cgroups_responses", cgroups_responses},
    {"pid_requests", pid_requests},           {"apps_responses", apps_responses},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
