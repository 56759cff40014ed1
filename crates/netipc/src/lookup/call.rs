//! Logical lookups: any number of keys in one call, in as many requests as the limits want.
//!
//! ```text
//! keys of any type ──▶ encoded once: header | directory | key key key key key key
//!                                              window ──▶ |---------------|
//! window ──▶ request ──▶ response ──▶ all keys answered? it is the reply
//!                                     some? their items are put together in a reply of our own
//! ```

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{Decode, ENTRY_LEN, Encode, List, ListBuf, WireError, align8};
use netipc_transport::wait::Wait;

use super::progress::Progress;
use super::window::{WindowLimits, with_slack};
use super::{ItemOf, Key, KeyOf, LOOKUP_HEADER_LEN, Lookup, LookupItem, LookupReply, header};
use crate::config::Capacity;
use crate::error::{CallError, Failure, ProtocolError};
use crate::retry::{Attempts, Decision, decide};
use crate::untyped::{AnyClient, LookupBuffers, RequestKind, malformed, too_much};

impl AnyClient {
    /// Looks up any number of keys. Items come in the order of the keys, as one reply, whatever it
    /// took on the wire. No keys ask for the generation only.
    ///
    /// # Errors
    /// [`CallError`]; for a key that cannot be, before anything is sent.
    pub fn lookup<'k, L, K>(
        &mut self,
        keys: &[K],
        wait: &Wait<'_>,
    ) -> Result<LookupReply<'_, L>, CallError>
    where
        L: Lookup,
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        let buffers = std::mem::take(&mut self.lookup_buffers);
        let mut lookup = LogicalLookup::<L> {
            client: self,
            keys: ListBuf::reusing(buffers.keys),
            reply: ListBuf::reusing(buffers.reply),
            progress: Progress::start(0),
        };
        let done = lookup
            .encode(keys)
            .and_then(|wanted| lookup.ask_all(wanted, wait));
        let (keys, reply) = (lookup.keys.into_bytes(), lookup.reply.into_bytes());
        self.lookup_buffers = LookupBuffers { keys, reply };
        let in_response = matches!(done, Ok(Reply::InResponse));
        self.finish(done.map(drop), wait)?;
        let payload = if in_response {
            self.payload()
        } else {
            &self.lookup_buffers.reply
        };
        // It was decoded when it came, or was put together from items that were.
        Ok(assume_valid::<LookupReply<'_, L>>(payload).view())
    }
}

/// Where the reply is.
#[derive(Clone, Copy, Debug)]
enum Reply {
    /// One response answered everything: it is the reply.
    InResponse,
    /// Put together from several responses.
    PutTogether,
}

/// One logical lookup on its way.
struct LogicalLookup<'c, L: Lookup> {
    client: &'c mut AnyClient,
    keys: ListBuf<KeyOf<L>>,
    reply: ListBuf<ItemOf<L>>,
    progress: Progress,
}

