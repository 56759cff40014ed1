//! What answers the requests of a server: functions of C, called on its session threads.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::ffi::c_void;

use netipc::service::Service;
use netipc::wire::Status;
use netipc::{ErrorCode, Handler, HandlerFailed};

use super::server_handle::ServerId;
use crate::calling::returned;
use crate::error::nipc_error_t;
use crate::protocol::Zeroed;

/// A handler of C: a function that answers requests.
pub(super) trait Callback: Zeroed + Copy {
    /// What it serves.
    type Service: Service;

    /// The handler for the server `id`. Without a function, every request fails.
    fn bound_to(self, id: ServerId) -> Handler<Self::Service> {
        let bound = self.function_bound_to(id);
        bound.unwrap_or_else(|| Handler::<Self::Service>::new(|_, _| no_function()))
    }

    /// The handler for the server `id`; `None` without a function.
    fn function_bound_to(self, id: ServerId) -> Option<Handler<Self::Service>>;
}

/// A handler that is NULL, or whose function is.
fn no_function() -> Result<(), HandlerFailed> {
    let reason = "the handler or its function is NULL";
    Err(HandlerFailed::with_status(Status::INTERNAL_ERROR, reason))
}

/// What a function of C gets as its first argument, and which server calls it.
pub(crate) struct User {
    ptr: *mut c_void,
    server: ServerId,
}

// SAFETY: it is only handed to a function that the header asks to be fit for any thread.
unsafe impl Send for User {}
// SAFETY: as above; several threads at once are asked for, too.
unsafe impl Sync for User {}

impl User {
    pub(crate) const fn new(ptr: *mut c_void, server: ServerId) -> Self {
        Self { ptr, server }
    }

    pub(crate) fn call<T>(&self, handle: impl FnOnce(*mut c_void) -> T) -> T {
        self.server.answering(|| returned(|| handle(self.ptr)))
    }
}

/// The status that the client gets for what a handler returned and for the error that it left in the
/// builder. The text is for the log.
pub(super) fn handler_result(
    answered: bool,
    error: Option<nipc_error_t>,
) -> Result<(), HandlerFailed> {
    let Some(error) = error else {
        let reason = "it initialised the builder that it was lent";
        return Err(HandlerFailed::with_status(Status::INTERNAL_ERROR, reason));
    };
    if answered && error.code() == ErrorCode::OK {
        return Ok(());
    }
    let status = status_of(error.code());
    let reason = match error.code() {
        ErrorCode::OK => "it returned false",
        error => error.name().unwrap_or("it left an error without a name"),
    };
    Err(HandlerFailed::with_status(status, reason))
}

/// The status that the client gets for the error of a handler.
pub(crate) const fn status_of(error: ErrorCode) -> Status {
    match error {
        ErrorCode::OVERFLOW => Status::LIMIT_EXCEEDED,
        ErrorCode::UNSUPPORTED => Status::UNSUPPORTED,
        ErrorCode::REJECTED => Status::BAD_ENVELOPE,
        _ => Status::INTERNAL_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_handlers_have_statuses() {
        let status_of = |answered, code| {
            let result = handler_result(answered, Some(nipc_error_t::new(code)));
            result.map_or_else(|failed| failed.status(), |()| Status::OK)
        };
        assert_eq!(status_of(true, ErrorCode::OK), Status::OK);
        assert_eq!(status_of(false, ErrorCode::OK), Status::INTERNAL_ERROR);
        for (code, status) in [
            (ErrorCode::OVERFLOW, Status::LIMIT_EXCEEDED),
            (ErrorCode::UNSUPPORTED, Status::UNSUPPORTED),
            (ErrorCode::REJECTED, Status::BAD_ENVELOPE),
            (ErrorCode::BAD_LAYOUT, Status::INTERNAL_ERROR),
            (ErrorCode::TRUNCATED, Status::INTERNAL_ERROR),
            (ErrorCode(9999), Status::INTERNAL_ERROR),
        ] {
            assert_eq!(status_of(true, code), status, "{code}");
            assert_eq!(status_of(false, code), status, "{code}");
        }
        let failed = handler_result(true, None).unwrap_err();
        assert_eq!(failed.status(), Status::INTERNAL_ERROR);
    }
}
