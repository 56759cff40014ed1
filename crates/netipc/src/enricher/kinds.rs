//! What an enricher has to know of keys and items, with a type for them and without.

use std::fmt;
use std::marker::PhantomData;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{CStrView, Decode, Encode, Labels, MethodCode, Packed, WireError, Writer};
use netipc_transport::wait::Wait;

use super::table::{Hashing, Record};
use crate::error::CallError;
use crate::lookup::{Key, Lookup, LookupFormat, LookupItem, LookupKey, Verdict};
use crate::untyped::AnyClient;

/// What a kind of lookup is to an enricher. Keys and items are bytes, as they stand in messages.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Whether keys are texts.
    fn has_texts(&self) -> bool;

    fn hash(&self, key: &[u8], hashing: &Hashing) -> u64;

    /// What an item that was checked says of its key, and of whom.
    fn judge(&self, item: &[u8]) -> (Verdict, u64);

    /// What of an item is its own, its texts, and its labels as they are kept, with their number.
    fn split<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>);

    /// Asks for keys, and hands over the generation and an item for each. No keys ask for the generation.
    fn ask(
        &self,
        client: &mut AnyClient,
        keys: &[&[u8]],
        wait: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), CallError>;
}

/// What a call brought: copies, because the client that has the reply is asked what it came over.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(super) generation: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Answers {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn push(&mut self, item: &[u8]) {
        self.bytes.extend_from_slice(item);
        self.ends.push(self.bytes.len());
    }

    /// The items, in the order of the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(self.ends.iter().copied());
        spans.map(|(start, end)| self.bytes.get(start..end).unwrap_or_default())
    }

    fn take(&mut self, generation: u64, items: Packed<'_>) {
        self.clear();
        self.generation = generation;
        items.iter().for_each(|item| self.push(item));
    }
}

/// Texts of an item that is kept in parts, as a record counts them.
const MOST_TEXTS: usize = u8::MAX as usize;

/// An item in parts, of which copies share texts and labels.
#[derive(Clone, Debug, Default)]
pub struct ItemParts<'i> {
    /// What is its own: its fixed part, or all of it where it is kept whole.
    pub item: &'i [u8],
    /// Its texts, without the NULs behind them. An item with more than 255 is kept whole.
    pub texts: Vec<&'i [u8]>,
    /// Its labels as they stand alone: a table whose texts are counted from its own beginning.
    pub labels: Vec<u8>,
    /// How many labels.
    pub labels_count: u16,
}

impl<'i> ItemParts<'i> {
    /// Makes it an item that is kept whole.
    pub fn whole(&mut self, item: &'i [u8]) {
        self.texts.clear();
        self.labels.clear();
        self.labels_count = 0;
        self.item = item;
    }

    /// Takes the labels of an item.
    pub fn set_labels(&mut self, labels: &Labels<'_>) {
        self.labels.clear();
        self.labels_count = u16::try_from(labels.len()).unwrap_or(u16::MAX);
        if !labels.is_empty() {
            self.labels.resize(labels.end_after(0), 0);
            // There is room for them, and they came from the wire.
            let _ = labels.encode(&mut Writer::new(&mut self.labels));
        }
    }
}

/// A lookup with types.
pub(crate) struct Typed<L>(PhantomData<fn() -> L>);

impl<L> Typed<L> {
    pub(super) const KIND: Self = Self(PhantomData);
}

/// The key that bytes are. They are those of one.
#[inline]
pub(super) fn key_of<L: Lookup>(bytes: &[u8]) -> Key<'_, L> {
    Key::<'_, L>::view(assume_valid(bytes))
}

/// A key as it stands in a request.
pub(super) fn encoded(key: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; key.size()];
    // There is room for it, and keys are valid.
    let _ = key.encode(&mut Writer::new(&mut bytes));
    bytes
}

