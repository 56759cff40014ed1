//! Packed lists whose items have been decoded, borrowed and owned.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::Range;

use super::packed::read_entry;
use super::writer::zero_from;
use super::{
    Decode, ENTRY_LEN, Encode, Fields, ListRules, Packed, Span, Valid, WireError, WireErrorKind,
    Writer, next8,
};

/// What bytes can be laid out as: the name of a type that borrows, whatever it borrows from.
pub trait Layout: 'static {
    /// What is read from the bytes.
    type View<'a>: Decode<'a>;
}

/// A [`Packed`] list of which every item has been decoded.
pub struct List<'a, L> {
    packed: Packed<'a>,
    _layout: PhantomData<fn() -> L>,
}

impl<'a, L: Layout> List<'a, L> {
    /// Reads the list of `count` items behind the first `header` bytes of `payload`, and decodes
    /// every item.
    ///
    /// # Errors
    /// As [`Packed::parse`], and those of the first bad item.
    #[inline]
    pub fn decode(
        payload: &'a [u8],
        header: usize,
        count: u32,
        rules: ListRules,
    ) -> Result<Self, WireError> {
        let check = |item| {
            if L::View::<'a>::decodes(item) {
                Ok(())
            } else {
                decode_slowly::<L::View<'a>>(item)
            }
        };
        Packed::parse_each(payload, header, count, rules, check).map(Self::of_checked)
    }

    /// Item `index`.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<L::View<'a>> {
        self.valid(index).map(Valid::view)
    }

    /// Item `index` as bytes, with the proof.
    #[must_use]
    #[inline]
    pub fn valid(&self, index: usize) -> Option<Valid<'a, L::View<'a>>> {
        self.packed.get(index).map(Valid::assume)
    }

    /// Every item, in order.
    #[inline]
    pub fn iter(self) -> impl ExactSizeIterator<Item = L::View<'a>> {
        self.packed.iter().map(|item| Valid::assume(item).view())
    }

    /// Every item as bytes, in order.
    pub fn iter_valid(self) -> impl ExactSizeIterator<Item = Valid<'a, L::View<'a>>> {
        self.packed.iter().map(Valid::assume)
    }
}

impl<'a, L> List<'a, L> {
    /// The list of items that are known to decode.
    #[inline]
    pub(super) const fn of_checked(packed: Packed<'a>) -> Self {
        Self {
            packed,
            _layout: PhantomData,
        }
    }

    /// Number of items.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether there are no items.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The items behind the first `count`.
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        Self::of_checked(self.packed.after(count))
    }

    /// The same list, of bytes.
    #[must_use]
    #[inline]
    pub const fn packed(&self) -> Packed<'a> {
        self.packed
    }
}

impl<L> Clone for List<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for List<'_, L> {}

impl<L> fmt::Debug for List<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("items", &self.len())
            .finish_non_exhaustive()
    }
}

/// A packed list that owns its bytes: a payload in the making, in a buffer that is used again and
/// again. Its items are what their own encoder wrote, or were decoded elsewhere.
///
/// ```text
/// header | entry per item | item 0 .. gap | item 1 .. gap |
///                                                         ^ end
/// ```
pub struct ListBuf<L> {
    /// All bytes up to `end` count; those behind it are room.
    bytes: Vec<u8>,
    end: usize,
    header: usize,
    /// Items that the directory has entries for.
    expected: usize,
    len: usize,
    _layout: PhantomData<fn() -> L>,
}

/// Says what is wrong with an item that is out of the ordinary, if anything.
#[inline(never)]
fn decode_slowly<'a, T: Decode<'a>>(item: &'a [u8]) -> Result<(), WireError> {
    T::decode(item).map(drop)
}

impl<L: Layout> ListBuf<L> {
    /// Starts over, for a list of `count` items behind `header` bytes of zero.
    pub fn start(&mut self, header: usize, count: usize) {
        let front = header.saturating_add(count.saturating_mul(ENTRY_LEN));
        self.bytes.clear();
        self.bytes.resize(front, 0);
        self.end = front;
        self.header = header;
        self.expected = count;
        self.len = 0;
    }

