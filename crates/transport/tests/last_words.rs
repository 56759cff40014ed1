//! What a peer says right before it leaves is heard.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::thread;

use netipc_transport::link::LinkError;
use netipc_transport::{Transport, UnixTransport};

use common::{Stage, soon};

// Rule L11.
/// The kernel may find the end after it has found no packet, and a packet in between.
#[test]
fn last_words_are_never_taken_for_the_end() {
    let stage = Stage::new();
    let transport = UnixTransport::new();
    let mut listener = transport
        .bind(&stage.endpoint, &Default::default())
        .unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..2000 {
                let mut server = listener.accept(&soon()).unwrap();
                assert_eq!(server.receive(&mut [0; 16], &soon()).unwrap(), 8);
                server.send(b"last words", &[], &soon()).unwrap();
                server.linger();
            }
        });
        for _ in 0..2000 {
            let mut client = transport.connect(&stage.endpoint, &soon()).unwrap();
            client.send(b"question", &[], &soon()).unwrap();
            let mut packet = [0; 16];
            assert_eq!(client.receive(&mut packet, &soon()).unwrap(), 10);
            let end = client.receive(&mut packet, &soon());
            assert!(matches!(end, Err(LinkError::Disconnected)), "{end:?}");
        }
    });
}
