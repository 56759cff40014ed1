use super::{Reader, Span, WireError, WireErrorKind};

/// Bytes of one directory entry.
pub const ENTRY_LEN: usize = 8;

/// A list on the wire: a directory of `{offset, length}`, then the items, each 8-aligned.
///
/// Batches, snapshots, lookup requests and lookup responses are all this list behind a header of
/// their own:
///
/// ```text
/// header | offset len | offset len | item 0 .. gap | item 1
///                                  ^ offsets count from here
/// ```
#[derive(Clone, Copy, Debug)]
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
        Self::parse_each(payload, header, count, rules, |_| Ok(()))
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
        let list = Self::trusted(payload, header, count)?;
        let mut last_end = 0;
        for entry in list.directory {
            let entry = span(*entry);
            let (offset, len) = (entry.offset as u64, entry.len as u64);
            let end = list.check(offset, len, rules)?;
            if rules.ordered && offset < last_end {
                return Err(WireError::layout("item offset", last_end, offset));
            }
            last_end = end;
            check(list.at(entry))?;
        }
        Ok(list)
    }

    /// The same list, of a payload whose directory was checked before.
    ///
    /// # Errors
    /// [`Truncated`](WireErrorKind::Truncated) for a directory that does not fit.
    pub fn trusted(payload: &'a [u8], header: usize, count: u32) -> Result<Self, WireError> {
        let len = (count as usize).saturating_mul(ENTRY_LEN);
        payload
            .get(header..)
            .and_then(|list| list.split_at_checked(len))
            .map(|(directory, items)| Self {
                directory: directory.as_chunks().0,
                items,
            })
            .ok_or_else(|| {
                let needed = header.saturating_add(len);
                WireError::truncated("item directory", needed, payload.len())
            })
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
        self.directory.get(index).map(|entry| self.at(span(*entry)))
    }

    /// The bytes of every item, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.directory
            .iter()
            .map(move |entry| self.at(span(*entry)))
    }

    /// Where item `index` lies among the packed items, or nowhere beyond the end.
    #[must_use]
    #[inline]
    pub fn entry(&self, index: usize) -> Span {
        span(self.directory.get(index).copied().unwrap_or_default())
    }

    #[inline]
    fn at(&self, Span { offset, len }: Span) -> &'a [u8] {
        match self.items.get(offset..offset.saturating_add(len)) {
            Some(item) => item,
            None => outside(),
        }
    }

    #[inline]
    fn check(&self, offset: u64, len: u64, rules: ListRules) -> Result<u64, WireError> {
        let kind = |kind, field, expected, found| Err(WireError::new(kind, field, expected, found));
        let (room, min) = (self.items.len() as u64, rules.min_len as u64);
        let end = offset + len;
        if !offset.is_multiple_of(8) {
            return kind(WireErrorKind::BadAlignment, "item offset", 8, offset);
        }
        if rules.ordered && len < min {
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

#[inline]
fn span(entry: [u8; ENTRY_LEN]) -> Span {
    Reader::new(&entry).span("entry").unwrap_or_default()
}

/// What an item is that lies outside, in a directory that nobody has checked.
#[cold]
const fn outside() -> &'static [u8] {
    &[]
}
