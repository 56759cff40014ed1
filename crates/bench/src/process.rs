//! Another process, which is told lines and answers with lines.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::error::BenchError;
use crate::measure::stop_flag;
use crate::platform::in_own_group;

/// How soon it is seen that the user calls it off.
const LOOK: Duration = Duration::from_millis(100);

/// A process. Killed when this is dropped; its stdin ends when this process ends in another way.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<io::Result<String>>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        // The terminal's interrupt is for us to act on, in good order.
        let mut child = in_own_group(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let (sender, lines) = mpsc::channel();
        // A pipe cannot be waited for together with the user on every platform.
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            lines.all(|line| sender.send(line).is_ok());
        });
        Ok(Self {
            child,
            stdin,
            lines,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn tell(&mut self, line: impl fmt::Display) -> io::Result<()> {
        // In one piece, so that it takes one system call.
        self.stdin.write_all(format!("{line}\n").as_bytes())
    }

    /// The next line that it says; `None` once it has ended.
    ///
    /// # Errors
    /// [`BenchError::Interrupted`], or `failed` of what the system said.
    pub(crate) fn line(
        &mut self,
        failed: impl Fn(io::Error) -> BenchError,
    ) -> Result<Option<String>, BenchError> {
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => {
                    let line = line.map_err(failed)?;
                    return Ok(Some(line.trim_end().to_owned()));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if stop_flag().load(Ordering::Relaxed) => {
                    return Err(BenchError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
