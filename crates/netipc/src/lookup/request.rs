use std::fmt;
use std::marker::PhantomData;

use netipc_proto::wire::{
    Decode, ENTRY_LEN, Encode, ListRules, Packed, WireError, Writer, align8, write_list,
};

use super::{Key, LOOKUP_HEADER_LEN, Lookup, LookupKey, header, read_header};

/// The keys of a request, as the handler gets them.
pub struct LookupRequest<'a, L> {
    payload: &'a [u8],
    list: Packed<'a>,
    _lookup: PhantomData<fn() -> L>,
}

impl<'a, L: Lookup> LookupRequest<'a, L> {
    /// Reads a request that was decoded before, and so need not be validated again.
    ///
    /// # Errors
    /// None for such a request.
    pub fn reread(payload: &'a [u8]) -> Result<Self, WireError> {
        let (count, _) = read_header(payload)?;
        Ok(Self {
            payload,
            list: Packed::trusted(payload, LOOKUP_HEADER_LEN, count)?,
            _lookup: PhantomData,
        })
    }

    /// Number of keys. No key is a legal probe for the generation.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Key `index`.
    #[must_use]
    pub fn key(&self, index: usize) -> Option<Key<'a, L>> {
        self.list.get(index).map(Key::<'a, L>::view)
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Key<'a, L>> + use<'a, L> {
        self.list.iter().map(Key::<'a, L>::view)
    }

    /// The whole request, for [`reread`](Self::reread) later on.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

impl<'a, L: Lookup> Decode<'a> for LookupRequest<'a, L> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (count, reserved) = read_header(payload)?;
        if reserved != 0 {
            return Err(WireError::layout("lookup request reserved", 0, reserved));
        }
        let rules = ListRules {
            min_len: Key::<'a, L>::MIN_LEN,
            ordered: true,
        };
        let check = |key| Key::<'a, L>::decode(key).map(drop);
        let list = Packed::parse_each(payload, LOOKUP_HEADER_LEN, count, rules, check)?;
        Ok(Self {
            payload,
            list,
            _lookup: PhantomData,
        })
    }
}

impl<L> Clone for LookupRequest<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for LookupRequest<'_, L> {}

impl<L> fmt::Debug for LookupRequest<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupRequest")
            .field("keys", &self.list.len())
            .finish()
    }
}

/// Writes the request for `keys` to `out`, in place of what it holds.
///
/// # Errors
/// [`WireErrorKind::Overflow`](netipc_proto::wire::WireErrorKind::Overflow) beyond 4 GiB.
pub fn encode_request<'k, L: Lookup>(
    keys: &[Key<'k, L>],
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    const MOST: usize = u32::MAX as usize;
    let packed = keys.iter().fold(0, |end, key| align8(end) + key.size());
    let window = Window {
        keys: keys.len(),
        bytes: LOOKUP_HEADER_LEN + keys.len() * ENTRY_LEN + packed,
    };
    if window.bytes > MOST {
        return Err(WireError::overflow("lookup request", MOST, window.bytes));
    }
    out.resize(window.bytes, 0);
    window.encode::<L>(keys.iter().copied(), out)
}

/// Writes the request for `keys` to the front of `buf`; returns its length.
///
/// # Errors
/// That of the first key that is none, or
/// [`WireErrorKind::Overflow`](netipc_proto::wire::WireErrorKind::Overflow) where it does not fit.
pub fn write_request<'k, L: Lookup>(
    keys: impl ExactSizeIterator<Item = Result<Key<'k, L>, WireError>>,
    buf: &mut [u8],
) -> Result<usize, WireError> {
    write::<L>(keys.len(), keys, buf)
}

#[inline(always)]
fn write<'k, L: Lookup>(
    count: usize,
    keys: impl Iterator<Item = Result<Key<'k, L>, WireError>>,
    buf: &mut [u8],
) -> Result<usize, WireError> {
    let room = buf.len();
    let Some((front, list)) = buf.split_first_chunk_mut() else {
        let what = "lookup header";
        return Err(WireError::overflow(what, room, LOOKUP_HEADER_LEN));
    };
    *front = header(count, 0);
    let write = |key: Result<Key<'k, L>, WireError>, out: &mut [u8]| {
        let mut out = Writer::new(out);
        key?.encode(&mut out)?;
        Ok(out.len())
    };
    let len = write_list(list, count, keys, write, |error| error)?;
    Ok(LOOKUP_HEADER_LEN + len)
}

/// As many keys from the front of a list as one request and its likely reply hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    /// Keys in it.
    pub(crate) keys: usize,
    /// Bytes of the request that asks for them.
    pub(crate) bytes: usize,
}

/// What a window may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WindowLimits {
    /// Keys.
    pub(crate) keys: usize,
    /// Bytes of the request.
    pub(crate) request: usize,
    /// Bytes of the reply.
    pub(crate) reply: usize,
    /// Bytes of an item, as the last reply had them.
    pub(crate) item: usize,
}

impl WindowLimits {
    /// The part of a reply that is planned to be filled. A reply keeps a placeholder free for every
    /// key: without slack, items only a little larger than expected would leave room for next to
    /// none of them.
    const fn planned(&self) -> usize {
        self.reply / 5 * 4
    }

    /// Bytes of a reply to ask for, when `likely` are expected.
    pub(crate) const fn with_slack(likely: usize) -> usize {
        likely.saturating_add(likely / 4).saturating_add(5)
    }
}

impl Window {
    /// Fills a window from `keys`; with at least one, where one fits a request.
    pub(crate) fn fill<'k, L: Lookup>(
        keys: impl Iterator<Item = Key<'k, L>>,
        limits: WindowLimits,
    ) -> Self {
        let mut window = Self {
            keys: 0,
            bytes: LOOKUP_HEADER_LEN,
        };
        // Bytes of the packed keys, and of the whole reply, both without directory.
        let (mut packed, mut reply) = (0_usize, 0_usize);
        for key in keys.take(limits.keys) {
            let end = align8(packed) + key.size();
            let reply_end = align8(reply) + L::reply_estimate(key).max(limits.item);
            let front = LOOKUP_HEADER_LEN + (window.keys + 1) * ENTRY_LEN;
            let fits = front + end <= limits.request;
            let planned = window.keys == 0 || front + reply_end <= limits.planned();
            if !fits || !planned {
                break;
            }
            window = Self {
                keys: window.keys + 1,
                bytes: front + end,
            };
            (packed, reply) = (end, reply_end);
        }
        window
    }

    /// Writes the request for the keys of this window to `buf`, which is as long as it needs.
    pub(crate) fn encode<'k, L: Lookup>(
        self,
        keys: impl Iterator<Item = Key<'k, L>>,
        buf: &mut [u8],
    ) -> Result<(), WireError> {
        write::<L>(self.keys, keys.map(Ok), buf).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::TextKey;
    use crate::service::cgroups_lookup::CgroupsLookup;

    #[test]
    fn nothing_is_left_of_what_the_buffer_held() {
        let paths = ["/a", "/kubepods/pod-1", "/system.slice/cron.service"];
        for count in 0..=paths.len() {
            let keys: Vec<_> = paths[..count]
                .iter()
                .map(|path| TextKey::new(path.as_bytes()).unwrap())
                .collect();
            let mut fresh = Vec::new();
            encode_request::<CgroupsLookup>(&keys, &mut fresh).unwrap();
            for held in [3, 500] {
                let mut used = vec![0xee; held];
                encode_request::<CgroupsLookup>(&keys, &mut used).unwrap();
                assert_eq!(used, fresh, "{count} keys");
            }
        }
    }
}
