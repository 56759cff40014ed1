//! The languages, and how the peer of each is built and started.

mod c;
pub(crate) mod go;

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
        let (built, words): (_, &[&str]) = match language {
            Language::Rust => (Ok(&self.rust), &["peer"]),
            Language::C => (self.c.get_or_init(c::build).as_ref(), &[]),
            Language::Go => (self.go.get_or_init(go::build).as_ref(), &["peer"]),
        };
        let program = built.map_err(|why| PeerError {
            language,
            why: why.clone(),
        })?;
        let mut command = Command::new(program);
        command.args(words);
        Ok(command)
    }
}

/// Why there is no peer of a language.
#[derive(Clone, Debug, thiserror::Error)]
#[error("there is no {language} peer: {why}")]
pub struct PeerError {
    language: Language,
    why: String,
}
