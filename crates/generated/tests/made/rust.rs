//! Generated codecs in Rust, on random and on spoilt messages.

use std::collections::BTreeSet;

use netipc::lookup::{Lookup, LookupReply, LookupRequest};
use netipc::service::{
    Service, apps_lookup, cgroups_lookup, cgroups_snapshot, increment, string_reverse,
};
use netipc::snapshot::{Snapshot, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireError, Writer};
use netipc_generated::{drawn, ip_to_asn, pid_traffic};
use netipc_schema::codec::Way;
use netipc_schema::random::{Random, spoil};
use netipc_schema::{Schema, load};

use crate::common::{Read, ours, service};

fn lookup<L: Lookup>(schema: &Schema, rounds: usize) {
    same(schema, Way::Request, rounds, |bytes| {
        let view = LookupRequest::<L>::decode(bytes)?;
        Ok(view.keys().map(|key| encoded(&key)).collect())
    });
    same(schema, Way::Response, rounds, |bytes| {
        let view = LookupReply::<L>::decode(bytes)?;
        for valid in view.list().iter_valid() {
            assert_eq!(
                encoded(&valid.view()),
                encoded(&L::Item::decode(valid.bytes())?)
            );
        }
        Ok(view.iter().map(|item| encoded(&item)).collect())
    });
}

fn snapshot<S>(schema: &Schema, rounds: usize)
where
    S: Snapshot + Service,
    for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
    for<'a> S::Request<'a>: Encode,
{
    same(schema, Way::Request, rounds, |bytes| {
        S::Request::decode(bytes).map(|request| vec![encoded(&request)])
    });
    same(schema, Way::Response, rounds, |bytes| {
        let reply = SnapshotReply::<S>::of_view(Valid::<S::Reply<'_>>::decode(bytes)?);
        let items: Result<Vec<_>, WireError> = reply.iter().collect();
        let read = items?.iter().map(encoded_if_clean).collect();
        Ok(read)
    });
}

fn value<S: Service>(schema: &Schema, rounds: usize)
where
    for<'a> S::Request<'a>: Encode,
    for<'a> S::Reply<'a>: Encode,
{
    same(schema, Way::Request, rounds, |bytes| {
        let request = Valid::<S::Request<'_>>::decode(bytes)?;
        Ok(vec![encoded(&request.view())])
    });
    same(schema, Way::Response, rounds, |bytes| {
        let response = Valid::<S::Reply<'_>>::decode(bytes)?;
        Ok(vec![encoded(&response.view())])
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

/// Holds `read` against the schema; the verdicts that came up are more than one.
fn same(
    schema: &Schema,
    way: Way,
    rounds: usize,
    read: impl Fn(&[u8]) -> Result<Vec<Vec<u8>>, WireError>,
) {
    let mut random = Random::new(11);
    let mut verdicts = BTreeSet::new();
    for _ in 0..rounds {
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

#[test]
fn every_service() {
    lookup::<apps_lookup::AppsLookup>(&service("apps-lookup"), 3000);
    lookup::<cgroups_lookup::CgroupsLookup>(&service("cgroups-lookup"), 3000);
    lookup::<ip_to_asn::IpToAsn>(&service("ip-to-asn"), 3000);
    lookup::<pid_traffic::PidTraffic>(&service("pid-traffic"), 3000);
    snapshot::<cgroups_snapshot::CgroupsSnapshot>(&service("cgroups-snapshot"), 3000);
    value::<increment::Increment>(&service("increment"), 300);
    value::<string_reverse::StringReverse>(&service("string-reverse"), 1000);
}

macro_rules! lookup {
    ($module:ident, $service:ident, $file:literal) => {
        lookup::<drawn::$module::$service>(&load($file).unwrap(), 200)
    };
}

macro_rules! snapshot {
    ($module:ident, $service:ident, $file:literal) => {
        snapshot::<drawn::$module::$service>(&load($file).unwrap(), 200)
    };
}

macro_rules! value {
    ($module:ident, $service:ident, $file:literal) => {
        value::<drawn::$module::$service>(&load($file).unwrap(), 200)
    };
}

#[test]
fn services_that_were_drawn() {
    netipc_generated::drawn_cases!();
}
