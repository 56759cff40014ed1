//! A cache's life: refresh, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::c_char;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::{ArcSwapOption, Guard};
use netipc::cache::CacheReader;
use netipc::service::cgroups_snapshot::{CgroupsCache, CgroupsSnapshot};
use netipc::transport::monotonic;
use netipc::{AbortHandle, ClientConfig, ErrorCode};

use super::config::{EndpointName, call_timeout, config as configured, nipc_client_config_t};
use super::published::Published;
use super::storage::{self, Context, enter, nipc_storage_t, open, peek};
use super::types::{nipc_client_state_t, nipc_transport_info_t};
use super::views::Views;
use crate::border::{catch, catch_code, copy_text, put, zero};
use crate::error::{CodeResult, nipc_error_t};

const NEVER_INITIALISED: &str =
    "the cache is not initialised: nipc_cgroups_cache_init needs a run_dir and a service";

/// A client of a cgroups-snapshot endpoint and the last good answer. It lives where the caller wants,
/// zeroed or not before nipc_cgroups_cache_init, and must not be copied or moved afterwards. Any
/// thread may read it, abort it, or refresh it; refreshes wait for one another, and nothing else
/// waits for them.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_cgroups_cache_t {
    /// Items of the last good answer, duplicates included; to read, by the thread that refreshes.
    /// nipc_cgroups_cache_status tells it to other threads.
    pub item_count: u32,
    /// Private.
    pub storage: nipc_storage_t,
    /// Private: the counters of a cache that was closed.
    pub published: [u64; 3],
}

/// What a cache holds, and how its refreshes went.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct nipc_cgroups_cache_status_t {
    /// Whether some refresh succeeded. A snapshot without items populates a cache, too.
    pub populated: bool,
    /// Items, duplicates included.
    pub item_count: u32,
    /// Whether systemd runs the host, as the provider says.
    pub systemd_enabled: u32,
    /// The generation of the data.
    pub generation: u64,
    /// Refreshes that succeeded.
    pub refresh_success_count: u32,
    /// Refreshes that failed.
    pub refresh_failure_count: u32,
    /// Where the client stood after the last refresh.
    pub connection_state: nipc_client_state_t,
    /// When a refresh succeeded last, in milliseconds of the monotonic clock; 0 is never.
    pub last_refresh_ts: u64,
    /// How long ago that was, in milliseconds; 0 where it never happened.
    pub age_ms: u64,
    /// Bytes that the cache holds.
    pub bytes: u64,
    /// Items that another one before them hides.
    pub duplicates: u32,
}

/// What is left of a cache that was closed: refreshes that succeeded and failed, and when one
/// succeeded last.
type Counts = [u64; 3];

/// What is behind a `nipc_cgroups_cache_t`.
pub(crate) struct CacheHandle {
    cache: Mutex<CgroupsCache>,
    reader: CacheReader<CgroupsSnapshot>,
    views: ArcSwapOption<Views>,
    abort: AbortHandle,
    timeout_ms: AtomicU32,
}

impl CacheHandle {
    /// What can be read at this moment.
    #[inline]
    pub(crate) fn views(&self) -> Guard<Option<Arc<Views>>> {
        self.views.load()
    }

    fn new(endpoint: &EndpointName<'_>, config: ClientConfig) -> Self {
        let timeout_ms = AtomicU32::new(config.call_timeout_ms);
        let cache = CgroupsCache::new(&*endpoint.run_dir, &endpoint.service, config);
        Self {
            reader: cache.reader(),
            abort: cache.abort_handle(),
            cache: Mutex::new(cache),
            views: ArcSwapOption::empty(),
            timeout_ms,
        }
    }

    /// Asks once. Where there is an answer, `show` gets the number of its items.
    fn refresh(&self, show: impl FnOnce(u32)) -> bool {
        let mut cache = self.lock();
        // Relaxed: no other memory goes with it.
        let timeout = call_timeout(self.timeout_ms.load(Ordering::Relaxed));
        let refreshed = cache.refresh_within(timeout);
        if refreshed {
            let views = Views::new(self.reader.read().into_owned());
            show(views.len());
            self.views.store(Some(Arc::new(views)));
        }
        refreshed
    }

