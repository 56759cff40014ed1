//! Reading such a cache: guards and items.

#![expect(unsafe_code, reason = "guards live in memory of C")]

use std::mem::MaybeUninit;

use netipc::ErrorCode;

use super::cache::{Published, nipc_any_cache_t};
use super::cache_table::{MAX_PARTS, Parts};
use super::types::nipc_bytes_view_t;
use crate::border::{catch, catch_code, elements, put, zero};
use crate::error::nipc_error_t;
use crate::pin::{self, pin, pinned};
use crate::service::storage::peek;

/// Pins what a cache holds at one moment. Items live as long as it does, whatever becomes of the
/// cache. Any number may exist; neither does a refresh wait for them nor they for it. It must not be
/// copied or moved while it is locked. Any thread may use it, one at a time.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_any_cache_guard_t {
    /// Private.
    pub locked: u64,
    // What is there is more than numbers: a pointer, and gaps that nothing was written to.
    /// Private.
    pub pinned: [MaybeUninit<u64>; 4],
}

pin!(nipc_any_cache_guard_t, pins Published);

/// Pins what the cache holds. No input or output, and no lock that a refresh holds.
///
/// \param cache  the cache; any thread may read it
/// \param guard  where the guard will be; need not be initialised, and must not be locked: what it
///               pins would never be let go
/// \return whether there is something: false until a refresh has succeeded, with nothing to unlock
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_read_lock(
    cache: *mut nipc_any_cache_t,
    guard: *mut nipc_any_cache_guard_t,
) -> bool {
    let lock = || {
        // SAFETY: C promises a cache.
        let load = || Ok(unsafe { peek(cache) }?.published.load());
        // SAFETY: C promises room for a guard that is not locked.
        unsafe { pin::lock(guard, load) }
    };
    catch(false, || lock().unwrap_or(false))
}

/// Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_read_unlock(guard: *mut nipc_any_cache_guard_t) {
    // SAFETY: C promises a guard that nobody else uses any more.
    catch_code(|| unsafe { pin::unlock(guard) });
}

/// The payload of the answer that a guard pins: header, directory and items, all of which have passed
/// their checks.
///
/// \return NIPC_OK; NIPC_ERR_NOT_READY, with a zeroed out, for a guard that is not locked
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_reply(
    guard: *const nipc_any_cache_guard_t,
    out: *mut nipc_bytes_view_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room for a view.
        unsafe { zero(out) }?;
        // SAFETY: C promises a guard.
        let published = unsafe { pinned(guard) }?;
        let view = nipc_bytes_view_t::of(published.table.payload());
        // SAFETY: C promises room for a view.
        unsafe { put(out, view) }
    })
}

/// Finds the first item with a key. Memory only.
///
/// \param parts  the parts of the key, as many as an item's has
/// \param count  how many
/// \param out    the item, which lives as long as the guard; zeroed where there is none
/// \return whether there is one
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_any_cache_find(
    guard: *const nipc_any_cache_guard_t,
    parts: *const nipc_bytes_view_t,
    count: u32,
    out: *mut nipc_bytes_view_t,
) -> bool {
    let find = || {
        // SAFETY: C promises room for a view.
        unsafe { zero(out) }?;
        // SAFETY: C promises a guard.
        let published = unsafe { pinned(guard) }?;
        // SAFETY: C promises the parts.
        let views = unsafe { elements(parts, count as usize) }?;
        if views.len() != published.items.key_parts {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        let mut key: Parts<'_> = [&[]; MAX_PARTS];
        for (part, view) in key.iter_mut().zip(views) {
            // SAFETY: C promises their bytes.
            *part = unsafe { view.get() }?;
        }
        let item = published.table.find(&key, &published.items);
        let item = item.ok_or(ErrorCode::NOT_READY)?;
        // SAFETY: C promises room for a view.
        unsafe { put(out, nipc_bytes_view_t::of(item)) }
    };
    catch(false, || find().is_ok())
}
