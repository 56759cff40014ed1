//! Two processes that take turns with one word of shared memory.
//!
//! The word counts the turns taken, so that each side knows whose turn it is:
//!
//! ```text
//! asking side          word     answering side
//! turn 1, wake         0 -> 1   sees 1
//! sees 2               1 -> 2   turn 2, wake
//! turn 3, wake         2 -> 3   sees 3
//! ```
//!
//! Who sleeps may say so in the word itself, so that the other side learns it by taking its turn.

use std::hint::spin_loop;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use netipc_transport::raw::{self, Memory, Shape};
use serde::{Deserialize, Serialize};

use super::{PATIENCE, is_silence, silence};

/// The bit of a word whose last writer sleeps.
const ASLEEP: u32 = 1 << 31;

/// Looks for each look at the clock, which takes about as long.
const STRIDE: u32 = 16;

/// One line, nothing else.
const SHAPE: Shape = Shape {
    lines: 1,
    payload: 0,
};

/// How a side waits for its turn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct WaitStrategy {
    /// How long it spins before it sleeps.
    pub spin: Spin,
    /// How it sleeps, and is woken.
    pub sleep: Sleep,
}

/// How long a side spins.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Spin {
    /// So many times.
    Times(u32),
    /// So long.
    For(Duration),
}

/// How one sleeps and wakes the other.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub enum Sleep {
    /// Nobody sleeps.
    Never,
    /// Every turn wakes, whether or not anybody sleeps.
    WokenAlways,
    /// Who sleeps says so, and only then is woken.
    WokenAsleep,
}

/// Makes the memory that both sides open.
pub(super) fn create(path: &Path) -> io::Result<Memory> {
    Memory::create(path, SHAPE)
}

