//! The example programs of enrichers, in Rust and in C, with real providers of this machine, through restarts.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use shared_child::SharedChild;
use support::{TestDir, piped, watched};

/// How long tables are printed until one is as it should be: only a defect takes as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two of them, so that the programs get the processor.
const PAUSE: Duration = Duration::from_millis(10);

/// An example that prints a table for each line of its stdin. Killed when dropped.
struct Example {
    child: SharedChild,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Example {
    fn start(program: &Path, place: &TestDir) -> Self {
        let mut command = Command::new(program);
        command.arg(place.run_dir());
        let mut command = piped(command);
        command.stdin(Stdio::piped()).stderr(Stdio::inherit());
        let child = SharedChild::spawn(&mut command).unwrap();
        Self {
            stdin: child.take_stdin(),
            stdout: BufReader::new(child.take_stdout().unwrap()),
            child,
        }
    }

    /// A table, up to its last line, which has `end`.
    fn table(&mut self, end: &str) -> Vec<String> {
        writeln!(self.stdin.as_mut().unwrap()).unwrap();
        self.lines(end)
    }

    fn lines(&mut self, end: &str) -> Vec<String> {
        let stdout = &mut self.stdout;
        watched(&self.child, || {
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                assert!(
                    stdout.read_line(&mut line).unwrap() > 0,
                    "it ended: {lines:?}"
                );
                let is_last = line.contains(end);
                lines.push(line.trim_end().to_owned());
                if is_last {
                    return lines;
                }
            }
        })
    }

    /// A table with a line, or the last one, that `is_right` accepts; gives that line.
    fn until(&mut self, end: &str, what: &str, is_right: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let table = self.table(end);
            if let Some(line) = table.iter().find(|line| is_right(line)) {
                return line.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{what}: {table:#?}");
            thread::sleep(PAUSE);
        }
    }

    /// Ends its stdin; it ends by itself.
    fn end(mut self) {
        drop(self.stdin.take());
        let status = watched(&self.child, || self.child.wait()).unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An example of Rust, which is built with these tests, and its twin in C.
fn programs(place: &TestDir, rust: &str, c: &str) -> [PathBuf; 2] {
    let program = Path::new(env!("CARGO_BIN_EXE_netipc"));
    let profile = program.parent().unwrap();
    BUILT.call_once(|| {
        // A run of these tests alone builds none.
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--package", "netipc-cli", "--examples"]);
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(
            cargo.status().unwrap().success(),
            "the examples do not build"
        );
    });
    [profile.join("examples").join(rust), in_c(place, c)]
}

static BUILT: Once = Once::new();

fn in_c(place: &TestDir, name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capi/examples");
    let prefix = netipc_xtask::install_for_tests();
    let lib = prefix.join("lib").display().to_string();
    let program = place.path(name);
    let mut compiler = Command::new("cc");
    compiler
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread"])
        .arg(format!("-I{}", prefix.join("include").display()))
        .arg(source.join(name).with_extension("c"))
        .args([format!("-L{lib}"), format!("-Wl,-rpath,{lib}")])
        .args(["-lnetipc", "-o"])
        .arg(&program);
    let built = compiler.output().expect("the test needs a C compiler");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    program
}

#[test]
fn the_container_of_every_process_is_shown_through_restarts() {
    let place = TestDir::new();
    for program in programs(&place, "containers", "enricher_containers") {
        let mut example = Example::start(&program, &place);
        let own = format!("{} ", example.child.id());
        let absent = example.table("END");
        assert!(
            absent.iter().any(|line| line.starts_with(&own)),
            "{absent:#?}"
        );
        let mut shown = String::new();
        for _ in 0..2 {
            let provider = place.serve(&["--service=cgroups-lookup"]);
            // Neither "no provider" nor "not asked": the C program has numbers for them.
            shown = example.until("END", "an answer", |line| {
                let missing = [
                    "no provider",
                    "not asked",
                    "no answer",
                    "(5)",
                    "(1)",
                    "(2)",
                    "(provider absent)",
                ];
                line.starts_with(&own) && !missing.iter().any(|why| line.contains(why))
            });
            drop(provider);
        }
        let stale = format!("{shown} (provider absent)");
        let without_provider = example.until("END", "what was said last", |line| {
            line == stale || line == shown && shown.contains('(')
        });
        assert!(without_provider.starts_with(&own));
        example.end();
    }
}

#[test]
fn a_provider_that_joins_two_lookups_answers_through_restarts() {
    let place = TestDir::new();
    for program in programs(&place, "apps_provider", "enricher_provider") {
        let mut example = Example::start(&program, &place);
        example.lines("READY");
        let pid = example.child.id().to_string();
        let ask = || {
            place
                .call(&["apps-lookup", &pid, "4194304", "--json"])
                .json()["items"]
                .clone()
        };
        let before = ask();
        assert_eq!(before[0]["status"], "known", "{before}");
        assert_eq!(
            before[0]["cgroup_status"], "unknown-retry-later",
            "{before}"
        );
        assert_eq!(before[1]["status"], "unknown", "{before}");
        for _ in 0..2 {
            let provider = place.serve(&["--service=cgroups-lookup"]);
            let begun = Instant::now();
            let mut joined = ask();
            while joined[0]["cgroup_status"] == "unknown-retry-later" {
                assert!(begun.elapsed() < PATIENCE, "{joined}: known or never to be");
                thread::sleep(PAUSE);
                joined = ask();
            }
            drop(provider);
            assert_eq!(ask()[0], joined[0], "it knows without the other provider");
        }
        example.end();
    }
}

#[test]
fn a_viewer_renders_at_once_and_waits_for_what_is_missing() {
    const LAST: &str = " known, asked ";
    let place = TestDir::new();
    for program in programs(&place, "viewer", "enricher_viewer") {
        let mut example = Example::start(&program, &place);
        let rows = example.table(LAST);
        assert_eq!(rows.len(), 5001);
        assert!(rows[5000].starts_with("0 of 5000"), "{}", rows[5000]);
        for _ in 0..2 {
            let provider = place.serve(&["--service=apps-lookup"]);
            example.until(LAST, "rows that are known", |line| {
                line.contains(LAST) && !line.starts_with("0 of")
            });
            // Other work may delay some of them.
            example.until(LAST, "a table within 100 ms", |line| {
                line.contains(LAST) && rendered(line) < Duration::from_millis(100)
            });
            drop(provider);
            example.until(LAST, "rows of a provider that is gone", |line| {
                line.ends_with("(provider absent)")
            });
        }
        example.end();
    }
}

/// How long the last line of a table says that rendering took.
fn rendered(line: &str) -> Duration {
    let said = line.rsplit("rendered ").next().unwrap();
    let end = said
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap();
    let (number, unit) = said.split_at(end);
    let scale = match unit.trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        _ => 1e-6,
    };
    Duration::from_secs_f64(number.parse::<f64>().unwrap() * scale)
}

#[test]
fn a_hot_path_finds_every_cgroup_through_restarts() {
    const LAST: &str = " cgroups";
    let place = TestDir::new();
    for program in programs(&place, "hot_path", "enricher_hot_path") {
        let mut example = Example::start(&program, &place);
        for _ in 0..2 {
            let provider = place.serve(&["--service=cgroups-snapshot"]);
            example.until(LAST, "a million events", |line| {
                line.contains(": 1000000 found")
            });
            drop(provider);
            let last = example.table(LAST);
            assert!(
                last[0].contains(": 1000000 found"),
                "what was known stays: {last:?}"
            );
        }
        example.end();
    }
}
