/* Two sessions of this process, one with each other. */
#ifndef NETIPC_PAIR_H
#define NETIPC_PAIR_H

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <netipc/netipc_transport.h>

#include "platform.h"
#include "provider.h"

/* Milliseconds: more than anything takes, so that what hangs is a failure. */
#define PATIENCE 60000
/* A method of nobody's. */
#define METHOD 1000

struct pair {
    char service[32];
    nipc_listener_t listener;
    nipc_session_t client;
    nipc_session_t server;
};

/* What a client connects to, in a thread of its own. */
struct connecting {
    nipc_session_t *session;
    const char *service;
    nipc_client_config_t config;
    nipc_error_t error;
};

static inline void *connecting_run(void *argument) {
    struct connecting *connecting = argument;
    connecting->error = nipc_session_connect(connecting->session, test_dir(), connecting->service,
                                             &connecting->config, PATIENCE);
    return NULL;
}

/* PROFILES is what the client offers; LIMIT is of payload bytes, 0 as unconfigured; with one,
   batches may have 16 items. */
static inline void pair_open(struct pair *pair, uint32_t profiles, uint32_t limit) {
    nipc_server_config_t config = server_config();
    struct connecting client = {.session = &pair->client,
                                .service = pair->service,
                                .config = client_config(profiles)};
    pthread_t thread;
    memset(pair, 0, sizeof(*pair));
    config.supported_profiles |= profiles;
    snprintf(pair->service, sizeof(pair->service), "%s", new_service());
    client.config.max_request_payload_bytes = limit;
    client.config.max_request_batch_items = limit > 0 ? 16 : 0;
    client.config.max_response_payload_bytes = limit;
    REQUIRE(nipc_listener_bind(&pair->listener, test_dir(), pair->service, &config) == NIPC_OK);
    REQUIRE(pthread_create(&thread, NULL, connecting_run, &client) == 0);
    CHECK_OK(nipc_listener_accept(&pair->listener, &pair->server, PATIENCE));
    REQUIRE(pthread_join(thread, NULL) == 0);
    REQUIRE(client.error == NIPC_OK);
}

static inline void pair_close(struct pair *pair) {
    nipc_session_close(&pair->client);
    nipc_session_close(&pair->server);
    nipc_listener_close(&pair->listener);
}

static inline nipc_header_t request_header(uint64_t id) {
    nipc_header_t header = {.kind = NIPC_KIND_REQUEST, .code = METHOD, .message_id = id};
    return header;
}

/* Answers the next request with its own payload. */
static inline nipc_error_t answer_with_same(nipc_session_t *session) {
    nipc_message_t message;
    nipc_header_t header;
    nipc_error_t error = nipc_session_receive(session, &message, PATIENCE);
    if (error != NIPC_OK) {
        return error;
    }
    CHECK_OK(nipc_header_answer(&message.header, NIPC_STATUS_OK, &header));
    return nipc_session_send(session, &header, message.payload, message.payload_len, PATIENCE);
}

static inline void answer_next(nipc_session_t *session) {
    CHECK_OK(answer_with_same(session));
}

/* For a thread: answers until the client is gone. */
static inline void *echo(void *session) {
    while (answer_with_same(session) == NIPC_OK) {
    }
    return NULL;
}

#endif
