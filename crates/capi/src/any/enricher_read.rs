//! Reading an enricher: guards, looks, pins.

#![expect(unsafe_code, reason = "guards live in memory of C")]

use std::ffi::c_char;
use std::mem::MaybeUninit;

use netipc::ErrorCode;
use netipc::enricher::{AnyGuard, AnyItem, Hit, Missing};
use netipc::lookup::{NumberKey, TextKey};
use netipc::wire::{Decode, Encode, Writer};

use super::enricher::{EnricherHandle, Typed, nipc_enricher_t};
use super::enricher_format::OTHER_KIND;
use super::types::nipc_bytes_view_t;
use crate::border::{catch, catch_code, elements, put, shared, unique, zero};
use crate::calling::{calling, is_called_for};
use crate::error::{CodeResult, nipc_error_t};
use crate::protocol::nipc_str_view_t;
use crate::service::storage::{enter, peek};

/// There is an item.
pub const NIPC_FOUND_ITEM: u32 = 0;
/// Never answered, and waits to be asked.
pub const NIPC_FOUND_QUEUED: u32 = 1;
/// Asked, without an answer yet.
pub const NIPC_FOUND_PENDING: u32 = 2;
/// The provider does not know it now; retry_in_ms says when it is asked again at the earliest.
pub const NIPC_FOUND_FOR_NOW: u32 = 3;
/// The provider will never know it.
pub const NIPC_FOUND_FOR_GOOD: u32 = 4;
/// Never answered, and there is no provider. Waits to be asked.
pub const NIPC_FOUND_ABSENT: u32 = 5;
/// No answer can hold the item.
pub const NIPC_FOUND_OVERSIZED: u32 = 6;
/// The item there is belongs to an earlier owner of the key, such as a process that is gone. Waits to be
/// asked again.
pub const NIPC_FOUND_REUSED: u32 = 7;
/// It cannot be a key, or not one of this enricher.
pub const NIPC_FOUND_INVALID: u32 = 8;

/// What a look found, besides the item.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_enricher_found_t {
    /// Whether there is an item, or why not: a NIPC_FOUND_ number.
    pub found: u32,
    /// Milliseconds until a key that is not known now is asked again at the earliest.
    pub retry_in_ms: u32,
    /// Milliseconds of the monotonic clock when the provider said what the item says.
    pub answered_ms: u64,
    /// Whether the provider is absent: the item is what it said last.
    pub stale: bool,
}

/// Pins the answers of one moment. Items live as long as it does, whatever becomes of the enricher. Neither
/// does a round wait for it nor it for one. It must not be copied or moved while it is locked. Any thread may
/// use it, one at a time.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_enricher_guard_t {
    /// Private.
    pub locked: u64,
    /// Private.
    pub pinned: [MaybeUninit<u64>; 4],
}

const _: () = assert!(size_of::<AnyGuard>() <= size_of::<[MaybeUninit<u64>; 4]>());
const _: () = assert!(align_of::<AnyGuard>() <= align_of::<u64>());

const LOCKED: u64 = u64::from_be_bytes(*b"nipcrich");
const FREE: nipc_enricher_guard_t = nipc_enricher_guard_t {
    locked: 0,
    pinned: [MaybeUninit::uninit(); 4],
};

/// Pins the answers of this moment. No input or output, and no lock that a round holds. Take one for a pass
/// over your rows.
///
/// \param enricher  any thread may read it
/// \param guard     where the guard will be; need not be initialised, and must not be locked: what it pins
///                  would never be let go
/// \return whether it is locked; false, with nothing to unlock, for an enricher that is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_read_lock(
    enricher: *const nipc_enricher_t,
    guard: *mut nipc_enricher_guard_t,
) -> bool {
    let lock = || {
        // SAFETY: C promises room for a guard.
        unsafe { put(guard, FREE) }?;
        // SAFETY: C promises an enricher.
        let pinned = unsafe { peek(enricher) }?.reader.read();
        // SAFETY: it was written to just now.
        let guard = unsafe { unique(guard) }?;
        let storage = guard.pinned.as_mut_ptr().cast::<AnyGuard>();
        // SAFETY: the storage is large enough, and aligned.
        unsafe { storage.write(pinned) };
        guard.locked = LOCKED;
        Ok::<_, ErrorCode>(())
    };
    catch(false, || lock().is_ok())
}

