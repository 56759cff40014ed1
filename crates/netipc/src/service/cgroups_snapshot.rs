//! `cgroups-snapshot`: all cgroups of the host, at once.
//!
//! ```text
//! request  0       2      4
//!          layout  flags
//! reply    0       2      4           8                12  16          24              24 + 8 n
//!          layout  flags  item_count  systemd_enabled  0   generation  offset len ..   item ..
//! item     0       2      4     8        12       16         24         32
//!          layout  flags  hash  options  enabled  name span  path span  name NUL path NUL
//! ```

use netipc_proto::wire::{
    CStrBuf, CStrView, Decode, Encode, Fields, ListRules, MethodCode, Packed, PackedWriter, Reader,
    Span, WireError, WireErrorKind, Writer, lay_out, string, view,
};

use super::{Method, Service};
use crate::cache::{Cache, CacheReader, Cached, Fetched};
use crate::{CallError, Client, Handler as AnyHandler, Server};

pub use crate::{ClientConfig, ServerConfig};

const HEADER_LEN: usize = 24;
const ITEM_LEN: usize = 32;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsSnapshot;

/// A client of `cgroups-snapshot`.
pub type CgroupsClient = Client<CgroupsSnapshot>;
/// A server of `cgroups-snapshot`.
pub type ManagedServer = Server<CgroupsSnapshot>;
/// What answers the requests of a server.
pub type Handler = AnyHandler<CgroupsSnapshot>;
/// A cache of the last good snapshot.
pub type CgroupsCache = Cache<CgroupsSnapshot>;

/// Asks for the snapshot. It has no fields.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CgroupsRequest;

/// What is known of one cgroup, written and read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CgroupsItemView<'a> {
    /// The producer's hash of the name; see [`simple_hash`](crate::simple_hash).
    pub hash: u32,
    /// The `OPTION_*` bits.
    pub options: u32,
    /// Whether it is to be monitored; any value.
    pub enabled: u32,
    /// Its name.
    pub name: CStrView<'a>,
    /// Its path.
    pub path: CStrView<'a>,
}

impl CgroupsItemView<'_> {
    /// Another cgroup has the same name; this one is disabled.
    pub const OPTION_DISABLED_DUPLICATE: u32 = 1;
    /// A service slice of systemd.
    pub const OPTION_SYSTEMD_SERVICE: u32 = 1 << 1;
    /// It lies in the unified hierarchy.
    pub const OPTION_UNIFIED: u32 = 1 << 2;
    /// The configuration excludes it.
    pub const OPTION_DISABLED_EXCLUDED: u32 = 1 << 3;
}

impl Service for CgroupsSnapshot {
    const METHOD: Method = Method {
        code: MethodCode::CGROUPS_SNAPSHOT,
        name: "cgroups-snapshot",
        batches: false,
    };
    type Request<'a> = CgroupsRequest;
    type Reply<'a> = CgroupsResponseView<'a>;
    type Answer<'a> = CgroupsBuilder<'a>;

    fn answer<'a>(_: &CgroupsRequest, buf: &'a mut [u8]) -> Result<CgroupsBuilder<'a>, WireError> {
        CgroupsBuilder::new(buf)
    }

    fn finish(answer: CgroupsBuilder<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

impl CgroupsClient {
    /// Asks for the snapshot.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_snapshot(&mut self) -> Result<CgroupsResponseView<'_>, CallError> {
        self.ask(&CgroupsRequest)
    }

    /// As [`call_snapshot`](Self::call_snapshot), within `timeout_ms` milliseconds; 0 is the
    /// client's own timeout.
    ///
    /// # Errors
    /// As [`call_snapshot`](Self::call_snapshot).
    pub fn call_snapshot_with_timeout(
        &mut self,
        timeout_ms: u32,
    ) -> Result<CgroupsResponseView<'_>, CallError> {
        self.ask_within(&CgroupsRequest, timeout_ms)
    }
}

/// What a snapshot's item is found by: the producer's hash, and the name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CgroupKey<'k> {
    /// The producer's hash of the name.
    pub hash: u32,
    /// The name.
    pub name: CStrView<'k>,
}

