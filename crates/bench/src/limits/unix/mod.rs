//! What a Unix system allows: one word of shared memory that two processes sleep on, and packet
//! sockets.

mod echo;
mod turns;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::case::{Case, Ready};
use super::failed;
use crate::error::BenchError;
use crate::peer::{Peer, Task};
use crate::row::Transport;
use turns::{Sleep, Spin, WaitStrategy};

/// How long a side waits for the other one before it takes it for dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the patient ones look before they sleep: as long as our own links.
const SPIN: Duration = Duration::from_micros(20);
/// Turns that are taken for each look at the clock, which would take a tenth of one.
const TURNS: u64 = 16;

pub(super) const CASES: &[Case] = &[
    Case::native("line", Exchange::turns(Spin::Times(4096), Sleep::Never)),
    Case::native("echo blocking", Exchange::Echo(Duration::ZERO)),
    Case::native("echo spin", Exchange::Echo(SPIN)),
    Case::native(
        "futex 128",
        Exchange::turns(Spin::Times(128), Sleep::WokenAlways),
    )
    .thorough(),
    Case::native(
        "futex 1024",
        Exchange::turns(Spin::Times(1024), Sleep::WokenAlways),
    )
    .thorough(),
    Case::native(
        "futex 20us",
        Exchange::turns(Spin::For(SPIN), Sleep::WokenAlways),
    ),
    Case::native(
        "futex 20us flag",
        Exchange::turns(Spin::For(SPIN), Sleep::WokenAsleep),
    ),
];

/// What two processes exchange.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exchange {
    /// Turns with a word of shared memory.
    Turns(WaitStrategy),
    /// Packets, looking so long before sleeping.
    Echo(Duration),
}

impl Exchange {
    const fn turns(spin: Spin, sleep: Sleep) -> Self {
        Self::Turns(WaitStrategy { spin, sleep })
    }

    /// What carries it.
    pub(super) const fn transport(self) -> Transport {
        match self {
            Self::Turns(_) => Transport::Shm,
            Self::Echo(_) => Transport::Socket,
        }
    }

    /// How many operations are done for each one that is timed.
    pub(super) const fn lot(self) -> u64 {
        match self {
            Self::Turns(_) => TURNS,
            Self::Echo(_) => 1,
        }
    }

    /// Whether both sides look before they sleep.
    pub(super) const fn looks(self) -> bool {
        match self {
            Self::Turns(_) => true,
            Self::Echo(spin) => !spin.is_zero(),
        }
    }

    /// Makes it ready to be measured; what it needs is in the directory `dir`.
    pub(super) fn open(self, dir: &Path) -> Result<Ready, BenchError> {
        let path = dir.join("raw");
        match self {
            Self::Turns(strategy) => take_turns(&path, strategy),
            Self::Echo(spin) => echo_packets(&path, spin),
        }
    }
}

/// What the other process does for an exchange.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum RawTask {
    /// Answers every turn with its own.
    Turns {
        /// The shared memory.
        path: PathBuf,
        /// How it waits.
        strategy: WaitStrategy,
    },
    /// Sends back every packet.
    Echo {
        /// The socket to connect to.
        path: PathBuf,
        /// How long it looks before it sleeps.
        spin: Duration,
    },
}

impl RawTask {
    /// Does it until nobody asks any more.
    pub(super) fn perform(self) -> io::Result<()> {
        match self {
            Self::Turns { path, strategy } => turns::serve(&path, strategy),
            Self::Echo { path, spin } => echo::serve(&path, spin),
        }
    }
}

fn take_turns(path: &Path, strategy: WaitStrategy) -> Result<Ready, BenchError> {
    let memory = turns::create(path).map_err(failed("cannot make shared memory"))?;
    let task = RawTask::Turns {
        path: path.to_owned(),
        strategy,
    };
    let peer = Peer::start(&Task::Raw(task))?;
    let mut taken = 0;
    let op = move || {
        let mut side = turns::Side::new(&memory, strategy, taken);
        for _ in 0..TURNS {
            side.round_trip().map_err(failed("cannot take turns"))?;
        }
        taken = side.taken();
        Ok(TURNS)
    };
    Ok((Box::new(op), Some(peer)))
}

fn echo_packets(path: &Path, spin: Duration) -> Result<Ready, BenchError> {
    let listener = echo::Listener::bind(path).map_err(failed("cannot listen for a raw echo"))?;
    let task = RawTask::Echo {
        path: path.to_owned(),
        spin,
    };
    let peer = Peer::start(&Task::Raw(task))?;
    let mut side = listener
        .accept(spin)
        .map_err(failed("no raw echo has connected"))?;
    let op = move || {
        side.round_trip().map_err(failed("cannot get a raw echo"))?;
        Ok(1)
    };
    Ok((Box::new(op), Some(peer)))
}

/// Whether the other side has not answered in time, as [`silence`] says.
fn is_silence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut
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
        let path = PathBuf::from("/run/raw");
        let spin = Duration::from_micros(20);
        let strategy = WaitStrategy {
            spin: Spin::For(spin),
            sleep: Sleep::WokenAsleep,
        };
        let turns = RawTask::Turns {
            path: path.clone(),
            strategy,
        };
        let echo = RawTask::Echo { path, spin };
        for task in [turns, echo] {
            let json = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<RawTask>(&json).unwrap(), task);
        }
    }

    #[test]
    fn a_task_that_cannot_be_done_says_why() {
        let path = PathBuf::from("/nowhere/raw");
        let spin = Duration::ZERO;
        let refused = RawTask::Echo { path, spin }.perform().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    }
}
