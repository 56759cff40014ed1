//! Logical lookups: any number of keys in one call, in as many requests as the limits want.

use netipc_proto::wire::{Decode, ENTRY_LEN, Encode, WireError, align8};
use netipc_transport::wait::Wait;

use super::exchange::overflow;
use super::{Client, Core, Outgoing};
use crate::config::Capacity;
use crate::error::{CallError, Failure, ProtocolError};
use crate::lookup::{
    Key, LOOKUP_HEADER_LEN, Lookup, LookupItem, LookupReply, Stitcher, Window, WindowLimits,
};
use crate::retry::{Attempts, Decision, decide};
use crate::service::Service;

impl<S: Lookup> Client<S> {
    /// Looks up any number of keys. Items come in the order of the keys, as one reply, whatever it
    /// took on the wire. No keys ask for the generation only.
    ///
    /// # Errors
    /// [`CallError`]; for a key that cannot be, before anything is sent.
    pub fn lookup<'k, K>(&mut self, keys: &[K]) -> Result<LookupReply<'_, S>, CallError>
    where
        K: Copy + TryInto<Key<'k, S>>,
        WireError: From<K::Error>,
    {
        self.lookup_within(keys, 0)
    }

    /// As [`lookup`](Self::lookup), within `timeout_ms` milliseconds; 0 is the client's own
    /// timeout.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub fn lookup_within<'k, K>(
        &mut self,
        keys: &[K],
        timeout_ms: u32,
    ) -> Result<LookupReply<'_, S>, CallError>
    where
        K: Copy + TryInto<Key<'k, S>>,
        WireError: From<K::Error>,
    {
        self.lookup_as::<S, K>(keys, timeout_ms)
    }
}

impl<S: Service> Client<S> {
    /// As [`lookup_within`](Self::lookup_within), in the words of another service: for bindings to
    /// languages where one type of client speaks to every service.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub fn lookup_as<'k, T, K>(
        &mut self,
        keys: &[K],
        timeout_ms: u32,
    ) -> Result<LookupReply<'_, T>, CallError>
    where
        T: Lookup,
        K: Copy + TryInto<Key<'k, T>>,
        WireError: From<K::Error>,
    {
        let wait = self.core.begin(self.within(timeout_ms), &self.abort);
        let mut run = Run::<T, K> {
            core: &mut self.core,
            stitcher: &mut self.stitcher,
            keys,
            progress: Progress::default(),
            _service: std::marker::PhantomData,
        };
        let done = run.perform(&wait);
        let direct = done.as_ref().is_ok_and(|shape| *shape == Shape::Direct);
        self.core.finish(done.map(drop))?;
        let payload = if direct {
            self.core.payload()
        } else {
            self.stitcher.payload()
        };
        LookupReply::trusted(payload).map_err(|error| self.core.malformed(error))
    }
}

/// Where the reply stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    /// One response answered everything: it is the reply.
    Direct,
    /// In the stitcher.
    Stitched,
}

/// One logical lookup on its way.
struct Run<'c, S, K> {
    core: &'c mut Core,
    stitcher: &'c mut Stitcher,
    keys: &'c [K],
    progress: Progress,
    _service: std::marker::PhantomData<fn() -> S>,
}

/// How far a lookup has come.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Keys that have their item.
    done: usize,
    /// Of the first response.
    generation: Option<u64>,
    /// Requests sent.
    subcalls: usize,
    /// Most keys of the next request.
    most: usize,
    /// What `most` does not grow beyond.
    ceiling: usize,
    /// Bytes of an item, as the last response had them.
    item: usize,
    /// Whether the next key is asked for alone: beside others it was judged too large.
    alone: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            done: 0,
            generation: None,
            subcalls: 0,
            most: usize::MAX,
            ceiling: usize::MAX,
            item: 0,
            alone: false,
        }
    }
}

