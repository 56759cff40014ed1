//! Logical lookups: any number of keys in one call, in as many requests as the limits want.
//!
//! ```text
//! keys of any type ──▶ encoded once: header | directory | key key key key key key
//!                                              window ──▶ |---------------|
//! window ──▶ request ──▶ response ──▶ all keys answered? it is the reply
//!                                     some? their items are put together in a reply of our own
//! ```

use std::mem;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{Bytes, ENTRY_LEN, Encode, List, ListBuf, WireError, align8};
use netipc_transport::wait::Wait;

use super::format::{Format, LookupFormat, Typed, Untyped, View};
use super::growth::{Growth, ResponseRoom};
use super::progress::Progress;
use super::response::{decode_response, validate_response};
use super::window::{WindowLimits, with_slack};
use super::{Key, LOOKUP_HEADER_LEN, Lookup, LookupReply, header, read_header};
use crate::config::Capacity;
use crate::error::{CallError, Failure};
use crate::retry::{Attempts, Decision, decide};
use crate::untyped::{AnyClient, LookupBuffers, RequestKind, malformed, too_much};

/// The options that hold the limits of a lookup.
const MAX_KEYS: &str = "max_logical_lookup_items of the client";
const MAX_REQUESTS: &str = "max_logical_lookup_subcalls of the client";
const MAX_BYTES: &str = "max_logical_lookup_response_bytes of the client";

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
        let keys = keys.iter().map(|key| (*key).try_into().map_err(Into::into));
        let payload = self.lookup_with(Typed::<L>::FORMAT, keys, wait)?;
        // It was decoded when it came, or was put together from items that were.
        Ok(assume_valid::<LookupReply<'_, L>>(payload).view())
    }

    /// As [`lookup`](Self::lookup), for keys and items that are bytes. `keys` are encoded as `format`
    /// wants them, and every item has passed its check. Gives the generation, too.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub fn lookup_bytes(
        &mut self,
        format: &(impl LookupFormat + ?Sized),
        keys: &[&[u8]],
        wait: &Wait<'_>,
    ) -> Result<(u64, List<'_, Bytes>), CallError> {
        let payload = self.lookup_payload(format, keys, wait)?;
        let (count, generation) = read_header(format.layout(), payload).unwrap_or_default();
        // As above.
        let items = assume_valid::<List<'_, Bytes>>(payload).list(LOOKUP_HEADER_LEN, count);
        Ok((generation, items))
    }

    /// As [`lookup_bytes`](Self::lookup_bytes), and gives the whole payload of the reply: header,
    /// directory and items.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub fn lookup_payload(
        &mut self,
        format: &(impl LookupFormat + ?Sized),
        keys: &[&[u8]],
        wait: &Wait<'_>,
    ) -> Result<&[u8], CallError> {
        self.lookup_with(Untyped(format), keys.iter().copied().map(Ok), wait)
    }

    /// Looks up any number of keys; returns the payload of the reply.
    fn lookup_with<'k, F: Format>(
        &mut self,
        format: F,
        keys: impl ExactSizeIterator<Item = Result<View<'k, F::Key>, WireError>>,
        wait: &Wait<'_>,
    ) -> Result<&[u8], CallError>
    where
        View<'k, F::Key>: Copy + Encode,
    {
        let buffers = mem::take(&mut self.lookup_buffers);
        let mut lookup = LogicalLookup {
            client: self,
            format,
            keys: ListBuf::reusing(buffers.keys),
            likely: 0,
            reply: ListBuf::reusing(buffers.reply),
            progress: Progress::start(0),
            attempts: Attempts::default(),
        };
        let done = lookup
            .encode(keys)
            .and_then(|wanted| lookup.ask_all(wanted, wait));
        let (keys, reply) = (lookup.keys.into_bytes(), lookup.reply.into_bytes());
        self.lookup_buffers = LookupBuffers { keys, reply };
        let one_response = matches!(done, Ok(ReplySource::OneResponse));
        self.finish(done.map(drop), wait)?;
        Ok(if one_response {
            self.payload()
        } else {
            &self.lookup_buffers.reply
        })
    }
}