/// Takes every other turn, however long the other side does something else.
pub(super) fn serve(path: &Path, strategy: WaitStrategy) -> io::Result<()> {
    let memory = Memory::open(path, SHAPE)?;
    let mut side = Side::new(&memory, strategy, 0);
    loop {
        match side.wait() {
            Ok(()) => side.pass(),
            Err(error) if is_silence(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// One of the two sides.
#[derive(Debug)]
pub(super) struct Side<'a> {
    word: &'a AtomicU32,
    strategy: WaitStrategy,
    /// The last turn taken, by either side.
    turn: u32,
    /// How long it waits before it takes the other side for dead.
    patience: Duration,
}

impl<'a> Side<'a> {
    /// A side that knows of the turns until `taken`.
    pub(super) fn new(memory: &'a Memory, strategy: WaitStrategy, taken: u32) -> Self {
        Self {
            word: memory.word(0),
            strategy,
            turn: taken,
            patience: PATIENCE,
        }
    }

    /// The last turn taken, by either side.
    pub(super) const fn taken(&self) -> u32 {
        self.turn
    }

    /// Takes a turn and waits until the other side has taken one.
    pub(super) fn round_trip(&mut self) -> io::Result<()> {
        self.pass();
        self.wait()
    }

    fn pass(&mut self) {
        self.turn = after(self.turn);
        // Pairs with the acquire in `has_come`.
        let sleeps = match self.strategy.sleep {
            Sleep::Never | Sleep::WokenAlways => {
                self.word.store(self.turn, Ordering::Release);
                self.strategy.sleep == Sleep::WokenAlways
            }
            Sleep::WokenAsleep => self.word.swap(self.turn, Ordering::Release) & ASLEEP != 0,
        };
        if sleeps {
            raw::wake(self.word);
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let next = after(self.turn);
        let mut start = None;
        while !self.spin(next) {
            if start.get_or_insert_with(Instant::now).elapsed() >= self.patience {
                return Err(silence());
            }
            self.sleep()?;
        }
        self.turn = next;
        Ok(())
    }

    fn spin(&self, next: u32) -> bool {
        match self.strategy.spin {
            Spin::Times(times) => self.has_come(next, times),
            Spin::For(budget) => {
                let mut start = None;
                while !self.has_come(next, STRIDE) {
                    if start.get_or_insert_with(Instant::now).elapsed() >= budget {
                        return false;
                    }
                }
                true
            }
        }
    }

    /// Whether the turn `next` is seen to be taken within so many looks.
    fn has_come(&self, next: u32, looks: u32) -> bool {
        (0..looks).any(|_| {
            spin_loop();
            // Pairs with the release in `pass`. The other side may sleep already.
            self.word.load(Ordering::Acquire) & !ASLEEP == next
        })
    }

    /// Sleeps until the other side has taken its turn, or for no reason.
    fn sleep(&self) -> io::Result<()> {
        let held = match self.strategy.sleep {
            Sleep::Never => return Ok(()),
            Sleep::WokenAlways => self.turn,
            Sleep::WokenAsleep => {
                let asleep = self.turn | ASLEEP;
                // Orders nothing: what the other side wrote is looked at by `has_come`.
                let (done, failed) = (Ordering::Relaxed, Ordering::Relaxed);
                match self.word.compare_exchange(self.turn, asleep, done, failed) {
                    Ok(_) => asleep,
                    Err(found) if found == asleep => asleep,
                    Err(_) => return Ok(()),
                }
            }
        };
        raw::wait(self.word, held, self.patience)
    }
}

/// The turn after `turn`; never one with the bit of a sleeper.
fn after(turn: u32) -> u32 {
    turn.wrapping_add(1) & !ASLEEP
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SOME: Spin = Spin::Times(8);

    /// `rounds` round trips from the turn `first` on between two threads.
    fn play(strategy: WaitStrategy, first: u32, rounds: u32) -> u32 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("word");
        let ours = create(&path).unwrap();
        let theirs = Memory::open(&path, SHAPE).unwrap();
        ours.word(0).store(first, Ordering::Relaxed);
        let mut asking = Side::new(&ours, strategy, first);
        let mut answering = Side::new(&theirs, strategy, first);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..rounds {
                    answering.wait().unwrap();
                    answering.pass();
                }
            });
            for _ in 0..rounds {
                asking.round_trip().unwrap();
            }
        });
        ours.word(0).load(Ordering::Relaxed)
    }

    #[test]
    fn every_manner_takes_all_turns() {
        for sleep in [Sleep::Never, Sleep::WokenAlways, Sleep::WokenAsleep] {
            for spin in [
                SOME,
                Spin::For(Duration::ZERO),
                Spin::For(Duration::from_micros(20)),
            ] {
                assert_eq!(
                    play(WaitStrategy { spin, sleep }, 0, 300),
                    600,
                    "{spin:?} {sleep:?}"
                );
            }
        }
    }

    #[test]
    fn turns_go_on_after_the_highest() {
        let sleep = Sleep::WokenAsleep;
        assert_eq!(play(WaitStrategy { spin: SOME, sleep }, ASLEEP - 2, 3), 4);
    }

    #[test]
    fn a_turn_counts_although_its_taker_sleeps_and_is_woken() {
        let dir = tempfile::tempdir().unwrap();
        let memory = create(&dir.path().join("word")).unwrap();
        let sleep = Sleep::WokenAsleep;
        let strategy = WaitStrategy { spin: SOME, sleep };
        let mut asking = Side::new(&memory, strategy, 0);
        let mut answering = Side::new(&memory, strategy, 0);
        asking.pass();
        thread::scope(|scope| {
            scope.spawn(|| asking.wait().unwrap());
            while memory.word(0).load(Ordering::Relaxed) != 1 | ASLEEP {
                spin_loop();
            }
            answering.wait().unwrap();
            answering.pass();
        });
        assert_eq!((asking.turn, answering.turn), (2, 2));
        assert_eq!(memory.word(0).load(Ordering::Relaxed), 2);
    }

    #[test]
    fn nobody_sleeps_once_the_other_side_has_moved() {
        let dir = tempfile::tempdir().unwrap();
        let memory = create(&dir.path().join("word")).unwrap();
        let sleep = Sleep::WokenAsleep;
        let mut side = Side::new(&memory, WaitStrategy { spin: SOME, sleep }, 0);
        side.pass();
        memory.word(0).store(2, Ordering::Relaxed);
        side.sleep().unwrap();
        assert_eq!(memory.word(0).load(Ordering::Relaxed), 2);
        side.wait().unwrap();
        assert_eq!(side.turn, 2);
    }

    #[test]
    fn a_side_that_is_dead_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let memory = create(&dir.path().join("word")).unwrap();
        for sleep in [Sleep::Never, Sleep::WokenAlways, Sleep::WokenAsleep] {
            let mut side = Side::new(&memory, WaitStrategy { spin: SOME, sleep }, 0);
            side.patience = Duration::from_millis(5);
            let kind = side.round_trip().unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::TimedOut);
        }
    }
}
