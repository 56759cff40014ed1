//! Level 1: sessions that a program drives on its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use netipc::connection::{
    AcceptError, Acceptor, Connection, ConnectionError, Incoming, SessionError,
};
use netipc::transport::link::{LinkError, LinkKind};
use netipc::transport::{Endpoint, MemoryTransport, NativeTransport, Transport, Wait};
use netipc::wire::{Header, MethodCode, Status};
use netipc::{ClientConfig, HandshakeError, OpenError, ServerConfig};

const ECHO: MethodCode = MethodCode(1000);

fn soon() -> Wait<'static> {
    Wait::timeout(Duration::from_secs(60))
}

/// An endpoint of a transport, and what its sides say in a handshake.
struct Rig {
    transport: Box<dyn Transport>,
    endpoint: Endpoint,
    client: ClientConfig,
    server: ServerConfig,
    _dir: tempfile::TempDir,
}

impl Rig {
    fn new(transport: Box<dyn Transport>, profiles: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            transport,
            endpoint: Endpoint::new(dir.path(), "svc").unwrap(),
            client: ClientConfig {
                supported_profiles: profiles,
                max_request_payload_bytes: 1 << 20,
                max_response_payload_bytes: 1 << 20,
                max_request_batch_items: 16,
                auth_token: 7,
                ..ClientConfig::default()
            },
            server: ServerConfig {
                supported_profiles: profiles,
                auth_token: 7,
                ..ServerConfig::default()
            },
            _dir: dir,
        }
    }

    fn bind(&self) -> Acceptor {
        Acceptor::bind(&*self.transport, &self.endpoint, &self.server).unwrap()
    }

    fn connect(&self) -> Result<Connection, OpenError> {
        let proposal = self.client.proposal();
        Connection::connect(&*self.transport, &self.endpoint, proposal, &soon())
    }

    /// Both sides of a session.
    fn pair(&self, acceptor: &mut Acceptor) -> (Connection, Connection) {
        std::thread::scope(|scope| {
            let client = scope.spawn(|| self.connect());
            let server = acceptor.accept(&soon()).unwrap();
            (client.join().unwrap().unwrap(), server)
        })
    }
}

/// Runs a check over every kind of link.
fn each(check: impl Fn(&Rig)) {
    check(&Rig::new(Box::new(MemoryTransport::new()), 1));
    for profiles in [1, 1 | 2, 1 | 2 | 4, 1 | 16] {
        check(&Rig::new(Box::new(NativeTransport::new()), profiles));
    }
}

/// Answers a session until it ends.
fn serve(mut server: Connection) -> (ConnectionError, Option<Status>) {
    loop {
        let header = match server.receive(&soon()) {
            Ok(header) => header,
            Err(error) => {
                assert!(server.is_over(), "{error}");
                let answered = server.answer_violation(&error, &soon());
                return (error, answered);
            }
        };
        let message = server.message().unwrap();
        let payload = message.payload().to_vec();
        let items = message.items().map(|items| {
            let items = items.iter().map(<[u8]>::to_vec);
            items.collect::<Vec<_>>()
        });
        let answer = header.answer(Status::OK);
        match items {
            Some(items) => {
                let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
                server.send_batch(answer, &items, &soon()).unwrap();
            }
            None => server.send(answer, &payload, &soon()).unwrap(),
        }
    }
}

#[test]
fn batches_go_there_and_back() {
    each(|rig| {
        let mut acceptor = rig.bind();
        let (mut client, server) = rig.pair(&mut acceptor);
        let served = std::thread::spawn(|| serve(server));
        let items: [&[u8]; 3] = [b"one", b"", b"three"];
        client
            .send_batch(Header::request(ECHO, 1), &items, &soon())
            .unwrap();
        assert!(client.receive(&soon()).unwrap().flags.is_batch());
        let came = client.message().unwrap().items().unwrap();
        assert!(came.iter().eq(items));
        let none = client.send_batch(Header::request(ECHO, 2), &[], &soon());
        assert!(matches!(none, Err(ConnectionError::Batch(_))), "{none:?}");
        let many = client.send_batch(Header::request(ECHO, 2), &[b"x".as_slice(); 17], &soon());
        assert!(many.unwrap_err().is_refusal());
        assert!(!client.is_over());
        drop(client);
        let (error, answered) = served.join().unwrap();
        assert!(
            matches!(error, ConnectionError::Link(LinkError::Disconnected)),
            "{error}"
        );
        assert_eq!(answered, None);
    });
}

