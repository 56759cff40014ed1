//! A direction of a ring: packets, room, sleeping and waking.

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::ring_queue::{Arrived, INLINE, LINE, Place, Receiver, Sender, Shape, Words};
use crate::{model, read, write};

/// The smallest ring in which every rule of a larger one can be seen.
const SHAPE: Shape = Shape {
    slots: 2,
    bytes: 4 * LINE,
};

/// A direction whose packets are one number each, whose accesses the model checker watches.
#[derive(Default)]
struct Direction {
    commits: [AtomicU64; 2],
    consumed: AtomicU64,
    receiver_waits: AtomicU32,
    sender_waits: AtomicU32,
    lines: [UnsafeCell<u32>; 2],
    bytes: [UnsafeCell<u32>; 4],
    to_receiver: Socket,
    to_sender: Socket,
}

impl Words for Direction {
    fn commit(&self, slot: usize) -> &AtomicU64 {
        &self.commits[slot]
    }

    fn consumed(&self) -> &AtomicU64 {
        &self.consumed
    }

    fn receiver_waits(&self) -> &AtomicU32 {
        &self.receiver_waits
    }

    fn sender_waits(&self) -> &AtomicU32 {
        &self.sender_waits
    }
}

/// What carries wakes, and tells that the other side has left.
#[derive(Default)]
struct Socket {
    state: Mutex<(u32, bool)>,
    moved: Condvar,
}

impl Socket {
    fn wake(&self) {
        self.state.lock().unwrap().0 += 1;
        self.moved.notify_one();
    }

    fn hang_up(&self) {
        self.state.lock().unwrap().1 = true;
        self.moved.notify_one();
    }

    /// Sleeps until there is a wake, and takes it; `false` when the other side has left.
    fn sleep(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        while *state == (0, false) {
            state = self.moved.wait(state).unwrap();
        }
        let woken = state.0 > 0;
        state.0 = 0;
        woken
    }
}

impl Direction {
    fn cell(&self, place: Place) -> &UnsafeCell<u32> {
        match place {
            Place::Line(slot) => &self.lines[slot],
            Place::Bytes(offset) => &self.bytes[offset / LINE],
        }
    }

    fn send(&self, sender: &mut Sender, len: usize, number: u32) {
        if let Some(line) = sender.next_line() {
            self.lines[line].with_mut(|cell| write(cell, 0));
        }
        let place = loop {
            if let Some(place) = sender.room(self, len).unwrap() {
                break place;
            }
            Sender::wait(self);
            if let Some(place) = sender.room(self, len).unwrap() {
                break place;
            }
            assert!(self.to_sender.sleep(), "the receiver stays");
        };
        Sender::stop_waiting(self);
        self.cell(place).with_mut(|cell| write(cell, number));
        if sender.commit(self, len) {
            self.to_receiver.wake();
        }
    }

    /// Waits for a packet; `None` once the sender has left and all was taken.
    fn wait(&self, receiver: &mut Receiver) -> Option<Arrived> {
        if let Some(arrived) = receiver.arrived(self).unwrap() {
            return Some(arrived);
        }
        if receiver.release(self) {
            self.to_sender.wake();
        }
        let found = loop {
            Receiver::wait(self);
            if let Some(arrived) = receiver.arrived(self).unwrap() {
                break Some(arrived);
            }
            let woken = self.to_receiver.sleep();
            match receiver.arrived(self).unwrap() {
                None if woken => {}
                arrived => break arrived,
            }
        };
        Receiver::stop_waiting(self);
        found
    }

    fn receive(&self, receiver: &mut Receiver) -> Option<u32> {
        let arrived = self.wait(receiver)?;
        let number = self.cell(arrived.place).with(read);
        receiver.advance(arrived);
        if receiver.release_some(self) {
            self.to_sender.wake();
        }
        Some(number)
    }
}

/// Sends packets of these lengths from another thread, and receives them all.
fn exchange(preemptions: usize, lens: &'static [usize]) {
    model(preemptions, move || {
        let direction = Arc::new(Direction::default());
        let other = Arc::clone(&direction);
        let sending = thread::spawn(move || {
            let mut sender = Sender::new(SHAPE);
            for (number, len) in (7..).zip(lens) {
                other.send(&mut sender, *len, number);
            }
            other.to_receiver.hang_up();
        });
        let mut receiver = Receiver::new(SHAPE);
        for number in (7..).take(lens.len()) {
            assert_eq!(direction.receive(&mut receiver), Some(number));
        }
        assert_eq!(direction.receive(&mut receiver), None, "then it has left");
        sending.join().unwrap();
    });
}

#[test]
fn a_sleeping_receiver_gets_the_whole_packet_and_sees_the_end() {
    exchange(4, &[INLINE]);
}

#[test]
fn a_sender_sleeps_until_there_is_room_for_another_lap() {
    exchange(2, &[1, 2, 3]);
}

#[test]
fn the_room_for_bytes_is_used_again_once_it_was_read() {
    exchange(1, &[LINE, LINE, LINE, LINE, LINE]);
}

#[test]
fn packets_of_both_kinds_keep_their_order() {
    exchange(2, &[LINE, 1, LINE]);
}
