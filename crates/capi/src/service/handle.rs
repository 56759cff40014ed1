//! What is behind a `nipc_client_ctx_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use std::{ptr, thread};

use netipc::protocol::DEFAULT_CALL_TIMEOUT_MS;
use netipc::transport::link::LinkKind;
use netipc::transport::{Abort, Wait};
use netipc::untyped::AnyClient;
use netipc::{CallError, ClientConfig, ClientState, ErrorCode};

use super::config::Place;
use super::published::Published;
use super::storage::{User, enter, take};
use super::types::{nipc_client_ctx_t, nipc_client_session_t, nipc_client_status_t};
use crate::error::{Outcome, of_call};

/// A client and what other threads may reach of it.
///
/// The lock is never waited for but to close: a second thread that uses the context is told that it
/// is busy.
pub(crate) struct Handle {
    asker: Mutex<Asker>,
    abort: Abort,
    timeout_ms: AtomicU32,
    /// Whether the last call went no further than its arguments.
    refused: AtomicBool,
    /// The status after the last use of the client, for those who cannot wait for one that runs.
    status: Published,
}

/// What one thread at a time uses.
pub(crate) struct Asker {
    pub(crate) client: AnyClient,
    /// Where the last answer lies. Keys that are in there have to be copied before they are asked.
    pub(crate) answer: Range<usize>,
    abort: Abort,
    /// What a whole call may take; 0 is the default.
    timeout_ms: u32,
    /// When the public fields were made true last: sessions come and go with one of these.
    settled: Option<(ClientState, u64, u64)>,
}

impl Handle {
    pub(crate) fn new(place: &Place<'_>, config: ClientConfig) -> Self {
        let timeout_ms = AtomicU32::new(config.call_timeout_ms);
        let client = AnyClient::new(place.run_dir, &place.service, &config);
        let abort = Abort::new();
        Self {
            abort: abort.clone(),
            asker: Mutex::new(Asker {
                client,
                abort,
                answer: 0..0,
                timeout_ms: config.call_timeout_ms,
                settled: None,
            }),
            timeout_ms,
            refused: AtomicBool::new(false),
            status: Published::default(),
        }
    }

    pub(crate) const fn abort(&self) -> &Abort {
        &self.abort
    }

    /// Sets what the next call may take. Relaxed, as everything here: no other memory goes with it.
    pub(crate) fn set_timeout(&self, timeout_ms: u32) {
        self.timeout_ms.store(timeout_ms, Ordering::Relaxed);
    }

    /// Notes whether the last call went no further than its arguments.
    #[inline]
    pub(crate) fn refuse(&self, refused: bool) {
        self.refused.store(refused, Ordering::Relaxed);
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn status(&self) -> nipc_client_status_t {
        self.status.read()
    }

    /// The client, unless another thread uses it.
    pub(crate) fn asker(&self) -> Outcome<MutexGuard<'_, Asker>> {
        let mut asker = match self.asker.try_lock() {
            Ok(asker) => asker,
            Err(TryLockError::WouldBlock) => return Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left it somewhere inside a call: it starts over.
                self.asker.clear_poison();
                let mut asker = half_done.into_inner();
                asker.client.close();
                asker
            }
        };
        asker.timeout_ms = self.timeout_ms.load(Ordering::Relaxed);
        Ok(asker)
    }

    /// Makes those who use the client come to an end, and waits for the one who holds it.
    fn quiet(&self) {
        self.abort.raise();
        drop(self.asker.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Asker {
    /// The client, and a wait for a whole call: `timeout_ms` milliseconds, where 0 is the client's own
    /// timeout.
    pub(crate) fn within(&mut self, timeout_ms: u32) -> (&mut AnyClient, Wait<'_>) {
        let given = [timeout_ms, self.timeout_ms, DEFAULT_CALL_TIMEOUT_MS];
        let ms = given.into_iter().find(|ms| *ms > 0).unwrap_or_default();
        let wait = Wait::timeout(Duration::from_millis(ms.into())).or_abort(&self.abort);
        (&mut self.client, wait)
    }

    /// The client, and a wait that only an abort ends.
    pub(crate) fn unlimited(&mut self) -> (&mut AnyClient, Wait<'_>) {
        (&mut self.client, Wait::forever().or_abort(&self.abort))
    }
}

/// The handle of `ctx`.
///
/// # Safety
/// `ctx` is NULL, or points to a context that is zeroed or initialised, and is not initialised anew
/// during `'a`.
#[inline(always)]
pub(crate) unsafe fn handle<'a>(ctx: *const nipc_client_ctx_t) -> Outcome<User<'a, Handle>> {
    if ctx.is_null() || !ctx.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // Not through a reference to the context, whose public fields another thread may be writing.
    // SAFETY: the caller promises a context.
    let storage = unsafe { &raw mut (*ctx.cast_mut()).storage };
    // SAFETY: the caller's promise is that of `enter`.
    unsafe { enter(storage) }
}

/// Runs `call` with the client of `ctx`, and makes its public fields true.
///
/// # Safety
/// As for [`handle`]; and no other thread reads the public fields meanwhile.
#[inline(always)]
pub(crate) unsafe fn with_client<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut Asker) -> T,
) -> Outcome<T> {
    // SAFETY: the caller's promise is that of `handle`.
    let handle = unsafe { handle(ctx) }?;
    let mut settling = Settling {
        asker: handle.asker()?,
        handle: &handle,
        ctx,
    };
    handle.refuse(false);
    Ok(call(&mut settling.asker))
}

