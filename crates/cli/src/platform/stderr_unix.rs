//! A stderr that holds up nobody: what is not read is lost.

use std::env;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long its reader may take to make room.
const PATIENCE: Duration = Duration::from_millis(100);
/// Bytes that a pipe takes at once where it is said to have room.
const PIECE: usize = 4096;

/// Whether its reader has stopped reading: the next line does not wait.
static STUCK: AtomicBool = AtomicBool::new(false);

/// Writes to stderr, and drops what its reader makes no room for: a log that nobody reads must not keep
/// a server from its work, or from its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        for piece in bytes.chunks(PIECE) {
            if !has_room(&stderr) {
                break;
            }
            stderr.write_all(piece)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the system's journal reads what is written to stderr, as it says in the environment of what it starts.
pub(crate) fn stderr_is_journal() -> bool {
    let named = env::var("JOURNAL_STREAM").unwrap_or_default();
    let Some((device, inode)) = named.split_once(':') else {
        return false;
    };
    let seen = rustix::fs::fstat(io::stderr());
    let is = |named: &str, seen: u64| named.parse() == Ok(seen);
    seen.is_ok_and(|seen| is(device, seen.st_dev) && is(inode, seen.st_ino))
}

/// Waits a little for room in `stderr`; whether there is some.
fn has_room(stderr: impl AsFd) -> bool {
    let patience = if STUCK.load(Ordering::Relaxed) {
        Duration::ZERO
    } else {
        PATIENCE
    };
    let end = Instant::now() + patience;
    let has_room = loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(0) => break false,
            Err(rustix::io::Errno::INTR) if !left.is_zero() => {}
            // What is wrong with it, writing tells.
            _ => break true,
        }
    };
    STUCK.store(!has_room, Ordering::Relaxed);
    has_room
}
