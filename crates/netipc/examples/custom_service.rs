//! A sixth request kind in one file: `ip-to-asn`, addresses in, the network that each belongs to
//! out. Its client, server and cache are the library's own; nothing in the library knows of it.
//!
//! ```text
//! key   4 bytes of an IPv4 or 16 bytes of an IPv6 address
//! item  0       2       4    8                           24      26       28        32         40
//!       layout  status  asn  address, IPv4 in 4 of the 16  family  country  reserved  name span  name NUL
//! ```
//!
//! Run it with `cargo run -p netipc --example custom_service`: it serves, asks and caches in one
//! process.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use netipc::cache::CachedLookup;
use netipc::lookup::{Key, Lookup, LookupItem, LookupKey};
use netipc::service::Method;
use netipc::wire::{
    CStrView, Decode, Encode, MethodCode, Reader, Span, Valid, WireError, Writer, strings,
};
use netipc::{Cache, Client, ClientConfig, Handler, Server, ServerConfig};

const ITEM_LEN: usize = 40;

/// The service.
#[derive(Debug)]
pub struct IpToAsn;

netipc::codes! {
    /// Whether an address is known, or why not.
    pub struct AsnStatus {
        /// The item holds data.
        KNOWN = 0, "known";
        /// No network announces the address.
        UNKNOWN = 1, "unknown";
        /// There was no room: the client asks again by itself.
        PAYLOAD_EXCEEDED = 2, "payload-exceeded";
        /// No answer within the agreed limits can hold the item.
        OVERSIZED_ITEM = 3, "oversized-item";
    }
}

/// An address to ask for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Address(pub IpAddr);

/// The network that an address belongs to. An unknown one has only its address.
#[derive(Clone, Copy, Debug)]
pub struct AsnItem<'a> {
    /// Whether it is known.
    pub status: AsnStatus,
    /// The address that was asked for.
    pub address: IpAddr,
    /// Number of the autonomous system.
    pub asn: u32,
    /// Two letters of the country, or zeros.
    pub country: [u8; 2],
    /// Name of the organisation.
    pub organisation: CStrView<'a>,
}

impl Lookup for IpToAsn {
    const METHOD: Method = Method {
        code: MethodCode(0x8001),
        name: "ip-to-asn",
        batches: false,
    };
    type Item<'a> = AsnItem<'a>;
    type Argument<'k> = Address;

    fn same(a: Key<'_, Self>, b: Key<'_, Self>) -> bool {
        a == b
    }
}

impl CachedLookup for IpToAsn {
    type OwnedKey = IpAddr;

    fn key(owned: &IpAddr) -> Address {
        Address(*owned)
    }
}

impl<'a> LookupItem<'a> for AsnItem<'a> {
    const HEADER_LEN: usize = ITEM_LEN;
    const EXCEEDED: u16 = AsnStatus::PAYLOAD_EXCEEDED.0;
    const OVERSIZED: u16 = AsnStatus::OVERSIZED_ITEM.0;
    type Key = Address;

    fn key(&self) -> Address {
        Address(self.address)
    }

    fn status(&self) -> u16 {
        self.status.0
    }

    fn bare(Address(address): Address, status: u16) -> Self {
        let status = AsnStatus(status);
        Self {
            status,
            address,
            asn: 0,
            country: [0; 2],
            organisation: CStrView::EMPTY,
        }
    }
}

impl<'a> Decode<'a> for AsnItem<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (item, span) = read(bytes)?;
        let ([organisation], end) = strings(bytes, ITEM_LEN, [span], "organisation")?;
        match end == bytes.len() && item.status.0 <= Self::OVERSIZED {
            true => Ok(Self {
                organisation,
                ..item
            }),
            false => Err(WireError::layout(
                "item length",
                end as u64,
                bytes.len() as u64,
            )),
        }
    }

    // Without this, an item would be decoded again each time it is read.
    fn view(valid: Valid<'a, Self>) -> Self {
        let (item, span) = read(valid.bytes()).expect("it was decoded before");
        let organisation = valid.text(span);
        Self {
            organisation,
            ..item
        }
    }
}

