//! What a client was initialised with, so that one that was closed can connect again.

#![expect(unsafe_code, reason = "contexts of C are read and written here")]

use std::ffi::{CStr, c_char};

use netipc::{ClientConfig, ErrorCode};

use super::config::{EndpointName, nipc_client_config_t};
use super::types::nipc_client_ctx_t;
use crate::abort_flag::AbortFlag;
use crate::border::{shared, string};
use crate::error::CodeResult;
use crate::sync::{AtomicU32, Ordering};

/// Private: what a client was initialised with. Do not touch it.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_client_origin_t {
    /// Private: do not touch.
    pub config: nipc_client_config_t,
    /// Private: do not touch.
    pub names_len: u32,
    /// Private: do not touch.
    pub call_timeout_ms: u32,
    /// Private: do not touch.
    pub aborted: u32,
    /// Private: do not touch.
    pub names: [u8; 516],
}

/// `names_len` where the names are too long to be kept. No socket of Linux has such a name.
const TOO_LONG: u32 = u32::MAX;

impl nipc_client_origin_t {
    /// Of a client that was never initialised: as zeroed memory is.
    pub(crate) const EMPTY: Self = Self {
        config: nipc_client_config_t::ZERO,
        names_len: 0,
        call_timeout_ms: 0,
        aborted: 0,
        names: [0; 516],
    };

    /// Keeps what a client is initialised with.
    ///
    /// # Safety
    /// As for [`string`], and for [`shared`] unless `config` is NULL.
    pub(crate) unsafe fn new(
        run_dir: *const c_char,
        service: *const c_char,
        config: *const nipc_client_config_t,
    ) -> CodeResult<Self> {
        let mut origin = Self::EMPTY;
        if !config.is_null() {
            // SAFETY: the caller promises a configuration.
            origin.config = *unsafe { shared(config) }?;
            origin.call_timeout_ms = origin.config.call_timeout_ms;
        }
        // SAFETY: the caller promises strings.
        let run_dir = unsafe { string(run_dir) }?.to_bytes_with_nul();
        // SAFETY: the caller promises strings.
        let service = unsafe { string(service) }?.to_bytes_with_nul();
        let names = [run_dir, service].concat();
        origin.names_len = TOO_LONG;
        if let Some(kept) = origin.names.get_mut(..names.len()) {
            kept.copy_from_slice(&names);
            origin.names_len = u32::try_from(names.len()).unwrap_or(TOO_LONG);
        }
        Ok(origin)
    }
}

/// What a client was initialised with. Timeout and abort are for any thread at any time; the rest
/// does not change.
pub(crate) struct Origin<'a> {
    config: &'a nipc_client_config_t,
    names: Option<&'a [u8]>,
    call_timeout_ms: &'a AtomicU32,
    aborted: &'a AtomicU32,
}

impl<'a> Origin<'a> {
    /// What `ctx` was initialised with; `NOT_READY` where it was not.
    ///
    /// # Safety
    /// `ctx` is NULL, or points to a context that is zeroed or initialised, there for `'a`, and not
    /// initialised anew during it.
    #[inline]
    pub(crate) unsafe fn of(ctx: *const nipc_client_ctx_t) -> CodeResult<Self> {
        if ctx.is_null() || !ctx.is_aligned() {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        // No reference to all of it: another thread may be writing the atomic fields.
        // SAFETY: the caller promises a context.
        let origin = unsafe { &raw mut (*ctx.cast_mut()).origin };
        // SAFETY: as above, here and below; only `nipc_client_init` writes it.
        let names_len = unsafe { (*origin).names_len };
        if names_len == 0 {
            return Err(ErrorCode::NOT_READY);
        }
        // SAFETY: as above.
        let names: &'a [u8; 516] = unsafe { &(*origin).names };
        // SAFETY: as above.
        let config = unsafe { &(*origin).config };
        // SAFETY: as above.
        let call_timeout_ms = unsafe { &raw mut (*origin).call_timeout_ms };
        // SAFETY: as above.
        let aborted = unsafe { &raw mut (*origin).aborted };
        // SAFETY: as above; once it is initialised, only this function looks at it.
        let call_timeout_ms = unsafe { AtomicU32::from_ptr(call_timeout_ms) };
        // SAFETY: as above.
        let aborted = unsafe { AtomicU32::from_ptr(aborted) };
        Ok(Self {
            config,
            names: names.get(..names_len as usize),
            call_timeout_ms,
            aborted,
        })
    }

    /// The endpoint; `None` where its name was too long to be kept.
    pub(crate) fn endpoint(&self) -> Option<EndpointName<'a>> {
        let run_dir = CStr::from_bytes_until_nul(self.names?).ok()?;
        let service = self.names?.get(run_dir.count_bytes() + 1..)?;
        let service = CStr::from_bytes_until_nul(service).ok()?;
        Some(EndpointName::of(run_dir, service))
    }

    pub(crate) fn config(&self) -> ClientConfig {
        (*self.config).into()
    }

    /// What the next call may take, in milliseconds. Relaxed: no other memory goes with it.
    #[inline]
    pub(crate) fn call_timeout_ms(&self) -> u32 {
        self.call_timeout_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn set_call_timeout_ms(&self, timeout_ms: u32) {
        self.call_timeout_ms.store(timeout_ms, Ordering::Relaxed);
    }

    /// Whether calls are aborted.
    pub(crate) const fn abort_flag(&self) -> AbortFlag<'a> {
        AbortFlag::new(self.aborted)
    }
}
