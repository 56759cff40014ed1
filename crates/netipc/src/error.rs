//! Why something did not work, sorted by who has to act; and the one list of numbers that every
//! language's API takes its error codes from.

use std::fmt;
use std::sync::Arc;

use netipc_proto::codes;
use netipc_proto::session::SessionError;
use netipc_proto::session::handshake::HandshakeError;
use netipc_proto::wire::{WireError, WireErrorKind};
use netipc_transport::endpoint::EndpointError;
use netipc_transport::link::{AttachError, BindError, ConnectError, LinkError};

codes! {
    /// The number of an error, the same in every language.
    pub struct ErrorCode {
        /// No error.
        OK = 0, "ok";
        /// The bytes end too early.
        TRUNCATED = 1, "truncated";
        /// Not an envelope.
        BAD_MAGIC = 2, "bad magic";
        /// Another version of the envelope.
        BAD_VERSION = 3, "bad version";
        /// An envelope of another length.
        BAD_HEADER_LEN = 4, "bad header length";
        /// Neither request, response nor control.
        BAD_KIND = 5, "bad kind";
        /// A value that the layout does not allow.
        BAD_LAYOUT = 6, "bad layout";
        /// An offset that points outside.
        OUT_OF_BOUNDS = 7, "out of bounds";
        /// A string without its NUL.
        MISSING_NUL = 8, "missing NUL";
        /// An item that is not aligned.
        BAD_ALIGNMENT = 9, "bad alignment";
        /// Another number of items.
        BAD_ITEM_COUNT = 10, "bad item count";
        /// More than the limits hold.
        OVERFLOW = 11, "overflow";
        /// The handler failed.
        HANDLER_FAILED = 12, "handler failed";
        /// There is no session.
        NOT_READY = 13, "not ready";
        /// The deadline passed.
        TIMEOUT = 14, "timeout";
        /// The caller called it off.
        ABORTED = 15, "aborted";
        /// The peer is gone.
        DISCONNECTED = 32, "disconnected";
        /// The endpoint serves another method, or no common profile.
        UNSUPPORTED = 33, "unsupported";
        /// The server could not understand the request, or turned the session down.
        REJECTED = 34, "rejected";
        /// The peer broke the protocol.
        PROTOCOL = 35, "protocol error";
        /// The data changed during a lookup.
        GENERATION_MISMATCH = 36, "generation mismatch";
        /// In use: by another thread, or the last request is unanswered.
        BUSY = 37, "busy";
        /// The caller passed something that cannot be sent.
        INVALID_ARGUMENT = 38, "invalid argument";
        /// Another server owns the endpoint.
        ADDRESS_IN_USE = 39, "address in use";
        /// The system failed.
        IO = 40, "input/output error";
        /// The library itself failed: a defect.
        INTERNAL = 41, "internal error";
        /// A context of the C library that was made in the process from which this one was forked.
        FORKED = 42, "made before a fork";
    }
}

/// Why a call gave no reply. Says which endpoint, what failed, and in its
/// [`source`](std::error::Error::source) why.
#[derive(Debug)]
pub struct CallError {
    endpoint: Box<str>,
    failure: Failure,
}

impl CallError {
    /// The error of a call to `endpoint`, for clients of one's own over a [`Connection`](crate::connection::Connection).
    #[must_use]
    pub fn new(endpoint: &impl fmt::Display, failure: Failure) -> Self {
        Self {
            endpoint: endpoint.to_string().into(),
            failure,
        }
    }

    /// What failed.
    #[must_use]
    pub const fn failure(&self) -> &Failure {
        &self.failure
    }

    /// Its number.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.failure.code()
    }

    /// The endpoint that was called.
    #[must_use]
    pub const fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Why there was no session to ask over, where that is what failed.
    ///
    /// ```
    /// use netipc::service::cgroups::CgroupsClient;
    ///
    /// let mut client = CgroupsClient::new("/nowhere", "cgroups-snapshot", Default::default());
    /// client.refresh();
    /// let error = client.call(&Default::default()).err().expect("nobody is there");
    /// assert!(error.open_error().is_some());
    /// let why = netipc::chain(&error);
    /// assert!(why.contains("not connected (not found): no server at "), "{why}");
    /// ```
    #[must_use]
    pub fn open_error(&self) -> Option<&OpenError> {
        match &self.failure {
            Failure::NotReady { open_error, .. } => open_error.as_deref(),
            Failure::Reconnect(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call to {}: {}", self.endpoint, self.failure)
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.failure)
    }
}

