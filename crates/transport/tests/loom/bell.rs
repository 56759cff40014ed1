//! The wake-up that no peer can take away, beside the signal of a region, which one can.

use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::futex_bell::Bell;
use crate::futex_slot::{Slot, arrived};
use crate::model;

/// What the owner of a link sleeps on, and why it may be woken.
#[derive(Default)]
struct Waiting {
    seq: AtomicU64,
    len: AtomicU32,
    signal: AtomicU32,
    bell: Bell,
    aborted: AtomicBool,
    futex: Mutex<()>,
    woken: Condvar,
}

impl Waiting {
    fn slot(&self) -> Slot<'_> {
        Slot {
            seq: &self.seq,
            len: &self.len,
            signal: &self.signal,
        }
    }

    fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        self.bell.ring(|_| self.wake());
        self.slot().ring(|_| self.wake());
    }

    fn publish(&self) {
        self.slot().publish(1, 7, || (), |_| self.wake());
    }

    /// As the owner sleeps, without a time limit: a wake that is lost is a deadlock, which the model reports.
    fn sleep(&self) {
        let (signal, rung) = (self.slot().signal(), self.bell.rung());
        if self.has_arrived() || self.aborted.load(Ordering::Acquire) {
            return;
        }
        let guard = self.futex.lock().unwrap();
        let is_as_seen = self.signal.load(Ordering::Relaxed) == signal
            && self.bell.word().load(Ordering::Relaxed) == rung;
        if is_as_seen {
            drop(self.woken.wait(guard).unwrap());
        }
    }

    fn wake(&self) {
        let _guard = self.futex.lock().unwrap();
        self.woken.notify_one();
    }

    fn has_arrived(&self) -> bool {
        arrived(&self.seq, 0).unwrap()
    }
}

#[test]
fn a_peer_that_writes_the_old_signal_back_takes_no_abort_away() {
    model(2, || {
        let waiting = Arc::new(Waiting::default());
        let raiser = Arc::clone(&waiting);
        let raiser = thread::spawn(move || raiser.abort());
        let peer = Arc::clone(&waiting);
        let peer = thread::spawn(move || peer.signal.store(0, Ordering::Relaxed));
        while !waiting.aborted.load(Ordering::Acquire) {
            waiting.sleep();
        }
        raiser.join().unwrap();
        peer.join().unwrap();
    });
}

#[test]
fn an_abort_and_a_message_at_once_lose_neither() {
    model(2, || {
        let waiting = Arc::new(Waiting::default());
        let raiser = Arc::clone(&waiting);
        let raiser = thread::spawn(move || raiser.abort());
        let publisher = Arc::clone(&waiting);
        let publisher = thread::spawn(move || publisher.publish());
        while !waiting.aborted.load(Ordering::Acquire) && !waiting.has_arrived() {
            waiting.sleep();
        }
        raiser.join().unwrap();
        publisher.join().unwrap();
        assert!(waiting.has_arrived() && waiting.aborted.load(Ordering::Acquire));
    });
}
