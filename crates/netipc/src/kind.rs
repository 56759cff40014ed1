//! What a request kind is.

use std::marker::PhantomData;

use netipc_proto::wire::{Decode, Encode, Layout, MethodCode, WireError, WireErrorKind, Writer};
use netipc_transport::wait::Wait;

use crate::error::CallError;
use crate::untyped::AnyClient;

/// One request kind: how a client asks, and how a server answers.
///
/// ```
/// use netipc::CallError;
/// use netipc::service::{Method, ReplyOf, Service, ValueAnswer};
/// use netipc::transport::Wait;
/// use netipc::untyped::AnyClient;
/// use netipc::wire::{MethodCode, WireError};
///
/// /// A number in, twice the number out.
/// struct Double;
///
/// impl Service for Double {
///     const METHOD: Method = Method { code: MethodCode(1000), name: "double", batches: true };
///     type Argument<'r> = u64;
///     type Request<'a> = u64;
///     type Reply<'a> = u64;
///     type Answer<'a> = ValueAnswer<'a>;
///
///     fn call<'c>(client: &'c mut AnyClient, n: &u64, wait: &Wait<'_>) -> Result<u64, CallError> {
///         client.call::<ReplyOf<Self>>(Self::METHOD.code, n, wait)
///     }
///
///     fn answer<'a>(_: &u64, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
///         Ok(ValueAnswer::new(buf))
///     }
///
///     fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
///         answer.finish()
///     }
/// }
/// ```
pub trait Service: Sized + 'static {
    /// Its number, its name, and whether it works in batches.
    const METHOD: Method;

    /// What a client's `call` takes: the request, or for a lookup its keys.
    type Argument<'r>: ?Sized;

    /// What the handler gets.
    type Request<'a>: Decode<'a>;

    /// What the client gets. It borrows the client until the next call.
    type Reply<'a>: Decode<'a>;

    /// What the handler fills in. It borrows the server's send buffer.
    type Answer<'a>;

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// [`CallError`].
    fn call<'c>(
        client: &'c mut AnyClient,
        argument: &Self::Argument<'_>,
        wait: &Wait<'_>,
    ) -> Result<Self::Reply<'c>, CallError>;

    /// Starts the answer to `request` in `buf`, which is as long as the session lets a reply be.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where no answer can fit.
    fn answer<'a>(
        request: &Self::Request<'a>,
        buf: &'a mut [u8],
    ) -> Result<Self::Answer<'a>, WireError>;

    /// Ends the answer; returns its length.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it did not fit, any other for a handler's mistake.
    fn finish(answer: Self::Answer<'_>) -> Result<usize, WireError>;
}

/// How a request kind is called, on the wire and in the file system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Method {
    /// Its number on the wire.
    pub code: MethodCode,
    /// The usual name of its endpoint, and of its subcommand.
    pub name: &'static str,
    /// Whether one message may carry several requests.
    pub batches: bool,
}

/// The layout of the replies of `S`, for calls of an [`AnyClient`].
#[derive(Debug)]
pub struct ReplyOf<S>(PhantomData<fn() -> S>);

impl<S: Service> Layout for ReplyOf<S> {
    type View<'a> = S::Reply<'a>;
}

/// The answer of a service whose reply is one value.
#[derive(Debug)]
pub struct ValueAnswer<'a> {
    out: Writer<'a>,
    error: Option<WireError>,
}

impl<'a> ValueAnswer<'a> {
    /// An answer without a value yet.
    #[must_use]
    pub const fn new(buf: &'a mut [u8]) -> Self {
        Self {
            out: Writer::new(buf),
            error: None,
        }
    }

    /// Answers with `value`.
    ///
    /// # Errors
    /// [`WireErrorKind::Overflow`] where it does not fit; the client is told so.
    /// [`WireErrorKind::BadItemCount`] for a second value.
    #[inline]
    pub fn put(&mut self, value: &impl Encode) -> Result<(), WireError> {
        let done = if self.out.is_empty() {
            value.encode(&mut self.out)
        } else {
            Err(WireError::new(WireErrorKind::BadItemCount, "answer", 1, 2))
        };
        done.map_err(|error| *self.error.get_or_insert(error))
    }

    /// Ends the answer; returns its length.
    ///
    /// # Errors
    /// What went wrong in [`put`](Self::put), or that there was none.
    pub fn finish(self) -> Result<usize, WireError> {
        match (self.error, self.out.is_empty()) {
            (Some(error), _) => Err(error),
            (None, true) => Err(WireError::new(WireErrorKind::BadItemCount, "answer", 1, 0)),
            (None, false) => Ok(self.out.len()),
        }
    }
}
