//! What went wrong is told apart, by state, by code and in words: 27.

use netipc::protocol::PROFILE_SHM_HYBRID;
use netipc::service::increment::{Increment, IncrementClient};
use netipc::wire::{Header, Status};
use netipc::{Client, ClientConfig, ClientState, ErrorCode, ServerConfig};

use crate::stage::script::{Host, Line, with_len};
use crate::stage::{Stage, TOKEN, client, increment_server, server};

/// Why there is no session: the server there is, if any, the client, and what becomes of it.
struct NoSession {
    what: &'static str,
    server: Option<ServerConfig>,
    client: fn(&Stage) -> IncrementClient,
    state: ClientState,
    text: &'static str,
}

fn no_sessions() -> [NoSession; 6] {
    let ours = |stage: &Stage| stage.client(client(1));
    let small = ServerConfig {
        max_request_payload_bytes: 10,
        ..server(1)
    };
    let cause = |what, server, client, state, text| NoSession {
        what,
        server,
        client,
        state,
        text,
    };
    use ClientState::{AuthFailed, Disconnected, Incompatible, NotFound};
    [
        cause("nobody", None, ours, NotFound, "no server at"),
        cause(
            "another token",
            Some(server(1)),
            |stage| {
                stage.client(ClientConfig {
                    auth_token: TOKEN + 1,
                    ..client(1)
                })
            },
            AuthFailed,
            "refused the auth token",
        ),
        cause(
            "no common profile",
            Some(server(1)),
            |stage| stage.client(client(PROFILE_SHM_HYBRID)),
            Incompatible,
            "no transport profile in common with the server: offered was shm-hybrid",
        ),
        cause(
            "a limit",
            Some(small),
            ours,
            Disconnected,
            "request limits are above",
        ),
        cause(
            "a bad name",
            None,
            |stage| Client::new(stage.path(), "not/a name", client(1)),
            Disconnected,
            "not/a name",
        ),
        cause(
            "a long name",
            None,
            |stage| Client::new(stage.path(), &"x".repeat(300), client(1)),
            Disconnected,
            "xxx",
        ),
    ]
}

// Rules S2, S6.
#[test]
fn defect_27_each_cause_of_no_session_has_its_state_and_text() {
    for cause in no_sessions() {
        let (what, text) = (cause.what, cause.text);
        let stage = Stage::new();
        let _serving = cause
            .server
            .clone()
            .map(|server| increment_server(&stage, server, 1));
        let mut client = (cause.client)(&stage);
        client.refresh();
        let status = client.status();
        assert_eq!(status.state, cause.state, "{what}");
        let error = status.last_error.unwrap();
        assert!(error.contains(text), "{what}: {error}");
        let names_endpoint = error.contains(&stage.endpoint.to_string());
        assert!(names_endpoint || cause.server.is_none(), "{what}: {error}");

        let error = client.call(&1).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NOT_READY, "{what}");
        let state = cause.state.to_string();
        assert!(error.to_string().contains(&state), "{what}: {error}");
        let whole = netipc::chain(&error);
        assert!(whole.contains(text), "{what}: {whole}");
        assert!(error.open_error().is_some(), "{what}");
        let kept = client.status().last_error.unwrap();
        assert!(
            kept.contains(text),
            "{what}: a call forgets the cause: {kept}"
        );
        client.close();
        let error = client.call(&1).unwrap_err();
        assert!(
            error.open_error().is_none(),
            "{what}: of a client that was closed since"
        );
    }
}

/// Why a call fails: what the server does on each of so many sessions, and what comes of it.
type FailedCall = (fn(&mut Line), usize, ErrorCode, &'static str);

const FAILED_CALLS: [FailedCall; 9] = [
    (
        |line| refuse(line, Status::UNSUPPORTED),
        1,
        ErrorCode::UNSUPPORTED,
        "does not serve this method",
    ),
    (
        |line| refuse(line, Status::BAD_ENVELOPE),
        1,
        ErrorCode::REJECTED,
        "rejected the request",
    ),
    (
        |line| refuse(line, Status::INTERNAL_ERROR),
        2,
        ErrorCode::HANDLER_FAILED,
        "handler failed",
    ),
    (
        |line| refuse(line, Status::AUTH_FAILED),
        2,
        ErrorCode::REJECTED,
        "AUTH_FAILED",
    ),
    (
        |line| refuse(line, Status::LIMIT_EXCEEDED),
        1,
        ErrorCode::OVERFLOW,
        "agreed 65536 bytes",
    ),
    (
        |line| drop(line.hear()),
        2,
        ErrorCode::DISCONNECTED,
        "connection was lost",
    ),
    (
        |line| distort(line, |_, payload| payload.truncate(7)),
        2,
        ErrorCode::TRUNCATED,
        "broke the protocol",
    ),
    (
        |line| distort(line, |header, _| header.code = 5),
        2,
        ErrorCode::PROTOCOL,
        "broke the protocol",
    ),
    (
        |line| distort(line, |header, _| header.message_id = 999),
        2,
        ErrorCode::PROTOCOL,
        "broke the protocol",
    ),
];

fn refuse(line: &mut Line, status: Status) {
    let (request, _) = line.hear();
    line.answer(&request, status, &[]);
}

fn distort(line: &mut Line, spoil: fn(&mut Header, &mut Vec<u8>)) {
    let (request, mut payload) = line.hear();
    let mut answer = request.answer(Status::OK);
    spoil(&mut answer, &mut payload);
    line.say(&with_len(answer, &payload), &payload);
}

// Rule S11.
#[test]
fn defect_27_each_cause_of_a_failed_call_has_its_code_and_text() {
    for (turn, sessions, code, text) in FAILED_CALLS {
        let stage = Stage::new();
        let play = Host::new(&stage).play(move |host| {
            for _ in 0..sessions {
                let (mut line, _) = host.welcome();
                turn(&mut line);
                line.close();
            }
            // So often was it asked, and no more: what is permanent is not retried.
            let (mut line, _) = host.welcome();
            line.increment();
        });
        let mut client = stage.ready::<Increment>(client(1));
        let error = client.call(&1).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {error:?}");
        assert_eq!(error.endpoint(), stage.endpoint.to_string());
        let message = error.to_string();
        let names_endpoint = message.contains(error.endpoint());
        assert!(names_endpoint && message.contains(text), "{message}");
        assert_eq!(client.status().counters.errors, 1, "{text}");
        client.refresh();
        assert_eq!(client.call(&4).unwrap(), 5, "{text}");
        play.end();
    }
}
