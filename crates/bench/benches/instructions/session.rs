//! The session between the typed layer and a link, without either.

use std::hint::black_box;

use netipc::proto::session::{DirectionLimits, Framing, Limits, Packet, Role, Session};
use netipc::wire::{Header, MethodCode, Status, WireError, write_batch};

use crate::case::Case;

const MIB: usize = 1 << 20;
const BATCH: u32 = 100;

const DIRECTION: DirectionLimits = DirectionLimits {
    payload_bytes: 1 << 20,
    batch_items: BATCH,
};
const LIMITS: Limits = Limits {
    request: DIRECTION,
    response: DIRECTION,
    packet_size: 65_536,
};

pub(crate) fn cases() -> Vec<Case> {
    let single = Header::request(MethodCode::INCREMENT, 1);
    let batch = Header::batch(MethodCode::INCREMENT, 1, BATCH);
    [
        ("8 bytes", single, (|| vec![0; 8]) as fn() -> Vec<u8>),
        ("1 MiB in chunks", single, || vec![0; MIB]),
        ("batch of 100", batch, batch_payload),
    ]
    .into_iter()
    .flat_map(|(what, request, payload)| exchange(what, request, payload))
    .collect()
}

/// One exchange as the client sees it, and as the server does; the same payload goes both ways.
fn exchange(what: &str, request: Header, payload: fn() -> Vec<u8>) -> [Case; 2] {
    let response = request.answer(Status::OK);
    let call = Case::new(format!("session/{what}/call"), 1, move || {
        let mut client = Session::new(Role::Client, LIMITS, Framing::Chunked);
        let payload: &[u8] = payload().leak();
        let packets = packets(Role::Server, response, payload);
        send(&mut client, request, payload);
        fill(&mut client, &packets);
        move || {
            send(&mut client, request, payload);
            receive(&mut client, &packets);
        }
    });
    let serve = Case::new(format!("session/{what}/serve"), 1, move || {
        let mut server = Session::new(Role::Server, LIMITS, Framing::Chunked);
        let payload: &[u8] = payload().leak();
        let packets = packets(Role::Client, request, payload);
        fill(&mut server, &packets);
        move || {
            receive(&mut server, &packets);
            send(&mut server, response, payload);
        }
    });
    [call, serve]
}

fn batch_payload() -> Vec<u8> {
    let mut payload = vec![0; 4096];
    let numbers: [u64; BATCH as usize] = std::array::from_fn(|n| n as u64);
    let write = |number: &u64, out: &mut [u8]| {
        out[..8].copy_from_slice(&number.to_le_bytes());
        Ok::<_, WireError>(8)
    };
    let len = write_batch(&mut payload, numbers.iter(), write, |error| error).expect("room");
    payload.truncate(len);
    payload
}

/// The packets that a peer in `role` makes of a message.
fn packets(role: Role, header: Header, payload: &'static [u8]) -> Vec<Packet<'static>> {
    let mut peer = Session::new(role, LIMITS, Framing::Chunked);
    let packets = peer.send(header, payload).expect("it is agreed");
    packets.collect()
}

fn send(session: &mut Session, header: Header, payload: &[u8]) {
    let packets = session.send(black_box(header), payload);
    for packet in packets.expect("it is agreed") {
        black_box(packet);
    }
}

/// Receives a message whose bodies are in place since [`fill`]: to write them is the link's work.
fn receive(session: &mut Session, packets: &[Packet<'_>]) {
    let (last, front) = packets.split_last().expect("a message has a packet");
    for packet in front {
        assert!(receive_head(session, packet).is_none());
    }
    assert!(receive_head(session, last).is_some());
}

fn receive_head(session: &mut Session, packet: &Packet<'_>) -> Option<Header> {
    let head = session.space().first_chunk_mut().expect("it has room");
    *head = black_box(packet.head);
    let message = session.received(packet.len()).expect("it keeps the rules");
    black_box(message).map(|message| message.header())
}

fn fill(session: &mut Session, packets: &[Packet<'_>]) {
    for packet in packets {
        let (_, body) = session.space().split_at_mut(Header::LEN);
        let body = body.get_mut(..packet.body.len()).expect("it has room");
        body.copy_from_slice(packet.body);
        receive_head(session, packet);
    }
}
