//! What a Unix system allows: memory that two processes share and sleep on, and packet sockets.

mod echo;
mod turns;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::{Case, Ready};
use super::failed;
use super::payload::{Answering, Asking, Payload};
use crate::driver::Driver;
use crate::error::BenchError;
use crate::peer::Task;
use crate::row::Transport;
use crate::scenarios::WINDOW;
use turns::{Sleep, Spin, WaitStrategy};

/// How long a side waits for the other one before it takes it for dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the patient ones look before they sleep: as long as our own links.
const SPIN: Duration = Duration::from_micros(20);
/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

const NEVER: WaitStrategy = strategy(Spin::Times(4096), Sleep::Never);
const AT_ONCE: WaitStrategy = strategy(Spin::Times(1), Sleep::WokenAlways);
/// How deployed peers wait with profile 0x02.
const DEPLOYED: WaitStrategy = strategy(Spin::Times(128), Sleep::WokenAlways);
const FLAGGED: WaitStrategy = strategy(Spin::For(SPIN), Sleep::WokenAsleep);

pub(super) const CASES: &[Case] = &[
    turns("line", NEVER),
    echo("echo blocking", Duration::ZERO),
    echo("echo spin", SPIN),
    turns("futex blocking", AT_ONCE),
    turns("futex 128", DEPLOYED),
    turns(
        "futex 1024",
        strategy(Spin::Times(1024), Sleep::WokenAlways),
    ),
    turns("futex 20us", strategy(Spin::For(SPIN), Sleep::WokenAlways)),
    turns("futex 20us flag", FLAGGED),
    deployed("deployed ping", Transport::Socket, PING),
    deployed("deployed ping", Transport::Shm, PING),
    deployed("deployed ping", Transport::Futex, PING),
    deployed("deployed batch", Transport::Socket, BATCH),
    deployed("deployed batch", Transport::Shm, BATCH),
    deployed("deployed batch", Transport::Futex, BATCH),
    Case::native("deployed pipeline", PIPELINE),
    deployed("deployed snapshot", Transport::Socket, SNAPSHOT),
    deployed("deployed snapshot", Transport::Shm, SNAPSHOT),
    deployed("deployed snapshot", Transport::Futex, SNAPSHOT),
    deployed("deployed lookup", Transport::Socket, LOOKUP),
    deployed("deployed lookup", Transport::Shm, LOOKUP),
    deployed("deployed lookup", Transport::Futex, LOOKUP),
];

const PIPELINE: Exchange = Exchange {
    window: WINDOW as u64,
    ..Exchange::new(Transport::Socket, Link::Socket(Duration::ZERO), PING)
};
const PING: Payload = Payload::Numbers(1);
/// As many as ours have on average.
const BATCH: Payload = Payload::Numbers(500);
const SNAPSHOT: Payload = Payload::Items(16);
const LOOKUP: Payload = Payload::Keys(16);

const fn strategy(spin: Spin, sleep: Sleep) -> WaitStrategy {
    WaitStrategy { spin, sleep }
}

/// A word that two processes take turns with.
const fn turns(variant: &'static str, strategy: WaitStrategy) -> Case {
    let link = Link::Memory(strategy);
    Case::native(
        variant,
        Exchange::new(Transport::Shm, link, Payload::Nothing),
    )
}

/// A packet there and back, looking so long before sleeping.
const fn echo(variant: &'static str, spin: Duration) -> Case {
    Case::native(
        variant,
        Exchange::new(Transport::Socket, Link::Socket(spin), PING),
    )
}

/// What a deployed peer cannot do without: wait as its profile says, build, copy in, wake, copy out
/// and look.
const fn deployed(variant: &'static str, transport: Transport, payload: Payload) -> Case {
    let link = match transport {
        Transport::Shm => Link::Memory(DEPLOYED),
        Transport::Futex => Link::Memory(AT_ONCE),
        _ => Link::Socket(Duration::ZERO),
    };
    Case::native(variant, Exchange::new(transport, link, payload))
}

/// What two processes exchange, and over what.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(in crate::limits) struct Exchange {
    transport: Transport,
    link: Link,
    payload: Payload,
    /// Messages under way at once.
    window: u64,
}

/// What carries the messages, and how who waits for one does it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Link {
    Memory(WaitStrategy),
    /// Looking so long before sleeping.
    Socket(Duration),
}

impl Exchange {
    const fn new(transport: Transport, link: Link, payload: Payload) -> Self {
        Self {
            transport,
            link,
            payload,
            window: 1,
        }
    }

    /// What carries it.
    pub(super) const fn transport(self) -> Transport {
        self.transport
    }

