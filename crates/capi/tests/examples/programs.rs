//! Compiling C programs against the installed library, and running them.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// More than anything here takes, on a busy machine and under valgrind.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the examples are.
pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A directory for programs, and an empty one for their endpoints.
#[derive(Debug)]
pub(crate) struct Bench {
    dir: TempDir,
    prefix: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("run")).unwrap();
        let prefix = netipc_xtask::install_for_tests();
        Self { dir, prefix }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir().join("run")
    }

    /// Where the library is installed.
    pub(crate) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The program of one of the examples.
    pub(crate) fn example(&self, name: &str) -> PathBuf {
        self.program(&examples().join(name).with_extension("c"))
    }

    /// Builds a program as its author would, with every warning an error.
    pub(crate) fn program(&self, source: &Path) -> PathBuf {
        let program = self.dir().join(source.file_stem().unwrap());
        let mut flags = vec!["-std=c11".into(), "-pthread".into()];
        flags.extend(self.pkg_config());
        flags.push(format!("-Wl,-rpath,{}/lib", self.prefix.display()));
        flags.push("-o".into());
        flags.push(program.display().to_string());
        compile("cc", source, &flags);
        program
    }

    /// Looks only whether it compiles.
    pub(crate) fn check(&self, compiler: &str, flags: &[&str], source: &Path) {
        let mut flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push("-fsyntax-only".into());
        flags.push(format!("-I{}", self.prefix.join("include").display()));
        compile(compiler, source, &flags);
    }

    /// Starts a program in the run directory.
    pub(crate) fn start(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Running {
        let mut command = Command::new(program);
        Running::spawn(command.arg(self.run_dir()).args(arguments))
    }

    /// Starts it where every wrong access and every leak makes it fail. What is still reachable is
    /// none: caches keep 128 bytes for each thread that has read one, and use them again.
    pub(crate) fn start_checked(&self, program: &Path, arguments: &[&str]) -> Running {
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--error-exitcode=9", "--leak-check=full"])
            .args(["--errors-for-leak-kinds=definite,indirect,possible"])
            .args(["--fair-sched=yes"])
            .arg(program);
        Running::spawn(command.arg(self.run_dir()).args(arguments))
    }

    /// Nothing is left of whoever ran there.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.run_dir()).unwrap().collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }

    fn pkg_config(&self) -> Vec<String> {
        let mut command = Command::new("pkg-config");
        command
            .env("PKG_CONFIG_PATH", self.prefix.join("lib/pkgconfig"))
            .args(["--cflags", "--libs", "netipc"]);
        let flags = run(&mut command);
        flags.split_whitespace().map(str::to_owned).collect()
    }
}

/// A program that runs; killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
        let (sender, lines) = mpsc::channel();
        forward(child.stdout.take().unwrap(), sender.clone());
        forward(child.stderr.take().unwrap(), sender);
        Self { child, lines }
    }

    /// Waits for a line with `part`; returns all lines up to there.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("no line with {part:?} ({error}), but {seen:#?}"),
            }
            if seen.last().is_some_and(|line| line.contains(part)) {
                return seen;
            }
        }
    }

    /// Sends a signal by the name that `kill` knows.
    pub(crate) fn signal(&self, name: &str) {
        run(Command::new("kill").args(["-s", name, &self.child.id().to_string()]));
    }

    pub(crate) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits for its end; returns how it ended and what it has printed since the last line.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let mut text = String::new();
        // Both pipes are closed by its end.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            text += &line;
            text.push('\n');
        }
        (self.child.wait().unwrap(), text)
    }

    /// Waits for its end, which is to be a success; returns what it has printed.
    #[track_caller]
    pub(crate) fn succeed(self) -> String {
        let (status, text) = self.end();
        assert!(status.success(), "{status}:\n{text}");
        text
    }

    /// Kills it without a warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, which is to be a success; returns its stdout.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output();
    let output: Output =
        output.unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}:\n{out}{err}");
    out.into_owned()
}

#[track_caller]
fn compile(compiler: &str, source: &Path, flags: &[String]) {
    let mut command = Command::new(compiler);
    run(command
        .args(["-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(source)
        .args(flags));
}

fn forward(from: impl Read + Send + 'static, to: mpsc::Sender<String>) {
    thread::spawn(move || {
        let lines = BufReader::new(from).lines().map_while(Result::ok);
        for line in lines {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}