impl<L: Lookup> LogicalLookup<'_, L> {
    /// Encodes the keys, and refuses what cannot be asked. Returns what one request for all of them
    /// and its likely reply would take.
    fn encode<'k, K>(&mut self, keys: &[K]) -> Result<Capacity, Failure>
    where
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        let limits = self.client.options.lookup;
        let count = keys.len();
        if count > limits.keys {
            return Err(too_much("lookup keys", count, limits.keys));
        }
        self.keys.start(LOOKUP_HEADER_LEN, count);
        let front = LOOKUP_HEADER_LEN + count * ENTRY_LEN;
        let (mut least, mut likely) = (front, front);
        for key in keys {
            let key = (*key).try_into().map_err(Into::into);
            let key: Key<'k, L> = key.map_err(Failure::InvalidRequest)?;
            self.keys.push(&key).map_err(Failure::InvalidRequest)?;
            least = align8(least) + bare::<L>(key, 0).size();
            likely = align8(likely) + L::reply_estimate(key);
        }
        self.keys.header_mut().copy_from_slice(&header(count, 0));
        if least > limits.bytes {
            return Err(too_much("bytes of a lookup reply", least, limits.bytes));
        }
        Ok(Capacity {
            response_bytes: u32::try_from(with_slack(likely)).unwrap_or(u32::MAX),
            ..Capacity::of_request(self.keys.payload().len(), 1)
        })
    }

    /// Asks until every key has its item, as often as the retry table allows.
    fn ask_all(&mut self, wanted: Capacity, wait: &Wait<'_>) -> Result<Reply, Failure> {
        self.client.aim(wanted, wait)?;
        self.start_over();
        let mut attempts = Attempts::default();
        while self.progress.done < self.keys.len() || self.progress.generation.is_none() {
            let count = self.next_window();
            if count == 0 && self.progress.done < self.keys.len() {
                self.widen_or_give_up_key(wait)?;
                continue;
            }
            match self.ask(count, wait) {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(Failure::LimitExceeded { .. }) if count > 1 => self.narrow(count, wait)?,
                Err(failure) => {
                    let again = decide(&failure, attempts) == Decision::Reconnect;
                    attempts = self.client.recover(failure, attempts, wait)?;
                    if again {
                        self.start_over();
                    }
                }
            }
        }
        let generation = self.progress.generation.unwrap_or_default();
        let header = header(self.keys.len(), generation);
        self.reply.header_mut().copy_from_slice(&header);
        Ok(Reply::PutTogether)
    }

    /// Forgets what came so far: a provider that came back may have other data.
    fn start_over(&mut self) {
        self.progress = Progress::start(self.progress.requests);
        self.reply.start(LOOKUP_HEADER_LEN, self.keys.len());
    }

    /// Number of keys that the next request asks for.
    fn next_window(&self) -> usize {
        let agreed = self.client.agreed();
        let limits = WindowLimits {
            keys: self.progress.most_keys(),
            request: agreed.request_bytes as usize,
            reply: agreed.response_bytes as usize,
            item: self.progress.item,
        };
        limits.fit::<L>(self.keys.list().iter().skip(self.progress.done))
    }

    /// The next key fits no request: makes room for it, or answers it here where no room can be
    /// had.
    fn widen_or_give_up_key(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        let Some(key) = self.keys.list().get(self.progress.done) else {
            return Ok(());
        };
        let bytes = LOOKUP_HEADER_LEN + ENTRY_LEN + key.size();
        match self.client.make_room(Capacity::of_request(bytes, 1), wait) {
            Ok(()) => Ok(()),
            Err(Failure::Overflow { .. }) => {
                let item = bare::<L>(key, <L::Item<'_> as LookupItem>::OVERSIZED);
                self.reply.push(&item).map_err(Failure::InvalidRequest)?;
                self.progress.done += 1;
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Asks for the next `count` keys and takes what comes. Says so when this response is all of the
    /// reply.
    fn ask(&mut self, count: usize, wait: &Wait<'_>) -> Result<Option<Reply>, Failure> {
        let limits = self.client.options.lookup;
        self.progress.requests += 1;
        if self.progress.requests > limits.requests {
            let requests = self.progress.requests;
            return Err(too_much("requests of a lookup", requests, limits.requests));
        }
        let first = self.progress.done;
        self.write_request(first, count);
        let kind = RequestKind::single(L::METHOD.code);
        let response = self.client.exchange(kind, wait)?;
        let payload = response.payload();
        let response = LookupReply::<L>::decode(payload).map_err(malformed)?;
        let asked = self.keys.list();
        let taken = validate_response(
            &response,
            asked,
            first..first + count,
            self.progress.generation,
        )?;
        if taken == self.keys.len() && taken == count {
            if payload.len() > limits.bytes {
                return Err(too_much(
                    "bytes of a lookup reply",
                    payload.len(),
                    limits.bytes,
                ));
            }
            return Ok(Some(Reply::InResponse));
        }
        let before = self.reply.payload().len();
        for item in response.list().iter_valid().take(taken) {
            self.reply.push_valid(item).map_err(malformed)?;
        }
        let bytes = self.reply.payload().len();
        if bytes > limits.bytes {
            return Err(too_much("bytes of a lookup reply", bytes, limits.bytes));
        }
        self.progress
            .advance(count, taken, bytes - before, response.generation);
        Ok(None)
    }

    /// Makes the request for `count` keys from number `first` on.
    fn write_request(&mut self, first: usize, count: usize) {
        let request = &mut self.client.request;
        self.keys
            .copy_range(first..first + count, LOOKUP_HEADER_LEN, request);
        if let Some(front) = request.first_chunk_mut() {
            *front = header(count, 0);
        }
    }

    /// The response did not fit: asks for half as many keys. The server has closed the session, so
    /// that the new one may as well have room for more.
    fn narrow(&mut self, count: usize, wait: &Wait<'_>) -> Result<(), Failure> {
        let before = self.client.agreed().response_bytes;
        self.client.widen_response();
        self.client.reconnect(wait)?;
        let more_room = self.client.agreed().response_bytes > before;
        self.progress.narrow(count, more_room);
        Ok(())
    }
}

/// Checks a response against the keys that were asked; returns how many of its items count.
fn validate_response<L: Lookup>(
    response: &LookupReply<'_, L>,
    keys: List<'_, KeyOf<L>>,
    asked: std::ops::Range<usize>,
    generation: Option<u64>,
) -> Result<usize, Failure> {
    if let Some(first) = generation
        && first != response.generation
    {
        let then = response.generation;
        return Err(Failure::GenerationMismatch { first, then });
    }
    let count = asked.len();
    if response.len() != count {
        return Err(bad_answer("item_count", count, response.len()));
    }
    let exceeded = <L::Item<'_> as LookupItem>::EXCEEDED;
    let mut taken = count;
    for (index, (item, key)) in response
        .iter()
        .zip(keys.iter().skip(asked.start))
        .enumerate()
    {
        if !L::same(item.key(), key) {
            return Err(bad_answer("echoed key", index, index));
        }
        if item.status() == exceeded {
            if index == 0 {
                return Err(bad_answer("status of the first item", 0, exceeded.into()));
            }
            taken = taken.min(index);
        } else if taken < index {
            return Err(bad_answer("item behind a full answer", taken, index));
        }
    }
    let oversized = <L::Item<'_> as LookupItem>::OVERSIZED;
    let first_oversized = response
        .item(0)
        .is_some_and(|item| item.status() == oversized);
    // Alone it may yet fit.
    let none = first_oversized && count > 1;
    Ok(if none { 0 } else { taken })
}

fn bad_answer(field: &'static str, expected: usize, found: usize) -> Failure {
    Failure::Protocol(ProtocolError::Answer {
        field,
        expected: expected as u64,
        found: found as u64,
    })
}

/// The item for `key` that holds only a status.
fn bare<'k, L: Lookup>(key: Key<'k, L>, status: u16) -> L::Item<'k> {
    <L::Item<'k> as LookupItem<'k>>::bare(key, status)
}