/// An item of a snapshot that outlives its cache.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CacheItem {
    /// The producer's hash of the name.
    pub hash: u32,
    /// The `OPTION_*` bits.
    pub options: u32,
    /// Whether it is to be monitored; any value.
    pub enabled: u32,
    /// Its name.
    pub name: CStrBuf,
    /// Its path.
    pub path: CStrBuf,
}

impl CacheReader<CgroupsSnapshot> {
    /// A copy of the first item with this hash and name. Memory only.
    #[must_use]
    pub fn lookup(&self, hash: u32, name: impl AsRef<[u8]>) -> Option<CacheItem> {
        let guard = self.read();
        let item = guard.get(CgroupKey {
            hash,
            name: CStrView::new(name.as_ref()),
        })?;
        let CgroupsItemView {
            hash,
            options,
            enabled,
            name,
            path,
        } = item;
        Some(CacheItem {
            hash,
            options,
            enabled,
            name: name.into(),
            path: path.into(),
        })
    }
}

impl Cached for CgroupsSnapshot {
    type Query = ();
    type Key<'k> = CgroupKey<'k>;
    type Item<'a> = CgroupsItemView<'a>;

    fn fetch<'c>(client: &'c mut CgroupsClient, (): &()) -> Result<Fetched<'c>, CallError> {
        let view = client.call_snapshot()?;
        let CgroupsResponseView {
            generation,
            systemd_enabled,
            list: items,
            ..
        } = view;
        Ok(Fetched {
            generation,
            systemd_enabled,
            items,
        })
    }

    fn check(item: &[u8]) -> Result<(), WireError> {
        CgroupsItemView::decode(item).map(drop)
    }

    fn view(item: &[u8]) -> CgroupsItemView<'_> {
        CgroupsItemView::read(item).map_or_else(|_| CgroupsItemView::default(), |(item, ..)| item)
    }

    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a> {
        CgroupKey {
            hash: item.hash,
            name: item.name,
        }
    }

    fn hash(key: CgroupKey<'_>) -> u32 {
        // The producer's hash may be anything, so the ends of the name have a say.
        let end = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let name = end(key.name.first_chunk()).rotate_left(13) ^ end(key.name.last_chunk());
        let mixed = (key.hash ^ name).wrapping_mul(0x9e37_79b1);
        mixed ^ (mixed >> 15)
    }

    fn same(a: CgroupKey<'_>, b: CgroupKey<'_>) -> bool {
        a == b
    }
}

impl Encode for CgroupsRequest {
    fn size(&self) -> usize {
        4
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.fields(Fields::<4>::new().u16(1).u16(0))
    }
}

impl Decode<'_> for CgroupsRequest {
    fn decode(payload: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<4>(payload, "snapshot request")?;
        r.expect_u16(1, "snapshot request layout_version")?;
        r.expect_u16(0, "snapshot request flags")?;
        Ok(Self)
    }
}

/// A snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils
/// only itself.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsResponseView<'a> {
    /// Number of items.
    pub item_count: u32,
    /// Whether systemd runs the host.
    pub systemd_enabled: u32,
    /// Changes when the provider's data does.
    pub generation: u64,
    list: Packed<'a>,
}

impl<'a> CgroupsResponseView<'a> {
    /// Item `index`.
    ///
    /// # Errors
    /// What is wrong with the item, or [`WireErrorKind::OutOfBounds`] beyond the last.
    pub fn item(&self, index: u32) -> Result<CgroupsItemView<'a>, WireError> {
        let kind = WireErrorKind::OutOfBounds;
        let beyond = WireError::new(kind, "item index", self.item_count.into(), index.into());
        CgroupsItemView::decode(self.list.get(index as usize).ok_or(beyond)?)
    }

    /// Every item, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<CgroupsItemView<'a>, WireError>> {
        self.list.iter().map(CgroupsItemView::decode)
    }

    /// Validates every item at once.
    ///
    /// # Errors
    /// What is wrong with the first bad item.
    pub fn validate(&self) -> Result<(), WireError> {
        self.iter().try_for_each(|item| item.map(drop))
    }
}

