//! The life of an enricher: rounds, statistics, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use netipc::enricher::{AnyEnricher, AnyEnricherReader, EnrichedFormat};
use netipc::{AbortHandle, ClientConfig, ErrorCode};

use super::enricher_format::{described, nipc_any_enriched_t};
use super::enricher_types::{nipc_enricher_config_t, nipc_enricher_stats_t, nipc_enricher_step_t};
use crate::border::{catch, catch_code, copy_text, put, shared, zero};
use crate::calling::{calling, is_called_for};
use crate::error::{CodeResult, nipc_error_t};
use crate::service::config::{EndpointName, config as configured, nipc_client_config_t};
use crate::service::storage::{self, Context, enter, nipc_storage_t, open};

/// A client of a lookup, and what it answered. It lives where the caller wants, zeroed or not before its
/// init, and must not be copied or moved afterwards. One thread steps or runs it; any thread reads it,
/// pins keys, or aborts it.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_enricher_t {
    /// Private.
    pub storage: nipc_storage_t,
}

/// The kinds whose keys and items C has types for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Typed {
    Cgroups,
    Apps,
    Any,
}

/// What is behind a `nipc_enricher_t`.
pub(crate) struct EnricherHandle {
    enricher: Mutex<AnyEnricher>,
    pub(super) reader: AnyEnricherReader,
    pub(super) kind: Typed,
    abort: AbortHandle,
    service: String,
}

impl EnricherHandle {
    /// The enricher, unless another thread steps or runs it.
    fn lock(&self) -> CodeResult<MutexGuard<'_, AnyEnricher>> {
        match self.enricher.try_lock() {
            Ok(enricher) => Ok(enricher),
            Err(TryLockError::WouldBlock) => Err(ErrorCode::BUSY),
            Err(TryLockError::Poisoned(half_done)) => {
                // A panic has left the client somewhere inside a call: what comes next finds that the
                // answer is not its own, and connects anew.
                self.enricher.clear_poison();
                Ok(half_done.into_inner())
            }
        }
    }

    /// Has keys asked now: by this thread, or by the one that runs the enricher.
    pub(super) fn refresh_now(&self, keys: &[&[u8]], timeout_ms: u32) -> usize {
        let timeout = Duration::from_millis(timeout_ms.into());
        match self.lock() {
            Ok(mut enricher) => enricher.refresh_now(keys, timeout),
            Err(_) => self.reader.refresh_now(keys, timeout),
        }
    }
}

impl Context for nipc_enricher_t {
    type Handle = EnricherHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises an enricher.
        unsafe { &raw mut (*context).storage }
    }
}

/// As nipc_enricher_init_cgroups, for a lookup that the library does not know.
///
/// \param enriched  what keys and items are; every function of its lookup is needed. It is copied
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_init_any(
    enricher: *mut nipc_enricher_t,
    run_dir: *const c_char,
    service: *const c_char,
    client: *const nipc_client_config_t,
    config: *const nipc_enricher_config_t,
    enriched: *const nipc_any_enriched_t,
) {
    // SAFETY: C promises a description.
    let format = || described(unsafe { shared(enriched) }?);
    // SAFETY: C promises what `init` asks for.
    catch_code(|| unsafe {
        init(
            enricher,
            run_dir,
            service,
            client,
            config,
            Typed::Any,
            format,
        )
    });
}

/// One round: connects where needed, asks for what waits, and shows the answers to readers, until nothing is
/// left or the budget is over. A call that the budget cuts short costs its session, as any timeout does.
///
/// \param budget_ms  milliseconds that all of it may take
/// \param out        what it did; may be NULL
/// \return NIPC_OK, also where there is no provider; NIPC_ERR_BUSY while another thread steps or runs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_step(
    enricher: *mut nipc_enricher_t,
    budget_ms: u32,
    out: *mut nipc_enricher_step_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises an enricher.
        let handle = unsafe { enter(enricher) }?;
        let mut owned = handle.lock()?;
        let step = calling(enricher, || {
            owned.step(Duration::from_millis(budget_ms.into()))
        });
        drop(owned);
        let step = step.into();
        if out.is_null() {
            return Ok(());
        }
        // SAFETY: C promises room for it.
        unsafe { put(out, step) }
    })
}