/// Rules W3, W5, W19, W20.
#[test]
fn a_broken_rule_is_answered_where_the_contract_says_so() {
    let over = Header {
        payload_len: 2 << 20,
        ..Header::request(ECHO, 1)
    };
    let batch = Header {
        payload_len: 16,
        ..Header::batch(ECHO, 1, 2)
    };
    let batch = [&batch.encode()[..], &[0xff; 16]].concat();
    let response = Header::request(ECHO, 1).answer(Status::OK).encode();
    let rows: [(&[u8], Option<Status>); 4] = [
        (&over.encode(), Some(Status::LIMIT_EXCEEDED)),
        (&batch, Some(Status::BAD_ENVELOPE)),
        (&response, None),
        (&[0; 32], None),
    ];
    each(|rig| {
        let mut acceptor = rig.bind();
        for (packet, status) in rows {
            let (mut client, server) = rig.pair(&mut acceptor);
            let served = std::thread::spawn(|| serve(server));
            client.send_packet(packet, &[], &soon()).unwrap();
            let mut answer = [0; 64];
            if let Some(status) = status {
                let len = client.receive_packet(&mut answer, &soon()).unwrap();
                let header = Header::decode(&answer[..len]).unwrap();
                assert_eq!((header.status, header.message_id), (status, 1));
            }
            let end = client.receive_packet(&mut answer, &soon());
            assert!(matches!(end, Err(LinkError::Disconnected)), "{end:?}");
            let (error, answered) = served.join().unwrap();
            assert!(matches!(error, ConnectionError::Session(_)), "{error}");
            assert_eq!(answered, status);
        }
    });
}

#[test]
fn a_wait_that_ends_does_no_harm_and_a_lost_peer_does() {
    each(|rig| {
        let mut acceptor = rig.bind();
        let (mut client, server) = rig.pair(&mut acceptor);
        let none = client.receive(&Wait::timeout(Duration::ZERO));
        assert!(
            matches!(none, Err(ConnectionError::Link(LinkError::Timeout))),
            "{none:?}"
        );
        assert!(!client.is_over());
        client
            .send(Header::request(ECHO, 1), b"a", &soon())
            .unwrap();
        let served = std::thread::spawn(|| serve(server));
        assert_eq!(client.receive(&soon()).unwrap().message_id, 1);
        client.send_packet(&[0; 32], &[], &soon()).unwrap();
        served.join().unwrap();
        let gone = client.receive(&soon());
        assert!(gone.is_err() && client.is_over(), "{gone:?}");
    });
}

#[test]
fn nothing_follows_a_message_that_was_cut_short() {
    let rig = Rig::new(Box::new(NativeTransport::new()), 1);
    let mut acceptor = rig.bind();
    let (mut client, _server) = rig.pair(&mut acceptor);
    let long = vec![0; 1 << 20];
    // Nobody receives: the link is full some time, in the middle of a message or between two.
    let error = (0..)
        .find_map(|id| {
            let wait = Wait::timeout(Duration::from_millis(10));
            client.send(Header::request(ECHO, id), &long, &wait).err()
        })
        .unwrap();
    assert!(
        matches!(error, ConnectionError::Link(LinkError::Timeout)),
        "{error}"
    );
    let next = client.send(
        Header::request(ECHO, u64::MAX),
        &[],
        &Wait::timeout(Duration::ZERO),
    );
    if client.is_over() {
        let ended = matches!(next, Err(ConnectionError::Session(SessionError::Ended)));
        assert!(ended, "{next:?}");
    } else {
        assert!(
            matches!(next, Err(ConnectionError::Link(LinkError::Timeout))),
            "{next:?}"
        );
    }
    assert!(!client.fail().is_empty());
}

#[test]
fn a_silent_client_delays_nobody_off_the_accept_loop() {
    each(|rig| {
        let mut acceptor = rig.bind();
        let silent = rig.transport.connect(&rig.endpoint, &soon()).unwrap();
        let link = acceptor.accept_link(&soon()).unwrap();
        let policy = *acceptor.policy();
        let refused = std::thread::spawn(move || {
            Incoming::receive(link, &policy, &Wait::timeout(Duration::from_millis(50))).err()
        });
        rig.pair(&mut acceptor);
        let refused = refused.join().unwrap();
        assert!(
            matches!(refused, Some(AcceptError::Link(LinkError::Timeout))),
            "{refused:?}"
        );
        drop(silent);
    });
}

#[test]
fn accepting_bounds_the_handshake() {
    let rig = Rig::new(Box::new(MemoryTransport::new()), 1);
    let mut acceptor = rig.bind();
    let silent = rig.transport.connect(&rig.endpoint, &soon()).unwrap();
    let late = acceptor.accept(&Wait::forever());
    assert!(
        matches!(late, Err(AcceptError::Link(LinkError::Timeout))),
        "{late:?}"
    );
    drop(silent);
    let (client, _server) = rig.pair(&mut acceptor);
    assert_eq!(client.info().kind, LinkKind::Memory);
    assert_eq!(acceptor.endpoint(), &rig.endpoint);
}

#[test]
fn another_token_is_refused() {
    let mut rig = Rig::new(Box::new(MemoryTransport::new()), 1);
    let mut acceptor = rig.bind();
    rig.client.auth_token = 8;
    std::thread::scope(|scope| {
        let client = scope.spawn(|| rig.connect());
        let refused = acceptor.accept(&soon());
        assert!(
            matches!(refused, Err(AcceptError::Refused(_))),
            "{refused:?}"
        );
        let error = client.join().unwrap().unwrap_err();
        assert!(
            matches!(error, OpenError::Handshake(HandshakeError::AuthFailed)),
            "{error}"
        );
    });
}
