//! Sessions that one drives on one's own: what ends one, and what leaves it as it was.
#![cfg(any(target_os = "linux", windows))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError, SessionError};
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, Wait, native};
use netipc::wire::{Header, Kind, MethodCode, Status};
use netipc::{ClientConfig, ErrorCode, ServerConfig};

const METHOD: MethodCode = MethodCode(1000);
/// Bytes of the largest payload.
const MOST: u32 = 1 << 20;
/// More than anything takes.
const SOON: Duration = Duration::from_secs(60);

/// Runs `test` with both ends of a session over the baseline.
fn with_both(test: impl FnOnce(&mut Connection, Connection)) {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::new(dir.path(), "connections").unwrap();
    let mut acceptor = Acceptor::bind(&native(), &endpoint, &ServerConfig::default()).unwrap();
    let config = ClientConfig {
        max_request_payload_bytes: MOST,
        ..ClientConfig::default()
    };
    let wait = Wait::timeout(SOON);
    let (mut client, server) = std::thread::scope(|scope| {
        let connect = || Connection::connect(&native(), &endpoint, config.proposal(), &wait);
        let client = scope.spawn(connect);
        let server = acceptor.accept(&wait).unwrap();
        (client.join().unwrap().unwrap(), server)
    });
    test(&mut client, server);
}

#[test]
fn a_message_that_was_left_half_sent_is_followed_by_none() {
    with_both(|client, _server| {
        // The first packets go where nobody receives them.
        let payload = vec![0; MOST as usize];
        let brief = Wait::timeout(Duration::from_millis(50));
        let sent = client.send(Header::request(METHOD, 1), &payload, &brief);
        assert_eq!(sent.unwrap_err().code(), ErrorCode::TIMEOUT);
        assert!(client.is_over());
        let next = client.send(Header::request(METHOD, 2), b"", &Wait::timeout(SOON));
        assert!(matches!(
            next,
            Err(ConnectionError::Session(SessionError::Ended))
        ));
        assert_eq!(client.fail(), [1]);
    });
}

#[test]
fn timeouts_and_refusals_leave_a_session_as_it_was() {
    with_both(|client, mut server| {
        let (wait, at_once) = (Wait::timeout(SOON), Wait::timeout(Duration::ZERO));
        assert_eq!(
            client.receive(&at_once).unwrap_err().code(),
            ErrorCode::TIMEOUT
        );
        let request = Header::request(METHOD, 7);
        let response = Header {
            kind: Kind::RESPONSE,
            ..request
        };
        let refused = client.send(response, b"", &wait).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::BAD_KIND);
        let large = vec![0; MOST as usize + 1];
        let refused = client.send(request, &large, &wait).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::OVERFLOW);
        client.send(request, b"a", &wait).unwrap();
        let refused = client.send(request, b"b", &wait).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::INVALID_ARGUMENT);
        assert!(!client.is_over());
        assert_eq!(client.in_flight(), 1);

        let asked = server.receive(&wait).unwrap();
        server.send(asked.answer(Status::OK), b"c", &wait).unwrap();
        client.receive(&wait).unwrap();
        assert_eq!(client.message().unwrap().payload(), b"c");
        assert_eq!(client.in_flight(), 0);
    });
}

#[test]
fn packets_of_any_bytes_come_and_go() {
    with_both(|client, mut server| {
        let wait = Wait::timeout(SOON);
        client.send_packet(b"no env", b"elope", &wait).unwrap();
        let error = server.receive(&wait).unwrap_err();
        assert_eq!(error.code(), ErrorCode::TRUNCATED);
        assert!(server.is_over());
        server.send_packet(b"said", b"", &wait).unwrap();
        let mut packet = [0; 3];
        // What does not fit is dropped, and its length told.
        assert_eq!(client.receive_packet(&mut packet, &wait).unwrap(), 4);
        assert_eq!(&packet, b"sai");
        assert!(!client.is_over());
    });
}

#[test]
fn a_peer_that_is_gone_ends_it() {
    with_both(|client, server| {
        let wait = Wait::timeout(SOON);
        drop(server);
        let end = client.receive(&wait).unwrap_err();
        assert!(matches!(
            end,
            ConnectionError::Link(LinkError::Disconnected)
        ));
        assert_eq!(end.code(), ErrorCode::DISCONNECTED);
        assert!(client.is_over());
    });
}