/// Rounds until aborted or closed, for a thread of the caller's. Sleeps while nothing is to be asked, and then
/// costs nothing.
///
/// \return NIPC_ERR_ABORTED; NIPC_ERR_BUSY while another thread steps or runs it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_run(enricher: *mut nipc_enricher_t) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises an enricher.
        let handle = unsafe { enter(enricher) }?;
        let mut owned = handle.lock()?;
        calling(enricher, || owned.run());
        drop(owned);
        Err(ErrorCode::ABORTED)
    })
}

/// Aborts a round, and all that follow until nipc_enricher_clear_abort; nipc_enricher_run returns. For any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_abort(enricher: *mut nipc_enricher_t) {
    catch((), || {
        // SAFETY: C promises an enricher.
        if let Ok(handle) = unsafe { enter(enricher) } {
            handle.abort.abort();
        }
    });
}

/// Lets the enricher ask again. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_clear_abort(enricher: *mut nipc_enricher_t) {
    catch((), || {
        // SAFETY: C promises an enricher.
        if let Ok(handle) = unsafe { enter(enricher) } {
            handle.abort.clear();
        }
    });
}

/// Tells what the enricher has done and holds. Waits for nothing.
///
/// \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY for one that is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_stats(
    enricher: *const nipc_enricher_t,
    out: *mut nipc_enricher_stats_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises an enricher.
        let stats = unsafe { enter(enricher) }?.reader.stats();
        // SAFETY: C promises room.
        unsafe { put(out, stats.into()) }
    })
}

/// The statistics in the text format of Prometheus. Copies as much as fits, with a NUL, like snprintf.
///
/// \return the length of the whole text, without NUL; 0 for an enricher that is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_prometheus(
    enricher: *const nipc_enricher_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch(0, || {
        // SAFETY: C promises an enricher.
        let text = unsafe { enter(enricher) }.map_or_else(
            |_| String::new(),
            |handle| handle.reader.stats().prometheus(&handle.service),
        );
        // SAFETY: C promises the buffer.
        unsafe { copy_text(&text, buf, buf_len) }
    })
}

/// Why the last call or connection that failed did. It stays after a success. Copies as much as fits, with a
/// NUL, like snprintf.
///
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_last_error(
    enricher: *const nipc_enricher_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch(0, || {
        // SAFETY: C promises an enricher.
        let text = match unsafe { enter(enricher) } {
            Ok(handle) => handle.reader.last_error().unwrap_or_default(),
            Err(_) => "the enricher is not initialised: it needs a run_dir, a service, and \
                       what is asked"
                .to_owned(),
        };
        // SAFETY: C promises the buffer.
        unsafe { copy_text(&text, buf, buf_len) }
    })
}

/// Frees everything but what guards still pin. A round in another thread is aborted, in whatever phase it is,
/// and waited for. Closing twice, or a zeroed enricher, does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_close(enricher: *mut nipc_enricher_t) {
    let close = || {
        // SAFETY: C promises an enricher.
        let closing = unsafe { storage::close(enricher) }?;
        closing.abort.abort();
        if !is_called_for(enricher) {
            drop(closing.wait());
        }
        Ok(())
    };
    catch_code(close);
}

/// # Safety
/// What the header says of an init.
pub(super) unsafe fn init(
    enricher: *mut nipc_enricher_t,
    run_dir: *const c_char,
    service: *const c_char,
    client: *const nipc_client_config_t,
    config: *const nipc_enricher_config_t,
    kind: Typed,
    format: impl FnOnce() -> CodeResult<Box<dyn EnrichedFormat>>,
) -> CodeResult {
    let closed = nipc_enricher_t {
        storage: nipc_storage_t::EMPTY,
    };
    // SAFETY: C promises room for an enricher.
    unsafe { put(enricher, closed) }?;
    // SAFETY: C promises strings.
    let endpoint = unsafe { EndpointName::new(run_dir, service) }?;
    // SAFETY: C promises a configuration.
    let client: ClientConfig = unsafe { configured(client) }?;
    let config = if config.is_null() {
        nipc_enricher_config_t::default()
    } else {
        // SAFETY: C promises a configuration.
        *unsafe { shared(config) }?
    };
    let (run_dir, service) = (&*endpoint.run_dir, &endpoint.service);
    let made = AnyEnricher::new(run_dir, service, &client, &config.into(), format()?);
    let handle = EnricherHandle {
        reader: made.reader(),
        abort: made.abort_handle(),
        enricher: Mutex::new(made),
        kind,
        service: service.to_string(),
    };
    // SAFETY: it was initialised just now, as closed.
    unsafe { open(enricher, handle) }
}
