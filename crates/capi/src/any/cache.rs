//! The life of a cache of a service that the library does not know: refresh, watch, abort, close.

#![expect(unsafe_code, reason = "the functions of the header take pointers")]

use std::ffi::{c_char, c_void};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwapOption;
use netipc::transport::{Abort, Wait, monotonic};
use netipc::untyped::AnyClient;
use netipc::wire::MethodCode;
use netipc::{ClientConfig, ClientState, ErrorCode, chain};

use super::cache_table::{Items, MAX_PARTS, Table};
use super::calls::{Check, nipc_any_check_fn};
use super::types::nipc_bytes_view_t;
use crate::border::{catch, catch_code, copy_text, put, shared, zero};
use crate::calling::{calling, is_called_for};
use crate::error::{CodeResult, nipc_error_t};
use crate::service::config::nipc_client_config_t;
use crate::service::config::{EndpointName, call_timeout, config as configured};
use crate::service::storage::{self, Context, enter, nipc_storage_t, open, peek};
use crate::service::types::nipc_client_state_t;

const OF_ITSELF: &str = "a function that a refresh has called refreshes the same cache";
const NEVER_INITIALISED: &str =
    "the cache is not initialised: it needs a run_dir, a service, and what is cached";

/// What a cache has to know of a service that answers with everything. Its functions are called in any
/// thread that refreshes or reads, in several at once, and must return, as a nipc_any_check_fn. In a refresh, they
/// may read and close the cache, whose refresh frees it when it ends; another refresh of it fails.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_cached_t {
    /// The number of the method.
    pub method: u16,
    /// The parts of a key, at most 16.
    pub key_parts: u16,
    /// The payload of the request, which is copied.
    pub request: nipc_bytes_view_t,
    /// Bytes of a reply in front of the directory of its items: entries of 8 bytes, the offset of an
    /// item behind the directory and its length. The number of items stands at byte 4, in 4 bytes.
    pub header_len: usize,
    /// Says whether a reply is one, but for its items.
    pub check: nipc_any_check_fn,
    /// Says whether an item is one. One that is not has the whole reply refused.
    pub check_item: nipc_any_check_fn,
    /// Tells the parts of the key of an item that has passed its check: views of bytes in it.
    pub key: Option<
        unsafe extern "C" fn(
            user: *mut c_void,
            item: nipc_bytes_view_t,
            parts: *mut nipc_bytes_view_t,
        ),
    >,
    /// The first argument of the functions.
    pub user: *mut c_void,
}

/// A client and the last good answer. It lives where the caller wants, zeroed or not before
/// nipc_any_cache_init, and must not be copied or moved afterwards. Any thread may read it, abort it, or
/// refresh it; refreshes wait for one another, and nothing else waits for them.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_any_cache_t {
    /// Private.
    pub storage: nipc_storage_t,
}

/// What a cache holds, and how its refreshes went.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_any_cache_status_t {
    /// Whether some refresh succeeded. An answer without items populates a cache, too.
    pub populated: bool,
    /// Items, duplicates included.
    pub item_count: u32,
    /// Items that another one before them hides.
    pub duplicates: u32,
    /// Where the client stood after the last refresh.
    pub connection_state: nipc_client_state_t,
    /// Refreshes that succeeded.
    pub refresh_success_count: u64,
    /// Refreshes that failed.
    pub refresh_failure_count: u64,
    /// When a refresh succeeded last, in milliseconds of the monotonic clock; 0 is never.
    pub last_refresh_ts: u64,
    /// How long ago that was, in milliseconds; 0 where it never happened.
    pub age_ms: u64,
    /// Bytes that the cache holds.
    pub bytes: u64,
}

/// An answer, with how its items are found.
pub(crate) struct Published {
    pub(super) table: Table,
    pub(super) items: Arc<Items>,
}

/// What is behind a `nipc_any_cache_t`. Each number is read for itself: relaxed is enough.
pub(crate) struct AnyCacheHandle {
    client: Mutex<AnyClient>,
    endpoint: String,
    method: MethodCode,
    request: Box<[u8]>,
    check: Check,
    items: Arc<Items>,
    pub(super) published: ArcSwapOption<Published>,
    last_error: ArcSwapOption<String>,
    abort: Abort,
    timeout_ms: AtomicU32,
    state: AtomicU8,
    successes: AtomicU64,
    failures: AtomicU64,
    last_success: AtomicU64,
}

// SAFETY: what is not fit for other threads by itself is the user's pointer, which is only handed to
// functions that the header asks to be fit for any thread.
unsafe impl Send for AnyCacheHandle {}
// SAFETY: as above; several threads at once are asked for, too.
unsafe impl Sync for AnyCacheHandle {}
// SAFETY: as above.
unsafe impl Send for Items {}
// SAFETY: as above.
unsafe impl Sync for Items {}

