//! What a client can say of itself at any time.

use std::fmt;
use std::time::Instant;

use netipc_proto::session::Limits;
use netipc_proto::wire::Profiles;
use netipc_transport::link::{LinkKind, Peer};

/// Where a client stands. The numbers are those of every language's API.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum ClientState {
    /// Not connected yet, or closed.
    #[default]
    Disconnected = 0,
    /// In the middle of a connect.
    Connecting = 1,
    /// Calls can be made.
    Ready = 2,
    /// Nobody serves the endpoint: normal, try again later.
    NotFound = 3,
    /// The token or the user is not accepted.
    AuthFailed = 4,
    /// The versions or the profiles do not match.
    Incompatible = 5,
    /// The session was lost: the next refresh makes a new one.
    Broken = 6,
}

impl ClientState {
    /// The state with this number; disconnected where there is none.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Connecting,
            2 => Self::Ready,
            3 => Self::NotFound,
            4 => Self::AuthFailed,
            5 => Self::Incompatible,
            6 => Self::Broken,
            _ => Self::Disconnected,
        }
    }
}

impl fmt::Display for ClientState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::NotFound => "not found",
            Self::AuthFailed => "auth failed",
            Self::Incompatible => "incompatible",
            Self::Broken => "broken",
        })
    }
}

/// How often what happened, since the client was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Sessions made from scratch.
    pub connects: u64,
    /// Sessions made by the attempt that follows a loss, or to have room for more.
    pub reconnects: u64,
    /// Requests that were answered.
    pub calls: u64,
    /// Calls that returned an error.
    pub errors: u64,
    /// Requests that were sent again after a failure.
    pub retries: u64,
    /// Calls that ran out of time.
    pub timeouts: u64,
    /// Calls that were called off.
    pub aborts: u64,
    /// Bytes of requests sent, headers included.
    pub bytes_sent: u64,
    /// Bytes of answers received, headers included.
    pub bytes_received: u64,
}

/// The session that a client has, and the proof of what carries it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The profile that was negotiated.
    pub profile: Profiles,
    /// What the data really goes over.
    pub transport: LinkKind,
    /// The server's number for the session.
    pub session_id: u64,
    /// What both sides keep to.
    pub limits: Limits,
    /// The server's process, as far as the platform tells.
    pub peer: Peer,
    /// What the server said that it can use: where shared memory is not among it, the server is not configured for it, or could
    /// make no region.
    pub server_profiles: Profiles,
}

/// A client's state, what it did, and what went wrong last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientStatus {
    /// Where it stands.
    pub state: ClientState,
    /// What happened so far.
    pub counters: Counters,
    /// The session, while there is one.
    pub session: Option<SessionStatus>,
    /// The last failure with its causes. It stays after a success.
    pub last_error: Option<String>,
    /// When the last call that succeeded began.
    pub last_success: Option<Instant>,
}
