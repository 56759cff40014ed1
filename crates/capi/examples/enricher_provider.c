/* A provider of apps-lookup that joins processes, which it looks up itself, with their cgroups,
   which another provider names: enricher_provider RUN_DIR. Until its input ends. */
#include <netipc/netipc_any.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static nipc_enricher_t cgroups;
static nipc_managed_server_t server;
struct process { char comm[16], path[512]; uint32_t ppid; uint64_t starttime; };
static FILE *open_of(uint32_t pid, const char *file) {
    char name[64];
    snprintf(name, sizeof(name), "/proc/%u/%s", pid, file);
    return fopen(name, "r");
}
/* Reads what the kernel has of a process. */
static bool read_process(uint32_t pid, struct process *process) {
    char text[1024] = "", *comm, *end = NULL, *at;
    FILE *file = open_of(pid, "stat");
    memset(process, 0, sizeof(*process));
    if (file == NULL) return false;
    if (fgets(text, sizeof(text), file) != NULL) end = strrchr(text, ')');
    fclose(file);
    if (end == NULL || (comm = strchr(text, '(')) == NULL) return false;
    snprintf(process->comm, sizeof(process->comm), "%.*s", (int)(end - comm - 1), comm + 1);
    process->ppid = (uint32_t)strtoul(end + 4, &at, 10);
    for (int field = 5; field <= 22 && at != NULL; field++) /* field 22 is when it started */
        if (field == 22) process->starttime = strtoull(at, NULL, 10);
        else at = strchr(at + 1, ' ');
    if ((file = open_of(pid, "cgroup")) == NULL) return false;
    while (fgets(text, sizeof(text), file) != NULL) { /* the hierarchy where it lies deepest */
        text[strcspn(text, "\n")] = '\0';
        if ((at = strchr(text, ':')) != NULL && (at = strchr(at + 1, ':')) != NULL
            && strlen(at + 1) > strlen(process->path))
            snprintf(process->path, sizeof(process->path), "%.511s", at + 1);
    }
    fclose(file);
    return process->comm[0] != '\0' && process->path[0] != '\0';
}

/* Adds the item of a process, with what is known of its cgroup. Asks for that where nothing is. */
static void add(nipc_apps_lookup_builder_t *out, nipc_enricher_guard_t *guard, uint32_t pid) {
    struct process process;
    nipc_cgroups_lookup_item_view_t cgroup;
    nipc_lookup_label_view_t labels[64];
    if (!read_process(pid, &process)) {
        nipc_apps_lookup_builder_add(out, NIPC_PID_LOOKUP_UNKNOWN, 0, 0, pid, 0, NIPC_UID_UNSET,
                                     0, NULL, 0, NULL, 0, NULL, 0, NULL, 0);
        return;
    }
    uint32_t found = nipc_enricher_get_cgroup(&cgroups, guard, process.path,
                                              (uint32_t)strlen(process.path), &cgroup, NULL);
    bool known = found == NIPC_FOUND_ITEM;
    uint16_t count = 0, status = NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER;
    if (known) status = NIPC_APPS_CGROUP_KNOWN;
    else if (found == NIPC_FOUND_FOR_GOOD || found == NIPC_FOUND_OVERSIZED)
        status = NIPC_APPS_CGROUP_UNKNOWN_PERMANENT;
    while (known && count < 64 && count < cgroup.label_count
           && nipc_cgroups_lookup_item_label(&cgroup, count, &labels[count]) == NIPC_OK)
        count++;
    nipc_apps_lookup_builder_add(out, NIPC_PID_LOOKUP_KNOWN, status, cgroup.orchestrator, pid,
        process.ppid, NIPC_UID_UNSET, process.starttime, process.comm,
        (uint32_t)strlen(process.comm), process.path, (uint32_t)strlen(process.path),
        cgroup.name.ptr, cgroup.name.len, labels, count);
}

static bool answer(void *user, const nipc_apps_lookup_req_view_t *asked,
                   nipc_apps_lookup_builder_t *out) {
    nipc_enricher_guard_t guard;
    nipc_apps_lookup_req_item_t item;
    (void)user;
    if (!nipc_enricher_read_lock(&cgroups, &guard)) return false;
    for (uint32_t i = 0; nipc_apps_lookup_req_item(asked, i, &item) == NIPC_OK; i++)
        add(out, &guard, item.pid);
    nipc_enricher_read_unlock(&guard);
    return out->error == NIPC_OK;
}
static void *serve(void *why) { /* of a server that ends by itself, as without its socket */
    if (nipc_server_serve(&server) != NIPC_OK)
        nipc_server_last_error(&server, why, 512), fprintf(stderr, "%s\n", (char *)why), exit(1);
    return NULL;
}
static void *run(void *unused) { return nipc_enricher_run(&cgroups), unused; }

int main(int argc, char **argv) {
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    const nipc_apps_lookup_service_handler_t handler = {.handle = answer};
    pthread_t threads[2];
    static char why[512];
    nipc_enricher_init_cgroups(&cgroups, run_dir, "cgroups-lookup", NULL, NULL);
    if (nipc_server_init_apps_lookup(&server, run_dir, "apps-lookup", NULL, 8, &handler) != NIPC_OK
        || pthread_create(&threads[0], NULL, serve, why) != 0
        || pthread_create(&threads[1], NULL, run, NULL) != 0)
        return 1;
    for (puts("READY"), fflush(stdout); getchar() != EOF;) {}
    nipc_server_destroy(&server);
    nipc_enricher_close(&cgroups);
    return pthread_join(threads[0], NULL) + pthread_join(threads[1], NULL);
}