    /// Adds an item. On failure the list stands as it was.
    ///
    /// # Errors
    /// What the item's encoder says; [`WireErrorKind::BadItemCount`] beyond the expected number,
    /// [`WireErrorKind::Overflow`] beyond 4 GiB.
    pub fn push<'v>(&mut self, item: &L::View<'v>) -> Result<(), WireError>
    where
        L::View<'v>: Encode,
    {
        let size = item.size();
        let start = self.make_room(size)?;
        let mut out = Writer::new(self.bytes.get_mut(start..).unwrap_or_default());
        item.encode(&mut out)?;
        let size = out.len();
        self.enter(start, size);
        Ok(())
    }

    /// Adds an item that was decoded elsewhere.
    ///
    /// # Errors
    /// [`WireErrorKind::BadItemCount`] beyond the expected number, [`WireErrorKind::Overflow`]
    /// beyond 4 GiB.
    pub fn push_valid<'v>(&mut self, item: Valid<'v, L::View<'v>>) -> Result<(), WireError> {
        let item = item.bytes();
        let start = self.make_room(item.len())?;
        if let Some(target) = self.bytes.get_mut(start..start + item.len()) {
            target.copy_from_slice(item);
        }
        self.enter(start, item.len());
        Ok(())
    }

    /// The items so far.
    #[must_use]
    pub fn list(&self) -> List<'_, L> {
        let items = self.bytes.get(self.items_start()..self.end);
        List::of_checked(Packed::of_checked(
            self.entries(),
            items.unwrap_or_default(),
        ))
    }

    /// Writes items `range` to `out`, in place of what it holds, as a list of their own behind
    /// `header` bytes of zero. Beyond the last item there are none.
    pub fn copy_range(&self, range: Range<usize>, header: usize, out: &mut Vec<u8>) {
        let entries = self.entries().get(range).unwrap_or_default();
        let spans = || entries.iter().map(|entry| read_entry(*entry));
        let base = spans().next().map_or(0, |first| first.offset);
        let end = spans()
            .next_back()
            .map_or(base, |last| last.offset + last.len);
        let items_start = self.items_start();
        let items = self.bytes.get(items_start + base..items_start + end);
        out.clear();
        out.resize(header, 0);
        for Span { offset, len } in spans() {
            let offset = offset - base;
            let entry: [u8; ENTRY_LEN] = Fields::record(|entry| entry.span(Span { offset, len }));
            out.extend_from_slice(&entry);
        }
        out.extend_from_slice(items.unwrap_or_default());
    }

    /// The directory's entries of the items so far.
    fn entries(&self) -> &[[u8; ENTRY_LEN]] {
        let directory = self.bytes.get(self.header..).unwrap_or_default();
        let (entries, _) = directory.as_chunks();
        entries.get(..self.len).unwrap_or_default()
    }

    /// Where the first item starts.
    fn items_start(&self) -> usize {
        self.header + self.expected * ENTRY_LEN
    }

    /// Makes room for an item of `size` bytes; returns where it starts.
    fn make_room(&mut self, size: usize) -> Result<usize, WireError> {
        if self.len == self.expected {
            let (expected, found) = (self.expected as u64, self.len as u64 + 1);
            let kind = WireErrorKind::BadItemCount;
            return Err(WireError::new(kind, "item list", expected, found));
        }
        let start = next8(self.end);
        // A gap of zeros may follow, up to the next multiple of 8.
        let needed = start.saturating_add(size).saturating_add(8);
        if needed > u32::MAX as usize {
            return Err(WireError::overflow("item list", u32::MAX as usize, needed));
        }
        if needed > self.bytes.len() {
            self.bytes.resize(needed.max(self.bytes.len() * 2), 0);
        }
        zero_from(&mut self.bytes, self.end);
        Ok(start)
    }

    /// Enters the item of `len` bytes at `start` into the directory.
    fn enter(&mut self, start: usize, len: usize) {
        let offset = start - self.items_start();
        let at = self.header + self.len * ENTRY_LEN;
        let entry = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut);
        if let Some(entry) = entry {
            Fields::fill::<ENTRY_LEN>(entry, |entry| entry.span(Span { offset, len }));
        }
        self.len += 1;
        self.end = start + len;
    }
}

impl<L> ListBuf<L> {
    /// A list without items, in the memory of `buffer`.
    #[must_use]
    pub const fn reusing(buffer: Vec<u8>) -> Self {
        Self {
            bytes: buffer,
            end: 0,
            header: 0,
            expected: 0,
            len: 0,
            _layout: PhantomData,
        }
    }

    /// Header, directory and items, as what owns them.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        self.bytes
    }

    /// Header, directory and items, to be read elsewhere until they are [given back](Self::give_back). There
    /// are no items here meanwhile.
    #[must_use]
    pub fn lend(&mut self) -> Vec<u8> {
        self.bytes.truncate(self.end);
        mem::take(&mut self.bytes)
    }

    /// Takes back, unchanged, what was [lent](Self::lend).
    pub fn give_back(&mut self, payload: Vec<u8>) {
        self.bytes = payload;
    }

    /// Items so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no items yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Header, directory and items so far.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    /// The header, to be filled in.
    #[must_use]
    pub fn header_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(..self.header).unwrap_or_default()
    }
}

impl<L> Default for ListBuf<L> {
    fn default() -> Self {
        Self::reusing(Vec::new())
    }
}

impl<L> fmt::Debug for ListBuf<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListBuf")
            .field("items", &self.len)
            .field("bytes", &self.end)
            .finish_non_exhaustive()
    }
}
