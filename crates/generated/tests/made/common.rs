//! What the schemas say.

use std::path::{Path, PathBuf};

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
