//! Packets of capture files: pcap, and pcapng.

use super::input::{Over, Packet};

/// Types of links whose packets are what users want: each is one of ours.
const OF_USERS: std::ops::RangeInclusive<u32> = 147..=162;
const ETHERNET: u32 = 1;
const RAW_IP: [u32; 4] = [12, 101, 228, 229];
const UDP: u8 = 17;
/// So many units of time are a second. Times are divided by these, and not multiplied by their inverses:
/// that rounds alike on every platform.
const MICROSECONDS: f64 = 1e6;
const NANOSECONDS: f64 = 1e9;

/// The packets of a capture file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet>, String> {
    let Some(magic) = bytes.first_chunk::<4>() else {
        return Err("the file ends before a capture begins".to_owned());
    };
    match *magic {
        [0x0a, 0x0d, 0x0d, 0x0a] => blocks(bytes),
        [0xd4, 0xc3, 0xb2, 0xa1] => records(bytes, Order::Little, MICROSECONDS),
        [0x4d, 0x3c, 0xb2, 0xa1] => records(bytes, Order::Little, NANOSECONDS),
        [0xa1, 0xb2, 0xc3, 0xd4] => records(bytes, Order::Big, MICROSECONDS),
        [0xa1, 0xb2, 0x3c, 0x4d] => records(bytes, Order::Big, NANOSECONDS),
        _ => Err("it is no capture file: pcap and pcapng are known".to_owned()),
    }
}

/// The order of bytes of the machine that wrote the file.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    /// The number at byte `at`.
    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let four = bytes.get(at..)?.first_chunk::<4>()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(*four),
            Self::Big => u32::from_be_bytes(*four),
        })
    }

    fn size(self, bytes: &[u8], at: usize) -> Option<usize> {
        usize::try_from(self.u32(bytes, at)?).ok()
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let two = bytes.get(at..)?.first_chunk::<2>()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(*two),
            Self::Big => u16::from_be_bytes(*two),
        })
    }
}

/// The classic format: a header, then packets.
fn records(bytes: &[u8], order: Order, per_second: f64) -> Result<Vec<Packet>, String> {
    const HEADER: usize = 24;
    const OF_RECORD: usize = 16;
    let cut = |at: usize| format!("the capture is cut at byte {at}");
    let link = order.u32(bytes, 20).ok_or_else(|| cut(bytes.len()))? & 0xffff;
    let (mut packets, mut at) = (Vec::new(), HEADER);
    while at < bytes.len() {
        let sizes = order.size(bytes, at + 8).zip(order.size(bytes, at + 12));
        let (captured, whole) = sizes.ok_or_else(|| cut(at))?;
        let start = at + OF_RECORD;
        let end = start.checked_add(captured).ok_or_else(|| cut(at))?;
        let data = bytes.get(start..end).ok_or_else(|| cut(at))?;
        let time = order.u32(bytes, at).zip(order.u32(bytes, at + 4));
        let time = time.map(|(seconds, units)| f64::from(seconds) + f64::from(units) / per_second);
        let seen = Seen {
            missing: whole.saturating_sub(captured),
            time,
            way: None,
        };
        packets.extend(packet(link, data, seen)?);
        at = end;
    }
    Ok(packets)
}

/// What packets of the newer format are captured at.
#[derive(Clone, Copy, Default)]
struct Interface {
    link: u32,
    /// How many units of its times are a second.
    per_second: f64,
}

impl Interface {
    fn of(body: &[u8], order: Order) -> Option<Self> {
        const OPTIONS: usize = 8;
        const RESOLUTION: u16 = 9;
        let link = order.u16(body, 0)?.into();
        let options = body.get(OPTIONS..).unwrap_or_default();
        let resolution = option(RESOLUTION, options, order).and_then(|value| value.first());
        let per_second = match resolution.copied() {
            None => MICROSECONDS,
            Some(power) if power < 0x80 => 10_f64.powi(i32::from(power)),
            Some(power) => 2_f64.powi(i32::from(power & 0x7f)),
        };
        Some(Self { link, per_second })
    }
}

/// What a capture tells of a packet besides its bytes.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Bytes that were not captured.
    missing: usize,
    time: Option<f64>,
    way: Option<&'static str>,
}