/// As [`with_client`], for what may fail as calls do.
///
/// # Safety
/// As for [`with_client`].
#[inline(always)]
pub(crate) unsafe fn call<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut Asker) -> Result<T, CallError>,
) -> Outcome<T> {
    // SAFETY: the caller's promise is that of `with_client`.
    unsafe { with_client(ctx, call) }?.map_err(|error| of_call(&error))
}

/// Frees what is behind `ctx`. What runs in another thread is called off, and waited for.
///
/// # Safety
/// As for [`handle`]; and no other thread reads the public fields meanwhile.
pub(crate) unsafe fn close(ctx: *mut nipc_client_ctx_t) -> Outcome {
    if ctx.is_null() || !ctx.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a context.
    let storage = unsafe { &raw mut (*ctx).storage };
    // SAFETY: the caller's promise is that of `take`.
    let handle = unsafe { take(storage, Handle::quiet) }?;
    let last = nipc_client_status_t {
        state: ClientState::Disconnected.into(),
        ..handle.status()
    };
    // SAFETY: `ctx` had a handle, so that it is a context, and those who used it are gone.
    unsafe { settle(ctx, ptr::null(), None, ClientState::Disconnected) };
    // SAFETY: as above.
    unsafe { (*ctx).last = last };
    Ok(())
}

/// A client in use. When that ends, however it does, the public fields are true.
struct Settling<'a> {
    asker: MutexGuard<'a, Asker>,
    handle: &'a Handle,
    ctx: *mut nipc_client_ctx_t,
}

impl Drop for Settling<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let Asker {
            client, settled, ..
        } = &mut *self.asker;
        // Whoever comes next closes the session that a panic has left.
        let (state, broken) = match thread::panicking() {
            true => (ClientState::Broken, true),
            false => (client.state(), false),
        };
        let counters = client.counters();
        self.handle.status.write(state, counters);
        let now = Some((state, counters.connects, counters.reconnects));
        if *settled != now {
            *settled = now;
            let session = client.session().filter(|_| !broken);
            // SAFETY: `with_client` was promised a context, and the lock keeps other calls away.
            unsafe { settle(self.ctx, self.handle, session, state) };
        }
    }
}

/// Makes the public fields of `ctx` true.
///
/// # Safety
/// `ctx` points to a context whose public fields nobody reads meanwhile.
#[inline(always)]
unsafe fn settle(
    ctx: *mut nipc_client_ctx_t,
    handle: *const Handle,
    session: Option<netipc::SessionStatus>,
    state: ClientState,
) {
    let over_shm = session.is_some_and(|s| s.transport == LinkKind::SharedMemory);
    let shm = match over_shm {
        true => handle.cast_mut().cast(),
        false => ptr::null_mut(),
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
