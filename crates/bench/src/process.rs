//! Another process, which is told lines and answers with lines.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::error::BenchError;
use crate::measure::stop_flag;

/// How soon it is seen that the user calls it off.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// A process. Killed when this is dropped; its stdin ends when this process ends in another way.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: the terminal's interrupt is for us to act on, in good order.
            .process_group(0)
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
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
        let mut line = String::new();
        while self.stdout.buffer().is_empty() && !self.is_readable().map_err(&failed)? {
            if stop_flag().load(Ordering::Relaxed) {
                return Err(BenchError::Interrupted);
            }
        }
        match self.stdout.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line.trim_end().to_owned())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether there is something to read, or its end, within [`LOOK`].
    fn is_readable(&self) -> io::Result<bool> {
        let mut ends = [PollFd::new(self.stdout.get_ref(), PollFlags::IN)];
        match poll(&mut ends, Some(&LOOK)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(errno) => Err(errno.into()),
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
