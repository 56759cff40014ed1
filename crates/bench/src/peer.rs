//! The other end: a second real process of this program.
//!
//! ```text
//! parent                          child: `bench --peer TASK`
//!         <- ready | failed WHY   once the task serves
//! usage   ->
//!         <- {"cpu":..,"switches":..}
//! (end)   ->                      ends, whatever its task does
//! ```

use std::fmt;
use std::io::{self, Write};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::limits::{self, RawTask};
use crate::load;
use crate::process::Process;
use crate::scenarios::serve::Serve;
use crate::usage::Usage;

const READY: &str = "ready";
const USAGE: &str = "usage";

/// What the other process does.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Task {
    /// Serves what clients ask for.
    Serve(Serve),
    /// Answers without any of our software.
    Raw(RawTask),
    /// Computes for so long, at most.
    Hog(Duration),
}

impl Task {
    /// Does it until nothing is asked any more; calls `ready` once it can be asked.
    fn perform(self, ready: impl FnOnce()) -> Result<(), BenchError> {
        match self {
            Self::Serve(serve) => serve.run(ready),
            Self::Raw(task) => {
                ready();
                limits::serve_raw(task)
            }
            Self::Hog(time) => {
                ready();
                load::compute(time)
            }
        }
    }
}

/// A second process of this program. Killed when this is dropped; it ends by itself when this
/// process ends in another way.
pub struct Peer(Process);

impl Peer {
    /// Starts it, and waits until it is ready.
    ///
    /// # Errors
    /// Why it does not run, or what it said.
    pub fn start(task: &Task) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::Peer)?;
        let task = serde_json::to_string(task)?;
        let process = Process::start(Command::new(program).args(["bench", "--peer", &task]));
        let mut peer = Self(process.map_err(BenchError::Peer)?);
        match peer.line()?.as_str() {
            READY => Ok(peer),
            other => Err(BenchError::PeerFailed(other.to_owned())),
        }
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// Where it does not answer.
    pub fn usage(&mut self) -> Result<Usage, BenchError> {
        self.0.tell(USAGE).map_err(BenchError::Peer)?;
        let line = self.line()?;
        serde_json::from_str(&line).or(Err(BenchError::PeerFailed(line)))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    fn line(&mut self) -> Result<String, BenchError> {
        let line = self.0.line(BenchError::Peer)?;
        line.ok_or_else(|| BenchError::PeerFailed("it ended".to_owned()))
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.pid())
    }
}

/// Is the second process: does the task that `json` tells until stdin ends. The process has to end
/// when this returns; its task may still be at work then.
///
/// # Errors
/// What is wrong with the task. What goes wrong in it is told to the parent.
pub fn run_peer(json: &str) -> Result<(), BenchError> {
    let task: Task = serde_json::from_str(json)?;
    let (sender, ready) = mpsc::sync_channel(1);
    let began = sender.clone();
    thread::spawn(move || {
        let done = task.perform(|| drop(began.send(READY.to_owned())));
        let end = done.map_or_else(|error| netipc::chain(&error), |()| "it ended".to_owned());
        // Where it was ready before, nobody listens here any more.
        let _ = sender.send(end);
    });
    tell(&ready.recv().unwrap_or_default());
    drop(ready);
    for line in io::stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            USAGE => tell(&serde_json::to_string(&Usage::now())?),
            other => tell(&format!("cannot {other:?}")),
        }
    }
    Ok(())
}

/// A parent that listens no more has closed our stdin, too.
fn tell(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
