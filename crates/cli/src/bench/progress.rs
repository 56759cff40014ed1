//! What is being measured, on stderr: a line that changes on a terminal, else a line a scenario.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::exit;

/// Erases a line of a terminal, from its beginning.
const ERASE: &str = "\r\x1b[K";

/// Tells what is being measured.
pub(super) struct Progress {
    terminal: bool,
    total: usize,
    done: usize,
    scenario: String,
}

impl Progress {
    /// For so many rows, not counting limits.
    pub(super) fn new(total: usize) -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            total,
            done: 0,
            scenario: String::new(),
        }
    }

    /// Tells that the row of this name is measured now.
    pub(super) fn show(&mut self, row: &str) {
        let scenario = row.split(' ').next().unwrap_or_default();
        if self.terminal {
            let at = match scenario {
                "limits" => String::new(),
                _ => {
                    self.done += 1;
                    format!("{} of {}: ", self.done, self.total)
                }
            };
            write(&format_args!("{ERASE}{at}{row}"));
        } else if scenario != self.scenario {
            exit::to_stderr(&format_args!("measuring {scenario}"));
            scenario.clone_into(&mut self.scenario);
        }
    }

    /// Leaves an empty line to go on with.
    pub(super) fn end(&self) {
        if self.terminal {
            write(&ERASE);
        }
    }
}

/// Nobody who listens no more is missing anything.
fn write(text: &dyn Display) {
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}
