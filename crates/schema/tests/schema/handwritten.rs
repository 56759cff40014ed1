//! The codec that works from schemas and the hand-written ones of the five kinds say the same of
//! random and spoilt messages.

use std::collections::BTreeSet;

use netipc::lookup::{Lookup, LookupReply, LookupRequest};
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::cgroups_snapshot::{CgroupsRequest, CgroupsResponseView};
use netipc::service::string_reverse::Text;
use netipc::wire::{Decode, Encode, WireError, Writer};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Kind, Record, Schema};

use crate::common::{hex, schema};

const ROUNDS: usize = 3000;

/// What a codec makes of bytes: the records it read, as they are written, or the verdict.
type Read = Result<Vec<Vec<u8>>, String>;

#[test]
fn increment() {
    let read = |bytes: &[u8]| u64::decode(bytes).map(|value| vec![encoded(&value)]);
    same("increment", Way::Request, read);
    same("increment", Way::Response, read);
}

#[test]
fn string_reverse() {
    let read = |bytes: &[u8]| Text::decode(bytes).map(|text| vec![encoded(&text)]);
    same("string-reverse", Way::Request, read);
    same("string-reverse", Way::Response, read);
}

#[test]
fn cgroups_snapshot() {
    same("cgroups-snapshot", Way::Request, |bytes| {
        CgroupsRequest::decode(bytes).map(|_| Vec::new())
    });
    same("cgroups-snapshot", Way::Response, |bytes| {
        let view = CgroupsResponseView::decode(bytes)?;
        let read: Result<Vec<_>, WireError> = view.iter().collect();
        let written = read?.iter().map(encoded_if_clean).collect();
        Ok(written)
    });
}

#[test]
fn cgroups_lookup() {
    lookup::<CgroupsLookup>("cgroups-lookup");
}

#[test]
fn apps_lookup() {
    lookup::<AppsLookup>("apps-lookup");
}

fn lookup<L: Lookup>(name: &str) {
    same(name, Way::Request, |bytes| {
        let view = LookupRequest::<L>::decode(bytes)?;
        Ok(view.keys().map(|key| encoded(&key)).collect())
    });
    same(name, Way::Response, |bytes| {
        let view = LookupReply::<L>::decode(bytes)?;
        Ok(view.iter().map(|item| encoded(&item)).collect())
    });
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    value.encode(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

/// Nothing for an item with a NUL, which readers of snapshots accept and writers refuse.
fn encoded_if_clean(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    let written = value.encode(&mut Writer::new(&mut bytes));
    if written.is_ok() { bytes } else { Vec::new() }
}

/// Holds `read` against the schema.
fn same(name: &str, way: Way, read: impl Fn(&[u8]) -> Result<Vec<Vec<u8>>, WireError>) {
    let (schema, mut random) = (schema(name), Random::new(7));
    let mut verdicts = BTreeSet::new();
    for _ in 0..ROUNDS {
        let message = schema.random_message(way, &mut random);
        let whole = schema.encode(way, &message).unwrap();
        let spoilt = spoil(&whole, &mut random);
        for bytes in [whole, spoilt] {
            let theirs: Read = read(&bytes).map_err(|error| format!("{:?}", error.kind()));
            let ours = ours(&schema, way, &bytes);
            assert_eq!(ours, theirs, "{name} {way} {}", hex(&bytes));
            verdicts.insert(ours.err());
        }
    }
    assert!(verdicts.len() > 1, "{name} {way}: {verdicts:?}");
}

fn ours(schema: &Schema, way: Way, bytes: &[u8]) -> Read {
    let read = schema.decode(way, bytes);
    let Message { head, items } = read.map_err(|error| format!("{:?}", error.kind()))?;
    let written = |record: &Record, values: &[Value]| record.encode(values).unwrap_or_default();
    let items = items.iter();
    Ok(match (&schema.kind, way) {
        (Kind::Value(kind), Way::Request) => vec![written(&kind.request, &head)],
        (Kind::Value(kind), Way::Response) => vec![written(&kind.response, &head)],
        (Kind::Snapshot(kind), _) => items.map(|item| written(&kind.item, item)).collect(),
        (Kind::Lookup(kind), Way::Request) => {
            items.map(|key| kind.encode_key(key).unwrap()).collect()
        }
        (Kind::Lookup(kind), Way::Response) => {
            items.map(|item| written(&kind.item, item)).collect()
        }
    })
}