impl<'c, 'k, S, K> Run<'c, S, K>
where
    S: Lookup,
    K: Copy + TryInto<Key<'k, S>>,
    WireError: From<K::Error>,
{
    fn perform(&mut self, wait: &Wait<'_>) -> Result<Shape, Failure> {
        let wanted = self.check_keys()?;
        self.core.aim(wanted, wait)?;
        self.stitcher.start(self.keys.len());
        let mut attempts = Attempts::default();
        while self.progress.done < self.keys.len() || self.progress.generation.is_none() {
            let window = self.next_window();
            if window.keys == 0 && self.progress.done < self.keys.len() {
                self.widen_or_give_up_key(wait)?;
                continue;
            }
            match self.ask(window, wait) {
                Ok(Some(shape)) => return Ok(shape),
                Ok(None) => {}
                Err(Failure::LimitExceeded { .. }) if window.keys > 1 => {
                    self.narrow(window, wait)?
                }
                Err(failure) => {
                    // A provider that came back may have other data: what it said before counts no
                    // more.
                    let again = decide(&failure, attempts) == Decision::Reconnect;
                    attempts = self.core.recover(failure, attempts, wait)?;
                    if again {
                        let subcalls = self.progress.subcalls;
                        self.progress = Progress {
                            subcalls,
                            ..Progress::default()
                        };
                        self.stitcher.start(self.keys.len());
                    }
                }
            }
        }
        self.stitcher
            .finish(self.progress.generation.unwrap_or_default());
        Ok(Shape::Stitched)
    }

    /// Refuses what cannot be asked, before anything is sent. Returns what one request for all the
    /// keys and its likely reply would take.
    fn check_keys(&self) -> Result<Capacity, Failure> {
        let limits = self.core.options().lookup;
        if self.keys.len() > limits.keys {
            return Err(too_much("lookup keys", self.keys.len(), limits.keys));
        }
        let front = LOOKUP_HEADER_LEN + self.keys.len() * ENTRY_LEN;
        let (mut request, mut least, mut likely) = (front, front, front);
        for key in self.keys {
            let key: Key<'_, S> = (*key)
                .try_into()
                .map_err(|error| Failure::InvalidRequest(error.into()))?;
            request = align8(request) + key.size();
            least = align8(least) + <S::Item<'_> as LookupItem>::bare(key, 0).size();
            likely = align8(likely) + S::reply_estimate(key);
        }
        match least > limits.bytes {
            true => Err(too_much("bytes of a lookup reply", least, limits.bytes)),
            false => Ok(Capacity {
                response_bytes: u32::try_from(WindowLimits::with_slack(likely)).unwrap_or(u32::MAX),
                ..Capacity::of_request(request, 1)
            }),
        }
    }

    fn next_window(&self) -> Window {
        let agreed = self.core.agreed();
        let Progress {
            alone, most, item, ..
        } = self.progress;
        let limits = WindowLimits {
            keys: if alone { 1 } else { most },
            request: agreed.request_bytes as usize,
            reply: agreed.response_bytes as usize,
            item,
        };
        Window::fill::<S>(self.rest(), limits)
    }

    /// The keys that have no item yet.
    fn rest(&self) -> impl Iterator<Item = Key<'k, S>> + use<'c, 'k, S, K> {
        let rest = self.keys.get(self.progress.done..).unwrap_or_default();
        rest.iter().map_while(|key| (*key).try_into().ok())
    }

    /// The next key fits no request: makes room for it, or answers it here where no room can be
    /// had.
    fn widen_or_give_up_key(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        let Some(key) = self.rest().next() else {
            // It was one when the call began, and somebody has written over it since.
            let (keys, done) = (self.keys.len() as u64, self.progress.done as u64);
            return Err(Failure::InvalidRequest(WireError::layout(
                "keys", keys, done,
            )));
        };
        let bytes = LOOKUP_HEADER_LEN + ENTRY_LEN + key.size();
        match self.core.make_room(Capacity::of_request(bytes, 1), wait) {
            Ok(()) => Ok(()),
            Err(Failure::Overflow { .. }) => {
                let oversized = <S::Item<'_> as LookupItem>::OVERSIZED;
                let item = <S::Item<'_> as LookupItem>::bare(key, oversized);
                self.stitcher.push(&item).map_err(Failure::InvalidRequest)?;
                self.progress.done += 1;
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Asks for the keys of `window` and takes what comes. Gives the shape of the reply when this
    /// response is all of it.
    fn ask(&mut self, window: Window, wait: &Wait<'_>) -> Result<Option<Shape>, Failure> {
        self.progress.subcalls += 1;
        let most = self.core.options().lookup.subcalls;
        if self.progress.subcalls > most {
            return Err(too_much(
                "requests of a lookup",
                self.progress.subcalls,
                most,
            ));
        }
        self.core.request.resize(window.bytes, 0);
        window
            .encode::<S>(self.rest(), &mut self.core.request)
            .map_err(Failure::InvalidRequest)?;
        self.core.exchange(Outgoing::single(S::METHOD.code), wait)?;
        let reply = LookupReply::<S>::decode(self.core.payload()).map_err(malformed)?;
        let taken = judge::<S>(&reply, self.rest(), window, self.progress.generation)?;
        let most = self.core.options().lookup.bytes;
        let payload = self.core.payload().len();
        if taken == window.keys && taken == self.keys.len() {
            return match payload > most {
                true => Err(too_much("bytes of a lookup reply", payload, most)),
                false => Ok(Some(Shape::Direct)),
            };
        }
        let before = self.stitcher.bytes();
        for item in reply.list().iter().take(taken) {
            self.stitcher.push_raw(item);
        }
        let item = (self.stitcher.bytes() - before).checked_div(taken);
        if self.stitcher.bytes() > most {
            let bytes = self.stitcher.bytes();
            return Err(too_much("bytes of a lookup reply", bytes, most));
        }
        self.progress = Progress {
            done: self.progress.done + taken,
            generation: Some(reply.generation),
            most: (self.progress.most.saturating_mul(2)).min(self.progress.ceiling),
            item: item.unwrap_or(self.progress.item),
            alone: taken == 0 && window.keys > 1,
            ..self.progress
        };
        debug_assert_eq!(self.stitcher.len(), self.progress.done);
        Ok(None)
    }

    /// The response did not fit: asks for half as many keys. The server has closed the session, so
    /// that the new one may as well have room for more.
    fn narrow(&mut self, window: Window, wait: &Wait<'_>) -> Result<(), Failure> {
        let before = self.core.agreed().response_bytes;
        self.core.widen_response();
        self.core.reconnect(wait)?;
        self.progress.most = window.keys / 2;
        // What did not fit once will not fit again, unless there is more room.
        self.progress.ceiling = match self.core.agreed().response_bytes > before {
            true => usize::MAX,
            false => window.keys - 1,
        };
        Ok(())
    }
}

/// Checks a response against what was asked; returns how many of its items count.
fn judge<'k, S: Lookup>(
    reply: &LookupReply<'_, S>,
    keys: impl Iterator<Item = Key<'k, S>>,
    window: Window,
    generation: Option<u64>,
) -> Result<usize, Failure> {
    let answer = |field, expected: usize, found: usize| {
        let (expected, found) = (expected as u64, found as u64);
        Failure::Protocol(ProtocolError::Answer {
            field,
            expected,
            found,
        })
    };
    if let Some(first) = generation
        && first != reply.generation
    {
        return Err(Failure::GenerationMismatch {
            first,
            then: reply.generation,
        });
    }
    if reply.len() != window.keys {
        return Err(answer("item_count", window.keys, reply.len()));
    }
    let exceeded = <S::Item<'_> as LookupItem>::EXCEEDED;
    let mut taken = window.keys;
    let mut compared = 0;
    for (index, (item, key)) in reply.iter().zip(keys).enumerate() {
        compared += 1;
        if !S::same(item.key(), key) {
            return Err(answer("echoed key", index, index));
        }
        match item.status() == exceeded {
            true if index == 0 => {
                return Err(answer("status of the first item", 0, exceeded.into()));
            }
            true => taken = taken.min(index),
            false if taken < index => {
                return Err(answer("item behind a full answer", taken, index));
            }
            false => {}
        }
    }
    if compared < window.keys {
        return Err(answer("echoed keys", window.keys, compared));
    }
    let first_oversized = reply
        .iter()
        .next()
        .is_some_and(|i| i.status() == <S::Item<'_> as LookupItem>::OVERSIZED);
    Ok(if first_oversized && window.keys > 1 {
        0
    } else {
        taken
    })
}

fn malformed(error: WireError) -> Failure {
    Failure::Protocol(ProtocolError::Wire(error))
}

fn too_much(what: &'static str, needed: usize, limit: usize) -> Failure {
    let cap = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    overflow(what, cap(needed), cap(limit))
}
