//! `apps-lookup`: process ids in; process, user and cgroup of each out.
//!
//! ```text
//! item  0       2       4             6              8    12    16   20  24         32         40
//!       layout  status  orchestrator  cgroup_status  pid  ppid  uid  0   starttime  comm span  path span
//!       48         56           58  60
//!       name span  label_count  0   comm NUL cgroup_path NUL cgroup_name NUL ..
//! ```

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
use crate::lookup::{Key, Lookup, LookupAnswer, LookupItem, LookupReply, LookupRequest};
use crate::server::Server;

pub use crate::config::{ClientConfig, ServerConfig};
pub use crate::lookup::NumberKey as Pid;

/// The `uid` of an item that is not known.
pub const UID_UNSET: u32 = u32::MAX;
/// Bytes of the longest `comm`.
pub const COMM_MAX: usize = 15;

const ITEM_LEN: usize = 60;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct AppsLookup;

/// A client of `apps-lookup`.
pub type AppsLookupClient = Client<AppsLookup>;
/// A server of `apps-lookup`.
pub type ManagedServer = Server<AppsLookup>;
/// What answers the requests of a server.
pub type Handler = AnyHandler<AppsLookup>;
/// The process ids of a request.
pub type AppsLookupRequestView<'a> = LookupRequest<'a, AppsLookup>;
/// The items of a reply.
pub type AppsLookupResponseView<'a> = LookupReply<'a, AppsLookup>;
/// Takes an item for each process id.
pub type AppsLookupBuilder<'a> = LookupAnswer<'a, AppsLookup>;

codes! {
    /// Whether a process is known, or why not.
    pub struct PidStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// There is no such process.
        UNKNOWN = 1, "unknown";
        /// There was no room: the client asks again by itself, and callers never see it.
        PAYLOAD_EXCEEDED = 2, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 3, "oversized-item";
    }
}

codes! {
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

/// What is known of one process. Whatever is not [`PidStatus::KNOWN`] has only a pid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AppsLookupItem<'a> {
    /// Whether the process is known.
    pub status: PidStatus,
    /// Whether its cgroup is known.
    pub cgroup_status: AppsCgroupStatus,
    /// Who runs the cgroup.
    pub orchestrator: Orchestrator,
    /// The process that was asked for.
    pub pid: u32,
    /// Its parent.
    pub ppid: u32,
    /// Its user; [`UID_UNSET`] unless known.
    pub uid: u32,
    /// When it started: field 22 of `/proc/<pid>/stat`, in clock ticks since boot.
    pub starttime: u64,
    /// Its command, 1 to 15 bytes.
    pub comm: CStrView<'a>,
    /// Path of its cgroup.
    pub cgroup_path: CStrView<'a>,
    /// Name of its cgroup.
    pub cgroup_name: CStrView<'a>,
    /// Labels of its cgroup.
    pub labels: Labels<'a>,
}

impl Lookup for AppsLookup {
    const METHOD: Method = Method {
        code: MethodCode::APPS_LOOKUP,
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
        // With its directory entry an item takes 72 bytes: a short command and nothing more.
        64
    }
}

impl AppsLookupClient {
    /// As [`call`](Self::call), within `timeout_ms` milliseconds; 0 is the client's own timeout.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_with_timeout(
        &mut self,
        pids: &[u32],
        timeout_ms: u32,
    ) -> Result<AppsLookupResponseView<'_>, CallError> {
        self.call_within(pids, self.timeout_of(timeout_ms))
    }
}

impl<'a> LookupItem<'a> for AppsLookupItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = PidStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = PidStatus::OVERSIZED_ITEM.0;
    type Key = Pid;

    #[inline]
    fn key(&self) -> Pid {
        Pid(self.pid)
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(Pid(pid): Pid, status: u16) -> Self {
        Self {
            pid,
            status: PidStatus(status),
            ..Self::NOTHING
        }
    }
}

