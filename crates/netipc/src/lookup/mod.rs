//! What every "keys in, one item for each key out" kind shares: the layout of requests and replies,
//! how an answer that gets full says so, and how a client splits a call and puts replies together.
//!
//! ```text
//! 0       2      4           8           16                16 + 8 n
//! layout  flags  item_count  generation  offset length ..  key or item .. gap to 8 ..
//! ```

mod answer;
mod call;
mod format;
mod growth;
mod key;
mod progress;
mod reply;
mod reply_builder;
mod request;
mod response;
mod verdict;
mod window;

pub use answer::LookupAnswer;
pub use format::LookupFormat;
pub use key::{NumberKey, TextKey};
pub use reply::LookupReply;
pub use reply_builder::ReplyBuilder;
pub use request::LookupRequest;
pub use request::encode_request;
#[doc(hidden)]
pub use request::write_request;
pub use verdict::Verdict;

use std::hash::Hash;
use std::marker::PhantomData;

use netipc_proto::wire::{CStrView, Decode, Encode, Fields, Labels, Layout, Reader, WireError};
use netipc_transport::wait::Wait;

use crate::error::CallError;
use crate::kind::{Method, Service};
use crate::untyped::AnyClient;

/// Bytes in front of the directory, in requests and replies.
pub const LOOKUP_HEADER_LEN: usize = 16;

/// A lookup. Implementing it makes the type a [`Service`].
pub trait Lookup: Sized + 'static {
    /// Its number and name. Lookups are never batched: they carry many keys as they are.
    const METHOD: Method;

    /// The number that requests, replies and items begin with.
    const LAYOUT: u16 = 1;

    /// What is found for one key.
    type Item<'a>: LookupItem<'a>;

    /// What clients pass for a key: the key, or what becomes one.
    type Argument<'k>: Copy + TryInto<Key<'k, Self>, Error: Into<WireError>>;

    /// Whether two keys are the same. Every implementation is `a == b`: the trait cannot say that keys
    /// of two lifetimes compare.
    #[must_use]
    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool;

    /// Bytes that the reply to one key is likely to take, for the split of large calls.
    ///
    /// The default is those of an answer that finds nothing.
    #[must_use]
    fn reply_estimate(key: Key<'_, Self>) -> usize {
        <Self::Item<'_> as LookupItem>::bare(key, <Self::Item<'_> as LookupItem>::EXCEEDED).size()
    }
}

/// What is looked up by `L`.
pub type Key<'a, L> = <<L as Lookup>::Item<'a> as LookupItem<'a>>::Key;

/// The layout of the keys of `L`.
#[derive(Debug)]
pub struct KeyOf<L>(PhantomData<fn() -> L>);

impl<L: Lookup> Layout for KeyOf<L> {
    type View<'a> = Key<'a, L>;
}

/// The layout of the items of `L`.
#[derive(Debug)]
pub struct ItemOf<L>(PhantomData<fn() -> L>);

impl<L: Lookup> Layout for ItemOf<L> {
    type View<'a> = L::Item<'a>;
}

/// A key of a lookup. A value of it is valid: whoever has one need not look for NULs.
pub trait LookupKey<'a>: Copy + Hash + Encode + Decode<'a> {
    /// Bytes of the shortest key.
    const MIN_LEN: usize;
}

/// What is found for one key.
pub trait LookupItem<'a>: Copy + Encode + Decode<'a> {
    /// Bytes in front of the strings.
    const HEADER_LEN: usize;
    /// The status that says: the answer is full, ask for this key again.
    const EXCEEDED: u16;
    /// The status that says: no answer can hold this item.
    const OVERSIZED: u16;
    /// What is looked up.
    type Key: LookupKey<'a>;

    /// The key that this answers.
    fn key(&self) -> Self::Key;

    /// Whether it holds data, or why not.
    fn status(&self) -> u16;

    /// The item for `key` that holds only a status.
    #[must_use]
    fn bare(key: Self::Key, status: u16) -> Self;

    /// What it says of its key. The default goes by the status alone.
    #[must_use]
    fn verdict(&self) -> Verdict {
        Verdict::of_status(self.status(), Self::OVERSIZED)
    }

    /// What tells this owner of the key from an earlier one, such as when a process started; 0 is unknown.
    #[must_use]
    fn identity(&self) -> u64 {
        0
    }

    /// How many texts it can be [taken apart](Self::take_apart) into, so that copies share those that are
    /// alike; `None` keeps items in one piece.
    const TEXTS: Option<usize> = None;

    /// Hands each of its texts to `text`, in order, and gives its labels.
    fn take_apart(&self, text: &mut dyn FnMut(CStrView<'a>)) -> Labels<'a> {
        let _ = text;
        Labels::NONE
    }

    /// An item of the first [`HEADER_LEN`](Self::HEADER_LEN) bytes of one that was decoded, with texts and
    /// labels from elsewhere. Nothing where items are kept in one piece.
    #[must_use]
    fn put_together(
        fixed: &'a [u8],
        text: impl FnMut() -> CStrView<'a>,
        labels: Labels<'a>,
    ) -> Option<Self> {
        let _ = (fixed, text, labels);
        None
    }
}

impl<L: Lookup> Service for L {
    const METHOD: Method = L::METHOD;
    type Argument<'r> = [L::Argument<'r>];
    type Request<'a> = LookupRequest<'a, L>;
    type Reply<'a> = LookupReply<'a, L>;
    type Answer<'a> = LookupAnswer<'a, L>;

    fn call<'c>(
        client: &'c mut AnyClient,
        keys: &[L::Argument<'_>],
        wait: &Wait<'_>,
    ) -> Result<LookupReply<'c, L>, CallError> {
        client.lookup(keys, wait)
    }

    fn answer<'a>(
        request: &LookupRequest<'a, L>,
        buf: &'a mut [u8],
    ) -> Result<LookupAnswer<'a, L>, WireError> {
        LookupAnswer::new(*request, buf)
    }

    fn finish(answer: LookupAnswer<'_, L>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// The 16 bytes in front of a directory of `count` entries.
fn header(layout: u16, count: usize, generation: u64) -> [u8; LOOKUP_HEADER_LEN] {
    Fields::record(|fields| fields.u16(layout).u16(0).size(count).u64(generation))
}

/// The number of items, and the generation.
fn read_header(layout: u16, payload: &[u8]) -> Result<(u32, u64), WireError> {
    let mut r = Reader::record::<LOOKUP_HEADER_LEN>(payload, "lookup header")?;
    r.expect_u16(layout, "lookup layout_version")?;
    r.expect_u16(0, "lookup flags")?;
    Ok((r.u32("item_count")?, r.u64("generation")?))
}
