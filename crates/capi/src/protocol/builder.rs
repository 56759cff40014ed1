//! What builders share: where the answer is that they fill in, and the first error, which stays.
//!
//! ```text
//! lent   in a handler: error item_count | LENT  *  ------> the session's answer
//! own    over a buffer: error item_count | OWN     answer
//! list   over a buffer: error item_count | LIST    list of items, without a request (lookups)
//! none   zeroed, or finished
//! ```

#![expect(
    unsafe_code,
    reason = "answers lie in memory of C, or behind its pointers"
)]

use std::ffi::c_void;
use std::mem::{MaybeUninit, needs_drop};
use std::ptr;

use netipc::ErrorCode;
use netipc::wire::WireError;

use super::Zeroed;
use crate::border::{catch, catch_code, catch_length, unique, zero};
use crate::error::{CodeResult, nipc_error_t, of_wire};

/// Private: what a builder fills in. Do not touch or copy it.
#[repr(C)]
pub struct nipc_builder_state_t {
    /// Private: do not touch.
    kind: u64,
    /// Private: do not touch.
    lent: *mut c_void,
    // An answer of Rust is more than numbers: pointers, and gaps that nothing was written to.
    /// Private: do not touch.
    own: [MaybeUninit<u64>; 24],
}

/// Unlikely numbers, so that memory that was never initialised is not taken for a builder.
const LENT: u64 = 0x6e69_7063_6c65_6e74;
pub(super) const OWN: u64 = 0x6e69_7063_206f_776e;
/// A list of items, which is not the `Answer` of its builder.
pub(super) const LIST: u64 = 0x6e69_7063_6c69_7374;

/// A builder of C, around an answer of Rust.
pub(crate) trait Builder: Zeroed {
    /// What it fills in. Its borrows are shorter: as long as C may use the builder.
    type Answer;

    /// What all builders have.
    fn parts(&mut self) -> Parts<'_>;

    /// A builder of `answer`, which is not its own.
    fn lend(answer: *mut Self::Answer) -> Self {
        let mut builder = Self::ZEROED;
        let state = builder.parts().state;
        state.kind = LENT;
        state.lent = answer.cast();
        builder
    }

    /// The error in a builder that was lent to a handler; `None` where the handler initialised it anew,
    /// so that the answer of the session is not filled in.
    fn returned(&mut self) -> Option<nipc_error_t> {
        let Parts { error, state, .. } = self.parts();
        (state.kind == LENT).then_some(*error)
    }
}

/// What all builders have.
pub(crate) struct Parts<'b> {
    pub(crate) error: &'b mut nipc_error_t,
    pub(crate) item_count: &'b mut u32,
    pub(crate) state: &'b mut nipc_builder_state_t,
}

/// Implements `Builder`, of which the fields are the same everywhere.
macro_rules! builders {
    ($($name:ident($answer:ty)),* $(,)?) => {$(
        $crate::protocol::zeroed!($name);

        impl $crate::protocol::builder::Builder for $name {
            type Answer = $answer;

            fn parts(&mut self) -> $crate::protocol::builder::Parts<'_> {
                $crate::protocol::builder::Parts {
                    error: &mut self.error,
                    item_count: &mut self.item_count,
                    state: &mut self.state,
                }
            }
        }
    )*};
}
pub(super) use builders;

/// Makes a builder that owns its answer, or one that has failed.
///
/// # Safety
/// As for [`put`](crate::border::put).
pub(super) unsafe fn init<B: Builder>(
    builder: *mut B,
    start: impl FnOnce() -> CodeResult<B::Answer>,
) -> nipc_error_t {
    // SAFETY: the same promise.
    unsafe { init_with(builder, |state| state.own(OWN, start()?)) }
}

/// Makes a builder of what `own` stores in it, or one that has failed.
///
/// # Safety
/// As for [`put`](crate::border::put).
pub(super) unsafe fn init_with<B: Builder>(
    builder: *mut B,
    own: impl FnOnce(&mut nipc_builder_state_t) -> CodeResult,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: the caller's promise is that of `put`.
        unsafe { zero(builder) }?;
        // SAFETY: it was written to just now.
        let Parts { error, state, .. } = unsafe { unique(builder) }?.parts();
        catch(Err(ErrorCode::INTERNAL), || own(state)).inspect_err(|code| {
            *error = nipc_error_t::new(*code);
        })
    })
}

/// Adds an item, unless there was an error; keeps the error.
///
/// # Safety
/// As for [`unique`]. The builder is zeroed, or was made here, and what was lent to it is still there.
#[inline]
pub(super) unsafe fn add<B: Builder>(
    builder: *mut B,
    add: impl FnOnce(&mut B::Answer) -> CodeResult,
) -> nipc_error_t {
    // SAFETY: the caller promises that what is said to be there is.
    let add = |state: &mut nipc_builder_state_t| add(unsafe { state.answer() }?);
    // SAFETY: the same promise.
    unsafe { add_with(builder, add) }
}

