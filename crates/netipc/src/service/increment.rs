//! `increment`: a number in, the next one out. It exists to test and to measure, and works in
//! batches and in pipelines.
//!
//! ```
//! use netipc::service::increment::{self, Increment};
//!
//! let mut answer = [0; 8];
//! assert_eq!(increment::next(41), 42);
//! assert_eq!(increment::next(u64::MAX), 0);
//! ```

use netipc_proto::wire::{MethodCode, WireError};
use netipc_transport::wait::Wait;

use crate::client::Client;
use crate::error::CallError;
use crate::handler::Handler;
use crate::kind::{Method, ReplyOf, Service, ValueAnswer};
use crate::server::Server;
use crate::untyped::AnyClient;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Increment;

/// A client of `increment`.
pub type IncrementClient = Client<Increment>;
/// A server of `increment`.
pub type ManagedServer = Server<Increment>;

impl Service for Increment {
    const METHOD: Method = Method {
        code: MethodCode::INCREMENT,
        name: "increment",
        batches: true,
    };
    type Argument<'r> = u64;
    type Request<'a> = u64;
    type Reply<'a> = u64;
    type Answer<'a> = ValueAnswer<'a>;

    fn call(client: &mut AnyClient, request: &u64, wait: &Wait<'_>) -> Result<u64, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(_: &u64, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// What the service answers.
#[must_use]
pub const fn next(n: u64) -> u64 {
    n.wrapping_add(1)
}

/// The handler of every provider of the service.
#[must_use]
pub fn handler() -> Handler<Increment> {
    Handler::<Increment>::new(|n, answer| answer.put(&next(*n)))
}
