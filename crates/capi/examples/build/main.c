/* Asks a provider in the given directory for the number after 41. */
#include <stdio.h>

#include <netipc/netipc_service.h>

int main(int argc, char **argv)
{
    nipc_client_ctx_t client = {0};
    uint64_t answer = 0;

    nipc_client_init(&client, argc > 1 ? argv[1] : "/run/example", "increment", NULL);
    nipc_client_refresh(&client);
    nipc_error_t error = nipc_client_call_increment(&client, 41, &answer);
    if (error == NIPC_OK)
        printf("netipc %s: %llu\n", nipc_version(), (unsigned long long)answer);
    else
        printf("netipc %s: %s\n", nipc_version(), nipc_strerror(error));
    nipc_client_close(&client);
    return 0;
}
