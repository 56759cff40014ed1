//! `cgroups-snapshot`: all cgroups of the host, at once.
//!
//! ```text
//! item  0       2      4     8        12       16         24         32
//!       layout  flags  hash  options  enabled  name span  path span  name NUL path NUL
//! ```

use std::time::Duration;

use netipc_proto::internals::assume_valid;
use netipc_proto::wire::{
    CStrBuf, CStrView, Decode, Encode, Fields, MethodCode, Packed, Reader, Span, Valid, WireError,
    Writer, lay_out, string,
};
use netipc_transport::wait::Wait;

use crate::cache::{Cache, CacheGuard, CacheReader, Cached, Fetched, same_bytes};
use crate::client::Client;
use crate::error::CallError;
use crate::handler::Handler as AnyHandler;
use crate::kind::{Method, ReplyOf, Service};
use crate::server::Server;
use crate::snapshot::{Snapshot, SnapshotAnswer, SnapshotHeader, SnapshotReply};
use crate::untyped::AnyClient;

pub use crate::config::{ClientConfig, ServerConfig};
pub use crate::snapshot::SnapshotRequest as CgroupsRequest;

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

/// Takes the cgroups of a snapshot.
pub type CgroupsBuilder<'a> = SnapshotAnswer<'a, CgroupsSnapshot>;

/// What a snapshot says besides its items.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CgroupsHeader {
    /// Whether systemd runs the host.
    pub systemd_enabled: u32,
}

impl SnapshotHeader for CgroupsHeader {
    fn read(fields: &mut Reader<'_>) -> Result<Self, WireError> {
        let systemd_enabled = fields.u32("systemd_enabled")?;
        fields.expect_zero_u32("snapshot reserved")?;
        Ok(Self { systemd_enabled })
    }

    fn write<'f>(&self, fields: Fields<'f>) -> Fields<'f> {
        fields.u32(self.systemd_enabled).u32(0)
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
    reply: SnapshotReply<'a, CgroupsSnapshot>,
}

impl<'a> CgroupsResponseView<'a> {
    /// Item `index`.
    ///
    /// # Errors
    /// What is wrong with the item, or
    /// [`WireErrorKind::OutOfBounds`](netipc_proto::wire::WireErrorKind::OutOfBounds) beyond the
    /// last.
    pub fn item(&self, index: u32) -> Result<CgroupsItemView<'a>, WireError> {
        self.reply.item(index)
    }

    /// Every item, in order.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<CgroupsItemView<'a>, WireError>> + use<'a> {
        self.reply.iter()
    }

    /// Validates every item at once.
    ///
    /// # Errors
    /// What is wrong with the first bad item.
    pub fn validate(&self) -> Result<(), WireError> {
        self.reply.validate()
    }

    /// The items as bytes, not validated.
    #[must_use]
    pub const fn list(&self) -> Packed<'a> {
        self.reply.list()
    }

    /// The whole reply as bytes, with the proof.
    #[must_use]
    pub fn valid(&self) -> Valid<'a, Self> {
        // The two have the same bytes.
        assume_valid(self.reply.valid().bytes())
    }
}

impl<'a> From<SnapshotReply<'a, CgroupsSnapshot>> for CgroupsResponseView<'a> {
    #[inline]
    fn from(reply: SnapshotReply<'a, CgroupsSnapshot>) -> Self {
        Self {
            item_count: u32::try_from(reply.len()).unwrap_or(u32::MAX),
            systemd_enabled: reply.header.systemd_enabled,
            generation: reply.generation,
            reply,
        }
    }
}

impl<'a> Decode<'a> for CgroupsResponseView<'a> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        SnapshotReply::decode(payload).map(Self::from)
    }

    fn view(valid: Valid<'a, Self>) -> Self {
        assume_valid::<SnapshotReply<'a, _>>(valid.bytes())
            .view()
            .into()
    }
}

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
    type Argument<'r> = CgroupsRequest;
    type Request<'a> = CgroupsRequest;
    type Reply<'a> = CgroupsResponseView<'a>;
    type Answer<'a> = CgroupsBuilder<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &CgroupsRequest,
        wait: &Wait<'_>,
    ) -> Result<CgroupsResponseView<'c>, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(_: &CgroupsRequest, buf: &'a mut [u8]) -> Result<CgroupsBuilder<'a>, WireError> {
        CgroupsBuilder::new(buf)
    }

    fn finish(answer: CgroupsBuilder<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

impl Snapshot for CgroupsSnapshot {
    const ITEM_HEADER_LEN: usize = ITEM_LEN;
    type Header = CgroupsHeader;
    type Item<'a> = CgroupsItemView<'a>;
}

impl CgroupsClient {
    /// Asks for the snapshot.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call_snapshot(&mut self) -> Result<CgroupsResponseView<'_>, CallError> {
        self.call(&CgroupsRequest)
    }

    /// As [`call_snapshot`](Self::call_snapshot), within `timeout`.
    ///
    /// # Errors
    /// As [`call_snapshot`](Self::call_snapshot).
    pub fn call_snapshot_within(
        &mut self,
        timeout: Duration,
    ) -> Result<CgroupsResponseView<'_>, CallError> {
        self.call_within(&CgroupsRequest, timeout)
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
        self.call_within(&CgroupsRequest, self.timeout_of(timeout_ms))
    }
}

/// What a snapshot's item is found by: the producer's hash, and the name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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