/// Lets go of what was pinned. A guard that is not locked, zeroed, or NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_read_unlock(guard: *mut nipc_enricher_guard_t) {
    let unlock = || {
        // SAFETY: C promises a guard.
        unsafe { pinned(guard) }?;
        // SAFETY: C promises a guard that nobody else uses any more.
        let guard = unsafe { unique(guard) }?;
        let pinned = guard.pinned.as_ptr().cast::<AnyGuard>();
        // SAFETY: a locked guard holds one, and from the next line on it is there no more.
        let pinned = unsafe { pinned.read() };
        *guard = FREE;
        drop(pinned);
        Ok(())
    };
    catch_code(unlock);
}

/// Looks a key up in an enricher of any kind, as nipc_enricher_get_cgroup.
///
/// \param key       the key as it stands in a request; it has to be valid: nobody looks
/// \param identity  tells the owner of the key that is meant from earlier ones; 0 takes any
/// \param item      the item as it came, which has passed its check; the fixed part of one that is kept in parts
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_get_any(
    enricher: *const nipc_enricher_t,
    guard: *const nipc_enricher_guard_t,
    key: nipc_bytes_view_t,
    identity: u64,
    item: *mut nipc_bytes_view_t,
    out: *mut nipc_enricher_found_t,
) -> u32 {
    let get = |handle: &EnricherHandle, guard| {
        // SAFETY: C promises the bytes.
        let key = unsafe { key.get() }?;
        Ok(handle.reader.get(guard, key, identity))
    };
    // SAFETY: C promises enricher, guard, and room.
    unsafe {
        look(enricher, guard, Typed::Any, item, out, get, |item| {
            nipc_bytes_view_t::of(item.own())
        })
    }
}

/// An item that is kept in parts, as the description of its lookup has them.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_parts_t {
    /// Its fixed part. What it says of where texts are does not hold any more.
    pub fixed: nipc_bytes_view_t,
    /// Its labels: a table whose texts are counted from its own beginning.
    pub labels: nipc_bytes_view_t,
    /// How many labels.
    pub label_count: u32,
    /// How many texts it has, whether or not there was room for them.
    pub text_count: u32,
}

/// Looks a key up in an enricher whose description says where texts and labels are, as nipc_enricher_get_any.
///
/// \param item       the parts of the item; zeroed where there is none
/// \param texts      where its texts go, in the order of the description, each with a NUL behind it
/// \param text_room  for how many there is room
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_get_parts(
    enricher: *const nipc_enricher_t,
    guard: *const nipc_enricher_guard_t,
    key: nipc_bytes_view_t,
    identity: u64,
    item: *mut nipc_any_parts_t,
    texts: *mut nipc_str_view_t,
    text_room: u32,
    out: *mut nipc_enricher_found_t,
) -> u32 {
    let get = |handle: &EnricherHandle, guard| {
        // SAFETY: C promises the bytes.
        let key = unsafe { key.get() }?;
        let looked = handle.reader.get(guard, key, identity);
        if let Ok(hit) = &looked {
            for (nth, text) in hit.item.texts().take(text_room as usize).enumerate() {
                // SAFETY: C promises room for so many.
                unsafe { put(texts.wrapping_add(nth), nipc_str_view_t::of(text)) }?;
            }
        }
        Ok(looked)
    };
    let parts = |item: AnyItem<'_>| nipc_any_parts_t {
        fixed: nipc_bytes_view_t::of(item.own()),
        labels: nipc_bytes_view_t::of(item.labels().0),
        label_count: item.labels().1.into(),
        text_count: u32::try_from(item.texts().count()).unwrap_or(u32::MAX),
    };
    // SAFETY: C promises enricher, guard, and room.
    unsafe { look(enricher, guard, Typed::Any, item, out, get, parts) }
}

