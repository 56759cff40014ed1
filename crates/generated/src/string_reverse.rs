//! `string-reverse`: A text in, the same bytes backwards out. It exists to test.
//!
//! ```text
//! request
//!   0          8
//!   text span  text NUL
//! response
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
const REQUEST_LEN: usize = 8;
/// Bytes of the fixed part.
const RESPONSE_LEN: usize = 8;

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
    type Argument<'r> = StringReverseRequest<'r>;
    type Request<'a> = StringReverseRequest<'a>;
    type Reply<'a> = StringReverseResponse<'a>;
    type Answer<'a> = ValueAnswer<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &StringReverseRequest<'_>,
        wait: &Wait<'_>,
    ) -> Result<StringReverseResponse<'c>, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(
        _: &StringReverseRequest<'a>,
        buf: &'a mut [u8],
    ) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// The text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StringReverseRequest<'a> {
    /// Any bytes, NULs too. May hold NULs.
    pub text: CStrView<'a>,
}

impl<'a> StringReverseRequest<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        text: CStrView::EMPTY,
    };
}

impl Default for StringReverseRequest<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for StringReverseRequest<'a> {
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (_, spans) = Self::read(bytes)?;
        let [span_0] = spans;
        if span_0.offset != 8 {
            let found = span_0.offset as u64;
            return Err(WireError::layout("text", 8, found));
        }
        let text = string(bytes, 8, span_0, "text")?;
        let item = Self { text };
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (_, spans) = Self::read(valid.bytes()).unwrap_or_default();
        let [text] = spans.map(|span| valid.text(span));
        Self { text }
    }
}

impl Encode for StringReverseRequest<'_> {
    #[inline]
    fn size(&self) -> usize {
        REQUEST_LEN + self.text.len() + 1
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [span_0] = lay_out(REQUEST_LEN, [self.text]);
        out.record::<REQUEST_LEN>(|fields| fields.span(span_0))?;
        out.clean_text(self.text)
    }
}

impl<'a> StringReverseRequest<'a> {
    /// The fixed part, and what tells where the rest lies.
    #[inline]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 1]), WireError> {
        let mut r = Reader::record::<REQUEST_LEN>(bytes, "string-reverse request")?;
        let fixed = Self::UNSET;
        let span_0 = r.span("text")?;
        Ok((fixed, [span_0]))
    }
}

/// The text backwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StringReverseResponse<'a> {
    /// The bytes of the request, last one first. May hold NULs.
    pub text: CStrView<'a>,
}

impl<'a> StringReverseResponse<'a> {
    /// Nothing is set.
    const UNSET: Self = Self {
        text: CStrView::EMPTY,
    };
}

impl Default for StringReverseResponse<'_> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<'a> Decode<'a> for StringReverseResponse<'a> {
    #[inline]
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let (_, spans) = Self::read(bytes)?;
        let [span_0] = spans;
        if span_0.offset != 8 {
            let found = span_0.offset as u64;
            return Err(WireError::layout("text", 8, found));
        }
        let text = string(bytes, 8, span_0, "text")?;
        let item = Self { text };
        Ok(item)
    }

    // Without this, it would be checked again each time it is read.
    #[inline]
    fn view(valid: Valid<'a, Self>) -> Self {
        let (_, spans) = Self::read(valid.bytes()).unwrap_or_default();
        let [text] = spans.map(|span| valid.text(span));
        Self { text }
    }
}

impl Encode for StringReverseResponse<'_> {
    #[inline]
    fn size(&self) -> usize {
        RESPONSE_LEN + self.text.len() + 1
    }

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let [span_0] = lay_out(RESPONSE_LEN, [self.text]);
        out.record::<RESPONSE_LEN>(|fields| fields.span(span_0))?;
        out.clean_text(self.text)
    }
}

impl<'a> StringReverseResponse<'a> {
    /// The fixed part, and what tells where the rest lies.
    #[inline]
    fn read(bytes: &[u8]) -> Result<(Self, [Span; 1]), WireError> {
        let mut r = Reader::record::<RESPONSE_LEN>(bytes, "string-reverse response")?;
        let fixed = Self::UNSET;
        let span_0 = r.span("text")?;
        Ok((fixed, [span_0]))
    }
}
