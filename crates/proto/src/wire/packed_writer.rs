use super::writer::{addressable, zero_from};
use super::{ENTRY_LEN, Encode, Fields, Span, WireError, WireErrorKind, Writer, align8, next8};

/// Writes the list that [`Packed`](super::Packed) reads, behind a header that the owner writes itself.
///
/// A list whose number of items is known has exactly that room in its directory. One that grows
/// moves its items right when the directory is full, and closes the hole at the end, or as soon as
/// an item needs it:
///
/// ```text
/// room 8:  header | e e e e e e e e | items        |
/// room 16: header | e e e e e e e e . . . . . . . . | items        |
/// finish:  header | e e e e e e e e e e | items        |
/// ```
#[derive(Debug)]
pub struct PackedWriter<'b> {
    buf: &'b mut [u8],
    header: usize,
    room: usize,
    count: usize,
    end: usize,
    grows: bool,
}

/// Where the next item goes.
struct NextItem<'l> {
    /// Its entry in the directory.
    entry: &'l mut [u8; ENTRY_LEN],
    /// How far behind the first item it starts.
    offset: usize,
    /// Its first byte and all behind it.
    rest: &'l mut [u8],
}

impl<'b> PackedWriter<'b> {
    /// A list of exactly `count` items behind `header` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where the directory alone does not fit.
    pub fn exact(buf: &'b mut [u8], header: usize, count: usize) -> Result<Self, WireError> {
        let end = count.saturating_mul(ENTRY_LEN).saturating_add(header);
        let buf = addressable(buf);
        if end > buf.len() {
            return Err(WireError::overflow("item directory", buf.len(), end));
        }
        Ok(Self {
            buf,
            header,
            room: count,
            count: 0,
            end,
            grows: false,
        })
    }

    /// A list of any number of items behind `header` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where the header alone does not fit.
    pub fn growing(buf: &'b mut [u8], header: usize) -> Result<Self, WireError> {
        Ok(Self {
            grows: true,
            ..Self::exact(buf, header, 0)?
        })
    }

    /// Items so far.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no items yet.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that header, directory, items and gaps may take together.
    #[must_use]
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// Where the next item starts, from the first byte of the payload.
    #[must_use]
    #[inline]
    pub const fn next_start(&self) -> usize {
        next8(self.end)
    }

    /// Adds `item`. On failure the list stands as it was.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it does not fit, [`WireErrorKind::BadItemCount`] beyond
    /// the count of an exact list, and what the item's own encoder says.
    #[inline]
    pub fn push(&mut self, item: &impl Encode) -> Result<(), WireError> {
        self.push_sized(item, item.size())
    }

    /// As [`push`](Self::push), for who knows already that `item` has `size` bytes.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    #[inline]
    pub fn push_sized(&mut self, item: &impl Encode, size: usize) -> Result<(), WireError> {
        while !self.push_leaving(item, size, 0)? {
            self.grow(size)?;
        }
        Ok(())
    }

    /// Adds `item` of `size` bytes if it leaves room for `behind` bytes at the next multiple of 8;
    /// tells whether it did.
    ///
    /// # Errors
    /// What the item's own encoder says; the list stands as it was then.
    #[inline(always)]
    pub fn push_leaving(
        &mut self,
        item: &impl Encode,
        size: usize,
        behind: usize,
    ) -> Result<bool, WireError> {
        let Some(NextItem {
            entry,
            offset,
            rest,
        }) = self.next_item()
        else {
            return Ok(false);
        };
        let Some((target, after)) = rest.split_at_mut_checked(size) else {
            return Ok(false);
        };
        if behind > 0 && after.len() < behind + (next8(size) - size) {
            return Ok(false);
        }
        let mut w = Writer::within(target);
        item.encode(&mut w)?;
        debug_assert_eq!(w.len(), size, "an encoder writes as much as it announces");
        Fields::fill(entry, |entry| entry.span(Span { offset, len: size }));
        zero_from(after, 0);
        self.close(size);
        Ok(true)
    }

    /// Ends the list; returns the header's bytes to fill in, and the length of the payload.
    #[must_use]
    pub fn finish(mut self) -> (&'b mut [u8], usize) {
        if self.room > self.count {
            self.move_items(self.count);
        }
        let end = self.end;
        let header = self.header;
        (self.buf.get_mut(..header).unwrap_or_default(), end)
    }

