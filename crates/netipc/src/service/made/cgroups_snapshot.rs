//! `cgroups-snapshot`: All cgroups of the host, at once.
//!
//! ```text
//! item
//!   0       2  4     8        12       16         24         32
//!   layout  0  hash  options  enabled  name span  path span  name NUL path NUL
//! ```
//!
//! Made from `cgroups-snapshot.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::cache::{Cache, Cached, Fetched, same_bytes};
use netipc::service::{Method, ReplyOf, Service};
use netipc::snapshot::{Snapshot, SnapshotAnswer, SnapshotHeader, SnapshotReply};
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::wire::{
    CStrView, Decode, Encode, Fields, MethodCode, Packed, Reader, Span, Valid, WireError, Writer,
    lay_out, string,
};
use netipc::{CallError, Client, Handler, Server};

/// Bytes of the fixed part.
const ITEM_LEN: usize = 32;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsSnapshot;

/// A client of `cgroups-snapshot`.
pub type CgroupsSnapshotClient = Client<CgroupsSnapshot>;
/// A server of `cgroups-snapshot`.
pub type CgroupsSnapshotServer = Server<CgroupsSnapshot>;
/// What answers the requests of a server.
pub type CgroupsSnapshotHandler = Handler<CgroupsSnapshot>;

/// Asks for the snapshot. It has no fields.
pub use netipc::snapshot::SnapshotRequest as CgroupsSnapshotRequest;

/// A snapshot as it came. An item is validated when it is asked for, so that a corrupt one spoils
/// only itself.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsSnapshotResponseView<'a> {
    /// Number of items.
    pub item_count: u32,
    /// Whether systemd runs the host; any number but 0 is yes.
    pub systemd_enabled: u32,
    /// Changes when the provider's data does.
    pub generation: u64,
    reply: SnapshotReply<'a, CgroupsSnapshot>,
}

impl<'a> CgroupsSnapshotResponseView<'a> {
    /// Item `index`.
    ///
    /// # Errors
    /// What is wrong with the item, or
    /// [`WireErrorKind::OutOfBounds`](netipc::wire::WireErrorKind::OutOfBounds) beyond the last.
    pub fn item(&self, index: u32) -> Result<CgroupsSnapshotItem<'a>, WireError> {
        self.reply.item(index)
    }

    /// Every item, in order.
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = Result<CgroupsSnapshotItem<'a>, WireError>> + use<'a> {
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
        self.reply.valid_view()
    }
}

impl<'a> From<SnapshotReply<'a, CgroupsSnapshot>> for CgroupsSnapshotResponseView<'a> {
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

impl<'a> Decode<'a> for CgroupsSnapshotResponseView<'a> {
    fn decode(payload: &'a [u8]) -> Result<Self, WireError> {
        SnapshotReply::decode(payload).map(Self::from)
    }

    fn view(valid: Valid<'a, Self>) -> Self {
        SnapshotReply::of_view(valid).into()
    }
}

/// Takes the items of a snapshot: `add` adds one, `set_header` says what stands in front of them all.
pub type CgroupsSnapshotBuilder<'a> = SnapshotAnswer<'a, CgroupsSnapshot>;

impl Service for CgroupsSnapshot {
    const METHOD: Method = Method {
        code: MethodCode(0x0002),
        name: "cgroups-snapshot",
        batches: false,
    };
    type Argument<'r> = CgroupsSnapshotRequest;
    type Request<'a> = CgroupsSnapshotRequest;
    type Reply<'a> = CgroupsSnapshotResponseView<'a>;
    type Answer<'a> = CgroupsSnapshotBuilder<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &CgroupsSnapshotRequest,
        wait: &Wait<'_>,
    ) -> Result<CgroupsSnapshotResponseView<'c>, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(
        _: &CgroupsSnapshotRequest,
        buf: &'a mut [u8],
    ) -> Result<CgroupsSnapshotBuilder<'a>, WireError> {
        CgroupsSnapshotBuilder::new(buf)
    }

    fn finish(answer: CgroupsSnapshotBuilder<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

impl Snapshot for CgroupsSnapshot {
    const ITEM_HEADER_LEN: usize = ITEM_LEN;
    type Header = CgroupsSnapshotHeader;
    type Item<'a> = CgroupsSnapshotItem<'a>;
}

/// A cache of the last good snapshot.
pub type CgroupsSnapshotCache = Cache<CgroupsSnapshot>;

/// What a cache finds an item by.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CgroupsSnapshotKey<'a> {
    /// The provider's hash of the name.
    pub hash: u32,
    /// Its name; may be empty.
    pub name: CStrView<'a>,
}

impl Cached for CgroupsSnapshot {
    type Query = ();
    type Header = CgroupsSnapshotHeader;
    type Key<'k> = CgroupsSnapshotKey<'k>;
    type Item<'a> = CgroupsSnapshotItem<'a>;

