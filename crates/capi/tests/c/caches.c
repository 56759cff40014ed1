/* Caches: refreshed, read from many threads, and kept when something fails. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "provider.h"

static void open_cache(nipc_cgroups_cache_t *cache, const char *service, uint32_t profiles) {
    const nipc_client_config_t config = client_config(profiles);
    memset(cache, 0, sizeof(*cache));
    nipc_cgroups_cache_init(cache, test_dir(), service, &config);
    CHECK(!nipc_cgroups_cache_ready(cache));
}

static void check_item(const nipc_cgroups_cache_item_view_t *item, uint32_t index) {
    struct cgroup want;
    cgroup_of(index, &want);
    if (item == NULL) {
        test_fail(__FILE__, __LINE__, "there is no item %u", (unsigned)index);
        return;
    }
    CHECK_EQ(item->hash, want.item.hash);
    CHECK_EQ(item->options, want.item.options);
    CHECK_EQ(item->enabled, want.item.enabled);
    CHECK(strcmp(item->name, want.name) == 0);
    CHECK(strcmp(item->path, want.path) == 0);
}

static void check_owned(nipc_cgroups_cache_item_t *item, uint32_t index) {
    struct cgroup want;
    cgroup_of(index, &want);
    REQUIRE(item != NULL);
    CHECK_EQ(item->hash, want.item.hash);
    CHECK(strcmp(item->name, want.name) == 0);
    CHECK(strcmp(item->path, want.path) == 0);
    /* It is the caller's. */
    item->name[0] = 'x';
    nipc_cgroups_cache_item_free(item);
}

static void check_table(nipc_cgroups_cache_t *cache, uint32_t count) {
    nipc_cgroups_cache_read_guard_t guard;
    REQUIRE(nipc_cgroups_cache_read_lock(cache, &guard));
    CHECK_EQ(nipc_cgroups_cache_item_count(&guard), count);
    for (uint32_t i = 0; i < count; i += test_slow() ? 7 : 1) {
        struct cgroup want;
        cgroup_of(i, &want);
        check_item(nipc_cgroups_cache_get(&guard, want.item.hash, want.name), i);
        check_item(nipc_cgroups_cache_item_at(&guard, i), i);
        CHECK(nipc_cgroups_cache_get(&guard, want.item.hash + 1, want.name) == NULL);
    }
    CHECK(nipc_cgroups_cache_item_at(&guard, count) == NULL);
    CHECK(nipc_cgroups_cache_get(&guard, 1, "nobody") == NULL);
    CHECK(nipc_cgroups_cache_get(&guard, 1, NULL) == NULL);
    nipc_cgroups_cache_read_unlock(&guard);
    nipc_cgroups_cache_read_unlock(&guard);
}

/* Refreshes until it succeeds; gives how often it did not. A handshake takes at most two seconds,
   which can be too short under Valgrind on a busy machine. */
static uint32_t await_refresh(nipc_cgroups_cache_t *cache) {
    uint32_t failed = 0;
    while (failed < 30 && !nipc_cgroups_cache_refresh(cache)) {
        failed++;
    }
    CHECK(failed < 30);
    return failed;
}

static void filled_by(const char *service, uint32_t profiles) {
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status;
    nipc_transport_info_t info;
    struct cgroup want;
    cgroup_of(7, &want);
    open_cache(&cache, service, profiles);
    CHECK(nipc_cgroups_cache_lookup(&cache, want.item.hash, want.name) == NULL);
    const uint32_t failed = await_refresh(&cache);
    CHECK(nipc_cgroups_cache_ready(&cache));
    CHECK_EQ(cache.item_count, SNAPSHOT_ITEMS);
    check_table(&cache, SNAPSHOT_ITEMS);
    check_owned(nipc_cgroups_cache_lookup(&cache, want.item.hash, want.name), 7);
    CHECK(nipc_cgroups_cache_lookup(&cache, want.item.hash, "nobody") == NULL);
    CHECK(nipc_cgroups_cache_lookup(&cache, want.item.hash, NULL) == NULL);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK(status.populated);
    CHECK_EQ(status.item_count, SNAPSHOT_ITEMS);
    CHECK_EQ(status.systemd_enabled, 1);
    CHECK_EQ(status.generation, GENERATION);
    CHECK_EQ(status.refresh_success_count, 1);
    CHECK_EQ(status.refresh_failure_count, failed);
    CHECK_EQ(status.connection_state, NIPC_CLIENT_READY);
    CHECK(status.last_refresh_ts > 0);
    CHECK(status.bytes > (uint64_t)SNAPSHOT_ITEMS * SNAPSHOT_PATH);
    CHECK_EQ(status.duplicates, 0);
    CHECK(failed || nipc_cgroups_cache_last_error(&cache, NULL, 0) == 0);
    CHECK_OK(nipc_cgroups_cache_transport(&cache, &info));
    CHECK_EQ(info.profile, chosen(profiles));
    nipc_cgroups_cache_close(&cache);
    CHECK_EQ(cache.item_count, 0);
    CHECK(!nipc_cgroups_cache_ready(&cache));
    nipc_cgroups_cache_status(&cache, &status);
    CHECK(!status.populated);
    CHECK_EQ(status.refresh_success_count, 1);
    nipc_cgroups_cache_close(&cache);
}

