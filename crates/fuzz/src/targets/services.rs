//! The decoders of every service, on any bytes. They say what the schema of the service says: the same verdict, and the
//! same records, each field of which is read when they are written again.

use std::cell::RefCell;
use std::rc::Rc;

use netipc::lookup::{Key, Lookup, LookupItem, LookupReply, LookupRequest};
use netipc::service::Service;
use netipc::snapshot::{Snapshot, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError, Writer};
use netipc_generated::services::{Check, every_service};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::{Kind, Record, Schema};

use crate::corpus::vectors;
use crate::{Seen, Target};

/// Records as they are written; none of one that may come and not go.
type Records = Vec<Option<Vec<u8>>>;

/// A target for each way.
pub(super) fn targets(schema: &Schema) -> [Target; 2] {
    let schema = Rc::new(schema.clone());
    [Way::Request, Way::Response].map(|way| {
        let schema = Rc::clone(&schema);
        let types = format!("{}_{way}", schema.name.replace('-', "_"));
        let seeds = vectors(&format!("services/{}.json", schema.name), &types);
        let name = format!("{}-{way}", schema.name);
        Target::new(name, seeds, move |bytes| read(&schema, way, bytes))
    })
}

fn read(schema: &Schema, way: Way, bytes: &[u8]) -> Seen {
    let found = RefCell::new(None);
    every_service(&Decoders {
        schema,
        way,
        bytes,
        found: &found,
    });
    let found = found.into_inner().expect("every service has a decoder");
    let wanted = schema.decode(way, bytes);
    match (found, wanted) {
        (Ok(records), Ok(message)) => {
            assert_eq!(records, records_of(schema, way, &message));
            let written = schema.encode(way, &message);
            match &written {
                Ok(again) => assert_eq!(schema.decode(way, again).as_ref(), Ok(&message)),
                // Readers of snapshots accept NULs, which writers refuse.
                Err(_) => assert!(matches!(schema.kind, Kind::Snapshot(_))),
            }
            Seen::of("accepted")
                .and(written.is_ok())
                .and_many(records.len())
        }
        (Err(error), Err(malformed)) => {
            assert_eq!(
                error.kind(),
                malformed.kind(),
                "{error}, and by the schema {malformed}"
            );
            Seen::of("refused").and_error(&error)
        }
        (Ok(_), Err(malformed)) => panic!("accepted, and by the schema {malformed}"),
        (Err(error), Ok(_)) => panic!("{error}, and accepted by the schema"),
    }
}

/// The records of a message, as the schema writes them.
fn records_of(schema: &Schema, way: Way, message: &Message) -> Records {
    let Message { head, items } = message;
    let one = |record: &Record, values: &[Value]| record.encode(values).ok();
    match (&schema.kind, way) {
        (Kind::Value(kind), Way::Request) => vec![one(&kind.request, head)],
        (Kind::Value(kind), Way::Response) => vec![one(&kind.response, head)],
        (Kind::Snapshot(kind), Way::Request) => vec![one(&kind.request, head)],
        (Kind::Snapshot(kind), Way::Response) => {
            items.iter().map(|item| one(&kind.item, item)).collect()
        }
        (Kind::Lookup(kind), Way::Request) => {
            items.iter().map(|key| kind.encode_key(key).ok()).collect()
        }
        (Kind::Lookup(kind), Way::Response) => {
            items.iter().map(|item| one(&kind.item, item)).collect()
        }
    }
}

/// The decoder of the schema's service.
struct Decoders<'d> {
    schema: &'d Schema,
    way: Way,
    bytes: &'d [u8],
    found: &'d RefCell<Option<Result<Records, WireError>>>,
}

impl Decoders<'_> {
    fn one(&self, service: &str, read: impl FnOnce(&[u8]) -> Result<Records, WireError>) {
        if service == self.schema.name {
            *self.found.borrow_mut() = Some(read(self.bytes));
        }
    }
}

impl Check for Decoders<'_> {
    fn lookup<L: Lookup>(&self, service: &str) {
        self.one(
            service,
            match self.way {
                Way::Request => |bytes: &[u8]| keys::<L>(bytes),
                Way::Response => |bytes: &[u8]| items::<L>(bytes),
            },
        );
    }

    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        self.one(
            service,
            match self.way {
                Way::Request => |bytes: &[u8]| value::<S::Request<'_>>(bytes),
                Way::Response => |bytes: &[u8]| snapshot::<S>(bytes),
            },
        );
    }

    fn value<S: Service>(&self, service: &str)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode,
    {
        self.one(
            service,
            match self.way {
                Way::Request => |bytes: &[u8]| value::<S::Request<'_>>(bytes),
                Way::Response => |bytes: &[u8]| value::<S::Reply<'_>>(bytes),
            },
        );
    }
}

fn value<'a, V: Decode<'a> + Encode>(bytes: &'a [u8]) -> Result<Records, WireError> {
    if V::decodes(bytes) {
        V::decode(bytes).expect("who looks quickly is never wrong");
    }
    let again = Valid::<V>::decode(bytes)?.view();
    Ok(vec![written(&again)])
}

fn keys<L: Lookup>(bytes: &[u8]) -> Result<Records, WireError> {
    let request = Valid::<LookupRequest<'_, L>>::decode(bytes)?.view();
    let keys: Vec<Key<'_, L>> = request.keys().collect();
    let mut again = Vec::new();
    netipc::lookup::encode_request::<L>(&keys, &mut again).expect("keys that came can go");
    let same = LookupRequest::<L>::decode(&again).expect("what was written");
    assert!(
        same.keys()
            .zip(&keys)
            .all(|(one, other)| L::same(one, *other))
    );
    assert_eq!(same.keys().count(), keys.len());
    Ok(keys.iter().map(written).collect())
}

fn items<L: Lookup>(bytes: &[u8]) -> Result<Records, WireError> {
    let reply = Valid::<LookupReply<'_, L>>::decode(bytes)?.view();
    let mut records = Records::new();
    for item in reply.iter() {
        let out = written(&item).expect("an item that came can go");
        let again = Valid::<L::Item<'_>>::decode(&out).expect("what was written");
        assert!(L::same(again.view().key(), item.key()));
        assert_eq!(written(&again.view()).as_ref(), Some(&out));
        records.push(Some(out));
    }
    Ok(records)
}

fn snapshot<S>(bytes: &[u8]) -> Result<Records, WireError>
where
    S: Snapshot + Service,
    for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
    for<'a> S::Request<'a>: Encode,
{
    let reply = SnapshotReply::<S>::of_view(Valid::<S::Reply<'_>>::decode(bytes)?);
    let mut records = Records::new();
    for (item, decoded) in reply.list().iter().zip(reply.iter()) {
        let item = written(&Valid::<S::Item<'_>>::decode(item)?.view());
        assert_eq!(item, written(&decoded?));
        records.push(item);
    }
    Ok(records)
}

/// Its bytes. A name may hold a NUL when it comes, and may not when it goes.
fn written(value: &impl Encode) -> Option<Vec<u8>> {
    let mut out = vec![0; value.size()];
    let mut writer = Writer::new(&mut out);
    value.encode(&mut writer).ok()?;
    assert_eq!(writer.len(), value.size());
    Some(out)
}
