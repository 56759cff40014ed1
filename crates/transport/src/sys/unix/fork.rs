//! What a child that is forked, and executes nothing, must not keep: the sockets that its parent serves.
//!
//! A listener that a child keeps open looks alive once its parent is gone, and answers nothing; so does
//! a session. In the child they are replaced by a socket that is connected to nothing: its numbers
//! stay taken, so that whoever closes them there closes nothing else.
#![expect(
    unsafe_code,
    reason = "the system calls a function in the child, and rustix replaces no descriptor that it does not own"
)]

use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Sockets that are kept from children; more are not.
const MOST: usize = 1024;

/// The served sockets. No lock: in the child another thread may have it for ever.
static SERVED: [AtomicI32; MOST] = [const { AtomicI32::new(NONE) }; MOST];
/// A socket that is connected to nothing.
static SPARE: AtomicI32 = AtomicI32::new(NONE);

const NONE: i32 = -1;

/// How often this process became a copy of another since it was watched.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// A number that is another one in a process that is forked from now on, for whoever has to tell a copy
/// of what it holds from the original.
#[must_use]
pub fn forks() -> u32 {
    watch();
    forks_seen()
}

/// As [`forks`], for whoever has asked that before: it costs nothing.
#[must_use]
#[inline]
pub fn forks_seen() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// A socket that this process serves: a child that is forked while this exists does not have it.
#[derive(Debug)]
pub(crate) struct Served {
    /// Where it is noted.
    place: Option<&'static AtomicI32>,
    fd: i32,
}

impl Served {
    /// Keeps `socket` from children. It must be dropped before the socket is closed.
    pub(crate) fn new(socket: BorrowedFd<'_>) -> Self {
        prepare();
        let fd = socket.as_raw_fd();
        let take = |place: &&AtomicI32| {
            let taken = place.compare_exchange(NONE, fd, Ordering::Relaxed, Ordering::Relaxed);
            taken.is_ok()
        };
        let place = SERVED.iter().find(take);
        Self { place, fd }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // In a child it is free already, or another's.
            let _ = place.compare_exchange(self.fd, NONE, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// Makes ready what children get in the place of sockets.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(spare) = super::socket() {
            SPARE.store(spare.into_raw_fd(), Ordering::Relaxed);
        }
    });
    watch();
}

/// Has the system call us in every child, once.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function is never unloaded without the program, and does what a child may.
        unsafe { libc::pthread_atfork(None, None, Some(let_go)) };
    });
}

/// In the child: nothing but atomics and a system call, as other threads are gone in mid-sentence.
extern "C" fn let_go() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    let spare = SPARE.load(Ordering::Relaxed);
    if spare == NONE {
        return;
    }
    for place in &SERVED {
        let fd = place.swap(NONE, Ordering::Relaxed);
        if fd != NONE {
            // SAFETY: both are open, and the child's alone: nobody there relies on what is replaced.
            unsafe { libc::dup3(spare, fd, libc::O_CLOEXEC) };
        }
    }
}