/// The newer format: blocks, of which each section has its own order of bytes and its own interfaces.
fn blocks(bytes: &[u8]) -> Result<Vec<Packet>, String> {
    const SECTION: u32 = 0x0a0d_0d0a;
    const INTERFACE: u32 = 1;
    const SIMPLE: u32 = 3;
    const ENHANCED: u32 = 6;
    let (mut packets, mut at) = (Vec::new(), 0);
    let (mut order, mut interfaces) = (Order::Little, Vec::<Interface>::new());
    while at < bytes.len() {
        let cut = || format!("the capture is cut at byte {at}");
        let kind = order.u32(bytes, at).ok_or_else(cut)?;
        if kind == SECTION {
            interfaces.clear();
            order = match bytes.get(at + 8..).and_then(<[u8]>::first_chunk) {
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => Order::Little,
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => Order::Big,
                _ => return Err(format!("no section begins at byte {at}")),
            };
        }
        let size = order.size(bytes, at + 4).filter(|size| *size >= 12);
        let end = size.and_then(|size| at.checked_add(size)).ok_or_else(cut)?;
        let body = bytes.get(at + 8..end).ok_or_else(cut)?;
        let body = body.get(..body.len() - 4).unwrap_or_default();
        match kind {
            INTERFACE => interfaces.push(Interface::of(body, order).ok_or_else(cut)?),
            ENHANCED => {
                let found = enhanced(body, order, &interfaces);
                packets.extend(found.ok_or_else(cut)??);
            }
            SIMPLE => {
                let whole = order.size(body, 0).ok_or_else(cut)?;
                let data = body.get(4..).ok_or_else(cut)?;
                let data = data.get(..whole).unwrap_or(data);
                let Interface { link, .. } = interfaces.first().copied().unwrap_or_default();
                let missing = whole - data.len();
                let seen = Seen {
                    missing,
                    ..Seen::default()
                };
                packets.extend(packet(link, data, seen)?);
            }
            _ => {}
        }
        at = end;
    }
    Ok(packets)
}

/// A packet with its interface, its time, both sizes, and options, of which one tells the direction.
fn enhanced(
    body: &[u8],
    order: Order,
    interfaces: &[Interface],
) -> Option<Result<Option<Packet>, String>> {
    const DATA: usize = 20;
    let Interface { link, per_second } = *interfaces.get(order.size(body, 0)?)?;
    // Halves of one number, the upper one first whatever the order of bytes.
    let [upper, lower] = [order.u32(body, 4)?, order.u32(body, 8)?].map(f64::from);
    let (captured, whole) = (order.size(body, 12)?, order.size(body, 16)?);
    let end = DATA.checked_add(captured)?;
    let data = body.get(DATA..end)?;
    let options = body.get(end.next_multiple_of(4)..).unwrap_or_default();
    let seen = Seen {
        missing: whole.saturating_sub(captured),
        time: Some((upper * 4_294_967_296.0 + lower) / per_second).filter(|time| *time > 0.0),
        way: way(options, order),
    };
    Some(packet(link, data, seen))
}

/// The direction that options of a packet tell.
fn way(options: &[u8], order: Order) -> Option<&'static str> {
    const FLAGS: u16 = 2;
    match order.u32(option(FLAGS, options, order)?, 0)? & 3 {
        1 => Some("received"),
        2 => Some("sent"),
        _ => None,
    }
}

/// The value of an option of a block.
fn option(wanted: u16, mut options: &[u8], order: Order) -> Option<&[u8]> {
    loop {
        let (code, size) = (order.u16(options, 0)?, order.u16(options, 2)?);
        if code == 0 {
            return None;
        }
        if code == wanted {
            return options.get(4..4 + usize::from(size));
        }
        options = options.get(4 + usize::from(size).next_multiple_of(4)..)?;
    }
}

/// What a captured packet carries; nothing of one that is of another kind of traffic.
fn packet(link: u32, data: &[u8], seen: Seen) -> Result<Option<Packet>, String> {
    let (bytes, ends) = match link {
        link if OF_USERS.contains(&link) => (Some(data), None),
        ETHERNET => of_ethernet(data).unzip(),
        link if RAW_IP.contains(&link) => of_ip(data).unzip(),
        link => {
            return Err(format!(
                "packets of link type {link}: those for users (147 to 162), Ethernet (1) and IP (101) are known"
            ));
        }
    };
    Ok(bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| Packet {
        bytes: bytes.to_vec(),
        way: seen.way,
        over: Over {
            ends,
            ..Over::default()
        },
        time: seen.time,
        missing: seen.missing,
    }))
}

/// The data of a UDP packet, and between whom it went.
fn of_ethernet(frame: &[u8]) -> Option<(&[u8], String)> {
    const ADDRESSES: usize = 12;
    const TAGS: [u16; 2] = [0x8100, 0x88a8];
    let mut at = ADDRESSES;
    while TAGS.contains(&Order::Big.u16(frame, at)?) {
        at += 4;
    }
    of_ip(frame.get(at + 2..)?)
}

