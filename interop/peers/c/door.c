/* How clients come to their sessions: those that are turned down first. */
#include "check.h"

/* What --door asks for: nobody is turned down, somebody with another token is, or somebody while
 * another client has the only place. */
enum { DOOR_OPEN, DOOR_WRONG_TOKEN, DOOR_FULL };

bool is_refused(struct check *check, nipc_client_ctx_t *client, nipc_client_state_t state)
{
    char why[8];
    refresh(client);
    return same(check, "the state", client->state, state) &&
           same(check, "whether there is a reason", nipc_client_last_error(client, why, sizeof why) > 0, true);
}

static bool client_is_refused(struct check *check, const nipc_client_config_t *config, nipc_client_state_t state)
{
    nipc_client_ctx_t client = {0};
    nipc_client_init(&client, check->options->run_dir, check->options->service, config);
    bool ok = is_refused(check, &client, state);
    nipc_client_close(&client);
    return ok;
}

static bool cache_is_refused(struct check *check, const nipc_client_config_t *config, nipc_client_state_t state)
{
    nipc_cgroups_cache_t cache = {0};
    nipc_cgroups_cache_init(&cache, check->options->run_dir, check->options->service, config);
    nipc_cgroups_cache_status_t status;
    bool refreshed = nipc_cgroups_cache_refresh(&cache);
    nipc_cgroups_cache_status(&cache, &status);
    bool ok = same(check, "a refresh at the door", refreshed, false) &&
              same(check, "the state at the door", status.connection_state, state) &&
              same(check, "whether there is something to read", nipc_cgroups_cache_ready(&cache), false);
    nipc_cgroups_cache_close(&cache);
    return ok;
}

/* Expects whoever comes first to be turned down, a cache or a client; then the door is open. */
bool passes_door(struct check *check, bool cached)
{
    bool (*refused)(struct check *, const nipc_client_config_t *, nipc_client_state_t) =
        cached ? cache_is_refused : client_is_refused;
    nipc_client_config_t config = options_client(check->options);
    if (check->options->door == DOOR_WRONG_TOKEN) {
        config.auth_token++;
        return refused(check, &config, NIPC_CLIENT_AUTH_FAILED);
    }
    if (check->options->door == DOOR_FULL) {
        nipc_client_ctx_t first = {0};
        nipc_client_init(&first, check->options->run_dir, check->options->service, &config);
        bool ok = connects(check, &first) && refused(check, &config, NIPC_CLIENT_DISCONNECTED);
        nipc_client_close(&first);
        return ok;
    }
    return same(check, "the door", check->options->door, DOOR_OPEN);
}
