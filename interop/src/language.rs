//! The languages, and how the peer of each is built and started.

mod c;
pub(crate) mod go;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A language with a peer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Language {
    /// The crate `netipc`.
    Rust,
    /// The C library.
    C,
    /// The Go module.
    Go,
}

impl Language {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Rust, Self::C, Self::Go];

    /// The letter at the head of a column.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Rust => 'r',
            Self::C => 'c',
            Self::Go => 'g',
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Go => "go",
        })
    }
}

/// The peer programs, each built when it is first needed.
#[derive(Debug)]
pub struct Peers {
    rust: PathBuf,
    c: OnceLock<Result<PathBuf, String>>,
    go: OnceLock<Result<PathBuf, String>>,
}

impl Peers {
    /// Peers of which the one in Rust is the program `rust`, the one of this package.
    #[must_use]
    pub const fn new(rust: PathBuf) -> Self {
        Self {
            rust,
            c: OnceLock::new(),
            go: OnceLock::new(),
        }
    }

    /// A command that starts the peer of `language`.
    pub(crate) fn command(&self, language: Language) -> Result<Command, PeerError> {
        let program = match language {
            Language::Rust => return Ok(peer_of(&self.rust)),
            Language::C => self.c.get_or_init(c::build),
            Language::Go => self.go.get_or_init(go::build),
        };
        let why = |why: &String| PeerError {
            language,
            why: why.clone(),
        };
        let program = program.as_ref().map_err(why)?;
        Ok(match language {
            Language::C => Command::new(program),
            Language::Rust | Language::Go => peer_of(program),
        })
    }
}

/// The peer within a program that does more.
fn peer_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("peer");
    command
}

/// Why there is no peer of a language.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no {language} peer: {why}")]
pub struct PeerError {
    language: Language,
    why: String,
}