    fn fetch<'c>(
        client: &'c mut AnyClient,
        (): &(),
        wait: &Wait<'_>,
    ) -> Result<Fetched<'c, Self>, CallError> {
        let reply = Self::call(client, &CgroupsSnapshotRequest, wait)?.reply;
        Ok(Fetched::unchecked(
            reply.generation,
            reply.header,
            reply.list(),
        ))
    }

    #[inline]
    fn key<'a>(item: &Self::Item<'a>) -> Self::Key<'a> {
        CgroupsSnapshotKey {
            hash: item.hash,
            name: item.name,
        }
    }

    #[inline]
    fn hash(key: Self::Key<'_>) -> u32 {
        key.hash
    }

    #[inline]
    fn matching<'a>(item: Valid<'a, Self::Item<'a>>, key: Self::Key<'_>) -> Option<Self::Item<'a>> {
        CgroupsSnapshotItem::reread(item.bytes())
            .filter(|item| item.hash == key.hash && same_bytes(&item.name, &key.name))
    }
}

/// What the provider found out about a cgroup.
#[derive(Clone, Copy, Debug)]
pub struct CgroupOptions;

impl CgroupOptions {
    /// Another cgroup has the same name; this one is disabled.
    pub const DISABLED_DUPLICATE: u32 = 0x1;
    /// A service slice of systemd.
    pub const SYSTEMD_SERVICE: u32 = 0x2;
    /// It lies in the unified hierarchy.
    pub const UNIFIED: u32 = 0x4;
    /// The configuration excludes it.
    pub const DISABLED_EXCLUDED: u32 = 0x8;
}

/// What is known of one cgroup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CgroupsSnapshotItem<'a> {
    /// The provider's hash of the name.
    pub hash: u32,
    /// What was found out about it. Bits of [`CgroupOptions`].
    pub options: u32,
    /// Whether it is to be monitored; any number but 0 is yes.
    pub enabled: u32,
    /// Its name; may be empty.
    pub name: CStrView<'a>,
    /// Its path in the file system; may be empty.
    pub path: CStrView<'a>,
}

impl<'a> CgroupsSnapshotItem<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        hash: 0,
        options: 0,
        enabled: 0,
        name: CStrView::EMPTY,
        path: CStrView::EMPTY,
    };
}

impl Default for CgroupsSnapshotItem<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for CgroupsSnapshotItem<'a> {
    #[inline(always)]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (fixed, spans) = Self::read(bytes)?;
        let [span_0, span_1] = spans;
        let name = string(bytes, 32, span_0, "name")?;
        let path = string(bytes, 32, span_1, "path")?;
        if !span_1.apart_from(span_0) {
            let (end, start) = (span_0.end() as u64, span_1.offset as u64);
            return Err(WireError::layout("path", end, start));
        }
        let item = Self {
            name,
            path,
            ..fixed
        };
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline(always)]
    fn view(valid: Valid<'a, Self>) -> Self {
        Self::reread(valid.bytes()).unwrap_or_default()
    }
}

impl Encode for CgroupsSnapshotItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        ITEM_LEN + self.name.len() + 1 + self.path.len() + 1
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [span_0, span_1] = lay_out(ITEM_LEN, [self.name, self.path]);
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(0)
                .u32(self.hash)
                .u32(self.options)
                .u32(self.enabled)
                .span(span_0)
                .span(span_1)
        })?;
        out.text(self.name, "name")?;
        out.text(self.path, "path")
    }
}

impl<'a> CgroupsSnapshotItem<'a> {
    /// The fixed part, and what tells where the rest lies.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 2]), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(bytes, "cgroups-snapshot item")?;
        r.expect_u16(1, "layout")?;
        r.expect_u16(0, "reserved")?;
        Self::fields(r)
    }

    /// What stands behind the numbers that are always the same.
    #[inline(always)]
    fn fields(mut r: Reader<'_>) -> Result<(Self, [Span; 2]), WireError> {
        let mut fixed = Self::UNSET;
        fixed.hash = r.u32("hash")?;
        fixed.options = r.u32("options")?;
        fixed.enabled = r.u32("enabled")?;
        let span_0 = r.span("name")?;
        let span_1 = r.span("path")?;
        Ok((fixed, [span_0, span_1]))
    }

    /// As `read`, of bytes that were decoded before.
    #[inline(always)]
    fn reread(bytes: &'a [u8]) -> Option<Self> {
        let record = bytes.first_chunk::<32>()?.get(4..)?;
        let (fixed, spans) = Self::fields(Reader::new(record)).ok()?;
        let text = |span: Span| bytes.get(span.offset..span.offset.saturating_add(span.len));
        let [name, path] = spans;
        Some(Self {
            name: CStrView::new(text(name)?),
            path: CStrView::new(text(path)?),
            ..fixed
        })
    }
}

/// What holds for the whole host.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CgroupsSnapshotHeader {
    /// Whether systemd runs the host; any number but 0 is yes.
    pub systemd_enabled: u32,
}

impl SnapshotHeader for CgroupsSnapshotHeader {
    fn read(r: &mut Reader<'_>) -> Result<Self, WireError> {
        let systemd_enabled = r.u32("systemd_enabled")?;
        r.expect_zeros::<4>("reserved")?;
        Ok(Self { systemd_enabled })
    }

    fn write<'f>(&self, fields: Fields<'f>) -> Fields<'f> {
        fields.u32(self.systemd_enabled).u32(0)
    }
}
