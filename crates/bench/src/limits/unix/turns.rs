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
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netipc_transport::raw::{self, Memory, Shape};

use super::super::rows::{Looks, Sleep};
use super::{PATIENCE, silence};

/// The bit of a word whose last writer sleeps.
const ASLEEP: u32 = 1 << 31;

/// After so long without a turn nothing is measured.
const IDLE: Duration = Duration::from_millis(1);

/// Looks for each look at the clock, which takes about as long.
const STRIDE: u32 = 16;

/// One of the two sides.
#[derive(Debug)]
pub(super) struct Side {
    memory: Memory,
    /// Bytes of a message, at most.
    room: usize,
    looks: Looks,
    sleep: Sleep,
    /// The last turn taken, by either side.
    turn: u32,
    /// How long it waits before it takes the other side for dead.
    patience: Duration,
}

impl Side {
    /// A side of memory of this [`shape`].
    pub(super) const fn new(memory: Memory, room: usize, looks: Looks, sleep: Sleep) -> Self {
        Self {
            memory,
            room,
            looks,
            sleep,
            turn: 0,
            patience: PATIENCE,
        }
    }

    fn word(&self) -> &AtomicU32 {
        self.memory.word(0)
    }

    /// Where the message is that goes with the turn after `turn`: each side has a place.
    const fn place(&self, turn: u32) -> usize {
        (turn % 2) as usize * self.room.next_multiple_of(raw::LINE)
    }

    fn pass(&mut self) {
        self.turn = after(self.turn);
        // Pairs with the acquire in `has_come`.
        let sleeps = match self.sleep {
            Sleep::Never | Sleep::WokenAlways => {
                self.word().store(self.turn, Ordering::Release);
                self.sleep == Sleep::WokenAlways
            }
            Sleep::WokenAsleep => self.word().swap(self.turn, Ordering::Release) & ASLEEP != 0,
        };
        if sleeps {
            raw::wake(self.word());
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let next = after(self.turn);
        let mut start = None;
        while !self.look(next) {
            let waited = start.get_or_insert_with(Instant::now).elapsed();
            if waited >= self.patience {
                return Err(silence());
            }
            self.sleep(waited)?;
        }
        self.turn = next;
        Ok(())
    }

    fn look(&self, next: u32) -> bool {
        match self.looks {
            Looks::Times(times) => self.has_come(next, times),
            Looks::For(budget) => {
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
            self.word().load(Ordering::Acquire) & !ASLEEP == next
        })
    }

    /// Sleeps until the other side has taken its turn, or for no reason.
    fn sleep(&self, waited: Duration) -> io::Result<()> {
        let held = match self.sleep {
            // Who is not asked at all leaves the processor to what is measured meanwhile.
            Sleep::Never if waited > IDLE => {
                thread::sleep(IDLE);
                return Ok(());
            }
            Sleep::Never => return Ok(()),
            Sleep::WokenAlways => self.turn,
            Sleep::WokenAsleep => {
                let asleep = self.turn | ASLEEP;
                // Orders nothing: what the other side wrote is looked at by `has_come`.
                let relaxed = Ordering::Relaxed;
                let word = self.word();
                match word.compare_exchange(self.turn, asleep, relaxed, relaxed) {
                    Ok(_) => asleep,
                    Err(found) if found == asleep => asleep,
                    Err(_) => return Ok(()),
                }
            }
        };
        raw::wait(self.word(), held, self.patience)
    }
}

impl super::Side for Side {
    /// Copies a message in, if it is one, and takes a turn.
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if self.room > 0 {
            self.memory.write(self.place(self.turn), message);
            // The turn releases it.
            let len = self.memory.long(0);
            len.store(message.len() as u64, Ordering::Relaxed);
        }
        self.pass();
        Ok(())
    }

    /// Waits for the other side's turn, and copies the message out.
    fn receive(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait()?;
        if self.room == 0 {
            return Ok(0);
        }
        let len = self.memory.long(0).load(Ordering::Relaxed);
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(buf.len());
        let place = self.place(self.turn.wrapping_sub(1));
        self.memory.read(place, &mut buf[..len]);
        Ok(len)
    }
}

/// The word, and a place for a message of so many bytes each way.
pub(super) const fn shape(room: usize) -> Shape {
    Shape {
        lines: 1,
        payload: 2 * room.next_multiple_of(raw::LINE),
    }
}

/// The turn after `turn`; never one with the bit of a sleeper.
fn after(turn: u32) -> u32 {
    turn.wrapping_add(1) & !ASLEEP
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ROUNDS, play};
    use super::*;

    const SOME: Looks = Looks::Times(8);
    const SLEEPS: [Sleep; 3] = [Sleep::Never, Sleep::WokenAlways, Sleep::WokenAsleep];

    /// Both sides, from the turn `first` on.
    fn sides(looks: Looks, sleep: Sleep, room: usize, first: u32) -> [Side; 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("word");
        let ours = Memory::create(&path, shape(room)).unwrap();
        let theirs = Memory::open(&path, shape(room)).unwrap();
        ours.word(0).store(first, Ordering::Relaxed);
        [ours, theirs].map(|memory| Side {
            turn: first,
            ..Side::new(memory, room, looks, sleep)
        })
    }

    #[test]
    fn every_manner_takes_all_turns_and_goes_on_after_the_highest() {
        let patient = Looks::For(Duration::from_micros(20));
        for sleep in SLEEPS {
            for looks in [SOME, Looks::Times(1), patient] {
                for room in [0, 100] {
                    let [asking, answering] = sides(looks, sleep, room, 0);
                    let asked = play(asking, answering, room);
                    assert_eq!(asked.turn, 2 * ROUNDS, "{looks:?} {sleep:?}");
                }
            }
        }
        let [asking, answering] = sides(SOME, Sleep::WokenAsleep, 0, ASLEEP - 2);
        assert_eq!(play(asking, answering, 0).turn, 2 * ROUNDS - 2);
    }

    #[test]
    fn a_turn_counts_although_its_taker_sleeps_and_is_woken() {
        let [mut asking, mut answering] = sides(SOME, Sleep::WokenAsleep, 0, 0);
        asking.pass();
        thread::scope(|scope| {
            scope.spawn(|| asking.wait().unwrap());
            while answering.word().load(Ordering::Relaxed) != 1 | ASLEEP {
                spin_loop();
            }
            answering.wait().unwrap();
            answering.pass();
        });
        assert_eq!((asking.turn, answering.turn), (2, 2));
        assert_eq!(asking.word().load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_side_that_is_dead_is_not_waited_for() {
        for sleep in SLEEPS {
            let [mut side, _] = sides(SOME, sleep, 0, 0);
            side.patience = Duration::from_millis(5);
            side.pass();
            let kind = side.wait().unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::TimedOut);
        }
    }
}
