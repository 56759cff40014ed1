/* Providers in this process, clients of them, and what both wait at. */
#ifndef NETIPC_PROVIDER_H
#define NETIPC_PROVIDER_H

#include <pthread.h>
#include <semaphore.h>

#include "data.h"
#include "test.h"

enum kind { SNAPSHOT, CGROUPS, APPS, INCREMENT, REVERSE, KINDS };

/* What a handler answers with; NULL is the usual one of data.h. */
struct handlers {
    nipc_cgroups_handler_fn snapshot;
    nipc_cgroups_lookup_handler_fn cgroups;
    nipc_apps_lookup_handler_fn apps;
    nipc_increment_handler_fn increment;
    nipc_string_reverse_handler_fn reverse;
    void *user;
    int workers;
};

/* A server in a thread of its own. */
struct provider {
    nipc_managed_server_t server;
    pthread_t thread;
};

nipc_server_config_t server_config(void);
/* PROFILES is what the client offers. */
nipc_client_config_t client_config(uint32_t profiles);

/* A name that no other test uses. Valid until the thread's next call. */
const char *new_service(void);

/* Initialises without running. HANDLERS may be NULL. */
nipc_error_t provider_init(struct provider *provider, const char *service, enum kind kind,
                           const struct handlers *handlers);
/* Runs a server in a thread; it was initialised. */
void provider_run(struct provider *provider);
/* Both. */
void provider_start(struct provider *provider, const char *service, enum kind kind,
                    const struct handlers *handlers);
/* Waits until run has returned. */
void provider_join(struct provider *provider);
/* Stops, joins, destroys. */
void provider_stop(struct provider *provider);

/* A client with a session. */
void connect_client(nipc_client_ctx_t *client, const char *service, uint32_t profiles);
/* Refreshes a client until it has a session, which a busy machine may take more than one handshake
   to make. */
void await_session(nipc_client_ctx_t *client);
/* That the public fields of a client with a session say so. */
void check_connected(nipc_client_ctx_t *client, uint32_t profiles);
/* That they say there is no session. */
void check_apart(const nipc_client_ctx_t *client, nipc_client_state_t state);

/* Runs TEST with a connected client for each transport, and for providers in C and in Rust. */
void with_each_peer(enum kind kind, void (*test)(nipc_client_ctx_t *client));
/* As test_main, next to the providers in C that this needs. */
int peers_main(int argc, char **argv, const struct test *tests, size_t count);

/* The profiles that clients offer, one for each transport. The highest is chosen. */
extern const uint32_t offers[3];
uint32_t chosen(uint32_t offered);

/* Where a handler waits until a test lets it go. */
struct gate {
    sem_t entered;
    sem_t released;
};

void gate_open(struct gate *gate);
void gate_close(struct gate *gate);
/* In the handler. */
void gate_pass(struct gate *gate);
/* In the test: waits until somebody is there. */
void gate_meet(struct gate *gate);
void gate_release(struct gate *gate);
/* A handler of numbers that waits at the gate that USER points to. */
bool wait_at_gate(void *user, uint64_t request, uint64_t *response);

#endif
