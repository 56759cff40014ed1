use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{ChildStdin, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::language::go;
use crate::platform::Platform;
use crate::process::{Process, ProcessError};

/// How long the answers to all lines that are on the way may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program that encodes and decodes what it is told to.
#[derive(Clone, Debug)]
pub struct CodecPeer {
    /// What it is called.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

impl CodecPeer {
    /// The one in Rust, of which the `program` is part of this package, and the one in Go, which is
    /// built.
    ///
    /// # Errors
    /// Why it cannot be built.
    pub fn all(program: PathBuf) -> Result<[Self; 2], String> {
        Ok([
            Self {
                name: "rust",
                program,
                args: vec!["peer".into()],
            },
            Self {
                name: "go",
                program: go::program("netipc-codec-peer", Platform::native())?,
                args: Vec::new(),
            },
        ])
    }

    pub(super) fn start(&self) -> Result<Running, ProcessError> {
        let mut process = Process::start(self.name, Command::new(&self.program), &self.args)?;
        Ok(Running {
            name: self.name,
            input: process.take_input(),
            process,
        })
    }
}

/// A peer that runs.
pub(super) struct Running {
    name: &'static str,
    input: Option<ChildStdin>,
    process: Process,
}

impl Running {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// Asks all of `lines`, which are `count`.
    pub(super) fn ask(&mut self, lines: &str, count: usize) -> Answers {
        let deadline = Instant::now() + PATIENCE;
        let (input, process) = (&mut self.input, &mut self.process);
        thread::scope(|scope| {
            // Whoever does not listen is missed as soon as an answer is.
            scope.spawn(|| {
                input
                    .as_mut()
                    .map(|input| input.write_all(lines.as_bytes()))
            });
            let mut answers = Answers::default();
            while answers.lines.len() < count {
                match process.line(deadline) {
                    Ok(line) => answers.lines.push(line),
                    Err(error) => {
                        answers.missing = error.to_string();
                        break;
                    }
                }
            }
            answers
        })
    }
}

/// What a peer said.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) lines: Vec<String>,
    /// Why there are no more.
    missing: String,
}

impl Answers {
    /// What it said to question `nth`, or why not.
    pub(super) fn get(&self, nth: usize) -> Result<&str, &str> {
        let line = self.lines.get(nth).map(String::as_str);
        line.ok_or(&self.missing)
    }
}
