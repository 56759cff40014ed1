use std::fmt;

use netipc_proto::wire::{ENTRY_LEN, Encode, PackedWriter, WireError, WireErrorKind, align8};

use super::{Key, LOOKUP_HEADER_LEN, Lookup, LookupItem, LookupRequest, header};

/// Takes one item for each key, in the order of the request.
///
/// Every answer has room for a placeholder of every key, so that an answer that gets full can say
/// for each remaining key: ask again.
///
/// ```text
///        next item             placeholders of the keys behind it
/// | ... | item .......... | p | p | p |        fits: written
/// | ... | item ...................|... p       does not: from here on EXCEEDED
/// ```
///
/// An item that could not even be answered alone becomes OVERSIZED, which is final for its key. The
/// first item never becomes EXCEEDED: the whole answer overflows instead, and the client asks for
/// less at a time. Errors are sticky.
pub struct LookupAnswer<'a, L: Lookup> {
    request: LookupRequest<'a, L>,
    list: PackedWriter<'a>,
    generation: u64,
    /// Bytes of the placeholders from the next key on, all but the last rounded up to 8.
    reserve: usize,
    full: bool,
    error: Option<WireError>,
}

impl<'a, L: Lookup> LookupAnswer<'a, L> {
    /// An answer to `request` of at most `buf.len()` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where not even the directory fits.
    pub fn new(request: LookupRequest<'a, L>, buf: &'a mut [u8]) -> Result<Self, WireError> {
        let list = PackedWriter::exact(buf, LOOKUP_HEADER_LEN, request.len())?;
        let reserve = request
            .keys()
            .fold(0, |sum, key| align8(sum) + placeholder::<L>(key).size());
        Ok(Self {
            request,
            list,
            generation: 0,
            reserve,
            full: false,
            error: None,
        })
    }

    /// What is answered.
    #[must_use]
    pub const fn request(&self) -> LookupRequest<'a, L> {
        self.request
    }

    /// Items so far.
    #[must_use]
    pub const fn item_count(&self) -> usize {
        self.list.len()
    }

    /// Number of keys that still need an item.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.request.len() - self.list.len()
    }

    /// Sets the generation of the data; 0 unless set.
    pub const fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// What went wrong first, if anything.
    #[must_use]
    pub const fn error(&self) -> Option<WireError> {
        self.error
    }

    /// Adds the item of the next key. A key that comes from the request costs no second scan.
    ///
    /// Whether the item itself or a placeholder was written is not the handler's concern.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where the answer cannot start; [`WireErrorKind::BadLayout`] for
    /// another key or an item that may not be sent; [`WireErrorKind::BadItemCount`] beyond the
    /// last key. The first error is kept and decides how the request ends.
    #[inline(always)]
    pub fn add(&mut self, item: &L::Item<'_>) -> Result<(), WireError> {
        match self.error {
            None => self.try_add(item).or_else(|error| self.fail(error)),
            Some(error) => Err(error),
        }
    }

    /// Adds an item without data for the next key.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_bare(&mut self, status: u16) -> Result<(), WireError> {
        match self.request.key(self.list.len()) {
            Some(key) => self.add(&L::Item::bare(key, status)),
            None => self.fail(beyond_last::<L>(&self.request)),
        }
    }

    /// Ends the answer; returns its length.
    ///
    /// # Errors
    /// The first [error](Self::error), or [`WireErrorKind::BadItemCount`] where keys are left.
    pub fn finish(self) -> Result<usize, WireError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (expected, found) = (self.request.len(), self.list.len());
        if expected != found {
            let kind = WireErrorKind::BadItemCount;
            return Err(WireError::new(
                kind,
                "answered keys",
                expected as u64,
                found as u64,
            ));
        }
        let (front, len) = self.list.finish();
        front.copy_from_slice(&header(L::LAYOUT, found, self.generation));
        Ok(len)
    }

    #[inline(always)]
    fn try_add(&mut self, item: &L::Item<'_>) -> Result<(), WireError> {
        let index = self.list.len();
        let Some(key) = self.request.key(index) else {
            return Err(beyond_last(&self.request));
        };
        if !L::same(key, item.key()) {
            return Err(WireError::other_key(index));
        }
        let behind = if index + 1 == self.request.len() {
            0
        } else {
            self.reserve - align8(placeholder::<L>(key).size())
        };
        let size = item.size();
        let whole = !self.full && item.status() != L::Item::EXCEEDED;
        if !whole || !self.list.push_leaving(item, size, behind)? {
            self.push_substitute(item.status(), size, key, behind)?;
        }
        self.reserve = behind;
        Ok(())
    }

    /// Writes a placeholder or an OVERSIZED item in place of an item of `size` bytes that does not fit, or
    /// that the handler itself marked as EXCEEDED.
    #[cold]
    fn push_substitute(
        &mut self,
        status: u16,
        size: usize,
        key: Key<'a, L>,
        behind: usize,
    ) -> Result<(), WireError> {
        let budget = self.list.capacity();
        let first = self.list.is_empty();
        let exceeded = status == L::Item::EXCEEDED;
        if first && exceeded {
            let what = "status of the first item";
            return Err(WireError::layout(what, 0, status.into()));
        }
        let alone = size.saturating_add(LOOKUP_HEADER_LEN + ENTRY_LEN);
        if !self.full && !exceeded && alone > budget {
            return self.list.push(&L::Item::bare(key, L::Item::OVERSIZED));
        }
        if first {
            let what = "first item and placeholders";
            let needed = align8(self.list.next_start() + size).saturating_add(behind);
            return Err(WireError::overflow(what, budget, needed));
        }
        self.full = true;
        self.list.push(&placeholder::<L>(key))
    }

    #[cold]
    fn fail(&mut self, error: WireError) -> Result<(), WireError> {
        Err(*self.error.get_or_insert(error))
    }
}

impl<L: Lookup> fmt::Debug for LookupAnswer<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupAnswer")
            .field("items", &self.list.len())
            .field("of", &self.request.len())
            .field("full", &self.full)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// The EXCEEDED item of a key: ask for it again.
#[inline]
fn placeholder<'a, L: Lookup>(key: Key<'a, L>) -> L::Item<'a> {
    L::Item::bare(key, L::Item::<'a>::EXCEEDED)
}

#[cold]
fn beyond_last<L: Lookup>(request: &LookupRequest<'_, L>) -> WireError {
    let keys = request.len() as u64;
    WireError::new(WireErrorKind::BadItemCount, "answered keys", keys, keys + 1)
}
