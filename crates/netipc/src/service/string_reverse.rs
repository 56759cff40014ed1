//! `string-reverse`: bytes in, the same bytes backwards out.
//!
//! ```text
//! 0           4       8
//! offset = 8  length  bytes NUL
//! ```

use netipc_proto::wire::{
    CStrView, Decode, Encode, MethodCode, Reader, Span, WireError, Writer, string,
};
use netipc_transport::wait::Wait;

use crate::client::Client;
use crate::error::CallError;
use crate::handler::Handler;
use crate::kind::{Method, ReplyOf, Service, ValueAnswer};
use crate::server::Server;
use crate::untyped::AnyClient;

const HEADER_LEN: usize = 8;

/// The service.
#[derive(Clone, Copy, Debug)]
pub struct StringReverse;

/// A client of `string-reverse`.
pub type StringReverseClient = Client<StringReverse>;
/// A server of `string-reverse`.
pub type ManagedServer = Server<StringReverse>;

/// The text of a request or a reply. Unlike other strings it may hold NULs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Text<'a>(pub CStrView<'a>);

impl Service for StringReverse {
    const METHOD: Method = Method {
        code: MethodCode::STRING_REVERSE,
        name: "string-reverse",
        batches: true,
    };
    type Argument<'r> = Text<'r>;
    type Request<'a> = Text<'a>;
    type Reply<'a> = Text<'a>;
    type Answer<'a> = ValueAnswer<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &Text<'_>,
        wait: &Wait<'_>,
    ) -> Result<Text<'c>, CallError> {
        client.call::<ReplyOf<Self>>(Self::METHOD.code, request, wait)
    }

    fn answer<'a>(_: &Text<'a>, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

impl<'a> Text<'a> {
    /// A text of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(CStrView::new(bytes))
    }
}

impl Encode for Text<'_> {
    fn size(&self) -> usize {
        HEADER_LEN + self.0.len() + 1
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        let span = Span {
            offset: HEADER_LEN,
            len: self.0.len(),
        };
        out.record::<HEADER_LEN>(|fields| fields.span(span))?;
        out.clean_text(self.0)
    }
}

impl<'a> Decode<'a> for Text<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, WireError> {
        let span = Reader::record::<HEADER_LEN>(bytes, "text")?.span("text")?;
        if span.offset != HEADER_LEN {
            return Err(WireError::layout(
                "text offset",
                HEADER_LEN as u64,
                span.offset as u64,
            ));
        }
        string(bytes, HEADER_LEN, span, "text").map(Self)
    }
}

/// The handler of every provider of the service.
#[must_use]
pub fn handler() -> Handler<StringReverse> {
    Handler::<StringReverse>::new(|text, answer| {
        let reversed: Vec<u8> = text.0.iter().rev().copied().collect();
        answer.put(&Text::new(&reversed))
    })
}
