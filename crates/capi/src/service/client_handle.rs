//! What is behind a `nipc_client_ctx_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::{ptr, thread};

use netipc::protocol::Profiles;
use netipc::transport::link::LinkKind;
use netipc::transport::{Abort, Wait};
use netipc::untyped::AnyClient;
use netipc::{CallError, ClientConfig, ClientState, ErrorCode, SessionStatus};

use super::config::{EndpointName, call_timeout};
use super::origin::Origin;
use super::published::Published;
use super::storage::{self, Context, enter, nipc_storage_t};
use super::types::{
    NIPC_NATIVE_NONE, Numbers, STATUS_ERRORS, STATUS_NUMBERS, nipc_client_ctx_t,
    nipc_client_session_t, nipc_native_t, numbers,
};
use crate::calling::is_called_for;
use crate::error::{CodeResult, of_call};

/// A client and what other threads may reach of it.
///
/// Nobody waits for the lock: a second thread that uses the context is told that it is busy.
pub(crate) struct ClientHandle {
    state: Mutex<LockedState>,
    abort: Abort,
    /// Whether the last call failed because of its arguments, before anything was sent.
    bad_argument: AtomicBool,
    /// Whether a function that a call has called has closed the client, which goes with that call then.
    is_closed_within: AtomicBool,
}

/// What one thread at a time uses.
pub(crate) struct LockedState {
    pub(crate) client: AnyClient,
    /// Where the last answer lies. Keys that are in there have to be copied before they are sent.
    pub(crate) answer: Range<usize>,
    abort: Abort,
    /// What a whole call may take, in milliseconds; 0 is the default.
    timeout_ms: u32,
    /// The status of the context when it was opened: its counters go on.
    before: Numbers,
    /// What the public fields show: each session is told by its state and these two counters.
    shown: Option<(ClientState, u64, u64)>,
}

impl ClientHandle {
    fn new(endpoint: &EndpointName<'_>, config: &ClientConfig, before: Numbers) -> Self {
        let abort = Abort::new();
        Self {
            abort: abort.clone(),
            state: Mutex::new(LockedState {
                client: AnyClient::new(&*endpoint.run_dir, &endpoint.service, config),
                answer: 0..0,
                abort,
                timeout_ms: config.call_timeout_ms,
                before,
                shown: None,
            }),
            bad_argument: AtomicBool::new(false),
            is_closed_within: AtomicBool::new(false),
        }
    }

    pub(crate) const fn abort(&self) -> &Abort {
        &self.abort
    }

    /// Notes whether the last call failed because of its arguments. Relaxed: no other memory goes
    /// with it.
    #[inline]
    pub(crate) fn set_bad_argument(&self, bad: bool) {
        self.bad_argument.store(bad, Ordering::Relaxed);
    }

    pub(crate) fn had_bad_argument(&self) -> bool {
        self.bad_argument.load(Ordering::Relaxed)
    }

    /// Whether it was closed by the thread that uses it. Relaxed: that thread alone writes and reads it.
    #[inline]
    fn is_closed_within(&self) -> bool {
        self.is_closed_within.load(Ordering::Relaxed)
    }

    /// What one thread at a time uses, unless another thread does.
    pub(crate) fn lock(&self) -> CodeResult<MutexGuard<'_, LockedState>> {
        match self.state.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::WouldBlock) => Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left the client somewhere inside a call: it starts over.
                self.state.clear_poison();
                let mut state = half_done.into_inner();
                state.client.close();
                Ok(state)
            }
        }
    }
}

impl LockedState {
    /// The client, and a wait for a whole call of at most `timeout_ms` milliseconds, where 0 is the
    /// client's own timeout.
    #[inline]
    pub(crate) fn within(&mut self, timeout_ms: u32) -> (&mut AnyClient, Wait<'_>) {
        let given = if timeout_ms == 0 {
            self.timeout_ms
        } else {
            timeout_ms
        };
        let wait = Wait::timeout(call_timeout(given)).or_abort(&self.abort);
        (&mut self.client, wait)
    }

    /// The client, and a wait that only an abort ends.
    pub(crate) fn unlimited(&mut self) -> (&mut AnyClient, Wait<'_>) {
        (&mut self.client, Wait::forever().or_abort(&self.abort))
    }

    /// The status of the context, whose client is in `state`.
    #[inline]
    fn status(&self, state: ClientState) -> Numbers {
        let mut status = numbers(state, self.client.counters());
        for (now, before) in status.iter_mut().zip(self.before).skip(1) {
            *now = now.saturating_add(before);
        }
        status
    }
}

