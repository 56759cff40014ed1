//! The languages, and how the peer of each is built and started.

mod c;

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// A language with a peer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Language {
    /// The crate `netipc`.
    Rust,
    /// The C library.
    C,
}

impl Language {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 2] = [Self::Rust, Self::C];

    /// The letter at the head of a column.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Rust => 'r',
            Self::C => 'c',
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
            Self::C => "c",
        })
    }
}

/// The peer programs, each built when it is first needed.
#[derive(Debug)]
pub struct Peers {
    rust: PathBuf,
    c: OnceLock<Result<PathBuf, String>>,
}

impl Peers {
    /// Peers of which the one in Rust is the program `rust`, the one of this package.
    #[must_use]
    pub const fn new(rust: PathBuf) -> Self {
        Self {
            rust,
            c: OnceLock::new(),
        }
    }

    /// A command that starts the peer of `language`.
    pub(crate) fn command(&self, language: Language) -> Result<Command, PeerError> {
        match language {
            Language::Rust => {
                let mut command = Command::new(&self.rust);
                command.arg("peer");
                Ok(command)
            }
            Language::C => match self.c.get_or_init(c::build) {
                Ok(program) => Ok(Command::new(program)),
                Err(why) => Err(PeerError {
                    language,
                    why: why.clone(),
                }),
            },
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
