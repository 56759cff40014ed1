//! `increment`: A number in, the next one out. It exists to test and to measure.
//!
//! ```text
//! request
//!   0      8
//!   value
//! response
//!   0      8
//!   value
//! ```
//!
//! Made from `increment.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::service::{Method, ReplyOf, Service, ValueAnswer};
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::wire::{Decode, Encode, MethodCode, Reader, Valid, WireError, Writer};
use netipc::{CallError, Client, Handler, Server};

/// Bytes of the fixed part.
const REQUEST_LEN: usize = 8;
/// Bytes of the fixed part.
const RESPONSE_LEN: usize = 8;

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
    type Argument<'r> = IncrementRequest;
    type Request<'a> = IncrementRequest;
    type Reply<'a> = IncrementResponse;
    type Answer<'a> = ValueAnswer<'a>;

    fn call(
        client: &mut AnyClient,
        request: &IncrementRequest,
        wait: &Wait<'_>,
    ) -> Result<IncrementResponse, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(_: &IncrementRequest, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// The number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IncrementRequest {
    /// Any number.
    pub value: u64,
}

impl IncrementRequest {
    /// Nothing is set.
    const UNSET: Self = Self { value: 0 };
}

impl Default for IncrementRequest {
    fn default() -> Self {
        Self::UNSET
    }
}

impl Decode<'_> for IncrementRequest {
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let item = Self::read(bytes)?;
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline]
    fn view(valid: Valid<'_, Self>) -> Self {
        Self::read(valid.bytes()).unwrap_or_default()
    }
}

impl Encode for IncrementRequest {
    #[inline]
    fn size(&self) -> usize {
        REQUEST_LEN
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<REQUEST_LEN>(|fields| fields.u64(self.value))
    }
}

impl IncrementRequest {
    /// The fixed part.
    #[inline]
    fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<REQUEST_LEN>(bytes, "increment request")?;
        let mut fixed = Self::UNSET;
        fixed.value = r.u64("value")?;
        Ok(fixed)
    }
}

/// The next number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IncrementResponse {
    /// The number plus one; 0 after the largest.
    pub value: u64,
}

impl IncrementResponse {
    /// Nothing is set.
    const UNSET: Self = Self { value: 0 };
}

impl Default for IncrementResponse {
    fn default() -> Self {
        Self::UNSET
    }
}

impl Decode<'_> for IncrementResponse {
    #[inline]
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let item = Self::read(bytes)?;
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline]
    fn view(valid: Valid<'_, Self>) -> Self {
        Self::read(valid.bytes()).unwrap_or_default()
    }
}

impl Encode for IncrementResponse {
    #[inline]
    fn size(&self) -> usize {
        RESPONSE_LEN
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.record::<RESPONSE_LEN>(|fields| fields.u64(self.value))
    }
}

impl IncrementResponse {
    /// The fixed part.
    #[inline]
    fn read(bytes: &[u8]) -> Result<Self, WireError> {
        let mut r = Reader::record::<RESPONSE_LEN>(bytes, "increment response")?;
        let mut fixed = Self::UNSET;
        fixed.value = r.u64("value")?;
        Ok(fixed)
    }
}
