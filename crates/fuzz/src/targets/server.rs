//! A server's session, handlers and all, that is fed packets by whoever shook hands.

use std::collections::BTreeSet;
use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError};
use netipc::service::{apps_lookup, cgroups, increment, string_reverse};
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, Link, MemoryTransport, Transport, Wait};
use netipc::untyped::Answered;
use netipc::wire::{Flags, Header, MethodCode, Status};
use netipc::{ClientConfig, ServerConfig};
use netipc_proto::session::handshake::ClientHandshake;
use netipc_schema::Schema;

use crate::corpus::vectors;
use crate::{Input, Seen};

const TOKEN: u64 = 7;

/// A golden request of each kind, alone and twice.
pub(super) fn conversations(schemas: &[Schema]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for schema in schemas {
        let types = format!("{}_request", schema.name.replace('-', "_"));
        let golden = vectors(&format!("services/{}.json", schema.name), &types);
        for payload in golden.into_iter().take(6) {
            let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
            let front = [schema.method.to_le_bytes(), [0, 0], len.to_le_bytes()].concat();
            let packet = [&[1][..], &front, &payload].concat();
            seeds.push([&[0][..], &packet].concat());
            seeds.push([&[1][..], &packet, &packet].concat());
        }
    }
    seeds
}

/// Handlers of kinds that every peer knows.
struct Handlers {
    increment: increment::IncrementHandler,
    reverse: string_reverse::StringReverseHandler,
    snapshot: cgroups::Handler,
    apps: apps_lookup::AppsLookupHandler,
}

thread_local! {
    static HANDLERS: Handlers = Handlers {
        increment: increment::handler(),
        reverse: string_reverse::handler(),
        snapshot: cgroups::Handler::new(|_, answer| {
            answer.set_header(1, 9);
            answer.add(1, 0, 1, b"name", b"/path")
        }),
        apps: apps_lookup::AppsLookupHandler::new(|request, answer| {
            for _ in request.keys() {
                answer.add_bare(1)?;
            }
            Ok::<(), netipc::wire::WireError>(())
        }),
    };
}

impl Handlers {
    fn dispatch(&self, request: netipc::connection::Message<'_>, buf: &mut [u8]) -> Answered {
        let mut answered = self.increment.dispatch(request, buf);
        let unsupported = Answered::failed(Status::UNSUPPORTED);
        if answered == unsupported {
            answered = self.reverse.dispatch(request, buf);
        }
        if answered == unsupported {
            answered = self.snapshot.dispatch(request, buf);
        }
        if answered == unsupported {
            answered = self.apps.dispatch(request, buf);
        }
        answered
    }
}

/// Packets, raw or with an envelope that fits.
pub(super) fn packets(bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let (mut client, mut server) = session(input.u8());
    let mut outcomes = BTreeSet::new();
    let now = Wait::timeout(Duration::ZERO);
    for id in 0..64 {
        if input.is_empty() || client.send(&packet(id, &mut input), &[], &now).is_err() {
            break;
        }
        match server.receive(&now) {
            Ok(header) => {
                let status = answer(&mut server, header, &now);
                // One kind that nobody serves is as good as another.
                let code = if status == Status::UNSUPPORTED {
                    0
                } else {
                    header.code
                };
                outcomes.insert((code, status.0, header.flags.is_batch()));
                check_answer(&mut *client, header);
            }
            Err(ConnectionError::Link(LinkError::Timeout)) => {
                outcomes.insert((0, 0, false));
            }
            Err(error) => {
                assert!(server.is_over());
                assert!(server.receive(&now).is_err(), "nothing comes after the end");
                return Seen::of(outcomes).and(error.code().0);
            }
        }
    }
    assert!(server.in_flight() == 0 && server.fail().is_empty());
    Seen::of(outcomes)
}

/// A connection after a handshake: the client's link, and the server's side.
fn session(size: u8) -> (Box<dyn Link>, Connection) {
    let transport = MemoryTransport::new().with_packet_size([100, 4096][usize::from(size & 1)]);
    let endpoint = Endpoint::new("/nowhere", "svc").expect("a good name");
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let mut acceptor = Acceptor::bind(&transport, &endpoint, &config).expect("a hub of its own");
    let now = Wait::timeout(Duration::ZERO);
    let mut client = transport
        .connect(&endpoint, &now)
        .expect("somebody listens");
    let config = ClientConfig {
        auth_token: TOKEN,
        max_request_batch_items: 8,
        ..ClientConfig::default()
    };
    let proposal = netipc_proto::session::handshake::Proposal {
        packet_size: client.packet_size(),
        ..config.proposal()
    };
    let hello = ClientHandshake::new(proposal).hello();
    client.send(&hello, &[], &now).expect("there is room");
    let server = acceptor.accept(&now).expect("a good handshake");
    let mut ack = [0; 256];
    let len = client.receive(&mut ack, &now).expect("an answer");
    ClientHandshake::new(proposal)
        .ack(&ack[..len])
        .expect("it is accepted");
    (client.into_link(), server)
}

/// The next packet of the input.
fn packet(id: u64, input: &mut Input<'_>) -> Vec<u8> {
    let (what, code, items) = (input.u8(), input.u16(), input.u16());
    let payload = {
        let len = usize::from(input.u16()) % 2048;
        input.take(len)
    };
    if what & 1 == 0 {
        // An empty packet is no packet.
        return if payload.is_empty() {
            vec![0]
        } else {
            payload.to_vec()
        };
    }
    let mut header = Header::request(MethodCode(code), id);
    header.payload_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    if what & 2 != 0 {
        (header.flags, header.item_count) = (Flags::BATCH, items.into());
    }
    [&header.encode()[..], payload].concat()
}

fn answer(server: &mut Connection, header: Header, now: &Wait<'_>) -> Status {
    let mut buf = vec![0xee; server.limits().response.payload_bytes as usize];
    let request = server.message().expect("it came");
    let answered = HANDLERS.with(|handlers| handlers.dispatch(request, &mut buf));
    let answer = header.answer(answered.status);
    // A client of little packets may have them wait.
    let _ = server.send(answer, &buf[..answered.len], now);
    answered.status
}

/// What reaches the client is an answer to what it asked.
fn check_answer(client: &mut dyn Link, asked: Header) {
    let now = Wait::timeout(Duration::ZERO);
    let mut packet = [0; 8192];
    let mut first = true;
    while let Ok(len) = client.receive(&mut packet, &now) {
        if std::mem::take(&mut first) {
            let header = Header::decode(&packet[..len.min(packet.len())]).expect("an envelope");
            assert_eq!(
                (header.message_id, header.code),
                (asked.message_id, asked.code)
            );
        }
    }
}
