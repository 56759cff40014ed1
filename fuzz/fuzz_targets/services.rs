//! The decoders of every service, on any bytes. They say what the schema of the service says. Whatever decodes is read
//! again by its proof, without checks, which must give the same; and is written again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc::lookup::{Lookup, LookupItem, LookupReply, LookupRequest};
use netipc::service::Service;
use netipc::snapshot::{Snapshot, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError, Writer};
use netipc_generated::services::{Check, SCHEMAS, every_service};
use netipc_schema::codec::Way;
use netipc_schema::{Schema, parse};

thread_local! {
    static READ: Vec<Schema> = SCHEMAS
        .iter()
        .map(|text| parse("services", text).expect("the services are checked"))
        .collect();
}

fuzz_target!(|bytes: &[u8]| every_service(&Bytes(bytes)));

/// What every service is given.
struct Bytes<'b>(&'b [u8]);

impl Check for Bytes<'_> {
    fn lookup<L: Lookup>(&self, service: &str) {
        self.same(service, Way::Request, |bytes| request::<L>(bytes));
        self.same(service, Way::Response, |bytes| reply::<L>(bytes));
    }

    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        self.same(service, Way::Request, |bytes| {
            value::<S::Request<'_>>(bytes)
        });
        self.same(service, Way::Response, |bytes| {
            let reply = SnapshotReply::<S>::of_view(Valid::<S::Reply<'_>>::decode(bytes)?);
            for (item, decoded) in reply.list().iter().zip(reply.iter()) {
                let item = Valid::<S::Item<'_>>::decode(item)?.view();
                // A name may hold a NUL when it comes, and may not when it goes.
                assert_eq!(written(&item).ok(), written(&decoded?).ok());
            }
            Ok(())
        });
    }

    fn value<S: Service>(&self, service: &str)
    where
        for<'a> S::Request<'a>: Encode,
        for<'a> S::Reply<'a>: Encode,
    {
        self.same(service, Way::Request, |bytes| {
            value::<S::Request<'_>>(bytes)
        });
        self.same(service, Way::Response, |bytes| value::<S::Reply<'_>>(bytes));
    }
}

impl Bytes<'_> {
    /// The decoder and the schema give the same verdict.
    fn same(&self, service: &str, way: Way, read: impl FnOnce(&[u8]) -> Result<(), WireError>) {
        let found = read(self.0).map_err(|error| error.kind());
        READ.with(|schemas| {
            let mut schemas = schemas.iter();
            let schema = schemas.find(|schema| schema.name == service);
            let schema = schema.expect("every service has a schema");
            let wanted = schema.decode(way, self.0).map(drop);
            assert_eq!(
                found,
                wanted.map_err(|error| error.kind()),
                "{service} {way}"
            );
        });
    }
}

fn value<'a, V: Decode<'a> + Encode>(bytes: &'a [u8]) -> Result<(), WireError> {
    let again = Valid::<V>::decode(bytes)?.view();
    written(&again).expect("what came can go");
    Ok(())
}

fn request<L: Lookup>(bytes: &[u8]) -> Result<(), WireError> {
    let request = Valid::<LookupRequest<'_, L>>::decode(bytes)?.view();
    for key in request.keys() {
        written(&key).expect("a key that came can go");
    }
    // Any budget, also one that is too short for the answer.
    let mut buf = vec![0; bytes.len()];
    if let Ok(mut answer) = L::answer(&request, &mut buf) {
        while answer.remaining() > 0 && answer.add_bare(1).is_ok() {}
        let _ = L::finish(answer);
    }
    Ok(())
}

fn reply<L: Lookup>(bytes: &[u8]) -> Result<(), WireError> {
    let reply = Valid::<LookupReply<'_, L>>::decode(bytes)?.view();
    for item in reply.iter() {
        let out = written(&item).expect("an item that came can go");
        let again = Valid::<L::Item<'_>>::decode(&out).expect("what was written");
        assert_eq!(again.view().size(), item.size());
        assert!(L::same(again.view().key(), item.key()));
    }
    Ok(())
}

fn written(value: &impl Encode) -> Result<Vec<u8>, WireError> {
    let mut out = vec![0; value.size()];
    value.encode(&mut Writer::new(&mut out))?;
    Ok(out)
}
