//! What is behind a `nipc_managed_server_t`.

#![expect(unsafe_code, reason = "storages of C are read and written here")]

use std::cell::Cell;
use std::ffi::CStr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{mem, ptr};

use netipc::server::ServerStats;
use netipc::service::Service;
use netipc::{ErrorCode, ServeError, Server, chain};

use super::server::nipc_managed_server_t;
use crate::border::{put, shared, unique};
use crate::error::Outcome;

/// Held while a storage is looked at: between reading where a server is and counting one more who
/// uses it, nobody may free it.
static STORAGES: Mutex<()> = Mutex::new(());

/// A server.
pub(super) struct Serving {
    server: Box<dyn AnyServer>,
    id: ServerId,
    users: Arc<Users>,
    error: Mutex<String>,
}

impl Serving {
    /// A server that listens.
    pub(super) fn bind<S: Service>(server: Server<S>, id: ServerId) -> Result<Self, ServeError> {
        server.bind()?;
        Ok(Self {
            server: Box::new(server),
            id,
            users: Arc::default(),
            error: Mutex::new(String::new()),
        })
    }

    /// Serves until the server is stopped. What went wrong is kept.
    pub(super) fn run(&self) {
        if let Err(error) = self.server.run() {
            *whole(&self.error) = chain(&error);
        }
    }

    pub(super) fn stop(&self) {
        self.server.stop();
    }

    pub(super) fn drain(&self, timeout: Duration) -> bool {
        self.server.drain(timeout)
    }

    pub(super) fn stats(&self) -> ServerStats {
        self.server.stats()
    }

    /// Stops, and waits until nobody uses the server any more. A handler of this very server does
    /// not wait, because it is what would be waited for.
    fn end(&self) {
        self.stop();
        if !self.id.is_answering() {
            self.users.wait();
        }
    }
}

/// A server that somebody uses: whoever ends it waits. The fields are dropped in this order, so that
/// who has waited holds the server alone.
pub(super) struct InUse {
    serving: Arc<Serving>,
    _user: User,
}

impl Deref for InUse {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

/// A server of any service.
trait AnyServer: Send + Sync {
    fn run(&self) -> Result<(), ServeError>;
    fn stop(&self);
    fn drain(&self, timeout: Duration) -> bool;
    fn stats(&self) -> ServerStats;
}

impl<S: Service> AnyServer for Server<S> {
    fn run(&self) -> Result<(), ServeError> {
        self.run()
    }

    fn stop(&self) {
        self.stop();
    }

    fn drain(&self, timeout: Duration) -> bool {
        self.drain(timeout)
    }

