/* A table on demand: 5,000 sockets with the names and labels of their processes' containers, and a
   second of patience for what is missing: enricher_viewer RUN_DIR. A table for each input line. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <netipc/netipc_any.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROWS 5000
static nipc_enricher_t enricher;
static uint32_t pids[ROWS];
static uint64_t memory[ROWS];
static nipc_bytes_view_t keys[ROWS];

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The processes of the sockets: as many as there are, again and again. */
static void find_sockets(void) {
    size_t count = 0;
    const struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc != NULL && count < ROWS && (entry = readdir(proc)) != NULL)
        if (strtoul(entry->d_name, NULL, 10) > 0)
            pids[count++] = (uint32_t)strtoul(entry->d_name, NULL, 10);
    if (proc != NULL) closedir(proc);
    if (count == 0) pids[count++] = 1;
    for (size_t i = 0; i < ROWS; i++) {
        pids[i] = pids[i % count];
        keys[i] = nipc_enricher_process_key(pids[i], &memory[i]);
    }
}

static void render(void) {
    nipc_enricher_guard_t guard;
    nipc_enricher_found_t found;
    nipc_apps_lookup_item_view_t item;
    nipc_lookup_label_view_t label;
    if (!nipc_enricher_read_lock(&enricher, &guard)) return;
    for (int i = 0; i < ROWS; i++) {
        nipc_enricher_get_process(&enricher, &guard, pids[i], 0, &item, &found);
        if (found.found != NIPC_FOUND_ITEM) {
            printf("socket %d: process %u is not known (%u)\n", i, pids[i], found.found);
            continue;
        }
        printf("socket %d: %s in %s", i, item.comm.ptr, item.cgroup_name.ptr);
        for (uint32_t n = 0; nipc_apps_lookup_item_label(&item, n, &label) == NIPC_OK; n++)
            printf(" %s=%s", label.key.ptr, label.value.ptr);
        puts(found.stale ? " (provider absent)" : "");
    }
    nipc_enricher_read_unlock(&guard);
}

int main(int argc, char **argv) {
    const char *run_dir = argc > 1 ? argv[1] : "/tmp/example";
    nipc_enricher_init_processes(&enricher, run_dir, "apps-lookup", NULL, NULL);
    for (int c; (c = getchar()) != EOF;) {
        if (c != '\n') continue;
        find_sockets();
        double begun = seconds();
        /* No thread of its own: the function that renders is the one that asks. */
        uint32_t known = nipc_enricher_refresh_now(&enricher, keys, ROWS, 1000);
        double asked = seconds();
        render();
        printf("%u of %d known, asked %.6f s, rendered %.6f s\n", known, ROWS, asked - begun,
               seconds() - asked);
        fflush(stdout);
    }
    nipc_enricher_close(&enricher);
    return 0;
}