impl<'a> Decode<'a> for CgroupsResponseView<'a> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<HEADER_LEN>(payload, "snapshot header")?;
        r.expect_u16(1, "snapshot layout_version")?;
        r.expect_u16(0, "snapshot flags")?;
        let (item_count, systemd_enabled) = (r.u32("item_count")?, r.u32("systemd_enabled")?);
        r.expect_zero_u32("snapshot reserved")?;
        let generation = r.u64("generation")?;
        let rules = ListRules {
            min_len: ITEM_LEN,
            ordered: false,
        };
        let list = Packed::parse(payload, HEADER_LEN, item_count, rules)?;
        Ok(Self {
            item_count,
            systemd_enabled,
            generation,
            list,
        })
    }
}

impl<'a> CgroupsItemView<'a> {
    /// The item, and where its strings lie; the strings themselves are not looked at.
    #[inline]
    fn read(item: &'a [u8]) -> Result<(Self, Span, Span), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(item, "snapshot item")?;
        r.expect_u16(1, "item layout_version")?;
        r.expect_u16(0, "item flags")?;
        let (hash, options, enabled) = (r.u32("hash")?, r.u32("options")?, r.u32("enabled")?);
        let (name, path) = (r.span("name")?, r.span("path")?);
        let texts = (view(item, name), view(item, path));
        Ok((
            Self {
                hash,
                options,
                enabled,
                name: texts.0,
                path: texts.1,
            },
            name,
            path,
        ))
    }
}

impl<'a> Decode<'a> for CgroupsItemView<'a> {
    fn decode(item: &'a [u8]) -> Result<Self, WireError> {
        let (view, name, path) = Self::read(item)?;
        string(item, ITEM_LEN, name, "name")?;
        string(item, ITEM_LEN, path, "path")?;
        match name.apart_from(path) {
            true => Ok(view),
            false => Err(WireError::layout(
                "path",
                name.end() as u64,
                path.offset as u64,
            )),
        }
    }
}

impl Encode for CgroupsItemView<'_> {
    fn size(&self) -> usize {
        ITEM_LEN + self.name.len() + self.path.len() + 2
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [name, path] = lay_out(ITEM_LEN, [self.name, self.path]);
        let fields = Fields::<ITEM_LEN>::new()
            .u16(1)
            .u16(0)
            .u32(self.hash)
            .u32(self.options)
            .u32(self.enabled)
            .span(name)
            .span(path);
        out.fields(fields)?;
        out.text(self.name, "cgroup name")?;
        out.text(self.path, "cgroup path")
    }
}

/// Takes the items of a snapshot.
///
/// Overflow is sticky: a snapshot that did not fit is answered as such, and the client comes back
/// with room for more. It is never sent as if it were whole, unless the handler says so.
#[derive(Debug)]
pub struct CgroupsBuilder<'a> {
    list: PackedWriter<'a>,
    systemd_enabled: u32,
    generation: u64,
    error: Option<WireError>,
}

impl<'a> CgroupsBuilder<'a> {
    /// A snapshot of at most `buf.len()` bytes.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where not even the header fits.
    pub fn new(buf: &'a mut [u8]) -> Result<Self, WireError> {
        let list = PackedWriter::growing(buf, HEADER_LEN)?;
        Ok(Self {
            list,
            systemd_enabled: 0,
            generation: 0,
            error: None,
        })
    }

    /// Says whether systemd runs the host, and which generation of the data this is. Both are 0
    /// unless set, at any time.
    pub const fn set_header(&mut self, systemd_enabled: u32, generation: u64) {
        self.systemd_enabled = systemd_enabled;
        self.generation = generation;
    }

    /// Adds a cgroup.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it does not fit, [`WireErrorKind::BadLayout`] for a NUL
    /// inside `name` or `path`. The first error is kept and decides how the request ends.
    pub fn add(
        &mut self,
        hash: u32,
        options: u32,
        enabled: u32,
        name: &[u8],
        path: &[u8],
    ) -> Result<(), WireError> {
        let (name, path) = (CStrView::new(name), CStrView::new(path));
        self.push(&CgroupsItemView {
            hash,
            options,
            enabled,
            name,
            path,
        })
    }

    /// As [`add`](Self::add).
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn push(&mut self, item: &CgroupsItemView<'_>) -> Result<(), WireError> {
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
        let fields = Fields::<HEADER_LEN>::new()
            .u16(1)
            .u16(0)
            .size(self.list.len())
            .u32(self.systemd_enabled)
            .u32(0)
            .u64(self.generation);
        let (front, len) = self.list.finish();
        front.copy_from_slice(&fields.finish());
        Ok(len)
    }
}