static void filled(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        test_context("profiles %u", (unsigned)offers[i]);
        filled_by("rust-snapshot", offers[i]);
        filled_by("c-snapshot", offers[i]);
    }
}

static void start_snapshot(struct provider *provider, const char *service, uint32_t *count) {
    const struct handlers handlers = {.user = count, .workers = 8};
    provider_start(provider, service, SNAPSHOT, &handlers);
}

/* What is there stays when the provider is gone, and is replaced when it is back. */
static void kept_on_failure(void) {
    char service[32], text[300];
    uint32_t count = 20;
    struct provider provider;
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status;
    nipc_cgroups_cache_read_guard_t guard;
    snprintf(service, sizeof(service), "%s", new_service());
    open_cache(&cache, service, offers[1]);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    CHECK(!nipc_cgroups_cache_ready(&cache));
    CHECK(!nipc_cgroups_cache_read_lock(&cache, &guard));
    nipc_cgroups_cache_read_unlock(&guard);
    CHECK(nipc_cgroups_cache_last_error(&cache, text, sizeof(text)) > 0);
    CHECK(strstr(text, service) != NULL);
    start_snapshot(&provider, service, &count);
    const uint32_t failed = await_refresh(&cache);
    check_table(&cache, 20);
    provider_stop(&provider);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    CHECK(nipc_cgroups_cache_ready(&cache));
    CHECK_EQ(cache.item_count, 20);
    check_table(&cache, 20);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK_EQ(status.refresh_success_count, 1);
    CHECK_EQ(status.refresh_failure_count, 3 + failed);
    CHECK(status.connection_state != NIPC_CLIENT_READY);
    count = 30;
    start_snapshot(&provider, service, &count);
    (void)await_refresh(&cache);
    check_table(&cache, 30);
    /* A snapshot without items is one. */
    count = 0;
    CHECK(nipc_cgroups_cache_refresh(&cache));
    CHECK(nipc_cgroups_cache_ready(&cache));
    check_table(&cache, 0);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK(status.populated);
    CHECK_EQ(status.item_count, 0);
    nipc_cgroups_cache_close(&cache);
    provider_stop(&provider);
}

/* One bad item spoils a refresh, and the table before it stays. */
static void malformed(void) {
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status;
    nipc_cgroups_cache_read_guard_t guard;
    char text[300];
    open_cache(&cache, "rust-sloppy", offers[2]);
    const uint32_t failed = await_refresh(&cache);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    REQUIRE(nipc_cgroups_cache_read_lock(&cache, &guard));
    CHECK_EQ(nipc_cgroups_cache_item_count(&guard), 1);
    CHECK(strcmp(nipc_cgroups_cache_item_at(&guard, 0)->name, "cgroup-0") == 0);
    nipc_cgroups_cache_read_unlock(&guard);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK(status.populated);
    CHECK_EQ(status.refresh_success_count, 1);
    CHECK_EQ(status.refresh_failure_count, 1 + failed);
    CHECK(nipc_cgroups_cache_last_error(&cache, text, sizeof(text)) > 0);
    nipc_cgroups_cache_close(&cache);
}

/* The name and the path of a container as a node of Kubernetes has thousands of. */
static void container_of(uint32_t index, char name[32], char path[256]) {
    snprintf(name, 32, "container_%08x", (unsigned)index);
    snprintf(path, 256,
             "/kubepods.slice/kubepods-burstable.slice/"
             "kubepods-burstable-pod%08x_52a4_4c7e_9b3d_7f1e2a9c4d55.slice/"
             "cri-containerd-%064x.scope",
             (unsigned)(index / 4), (unsigned)index);
}

static bool answer_node(void *user, const nipc_cgroups_req_t *request,
                        nipc_cgroups_builder_t *builder) {
    const uint32_t count = *(const uint32_t *)user;
    char name[32], path[256];
    (void)request;
    for (uint32_t i = 0; i < count; i++) {
        container_of(i, name, path);
        if (nipc_cgroups_builder_add(builder, nipc_simple_hash(name), 0, 1, name,
                                     (uint32_t)strlen(name), path,
                                     (uint32_t)strlen(path)) != NIPC_OK) {
            return false;
        }
    }
    return true;
}