impl AnyCacheHandle {
    /// # Safety
    /// The bytes of the request are there.
    unsafe fn new(
        endpoint: &EndpointName<'_>,
        config: &ClientConfig,
        cached: &nipc_any_cached_t,
    ) -> CodeResult<Self> {
        let key_parts = usize::from(cached.key_parts);
        let missing = cached.check_item.is_none() || !(1..=MAX_PARTS).contains(&key_parts);
        let key = cached.key.filter(|_| !missing);
        let check = |check| Check {
            check,
            user: cached.user,
        };
        // SAFETY: the caller's promise.
        let request = unsafe { cached.request.get() }?;
        Ok(Self {
            client: Mutex::new(AnyClient::new(
                &*endpoint.run_dir,
                &endpoint.service,
                config,
            )),
            endpoint: endpoint.service.to_string(),
            method: MethodCode(cached.method),
            request: request.into(),
            check: check(cached.check),
            items: Arc::new(Items {
                header_len: cached.header_len,
                check: check(cached.check_item),
                key: key.ok_or(ErrorCode::INVALID_ARGUMENT)?,
                key_parts,
            }),
            published: ArcSwapOption::empty(),
            last_error: ArcSwapOption::empty(),
            abort: Abort::new(),
            timeout_ms: AtomicU32::new(config.call_timeout_ms),
            state: AtomicU8::new(ClientState::Disconnected as u8),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            last_success: AtomicU64::new(0),
        })
    }

    fn refresh(&self) -> bool {
        let mut client = self.lock();
        let timeout = call_timeout(self.timeout_ms.load(Ordering::Relaxed));
        let wait = Wait::timeout(timeout).or_abort(&self.abort);
        let fetched = self.fetch(&mut client, &wait);
        let status = client.status();
        self.state.store(status.state as u8, Ordering::Relaxed);
        match fetched {
            Ok(table) => {
                let items = Arc::clone(&self.items);
                self.published
                    .store(Some(Arc::new(Published { table, items })));
                self.successes.fetch_add(1, Ordering::Relaxed);
                self.last_success.store(now().max(1), Ordering::Relaxed);
                true
            }
            Err(why) => {
                // A client that is not connected says why it is not.
                let unready = status.state != ClientState::Ready;
                let why = status.last_error.filter(|_| unready).unwrap_or(why);
                self.fail(why);
                false
            }
        }
    }

    /// Notes that a refresh failed, and why.
    fn fail(&self, why: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.last_error.store(Some(Arc::new(why)));
    }

    /// Connects where needed, and asks; the error is a text.
    fn fetch(&self, client: &mut AnyClient, wait: &Wait<'_>) -> Result<Table, String> {
        if !client.ready() && !client.refresh(wait) {
            return Err(format!("{}: there is no session", self.endpoint));
        }
        let checked = |reply: &[u8]| self.check.of(reply);
        let reply = client.call_bytes(self.method, &self.request, wait, checked);
        let reply = reply.map_err(|error| chain(&error))?;
        let broken = |error| format!("{}: an item of the reply is none: {error}", self.endpoint);
        Table::build(reply, &self.items).map_err(broken)
    }

    fn lock(&self) -> MutexGuard<'_, AnyClient> {
        self.client.lock().unwrap_or_else(|half_done| {
            // A panic has left the client somewhere inside a call: it starts over.
            self.client.clear_poison();
            let mut client = half_done.into_inner();
            client.close();
            client
        })
    }

    fn status(&self) -> nipc_any_cache_status_t {
        let published = self.published.load();
        let table = published.as_deref().map(|published| &published.table);
        let last = self.last_success.load(Ordering::Relaxed);
        nipc_any_cache_status_t {
            populated: table.is_some(),
            item_count: table.map_or(0, Table::len),
            duplicates: table.map_or(0, |table| table.duplicates),
            connection_state: ClientState::from_number(self.state.load(Ordering::Relaxed)).into(),
            refresh_success_count: self.successes.load(Ordering::Relaxed),
            refresh_failure_count: self.failures.load(Ordering::Relaxed),
            last_refresh_ts: last,
            age_ms: if last == 0 {
                0
            } else {
                now().saturating_sub(last)
            },
            bytes: table.map_or(0, Table::bytes) as u64,
        }
    }
}

fn now() -> u64 {
    u64::try_from(monotonic().as_millis()).unwrap_or(u64::MAX)
}

impl Context for nipc_any_cache_t {
    type Handle = AnyCacheHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises a cache.
        unsafe { &raw mut (*context).storage }
    }
}

