//! The numbers of errors: those of [`ErrorCode`], which every language shares.

use netipc::wire::WireError;
use netipc::{CallError, ErrorCode, wire_code};

/// What C sees as an enum, and may write anything into.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(transparent)]
pub struct nipc_error_t(u32);

/// The result of what C is told as an error code.
pub(crate) type CodeResult<T = ()> = Result<T, ErrorCode>;

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

impl From<CodeResult> for nipc_error_t {
    fn from(outcome: CodeResult) -> Self {
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
