//! Which raw limits there are: a table of what is exchanged or copied, and how.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::copy::copies_in_a_lot;
use super::payload::Payload;
use crate::row::Transport::{self, Futex, Shm, Socket};
use crate::row::{Layer, Row, Scenario};
use crate::scenarios::WINDOW;

/// How long the patient ones look before they sleep: as long as our own links.
const LOOK: Duration = Duration::from_micros(20);
/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

const AT_ONCE: Link = Link::Socket(Duration::ZERO);
const LINE: Link = Link::Memory(Looks::Times(4096), Sleep::Never);
const BLOCKING: Link = woken(Looks::Times(1));
/// How deployed peers wait with profile 0x02.
const DEPLOYED: Link = woken(Looks::Times(128));
const FLAG: Link = Link::Memory(Looks::For(LOOK), Sleep::WokenAsleep);

const TURN: Payload = Payload::Nothing;
const PING: Payload = Payload::Numbers(1);
/// As many as ours have on average.
const BATCH: Payload = Payload::Numbers(500);
const SNAPSHOT: Payload = Payload::Items(16);
const LOOKUP: Payload = Payload::Keys(16);

const ROWS: &[RawRow] = &[
    // Something small to and fro, by how who waits for it does so.
    exchange("line", Shm, LINE, TURN, 1),
    exchange("echo blocking", Socket, AT_ONCE, PING, 1),
    exchange("echo spin", Socket, Link::Socket(LOOK), PING, 1),
    exchange("futex blocking", Shm, BLOCKING, TURN, 1),
    exchange("futex 128", Shm, DEPLOYED, TURN, 1),
    exchange("futex 1024", Shm, woken(Looks::Times(1024)), TURN, 1),
    exchange("futex 20us", Shm, woken(Looks::For(LOOK)), TURN, 1),
    exchange("futex 20us flag", Shm, FLAG, TURN, 1),
    // What a deployed peer cannot do without: wait as its profile says, build, copy in, wake, copy
    // out and look.
    exchange("deployed ping", Socket, AT_ONCE, PING, 1),
    exchange("deployed ping", Shm, DEPLOYED, PING, 1),
    exchange("deployed ping", Futex, BLOCKING, PING, 1),
    exchange("deployed batch", Socket, AT_ONCE, BATCH, 1),
    exchange("deployed batch", Shm, DEPLOYED, BATCH, 1),
    exchange("deployed batch", Futex, BLOCKING, BATCH, 1),
    exchange("deployed pipeline", Socket, AT_ONCE, PING, WINDOW),
    exchange("deployed snapshot", Socket, AT_ONCE, SNAPSHOT, 1),
    exchange("deployed snapshot", Shm, DEPLOYED, SNAPSHOT, 1),
    exchange("deployed snapshot", Futex, BLOCKING, SNAPSHOT, 1),
    exchange("deployed lookup", Socket, AT_ONCE, LOOKUP, 1),
    exchange("deployed lookup", Shm, DEPLOYED, LOOKUP, 1),
    exchange("deployed lookup", Futex, BLOCKING, LOOKUP, 1),
    // So many bytes that one process copies.
    copy("memcpy 64", 64),
    copy("memcpy 4096", 4 << 10),
    copy("memcpy 65536", 64 << 10),
    copy("memcpy 1048576", 1 << 20),
    copy("memcpy 3145728", 3 << 20),
];

/// All raw limits of this platform.
pub(super) fn all() -> impl Iterator<Item = &'static RawRow> {
    ROWS.iter()
        .filter(|row| super::native::EXCHANGES || matches!(row.kind, Kind::Copy(_)))
}

const fn exchange(
    variant: &'static str,
    transport: Transport,
    link: Link,
    payload: Payload,
    window: u32,
) -> RawRow {
    let kind = Kind::Exchange(Exchange {
        link,
        payload,
        window,
    });
    RawRow {
        variant,
        transport,
        kind,
    }
}

const fn copy(variant: &'static str, size: usize) -> RawRow {
    RawRow {
        variant,
        transport: Transport::None,
        kind: Kind::Copy(size),
    }
}

const fn woken(looks: Looks) -> Link {
    Link::Memory(looks, Sleep::WokenAlways)
}

/// A raw limit.
#[derive(Debug)]
pub(super) struct RawRow {
    variant: &'static str,
    transport: Transport,
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
    /// The row, still without figures.
    pub(super) fn row(&self) -> Row {
        let unit = match self.kind {
            Kind::Exchange(_) => "round trips",
            Kind::Copy(_) => "bytes",
        };
        Row {
            variant: self.variant.to_owned(),
            ..Row::new(Scenario::Limits, self.transport, Layer::Raw, unit)
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
        matches!(self.kind, Kind::Exchange(one) if one.payload == TURN && one.link != LINE)
    }

    /// Whether both sides look before they sleep.
    pub(super) fn looks(&self) -> bool {
        matches!(self.kind, Kind::Exchange(one) if ![AT_ONCE, BLOCKING].contains(&one.link))
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
