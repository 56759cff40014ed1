//! `apps-lookup`: Process ids in; process, user and cgroup of each out.
//!
//! ```text
//! key
//!   0    4  8
//!   pid  0
//! item
//!   0       2       4             6              8    12    16   20  24         32
//!   layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span
//!   
//!   40                48                56            58
//!   cgroup_path span  cgroup_name span  labels count  0
//!   
//!   60
//!   comm NUL cgroup_path NUL cgroup_name NUL gap to 8, spans of labels, key NUL value NUL ..
//! ```
//!
//! Made from `apps-lookup.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::lookup::{Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest};
use netipc::service::{Method, Orchestrator};
use netipc::wire::{
    CStrView, Decode, Encode, Labels, MethodCode, Reader, Span, Valid, WireError, Writer,
    adjacent_strings, lay_out, strings,
};
use netipc::{Client, Handler, Server};

/// Bytes of the fixed part.
const ITEM_LEN: usize = 60;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct AppsLookup;

/// A client of `apps-lookup`.
pub type AppsLookupClient = Client<AppsLookup>;
/// A server of `apps-lookup`.
pub type AppsLookupServer = Server<AppsLookup>;
/// What answers the requests of a server.
pub type AppsLookupHandler = Handler<AppsLookup>;
/// The keys of a request.
pub type AppsLookupRequestView<'a> = LookupRequest<'a, AppsLookup>;
/// The items of a reply.
pub type AppsLookupResponseView<'a> = LookupReply<'a, AppsLookup>;
/// Takes an item for each key.
pub type AppsLookupBuilder<'a> = LookupAnswer<'a, AppsLookup>;

impl Lookup for AppsLookup {
    const METHOD: Method = Method {
        code: MethodCode(0x0005),
        name: "apps-lookup",
        batches: false,
    };
    type Item<'a> = AppsLookupItem<'a>;
    type Argument<'k> = u32;

    #[inline]
    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {
        a == b
    }

    #[inline]
    fn reply_estimate(_: Key<'_, Self>) -> usize {
        64
    }
}

impl<'a> LookupItem<'a> for AppsLookupItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = PidStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = PidStatus::OVERSIZED_ITEM.0;
    type Key = AppsLookupKey;

    #[inline]
    fn key(&self) -> AppsLookupKey {
        AppsLookupKey(self.pid)
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(key: AppsLookupKey, status: u16) -> Self {
        Self {
            status: PidStatus(status),
            pid: key.0,
            ..Self::UNSET
        }
    }

    #[inline]
    fn verdict(&self) -> netipc::lookup::Verdict {
        match self.status {
            PidStatus::KNOWN if self.cgroup_status == AppsCgroupStatus::UNKNOWN_RETRY_LATER => {
                netipc::lookup::Verdict::Provisional
            }
            status => netipc::lookup::Verdict::of_status(status.0, Self::OVERSIZED),
        }
    }

    #[inline]
    fn identity(&self) -> u64 {
        self.starttime
    }

    const TEXTS: Option<usize> = Some(3);

    fn take_apart(&self, text: &mut dyn FnMut(CStrView<'a>)) -> Labels<'a> {
        text(self.comm);
        text(self.cgroup_path);
        text(self.cgroup_name);
        self.labels
    }

    #[inline(always)]
    fn put_together(
        fixed: &'a [u8],
        mut given_text: impl FnMut() -> CStrView<'a>,
        given_labels: Labels<'a>,
    ) -> Option<Self> {
        let (fixed, ..) = Self::read(fixed).ok()?;
        let comm = given_text();
        let cgroup_path = given_text();
        let cgroup_name = given_text();
        Some(Self {
            comm,
            cgroup_path,
            cgroup_name,
            labels: given_labels,
            ..fixed
        })
    }
}

netipc::codes! {
    /// Whether a process is known, or why not.
    pub struct PidStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// There is no such process.
        UNKNOWN = 1, "unknown";
        /// There was no room: clients ask again by themselves, and callers never see it.
        PAYLOAD_EXCEEDED = 2, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 3, "oversized-item";
    }
}

netipc::codes! {
    /// Whether the cgroup of a known process is known, or why not.
    pub struct AppsCgroupStatus {
        /// There is a path, and maybe a name and labels.
        KNOWN = 0, "known";
        /// Not known yet: ask again later. There may be a path.
        UNKNOWN_RETRY_LATER = 1, "unknown-retry-later";
        /// Not known, and asking again is of no use. There is a path.
        UNKNOWN_PERMANENT = 2, "unknown-permanent";
        /// The process is in no cgroup but the host's root.
        HOST_ROOT = 3, "host-root";
    }
}

/// What is known of one process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AppsLookupItem<'a> {
    /// Whether the process is known, or why not.
    pub status: PidStatus,
    /// Who runs its cgroup.
    pub orchestrator: Orchestrator,
    /// Whether its cgroup is known, or why not.
    pub cgroup_status: AppsCgroupStatus,
    /// The process; 0 is a legal key.
    pub pid: u32,
    /// Its parent.
    pub ppid: u32,
    /// Its user. 4294967295 is not set.
    pub uid: u32,
    /// Field 22 of /proc/PID/stat; 0 off Linux. In clock ticks since boot.
    pub starttime: u64,
    /// Its command. 1 to 15 bytes.
    pub comm: CStrView<'a>,
    /// Path of its cgroup.
    pub cgroup_path: CStrView<'a>,
    /// Name of its cgroup.
    pub cgroup_name: CStrView<'a>,
    /// Labels of its cgroup.
    pub labels: Labels<'a>,
}