/// Keeps what is answered for a key, and has it asked again when it is due, until it is unpinned as often as it
/// was pinned: as long as a process lives, say. For any thread.
///
/// \param key  as it stands in a request: of a cgroup the path with its NUL, of a process
///             nipc_enricher_process_key
/// \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_pin(
    enricher: *const nipc_enricher_t,
    key: nipc_bytes_view_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises an enricher.
        let handle = unsafe { enter(enricher) }?;
        // SAFETY: C promises the bytes.
        handle.reader.pin(valid(&handle, unsafe { key.get() }?)?);
        Ok(())
    })
}

/// Takes back one pin of a key. For any thread.
///
/// \return NIPC_OK, or NIPC_ERR_INVALID_ARGUMENT for a key that is not pinned
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_unpin(
    enricher: *const nipc_enricher_t,
    key: nipc_bytes_view_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises an enricher.
        let handle = unsafe { enter(enricher) }?;
        // SAFETY: C promises the bytes.
        if handle.reader.unpin(unsafe { key.get() }?) {
            Ok(())
        } else {
            Err(ErrorCode::INVALID_ARGUMENT)
        }
    })
}

/// Has those of the keys that have no item asked before all others, and waits until they are answered, a round
/// fails, or the time is over. Where another thread runs the enricher that one asks, otherwise this one.
///
/// \param keys        keys as they stand in a request, as for nipc_enricher_pin
/// \param count       how many
/// \param timeout_ms  milliseconds that it may take
/// \return how many of the keys have an item then
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_refresh_now(
    enricher: *const nipc_enricher_t,
    keys: *const nipc_bytes_view_t,
    count: u32,
    timeout_ms: u32,
) -> u32 {
    let refresh = || {
        // SAFETY: C promises an enricher.
        let handle = unsafe { enter(enricher) }?;
        // SAFETY: C promises the keys.
        let keys = unsafe { elements(keys, count as usize) }?;
        // SAFETY: C promises their bytes.
        let keys = keys.iter().map(|key| valid(&handle, unsafe { key.get() }?));
        let keys: Vec<&[u8]> = keys.collect::<CodeResult<_>>()?;
        // Whoever runs it is waited for: not by himself.
        let timeout_ms = if is_called_for(enricher) {
            0
        } else {
            timeout_ms
        };
        let known = calling(enricher, || handle.refresh_now(&keys, timeout_ms));
        Ok::<_, ErrorCode>(u32::try_from(known).unwrap_or(u32::MAX))
    };
    catch(0, || refresh().unwrap_or(0))
}

/// Writes the key of a process as it stands in a request.
///
/// \param pid  the process
/// \param buf  where it goes: 8 bytes
/// \return a view of it
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_process_key(pid: u32, buf: *mut u64) -> nipc_bytes_view_t {
    catch(nipc_bytes_view_t::NONE, || {
        // SAFETY: C promises room for a number. The key is the id, and zeros behind it.
        match unsafe { put(buf, u64::from(pid).to_le()) } {
            Ok(()) => nipc_bytes_view_t {
                ptr: buf.cast(),
                len: size_of::<u64>(),
            },
            Err(_) => nipc_bytes_view_t::NONE,
        }
    })
}

pub(super) type Looked<'g> = Result<Hit<AnyItem<'g>>, Missing>;

