use super::valid::never_checked;
use super::{Reader, Span, WireError, WireErrorKind};

/// Bytes of one directory entry.
pub const ENTRY_LEN: usize = 8;

/// A list on the wire: a directory of `{offset, length}`, then the items, each 8-aligned. Every entry
/// of the directory has been checked; of what the items say, nothing.
///
/// Batches, snapshots, lookup requests and lookup responses are all this list behind a header of
/// their own:
///
/// ```text
/// header | offset len | offset len | item 0 .. gap | item 1
///                                  ^ offsets count from here
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Packed<'a> {
    directory: &'a [[u8; ENTRY_LEN]],
    items: &'a [u8],
}

/// What a directory may look like, where the kinds of list differ.
#[derive(Clone, Copy, Debug)]
pub struct ListRules {
    /// Bytes of the shortest item.
    pub min_len: usize,
    /// Whether items must be in order and disjoint.
    pub ordered: bool,
}

impl ListRules {
    /// Anything that lies inside: overlap, disorder, gaps and zero lengths are accepted.
    pub const BATCH: Self = Self {
        min_len: 0,
        ordered: false,
    };

    /// Reads a directory of `count` entries whose items, `room` bytes, are elsewhere, and checks
    /// every entry of it.
    ///
    /// # Errors
    /// As [`Packed::parse`].
    pub fn directory(
        self,
        bytes: &[u8],
        count: u32,
        room: usize,
    ) -> Result<impl ExactSizeIterator<Item = Span> + '_, WireError> {
        let entries = Packed::split(bytes, 0, count)?.directory;
        self.check_all(entries, room)?;
        Ok(entries.iter().map(|entry| read_entry(*entry)))
    }

    /// Item `index` of the list of `count` items that `payload` starts with. The rest of the
    /// directory is not looked at.
    ///
    /// # Errors
    /// What is wrong with its entry, [`Truncated`](WireErrorKind::Truncated) for a directory that
    /// does not fit, or [`OutOfBounds`](WireErrorKind::OutOfBounds) beyond the last item.
    pub fn item(self, payload: &[u8], count: u32, index: u32) -> Result<&[u8], WireError> {
        let list = Packed::split(payload, 0, count)?;
        let Some(entry) = list.directory.get(index as usize) else {
            let kind = WireErrorKind::OutOfBounds;
            return Err(WireError::new(
                kind,
                "item index",
                count.into(),
                index.into(),
            ));
        };
        let entry = read_entry(*entry);
        self.check(entry.offset as u64, entry.len as u64, list.items.len())?;
        Ok(list.at(entry))
    }

    /// Checks every entry of a directory whose items take `room` bytes.
    #[inline(always)]
    fn check_all(self, entries: &[[u8; ENTRY_LEN]], room: usize) -> Result<(), WireError> {
        let mut last_end = 0;
        for entry in entries {
            let entry = read_entry(*entry);
            let (offset, len) = (entry.offset as u64, entry.len as u64);
            let end = self.check(offset, len, room)?;
            if self.ordered && offset < last_end {
                return Err(WireError::layout("item offset", last_end, offset));
            }
            last_end = end;
        }
        Ok(())
    }

    /// As [`check_all`](Self::check_all), and checks each item with `check`. What keeps registers free for
    /// that costs more where there is nothing else to do.
    #[inline(always)]
    fn check_each(
        self,
        entries: &[[u8; ENTRY_LEN]],
        room: usize,
        mut check: impl FnMut(Span) -> Result<(), WireError>,
    ) -> Result<(), WireError> {
        let mut last_end = 0;
        for entry in entries {
            let entry = read_entry(*entry);
            if !self.passes(entry, room, last_end) {
                return Err(self.refuse(entry, room, last_end));
            }
            last_end = entry.offset as u64 + entry.len as u64;
            check(entry)?;
        }
        Ok(())
    }

    /// Whether an item lies as it should among `room` bytes of items, the one before it ending at
    /// `last_end`.
    #[inline(always)]
    const fn passes(self, Span { offset, len }: Span, room: usize, last_end: u64) -> bool {
        let (offset, len) = (offset as u64, len as u64);
        offset.is_multiple_of(8)
            && len >= self.min_len as u64
            && offset + len <= room as u64
            && (!self.ordered || offset >= last_end)
    }

    /// Says what is wrong with an entry that does not [pass](Self::passes).
    #[cold]
    fn refuse(self, Span { offset, len }: Span, room: usize, last_end: u64) -> WireError {
        let offset = offset as u64;
        let wrong = self.check(offset, len as u64, room).err();
        wrong.unwrap_or_else(|| WireError::layout("item offset", last_end, offset))
    }

    /// Checks where an item lies among `room` bytes of items; returns where it ends.
    #[inline]
    fn check(self, offset: u64, len: u64, room: usize) -> Result<u64, WireError> {
        let kind = |kind, field, expected, found| Err(WireError::new(kind, field, expected, found));
        let (room, min) = (room as u64, self.min_len as u64);
        let end = offset + len;
        if !offset.is_multiple_of(8) {
            return kind(WireErrorKind::BadAlignment, "item offset", 8, offset);
        }
        if self.ordered && len < min {
            return kind(WireErrorKind::BadLayout, "item length", min, len);
        }
        if end > room {
            return kind(WireErrorKind::OutOfBounds, "item", room, end);
        }
        if len < min {
            return kind(WireErrorKind::Truncated, "item", min, len);
        }
        Ok(end)
    }
}

