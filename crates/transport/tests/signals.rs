//! Signals that interrupt system calls.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    unsafe_code,
    reason = "only libc installs handlers and aims signals at a thread"
)]

mod common;

use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use netipc_transport::link::{BindOptions, ConnectError, LinkError};
use netipc_transport::{Transport, UnixTransport, Wait};

use common::{Stage, hear, plan, timed};

/// Long enough for many signals.
const WHILE: Duration = Duration::from_millis(50);

static CAUGHT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::Relaxed);
}

/// Runs `step` in a thread that is interrupted all the time.
fn interrupted<T: Send + 'static>(step: impl FnOnce() -> T + Send + 'static) -> T {
    // SAFETY: all zero is a valid value: no flags, so system calls are not restarted; an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as *const () as usize;
    // SAFETY: `action` is complete, and its handler only touches an atomic.
    let installed =
        unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()) };
    assert_eq!(installed, 0);

    let before = CAUGHT.load(Ordering::Relaxed);
    let thread = thread::spawn(step);
    while !thread.is_finished() {
        // SAFETY: the id is valid until the thread is joined.
        let sent = unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) };
        assert!(sent == 0 || thread.is_finished());
        thread::yield_now();
    }
    assert!(
        CAUGHT.load(Ordering::Relaxed) > before,
        "signals were caught"
    );
    thread.join().unwrap()
}

/// A call that waits in vain, under signals, ends at its deadline and not before.
fn times_out(what: &str, step: impl FnOnce(&Wait<'_>) -> Option<LinkError> + Send + 'static) {
    let (error, taken) = interrupted(move || timed(|| step(&Wait::timeout(WHILE))));
    assert!(
        matches!(error, Some(LinkError::Timeout)),
        "{what}: {error:?}"
    );
    assert!(taken >= WHILE, "{what} ended after {taken:?}");
}

// Rule L10.
#[test]
fn defect_14_signals_disturb_no_wait() {
    let stage = Stage::new();
    let mut options = BindOptions::default();
    options.backlog = Some(1);
    let mut listener = UnixTransport::new()
        .bind(&stage.endpoint, &options)
        .unwrap();
    times_out("accept", move |wait| listener.accept(wait).err());

    let (_client, mut server) = stage.baselines();
    times_out("receive", move |wait| {
        server.receive(&mut [0; 1], wait).err()
    });

    let (_client, mut server) = stage.baselines();
    times_out("send", move |wait| {
        (0..100_000).find_map(|_| server.send(&[0; 1000], &[], wait).err())
    });

    let (mut client, mut server) = stage.session(&plan(1));
    times_out("receive over shared memory", move |wait| {
        server.receive(&mut [0; 1], wait).err()
    });
    client.check().unwrap_err();

    let _listener = UnixTransport::new()
        .bind(&stage.endpoint, &options)
        .unwrap();
    let endpoint = stage.endpoint.clone();
    times_out("connect", move |wait| {
        let mut waiting = Vec::new();
        let full = (0..100).find_map(|_| match UnixTransport::new().connect(&endpoint, wait) {
            Ok(client) => {
                waiting.push(client);
                None
            }
            Err(error) => Some(error),
        });
        match full {
            Some(ConnectError::Interrupted { source, .. }) => Some(source),
            other => panic!("{other:?}"),
        }
    });
}

// Rule L10.
#[test]
fn defect_14_signals_lose_no_message() {
    const ROUNDS: usize = 2000;
    let stage = Stage::new();
    let over_socket = stage.baselines();
    let over_region = stage.session(&plan(1));
    let links = [
        (over_socket.0.into_link(), over_socket.1.into_link()),
        over_region,
    ];
    for (mut client, mut server) in links {
        let answering = thread::spawn(move || {
            for _ in 0..ROUNDS {
                let request = small(&mut *server);
                server.send(&request, &[], &common::soon()).unwrap();
            }
            server
        });
        interrupted(move || {
            for round in 0..ROUNDS {
                let request = round.to_le_bytes();
                client.send(&request, &[], &common::soon()).unwrap();
                assert_eq!(small(&mut *client), request);
            }
            client.send(b"end", &[], &common::soon()).unwrap();
        });
        assert_eq!(hear(&mut *answering.join().unwrap()), b"end");
    }
}

fn small(link: &mut dyn netipc_transport::Link) -> [u8; 8] {
    let mut packet = [0; 8];
    link.receive(&mut packet, &common::soon()).unwrap();
    packet
}
