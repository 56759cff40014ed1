//! What the program ends with, and the sentence it says then.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::LazyLock;

use netipc::HandshakeError;
use netipc::transport::Endpoint;
use netipc::transport::link::{BindError, ConnectError, LinkError};
use netipc::{ClientState, ErrorCode, Failure, OpenError, ServeError, chain};

use crate::platform;

/// The exit codes, as `--help` shows them.
pub(crate) const TABLE: &str = "\
Exit codes:
   0  done
   1  failed: the server's handler failed, its data kept changing, or the system failed
   2  the arguments, the keys, the token or a data file are not valid
   3  not found: nobody serves the endpoint
   4  auth failed: the server does not accept the token or the user
   5  incompatible: another service, another version, or no profile in common
   6  timeout: no answer within the time allowed
   7  protocol error: the server broke the protocol
   8  no session: the server is full, turned the session down, or the connection was lost
   9  too large: the request or the answer does not fit the limits
  10  address in use: another server owns the endpoint, or has taken it over";

/// What the program ends with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Exit {
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    AuthFailed = 4,
    Incompatible = 5,
    Timeout = 6,
    Protocol = 7,
    NoSession = 8,
    TooLarge = 9,
    AddressInUse = 10,
}

impl Exit {
    /// For a client that could not get ready.
    const fn of_state(state: ClientState) -> Self {
        match state {
            ClientState::NotFound => Self::NotFound,
            ClientState::AuthFailed => Self::AuthFailed,
            ClientState::Incompatible => Self::Incompatible,
            _ => Self::NoSession,
        }
    }

    /// For a connection that gave no session.
    pub(crate) const fn of_open(error: &OpenError) -> Self {
        match error {
            OpenError::Endpoint(_) => Self::Usage,
            OpenError::Connect(ConnectError::Denied { .. }) => Self::AuthFailed,
            OpenError::Link(LinkError::Timeout)
            | OpenError::HandshakeTimeout { .. }
            | OpenError::Connect(ConnectError::Interrupted { .. }) => Self::Timeout,
            OpenError::Handshake(
                HandshakeError::Protocol(_)
                | HandshakeError::Profile { .. }
                | HandshakeError::PacketSize { .. }
                | HandshakeError::Limit { .. },
            ) => Self::Protocol,
            error => Self::of_state(error.state()),
        }
    }

    /// For a call that gave no reply.
    pub(crate) fn of_failure(failure: &Failure) -> Self {
        match failure {
            Failure::NotReady { state, .. } => Self::of_state(*state),
            Failure::Reconnect(error) => Self::of_open(error),
            failure => Self::of_code(failure.code()),
        }
    }

    /// For a provider that does not start.
    pub(crate) const fn of_serve(error: &ServeError) -> Self {
        match error {
            ServeError::Endpoint(_) => Self::Usage,
            ServeError::Bind(BindError::AddressInUse { .. })
            | ServeError::Lost(BindError::AddressInUse { .. }) => Self::AddressInUse,
            _ => Self::Failed,
        }
    }

    /// For the number of an error.
    pub(crate) const fn of_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::UNSUPPORTED => Self::Incompatible,
            ErrorCode::TIMEOUT | ErrorCode::ABORTED => Self::Timeout,
            ErrorCode::DISCONNECTED | ErrorCode::NOT_READY => Self::NoSession,
            ErrorCode::OVERFLOW => Self::TooLarge,
            ErrorCode::INVALID_ARGUMENT => Self::Usage,
            ErrorCode::TRUNCATED
            | ErrorCode::BAD_MAGIC
            | ErrorCode::BAD_VERSION
            | ErrorCode::BAD_HEADER_LEN
            | ErrorCode::BAD_KIND
            | ErrorCode::BAD_LAYOUT
            | ErrorCode::OUT_OF_BOUNDS
            | ErrorCode::MISSING_NUL
            | ErrorCode::BAD_ALIGNMENT
            | ErrorCode::BAD_ITEM_COUNT
            | ErrorCode::PROTOCOL => Self::Protocol,
            _ => Self::Failed,
        }
    }

    /// The state in a word or two.
    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "invalid",
            Self::NotFound => "not found",
            Self::AuthFailed => "auth failed",
            Self::Incompatible => "incompatible",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol error",
            Self::NoSession => "no session",
            Self::TooLarge => "too large",
            Self::AddressInUse => "address in use",
        }
    }
}

/// Why the program did not do what it was asked, in one sentence.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Failed {
    exit: Exit,
    sentence: String,
}

impl Failed {
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { exit, sentence }
    }

    /// The sentence that `error` and its causes make.
    pub(crate) fn caused_by(exit: Exit, error: &dyn Error) -> Self {
        Self::new(exit, chain(error))
    }

    /// The sentence alone.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.exit.name(), self.sentence)
    }
}

/// For a program that would not learn that it is asked to stop.
pub(crate) fn cannot_wait_for_a_stop(error: io::Error) -> Failed {
    Failed::new(
        Exit::Failed,
        format!("cannot wait for requests to stop: {error}"),
    )
}

/// For a connection to `endpoint` that gave no session.
pub(crate) fn not_open(endpoint: &Endpoint, error: &OpenError) -> Failed {
    let (exit, why) = (Exit::of_open(error), chain(error));
    if why.contains(&endpoint.to_string()) {
        Failed::new(exit, why)
    } else {
        Failed::new(exit, format!("{endpoint}: {why}"))
    }
}

