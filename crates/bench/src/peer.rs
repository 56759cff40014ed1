//! The other end: a second process of this program, `bench --task JSON`, which a
//! [`Driver`](crate::driver::Driver) starts and asks.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::driver::{READY, USAGE};
use crate::error::BenchError;
use crate::limits::RawTask;
use crate::load;
use crate::scenarios::{Content, Route};
use crate::usage::Usage;

/// What the other process does.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Task {
    /// Serves what clients ask for.
    Serve(Content, Route),
    /// Answers without any of our software.
    Raw(RawTask),
    /// Computes for so long, at most.
    Hog(Duration),
}

impl Task {
    /// Does it until nothing is asked any more; calls `ready` once it can be asked.
    fn perform(self, ready: impl FnOnce()) -> Result<(), BenchError> {
        match self {
            Self::Serve(content, route) => route.serve(content, ready),
            Self::Raw(task) => {
                ready();
                task.perform()
            }
            Self::Hog(time) => {
                ready();
                load::compute(time)
            }
        }
    }
}

/// Is the second process: does the task that `json` tells until stdin ends. The process has to end
/// when this returns; its task may still be at work then.
///
/// # Errors
/// What is wrong with the task. What goes wrong in it is told to the parent.
pub fn run_task(json: &str) -> Result<(), BenchError> {
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
