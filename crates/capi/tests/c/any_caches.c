/* Caches of a service that the library does not know: numbers with a name each.
 *
 *   reply   4 bytes of anything, the number of items, the directory, the items
 *   item    4 bytes of number, and the name */
#include <stdatomic.h>
#include <string.h>

#include <netipc/netipc_any.h>

#include "provider.h"

enum { METHOD = 0x8124, HEADER = 8, BAD = 666 };

/* What the provider answers with. */
static struct reply {
    pthread_mutex_t lock;
    uint32_t count;
    uint32_t numbers[8];
    const char *names[8];
    bool fails;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void know(uint32_t count, const uint32_t *numbers, const char *const *names) {
    pthread_mutex_lock(&known.lock);
    known.count = count;
    known.fails = false;
    for (uint32_t i = 0; i < count; i++) {
        known.numbers[i] = numbers[i];
        known.names[i] = names[i];
    }
    pthread_mutex_unlock(&known.lock);
}

static nipc_error_t answer(void *user, uint16_t method, nipc_bytes_view_t request,
                           nipc_any_response_t *response) {
    unsigned char *out = (unsigned char *)response->buf;
    (void)user;
    CHECK_EQ(method, METHOD);
    CHECK_BYTES(request.ptr, request.len, "all", 3);
    CHECK(response->size > 500);
    pthread_mutex_lock(&known.lock);
    uint32_t end = 0;
    memcpy(out, "head", 4);
    memcpy(out + 4, &known.count, 4);
    for (uint32_t i = 0; i < known.count; i++) {
        unsigned char *entry = out + HEADER + 8 * i, *area = out + HEADER + 8 * known.count;
        const uint32_t len = 4 + (uint32_t)strlen(known.names[i]);
        memcpy(entry, &end, 4);
        memcpy(entry + 4, &len, 4);
        memcpy(area + end, &known.numbers[i], 4);
        memcpy(area + end + 4, known.names[i], len - 4);
        end += (len + 7) / 8 * 8;
    }
    response->len = HEADER + 8 * known.count + end;
    const bool fails = known.fails;
    pthread_mutex_unlock(&known.lock);
    return fails ? NIPC_ERR_HANDLER_FAILED : NIPC_OK;
}

static nipc_error_t check_reply(void *user, const void *ptr, size_t len) {
    CHECK(user == &known);
    return len >= HEADER && memcmp(ptr, "head", 4) == 0 ? NIPC_OK : NIPC_ERR_BAD_LAYOUT;
}

static nipc_error_t check_item(void *user, const void *ptr, size_t len) {
    uint32_t number;
    CHECK(user == &known);
    if (len < sizeof(number)) {
        return NIPC_ERR_TRUNCATED;
    }
    memcpy(&number, ptr, sizeof(number));
    return number == BAD ? NIPC_ERR_BAD_LAYOUT : NIPC_OK;
}

static void key_of(void *user, nipc_bytes_view_t item, nipc_bytes_view_t *parts) {
    CHECK(user == &known);
    parts[0].ptr = item.ptr, parts[0].len = 4;
    parts[1].ptr = (const char *)item.ptr + 4, parts[1].len = item.len - 4;
}

/* A key that is none of the item's bytes. */
static void key_elsewhere(void *user, nipc_bytes_view_t item, nipc_bytes_view_t *parts) {
    (void)user;
    parts[0].ptr = item.ptr, parts[0].len = 4;
    parts[1].ptr = item.ptr, parts[1].len = item.len + 1;
}

static nipc_any_cached_t described(void) {
    nipc_any_cached_t cached = {METHOD, 2, {"all", 3}, HEADER, check_reply, check_item, key_of, &known};
    return cached;
}

static bool find(const nipc_any_cache_guard_t *guard, uint32_t number, const char *name,
                 nipc_bytes_view_t *item) {
    const nipc_bytes_view_t parts[2] = {{&number, 4}, {name, strlen(name)}};
    return nipc_any_cache_find(guard, parts, 2, item);
}

static void check_found(const nipc_any_cache_guard_t *guard, uint32_t number, const char *name) {
    nipc_bytes_view_t item;
    CHECK(find(guard, number, name, &item));
    CHECK_EQ(item.len, 4 + strlen(name));
    CHECK(memcmp(item.ptr, &number, 4) == 0);
    CHECK(memcmp((const char *)item.ptr + 4, name, item.len - 4) == 0);
}

static void check_missing(const nipc_any_cache_guard_t *guard, uint32_t number, const char *name) {
    nipc_bytes_view_t item = {"old", 3};
    CHECK(!find(guard, number, name, &item));
    CHECK(item.ptr == NULL && item.len == 0);
}

static const uint32_t numbers[] = {1, 1, 2, 1};
static const char *const names[] = {"one", "uno", "", "one"};

static void serve(struct provider *provider, const char *name) {
    const nipc_any_service_handler_t handler = {answer, METHOD, false, NULL};
    const nipc_server_config_t config = server_config();
    CHECK_OK(nipc_server_init_any(&provider->server, test_dir(), name, &config, 4, &handler));
    provider_run(provider);
}

static void a_cache_keeps_the_last_good_answer(void) {
    const nipc_client_config_t config = client_config(offers[1]);
    const nipc_any_cached_t cached = described();
    struct provider provider;
    nipc_any_cache_t cache;
    nipc_any_cache_guard_t guard, other;
    nipc_any_cache_status_t status;
    nipc_bytes_view_t reply;
    char why[300];
    const char *name = new_service();
    CHECK_OK(nipc_any_cache_init(&cache, test_dir(), name, &config, &cached));
    CHECK(!nipc_any_cache_refresh(&cache) && !nipc_any_cache_ready(&cache));
    CHECK(nipc_any_cache_last_error(&cache, why, sizeof(why)) > 0 && strstr(why, name) != NULL);
    CHECK(!nipc_any_cache_read_lock(&cache, &guard));
    know(4, numbers, names);
    serve(&provider, name);
    CHECK(nipc_any_cache_refresh(&cache) && nipc_any_cache_ready(&cache));
    nipc_any_cache_status(&cache, &status);
    CHECK(status.populated && status.item_count == 4 && status.duplicates == 1);
    CHECK(status.refresh_success_count == 1 && status.refresh_failure_count == 1);
    CHECK(status.connection_state == NIPC_CLIENT_READY && status.last_refresh_ts > 0);
    CHECK(status.bytes > 0 && status.age_ms < 1000000);
    CHECK(nipc_any_cache_read_lock(&cache, &guard));
    CHECK_OK(nipc_any_cache_reply(&guard, &reply));
    CHECK(reply.len > HEADER && memcmp(reply.ptr, "head", 4) == 0);
    check_found(&guard, 1, "one");
    check_found(&guard, 1, "uno");
    check_found(&guard, 2, "");
    check_missing(&guard, 2, "one");
    check_missing(&guard, 1, "on");
    /* One bad item, or a handler that fails, leaves what is there. */
    static const uint32_t bad[] = {3, BAD};
    know(2, bad, names);
    CHECK(!nipc_any_cache_refresh(&cache));
    know(2, numbers, names);
    known.fails = true;
    CHECK(!nipc_any_cache_refresh(&cache));
    CHECK(nipc_any_cache_read_lock(&cache, &other));
    check_found(&other, 2, "");
    nipc_any_cache_read_unlock(&other);
    /* A new answer is there at once; what was pinned stays. */
    static const uint32_t new_numbers[] = {5};
    static const char *const new_names[] = {"five"};
    know(1, new_numbers, new_names);
    CHECK(nipc_any_cache_refresh(&cache));
    CHECK(nipc_any_cache_read_lock(&cache, &other));
    check_found(&other, 5, "five");
    check_missing(&other, 1, "one");
    check_found(&guard, 1, "one");
    know(0, NULL, NULL);
    CHECK(nipc_any_cache_refresh(&cache) && nipc_any_cache_ready(&cache));
    provider_stop(&provider);
    CHECK(!nipc_any_cache_refresh(&cache));
    nipc_any_cache_close(&cache);
    check_found(&guard, 1, "one");
    check_found(&other, 5, "five");
    nipc_any_cache_read_unlock(&guard);
    nipc_any_cache_read_unlock(&other);
    nipc_any_cache_read_unlock(&other);
    check_missing(&other, 5, "five");
    nipc_any_cache_close(&cache);
}

static void refreshes_can_be_aborted(void) {
    const nipc_client_config_t config = client_config(offers[0]);
    const nipc_any_cached_t cached = described();
    struct provider provider;
    nipc_any_cache_t cache;
    const char *name = new_service();
    know(4, numbers, names);
    serve(&provider, name);
    CHECK_OK(nipc_any_cache_init(&cache, test_dir(), name, &config, &cached));
    nipc_any_cache_set_call_timeout(&cache, 60000);
    nipc_any_cache_abort(&cache);
    CHECK(!nipc_any_cache_refresh(&cache));
    nipc_any_cache_clear_abort(&cache);
    CHECK(nipc_any_cache_refresh(&cache));
    nipc_any_cache_close(&cache);
    provider_stop(&provider);
}

/* A cache whose description is wrong in one way. */
static void check_refused(const nipc_any_cached_t *cached) {
    nipc_any_cache_t cache;
    CHECK_CODE(nipc_any_cache_init(&cache, test_dir(), "nobody", NULL, cached),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK(!nipc_any_cache_refresh(&cache));
    nipc_any_cache_close(&cache);
}

static void wrong_arguments_are_refused(void) {
    nipc_any_cached_t cached = described();
    nipc_any_cache_t cache;
    nipc_any_cache_guard_t guard;
    nipc_any_cache_status_t status;
    nipc_bytes_view_t view;
    struct provider provider;
    const char *name = new_service();
    const nipc_client_config_t config = client_config(offers[0]);
    check_refused(NULL);
    cached.check_item = NULL;
    check_refused(&cached);
    cached = described(), cached.key = NULL;
    check_refused(&cached);
    cached = described(), cached.key_parts = 0;
    check_refused(&cached);
    cached = described(), cached.key_parts = 17;
    check_refused(&cached);
    cached = described(), cached.request.ptr = NULL;
    check_refused(&cached);
    cached = described();
    CHECK_CODE(nipc_any_cache_init(NULL, test_dir(), "nobody", NULL, &cached),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_any_cache_init(&cache, NULL, "nobody", NULL, &cached),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK(!nipc_any_cache_refresh(NULL) && !nipc_any_cache_ready(NULL));
    CHECK(!nipc_any_cache_read_lock(NULL, &guard) && !nipc_any_cache_read_lock(&cache, NULL));
    nipc_any_cache_read_unlock(NULL);
    nipc_any_cache_close(NULL);
    nipc_any_cache_abort(NULL);
    nipc_any_cache_clear_abort(NULL);
    nipc_any_cache_set_call_timeout(NULL, 1);
    memset(&status, 1, sizeof(status));
    nipc_any_cache_status(NULL, &status);
    CHECK_ZEROED(status);
    CHECK(nipc_any_cache_last_error(NULL, NULL, 0) > 0);
    CHECK_CODE(nipc_any_cache_reply(NULL, &view), NIPC_ERR_INVALID_ARGUMENT);
    memset(&guard, 0, sizeof(guard));
    CHECK_CODE(nipc_any_cache_reply(&guard, &view), NIPC_ERR_NOT_READY);
    check_missing(&guard, 1, "one");
    /* Keys that lie outside of their items, and keys of too few parts. */
    know(4, numbers, names);
    serve(&provider, name);
    cached.key = key_elsewhere;
    CHECK_OK(nipc_any_cache_init(&cache, test_dir(), name, &config, &cached));
    CHECK(!nipc_any_cache_refresh(&cache));
    nipc_any_cache_close(&cache);
    cached = described();
    CHECK_OK(nipc_any_cache_init(&cache, test_dir(), name, &config, &cached));
    CHECK(nipc_any_cache_refresh(&cache));
    CHECK(nipc_any_cache_read_lock(&cache, &guard));
    view.ptr = "\1\0\0\0", view.len = 4;
    CHECK(!nipc_any_cache_find(&guard, &view, 1, &view));
    CHECK(!nipc_any_cache_find(&guard, NULL, 2, &view));
    CHECK(!nipc_any_cache_find(&guard, &view, 1, NULL));
    nipc_any_cache_read_unlock(&guard);
    nipc_any_cache_close(&cache);
    provider_stop(&provider);
}

static const struct test tests[] = {
    {"a_cache_keeps_the_last_good_answer", a_cache_keeps_the_last_good_answer},
    {"refreshes_can_be_aborted", refreshes_can_be_aborted},
    {"wrong_arguments_are_refused", wrong_arguments_are_refused},
};

int main(int argc, char **argv) {
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
