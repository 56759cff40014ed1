use std::fs;
use std::io;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// More than a process takes to stop.
const SOON: Duration = Duration::from_secs(60);

pub(super) const CONNECTIONS_KEEP_NAMES: bool = false;

pub(super) fn is_too_busy(_error: &io::Error) -> bool {
    false
}

pub(super) fn freeze(child: &Child) -> bool {
    send(child, Signal::STOP);
    let start = Instant::now();
    while !is_stopped(child) {
        assert!(start.elapsed() < SOON, "a thread goes on");
        thread::yield_now();
    }
    true
}

pub(super) fn thaw(child: &Child) {
    send(child, Signal::CONT);
}

/// The names in the directory.
pub(super) fn left_behind(run_dir: &Path) -> Vec<String> {
    let entries = run_dir.read_dir().expect("the directory");
    entries
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .collect()
}

/// Whether every thread has stopped.
fn is_stopped(child: &Child) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).expect("a live process");
    let mut states = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.ok()?.path().join("stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    });
    states.all(|state| state == 'T')
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a process id");
    kill_process(pid, signal).expect("a live process");
}
