use std::fmt;
use std::marker::PhantomData;

use netipc_proto::wire::{PackedWriter, Valid, WireError};

use super::{LOOKUP_HEADER_LEN, Lookup, header};

/// Writes a reply item by item, without the request that it answers: for those who decode and encode
/// messages themselves, merge replies, or test peers. Servers have [`LookupAnswer`](super::LookupAnswer),
/// which holds a handler to the keys and says what did not fit.
///
/// ```
/// use netipc::lookup::{Lookup, LookupItem, LookupReply, ReplyBuilder};
/// use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, Pid, PidStatus};
/// use netipc::wire::{Valid, WireError};
///
/// /// Copies a reply of any lookup: what was decoded goes into another one as it is.
/// fn copy<L: Lookup>(reply: &[u8], buf: &mut [u8]) -> Result<usize, WireError> {
///     let reply = Valid::<LookupReply<'_, L>>::decode(reply)?.view();
///     let mut builder = ReplyBuilder::<L>::new(buf)?;
///     builder.set_generation(reply.generation);
///     for item in reply.list().iter_valid() {
///         builder.push_valid(item)?;
///     }
///     Ok(builder.finish())
/// }
///
/// let mut first = [0; 256];
/// let mut builder = ReplyBuilder::<AppsLookup>::new(&mut first)?;
/// builder.set_generation(7);
/// builder.push(&AppsLookupItem::bare(Pid(1), PidStatus::UNKNOWN.0))?;
/// let len = builder.finish();
///
/// let mut second = [0; 256];
/// assert_eq!(copy::<AppsLookup>(&first[..len], &mut second)?, len);
/// assert_eq!(second, first);
/// # Ok::<(), WireError>(())
/// ```
pub struct ReplyBuilder<'a, L: Lookup> {
    list: PackedWriter<'a>,
    generation: u64,
    _lookup: PhantomData<fn() -> L>,
}

impl<'a, L: Lookup> ReplyBuilder<'a, L> {
    /// A reply of any number of items, of at most `buf.len()` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`](netipc_proto::wire::WireErrorKind::Overflow) where not even the
    /// header fits.
    pub fn new(buf: &'a mut [u8]) -> Result<Self, WireError> {
        Ok(Self {
            list: PackedWriter::growing(buf, LOOKUP_HEADER_LEN)?,
            generation: 0,
            _lookup: PhantomData,
        })
    }

    /// Sets the generation of the data; 0 unless set.
    pub const fn set_generation(&mut self, generation: u64) {
        self.generation = generation;
    }

    /// Items so far.
    #[must_use]
    pub const fn item_count(&self) -> usize {
        self.list.len()
    }

    /// Adds an item. Where that fails, the reply is as it was.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`](netipc_proto::wire::WireErrorKind::Overflow) where it does not fit,
    /// and what is wrong with an item that may not be sent.
    pub fn push(&mut self, item: &L::Item<'_>) -> Result<(), WireError> {
        self.list.push(item)
    }

    /// Adds an item that was decoded, byte for byte. Where that fails, the reply is as it was.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`](netipc_proto::wire::WireErrorKind::Overflow) where it does not fit.
    pub fn push_valid<'v>(&mut self, item: Valid<'v, L::Item<'v>>) -> Result<(), WireError> {
        self.list.push(&item.bytes())
    }

    /// Ends the reply; returns its length.
    #[must_use]
    pub fn finish(self) -> usize {
        let count = self.list.len();
        let (front, len) = self.list.finish();
        front.copy_from_slice(&header(L::LAYOUT, count, self.generation));
        len
    }
}

impl<L: Lookup> fmt::Debug for ReplyBuilder<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyBuilder")
            .field("items", &self.list.len())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
