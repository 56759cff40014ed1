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
use std::sync::atomic::{AtomicI32, Ordering};

/// Sockets that are kept from children; more are not.
const MOST: usize = 1024;

/// The served sockets. No lock: in the child another thread may have it for ever.
static SERVED: [AtomicI32; MOST] = [const { AtomicI32::new(NONE) }; MOST];
/// A socket that is connected to nothing.
static SPARE: AtomicI32 = AtomicI32::new(NONE);

const NONE: i32 = -1;

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

/// Has the system call us in every child, once.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Ok(spare) = super::socket() else {
            return;
        };
        SPARE.store(spare.into_raw_fd(), Ordering::Relaxed);
        // SAFETY: the function is never unloaded without the program, and does what a child may.
        unsafe { libc::pthread_atfork(None, None, Some(let_go)) };
    });
}

/// In the child: nothing but atomics and a system call, as other threads are gone in mid-sentence.
extern "C" fn let_go() {
    let spare = SPARE.load(Ordering::Relaxed);
    for place in &SERVED {
        let fd = place.swap(NONE, Ordering::Relaxed);
        if fd != NONE {
            // SAFETY: both are open, and the child's alone: nobody there relies on what is replaced.
            unsafe { libc::dup3(spare, fd, libc::O_CLOEXEC) };
        }
    }
}
