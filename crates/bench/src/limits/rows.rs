//! Which raw limits there are: a table of what is exchanged or copied, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::copy::copies_in_a_lot;
use super::payload::Payload;
use crate::row::{Layer, Row, Scenario, Transport};
use crate::scenarios::WINDOW;

/// How long the patient ones look before they sleep: as long as our own links.
const LOOK: Duration = Duration::from_micros(20);
/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

const AT_ONCE: Link = Link::Socket(Duration::ZERO);
const LINE: Link = Link::Memory(Looks::Times(4096), Sleep::Never);
const BLOCKING: Link = Link::Memory(Looks::Times(1), Sleep::WokenAlways);
/// How deployed peers wait with profile 0x02.
const DEPLOYED: Link = Link::Memory(Looks::Times(128), Sleep::WokenAlways);

/// Something small to and fro, by how who waits for it does so.
const SIMPLE: [(&str, Link); 8] = [
    ("line", LINE),
    ("echo blocking", AT_ONCE),
    ("echo spin", Link::Socket(LOOK)),
    ("futex blocking", BLOCKING),
    ("futex 128", DEPLOYED),
    (
        "futex 1024",
        Link::Memory(Looks::Times(1024), Sleep::WokenAlways),
    ),
    (
        "futex 20us",
        Link::Memory(Looks::For(LOOK), Sleep::WokenAlways),
    ),
    (
        "futex 20us flag",
        Link::Memory(Looks::For(LOOK), Sleep::WokenAsleep),
    ),
];
const PING: Payload = Payload::Numbers(1);

/// A transport, and what carries its messages.
type Way = (Transport, Link);

/// What a deployed peer cannot do without: wait as its profile says, build, copy in, wake, copy out
/// and look; messages under way at once, what is in each, and what can carry it.
const STAND_INS: [(&str, u32, Payload, &[Way]); 5] = [
    ("deployed ping", 1, PING, &EVERYTHING),
    // As many as ours have on average.
    ("deployed batch", 1, Payload::Numbers(500), &EVERYTHING),
    ("deployed pipeline", WINDOW, PING, &SOCKET),
    ("deployed snapshot", 1, Payload::Items(16), &EVERYTHING),
    ("deployed lookup", 1, Payload::Keys(16), &EVERYTHING),
];
const SOCKET: [Way; 1] = [(Transport::Socket, AT_ONCE)];
const EVERYTHING: [Way; 3] = [
    (Transport::Socket, AT_ONCE),
    (Transport::Shm, DEPLOYED),
    (Transport::Futex, BLOCKING),
];

/// So many bytes that one process copies.
const COPIES: [(&str, usize); 5] = [
    ("memcpy 64", 64),
    ("memcpy 4096", 4 << 10),
    ("memcpy 65536", 64 << 10),
    ("memcpy 1048576", 1 << 20),
    ("memcpy 3145728", 3 << 20),
];

/// All raw limits of this platform.
pub(super) fn all() -> Vec<RawRow> {
    let simple = SIMPLE.into_iter().map(|(variant, link)| {
        let (transport, payload) = match link {
            Link::Socket(_) => (Transport::Socket, PING),
            Link::Memory(..) => (Transport::Shm, Payload::Nothing),
        };
        RawRow::exchange(variant, transport, link, payload, 1)
    });
    let stand_ins = STAND_INS
        .iter()
        .flat_map(|(variant, window, payload, links)| {
            let over = |(transport, link): &Way| {
                RawRow::exchange(variant, *transport, *link, *payload, *window)
            };
            links.iter().map(over)
        });
    let copies = COPIES.map(|(variant, size)| RawRow {
        variant,
        kind: Kind::Copy(size),
    });
    let exchanges = simple.chain(stand_ins);
    let exchanges = exchanges.filter(|_| super::native::EXCHANGES);
    exchanges.chain(copies).collect()
}

/// A raw limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRow {
    variant: &'static str,
    pub(super) kind: Kind,
}

/// What one operation is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Something that two processes exchange.
    Exchange(Exchange),
    /// So many bytes that one process copies.
    Copy(usize),
}

/// What two processes exchange, and over what.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Exchange {
    transport: Transport,
    pub(super) link: Link,
    pub(super) payload: Payload,
    /// Messages under way at once.
    pub(super) window: u32,
}

/// What carries the messages, and how who waits for one does it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) enum Link {
    /// Looking so often or long at a word of shared memory, then sleeping like this.
    Memory(Looks, Sleep),
    /// Looking so long at a packet socket before sleeping.
    Socket(Duration),
}

/// How long a side looks before it sleeps.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) enum Looks {
    /// So many times, at least once.
    Times(u32),
    /// So long.
    For(Duration),
}

/// How one sleeps and wakes the other.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) enum Sleep {
    /// Nobody sleeps while messages come.
    Never,
    /// Every turn wakes, whether or not anybody sleeps.
    WokenAlways,
    /// Who sleeps says so, and only then is woken.
    WokenAsleep,
}

impl RawRow {
    const fn exchange(
        variant: &'static str,
        transport: Transport,
        link: Link,
        payload: Payload,
        window: u32,
    ) -> Self {
        let kind = Kind::Exchange(Exchange {
            transport,
            link,
            payload,
            window,
        });
        Self { variant, kind }
    }

    /// The row, still without figures.
    pub(super) fn row(&self) -> Row {
        let (transport, unit) = match self.kind {
            Kind::Exchange(exchange) => (exchange.transport, "round trips"),
            Kind::Copy(_) => (Transport::None, "bytes"),
        };
        Row {
            variant: self.variant.to_owned(),
            ..Row::new(Scenario::Limits, transport, Layer::Raw, unit)
        }
    }

    /// How many operations are done for each one that is timed.
    pub(super) const fn lot(&self) -> u64 {
        match self.kind {
            Kind::Exchange(exchange) => exchange.lot(),
            Kind::Copy(size) => copies_in_a_lot(size),
        }
    }

    /// Whether it rides on a bounced cache line, and can be no faster.
    pub(super) fn is_word(&self) -> bool {
        let word =
            |exchange: Exchange| exchange.payload == Payload::Nothing && exchange.link != LINE;
        matches!(self.kind, Kind::Exchange(exchange) if word(exchange))
    }

    /// Whether both sides look before they sleep.
    pub(super) fn looks(&self) -> bool {
        match self.kind {
            Kind::Exchange(exchange) => ![AT_ONCE, BLOCKING].contains(&exchange.link),
            Kind::Copy(_) => false,
        }
    }
}

impl Exchange {
    /// How many are done for each one that is timed.
    pub(super) const fn lot(self) -> u64 {
        match self.payload {
            Payload::Nothing => TURNS,
            _ => 1,
        }
    }
}
