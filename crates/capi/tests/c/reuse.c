/* Memory that is used again: keys that lie in the last answer, answers that go where requests are.
   A handler that fails once makes the client ask twice, over a new session. */
#define _POSIX_C_SOURCE 200809L

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider.h"

#define PATHS 300
#define NUMBERS 500

struct scene {
    atomic_bool fails;
    struct provider provider;
    nipc_client_ctx_t client;
};

static bool fail_once(void *user) {
    return atomic_exchange(&((struct scene *)user)->fails, false);
}

static bool cgroups_at_second(void *user, const nipc_cgroups_lookup_req_view_t *request,
                              nipc_cgroups_lookup_builder_t *builder) {
    return !fail_once(user) && answer_cgroups(NULL, request, builder);
}

static bool reverse_at_second(void *user, const nipc_string_reverse_view_t *request,
                              nipc_string_reverse_builder_t *builder) {
    return !fail_once(user) && answer_reverse(NULL, request, builder);
}

static bool increment_at_second(void *user, uint64_t request, uint64_t *response) {
    /* In the middle of many. */
    return !(request % 100 == 50 && fail_once(user)) && answer_increment(NULL, request, response);
}

/* REQUEST_BYTES limits requests; 0 is as usual. */
static void begin(struct scene *scene, enum kind kind, uint32_t profiles, uint32_t request_bytes) {
    const struct handlers handlers = {.cgroups = cgroups_at_second,
                                      .increment = increment_at_second,
                                      .reverse = reverse_at_second,
                                      .user = scene,
                                      .workers = 4};
    nipc_client_config_t config = client_config(profiles);
    char service[32];
    config.max_request_payload_bytes = request_bytes;
    snprintf(service, sizeof(service), "%s", new_service());
    memset(scene, 0, sizeof(*scene));
    provider_start(&scene->provider, service, kind, &handlers);
    nipc_client_init(&scene->client, test_dir(), service, &config);
    await_session(&scene->client);
}

static void end(struct scene *scene) {
    nipc_client_close(&scene->client);
    provider_stop(&scene->provider);
}

static uint32_t retries(nipc_client_ctx_t *client) {
    nipc_client_status_t status;
    nipc_client_status(client, &status);
    return status.retry_count;
}

static void check_answer(const nipc_cgroups_lookup_resp_view_t *view,
                         const nipc_str_view_t *asked, uint32_t count) {
    CHECK_EQ(view->item_count, count);
    for (uint32_t i = 0; i < view->item_count; i++) {
        nipc_cgroups_lookup_item_view_t item;
        CHECK_OK(nipc_cgroups_lookup_resp_item(view, i, &item));
        check_path(&item, asked[i]);
    }
}

/* Asks again what should be asked again, last first, with the paths where the answer has them. */
static void ask_again(struct scene *scene, const nipc_str_view_t *paths) {
    nipc_str_view_t keys[PATHS], expected[PATHS];
    nipc_cgroups_lookup_resp_view_t view;
    uint32_t count = 0;
    CHECK_OK(nipc_client_call_cgroups_lookup(&scene->client, paths, PATHS, &view));
    check_answer(&view, paths, PATHS);
    for (uint32_t i = view.item_count; i-- > 0;) {
        nipc_cgroups_lookup_item_view_t item;
        CHECK_OK(nipc_cgroups_lookup_resp_item(&view, i, &item));
        if (item.status == NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER) {
            keys[count] = item.path;
            expected[count++] = paths[i];
        }
    }
    REQUIRE(count > 10);
    CHECK_OK(nipc_client_call_cgroups_lookup_timeout(&scene->client, keys, count, &view, 60000));
    check_answer(&view, expected, count);
}

static void keys_from_the_last_answer(void) {
    char texts[PATHS][24];
    nipc_str_view_t paths[PATHS];
    for (uint32_t i = 0; i < PATHS; i++) {
        snprintf(texts[i], sizeof(texts[i]), "/slice/%u", (unsigned)i);
        paths[i] = view_of(texts[i]);
    }
    for (size_t i = 0; i < 2 * COUNT(offers); i++) {
        struct scene scene;
        test_context("profiles %u, %s requests", (unsigned)offers[i / 2], i % 2 ? "small" : "any");
        begin(&scene, CGROUPS, offers[i / 2], i % 2 ? 1024 : 0);
        ask_again(&scene, paths);
        CHECK_EQ(retries(&scene.client), 0);
        end(&scene);
    }
}

