//! What is behind a `nipc_listener_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use netipc::connection::{AcceptError, Acceptor, Connection};
use netipc::protocol::DEFAULT_HANDSHAKE_TIMEOUT_MS;
use netipc::transport::{Abort, Endpoint, Wait, native};
use netipc::{ErrorCode, ServeError, ServerConfig, chain};

use super::greeting::{Greeting, SessionIds};
use super::listener::nipc_listener_t;
use super::waiting::{Abortable, wait};
use crate::error::CodeResult;
use crate::failure::FailureText;
use crate::service::config::EndpointName;
use crate::service::inherited::bind_options;
use crate::service::process::{NO_PROCESS, this_process};
use crate::service::storage::{Context, nipc_storage_t};

/// How long a client that has come may take to shake hands.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS as u64);

/// A listener and what other threads may reach of it.
///
/// Nobody waits for the lock: a second thread that accepts is told that the listener is busy.
pub(crate) struct ListenerHandle {
    acceptor: Mutex<Acceptor>,
    /// The process in which a thread accepts. In one that is forked meanwhile that thread is not there, and would
    /// be waited for without end.
    accepts_in: AtomicU32,
    error: Mutex<Option<AcceptError>>,
    endpoint: Endpoint,
    ids: SessionIds,
    abort: Abort,
}

impl ListenerHandle {
    /// A listener at the endpoint of that name.
    pub(super) fn bind(name: &EndpointName<'_>, config: &ServerConfig) -> Result<Self, ServeError> {
        let endpoint = Endpoint::new(&*name.run_dir, &name.service)?;
        let acceptor = Acceptor::bind_with(&native(), &endpoint, config, &bind_options())?;
        Ok(Self {
            acceptor: Mutex::new(acceptor),
            accepts_in: AtomicU32::new(NO_PROCESS),
            error: Mutex::new(None),
            endpoint,
            ids: SessionIds::default(),
            abort: Abort::new(),
        })
    }

    /// The next session.
    pub(super) fn accept(&self, timeout_ms: u32) -> CodeResult<Connection> {
        let mut acceptor = self.lock()?;
        let wait = wait(timeout_ms, &self.abort);
        let accepted = self.take(&mut acceptor, &wait).and_then(|greeting| {
            let wait = wait.at_most(HANDSHAKE_TIMEOUT);
            greeting.shake_hands(&wait)
        });
        self.kept(accepted)
    }

    /// The next client, which has yet to shake hands.
    pub(super) fn accept_link(&self, timeout_ms: u32) -> CodeResult<Greeting> {
        let mut acceptor = self.lock()?;
        let taken = self.take(&mut acceptor, &wait(timeout_ms, &self.abort));
        self.kept(taken)
    }

    fn take(&self, acceptor: &mut Acceptor, wait: &Wait<'_>) -> Result<Greeting, AcceptError> {
        let link = acceptor.accept_link(wait)?;
        Ok(Greeting::new(link, *acceptor.policy(), &self.ids))
    }

    /// Keeps why a client got no session.
    fn kept<T>(&self, accepted: Result<T, AcceptError>) -> CodeResult<T> {
        accepted.map_err(|error| {
            let code = error.code();
            *self.error() = Some(error);
            code
        })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What accepts, unless another thread does. A panic leaves it as it was between two clients.
    pub(super) fn lock(&self) -> CodeResult<Accepting<'_>> {
        let acceptor = match self.acceptor.try_lock() {
            Ok(acceptor) => acceptor,
            Err(TryLockError::WouldBlock) => return Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => half_done.into_inner(),
        };
        // A child has a copy of what its one thread saw: relaxed is enough.
        self.accepts_in.store(this_process(), Ordering::Relaxed);
        let accepts_in = &self.accepts_in;
        Ok(Accepting {
            acceptor,
            accepts_in,
        })
    }

    /// Why the last client got no session.
    pub(super) fn why(&self) -> String {
        let why = |error: &AcceptError| format!("{}: {}", self.endpoint, chain(error));
        self.error().as_ref().map(why).unwrap_or_default()
    }

    /// Whole, because each change of it is one step.
    fn error(&self) -> MutexGuard<'_, Option<AcceptError>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that accepts, as long as it does.
pub(super) struct Accepting<'l> {
    acceptor: MutexGuard<'l, Acceptor>,
    accepts_in: &'l AtomicU32,
}

impl Drop for Accepting<'_> {
    fn drop(&mut self) {
        self.accepts_in.store(NO_PROCESS, Ordering::Relaxed);
    }
}

impl Deref for Accepting<'_> {
    type Target = Acceptor;

    fn deref(&self) -> &Acceptor {
        &self.acceptor
    }
}

impl DerefMut for Accepting<'_> {
    fn deref_mut(&mut self) -> &mut Acceptor {
        &mut self.acceptor
    }
}

impl Context for nipc_listener_t {
    type Handle = ListenerHandle;

    fn survives_fork(listener: &ListenerHandle) -> bool {
        let accepts_in = listener.accepts_in.load(Ordering::Relaxed);
        accepts_in == NO_PROCESS || accepts_in == this_process()
    }

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a listener.
        unsafe { &raw mut (*context).storage }
    }
}

impl Abortable for nipc_listener_t {
    unsafe fn aborted(context: *mut Self) -> *mut u32 {
        // SAFETY: the caller promises a listener.
        unsafe { &raw mut (*context).aborted }
    }

    fn abort(handle: &ListenerHandle) -> &Abort {
        &handle.abort
    }
}

/// Where `listener` tells why there is none.
///
/// # Safety
/// As for [`enter`](crate::service::storage::enter).
pub(super) unsafe fn failure<'a>(listener: *const nipc_listener_t) -> CodeResult<FailureText<'a>> {
    if listener.is_null() || !listener.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a listener.
    let room = unsafe { &raw mut (*listener.cast_mut()).failure };
    // SAFETY: as above; the room is used through this function only.
    Ok(unsafe { FailureText::new(room) })
}
