//! The rules of aborts and deadlines, in every phase of a call.

use std::thread;
use std::time::{Duration, Instant};

use netipc::connection::Connection;
use netipc::service::increment::Increment;
use netipc::service::string_reverse::{StringReverse, Text};
use netipc::{CallError, Client, ClientConfig, ClientState, ErrorCode, Handler};
use netipc_transport::Wait;

use super::script::request;
use super::{AT_ONCE, SHORT, Script, World, connected, turnstile, within};

const SHORT_MS: u32 = SHORT.subsec_millis();

// Rules S9, S12.
/// Who waits for a slow handler can be called off, and stays so until cleared.
pub fn an_abort_ends_a_waiting_call_and_sticks(world: &World) {
    let (turnstile, doorman) = turnstile();
    let handler = Handler::<Increment>::new(move |n, answer| {
        turnstile.pass();
        answer.put(&(n + 1))
    });
    let _server = world.serve(handler);
    let mut client = world.connected::<Increment>();
    let abort = client.abort_handle();
    let error = thread::scope(|scope| {
        let call = scope.spawn(|| client.call(&1).expect_err("aborted"));
        doorman.meet();
        abort.abort();
        within(AT_ONCE, "the abort", || call.join().expect("the call"))
    });
    doorman.release();
    doorman.release();
    assert_eq!(error.code(), ErrorCode::ABORTED, "{error}");
    assert_eq!(client.state(), ClientState::Broken);
    assert!(abort.is_aborted());
    client.refresh();
    assert!(!client.ready(), "an aborted client does not connect");
    abort.clear();
    assert!(client.refresh(), "{:?}", client.status());
    assert_eq!(client.call(&1).expect("cleared"), 2);
    assert_eq!(client.status().counters.aborts, 1);
    assert_eq!(client.status().counters.retries, 0);

    abort.abort();
    let error = client.call(&1).expect_err("sticky");
    assert_eq!(error.code(), ErrorCode::ABORTED, "{error}");
    client.close();
    assert!(!abort.is_aborted(), "closing clears");
}

// Rule S9.
/// A server that takes no more bytes cannot hold a caller.
pub fn an_abort_ends_a_call_to_a_silent_server(world: &World) {
    let mut script = world.script();
    let (mut client, _silent) = large_client(world, &mut script);
    let text = vec![b'x'; LARGE as usize - 100];
    let error = aborted(&mut client, |client| {
        client.call(&Text::new(&text)).map(drop)
    });
    assert_eq!(error.code(), ErrorCode::ABORTED, "{error}");
    assert_eq!(client.state(), ClientState::Broken);
    assert!(script.is_alone(), "it was sending, not connecting");
}

// Rule S9.
/// A call that makes a new session can be called off as well.
pub fn an_abort_ends_a_reconnect(world: &World) {
    let mut script = world.script();
    let (mut client, session) = client_of(world, &mut script);
    // The endpoint stays and nobody shakes hands any more.
    drop(session);
    let error = aborted(&mut client, |client| client.call(&1).map(drop));
    assert_eq!(error.code(), ErrorCode::ABORTED, "{error}");
    assert_eq!(client.state(), ClientState::Broken);
}

// Rule S9.
/// So can a refresh in its handshake.
pub fn an_abort_ends_a_refresh(world: &World) {
    let _script = world.script();
    let mut client = world.client::<Increment>();
    let abort = client.abort_handle();
    thread::scope(|scope| {
        let refresh = scope.spawn(|| client.refresh());
        abort.abort();
        refresh.join().expect("no panic")
    });
    assert_eq!(client.state(), ClientState::Disconnected);
    let why = client.status().last_error.expect("it did not connect");
    assert!(why.contains("abort"), "{why}");
}

