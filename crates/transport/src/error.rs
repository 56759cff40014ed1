//! What can go wrong with a link, an endpoint or a region.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a link did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The peer closed the connection in order.
    #[error("the peer closed the connection")]
    Disconnected,
    /// The connection broke.
    #[error("the connection broke")]
    Reset(#[source] io::Error),
    /// The deadline passed.
    #[error("the deadline passed")]
    Timeout,
    /// The owner called it off.
    #[error("aborted by the owner")]
    Aborted,
    /// The peer broke the rules of the transport.
    #[error("the peer broke the rules of the transport: {what}")]
    Protocol {
        /// Which rule.
        what: &'static str,
    },
    /// The packet is larger than the link carries.
    #[error("a packet of {size} bytes exceeds the {limit} bytes that the link carries")]
    TooLarge {
        /// Bytes of the packet.
        size: usize,
        /// Bytes that the link carries.
        limit: usize,
    },
    /// An empty packet cannot be sent.
    #[error("a packet needs at least one byte")]
    Empty,
    /// As many messages are under way as the link carries.
    #[error("the last message is still unanswered")]
    Busy,
    /// The endpoint of a listener was taken away, and cannot be had again.
    #[error("the endpoint was taken away from its server")]
    EndpointLost(#[source] Box<BindError>),
    /// The system failed.
    #[error("the system refused")]
    Io(#[from] io::Error),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody serves the endpoint.
    #[error("no server at {endpoint}{missing}")]
    NotFound {
        /// Where.
        endpoint: String,
        /// What there is none of.
        missing: Missing,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The endpoint exists and we may not use it.
    #[error("no permission to connect to {endpoint}")]
    Denied {
        /// Where.
        endpoint: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The process that serves the endpoint is of a user whom we have no reason to trust with a token: not
    /// ours, not root, not the owner of a run directory that is closed to others.
    #[error(
        "{endpoint} is served by {}, whom user {own} does not trust: run the server as that user or root, let its user own the run directory and nobody else write there, or name it as trusted", user(*server)
    )]
    UntrustedServer {
        /// Where.
        endpoint: String,
        /// Its user, where the kernel tells.
        server: Option<u32>,
        /// Ours.
        own: u32,
    },
    /// The deadline passed, or the owner called it off.
    #[error("connecting to {endpoint}")]
    Interrupted {
        /// Where.
        endpoint: String,
        /// [`LinkError::Timeout`] or [`LinkError::Aborted`].
        #[source]
        source: LinkError,
    },
    /// The system failed.
    #[error("cannot connect to {endpoint}")]
    Io {
        /// Where.
        endpoint: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What a client did not find where nobody serves.
///
/// ```
/// use netipc_transport::link::Missing;
///
/// assert_eq!(Missing::Listener.to_string(), ": nobody listens at what is there, as after a server that was killed");
/// assert_eq!(Missing::Endpoint.to_string(), "");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// The run directory, which is this one. A server makes none either, unless that is asked of it.
    RunDir(PathBuf),
    /// The socket or the pipe: no server has started yet, or the last one has ended.
    Endpoint,
    /// Somebody who listens at the socket, which is there: its server was killed, or starts.
    Listener,
}

impl fmt::Display for Missing {
    /// What follows the endpoint in the error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunDir(path) => {
                write!(f, ": the run directory {} does not exist", path.display())
            }
            Self::Endpoint => Ok(()),
            Self::Listener => {
                f.write_str(": nobody listens at what is there, as after a server that was killed")
            }
        }
    }
}

fn user(uid: Option<u32>) -> String {
    uid.map_or_else(|| "an unknown user".to_owned(), |uid| format!("user {uid}"))
}

/// Why an endpoint could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else serves it, or may: nothing was deleted.
    #[error("{endpoint} is in use by another server: {why}{}", held_by(holders))]
    AddressInUse {
        /// Where.
        endpoint: String,
        /// How that is known.
        why: &'static str,
        /// The processes that hold it, as far as the system tells.
        holders: Vec<u32>,
    },
    /// The system failed.
    #[error("cannot listen at {endpoint}{}", what_to_do(endpoint, source))]
    Io {
        /// Where.
        endpoint: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// What helps where the system could not listen.
fn what_to_do(endpoint: &str, source: &io::Error) -> String {
    match (source.kind(), Path::new(endpoint).parent()) {
        (io::ErrorKind::NotFound, Some(dir)) => format!(
            ": the run directory {} does not exist: create it with mode 0700",
            dir.display()
        ),
        _ => String::new(),
    }
}

fn held_by(holders: &[u32]) -> String {
    match holders {
        [] => String::new(),
        [pid] => format!(" (process {pid})"),
        pids => {
            let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
            format!(" (processes {})", pids.join(", "))
        }
    }
}

/// Why the region that the server offered could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The server hung up meanwhile: it says nothing about shared memory.
    #[error("the server hung up before its region was attached")]
    HungUp,
    /// The deadline passed, or the owner called it off.
    #[error("attaching the region was interrupted")]
    Interrupted {
        /// The profile that was selected: its bit.
        profile: u32,
        /// [`LinkError::Timeout`] or [`LinkError::Aborted`].
        #[source]
        source: LinkError,
    },
    /// There is no usable region: leave its profile out of the next proposal.
    #[error("the region {region} is not usable: {why}")]
    Unusable {
        /// The profile that was selected: its bit.
        profile: u32,
        /// Its name.
        region: String,
        /// What is wrong with it.
        why: String,
    },
}
