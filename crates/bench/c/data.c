/* Sessions, and what both sides know of the data of a benchmark. */

#include <stdio.h>
#include <string.h>

#include "driver.h"

uint32_t profile_wanted(void)
{
    if (option_is("transport", "shm"))
        return NIPC_PROFILE_SHM_HYBRID;
    if (option_is("transport", "futex"))
        return NIPC_PROFILE_SHM_FUTEX;
    if (option_is("transport", "ring"))
        return NIPC_PROFILE_SHM_RING;
    if (!option_is("transport", "socket"))
        fail("unsupported");
    return NIPC_PROFILE_BASELINE;
}

nipc_client_config_t client_config(void)
{
    const uint32_t profiles = NIPC_PROFILE_BASELINE | profile_wanted();
    return (nipc_client_config_t){
        .supported_profiles = profiles,
        .preferred_profiles = profiles,
        .max_request_payload_bytes = number("request-bytes"),
        .max_request_batch_items = number("batch-items"),
        .max_response_payload_bytes = number("response-bytes"),
    };
}

void client_open(nipc_client_ctx_t *client)
{
    const nipc_client_config_t config = client_config();
    nipc_client_init(client, option("run-dir"), option("service"), &config);
    nipc_client_refresh(client);
    nipc_transport_info_t info;
    client_check(client, nipc_client_transport(client, &info));
    const bool wants_shm = profile_wanted() != NIPC_PROFILE_BASELINE;
    if (info.transport != (wants_shm ? NIPC_TRANSPORT_SHM : NIPC_TRANSPORT_SOCKET))
        fail("the session is not over %s", option("transport"));
}

void client_check(nipc_client_ctx_t *client, nipc_error_t error)
{
    if (error == NIPC_OK)
        return;
    char why[512];
    nipc_client_last_error(client, why, sizeof why);
    fail("%s: %s", nipc_strerror(error), why);
}

struct cgroup *cgroups_make(uint32_t count)
{
    struct cgroup *cgroups = room_for(count, sizeof *cgroups);
    for (uint32_t i = 0; i < count; i++) {
        struct cgroup *cgroup = &cgroups[i];
        snprintf(cgroup->name, sizeof cgroup->name, "cgroup-%u", (unsigned)i);
        snprintf(cgroup->path, sizeof cgroup->path, CGROUPS_DIR "cg-%u", (unsigned)i);
        cgroup->hash = nipc_simple_hash(cgroup->name);
        cgroup->name_len = (uint32_t)strlen(cgroup->name);
        cgroup->path_len = (uint32_t)strlen(cgroup->path);
    }
    return cgroups;
}

struct keys keys_make(uint32_t count, const char *mix)
{
    struct keys keys = {
        .count = count,
        .are_apps = option_is("service", "apps-lookup"),
        .paths = room_for(count, sizeof *keys.paths),
        .pids = room_for(count, sizeof *keys.pids),
        .known = room_for(count, sizeof *keys.known),
        .texts = room_for(count, sizeof *keys.texts),
    };
    for (uint32_t i = 0; i < count; i++)
        keys.known[i] = strcmp(mix, "known") == 0 || (strcmp(mix, "mixed") == 0 && i % 2 == 0);
    keys_number(&keys, 0);
    return keys;
}

/* The server tells known keys from others by the keys alone. */
void keys_number(struct keys *keys, uint32_t first)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        char *text = keys->texts[i];
        const char *kind = keys->known[i] ? "cg" : "no";
        snprintf(text, sizeof keys->texts[i], CGROUPS_DIR "%s-%u", kind, (unsigned)(first + i));
        keys->paths[i] = (nipc_str_view_t){.ptr = text, .len = (uint32_t)strlen(text)};
        keys->pids[i] = (first + i) * 2 + keys->known[i];
    }
}
