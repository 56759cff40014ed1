//! What is behind a `nipc_managed_server_t`.

#![expect(unsafe_code, reason = "storages of C are read and written here")]

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netipc::server::ServerStats;
use netipc::service::Service;
use netipc::untyped::DataProbe;
use netipc::{ErrorCode, ServeError, Server, chain, untyped};

use super::managed_server::nipc_managed_server_t;
use super::process::{NO_PROCESS, this_process};
use super::storage::{self, Context, enter, nipc_storage_t};
use crate::error::CodeResult;
use crate::failure::{FailureText, ROOM};

/// A server.
pub(crate) struct ServerHandle {
    server: Box<dyn AnyServer>,
    id: ServerId,
    error: Mutex<String>,
    /// The process that runs it. In one that is forked meanwhile, those who use it are not there, and would be
    /// waited for without end.
    run_by: AtomicU32,
}

impl ServerHandle {
    /// A server that listens.
    pub(crate) fn bind(server: impl AnyServer + 'static, id: ServerId) -> Result<Self, ServeError> {
        server.bind()?;
        Ok(Self {
            server: Box::new(server),
            id,
            error: Mutex::new(String::new()),
            run_by: AtomicU32::new(NO_PROCESS),
        })
    }

    /// Serves until the server is stopped. What went wrong is kept, in words.
    ///
    /// # Errors
    /// For a server that runs already, and for one whose endpoint was taken away.
    pub(super) fn run(&self) -> CodeResult {
        // A child has a copy of what its one thread saw: relaxed is enough.
        let relaxed = Ordering::Relaxed;
        let begun = self
            .run_by
            .compare_exchange(NO_PROCESS, this_process(), relaxed, relaxed);
        let ended = self.server.run().map_err(|error| {
            *self.error() = chain(&error);
            error.code()
        });
        if begun.is_ok() {
            self.run_by.store(NO_PROCESS, relaxed);
        }
        ended
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

    pub(super) fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool {
        self.server.publish_stats(data)
    }

    pub(super) const fn id(&self) -> ServerId {
        self.id
    }

    /// Why it does not run: whole, because each change of it is one step.
    fn error(&self) -> MutexGuard<'_, String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server of any service.
pub(crate) trait AnyServer: Send + Sync {
    fn bind(&self) -> Result<(), ServeError>;
    fn run(&self) -> Result<(), ServeError>;
    fn stop(&self);
    fn drain(&self, timeout: Duration) -> bool;
    fn stats(&self) -> ServerStats;
    fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool;
}

impl<S: Service> AnyServer for Server<S> {
    fn bind(&self) -> Result<(), ServeError> {
        self.bind()
    }

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

    fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool {
        self.publish_stats(data)
    }
}

impl AnyServer for untyped::AnyServer {
    fn bind(&self) -> Result<(), ServeError> {
        self.bind()
    }

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

    fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool {
        self.publish_stats(data)
    }
}

/// Tells servers apart, for those who are called by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ServerId(u64);

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

impl Context for nipc_managed_server_t {
    type Handle = ServerHandle;

    fn survives_fork(server: &ServerHandle) -> bool {
        let run_by = server.run_by.load(Ordering::Relaxed);
        run_by == NO_PROCESS || run_by == this_process()
    }

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a server.
        unsafe { &raw mut (*context).storage }
    }
}

/// Destroys the server behind `server`: it is stopped, and who uses it is waited for. A handler of
/// this very server does not wait, because it is what would be waited for.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn destroy(server: *mut nipc_managed_server_t) -> CodeResult {
    // SAFETY: the caller's promise is that of `close`.
    let Ok(closing) = (unsafe { storage::close(server) }) else {
        // SAFETY: the caller's promise is that of `failure`.
        unsafe { failure(server) }?.set("");
        return Ok(());
    };
    closing.stop();
    if !closing.id.is_answering() {
        drop(closing.wait());
    }
    Ok(())
}

/// Why the server does not run, or why there is none. Empty where nothing went wrong.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn last_error(server: *const nipc_managed_server_t) -> CodeResult<String> {
    // SAFETY: the caller's promise.
    if let Ok(serving) = unsafe { enter(server) } {
        return Ok(serving.error().clone());
    }
    // SAFETY: the caller's promise is that of `failure`.
    Ok(unsafe { failure(server) }?.text())
}

/// Where `server` tells why there is none.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn failure<'a>(
    server: *const nipc_managed_server_t,
) -> CodeResult<FailureText<'a>> {
    if server.is_null() || !server.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a server.
    let room = unsafe { &raw mut (*server.cast_mut()).failure };
    // SAFETY: as above; the room is used through this function only.
    Ok(unsafe { FailureText::new(room) })
}

impl nipc_managed_server_t {
    /// As zeroed memory is.
    pub(super) const EMPTY: Self = Self {
        storage: nipc_storage_t::EMPTY,
        failure: [0; ROOM],
    };
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
