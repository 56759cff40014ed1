#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fail(struct check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->detail, sizeof check->detail, format, arguments);
    va_end(arguments);
    return false;
}

bool same(struct check *check, const char *what, uint64_t found, uint64_t expected)
{
    if (found == expected)
        return true;
    return fail(check, "%s is %" PRIu64 " instead of %" PRIu64, what, found, expected);
}

bool same_text(struct check *check, const char *what, nipc_str_view_t found, nipc_str_view_t expected)
{
    if (found.len == expected.len && (found.len == 0 || memcmp(found.ptr, expected.ptr, found.len) == 0))
        return true;
    return fail(check, "%s is %.*s instead of %.*s", what, found.len < 200 ? (int)found.len : 200, found.ptr,
                expected.len < 200 ? (int)expected.len : 200, expected.ptr);
}

bool succeeded(struct check *check, nipc_error_t error)
{
    if (error == NIPC_OK)
        return true;
    char why[DETAIL_MAX / 2];
    nipc_client_last_error(&check->client, why, sizeof why);
    return fail(check, "%s: %s", nipc_strerror(error), why);
}

bool failed_with(struct check *check, nipc_error_t error, nipc_error_t expected)
{
    if (error == expected)
        return true;
    return fail(check, "%s instead of %s", nipc_strerror(error), nipc_strerror(expected));
}

bool increments(struct check *check, nipc_client_ctx_t *client, uint64_t value)
{
    uint64_t answer = 0;
    return succeeded(check, nipc_client_call_increment(client, value, &answer)) &&
           same(check, "an answer", answer, value + 1);
}

static bool took_too_long(nipc_client_ctx_t *client)
{
    char why[DETAIL_MAX / 2];
    nipc_client_last_error(client, why, sizeof why);
    return client->state == NIPC_CLIENT_DISCONNECTED && strstr(why, "deadline") != NULL;
}

void refresh(nipc_client_ctx_t *client)
{
    nipc_client_refresh(client);
    for (int tries = 1; took_too_long(client) && tries < PATIENCE / 2; tries++)
        nipc_client_refresh(client);
}

bool connects(struct check *check, nipc_client_ctx_t *client)
{
    if (check->impatient)
        nipc_client_refresh(client);
    else
        refresh(client);
    if (nipc_client_ready(client))
        return true;
    char why[DETAIL_MAX / 2];
    nipc_client_last_error(client, why, sizeof why);
    return fail(check, "there is no session: state %d: %s", (int)client->state, why);
}

bool wish(struct check *check, const char *what)
{
    if (printf("DO %s\n", what) > 0 && fflush(stdout) == 0)
        return true;
    return fail(check, "nobody hears a wish");
}

bool fulfilled(struct check *check)
{
    char line[16];
    if (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "DONE\n") == 0)
        return true;
    return fail(check, "a wish was not fulfilled");
}

bool want(struct check *check, const char *what)
{
    return wish(check, what) && fulfilled(check);
}

/* Whether the last session went over what was asked for, by every account of it. */
static bool carried(struct check *check, nipc_transport_info_t *info)
{
    nipc_client_ctx_t *client = &check->client;
    if (!succeeded(check, nipc_client_transport(client, info)))
        return false;
    uint64_t profile = check->options->profile;
    bool shm = profile != NIPC_PROFILE_BASELINE;
    return same(check, "the data plane", info->transport, shm ? NIPC_TRANSPORT_SHM : NIPC_TRANSPORT_SOCKET) &&
           same(check, "the selected profile", info->profile, profile) &&
           same(check, "session_valid", client->session_valid, true) &&
           same(check, "session.selected_profile", client->session.selected_profile, profile) &&
           same(check, "session.session_id", client->session.session_id, info->session_id) &&
           same(check, "whether shm is set", client->shm != NULL, shm);
}

static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < ' ')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_verdict(struct check *check, bool ok, const nipc_transport_info_t *info)
{
    nipc_client_status_t status = {0};
    nipc_client_status(&check->client, &status);
    printf("{\"check\":\"%s\",\"ok\":%s,\"detail\":", check->options->what, ok ? "true" : "false");
    print_json_text(ok ? "" : check->detail);
    const char *transport = info->transport == NIPC_TRANSPORT_SHM ? "shm" : "socket";
    printf(",\"transport\":\"%s\",\"profile\":%" PRIu32 ",\"calls\":%" PRIu32 "}\n", ok ? transport : "none",
           info->profile, status.call_count);
    fflush(stdout);
}

static bool perform(struct check *check)
{
    static const struct {
        const char *name;
        bool (*perform)(struct check *check);
    } checks[] = {
        {"increment", check_increment},
        {"increment-batch", check_increment_batch},
        {"increment-pipelined", check_increment_pipelined},
        {"string-reverse", check_string_reverse},
        {"cgroups-snapshot", check_snapshot},
        {"cgroups-lookup", check_cgroups_lookup},
        {"apps-lookup", check_apps_lookup},
        {"ip-to-asn", check_ip_to_asn},
        {"pid-traffic", check_pid_traffic},
        {"cache", check_cache},
        {"enricher", check_enricher},
        {"wrong-token", check_wrong_token},
        {"capacity", check_capacity},
        {"restart", check_restart},
        {"killed", check_killed},
    };
    for (size_t at = 0; at < sizeof checks / sizeof *checks; at++)
        if (strcmp(check->options->what, checks[at].name) == 0)
            return passes_door(check, checks[at].perform == check_cache) && checks[at].perform(check);
    return fail(check, "there is no such check");
}

int check(const struct options *options)
{
    static struct check run;
    run.options = options;
    nipc_client_config_t config = options_client(options);
    nipc_client_init(&run.client, options->run_dir, options->service, &config);
    nipc_transport_info_t info = {0};
    bool ok = perform(&run) && carried(&run, &info);
    print_verdict(&run, ok, &info);
    nipc_client_close(&run.client);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
