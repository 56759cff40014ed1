//! How long what is behind a context of C lives: one scheme for clients, servers and caches.
//!
//! A context has two words: where its handle is, and who uses it.
//!
//! ```text
//! users       handle    the context is
//! 0           none      closed, as zeroed memory is
//! OPEN + n    there     open, and n functions use it
//! n           there     closing: nobody enters any more, n functions have not left yet
//!
//! open     0 -> OPEN              with a handle that was stored before
//! enter    OPEN + n -> OPEN + n + 1
//! close    OPEN + n -> n + 1      the closer counts as a user, and makes the others stop
//! leave    n -> n - 1             the last user to leave hands the handle to the closer
//! ```
//!
//! The closer sleeps until it gets the handle. A closer that cannot wait (a handler that destroys its
//! own server, and so is a user that it would wait for) only leaves: the last user then frees the
//! handle. No lock is held while a context is used, so that the child of a fork finds none locked.

#![expect(unsafe_code, reason = "a handle is behind a pointer that C keeps")]

use std::ops::Deref;
use std::sync::PoisonError;

use crate::sync::{Arc, AtomicPtr, AtomicUsize, Condvar, Mutex, Ordering};

/// Set in the word of users while a context is open.
const OPEN: usize = 1 << (usize::BITS - 1);

/// A handle, and the way that it goes when the context is closed.
pub(crate) struct Shared<H> {
    handle: H,
    exit: Arc<Exit<H>>,
    /// Tells the process that opened it from its children.
    forks: u32,
}

impl<H> Shared<H> {
    #[inline]
    pub(crate) fn handle(&self) -> &H {
        &self.handle
    }

    /// Whether it was not opened before a fork that made this process.
    #[inline]
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.forks == netipc::transport::forks_seen()
    }
}

/// The two words of a context.
pub(crate) struct Lifetime<'a, H> {
    users: &'a AtomicUsize,
    handle: &'a AtomicPtr<Shared<H>>,
}

impl<'a, H> Lifetime<'a, H> {
    /// The lifetime of a context that keeps these two words.
    ///
    /// # Safety
    /// The number of users was 0 once, and since then nothing but this type, with the same `H`, has
    /// changed the words.
    #[inline]
    pub(crate) unsafe fn new(users: &'a AtomicUsize, handle: &'a AtomicPtr<Shared<H>>) -> Self {
        Self { users, handle }
    }

    /// Opens a context that is closed; says whether it was.
    pub(crate) fn open(&self, handle: H) -> bool {
        let exit = Arc::new(Exit::new());
        let forks = netipc::transport::forks();
        let shared = Box::new(Shared {
            handle,
            exit,
            forks,
        });
        // As if it were closing with one user: nobody enters, closes or opens it. Acquire: with the
        // Release of the last one who left.
        let closed = self
            .users
            .compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        if closed.is_ok() {
            self.handle.store(Box::into_raw(shared), Ordering::Relaxed);
            // Release: with the Acquire of `enter`, `peek` and `close`, which read the handle.
            self.users.store(OPEN, Ordering::Release);
        }
        closed.is_ok()
    }

    /// Uses the handle: it stays for as long as the user lives. `None` unless the context is open.
    #[inline]
    pub(crate) fn enter(&self) -> Option<User<'a, H>> {
        self.join(|users| users + 1)
    }

    /// Uses the handle without being counted, so that readers do not slow one another down.
    ///
    /// # Safety
    /// Nobody closes the context during `'a`.
    #[inline]
    pub(crate) unsafe fn peek(&self) -> Option<&'a Shared<H>> {
        // Acquire: with the Release of `open`.
        if self.users.load(Ordering::Acquire) & OPEN == 0 {
            return None;
        }
        let shared = self.handle.load(Ordering::Relaxed);
        // SAFETY: an open context has a handle, and the caller promises that it stays open.
        Some(unsafe { &*shared })
    }

    /// Lets nobody else enter. `None` unless the context is open: of several who close it at once
    /// one does.
    pub(crate) fn close(&self) -> Option<Closing<'a, H>> {
        self.join(|users| (users & !OPEN) + 1).map(Closing)
    }

    /// Becomes a user of an open context.
    #[inline]
    fn join(&self, joined: impl Fn(usize) -> usize) -> Option<User<'a, H>> {
        let joined = |users: usize| (users & OPEN != 0).then(|| joined(users));
        // Acquire: with the Release of `open`.
        let entered = self
            .users
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, joined);
        entered.ok().map(|_| User {
            users: self.users,
            shared: self.handle.load(Ordering::Relaxed),
        })
    }
}

/// A user of a handle, until it is dropped.
pub(crate) struct User<'a, H> {
    users: &'a AtomicUsize,
    shared: *mut Shared<H>,
}

impl<H> User<'_, H> {
    #[inline]
    fn shared(&self) -> &Shared<H> {
        // SAFETY: it is from `open`, and freed by the last user to leave.
        unsafe { &*self.shared }
    }
}

impl<H> User<'_, H> {
    /// As [`Shared::is_of_this_process`].
    #[inline]
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.shared().is_of_this_process()
    }
}

impl<H> Deref for User<'_, H> {
    type Target = H;

    #[inline]
    fn deref(&self) -> &H {
        &self.shared().handle
    }
}

impl<H> Drop for User<'_, H> {
    #[inline]
    fn drop(&mut self) {
        // Release: with the Acquire of the last one to leave, who has then seen all that was done
        // with the handle. While the context is open, the number before is never 1.
        if self.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: it is from `open`; the context is closed and has no other user, so that nobody
            // reads the pointer again.
            let shared = unsafe { Box::from_raw(self.shared) };
            let Shared { handle, exit, .. } = *shared;
            exit.hand_over(handle);
        }
    }
}

/// The closer of a context. It uses the handle, to make the other users stop, and leaves when dropped.
pub(crate) struct Closing<'a, H>(User<'a, H>);

impl<H> Closing<'_, H> {
    /// Waits until every user has left; the handle is the caller's then.
    pub(crate) fn wait(self) -> H {
        let exit = Arc::clone(&self.0.shared().exit);
        drop(self);
        exit.take()
    }
}

impl<H> Deref for Closing<'_, H> {
    type Target = H;

    fn deref(&self) -> &H {
        &self.0
    }
}

/// Where the last user puts the handle for the closer. It is freed with this if the closer does not
/// wait.
struct Exit<H> {
    handle: Mutex<Option<H>>,
    left: Condvar,
}

impl<H> Exit<H> {
    fn new() -> Self {
        Self {
            handle: Mutex::new(None),
            left: Condvar::new(),
        }
    }

    fn hand_over(&self, handle: H) {
        *self.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        self.left.notify_all();
    }

    fn take(&self) -> H {
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(handle) = handle.take() {
                return handle;
            }
            let woken = self.left.wait(handle);
            handle = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