    /// Where the next item goes, if its directory entry is free.
    #[inline]
    fn next_item(&mut self) -> Option<NextItem<'_>> {
        if self.count == self.room {
            return None;
        }
        let (start, from) = (self.next_start(), self.items_start());
        let entry = self.header + self.count * ENTRY_LEN;
        let (front, rest) = self.buf.split_at_mut_checked(start)?;
        Some(NextItem {
            entry: front.get_mut(entry..)?.first_chunk_mut()?,
            offset: start - from,
            rest,
        })
    }

    /// Takes in the item of `size` bytes that was written where
    /// [`next_item`](Self::next_item) gave.
    #[inline]
    const fn close(&mut self, size: usize) {
        self.end = self.next_start() + size;
        self.count += 1;
    }

    /// Makes sure that the directory has a free entry and the buffer room for `size` bytes.
    #[cold]
    fn grow(&mut self, size: usize) -> Result<(), WireError> {
        if !self.grows {
            return Err(if self.room > self.count {
                WireError::overflow("item", self.buf.len(), self.next_start() + size)
            } else {
                WireError::new(
                    WireErrorKind::BadItemCount,
                    "item list",
                    self.room as u64,
                    self.count as u64 + 1,
                )
            });
        }
        let tight = self.count + 1;
        for room in [tight.max(8).max(self.count * 2), tight] {
            let start = self.header + room * ENTRY_LEN + align8(self.items_len());
            if start.saturating_add(size) <= self.buf.len() {
                self.move_items(room);
                return Ok(());
            }
        }
        let needed = self.header + tight * ENTRY_LEN + align8(self.items_len()) + size;
        Err(WireError::overflow("item", self.buf.len(), needed))
    }

    /// Moves the items to where a directory of `room` entries ends.
    fn move_items(&mut self, room: usize) {
        let (from, to) = (self.items_start(), self.header + room * ENTRY_LEN);
        if from != to {
            self.buf.copy_within(from..self.end, to);
            self.end = to + (self.end - from);
            self.room = room;
            zero_from(self.buf, self.end);
        }
    }

    const fn items_start(&self) -> usize {
        self.header + self.room * ENTRY_LEN
    }

    const fn items_len(&self) -> usize {
        self.end - self.items_start()
    }
}

/// Writes a batch, which is padded to 8 at its end, and returns its length: for each of `sources` the
/// item that `write` writes to the bytes it gets, of which it returns how many it took.
///
/// ```
/// use netipc_proto::wire::{WireError, write_batch};
///
/// let mut batch = [0xff; 64];
/// let write = |source: &str, out: &mut [u8]| {
///     out[..source.len()].copy_from_slice(source.as_bytes());
///     Ok::<_, WireError>(source.len())
/// };
/// let len = write_batch(&mut batch, ["one", "three"].into_iter(), write, |error| error)?;
/// assert_eq!(len, 32);
/// assert_eq!(&batch[16..len], b"one\0\0\0\0\0three\0\0\0");
/// # Ok::<(), WireError>(())
/// ```
///
/// # Errors
/// What `write` returns, or through `map` [`WireErrorKind::BadItemCount`] for a batch without items
/// and [`WireErrorKind::Overflow`] where it does not fit.
#[inline]
pub fn write_batch<T, E>(
    buf: &mut [u8],
    sources: impl ExactSizeIterator<Item = T>,
    write: impl FnMut(T, &mut [u8]) -> Result<usize, E>,
    map: impl Fn(WireError) -> E,
) -> Result<usize, E> {
    let buf = addressable(buf);
    let (room, count) = (buf.len(), sources.len());
    if count == 0 {
        let none = WireError::new(WireErrorKind::BadItemCount, "batch", 1, 0);
        return Err(map(none));
    }
    match next8(write_list(buf, count, sources, write, &map)?) {
        end if end > room => Err(map(WireError::overflow("batch", room, end))),
        end => Ok(end),
    }
}

