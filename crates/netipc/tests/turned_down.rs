//! Clients that a server turns down step by step, and what they are told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(any(target_os = "linux", windows))]

use std::thread;
use std::time::Duration;

use netipc::connection::{AcceptError, Acceptor, Connection, Incoming};
use netipc::transport::link::Peer;
use netipc::transport::{Baseline, Endpoint, MemoryTransport, Transport, Wait};
use netipc::{ClientConfig, ErrorCode, HandshakeError, OpenError, ServerConfig};

/// More than anything takes.
const SOON: Duration = Duration::from_secs(60);

/// Has a client knock, and `server` do with it what it will; gives what the client was told.
fn knock<T>(
    transport: &(impl Transport + 'static),
    token: u64,
    server: impl FnOnce(Box<dyn Baseline>, &Acceptor) -> T,
) -> (Result<(), OpenError>, T) {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::new(dir.path(), "svc").unwrap();
    let mut acceptor = Acceptor::bind(transport, &endpoint, &ServerConfig::default()).unwrap();
    let wait = Wait::timeout(SOON);
    let config = ClientConfig {
        auth_token: token,
        ..ClientConfig::default()
    };
    thread::scope(|scope| {
        let connect = || Connection::connect(transport, &endpoint, config.proposal(), &wait);
        let client = scope.spawn(move || connect().map(drop));
        let link = acceptor.accept_link(&wait).unwrap();
        let done = server(link, &acceptor);
        (client.join().unwrap(), done)
    })
}

fn incoming(link: Box<dyn Baseline>, acceptor: &Acceptor) -> Incoming {
    Incoming::receive(link, acceptor.policy(), &Wait::timeout(SOON)).unwrap()
}

#[test]
fn a_client_is_told_that_every_slot_is_taken() {
    let (told, error) = knock(&MemoryTransport::new(), 0, |link, acceptor| {
        incoming(link, acceptor).turn_down(&Wait::timeout(SOON))
    });
    assert!(matches!(error, AcceptError::Refused(_)), "{error}");
    assert_eq!(error.code(), ErrorCode::REJECTED);
    let told = told.unwrap_err();
    assert_eq!(told.code(), ErrorCode::REJECTED);
    let why = netipc::chain(&told);
    assert!(why.contains("all its sessions are taken"), "{why}");
}

#[test]
fn a_client_is_told_that_there_is_no_memory_for_what_it_wants() {
    let (told, error) = knock(&MemoryTransport::new(), 0, |link, acceptor| {
        let incoming = incoming(link, acceptor);
        assert!(incoming.response_bytes() > 0);
        incoming.turn_down_for_size(&Wait::timeout(SOON))
    });
    assert!(matches!(error, AcceptError::Refused(_)), "{error}");
    let told = told.unwrap_err();
    assert!(matches!(
        told,
        OpenError::Handshake(HandshakeError::LimitExceeded)
    ));
    assert_eq!(told.code(), ErrorCode::OVERFLOW);
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_parts_without_waiting_sees_when_the_client_has_gone() {
    let (told, mut parting) = knock(&netipc::transport::native(), 0, |link, acceptor| {
        incoming(link, acceptor).part(&Wait::timeout(SOON))
    });
    assert_eq!(told.unwrap_err().code(), ErrorCode::REJECTED);
    assert!(matches!(parting.error(), AcceptError::Refused(_)));
    let object = parting.wait_object().unwrap();
    Wait::timeout(SOON).ready(object).unwrap();
    assert!(parting.is_over());
    assert!(matches!(parting.linger(), AcceptError::Refused(_)));
}

#[test]
fn a_wrong_token_is_refused_before_the_server_has_to_do_with_it() {
    let (told, parting) = knock(&MemoryTransport::new(), 7, |link, acceptor| {
        Incoming::try_receive(link, acceptor.policy(), &Wait::timeout(SOON)).unwrap_err()
    });
    assert!(matches!(
        told,
        Err(OpenError::Handshake(HandshakeError::AuthFailed))
    ));
    // Memory has nothing to watch.
    assert!(parting.wait_object().is_none());
    assert_eq!(parting.linger().code(), ErrorCode::REJECTED);
}

#[test]
fn strangers_are_named_as_far_as_they_are_known() {
    let stranger = |pid, uid| AcceptError::Stranger {
        peer: Peer { pid, uid },
    };
    let known = stranger(Some(7), Some(8));
    assert_eq!(
        known.to_string(),
        "user 8 may not connect, whatever its token (process 7)"
    );
    assert_eq!(known.code(), ErrorCode::REJECTED);
    let unknown = stranger(None, None).to_string();
    assert!(unknown.contains("of which nothing is known"), "{unknown}");
}
