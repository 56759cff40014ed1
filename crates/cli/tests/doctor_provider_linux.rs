//! `doctor` finds what is wrong with a provider that listens, each by its true cause.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod support;

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::transport::link::{BindOptions, Transport};
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::untyped::{Answered, AnyServer};
use netipc::wire::Status;
use netipc::{ClientConfig, ServerConfig};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with,
};
use rustix::process::{Pid, Signal, kill_process};
use support::TestDir;
use support::doctor_linux::doctor;

const INCREMENT: &str = "--service=increment";
const BOUND: Duration = Duration::from_secs(60);

fn private() -> TestDir {
    let place = TestDir::new();
    std::fs::set_permissions(
        place.run_dir(),
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .unwrap();
    place
}

#[test]
fn a_stopped_provider() {
    let place = private();
    let provider = place.serve(&[INCREMENT]);
    let pid = Pid::from_raw(i32::try_from(provider.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let until = Instant::now() + BOUND;
    let mut found = doctor(&place, &[]);
    // Until the kernel has stopped every thread, it looks as one that hangs.
    while !found.text.contains("provider_stopped") && Instant::now() < until {
        found = doctor(&place, &[]);
    }
    kill_process(pid, Signal::CONT).unwrap();
    let cont = format!("kill -CONT {}", provider.pid());
    found.is(
        "provider_stopped",
        6,
        &["stopped by a signal", "netipc serve", &cont],
    );
}

#[test]
fn a_wrong_token() {
    let place = private();
    let provider = place.serve(&[INCREMENT, "--auth-token=7"]);
    let refused_by = format!("refused by process {}", provider.pid());
    let found = doctor(&place, &["--auth-token=8"]);
    let parts = [
        "refused the token",
        "refused was process",
        "from --auth-token",
        &refused_by,
    ];
    found.is("token_refused", 4, &parts);
    doctor(&place, &[]).is("token_refused", 4, &["without one it is 0"]);
    doctor(&place, &["--auth-token=7"]).is_healthy();
}

#[test]
fn a_provider_without_a_profile_for_us() {
    let place = private();
    let _provider = place.serve(&[INCREMENT, "--profiles=shm-futex"]);
    let found = doctor(&place, &["--profiles=baseline"]);
    let parts = [
        "no transport profile in common",
        "offered was baseline",
        "the server takes shm-futex",
    ];
    found.is("no_common_profile", 5, &parts);
    doctor(&place, &["--profiles=shm-futex"]).is_healthy();
}

#[test]
fn a_provider_whose_sessions_are_taken() {
    let place = private();
    let _provider = place.serve(&[INCREMENT, "--workers=1"]);
    let mut client = place.increment_client(ClientConfig::default());
    let held = format!("1 held by process {}", std::process::id());
    let found = doctor(&place, &[]);
    found.is("sessions_taken", 8, &[&held, "raise its workers"]);
    assert_eq!(client.call(&1).unwrap(), 2, "its session was not touched");
}

/// A server in this process, which answers as `handler` does.
fn server(
    place: &TestDir,
    handler: fn(&mut [u8]) -> Answered,
) -> (Arc<AnyServer>, thread::JoinHandle<()>) {
    let config = ServerConfig::default();
    let handler = Box::new(move |_: netipc::connection::Message<'_>, buf: &mut [u8]| handler(buf));
    let server = AnyServer::new(place.run_dir(), "increment", &config, 2, handler);
    server.bind().unwrap();
    let server = Arc::new(server);
    let running = Arc::clone(&server);
    let thread = thread::spawn(move || running.run().unwrap());
    (server, thread)
}

#[test]
fn handlers_that_answer_badly_late_or_not() {
    for (handler, cause, code, part) in [
        (
            (|_: &mut [u8]| Answered::ok(3)) as fn(&mut [u8]) -> Answered,
            "malformed_answer",
            7,
            "3",
        ),
        (
            |_| Answered::failed(Status::INTERNAL_ERROR),
            "handler_failed",
            1,
            "the server's handler failed",
        ),
        (
            |_| Answered::failed(Status::UNSUPPORTED),
            "version_mismatch",
            5,
            "another kind of service under this name",
        ),
        (
            |_| {
                thread::sleep(Duration::from_secs(2));
                Answered::ok(0)
            },
            "no_answer",
            6,
            "the handshake was done",
        ),
    ] {
        let place = private();
        let (server, thread) = server(&place, handler);
        let found = doctor(&place, &["--timeout=500"]);
        server.stop();
        thread.join().unwrap();
        found.is(cause, code, &[part]);
    }
}

#[test]
fn a_slow_handler() {
    let place = private();
    let (server, thread) = server(&place, |buf| {
        thread::sleep(Duration::from_millis(300));
        buf[..8].copy_from_slice(&2_u64.to_le_bytes());
        Answered::ok(8)
    });
    let found = doctor(&place, &["--timeout=60000"]);
    server.stop();
    thread.join().unwrap();
    found.warns(
        "slow_handler",
        &["the answer took", "what its handler waits for"],
    );
}

/// Answers every HELLO with these bytes, `after` a while, until the doctor has ended.
fn answering(
    place: &TestDir,
    ack: &[u8],
    after: Duration,
    args: &[&str],
) -> support::doctor_linux::Found {
    let endpoint = Endpoint::new(place.run_dir(), "increment").unwrap();
    let mut listener = NativeTransport::default()
        .bind(&endpoint, &BindOptions::default())
        .unwrap();
    let abort = netipc::transport::Abort::new();
    thread::scope(|scope| {
        let serve = || {
            let wait = Wait::timeout(BOUND).or_abort(&abort);
            while let Ok(mut link) = listener.accept(&wait) {
                let mut hello = [0; 128];
                if link.receive(&mut hello, &wait).is_ok() {
                    thread::sleep(after);
                    // Whoever has given up does not take it.
                    let _ = link.send(ack, &[], &wait);
                    link.linger();
                }
            }
        };
        let server = scope.spawn(serve);
        let found = doctor(place, args);
        abort.raise();
        server.join().unwrap();
        found
    })
}

/// A HELLO_ACK with this status, else as it should be.
fn ack(status: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0x4e49_5043_u32.to_le_bytes());
    for half in [1_u16, 32, 3, 0, 2, status] {
        bytes.extend(half.to_le_bytes());
    }
    for word in [48_u32, 1, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend([0; 46]);
    bytes
}

#[test]
fn a_server_of_another_version_or_of_none() {
    const INCOMPATIBLE: u16 = 3;
    let none = Duration::ZERO;
    let found = answering(&private(), &ack(INCOMPATIBLE), none, &[]);
    found.is(
        "version_mismatch",
        5,
        &["another version of the protocol", "upgrade the older"],
    );
    const LIMIT_EXCEEDED: u16 = 5;
    let found = answering(&private(), &ack(LIMIT_EXCEEDED), none, &[]);
    found.is(
        "limit_exceeded",
        9,
        &[
            "asked for were requests of up to",
            "raise the request limits",
        ],
    );
    let found = answering(&private(), b"HTTP/1.1 400 Bad Request", none, &[]);
    found.is(
        "malformed_answer",
        7,
        &["not a HELLO_ACK", "what serves there"],
    );
}

#[test]
fn a_slow_handshake() {
    let mut good = ack(0);
    for (at, value) in [
        (4, 1_u32),
        (8, 1),
        (12, 1),
        (16, 1024),
        (20, 1),
        (24, 65536),
        (28, 1),
        (32, 4096),
    ] {
        good[32 + at..36 + at].copy_from_slice(&value.to_le_bytes());
    }
    let found = answering(
        &private(),
        &good,
        Duration::from_millis(300),
        &["--timeout=60000"],
    );
    found.has("slow_handshake", &["the handshake took"]);
}

/// A socket that listens at the endpoint and that children inherit.
fn listener(place: &TestDir) -> OwnedFd {
    let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let socket = socket_with(family, kind, SocketFlags::empty(), None).unwrap();
    let path = place.run_dir().join("increment.sock");
    bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    listen(&socket, 16).unwrap();
    socket
}

#[test]
fn a_provider_that_hangs_and_a_child_that_holds_its_listener() {
    let place = private();
    let socket = listener(&place);
    let found = doctor(&place, &["--timeout=300"]);
    let this = format!("process {}", std::process::id());
    found.is(
        "provider_hung",
        6,
        &["says nothing", &this, "waiting to be accepted: "],
    );
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    drop(socket);
    let found = doctor(&place, &["--timeout=300"]);
    drop(child.stdin.take());
    child.wait().unwrap();
    let (opened, held) = (
        format!("{this} listened there and does not hold the socket any more"),
        format!("held by process {}", child.id()),
    );
    found.is("listener_held_by_child", 6, &[&opened, &held, "(cat)"]);
}