impl Encode for AsnItem<'_> {
    fn size(&self) -> usize {
        ITEM_LEN + self.organisation.len() + 1
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let (high, low) = halves(self.address);
        out.record::<ITEM_LEN>(|fields| {
            fields
                .u16(1)
                .u16(self.status.0)
                .u32(self.asn)
                .u64(high)
                .u64(low)
                .u16(if self.address.is_ipv4() { 4 } else { 6 })
                .u16(u16::from_le_bytes(self.country))
                .u32(0)
                .span(Span {
                    offset: ITEM_LEN,
                    len: self.organisation.len(),
                })
        })?;
        out.text(self.organisation, "organisation")
    }
}

fn read<'a>(bytes: &[u8]) -> Result<(AsnItem<'a>, Span), WireError> {
    let mut r = Reader::record::<ITEM_LEN>(bytes, "ip-to-asn item")?;
    r.expect_u16(1, "item layout")?;
    let (status, asn) = (AsnStatus(r.u16("status")?), r.u32("asn")?);
    let (high, low) = (r.u64("address")?, r.u64("address")?);
    let family = r.u16("family")?;
    let country = r.u16("country")?.to_le_bytes();
    r.expect_zero_u32("item reserved")?;
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&high.to_le_bytes());
    octets[8..].copy_from_slice(&low.to_le_bytes());
    let address = match (family, octets) {
        (4, [a, b, c, d, ..]) => IpAddr::from([a, b, c, d]),
        (6, octets) => IpAddr::from(octets),
        _ => return Err(WireError::layout("family", 6, family.into())),
    };
    let organisation = CStrView::EMPTY;
    Ok((
        AsnItem {
            status,
            address,
            asn,
            country,
            organisation,
        },
        r.span("organisation")?,
    ))
}

/// The 16 bytes of an address as two numbers; those of an IPv4 address come first.
fn halves(address: IpAddr) -> (u64, u64) {
    let mut octets = [0; 16];
    match address {
        IpAddr::V4(v4) => octets[..4].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => octets = v6.octets(),
    }
    let (halves, _) = octets.as_chunks::<8>();
    (u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]))
}

impl<'a> LookupKey<'a> for Address {
    const MIN_LEN: usize = 4;
}

impl Decode<'_> for Address {
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        let any = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
        any.map(Self).or(Err(WireError::layout(
            "address length",
            16,
            bytes.len() as u64,
        )))
    }
}

impl Encode for Address {
    fn size(&self) -> usize {
        if self.0.is_ipv4() { 4 } else { 16 }
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        match self.0 {
            IpAddr::V4(v4) => out.bytes(&v4.octets()),
            IpAddr::V6(v6) => out.bytes(&v6.octets()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let handler = Handler::<IpToAsn>::new(|request, answer| {
        answer.set_generation(1);
        request
            .keys()
            .try_for_each(|Address(address)| match address {
                IpAddr::V4(v4) if v4.octets()[0] == 192 => answer.add(&AsnItem {
                    status: AsnStatus::KNOWN,
                    address,
                    asn: 64496,
                    country: *b"XX",
                    organisation: "Example Networks".into(),
                }),
                _ => answer.add_bare(AsnStatus::UNKNOWN.0),
            })
    });
    let server = Arc::new(Server::new(
        dir.path(),
        "ip-to-asn",
        ServerConfig::default(),
        handler,
    ));
    server.bind()?;
    let running = Arc::clone(&server);
    let thread = std::thread::spawn(move || running.run());

    let addresses = ["192.0.2.7".parse()?, "2001:db8::1".parse()?];
    let mut client = Client::<IpToAsn>::new(dir.path(), "ip-to-asn", ClientConfig::default());
    client.refresh();
    for item in client.lookup(&addresses.map(Address))?.iter() {
        let AsnItem {
            address,
            status,
            asn,
            organisation,
            ..
        } = item;
        println!("asked:  {address} {status} AS{asn} {organisation}");
    }

    let mut cache = Cache::of(client, addresses.to_vec());
    cache.refresh();
    server.stop();
    thread.join().expect("the server does not panic")?;
    if let Some(item) = cache.read().get(Address(addresses[0])) {
        println!("cached: {} {}", item.address, item.organisation);
    }
    Ok(())
}