    fn lock(&self) -> MutexGuard<'_, CgroupsCache> {
        self.cache.lock().unwrap_or_else(|half_done| {
            // A panic has left the client somewhere inside a call: what comes next finds that the
            // answer is not its own, and connects anew. What was published stays.
            self.cache.clear_poison();
            half_done.into_inner()
        })
    }

    fn status(&self) -> nipc_cgroups_cache_status_t {
        let (status, answer) = (self.reader.status(), self.reader.read());
        let views = self.views();
        nipc_cgroups_cache_status_t {
            populated: views.is_some(),
            item_count: views.as_deref().map_or(0, Views::len),
            systemd_enabled: answer.systemd_enabled(),
            generation: status.generation,
            connection_state: status.connection_state.into(),
            bytes: (status.bytes + views.as_deref().map_or(0, Views::bytes)) as u64,
            duplicates: status.duplicates,
            ..nipc_cgroups_cache_status_t::closed(self.counts())
        }
    }

    fn counts(&self) -> Counts {
        let status = self.reader.status();
        [
            status.refresh_success_count,
            status.refresh_failure_count,
            status.last_refresh_ts,
        ]
    }
}

impl nipc_cgroups_cache_status_t {
    /// The status of a cache that holds nothing.
    fn closed([successes, failures, last_success]: Counts) -> Self {
        let cap = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let now = u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX);
        let age = now.saturating_sub(last_success);
        Self {
            refresh_success_count: cap(successes),
            refresh_failure_count: cap(failures),
            last_refresh_ts: last_success,
            age_ms: if last_success == 0 { 0 } else { age },
            ..Self::default()
        }
    }
}

impl nipc_cgroups_cache_t {
    /// A cache that was never initialised: as zeroed memory is.
    const EMPTY: Self = Self {
        item_count: 0,
        storage: nipc_storage_t::EMPTY,
        published: [0; 3],
    };
}

impl Context for nipc_cgroups_cache_t {
    type Handle = CacheHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a cache.
        unsafe { &raw mut (*context).storage }
    }
}

/// Makes a cache of the service at run_dir/service.sock. Connects to nothing.
///
/// Nothing is kept of the arguments. A cache that was used before must have been closed.
///
/// \param cache    where the cache will be; need not be initialised
/// \param run_dir  the directory of the endpoints
/// \param service  the name of the service
/// \param config   how to connect and call; NULL is a zeroed one
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_init(
    cache: *mut nipc_cgroups_cache_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_client_config_t,
) {
    let init = || {
        // SAFETY: C promises room for a cache.
        unsafe { put(cache, nipc_cgroups_cache_t::EMPTY) }?;
        // SAFETY: C promises strings.
        let endpoint = unsafe { EndpointName::new(run_dir, service) }?;
        // SAFETY: C promises a configuration.
        let config: ClientConfig = unsafe { configured(config) }?;
        // SAFETY: it was initialised just now, as closed.
        unsafe { open(cache, CacheHandle::new(&endpoint, config)) }
    };
    // What fails leaves a closed cache, and every function says so.
    catch_code(init);
}

/// Connects where needed, asks once, and publishes the answer in one step. Call it at your own pace;
/// all input and output happens here. A failure of any kind keeps what is there.
///
/// \return whether there is a new answer; nipc_cgroups_cache_last_error says why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_refresh(cache: *mut nipc_cgroups_cache_t) -> bool {
    catch(false, || {
        // SAFETY: C promises a cache.
        let Ok(handle) = (unsafe { enter(cache) }) else {
            return false;
        };
        // SAFETY: it was entered, so that it is a cache.
        handle.refresh(|items| unsafe { show(cache, items) })
    })
}

/// Whether some refresh succeeded. No input or output, no lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_ready(cache: *const nipc_cgroups_cache_t) -> bool {
    catch(false, || {
        // SAFETY: C promises a cache.
        unsafe { peek(cache) }.is_ok_and(|cache| cache.views().is_some())
    })
}

