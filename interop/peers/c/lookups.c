/* Checks of lookups: every field and every label of every item. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static bool is_small(const struct options *options)
{
    return options->max_response > 0;
}

static bool same_label(struct check *check, const nipc_lookup_label_view_t *found,
                       const nipc_lookup_label_view_t *expected)
{
    return same_text(check, "key of a label", found->key, expected->key) &&
           same_text(check, "value of a label", found->value, expected->value);
}

static bool same_cgroup(struct check *check, const nipc_cgroups_lookup_item_view_t *found, nipc_str_view_t path)
{
    struct cgroup expected;
    data_cgroup(path, is_small(check->options), &expected);
    if (!same(check, "status", found->status, expected.status) ||
        !same(check, "orchestrator", found->orchestrator, expected.orchestrator) ||
        !same_text(check, "path", found->path, path) ||
        !same_text(check, "name", found->name, text_view(&expected.name)) ||
        !same(check, "label_count", found->label_count, expected.labels.count))
        return false;
    for (uint32_t nth = 0; nth < found->label_count; nth++) {
        nipc_lookup_label_view_t label;
        if (!succeeded(check, nipc_cgroups_lookup_item_label(found, nth, &label)) ||
            !same_label(check, &label, &expected.labels.views[nth]))
            return false;
    }
    return true;
}

bool same_process(struct check *check, const nipc_apps_lookup_item_view_t *found, uint32_t pid)
{
    struct process expected;
    data_process(pid, is_small(check->options), &expected);
    if (!same(check, "pid", found->pid, pid) || !same(check, "status", found->status, expected.status) ||
        !same(check, "orchestrator", found->orchestrator, expected.orchestrator) ||
        !same(check, "cgroup_status", found->cgroup_status, expected.cgroup_status) ||
        !same(check, "ppid", found->ppid, expected.ppid) || !same(check, "uid", found->uid, expected.uid) ||
        !same(check, "starttime", found->starttime, expected.starttime) ||
        !same_text(check, "comm", found->comm, text_view(&expected.comm)) ||
        !same_text(check, "cgroup_path", found->cgroup_path, text_view(&expected.cgroup_path)) ||
        !same_text(check, "cgroup_name", found->cgroup_name, text_view(&expected.cgroup_name)) ||
        !same(check, "label_count", found->label_count, expected.labels.count))
        return false;
    for (uint32_t nth = 0; nth < found->label_count; nth++) {
        nipc_lookup_label_view_t label;
        if (!succeeded(check, nipc_apps_lookup_item_label(found, nth, &label)) ||
            !same_label(check, &label, &expected.labels.views[nth]))
            return false;
    }
    return true;
}

static bool cgroups_are_found(struct check *check, const nipc_str_view_t *paths, uint32_t count)
{
    nipc_cgroups_lookup_resp_view_t reply;
    if (!connects(check, &check->client) ||
        !succeeded(check, nipc_client_call_cgroups_lookup(&check->client, paths, count, &reply)) ||
        !same(check, "the number of items", reply.item_count, count) ||
        !same(check, "the generation", reply.generation, check->options->generation))
        return false;
    for (uint32_t index = 0; index < count; index++) {
        nipc_cgroups_lookup_item_view_t item;
        if (!succeeded(check, nipc_cgroups_lookup_resp_item(&reply, index, &item)) ||
            !same_cgroup(check, &item, paths[index]))
            return false;
    }
    return true;
}

static bool processes_are_found(struct check *check, const uint32_t *pids, uint32_t count)
{
    nipc_apps_lookup_resp_view_t reply;
    if (!connects(check, &check->client) ||
        !succeeded(check, nipc_client_call_apps_lookup(&check->client, pids, count, &reply)) ||
        !same(check, "the number of items", reply.item_count, count) ||
        !same(check, "the generation", reply.generation, check->options->generation))
        return false;
    for (uint32_t index = 0; index < count; index++) {
        nipc_apps_lookup_item_view_t item;
        if (!succeeded(check, nipc_apps_lookup_resp_item(&reply, index, &item)) ||
            !same_process(check, &item, pids[index]))
            return false;
    }
    return true;
}

/* A path of its own, or no pointer where there is no memory. */
static nipc_str_view_t path_of(uint32_t number)
{
    struct text path;
    data_path(number, &path);
    char *bytes = malloc(path.len);
    if (bytes != NULL)
        memcpy(bytes, path.bytes, path.len);
    return (nipc_str_view_t){bytes, path.len};
}

bool check_cgroups_lookup(struct check *check)
{
    const struct options *options = check->options;
    uint32_t first = (uint32_t)options->first, count = (uint32_t)options->count, made = 0;
    /* One more than needed, since nothing would be no memory. */
    nipc_str_view_t *paths = calloc((size_t)count + 1, sizeof *paths);
    bool ok = paths != NULL;
    for (; ok && made < count; made++) {
        paths[made] = path_of(data_number(first + made));
        ok = paths[made].ptr != NULL;
    }
    ok = ok ? cgroups_are_found(check, paths, count) : fail(check, "out of memory");
    while (made-- > 0)
        free((void *)(uintptr_t)paths[made].ptr);
    free(paths);
    return ok;
}

bool check_apps_lookup(struct check *check)
{
    const struct options *options = check->options;
    uint32_t first = (uint32_t)options->first, count = (uint32_t)options->count;
    uint32_t *pids = calloc((size_t)count + 1, sizeof *pids);
    if (pids == NULL)
        return fail(check, "out of memory");
    for (uint32_t at = 0; at < count; at++)
        pids[at] = data_number(first + at);
    bool ok = processes_are_found(check, pids, count);
    free(pids);
    return ok;
}
