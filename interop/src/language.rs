//! The languages, and how the peer of each is built and started.

mod c;
pub(crate) mod go;
mod rust;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::platform::Platform;

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
    pub(crate) platform: &'static Platform,
    bridge: Option<PathBuf>,
    rust: OnceLock<Result<PathBuf, String>>,
    c: OnceLock<Result<PathBuf, String>>,
    go: OnceLock<Result<PathBuf, String>>,
}

impl Peers {
    /// Peers of this machine, of which the one in Rust is the program `rust`, the one of this
    /// package.
    #[must_use]
    pub fn new(rust: PathBuf) -> Self {
        let peers = Self::of(Platform::native());
        // It is empty so far.
        let _ = peers.rust.set(Ok(rust));
        peers
    }

    /// Peers of a platform, each built when it is first needed.
    #[must_use]
    pub const fn of(platform: &'static Platform) -> Self {
        Self {
            platform,
            bridge: None,
            rust: OnceLock::new(),
            c: OnceLock::new(),
            go: OnceLock::new(),
        }
    }

    /// The same peers, on two hosts: `bridge`, the program `netipc-bridge`, carries what they say.
    #[must_use]
    pub fn between(mut self, bridge: Option<PathBuf>) -> Self {
        self.bridge = bridge;
        self
    }

    /// The program between two hosts, where peers are on two.
    pub(crate) fn bridge(&self) -> Option<&Path> {
        self.bridge.as_deref()
    }

    /// A command that starts the peer of `language`.
    pub(crate) fn command(&self, language: Language) -> Result<Command, PeerError> {
        let platform = self.platform;
        let (built, words): (_, &[&str]) = match language {
            Language::Rust => (self.rust.get_or_init(|| rust::build(platform)), &["peer"]),
            Language::C => (self.c.get_or_init(|| c::build(platform)), &[]),
            Language::Go => (self.go.get_or_init(|| go::build(platform)), &["peer"]),
        };
        let program = built.as_ref().map_err(|why| PeerError {
            language,
            why: why.clone(),
        })?;
        let mut command = platform.command(program);
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
