use std::io::ErrorKind as Kind;

use netipc_proto::wire::{Profiles, Status};
use netipc_transport::endpoint::Endpoint;

use super::*;

#[test]
fn servers_that_do_not_run_have_numbers() {
    let endpoint = || "/run/x.sock".to_owned();
    let bind = |kind: Kind| BindError::Io {
        endpoint: endpoint(),
        source: kind.into(),
    };
    let taken = BindError::AddressInUse {
        endpoint: endpoint(),
        why: "it answers",
        holders: vec![7],
    };
    let invalid = Endpoint::new("/run", "a/b").unwrap_err();
    for (error, code) in [
        (ServeError::from(invalid), ErrorCode::INVALID_ARGUMENT),
        (taken.into(), ErrorCode::ADDRESS_IN_USE),
        (bind(Kind::PermissionDenied).into(), ErrorCode::IO),
        (ServeError::Running, ErrorCode::BUSY),
        (ServeError::Stopped, ErrorCode::ABORTED),
    ] {
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn causes_of_a_failed_reconnect_have_their_own_numbers() {
    let full = HandshakeError::Rejected {
        status: Status::INTERNAL_ERROR,
    };
    let gone = ConnectError::NotFound {
        endpoint: "/run/x.sock".into(),
        missing: netipc_transport::link::Missing::Endpoint,
        source: std::io::ErrorKind::NotFound.into(),
    };
    for (error, code) in [
        (OpenError::Connect(gone), ErrorCode::DISCONNECTED),
        (OpenError::Link(LinkError::Timeout), ErrorCode::TIMEOUT),
        (
            OpenError::Attach(AttachError::HungUp),
            ErrorCode::DISCONNECTED,
        ),
        (HandshakeError::AuthFailed.into(), ErrorCode::REJECTED),
        (
            HandshakeError::NoProfile {
                offered: Profiles::BASELINE,
            }
            .into(),
            ErrorCode::UNSUPPORTED,
        ),
        (HandshakeError::LimitExceeded.into(), ErrorCode::OVERFLOW),
        (full.into(), ErrorCode::REJECTED),
    ] {
        assert_eq!(Failure::Reconnect(error.into()).code(), code);
    }
}

#[test]
fn causes_of_links_and_of_refusals_have_their_own_numbers() {
    let late = OpenError::Link(LinkError::Timeout);
    let slow = OpenError::HandshakeTimeout {
        limit_ms: 2000,
        source: Box::new(late),
    };
    let other = OpenError::OtherUser { server: 7, own: 8 };
    let untrusted = ConnectError::UntrustedServer {
        endpoint: "/run/x.sock".into(),
        server: None,
        own: 8,
    };
    for (error, code, words) in [
        (slow, ErrorCode::TIMEOUT, "no handshake within 2000 ms"),
        (other, ErrorCode::REJECTED, "user 7 runs"),
        (untrusted.into(), ErrorCode::REJECTED, "an unknown user"),
    ] {
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains(words), "{error}");
    }
    let rule = LinkError::Protocol { what: "a rule" };
    let large = LinkError::TooLarge { size: 9, limit: 8 };
    let system = LinkError::Io(Kind::PermissionDenied.into());
    for (error, code) in [
        (rule, ErrorCode::PROTOCOL),
        (large, ErrorCode::OVERFLOW),
        (LinkError::Empty, ErrorCode::INVALID_ARGUMENT),
        (LinkError::Busy, ErrorCode::BUSY),
        (system, ErrorCode::IO),
        (LinkError::Disconnected, ErrorCode::DISCONNECTED),
    ] {
        assert_eq!(link_code(&error), code, "{error}");
        assert_eq!(OpenError::Link(error).code(), code);
    }
}

#[test]
fn a_call_tells_why_there_was_no_session_where_that_is_why_it_failed() {
    let call = |failure| CallError::new(&"/run/x.sock", failure);
    let reconnect = call(Failure::Reconnect(
        OpenError::from(HandshakeError::AuthFailed).into(),
    ));
    assert!(matches!(
        reconnect.open_error(),
        Some(OpenError::Handshake(HandshakeError::AuthFailed))
    ));
    assert!(call(Failure::Timeout).open_error().is_none());
    assert_eq!(reconnect.endpoint(), "/run/x.sock");
}
