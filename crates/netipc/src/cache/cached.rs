use std::fmt;
use std::hash::Hash;

use netipc_proto::wire::{Decode, Layout, List, Packed, Valid};
use netipc_transport::wait::Wait;

use super::hash::hash_key;
use crate::error::CallError;
use crate::kind::Service;
use crate::lookup::{Key, Lookup, LookupItem};
use crate::untyped::AnyClient;

/// A service whose answers can be cached: what a refresh asks for, and how an item is found again.
///
/// Lookups implement [`CachedLookup`] instead.
pub trait Cached: Service {
    /// What a refresh asks for.
    type Query: Send;
    /// What an answer says besides its items.
    type Header: Copy + fmt::Debug + Send + Sync;
    /// What an item is found by.
    type Key<'k>: Copy + Hash;
    /// An item.
    type Item<'a>: Decode<'a>;

    /// Asks once.
    ///
    /// # Errors
    /// [`CallError`]; the cache keeps what it has.
    fn fetch<'c>(
        client: &'c mut AnyClient,
        query: &Self::Query,
        wait: &Wait<'_>,
    ) -> Result<Fetched<'c, Self>, CallError>;

    /// What an item is found by.
    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a>;

    /// The hash of a key: the cheaper, the faster is a lookup. Where too many keys have the same, the
    /// table hashes them itself.
    #[must_use]
    #[inline]
    fn hash(key: Self::Key<'_>) -> u32 {
        (hash_key(&key) >> 32) as u32
    }

    /// The item, if it is the one that `key` finds.
    fn matching<'a>(item: Valid<'a, Self::Item<'a>>, key: Self::Key<'_>) -> Option<Self::Item<'a>>;
}

/// A lookup whose answers can be cached: a refresh asks for the keys of interest.
pub trait CachedLookup: Lookup {
    /// A key that the cache keeps.
    type OwnedKey: Send;

    /// The key to ask for.
    fn key(owned: &Self::OwnedKey) -> Key<'_, Self>;
}

impl<L: CachedLookup> Cached for L {
    type Query = Vec<L::OwnedKey>;
    type Header = ();
    type Key<'k> = Key<'k, L>;
    type Item<'a> = L::Item<'a>;

    fn fetch<'c>(
        client: &'c mut AnyClient,
        query: &Vec<L::OwnedKey>,
        wait: &Wait<'_>,
    ) -> Result<Fetched<'c, Self>, CallError> {
        let keys: Vec<Key<'_, L>> = query.iter().map(L::key).collect();
        let reply = client.lookup::<L, _>(&keys, wait)?;
        Ok(Fetched::<Self>::decoded(reply.generation, (), reply.list()))
    }

    fn key<'a>(item: &L::Item<'a>) -> Key<'a, L> {
        item.key()
    }

    fn matching<'a>(item: Valid<'a, L::Item<'a>>, key: Key<'_, L>) -> Option<L::Item<'a>> {
        Some(item.view()).filter(|item| L::same(item.key(), key))
    }
}

/// What a refresh got.
pub struct Fetched<'c, S: Cached> {
    /// Changes when the provider's data does.
    pub(super) generation: u64,
    /// What the answer says besides its items.
    pub(super) header: S::Header,
    pub(super) items: Packed<'c>,
    /// Whether every item has been decoded.
    pub(super) decoded: bool,
}

impl<'c, S: Cached> Fetched<'c, S> {
    /// Items that nobody has decoded yet: the cache will, and keeps what it has where one is bad.
    #[must_use]
    pub const fn unchecked(generation: u64, header: S::Header, items: Packed<'c>) -> Self {
        Self {
            generation,
            header,
            items,
            decoded: false,
        }
    }

    /// Items that have been decoded.
    #[must_use]
    pub const fn decoded<I>(generation: u64, header: S::Header, items: List<'c, I>) -> Self
    where
        I: for<'a> Layout<View<'a> = S::Item<'a>>,
    {
        Self {
            generation,
            header,
            items: items.packed(),
            decoded: true,
        }
    }
}

impl<S: Cached> fmt::Debug for Fetched<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("generation", &self.generation)
            .field("header", &self.header)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}
