//! Builders of answers against decoders: what is built in any room from items that came is what came.

use std::cell::RefCell;
use std::rc::Rc;

use netipc::lookup::{Key, Lookup, LookupItem, LookupReply, LookupRequest, encode_request};
use netipc::service::Service;
use netipc::snapshot::{Snapshot, SnapshotAnswer, SnapshotReply};
use netipc::wire::{Decode, Encode, Valid, WireErrorKind, Writer};
use netipc_generated::services::{Check, every_service};
use netipc_schema::{Kind, Schema};

use crate::corpus::vectors;
use crate::{Input, Seen, Target};

/// A target for each service whose answers have items.
pub(super) fn target(schema: &Schema) -> Option<Target> {
    if matches!(schema.kind, Kind::Value(_)) {
        return None;
    }
    let types = format!("{}_response", schema.name.replace('-', "_"));
    let golden = vectors(&format!("services/{}.json", schema.name), &types);
    // Enough room, and the keys as they are.
    let seeds = golden
        .iter()
        .map(|reply| [&[0xff, 0xff, 0, 0], &reply[..]].concat());
    let (seeds, schema) = (seeds.collect(), Rc::new(schema.clone()));
    let name = format!("{}-builder", schema.name);
    Some(Target::new(name, seeds, move |bytes| {
        build(&schema.name, bytes)
    }))
}

fn build(service: &str, bytes: &[u8]) -> Seen {
    let mut input = Input::new(bytes);
    let (room, change, bare) = (input.u16().into(), input.u8(), input.flag());
    let seen = RefCell::new(Seen::default());
    let reply = input.rest();
    every_service(&Builders {
        service,
        room,
        change,
        bare,
        reply,
        seen: &seen,
    });
    seen.into_inner()
}

struct Builders<'b> {
    service: &'b str,
    room: usize,
    /// What is done to the keys of the reply before they are the request.
    change: u8,
    bare: bool,
    reply: &'b [u8],
    seen: &'b RefCell<Seen>,
}

impl Check for Builders<'_> {
    fn lookup<L: Lookup>(&self, service: &str) {
        if service == self.service {
            *self.seen.borrow_mut() = self.answer::<L>();
        }
    }

    fn snapshot<S>(&self, service: &str)
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
        for<'a> S::Request<'a>: Encode,
    {
        if service == self.service {
            *self.seen.borrow_mut() = self.all_of::<S>();
        }
    }

    fn value<S: Service>(&self, _: &str) {}
}

impl Builders<'_> {
    fn answer<L: Lookup>(&self) -> Seen {
        let Ok(reply) = LookupReply::<L>::decode(self.reply) else {
            return Seen::of("no reply");
        };
        let mut keys: Vec<Key<'_, L>> = reply.iter().map(|item| item.key()).collect();
        let changed = match self.change % 8 {
            1 => keys.pop().is_some(),
            2 => keys.first().copied().is_some_and(|key| {
                keys.push(key);
                true
            }),
            // Bare items take the key of their place.
            3 if keys.len() > 1 && !self.bare => {
                keys.swap(0, 1);
                !L::same(keys[0], keys[1])
            }
            _ => false,
        };
        let mut request = Vec::new();
        encode_request::<L>(&keys, &mut request).expect("keys that came can go");
        let request = LookupRequest::<L>::decode(&request).expect("what was written");
        let mut buf = vec![0xee; self.room];
        let mut answer = match L::answer(&request, &mut buf) {
            Ok(answer) => answer,
            Err(error) => return Seen::of("no room to begin").and_error(&error),
        };
        answer.set_generation(reply.generation);
        let mut first = None;
        for item in reply.iter() {
            let added = if self.bare && item.status() != 0 {
                answer.add_bare(item.status())
            } else {
                answer.add(&item)
            };
            let error = added.err();
            assert!(first.is_none() || error == first, "the first error stays");
            first = error;
        }
        match L::finish(answer) {
            Ok(len) => {
                assert!(first.is_none() && !changed && len <= self.room);
                self.check_answer::<L>(&reply, &buf[..len])
            }
            Err(error) => {
                let roomy = self.room >= self.reply.len() * 3 + 64;
                assert!(changed || !roomy || error.kind() != WireErrorKind::Overflow);
                Seen::of("not built").and_error(&error)
            }
        }
    }

    /// What was built says what the reply said, as far as there was room.
    fn check_answer<L: Lookup>(&self, reply: &LookupReply<'_, L>, built: &[u8]) -> Seen {
        let again = LookupReply::<L>::decode(built).expect("what is built can be read");
        assert_eq!(again.generation, reply.generation);
        assert_eq!(again.iter().count(), reply.iter().count());
        let mut whole = 0;
        for (one, other) in again.iter().zip(reply.iter()) {
            assert!(L::same(one.key(), other.key()));
            if one.status() == other.status() && !(self.bare && one.status() != 0) {
                assert_eq!(written(&one), written(&other));
                whole += 1;
            }
        }
        Seen::of("built").and_many(whole)
    }

    fn all_of<S>(&self) -> Seen
    where
        S: Snapshot + Service,
        for<'a> S::Reply<'a>: From<SnapshotReply<'a, S>>,
    {
        let Ok(valid) = Valid::<S::Reply<'_>>::decode(self.reply) else {
            return Seen::of("no reply");
        };
        let reply = SnapshotReply::<S>::of_view(valid);
        let mut buf = vec![0xee; self.room];
        let mut answer = match SnapshotAnswer::<S>::new(&mut buf) {
            Ok(answer) => answer,
            Err(error) => return Seen::of("no room to begin").and_error(&error),
        };
        answer.set(reply.header, reply.generation);
        let mut pushed = Vec::new();
        for item in reply.iter() {
            // Items of a snapshot are checked one by one.
            let Ok(item) = item else { continue };
            if answer.push(&item).is_ok() {
                pushed.push(written(&item));
            }
        }
        if self.bare {
            answer.accept_truncated();
        }
        match answer.finish() {
            Ok(len) => {
                let again =
                    Valid::<S::Reply<'_>>::decode(&buf[..len]).expect("what is built can be read");
                let again = SnapshotReply::<S>::of_view(again);
                assert_eq!(again.generation, reply.generation);
                let items = again
                    .iter()
                    .map(|item| written(&item.expect("it was checked")));
                assert!(items.eq(pushed.iter().cloned()));
                Seen::of("built").and_many(pushed.len())
            }
            Err(error) => Seen::of("not built").and_error(&error),
        }
    }
}

fn written(value: &impl Encode) -> Vec<u8> {
    let mut out = vec![0; value.size()];
    value
        .encode(&mut Writer::new(&mut out))
        .expect("what was taken can be written");
    out
}
