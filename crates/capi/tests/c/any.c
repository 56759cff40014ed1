/* Clients and servers that know no service. */
#include <stdlib.h>
#include <string.h>

#include <netipc/netipc_any.h>

#include "provider.h"

#define ECHO 0x8123u

static nipc_bytes_view_t bytes_of(const void *ptr, size_t len) {
    nipc_bytes_view_t view = {ptr, len};
    return view;
}

/* Answers with the request, and where that is one byte, with the error of that number. */
static nipc_error_t echo(void *user, uint16_t method, nipc_bytes_view_t request,
                         nipc_any_response_t *response) {
    CHECK(user == NULL || *(uint16_t *)user == method);
    if (request.len == 1) {
        return (nipc_error_t)*(const unsigned char *)request.ptr;
    }
    if (request.len > response->size) {
        return NIPC_ERR_OVERFLOW;
    }
    if (request.len > 0) {
        memcpy(response->buf, request.ptr, request.len);
    }
    response->len = request.len;
    return NIPC_OK;
}

/* A handler that says it wrote more than there is room for. */
static nipc_error_t boast(void *user, uint16_t method, nipc_bytes_view_t request,
                          nipc_any_response_t *response) {
    (void)user, (void)method, (void)request;
    response->len = response->size + 1;
    return NIPC_OK;
}

static void serve(struct provider *provider, const char *name,
                  const nipc_any_service_handler_t *handler) {
    const nipc_server_config_t config = server_config();
    CHECK_OK(nipc_server_init_any(&provider->server, test_dir(), name, &config, 4, handler));
    provider_run(provider);
}

/* That a call gives the error, and no answer. */
static void check_refused(nipc_client_ctx_t *client, uint16_t method, const void *request,
                          size_t len, nipc_error_t error) {
    nipc_bytes_view_t reply = bytes_of("old", 3);
    nipc_client_refresh(client);
    CHECK_CODE(nipc_client_call_any(client, method, request, len, NULL, NULL, &reply, 0), error);
    CHECK(reply.ptr == NULL && reply.len == 0);
}

static nipc_error_t is_short(void *most, const void *ptr, size_t len) {
    CHECK(ptr != NULL);
    return len <= *(size_t *)most ? NIPC_OK : NIPC_ERR_OUT_OF_BOUNDS;
}

