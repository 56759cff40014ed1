//! Generated codecs in Rust, on random and on spoilt messages.

use std::collections::BTreeSet;

use netipc::lookup::{Lookup, LookupReply, LookupRequest};
use netipc::service::Service;
use netipc::snapshot::{ByItem, Snapshot, SnapshotAnswer, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError};
use netipc_generated::drawn;
use netipc_generated::services::{Check, every_service};
use netipc_schema::codec::Way;
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Schema, load};

use crate::common::{Read, encoded, encoded_if_clean, ours, service as schema_of};

/// Says again what replies say, by the names that every kind has and by those of made ones.
fn answered_by_item<S: ByItem>(schema: &Schema) {
    let mut random = Random::new(12);
    for _ in 0..20 {
        let message = schema.random_message(Way::Response, &mut random);
        let bytes = schema.encode(Way::Response, &message).unwrap();
        let reply = SnapshotReply::<S>::decode(&bytes).unwrap();
        let said = |by_item: bool| {
            let mut buf = vec![0; bytes.len()];
            let mut answer = SnapshotAnswer::<S>::new(&mut buf)?;
            if by_item {
                answer.set_header(reply.header, reply.generation);
                reply.iter().try_for_each(|item| answer.add(&item?))?;
            } else {
                answer.set(reply.header, reply.generation);
                reply.iter().try_for_each(|item| answer.push(&item?))?;
            }
            answer.finish().map(|len| buf[..len].to_vec())
        };
        let made: Result<Vec<u8>, WireError> = said(true);
        assert_eq!(made, said(false), "{}", schema.to_toml());
        assert!(made.is_err() || made.is_ok_and(|made| made == bytes));
    }
}

/// So many messages each way, each whole and spoilt.
struct Messages(usize);

impl Check for Messages {
    fn lookup<L: Lookup>(&self, service: &str) {
        self.lookup_of::<L>(&schema_of(service));
    }

    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        self.snapshot_of::<S>(&schema_of(service));
    }

    fn value<S: Service>(&self, service: &str)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode,
    {
        self.value_of::<S>(&schema_of(service));
    }
}

impl Messages {
    // Rules C1, C13, C15, C16, C17, C18.
    fn lookup_of<L: Lookup>(&self, schema: &Schema) {
        self.same(schema, Way::Request, |bytes| {
            let view = LookupRequest::<L>::decode(bytes)?;
            Ok(view.keys().map(|key| encoded(&key)).collect())
        });
        self.same(schema, Way::Response, |bytes| {
            let view = LookupReply::<L>::decode(bytes)?;
            for valid in view.list().iter_valid() {
                assert_eq!(
                    encoded(&valid.view()),
                    encoded(&L::Item::decode(valid.bytes())?)
                );
            }
            let items: Vec<_> = view.iter().map(|item| encoded(&item)).collect();
            let again = view.valid().view();
            assert!(again.iter().map(|item| encoded(&item)).eq(items.clone()));
            Ok(items)
        });
    }

    // Rules C1, C6, C7.
    fn snapshot_of<S>(&self, schema: &Schema)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        self.same(schema, Way::Request, |bytes| {
            S::Request::decode(bytes).map(|request| vec![encoded(&request)])
        });
        self.same(schema, Way::Response, |bytes| {
            let reply = SnapshotReply::<S>::of_view(Valid::<S::Reply<'_>>::decode(bytes)?);
            let items: Result<Vec<_>, WireError> = reply.iter().collect();
            let read = items?.iter().map(encoded_if_clean).collect();
            Ok(read)
        });
    }

    // Rules C1, C4, C5.
    fn value_of<S: Service>(&self, schema: &Schema)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode,
    {
        self.same(schema, Way::Request, |bytes| {
            let request = Valid::<S::Request<'_>>::decode(bytes)?;
            Ok(vec![encoded(&request.view())])
        });
        self.same(schema, Way::Response, |bytes| {
            let response = Valid::<S::Reply<'_>>::decode(bytes)?;
            Ok(vec![encoded(&response.view())])
        });
    }

    /// Holds `read` against the schema; the verdicts that came up are more than one.
    fn same(
        &self,
        schema: &Schema,
        way: Way,
        read: impl Fn(&[u8]) -> Result<Vec<Vec<u8>>, WireError>,
    ) {
        let mut random = Random::new(11);
        let mut verdicts = BTreeSet::new();
        for _ in 0..self.0 {
            let message = schema.random_message(way, &mut random);
            let whole = schema.encode(way, &message).unwrap();
            let spoilt = spoil(&whole, &mut random);
            for bytes in [whole, spoilt] {
                let theirs: Read = read(&bytes).map_err(|error| format!("{:?}", error.kind()));
                let ours = ours(schema, way, &bytes);
                assert_eq!(
                    theirs,
                    ours,
                    "{} {way} {bytes:02x?}\n{}",
                    schema.name,
                    schema.to_toml()
                );
                verdicts.insert(ours.err());
            }
        }
        assert!(verdicts.len() > 1, "{} {way}: {verdicts:?}", schema.name);
    }
}

#[test]
fn every_service_reads_what_its_schema_says() {
    every_service(&Messages(2000));
}

macro_rules! lookup {
    ($module:ident, $service:ident, $file:literal) => {
        Messages(200).lookup_of::<drawn::$module::$service>(&load($file).unwrap())
    };
}

macro_rules! snapshot {
    ($module:ident, $service:ident, $file:literal) => {{
        let schema = load($file).unwrap();
        Messages(200).snapshot_of::<drawn::$module::$service>(&schema);
        answered_by_item::<drawn::$module::$service>(&schema);
    }};
}

macro_rules! value {
    ($module:ident, $service:ident, $file:literal) => {
        Messages(200).value_of::<drawn::$module::$service>(&load($file).unwrap())
    };
}

#[test]
fn services_that_were_drawn() {
    netipc_generated::drawn_cases!();
}
