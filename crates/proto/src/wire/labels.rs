use std::fmt;

use super::cursor::{lay_out, no_nul, string};
use super::short::{Part, WINDOW, count_all_nuls, count_nuls};
use super::valid::never_checked;
use super::writer::put_text;
use super::{
    CStrView, Fields, Reader, Span, Valid, WireError, WireErrorKind, Writer, align8, next8,
};

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

impl<'a> From<&'a (String, String)> for Label<'a> {
    #[inline]
    fn from((key, value): &'a (String, String)) -> Self {
        Self::new(key, value)
    }
}

/// Labels that are kept in a form of their own.
pub trait LabelList: fmt::Debug + Sync {
    /// Number of labels.
    fn count(&self) -> usize;

    /// Label `index`; any label beyond the last.
    fn label(&self, index: usize) -> Label<'_>;
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
    /// To be written, in whatever form they are kept.
    Listed(ListedLabels<'a>),
    /// Read from an item.
    Wire(WireLabels<'a>),
}

/// Labels that are asked for one by one.
#[derive(Clone, Copy, Debug)]
pub struct ListedLabels<'a> {
    list: &'a dyn LabelList,
    count: usize,
}

/// Labels as they stand in an item.
#[derive(Clone, Copy, Debug)]
pub struct WireLabels<'a> {
    item: &'a [u8],
    table: &'a [[u8; LABEL_ENTRY_LEN]],
}

impl<'a> Labels<'a> {
    /// No labels.
    pub const NONE: Self = Self::Pairs(&[]);

    /// Reads the `count` labels of `item`, whose strings end at `end`, and checks that they are
    /// exactly in place and the last thing in it.
    ///
    /// # Errors
    /// Which rule they break.
    #[inline(always)]
    pub fn parse(item: &'a [u8], count: u16, end: usize) -> Result<Self, WireError> {
        if let Some(labels) = Self::adjacent(item, count, end) {
            return Ok(labels);
        }
        let (mut next, mut labels) = (end, Self::NONE);
        if count > 0 {
            let start = align8(end);
            next = start + usize::from(count) * LABEL_ENTRY_LEN;
            let Some(table) = item.get(start..next) else {
                let kind = WireErrorKind::OutOfBounds;
                let (room, needed) = (item.len() as u64, next as u64);
                return Err(WireError::new(kind, "label table", room, needed));
            };
            check_gap(item, end)?;
            let (table, _) = table.as_chunks();
            next = check_labels(item, table, next)?;
            labels = Self::Wire(WireLabels { item, table });
        }
        if next == item.len() {
            Ok(labels)
        } else {
            Err(WireError::layout(
                "item length",
                next as u64,
                item.len() as u64,
            ))
        }
    }

    /// The `count` labels of `item`, whose strings end at `end`, if they are as encoders write them, and
    /// the last thing in it: behind a gap of zeros their table, and one string behind another. Each ends at a
    /// NUL; if there is no other, none has one inside.
    ///
    /// Nothing for any other labels: [`parse`](Self::parse) tells what is wrong with them, if anything.
    #[must_use]
    #[inline(always)]
    pub fn adjacent(item: &'a [u8], count: u16, end: usize) -> Option<Self> {
        if count == 0 {
            return (end == item.len()).then_some(Self::NONE);
        }
        let start = align8(end);
        let next = start.saturating_add(usize::from(count) * LABEL_ENTRY_LEN);
        let (front, texts) = item.split_at_checked(next)?;
        let (table, _) = front.get(start..)?.as_chunks();
        let clean = gap_before(item, end) == 0 && are_adjacent(item, texts, table);
        clean.then_some(Self::Wire(WireLabels { item, table }))
    }

    /// The `count` labels of an item that was checked before.
    #[inline]
    pub(super) fn of_checked(item: &'a [u8], count: u16, end: usize) -> Self {
        if count == 0 {
            return Self::NONE;
        }
        let start = align8(end);
        let table_end = start.saturating_add(usize::from(count) * LABEL_ENTRY_LEN);
        match item.get(start..table_end) {
            Some(table) => Self::Wire(WireLabels {
                item,
                table: table.as_chunks().0,
            }),
            None => {
                never_checked("label table");
                Self::NONE
            }
        }
    }

