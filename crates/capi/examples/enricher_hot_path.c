/* A consumer of a snapshot with a hot path: one thread refreshes, events look cgroups up without
   I/O: enricher_hot_path RUN_DIR. A million events for each line of input. */
#define _POSIX_C_SOURCE 200809L
#include <netipc/netipc_service.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define EVENTS 1000000
static nipc_cgroups_cache_t cache;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool stop;

/* Once a second, for ever: that is all there is of reconnecting. */
static void *refresh(void *unused) {
    struct timespec at;
    pthread_mutex_lock(&lock);
    while (!stop) {
        pthread_mutex_unlock(&lock);
        nipc_cgroups_cache_refresh(&cache);
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec += 1;
        pthread_mutex_lock(&lock);
        pthread_cond_broadcast(&changed);
        while (!stop && pthread_cond_timedwait(&changed, &lock, &at) == 0) {}
    }
    pthread_mutex_unlock(&lock);
    return unused;
}

static double nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Every event finds its cgroup in the answer of one moment. */
static void handle_events(void) {
    nipc_cgroups_cache_read_guard_t guard;
    uint32_t hits = 0;
    if (!nipc_cgroups_cache_read_lock(&cache, &guard)) {
        puts("0 cgroups: no answer yet"), fflush(stdout);
        return;
    }
    uint32_t count = nipc_cgroups_cache_item_count(&guard);
    double begun = nanoseconds();
    for (uint32_t i = 0; count > 0 && i < EVENTS; i++) {
        const nipc_cgroups_cache_item_view_t *event = nipc_cgroups_cache_item_at(&guard, i % count);
        hits += nipc_cgroups_cache_get(&guard, event->hash, event->name) != NULL;
    }
    double each = (nanoseconds() - begun) / EVENTS;
    nipc_cgroups_cache_read_unlock(&guard);
    printf("%u cgroups: %u found, %.0f ns each\n", count, hits, each), fflush(stdout);
}

int main(int argc, char **argv) {
    pthread_t thread;
    nipc_cgroups_cache_init(&cache, argc > 1 ? argv[1] : "/tmp/example", "cgroups-snapshot", NULL);
    if (pthread_create(&thread, NULL, refresh, NULL) != 0) return 1;
    for (int c; (c = getchar()) != EOF;)
        if (c == '\n') handle_events();
    pthread_mutex_lock(&lock);
    stop = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    nipc_cgroups_cache_close(&cache);
    return 0;
}
