use std::borrow::Cow;
use std::fmt;

use netipc_proto::wire::Status;

use crate::kind::Service;
use crate::log_limiter::LogLimiter;

/// What answers the requests of a server: a function of the request and the answer to fill in.
///
/// Different sessions run it at the same time, one session strictly in order. Requests may come
/// twice. Copy what you need under your lock and build the answer after it, so that a slow client
/// never holds your data.
///
/// [`Handler::new`] makes one of any function. Programs that integrators have fill in the fields:
///
/// ```
/// use netipc::service::cgroups::Handler;
///
/// let handler = Handler {
///     handle: Some(Box::new(|_request, answer| {
///         answer.set_header(1, 42);
///         answer.add(1001, 0, 1, b"docker-abc123", b"/docker/abc123").is_ok()
///     })),
///     ..Handler::default()
/// };
/// ```
pub struct Handler<S: Service> {
    /// Fills in the answer, and returns whether it did. A server without one starts, and answers
    /// INTERNAL_ERROR.
    pub handle: Option<Box<HandleFn<S>>>,
    /// About how many items a snapshot has: a hint. Nothing is reserved for them, and nothing is left
    /// out beyond them.
    pub snapshot_max_items: u32,
    /// Everything else.
    #[doc(hidden)]
    pub parts: HandlerParts<S>,
}

/// The function of [`Handler::handle`].
pub type HandleFn<S> = dyn for<'r, 'a> Fn(&<S as Service>::Request<'r>, &mut <S as Service>::Answer<'a>) -> bool
    + Send
    + Sync;

type HandlerFn<S> = dyn for<'r, 'a> Fn(
        &<S as Service>::Request<'r>,
        &mut <S as Service>::Answer<'a>,
    ) -> Result<(), HandlerFailed>
    + Send
    + Sync;

/// What of a handler is no business of the one who fills it in.
#[doc(hidden)]
pub struct HandlerParts<S: Service> {
    /// Comes before [`Handler::handle`].
    function: Option<Box<HandlerFn<S>>>,
    pub(crate) panics: LogLimiter,
    pub(crate) invalid_answers: LogLimiter,
    pub(crate) failures: LogLimiter,
}

impl<S: Service> Handler<S> {
    /// A handler from a function that returns a `bool`, a `Result<(), E>` or nothing; with
    /// [`HandlerFailed`] for `E` it chooses the status of the answer.
    pub fn new<F, R>(function: F) -> Self
    where
        F: for<'r, 'a> Fn(&S::Request<'r>, &mut S::Answer<'a>) -> R + Send + Sync + 'static,
        R: HandlerResult,
    {
        let mut handler = Self::default();
        handler.parts.function = Some(Box::new(move |request, answer| {
            function(request, answer).into_result()
        }));
        handler
    }

    pub(crate) fn call(
        &self,
        request: &S::Request<'_>,
        answer: &mut S::Answer<'_>,
    ) -> Result<(), HandlerFailed> {
        if let Some(function) = &self.parts.function {
            function(request, answer)
        } else if let Some(handle) = &self.handle {
            handle(request, answer).into_result()
        } else {
            let reason = "the server has no handler";
            Err(HandlerFailed::with_status(Status::INTERNAL_ERROR, reason))
        }
    }
}

impl<S: Service> Default for Handler<S> {
    fn default() -> Self {
        Self {
            handle: None,
            snapshot_max_items: 0,
            parts: HandlerParts {
                function: None,
                panics: LogLimiter::new(),
                invalid_answers: LogLimiter::new(),
                failures: LogLimiter::new(),
            },
        }
    }
}

impl<S: Service> fmt::Debug for Handler<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handler({})", S::METHOD.name)
    }
}

impl<S: Service> fmt::Debug for HandlerParts<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerParts").finish_non_exhaustive()
    }
}

/// A handler did not answer.
///
/// Any error becomes one, with `?` or as what the handler returns. The client gets INTERNAL_ERROR, and
/// never the reason. A handler that means another status says so:
///
/// ```
/// use netipc::service::increment::Increment;
/// use netipc::wire::Status;
/// use netipc::{Handler, HandlerFailed};
///
/// let handler = Handler::<Increment>::new(|n, answer| {
///     let next = n.checked_add(1);
///     let next = next.ok_or(HandlerFailed::with_status(Status::UNSUPPORTED, "the last one"))?;
///     answer.put(&next)?;
///     Ok::<_, HandlerFailed>(())
/// });
/// ```
// Were it an error itself, it could not be made from every error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HandlerFailed {
    status: Status,
    reason: Cow<'static, str>,
}

impl HandlerFailed {
    /// A failure that is answered with `status`: after UNSUPPORTED the session goes on, after
    /// BAD_ENVELOPE and LIMIT_EXCEEDED it ends. Every other status becomes INTERNAL_ERROR.
    #[must_use]
    pub fn with_status(status: Status, reason: impl Into<Cow<'static, str>>) -> Self {
        let status = match status {
            Status::UNSUPPORTED | Status::BAD_ENVELOPE | Status::LIMIT_EXCEEDED => status,
            _ => Status::INTERNAL_ERROR,
        };
        Self {
            status,
            reason: reason.into(),
        }
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why, for the log of the server.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl<E: fmt::Display> From<E> for HandlerFailed {
    #[cold]
    fn from(error: E) -> Self {
        Self::with_status(Status::INTERNAL_ERROR, error.to_string())
    }
}

/// What a handler may return.
pub trait HandlerResult {
    /// Whether it answered.
    ///
    /// # Errors
    /// Where it did not.
    fn into_result(self) -> Result<(), HandlerFailed>;
}

impl HandlerResult for () {
    fn into_result(self) -> Result<(), HandlerFailed> {
        Ok(())
    }
}

impl HandlerResult for bool {
    fn into_result(self) -> Result<(), HandlerFailed> {
        if self {
            Ok(())
        } else {
            let reason = "the handler returned false";
            Err(HandlerFailed::with_status(Status::INTERNAL_ERROR, reason))
        }
    }
}

impl<E: Into<HandlerFailed>> HandlerResult for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerFailed> {
        self.map_err(Into::into)
    }
}
