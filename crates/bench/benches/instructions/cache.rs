//! Lookups in a cache, and the table behind them.

use std::hint::black_box;
use std::sync::Arc;

use netipc::cache::{Cached, Fetched};
use netipc::service::cgroups::{
    CgroupKey, CgroupsBuilder, CgroupsHeader, CgroupsItemView, CgroupsRequest, CgroupsResponseView,
    CgroupsSnapshot,
};
use netipc::service::{Method, Service};
use netipc::transport::Wait;
use netipc::transport::memory::MemoryTransport;
use netipc::untyped::AnyClient;
use netipc::wire::{ListRules, Packed, Valid, WireError};
use netipc::{Cache, CallError, Client, ClientConfig, simple_hash};

use crate::case::Case;
use crate::codec::{snapshot_name, snapshot_reply};

/// Bytes in front of a snapshot's directory.
const SNAPSHOT_HEADER_LEN: usize = 24;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![build(10_000), follow(16), pin()];
    for count in [16, 10_000] {
        cases.push(lookup("hit", count, 0, true));
        cases.push(lookup("miss", count, count, false));
    }
    cases
}

/// As many names as there are items, from number `from` on, in an answer that was pinned before.
fn lookup(what: &str, count: u32, from: u32, found: bool) -> Case {
    Case::new(format!("cache/{count} items/{what}"), count, move || {
        let (cache, names) = (filled(count), names(from, count));
        move || {
            let guard = cache.read();
            for name in &names {
                let item = guard.get(black_box(key(name)));
                assert_eq!(black_box(item).is_some(), found);
            }
        }
    })
}

/// Every name once, each in the newest answer.
fn follow(count: u32) -> Case {
    Case::new(format!("cache/{count} items/follow"), count, move || {
        let (mut follower, names) = (filled(count).follow(), names(0, count));
        move || {
            for name in &names {
                let item = follower.get(black_box(key(name)));
                assert!(black_box(item).is_some());
            }
        }
    })
}

fn pin() -> Case {
    Case::new("cache/pin".to_owned(), 1, || {
        let cache = filled(16);
        move || drop(black_box(cache.read()))
    })
}

/// Names and their hashes.
fn names(from: u32, count: u32) -> Vec<(u32, String)> {
    (from..from + count)
        .map(snapshot_name)
        .map(|name| (simple_hash(name.as_bytes()), name))
        .collect()
}

fn key((hash, name): &(u32, String)) -> CgroupKey<'_> {
    CgroupKey {
        hash: *hash,
        name: name.as_str().into(),
    }
}

/// A refresh whose answer is there already. The attempt to connect that precedes it fails at once,
/// and its share is lost among so many items.
fn build(count: u32) -> Case {
    Case::new(format!("cache/{count} items/build"), count, move || {
        let mut cache = filled(count);
        move || assert!(black_box(&mut cache).refresh())
    })
}

fn filled(count: u32) -> Cache<Canned> {
    let reply = snapshot_reply(count).leak();
    let items =
        Packed::parse(reply, SNAPSHOT_HEADER_LEN, count, ListRules::BATCH).expect("it is valid");
    let nowhere = Arc::new(MemoryTransport::new());
    let config = ClientConfig::default();
    let client = Client::with_transport(nowhere, "/", "bench", config);
    let mut cache = Cache::of(client, items);
    assert!(cache.refresh());
    cache
}

/// The snapshot service, with an answer that needs no server.
struct Canned;

impl Service for Canned {
    const METHOD: Method = CgroupsSnapshot::METHOD;
    type Argument<'r> = CgroupsRequest;
    type Request<'a> = CgroupsRequest;
    type Reply<'a> = CgroupsResponseView<'a>;
    type Answer<'a> = CgroupsBuilder<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &CgroupsRequest,
        wait: &Wait<'_>,
    ) -> Result<CgroupsResponseView<'c>, CallError> {
        CgroupsSnapshot::call(client, request, wait)
    }

    fn answer<'a>(
        request: &CgroupsRequest,
        buf: &'a mut [u8],
    ) -> Result<CgroupsBuilder<'a>, WireError> {
        CgroupsSnapshot::answer(request, buf)
    }

    fn finish(answer: CgroupsBuilder<'_>) -> Result<usize, WireError> {
        CgroupsSnapshot::finish(answer)
    }
}

impl Cached for Canned {
    type Query = Packed<'static>;
    type Header = CgroupsHeader;
    type Key<'k> = CgroupKey<'k>;
    type Item<'a> = CgroupsItemView<'a>;

    fn fetch<'c>(
        _: &'c mut AnyClient,
        items: &Packed<'static>,
        _: &Wait<'_>,
    ) -> Result<Fetched<'c, Self>, CallError> {
        Ok(Fetched::unchecked(1, CgroupsHeader::default(), *items))
    }

    #[inline]
    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a> {
        CgroupsSnapshot::key(item)
    }

    #[inline]
    fn hash(key: CgroupKey<'_>) -> u32 {
        CgroupsSnapshot::hash(key)
    }

    #[inline]
    fn matching<'a>(
        item: Valid<'a, CgroupsItemView<'a>>,
        key: CgroupKey<'_>,
    ) -> Option<CgroupsItemView<'a>> {
        CgroupsSnapshot::matching(item, key)
    }
}
