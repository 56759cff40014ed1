//! `cgroups-lookup`: cgroup paths in; orchestrator, name and labels of each out.
//!
//! ```text
//! item  0       2       4             6  8           16          24           26  28
//!       layout  status  orchestrator  0  path span   name span   label_count  0   path NUL name NUL ..
//! ```

use std::ptr;

use netipc_proto::codes;
use netipc_proto::wire::{
    CStrView, Decode, Encode, Labels, MethodCode, Reader, Span, Valid, WireError, Writer, lay_out,
    strings,
};

use super::Orchestrator;
use crate::client::Client;
use crate::error::CallError;
use crate::handler::Handler as AnyHandler;
use crate::kind::Method;
use crate::lookup::{Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest, TextKey};
use crate::server::Server;

pub use crate::config::{ClientConfig, ServerConfig};

const ITEM_LEN: usize = 28;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsLookup;

/// A client of `cgroups-lookup`.
pub type CgroupsLookupClient = Client<CgroupsLookup>;
/// A server of `cgroups-lookup`.
pub type ManagedServer = Server<CgroupsLookup>;
/// What answers the requests of a server.
pub type Handler = AnyHandler<CgroupsLookup>;
/// The paths of a request.
pub type CgroupsLookupRequestView<'a> = LookupRequest<'a, CgroupsLookup>;
/// The items of a reply.
pub type CgroupsLookupResponseView<'a> = LookupReply<'a, CgroupsLookup>;
/// Takes an item for each path.
pub type CgroupsLookupBuilder<'a> = LookupAnswer<'a, CgroupsLookup>;

codes! {
    /// Whether a path is known, or why not.
    pub struct CgroupStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// Not known yet: ask again later.
        UNKNOWN_RETRY_LATER = 1, "unknown-retry-later";
        /// Not known, and asking again is of no use.
        UNKNOWN_PERMANENT = 2, "unknown-permanent";
        /// There was no room: the client asks again by itself, and callers never see it.
        PAYLOAD_EXCEEDED = 3, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 4, "oversized-item";
    }
}

/// What is known of one cgroup. Whatever is not [`CgroupStatus::KNOWN`] has only a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CgroupsLookupItem<'a> {
    /// Whether it is known.
    pub status: CgroupStatus,
    /// Who runs it.
    pub orchestrator: Orchestrator,
    /// The path that was asked for: not empty, without NUL.
    pub path: TextKey<'a>,
    /// Its name; may be empty.
    pub name: CStrView<'a>,
    /// Its labels.
    pub labels: Labels<'a>,
}

impl Lookup for CgroupsLookup {
    const METHOD: Method = Method {
        code: MethodCode::CGROUPS_LOOKUP,
        name: "cgroups-lookup",
        batches: false,
    };
    type Item<'a> = CgroupsLookupItem<'a>;
    type Argument<'k> = &'k [u8];

    #[inline]
    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {
        // Handlers mostly answer with the very key that they were asked.
        ptr::eq(a.as_bytes(), b.as_bytes()) || a == b
    }
}

impl CgroupsLookupClient {
    /// As [`call`](Self::call), within `timeout_ms` milliseconds; 0 is the client's own timeout.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_with_timeout(
        &mut self,
        paths: &[&[u8]],
        timeout_ms: u32,
    ) -> Result<CgroupsLookupResponseView<'_>, CallError> {
        self.call_within(paths, self.timeout_of(timeout_ms))
    }
}

impl<'a> LookupItem<'a> for CgroupsLookupItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = CgroupStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = CgroupStatus::OVERSIZED_ITEM.0;
    type Key = TextKey<'a>;

    #[inline]
    fn key(&self) -> TextKey<'a> {
        self.path
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(path: TextKey<'a>, status: u16) -> Self {
        Self {
            status: CgroupStatus(status),
            orchestrator: Orchestrator::UNKNOWN,
            path,
            name: CStrView::EMPTY,
            labels: Labels::NONE,
        }
    }
}

impl<'a> Decode<'a> for CgroupsLookupItem<'a> {
    #[inline(always)]
    fn decode(item: &'a [u8]) -> Result<Self, WireError> {
        let fixed = Fixed::read(item)?;
        let ([path, name], end) = strings(item, Self::HEADER_LEN, fixed.spans, "path or name")?;
        let labels = Labels::parse(item, fixed.label_count, end)?;
        let item = fixed.with(path, name, labels);
        item.check()?;
        Ok(item)
    }

    #[inline(always)]
    fn view(valid: Valid<'a, Self>) -> Self {
        let fixed = Fixed::read(valid.bytes()).unwrap_or_default();
        let spans = fixed.spans.iter();
        let end = spans.fold(ITEM_LEN, |end, span| end.max(span.end()));
        let [path, name] = fixed.spans.map(|span| valid.text(span));
        fixed.with(path, name, valid.labels(fixed.label_count, end))
    }
}

impl Encode for CgroupsLookupItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        let strings = self.path.text().len() + self.name.len() + 2;
        self.labels.end_after(Self::HEADER_LEN + strings)
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        let [path, name] = lay_out(Self::HEADER_LEN, [self.path.text(), self.name]);
        let label_count = self.labels.count()?;
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u16(self.orchestrator.0)
                .u16(0)
                .span(path)
                .span(name)
                .u16(label_count)
                .u16(0)
        })?;
        out.clean_text(self.path.text())?;
        out.text(self.name, "cgroup name")?;
        self.labels.encode(out)
    }
}

impl CgroupsLookupItem<'_> {
    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        let status = self.status.0;
        let empty = self.orchestrator == Orchestrator::UNKNOWN
            && self.name.is_empty()
            && self.labels.is_empty();
        if status <= Self::OVERSIZED && (self.status == CgroupStatus::KNOWN || empty) {
            if self.path.text().is_empty() {
                Err(WireError::layout("path length", 1, 0))
            } else {
                Ok(())
            }
        } else {
            let what = "data for cgroup status";
            Err(WireError::layout(what, 0, status.into()))
        }
    }
}

/// The fixed part of an item, as it stands.
#[derive(Default)]
struct Fixed {
    status: u16,
    orchestrator: u16,
    spans: [Span; 2],
    label_count: u16,
}

impl Fixed {
    #[inline(always)]
    fn read(item: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<ITEM_LEN>(item, "cgroup item")?;
        r.expect_u16(1, "item layout_version")?;
        let (status, orchestrator) = (r.u16("status")?, r.u16("orchestrator")?);
        r.expect_u16(0, "item reserved")?;
        let spans = [r.span("path")?, r.span("name")?];
        let label_count = r.u16("label_count")?;
        r.expect_u16(0, "item reserved")?;
        Ok(Self {
            status,
            orchestrator,
            spans,
            label_count,
        })
    }

    #[inline(always)]
    fn with<'a>(
        &self,
        path: CStrView<'a>,
        name: CStrView<'a>,
        labels: Labels<'a>,
    ) -> CgroupsLookupItem<'a> {
        CgroupsLookupItem {
            status: CgroupStatus(self.status),
            orchestrator: Orchestrator(self.orchestrator),
            path: TextKey::checked(path),
            name,
            labels,
        }
    }
}
