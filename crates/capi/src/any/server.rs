//! Servers that answer whatever they like: a function of C for every request.

#![expect(unsafe_code, reason = "functions of C are called here")]

use std::ffi::{c_char, c_int, c_void};

use netipc::connection::Message;
use netipc::untyped::{Answered, AnyServer, LogLimiter};
use netipc::wire::{Packed, Status, WireErrorKind, write_batch};
use netipc::{ErrorCode, ServerConfig};

use super::types::nipc_bytes_view_t;
use crate::border::shared;
use crate::error::nipc_error_t;
use crate::service::config::{EndpointName, nipc_server_config_t};
use crate::service::handler::{User, status_of};
use crate::service::inherited::bind_options;
use crate::service::managed_server::nipc_managed_server_t;
use crate::service::server::{Refusal, init};
use crate::service::server_handle::ServerHandle;

/// Where a handler writes its answer.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_response_t {
    /// Where to. What is there before means nothing.
    pub buf: *mut c_void,
    /// Bytes that the answer may have.
    pub size: usize,
    /// Bytes that it has: 0 until the handler says otherwise.
    pub len: usize,
    /// Takes in words why the handler failed, for the log. Empty until the handler says otherwise; ends in
    /// NUL.
    pub why: [c_char; 160],
}

/// Answers a request by writing to the buffer of the response. It is called for each request of a
/// batch.
///
/// Handlers are called on the threads of sessions: in several at once, each session in order. What
/// they share is theirs to lock; copy what you need under the lock, and build the answer after it.
/// Requests may come twice. A handler must return: not by an exception, longjmp, or the end of the
/// thread. What request and response point to is valid until it returns.
///
/// \param user      what the handler was given with
/// \param method    the number of the method
/// \param request   the payload of the request
/// \param response  takes the payload of the answer
/// \return NIPC_OK where the answer is in the response. Otherwise the client is told by the error:
///         NIPC_ERR_OVERFLOW that the answer is above the limits, NIPC_ERR_REJECTED that the request is
///         none, NIPC_ERR_UNSUPPORTED the same, and everything else that the handler failed. All but
///         NIPC_ERR_UNSUPPORTED end the session. nipc_log_set hears of all but the first two, once in a
///         hundred times
pub type nipc_any_handler_fn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        method: u16,
        request: nipc_bytes_view_t,
        response: *mut nipc_any_response_t,
    ) -> nipc_error_t,
>;

/// The handler of a server that knows no service.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct nipc_any_service_handler_t {
    /// What answers requests. Where it is NULL, every request fails.
    pub handle: nipc_any_handler_fn,
    /// The method that it answers: others are unsupported. 0 is all methods.
    pub method: u16,
    /// Whether one message may carry several requests; such a message is refused otherwise.
    pub batches: bool,
    /// What the function gets as its first argument. It must live until the server is destroyed, or
    /// nipc_server_run has returned, if that is later.
    pub user: *mut c_void,
}

/// Makes a server at run_dir/service.sock that answers with handler. The rest is as for
/// nipc_server_init_typed, and so are the functions to run, stop, drain and destroy it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nipc_server_init_any(
    server: *mut nipc_managed_server_t,
    run_dir: *const c_char,
    service: *const c_char,
    config: *const nipc_server_config_t,
    workers: c_int,
    handler: *const nipc_any_service_handler_t,
) -> nipc_error_t {
    let serve = |endpoint: &EndpointName<'_>, config: ServerConfig, id| {
        let mut callback = nipc_any_service_handler_t::EMPTY;
        if !handler.is_null() {
            // SAFETY: C promises a handler.
            let handler = unsafe { shared(handler) };
            callback = *handler.or(Err(Refusal::invalid("handler is not aligned")))?;
        }
        let requests = Requests {
            handle: callback.handle,
            method: callback.method,
            batches: callback.batches,
            user: User::new(callback.user, id),
            service: endpoint.service.to_string(),
            failures: LogLimiter::new(),
        };
        let answer = Box::new(move |request: Message<'_>, buf: &mut [u8]| {
            match requests.answer(request, buf) {
                Ok(len) => Answered::ok(len),
                Err(status) => Answered::failed(status),
            }
        });
        let workers = usize::try_from(workers).unwrap_or(0);
        let EndpointName { run_dir, service } = endpoint;
        let server =
            AnyServer::new(run_dir, service, &config, workers, answer).listening(bind_options());
        Ok(ServerHandle::bind(server, id)?)
    };
    // SAFETY: C's promise is that of `init`.
    unsafe { init(server, run_dir, service, config, serve) }
}

