use std::convert::Infallible;

use super::cursor::string;
use super::short::find_nul;
use super::{CStrView, Fields, Reader, Span, WireError, WireErrorKind, Writer, align8, view};

/// Bytes of one entry of a label table.
pub const LABEL_ENTRY_LEN: usize = 16;

/// A key and its value. Keys are never empty; values may be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Label<'a> {
    /// The key.
    pub key: CStrView<'a>,
    /// The value.
    pub value: CStrView<'a>,
}

impl<'a> Label<'a> {
    /// A label.
    #[must_use]
    pub fn new<K, V>(key: &'a K, value: &'a V) -> Self
    where
        K: AsRef<[u8]> + ?Sized,
        V: AsRef<[u8]> + ?Sized,
    {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// The labels of an item: to be written, or as they stand behind its strings.
///
/// ```text
/// item: fixed fields | strings | gap to 8 | key value spans, 16 bytes each | key NUL value NUL ..
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// To be written.
    Pairs(&'a [Label<'a>]),
    /// To be written, from where they are kept.
    Owned(&'a [(String, String)]),
    /// Read from an item.
    Wire(WireLabels<'a>),
}

/// Labels as they stand in an item.
#[derive(Clone, Copy, Debug)]
pub struct WireLabels<'a> {
    item: &'a [u8],
    table: &'a [u8],
}

impl<'a> Labels<'a> {
    /// No labels.
    pub const NONE: Self = Self::Pairs(&[]);

    /// Reads the `count` labels of `item`, whose strings end at `end`, and checks that they are
    /// exactly in place and the last thing in it.
    ///
    /// # Errors
    /// Which rule they break.
    #[inline]
    pub fn parse(item: &'a [u8], count: u16, end: usize) -> Result<Self, WireError> {
        let labels = Self::trusted(item, count, end);
        let mut next = end;
        if let Self::Wire(WireLabels { table, .. }) = labels {
            let table_end = align8(end) + usize::from(count) * LABEL_ENTRY_LEN;
            if table_end > item.len() {
                let kind = WireErrorKind::OutOfBounds;
                let (room, needed) = (item.len() as u64, table_end as u64);
                return Err(WireError::new(kind, "label table", room, needed));
            }
            check_gap(item, end)?;
            next = table_end;
            for entry in table.chunks_exact(LABEL_ENTRY_LEN) {
                next = check_label(item, entry, next)?;
            }
        }
        match next == item.len() {
            true => Ok(labels),
            false => Err(WireError::layout(
                "item length",
                next as u64,
                item.len() as u64,
            )),
        }
    }

    /// The same labels, of an item that was checked before.
    #[must_use]
    #[inline]
    pub fn trusted(item: &'a [u8], count: u16, end: usize) -> Self {
        if count == 0 {
            return Self::NONE;
        }
        let start = align8(end);
        let table_end = start.saturating_add(usize::from(count) * LABEL_ENTRY_LEN);
        let table = item.get(start..table_end).unwrap_or_default();
        Self::Wire(WireLabels { item, table })
    }

