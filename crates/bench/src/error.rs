//! Why a figure could not be measured.

use std::io;

use netipc::connection::ConnectionError;
use netipc::transport::EndpointError;
use netipc::transport::link::{BindError, LinkError};
use netipc::wire::WireError;
use netipc::{CallError, OpenError, ServeError};

use crate::run_dir::RunDirError;

/// Why a figure could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// There is no place for the sockets.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// The other process was told what it does not understand.
    #[error("not a task of a benchmark")]
    Task(#[from] serde_json::Error),
    /// Another process could not be started or asked.
    #[error("cannot work with the program {name:?}")]
    Program {
        /// What it is called.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has failed, or does not keep to what was agreed.
    #[error("the program {name:?} failed: {why}")]
    ProgramFailed {
        /// What it is called.
        name: String,
        /// What it said last, or what is wrong with that.
        why: String,
    },
    /// A program does not do what the row is about, and says so.
    #[error("the program {0:?} does not do that")]
    Unsupported(String),
    /// The system refused what a raw limit needs.
    #[error("{what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// An answer was wrong: nothing that was measured counts.
    #[error("wrong answer: {0}")]
    Wrong(String),
    /// The session is not over the transport that was to be measured.
    #[error("no session over {wanted}: {why}")]
    NoSession {
        /// The transport.
        wanted: &'static str,
        /// What there is instead.
        why: String,
    },
    /// Figures that cannot be.
    #[error("{0}")]
    Invalid(&'static str),
    /// A row is held against a limit that was not measured.
    #[error("there is no row {0:?} to hold a result against")]
    NoLimit(String),
    /// A typed call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// There is no session.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A session ended.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A link failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An endpoint cannot be like that.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// An endpoint cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A server does not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Bytes that we made ourselves are not valid.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The user called it off.
    #[error("interrupted")]
    Interrupted,
}

impl BenchError {
    /// For an answer that is not what it has to be.
    pub(crate) fn wrong(what: impl Into<String>) -> Self {
        Self::Wrong(what.into())
    }

    /// That what came is what it has to be, or `otherwise`.
    pub(crate) fn unless(right: bool, otherwise: &str) -> Result<(), Self> {
        right.then_some(()).ok_or_else(|| Self::wrong(otherwise))
    }
}

/// What was tried when the system refused.
pub(crate) fn system(what: &'static str) -> impl Fn(io::Error) -> BenchError {
    move |source| BenchError::System { what, source }
}