impl AppsLookupItem<'_> {
    /// The `uid` that is not set.
    pub const UID_UNSET: u32 = 0xffffffff;
    /// Bytes that a `comm` has at least.
    pub const COMM_MIN: usize = 1;
    /// Bytes that a `comm` has at most.
    pub const COMM_MAX: usize = 15;
}

impl<'a> AppsLookupItem<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        status: PidStatus::UNKNOWN,
        orchestrator: Orchestrator::UNKNOWN,
        cgroup_status: AppsCgroupStatus::KNOWN,
        pid: 0,
        ppid: 0,
        uid: 0xffffffff,
        starttime: 0,
        comm: CStrView::EMPTY,
        cgroup_path: CStrView::EMPTY,
        cgroup_name: CStrView::EMPTY,
        labels: Labels::NONE,
    };
}

impl Default for AppsLookupItem<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for AppsLookupItem<'a> {
    #[inline(always)]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (fixed, spans, label_count) = Self::read(bytes)?;
        let ([comm, cgroup_path, cgroup_name], end) =
            strings(bytes, 60, spans, "comm or cgroup_path or cgroup_name")?;
        let labels = Labels::parse(bytes, label_count, end)?;
        let item = Self {
            comm,
            cgroup_path,
            cgroup_name,
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
        let end = spans.iter().fold(60, |end, span| end.max(span.end()));
        let [comm, cgroup_path, cgroup_name] = spans.map(|span| valid.text(span));
        Self {
            comm,
            cgroup_path,
            cgroup_name,
            labels: valid.labels(label_count, end),
            ..fixed
        }
    }
}

impl Encode for AppsLookupItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        self.labels.end_after(
            ITEM_LEN
                + self.comm.len()
                + 1
                + self.cgroup_path.len()
                + 1
                + self.cgroup_name.len()
                + 1,
        )
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        let [span_0, span_1, span_2] =
            lay_out(ITEM_LEN, [self.comm, self.cgroup_path, self.cgroup_name]);
        let label_count = self.labels.count()?;
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u16(self.orchestrator.0)
                .u16(self.cgroup_status.0)
                .u32(self.pid)
                .u32(self.ppid)
                .u32(self.uid)
                .u32(0)
                .u64(self.starttime)
                .span(span_0)
                .span(span_1)
                .span(span_2)
                .u16(label_count)
                .u16(0)
        })?;
        out.text(self.comm, "comm")?;
        out.text(self.cgroup_path, "cgroup_path")?;
        out.text(self.cgroup_name, "cgroup_name")?;
        self.labels.encode(out)
    }
}