static void a_method_is_asked_and_answered(void) {
    uint16_t method = ECHO;
    const nipc_any_service_handler_t handler = {echo, ECHO, true, &method};
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        nipc_bytes_view_t reply;
        const char *name = new_service();
        test_context("profiles %u", (unsigned)offers[i]);
        serve(&provider, name, &handler);
        connect_client(&client, name, offers[i]);
        CHECK_OK(nipc_client_call_any(&client, ECHO, "hello", 5, NULL, NULL, &reply, 60000));
        CHECK_BYTES(reply.ptr, reply.len, "hello", 5);
        /* A request may lie in the last answer. */
        CHECK_OK(nipc_client_call_any(&client, ECHO, reply.ptr, 4, NULL, NULL, &reply, 0));
        CHECK_BYTES(reply.ptr, reply.len, "hell", 4);
        CHECK_OK(nipc_client_call_any(&client, ECHO, NULL, 0, NULL, NULL, &reply, 0));
        CHECK_EQ(reply.len, 0);
        size_t most = 3;
        CHECK_OK(nipc_client_call_any(&client, ECHO, "abc", 3, is_short, &most, &reply, 0));
        CHECK_CODE(nipc_client_call_any(&client, ECHO, "abcd", 4, is_short, &most, &reply, 0),
                   NIPC_ERR_OUT_OF_BOUNDS);
        CHECK(reply.ptr == NULL);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static void handlers_say_why_not(void) {
    const nipc_any_service_handler_t handler = {echo, ECHO, false, NULL};
    struct provider provider;
    nipc_client_ctx_t client;
    const char *name = new_service();
    serve(&provider, name, &handler);
    connect_client(&client, name, offers[0]);
    check_refused(&client, ECHO + 1, "hello", 5, NIPC_ERR_UNSUPPORTED);
    static const nipc_error_t errors[] = {NIPC_ERR_UNSUPPORTED, NIPC_ERR_REJECTED,
                                          NIPC_ERR_BAD_LAYOUT};
    static const nipc_error_t told[] = {NIPC_ERR_UNSUPPORTED, NIPC_ERR_REJECTED,
                                        NIPC_ERR_HANDLER_FAILED};
    for (size_t i = 0; i < COUNT(errors); i++) {
        unsigned char request = (unsigned char)errors[i];
        test_context("error %d", (int)errors[i]);
        check_refused(&client, ECHO, &request, 1, told[i]);
    }
    nipc_bytes_view_t requests[2] = {bytes_of("one", 3), bytes_of("three", 5)}, replies[2];
    nipc_client_refresh(&client);
    CHECK_CODE(nipc_client_call_any_batch(&client, ECHO, requests, 2, replies, 0),
               NIPC_ERR_REJECTED);
    CHECK(replies[1].ptr == NULL && replies[1].len == 0);
    nipc_client_close(&client);
    provider_stop(&provider);
}

static void what_cannot_be_fails(void) {
    static const nipc_any_service_handler_t handlers[] = {{boast, 0, false, NULL},
                                                          {NULL, 0, false, NULL}};
    for (size_t i = 0; i <= COUNT(handlers); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        const char *name = new_service();
        test_context("handler %zu", i);
        serve(&provider, name, i < COUNT(handlers) ? &handlers[i] : NULL);
        connect_client(&client, name, offers[0]);
        check_refused(&client, 1, "hello", 5, NIPC_ERR_HANDLER_FAILED);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
    nipc_managed_server_t server;
    nipc_client_ctx_t client;
    nipc_bytes_view_t view = bytes_of(NULL, 5);
    CHECK_CODE(nipc_server_init_any(&server, NULL, "name", NULL, 1, &handlers[0]),
               NIPC_ERR_INVALID_ARGUMENT);
    nipc_client_init(&client, test_dir(), "nobody", NULL);
    CHECK_CODE(nipc_client_call_any(&client, 1, NULL, 5, NULL, NULL, &view, 0),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_client_call_any(&client, 1, NULL, 0, NULL, NULL, NULL, 0),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_client_call_any(&client, 1, NULL, 0, NULL, NULL, &view, 0),
               NIPC_ERR_NOT_READY);
    nipc_bytes_view_t wrong = bytes_of(NULL, 5);
    CHECK_CODE(nipc_client_call_any_batch(&client, 1, &wrong, 1, &view, 0),
               NIPC_ERR_INVALID_ARGUMENT);
    CHECK_CODE(nipc_client_call_any_lookup(&client, NULL, NULL, 0, &view, 0),
               NIPC_ERR_INVALID_ARGUMENT);
    const nipc_any_lookup_t nothing = {0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL};
    CHECK_CODE(nipc_client_call_any_lookup(&client, &nothing, NULL, 0, &view, 0),
               NIPC_ERR_INVALID_ARGUMENT);
    nipc_client_close(&client);
}

static void batches_come_in_order(void) {
    const nipc_any_service_handler_t handler = {echo, 0, true, NULL};
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        nipc_bytes_view_t views[3] = {bytes_of("one", 3), bytes_of(NULL, 0), bytes_of("three", 5)};
        nipc_bytes_view_t replies[3];
        const char *name = new_service();
        test_context("profiles %u", (unsigned)offers[i]);
        serve(&provider, name, &handler);
        connect_client(&client, name, offers[i]);
        CHECK_OK(nipc_client_call_any_batch(&client, 7, views, 3, replies, 0));
        CHECK_BYTES(replies[0].ptr, replies[0].len, "one", 3);
        CHECK_EQ(replies[1].len, 0);
        CHECK_BYTES(replies[2].ptr, replies[2].len, "three", 5);
        /* Requests may lie in the last answer. */
        CHECK_OK(nipc_client_call_any_batch(&client, 7, &replies[2], 1, views, 0));
        CHECK_BYTES(views[0].ptr, views[0].len, "three", 5);
        CHECK_OK(nipc_client_call_any_batch(&client, 7, NULL, 0, NULL, 0));
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

struct replies {
    unsigned count;
    /* Refuses the reply to this request, once. */
    unsigned refused;
    bool came[40];
};

static nipc_error_t take_reply(void *user, uint32_t index, nipc_bytes_view_t reply) {
    struct replies *replies = (struct replies *)user;
    if (index == replies->refused) {
        replies->refused = UINT32_MAX;
        return NIPC_ERR_BAD_LAYOUT;
    }
    CHECK(index < COUNT(replies->came) && !replies->came[index]);
    CHECK_EQ(reply.len, index % 7 == 1 ? 0 : 5 + index % 2);
    replies->came[index] = true;
    replies->count++;
    return NIPC_OK;
}

static void pipelines_bring_each_reply_once(void) {
    const nipc_any_service_handler_t handler = {echo, 0, false, NULL};
    nipc_bytes_view_t views[40];
    for (uint32_t i = 0; i < COUNT(views); i++) {
        views[i] = bytes_of("hello!", i % 7 == 1 ? 0 : 5 + i % 2);
    }
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct provider provider;
        nipc_client_ctx_t client;
        const char *name = new_service();
        serve(&provider, name, &handler);
        connect_client(&client, name, offers[i]);
        for (unsigned window = 0; window < 50; window += 7) {
            /* A broken reply has what has none asked once more. */
            struct replies replies = {0, window, {false}};
            test_context("profiles %u, window %u", (unsigned)offers[i], window);
            CHECK_OK(nipc_client_call_any_pipelined(&client, 7, views, COUNT(views), window,
                                                    take_reply, &replies, 0));
            CHECK_EQ(replies.count, COUNT(views));
        }
        CHECK_OK(nipc_client_call_any_pipelined(&client, 7, NULL, 0, 1, take_reply, NULL, 0));
        CHECK_CODE(nipc_client_call_any_pipelined(&client, 7, views, 1, 1, NULL, NULL, 0),
                   NIPC_ERR_INVALID_ARGUMENT);
        CHECK_CODE(nipc_client_call_any_pipelined(&client, 7, NULL, 1, 1, take_reply, NULL, 0),
                   NIPC_ERR_INVALID_ARGUMENT);
        nipc_client_close(&client);
        provider_stop(&provider);
    }
}

static void lookups_are_split_and_put_together(nipc_client_ctx_t *client) {
    enum { KEYS = 3000 };
    static unsigned char keys[KEYS][8];
    static nipc_bytes_view_t views[KEYS];
    nipc_any_lookup_t lookup = apps_as_bytes();
    nipc_bytes_view_t reply;
    nipc_apps_lookup_resp_view_t view;
    nipc_apps_lookup_item_view_t item;
    memset(keys, 0, sizeof(keys));
    for (size_t i = 0; i < KEYS; i++) {
        keys[i][0] = (unsigned char)i, keys[i][1] = (unsigned char)(i >> 8);
        views[i] = bytes_of(keys[i], 8);
    }
    for (unsigned round = 0; round < 2; round++) {
        CHECK_OK(nipc_client_call_any_lookup(client, &lookup, views, KEYS, &reply, 0));
        CHECK_OK(nipc_apps_lookup_resp_decode(reply.ptr, reply.len, &view));
        CHECK_EQ(view.item_count, KEYS);
        CHECK_EQ(view.generation, GENERATION);
        for (uint32_t i = 0; i < KEYS; i++) {
            CHECK_OK(nipc_apps_lookup_resp_item(&view, i, &item));
            check_process(&item, i);
        }
        lookup.typical_item_len = 200;
    }
    CHECK_OK(nipc_client_call_any_lookup(client, &lookup, NULL, 0, &reply, 0));
    CHECK_OK(nipc_apps_lookup_resp_decode(reply.ptr, reply.len, &view));
    CHECK_EQ(view.item_count, 0);
    /* A key of another length fits no item, so that no answer is one. */
    views[0].len = 4;
    nipc_client_refresh(client);
    CHECK(nipc_client_call_any_lookup(client, &lookup, views, 1, &reply, 0) != NIPC_OK);
    CHECK(reply.ptr == NULL);
}

static void lookups_of_each_peer(void) {
    with_each_peer(APPS, lookups_are_split_and_put_together);
}

static void addresses_have_texts(void) {
    static const char *const texts[] = {"192.0.2.7", "2001:db8::1", "::"};
    nipc_ip_t ip;
    char text[46];
    for (size_t i = 0; i < COUNT(texts); i++) {
        CHECK(nipc_ip_parse(texts[i], &ip));
        CHECK_EQ(ip.size, i == 0 ? 4 : 16);
        CHECK_EQ(nipc_ip_text(&ip, text, sizeof(text)), strlen(texts[i]));
        CHECK(strcmp(text, texts[i]) == 0);
    }
    CHECK(!nipc_ip_parse("192.0.2", &ip));
    CHECK_ZEROED(ip);
    CHECK(!nipc_ip_parse(NULL, &ip));
    CHECK_EQ(nipc_ip_text(&ip, text, sizeof(text)), 0);
    CHECK_EQ(text[0], '\0');
    CHECK_EQ(nipc_ip_text(NULL, text, sizeof(text)), 0);
}

static const struct test tests[] = {
    {"a_method_is_asked_and_answered", a_method_is_asked_and_answered},
    {"handlers_say_why_not", handlers_say_why_not},
    {"what_cannot_be_fails", what_cannot_be_fails},
    {"batches_come_in_order", batches_come_in_order},
    {"pipelines_bring_each_reply_once", pipelines_bring_each_reply_once},
    {"lookups_of_each_peer", lookups_of_each_peer},
    {"addresses_have_texts", addresses_have_texts},
};

int main(int argc, char **argv) {
    return test_end(peers_main(argc, argv, tests, COUNT(tests)));
}