// Rules S7, S11, S12.
/// A slow answer is no answer.
pub fn a_deadline_ends_a_waiting_call(world: &World) {
    let mut script = world.script();
    let (mut client, mut session) = client_of(world, &mut script);
    let error = timed_out(|| client.call_within(&1, SHORT).map(drop));
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error}");
    assert_eq!(client.state(), ClientState::Broken);
    let counters = client.status().counters;
    assert_eq!((counters.timeouts, counters.retries), (1, 0));
    request(&mut session);

    drop(session);
    let accepting = script.play(Script::accept);
    assert!(client.refresh());
    let _silent = accepting.join().expect("a client");
    client.set_call_timeout(SHORT_MS);
    let error = timed_out(|| client.call_batch(&[1]).map(drop));
    assert_eq!(
        error.code(),
        ErrorCode::TIMEOUT,
        "the client's own: {error}"
    );
}

// Rule S7.
/// Sending is part of the call.
pub fn a_deadline_ends_a_call_to_a_silent_server(world: &World) {
    let mut script = world.script();
    let (mut client, _silent) = large_client(world, &mut script);
    let text = vec![b'x'; LARGE as usize - 100];
    let error = timed_out(|| client.call_within(&Text::new(&text), SHORT).map(drop));
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error}");
    assert!(script.is_alone(), "it was sending, not connecting");
}

// Rule S7.
/// And so is a new session: it has what the attempt before has left.
pub fn a_deadline_covers_reconnects(world: &World) {
    // With a deadline for each attempt, it would take the sum. Other work may delay the end.
    let in_time = (0..10).any(|_| time_of_a_reconnect(world) < WHOLE + LATE);
    assert!(in_time, "ten times in a row, more than the deadline");
}

/// What a call may take that is hung up on late, and how late.
const WHOLE: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_millis(400);

fn time_of_a_reconnect(world: &World) -> Duration {
    let mut script = world.script();
    let (mut client, mut session) = client_of(world, &mut script);
    // Hangs up late; the endpoint stays, and nobody shakes hands any more.
    let leaving = thread::spawn(move || {
        request(&mut session);
        Wait::forever().sleep(LATE).expect("nobody calls it off");
    });
    client.set_call_timeout(WHOLE.subsec_millis());
    let start = Instant::now();
    let error = client.call(&1).expect_err("too slow");
    let taken = start.elapsed();
    leaving.join().expect("a request");
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error}");
    assert_eq!(client.state(), ClientState::Broken);
    assert_eq!(client.status().counters.timeouts, 1);
    taken
}

/// More than any queue holds.
const LARGE: u32 = 2 << 20;

fn client_of(world: &World, script: &mut Script) -> (Client<Increment>, Connection) {
    pair(world.client(), script)
}

fn large_client(world: &World, script: &mut Script) -> (Client<StringReverse>, Connection) {
    // For answers as large as the requests, so that the client is content with its session.
    let policy = script.policy_mut();
    (policy.request.payload_bytes, policy.max_response_bytes) = (LARGE, LARGE);
    let config = ClientConfig {
        max_request_payload_bytes: LARGE,
        max_response_payload_bytes: LARGE,
        ..world.client_config()
    };
    pair(world.client_with(config), script)
}

/// A connected client and the session that the script has with it.
fn pair<S: netipc::service::Service>(
    client: Client<S>,
    script: &mut Script,
) -> (Client<S>, Connection) {
    thread::scope(|scope| {
        let accepting = scope.spawn(|| script.accept());
        let client = connected(client);
        (client, accepting.join().expect("a client"))
    })
}

/// Runs `call` in a thread and aborts it, once while it is likely to wait.
fn aborted<S: netipc::service::Service>(
    client: &mut Client<S>,
    call: impl FnOnce(&mut Client<S>) -> Result<(), CallError> + Send,
) -> CallError {
    let abort = client.abort_handle();
    thread::scope(|scope| {
        let calling = scope.spawn(|| call(client));
        // Whenever it comes, the outcome is the same; waiting a little makes it likely to come in
        // the middle. Not parked: scopes that ended before may have left a token.
        let pause = Duration::from_millis(50);
        Wait::forever().sleep(pause).expect("nobody calls it off");
        abort.abort();
        within(AT_ONCE, "the abort", || calling.join().expect("no panic"))
    })
    .expect_err("aborted")
}

fn timed_out(call: impl FnOnce() -> Result<(), CallError>) -> CallError {
    within(SHORT + AT_ONCE, "the deadline", call).expect_err("too slow")
}
