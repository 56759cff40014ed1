//! Lookups of any number of keys, in as many requests as the limits want.

use std::time::Duration;

use netipc::lookup::{
    Key, LOOKUP_HEADER_LEN, Lookup, LookupItem, LookupReply, ReplyBuilder, encode_request,
};
use netipc::wire::{Decode, ENTRY_LEN, Encode, WireError, align8};
use netipc::{CallError, Failure, ProtocolError};

use crate::client::{Client, malformed};

/// The most of one lookup, as [`netipc::Client`] has it unless configured: keys, and bytes of the reply.
const MOST_KEYS: usize = 65_536;
const MOST_BYTES: usize = 64 << 20;

/// A reply that took several responses, while it grows.
struct Stitched {
    buf: Vec<u8>,
    items: Vec<(usize, usize)>,
    generation: Option<u64>,
}

impl<L: Lookup> Client<L> {
    /// Looks up any number of keys, in as many requests as the limits want. Items come in the order of the keys,
    /// as one reply. No keys ask for the generation only. It ends after the client's timeout.
    ///
    /// # Errors
    /// [`CallError`]; for a key that cannot be, before anything is sent.
    pub async fn lookup<'k, K>(&mut self, keys: &[K]) -> Result<LookupReply<'_, L>, CallError>
    where
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        self.lookup_within(keys, self.timeout()).await
    }

    /// As [`lookup`](Self::lookup), within `timeout`.
    ///
    /// # Errors
    /// As [`lookup`](Self::lookup).
    pub async fn lookup_within<'k, K>(
        &mut self,
        keys: &[K],
        timeout: Duration,
    ) -> Result<LookupReply<'_, L>, CallError>
    where
        K: Copy + TryInto<Key<'k, L>, Error: Into<WireError>>,
    {
        let typed = keys.iter().map(|key| (*key).try_into().map_err(Into::into));
        let typed: Result<Vec<Key<'k, L>>, WireError> = typed.collect();
        let looked_up = async {
            let keys = typed.map_err(Failure::InvalidRequest)?;
            self.look_up(&keys).await
        };
        let done = tokio::time::timeout(timeout, looked_up).await;
        self.finish(done.unwrap_or(Err(Failure::Timeout)))?;
        LookupReply::decode(&self.reply).map_err(|error| self.error(malformed(error)))
    }

    /// Asks for `keys`, and leaves the whole reply in `self.reply`.
    async fn look_up(&mut self, keys: &[Key<'_, L>]) -> Result<(), Failure> {
        limit("keys", keys.len(), MOST_KEYS, "keys of one lookup")?;
        let mut stitched = Stitched::new();
        loop {
            let rest = keys.get(stitched.items.len()..).unwrap_or_default();
            let window = self.window::<L>(rest)?;
            encode_request::<L>(rest.get(..window).unwrap_or_default(), &mut self.request)
                .map_err(Failure::InvalidRequest)?;
            self.perform(L::METHOD.code, |payload| {
                LookupReply::<L>::decode(payload).map(drop)
            })
            .await?;
            stitched.take::<L>(self.payload(), rest, window)?;
            if stitched.items.len() == keys.len() {
                self.reply = stitched.finish::<L>()?;
                return Ok(());
            }
        }
    }

    /// How many of `keys` to ask for at once: what a request holds, but for a first key that is longer.
    fn window<M: Lookup>(&self, keys: &[Key<'_, M>]) -> Result<usize, Failure> {
        let (now, most) = (
            self.request_limit() as usize,
            self.request_ceiling() as usize,
        );
        let (mut size, mut count) = (LOOKUP_HEADER_LEN, 0);
        for key in keys {
            let with_key = align8(size) + ENTRY_LEN + key.size();
            if with_key > now && count > 0 {
                break;
            }
            if with_key > most {
                return Err(Failure::Overflow {
                    what: "bytes of a key",
                    needed: with_key as u64,
                    limit: most as u64,
                    option: "max_request_payload_bytes of the client",
                });
            }
            (size, count) = (with_key, count + 1);
        }
        Ok(count)
    }
}

impl Stitched {
    const fn new() -> Self {
        Self {
            buf: Vec::new(),
            items: Vec::new(),
            generation: None,
        }
    }

    /// Takes the items of a response to the first `window` of `keys`, up to the first that had no room.
    fn take<L: Lookup>(
        &mut self,
        payload: &[u8],
        keys: &[Key<'_, L>],
        window: usize,
    ) -> Result<(), Failure> {
        let reply = LookupReply::<L>::decode(payload).map_err(malformed)?;
        if reply.len() != window {
            let (expected, found) = (window as u64, reply.len() as u64);
            return Err(Failure::Protocol(ProtocolError::Answer {
                field: "item_count",
                expected,
                found,
            }));
        }
        let first = *self.generation.get_or_insert(reply.generation);
        if first != reply.generation {
            return Err(Failure::GenerationMismatch {
                first,
                then: reply.generation,
            });
        }
        for (index, (item, key)) in reply.list().iter_valid().zip(keys).enumerate() {
            let seen = item.view();
            if !L::same(seen.key(), *key) {
                return Err(Failure::Protocol(ProtocolError::EchoedKey { index }));
            }
            if seen.status() == <L::Item<'_> as LookupItem>::EXCEEDED {
                if index == 0 {
                    let error =
                        WireError::layout("status of the first item", 0, seen.status().into());
                    return Err(malformed(error));
                }
                return Ok(());
            }
            self.items.push((self.buf.len(), item.bytes().len()));
            self.buf.extend_from_slice(item.bytes());
            limit("bytes", self.buf.len(), MOST_BYTES, "bytes of one lookup")?;
        }
        Ok(())
    }

    /// The whole reply.
    fn finish<L: Lookup>(self) -> Result<Vec<u8>, Failure> {
        let size = self.items.iter().fold(LOOKUP_HEADER_LEN, |size, (_, len)| {
            size + ENTRY_LEN + align8(*len)
        });
        let mut out = vec![0; size];
        let mut builder = ReplyBuilder::<L>::new(&mut out).map_err(malformed)?;
        builder.set_generation(self.generation.unwrap_or_default());
        for (at, len) in self.items {
            let bytes = self.buf.get(at..at + len).unwrap_or_default();
            let item = netipc::wire::Valid::<L::Item<'_>>::decode(bytes).map_err(malformed)?;
            builder.push_valid(item).map_err(malformed)?;
        }
        let len = builder.finish();
        out.truncate(len);
        Ok(out)
    }
}

fn limit(
    what: &'static str,
    needed: usize,
    limit: usize,
    option: &'static str,
) -> Result<(), Failure> {
    if needed <= limit {
        return Ok(());
    }
    let (needed, limit) = (needed as u64, limit as u64);
    Err(Failure::Overflow {
        what,
        needed,
        limit,
        option,
    })
}