/// Writes a list of `count` items, which starts with its directory, and returns its length: for each of
/// `sources`, of which there are as many, what `write` writes to the bytes it gets, of which it returns
/// how many it took.
///
/// # Errors
/// What `write` returns, or through `map` [`WireErrorKind::Overflow`] where it does not fit.
#[inline]
pub fn write_list<T, E>(
    buf: &mut [u8],
    count: usize,
    sources: impl Iterator<Item = T>,
    mut write: impl FnMut(T, &mut [u8]) -> Result<usize, E>,
    map: impl Fn(WireError) -> E,
) -> Result<usize, E> {
    let buf = addressable(buf);
    let (room, directory) = (buf.len(), count.saturating_mul(ENTRY_LEN));
    let overflow = |needed| map(WireError::overflow("list", room, needed));
    let Some((entries, items)) = buf.split_at_mut_checked(directory) else {
        return Err(overflow(directory));
    };
    let (mut at, mut end) = (0, 0);
    let (entries, _) = entries.as_chunks_mut::<ENTRY_LEN>();
    for (entry, source) in entries.iter_mut().zip(sources) {
        let Some(rest) = items.get_mut(at..) else {
            return Err(overflow(directory + at));
        };
        let len = write(source, rest)?.min(rest.len());
        Fields::fill(entry, |entry| entry.span(Span { offset: at, len }));
        zero_from(rest, len);
        end = at + len;
        at = next8(end);
    }
    Ok(directory + end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{ListRules, Packed};

    struct Blob<'a>(&'a [u8]);

    impl Encode for Blob<'_> {
        fn size(&self) -> usize {
            self.0.len()
        }

        fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
            out.bytes(self.0)
        }
    }

    #[test]
    fn a_full_buffer_is_used_to_the_last_byte() {
        // Directory of three, items of 8, 8 and 3 bytes.
        let mut buf = [0xee; 24 + 24 + 19];
        let mut list = PackedWriter::growing(&mut buf, 24).unwrap();
        for item in [&[1; 8][..], &[2; 8], &[3; 3]] {
            list.push(&Blob(item)).unwrap();
        }
        assert_eq!(
            list.push(&Blob(b"")).unwrap_err().kind(),
            WireErrorKind::Overflow
        );
        assert_eq!(list.finish().1, 67);
    }

    #[test]
    fn a_batch_has_items_and_room_for_its_padding() {
        let write = |item: &[u8], out: &mut [u8]| match out.get_mut(..item.len()) {
            Some(out) => {
                out.copy_from_slice(item);
                Ok(item.len())
            }
            None => Err(WireErrorKind::Truncated),
        };
        let mut buf = [0xee; 64];
        let mut batch = |room: usize, items: &[&[u8]]| {
            let items = items.iter().copied();
            write_batch(&mut buf[..room], items, write, |error| error.kind())
        };
        assert_eq!(batch(64, &[]), Err(WireErrorKind::BadItemCount));
        assert_eq!(batch(15, &[b"", b""]), Err(WireErrorKind::Overflow));
        assert_eq!(batch(16, &[b"", b""]), Ok(16));
        assert_eq!(batch(23, &[b"abc", b""]), Err(WireErrorKind::Overflow));
        assert_eq!(batch(31, &[b"abc", b"vwxyz"]), Err(WireErrorKind::Overflow));
        assert_eq!(
            batch(30, &[b"abc", b"1234567"]),
            Err(WireErrorKind::Truncated)
        );
        assert_eq!(batch(32, &[b"abc", b"vwxyz"]), Ok(32));
        assert_eq!(buf[16..32], *b"abc\0\0\0\0\0vwxyz\0\0\0");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40),
            grows: bool,
            header in prop::sample::select(vec![0_usize, 16, 24]),
        ) {
            let mut buf = vec![0xee; 8192];
            let mut list = if grows { PackedWriter::growing(&mut buf, header).unwrap() } else { PackedWriter::exact(&mut buf, header, items.len()).unwrap() };
            for item in &items {
                list.push(&Blob(item)).unwrap();
            }
            let (_, len) = list.finish();
            let rules = ListRules { min_len: 0, ordered: true };
            let count = u32::try_from(items.len()).unwrap();
            let read = Packed::parse(&buf[..len], header, count, rules).unwrap();
            prop_assert!(read.iter().eq(items.iter().map(Vec::as_slice)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            count in 0_u32..40,
            ordered: bool,
        ) {
            let rules = ListRules { min_len: 0, ordered };
            if let Ok(list) = Packed::parse(&bytes, 0, count, rules) {
                prop_assert_eq!(list.iter().count(), count as usize);
            }
        }
    }
}