    fn stats(&self) -> ServerStats {
        self.stats()
    }
}

/// How many use a server.
#[derive(Default)]
struct Users {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Users {
    fn wait(&self) {
        let mut count = whole(&self.count);
        while *count > 0 {
            let woken = self.changed.wait(count);
            count = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// One of those who use a server, for as long as it lives.
struct User(Arc<Users>);

impl User {
    fn new(users: &Arc<Users>) -> Self {
        *whole(&users.count) += 1;
        Self(Arc::clone(users))
    }
}

impl Drop for User {
    fn drop(&mut self) {
        *whole(&self.0.count) -= 1;
        self.0.changed.notify_all();
    }
}

/// Tells servers apart, for those who are called by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct ServerId(u64);

thread_local! {
    /// The server whose handler this thread is in.
    static ANSWERING: Cell<Option<ServerId>> = const { Cell::new(None) };
}

impl ServerId {
    /// A new one.
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Nothing but the number itself is shared: relaxed is enough.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs a handler of the server. It returns: C functions do not unwind.
    pub(super) fn answering<T>(self, handle: impl FnOnce() -> T) -> T {
        let outer = ANSWERING.replace(Some(self));
        let answered = handle();
        ANSWERING.set(outer);
        answered
    }

    fn is_answering(self) -> bool {
        ANSWERING.get() == Some(self)
    }
}

/// Makes `storage` one without a server.
///
/// # Safety
/// `storage` is NULL, or points to room for a storage whose server, if any, was destroyed.
pub(super) unsafe fn vacate(storage: *mut nipc_managed_server_t) -> Outcome {
    let _held = whole(&STORAGES);
    // SAFETY: the caller's promise is that of `put`, and the lock keeps others away.
    unsafe { put(storage, nipc_managed_server_t::EMPTY) }
}

/// Puts `serving` into `storage`, for [`end`] to get out.
///
/// # Safety
/// `storage` was vacated.
pub(super) unsafe fn settle(storage: *mut nipc_managed_server_t, serving: Serving) -> Outcome {
    let _held = whole(&STORAGES);
    // SAFETY: the caller's promise is more than that of `unique`, and the lock keeps others away.
    let storage = unsafe { unique(storage) }?;
    storage.handle = Arc::into_raw(Arc::new(serving)).cast_mut().cast();
    Ok(())
}

/// Says in `storage` why there is no server in it. Nothing is allocated, so that callers who only
/// try again leak nothing.
///
/// # Safety
/// `storage` was vacated.
pub(super) unsafe fn excuse(storage: *mut nipc_managed_server_t, why: &str) -> Outcome {
    let _held = whole(&STORAGES);
    // SAFETY: the caller's promise is more than that of `unique`, and the lock keeps others away.
    let storage = unsafe { unique(storage) }?;
    let room = &mut storage.failure;
    for (to, byte) in room.iter_mut().zip(why.bytes()) {
        *to = byte;
    }
    if why.len() >= room.len()
        && let Some(end) = room.last_chunk_mut()
    {
        *end = *b"...\0";
    }
    Ok(())
}

/// The server in `storage`.
///
/// # Safety
/// `storage` is NULL, or points to a storage that is zeroed or was initialised.
pub(super) unsafe fn serving(storage: *mut nipc_managed_server_t) -> Outcome<InUse> {
    let _held = whole(&STORAGES);
    // SAFETY: the caller's promise is that of `shared`, and the lock keeps those who write away.
    let handle = unsafe { shared(storage) }?.handle.cast::<Serving>();
    match handle.is_null() {
        true => Err(ErrorCode::NOT_READY),
        false => {
            // SAFETY: it is from `settle`; the storage keeps it alive while the lock is held.
            unsafe { Arc::increment_strong_count(handle) };
            // SAFETY: as above, and counted just now.
            let serving = unsafe { Arc::from_raw(handle) };
            let _user = User::new(&serving.users);
            Ok(InUse { serving, _user })
        }
    }
}

/// Ends the server in `storage`, and leaves neither it nor why there was none.
///
/// # Safety
/// As for [`serving`].
pub(super) unsafe fn end(storage: *mut nipc_managed_server_t) -> Outcome {
    let held = whole(&STORAGES);
    // SAFETY: the caller's promise is that of `unique`, while the lock keeps others away.
    let storage = unsafe { unique(storage) }?;
    let taken = mem::replace(storage, nipc_managed_server_t::EMPTY);
    // Nobody can begin to use it from here on.
    drop(held);
    if !taken.handle.is_null() {
        // SAFETY: it is from `settle`, and taken out of its only place.
        unsafe { Arc::from_raw(taken.handle.cast::<Serving>()) }.end();
    }
    Ok(())
}

/// Why the server in `storage` does not run, or why there is none. Empty where nothing went wrong.
///
/// # Safety
/// As for [`serving`].
pub(super) unsafe fn last_error(storage: *mut nipc_managed_server_t) -> Outcome<String> {
    // SAFETY: the caller's promise is that of `serving`.
    if let Ok(serving) = unsafe { serving(storage) } {
        return Ok(whole(&serving.error).clone());
    }
    let _held = whole(&STORAGES);
    // SAFETY: the caller's promise is that of `shared`, and the lock keeps those who write away.
    let failure = &unsafe { shared(storage) }?.failure;
    let text = CStr::from_bytes_until_nul(failure).unwrap_or_default();
    Ok(text.to_string_lossy().into_owned())
}

impl nipc_managed_server_t {
    /// As zeroed memory is.
    pub(super) const EMPTY: Self = Self {
        handle: ptr::null_mut(),
        failure: [0; 504],
    };
}

/// What `mutex` guards: whole, because each change of it is one step.
fn whole<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_within_a_handler_leaves_the_outer_one_its_server() {
        let [outer, inner] = [ServerId::next(), ServerId::next()];
        outer.answering(|| {
            inner.answering(|| assert!(inner.is_answering()));
            assert!(outer.is_answering());
        });
        assert!(!outer.is_answering());
    }
}
