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
pub struct Handler<S: Service> {
    function: Box<HandlerFn<S>>,
    pub(crate) panics: LogLimiter,
    pub(crate) invalid_answers: LogLimiter,
    pub(crate) failures: LogLimiter,
}

type HandlerFn<S> = dyn for<'r, 'a> Fn(
        &<S as Service>::Request<'r>,
        &mut <S as Service>::Answer<'a>,
    ) -> Result<(), HandlerFailed>
    + Send
    + Sync;

impl<S: Service> Handler<S> {
    /// A handler from a function that returns a `bool`, a `Result<(), E>` or nothing; with
    /// [`HandlerFailed`] for `E` it chooses the status of the answer.
    pub fn new<F, R>(function: F) -> Self
    where
        F: for<'r, 'a> Fn(&S::Request<'r>, &mut S::Answer<'a>) -> R + Send + Sync + 'static,
        R: HandlerResult,
    {
        Self {
            function: Box::new(move |request, answer| function(request, answer).into_result()),
            panics: LogLimiter::new(),
            invalid_answers: LogLimiter::new(),
            failures: LogLimiter::new(),
        }
    }

    pub(crate) fn call(
        &self,
        request: &S::Request<'_>,
        answer: &mut S::Answer<'_>,
    ) -> Result<(), HandlerFailed> {
        (self.function)(request, answer)
    }
}

impl<S: Service> fmt::Debug for Handler<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handler({})", S::METHOD.name)
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