    /// Number of labels.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs.len(),
            Self::Owned(pairs) => pairs.len(),
            Self::Wire(labels) => labels.table.len() / LABEL_ENTRY_LEN,
        }
    }

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Label `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Label<'a>> {
        match self {
            Self::Pairs(pairs) => pairs.get(index).copied(),
            Self::Owned(pairs) => pairs.get(index).map(|(key, value)| Label::new(key, value)),
            Self::Wire(WireLabels { item, table }) => {
                let entry = table.get(index.checked_mul(LABEL_ENTRY_LEN)?..)?;
                let [key, value] = spans(entry).ok()?;
                Some(Label {
                    key: view(item, key),
                    value: view(item, value),
                })
            }
        }
    }

    /// Every label, in order.
    pub fn iter(self) -> impl Iterator<Item = Label<'a>> {
        (0..self.len()).filter_map(move |i| self.get(i))
    }

    /// Hands every label to `each`, in order, until it fails.
    #[inline]
    fn try_each<E>(&self, mut each: impl FnMut(Label<'a>) -> Result<(), E>) -> Result<(), E> {
        match self {
            Self::Pairs(pairs) => pairs.iter().try_for_each(|label| each(*label)),
            Self::Owned(pairs) => pairs
                .iter()
                .try_for_each(|(key, value)| each(Label::new(key, value))),
            Self::Wire(_) => self.iter().try_for_each(each),
        }
    }

    /// One past the last byte of an item whose strings end at `end` and that carries these labels.
    #[must_use]
    #[inline]
    pub fn end_after(&self, end: usize) -> usize {
        if self.is_empty() {
            return end;
        }
        let mut at = align8(end) + self.len() * LABEL_ENTRY_LEN;
        let _: Result<(), Infallible> = self.try_each(|label| {
            at += label.key.len() + label.value.len() + 2;
            Ok(())
        });
        at
    }

    /// The number of labels as it goes into an item.
    ///
    /// # Errors
    /// [`WireErrorKind::BadItemCount`] beyond 65,535.
    #[inline]
    pub fn count(&self) -> Result<u16, WireError> {
        u16::try_from(self.len()).or(Err(WireError::new(
            WireErrorKind::BadItemCount,
            "labels",
            u16::MAX.into(),
            self.len() as u64,
        )))
    }

    /// Writes the table and the strings, at the end of an item's own strings.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`] for an empty key or a NUL inside, [`WireErrorKind::Overflow`].
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), WireError> {
        if self.is_empty() {
            return Ok(());
        }
        w.align()?;
        let start = w.len() + self.len() * LABEL_ENTRY_LEN;
        let (mut table, mut texts) = w.fork(self.len() * LABEL_ENTRY_LEN)?;
        self.try_each(|Label { key, value }| {
            if key.is_empty() {
                return Err(WireError::layout("label key length", 1, 0));
            }
            let [k, v] = super::lay_out(start + texts.len(), [key, value]);
            table.fields(Fields::<LABEL_ENTRY_LEN>::new().span(k).span(v))?;
            texts.text(key, "label key")?;
            texts.text(value, "label value")
        })?;
        let len = table.len() + texts.len();
        w.join(len);
        Ok(())
    }
}

/// Labels are equal when they say the same, wherever they stand.
impl PartialEq for Labels<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Labels<'_> {}

impl<'a> From<&'a [Label<'a>]> for Labels<'a> {
    fn from(pairs: &'a [Label<'a>]) -> Self {
        Self::Pairs(pairs)
    }
}

fn spans(entry: &[u8]) -> Result<[Span; 2], WireError> {
    let mut r = Reader::record::<LABEL_ENTRY_LEN>(entry, "label entry")?;
    Ok([r.span("label key")?, r.span("label value")?])
}

fn check_gap(item: &[u8], end: usize) -> Result<(), WireError> {
    let gap = item.get(end..align8(end)).unwrap_or_default();
    match gap.iter().find(|byte| **byte != 0) {
        None => Ok(()),
        Some(byte) => Err(WireError::layout(
            "gap before the labels",
            0,
            u64::from(*byte),
        )),
    }
}

/// Checks one label whose key must start at `next`; returns where the next one must.
#[inline]
fn check_label(item: &[u8], entry: &[u8], next: usize) -> Result<usize, WireError> {
    let [key, value] = spans(entry)?;
    if key.len == 0 {
        return Err(WireError::layout("label key length", 1, 0));
    }
    for (span, want, what) in [(key, next, "label key"), (value, key.end(), "label value")] {
        if span.offset != want {
            return Err(WireError::layout(what, want as u64, span.offset as u64));
        }
        let text = string(item, 0, span, what)?;
        if let Some(inside) = find_nul(&text) {
            return Err(WireError::layout(what, span.len as u64, inside as u64));
        }
    }
    Ok(value.end())
}
