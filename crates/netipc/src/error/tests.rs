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