impl<'a> Packed<'a> {
    /// Reads the list of `count` items behind the first `header` bytes of `payload`, and checks
    /// every entry of its directory.
    ///
    /// # Errors
    /// [`Truncated`](WireErrorKind::Truncated) for a directory that does not fit,
    /// [`BadAlignment`](WireErrorKind::BadAlignment), [`OutOfBounds`](WireErrorKind::OutOfBounds),
    /// and for items too short or out of order what `rules` imply.
    pub fn parse(
        payload: &'a [u8],
        header: usize,
        count: u32,
        rules: ListRules,
    ) -> Result<Self, WireError> {
        let list = Self::split(payload, header, count)?;
        rules.check_all(list.directory, list.items.len())?;
        Ok(list)
    }

    /// As [`parse`](Self::parse), and checks every item as its entry is found good.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and those of `check`.
    #[inline]
    pub fn parse_each(
        payload: &'a [u8],
        header: usize,
        count: u32,
        rules: ListRules,
        mut check: impl FnMut(&'a [u8]) -> Result<(), WireError>,
    ) -> Result<Self, WireError> {
        let list = Self::split(payload, header, count)?;
        rules.check_each(list.directory, list.items.len(), |entry| {
            check(list.at(entry))
        })?;
        Ok(list)
    }

    /// Where the directory and the items of a list are that nobody has checked yet.
    #[inline]
    pub(super) fn split(payload: &'a [u8], header: usize, count: u32) -> Result<Self, WireError> {
        let len = (count as usize).saturating_mul(ENTRY_LEN);
        payload
            .get(header..)
            .and_then(|list| list.split_at_checked(len))
            .map(|(directory, items)| Self::of_checked(directory.as_chunks().0, items))
            .ok_or_else(|| {
                let needed = header.saturating_add(len);
                WireError::truncated("item directory", needed, payload.len())
            })
    }

    /// The list with this directory, which points into `items`.
    #[inline]
    pub(super) const fn of_checked(directory: &'a [[u8; ENTRY_LEN]], items: &'a [u8]) -> Self {
        Self { directory, items }
    }

    /// Number of items.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.directory.len()
    }

    /// Whether there are no items.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.directory.is_empty()
    }

    /// Bytes behind the directory: the items, their gaps, and what may follow.
    #[must_use]
    #[inline]
    pub const fn item_bytes(&self) -> usize {
        self.items.len()
    }

    /// The bytes of item `index`.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.directory
            .get(index)
            .map(|entry| self.at(read_entry(*entry)))
    }

    /// The items behind the first `count`.
    #[must_use]
    pub fn after(self, count: usize) -> Self {
        Self {
            directory: self.directory.get(count..).unwrap_or_default(),
            ..self
        }
    }

    /// The bytes of every item, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.directory
            .iter()
            .map(move |entry| self.at(read_entry(*entry)))
    }

    #[inline]
    fn at(&self, Span { offset, len }: Span) -> &'a [u8] {
        match self.items.get(offset..offset.saturating_add(len)) {
            Some(item) => item,
            None => {
                never_checked("directory");
                &[]
            }
        }
    }
}

#[inline]
pub(super) fn read_entry(entry: [u8; ENTRY_LEN]) -> Span {
    Reader::new(&entry).span("entry").unwrap_or_default()
}
