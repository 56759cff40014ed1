//! What is behind a `nipc_client_ctx_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::{ptr, thread};

use netipc::service::increment::IncrementClient;
use netipc::transport::link::LinkKind;
use netipc::{AbortHandle, CallError, ClientConfig, ClientState, Counters, ErrorCode};

use super::config::EndpointName;
use super::published::Published;
use super::storage::{self, Context, enter, nipc_storage_t};
use super::types::{STATUS_NUMBERS, nipc_client_ctx_t, nipc_client_session_t, numbers};
use crate::error::{CodeResult, of_call};

/// A client that speaks to every service, through `ask_as` and `lookup_as`. Batches and pipelines
/// exist for its own service only.
pub(crate) type AnyClient = IncrementClient;

/// A client and what other threads may reach of it.
///
/// Nobody waits for the lock: a second thread that uses the context is told that it is busy.
pub(crate) struct ClientHandle {
    state: Mutex<LockedState>,
    abort: AbortHandle,
    timeout_ms: AtomicU32,
    /// Whether the last call failed because of its arguments, before anything was sent.
    bad_argument: AtomicBool,
}

/// What one thread at a time uses.
pub(crate) struct LockedState {
    pub(crate) client: AnyClient,
    /// Where the last answer lies. Keys that are in there have to be copied before they are sent.
    pub(crate) answer: Range<usize>,
    /// What the client is set to.
    timeout_ms: u32,
    /// What the public fields show: each session is told by its state and these two counters.
    shown: Option<(ClientState, u64, u64)>,
}

impl ClientHandle {
    pub(crate) fn new(endpoint: &EndpointName<'_>, config: ClientConfig) -> Self {
        let timeout_ms = config.call_timeout_ms;
        let client = AnyClient::new(&*endpoint.run_dir, &endpoint.service, config);
        Self {
            abort: client.abort_handle(),
            state: Mutex::new(LockedState {
                client,
                answer: 0..0,
                timeout_ms,
                shown: None,
            }),
            timeout_ms: AtomicU32::new(timeout_ms),
            bad_argument: AtomicBool::new(false),
        }
    }

    pub(crate) const fn abort(&self) -> &AbortHandle {
        &self.abort
    }

    /// Sets what the next call may take. Relaxed, as everything here: no other memory goes with it.
    pub(crate) fn set_timeout(&self, timeout_ms: u32) {
        self.timeout_ms.store(timeout_ms, Ordering::Relaxed);
    }

    /// Notes whether the last call failed because of its arguments.
    #[inline]
    pub(crate) fn set_bad_argument(&self, bad: bool) {
        self.bad_argument.store(bad, Ordering::Relaxed);
    }

    pub(crate) fn had_bad_argument(&self) -> bool {
        self.bad_argument.load(Ordering::Relaxed)
    }

    /// What one thread at a time uses, unless another thread does.
    pub(crate) fn lock(&self) -> CodeResult<MutexGuard<'_, LockedState>> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::WouldBlock) => return Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left the client somewhere inside a call: it starts over, and what
                // closing clears stays aborted.
                self.state.clear_poison();
                let mut state = half_done.into_inner();
                let aborted = self.abort.is_aborted();
                state.client.close();
                if aborted {
                    self.abort.abort();
                }
                state
            }
        };
        let timeout_ms = self.timeout_ms.load(Ordering::Relaxed);
        if state.timeout_ms != timeout_ms {
            state.timeout_ms = timeout_ms;
            state.client.set_call_timeout(timeout_ms);
        }
        Ok(state)
    }

    fn counters(self) -> Counters {
        let state = self.state.into_inner();
        state
            .unwrap_or_else(PoisonError::into_inner)
            .client
            .counters()
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
    Ok(call(&mut update.state))
}

/// As [`with_client`], for what may fail as calls do.
///
/// # Safety
/// As for [`with_client`].
#[inline]
pub(crate) unsafe fn call<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut LockedState) -> Result<T, CallError>,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `with_client`.
    unsafe { with_client(ctx, call) }?.map_err(|error| of_call(&error))
}

/// Frees what is behind `ctx`. What runs in another thread is called off, and waited for.
///
/// # Safety
/// As for [`enter`]; and no other thread reads the public fields meanwhile.
pub(crate) unsafe fn close(ctx: *mut nipc_client_ctx_t) -> CodeResult {
    // SAFETY: the caller's promise is that of `close`.
    let closing = unsafe { storage::close(ctx) }?;
    closing.abort.abort();
    let counters = closing.wait().counters();
    // SAFETY: the caller's promise is that of `published`.
    unsafe { published(ctx) }?.write(numbers(ClientState::Disconnected, counters));
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
        let LockedState { client, shown, .. } = &mut *self.state;
        // The session that a panic has left is closed by whoever locks the client next.
        let panicked = thread::panicking();
        let state = if panicked {
            ClientState::Broken
        } else {
            client.state()
        };
        let counters = client.counters();
        // SAFETY: `with_client` was promised a context.
        if let Ok(published) = unsafe { published(self.ctx) } {
            published.write(numbers(state, counters));
        }
        let now = Some((state, counters.connects, counters.reconnects));
        if *shown != now {
            *shown = now;
            let session = client.session().filter(|_| !panicked);
            // SAFETY: `with_client` was promised a context, and the lock keeps other calls away.
            unsafe { show(self.ctx, self.handle, session, state) };
        }
    }
}

/// Writes the public fields of `ctx`.
///
/// # Safety
/// `ctx` points to a context whose public fields nobody reads meanwhile.
unsafe fn show(
    ctx: *mut nipc_client_ctx_t,
    handle: *const ClientHandle,
    session: Option<netipc::SessionStatus>,
    state: ClientState,
) {
    let over_shm = session.is_some_and(|s| s.transport == LinkKind::SharedMemory);
    let shm = if over_shm {
        handle.cast_mut().cast()
    } else {
        ptr::null_mut()
    };
    let public = session.map_or_else(nipc_client_session_t::default, |session| {
        nipc_client_session_t {
            selected_profile: session.profile.0,
            session_id: session.session_id,
        }
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