/// # Safety
/// `enricher`, `guard`, `item` and `out` are what the header says.
pub(super) unsafe fn look<'g, I>(
    enricher: *const nipc_enricher_t,
    guard: *const nipc_enricher_guard_t,
    kind: Typed,
    item: *mut I,
    out: *mut nipc_enricher_found_t,
    get: impl FnOnce(&EnricherHandle, &'g AnyGuard) -> CodeResult<Looked<'g>>,
    view: impl FnOnce(AnyItem<'g>) -> I,
) -> u32 {
    let look = || {
        // SAFETY: the caller's promise.
        unsafe { zero(item) }?;
        // SAFETY: the caller's promise.
        let handle = unsafe { peek(enricher) }?;
        // SAFETY: the caller's promise.
        let guard = unsafe { pinned(guard) }?;
        if handle.kind != kind {
            return Err(OTHER_KIND);
        }
        let looked = get(handle, guard)?;
        let found = found(&looked);
        if let Ok(hit) = looked {
            // SAFETY: the caller's promise.
            unsafe { put(item, view(hit.item)) }?;
        }
        Ok(found)
    };
    let invalid = nipc_enricher_found_t {
        found: NIPC_FOUND_INVALID,
        ..nipc_enricher_found_t::default()
    };
    let found = catch(invalid, || look().unwrap_or(invalid));
    if !out.is_null() {
        // SAFETY: the caller's promise. A pointer that is not aligned gets nothing.
        let _ = unsafe { put(out, found) };
    }
    found.found
}

fn found(looked: &Looked<'_>) -> nipc_enricher_found_t {
    match looked {
        Ok(hit) => nipc_enricher_found_t {
            found: NIPC_FOUND_ITEM,
            retry_in_ms: 0,
            answered_ms: u64::try_from(hit.answered.as_millis()).unwrap_or(u64::MAX),
            stale: hit.stale,
        },
        Err(missing) => nipc_enricher_found_t {
            found: missing.number().into(),
            retry_in_ms: match missing {
                Missing::ForNow { retry_in } => {
                    u32::try_from(retry_in.as_millis()).unwrap_or(u32::MAX)
                }
                _ => 0,
            },
            ..nipc_enricher_found_t::default()
        },
    }
}

pub(super) fn invalid<'g>(handle: &EnricherHandle) -> Looked<'g> {
    handle.reader.count_invalid();
    Err(Missing::Invalid)
}

/// A key as it stands in a request, in memory that most of them need no allocation for.
pub(super) fn with_encoded<R>(key: &impl Encode, get: impl FnOnce(&[u8]) -> R) -> R {
    let mut short = [0; 256];
    let size = key.size();
    let mut long = Vec::new();
    let room = match short.get_mut(..size) {
        Some(room) => room,
        None => {
            long.resize(size, 0);
            &mut long[..]
        }
    };
    // There is room for it, and it is valid.
    let _ = key.encode(&mut Writer::new(room));
    get(room)
}

/// A key of C, where it can be one.
fn valid<'k>(handle: &EnricherHandle, key: &'k [u8]) -> CodeResult<&'k [u8]> {
    let is_valid = match handle.kind {
        Typed::Cgroups => TextKey::decode(key).is_ok(),
        Typed::Apps => NumberKey::decode(key).is_ok(),
        Typed::Any => true,
    };
    is_valid.then_some(key).ok_or(ErrorCode::INVALID_ARGUMENT)
}

/// What a guard pins, if it is locked.
///
/// # Safety
/// `guard` is NULL, or points to a guard that is locked, unlocked or zeroed, for `'g`.
unsafe fn pinned<'g>(guard: *const nipc_enricher_guard_t) -> CodeResult<&'g AnyGuard> {
    // SAFETY: the caller's promise.
    let guard = unsafe { shared(guard) }?;
    if guard.locked != LOCKED {
        return Err(ErrorCode::NOT_READY);
    }
    let storage = guard.pinned.as_ptr().cast::<AnyGuard>();
    // SAFETY: a locked guard holds one.
    Ok(unsafe { &*storage })
}

/// A path, for nipc_enricher_pin: its bytes, and the NUL behind them.
///
/// \param path  a string that ends with NUL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_enricher_text_key(path: *const c_char) -> nipc_bytes_view_t {
    catch(nipc_bytes_view_t::NONE, || {
        // SAFETY: C promises a string.
        unsafe { crate::border::string(path) }.map_or(nipc_bytes_view_t::NONE, |text| {
            nipc_bytes_view_t::of(text.to_bytes_with_nul())
        })
    })
}