impl Context for nipc_client_ctx_t {
    type Handle = ClientHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a context.
        unsafe { &raw mut (*context).storage }
    }
}

/// The status of `ctx`, which any thread may read and write at any time.
///
/// # Safety
/// `ctx` is NULL, or points to a context that is zeroed or initialised, there for `'a`, and not
/// initialised anew during it.
#[inline]
pub(crate) unsafe fn published<'a>(
    ctx: *const nipc_client_ctx_t,
) -> CodeResult<Published<'a, STATUS_NUMBERS>> {
    if ctx.is_null() || !ctx.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a context.
    let numbers = unsafe { &raw mut (*ctx.cast_mut()).published };
    // SAFETY: as above; they are used through this function only.
    Ok(unsafe { Published::new(numbers) })
}

/// Runs `call` with the client of `ctx`, and then brings its public fields up to date.
///
/// # Safety
/// As for [`enter`]; and no other thread reads the public fields meanwhile.
#[inline]
pub(crate) unsafe fn with_client<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut LockedState) -> T,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `enter`.
    let handle = unsafe { enter(ctx) }?;
    let mut update = UpdateOnDrop {
        state: handle.lock()?,
        handle: &handle,
        ctx,
    };
    handle.set_bad_argument(false);
    // SAFETY: the caller's promise is that of `of`.
    if let Ok(origin) = unsafe { Origin::of(ctx) } {
        update.state.timeout_ms = origin.call_timeout_ms();
    }
    let called = call(&mut update.state);
    if handle.is_closed_within() {
        // What was answered goes with the client.
        return Err(ErrorCode::ABORTED);
    }
    Ok(called)
}

/// As [`with_client`], for what may fail as calls do. A call on a client that is closed counts as a
/// call that failed.
///
/// # Safety
/// As for [`with_client`].
#[inline]
pub(crate) unsafe fn call<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut LockedState) -> Result<T, CallError>,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `with_client`.
    let called = unsafe { with_client(ctx, call) };
    // SAFETY: the caller's promise is that of `of`.
    if called.as_ref().err() == Some(&ErrorCode::NOT_READY) && unsafe { Origin::of(ctx) }.is_ok() {
        // SAFETY: the caller's promise is that of `published`.
        unsafe { published(ctx) }?.count(STATUS_ERRORS);
    }
    called?.map_err(|error| of_call(&error))
}

/// Arguments as they were read. Where they are bad, the client remembers it for
/// `nipc_client_last_error`.
///
/// # Safety
/// As for [`enter`].
#[inline]
pub(crate) unsafe fn noted<T>(ctx: *mut nipc_client_ctx_t, read: CodeResult<T>) -> CodeResult<T> {
    if read.is_err()
        // SAFETY: the caller's promise is that of `enter`.
        && let Ok(handle) = unsafe { enter(ctx) }
    {
        handle.set_bad_argument(true);
    }
    read
}

/// Refreshes the client of `ctx`, which is opened before if it was closed.
///
/// # Safety
/// As for [`with_client`].
pub(crate) unsafe fn refresh(
    ctx: *mut nipc_client_ctx_t,
    refresh: impl Fn(&mut LockedState) -> bool,
) -> CodeResult<bool> {
    // SAFETY: the caller's promise is that of `with_client`.
    let refreshed = unsafe { with_client(ctx, &refresh) };
    if refreshed != Err(ErrorCode::NOT_READY) {
        return refreshed;
    }
    // SAFETY: the caller's promise is that of `of`.
    let endpoint = unsafe { Origin::of(ctx) }?.endpoint();
    // SAFETY: the caller's promise is that of `open`.
    unsafe { open(ctx, &endpoint.ok_or(ErrorCode::INVALID_ARGUMENT)?) }?;
    // SAFETY: the caller's promise is that of `with_client`.
    unsafe { with_client(ctx, &refresh) }
}

/// Puts a client of `endpoint` behind `ctx`, which was initialised and is closed.
///
/// # Safety
/// As for [`enter`].
pub(crate) unsafe fn open(ctx: *mut nipc_client_ctx_t, endpoint: &EndpointName<'_>) -> CodeResult {
    // SAFETY: the caller's promise is that of `of`.
    let origin = unsafe { Origin::of(ctx) }?;
    // SAFETY: the caller's promise is that of `published`.
    let before = unsafe { published(ctx) }?.read();
    let handle = ClientHandle::new(endpoint, &origin.config(), before);
    // SAFETY: the caller's promise.
    unsafe { storage::open(ctx, handle) }?;
    if origin.abort_flag().is_raised() {
        // SAFETY: the caller's promise.
        unsafe { enter(ctx) }?.abort.raise();
    }
    Ok(())
}