    /// Number of labels.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        match self {
            Self::Pairs(pairs) => pairs.len(),
            Self::Owned(pairs) => pairs.len(),
            Self::Listed(labels) => labels.count,
            Self::Wire(labels) => labels.table.len(),
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
            Self::Owned(pairs) => pairs.get(index).map(Label::from),
            Self::Listed(labels) => labels.get(index),
            Self::Wire(labels) => labels.table.get(index).map(|entry| labels.label(entry)),
        }
    }

    /// Every label, in order.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Label<'a>> {
        // Those of an answer, which are read most, are not looked for by number.
        let (wire, rest) = match self {
            Self::Wire(labels) => (Some(labels), 0),
            Self::Pairs(_) | Self::Owned(_) | Self::Listed(_) => (None, self.len()),
        };
        let wire = wire.into_iter().flat_map(WireLabels::iter);
        wire.chain((0..rest).filter_map(move |index| self.get(index)))
    }

    /// One past the last byte of an item whose strings end at `end` and that carries these labels.
    #[must_use]
    #[inline(always)]
    pub fn end_after(&self, end: usize) -> usize {
        if self.is_empty() {
            return end;
        }
        let texts: usize = match self {
            Self::Pairs(pairs) => text_len(pairs.iter().copied()),
            Self::Owned(pairs) => text_len(pairs.iter().map(Label::from)),
            Self::Listed(labels) => labels.text_len(),
            Self::Wire(labels) => text_len(labels.iter()),
        };
        next8(end) + self.len() * LABEL_ENTRY_LEN + texts
    }

    /// The number of labels as it goes into an item.
    ///
    /// # Errors
    /// [`WireErrorKind::BadItemCount`] beyond 65,535.
    #[inline]
    pub fn count(&self) -> Result<u16, WireError> {
        match u16::try_from(self.len()) {
            Ok(count) => Ok(count),
            Err(_) => Err(too_many(self.len())),
        }
    }

    /// Writes the table and the strings, at the end of an item's own strings.
    ///
    /// # Errors
    /// [`WireErrorKind::BadLayout`] for an empty key or a NUL inside, [`WireErrorKind::Overflow`].
    #[inline(always)]
    pub fn encode(&self, w: &mut Writer<'_>) -> Result<(), WireError> {
        if self.is_empty() {
            return Ok(());
        }
        w.align()?;
        let at = w.len();
        match *self {
            Self::Pairs(pairs) => w.rest(|buf| write_pairs(buf, at, pairs)),
            Self::Owned(pairs) => w.rest(|buf| write_owned(buf, at, pairs)),
            Self::Listed(labels) => w.rest(|buf| write_listed(buf, at, labels)),
            Self::Wire(labels) => w.rest(|buf| write_wire(buf, at, labels)),
        }
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

impl<'a> From<&'a dyn LabelList> for Labels<'a> {
    fn from(list: &'a dyn LabelList) -> Self {
        let count = list.count();
        Self::Listed(ListedLabels { list, count })
    }
}

impl<'a> ListedLabels<'a> {
    fn get(&self, index: usize) -> Option<Label<'a>> {
        (index < self.count).then(|| self.list.label(index))
    }

    fn iter(self) -> impl Iterator<Item = Label<'a>> {
        (0..self.count).map(move |index| self.list.label(index))
    }

    #[inline(never)]
    fn text_len(self) -> usize {
        text_len(self.iter())
    }
}

impl<'a> WireLabels<'a> {
    fn iter(self) -> impl Iterator<Item = Label<'a>> {
        self.table.iter().map(move |entry| self.label(entry))
    }

    fn label(&self, entry: &[u8; LABEL_ENTRY_LEN]) -> Label<'a> {
        let [key, value] = spans(entry).unwrap_or_default();
        let item = Valid::<()>::assume(self.item);
        Label {
            key: item.text(key),
            value: item.text(value),
        }
    }
}

#[inline(always)]
fn spans(entry: &[u8; LABEL_ENTRY_LEN]) -> Result<[Span; 2], WireError> {
    let mut r = Reader::new(entry);
    Ok([r.span("label key")?, r.span("label value")?])
}

/// Bytes of the strings of `labels` with their NULs.
#[inline]
fn text_len<'a>(labels: impl Iterator<Item = Label<'a>>) -> usize {
    labels
        .map(|Label { key, value }| key.len() + value.len() + 2)
        .sum()
}

#[inline(always)]
fn write_pairs<'b>(
    buf: &'b mut [u8],
    at: usize,
    pairs: &[Label<'_>],
) -> Result<&'b mut [u8], WireError> {
    write(buf, at, pairs.len(), pairs.iter().copied())
}

#[inline(never)]
fn write_owned<'b>(
    buf: &'b mut [u8],
    at: usize,
    pairs: &[(String, String)],
) -> Result<&'b mut [u8], WireError> {
    write(buf, at, pairs.len(), pairs.iter().map(Label::from))
}

#[inline(never)]
fn write_listed<'b>(
    buf: &'b mut [u8],
    at: usize,
    labels: ListedLabels<'_>,
) -> Result<&'b mut [u8], WireError> {
    write(buf, at, labels.count, labels.iter())
}

