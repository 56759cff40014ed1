//! The slot of Windows: a word that says that somebody waits, and an event.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::shm::Broken;
use crate::waiting_slot::Slot;
use crate::{model, read, write};

/// One direction with an area of one number, whose accesses the model checker watches.
#[derive(Default)]
struct Direction {
    seq: AtomicU64,
    len: AtomicU32,
    closed: AtomicU32,
    waiting: AtomicU32,
    area: UnsafeCell<u32>,
    event: Event,
}

/// An event that lets one waiter go for each time it is set.
#[derive(Default)]
struct Event {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    fn set(&self) {
        *self.is_set.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut is_set = self.is_set.lock().unwrap();
        while !*is_set {
            is_set = self.changed.wait(is_set).unwrap();
        }
        *is_set = false;
    }
}

impl Direction {
    fn slot(&self) -> Slot<'_> {
        Slot {
            seq: &self.seq,
            len: &self.len,
            closed: &self.closed,
            waiting: &self.waiting,
        }
    }

    fn publish(&self, number: u64, message: u32) {
        let copy = || self.area.with_mut(|area| write(area, message));
        self.slot()
            .publish(number, message, copy, || self.event.set());
    }

    fn close(&self) {
        self.slot().close(|| self.event.set());
    }

    /// Takes the next message, or `None` once the publisher has left.
    fn take(&self, taken: u64) -> Option<u32> {
        let slot = self.slot();
        loop {
            // In this order, as the link looks: who sees the end sees the last message.
            let closed = slot.is_closed();
            if slot.arrived(taken).expect("one message at a time") {
                let mut message = 0;
                let copy = |_| message = self.area.with(read);
                let len = slot.take(taken, 100, copy).expect("a whole message");
                assert_eq!(len, message, "length and message belong together");
                return Some(message);
            }
            if closed {
                return None;
            }
            slot.begin_waiting();
            if !slot.arrived(taken).expect("one message at a time") && !slot.is_closed() {
                // No time limit: a wake that is lost is a deadlock, which the model reports.
                self.event.wait();
            }
            slot.end_waiting();
        }
    }
}

// Rule N16.
#[test]
fn a_sleeper_gets_the_whole_message() {
    model(3, || {
        let direction = Arc::new(Direction::default());
        let publisher = Arc::clone(&direction);
        let publisher = thread::spawn(move || publisher.publish(1, 7));
        assert_eq!(direction.take(0), Some(7));
        publisher.join().unwrap();
    });
}

#[test]
fn request_and_response_take_turns_in_one_area() {
    model(2, || {
        let session = Arc::new((Direction::default(), Direction::default()));
        let server = Arc::clone(&session);
        let server = thread::spawn(move || {
            let (requests, responses) = &*server;
            for taken in 0..2 {
                let request = requests.take(taken).unwrap();
                responses.publish(taken + 1, request + 10);
            }
        });
        let (requests, responses) = &*session;
        for taken in 0..2 {
            let request = u32::try_from(taken).unwrap() + 1;
            requests.publish(taken + 1, request);
            assert_eq!(responses.take(taken), Some(request + 10));
        }
        server.join().unwrap();
    });
}

// Rule N16.
#[test]
fn an_end_is_never_slept_through_and_comes_after_the_last_message() {
    model(3, || {
        let direction = Arc::new(Direction::default());
        let publisher = Arc::clone(&direction);
        let publisher = thread::spawn(move || {
            publisher.publish(1, 7);
            publisher.close();
        });
        assert_eq!(direction.take(0), Some(7));
        assert_eq!(direction.take(1), None);
        publisher.join().unwrap();
    });
}

#[test]
fn a_message_over_an_untaken_one_is_noticed() {
    model(3, || {
        let direction = Direction::default();
        direction.publish(1, 1);
        direction.publish(2, 2);
        assert_eq!(direction.slot().arrived(0), Err(Broken::Overwritten));
        let taken = direction.slot().take(0, 100, |_| ());
        assert_eq!(taken, Err(Broken::Overwritten));
    });
}

#[test]
fn a_length_is_checked_before_anything_is_copied() {
    model(3, || {
        for len in [0, 101, u32::MAX] {
            let direction = Direction::default();
            direction.slot().publish(1, len, || (), || ());
            let taken = direction.slot().take(0, 100, |len| panic!("copied {len}"));
            assert_eq!(taken, Err(Broken::Length));
        }
    });
}
