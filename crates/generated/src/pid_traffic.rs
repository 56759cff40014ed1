//! `pid-traffic`: Processes in; the network traffic of each out.
//!
//! ```text
//! key
//!   0    4  8          16
//!   pid  0  starttime
//! item
//!   0       2       4    8          16              24          32                40
//!   layout  status  pid  starttime  bytes_received  bytes_sent  packets_received  packets_sent
//!   
//!   48           52
//!   connections
//! ```
//!
//! Made from `pid-traffic.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::lookup::{
    Key, Lookup, LookupAnswer, LookupItem, LookupKey, LookupReply, LookupRequest,
};
use netipc::service::Method;
use netipc::wire::{Decode, Encode, MethodCode, Reader, Valid, WireError, Writer};
use netipc::{Client, Handler, Server};

/// Bytes of the fixed part.
const ITEM_LEN: usize = 52;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct PidTraffic;

/// A client of `pid-traffic`.
pub type PidTrafficClient = Client<PidTraffic>;
/// A server of `pid-traffic`.
pub type PidTrafficServer = Server<PidTraffic>;
/// What answers the requests of a server.
pub type PidTrafficHandler = Handler<PidTraffic>;
/// The keys of a request.
pub type PidTrafficRequestView<'a> = LookupRequest<'a, PidTraffic>;
/// The items of a reply.
pub type PidTrafficResponseView<'a> = LookupReply<'a, PidTraffic>;
/// Takes an item for each key.
pub type PidTrafficBuilder<'a> = LookupAnswer<'a, PidTraffic>;

impl Lookup for PidTraffic {
    const METHOD: Method = Method {
        code: MethodCode(0x8002),
        name: "pid-traffic",
        batches: false,
    };
    type Item<'a> = PidTrafficItem;
    type Argument<'k> = PidTrafficKey;

    #[inline]
    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {
        a == b
    }
}

impl LookupItem<'_> for PidTrafficItem {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = LookupStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = LookupStatus::OVERSIZED_ITEM.0;
    type Key = PidTrafficKey;

    #[inline]
    fn key(&self) -> PidTrafficKey {
        PidTrafficKey {
            pid: self.pid,
            starttime: self.starttime,
        }
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(key: PidTrafficKey, status: u16) -> Self {
        Self {
            status: LookupStatus(status),
            pid: key.pid,
            starttime: key.starttime,
            ..Self::UNSET
        }
    }

    #[inline]
    fn identity(&self) -> u64 {
        self.starttime
    }
}

netipc::codes! {
    /// Whether a key is known, or why not.
    pub struct LookupStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// There is nothing by this key.
        UNKNOWN = 1, "unknown";
        /// There was no room: clients ask again by themselves, and callers never see it.
        PAYLOAD_EXCEEDED = 2, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 3, "oversized-item";
    }
}

/// Traffic of one process since it started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PidTrafficItem {
    /// Whether there is such a process.
    pub status: LookupStatus,
    /// The process.
    pub pid: u32,
    /// When it started; tells it from a later one with the same pid. In clock ticks since boot.
    pub starttime: u64,
    /// Payload received. In bytes.
    pub bytes_received: u64,
    /// Payload sent. In bytes.
    pub bytes_sent: u64,
    /// Packets received. In packets.
    pub packets_received: u64,
    /// Packets sent. In packets.
    pub packets_sent: u64,
    /// Open now. In connections.
    pub connections: u32,
}

impl PidTrafficItem {
    /// Nothing is set.
    const UNSET: Self = Self {
        status: LookupStatus::UNKNOWN,
        pid: 0,
        starttime: 0,
        bytes_received: 0,
        bytes_sent: 0,
        packets_received: 0,
        packets_sent: 0,
        connections: 0,
    };
}

impl Default for PidTrafficItem {
    fn default() -> Self {
        Self::UNSET
    }
}

impl Decode<'_> for PidTrafficItem {
    #[inline(always)]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let item = Self::read(bytes)?;
        if 52 != bytes.len() {
            let found = bytes.len() as u64;
            return Err(WireError::layout("item length", 52, found));
        }
        item.check()?;
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline(always)]
    fn view(valid: Valid<'_, Self>) -> Self {
        Self::read(valid.bytes()).unwrap_or_default()
    }
}

impl Encode for PidTrafficItem {
    #[inline(always)]
    fn size(&self) -> usize {
        ITEM_LEN
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u32(self.pid)
                .u64(self.starttime)
                .u64(self.bytes_received)
                .u64(self.bytes_sent)
                .u64(self.packets_received)
                .u64(self.packets_sent)
                .u32(self.connections)
        })
    }
}

impl PidTrafficItem {
    /// The fixed part.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<ITEM_LEN>(bytes, "pid-traffic item")?;
        let mut fixed = Self::UNSET;
        r.expect_u16(1, "layout")?;
        fixed.status = LookupStatus(r.u16("status")?);
        fixed.pid = r.u32("pid")?;
        fixed.starttime = r.u64("starttime")?;
        fixed.bytes_received = r.u64("bytes_received")?;
        fixed.bytes_sent = r.u64("bytes_sent")?;
        fixed.packets_received = r.u64("packets_received")?;
        fixed.packets_sent = r.u64("packets_sent")?;
        fixed.connections = r.u32("connections")?;
        Ok(fixed)
    }
}

impl PidTrafficItem {
    /// The rules of the schema.
    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        if !matches!(self.status.0, 0..=3) {
            return Err(WireError::rule(
                "status: not one of its values",
                self.status.0.into(),
            ));
        }
        if self.status != LookupStatus::KNOWN && self.has_data() {
            return Err(WireError::rule(
                "status: only known items have data",
                self.status.0.into(),
            ));
        }
        Ok(())
    }
}

impl PidTrafficItem {
    /// Whether more is set than key and status.
    #[inline(always)]
    fn has_data(&self) -> bool {
        self.bytes_received != 0
            || self.bytes_sent != 0
            || self.packets_received != 0
            || self.packets_sent != 0
            || self.connections != 0
    }
}

/// What is looked up.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PidTrafficKey {
    /// The process.
    pub pid: u32,
    /// When it started; tells it from a later one with the same pid. In clock ticks since boot.
    pub starttime: u64,
}

impl LookupKey<'_> for PidTrafficKey {
    const MIN_LEN: usize = 16;
}

impl Decode<'_> for PidTrafficKey {
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() != 16 {
            return Err(WireError::layout("key length", 16, bytes.len() as u64));
        }
        let mut r = Reader::new(bytes);
        let pid = r.u32("pid")?;
        r.expect_zeros::<4>("reserved")?;
        let starttime = r.u64("starttime")?;
        Ok(Self { pid, starttime })
    }
}

impl Encode for PidTrafficKey {
    #[inline]
    fn size(&self) -> usize {
        16
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<16>(|fields| fields.u32(self.pid).u32(0).u64(self.starttime))
    }
}
