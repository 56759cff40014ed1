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

/// Where an item goes.
struct Place<'l> {
    /// Its entry in the directory.
    entry: &'l mut [u8; ENTRY_LEN],
    /// How far behind the first item it starts.
    at: usize,
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
        let Some(Place { entry, at, rest }) = self.place() else {
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
        Fields::fill(entry, |entry| {
            entry.span(Span {
                offset: at,
                len: size,
            })
        });
        zero_from(after, 0);
        self.close(size);
        Ok(true)
    }

    /// Adds an item that `write` writes to the bytes it gets, of which it returns how many it took.
    /// On failure the list stands as it was.
    ///
    /// # Errors
    /// What `write` returns, or through `map` that there is no room for another item.
    pub fn push_with<E>(
        &mut self,
        write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
        map: impl FnOnce(WireError) -> E,
    ) -> Result<(), E> {
        if self.place().is_none()
            && let Err(error) = self.grow(0)
        {
            return Err(map(error));
        }
        let Some(Place { entry, at, rest }) = self.place() else {
            return Ok(());
        };
        let size = write(rest)?.min(rest.len());
        Fields::fill(entry, |entry| {
            entry.span(Span {
                offset: at,
                len: size,
            })
        });
        zero_from(rest, size);
        self.close(size);
        Ok(())
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

    /// Ends the list as a batch, which is padded to 8 at its end.
    ///
    /// # Errors
    /// [`WireErrorKind::BadItemCount`] for a batch without items, [`WireErrorKind::Overflow`] where
    /// the padding does not fit.
    pub fn finish_batch(mut self) -> Result<usize, WireError> {
        if self.count == 0 {
            return Err(WireError::new(WireErrorKind::BadItemCount, "batch", 1, 0));
        }
        self.move_items(self.count);
        let padded = align8(self.end);
        let room = self.buf.len();
        self.buf
            .get_mut(self.end..padded)
            .ok_or_else(|| WireError::overflow("batch", room, padded))?
            .fill(0);
        Ok(padded)
    }

    /// Where the next item goes, if its directory entry is free.
    #[inline]
    fn place(&mut self) -> Option<Place<'_>> {
        if self.count == self.room {
            return None;
        }
        let (start, from) = (self.next_start(), self.items_start());
        let entry = self.header + self.count * ENTRY_LEN;
        let (front, rest) = self.buf.split_at_mut_checked(start)?;
        Some(Place {
            entry: front.get_mut(entry..)?.first_chunk_mut()?,
            at: start - from,
            rest,
        })
    }

    /// Takes in the item of `size` bytes that was written to the place that
    /// [`place`](Self::place) gave.
    #[inline]
    const fn close(&mut self, size: usize) {
        self.end = self.next_start() + size;
        self.count += 1;
    }

    /// Makes sure that the directory has a free entry and the buffer room for `size` bytes.
    #[cold]
    fn grow(&mut self, size: usize) -> Result<(), WireError> {
        if !self.grows {
            return Err(match self.room > self.count {
                true => WireError::overflow("item", self.buf.len(), self.next_start() + size),
                false => WireError::new(
                    WireErrorKind::BadItemCount,
                    "item list",
                    self.room as u64,
                    self.count as u64 + 1,
                ),
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
    fn a_batch_of_none_is_refused() {
        let mut buf = [0; 64];
        let list = PackedWriter::growing(&mut buf, 0).unwrap();
        assert_eq!(
            list.finish_batch().unwrap_err().kind(),
            WireErrorKind::BadItemCount
        );
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

    proptest! {
        #[test]
        fn what_is_written_is_read(
            items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40),
            grows: bool,
            header in prop::sample::select(vec![0_usize, 16, 24]),
        ) {
            let mut buf = vec![0xee; 8192];
            let mut list = match grows {
                true => PackedWriter::growing(&mut buf, header).unwrap(),
                false => PackedWriter::exact(&mut buf, header, items.len()).unwrap(),
            };
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
