//! Processes that play a part, and can be stopped or killed in the middle of it.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use netipc_conformance::process;

use super::{Stage, roles::Role, timed};

const ROLE: &str = "NETIPC_TEST_ROLE";
const PROFILES: &str = "NETIPC_TEST_PROFILES";
const DIR: &str = "NETIPC_TEST_DIR";
const RUNNER: &str = "NETIPC_TEST_RUNNER";

/// Whether another program runs the processes of tests.
pub(crate) fn is_emulated() -> bool {
    env::var_os(RUNNER).is_some()
}

/// A process that tells lines and is told lines. Killed when dropped.
pub(crate) struct Actor {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Actor {
    /// This test binary again, playing `role` in the stage's directory.
    pub(crate) fn new(stage: &Stage, role: Role, profiles: u32) -> Self {
        let words = this_program();
        let mut program = Command::new(&words[0]);
        program.args(&words[1..]);
        Self::run_by(program, stage.path(), role, profiles)
    }

    /// The same, run by a program that takes a command.
    pub(crate) fn run_by(mut program: Command, dir: &Path, role: Role, profiles: u32) -> Self {
        program
            .args(["--ignored", "--exact", "stage::roles::role"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ROLE, role.name())
            .env(PROFILES, profiles.to_string())
            .env(DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = process::start(|| program.spawn());
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for a line that begins with `@`; gives the rest of it.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            if let Some((_, said)) = line.split_once('@') {
                return said.trim().to_owned();
            }
            line.clear();
        }
        panic!("the other process has ended: {:?}", self.child.wait());
    }

    /// Waits for a certain line.
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.hear(), line);
    }

    /// Lets [`await_cue`] return.
    pub(crate) fn cue(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
    }

    /// Kills it without a word.
    pub(crate) fn kill(&mut self) {
        process::kill(&mut self.child);
    }

    /// Freezes it; on return none of its threads runs any more.
    pub(crate) fn freeze(&self) {
        assert!(process::freeze(&self.child), "this platform cannot");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        process::thaw(&self.child);
    }

    /// Waits for its end, which has to be a good one; tells how long it took.
    pub(crate) fn finish(mut self) -> Duration {
        // A role that waits for a cue goes on at the end of its input.
        drop(self.child.stdin.take());
        let (status, taken) = timed(|| self.child.wait().unwrap());
        assert!(status.success(), "{status}");
        taken
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words that start this test binary, by what runs programs for another processor if need be.
pub(crate) fn this_program() -> Vec<OsString> {
    let runner = env::var(RUNNER).unwrap_or_default();
    let words = runner.split_whitespace().map(OsString::from);
    words.chain([env::current_exe().unwrap().into()]).collect()
}

/// The role of this process, the profiles to offer, and where to act.
pub(crate) fn part() -> (String, u32, PathBuf) {
    let profiles = env::var(PROFILES).unwrap().parse().unwrap();
    (
        env::var(ROLE).unwrap(),
        profiles,
        env::var_os(DIR).unwrap().into(),
    )
}

/// Tells the test that started this process.
pub(crate) fn tell(what: &str) {
    println!("@{what}");
}

/// Waits for the test, or its end.
pub(crate) fn await_cue() {
    let _ = std::io::stdin().read_line(&mut String::new());
}
