//! What takes long is told on stderr while it takes.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a line that changes does so, on a terminal.
const ON_TERMINAL: Duration = Duration::from_secs(1);
/// How often a line is added elsewhere.
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Does `work`; tells what it is and how long it has taken so far, where somebody is to be told.
pub(crate) fn during<R>(tells: bool, what: &str, work: impl FnOnce() -> R) -> R {
    if !tells {
        return work();
    }
    let terminal = io::stderr().is_terminal();
    tell(&format!("{what} ..."), terminal);
    let begun = Instant::now();
    let result = thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        let every = if terminal { ON_TERMINAL } else { ELSEWHERE };
        scope.spawn(move || {
            while is_done.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let seconds = begun.elapsed().as_secs();
                tell(&format!("{what} ... {seconds} s"), terminal);
            }
        });
        let result = work();
        drop(done);
        result
    });
    let seconds = begun.elapsed().as_secs();
    let end = if terminal { "\n" } else { "" };
    tell(&format!("{what} ... over after {seconds} s{end}"), terminal);
    result
}

/// Whoever does not listen misses nothing.
fn tell(text: &str, terminal: bool) {
    let line = if terminal {
        format!("\r{text}")
    } else {
        format!("{text}\n")
    };
    let _ = io::stderr().write_all(line.as_bytes());
}
