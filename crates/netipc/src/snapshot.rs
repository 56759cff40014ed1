//! What every "give me all there is" kind shares: the request, the envelope of the reply, and the
//! builder that never sends half an answer as a whole one.
//!
//! ```text
//! request  0       2      4
//!          layout  flags
//! reply    0       2      4           8              16          24              24 + 8 n
//!          layout  flags  item_count  of the service  generation  offset len ..   item ..
//! ```

use std::fmt;
use std::marker::PhantomData;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{
    Decode, Encode, Fields, ListRules, Packed, PackedWriter, Reader, Valid, WireError,
    WireErrorKind, Writer,
};

/// Bytes in front of the directory of a reply.
pub const SNAPSHOT_HEADER_LEN: usize = 24;

/// A kind of snapshot: what its items are, and what it says besides.
pub trait Snapshot: Sized + 'static {
    /// The number that replies and items begin with.
    const LAYOUT: u16 = 1;
    /// Bytes in front of an item's strings.
    const ITEM_HEADER_LEN: usize;
    /// What a reply says besides its items.
    type Header: SnapshotHeader;
    /// One thing there is.
    type Item<'a>: Copy + Encode + Decode<'a>;
}

/// A kind whose answers are made of whole items, as code that `netipc schema` makes is: it has
/// [`SnapshotAnswer::set_header`] and [`SnapshotAnswer::add`]. The library's own kind has methods of
/// these names that take the fields one by one.
pub trait ByItem: Snapshot {}

/// What a snapshot says besides its items: 8 bytes of the service's own.
pub trait SnapshotHeader: Copy + Default + fmt::Debug {
    /// Reads 8 bytes.
    ///
    /// # Errors
    /// Which field breaks which rule.
    fn read(fields: &mut Reader<'_>) -> Result<Self, WireError>;

    /// Writes 8 bytes.
    #[must_use]
    fn write<'f>(&self, fields: Fields<'f>) -> Fields<'f>;

    /// Whether it may be sent, or was rightly sent.
    ///
    /// # Errors
    /// Which field breaks which rule.
    fn check(&self) -> Result<(), WireError> {
        Ok(())
    }
}

/// Asks for the snapshot. It has no fields.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SnapshotRequest;

impl SnapshotRequest {
    /// Bytes on the wire.
    pub const LEN: usize = 4;
    /// The version of the layout.
    pub const LAYOUT: u16 = 1;
}

impl Encode for SnapshotRequest {
    fn size(&self) -> usize {
        Self::LEN
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<{ Self::LEN }>(|fields| fields.u16(Self::LAYOUT).u16(0))
    }
}

impl Decode<'_> for SnapshotRequest {
    fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<{ Self::LEN }>(payload, "snapshot request")?;
        r.expect_u16(Self::LAYOUT, "snapshot request layout_version")?;
        r.expect_u16(0, "snapshot request flags")?;
        Ok(Self)
    }
}

/// A snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils
/// only itself.
pub struct SnapshotReply<'a, S: Snapshot> {
    /// What it says besides its items.
    pub header: S::Header,
    /// Changes when the provider's data does.
    pub generation: u64,
    payload: &'a [u8],
    list: Packed<'a>,
    _snapshot: PhantomData<fn() -> S>,
}

impl<'a, S: Snapshot> SnapshotReply<'a, S> {
    /// Number of items.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Item `index`.
    ///
    /// # Errors
    /// What is wrong with the item, or [`WireErrorKind::OutOfBounds`] beyond the last.
    pub fn item(&self, index: u32) -> Result<S::Item<'a>, WireError> {
        let kind = WireErrorKind::OutOfBounds;
        let beyond = WireError::new(kind, "item index", self.len() as u64, index.into());
        S::Item::<'a>::decode(self.list.get(index as usize).ok_or(beyond)?)
    }

    /// Every item, in order. Each is validated when it is reached, so that nothing is read twice: an
    /// item that breaks a rule of its schema is an error, and those behind it can still be read.
    /// [`validate`](Self::validate) looks at them all before any is used.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<S::Item<'a>, WireError>> + use<'a, S> {
        self.list.iter().map(S::Item::<'a>::decode)
    }

    /// Validates every item at once.
    ///
    /// # Errors
    /// What is wrong with the first bad item.
    pub fn validate(&self) -> Result<(), WireError> {
        self.iter().try_for_each(|item| item.map(drop))
    }

    /// The whole reply as bytes, with the proof.
    #[must_use]
    pub fn valid(&self) -> Valid<'a, Self> {
        assume_valid(self.payload)
    }

    /// As [`valid`](Self::valid), for what such a reply is seen as: `V` is decoded by decoding the reply.
    #[must_use]
    pub fn valid_view<V: From<Self>>(&self) -> Valid<'a, V> {
        assume_valid(self.payload)
    }

    /// The reply that was seen as `V`.
    #[must_use]
    pub fn of_view<V: From<Self>>(valid: Valid<'a, V>) -> Self {
        assume_valid::<Self>(valid.bytes()).view()
    }

    /// The items as bytes, not validated.
    #[must_use]
    pub const fn list(&self) -> Packed<'a> {
        self.list
    }
}