/// Frees what is behind `ctx`. What runs in another thread is aborted, and waited for; what this thread is in
/// itself frees it when it ends.
///
/// # Safety
/// As for [`enter`]; and no other thread reads the public fields meanwhile.
pub(crate) unsafe fn close(ctx: *mut nipc_client_ctx_t) -> CodeResult {
    // SAFETY: the caller's promise is that of `close`.
    let closing = unsafe { storage::close(ctx) }?;
    closing.abort.raise();
    if is_called_for(ctx) {
        closing.is_closed_within.store(true, Ordering::Relaxed);
        // SAFETY: the caller's promise is that of `of`.
        unsafe { Origin::of(ctx) }?.abort_flag().set(false);
        return Ok(());
    }
    let state = closing.wait().state.into_inner();
    let state = state.unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the caller's promise is that of `published`.
    unsafe { published(ctx) }?.write(state.status(ClientState::Disconnected));
    // SAFETY: the caller's promise is that of `of`.
    unsafe { Origin::of(ctx) }?.abort_flag().set(false);
    // SAFETY: it was open, so that it is a context, and those who used it have left.
    unsafe { show(ctx, ptr::null(), None, ClientState::Disconnected) };
    Ok(())
}

/// A client in use. When that ends, by a panic, too, the public fields and the status of its context
/// are brought up to date.
struct UpdateOnDrop<'a> {
    state: MutexGuard<'a, LockedState>,
    handle: &'a ClientHandle,
    ctx: *mut nipc_client_ctx_t,
}

impl Drop for UpdateOnDrop<'_> {
    #[inline]
    fn drop(&mut self) {
        let locked = &mut *self.state;
        // The next call closes the session that a panic has left.
        let panicked = thread::panicking();
        let state = if panicked {
            ClientState::Broken
        } else {
            locked.client.state()
        };
        let is_closed = self.handle.is_closed_within();
        let state = if is_closed {
            ClientState::Disconnected
        } else {
            state
        };
        // SAFETY: `with_client` was promised a context.
        if let Ok(published) = unsafe { published(self.ctx) } {
            published.write(locked.status(state));
        }
        let counters = locked.client.counters();
        let now = Some((state, counters.connects, counters.reconnects));
        if locked.shown != now || is_closed {
            locked.shown = now;
            let session = locked.client.session();
            let session = session.filter(|_| !panicked && !is_closed);
            let session = session.map(|session| (session, native(&locked.client, &session)));
            // SAFETY: `with_client` was promised a context, and the lock keeps other calls away.
            unsafe { show(self.ctx, self.handle, session, state) };
        }
    }
}

/// What an event loop can watch, where watching costs calls nothing: a ring that is watched makes three system calls a
/// message.
fn native(client: &AnyClient, session: &SessionStatus) -> nipc_native_t {
    if session.profile == Profiles::SHM_RING {
        return NIPC_NATIVE_NONE;
    }
    let native = client.wait_object();
    native.map_or(NIPC_NATIVE_NONE, |native| native.as_raw())
}

/// Writes the public fields of `ctx`.
///
/// # Safety
/// `ctx` points to a context whose public fields nobody reads meanwhile.
unsafe fn show(
    ctx: *mut nipc_client_ctx_t,
    handle: *const ClientHandle,
    session: Option<(SessionStatus, nipc_native_t)>,
    state: ClientState,
) {
    let over_shm = session.is_some_and(|(s, _)| s.transport == LinkKind::SharedMemory);
    let shm = if over_shm {
        handle.cast_mut().cast()
    } else {
        ptr::null_mut()
    };
    let public = session.map_or(nipc_client_session_t::NONE, |(session, native)| {
        nipc_client_session_t::new(&session, native)
    });
    // Field by field: another thread may be using the storage, to abort.
    // SAFETY: the caller promises the context, here and below.
    unsafe { (*ctx).state = state.into() };
    // SAFETY: as above.
    unsafe { (*ctx).session_valid = session.is_some() };
    // SAFETY: as above.
    unsafe { (*ctx).session = public };
    // SAFETY: as above.
    unsafe { (*ctx).shm = shm };
}
