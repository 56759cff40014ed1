use std::fmt;

use crate::repeats::Repeats;
use crate::service::Service;

/// What answers the requests of a server: a function of the request and the answer to fill in.
///
/// Different sessions run it at the same time, one session strictly in order. Requests may come
/// twice. Copy what you need under your lock and build the answer after it, so that a slow client
/// never holds your data.
pub struct Handler<S: Service> {
    run: Box<Run<S>>,
    pub(crate) panics: Repeats,
    pub(crate) mistakes: Repeats,
}

type Run<S> = dyn for<'r, 'a> Fn(
        &<S as Service>::Request<'r>,
        &mut <S as Service>::Answer<'a>,
    ) -> Result<(), HandlerFailed>
    + Send
    + Sync;

impl<S: Service> Handler<S> {
    /// A handler from a function that returns a `bool`, a `Result<(), E>` or nothing.
    pub fn new<F, R>(run: F) -> Self
    where
        F: for<'r, 'a> Fn(&S::Request<'r>, &mut S::Answer<'a>) -> R + Send + Sync + 'static,
        R: Outcome,
    {
        Self {
            run: Box::new(move |request, answer| run(request, answer).into_result()),
            panics: Repeats::new(),
            mistakes: Repeats::new(),
        }
    }

    pub(crate) fn call(
        &self,
        request: &S::Request<'_>,
        answer: &mut S::Answer<'_>,
    ) -> Result<(), HandlerFailed> {
        (self.run)(request, answer)
    }
}

impl<S: Service> fmt::Debug for Handler<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handler({})", S::METHOD.name)
    }
}

/// A handler did not answer. The client is told that it failed, and nothing more.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct HandlerFailed {
    reason: String,
}

/// What a handler may return.
pub trait Outcome {
    /// Whether it answered.
    ///
    /// # Errors
    /// Where it did not.
    fn into_result(self) -> Result<(), HandlerFailed>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), HandlerFailed> {
        Ok(())
    }
}

impl Outcome for bool {
    fn into_result(self) -> Result<(), HandlerFailed> {
        match self {
            true => Ok(()),
            false => Err(HandlerFailed {
                reason: "the handler returned false".into(),
            }),
        }
    }
}

impl<E: fmt::Display> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerFailed> {
        self.map_err(|error| HandlerFailed {
            reason: error.to_string(),
        })
    }
}
