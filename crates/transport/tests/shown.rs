//! What values of this crate say of themselves: errors name the endpoint, the cause and what helps, and nothing shows a secret.

use std::io;

use netipc_transport::link::{
    BindError, BindOptions, ConnectError, LinkError, LinkKind, Peer, PeerWatch, SessionPlan,
};
use netipc_transport::{Abort, Endpoint, MemoryTransport, NativeTransport, Transport, Wait};

#[test]
fn who_holds_an_endpoint_is_named() {
    let in_use = |holders: &[u32]| BindError::AddressInUse {
        endpoint: "/run/x/svc.sock".into(),
        why: "it answers",
        holders: holders.to_vec(),
    };
    let said = "/run/x/svc.sock is in use by another server: it answers";
    for (holders, who) in [
        (&[][..], ""),
        (&[7], " (process 7)"),
        (&[7, 8], " (processes 7, 8)"),
    ] {
        assert_eq!(in_use(holders).to_string(), format!("{said}{who}"));
    }
}

#[test]
fn where_nobody_can_listen_is_told_with_what_helps_if_anything_does() {
    let failed = |kind: io::ErrorKind| BindError::Io {
        endpoint: "/run/x/svc.sock".into(),
        source: kind.into(),
    };
    let missing = failed(io::ErrorKind::NotFound).to_string();
    assert!(missing.ends_with("create it with mode 0700"), "{missing}");
    let denied = failed(io::ErrorKind::PermissionDenied).to_string();
    assert_eq!(denied, "cannot listen at /run/x/svc.sock");
}

#[test]
fn the_users_of_a_server_that_is_not_trusted_are_named() {
    let untrusted = |server| ConnectError::UntrustedServer {
        endpoint: "/run/x/svc.sock".into(),
        server,
        own: 9,
    };
    let known = untrusted(Some(8)).to_string();
    assert!(
        known.contains("is served by user 8, whom user 9 does not trust"),
        "{known}"
    );
    let unknown = untrusted(None).to_string();
    assert!(
        unknown.contains("is served by an unknown user"),
        "{unknown}"
    );
}

#[test]
fn peers_and_kinds_of_links_have_words() {
    let kinds = [
        (LinkKind::Memory, "memory"),
        (LinkKind::Socket, "socket"),
        (LinkKind::SharedMemory, "shm"),
        (LinkKind::Pipe, "pipe"),
    ];
    for (kind, word) in kinds {
        assert_eq!(kind.to_string(), word);
    }
    let user = Peer {
        pid: None,
        uid: Some(8),
    };
    assert_eq!(user.describe(), "a process of user 8");
}

#[test]
fn a_secret_is_not_shown_and_what_shows_says_what_it_is() {
    let plan = SessionPlan {
        profile: 2,
        session_id: 77,
        auth_token: 0x5ec2_e75e,
        request_bytes: 4128,
        response_bytes: 4129,
    };
    let shown = format!("{plan:?}");
    for part in [
        "SessionPlan",
        "profile: 2",
        "session_id: 77",
        "4128",
        "4129",
    ] {
        assert!(shown.contains(part), "{shown}, without {part}");
    }
    assert!(!shown.contains(&plan.auth_token.to_string()), "{shown}");
    let watch = PeerWatch::new(|| true);
    assert!(watch.has_hung_up());
    assert!(format!("{watch:?}").contains("PeerWatch"));
    let abort = Abort::new();
    assert!(format!("{abort:?}").contains("raised: false"), "{abort:?}");
    abort.raise();
    assert!(format!("{abort:?}").contains("raised: true"), "{abort:?}");
}

#[test]
fn every_transport_has_the_baseline_first() {
    let transports: [Box<dyn Transport>; 2] = [
        Box::new(MemoryTransport::default()),
        Box::new(NativeTransport::default()),
    ];
    for transport in transports {
        let profiles = transport.profiles();
        assert_eq!(profiles[0].bit, 1, "{transport:?}");
        assert!(!profiles[0].on_request);
        let bits: Vec<_> = profiles.iter().map(|profile| profile.bit).collect();
        assert!(bits.is_sorted_by(|a, b| a < b), "{bits:?}");
    }
}

#[test]
fn memory_has_nothing_to_watch_and_no_profile_but_its_own() {
    let (transport, wait) = (MemoryTransport::new(), Wait::forever());
    let endpoint = Endpoint::new("/run/x", "svc").unwrap();
    let mut listener = transport.bind(&endpoint, &BindOptions::default()).unwrap();
    let client = transport.connect(&endpoint, &wait).unwrap();
    let mut server = listener.accept(&wait).unwrap();
    assert!(listener.wait_object().is_none() && client.wait_object().is_none());
    let plan = SessionPlan {
        profile: 2,
        session_id: 7,
        auth_token: 0,
        request_bytes: 64,
        response_bytes: 64,
    };
    let refused = server.offer(&plan).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    let refused = client.attach(&plan, &wait).unwrap_err().to_string();
    assert!(
        refused.contains("0000000000000007"),
        "it names the region: {refused}"
    );
    assert!(matches!(server.check(), Err(LinkError::Disconnected)));
    assert!(format!("{server:?}").contains("MemoryLink"));
}
