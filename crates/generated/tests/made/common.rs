//! What the schemas say.

use std::path::{Path, PathBuf};

use netipc::wire::{Encode, Writer};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::{Kind, Record, Schema, load};

/// What a codec makes of bytes: the records it read, as they are written, or the verdict.
pub(crate) type Read = Result<Vec<Vec<u8>>, String>;

pub(crate) const NAMES: [&str; 7] = [
    "apps-lookup",
    "cgroups-lookup",
    "cgroups-snapshot",
    "increment",
    "ip-to-asn",
    "pid-traffic",
    "string-reverse",
];

pub(crate) fn ours(schema: &Schema, way: Way, bytes: &[u8]) -> Read {
    let read = schema.decode(way, bytes);
    let Message { head, items } = read.map_err(|error| format!("{:?}", error.kind()))?;
    let written = |record: &Record, values: &[Value]| record.encode(values).unwrap_or_default();
    let items = items.iter();
    Ok(match (&schema.kind, way) {
        (Kind::Value(kind), Way::Request) => vec![written(&kind.request, &head)],
        (Kind::Value(kind), Way::Response) => vec![written(&kind.response, &head)],
        (Kind::Snapshot(kind), Way::Request) => vec![written(&kind.request, &head)],
        (Kind::Snapshot(kind), Way::Response) => {
            items.map(|item| written(&kind.item, item)).collect()
        }
        (Kind::Lookup(kind), Way::Request) => {
            items.map(|key| kind.encode_key(key).unwrap()).collect()
        }
        (Kind::Lookup(kind), Way::Response) => {
            items.map(|item| written(&kind.item, item)).collect()
        }
    })
}

pub(crate) fn service(name: &str) -> Schema {
    load(services().join(format!("{name}.toml"))).unwrap()
}

pub(crate) fn services() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services")
}

/// The bytes of a record.
pub(crate) fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    let mut out = Writer::new(&mut bytes);
    value.encode(&mut out).unwrap();
    assert_eq!(out.len(), value.size());
    bytes
}

/// Nothing for an item with a NUL, which readers of snapshots accept and writers refuse.
pub(crate) fn encoded_if_clean(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    let written = value.encode(&mut Writer::new(&mut bytes));
    if written.is_ok() { bytes } else { Vec::new() }
}
