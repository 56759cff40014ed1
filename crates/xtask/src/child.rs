//! Child processes that end when this process is told to, so that it can put things in order.

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
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// A child that runs.
#[derive(Clone, Copy)]
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
            // It fails only where the child has ended.
            let _ = match *running {
                Some(Running::Together(child)) => kill_process(child, Signal::TERM),
                Some(Running::Apart(child)) => kill_process_group(child, Signal::TERM),
                None => Ok(()),
            };
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
    let mut child = start(command, Running::Together)?;
    wait(command, &mut child)
}

/// Runs a command that has no input, together with all that it starts; `see` takes its output.
pub(crate) fn watch(
    command: &mut Command,
    see: impl FnOnce(&mut Child),
) -> Result<ExitStatus, Error> {
    command.stdin(Stdio::null()).process_group(0);
    let mut child = start(command, Running::Apart)?;
    see(&mut child);
    wait(command, &mut child)
}

/// Nothing is started once this process was told to end.
fn start(command: &mut Command, how: impl FnOnce(Pid) -> Running) -> Result<Child, Error> {
    let mut running = running();
    if is_stopped() {
        return Err(Error::Stopped);
    }
    let child = command
        .spawn()
        .map_err(|source| Error::start(command, source))?;
    *running = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .map(how);
    Ok(child)
}

fn wait(command: &Command, child: &mut Child) -> Result<ExitStatus, Error> {
    let status = child
        .wait()
        .map_err(|source| Error::start(command, source))?;
    *running() = None;
    if is_stopped() {
        return Err(Error::Stopped);
    }
    Ok(status)
}

fn running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