/// The number of items, what is the service's own, and the generation.
#[inline]
fn read_header<S: Snapshot>(payload: &[u8]) -> Result<(u32, S::Header, u64), WireError> {
    let mut r = Reader::record::<SNAPSHOT_HEADER_LEN>(payload, "snapshot header")?;
    r.expect_u16(S::LAYOUT, "snapshot layout_version")?;
    r.expect_u16(0, "snapshot flags")?;
    let (count, header) = (r.u32("item_count")?, S::Header::read(&mut r)?);
    header.check()?;
    Ok((count, header, r.u64("generation")?))
}

impl<'a, S: Snapshot> Decode<'a> for SnapshotReply<'a, S> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let rules = ListRules {
            min_len: S::ITEM_HEADER_LEN,
            ordered: false,
        };
        let (item_count, header, generation) = read_header::<S>(payload)?;
        Ok(Self {
            header,
            generation,
            payload,
            list: Packed::parse(payload, SNAPSHOT_HEADER_LEN, item_count, rules)?,
            _snapshot: PhantomData,
        })
    }

    fn view(valid: Valid<'a, Self>) -> Self {
        let payload = valid.bytes();
        let (item_count, header, generation) = read_header::<S>(payload).unwrap_or_default();
        Self {
            header,
            generation,
            payload,
            list: valid.packed(SNAPSHOT_HEADER_LEN, item_count),
            _snapshot: PhantomData,
        }
    }
}

impl<S: Snapshot> Clone for SnapshotReply<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Snapshot> Copy for SnapshotReply<'_, S> {}

impl<S: Snapshot> fmt::Debug for SnapshotReply<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotReply")
            .field("items", &self.len())
            .field("header", &self.header)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Takes the items of a snapshot.
///
/// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back
/// with room for more. It is never sent as if it were whole, unless the handler says so.
pub struct SnapshotAnswer<'a, S: Snapshot> {
    list: PackedWriter<'a>,
    header: S::Header,
    generation: u64,
    error: Option<WireError>,
    _snapshot: PhantomData<fn() -> S>,
}

impl<'a, S: Snapshot> SnapshotAnswer<'a, S> {
    /// A snapshot of at most `buf.len()` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where not even the header fits.
    pub fn new(buf: &'a mut [u8]) -> Result<Self, WireError> {
        let list = PackedWriter::growing(buf, SNAPSHOT_HEADER_LEN)?;
        Ok(Self {
            list,
            header: S::Header::default(),
            generation: 0,
            error: None,
            _snapshot: PhantomData,
        })
    }

    /// As [`set_header`](Self::set_header), for any kind.
    pub const fn set(&mut self, header: S::Header, generation: u64) {
        self.header = header;
        self.generation = generation;
    }

    /// As [`add`](Self::add), for any kind.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it does not fit, [`WireErrorKind::BadLayout`] where it may
    /// not be sent. The first error is kept and decides how the request ends.
    pub fn push(&mut self, item: &S::Item<'_>) -> Result<(), WireError> {
        let done = self.error.map_or_else(|| self.list.push(item), Err);
        self.error = done.err();
        done
    }

    /// Items so far.
    #[must_use]
    pub const fn item_count(&self) -> usize {
        self.list.len()
    }

    /// What went wrong first, if anything.
    #[must_use]
    pub const fn error(&self) -> Option<WireError> {
        self.error
    }

    /// Sends the items that fitted, as if they were all.
    pub fn accept_truncated(&mut self) {
        self.error
            .take_if(|error| error.kind() == WireErrorKind::Overflow);
    }

    /// Ends the snapshot; returns its length.
    ///
    /// # Errors
    /// The first that was met.
    pub fn finish(self) -> Result<usize, WireError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.header.check()?;
        let header: [u8; SNAPSHOT_HEADER_LEN] = Fields::record(|fields| {
            let fields = fields.u16(S::LAYOUT).u16(0).size(self.list.len());
            self.header.write(fields).u64(self.generation)
        });
        let (front, len) = self.list.finish();
        front.copy_from_slice(&header);
        Ok(len)
    }
}

impl<S: ByItem> SnapshotAnswer<'_, S> {
    /// Says what stands in front of the items, and which generation of the data this is. Both are zero
    /// unless set, at any time.
    pub const fn set_header(&mut self, header: S::Header, generation: u64) {
        self.set(header, generation);
    }

    /// Adds an item.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it does not fit, [`WireErrorKind::BadLayout`] where it may
    /// not be sent. The first error is kept and decides how the request ends.
    pub fn add(&mut self, item: &S::Item<'_>) -> Result<(), WireError> {
        self.push(item)
    }
}

impl<S: Snapshot> fmt::Debug for SnapshotAnswer<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotAnswer")
            .field("items", &self.list.len())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