    /// Whether it is a word of shared memory and nothing else, so that it rides on a bounced line.
    pub(super) fn is_word(self) -> bool {
        self.payload == Payload::Nothing && self.link != Link::Memory(NEVER)
    }

    /// How many operations are done for each one that is timed.
    pub(super) const fn lot(self) -> u64 {
        match self.payload {
            Payload::Nothing => TURNS,
            _ => 1,
        }
    }

    /// Whether both sides look before they sleep.
    pub(super) fn looks(self) -> bool {
        !matches!(
            self.link,
            Link::Socket(Duration::ZERO) | Link::Memory(AT_ONCE)
        )
    }

    /// Makes it ready to be measured; what it needs is in the directory `dir`.
    pub(super) fn open(self, dir: &Path) -> Result<Ready, BenchError> {
        let task = RawTask {
            path: dir.join("raw"),
            exchange: self,
        };
        let path = task.path.clone();
        let start = move || Driver::own(&Task::Raw(task));
        let room = self.payload.room();
        let (mut side, peer) = match self.link {
            Link::Memory(strategy) => {
                let side = turns::Side::create(&path, room, strategy);
                let side = side.map_err(failed("cannot make shared memory"))?;
                (Side::Memory(side), start()?)
            }
            Link::Socket(spin) => {
                let listener = echo::Listener::bind(&path);
                let listener = listener.map_err(failed("cannot listen for a raw echo"))?;
                let peer = start()?;
                let side = listener.accept(spin);
                let side = side.map_err(failed("no raw echo has connected"))?;
                (Side::Socket(side), peer)
            }
        };
        let mut asking = Asking::new(self.payload);
        let mut buf = vec![0; room];
        let op = move || {
            for _ in 0..self.lot() {
                let done = self.round(&mut side, &mut asking, &mut buf);
                done.map_err(failed("cannot exchange raw messages"))?;
            }
            Ok(self.lot() * self.window)
        };
        Ok((Box::new(op), Some(peer)))
    }

    /// A window of messages there and back.
    fn round(self, side: &mut Side, asking: &mut Asking, buf: &mut [u8]) -> io::Result<()> {
        for _ in 0..self.window {
            side.send(asking.request())?;
        }
        for back in (0..self.window).rev() {
            let len = side.receive(buf)?;
            if !asking.is_answer(buf.get(..len).unwrap_or_default(), back) {
                return Err(gone_or_wrong(len));
            }
        }
        Ok(())
    }
}

/// One of the two sides.
enum Side {
    Memory(turns::Side),
    Socket(echo::Side),
}

impl Side {
    /// The one that answers.
    fn answering(task: &RawTask) -> io::Result<Self> {
        let Exchange { link, payload, .. } = task.exchange;
        match link {
            Link::Memory(strategy) => {
                turns::Side::open(&task.path, payload.room(), strategy).map(Self::Memory)
            }
            Link::Socket(spin) => echo::Side::connect(&task.path, spin).map(Self::Socket),
        }
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(side) => side.send(message),
            Self::Socket(side) => side.send(message),
        }
    }

    /// Bytes received: 0, too, once the other side has hung up.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(side) => side.receive(buf),
            Self::Socket(side) => side.receive(buf),
        }
    }
}

fn gone_or_wrong(len: usize) -> io::Error {
    match len {
        0 => io::Error::new(io::ErrorKind::BrokenPipe, "the other process hung up"),
        _ => io::Error::new(io::ErrorKind::InvalidData, "a raw answer is another one"),
    }
}

/// What the other process does for an exchange.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RawTask {
    /// The shared memory, or the socket to connect to.
    path: PathBuf,
    exchange: Exchange,
}

impl RawTask {
    /// Does it until nobody asks any more, however long the other side does something else.
    pub(super) fn perform(self) -> io::Result<()> {
        let mut side = Side::answering(&self)?;
        let mut answering = Answering::new(self.exchange.payload);
        let mut buf = vec![0; self.exchange.payload.room()];
        loop {
            match side.receive(&mut buf) {
                Ok(0) if !buf.is_empty() => return Ok(()),
                Ok(len) => side.send(answering.answer(&buf[..len]))?,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The other side has not answered in time.
fn silence() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("the other process has not answered for {PATIENCE:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_survive_the_way_to_the_other_process() {
        for case in CASES {
            let task = RawTask {
                path: PathBuf::from("/run/raw"),
                exchange: case.exchange().unwrap(),
            };
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<RawTask>(&json).unwrap(), task);
        }
    }

    #[test]
    fn a_task_that_cannot_be_done_says_why() {
        let exchange = Exchange::new(Transport::Socket, Link::Socket(Duration::ZERO), PING);
        let path = PathBuf::from("/nowhere/raw");
        let refused = RawTask { path, exchange }.perform().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    }
}
