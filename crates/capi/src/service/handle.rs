//! What is behind a `nipc_client_ctx_t`.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::{mem, ptr};

use netipc::service::increment::IncrementClient;
use netipc::transport::link::LinkKind;
use netipc::{AbortHandle, CallError, ClientConfig, ErrorCode};

use super::config::Place;
use super::types::{nipc_client_ctx_t, nipc_client_session_t, nipc_client_status_t};
use crate::border::shared;
use crate::error::{Outcome, of_call};

/// A client that speaks to every service, through `ask_as` and `lookup_as`. Batches and pipelines
/// exist for its own service only.
pub(crate) type AnyClient = IncrementClient;

/// A client and what other threads may reach of it.
///
/// The lock is never waited for but to close: a second thread that uses the context is told that it
/// is busy.
pub(crate) struct Handle {
    client: Mutex<AnyClient>,
    abort: AbortHandle,
    timeout_ms: AtomicU32,
}

impl Handle {
    /// A handle that a context keeps until [`close`].
    pub(crate) fn leak(place: &Place<'_>, config: ClientConfig) -> *mut c_void {
        let timeout_ms = AtomicU32::new(config.call_timeout_ms);
        let client = AnyClient::new(place.run_dir, &place.service, config);
        let handle = Self {
            abort: client.abort_handle(),
            client: Mutex::new(client),
            timeout_ms,
        };
        Box::into_raw(Box::new(handle)).cast()
    }

    pub(crate) const fn abort(&self) -> &AbortHandle {
        &self.abort
    }

    /// Sets what the next call may take. Relaxed: no other memory goes with it.
    pub(crate) fn set_timeout(&self, timeout_ms: u32) {
        self.timeout_ms.store(timeout_ms, Ordering::Relaxed);
    }

    /// The client, unless another thread uses it.
    pub(crate) fn client(&self) -> Outcome<MutexGuard<'_, AnyClient>> {
        match self.client.try_lock() {
            Ok(mut client) => {
                client.set_call_timeout(self.timeout_ms.load(Ordering::Relaxed));
                Ok(client)
            }
            Err(TryLockError::WouldBlock) => Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left it somewhere inside a call: it starts over.
                self.client.clear_poison();
                let mut client = half_done.into_inner();
                client.close();
                Ok(client)
            }
        }
    }
}

/// The handle of `ctx`.
///
/// # Safety
/// `ctx` is NULL, or points to a context that is zeroed or initialised, and is not closed during
/// `'a`.
#[inline(always)]
pub(crate) unsafe fn handle<'a>(ctx: *const nipc_client_ctx_t) -> Outcome<&'a Handle> {
    if ctx.is_null() || !ctx.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // Not through a reference to the context, whose public fields another thread may be writing.
    // SAFETY: the caller promises a context, and nothing but init and close writes to this field.
    let handle = unsafe { (*ctx).handle };
    // SAFETY: it is NULL or from `Handle::leak`, and the caller promises that nobody closes it.
    unsafe { shared(handle.cast::<Handle>().cast_const()) }.or(Err(ErrorCode::NOT_READY))
}

/// Runs `call` with the client of `ctx`, and makes its public fields true.
///
/// # Safety
/// As for [`handle`]; and no other thread reads the public fields meanwhile.
#[inline(always)]
pub(crate) unsafe fn with_client<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut AnyClient) -> T,
) -> Outcome<T> {
    // SAFETY: the caller's promise is that of `handle`.
    let handle = unsafe { handle(ctx) }?;
    let mut client = handle.client()?;
    let done = call(&mut client);
    // SAFETY: `ctx` has a handle, so that it is a context; the lock keeps other threads' calls away.
    unsafe { settle(ctx, handle, &client) };
    Ok(done)
}

/// As [`with_client`], for what may fail as calls do.
///
/// # Safety
/// As for [`with_client`].
#[inline(always)]
pub(crate) unsafe fn call<T>(
    ctx: *mut nipc_client_ctx_t,
    call: impl FnOnce(&mut AnyClient) -> Result<T, CallError>,
) -> Outcome<T> {
    // SAFETY: the caller's promise is that of `with_client`.
    unsafe { with_client(ctx, call) }?.map_err(|error| of_call(&error))
}

/// Frees what is behind `ctx`. What runs in another thread is called off, and waited for.
///
/// # Safety
/// As for [`with_client`]; and nobody uses the handle any more but the call that is waited for.
pub(crate) unsafe fn close(ctx: *mut nipc_client_ctx_t) -> Outcome {
    // SAFETY: the caller's promise is that of `handle`.
    let client = unsafe { handle(ctx) }?;
    client.abort.abort();
    let last = {
        let client = client
            .client
            .lock()
            .unwrap_or_else(|half_done| half_done.into_inner());
        nipc_client_status_t::new(netipc::ClientState::Disconnected, client.counters())
    };
    // SAFETY: `ctx` has a handle, so that it is a context, and nobody else uses it.
    let ctx = unsafe { &mut *ctx };
    let closed = mem::replace(ctx, nipc_client_ctx_t::closed(last));
    // SAFETY: it is from `Handle::leak`, and taken out of its only place.
    drop(unsafe { Box::from_raw(closed.handle.cast::<Handle>()) });
    Ok(())
}

/// Makes the public fields of `ctx` true.
///
/// # Safety
/// `ctx` points to a context whose public fields nobody reads meanwhile.
#[inline(always)]
unsafe fn settle(ctx: *mut nipc_client_ctx_t, handle: &Handle, client: &AnyClient) {
    let session = client.session();
    let over_shm = session.is_some_and(|s| s.transport == LinkKind::SharedMemory);
    let shm = match over_shm {
        true => ptr::from_ref(handle).cast_mut().cast(),
        false => ptr::null_mut(),
    };
    let public = session.map_or_else(nipc_client_session_t::default, |session| {
        nipc_client_session_t {
            selected_profile: session.profile.0,
            session_id: session.session_id,
        }
    });
    // Field by field: another thread may be reading the handle, to abort.
    // SAFETY: the caller promises the context, here and below.
    unsafe { (*ctx).state = client.state().into() };
    // SAFETY: as above.
    unsafe { (*ctx).session_valid = session.is_some() };
    // SAFETY: as above.
    unsafe { (*ctx).session = public };
    // SAFETY: as above.
    unsafe { (*ctx).shm = shm };
}