/// Where the bytes of the reply are.
#[derive(Clone, Copy, Debug)]
enum ReplySource {
    /// In the connection: one response answered every key, and is the reply.
    OneResponse,
    /// In [`LookupBuffers::reply`]: the items of several responses were put together.
    Merged,
}

/// One logical lookup on its way.
struct LogicalLookup<'c, F: Format> {
    client: &'c mut AnyClient,
    format: F,
    /// Every key, encoded once: the request for all of them.
    keys: ListBuf<F::Key>,
    /// Bytes that the reply to all of them is likely to take.
    likely: usize,
    reply: ListBuf<F::Item>,
    progress: Progress,
    attempts: Attempts,
}

impl<F: Format> LogicalLookup<'_, F> {
    /// Encodes the keys, and refuses what cannot be asked. Returns what one request for all of them
    /// and its likely reply would take.
    fn encode<'k>(
        &mut self,
        keys: impl ExactSizeIterator<Item = Result<View<'k, F::Key>, WireError>>,
    ) -> Result<Capacity, Failure>
    where
        View<'k, F::Key>: Copy + Encode,
    {
        let limits = self.client.options.lookup;
        let count = keys.len();
        if count > limits.keys {
            return Err(too_much("lookup keys", count, limits.keys, MAX_KEYS));
        }
        self.keys.start(LOOKUP_HEADER_LEN, count);
        let front = LOOKUP_HEADER_LEN + count * ENTRY_LEN;
        let (mut least, mut likely) = (front, front);
        for key in keys {
            let key = key.map_err(Failure::InvalidRequest)?;
            self.keys.push(&key).map_err(Failure::InvalidRequest)?;
            least = align8(least) + self.format.bare_size(key);
            likely = align8(likely) + self.format.reply_estimate(key);
        }
        self.likely = likely;
        self.keys
            .header_mut()
            .copy_from_slice(&header(self.format.layout(), count, 0));
        if least > limits.bytes {
            return Err(too_much(
                "bytes of a lookup reply",
                least,
                limits.bytes,
                MAX_BYTES,
            ));
        }
        Ok(Capacity {
            response_bytes: u32::try_from(with_slack(likely)).unwrap_or(u32::MAX),
            ..Capacity::of_request(self.keys.payload().len(), 1)
        })
    }

    /// Asks until every key has its item, as often as the retry table allows.
    fn ask_all(&mut self, wanted: Capacity, wait: &Wait<'_>) -> Result<ReplySource, Failure> {
        self.client.try_widen(wanted, wait)?;
        self.start_over();
        while self.progress.done < self.keys.len() || self.progress.generation.is_none() {
            let count = self.next_window();
            if count == 0 && self.progress.done < self.keys.len() {
                self.widen_or_give_up_key(wait)?;
                continue;
            }
            match self.ask(count, wait) {
                Ok(Some(source)) => return Ok(source),
                Ok(None) => {}
                Err(Failure::LimitExceeded { .. }) if count > 1 => self.narrow(count, wait)?,
                Err(failure) => {
                    let again = decide(&failure, self.attempts) == Decision::Reconnect;
                    self.attempts = self.client.recover(failure, self.attempts, wait)?;
                    if again {
                        self.start_over();
                    }
                }
            }
        }
        let generation = self.progress.generation.unwrap_or_default();
        let header = header(self.format.layout(), self.keys.len(), generation);
        self.reply.header_mut().copy_from_slice(&header);
        Ok(ReplySource::Merged)
    }

    /// Forgets what came so far: a provider that came back may have other data.
    fn start_over(&mut self) {
        self.progress = Progress::start(self.progress.requests);
        self.reply.start(LOOKUP_HEADER_LEN, self.keys.len());
    }

    /// Number of keys that the next request asks for: as many as it and its likely reply hold. Where
    /// that makes too many requests, as many as it holds itself: the reply then has as many items as
    /// fit, or the server refuses it, which makes those grow that only do so when they must.
    fn next_window(&self) -> usize {
        let agreed = self.client.agreed();
        let limits = WindowLimits {
            keys: self.progress.max_keys(),
            request: agreed.request_bytes as usize,
            reply: agreed.response_bytes as usize,
            item: self.progress.item_bytes,
        };
        let count = self.fit(&limits);
        if count == 0 || self.is_enough(count) || !self.room().may_grow() {
            return count;
        }
        self.fit(&WindowLimits {
            reply: usize::MAX,
            item: 0,
            ..limits
        })
    }

    /// Number of the next keys that `limits` allow in one request.
    fn fit(&self, limits: &WindowLimits) -> usize {
        let all = self.keys.len();
        // Mostly all of them, which their sums tell without a look at each.
        if self.progress.done == 0 && limits.fit_all(all, self.keys.payload().len(), self.likely) {
            return all;
        }
        let rest = self.keys.list().after(self.progress.done).iter();
        limits.fit(rest.map(|key| {
            let request = self.format.key_size(&key);
            (request, self.format.reply_estimate(key))
        }))
    }

    /// Whether the requests that are left do, with `count` keys in each.
    fn is_enough(&self, count: usize) -> bool {
        let keys = self.keys.len() - self.progress.done;
        let limit = self.client.options.lookup.requests;
        keys.div_ceil(count) <= limit.saturating_sub(self.progress.requests)
    }

    /// What decides whether responses can have more room.
    fn room(&self) -> ResponseRoom {
        ResponseRoom {
            agreed: self.client.agreed(),
            proposed: self.client.proposed_response(),
            ceiling: self.client.options.ceiling.response_bytes,
            is_fixed: self.client.response_is_fixed,
            grown: self.attempts.grown,
        }
    }

    /// How to get more room for the response to one key. Nothing where the requests that are left do
    /// not do to get it and to ask again.
    fn growth(&self) -> Option<Growth> {
        let requests = self.client.options.lookup.requests;
        let sizes = |key| (self.format.key_size(&key), self.format.bare_size(key));
        // More of the shortest keys fit a request than of others.
        let (key, placeholder) = self.keys.list().iter().map(sizes).min()?;
        let growth = self.room().growth(key, placeholder)?;
        (requests.saturating_sub(self.progress.requests) >= 2).then_some(growth)
    }

    /// The next key fits no request: makes room for it, or answers it here where no room can be
    /// had.
    fn widen_or_give_up_key(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        let keys = self.keys.list();
        let key = keys.get(self.progress.done);
        let key = key.expect("a key without item is among those that were encoded");
        let bytes = LOOKUP_HEADER_LEN + ENTRY_LEN + self.format.key_size(&key);
        match self.client.make_room(Capacity::of_request(bytes, 1), wait) {
            Ok(()) => Ok(()),
            Err(Failure::Overflow { .. }) => {
                let pushed = self.format.push_oversized(key, &mut self.reply);
                pushed.map_err(Failure::InvalidRequest)?;
                self.progress.done += 1;
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    /// Asks for the next `count` keys and takes what comes. Says so when this response is all of the
    /// reply.
    fn ask(&mut self, count: usize, wait: &Wait<'_>) -> Result<Option<ReplySource>, Failure> {
        let limits = self.client.options.lookup;
        self.progress.requests += 1;
        if self.progress.requests > limits.requests {
            let requests = self.progress.requests;
            return Err(too_much(
                "requests of a lookup",
                requests,
                limits.requests,
                MAX_REQUESTS,
            ));
        }
        let first = self.progress.done;
        self.send_keys(first, count, wait)?;
        let payload = self.client.payload();
        let (generation, items) = decode_response(&self.format, payload).map_err(malformed)?;
        if let Some(before) = self.progress.generation
            && before != generation
        {
            return Err(Failure::GenerationMismatch {
                first: before,
                then: generation,
            });
        }
        let keys = self.keys.list().after(first).iter().take(count);
        let (mut answered, oversized) = validate_response(&self.format, items, keys, count)?;
        if let Some(index) = oversized {
            // An item that was too large beside others may fit when its key is asked alone.
            match self.growth() {
                Some(growth) if count == 1 => {
                    return self.ask_for_more(growth, wait).map(|()| None);
                }
                Some(_) => answered = index,
                None if index == 0 && count > 1 => answered = 0,
                None => {}
            }
        }
        if answered == self.keys.len() && answered == count {
            check_bytes(payload.len(), limits.bytes)?;
            return Ok(Some(ReplySource::OneResponse));
        }
        let before = self.reply.payload().len();
        for item in items.iter_valid().take(answered) {
            self.reply.push_valid(item).map_err(malformed)?;
        }
        let bytes = self.reply.payload().len();
        check_bytes(bytes, limits.bytes)?;
        self.progress
            .advance(count, answered, bytes - before, generation);
        if oversized == Some(answered) {
            self.progress.isolate();
        }
        Ok(None)
    }

    /// The item of the next key does not fit even alone: gets more room for it, where there is more,
    /// and has it asked for again. Whatever the server makes of a request for more, the lookup goes on.
    fn ask_for_more(&mut self, growth: Growth, wait: &Wait<'_>) -> Result<(), Failure> {
        self.progress.isolate();
        self.attempts.grown += 1;
        let Growth::Exceed(keys) = growth else {
            return self.propose_more(wait);
        };
        self.progress.requests += 1;
        self.write_repeated(keys)?;
        let kind = RequestKind::single(self.format.method());
        match self.client.exchange(kind, wait) {
            Err(Failure::LimitExceeded { .. }) => {
                let has_grown = self.client.reopen_wider(wait)?;
                self.client.response_is_fixed = !has_grown;
                Ok(())
            }
            Err(failure @ (Failure::Timeout | Failure::Aborted)) => Err(failure),
            Err(_) => {
                self.client.reconnect(wait)?;
                self.client.response_is_fixed = true;
                self.start_over();
                Ok(())
            }
            Ok(_) => {
                self.client.response_is_fixed = true;
                Ok(())
            }
        }
    }

    /// Proposes twice as much room for responses as there is.
    fn propose_more(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        let (agreed, before) = (self.client.agreed(), self.client.proposed_response());
        let wanted = Capacity {
            response_bytes: agreed.response_bytes.saturating_mul(2),
            ..agreed
        };
        self.client.try_widen(wanted, wait)?;
        // No session could be had with more.
        self.client.response_is_fixed = self.client.proposed_response() == before;
        Ok(())
    }

    /// Makes a request for the shortest key, `count` times.
    fn write_repeated(&mut self, count: usize) -> Result<(), Failure> {
        let keys = self.keys.list().iter_valid();
        let shortest = keys.min_by_key(|key| key.bytes().len());
        let mut request = ListBuf::<F::Key>::reusing(mem::take(&mut self.client.request));
        request.start(LOOKUP_HEADER_LEN, count);
        for key in shortest.into_iter().cycle().take(count) {
            request.push_valid(key).map_err(Failure::InvalidRequest)?;
        }
        let header = header(self.format.layout(), count, 0);
        request.header_mut().copy_from_slice(&header);
        self.client.request = request.into_bytes();
        Ok(())
    }

    /// Asks for `count` keys from number `first` on. The request for all of them is there already.
    fn send_keys(&mut self, first: usize, count: usize, wait: &Wait<'_>) -> Result<(), Failure> {
        let kind = RequestKind::single(self.format.method());
        if count < self.keys.len() {
            self.write_request(first, count);
            return self.client.exchange(kind, wait).map(drop);
        }
        let before = mem::replace(&mut self.client.request, self.keys.lend());
        let done = self.client.exchange(kind, wait).map(drop);
        let keys = mem::replace(&mut self.client.request, before);
        self.keys.give_back(keys);
        done
    }

    /// Makes the request for `count` keys from number `first` on.
    fn write_request(&mut self, first: usize, count: usize) {
        let request = &mut self.client.request;
        self.keys
            .copy_range(first..first + count, LOOKUP_HEADER_LEN, request);
        if let Some(front) = request.first_chunk_mut() {
            *front = header(self.format.layout(), count, 0);
        }
    }

    /// The response did not fit: asks for half as many keys. The server has closed the session, so
    /// that the new one may as well have room for more.
    fn narrow(&mut self, count: usize, wait: &Wait<'_>) -> Result<(), Failure> {
        let more_room = self.client.reopen_wider(wait)?;
        self.client.response_is_fixed = !more_room;
        self.progress.narrow(count, more_room);
        Ok(())
    }
}

/// Whether a reply may have that many bytes.
fn check_bytes(bytes: usize, limit: usize) -> Result<(), Failure> {
    if bytes > limit {
        return Err(too_much("bytes of a lookup reply", bytes, limit, MAX_BYTES));
    }
    Ok(())
}