impl CgroupsCache {
    /// A copy of the first item with this hash and name. Memory only.
    #[must_use]
    pub fn lookup(&self, hash: u32, name: impl AsRef<[u8]>) -> Option<CacheItem> {
        find_copy(&self.read(), hash, name.as_ref())
    }
}

impl CacheReader<CgroupsSnapshot> {
    /// A copy of the first item with this hash and name. Memory only.
    #[must_use]
    pub fn lookup(&self, hash: u32, name: impl AsRef<[u8]>) -> Option<CacheItem> {
        find_copy(&self.read(), hash, name.as_ref())
    }
}

impl CacheGuard<CgroupsSnapshot> {
    /// Whether systemd runs the host; 0 while that is not known.
    #[must_use]
    pub fn systemd_enabled(&self) -> u32 {
        self.header().map_or(0, |header| header.systemd_enabled)
    }
}

fn find_copy(guard: &CacheGuard<CgroupsSnapshot>, hash: u32, name: &[u8]) -> Option<CacheItem> {
    let name = CStrView::new(name);
    let item = guard.get(CgroupKey { hash, name })?;
    Some(CacheItem {
        hash: item.hash,
        options: item.options,
        enabled: item.enabled,
        name: item.name.into(),
        path: item.path.into(),
    })
}

impl CgroupsBuilder<'_> {
    /// Says whether systemd runs the host, and which generation of the data this is. Both are 0
    /// unless set, at any time.
    pub const fn set_header(&mut self, systemd_enabled: u32, generation: u64) {
        self.set(CgroupsHeader { systemd_enabled }, generation);
    }

    /// Adds a cgroup: the producer's hash of its name, its `OPTION_*` bits, whether it is to be
    /// monitored, its name and its path.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    #[inline]
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
}

impl Cached for CgroupsSnapshot {
    type Query = ();
    type Header = CgroupsHeader;
    type Key<'k> = CgroupKey<'k>;
    type Item<'a> = CgroupsItemView<'a>;

    fn fetch<'c>(
        client: &'c mut AnyClient,
        (): &(),
        wait: &Wait<'_>,
    ) -> Result<Fetched<'c, Self>, CallError> {
        let reply = Self::call(client, &CgroupsRequest, wait)?.reply;
        Ok(Fetched::unchecked(
            reply.generation,
            reply.header,
            reply.list(),
        ))
    }

    #[inline]
    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a> {
        CgroupKey {
            hash: item.hash,
            name: item.name,
        }
    }

    #[inline]
    fn hash(key: CgroupKey<'_>) -> u32 {
        key.hash
    }

    #[inline]
    fn matching<'a>(
        item: Valid<'a, CgroupsItemView<'a>>,
        key: CgroupKey<'_>,
    ) -> Option<CgroupsItemView<'a>> {
        CgroupsItemView::read(item.bytes())
            .filter(|item| item.hash == key.hash && same_bytes(&item.name, &key.name))
    }
}

impl<'a> CgroupsItemView<'a> {
    /// The numbers of an item, and where its strings lie.
    #[inline]
    fn record(mut r: Reader<'_>) -> Result<(Self, [Span; 2]), WireError> {
        let numbers = Self {
            hash: r.u32("hash")?,
            options: r.u32("options")?,
            enabled: r.u32("enabled")?,
            ..Self::default()
        };
        Ok((numbers, [r.span("name")?, r.span("path")?]))
    }

    /// The item in bytes that were decoded before, of which nothing is checked again but that no
    /// string ends behind them.
    #[inline]
    fn read(item: &'a [u8]) -> Option<Self> {
        let (_, fields) = item.first_chunk::<ITEM_LEN>()?.split_first_chunk::<4>()?;
        let (numbers, [name, path]) = Self::record(Reader::new(fields)).ok()?;
        let text = |span: Span| item.get(span.offset..span.offset.saturating_add(span.len));
        Some(Self {
            name: CStrView::new(text(name)?),
            path: CStrView::new(text(path)?),
            ..numbers
        })
    }
}

impl<'a> Decode<'a> for CgroupsItemView<'a> {
    #[inline]
    fn decode(item: &'a [u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<ITEM_LEN>(item, "snapshot item")?;
        r.expect_u16(1, "item layout_version")?;
        r.expect_u16(0, "item flags")?;
        let (numbers, [name, path]) = Self::record(r)?;
        let view = Self {
            name: string(item, ITEM_LEN, name, "name")?,
            path: string(item, ITEM_LEN, path, "path")?,
            ..numbers
        };
        if !name.apart_from(path) {
            let (end, start) = (name.end() as u64, path.offset as u64);
            return Err(WireError::layout("path", end, start));
        }
        Ok(view)
    }

    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let item = Self::read(valid.bytes());
        debug_assert!(item.is_some(), "the item was decoded");
        item.unwrap_or_default()
    }
}

impl Encode for CgroupsItemView<'_> {
    #[inline]
    fn size(&self) -> usize {
        ITEM_LEN + self.name.len() + self.path.len() + 2
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [name, path] = lay_out(ITEM_LEN, [self.name, self.path]);
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(0)
                .u32(self.hash)
                .u32(self.options)
                .u32(self.enabled)
                .span(name)
                .span(path)
        })?;
        out.text(self.name, "cgroup name")?;
        out.text(self.path, "cgroup path")
    }
}
