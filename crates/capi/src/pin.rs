//! What a guard of C pins: what a cache held when it was locked, in memory of C.

#![expect(unsafe_code, reason = "guards live in memory of C")]

use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::Arc;

use arc_swap::Guard;
use netipc::ErrorCode;

use crate::border::{put, shared, unique};
use crate::error::CodeResult;

/// Room for what is pinned. It is more than numbers: a pointer, and gaps that nothing was written to.
pub(crate) type Room = [MaybeUninit<u64>; 4];

/// What is pinned, and kept in the room of a guard.
pub(crate) type Pinned<T> = Guard<Option<Arc<T>>>;

const LOCKED: u64 = u64::from_be_bytes(*b"nipclock");

/// A guard as C knows it. `pin!` makes a type one.
pub(crate) trait Pin: Sized {
    /// What a cache publishes.
    type Of;

    /// A guard that is not locked.
    const FREE: Self;

    /// Whether it is locked, as a number that memory nobody has set hardly holds; and the room.
    fn parts(&self) -> (u64, &Room);

    /// The same, to write to.
    fn parts_mut(&mut self) -> (&mut u64, &mut Room);
}

/// Makes structs with the fields `locked` and `pinned` guards: `nipc_guard_t pins What`.
macro_rules! pin {
    ($guard:ty, pins $of:ty) => {
        impl $crate::pin::Pin for $guard {
            type Of = $of;

            const FREE: Self = Self {
                locked: 0,
                pinned: [::std::mem::MaybeUninit::new(0); 4],
            };

            fn parts(&self) -> (u64, &$crate::pin::Room) {
                (self.locked, &self.pinned)
            }

            fn parts_mut(&mut self) -> (&mut u64, &mut $crate::pin::Room) {
                (&mut self.locked, &mut self.pinned)
            }
        }
    };
}
pub(crate) use pin;

/// Locks `guard` with what `load` finds; returns whether it found something. The guard is free else,
/// also where `load` fails.
///
/// # Safety
/// `guard` is NULL, or points to room for one that nobody else looks at, and that is not locked.
pub(crate) unsafe fn lock<G: Pin>(
    guard: *mut G,
    load: impl FnOnce() -> CodeResult<Pinned<G::Of>>,
) -> CodeResult<bool> {
    const {
        assert!(size_of::<Pinned<G::Of>>() <= size_of::<Room>());
        assert!(align_of::<Pinned<G::Of>>() <= align_of::<Room>());
    }
    // SAFETY: the caller's promise.
    unsafe { put(guard, G::FREE) }?;
    let found = load()?;
    if found.is_none() {
        return Ok(false);
    }
    // SAFETY: it was written to just now.
    let (locked, room) = unsafe { unique(guard) }?.parts_mut();
    let room = room.as_mut_ptr().cast::<Pinned<G::Of>>();
    // SAFETY: the room is large enough, and aligned.
    unsafe { room.write(found) };
    *locked = LOCKED;
    Ok(true)
}

/// Lets go of what `guard` pins. It is free from then on.
///
/// # Errors
/// [`NOT_READY`](ErrorCode::NOT_READY) for one that is not locked.
///
/// # Safety
/// As [`pinned`], and nobody uses what it returned any more.
pub(crate) unsafe fn unlock<G: Pin>(guard: *mut G) -> CodeResult {
    // SAFETY: the caller's promise.
    unsafe { pinned(guard) }?;
    // SAFETY: the caller's promise.
    let guard = unsafe { unique(guard) }?;
    let (_, room) = guard.parts();
    // SAFETY: a locked guard holds one, and from the next line on it is there no more.
    let held = unsafe { room.as_ptr().cast::<Pinned<G::Of>>().read() };
    *guard = G::FREE;
    drop(held);
    Ok(())
}

/// What `guard` pins.
///
/// # Errors
/// [`NOT_READY`](ErrorCode::NOT_READY) for one that is not locked.
///
/// # Safety
/// `guard` is NULL, or points to one that is zeroed, or was locked by [`lock`] and not moved, and is not
/// unlocked during `'a`.
pub(crate) unsafe fn pinned<'a, G: Pin<Of: 'a> + 'a>(guard: *const G) -> CodeResult<&'a G::Of> {
    // SAFETY: the caller's promise.
    let (locked, room) = unsafe { shared(guard) }?.parts();
    if locked != LOCKED {
        return Err(ErrorCode::NOT_READY);
    }
    // SAFETY: a locked guard holds one, which is only looked at.
    let held = unsafe { shared(room.as_ptr().cast::<ManuallyDrop<Pinned<G::Of>>>()) }?;
    held.as_deref().ok_or(ErrorCode::NOT_READY)
}
