//! Listeners, and how connections end.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use netipc_transport::link::{BindError, BindOptions, LinkError};
use netipc_transport::{Abort, NativeTransport, Transport, Wait};

use super::common::{SOON, Stage, hear, soon, timed};
use super::{SHORT, bind, say, visitor};

// Rule N8.
#[test]
fn defect_33_clients_that_come_and_leave_do_not_end_a_listener() {
    let stage = Stage::new();
    let mut listener = bind(&stage);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..300).for_each(|_| drop(visitor(&stage)));
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            match listener.accept(&Wait::timeout(SHORT)) {
                Ok(_) | Err(LinkError::Timeout) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    thread::scope(|scope| {
        // The last visitors may wait before it, at every instance.
        let client = scope.spawn(|| {
            let mut client = NativeTransport::new()
                .connect(&stage.endpoint, &soon())
                .unwrap();
            say(&mut *client, b"still there?");
            client
        });
        loop {
            let mut server = listener.accept(&soon()).unwrap();
            match server.receive(&mut [0; 32], &soon()) {
                Ok(12) => break,
                received => assert!(
                    matches!(received, Err(LinkError::Disconnected)),
                    "{received:?}"
                ),
            }
        }
        drop(client.join().unwrap());
    });
}

#[test]
fn defect_34_silent_clients_delay_nobody_and_no_stop() {
    let stage = Stage::new();
    let mut listener = bind(&stage);
    let silent: Vec<_> = (0..4).map(|_| visitor(&stage)).collect();
    for _ in &silent {
        listener.accept(&soon()).unwrap();
    }
    let abort = Abort::new();
    let accepted = thread::scope(|scope| {
        let waiting = scope.spawn(|| listener.accept(&Wait::timeout(SOON).or_abort(&abort)));
        abort.raise();
        waiting.join().unwrap()
    });
    assert!(matches!(accepted, Err(LinkError::Aborted)), "{accepted:?}");
    let ((), taken) = timed(|| drop(listener));
    assert!(taken < SOON, "the end of a listener took {taken:?}");
}

// Rule N11.
#[test]
fn defect_37_no_end_waits_for_a_reader() {
    for server_leaves in [true, false] {
        let stage = Stage::new();
        let (mut client, mut server) = stage.baselines();
        say(&mut *client, b"question");
        say(&mut *server, b"answer");
        let (mut stayer, leaver) = if server_leaves {
            (client, server)
        } else {
            (server, client)
        };
        let ((), taken) = timed(|| drop(leaver));
        assert!(taken < SOON, "an end took {taken:?}");
        // And what was never waited for is there.
        let said = if server_leaves { "answer" } else { "question" };
        assert_eq!(hear(&mut *stayer), said.as_bytes());
    }
}

// Rule N11.
#[test]
fn defect_38_a_slow_client_still_reads_why() {
    let stage = Stage::new();
    let mut listener = bind(&stage);
    let mut client = visitor(&stage);
    for _ in 0..3 {
        client.write_all(b"never read").unwrap();
    }
    let mut server = listener.accept(&soon()).unwrap();
    hear(&mut *server);
    say(&mut *server, b"the reason");
    server.linger();
    drop((server, listener));
    let mut reason = [0; 10];
    client.read_exact(&mut reason).unwrap();
    assert_eq!(&reason, b"the reason");
}

// Rules N6, N12, P22.
#[test]
fn peers_with_handles_that_wait_are_served() {
    let stage = Stage::new();
    let mut listener = bind(&stage);
    let mut client = visitor(&stage);
    client.write_all(b"question").unwrap();
    let mut server = listener.accept(&soon()).unwrap();
    assert_eq!(hear(&mut *server), b"question");
    say(&mut *server, b"answer");
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
    drop(client);
    let received = server.receive(&mut [0; 32], &soon());
    assert!(
        matches!(received, Err(LinkError::Disconnected)),
        "{received:?}"
    );
}

// Rule N12.
#[test]
fn an_empty_or_an_oversized_message_breaks_the_rules() {
    for message in [vec![], vec![0; 65537]] {
        let stage = Stage::new();
        let mut listener = bind(&stage);
        let mut client = visitor(&stage);
        let mut server = listener.accept(&soon()).unwrap();
        let received = thread::scope(|scope| {
            // The large one waits for its reader, who leaves.
            scope.spawn(move || client.write(&message));
            let received = server.receive(&mut [0; 32], &soon());
            drop(server);
            received
        });
        assert!(
            matches!(received, Err(LinkError::Protocol { .. })),
            "{received:?}"
        );
    }
}

// Rules N7, N10.
#[test]
fn a_full_server_is_no_free_name() {
    let stage = Stage::new();
    let mut options = BindOptions::default();
    options.backlog = Some(1);
    let _listener = NativeTransport::new()
        .bind(&stage.endpoint, &options)
        .unwrap();
    let _clients = [visitor(&stage), visitor(&stage)];
    let second = NativeTransport::new().bind(&stage.endpoint, &options);
    assert!(
        matches!(second, Err(BindError::AddressInUse { .. })),
        "{second:?}"
    );
}

// Rule W25.
#[test]
fn what_is_watched_tells_of_clients_packets_and_ends() {
    use std::os::windows::io::AsHandle;

    let stage = Stage::new();
    let mut listener = bind(&stage);
    let mut client = NativeTransport::new()
        .connect(&stage.endpoint, &soon())
        .unwrap();
    assert!(is_ready(listener.wait_object().unwrap().as_handle()));
    let mut server = listener.accept(&soon()).unwrap();
    assert!(!is_ready(listener.wait_object().unwrap().as_handle()));
    assert!(!is_ready(server.wait_object().unwrap().as_handle()));
    say(&mut *client, b"x");
    assert!(is_ready(server.wait_object().unwrap().as_handle()));
    assert_eq!(hear(&mut *server), b"x");
    assert!(!is_ready(server.wait_object().unwrap().as_handle()));
    drop(client);
    assert!(is_ready(server.wait_object().unwrap().as_handle()));
}

/// Whether an object is signalled, or becomes so within a moment.
#[expect(unsafe_code, reason = "an event loop asks the system")]
fn is_ready(object: std::os::windows::io::BorrowedHandle<'_>) -> bool {
    use std::os::windows::io::AsRawHandle;
    use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
    use windows_sys::Win32::System::Threading::WaitForSingleObject;

    let moment = 50;
    // SAFETY: a handle that is open as long as its borrow.
    let result = unsafe { WaitForSingleObject(object.as_raw_handle(), moment) };
    result == WAIT_OBJECT_0
}
