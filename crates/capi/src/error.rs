//! The numbers of errors: those of [`ErrorCode`], which every language shares.

use netipc::wire::WireError;
use netipc::{CallError, ErrorCode, wire_code};

/// What C sees as an enum, and may write anything into.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct nipc_error_t(u32);

/// What fails with a number.
pub(crate) type Outcome<T = ()> = Result<T, ErrorCode>;

impl nipc_error_t {
    /// No error.
    pub(crate) const OK: Self = Self(0);

    /// The number that a caller gets.
    pub(crate) const fn new(code: ErrorCode) -> Self {
        Self(code.0 as u32)
    }

    /// What C has written.
    pub(crate) fn code(self) -> ErrorCode {
        u16::try_from(self.0).map_or(ErrorCode::INTERNAL, ErrorCode)
    }
}

impl From<Outcome> for nipc_error_t {
    fn from(outcome: Outcome) -> Self {
        outcome.err().map_or(Self::OK, Self::new)
    }
}

/// The number of a decoder's or builder's error.
pub(crate) fn of_wire(error: WireError) -> ErrorCode {
    wire_code(error.kind())
}

/// The number of a call's error.
pub(crate) fn of_call(error: &CallError) -> ErrorCode {
    error.code()
}