/* A cache and a server that nobody configured hold a large node: 16 MiB of answer. */
static void large_node(void) {
    uint32_t count = test_slow() ? 5000 : 57000;
    const struct handlers handlers = {.snapshot = answer_node, .user = &count, .workers = 1};
    char service[32], name[32], path[256];
    struct provider provider;
    nipc_cgroups_cache_t cache;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, SNAPSHOT, &handlers);
    open_cache(&cache, service, offers[0]);
    (void)await_refresh(&cache);
    CHECK_EQ(cache.item_count, count);
    container_of(count - 1, name, path);
    nipc_cgroups_cache_item_t *last =
        nipc_cgroups_cache_lookup(&cache, nipc_simple_hash(name), name);
    REQUIRE(last != NULL);
    CHECK(strcmp(last->path, path) == 0);
    nipc_cgroups_cache_item_free(last);
    nipc_cgroups_cache_close(&cache);
    provider_stop(&provider);
}

static void *unlock(void *guard) {
    nipc_cgroups_cache_read_unlock((nipc_cgroups_cache_read_guard_t *)guard);
    return NULL;
}

/* A guard is a table at one moment: refreshes and even the close leave it alone. */
static void guards_pin(void) {
    char service[32];
    uint32_t count = 3;
    struct provider provider;
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_read_guard_t old, other, young;
    pthread_t thread;
    snprintf(service, sizeof(service), "%s", new_service());
    start_snapshot(&provider, service, &count);
    open_cache(&cache, service, offers[0]);
    (void)await_refresh(&cache);
    REQUIRE(nipc_cgroups_cache_read_lock(&cache, &old));
    REQUIRE(nipc_cgroups_cache_read_lock(&cache, &other));
    const nipc_cgroups_cache_item_view_t *first = nipc_cgroups_cache_item_at(&old, 0);
    const nipc_cgroups_cache_item_view_t *last = nipc_cgroups_cache_item_at(&old, 2);
    count = 5;
    CHECK(nipc_cgroups_cache_refresh(&cache));
    REQUIRE(nipc_cgroups_cache_read_lock(&cache, &young));
    CHECK_EQ(nipc_cgroups_cache_item_count(&old), 3);
    CHECK_EQ(nipc_cgroups_cache_item_count(&young), 5);
    CHECK(nipc_cgroups_cache_item_at(&other, 0) == first);
    nipc_cgroups_cache_read_unlock(&other);
    check_item(first, 0);
    nipc_cgroups_cache_item_t *copy = nipc_cgroups_cache_item_dup(&old, last);
    CHECK(nipc_cgroups_cache_item_dup(&old, NULL) == NULL);
    nipc_cgroups_cache_close(&cache);
    check_item(first, 0);
    check_item(last, 2);
    check_item(nipc_cgroups_cache_item_at(&young, 4), 4);
    nipc_cgroups_cache_read_unlock(&old);
    /* Another thread may let go of it. */
    REQUIRE(pthread_create(&thread, NULL, unlock, &young) == 0);
    pthread_join(thread, NULL);
    check_owned(copy, 2);
    CHECK_EQ(nipc_cgroups_cache_item_count(&old), 0);
    CHECK(nipc_cgroups_cache_item_at(&old, 0) == NULL);
    nipc_cgroups_cache_item_free(NULL);
    provider_stop(&provider);
}

struct readers {
    nipc_cgroups_cache_t cache;
    atomic_bool over;
    atomic_uint rounds;
};

static void *read_on(void *shared) {
    struct readers *readers = (struct readers *)shared;
    struct cgroup want;
    cgroup_of(4, &want);
    while (!atomic_load(&readers->over)) {
        nipc_cgroups_cache_read_guard_t guard;
        nipc_cgroups_cache_status_t status;
        REQUIRE(nipc_cgroups_cache_read_lock(&readers->cache, &guard));
        uint32_t count = nipc_cgroups_cache_item_count(&guard);
        CHECK(count >= 5);
        check_item(nipc_cgroups_cache_get(&guard, want.item.hash, want.name), 4);
        check_item(nipc_cgroups_cache_item_at(&guard, count - 1), count - 1);
        nipc_cgroups_cache_status(&readers->cache, &status);
        CHECK(status.populated);
        nipc_cgroups_cache_read_unlock(&guard);
        check_owned(nipc_cgroups_cache_lookup(&readers->cache, want.item.hash, want.name), 4);
        atomic_fetch_add(&readers->rounds, 1);
    }
    return NULL;
}

static bool answer_growing(void *user, const nipc_cgroups_req_t *request,
                           nipc_cgroups_builder_t *builder) {
    uint32_t count = 5 + atomic_fetch_add((atomic_uint *)user, 1) % 40;
    return answer_snapshot(&count, request, builder);
}

