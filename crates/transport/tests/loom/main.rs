//! Publishing and taking under every interleaving and every allowed reordering, for each kind of slot.
#![cfg(all(unix, target_pointer_width = "64"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../src/shm/broken.rs"]
#[expect(dead_code, reason = "models lose no memory")]
mod broken;
/// The files under test, with the model checker's atomics in place of the real ones.
#[path = "../../src/unix/shm/bell.rs"]
mod futex_bell;
#[path = "../../src/unix/shm/slot.rs"]
mod futex_slot;
#[path = "../../src/sys/unix/places.rs"]
mod memory_places;
#[path = "../../src/unix/ring/queue.rs"]
mod ring_queue;
#[path = "../../src/windows/shm/slot.rs"]
mod waiting_slot;

mod bell;
mod futex;
mod places;
mod ring;
mod waiting;

mod shm {
    pub(crate) use super::broken::Broken;
}

mod sys {
    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
        };
    }
}

/// Explores what so many preemptions can do; a bound keeps the larger models to seconds.
fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(run);
}

#[expect(
    unsafe_code,
    reason = "the model checker hands out pointers and proves their use"
)]
fn write(area: *mut u32, message: u32) {
    // SAFETY: a live cell; the model fails if anybody else has it at this moment.
    unsafe { area.write(message) };
}

#[expect(
    unsafe_code,
    reason = "the model checker hands out pointers and proves their use"
)]
fn read(area: *const u32) -> u32 {
    // SAFETY: a live cell; the model fails if anybody writes it at this moment.
    unsafe { area.read() }
}
