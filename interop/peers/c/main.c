/* The C peer of the language matrix: serves what every peer serves, and checks what every peer
 * checks. The README of the matrix has its command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool set(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--run-dir") == 0) {
        options->run_dir = value;
        return true;
    }
    if (strcmp(name, "--service") == 0) {
        options->service = value;
        return true;
    }
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {
        {"--token", &options->token},
        {"--profile", &options->profile},
        {"--max-response", &options->max_response},
        {"--workers", &options->workers},
        {"--stuck-on", &options->stuck_on},
        {"--generation", &options->generation},
        {"--items", &options->items},
        {"--path-len", &options->path_len},
        {"--first", &options->first},
        {"--count", &options->count},
        {"--window", &options->window},
        {"--door", &options->door},
        {"--timeout", &options->timeout},
    };
    for (size_t at = 0; at < sizeof numbers / sizeof *numbers; at++)
        if (strcmp(name, numbers[at].name) == 0)
            return read_number(value, numbers[at].value);
    return false;
}

bool options_read(struct options *options, int count, char **arguments)
{
    *options = (struct options){
        .profile = NIPC_PROFILE_BASELINE,
        .workers = 8,
        .generation = 7,
        .count = 1,
        .window = 1,
        /* More than the usual 30 s, for emulated peers on a busy machine. */
        .timeout = 120000,
    };
    if (count < 1)
        return false;
    options->what = arguments[0];
    for (int at = 1; at < count; at += 2) {
        if (at + 1 == count || !set(options, arguments[at], arguments[at + 1])) {
            fprintf(stderr, "cannot use %s\n", arguments[at]);
            return false;
        }
    }
    return options->run_dir != NULL && options->service != NULL;
}

nipc_client_config_t options_client(const struct options *options)
{
    return (nipc_client_config_t){
        .supported_profiles = NIPC_PROFILE_BASELINE | (uint32_t)options->profile,
        .preferred_profiles = (uint32_t)options->profile,
        .max_response_payload_bytes = (uint32_t)options->max_response,
        .auth_token = options->token,
        .call_timeout_ms = (uint32_t)options->timeout,
    };
}

nipc_server_config_t options_server(const struct options *options)
{
    return (nipc_server_config_t){
        .supported_profiles = NIPC_PROFILE_BASELINE | (uint32_t)options->profile,
        .preferred_profiles = (uint32_t)options->profile,
        .max_response_payload_bytes = (uint32_t)options->max_response,
        .auth_token = options->token,
    };
}

int main(int count, char **arguments)
{
    struct options options;
    if (count > 1 && options_read(&options, count - 2, arguments + 2)) {
        if (strcmp(arguments[1], "serve") == 0)
            return serve(&options);
        if (strcmp(arguments[1], "check") == 0)
            return check(&options);
        if (strcmp(arguments[1], "ask") == 0)
            return ask(&options);
    }
    fputs("usage: PEER serve|check|ask WHAT --run-dir DIR --service NAME [--OPTION N]..\n", stderr);
    return EXIT_FAILURE;
}
