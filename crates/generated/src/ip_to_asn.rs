//! `ip-to-asn`: IP addresses in; the network and organisation that announce each out.
//!
//! ```text
//! key
//!   4 bytes of an IPv4 or 16 bytes of an IPv6 address
//! item
//!   0       2       4    8        26       28                 36
//!   layout  status  asn  address  country  organisation span  organisation NUL
//! ```
//!
//! Made from `ip-to-asn.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use std::net::{IpAddr, Ipv4Addr};

use netipc::cache::{Cache, CachedLookup};
use netipc::lookup::{
    Key, Lookup, LookupAnswer, LookupItem, LookupKey, LookupReply, LookupRequest,
};
use netipc::service::Method;
use netipc::wire::{
    CStrView, Decode, Encode, Labels, MethodCode, Reader, Span, Valid, WireError, Writer,
    adjacent_strings, is_padded, lay_out, strings,
};
use netipc::{Client, Handler, Server};

/// Bytes of the fixed part.
const ITEM_LEN: usize = 36;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct IpToAsn;

/// A client of `ip-to-asn`.
pub type IpToAsnClient = Client<IpToAsn>;
/// A server of `ip-to-asn`.
pub type IpToAsnServer = Server<IpToAsn>;
/// What answers the requests of a server.
pub type IpToAsnHandler = Handler<IpToAsn>;
/// The keys of a request.
pub type IpToAsnRequestView<'a> = LookupRequest<'a, IpToAsn>;
/// The items of a reply.
pub type IpToAsnResponseView<'a> = LookupReply<'a, IpToAsn>;
/// Takes an item for each key.
pub type IpToAsnBuilder<'a> = LookupAnswer<'a, IpToAsn>;

impl Lookup for IpToAsn {
    const METHOD: Method = Method {
        code: MethodCode(0x8001),
        name: "ip-to-asn",
        batches: false,
    };
    type Item<'a> = IpToAsnItem<'a>;
    type Argument<'k> = IpAddr;

    #[inline]
    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {
        a == b
    }
}

impl<'a> LookupItem<'a> for IpToAsnItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = LookupStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = LookupStatus::OVERSIZED_ITEM.0;
    type Key = IpToAsnKey;

    #[inline]
    fn key(&self) -> IpToAsnKey {
        IpToAsnKey(self.address)
    }

    #[inline]
    fn status(&self) -> u16 {
        self.status.0
    }

    #[inline]
    fn bare(key: IpToAsnKey, status: u16) -> Self {
        Self {
            status: LookupStatus(status),
            address: key.0,
            ..Self::UNSET
        }
    }

    const TEXTS: Option<usize> = Some(1);

    fn take_apart(&self, text: &mut dyn FnMut(CStrView<'a>)) -> Labels<'a> {
        text(self.organisation);
        Labels::NONE
    }

    #[inline(always)]
    fn put_together(
        fixed: &'a [u8],
        mut given_text: impl FnMut() -> CStrView<'a>,
        _given_labels: Labels<'a>,
    ) -> Option<Self> {
        let (fixed, ..) = Self::read(fixed).ok()?;
        let organisation = given_text();
        Some(Self {
            organisation,
            ..fixed
        })
    }
}

/// A cache of what was found for the keys of interest.
pub type IpToAsnCache = Cache<IpToAsn>;

impl CachedLookup for IpToAsn {
    type OwnedKey = IpAddr;

    fn key(owned: &IpAddr) -> Key<'_, Self> {
        IpToAsnKey(*owned)
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

/// The network that announces an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IpToAsnItem<'a> {
    /// Whether any network announces it.
    pub status: LookupStatus,
    /// Number of the autonomous system.
    pub asn: u32,
    /// IPv4 or IPv6 address.
    pub address: IpAddr,
    /// ISO 3166 code of the country; may be empty.
    pub country: [u8; 2],
    /// Name of the organisation; may be empty.
    pub organisation: CStrView<'a>,
}

impl<'a> IpToAsnItem<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        status: LookupStatus::UNKNOWN,
        asn: 0,
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        country: [0; 2],
        organisation: CStrView::EMPTY,
    };
}