impl<'a> Decode<'a> for AppsLookupItem<'a> {
    #[inline(always)]
    fn decode(item: &'a [u8]) -> Result<Self, WireError> {
        let (fixed, spans, label_count) = Self::read(item)?;
        let (texts, end) = strings(item, Self::HEADER_LEN, spans, "comm or cgroup")?;
        let item = fixed.with(texts, Labels::parse(item, label_count, end)?);
        item.check()?;
        Ok(item)
    }

    #[inline(always)]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (fixed, spans, label_count) = Self::read(valid.bytes()).unwrap_or_default();
        let ends = spans.iter();
        let end = ends.fold(ITEM_LEN, |end, span| end.max(span.end()));
        let labels = valid.labels(label_count, end);
        fixed.with(spans.map(|span| valid.text(span)), labels)
    }
}

impl Encode for AppsLookupItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        let strings = self.comm.len() + self.cgroup_path.len() + self.cgroup_name.len() + 3;
        self.labels.end_after(Self::HEADER_LEN + strings)
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        let texts = [self.comm, self.cgroup_path, self.cgroup_name];
        let [comm, cgroup_path, cgroup_name] = lay_out(Self::HEADER_LEN, texts);
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
                .span(comm)
                .span(cgroup_path)
                .span(cgroup_name)
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
    const NOTHING: Self = Self {
        status: PidStatus::UNKNOWN,
        cgroup_status: AppsCgroupStatus::KNOWN,
        orchestrator: Orchestrator::UNKNOWN,
        pid: 0,
        ppid: 0,
        uid: UID_UNSET,
        starttime: 0,
        comm: CStrView::EMPTY,
        cgroup_path: CStrView::EMPTY,
        cgroup_name: CStrView::EMPTY,
        labels: Labels::NONE,
    };

    /// The fixed part of an item, where its strings lie, and how many labels it has.
    #[inline(always)]
    fn read(item: &[u8]) -> Result<(Self, [Span; 3], u16), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(item, "apps item")?;
        r.expect_u16(1, "item layout_version")?;
        let mut fixed = Self::NOTHING;
        fixed.status = PidStatus(r.u16("status")?);
        fixed.orchestrator = Orchestrator(r.u16("orchestrator")?);
        fixed.cgroup_status = AppsCgroupStatus(r.u16("cgroup_status")?);
        fixed.pid = r.u32("pid")?;
        fixed.ppid = r.u32("ppid")?;
        fixed.uid = r.u32("uid")?;
        r.expect_zero_u32("item reserved")?;
        fixed.starttime = r.u64("starttime")?;
        let spans = [
            r.span("comm")?,
            r.span("cgroup_path")?,
            r.span("cgroup_name")?,
        ];
        let label_count = r.u16("label_count")?;
        r.expect_u16(0, "item reserved")?;
        Ok((fixed, spans, label_count))
    }

    #[inline(always)]
    fn with(self, texts: [CStrView<'a>; 3], labels: Labels<'a>) -> Self {
        let [comm, cgroup_path, cgroup_name] = texts;
        Self {
            comm,
            cgroup_path,
            cgroup_name,
            labels,
            ..self
        }
    }

    /// Whether it says no more than that there is no data. By value, so that items with data need
    /// not be in memory for it.
    #[inline]
    fn is_bare(self) -> bool {
        self == Self::bare(Pid(self.pid), self.status.0)
    }

    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        let path = !self.cgroup_path.is_empty();
        let nameless = self.orchestrator == Orchestrator::UNKNOWN
            && self.cgroup_name.is_empty()
            && self.labels.is_empty();
        let comm = (1..=COMM_MAX).contains(&self.comm.len());
        let valid = match (self.status, self.cgroup_status) {
            (PidStatus::KNOWN, AppsCgroupStatus::KNOWN) => comm && path,
            (PidStatus::KNOWN, AppsCgroupStatus::UNKNOWN_RETRY_LATER) => comm && nameless,
            (PidStatus::KNOWN, AppsCgroupStatus::UNKNOWN_PERMANENT) => comm && nameless && path,
            (PidStatus::KNOWN, AppsCgroupStatus::HOST_ROOT) => comm && nameless && !path,
            (PidStatus(1..=3), _) => self.is_bare(),
            _ => false,
        };
        let (status, cgroup_status) = (self.status.0.into(), self.cgroup_status.0.into());
        if valid {
            Ok(())
        } else {
            let what = "data for status and cgroup_status";
            Err(WireError::layout(what, status, cgroup_status))
        }
    }
}

impl Default for AppsLookupItem<'_> {
    fn default() -> Self {
        Self::NOTHING
    }
}
