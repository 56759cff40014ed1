//! A region whose file another process of the same user cuts off while it is in use.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use netipc_transport::link::{Link, LinkError};
use netipc_transport::{Abort, Wait};

use common::{Stage, again, hear, in_child, plan, role, soon};

const TRUNCATED: &str = "the file of the shared region was truncated";

/// A session, and its file as somebody opened it who means ill.
struct Session {
    client: Box<dyn Link>,
    server: Box<dyn Link>,
    file: File,
}

impl Session {
    fn new(stage: &Stage) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let (client, server) = stage.session(&plan(id));
        let path = stage.path(&format!("svc-{id:016x}.ipcshm"));
        let file = OpenOptions::new().write(true).open(path).unwrap();
        Self {
            client,
            server,
            file,
        }
    }

    /// Leaves so many bytes of the file.
    fn cut_to(&self, len: u64) {
        self.file.set_len(len).unwrap();
    }
}

fn is_lost<T: std::fmt::Debug>(result: Result<T, LinkError>) {
    match result.unwrap_err() {
        LinkError::Protocol { what } => assert_eq!(what, TRUNCATED),
        other => panic!("{other:?}"),
    }
}

/// Whoever has not touched what is gone sees that the other side has left.
fn has_ended<T: std::fmt::Debug>(result: Result<T, LinkError>) {
    match result.unwrap_err() {
        LinkError::Disconnected => {}
        other => is_lost::<T>(Err(other)),
    }
}

fn receive(link: &mut dyn Link, wait: &Wait<'_>) -> Result<usize, LinkError> {
    link.receive(&mut [0; 5000], wait)
}

// Rule L33.
#[test]
fn without_a_handler_the_system_ends_the_process() {
    if role().is_some() {
        let mut session = Session::new(&Stage::new());
        session.cut_to(0);
        let _ = session.client.send(b"hello", b"", &soon());
        return;
    }
    let name = "without_a_handler_the_system_ends_the_process";
    let stage = Stage::new();
    let ended = again(name, "victim", stage.dir.path()).output().unwrap();
    assert_eq!(ended.status.signal(), Some(7), "{ended:?}");
}

/// Each of what touches a region meets the loss, first of all or after the other side did.
#[test]
fn with_the_handler_the_session_ends_and_the_process_lives_on() {
    let name = "with_the_handler_the_session_ends_and_the_process_lives_on";
    let stage = Stage::new();
    if role().is_none() {
        return in_child(name, "survivor", stage.dir.path());
    }
    netipc_transport::handle_sigbus().unwrap();
    netipc_transport::handle_sigbus().unwrap();
    // Of all, of the area of requests, and of what is behind a page of requests.
    for left in [0, 64, 4096] {
        let mut session = Session::new(&stage);
        session.cut_to(left);
        session.client.send(&[7; 4128], b"", &soon()).unwrap();
        is_lost(receive(&mut *session.client, &soon()));
        drop(session.client);
        has_ended(receive(&mut *session.server, &soon()));

        let mut session = Session::new(&stage);
        session.client.send(&[7; 4128], b"", &soon()).unwrap();
        session.cut_to(left);
        is_lost(receive(&mut *session.server, &soon()));
        drop(session.server);
        has_ended(receive(&mut *session.client, &soon()));

        let mut session = Session::new(&stage);
        session.client.send(b"hello", b"", &soon()).unwrap();
        assert_eq!(hear(&mut *session.server), b"hello");
        session.cut_to(left);
        session.server.send(&[8; 4128], b"", &soon()).unwrap();
        is_lost(session.server.check());
        drop(session.server);
        has_ended(receive(&mut *session.client, &soon()));

        let session = Session::new(&stage);
        session.cut_to(left);
        drop(session.server);
        drop(session.client);
    }
    // Another session of the same process is none the wiser.
    let (mut client, mut server) = stage.session(&plan(9999));
    client.send(b"hello", b"", &soon()).unwrap();
    assert_eq!(hear(&mut *server), b"hello");
}

#[test]
fn who_sleeps_is_woken_by_an_abort_and_by_the_end_of_the_other_side() {
    let name = "who_sleeps_is_woken_by_an_abort_and_by_the_end_of_the_other_side";
    let stage = Stage::new();
    if role().is_none() {
        return in_child(name, "survivor", stage.dir.path());
    }
    netipc_transport::handle_sigbus().unwrap();
    for by_abort in [true, false] {
        let Session {
            client,
            mut server,
            file,
        } = Session::new(&stage);
        let abort = Abort::new();
        thread::scope(|scope| {
            let sleeper = scope.spawn(|| {
                let wait = Wait::timeout(Duration::from_secs(60)).or_abort(&abort);
                receive(&mut *server, &wait)
            });
            file.set_len(0).unwrap();
            if by_abort {
                abort.raise();
                let ended = sleeper.join().unwrap();
                assert!(
                    !matches!(ended, Ok(_) | Err(LinkError::Timeout)),
                    "{ended:?}"
                );
            } else {
                drop(client);
                is_lost(sleeper.join().unwrap());
            }
        });
    }
}