#[inline(never)]
fn write_wire<'b>(
    buf: &'b mut [u8],
    at: usize,
    labels: WireLabels<'_>,
) -> Result<&'b mut [u8], WireError> {
    write(buf, at, labels.table.len(), labels.iter())
}

/// Writes the table of `count` labels and their strings to the front of `buf`, which is `at` bytes
/// behind the start of the item; returns what is behind them.
#[inline(always)]
fn write<'b, 'a>(
    buf: &'b mut [u8],
    at: usize,
    count: usize,
    labels: impl Iterator<Item = Label<'a>>,
) -> Result<&'b mut [u8], WireError> {
    let (room, needed) = (buf.len(), count * LABEL_ENTRY_LEN);
    let Some((table, mut rest)) = buf.split_at_mut_checked(needed) else {
        return Err(WireError::overflow("label table", room, needed));
    };
    let (table, _) = table.as_chunks_mut();
    let mut offset = at + needed;
    for (entry, Label { key, value }) in table.iter_mut().zip(labels) {
        if key.is_empty() {
            return Err(WireError::layout("label key length", 1, 0));
        }
        rest = put_text(rest, key, "label key")?;
        rest = put_text(rest, value, "label value")?;
        let [k, v] = lay_out(offset, [key, value]);
        Fields::fill::<LABEL_ENTRY_LEN>(entry, |fields| fields.span(k).span(v));
        offset = v.offset + v.len + 1;
    }
    Ok(rest)
}

/// The bytes between the strings of an item, which end at `end`, and its label table are zero.
#[inline]
fn check_gap(item: &[u8], end: usize) -> Result<(), WireError> {
    let gap = gap_before(item, end).to_le_bytes();
    match gap.into_iter().find(|byte| *byte != 0) {
        None => Ok(()),
        Some(found) => Err(WireError::layout("gap before the labels", 0, found.into())),
    }
}

/// The last 0 to 7 bytes in front of the table as a number.
#[inline(always)]
fn gap_before(item: &[u8], end: usize) -> u64 {
    let start = next8(end);
    let front = item.get(..start).and_then(|front| front.last_chunk());
    let word = u64::from_le_bytes(front.copied().unwrap_or_default());
    word >> (56 - 8 * (start - end)) >> 8
}

/// Whether the strings of the labels of `table` follow one another from the first byte of `texts` on,
/// which is the back of `item`, to its end.
#[inline(always)]
fn are_adjacent(item: &[u8], texts: &[u8], table: &[[u8; LABEL_ENTRY_LEN]]) -> bool {
    let mut at = item.len() - texts.len();
    for entry in table {
        let [key, value] = spans(entry).unwrap_or_default();
        if key.len == 0 || key.offset != at || value.offset != key.end() {
            return false;
        }
        let closed = |span: Span| item.get(span.end() - 1) == Some(&0);
        if !closed(key) || !closed(value) {
            return false;
        }
        at = value.end();
    }
    let nuls = match item.last_chunk::<WINDOW>() {
        Some(window) if texts.len() <= WINDOW => count_nuls(window, Part::Last(texts.len())).into(),
        _ => count_all_nuls(texts),
    };
    at == item.len() && nuls == 2 * table.len()
}

/// Checks one label after another; returns where the last one ends.
#[inline(never)]
fn check_labels(
    item: &[u8],
    table: &[[u8; LABEL_ENTRY_LEN]],
    next: usize,
) -> Result<usize, WireError> {
    let mut labels = table.iter();
    labels.try_fold(next, |next, entry| check_label(item, entry, next))
}

/// Checks one label whose key must start at `next`; returns where the next one must.
#[inline(always)]
fn check_label(
    item: &[u8],
    entry: &[u8; LABEL_ENTRY_LEN],
    next: usize,
) -> Result<usize, WireError> {
    let [key, value] = spans(entry)?;
    if key.len == 0 {
        return Err(WireError::layout("label key length", 1, 0));
    }
    check_text(item, key, next, "label key")?;
    check_text(item, value, key.end(), "label value")?;
    Ok(value.end())
}

#[inline(always)]
fn check_text(item: &[u8], span: Span, next: usize, what: &'static str) -> Result<(), WireError> {
    if span.offset == next {
        no_nul(string(item, 0, span, what)?, what)
    } else {
        Err(WireError::layout(what, next as u64, span.offset as u64))
    }
}

#[cold]
fn too_many(labels: usize) -> WireError {
    let most = u16::MAX.into();
    WireError::new(WireErrorKind::BadItemCount, "labels", most, labels as u64)
}
