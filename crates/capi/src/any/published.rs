//! What a provider shows of its data: one snapshot at a time, from which handlers answer.

#![expect(
    unsafe_code,
    reason = "guards live in memory of C, and so does the data"
)]

use std::ffi::c_void;
use std::mem::{MaybeUninit, offset_of};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use netipc::{ErrorCode, Published, PublishedGuard};

use crate::border::{catch, catch_code, put, shared, unique, zero};
use crate::calling::{calling, is_called_for, returned};
use crate::error::{CodeResult, nipc_error_t};
use crate::service::storage::{self, Context, enter, nipc_storage_t, open};

/// Frees data that was published, once nothing shows and nobody reads it. It is called by whoever publishes,
/// releases or closes then, in that thread. It may close the nipc_published_t, and must return, as a
/// nipc_any_check_fn.
pub type nipc_published_free_fn = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// Says whether two snapshots say the same. What is said of nipc_published_free_fn is true here, too.
pub type nipc_published_same_fn =
    Option<unsafe extern "C" fn(shown: *const c_void, data: *const c_void) -> bool>;

/// A snapshot of a provider's data, which is replaced as a whole and never changed, and its generation. It
/// lives where the caller wants, zeroed or not before its init, and must not be copied or moved afterwards.
/// Any thread may use it.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_published_t {
    /// Private.
    pub storage: nipc_storage_t,
}

/// One snapshot, until it is released. It must not be copied or moved meanwhile. Any thread may use it, one
/// at a time.
#[derive(Debug)]
#[repr(C)]
pub struct nipc_published_guard_t {
    /// What was published. It is there until the guard is released.
    pub data: *const c_void,
    /// Its generation: 1 is that of the first snapshot.
    pub generation: u64,
    /// Private.
    pub locked: u64,
    /// Private.
    pub pinned: [MaybeUninit<u64>; 4],
}

/// What was answered from snapshots.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct nipc_published_stats_t {
    /// The generation of the snapshot there is.
    pub generation: u64,
    /// Requests.
    pub requests: u64,
    /// Keys in them.
    pub keys: u64,
    /// Microseconds that answering took.
    pub time_us: u64,
}

/// Data of C, which goes with the last who reads it.
struct Owned {
    data: *mut c_void,
    free: nipc_published_free_fn,
}

// SAFETY: C promises data that any thread may read and free.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: C promises that the function frees the data, which nobody reads any more.
            returned(|| unsafe { free(self.data) });
        }
    }
}

/// What is behind a `nipc_published_t`. Of the counters no other memory goes with them: relaxed ordering is
/// enough.
pub(crate) struct PublishedHandle {
    published: Published<Owned>,
    requests: AtomicU64,
    keys: AtomicU64,
    micros: AtomicU64,
}

impl Context for nipc_published_t {
    type Handle = PublishedHandle;

    unsafe fn storage(context: *mut Self) -> *mut nipc_storage_t {
        // SAFETY: the caller promises one.
        unsafe { &raw mut (*context).storage }
    }
}

/// What a guard pins.
struct Pinned {
    #[expect(dead_code, reason = "the data is there for as long as this is")]
    guard: PublishedGuard<Owned>,
    begun: Instant,
}

const _: () = assert!(size_of::<Pinned>() <= size_of::<[MaybeUninit<u64>; 4]>());
const _: () = assert!(align_of::<Pinned>() <= align_of::<u64>());
const _: () = assert!(offset_of!(nipc_published_guard_t, pinned) % align_of::<Pinned>() == 0);

const LOCKED: u64 = u64::from_be_bytes(*b"nipcpubl");
const FREE: nipc_published_guard_t = nipc_published_guard_t {
    data: ptr::null(),
    generation: 0,
    locked: 0,
    pinned: [MaybeUninit::uninit(); 4],
};

/// Shows the first snapshot, of generation 1. A forked child cannot use it.
///
/// \param data       what is shown; it may be NULL
/// \param free_data  frees it, as all that is given to functions that succeed; NULL where nothing is to free
/// \return NIPC_OK; NIPC_ERR_INVALID_ARGUMENT where published is NULL, and data stays the caller's
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_init(
    published: *mut nipc_published_t,
    data: *mut c_void,
    free_data: nipc_published_free_fn,
) -> nipc_error_t {
    catch_code(|| {
        let storage = nipc_storage_t::EMPTY;
        // SAFETY: C promises room for one.
        unsafe { put(published, nipc_published_t { storage }) }?;
        let free = free_data;
        let handle = PublishedHandle {
            published: Published::new(Owned { data, free }),
            requests: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        };
        // SAFETY: it was initialised just now, as closed.
        unsafe { open(published, handle) }
    })
}

/// Shows data from now on, in one step: who reads another snapshot keeps that, and nobody waits for anybody.
/// Copy what is needed under a lock of your own, and build the data after it.
///
/// \param data       what is shown, and belongs to the library from then on; nobody may change it any more
/// \param free_data  frees it; NULL where nothing is to free
/// \return its generation, one more than that before; 0 for one that is closed, and data stays the caller's
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_publish(
    published: *mut nipc_published_t,
    data: *mut c_void,
    free_data: nipc_published_free_fn,
) -> u64 {
    catch(0, || {
        // SAFETY: C promises one.
        let Ok(handle) = (unsafe { enter(published) }) else {
            return 0;
        };
        let free = free_data;
        calling(published, || handle.published.publish(Owned { data, free }))
    })
}

