//! What calls share: arguments are read, and the answer goes out, or zeros.

#![expect(unsafe_code, reason = "arguments and answers are memory of C")]

use std::borrow::Cow;
use std::ops::Range;

use netipc::CallError;

use super::client_handle::{LockedState, call, noted};
use super::types::nipc_client_ctx_t;
use crate::border::{elements, elements_mut, put, zero};
use crate::error::CodeResult;
use crate::protocol::Zeroed;

/// Makes a call and writes its answer to `out`, or zero.
///
/// # Safety
/// As for [`call`], and for [`put`].
#[inline]
pub(super) unsafe fn answer<V: Answer>(
    ctx: *mut nipc_client_ctx_t,
    out: *mut V,
    ask: impl FnOnce(&mut LockedState) -> Result<V, CallError>,
) -> CodeResult {
    // SAFETY: the caller's promises are those of `arguments`.
    unsafe { arguments(ctx, out, || Ok(())) }?;
    // SAFETY: the caller's promise is that of `call`.
    let view = unsafe {
        call(ctx, |state| {
            let view = ask(state)?;
            state.answer = view.memory();
            Ok(view)
        })
    }?;
    // SAFETY: the caller's promise is that of `put`.
    unsafe { put(out, view) }
}

/// Zeroes `out`, and reads the other arguments of a call.
///
/// # Safety
/// As for [`noted`] and [`zero`].
#[inline]
pub(super) unsafe fn arguments<T, V: Zeroed>(
    ctx: *mut nipc_client_ctx_t,
    out: *mut V,
    read: impl FnOnce() -> CodeResult<T>,
) -> CodeResult<T> {
    // SAFETY: the caller's promise is that of `zero`.
    let zeroed = unsafe { zero(out) };
    // SAFETY: the caller's promise is that of `noted`.
    unsafe { noted(ctx, zeroed.and_then(|()| read())) }
}

/// Requests, and room for their answers, zeroed. Where they are in the same place, the requests are
/// copied.
///
/// # Safety
/// As for [`elements`] and [`elements_mut`].
pub(super) unsafe fn pairs<'a>(
    requests: *const u64,
    count: u32,
    out: *mut u64,
) -> CodeResult<(Cow<'a, [u64]>, &'a mut [u64])> {
    let count = count as usize;
    let apart = requests.addr().abs_diff(out.addr()) >= count.saturating_mul(size_of::<u64>());
    // SAFETY: the caller's promise is that of `elements`.
    let requests: &'a [u64] = unsafe { elements(requests, count) }?;
    let requests = if apart {
        Cow::Borrowed(requests)
    } else {
        Cow::Owned(requests.to_vec())
    };
    // SAFETY: the caller's promise is that of `elements_mut`; nobody borrows what overlaps.
    let out = unsafe { elements_mut(out, count) }?;
    out.fill(0);
    Ok((requests, out))
}

/// What a call gives to C.
pub(super) trait Answer: Zeroed {
    /// The memory of the client that it points into.
    fn memory(&self) -> Range<usize>;
}

/// Implements `Answer` for views of `$len` bytes from `$from` on.
macro_rules! answers {
    ($($view:ty: $from:ident, $len:ident;)*) => {
        $(impl $crate::service::calls::Answer for $view {
            #[inline]
            fn memory(&self) -> std::ops::Range<usize> {
                let from = self.$from.addr();
                from..from.saturating_add(self.$len as usize)
            }
        })*
    };
}
pub(super) use answers;

impl Answer for u64 {
    #[inline]
    fn memory(&self) -> Range<usize> {
        0..0
    }
}
