//! `cgroups-lookup`: Cgroup paths in; orchestrator, name and labels of each out.
//!
//! ```text
//! key
//!   the bytes of the text, NUL
//! item
//!   0       2       4             6  8          16         24            26
//!   layout  status  orchestrator  0  path span  name span  labels count  0
//!   
//!   28
//!   path NUL name NUL gap to 8, spans of labels, key NUL value NUL ..
//! ```
//!
//! Made from `cgroups-lookup.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use std::ptr;

use netipc::lookup::{Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest};
use netipc::service::{Method, Orchestrator};
use netipc::wire::{
    CStrView, Decode, Encode, Labels, MethodCode, Reader, Span, Valid, WireError, Writer,
    adjacent_strings, lay_out, strings,
};
use netipc::{Client, Handler, Server};

/// Bytes of the fixed part.
const ITEM_LEN: usize = 28;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct CgroupsLookup;

/// A client of `cgroups-lookup`.
pub type CgroupsLookupClient = Client<CgroupsLookup>;
/// A server of `cgroups-lookup`.
pub type CgroupsLookupServer = Server<CgroupsLookup>;
/// What answers the requests of a server.
pub type CgroupsLookupHandler = Handler<CgroupsLookup>;
/// The keys of a request.
pub type CgroupsLookupRequestView<'a> = LookupRequest<'a, CgroupsLookup>;
/// The items of a reply.
pub type CgroupsLookupResponseView<'a> = LookupReply<'a, CgroupsLookup>;
/// Takes an item for each key.
pub type CgroupsLookupBuilder<'a> = LookupAnswer<'a, CgroupsLookup>;

impl Lookup for CgroupsLookup {
    const METHOD: Method = Method {
        code: MethodCode(0x0004),
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

impl<'a> LookupItem<'a> for CgroupsLookupItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = CgroupStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = CgroupStatus::OVERSIZED_ITEM.0;
    type Key = CgroupsLookupKey<'a>;

    #[inline]
    fn key(&self) -> CgroupsLookupKey<'a> {
        self.path
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(key: CgroupsLookupKey<'a>, status: u16) -> Self {
        Self {
            status: CgroupStatus(status),
            path: key,
            ..Self::UNSET
        }
    }

    #[inline]
    fn verdict(&self) -> netipc::lookup::Verdict {
        match self.status {
            CgroupStatus::UNKNOWN_PERMANENT => netipc::lookup::Verdict::ForGood,
            status => netipc::lookup::Verdict::of_status(status.0, Self::OVERSIZED),
        }
    }

    const TEXTS: Option<usize> = Some(2);

    fn take_apart(&self, text: &mut dyn FnMut(CStrView<'a>)) -> Labels<'a> {
        text(self.path.text());
        text(self.name);
        self.labels
    }

    #[inline(always)]
    fn put_together(
        fixed: &'a [u8],
        mut given_text: impl FnMut() -> CStrView<'a>,
        given_labels: Labels<'a>,
    ) -> Option<Self> {
        let (fixed, ..) = Self::read(fixed).ok()?;
        let path = given_text();
        let name = given_text();
        Some(Self {
            path: CgroupsLookupKey::checked(path),
            name,
            labels: given_labels,
            ..fixed
        })
    }
}

netipc::codes! {
    /// Whether a path is known, or why not.
    pub struct CgroupStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// Not known yet: ask again later.
        UNKNOWN_RETRY_LATER = 1, "unknown-retry-later";
        /// Not known, and asking again is of no use.
        UNKNOWN_PERMANENT = 2, "unknown-permanent";
        /// There was no room: clients ask again by themselves, and callers never see it.
        PAYLOAD_EXCEEDED = 3, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 4, "oversized-item";
    }
}

/// What is known of one cgroup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CgroupsLookupItem<'a> {
    /// Whether it is known, or why not.
    pub status: CgroupStatus,
    /// Who runs it.
    pub orchestrator: Orchestrator,
    /// Path below the cgroup root. At least 1 byte.
    pub path: CgroupsLookupKey<'a>,
    /// Its name; may be empty.
    pub name: CStrView<'a>,
    /// Its labels.
    pub labels: Labels<'a>,
}

impl CgroupsLookupItem<'_> {
    /// Bytes that a `path` has at least.
    pub const PATH_MIN: usize = 1;
}