/// Makes a cache of the service at run_dir/service.sock. Connects to nothing.
///
/// Nothing is kept of the arguments but the functions and their user. A cache that was used before must
/// have been closed.
///
/// \param cache    where the cache will be; need not be initialised
/// \param run_dir  the directory of the endpoints
/// \param service  the name of the service
/// \param config   how to connect and call; NULL is a zeroed one
/// \param cached   what to ask, and how to find its items
/// \return NIPC_OK; after NIPC_ERR_INVALID_ARGUMENT the cache is closed, and every function says so
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_init(
    cache: *mut nipc_any_cache_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_client_config_t,
    cached: *const nipc_any_cached_t,
) -> nipc_error_t {
    catch_code(|| {
        let empty = nipc_any_cache_t {
            storage: nipc_storage_t::EMPTY,
        };
        // SAFETY: C promises room for a cache.
        unsafe { put(cache, empty) }?;
        // SAFETY: C promises strings.
        let endpoint = unsafe { EndpointName::new(run_dir, service) }?;
        // SAFETY: C promises a configuration.
        let config: ClientConfig = unsafe { configured(config) }?;
        // SAFETY: C promises a description.
        let cached = unsafe { shared(cached) }?;
        // SAFETY: C promises its request.
        let handle = unsafe { AnyCacheHandle::new(&endpoint, &config, cached) }?;
        // SAFETY: it was initialised just now, as closed.
        unsafe { open(cache, handle) }
    })
}

/// Connects where needed, asks once, and publishes the answer in one step. Call it at your own pace;
/// all input and output happens here. A failure of any kind keeps what is there.
///
/// \return whether there is a new answer; nipc_any_cache_last_error says why not
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_refresh(cache: *mut nipc_any_cache_t) -> bool {
    catch(false, || {
        // SAFETY: C promises a cache.
        let entered = unsafe { enter(cache) };
        entered.is_ok_and(|handle| {
            if is_called_for(cache) {
                handle.fail(OF_ITSELF.to_owned());
                return false;
            }
            calling(cache, || handle.refresh())
        })
    })
}

/// Whether some refresh succeeded. No input or output, no lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_ready(cache: *const nipc_any_cache_t) -> bool {
    catch(false, || {
        // SAFETY: C promises a cache.
        unsafe { peek(cache) }.is_ok_and(|handle| handle.published.load().is_some())
    })
}

/// Tells what the cache holds, and how its refreshes went; all zeros for one that is closed. Waits for
/// nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_status(
    cache: *mut nipc_any_cache_t,
    out: *mut nipc_any_cache_status_t,
) {
    let tell = || {
        // SAFETY: C promises room for a status.
        unsafe { zero(out) }?;
        // SAFETY: C promises a cache.
        let handle = unsafe { enter(cache) }?;
        // SAFETY: C promises room for a status.
        unsafe { put(out, handle.status()) }
    };
    catch_code(tell);
}

/// Why the last refresh that failed did, with the endpoint and the cause. It stays after a success.
/// Copies as much as fits, with a NUL, like snprintf.
///
/// \return the length of the whole text, without NUL; 0 where nothing has failed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_last_error(
    cache: *mut nipc_any_cache_t,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    catch(0, || {
        // SAFETY: C promises a cache.
        let error = unsafe { enter(cache) }.map(|handle| handle.last_error.load_full());
        let text = match &error {
            Ok(error) => error.as_deref().map_or("", String::as_str),
            Err(_) => NEVER_INITIALISED,
        };
        // SAFETY: C promises the buffer.
        unsafe { copy_text(text, buf, buf_len) }
    })
}

/// Sets how long a whole refresh may take, in milliseconds, from the next one on; 0 is 30000.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_set_call_timeout(
    cache: *mut nipc_any_cache_t,
    timeout_ms: u32,
) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.timeout_ms.store(timeout_ms, Ordering::Relaxed);
        }
    });
}

/// Aborts a refresh, and all that follow until nipc_any_cache_clear_abort. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_abort(cache: *mut nipc_any_cache_t) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.abort.raise();
        }
    });
}

/// Lets the cache be refreshed again. For any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_clear_abort(cache: *mut nipc_any_cache_t) {
    catch((), || {
        // SAFETY: C promises a cache.
        if let Ok(handle) = unsafe { enter(cache) } {
            handle.abort.clear();
        }
    });
}

/// Frees everything but what guards still pin. Refreshes in other threads are aborted and waited for;
/// nobody may be locking a guard meanwhile. Closing twice, or a zeroed cache, does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_close(cache: *mut nipc_any_cache_t) {
    let close = || {
        // SAFETY: C promises a cache.
        let closing = unsafe { storage::close(cache) }?;
        closing.abort.raise();
        if !is_called_for(cache) {
            drop(closing.wait());
        }
        Ok(())
    };
    catch_code(close);
}