impl Default for IpToAsnItem<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for IpToAsnItem<'a> {
    #[inline(always)]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (fixed, spans) = Self::read(bytes)?;
        let ([organisation], end) = strings(bytes, 36, spans, "organisation")?;
        if end != bytes.len() {
            let found = bytes.len() as u64;
            return Err(WireError::layout("item length", end as u64, found));
        }
        let item = Self {
            organisation,
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
        let (fixed, spans) = Self::read(valid.bytes()).unwrap_or_default();
        let [organisation] = spans.map(|span| valid.text(span));
        Self {
            organisation,
            ..fixed
        }
    }
}

impl Encode for IpToAsnItem<'_> {
    #[inline(always)]
    fn size(&self) -> usize {
        ITEM_LEN + self.organisation.len() + 1
    }

    #[inline(always)]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        self.check()?;
        let [span_0] = lay_out(ITEM_LEN, [self.organisation]);
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u32(self.asn)
                .ip(Some(self.address))
                .bytes(self.country)
                .span(span_0)
        })?;
        out.text(self.organisation, "organisation")
    }
}

impl<'a> IpToAsnItem<'a> {
    /// What is written as encoders do. Whether and why anything else is accepted, `decode` knows.
    #[inline(always)]
    fn usual(bytes: &'a [u8]) -> Option<Self> {
        let (fixed, spans) = Self::read(bytes).ok()?;
        let ([organisation], end) = adjacent_strings(bytes, 36, spans)?;
        if end != bytes.len() {
            return None;
        }
        let item = Self {
            organisation,
            ..fixed
        };
        item.check().is_ok().then_some(item)
    }

    /// The fixed part, and what tells where the rest lies.
    #[inline(always)]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 1]), WireError> {
        let mut r = Reader::record::<ITEM_LEN>(bytes, "ip-to-asn item")?;
        let mut fixed = Self::UNSET;
        r.expect_u16(1, "layout")?;
        fixed.status = LookupStatus(r.u16("status")?);
        fixed.asn = r.u32("asn")?;
        fixed.address = match r.ip("address")? {
            Some(address) => address,
            None => return Err(WireError::layout("address", 16, 0)),
        };
        fixed.country = r.chars("country")?;
        let span_0 = r.span("organisation")?;
        Ok((fixed, [span_0]))
    }
}

impl IpToAsnItem<'_> {
    /// The rules of the schema.
    #[inline(always)]
    fn check(&self) -> Result<(), WireError> {
        if !matches!(self.status.0, 0..=3) {
            return Err(WireError::rule(
                "status: not one of its values",
                self.status.0.into(),
            ));
        }
        if !is_padded(&self.country) {
            return Err(WireError::rule("padding of country: zeros are expected", 1));
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

impl IpToAsnItem<'_> {
    /// Whether more is set than key and status.
    #[inline(always)]
    fn has_data(&self) -> bool {
        self.asn != 0 || self.country != [0; 2] || !self.organisation.is_empty()
    }
}

/// IPv4 or IPv6 address.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct IpToAsnKey(pub IpAddr);

impl From<IpAddr> for IpToAsnKey {
    fn from(address: IpAddr) -> Self {
        Self(address)
    }
}

impl LookupKey<'_> for IpToAsnKey {
    const MIN_LEN: usize = 4;
}

impl Decode<'_> for IpToAsnKey {
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
            return Ok(Self(v4.into()));
        }
        let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
        v6.map(Self)
            .or(Err(WireError::layout("address", 16, bytes.len() as u64)))
    }
}

impl Encode for IpToAsnKey {
    #[inline]
    fn size(&self) -> usize {
        if self.0.is_ipv4() { 4 } else { 16 }
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        match self.0 {
            IpAddr::V4(v4) => out.bytes(&v4.octets()),
            IpAddr::V6(v6) => out.bytes(&v6.octets()),
        }
    }
}
