//! Why a task failed.

use std::io;
use std::path::PathBuf;
use std::process::Command;

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read or written.
    #[error("{}: cannot {action}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Libraries cannot be there.
    #[error("{}: not below the prefix; name a directory such as lib64", path.display())]
    LibDir {
        /// What was named.
        path: PathBuf,
    },
    /// The C library cannot be built for this target.
    #[error(
        "{name}: cannot install for this target; name x86_64-pc-windows-gnu, another processor's as aarch64-unknown-linux-gnu, or none for this machine"
    )]
    Target {
        /// What was named.
        name: String,
    },
    /// A program that is needed is not there.
    #[error("{program}: not found; {needed}")]
    Missing {
        /// Its name.
        program: String,
        /// What it is needed for, and how to get it.
        needed: &'static str,
    },
    /// A program could not be started.
    #[error("{program}: cannot start")]
    Start {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The system does not tell of signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    /// This process was told to end.
    #[error("stopped by a signal")]
    Stopped,
    /// A program failed.
    #[error("{command}: {status}\n{output}")]
    Failed {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: String,
        /// What it wrote.
        output: String,
    },
    /// A program said something else than expected.
    #[error("{command}: {problem}")]
    Output {
        /// The program.
        command: &'static str,
        /// What was expected.
        problem: &'static str,
    },
    /// A source file is not what the header generator understands.
    #[error("{}: {problem}", path.display())]
    Source {
        /// Which one.
        path: PathBuf,
        /// What is the matter with it.
        problem: String,
    },
    /// Committed headers differ from what the sources say.
    #[error("{report}\nrun: cargo xtask headers")]
    Stale {
        /// Each file with the first line that differs.
        report: String,
    },
}

impl Error {
    /// Makes the error of a program that does not start.
    pub(crate) fn start(command: &Command, source: io::Error) -> Self {
        Self::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            source,
        }
    }

    /// Makes the error of a file operation.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            path,
            action,
            source,
        }
    }
}
