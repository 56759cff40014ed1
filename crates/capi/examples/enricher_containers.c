/* The container of every process, pinned while the process lives: enricher_containers RUN_DIR. One
   table for each line of input. Try it with "netipc serve --service cgroups-lookup". */
#include <dirent.h>
#include <netipc/netipc_any.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define MOST 32768
static struct process { uint32_t pid; bool seen; char path[512]; } processes[MOST];
static size_t count;
static nipc_enricher_t enricher;

static void *run(void *unused) { return nipc_enricher_run(&enricher), unused; }

/* The path of the cgroup that a process is in: of several hierarchies where it lies deepest. */
static bool cgroup_of(const char *pid, char *path, size_t size) {
    char name[64], line[600];
    const char *at;
    path[0] = '\0';
    snprintf(name, sizeof(name), "/proc/%.20s/cgroup", pid);
    FILE *file = fopen(name, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if ((at = strchr(line, ':')) != NULL && (at = strchr(at + 1, ':')) != NULL
            && strlen(at + 1) > strlen(path))
            snprintf(path, size, "%s", at + 1);
    }
    if (file != NULL) fclose(file);
    return path[0] != '\0';
}

/* Pins the cgroup of a process that is new, and of one that has moved the new one. */
static void keep(uint32_t pid, const char *path) {
    size_t at = 0;
    while (at < count && processes[at].pid != pid) at++;
    if (at == MOST) return;
    struct process *process = &processes[at];
    bool moved = at < count && strcmp(process->path, path) != 0;
    if (moved) nipc_enricher_unpin(&enricher, nipc_enricher_text_key(process->path));
    if (moved || at == count) {
        snprintf(process->path, sizeof(process->path), "%s", path);
        nipc_enricher_pin(&enricher, nipc_enricher_text_key(process->path));
        count += at == count;
    }
    process->pid = pid, process->seen = true;
}

/* Pins what is new, and lets go of what is gone. */
static void keep_up(void) {
    char path[512];
    const struct dirent *entry;
    DIR *proc = opendir("/proc");
    for (size_t i = 0; i < count; i++) processes[i].seen = false;
    while (proc != NULL && (entry = readdir(proc)) != NULL)
        if (strtoul(entry->d_name, NULL, 10) > 0 && cgroup_of(entry->d_name, path, sizeof(path)))
            keep((uint32_t)strtoul(entry->d_name, NULL, 10), path);
    if (proc != NULL) closedir(proc);
    for (size_t i = count; i-- > 0;)
        if (!processes[i].seen) {
            nipc_enricher_unpin(&enricher, nipc_enricher_text_key(processes[i].path));
            processes[i] = processes[--count];
        }
}

static void show(void) {
    nipc_enricher_guard_t guard;
    nipc_cgroups_lookup_item_view_t item;
    nipc_enricher_found_t found;
    if (!nipc_enricher_read_lock(&enricher, &guard)) return;
    for (size_t i = 0; i < count; i++) {
        const char *path = processes[i].path;
        uint32_t len = (uint32_t)strlen(path), pid = processes[i].pid;
        nipc_enricher_get_cgroup(&enricher, &guard, path, len, &item, &found);
        if (found.found == NIPC_FOUND_ITEM)
            printf("%u %s%s\n", pid, item.name.ptr, found.stale ? " (provider absent)" : "");
        else
            printf("%u %s (%u)\n", pid, path, found.found);
    }
    nipc_enricher_read_unlock(&guard);
    puts("END"), fflush(stdout);
}

int main(int argc, char **argv) {
    static nipc_bytes_view_t keys[MOST];
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    pthread_t thread;
    nipc_enricher_init_cgroups(&enricher, run_dir, "cgroups-lookup", NULL, NULL);
    if (pthread_create(&thread, NULL, run, NULL) != 0) return 1;
    for (int c; (c = getchar()) != EOF;) {
        if (c != '\n') continue;
        keep_up();
        for (size_t i = 0; i < count; i++) keys[i] = nipc_enricher_text_key(processes[i].path);
        nipc_enricher_refresh_now(&enricher, keys, (uint32_t)count, 1000); /* the first waits */
        show();
    }
    nipc_enricher_close(&enricher); /* ends the thread's run */
    return pthread_join(thread, NULL);
}
