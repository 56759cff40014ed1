//! What takes long is told on stderr, where that is a terminal, while it takes.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long something takes before it is told.
const LONG: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_secs(1);
/// Erases a line of a terminal, from its beginning.
const ERASE: &str = "\r\x1b[K";

/// Does `work`; tells what it is, once it takes long.
pub(crate) fn during<R>(what: &(dyn Display + Sync), work: impl FnOnce() -> R) -> R {
    if !io::stderr().is_terminal() {
        return work();
    }
    let begun = Instant::now();
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            let mut pause = LONG;
            while is_done.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let seconds = begun.elapsed().as_secs();
                tell(&format!("{ERASE}{what}: {seconds} s so far"));
                pause = TICK;
            }
            if pause == TICK {
                tell(ERASE);
            }
        });
        let result = work();
        drop(done);
        result
    })
}

/// Whoever does not listen misses nothing.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}