impl nipc_any_service_handler_t {
    /// As zeroed memory is.
    const EMPTY: Self = Self {
        handle: None,
        method: 0,
        batches: false,
        user: std::ptr::null_mut(),
    };
}

/// What the sessions of a server share.
struct Requests {
    handle: nipc_any_handler_fn,
    method: u16,
    batches: bool,
    user: User,
    /// The name of the server's endpoint, for the log.
    service: String,
    failures: LogLimiter,
}

impl Requests {
    /// Answers a message into `buf`; gives the bytes of the answer.
    fn answer(&self, request: Message<'_>, buf: &mut [u8]) -> Result<usize, Status> {
        let method = request.header().code;
        if self.method != 0 && self.method != method {
            return Err(Status::UNSUPPORTED);
        }
        if !request.header().flags.is_batch() {
            return self.answer_one(method, request.payload(), buf);
        }
        match request.items() {
            Some(items) if self.batches => self.answer_batch(method, items, buf),
            _ => Err(Status::BAD_ENVELOPE),
        }
    }

    fn answer_one(&self, method: u16, payload: &[u8], buf: &mut [u8]) -> Result<usize, Status> {
        let Some(handle) = self.handle else {
            let status = Status::INTERNAL_ERROR;
            return Err(self.failed(status, "the handler or its function is NULL"));
        };
        let request = nipc_bytes_view_t::of(payload);
        let mut response = nipc_any_response_t {
            buf: buf.as_mut_ptr().cast(),
            size: buf.len(),
            len: 0,
            why: [0; 160],
        };
        let run = |user| {
            // SAFETY: it is called as the header says.
            unsafe { handle(user, method, request, &raw mut response) }
        };
        match self.user.call(run).code() {
            ErrorCode::OK if response.len <= buf.len() => Ok(response.len),
            ErrorCode::OK => {
                let status = Status::INTERNAL_ERROR;
                Err(self.failed(status, "it says that its answer is longer than the buffer"))
            }
            // Clients bring these about, and handlers do what they should.
            code @ (ErrorCode::OVERFLOW | ErrorCode::REJECTED) => Err(status_of(code)),
            code => {
                let error = code.name().unwrap_or("it returned an error without a name");
                let why = words(&response.why);
                if why.is_empty() {
                    Err(self.failed(status_of(code), error))
                } else {
                    Err(self.failed(status_of(code), &format!("{error}: {why}")))
                }
            }
        }
    }

    /// Says why a handler failed; gives the status back, which the client is told.
    #[cold]
    fn failed(&self, status: Status, error: &str) -> Status {
        if let Some(times) = self.failures.count() {
            tracing::warn!(service = self.service, %status, error, times, "the handler failed");
        }
        status
    }

    /// Runs the handler for each request; the first that fails decides.
    fn answer_batch(
        &self,
        method: u16,
        requests: Packed<'_>,
        buf: &mut [u8],
    ) -> Result<usize, Status> {
        write_batch(
            buf,
            requests.iter(),
            |request, out| self.answer_one(method, request, out),
            |error| match error.kind() {
                WireErrorKind::Overflow => Status::LIMIT_EXCEEDED,
                _ => Status::INTERNAL_ERROR,
            },
        )
    }
}

/// What a handler said, up to its NUL, whatever its bytes are.
fn words(said: &[c_char]) -> String {
    let said: Vec<u8> = said
        .iter()
        .map(|byte| byte.to_ne_bytes()[0])
        .take_while(|byte| *byte != 0)
        .collect();
    String::from_utf8_lossy(&said).into_owned()
}
