//! What is behind a `nipc_session_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use netipc::connection::{Connection, ConnectionError};
use netipc::transport::{Abort, Wait, WaitObject};
use netipc::{ClientState, ErrorCode, chain};

use super::greeting::Greeting;
use super::session::nipc_session_t;
use super::waiting::{self, Abortable, wait};
use crate::error::CodeResult;
use crate::failure::FailureText;
use crate::service::storage::{Context, enter, nipc_storage_t};
use crate::sync::{AtomicU32, Ordering};

/// A session and what other threads may reach of it.
///
/// Nobody waits for the lock: a second thread that uses the session is told that it is busy.
pub(crate) struct SessionHandle {
    state: Mutex<LockedSession>,
    abort: Abort,
}

/// What one thread at a time uses.
pub(super) struct LockedSession {
    /// `None` before the handshake, and after a panic.
    pub(super) connection: Option<Connection>,
    /// A client that has not shaken hands yet.
    pub(super) greeting: Option<Greeting>,
    endpoint: Box<str>,
    error: Option<ConnectionError>,
}

impl SessionHandle {
    /// One that is not connected yet.
    pub(super) fn new(endpoint: &str) -> Self {
        Self {
            abort: Abort::new(),
            state: Mutex::new(LockedSession {
                connection: None,
                greeting: None,
                endpoint: endpoint.into(),
                error: None,
            }),
        }
    }

    /// The session of a client that has shaken hands.
    pub(super) fn accepted(endpoint: &str, connection: Connection) -> Self {
        let mut handle = Self::new(endpoint);
        let state = handle
            .state
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        state.connection = Some(connection);
        handle
    }

    /// The session of a client that has yet to shake hands.
    pub(super) fn greeted(endpoint: &str, greeting: Greeting) -> Self {
        let mut handle = Self::new(endpoint);
        let state = handle
            .state
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        state.greeting = Some(greeting);
        handle
    }

    pub(super) const fn abort(&self) -> &Abort {
        &self.abort
    }

    /// What one thread at a time uses, unless another thread does.
    pub(super) fn lock(&self) -> CodeResult<MutexGuard<'_, LockedSession>> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::WouldBlock) => Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left the connection somewhere inside a call: it ends.
                self.state.clear_poison();
                let mut state = half_done.into_inner();
                state.connection = None;
                Ok(state)
            }
        }
    }
}

impl LockedSession {
    /// What an event loop can watch.
    pub(super) fn wait_object(&self) -> Option<WaitObject<'_>> {
        match (&self.connection, &self.greeting) {
            (Some(connection), _) => connection.wait_object(),
            (None, Some(greeting)) => greeting.wait_object(),
            (None, None) => None,
        }
    }

    /// The endpoint, for texts.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Why the last function that failed did.
    pub(super) fn why(&self) -> String {
        let why = |error: &ConnectionError| format!("{}: {}", self.endpoint, chain(error));
        self.error.as_ref().map(why).unwrap_or_default()
    }
}

impl Context for nipc_session_t {
    type Handle = SessionHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a session.
        unsafe { &raw mut (*context).storage }
    }
}

impl Abortable for nipc_session_t {
    unsafe fn aborted(context: *mut Self) -> *mut u32 {
        // SAFETY: the caller promises a session.
        unsafe { &raw mut (*context).aborted }
    }

    fn abort(handle: &SessionHandle) -> &Abort {
        &handle.abort
    }
}

/// What a session keeps in memory of C, for any thread at any time: where it stands, and why there is
/// none.
pub(super) struct Shown<'a> {
    state: &'a AtomicU32,
    pub(super) failure: FailureText<'a>,
}

impl Shown<'_> {
    /// Of `session`.
    ///
    /// # Safety
    /// As for [`enter`].
    pub(super) unsafe fn of(session: *const nipc_session_t) -> CodeResult<Self> {
        if session.is_null() || !session.is_aligned() {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        // SAFETY: the caller promises a session.
        let state = unsafe { &raw mut (*session.cast_mut()).state };
        // SAFETY: as above.
        let failure = unsafe { &raw mut (*session.cast_mut()).failure };
        Ok(Self {
            // SAFETY: as above; only this function looks at it.
            state: unsafe { AtomicU32::from_ptr(state) },
            // SAFETY: as above.
            failure: unsafe { FailureText::new(failure) },
        })
    }

    /// Relaxed, as below: no other memory goes with it.
    pub(super) fn set_state(&self, state: ClientState) {
        self.state.store(state as u32, Ordering::Relaxed);
    }

    pub(super) fn state(&self) -> ClientState {
        let state = u8::try_from(self.state.load(Ordering::Relaxed));
        state.map(ClientState::from_number).unwrap_or_default()
    }
}

/// Runs `run` with the connection of `session`, for at most `timeout_ms` milliseconds. Where it fails,
/// the session keeps why.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn with_connection<T>(
    session: *mut nipc_session_t,
    timeout_ms: u32,
    run: impl FnOnce(&mut Connection, &Wait<'_>) -> Result<T, ConnectionError>,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `enter`.
    let handle = unsafe { enter(session) }?;
    let mut state = handle.lock()?;
    let connection = state.connection.as_mut().ok_or(ErrorCode::NOT_READY)?;
    let done = run(connection, &wait(timeout_ms, handle.abort()));
    if connection.is_over() {
        // SAFETY: the caller's promise.
        unsafe { Shown::of(session) }?.set_state(ClientState::Broken);
    }
    done.map_err(|error| {
        let code = error.code();
        state.error = Some(error);
        code
    })
}

/// Ends a session, and says where it stands and why. Whether it is aborted stays.
///
/// # Safety
/// As for [`enter`].
pub(super) unsafe fn close(
    session: *mut nipc_session_t,
    state: ClientState,
    why: &str,
) -> CodeResult {
    // SAFETY: the caller's promise.
    drop(unsafe { waiting::close(session) }?);
    // SAFETY: the caller's promise.
    let shown = unsafe { Shown::of(session) }?;
    shown.set_state(state);
    shown.failure.set(why);
    Ok(())
}