/* The last answer is gone with its session before the keys in it are sent once more. */
static void keys_of_a_session_that_ends(void) {
    char texts[PATHS][24];
    nipc_str_view_t paths[PATHS], keys[PATHS];
    for (uint32_t i = 0; i < PATHS; i++) {
        snprintf(texts[i], sizeof(texts[i]), "/scope/%u", (unsigned)i);
        paths[i] = view_of(texts[i]);
    }
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct scene scene;
        nipc_cgroups_lookup_resp_view_t view;
        test_context("profiles %u", (unsigned)offers[i]);
        begin(&scene, CGROUPS, offers[i], 0);
        CHECK_OK(nipc_client_call_cgroups_lookup(&scene.client, paths, PATHS, &view));
        for (uint32_t k = 0; k < PATHS; k++) {
            nipc_cgroups_lookup_item_view_t item;
            CHECK_OK(nipc_cgroups_lookup_resp_item(&view, k, &item));
            keys[k] = item.path;
        }
        atomic_store(&scene.fails, true);
        CHECK_OK(nipc_client_call_cgroups_lookup(&scene.client, keys, PATHS, &view));
        check_answer(&view, paths, PATHS);
        CHECK_EQ(retries(&scene.client), 1);
        end(&scene);
    }
}

static void a_text_reversed_again(void) {
    for (size_t i = 0; i < 2 * COUNT(offers); i++) {
        struct scene scene;
        nipc_string_reverse_view_t text;
        test_context("profiles %u, failure %zu", (unsigned)offers[i / 2], i % 2);
        begin(&scene, REVERSE, offers[i / 2], 0);
        CHECK_OK(nipc_client_call_string_reverse(&scene.client, "stressed", 8, &text));
        atomic_store(&scene.fails, i % 2 == 1);
        CHECK_OK(nipc_client_call_string_reverse(&scene.client, text.str, text.str_len, &text));
        CHECK_BYTES(text.str, text.str_len, "stressed", 8);
        CHECK_EQ(retries(&scene.client), i % 2);
        end(&scene);
    }
}

static void check_numbers(const uint64_t *numbers, uint64_t more) {
    for (uint64_t i = 0; i < NUMBERS; i++) {
        CHECK_EQ(numbers[i], i + more);
    }
}

static void answers_in_place_of_requests(void) {
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct scene scene;
        uint64_t numbers[NUMBERS];
        for (uint64_t n = 0; n < NUMBERS; n++) {
            numbers[n] = n;
        }
        test_context("profiles %u", (unsigned)offers[i]);
        begin(&scene, INCREMENT, offers[i], 0);
        CHECK_OK(nipc_client_call_increment_batch(&scene.client, numbers, NUMBERS, numbers));
        check_numbers(numbers, 1);
        CHECK_OK(nipc_client_call_increment_pipelined(&scene.client, numbers, NUMBERS, 8, numbers));
        check_numbers(numbers, 2);
        atomic_store(&scene.fails, true);
        CHECK_OK(nipc_client_call_increment_batch(&scene.client, numbers, NUMBERS, numbers));
        check_numbers(numbers, 3);
        atomic_store(&scene.fails, true);
        CHECK_OK(nipc_client_call_increment_pipelined(&scene.client, numbers, NUMBERS, 8, numbers));
        check_numbers(numbers, 4);
        CHECK_EQ(retries(&scene.client), 2);
        end(&scene);
    }
}

static const struct test tests[] = {
    {"keys_from_the_last_answer", keys_from_the_last_answer},
    {"keys_of_a_session_that_ends", keys_of_a_session_that_ends},
    {"a_text_reversed_again", a_text_reversed_again},
    {"answers_in_place_of_requests", answers_in_place_of_requests},
};

int main(int argc, char **argv) {
    test_begin(argc, argv);
    return test_end(test_main(argc, argv, tests, COUNT(tests)));
}