impl<'a> AppsLookupItem<'a> {
    /// What is written as encoders do. Whether and why anything else is accepted, `decode` knows.
    #[inline(always)]
    fn usual(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, spans, label_count) = Self::read(bytes).ok()?;
        let ([comm, cgroup_path, cgroup_name], end) = adjacent_strings(bytes, 60, spans)?;
        let labels = Labels::adjacent(bytes, label_count, end)?;
        let item = Self {
            comm,
            cgroup_path,
            cgroup_name,
            labels,
            ..fixed
        };
        item.check().is_ok().then_some(item)
    }

    /// The fixed part, and what tells where the rest lies.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 3], u16), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(bytes, "apps-lookup item")?;
        let mut fixed = Self::UNSET;
        r.expect_u16(1, "layout")?;
        fixed.status = PidStatus(r.u16("status")?);
        fixed.orchestrator = Orchestrator(r.u16("orchestrator")?);
        fixed.cgroup_status = AppsCgroupStatus(r.u16("cgroup_status")?);
        fixed.pid = r.u32("pid")?;
        fixed.ppid = r.u32("ppid")?;
        fixed.uid = r.u32("uid")?;
        r.expect_zeros::<4>("reserved")?;
        fixed.starttime = r.u64("starttime")?;
        let span_0 = r.span("comm")?;
        let span_1 = r.span("cgroup_path")?;
        let span_2 = r.span("cgroup_name")?;
        let label_count = r.u16("labels")?;
        r.expect_u16(0, "reserved")?;
        Ok((fixed, [span_0, span_1, span_2], label_count))
    }
}

impl AppsLookupItem<'_> {
    /// The rules of the schema.
    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        if !matches!(self.status.0, 0..=3) {
            return Err(WireError::rule(
                "status: not one of its values",
                self.status.0.into(),
            ));
        }
        if !matches!(self.cgroup_status.0, 0..=3) {
            return Err(WireError::rule(
                "cgroup_status: not one of its values",
                self.cgroup_status.0.into(),
            ));
        }
        if self.status != PidStatus::KNOWN {
            if self.has_data() {
                return Err(WireError::rule(
                    "status: only known items have data",
                    self.status.0.into(),
                ));
            }
            return Ok(());
        }
        if !(1..=15).contains(&self.comm.len()) {
            return Err(WireError::rule(
                "length of comm: allowed is 1 to 15",
                self.comm.len() as u64,
            ));
        }
        let keeps_rule = match self.cgroup_status {
            AppsCgroupStatus::KNOWN => !self.cgroup_path.is_empty(),
            AppsCgroupStatus::UNKNOWN_RETRY_LATER => {
                self.orchestrator == Orchestrator::UNKNOWN
                    && self.cgroup_name.is_empty()
                    && self.labels.is_empty()
            }
            AppsCgroupStatus::UNKNOWN_PERMANENT => {
                !self.cgroup_path.is_empty()
                    && self.orchestrator == Orchestrator::UNKNOWN
                    && self.cgroup_name.is_empty()
                    && self.labels.is_empty()
            }
            AppsCgroupStatus::HOST_ROOT => {
                self.orchestrator == Orchestrator::UNKNOWN
                    && self.cgroup_name.is_empty()
                    && self.labels.is_empty()
                    && self.cgroup_path.is_empty()
            }
            _ => true,
        };
        if !keeps_rule {
            return Err(self.broken_rule_of_cgroup_status());
        }
        Ok(())
    }
}

impl AppsLookupItem<'_> {
    /// Which rule of `cgroup_status` is broken.
    #[cold]
    fn broken_rule_of_cgroup_status(&self) -> WireError {
        let rule = match self.cgroup_status {
            AppsCgroupStatus::KNOWN => "cgroup_status: known needs cgroup_path",
            AppsCgroupStatus::UNKNOWN_RETRY_LATER => {
                "cgroup_status: unknown-retry-later goes without orchestrator, cgroup_name, labels"
            }
            AppsCgroupStatus::UNKNOWN_PERMANENT => {
                "cgroup_status: unknown-permanent needs cgroup_path, and goes without orchestrator, cgroup_name, labels"
            }
            AppsCgroupStatus::HOST_ROOT => {
                "cgroup_status: host-root goes without orchestrator, cgroup_name, labels, cgroup_path"
            }
            _ => "cgroup_status: not with the others",
        };
        WireError::rule(rule, self.cgroup_status.0.into())
    }
}

impl AppsLookupItem<'_> {
    /// Whether more is set than key and status.
    #[inline(always)]
    fn has_data(&self) -> bool {
        self.orchestrator != Orchestrator::UNKNOWN
            || self.cgroup_status != AppsCgroupStatus::KNOWN
            || self.ppid != 0
            || self.uid != 0xffffffff
            || self.starttime != 0
            || !self.comm.is_empty()
            || !self.cgroup_path.is_empty()
            || !self.cgroup_name.is_empty()
            || !self.labels.is_empty()
    }
}

/// The process; 0 is a legal key.
pub use netipc::lookup::NumberKey as AppsLookupKey;