impl<'a> CgroupsLookupItem<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        status: CgroupStatus::UNKNOWN_RETRY_LATER,
        orchestrator: Orchestrator::UNKNOWN,
        path: CgroupsLookupKey::checked(CStrView::EMPTY),
        name: CStrView::EMPTY,
        labels: Labels::NONE,
    };
}

impl Default for CgroupsLookupItem<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for CgroupsLookupItem<'a> {
    #[inline(always)]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (fixed, spans, label_count) = Self::read(bytes)?;
        let ([path, name], end) = strings(bytes, 28, spans, "path or name")?;
        let labels = Labels::parse(bytes, label_count, end)?;
        let item = Self {
            path: CgroupsLookupKey::checked(path),
            name,
            labels,
            ..fixed
        };
        item.check()?;
        Ok(item)
    }

    #[inline(always)]
    fn decodes(bytes: &'a [u8]) -> bool {
        Self::usual(bytes).is_some()
    }

    // Without this, it would be checked again each time it is read.
    #[inline(always)]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (fixed, spans, label_count) = Self::read(valid.bytes()).unwrap_or_default();
        let end = spans.iter().fold(28, |end, span| end.max(span.end()));
        let [path, name] = spans.map(|span| valid.text(span));
        Self {
            path: CgroupsLookupKey::checked(path),
            name,
            labels: valid.labels(label_count, end),
            ..fixed
        }
    }
}

impl Encode for CgroupsLookupItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        self.labels
            .end_after(ITEM_LEN + self.path.text().len() + 1 + self.name.len() + 1)
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        let [span_0, span_1] = lay_out(ITEM_LEN, [self.path.text(), self.name]);
        let label_count = self.labels.count()?;
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u16(self.orchestrator.0)
                .u16(0)
                .span(span_0)
                .span(span_1)
                .u16(label_count)
                .u16(0)
        })?;
        out.clean_text(self.path.text())?;
        out.text(self.name, "name")?;
        self.labels.encode(out)
    }
}

impl<'a> CgroupsLookupItem<'a> {
    /// What is written as encoders do. Whether and why anything else is accepted, `decode` knows.
    #[inline(always)]
    fn usual(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, spans, label_count) = Self::read(bytes).ok()?;
        let ([path, name], end) = adjacent_strings(bytes, 28, spans)?;
        let labels = Labels::adjacent(bytes, label_count, end)?;
        let item = Self {
            path: CgroupsLookupKey::checked(path),
            name,
            labels,
            ..fixed
        };
        item.check().is_ok().then_some(item)
    }

    /// The fixed part, and what tells where the rest lies.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 2], u16), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(bytes, "cgroups-lookup item")?;
        let mut fixed = Self::UNSET;
        r.expect_u16(1, "layout")?;
        fixed.status = CgroupStatus(r.u16("status")?);
        fixed.orchestrator = Orchestrator(r.u16("orchestrator")?);
        r.expect_u16(0, "reserved")?;
        let span_0 = r.span("path")?;
        let span_1 = r.span("name")?;
        let label_count = r.u16("labels")?;
        r.expect_u16(0, "reserved")?;
        Ok((fixed, [span_0, span_1], label_count))
    }
}

impl CgroupsLookupItem<'_> {
    /// The rules of the schema.
    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        if !matches!(self.status.0, 0..=4) {
            return Err(WireError::rule(
                "status: not one of its values",
                self.status.0.into(),
            ));
        }
        if self.path.text().is_empty() {
            return Err(WireError::rule(
                "length of path: allowed is at least 1",
                self.path.text().len() as u64,
            ));
        }
        if self.status != CgroupStatus::KNOWN && self.has_data() {
            return Err(WireError::rule(
                "status: only known items have data",
                self.status.0.into(),
            ));
        }
        Ok(())
    }
}

impl CgroupsLookupItem<'_> {
    /// Whether more is set than key and status.
    #[inline(always)]
    fn has_data(&self) -> bool {
        self.orchestrator != Orchestrator::UNKNOWN
            || !self.name.is_empty()
            || !self.labels.is_empty()
    }
}

/// Path below the cgroup root. At least 1 byte.
pub use netipc::lookup::TextKey as CgroupsLookupKey;
