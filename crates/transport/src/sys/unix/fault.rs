//! What becomes of a touch of mapped memory whose file another process has cut off: SIGBUS, which ends a process that
//! does not handle it.
//!
//! The handler puts memory of our own in the place of what is lost, and notes the loss, which ends the session. It runs
//! in the middle of anything: it loads and stores atomics, and makes one system call.
#![expect(
    unsafe_code,
    reason = "handlers of signals are given to the system as pointers"
)]

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

use super::places::{Place, Places};
use crate::wait::lock;

/// The mappings of this process that other processes can cut off.
pub(super) static PLACES: Places<256> = Places {
    own: [const { FREE }; 256],
    last: AtomicPtr::new(ptr::null_mut()),
};

#[expect(
    clippy::declare_interior_mutable_const,
    reason = "each place is a new one"
)]
const FREE: Place = Place {
    previous: AtomicPtr::new(ptr::null_mut()),
    is_taken: AtomicBool::new(false),
    version: AtomicUsize::new(0),
    start: AtomicUsize::new(0),
    size: AtomicUsize::new(0),
    is_lost: AtomicBool::new(false),
};

/// Who handled the signal before us.
static PREVIOUS: Previous = Previous {
    is_known: AtomicBool::new(false),
    action: UnsafeCell::new(MaybeUninit::uninit()),
};

/// An action that is written once, before any handler asks for it.
struct Previous {
    is_known: AtomicBool,
    action: UnsafeCell<MaybeUninit<libc::sigaction>>,
}

// SAFETY: nobody reads the action before it is known, and nobody writes it from then on.
unsafe impl Sync for Previous {}

impl Previous {
    fn get(&self) -> Option<&libc::sigaction> {
        // Acquire: with the Release of `set`.
        if !self.is_known.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: as it is known, nobody writes it any more.
        let action = unsafe { &*self.action.get() };
        // SAFETY: as it is known, it was written.
        Some(unsafe { action.assume_init_ref() })
    }

    /// # Safety
    /// It is not known yet, and no other thread does this meanwhile.
    unsafe fn set(&self, action: libc::sigaction) {
        // SAFETY: the caller promises that nobody reads or writes it.
        unsafe { *self.action.get() = MaybeUninit::new(action) };
        self.is_known.store(true, Ordering::Release);
    }
}

/// Has this process live on when another process of its user cuts off the file of a shared region that is in use: the
/// session ends, and nothing else happens. Otherwise the system ends the process with SIGBUS at its next touch of the
/// region. For the whole process, from now on; calling it again does nothing.
///
/// It sets a handler for SIGBUS. Any other cause of that signal is passed on to whatever handled it before: a handler
/// that the program had set, or the system, which ends the process. A program that sets a handler of its own later
/// has to pass on to this one what it does not know. Threads that are made with a signal stack of their own run the
/// handler there; it needs less than a kilobyte.
///
/// A ring cannot be cut off and needs none of this, and there are no regions but on Linux.
///
/// # Errors
/// Where the system does not let this process handle the signal.
///
/// ```
/// netipc_transport::handle_sigbus()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn handle_sigbus() -> io::Result<()> {
    static IS_SET: Mutex<bool> = Mutex::new(false);
    let mut is_set = lock(&IS_SET);
    if *is_set {
        return Ok(());
    }
    if PREVIOUS.get().is_none() {
        // Before ours is there, which passes on to it.
        let previous = action(None)?;
        // SAFETY: it is not known, and who has the lock is alone.
        unsafe { PREVIOUS.set(previous) };
    }
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_bus_error;
    let mut ours = default_action();
    ours.sa_sigaction = handler as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    action(Some(&ours))?;
    *is_set = true;
    Ok(())
}

/// Sets what handles the signal, if anything; gives what did.
fn action(new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut old = MaybeUninit::uninit();
    // SAFETY: both are NULL or of the type that the system wants; a handler in `new` is one for signals.
    let done = unsafe {
        libc::sigaction(
            libc::SIGBUS,
            new.map_or(ptr::null(), ptr::from_ref),
            old.as_mut_ptr(),
        )
    };
    if done == 0 {
        // SAFETY: the system has filled it in.
        Ok(unsafe { old.assume_init() })
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The action that ends the process.
fn default_action() -> libc::sigaction {
    // SAFETY: all zeros are the default action, with no flags and no other signals blocked.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// The handler: nothing but atomics and system calls, as this thread was interrupted in mid-sentence.
extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system gives its handlers what it knows of the signal.
    let told = unsafe { &*info };
    if told.si_code == libc::BUS_ADRERR {
        // SAFETY: a signal of this code has an address.
        let address = unsafe { told.si_addr() };
        if PLACES
            .find(address.addr())
            .is_some_and(|(place, start, size)| replace(place, start, size))
        {
            return;
        }
    }
    pass_on(signal, info, context);
}

/// Puts private memory in the place of a mapping whose file was cut off; whether there is such memory.
fn replace(place: &Place, start: usize, size: usize) -> bool {
    place.lose();
    let (start, access) = (
        ptr::without_provenance_mut(start),
        ProtFlags::READ | ProtFlags::WRITE,
    );
    // SAFETY: the thread that was interrupted touches this mapping, so that it is there, whole and ours. Its memory was
    // shared with other processes, so that nobody relies on what it holds.
    let mapped =
        unsafe { mmap_anonymous(start, size, access, MapFlags::PRIVATE | MapFlags::FIXED) };
    mapped.is_ok()
}

/// Has whoever handled the signal before us do so.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.get();
    let handler = previous.map_or(libc::SIG_DFL, |previous| previous.sa_sigaction);
    // SAFETY: as in `on_bus_error`.
    let was_sent = unsafe { (*info).si_code } <= 0;
    match handler {
        libc::SIG_IGN if was_sent => {}
        libc::SIG_DFL | libc::SIG_IGN => {
            // Nobody can ignore a touch of what is not there.
            let _ = action(Some(&default_action()));
            if was_sent {
                // It is blocked until this handler returns. Any other comes again by itself.
                // SAFETY: it takes no pointer.
                unsafe { libc::raise(signal) };
            }
        }
        _ if previous.is_some_and(|previous| previous.sa_flags & libc::SA_SIGINFO != 0) => {
            // SAFETY: its flags say that it is of this type.
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        _ => {
            // SAFETY: its flags say that it is of this type.
            let handler: extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_place_for_every_mapping_however_many() {
        const SIZE: usize = 4096;
        static FEW: Places<1> = Places {
            own: [FREE],
            last: AtomicPtr::new(ptr::null_mut()),
        };
        let places: Vec<_> = (1..=4).map(|n| FEW.take(n * SIZE, SIZE)).collect();
        for (n, place) in (1..).zip(&places) {
            let (found, start, size) = FEW.find(n * SIZE + 7).unwrap();
            assert!(ptr::eq(found, *place));
            assert_eq!((start, size), (n * SIZE, SIZE));
        }
        assert!(FEW.find(SIZE - 1).is_none() && FEW.find(5 * SIZE).is_none());
        places[2].give_back();
        assert!(FEW.find(3 * SIZE).is_none());
        assert!(
            ptr::eq(FEW.take(9 * SIZE, 1), places[2]),
            "it is used again"
        );
    }
}
