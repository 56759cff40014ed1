/* Calls that succeed, of every kind, over every transport, to providers in C and in Rust. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "provider.h"

#define MANY 1000

static void ask_snapshot(nipc_client_ctx_t *client) {
    nipc_cgroups_resp_view_t view;
    const uint32_t profiles = client->session.selected_profile | NIPC_PROFILE_BASELINE;
    CHECK_OK(nipc_client_call_cgroups_snapshot(client, &view));
    check_snapshot(&view, SNAPSHOT_ITEMS);
    check_connected(client, profiles);
    CHECK_OK(nipc_client_call_cgroups_snapshot_timeout(client, &view, 60000));
    check_snapshot(&view, SNAPSHOT_ITEMS);
    CHECK_OK(nipc_cgroups_resp_validate(&view));
}

static void snapshots(void) {
    with_each_peer(SNAPSHOT, ask_snapshot);
}

static void ask_increment(nipc_client_ctx_t *client) {
    static const uint64_t numbers[] = {0, 41, UINT64_MAX - 1, UINT64_MAX};
    nipc_client_status_t status;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uint64_t answer = 7;
        CHECK_OK(nipc_client_call_increment(client, numbers[i], &answer));
        CHECK_EQ(answer, numbers[i] + 1);
        CHECK_OK(nipc_client_call_increment_timeout(client, numbers[i], &answer, 60000));
        CHECK_EQ(answer, numbers[i] + 1);
    }
    nipc_client_status(client, &status);
    CHECK_EQ(status.connect_count, 1);
    CHECK_EQ(status.reconnect_count, 0);
    CHECK_EQ(status.call_count, 2 * COUNT(numbers));
    CHECK_EQ(status.error_count, 0);
    CHECK_EQ(status.retry_count + status.timeout_count + status.abort_count, 0);
    CHECK(status.bytes_sent >= 2 * COUNT(numbers) * (NIPC_HEADER_LEN + 8));
    CHECK(status.bytes_received >= 2 * COUNT(numbers) * (NIPC_HEADER_LEN + 8));
}

static void increments(void) {
    with_each_peer(INCREMENT, ask_increment);
}

static void ask_batch(nipc_client_ctx_t *client) {
    static const uint32_t counts[] = {1, 2, 100, MANY};
    uint64_t requests[MANY], responses[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        requests[i] = UINT64_MAX - i;
    }
    for (size_t c = 0; c < COUNT(counts); c++) {
        memset(responses, 0xee, sizeof(responses));
        CHECK_OK(nipc_client_call_increment_batch(client, requests, counts[c], responses));
        for (uint32_t i = 0; i < counts[c]; i++) {
            CHECK_EQ(responses[i], requests[i] + 1);
        }
    }
    CHECK_OK(nipc_client_call_increment_batch(client, NULL, 0, NULL));
    CHECK_OK(nipc_client_call_increment_batch(client, requests, 0, responses));
}

static void batches(void) {
    with_each_peer(INCREMENT, ask_batch);
}

static void ask_pipelined(nipc_client_ctx_t *client) {
    static const uint32_t windows[] = {1, 2, 16, MANY};
    uint64_t requests[MANY], responses[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        requests[i] = i;
    }
    for (size_t w = 0; w < COUNT(windows); w++) {
        const uint32_t count = w == 2 ? MANY : 33;
        memset(responses, 0xee, sizeof(responses));
        CHECK_OK(nipc_client_call_increment_pipelined(client, requests, count, windows[w],
                                                      responses));
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQ(responses[i], i + 1);
        }
    }
    CHECK_OK(nipc_client_call_increment_pipelined(client, NULL, 0, 4, NULL));
}

static void pipelines(void) {
    with_each_peer(INCREMENT, ask_pipelined);
}

static void ask_reverse(nipc_client_ctx_t *client) {
    static const uint32_t lens[] = {0, 1, 5, 1015, 1016, 70000};
    const uint32_t most = 70000;
    char *text = malloc(most), *expected = malloc(most);
    REQUIRE(text != NULL && expected != NULL);
    for (uint32_t i = 0; i < most; i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t l = 0; l < COUNT(lens); l++) {
        const uint32_t len = lens[l];
        nipc_string_reverse_view_t found;
        for (uint32_t i = 0; i < len; i++) {
            expected[i] = text[len - 1 - i];
        }
        CHECK_OK(nipc_client_call_string_reverse(client, text, len, &found));
        nipc_str_view_t view = {found.str, found.str_len}, want = {expected, len};
        CHECK_VIEW(view, want);
        CHECK_OK(nipc_client_call_string_reverse_timeout(client, text, len, &found, 60000));
        CHECK_EQ(found.str_len, len);
    }
    free(text);
    free(expected);
}

static void texts(void) {
    with_each_peer(REVERSE, ask_reverse);
}

static void ask_transport(nipc_client_ctx_t *client) {
    const bool socket = client->session.selected_profile == NIPC_PROFILE_BASELINE;
    nipc_transport_info_t info;
    CHECK_OK(nipc_client_transport(client, &info));
    CHECK_EQ(info.transport, socket ? NIPC_TRANSPORT_SOCKET : NIPC_TRANSPORT_SHM);
    CHECK_EQ(info.profile, client->session.selected_profile);
    CHECK(info.session_id != 0);
    CHECK(info.max_request_payload_bytes >= NIPC_MAX_PAYLOAD_DEFAULT);
    CHECK(info.max_request_batch_items >= 1);
    CHECK(info.max_response_payload_bytes >= NIPC_MAX_PAYLOAD_DEFAULT);
    CHECK(info.max_response_batch_items >= 1);
    CHECK(info.peer_pid != 0);
    CHECK_EQ(info.peer_uid, platform_user());
    /* A peer that lives and has nothing to say is nothing to wake up for. */
    CHECK(!platform_is_ready(nipc_client_wait_object(client), 0));
    CHECK(!nipc_client_refresh(client));
    nipc_client_close(client);
    check_apart(client, NIPC_CLIENT_DISCONNECTED);
    CHECK_CODE(nipc_client_transport(client, &info), NIPC_ERR_NOT_READY);
    CHECK_ZEROED(info);
}

