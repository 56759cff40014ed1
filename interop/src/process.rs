//! A peer that runs: lines in and out, and nothing waits longer than its deadline.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A peer process. Killed when this is dropped.
pub(crate) struct Process {
    role: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts it. `role` is what failures call it.
    pub(crate) fn start(
        role: &'static str,
        mut command: Command,
        args: &[OsString],
    ) -> Result<Self, ProcessError> {
        let mut child = command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ProcessError::Start {
                role,
                program: command.get_program().to_owned(),
                source,
            })?;
        let (send, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let read = BufReader::new(stdout).lines().map_while(Result::ok);
                // Where nobody listens any more, the process is about to be killed.
                let _ = read.map(|line| send.send(line)).find(Result::is_err);
            });
        }
        let errors = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut text = Vec::new();
                // What came before a failure is as good as it gets.
                let _ = stderr.read_to_end(&mut text);
                String::from_utf8_lossy(&text).trim().to_owned()
            })
        });
        Ok(Self {
            role,
            stdin: child.stdin.take(),
            child,
            lines,
            errors,
        })
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self, deadline: Instant) -> Result<String, ProcessError> {
        let rest = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(rest) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(self.late("a line")),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.wait(deadline)?;
                Err(ProcessError::Ended {
                    role: self.role,
                    status,
                    errors: self.errors(),
                })
            }
        }
    }

    /// The next line of its output, or nothing where there is none any more.
    pub(crate) fn next_line(&mut self, deadline: Instant) -> Result<Option<String>, ProcessError> {
        let rest = deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(rest) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Timeout) => Err(self.late("a line")),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    /// How it ended, and what it said on its standard error.
    pub(crate) fn end_of(
        &mut self,
        deadline: Instant,
    ) -> Result<(ExitStatus, String), ProcessError> {
        let status = self.wait(deadline)?;
        Ok((status, self.errors()))
    }

    /// Expects `expected` as the next line.
    pub(crate) fn expect(&mut self, expected: &str, deadline: Instant) -> Result<(), ProcessError> {
        let found = self.line(deadline)?;
        if found == expected {
            Ok(())
        } else {
            Err(self.unexpected(expected, &found))
        }
    }

    /// What to say of a line that should have been another.
    pub(crate) fn unexpected(&self, expected: &str, found: &str) -> ProcessError {
        ProcessError::Unexpected {
            role: self.role,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }

    /// Says something to it.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), ProcessError> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        writeln!(stdin, "{line}").map_err(|source| ProcessError::Say {
            role: self.role,
            source,
        })
    }

    /// Its input, for whoever says something while somebody else waits for lines.
    pub(crate) const fn take_input(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Its id, until it is waited for.
    pub(crate) fn id(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Whether it has ended, and how.
    pub(crate) fn has_ended(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        let role = self.role;
        let waited = self.child.try_wait();
        waited.map_err(|source| ProcessError::Wait { role, source })
    }

    /// Ends its input, which is how it is told to end.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self, deadline: Instant) -> Result<ExitStatus, ProcessError> {
        let system = |source| ProcessError::Wait {
            role: self.role,
            source,
        };
        if let Some(id) = self.id() {
            let process = pidfd_open(id, PidfdFlags::empty()).map_err(|e| system(e.into()))?;
            let rest = deadline.saturating_duration_since(Instant::now());
            let rest = Timespec::try_from(rest).ok();
            let mut fds = [PollFd::new(&process, PollFlags::IN)];
            if poll(&mut fds, rest.as_ref()).map_err(|e| system(e.into()))? == 0 {
                return Err(self.late("its end"));
            }
        }
        self.child.wait().map_err(system)
    }

    /// Waits until it has ended by itself, and expects that it is content.
    pub(crate) fn finish(&mut self, deadline: Instant) -> Result<(), ProcessError> {
        let status = self.wait(deadline)?;
        match status.success() {
            true => Ok(()),
            false => Err(ProcessError::Ended {
                role: self.role,
                status,
                errors: self.errors(),
            }),
        }
    }

    /// Ends it as hard as can be.
    pub(crate) fn kill(&mut self) -> Result<(), ProcessError> {
        let done = self.child.kill().and_then(|()| self.child.wait());
        done.map(drop).map_err(|source| ProcessError::Wait {
            role: self.role,
            source,
        })
    }

    /// What it said on its standard error, once it has ended.
    fn errors(&mut self) -> String {
        let said = self.errors.take().map(JoinHandle::join);
        said.and_then(Result::ok).unwrap_or_default()
    }

    /// It takes too long, and is ended so that it can tell what it has said so far.
    fn late(&mut self, what: &'static str) -> ProcessError {
        let role = self.role;
        let errors = match self.kill() {
            Ok(()) => self.errors(),
            Err(error) => error.to_string(),
        };
        ProcessError::Late { role, what, errors }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only where it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.role, self.child.id())
    }
}

/// A peer that does not do what peers do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("cannot start the {role} {program:?}: {source}")]
    Start {
        role: &'static str,
        program: OsString,
        source: io::Error,
    },
    #[error("the {role} did not give {what} in time; it said: {errors:?}")]
    Late {
        role: &'static str,
        what: &'static str,
        errors: String,
    },
    #[error("the {role} ended with {status}; it said: {errors:?}")]
    Ended {
        role: &'static str,
        status: ExitStatus,
        errors: String,
    },
    #[error("the {role} said {found:?} instead of {expected:?}")]
    Unexpected {
        role: &'static str,
        expected: String,
        found: String,
    },
    #[error("the {role} does not listen: {source}")]
    Say {
        role: &'static str,
        source: io::Error,
    },
    #[error("cannot wait for the {role}: {source}")]
    Wait {
        role: &'static str,
        source: io::Error,
    },
}

impl ProcessError {
    /// Whether a process failed and said nothing, as none of our peers does; one that crashes has another status.
    pub(crate) fn is_silent_end(&self) -> bool {
        matches!(self, Self::Ended { status, errors, .. } if status.code() == Some(1) && errors.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.arg("-c");
        Process::start("shell", command, &[script.into()]).expect("a shell")
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn lines_go_both_ways_until_the_input_ends() {
        let mut peer = shell("while read x; do echo \"got $x\"; done; echo end");
        peer.say("a").expect("a reader");
        peer.expect("got a", soon()).expect("the echo");
        peer.end_input();
        peer.expect("end", soon()).expect("the end");
        peer.finish(soon()).expect("success");
    }

    #[test]
    fn a_peer_that_fails_tells_why() {
        let error = shell("echo why >&2; exit 3")
            .line(soon())
            .expect_err("no line");
        assert!(error.to_string().contains("exit status: 3"), "{error}");
        assert!(error.to_string().contains("why"), "{error}");
        assert!(!error.is_silent_end());
        let silent = shell("exit 1").line(soon()).expect_err("no line");
        assert!(silent.is_silent_end());
        for other in ["exit 0", "exit 5", "kill -9 $$"] {
            let other = shell(other).line(soon()).expect_err("no line");
            assert!(!other.is_silent_end());
        }
        let error = shell("echo other")
            .expect("READY", soon())
            .expect_err("another line");
        assert!(
            error.to_string().contains("\"other\" instead of \"READY\""),
            "{error}"
        );
    }

    #[test]
    fn nothing_waits_beyond_its_deadline() {
        let past = Instant::now();
        let mut silent = shell("echo why >&2; exec cat");
        assert!(matches!(silent.line(past), Err(ProcessError::Late { .. })));
        let mut stays = shell("exec cat");
        assert!(matches!(stays.wait(past), Err(ProcessError::Late { .. })));
    }
}
