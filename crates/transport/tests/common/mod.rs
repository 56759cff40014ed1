//! What the tests share: a directory with an endpoint, sessions in it, and processes to spoil them.
#![allow(dead_code, reason = "every test file uses a part")]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) mod filter;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) mod log;

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netipc_conformance::process;
use netipc_transport::link::{BindOptions, SessionPlan};
use netipc_transport::{Baseline, Endpoint, Link, NativeTransport, Transport, Wait};
use tempfile::TempDir;

/// More than any step takes, on a machine with much other work to do.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// A deadline that is meant to pass.
pub(crate) const SHORT: Duration = Duration::from_millis(20);

/// What is left on a stage, and what to call it.
pub(crate) type Leftover = (&'static str, fn(&Stage));

/// A run directory with an endpoint.
pub(crate) struct Stage {
    pub(crate) dir: TempDir,
    pub(crate) endpoint: Endpoint,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::new(dir.path(), "svc").unwrap();
        Self { dir, endpoint }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    #[cfg(unix)]
    pub(crate) fn socket(&self) -> &Path {
        self.endpoint.socket_path()
    }

    /// A client's and a server's end of a fresh connection.
    pub(crate) fn baselines(&self) -> (Box<dyn Baseline>, Box<dyn Baseline>) {
        let mut listener = NativeTransport::new()
            .bind(&self.endpoint, &BindOptions::default())
            .unwrap();
        let client = NativeTransport::new()
            .connect(&self.endpoint, &soon())
            .unwrap();
        (client, listener.accept(&soon()).unwrap())
    }

    /// A client's and a server's end of a session over a region.
    pub(crate) fn session(&self, plan: &SessionPlan) -> (Box<dyn Link>, Box<dyn Link>) {
        let (client, mut server) = self.baselines();
        server.offer(plan).unwrap();
        (client.attach(plan, &soon()).unwrap(), server.switch())
    }
}

/// The limits of the worked example: 4096 bytes of payload in both directions.
pub(crate) fn plan(session_id: u64) -> SessionPlan {
    SessionPlan {
        session_id,
        profile: 0x02,
        auth_token: 0,
        request_bytes: 4128,
        response_bytes: 4128,
    }
}

pub(crate) fn soon() -> Wait<'static> {
    Wait::timeout(SOON)
}

pub(crate) fn hear(link: &mut (impl Link + ?Sized)) -> Vec<u8> {
    let mut packet = vec![0; 300_000];
    let size = link.receive(&mut packet, &soon()).unwrap();
    packet.truncate(size);
    packet
}

/// Whether this is the child that [`Actor::new`] or [`in_child`] has started for a test.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// The directory that a child is told to work in.
pub(crate) fn role_dir() -> PathBuf {
    env::var_os(DIR).unwrap().into()
}

const ROLE: &str = "NETIPC_TEST_ROLE";
const DIR: &str = "NETIPC_TEST_DIR";

/// What runs programs for another processor, and its arguments: a machine without such an emulator
/// cannot start them by their names.
const RUNNER: &str = "NETIPC_TEST_RUNNER";

/// This test binary again, running one test only, where `role()` tells what to do.
pub(crate) fn again(test: &str, role: &str, dir: &Path) -> Command {
    let words = this_program();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    again_by(command, test, role, dir)
}

/// The same, as another user, and the directory that the binary is copied to meanwhile: it may itself
/// be where nobody else may go.
#[cfg(unix)]
pub(crate) fn again_of_user(test: &str, role: &str, dir: &Path, uid: u32) -> (Command, TempDir) {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let open = Permissions::from_mode(0o755);
    let place = TempDir::new().unwrap();
    fs::set_permissions(place.path(), open.clone()).unwrap();
    let program = place.path().join("program");
    // Not by this process: a child of another test would have the copy open to write, and nobody could run it.
    let mut copy = Command::new("cp");
    copy.arg(env::current_exe().unwrap()).arg(&program);
    assert!(copy.status().unwrap().success());
    fs::set_permissions(&program, open).unwrap();
    let words = words_of(&program);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).uid(uid).gid(uid);
    (again_by(command, test, role, dir), place)
}

/// The words that start this test binary.
pub(crate) fn this_program() -> Vec<OsString> {
    words_of(&env::current_exe().unwrap())
}

/// The words that start a program for this processor or another one.
fn words_of(program: &Path) -> Vec<OsString> {
    let runner = env::var(RUNNER).unwrap_or_default();
    let words = runner.split_whitespace().map(OsString::from);
    words.chain([program.into()]).collect()
}

/// The same, run by a program that takes a command.
pub(crate) fn again_by(mut command: Command, test: &str, role: &str, dir: &Path) -> Command {
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).env(DIR, dir);
    command
}

/// Runs a test again in a process of its own, as `role`, and expects it to pass.
pub(crate) fn in_child(test: &str, role: &str, dir: &Path) {
    passes(&mut again(test, role, dir));
}

/// Expects a command from [`again`] to run its test, and that to pass.
pub(crate) fn passes(command: &mut Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{}\n{text}\n{errors}", output.status);
}

/// A process that plays a part, tells lines and is told lines. Killed when dropped.
pub(crate) struct Actor {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    /// Where its program is, if it has a copy of its own.
    place: Option<TempDir>,
}

impl Actor {
    pub(crate) fn new(test: &str, role: &str, dir: &Path) -> Self {
        Self::by(again(test, role, dir))
    }

    /// The same, of another user, who may run nothing else of this test's.
    #[cfg(unix)]
    pub(crate) fn of_user(test: &str, role: &str, dir: &Path, uid: u32) -> Self {
        let (command, place) = again_of_user(test, role, dir, uid);
        let mut actor = Self::by(command);
        actor.place = Some(place);
        actor
    }

    fn by(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::start(|| command.spawn());
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            lines,
            place: None,
        }
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

    /// Lets [`await_cue`] return.
    pub(crate) fn cue(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
    }

    /// Kills it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child tells its parent.
pub(crate) fn tell(what: &str) {
    println!("@{what}");
}

/// A child waits for its parent, or its end.
pub(crate) fn await_cue() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Expects one of ten attempts to take less than `limit`, since other work may delay some of them.
pub(crate) fn prompt(what: &str, limit: Duration, mut attempt: impl FnMut() -> Duration) {
    let mut taken = Vec::new();
    while taken.len() < 10 {
        taken.push(attempt());
        if taken.last().is_some_and(|taken| *taken < limit) {
            return;
        }
    }
    panic!("{what}: {taken:?}, each {limit:?} or more");
}

/// How long `step` takes.
pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = step();
    (result, start.elapsed())
}

/// Writes a region by hand: `words` are the first half of its header.
pub(crate) fn write_region(path: &Path, words: [u32; 8], size: usize) {
    let mut bytes = vec![0; size];
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

/// The first half of a header that is right for [`plan`].
pub(crate) fn good_header(pid: i32, generation: u32) -> [u32; 8] {
    [
        0x4e53_484d,
        3 | 64 << 16,
        pid.cast_unsigned(),
        generation,
        64,
        4160,
        4224,
        4160,
    ]
}