/// Tells what the cache holds, and how its refreshes went. Waits for nothing. Counters stay when the
/// cache is closed, until it is initialised again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_status(
    cache: *mut nipc_cgroups_cache_t,
    out: *mut nipc_cgroups_cache_status_t,
) {
    let tell = || {
        // SAFETY: C promises room for a status.
        unsafe { zero(out) }?;
        // SAFETY: C promises a cache.
        let status = match unsafe { enter(cache) } {
            Ok(handle) => handle.status(),
            // SAFETY: C promises a cache, or NULL.
            Err(_) => nipc_cgroups_cache_status_t::closed(unsafe { published(cache) }?.read()),
        };
        // SAFETY: C promises room for a status.
        unsafe { put(out, status) }
    };
    catch_code(tell);
}

/// Why the last refresh that failed did, with the endpoint and the cause. It stays after a success.
/// Copies as much as fits, with a NUL, like snprintf.
///
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_last_error(
    cache: *mut nipc_cgroups_cache_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch(0, || {
        // SAFETY: C promises a cache.
        let text = match unsafe { enter(cache) } {
            Ok(handle) => handle.reader.status().last_error.unwrap_or_default(),
            Err(_) => NEVER_INITIALISED.to_owned(),
        };
        // SAFETY: C promises the buffer.
        unsafe { copy_text(&text, buf, buf_len) }
    })
}

/// Tells what carries the cache's session, who is at its other end, and what was agreed.
///
/// \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY without a session, and NIPC_ERR_BUSY while
///         the cache is being refreshed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_transport(
    cache: *mut nipc_cgroups_cache_t,
    out: *mut nipc_transport_info_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises a cache.
        let handle = unsafe { enter(cache) }?;
        let cache = handle.cache.try_lock().or(Err(ErrorCode::BUSY))?;
        let session = cache.client_status().session;
        // SAFETY: C promises room.
        unsafe { put(out, session.ok_or(ErrorCode::NOT_READY)?.into()) }
    })
}

/// Sets how long a whole refresh may take, in milliseconds, from the next one on; 0 is 30000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_set_call_timeout(
    cache: *mut nipc_cgroups_cache_t,
    timeout_ms: u32,
) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.timeout_ms.store(timeout_ms, Ordering::Relaxed);
        }
    });
}

/// Aborts a refresh, and all that follow until nipc_cgroups_cache_clear_abort. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_abort(cache: *mut nipc_cgroups_cache_t) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.abort.abort();
        }
    });
}

/// Lets the cache be refreshed again. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_clear_abort(cache: *mut nipc_cgroups_cache_t) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.abort.clear();
        }
    });
}

/// Frees everything but what guards still pin. Refreshes in other threads are aborted and waited
/// for; nobody may be locking a guard or looking up meanwhile. Closing twice, or a zeroed cache, does
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_close(cache: *mut nipc_cgroups_cache_t) {
    let close = || {
        // SAFETY: C promises a cache.
        let closing = unsafe { storage::close(cache) }?;
        closing.abort.abort();
        let counts = closing.wait().counts();
        // SAFETY: C promises a cache.
        unsafe { published(cache) }?.write(counts);
        // SAFETY: it was open, so that it is a cache.
        unsafe { show(cache, 0) };
        Ok(())
    };
    catch_code(close);
}

/// Writes the public field of `cache`, which another thread may be doing, too.
///
/// # Safety
/// `cache` points to one.
unsafe fn show(cache: *mut nipc_cgroups_cache_t, item_count: u32) {
    // SAFETY: the caller promises a cache.
    let shown = unsafe { &raw mut (*cache).item_count };
    // SAFETY: as above; only this function writes it. Relaxed: no other memory goes with it.
    unsafe { AtomicU32::from_ptr(shown) }.store(item_count, Ordering::Relaxed);
}

/// What is left of `cache` when it is closed, which any thread may read at any time.
///
/// # Safety
/// As for [`enter`].
unsafe fn published<'a>(cache: *const nipc_cgroups_cache_t) -> CodeResult<Published<'a, 3>> {
    if cache.is_null() || !cache.is_aligned() {
        return Err(ErrorCode::INVALID_ARGUMENT);
    }
    // SAFETY: the caller promises a cache.
    let numbers = unsafe { &raw mut (*cache.cast_mut()).published };
    // SAFETY: as above; they are used through this function only.
    Ok(unsafe { Published::new(numbers) })
}
