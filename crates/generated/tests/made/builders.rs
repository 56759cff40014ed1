//! What builders make of random items in too little room, for too many keys, or for others: the same in
//! Rust and in Go.

use std::cell::RefCell;
use std::collections::BTreeSet;

use netipc::lookup::{
    Key, Lookup, LookupItem, LookupReply, LookupRequest, encode_request, write_request,
};
use netipc::service::Service;
use netipc::snapshot::{Snapshot, SnapshotAnswer, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError};
use netipc_generated::services::{Check, every_service};
use netipc_schema::codec::Way;
use netipc_schema::random::{Random, spoil};

use crate::common::service as schema_of;

/// So many lists of items for each service.
const ROUNDS: usize = 400;

/// What Go is asked, what it has to say, and which verdicts came up.
#[derive(Debug, Default)]
pub(crate) struct Built {
    pub(crate) lines: Vec<(String, String)>,
    pub(crate) verdicts: BTreeSet<String>,
}

/// Everything that is asked of builders: of packages of their own and of the module's.
pub(crate) fn built() -> Built {
    let builders = Builders(RefCell::default());
    every_service(&builders);
    builders.0.into_inner()
}

struct Builders(RefCell<Built>);

impl Check for Builders {
    // Rules C26, C29, C31.
    fn lookup<L: Lookup>(&self, service: &str) {
        let schema = schema_of(service);
        let mut random = Random::new(7);
        for _ in 0..ROUNDS {
            let mut draw = || {
                let message = schema.random_message(Way::Response, &mut random);
                schema.encode(Way::Response, &message).unwrap()
            };
            let (reply, other) = (draw(), draw());
            let request = asked::<L>(&reply, &other, &mut random);
            let bare = random.once_in(2);
            let room = room(reply.len(), &mut random);
            let said = answer::<L>(&request, &reply, room, bare);
            let bare = u8::from(bare);
            let asked = format!("build {room} {bare} {} {}", hex(&request), hex(&reply));
            self.said(service, &asked, said);
            let room = self::room(request.len(), &mut random);
            let said = question::<L>(&request, room);
            self.said(service, &format!("request {room} {}", hex(&request)), said);
        }
    }

    // Rules C7, C8.
    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        let schema = schema_of(service);
        let mut random = Random::new(7);
        for _ in 0..ROUNDS {
            let message = schema.random_message(Way::Response, &mut random);
            let mut reply = schema.encode(Way::Response, &message).unwrap();
            // Readers of snapshots take a NUL inside a text, writers do not.
            if random.once_in(4) {
                let spoilt = spoil(&reply, &mut random);
                if schema.decode(Way::Response, &spoilt).is_ok() {
                    reply = spoilt;
                }
            }
            let room = room(reply.len(), &mut random);
            let read = Valid::<S::Reply<'_>>::decode(&reply).map(SnapshotReply::<S>::of_view);
            let truncated = random.once_in(2);
            let said = all_of(read.unwrap(), room, truncated);
            let truncated = u8::from(truncated);
            self.said(
                service,
                &format!("build {room} {truncated} - {}", hex(&reply)),
                said,
            );
        }
    }

    fn value<S: Service>(&self, _: &str) {}
}

impl Builders {
    /// Notes what Rust says to the line.
    fn said(&self, service: &str, asked: &str, said: Result<Vec<u8>, (WireError, usize)>) {
        let mut built = self.0.borrow_mut();
        let verdict = match &said {
            Ok(_) => "ok".to_owned(),
            Err((error, _)) => format!("{:?}", error.kind()),
        };
        let said = match said {
            Ok(bytes) => format!("ok {}", hex(&bytes)),
            Err((_, items)) => format!("{verdict} {items}"),
        };
        let what = asked.split(' ').next().unwrap_or_default();
        built.verdicts.insert(format!("{what} {verdict}"));
        let line = format!("{} {asked}", service.replace('-', "_"));
        built.lines.push((line, said));
    }
}

/// The request that the reply answers, or nearly so: with a key more, less or another.
fn asked<L: Lookup>(reply: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let reply = LookupReply::<L>::decode(reply).unwrap();
    let other = LookupReply::<L>::decode(other).unwrap();
    let mut keys: Vec<Key<'_, L>> = reply.iter().map(|item| item.key()).collect();
    let other = other.iter().map(|item| item.key()).next();
    match (random.below(20), other) {
        (0, Some(other)) => keys.push(other),
        (1, Some(other)) if !keys.is_empty() => keys[random.below(reply.iter().len())] = other,
        (2, _) => drop(keys.pop()),
        _ => {}
    }
    let mut request = Vec::new();
    encode_request::<L>(&keys, &mut request).unwrap();
    request
}

/// Mostly enough room, or too little in many ways.
fn room(needed: usize, random: &mut Random) -> usize {
    match random.below(8) {
        0..3 => needed,
        3 => needed + random.below(40),
        4 => needed.saturating_sub(1),
        5 => needed.saturating_sub(random.below(200)),
        6 => random.below(needed + 1),
        _ => random.below(64).min(needed),
    }
}

/// The answer to a request with the items of a reply; or the error, and how many items there were.
fn answer<L: Lookup>(
    request: &[u8],
    reply: &[u8],
    room: usize,
    bare: bool,
) -> Result<Vec<u8>, (WireError, usize)> {
    let request = LookupRequest::<L>::decode(request).unwrap();
    let reply = LookupReply::<L>::decode(reply).unwrap();
    let mut buf = vec![0xee; room];
    let mut answer = L::answer(&request, &mut buf).map_err(|error| (error, 0))?;
    answer.set_generation(reply.generation);
    let mut first = None;
    for item in reply.iter() {
        let added = if bare && item.status() != 0 {
            answer.add_bare(item.status())
        } else {
            answer.add(&item)
        };
        let error = added.err();
        if first.is_some() {
            assert_eq!(error, first, "the first error stays");
        }
        first = error;
    }
    let items = answer.item_count();
    let len = L::finish(answer).map_err(|error| (error, items))?;
    buf.truncate(len);
    Ok(buf)
}

/// A request for the same keys.
fn question<L: Lookup>(request: &[u8], room: usize) -> Result<Vec<u8>, (WireError, usize)> {
    let keys: Vec<_> = LookupRequest::<L>::decode(request)
        .unwrap()
        .keys()
        .collect();
    let mut buf = vec![0xee; room];
    let written = write_request::<L>(keys.into_iter().map(Ok), &mut buf);
    buf.truncate(written.map_err(|error| (error, 0))?);
    Ok(buf)
}

fn all_of<S: Snapshot>(
    reply: SnapshotReply<'_, S>,
    room: usize,
    truncated: bool,
) -> Result<Vec<u8>, (WireError, usize)> {
    let mut buf = vec![0xee; room];
    let mut answer = SnapshotAnswer::<S>::new(&mut buf).map_err(|error| (error, 0))?;
    answer.set(reply.header, reply.generation);
    let mut items = 0;
    for item in reply.iter() {
        items += usize::from(answer.push(&item.unwrap()).is_ok());
    }
    if truncated {
        answer.accept_truncated();
    }
    let len = answer.finish().map_err(|error| (error, items))?;
    buf.truncate(len);
    Ok(buf)
}

/// Digits, or a dash for no byte.
fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
