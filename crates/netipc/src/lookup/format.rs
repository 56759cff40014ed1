//! What a logical lookup has to know of keys and items, with a type for them and without.

use std::marker::PhantomData;

use netipc_proto::wire::{Bytes, Decode, Encode, Layout, ListBuf, MethodCode, WireError};

use super::{ItemOf, Key, KeyOf, Lookup, LookupItem};

/// A lookup whose items and keys are known at run time only, as bytes: what a logical lookup has to
/// know of them.
pub trait LookupFormat {
    /// Its number on the wire.
    fn method(&self) -> MethodCode;

    /// The number that requests, replies and items begin with; 1 unless it says otherwise.
    fn layout(&self) -> u16 {
        1
    }

    /// The status that says: the answer is full, ask for this key again.
    fn exceeded(&self) -> u16;

    /// The status that says: no answer can hold this item.
    fn oversized(&self) -> u16;

    /// Bytes of the shortest item.
    fn min_item_len(&self) -> usize;

    /// Validates an item that came.
    ///
    /// # Errors
    /// Which rule it breaks.
    fn check(&self, item: &[u8]) -> Result<(), WireError>;

    /// Whether an item that was checked holds data, or why not.
    fn status(&self, item: &[u8]) -> u16;

    /// Whether an item that was checked answers this key.
    fn answers(&self, item: &[u8], key: &[u8]) -> bool;

    /// The item for `key` that holds only a status.
    fn bare(&self, key: &[u8], status: u16) -> Vec<u8>;

    /// Bytes of [`bare`](Self::bare), which are the same for every status.
    fn bare_len(&self, key: &[u8]) -> usize {
        self.bare(key, self.exceeded()).len()
    }

    /// Bytes that the reply to one key is likely to take, for the split of large calls.
    ///
    /// The default is those of an answer that finds nothing.
    fn reply_estimate(&self, key: &[u8]) -> usize {
        self.bare_len(key)
    }
}

/// What the logical lookup is generic over: [`Lookup`]s and [`LookupFormat`]s.
pub(super) trait Format {
    type Key: Layout;
    type Item: Layout;

    fn method(&self) -> MethodCode;
    fn layout(&self) -> u16;
    fn exceeded(&self) -> u16;
    fn oversized(&self) -> u16;
    fn min_item_len(&self) -> usize;
    fn check(&self, item: &[u8]) -> Result<(), WireError>;
    fn status(&self, item: &View<'_, Self::Item>) -> u16;
    fn answers(&self, item: &View<'_, Self::Item>, key: View<'_, Self::Key>) -> bool;
    fn key_size(&self, key: &View<'_, Self::Key>) -> usize;
    fn bare_size(&self, key: View<'_, Self::Key>) -> usize;
    fn reply_estimate(&self, key: View<'_, Self::Key>) -> usize;
    fn push_oversized(
        &self,
        key: View<'_, Self::Key>,
        reply: &mut ListBuf<Self::Item>,
    ) -> Result<(), WireError>;
}

pub(super) type View<'a, L> = <L as Layout>::View<'a>;

/// A lookup with types.
pub(super) struct Typed<L>(PhantomData<fn() -> L>);

impl<L> Typed<L> {
    pub(super) const FORMAT: Self = Self(PhantomData);
}

impl<L: Lookup> Format for Typed<L> {
    type Key = KeyOf<L>;
    type Item = ItemOf<L>;

    fn method(&self) -> MethodCode {
        L::METHOD.code
    }

    fn layout(&self) -> u16 {
        L::LAYOUT
    }

    fn exceeded(&self) -> u16 {
        <L::Item<'_> as LookupItem>::EXCEEDED
    }

    fn oversized(&self) -> u16 {
        <L::Item<'_> as LookupItem>::OVERSIZED
    }

    fn min_item_len(&self) -> usize {
        <L::Item<'_> as LookupItem>::HEADER_LEN
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        L::Item::decode(item).map(drop)
    }

    fn status(&self, item: &L::Item<'_>) -> u16 {
        item.status()
    }

    fn answers(&self, item: &L::Item<'_>, key: Key<'_, L>) -> bool {
        L::same(item.key(), key)
    }

    fn key_size(&self, key: &Key<'_, L>) -> usize {
        key.size()
    }

    fn bare_size(&self, key: Key<'_, L>) -> usize {
        L::Item::bare(key, 0).size()
    }

    fn reply_estimate(&self, key: Key<'_, L>) -> usize {
        L::reply_estimate(key)
    }

    fn push_oversized(
        &self,
        key: Key<'_, L>,
        reply: &mut ListBuf<ItemOf<L>>,
    ) -> Result<(), WireError> {
        reply.push(&L::Item::bare(key, self.oversized()))
    }
}

/// A lookup of bytes.
pub(super) struct Untyped<'f, F: ?Sized>(pub(super) &'f F);

impl<F: LookupFormat + ?Sized> Format for Untyped<'_, F> {
    type Key = Bytes;
    type Item = Bytes;

    fn method(&self) -> MethodCode {
        self.0.method()
    }

    fn layout(&self) -> u16 {
        self.0.layout()
    }

    fn exceeded(&self) -> u16 {
        self.0.exceeded()
    }

    fn oversized(&self) -> u16 {
        self.0.oversized()
    }

    fn min_item_len(&self) -> usize {
        self.0.min_item_len()
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.0.check(item)
    }

    fn status(&self, item: &&[u8]) -> u16 {
        self.0.status(item)
    }

    fn answers(&self, item: &&[u8], key: &[u8]) -> bool {
        self.0.answers(item, key)
    }

    fn key_size(&self, key: &&[u8]) -> usize {
        key.len()
    }

    fn bare_size(&self, key: &[u8]) -> usize {
        self.0.bare_len(key)
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        self.0.reply_estimate(key)
    }

    fn push_oversized(&self, key: &[u8], reply: &mut ListBuf<Bytes>) -> Result<(), WireError> {
        let item = self.0.bare(key, self.0.oversized());
        reply.push(&item.as_slice())
    }
}