/// The item of a record.
#[inline(always)]
pub(super) fn item_of<'t, L: Lookup>(record: &Record<'t>) -> L::Item<'t> {
    if <L::Item<'t> as LookupItem<'t>>::TEXTS.is_some() {
        let mut texts = record.texts();
        let labels = assume_valid::<u64>(record.labels()).labels(record.head.labels_count, 0);
        let text = || CStrView::new(texts.next().unwrap_or_default());
        if let Some(item) = L::Item::put_together(record.item(), text, labels) {
            return item;
        }
    }
    L::Item::view(assume_valid(record.item()))
}

/// Takes an item that was checked apart.
pub(super) fn take_apart<'i, L: Lookup>(bytes: &'i [u8], parts: &mut ItemParts<'i>) {
    parts.whole(bytes);
    if L::Item::<'i>::TEXTS.is_some() {
        let item = L::Item::view(assume_valid(bytes));
        let labels = item.take_apart(&mut |text| parts.texts.push(text.as_bytes()));
        parts.item = bytes.get(..L::Item::<'i>::HEADER_LEN).unwrap_or_default();
        parts.set_labels(&labels);
    }
}

impl<L: Lookup> Kind for Typed<L> {
    fn has_texts(&self) -> bool {
        // The shortest is one byte and a NUL; keys of fixed size have at least four bytes.
        <Key<'_, L> as LookupKey<'_>>::MIN_LEN < 4
    }

    fn hash(&self, key: &[u8], hashing: &Hashing) -> u64 {
        hashing.of(&key_of::<L>(key))
    }

    fn judge(&self, item: &[u8]) -> (Verdict, u64) {
        let item = L::Item::view(assume_valid(item));
        (item.verdict(), item.identity())
    }

    fn split<'i>(&self, bytes: &'i [u8], parts: &mut ItemParts<'i>) {
        take_apart::<L>(bytes, parts);
    }

    fn ask(
        &self,
        client: &mut AnyClient,
        keys: &[&[u8]],
        wait: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), CallError> {
        let keys: Vec<Key<'_, L>> = keys.iter().map(|key| key_of::<L>(key)).collect();
        let reply = client.lookup::<L, Key<'_, L>>(&keys, wait)?;
        answers.take(reply.generation, reply.list().packed());
        Ok(())
    }
}

/// A lookup whose keys and items are known at run time only, with what an enricher has to know besides.
pub trait EnrichedFormat: LookupFormat + Send + Sync + 'static {
    /// What an item that was checked says of its key. The default goes by the status alone.
    fn verdict(&self, item: &[u8]) -> Verdict {
        Verdict::of_status(self.status(item), self.oversized())
    }

    /// What tells this owner of the key from an earlier one; 0 is unknown.
    fn identity(&self, item: &[u8]) -> u64 {
        let _ = item;
        0
    }

    /// Takes an item that was checked apart, so that copies share its texts and labels. The default keeps it
    /// whole.
    fn take_apart<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>) {
        parts.whole(item);
    }

    /// Whether keys are texts, of which fewer are asked at a time.
    fn has_text_keys(&self) -> bool {
        true
    }
}

/// The format of a lookup that has types.
pub struct TypedFormat<L>(PhantomData<fn() -> L>);

impl<L: Lookup> TypedFormat<L> {
    /// The format.
    #[must_use]
    pub fn boxed() -> Box<dyn EnrichedFormat> {
        Box::new(Self(PhantomData))
    }

    fn item(bytes: &[u8]) -> L::Item<'_> {
        L::Item::view(assume_valid(bytes))
    }
}

impl<L> fmt::Debug for TypedFormat<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedFormat").finish()
    }
}

impl<L: Lookup> LookupFormat for TypedFormat<L> {
    fn method(&self) -> MethodCode {
        L::METHOD.code
    }

    fn layout(&self) -> u16 {
        L::LAYOUT
    }

    fn exceeded(&self) -> u16 {
        L::Item::EXCEEDED
    }