static void read_while_refreshed(void) {
    atomic_uint asked = 0;
    const struct handlers handlers = {.snapshot = answer_growing, .user = &asked, .workers = 2};
    char service[32];
    struct provider provider;
    struct readers readers = {.over = false};
    pthread_t threads[4];
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, SNAPSHOT, &handlers);
    open_cache(&readers.cache, service, offers[2]);
    (void)await_refresh(&readers.cache);
    for (size_t i = 0; i < COUNT(threads); i++) {
        REQUIRE(pthread_create(&threads[i], NULL, read_on, &readers) == 0);
    }
    const unsigned most = test_slow() ? 20 : 100;
    for (unsigned i = 0; i < most || atomic_load(&readers.rounds) < most; i++) {
        CHECK(nipc_cgroups_cache_refresh(&readers.cache));
    }
    atomic_store(&readers.over, true);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    nipc_cgroups_cache_close(&readers.cache);
    provider_stop(&provider);
}

static bool snapshot_at_gate(void *user, const nipc_cgroups_req_t *request,
                             nipc_cgroups_builder_t *builder) {
    uint32_t count = 2;
    gate_pass((struct gate *)user);
    return answer_snapshot(&count, request, builder);
}

static bool answer_twice(void *user, const nipc_cgroups_req_t *request,
                         nipc_cgroups_builder_t *builder) {
    uint32_t count = 2;
    (void)user;
    return answer_snapshot(&count, request, builder) &&
           nipc_cgroups_builder_add(builder, nipc_simple_hash("cgroup-1"), 99, 99, "cgroup-1", 8,
                                    NULL, 0) == NIPC_OK;
}

/* The first of several is found, and all are there. */
static void duplicates(void) {
    const struct handlers handlers = {.snapshot = answer_twice, .workers = 2};
    char service[32];
    struct provider provider;
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status;
    nipc_cgroups_cache_read_guard_t guard;
    snprintf(service, sizeof(service), "%s", new_service());
    provider_start(&provider, service, SNAPSHOT, &handlers);
    open_cache(&cache, service, offers[0]);
    (void)await_refresh(&cache);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK_EQ(status.item_count, 3);
    CHECK_EQ(status.duplicates, 1);
    REQUIRE(nipc_cgroups_cache_read_lock(&cache, &guard));
    check_item(nipc_cgroups_cache_get(&guard, nipc_simple_hash("cgroup-1"), "cgroup-1"), 1);
    CHECK_EQ(nipc_cgroups_cache_item_at(&guard, 2)->options, 99);
    nipc_cgroups_cache_read_unlock(&guard);
    nipc_cgroups_cache_close(&cache);
    provider_stop(&provider);
}

static void *refresh_once(void *cache) {
    return nipc_cgroups_cache_refresh((nipc_cgroups_cache_t *)cache) ? cache : NULL;
}

/* A refresh ends when it is called off, or runs out of time. Reading waits for neither. */
static void interrupted(void) {
    struct gate gate;
    const struct handlers handlers = {.snapshot = snapshot_at_gate, .user = &gate, .workers = 4};
    char service[32];
    struct provider provider;
    nipc_cgroups_cache_t cache;
    nipc_cgroups_cache_status_t status;
    pthread_t thread;
    void *refreshed;
    snprintf(service, sizeof(service), "%s", new_service());
    gate_open(&gate);
    provider_start(&provider, service, SNAPSHOT, &handlers);
    open_cache(&cache, service, offers[1]);
    REQUIRE(pthread_create(&thread, NULL, refresh_once, &cache) == 0);
    gate_meet(&gate);
    nipc_cgroups_cache_status(&cache, &status);
    CHECK(!status.populated);
    nipc_cgroups_cache_abort(&cache);
    pthread_join(thread, &refreshed);
    CHECK(refreshed == NULL);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    nipc_cgroups_cache_clear_abort(&cache);
    nipc_cgroups_cache_set_call_timeout(&cache, 200);
    CHECK(!nipc_cgroups_cache_refresh(&cache));
    nipc_cgroups_cache_set_call_timeout(&cache, 0);
    /* For all who stand there, and who is about to come. */
    for (int i = 0; i < 3; i++) {
        gate_release(&gate);
    }
    CHECK(nipc_cgroups_cache_refresh(&cache));
    check_table(&cache, 2);
    nipc_cgroups_cache_close(&cache);
    provider_stop(&provider);
    gate_close(&gate);
}

static const struct test tests[] = {
    {"filled", filled},
    {"kept_on_failure", kept_on_failure},
    {"malformed", malformed},
    {"large_node", large_node},
    {"guards_pin", guards_pin},
    {"duplicates", duplicates},
    {"read_while_refreshed", read_while_refreshed},
    {"interrupted", interrupted},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