fn of_ip(packet: &[u8]) -> Option<(&[u8], String)> {
    const IPV6_HEADER: usize = 40;
    let first = *packet.first()?;
    let (protocol, from, to, header) = match first >> 4 {
        4 => {
            let from = packet.get(12..)?.first_chunk::<4>()?;
            let to = packet.get(16..)?.first_chunk::<4>()?;
            let header = usize::from(first & 15) * 4;
            (*packet.get(9)?, (*from).into(), (*to).into(), header)
        }
        6 => {
            let from = packet.get(8..)?.first_chunk::<16>()?;
            let to = packet.get(24..)?.first_chunk::<16>()?;
            (*packet.get(6)?, (*from).into(), (*to).into(), IPV6_HEADER)
        }
        _ => return None,
    };
    let udp = packet.get(header..).filter(|_| protocol == UDP)?;
    let port = |at| Order::Big.u16(udp, at);
    let end = |address: std::net::IpAddr, port| std::net::SocketAddr::new(address, port);
    let ends = format!("{} -> {}", end(from, port(0)?), end(to, port(2)?));
    let data = udp.get(8..usize::from(port(4)?)).or_else(|| udp.get(8..))?;
    Some((data, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of the newer format.
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let body = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let size = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &size, &body, &size].concat()
    }

    fn section(link: u16) -> Vec<u8> {
        let header = [
            0x1a2b_3c4d_u32.to_le_bytes(),
            [1, 0, 0, 0],
            [0xff; 4],
            [0xff; 4],
        ];
        // Times are in milliseconds.
        let resolution = [9, 0, 1, 0, 3, 0, 0, 0];
        let interface = [&link.to_le_bytes()[..], &[0; 6], &resolution].concat();
        [block(0x0a0d_0d0a, &header.concat()), block(1, &interface)].concat()
    }

    fn enhanced(data: &[u8], whole: u32, flags: u32) -> Vec<u8> {
        let size = u32::try_from(data.len()).unwrap();
        let mut body: Vec<u8> = [0, 1, 500, size, whole].map(u32::to_le_bytes).concat();
        body.extend(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend([2, 0, 4, 0]);
        body.extend(flags.to_le_bytes());
        body.extend([0; 4]);
        block(6, &body)
    }

    #[test]
    fn both_formats_and_both_orders_are_read() {
        let body = [
            &7_u32.to_be_bytes()[..],
            &8_u32.to_be_bytes(),
            &3_u32.to_be_bytes(),
            &9_u32.to_be_bytes(),
            b"abc",
        ]
        .concat();
        let header = [
            &0xa1b2_c3d4_u32.to_be_bytes()[..],
            &[0; 16],
            &147_u32.to_be_bytes(),
        ]
        .concat();
        let found = packets(&[header, body].concat()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].bytes[..], found[0].missing), (&b"abc"[..], 6));
        assert_eq!(found[0].time, Some(7.000_008));
        let newer = [
            section(148),
            enhanced(b"abcde", 5, 1),
            block(5, b"statistics"),
            enhanced(b"xyz", 4, 2),
            block(3, &[&2_u32.to_le_bytes()[..], b"hi"].concat()),
        ];
        let found = packets(&newer.concat()).unwrap();
        let seen: Vec<_> = found
            .iter()
            .map(|one| (&one.bytes[..], one.way, one.missing))
            .collect();
        assert_eq!(
            seen,
            [
                (&b"abcde"[..], Some("received"), 0),
                (&b"xyz"[..], Some("sent"), 1),
                (&b"hi"[..], None, 0)
            ]
        );
        let times: Vec<_> = found.iter().map(|one| one.time).collect();
        assert_eq!(times, [Some(4_294_967.796), Some(4_294_967.796), None]);
    }

    #[test]
    fn the_data_of_udp_is_found_in_its_frame() {
        let udp = [
            &7_u16.to_be_bytes()[..],
            &9_u16.to_be_bytes(),
            &[0, 11, 0, 0],
            b"abc",
        ]
        .concat();
        let mut ip = vec![0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0];
        ip.extend([127, 0, 0, 1, 127, 0, 0, 2]);
        ip.extend(&udp);
        let frame = [&[0; 12][..], &[0x81, 0, 0, 1, 8, 0], &ip, &[0; 20]].concat();
        let (data, ends) = of_ethernet(&frame).unwrap();
        assert_eq!(
            (data, &ends[..]),
            (&b"abc"[..], "127.0.0.1:7 -> 127.0.0.2:9")
        );
        ip[9] = 6;
        assert_eq!(of_ip(&ip), None, "TCP");
        let mut six = vec![0x60, 0, 0, 0, 0, 11, 17, 64];
        six.extend([0; 32]);
        six.extend(&udp);
        assert_eq!(of_ip(&six).unwrap().1, "[::]:7 -> [::]:9");
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_told() {
        let failed = |bytes: &[u8]| packets(bytes).unwrap_err();
        assert!(failed(b"abc").contains("ends before"));
        assert!(failed(b"abcd").contains("no capture file"));
        let whole = [section(147), enhanced(b"abcde", 5, 1)].concat();
        for size in section(147).len() + 1..whole.len() {
            assert!(failed(&whole[..size]).contains("is cut at byte"), "{size}");
        }
        let other = [section(276), enhanced(b"abcde", 5, 1)].concat();
        assert!(
            failed(&other).contains("link type 276"),
            "{}",
            failed(&other)
        );
    }
}
