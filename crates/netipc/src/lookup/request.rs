use std::fmt;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{
    Decode, ENTRY_LEN, Encode, List, ListRules, Valid, WireError, Writer, align8, write_list,
};

use super::{Key, KeyOf, LOOKUP_HEADER_LEN, Lookup, LookupKey, header, read_header};

/// The keys of a request, as the handler gets them.
pub struct LookupRequest<'a, L> {
    payload: &'a [u8],
    list: List<'a, KeyOf<L>>,
}

impl<'a, L: Lookup> LookupRequest<'a, L> {
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
        self.list.get(index)
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = Key<'a, L>> + use<'a, L> {
        self.list.iter()
    }

    /// The whole request as bytes, with the proof.
    #[must_use]
    pub fn valid(&self) -> Valid<'a, Self> {
        assume_valid(self.payload)
    }
}

impl<'a, L: Lookup> Decode<'a> for LookupRequest<'a, L> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let (count, reserved) = read_header(L::LAYOUT, payload)?;
        if reserved != 0 {
            return Err(WireError::layout("lookup request reserved", 0, reserved));
        }
        let rules = ListRules {
            min_len: Key::<'a, L>::MIN_LEN,
            ordered: true,
        };
        let list = List::decode(payload, LOOKUP_HEADER_LEN, count, rules)?;
        Ok(Self { payload, list })
    }

    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (count, _) = read_header(L::LAYOUT, valid.bytes()).unwrap_or_default();
        Self {
            payload: valid.bytes(),
            list: valid.list(LOOKUP_HEADER_LEN, count),
        }
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
    let size = LOOKUP_HEADER_LEN + keys.len() * ENTRY_LEN + packed;
    if size > MOST {
        return Err(WireError::overflow("lookup request", MOST, size));
    }
    out.resize(size, 0);
    write_request::<L>(keys.iter().copied().map(Ok), out).map(drop)
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
    let (room, count) = (buf.len(), keys.len());
    let Some((front, list)) = buf.split_first_chunk_mut() else {
        let what = "lookup header";
        return Err(WireError::overflow(what, room, LOOKUP_HEADER_LEN));
    };
    *front = header(L::LAYOUT, count, 0);
    let write = |key: Result<Key<'k, L>, WireError>, out: &mut [u8]| {
        let mut out = Writer::new(out);
        key?.encode(&mut out)?;
        Ok(out.len())
    };
    let len = write_list(list, count, keys, write, |error| error)?;
    Ok(LOOKUP_HEADER_LEN + len)
}