/// As nipc_published_publish, unless data says the same as what is shown: it is freed then, and the generation
/// stays, so that consumers know that nothing has changed.
///
/// \param same  says so. NULL is as nipc_published_publish
/// \return the generation of what is shown; 0 for one that is closed, and data stays the caller's
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_publish_if_changed(
    published: *mut nipc_published_t,
    data: *mut c_void,
    free_data: nipc_published_free_fn,
    same: nipc_published_same_fn,
) -> u64 {
    catch(0, || {
        // SAFETY: C promises one.
        let Ok(handle) = (unsafe { enter(published) }) else {
            return 0;
        };
        let free = free_data;
        calling(published, || {
            let next = Owned { data, free };
            let shown = handle.published.read();
            // SAFETY: C promises a function for such data, all of which is there until the end of this one.
            if same.is_some_and(|same| returned(|| unsafe { same(shown.data, data) })) {
                return shown.generation();
            }
            drop(shown);
            handle.published.publish(next)
        })
    })
}

/// Takes hold of the snapshot there is. Waits for nothing. Take one for a whole request, so that all of its
/// answer is of one moment, and give the builder of the answer the guard's generation.
///
/// \param guard  where the guard will be; need not be initialised, and must not be held: what it holds would
///               never be freed
/// \return whether it holds one; false, with nothing to release, for one that is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_acquire(
    published: *const nipc_published_t,
    guard: *mut nipc_published_guard_t,
) -> bool {
    let acquire = || {
        // SAFETY: C promises room for a guard.
        unsafe { put(guard, FREE) }?;
        let begun = Instant::now();
        // SAFETY: C promises one.
        let shown = unsafe { enter(published) }?.published.read();
        // SAFETY: it was written to just now.
        let guard = unsafe { unique(guard) }?;
        guard.data = shown.data;
        guard.generation = shown.generation();
        let pinned = Pinned {
            guard: shown,
            begun,
        };
        let room = guard.pinned.as_mut_ptr().cast::<Pinned>();
        // SAFETY: the room is large enough, and aligned.
        unsafe { room.write(pinned) };
        guard.locked = LOCKED;
        Ok::<_, ErrorCode>(())
    };
    catch(false, || acquire().is_ok())
}

/// Counts a request that was answered from what a guard holds, and the time since that was acquired: for
/// handlers, before they release it.
///
/// \param keys  keys of the request
/// \return NIPC_OK; NIPC_ERR_NOT_READY for a guard that holds nothing, or where it is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_answered(
    published: *mut nipc_published_t,
    guard: *const nipc_published_guard_t,
    keys: u32,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises one.
        let handle = unsafe { enter(published) }?;
        // SAFETY: C promises a guard.
        let begun = unsafe { pinned(guard) }?.begun;
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        handle.requests.fetch_add(1, Ordering::Relaxed);
        handle.keys.fetch_add(keys.into(), Ordering::Relaxed);
        handle.micros.fetch_add(micros, Ordering::Relaxed);
        Ok(())
    })
}

/// Lets go of what a guard holds. One that holds nothing, zeroed, or NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_release(guard: *mut nipc_published_guard_t) {
    let release = || {
        // SAFETY: C promises a guard.
        unsafe { pinned(guard) }?;
        // SAFETY: C promises a guard that nobody else uses any more.
        let guard = unsafe { unique(guard) }?;
        let room = guard.pinned.as_ptr().cast::<Pinned>();
        // SAFETY: a guard that is locked holds one, and from the next line on it is there no more.
        let held = unsafe { room.read() };
        *guard = FREE;
        drop(held);
        Ok(())
    };
    catch_code(release);
}

/// Tells what was answered. Waits for nothing.
///
/// \return NIPC_OK; with a zeroed out, NIPC_ERR_NOT_READY for one that is closed
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_stats(
    published: *const nipc_published_t,
    out: *mut nipc_published_stats_t,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: C promises room.
        unsafe { zero(out) }?;
        // SAFETY: C promises one.
        let handle = unsafe { enter(published) }?;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let stats = nipc_published_stats_t {
            generation: handle.published.read().generation(),
            requests: read(&handle.requests),
            keys: read(&handle.keys),
            time_us: read(&handle.micros),
        };
        // SAFETY: C promises room.
        unsafe { put(out, stats) }
    })
}

/// Shows nothing any more. What guards hold is freed when they are released. Closing twice, or one that is
/// zeroed, does nothing. A function that publishing has called may close it: publishing frees it when it ends.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_published_close(published: *mut nipc_published_t) {
    let close = || {
        // SAFETY: C promises one.
        let closing = unsafe { storage::close(published) }?;
        if !is_called_for(published) {
            drop(closing.wait());
        }
        Ok(())
    };
    catch_code(close);
}

/// What a guard holds, if it is locked.
///
/// # Safety
/// `guard` is NULL, or points to a guard that is held, released or zeroed, for `'g`.
unsafe fn pinned<'g>(guard: *const nipc_published_guard_t) -> CodeResult<&'g Pinned> {
    // SAFETY: the caller's promise.
    let guard = unsafe { shared(guard) }?;
    if guard.locked != LOCKED {
        return Err(ErrorCode::NOT_READY);
    }
    let room = guard.pinned.as_ptr().cast::<Pinned>();
    // SAFETY: a locked guard holds one, and the room is aligned.
    Ok(unsafe { &*room })
}