/// What helps a client that nobody refreshed; one whose refresh failed has the cause behind it.
const fn refresh_first(never: bool) -> &'static str {
    if never {
        ": refresh the client first"
    } else {
        ""
    }
}

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is no session: refresh the client.
    #[error("not connected ({state}){}", refresh_first(open_error.is_none()))]
    NotReady {
        /// The state of the client.
        state: crate::status::ClientState,
        /// Why the last attempt gave no session, where there was one.
        #[source]
        open_error: Option<Arc<OpenError>>,
    },
    /// The deadline passed.
    #[error("no answer within the time allowed")]
    Timeout,
    /// The caller called it off.
    #[error("aborted by the caller")]
    Aborted,
    /// The connection was lost.
    #[error("the connection was lost")]
    Lost(#[source] LinkError),
    /// There is no new connection after the old one was lost, or given up for one with more room.
    #[error("could not connect again")]
    Reconnect(#[source] Arc<OpenError>),
    /// The server broke the protocol.
    #[error("the server broke the protocol")]
    Protocol(#[source] ProtocolError),
    /// The server's handler failed.
    #[error("the server's handler failed")]
    HandlerFailed,
    /// The endpoint serves another method.
    #[error("the server does not serve this method")]
    Unsupported,
    /// The server could not understand the request.
    #[error(
        "the server rejected the request as malformed: perhaps its schema has another layout: compare them"
    )]
    RejectedRequest,
    /// The server answered with a status that means nothing here.
    #[error("the server answered with {status}")]
    UnexpectedStatus {
        /// What it said.
        status: netipc_proto::wire::Status,
    },
    /// The server says that the request or its answer is larger than agreed, and there is no room
    /// for more.
    #[error(
        "the answer does not fit the agreed {limit} bytes: raise max_response_payload_bytes of {side}"
    )]
    LimitExceeded {
        /// Bytes of a response payload, as agreed.
        limit: u32,
        /// Whose limit it is.
        side: LimitSide,
    },
    /// More than our own limits hold.
    #[error("{needed} {what} exceed the limit of {limit}: raise {option}")]
    Overflow {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        needed: u64,
        /// The limit.
        limit: u64,
        /// The option that holds it, and of which side.
        option: &'static str,
    },
    /// The server's data changed between the parts of a lookup: ask again.
    #[error("the server's data changed during the lookup, from generation {first} to {then}")]
    GenerationMismatch {
        /// Of the first part.
        first: u64,
        /// Of a later one.
        then: u64,
    },
    /// The request cannot be sent: fix the caller.
    #[error("the request is not valid")]
    InvalidRequest(#[source] WireError),
}

impl Failure {
    /// The number of this failure.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotReady { .. } => ErrorCode::NOT_READY,
            Self::Timeout => ErrorCode::TIMEOUT,
            Self::Aborted => ErrorCode::ABORTED,
            Self::Lost(_) => ErrorCode::DISCONNECTED,
            Self::Reconnect(error) => error.code(),
            Self::Protocol(ProtocolError::Wire(error)) => wire_code(error.kind()),
            Self::Protocol(_) => ErrorCode::PROTOCOL,
            Self::HandlerFailed => ErrorCode::HANDLER_FAILED,
            Self::Unsupported => ErrorCode::UNSUPPORTED,
            Self::RejectedRequest | Self::UnexpectedStatus { .. } => ErrorCode::REJECTED,
            Self::Overflow { .. } | Self::LimitExceeded { .. } => ErrorCode::OVERFLOW,
            Self::GenerationMismatch { .. } => ErrorCode::GENERATION_MISMATCH,
            Self::InvalidRequest(_) => ErrorCode::INVALID_ARGUMENT,
        }
    }
}

/// Which side of a session has set a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitSide {
    /// This client: it proposed no more, and may not.
    Client,
    /// The server: it agreed to less than the client may propose.
    Server,
}

impl fmt::Display for LimitSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "the client",
            Self::Server => "the server",
        })
    }
}

