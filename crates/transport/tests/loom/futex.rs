//! The slot of Linux: a futex word that moves with every message.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::futex_slot::{Slot, arrived};
use crate::shm::Broken;
use crate::{model, read, write};

/// One direction with an area of one number, whose accesses the model checker watches.
#[derive(Default)]
struct Direction {
    seq: AtomicU64,
    len: AtomicU32,
    signal: AtomicU32,
    area: UnsafeCell<u32>,
    futex: Mutex<()>,
    woken: Condvar,
}

impl Direction {
    fn slot(&self) -> Slot<'_> {
        Slot {
            seq: &self.seq,
            len: &self.len,
            signal: &self.signal,
        }
    }

    fn publish(&self, number: u64, message: u32) {
        let copy = || self.area.with_mut(|area| write(area, message));
        self.slot().publish(number, message, copy, |_| self.wake());
    }

    /// As [`publish`](Self::publish), and wakes only where `replies` does not have the message after the `taken` ones:
    /// who has sent it was awake.
    fn publish_looking(&self, number: u64, message: u32, (replies, taken): (&Self, u64)) {
        let copy = || self.area.with_mut(|area| write(area, message));
        self.slot().publish(number, message, copy, |_| {
            if arrived(&replies.seq, taken) != Ok(true) {
                self.wake();
            }
        });
    }

    /// Writes to the area before there is a message: its last one was answered.
    fn prepare(&self) {
        self.area.with_mut(|area| write(area, 0));
    }

    /// Takes the next message, or `None` once `aborted`.
    fn take(&self, taken: u64, aborted: Option<&AtomicBool>) -> Option<u32> {
        loop {
            let signal = self.slot().signal();
            if arrived(&self.seq, taken).expect("one message at a time") {
                let mut message = 0;
                let copy = |_| message = self.area.with(read);
                let len = self.slot().take(taken, 100, copy).expect("a whole message");
                assert_eq!(len, message, "length and message belong together");
                return Some(message);
            }
            if aborted.is_some_and(|aborted| aborted.load(Ordering::Acquire)) {
                return None;
            }
            self.sleep_while(signal);
        }
    }

    // A futex: comparing and falling asleep are one step for whoever wakes.
    fn sleep_while(&self, value: u32) {
        let guard = self.futex.lock().unwrap();
        if self.signal.load(Ordering::Relaxed) == value {
            drop(self.woken.wait(guard).unwrap());
        }
    }

    fn wake(&self) {
        let _guard = self.futex.lock().unwrap();
        self.woken.notify_one();
    }
}

// Rules L26, L27.
#[test]
fn a_sleeper_gets_the_whole_message() {
    model(3, || {
        let direction = Arc::new(Direction::default());
        let publisher = Arc::clone(&direction);
        let publisher = thread::spawn(move || publisher.publish(1, 7));
        assert_eq!(direction.take(0, None), Some(7));
        publisher.join().unwrap();
    });
}

// Rules L27, P9.
#[test]
fn request_and_response_take_turns_in_one_area() {
    model(2, || {
        let session = Arc::new((Direction::default(), Direction::default()));
        let server = Arc::clone(&session);
        let server = thread::spawn(move || {
            let (requests, responses) = &*server;
            for taken in 0..2 {
                let request = requests.take(taken, None).unwrap();
                responses.prepare();
                responses.publish(taken + 1, request + 10);
            }
        });
        let (requests, responses) = &*session;
        for taken in 0..2 {
            let request = u32::try_from(taken).unwrap() + 1;
            requests.publish(taken + 1, request);
            assert_eq!(responses.take(taken, None), Some(request + 10));
            requests.prepare();
        }
        server.join().unwrap();
    });
}

// Rule L27.
#[test]
fn a_reply_makes_a_wake_needless_on_either_side() {
    model(2, || {
        let session = Arc::new((Direction::default(), Direction::default()));
        let server = Arc::clone(&session);
        let server = thread::spawn(move || {
            let (requests, responses) = &*server;
            for taken in 0..2 {
                let request = requests.take(taken, None).unwrap();
                responses.publish_looking(taken + 1, request + 10, (requests, taken + 1));
            }
        });
        let (requests, responses) = &*session;
        for taken in 0..2 {
            let request = u32::try_from(taken).unwrap() + 1;
            requests.publish_looking(taken + 1, request, (responses, taken));
            assert_eq!(responses.take(taken, None), Some(request + 10));
        }
        server.join().unwrap();
    });
}

#[test]
fn an_abort_is_never_slept_through() {
    model(3, || {
        let waiting = Arc::new((Direction::default(), AtomicBool::new(false)));
        let raiser = Arc::clone(&waiting);
        let raiser = thread::spawn(move || {
            raiser.1.store(true, Ordering::Release);
            raiser.0.slot().ring(|_| raiser.0.wake());
        });
        assert_eq!(waiting.0.take(0, Some(&waiting.1)), None);
        raiser.join().unwrap();
    });
}

// A side that was not woken, as its reply was there, may sleep for the next message when the end comes.
#[test]
fn an_abort_wakes_a_side_whose_last_wake_was_left_out() {
    model(2, || {
        let session = Arc::new((Direction::default(), Direction::default()));
        let aborted = Arc::new(AtomicBool::new(false));
        let (server, ends) = (Arc::clone(&session), Arc::clone(&aborted));
        let server = thread::spawn(move || {
            let (requests, responses) = &*server;
            let request = requests.take(0, Some(&ends))?;
            responses.publish_looking(1, request + 10, (requests, 1));
            requests.take(1, Some(&ends))
        });
        let (requests, responses) = &*session;
        requests.publish_looking(1, 7, (responses, 0));
        assert_eq!(responses.take(0, None), Some(17));
        aborted.store(true, Ordering::Release);
        requests.slot().ring(|_| requests.wake());
        assert_eq!(server.join().unwrap(), None, "there is no second request");
    });
}

#[test]
fn an_abort_and_a_message_at_once_lose_neither() {
    model(3, || {
        let waiting = Arc::new((Direction::default(), AtomicBool::new(false)));
        let publisher = Arc::clone(&waiting);
        let publisher = thread::spawn(move || publisher.0.publish(1, 7));
        let raiser = Arc::clone(&waiting);
        let raiser = thread::spawn(move || {
            raiser.1.store(true, Ordering::Release);
            raiser.0.slot().ring(|_| raiser.0.wake());
        });
        let first = waiting.0.take(0, Some(&waiting.1));
        publisher.join().unwrap();
        raiser.join().unwrap();
        assert_eq!(first.or_else(|| waiting.0.take(0, None)), Some(7));
    });
}

// Rule L29.
#[test]
fn a_message_over_an_untaken_one_is_noticed() {
    model(3, || {
        let direction = Direction::default();
        direction.publish(1, 1);
        direction.publish(2, 2);
        assert_eq!(arrived(&direction.seq, 0), Err(Broken::Overwritten));
        let taken = direction.slot().take(0, 100, |_| ());
        assert_eq!(taken, Err(Broken::Overwritten));
    });
}

// Rule L29.
#[test]
fn a_length_is_checked_before_anything_is_copied() {
    model(3, || {
        for len in [0, 101, u32::MAX] {
            let direction = Direction::default();
            direction.slot().publish(1, len, || (), |_| ());
            let taken = direction.slot().take(0, 100, |len| panic!("copied {len}"));
            assert_eq!(taken, Err(Broken::Length));
        }
    });
}