    fn oversized(&self) -> u16 {
        L::Item::OVERSIZED
    }

    fn min_item_len(&self) -> usize {
        L::Item::HEADER_LEN
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        L::Item::decode(item).map(drop)
    }

    fn status(&self, item: &[u8]) -> u16 {
        Self::item(item).status()
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        L::same(Self::item(item).key(), key_of::<L>(key))
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        encoded(&L::Item::bare(key_of::<L>(key), status))
    }

    fn bare_len(&self, key: &[u8]) -> usize {
        L::Item::bare(key_of::<L>(key), L::Item::EXCEEDED).size()
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        L::reply_estimate(key_of::<L>(key))
    }
}

impl<L: Lookup> EnrichedFormat for TypedFormat<L> {
    fn verdict(&self, item: &[u8]) -> Verdict {
        Self::item(item).verdict()
    }

    fn identity(&self, item: &[u8]) -> u64 {
        Self::item(item).identity()
    }

    fn take_apart<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>) {
        take_apart::<L>(item, parts);
    }

    fn has_text_keys(&self) -> bool {
        <Key<'_, L> as LookupKey<'_>>::MIN_LEN < 4
    }
}

/// A lookup without types.
pub(crate) struct Untyped(pub(super) Box<dyn EnrichedFormat>);

impl Kind for Untyped {
    fn has_texts(&self) -> bool {
        self.0.has_text_keys()
    }

    fn hash(&self, key: &[u8], hashing: &Hashing) -> u64 {
        hashing.of(&key)
    }

    fn judge(&self, item: &[u8]) -> (Verdict, u64) {
        (self.0.verdict(item), self.0.identity(item))
    }

    fn split<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>) {
        self.0.take_apart(item, parts);
        if parts.texts.len() > MOST_TEXTS {
            parts.whole(item);
        }
    }

    fn ask(
        &self,
        client: &mut AnyClient,
        keys: &[&[u8]],
        wait: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), CallError> {
        let (generation, items) = client.lookup_bytes(&*self.0, keys, wait)?;
        answers.take(generation, items.packed());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Items whose every byte is a text, and nothing else of a lookup.
    struct Bytes;

    impl LookupFormat for Bytes {
        fn method(&self) -> MethodCode {
            MethodCode(99)
        }

        fn exceeded(&self) -> u16 {
            1
        }

        fn oversized(&self) -> u16 {
            2
        }

        fn min_item_len(&self) -> usize {
            1
        }

        fn check(&self, _: &[u8]) -> Result<(), WireError> {
            Ok(())
        }

        fn status(&self, _: &[u8]) -> u16 {
            0
        }

        fn answers(&self, _: &[u8], _: &[u8]) -> bool {
            true
        }

        fn bare(&self, _: &[u8], _: u16) -> Vec<u8> {
            vec![0]
        }
    }

    impl EnrichedFormat for Bytes {
        fn take_apart<'i>(&self, item: &'i [u8], parts: &mut ItemParts<'i>) {
            parts.whole(item);
            parts.item = item.get(..1).unwrap_or_default();
            parts.texts.extend(item.chunks(1));
        }
    }

    #[test]
    fn an_item_with_more_texts_than_a_record_counts_is_kept_whole() {
        let kind = Untyped(Box::new(Bytes));
        let item = [7; MOST_TEXTS + 1];
        let mut parts = ItemParts::default();
        kind.split(&item[1..], &mut parts);
        assert_eq!((parts.item.len(), parts.texts.len()), (1, MOST_TEXTS));
        kind.split(&item, &mut parts);
        assert_eq!((parts.item, parts.texts.len()), (&item[..], 0));
    }

    #[test]
    fn a_format_that_says_no_more_goes_by_the_status_and_asks_as_for_texts() {
        let kind = Untyped(Box::new(Bytes));
        assert_eq!(kind.judge(&[7]), (Verdict::Known, 0));
        assert!(kind.has_texts());
    }
}
