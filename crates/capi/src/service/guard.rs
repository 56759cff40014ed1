//! Reading a cache: guards and items.

#![expect(unsafe_code, reason = "guards live in memory of C")]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use netipc::ErrorCode;

use super::cache::nipc_cgroups_cache_t;
use super::storage::peek;
use super::views::{Views, nipc_cgroups_cache_item_view_t};
use crate::border::{self, catch_code, shared, string};
use crate::error::CodeResult;
use crate::pin::{self, pin, pinned};

/// Pins what a cache holds at one moment. Items live as long as it does, whatever becomes of the
/// cache. Any number may exist; neither does a refresh wait for them nor they for it. It must not be
/// copied or moved while it is locked. Any thread may use it, one at a time.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_cgroups_cache_read_guard_t {
    /// Private.
    pub locked: u64,
    // What is there is more than numbers: a pointer, and gaps that nothing was written to.
    /// Private.
    pub pinned: [MaybeUninit<u64>; 4],
}

/// An item of a cache that outlives it. Free it with nipc_cgroups_cache_item_free.
#[repr(C)]
#[derive(Debug)]
pub struct nipc_cgroups_cache_item_t {
    /// The producer's hash of the name.
    pub hash: u32,
    /// The producer's option bits.
    pub options: u32,
    /// Whether it is to be monitored; any value.
    pub enabled: u32,
    /// Its name.
    pub name: *mut c_char,
    /// Its path.
    pub path: *mut c_char,
}

pin!(nipc_cgroups_cache_read_guard_t, pins Views);

/// Pins what the cache holds. No input or output, and no lock that a refresh holds.
///
/// \param cache  the cache; any thread may read it
/// \param guard  where the guard will be; need not be initialised, and must not be locked: what it
///               pins would never be let go
/// \return whether there is something: false until a refresh has succeeded, with nothing to unlock
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_read_lock(
    cache: *mut nipc_cgroups_cache_t,
    guard: *mut nipc_cgroups_cache_read_guard_t,
) -> bool {
    let lock = || {
        // SAFETY: C promises a cache.
        let load = || Ok(unsafe { peek(cache) }?.views());
        // SAFETY: C promises room for a guard that is not locked.
        unsafe { pin::lock(guard, load) }
    };
    border::catch(false, || lock().unwrap_or(false))
}

/// Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_read_unlock(
    guard: *mut nipc_cgroups_cache_read_guard_t,
) {
    // SAFETY: C promises a guard that nobody else uses any more.
    catch_code(|| unsafe { pin::unlock(guard) });
}

/// Finds the first item with this hash and name. Memory only.
///
/// \param name  the name, which ends with NUL
/// \return the item, which lives as long as the guard; NULL where there is none
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_get(
    guard: *const nipc_cgroups_cache_read_guard_t,
    hash: u32,
    name: *const c_char,
) -> *const nipc_cgroups_cache_item_view_t {
    let find = || {
        // SAFETY: C promises a string.
        let name = unsafe { string(name) }?;
        // SAFETY: C promises a guard.
        let views = unsafe { pinned(guard) }?;
        Ok(views.find(hash, name.to_bytes()))
    };
    or_null(find)
}

/// Number of items, duplicates included; 0 for a guard that is not locked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_item_count(
    guard: *const nipc_cgroups_cache_read_guard_t,
) -> u32 {
    border::catch(0, || {
        // SAFETY: C promises a guard.
        let views = unsafe { pinned(guard) };
        views.map_or(0, |views| {
            u32::try_from(views.all().len()).unwrap_or(u32::MAX)
        })
    })
}

/// Item index, in the order in which the provider sent them.
///
/// \return the item, which lives as long as the guard; NULL beyond the last
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_item_at(
    guard: *const nipc_cgroups_cache_read_guard_t,
    index: u32,
) -> *const nipc_cgroups_cache_item_view_t {
    // SAFETY: C promises a guard.
    or_null(|| Ok(unsafe { pinned(guard) }?.all().get(index as usize)))
}

/// Copies an item, so that it outlives the guard.
///
/// \return the copy, to be freed with nipc_cgroups_cache_item_free; NULL where there is no item
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_item_dup(
    guard: *const nipc_cgroups_cache_read_guard_t,
    item: *const nipc_cgroups_cache_item_view_t,
) -> *mut nipc_cgroups_cache_item_t {
    owned(|| {
        // SAFETY: C promises a guard.
        unsafe { pinned(guard) }?;
        // SAFETY: C promises an item of this guard.
        unsafe { shared(item) }.map(Some)
    })
}

/// Copies the first item with this hash and name, in one step: for those who look up rarely.
///
/// \return the copy, to be freed with nipc_cgroups_cache_item_free; NULL where there is no item
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_lookup(
    cache: *mut nipc_cgroups_cache_t,
    hash: u32,
    name: *const c_char,
) -> *mut nipc_cgroups_cache_item_t {
    border::catch(ptr::null_mut(), || {
        // SAFETY: C promises a cache.
        let Ok(cache) = (unsafe { peek(cache) }) else {
            return ptr::null_mut();
        };
        let pinned = cache.views();
        owned(|| {
            // SAFETY: C promises a string.
            let name = unsafe { string(name) }?;
            let views = pinned.as_deref().ok_or(ErrorCode::NOT_READY)?;
            Ok(views.find(hash, name.to_bytes()))
        })
    })
}

/// Frees a copy. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_cgroups_cache_item_free(item: *mut nipc_cgroups_cache_item_t) {
    border::catch((), || {
        if item.is_null() {
            return;
        }
        // SAFETY: C promises that it is from `owned`, and that it uses it no more.
        let item = unsafe { Box::from_raw(item) };
        for text in [item.name, item.path] {
            // SAFETY: it is from `CString::into_raw`, in `owned`.
            drop(unsafe { CString::from_raw(text) });
        }
    });
}

fn or_null<'a>(
    find: impl FnOnce() -> CodeResult<Option<&'a nipc_cgroups_cache_item_view_t>>,
) -> *const nipc_cgroups_cache_item_view_t {
    border::catch(ptr::null(), || {
        find().ok().flatten().map_or(ptr::null(), ptr::from_ref)
    })
}

fn owned<'a>(
    find: impl FnOnce() -> CodeResult<Option<&'a nipc_cgroups_cache_item_view_t>>,
) -> *mut nipc_cgroups_cache_item_t {
    border::catch(ptr::null_mut(), || {
        let Ok(Some(item)) = find() else {
            return ptr::null_mut();
        };
        let copy = |text| {
            // SAFETY: the texts of an item end with NUL.
            let text = unsafe { string(text) }.unwrap_or_default();
            text.to_owned().into_raw()
        };
        Box::into_raw(Box::new(nipc_cgroups_cache_item_t {
            hash: item.hash,
            options: item.options,
            enabled: item.enabled,
            name: copy(item.name),
            path: copy(item.path),
        }))
    })
}
