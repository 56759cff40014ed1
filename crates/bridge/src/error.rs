//! Why the program does not do what it was told.

use std::io;
use std::path::PathBuf;

/// Why the program does not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked for cannot be: the text says what to write.
    #[error("{0}")]
    Usage(String),
    /// A file or socket.
    #[error("{}: {what}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Zenoh could not do something.
    #[error("{doing}")]
    Zenoh {
        /// What.
        doing: String,
        /// Why.
        #[source]
        source: zenoh::Error,
    },
    /// The system has no thread.
    #[error("no thread for {what}")]
    Thread {
        /// What it is for.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// The failure of something that zenoh was asked to do.
    pub(crate) fn zenoh(doing: impl Into<String>) -> impl FnOnce(zenoh::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Zenoh { doing, source }
    }

    /// The exit status: 2 for what was written wrong, 1 for anything else.
    #[must_use]
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            _ => 1,
        }
    }
}