static void transports(void) {
    for (int kind = 0; kind < KINDS; kind++) {
        with_each_peer((enum kind)kind, ask_transport);
    }
}

static void ask_without_error(nipc_client_ctx_t *client) {
    char text[8] = "before";
    uint64_t answer;
    CHECK_EQ(nipc_client_last_error(client, text, sizeof(text)), 0);
    CHECK_EQ(text[0], '\0');
    CHECK_OK(nipc_client_call_increment(client, 1, &answer));
    nipc_client_set_call_timeout(client, 15000);
    CHECK_OK(nipc_client_call_increment(client, 1, &answer));
    nipc_client_set_call_timeout(client, 0);
    CHECK_OK(nipc_client_call_increment(client, 1, &answer));
    CHECK_EQ(nipc_client_last_error(client, text, sizeof(text)), 0);
    CHECK_EQ(nipc_client_last_error(client, NULL, 0), 0);
}

static void no_error_is_an_empty_text(void) {
    with_each_peer(INCREMENT, ask_without_error);
}

static void closed_and_opened_again(void) {
    const nipc_client_config_t config = client_config(offers[1]);
    nipc_client_ctx_t client;
    memset(&client, 0, sizeof(client));
    for (int round = 0; round < 3; round++) {
        uint64_t answer = 0;
        nipc_client_init(&client, test_dir(), "c-increment", &config);
        await_session(&client);
        check_connected(&client, offers[1]);
        CHECK_OK(nipc_client_call_increment(&client, 1, &answer));
        CHECK_EQ(answer, 2);
        nipc_client_close(&client);
        check_apart(&client, NIPC_CLIENT_DISCONNECTED);
        nipc_client_close(&client);
        CHECK_CODE(nipc_client_call_increment(&client, 1, &answer), NIPC_ERR_NOT_READY);
    }
}

static const struct test tests[] = {
    {"snapshots", snapshots},
    {"increments", increments},
    {"batches", batches},
    {"pipelines", pipelines},
    {"texts", texts},
    {"transports", transports},
    {"no_error_is_an_empty_text", no_error_is_an_empty_text},
    {"closed_and_opened_again", closed_and_opened_again},
};

int main(int argc, char **argv) {
    return peers_main(argc, argv, tests, COUNT(tests));
}
