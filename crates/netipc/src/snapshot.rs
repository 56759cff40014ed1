//! What every "give me all there is" kind shares: the request, the envelope of the reply, and the
//! builder that never sends half an answer as a whole one.
//!
//! ```text
//! request  0       2      4
//!          layout  flags
//! reply    0       2      4           8                12  16          24              24 + 8 n
//!          layout  flags  item_count  systemd_enabled  0   generation  offset len ..   item ..
//! ```

use std::fmt;
use std::marker::PhantomData;

use netipc_proto::wire::{
    Decode, Encode, Fields, ListRules, Packed, PackedWriter, Reader, WireError, WireErrorKind,
    Writer,
};

/// Bytes in front of the directory of a reply.
pub const SNAPSHOT_HEADER_LEN: usize = 24;

/// A kind of snapshot: what its items are.
pub trait Snapshot: Sized + 'static {
    /// Bytes in front of an item's strings.
    const ITEM_HEADER_LEN: usize;
    /// One thing there is.
    type Item<'a>: Copy + Encode + Decode<'a>;
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
pub struct SnapshotReply<'a, S> {
    /// Number of items.
    pub item_count: u32,
    /// Whether systemd runs the host.
    pub systemd_enabled: u32,
    /// Changes when the provider's data does.
    pub generation: u64,
    payload: &'a [u8],
    list: Packed<'a>,
    _snapshot: PhantomData<fn() -> S>,
}

impl<'a, S: Snapshot> SnapshotReply<'a, S> {
    /// Reads a reply that was decoded before: its directory need not be checked again.
    pub(crate) fn trusted(payload: &'a [u8]) -> Result<Self, WireError> {
        Self::read(payload, |count| {
            Packed::trusted(payload, SNAPSHOT_HEADER_LEN, count)
        })
    }

    /// Item `index`.
    ///
    /// # Errors
    /// What is wrong with the item, or [`WireErrorKind::OutOfBounds`] beyond the last.
    pub fn item(&self, index: u32) -> Result<S::Item<'a>, WireError> {
        let kind = WireErrorKind::OutOfBounds;
        let beyond = WireError::new(kind, "item index", self.item_count.into(), index.into());
        S::Item::<'a>::decode(self.list.get(index as usize).ok_or(beyond)?)
    }

    /// Every item, in order.
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

    /// The whole reply, for [`Service::reread`](crate::service::Service::reread) later on.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The packed items, not validated.
    pub(crate) const fn list(&self) -> Packed<'a> {
        self.list
    }

    #[inline(always)]
    fn read(
        payload: &'a [u8],
        list: impl FnOnce(u32) -> Result<Packed<'a>, WireError>,
    ) -> Result<Self, WireError> {
        let mut r = Reader::record::<SNAPSHOT_HEADER_LEN>(payload, "snapshot header")?;
        r.expect_u16(1, "snapshot layout_version")?;
        r.expect_u16(0, "snapshot flags")?;
        let (item_count, systemd_enabled) = (r.u32("item_count")?, r.u32("systemd_enabled")?);
        r.expect_zero_u32("snapshot reserved")?;
        let generation = r.u64("generation")?;
        Ok(Self {
            item_count,
            systemd_enabled,
            generation,
            payload,
            list: list(item_count)?,
            _snapshot: PhantomData,
        })
    }
}

impl<'a, S: Snapshot> Decode<'a> for SnapshotReply<'a, S> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let rules = ListRules {
            min_len: S::ITEM_HEADER_LEN,
            ordered: false,
        };
        Self::read(payload, |count| {
            Packed::parse(payload, SNAPSHOT_HEADER_LEN, count, rules)
        })
    }
}

impl<S> Clone for SnapshotReply<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for SnapshotReply<'_, S> {}

impl<S> fmt::Debug for SnapshotReply<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotReply")
            .field("item_count", &self.item_count)
            .field("systemd_enabled", &self.systemd_enabled)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Takes the items of a snapshot.
///
/// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back
/// with room for more. It is never sent as if it were whole, unless the handler says so.
pub struct SnapshotAnswer<'a, S> {
    list: PackedWriter<'a>,
    systemd_enabled: u32,
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
            systemd_enabled: 0,
            generation: 0,
            error: None,
            _snapshot: PhantomData,
        })
    }

    /// Says whether systemd runs the host, and which generation of the data this is. Both are 0
    /// unless set, at any time.
    pub const fn set_header(&mut self, systemd_enabled: u32, generation: u64) {
        self.systemd_enabled = systemd_enabled;
        self.generation = generation;
    }

    /// Adds an item.
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
        let header: [u8; SNAPSHOT_HEADER_LEN] = Fields::record(|fields| {
            fields
                .u16(1)
                .u16(0)
                .size(self.list.len())
                .u32(self.systemd_enabled)
                .u32(0)
                .u64(self.generation)
        });
        let (front, len) = self.list.finish();
        front.copy_from_slice(&header);
        Ok(len)
    }
}

impl<S> fmt::Debug for SnapshotAnswer<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotAnswer")
            .field("items", &self.list.len())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}
