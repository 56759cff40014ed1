use crate::wire::{Header, Kind, Status, WireError};

/// Why a message was not sent, or why what came ends the session.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The packet does not start with an envelope.
    #[error("bad envelope: {0}")]
    Envelope(#[source] WireError),
    /// A message that this role does not send, or does not receive.
    #[error("expected a {expected}, found a {found}")]
    Kind {
        /// What the role allows.
        expected: Kind,
        /// What came.
        found: Kind,
    },
    /// More than was agreed.
    #[error("{field} {found} is above the agreed {limit}")]
    LimitExceeded {
        /// The field of the envelope.
        field: &'static str,
        /// Its value.
        found: u32,
        /// What was agreed.
        limit: u32,
        /// The message.
        header: Header,
    },
    /// An answer to nothing that was asked.
    #[error("message_id {id} answers no request in flight")]
    UnknownMessageId {
        /// The id.
        id: u64,
    },
    /// A request with the id of one that has no answer yet.
    #[error("message_id {id} is already in flight")]
    DuplicateMessageId {
        /// The id.
        id: u64,
    },
    /// A packet that is no proper part of its message.
    #[error("bad packet: {0}")]
    Chunk(#[source] WireError),
    /// A batch whose directory points outside.
    #[error("bad batch: {source}")]
    Batch {
        /// The message.
        header: Header,
        /// What is wrong with it.
        source: WireError,
    },
    /// The session ended before.
    #[error("the session has ended")]
    Ended,
}

impl SessionError {
    /// What a server answers before it closes, where the error allows an answer.
    #[must_use]
    pub fn answer(&self) -> Option<Header> {
        let (header, status) = match self {
            Self::LimitExceeded { header, .. } => (header, Status::LIMIT_EXCEEDED),
            Self::Batch { header, .. } => (header, Status::BAD_ENVELOPE),
            _ => return None,
        };
        (header.kind == Kind::REQUEST).then(|| header.answer(status))
    }
}
