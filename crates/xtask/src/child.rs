//! Child processes that end when this process is told to, so that it can put things in order.
//! Several may run at once.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::Error;

/// Whether this process was told to end.
static STOPPED: AtomicBool = AtomicBool::new(false);
/// Who is told, too.
static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// A child that runs.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Running {
    /// With this process in one group: a terminal tells both.
    Together(Pid),
    /// The first of a group of its own, which holds all that it starts.
    Apart(Pid),
}

/// From now on SIGINT, SIGTERM and SIGHUP end the child that runs, and this process once it has put
/// things in order.
///
/// # Errors
/// The system refuses.
pub fn end_in_order() -> Result<(), Error> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(Error::Signals)?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let running = running();
            STOPPED.store(true, Ordering::Relaxed);
            for child in running.iter() {
                // It fails only where the child has ended.
                let _ = match *child {
                    Running::Together(child) => kill_process(child, Signal::TERM),
                    Running::Apart(child) => kill_process_group(child, Signal::TERM),
                };
            }
        }
    });
    Ok(())
}

/// Whether this process was told to end.
pub(crate) fn is_stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// Runs a command that shares the terminal with this process.
pub(crate) fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    let (mut child, entry) = start(command, Running::Together)?;
    wait(command, &mut child, entry)
}

/// Runs a command that has no input, together with all that it starts; `see` takes its output.
pub(crate) fn watch(
    command: &mut Command,
    see: impl FnOnce(&mut Child),
) -> Result<ExitStatus, Error> {
    command.stdin(Stdio::null()).process_group(0);
    let (mut child, entry) = start(command, Running::Apart)?;
    see(&mut child);
    wait(command, &mut child, entry)
}

/// Nothing is started once this process was told to end.
fn start(
    command: &mut Command,
    how: impl FnOnce(Pid) -> Running,
) -> Result<(Child, Option<Running>), Error> {
    let mut running = running();
    if is_stopped() {
        return Err(Error::Stopped);
    }
    let child = command
        .spawn()
        .map_err(|source| Error::start(command, source))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let entry = pid.map(how);
    running.extend(entry);
    Ok((child, entry))
}

fn wait(command: &Command, child: &mut Child, entry: Option<Running>) -> Result<ExitStatus, Error> {
    let status = child.wait();
    // Its number may soon be that of another process.
    running().retain(|other| Some(*other) != entry);
    let status = status.map_err(|source| Error::start(command, source))?;
    if is_stopped() {
        return Err(Error::Stopped);
    }
    Ok(status)
}

fn running() -> MutexGuard<'static, Vec<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