/// Ends a subcommand: says what went wrong, if anything did.
pub(crate) fn report(done: Result<(), Failed>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            tell(ERROR, &failed);
            ExitCode::from(failed.exit as u8)
        }
    }
}

/// How grave a sentence is, in the numbers of syslog.
const ERROR: u8 = 3;
const NOTICE: u8 = 5;

/// Says something on stderr, if anybody listens there.
pub(crate) fn to_stderr(sentence: &dyn fmt::Display) {
    tell(NOTICE, sentence);
}

/// Says it, to the journal with how grave it is.
fn tell(priority: u8, sentence: &dyn fmt::Display) {
    static IS_JOURNAL: LazyLock<bool> = LazyLock::new(platform::stderr_is_journal);
    let priority = if *IS_JOURNAL {
        format!("<{priority}>")
    } else {
        String::new()
    };
    // In one piece.
    let _ = platform::Stderr.write_all(format!("{priority}netipc: {sentence}\n").as_bytes());
}

/// What printing came to: a reader that has seen enough, as `head` does, is no failure.
pub(crate) fn printed(done: io::Result<()>) -> Result<(), Failed> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|error| Failed::new(Exit::Failed, format!("cannot print: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use netipc::wire::{Profiles, Status, WireError, WireErrorKind};
    use netipc::{LimitSide, ProtocolError};

    use super::*;

    #[test]
    fn states_have_their_exits() {
        for (state, exit) in [
            (ClientState::NotFound, Exit::NotFound),
            (ClientState::AuthFailed, Exit::AuthFailed),
            (ClientState::Incompatible, Exit::Incompatible),
            (ClientState::Disconnected, Exit::NoSession),
            (ClientState::Broken, Exit::NoSession),
        ] {
            assert_eq!(Exit::of_state(state), exit, "{state}");
            assert_eq!(
                Exit::of_failure(&Failure::NotReady {
                    state,
                    open_error: None
                }),
                exit,
                "{state}"
            );
        }
    }

    #[test]
    fn connections_that_fail_have_their_exits() {
        let denied = ConnectError::Denied {
            endpoint: "/run/x.sock".into(),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        let full = HandshakeError::Rejected {
            status: Status::INTERNAL_ERROR,
        };
        for (error, exit) in [
            (OpenError::Connect(denied), Exit::AuthFailed),
            (OpenError::Link(LinkError::Timeout), Exit::Timeout),
            (OpenError::Link(LinkError::Disconnected), Exit::NoSession),
            (OpenError::Handshake(full), Exit::NoSession),
            (
                OpenError::Handshake(HandshakeError::AuthFailed),
                Exit::AuthFailed,
            ),
            (
                OpenError::Handshake(HandshakeError::NoProfile {
                    offered: Profiles::BASELINE,
                }),
                Exit::Incompatible,
            ),
            (
                OpenError::Handshake(HandshakeError::PacketSize {
                    agreed: 7,
                    ours: 4096,
                }),
                Exit::Protocol,
            ),
        ] {
            assert_eq!(Exit::of_open(&error), exit, "{error}");
        }
    }

    #[test]
    fn failures_have_their_exits() {
        let wire = |kind| WireError::new(kind, "field", 1, 2);
        let gone = ConnectError::NotFound {
            endpoint: "/run/x.sock".into(),
            missing: netipc::transport::link::Missing::Endpoint,
            source: io::ErrorKind::NotFound.into(),
        };
        let (first, then) = (1, 2);
        for (failure, exit) in [
            (Failure::Timeout, Exit::Timeout),
            (Failure::Aborted, Exit::Timeout),
            (Failure::Lost(LinkError::Disconnected), Exit::NoSession),
            (
                Failure::Reconnect(OpenError::from(gone).into()),
                Exit::NotFound,
            ),
            (
                Failure::Protocol(ProtocolError::Wire(wire(WireErrorKind::Truncated))),
                Exit::Protocol,
            ),
            (Failure::HandlerFailed, Exit::Failed),
            (Failure::Unsupported, Exit::Incompatible),
            (Failure::RejectedRequest, Exit::Failed),
            (
                Failure::UnexpectedStatus { status: Status(9) },
                Exit::Failed,
            ),
            (
                Failure::LimitExceeded {
                    limit: 1024,
                    side: LimitSide::Server,
                },
                Exit::TooLarge,
            ),
            (
                Failure::Overflow {
                    what: "keys",
                    needed: 2,
                    limit: 1,
                    option: "max_logical_lookup_items of the client",
                },
                Exit::TooLarge,
            ),
            (Failure::GenerationMismatch { first, then }, Exit::Failed),
            (
                Failure::InvalidRequest(wire(WireErrorKind::BadLayout)),
                Exit::Usage,
            ),
        ] {
            assert_eq!(Exit::of_failure(&failure), exit, "{failure}");
        }
    }

    #[test]
    fn every_exit_is_in_the_table() {
        for exit in [
            Exit::NotFound,
            Exit::AuthFailed,
            Exit::Incompatible,
            Exit::Timeout,
            Exit::Protocol,
            Exit::NoSession,
            Exit::TooLarge,
            Exit::AddressInUse,
        ] {
            let row = format!("{:4}  {}:", exit as u8, exit.name());
            assert!(TABLE.contains(&row), "{row}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        assert_eq!(printed(Err(io::ErrorKind::BrokenPipe.into())), Ok(()));
        let failed = printed(Err(io::ErrorKind::StorageFull.into())).unwrap_err();
        assert_eq!(failed.exit(), Exit::Failed);
    }
}
