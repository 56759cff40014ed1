//! Generated codecs in Rust, on the golden messages: those of the deployed peers, and those that are made.

use std::fs;

use netipc::lookup::{Lookup, LookupItem, LookupReply, LookupRequest, encode_request};
use netipc::service::Service;
use netipc::snapshot::{Snapshot, SnapshotAnswer, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError};
use netipc_generated::services::{Check, every_service};
use netipc_schema::Schema;
use netipc_schema::codec::Way;
use netipc_schema::json::Json;
use serde_json::from_str;

use crate::common::{encoded, encoded_if_clean, ours, service as schema_of, services};

/// Every message is read and written, or refused with the error that it says.
struct Golden;

impl Check for Golden {
    // Rules C2, C12, C14, C15, C16, C18, C19, C21.
    fn lookup<L: Lookup>(&self, service: &str) {
        check(service, Way::Request, |bytes| {
            let keys: Vec<_> = LookupRequest::<L>::decode(bytes)?.keys().collect();
            let mut again = Vec::new();
            encode_request::<L>(&keys, &mut again)?;
            Ok((keys.iter().map(encoded).collect(), Some(again)))
        });
        check(service, Way::Response, |bytes| {
            let reply = LookupReply::<L>::decode(bytes)?;
            let items = reply.iter().map(|item| encoded(&item)).collect();
            // Only builders say that there was no room.
            let whole = reply.iter().all(|item| item.status() != L::Item::EXCEEDED);
            let again = whole.then(|| in_room(bytes.len(), |buf| answer(reply, buf)));
            // One byte less than it takes is too little.
            if whole && !reply.is_empty() {
                let short = bytes.len() - 1;
                assert_ne!(in_room(short, |buf| answer(reply, buf)), bytes);
            }
            Ok((items, again))
        });
    }

    // Rules C2, C6, C7, C8.
    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        check(service, Way::Request, |bytes| {
            let request = encoded(&S::Request::decode(bytes)?);
            Ok((vec![request.clone()], Some(request)))
        });
        check(service, Way::Response, |bytes| {
            let reply = SnapshotReply::<S>::of_view(Valid::<S::Reply<'_>>::decode(bytes)?);
            let items: Vec<_> = reply.iter().collect::<Result<_, _>>()?;
            let again = in_room(bytes.len(), |buf| all_of(reply, &items, buf));
            let short = bytes.len() - 1;
            assert!(in_room(short, |buf| all_of(reply, &items, buf)).is_empty());
            Ok((items.iter().map(encoded_if_clean).collect(), Some(again)))
        });
    }

    // Rules C4, C5.
    fn value<S: Service>(&self, service: &str)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode,
    {
        check(service, Way::Request, |bytes| {
            let request = encoded(&S::Request::decode(bytes)?);
            Ok((vec![request.clone()], Some(request)))
        });
        check(service, Way::Response, |bytes| {
            let response = encoded(&S::Reply::decode(bytes)?);
            Ok((vec![response.clone()], Some(response)))
        });
    }
}

/// The records of a message, and the message once more where code can write it.
type Written = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// Holds `read` against every golden message of the service.
fn check(service: &str, way: Way, read: impl Fn(&[u8]) -> Result<Written, WireError>) {
    let schema = &schema_of(service);
    let (mut good, mut refused) = (0, 0);
    for (message, bytes) in messages(schema, way) {
        let name = text(&message, "name");
        let found = read(&bytes);
        if let Some(Json::Text(error)) = message.get("error") {
            let kind = found.map_err(|error| format!("{:?}", error.kind()));
            assert_eq!(kind.unwrap_err(), *error, "{name}");
            refused += 1;
            continue;
        }
        let (records, again) = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Ok(records), ours(schema, way, &bytes), "{name}");
        if let Some(again) = again {
            assert_eq!(again, bytes, "{name}");
        }
        good += 1;
    }
    assert!(good > 0, "{} {way}: {good} good", schema.name);
    assert!(refused > 0, "{} {way}: {refused} refused", schema.name);
}

/// The answer to the keys of a reply with its items.
fn answer<L: Lookup>(reply: LookupReply<'_, L>, buf: &mut [u8]) -> Result<usize, WireError> {
    let keys: Vec<_> = reply.iter().map(|item| item.key()).collect();
    let mut request = Vec::new();
    encode_request::<L>(&keys, &mut request)?;
    let mut answer = L::answer(&LookupRequest::<L>::decode(&request)?, buf)?;
    answer.set_generation(reply.generation);
    reply.iter().try_for_each(|item| answer.add(&item))?;
    L::finish(answer)
}

fn all_of<S: Snapshot>(
    reply: SnapshotReply<'_, S>,
    items: &[S::Item<'_>],
    buf: &mut [u8],
) -> Result<usize, WireError> {
    let mut answer = SnapshotAnswer::<S>::new(buf)?;
    answer.set(reply.header, reply.generation);
    items.iter().try_for_each(|item| answer.push(item))?;
    answer.finish()
}

/// What is written to as much room; nothing where it does not fit.
fn in_room(room: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, WireError>) -> Vec<u8> {
    // What writers leave as it was is seen.
    let mut buf = vec![0xee; room];
    let len = write(&mut buf).unwrap_or_default();
    buf.truncate(len);
    buf
}

/// The golden messages of a service.
fn messages(schema: &Schema, way: Way) -> Vec<(Json, Vec<u8>)> {
    let vectors = services().join("../vectors");
    let files = [
        vectors.join("codec.json"),
        vectors.join(format!("services/{}.json", schema.name)),
    ];
    let rows = files.iter().flat_map(|file| {
        let text = fs::read_to_string(file).unwrap();
        match from_str(&text).unwrap() {
            Json::List(rows) => rows,
            other => panic!("{other:?} is no list"),
        }
    });
    let name = schema.name.replace('-', "_");
    // Values that are asked and answered alike have one type for both.
    let types = [format!("{name}_{way}"), name];
    rows.filter(|row| types.contains(&text(row, "type")))
        .map(|row| (row.clone(), unhex(&text(&row, "hex"))))
        .collect()
}

fn text(row: &Json, name: &str) -> String {
    match row.get(name) {
        Some(Json::Text(text)) => text.clone(),
        _ => panic!("no {name} in {row:?}"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn golden_messages_are_read_and_written() {
    every_service(&Golden);
}
