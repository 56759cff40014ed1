//! Dispatch: the bytes of a request, a function of C, the bytes of its answer, without client or server.

#![expect(unsafe_code, reason = "requests and answers are memory of C")]

use std::ffi::c_void;

use netipc::ErrorCode;
use netipc::service::Service;
use netipc::wire::{Decode, Status, WireErrorKind};

use crate::border::{buffer, bytes, catch, catch_code, unique};
use crate::error::{CodeResult, nipc_error_t, of_wire};

/// The status that answers a request, by what its dispatch returned: NIPC_STATUS_OK,
/// NIPC_STATUS_BAD_ENVELOPE for an error of its decoder or NIPC_ERR_REJECTED, NIPC_STATUS_LIMIT_EXCEEDED for
/// NIPC_ERR_OVERFLOW, NIPC_STATUS_UNSUPPORTED for NIPC_ERR_UNSUPPORTED, and NIPC_STATUS_INTERNAL_ERROR. After
/// any but the first and NIPC_STATUS_UNSUPPORTED a server ends the session.
#[unsafe(no_mangle)]
pub extern "C" fn nipc_dispatch_status(error: nipc_error_t) -> u16 {
    catch(Status::INTERNAL_ERROR.0, || {
        let status = match error.code() {
            ErrorCode::OK => Status::OK,
            ErrorCode::OVERFLOW => Status::LIMIT_EXCEEDED,
            ErrorCode::UNSUPPORTED => Status::UNSUPPORTED,
            ErrorCode::REJECTED => Status::BAD_ENVELOPE,
            code if code.0 <= ErrorCode::BAD_ITEM_COUNT.0 => Status::BAD_ENVELOPE,
            _ => Status::INTERNAL_ERROR,
        };
        status.0
    })
}

/// What is dispatched, and where the answer goes.
pub(super) struct Payloads<'a> {
    request: &'a [u8],
    response: &'a mut [u8],
}

impl Payloads<'_> {
    /// # Safety
    /// As for [`bytes`] and [`buffer`], for as long as this is there.
    pub(super) unsafe fn new(
        request: *const c_void,
        request_len: usize,
        response: *mut c_void,
        response_size: usize,
    ) -> CodeResult<Self> {
        Ok(Self {
            // SAFETY: the caller's promise is that of `bytes`.
            request: unsafe { bytes(request, request_len) }?,
            // SAFETY: the caller's promise is that of `buffer`.
            response: unsafe { buffer(response, response_size) }?,
        })
    }
}

/// Answers a request by `handle`, and writes the length of the answer to where `len_out` points.
///
/// # Safety
/// As for [`unique`].
pub(super) unsafe fn dispatch<'a, S: Service>(
    payloads: CodeResult<Payloads<'a>>,
    len_out: *mut usize,
    handle: impl FnOnce(&S::Request<'a>, &mut S::Answer<'a>) -> CodeResult,
) -> nipc_error_t {
    catch_code(|| {
        // SAFETY: the caller's promise is that of `unique`.
        let len_out = unsafe { unique(len_out) }?;
        *len_out = 0;
        let Payloads { request, response } = payloads?;
        let request = S::Request::<'a>::decode(request).map_err(of_wire)?;
        let mut answer = S::answer(&request, response).map_err(of_wire)?;
        let handled = handle(&request, &mut answer);
        let finished = S::finish(answer);
        *len_out = match (finished, handled) {
            (Ok(len), Ok(())) => len,
            // An answer that did not fit says so, whatever the handler made of it.
            (Err(error), _) if error.kind() == WireErrorKind::Overflow => {
                return Err(ErrorCode::OVERFLOW);
            }
            (_, Err(code)) => return Err(code),
            (Err(_), Ok(())) => return Err(ErrorCode::HANDLER_FAILED),
        };
        Ok(())
    })
}

/// What a handler returned, and the error that it left in its builder; `None` where it initialised the
/// builder anew.
pub(super) fn handled(answered: bool, error: Option<nipc_error_t>) -> CodeResult {
    match error.map(nipc_error_t::code) {
        Some(ErrorCode::OK) if answered => Ok(()),
        Some(code @ (ErrorCode::OVERFLOW | ErrorCode::UNSUPPORTED | ErrorCode::REJECTED)) => {
            Err(code)
        }
        _ => Err(ErrorCode::HANDLER_FAILED),
    }
}
