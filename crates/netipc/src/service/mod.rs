//! What a request kind is, and the five that every peer knows, one file each.
//!
//! A new kind is a new file: its types, their layout, and `impl Service` or `impl Lookup`. Client,
//! server, cache and batch calls are generic over it; `examples/custom_service.rs` is one.

pub mod apps_lookup;
pub mod cgroups_lookup;
pub mod cgroups_snapshot;
pub mod increment;
mod orchestrator;
pub mod string_reverse;

pub use cgroups_snapshot as cgroups;
pub use orchestrator::Orchestrator;

use netipc_proto::wire::{Decode, Encode, MethodCode, WireError, WireErrorKind, Writer};

/// One request kind.
///
/// ```
/// use netipc::service::{Method, Service, Slot};
/// use netipc::wire::{MethodCode, WireError};
///
/// /// A number in, twice the number out.
/// struct Double;
///
/// impl Service for Double {
///     const METHOD: Method = Method { code: MethodCode(1000), name: "double", batches: true };
///     type Request<'a> = u64;
///     type Reply<'a> = u64;
///     type Answer<'a> = Slot<'a>;
///
///     fn answer<'a>(_: &u64, buf: &'a mut [u8]) -> Result<Slot<'a>, WireError> {
///         Ok(Slot::new(buf))
///     }
///
///     fn finish(answer: Slot<'_>) -> Result<usize, WireError> {
///         answer.finish()
///     }
/// }
/// ```
pub trait Service: Sized + 'static {
    /// Its number, its name, and whether it works in batches.
    const METHOD: Method;

    /// What the handler gets; where it is [`Encode`] too, what the client sends.
    type Request<'a>: Decode<'a>;

    /// What the client gets. It borrows the client until the next call.
    type Reply<'a>: Decode<'a>;

    /// What the handler fills in. It borrows the server's send buffer.
    type Answer<'a>;

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

    /// Reads a reply that was decoded before, and so need not be validated again.
    ///
    /// # Errors
    /// None for such a reply.
    fn reread<'a>(payload: &'a [u8]) -> Result<Self::Reply<'a>, WireError> {
        Self::Reply::decode(payload)
    }
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

/// The answer of a service whose reply is one value.
#[derive(Debug)]
pub struct Slot<'a> {
    out: Writer<'a>,
    error: Option<WireError>,
}

impl<'a> Slot<'a> {
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
        let done = match self.out.is_empty() {
            true => value.encode(&mut self.out),
            false => Err(WireError::new(WireErrorKind::BadItemCount, "answer", 1, 2)),
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
