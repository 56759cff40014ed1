//! The languages, and how the peer of each is built and started.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

/// A language with a peer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Language {
    /// The crate `netipc`.
    Rust,
}

impl Language {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 1] = [Self::Rust];

    /// The letter at the head of a column.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Rust => 'r',
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
        })
    }
}

/// The peer programs, each built when it is first needed.
#[derive(Debug)]
pub struct Peers {
    rust: PathBuf,
}

impl Peers {
    /// Peers of which the one in Rust is the program `rust`, the one of this package.
    #[must_use]
    pub const fn new(rust: PathBuf) -> Self {
        Self { rust }
    }

    /// A command that starts the peer of `language`.
    pub(crate) fn command(&self, language: Language) -> Result<Command, PeerError> {
        match language {
            Language::Rust => {
                let mut command = Command::new(&self.rust);
                command.arg("peer");
                Ok(command)
            }
        }
    }
}

/// Why there is no peer of a language.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no {language} peer: {why}")]
pub struct PeerError {
    language: Language,
    why: String,
}