/// As [`add`], to what `add` finds in the builder.
///
/// # Safety
/// As for [`add`].
#[inline]
pub(super) unsafe fn add_with<B: Builder>(
    builder: *mut B,
    add: impl FnOnce(&mut nipc_builder_state_t) -> CodeResult,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: the caller's promise is that of `unique`.
        let parts = unsafe { unique(builder) }?.parts();
        if *parts.error != nipc_error_t::OK {
            return Err(parts.error.code());
        }
        if ![LENT, OWN, LIST].contains(&parts.state.kind) {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        let added = catch(Err(ErrorCode::INTERNAL), || add(parts.state));
        match added {
            Ok(()) => *parts.item_count = parts.item_count.saturating_add(1),
            Err(code) => *parts.error = nipc_error_t::new(code),
        }
        added
    })
}

/// Changes an answer, whether or not there was an error.
///
/// # Safety
/// As for [`add`].
pub(super) unsafe fn change<B: Builder>(
    builder: *mut B,
    change: impl FnOnce(&mut B::Answer, &mut nipc_error_t),
) {
    let change = |parts: Parts<'_>| {
        // SAFETY: the caller promises that what is said to be there is.
        change(unsafe { parts.state.answer() }?, parts.error);
        Ok(())
    };
    // SAFETY: the same promise.
    unsafe { change_with(builder, change) };
}

/// As [`change`], of what `change` finds in the builder.
///
/// # Safety
/// As for [`add`].
pub(super) unsafe fn change_with<B: Builder>(
    builder: *mut B,
    change: impl FnOnce(Parts<'_>) -> CodeResult,
) {
    // SAFETY: the caller's promise is that of `unique`.
    let change = || change(unsafe { unique(builder) }?.parts());
    // The function returns nothing: that it is no builder cannot be reported.
    catch_code(change);
}

/// Ends an answer that is a builder's own; returns its length, or 0. The builder is none then.
///
/// # Safety
/// As for [`add`].
pub(super) unsafe fn finish<B: Builder>(
    builder: *mut B,
    end: impl FnOnce(B::Answer) -> Result<usize, WireError>,
) -> usize {
    // SAFETY: the caller promises that what is said to be there is.
    let take = |state: &mut nipc_builder_state_t| unsafe { state.take(OWN) };
    // SAFETY: the same promise.
    unsafe { finish_with(builder, take, |answer| end(answer).map_err(of_wire)) }
}

/// As [`finish`], of what `take` takes out of the builder.
///
/// # Safety
/// As for [`add`].
pub(super) unsafe fn finish_with<B: Builder, A>(
    builder: *mut B,
    take: impl FnOnce(&mut nipc_builder_state_t) -> CodeResult<A>,
    end: impl FnOnce(A) -> CodeResult<usize>,
) -> usize {
    catch_length(|| {
        // SAFETY: the caller's promise is that of `unique`.
        let parts = unsafe { unique(builder) }?.parts();
        let answer = take(parts.state)?;
        if *parts.error != nipc_error_t::OK {
            return Err(parts.error.code());
        }
        let ended = catch(Err(ErrorCode::INTERNAL), || end(answer));
        ended.inspect_err(|code| *parts.error = nipc_error_t::new(*code))
    })
}

impl nipc_builder_state_t {
    /// Stores an answer of its own.
    pub(super) fn own<A>(&mut self, kind: u64, answer: A) -> CodeResult {
        const {
            assert!(size_of::<A>() <= size_of::<[MaybeUninit<u64>; 24]>());
            assert!(align_of::<A>() <= align_of::<u64>());
            assert!(!needs_drop::<A>(), "C forgets what it does not finish");
        }
        // SAFETY: there is as much room, as the assertions say.
        unsafe { self.own.as_mut_ptr().cast::<A>().write(answer) };
        self.kind = kind;
        Ok(())
    }

    /// Whether there is a list of items of its own.
    #[inline]
    pub(super) const fn is_list(&self) -> bool {
        self.kind == LIST
    }

    /// The list of items, an `A`.
    ///
    /// # Safety
    /// What is stored as `LIST` is an `A`.
    pub(super) unsafe fn list<A>(&mut self) -> CodeResult<&mut A> {
        if !self.is_list() {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        // SAFETY: the kind tells that a list is there; the caller promises its type.
        unsafe { unique(self.own.as_mut_ptr().cast()) }
    }

    /// The answer, lent or its own.
    ///
    /// # Safety
    /// It is an `A`, and what was lent is still there.
    #[inline]
    pub(super) unsafe fn answer<A>(&mut self) -> CodeResult<&mut A> {
        let place = match self.kind {
            LENT => self.lent.cast::<A>(),
            OWN => self.own.as_mut_ptr().cast(),
            _ => ptr::null_mut(),
        };
        // SAFETY: the kind tells that an answer is there; the caller promises its type.
        unsafe { unique(place) }
    }

    /// Takes out an answer of its own, if it is of that kind; the builder has none then.
    ///
    /// # Safety
    /// What is stored as `kind` is an `A`.
    pub(super) unsafe fn take<A>(&mut self, kind: u64) -> CodeResult<A> {
        if self.kind != kind || kind == LENT {
            return Err(ErrorCode::INVALID_ARGUMENT);
        }
        self.kind = 0;
        // SAFETY: the kind tells that an answer is there, nobody reads it again, and the caller
        // promises its type.
        Ok(unsafe { self.own.as_ptr().cast::<A>().read() })
    }
}