/// How a server broke the protocol.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// In the rules of the transport.
    #[error(transparent)]
    Link(LinkError),
    /// In the rules of a session.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// In the payload.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// In what an answer must say of its request.
    #[error("{field} of the answer is {found}, expected {expected}")]
    Answer {
        /// Which field.
        field: &'static str,
        /// What the request implies.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// In the key of an item of an answer.
    #[error("item {index} of the answer has another key than was asked for at that place")]
    EchoedKey {
        /// Which item, from 0.
        index: usize,
    },
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The run dir or the service name cannot be.
    #[error("the endpoint is not valid")]
    Endpoint(#[from] EndpointError),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The connection broke during the handshake.
    #[error("the connection failed during the handshake")]
    Link(#[from] LinkError),
    /// The server did not finish the handshake in the time that one may take; the caller has more.
    #[error("no handshake within {limit_ms} ms: the server is stopped, or overloaded")]
    HandshakeTimeout {
        /// That time.
        limit_ms: u32,
        /// Where it ended.
        #[source]
        source: Box<Self>,
    },
    /// The server turned the session down.
    #[error("the handshake failed")]
    Handshake(#[from] HandshakeError),
    /// The server of another user turned us down: for our user or for the token, which it does not tell.
    #[error(
        "the server, which user {server} runs, refused this process of user {own}: run both as one user, or have the server allow this one; the token may be wrong, too"
    )]
    OtherUser {
        /// The server's user id.
        server: u32,
        /// Our own.
        own: u32,
    },
    /// The shared memory that the server offered is of no use.
    #[error("the shared memory could not be attached")]
    Attach(#[from] AttachError),
}

impl OpenError {
    /// The number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Endpoint(_) => ErrorCode::INVALID_ARGUMENT,
            Self::Connect(ConnectError::Interrupted { source, .. })
            | Self::Attach(AttachError::Interrupted { source, .. })
            | Self::Link(source) => link_code(source),
            Self::Connect(ConnectError::NotFound { .. }) | Self::Attach(AttachError::HungUp) => {
                ErrorCode::DISCONNECTED
            }
            Self::HandshakeTimeout { .. } => ErrorCode::TIMEOUT,
            Self::Handshake(error) => match error {
                HandshakeError::NoProfile { .. } | HandshakeError::Incompatible { .. } => {
                    ErrorCode::UNSUPPORTED
                }
                HandshakeError::AuthFailed | HandshakeError::Rejected { .. } => ErrorCode::REJECTED,
                HandshakeError::LimitExceeded => ErrorCode::OVERFLOW,
                _ => ErrorCode::PROTOCOL,
            },
            Self::OtherUser { .. } => ErrorCode::REJECTED,
            Self::Connect(ConnectError::UntrustedServer { .. }) => ErrorCode::REJECTED,
            _ => ErrorCode::IO,
        }
    }

    /// The state that a client is in after it.
    #[must_use]
    pub const fn state(&self) -> crate::status::ClientState {
        use crate::status::ClientState as State;
        match self {
            Self::Connect(ConnectError::NotFound { .. }) => State::NotFound,
            Self::Connect(ConnectError::UntrustedServer { .. })
            | Self::Handshake(HandshakeError::AuthFailed)
            | Self::OtherUser { .. } => State::AuthFailed,
            Self::Handshake(
                HandshakeError::NoProfile { .. } | HandshakeError::Incompatible { .. },
            ) => State::Incompatible,
            _ => State::Disconnected,
        }
    }
}

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The run dir or the service name cannot be.
    #[error("the endpoint is not valid")]
    Endpoint(#[from] EndpointError),
    /// The endpoint could not be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The endpoint was taken away while the server ran: its socket was removed or replaced, and it cannot
    /// be bound again.
    #[error("the endpoint was taken away from its server")]
    Lost(#[source] BindError),
    /// The server runs already.
    #[error("the server is running already")]
    Running,
    /// The server was stopped, and stays so.
    #[error("the server was stopped: make a new one")]
    Stopped,
}

impl ServeError {
    /// The number of this error.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Endpoint(_) => ErrorCode::INVALID_ARGUMENT,
            Self::Bind(error) | Self::Lost(error) => match error {
                BindError::AddressInUse { .. } => ErrorCode::ADDRESS_IN_USE,
                _ => ErrorCode::IO,
            },
            Self::Running => ErrorCode::BUSY,
            Self::Stopped => ErrorCode::ABORTED,
        }
    }
}

/// The code of a link's error.
pub(crate) const fn link_code(error: &LinkError) -> ErrorCode {
    match error {
        LinkError::Timeout => ErrorCode::TIMEOUT,
        LinkError::Aborted => ErrorCode::ABORTED,
        LinkError::Protocol { .. } => ErrorCode::PROTOCOL,
        LinkError::TooLarge { .. } => ErrorCode::OVERFLOW,
        LinkError::Empty => ErrorCode::INVALID_ARGUMENT,
        LinkError::Busy => ErrorCode::BUSY,
        LinkError::Io(_) => ErrorCode::IO,
        _ => ErrorCode::DISCONNECTED,
    }
}

/// The code of a decoder's or builder's error.
#[must_use]
pub const fn wire_code(kind: WireErrorKind) -> ErrorCode {
    match kind {
        WireErrorKind::Truncated => ErrorCode::TRUNCATED,
        WireErrorKind::BadMagic => ErrorCode::BAD_MAGIC,
        WireErrorKind::BadVersion => ErrorCode::BAD_VERSION,
        WireErrorKind::BadHeaderLen => ErrorCode::BAD_HEADER_LEN,
        WireErrorKind::BadKind => ErrorCode::BAD_KIND,
        WireErrorKind::OutOfBounds => ErrorCode::OUT_OF_BOUNDS,
        WireErrorKind::MissingNul => ErrorCode::MISSING_NUL,
        WireErrorKind::BadAlignment => ErrorCode::BAD_ALIGNMENT,
        WireErrorKind::BadItemCount => ErrorCode::BAD_ITEM_COUNT,
        WireErrorKind::Overflow => ErrorCode::OVERFLOW,
        _ => ErrorCode::BAD_LAYOUT,
    }
}

/// An error and its causes in one line, outermost first, each said once.
///
/// ```
/// use netipc::service::cgroups::CgroupsClient;
///
/// let mut client = CgroupsClient::new("/nowhere", "cgroups-snapshot", Default::default());
/// client.refresh();
/// let why = netipc::chain(client.open_error().expect("nobody is there"));
/// // On Linux: no server at /nowhere/cgroups-snapshot.sock: No such file or directory (os error 2)
/// assert!(why.starts_with("no server at ") && why.contains("cgroups-snapshot"));
/// ```
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
