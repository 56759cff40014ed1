//! `cgroups-snapshot`: all cgroups of the host, at once.
//!
//! ```text
//! item  0       2      4     8        12       16         24         32
//!       layout  flags  hash  options  enabled  name span  path span  name NUL path NUL
//! ```

use netipc_proto::wire::{
    CStrBuf, CStrView, Decode, Encode, MethodCode, Reader, Span, WireError, Writer, lay_out, string,
};

use super::{Method, Service};
use crate::cache::{Cache, CacheReader, Cached, Fetched, same_bytes};
use crate::snapshot::{Snapshot, SnapshotAnswer, SnapshotReply};
use crate::{CallError, Client, Handler as AnyHandler, Server};

pub use crate::snapshot::SnapshotRequest as CgroupsRequest;
pub use crate::{ClientConfig, ServerConfig};

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

/// The items of a reply.
pub type CgroupsResponseView<'a> = SnapshotReply<'a, CgroupsSnapshot>;
/// Takes the cgroups of a snapshot.
pub type CgroupsBuilder<'a> = SnapshotAnswer<'a, CgroupsSnapshot>;

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

    fn reread<'a>(payload: &'a [u8]) -> Result<CgroupsResponseView<'a>, WireError> {
        CgroupsResponseView::trusted(payload)
    }
}

impl Snapshot for CgroupsSnapshot {
    const ITEM_HEADER_LEN: usize = ITEM_LEN;
    type Item<'a> = CgroupsItemView<'a>;
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

impl CgroupsBuilder<'_> {
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
    type Key<'k> = CgroupKey<'k>;
    type Item<'a> = CgroupsItemView<'a>;

    fn fetch<'c>(client: &'c mut CgroupsClient, (): &()) -> Result<Fetched<'c>, CallError> {
        let view = client.call_snapshot()?;
        let CgroupsResponseView {
            generation,
            systemd_enabled,
            ..
        } = view;
        Ok(Fetched {
            generation,
            systemd_enabled,
            items: view.list(),
        })
    }

    #[inline]
    fn check(item: &[u8]) -> Result<(), WireError> {
        CgroupsItemView::decode(item).map(drop)
    }

    #[inline]
    fn view(item: &[u8]) -> CgroupsItemView<'_> {
        CgroupsItemView::validated(item).unwrap_or_default()
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
    fn matching<'a>(item: &'a [u8], key: CgroupKey<'_>) -> Option<CgroupsItemView<'a>> {
        CgroupsItemView::validated(item)
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

    /// The item in bytes that were decoded before: nothing is looked at twice.
    #[inline]
    fn validated(item: &'a [u8]) -> Option<Self> {
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
