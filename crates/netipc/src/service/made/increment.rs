//! `increment`: A number in, the next one out. It exists to test and to measure.
//!
//! ```text
//! request and response
//!   0      8
//!   value
//! ```
//!
//! Made from `increment.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::service::{Method, ReplyOf, Service, ValueAnswer};
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::wire::{MethodCode, WireError};
use netipc::{CallError, Client, Handler, Server};

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct Increment;

/// A client of `increment`.
pub type IncrementClient = Client<Increment>;
/// A server of `increment`.
pub type IncrementServer = Server<Increment>;
/// What answers the requests of a server.
pub type IncrementHandler = Handler<Increment>;

impl Service for Increment {
    const METHOD: Method = Method {
        code: MethodCode(0x0001),
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
