//! `string-reverse`: A text in, the same bytes backwards out. It exists to test.
//!
//! ```text
//! request and response
//!   0          8
//!   text span  text NUL
//! ```
//!
//! Made from `string-reverse.toml` by `netipc schema generate`: change that file, not this one.
#![allow(dead_code, unreachable_pub, reason = "a program uses a part of it")]

use netipc::service::{Method, ReplyOf, Service, ValueAnswer};
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::wire::{
    CStrView, Decode, Encode, MethodCode, Reader, Span, Valid, WireError, Writer, lay_out, string,
};
use netipc::{CallError, Client, Handler, Server};

/// Bytes of the fixed part.
const VALUE_LEN: usize = 8;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct StringReverse;

/// A client of `string-reverse`.
pub type StringReverseClient = Client<StringReverse>;
/// A server of `string-reverse`.
pub type StringReverseServer = Server<StringReverse>;
/// What answers the requests of a server.
pub type StringReverseHandler = Handler<StringReverse>;

impl Service for StringReverse {
    const METHOD: Method = Method {
        code: MethodCode(0x0003),
        name: "string-reverse",
        batches: true,
    };
    type Argument<'r> = StringReverseValue<'r>;
    type Request<'a> = StringReverseValue<'a>;
    type Reply<'a> = StringReverseValue<'a>;
    type Answer<'a> = ValueAnswer<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &StringReverseValue<'_>,
        wait: &Wait<'_>,
    ) -> Result<StringReverseValue<'c>, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(
        _: &StringReverseValue<'a>,
        buf: &'a mut [u8],
    ) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// What is asked and answered.
///
/// Asked: The text. Answered: The text backwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StringReverseValue<'a>(
    /// Any bytes, NULs too. May hold NULs.
    pub CStrView<'a>,
);

impl<'a> StringReverseValue<'a> {
    /// One of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(CStrView::new(bytes))
    }
}

impl<'a> StringReverseValue<'a> {
    /// Nothing is set.
    const UNSET: Self = Self(CStrView::EMPTY);
}

impl Default for StringReverseValue<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for StringReverseValue<'a> {
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (_, spans) = Self::read(bytes)?;
        let [span_0] = spans;
        if span_0.offset != 8 {
            let found = span_0.offset as u64;
            return Err(WireError::layout("text", 8, found));
        }
        let text = string(bytes, 8, span_0, "text")?;
        let item = Self(text);
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (_, spans) = Self::read(valid.bytes()).unwrap_or_default();
        let [text] = spans.map(|span| valid.text(span));
        Self(text)
    }
}

impl Encode for StringReverseValue<'_> {
    #[inline]
    fn size(&self) -> usize {
        VALUE_LEN + self.0.len() + 1
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [span_0] = lay_out(VALUE_LEN, [self.0]);
        out.record::<VALUE_LEN>(|fields| fields.span(span_0))?;
        out.clean_text(self.0)
    }
}

impl<'a> StringReverseValue<'a> {
    /// The fixed part, and what tells where the rest lies.
    #[inline]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 1]), WireError> {
        let mut r = Reader::record::<VALUE_LEN>(bytes, "string-reverse value")?;
        let fixed = Self::UNSET;
        let span_0 = r.span("text")?;
        Ok((fixed, [span_0]))
    }
}
