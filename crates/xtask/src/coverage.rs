//! How much of the code the tests run, for Rust by cargo-llvm-cov and for Go by its own command, and what has to be reached.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Error, build, child, go, tool, workspace};

const COVERAGE_NEEDED: &str = "it counts lines that tests run: cargo install --locked cargo-llvm-cov, and rustup component add llvm-tools";
const GO_NEEDED: &str =
    "it runs the tests of the Go module; install Go, see https://go.dev/doc/install";

/// What part of its lines the tests of the workspace run, at least: hundredths of a crate, or of a package below `go/`.
const RUST: [(&str, f64); 5] = [
    ("proto", 97.0),
    ("netipc", 97.0),
    ("transport", 95.0),
    ("host", 95.0),
    ("capi", 95.0),
];
/// Packages whose tests count as well, though their own lines do not: they drive sessions step by step, as only they and the C library do.
const ALSO_RUN: [&str; 1] = ["netipc-tokio"];
/// The same of every package of Go but these.
const GO: f64 = 92.0;
/// Packages whose statements count nowhere, and why.
const GO_UNCOUNTED: [(&str, &str); 6] = [
    (
        "examples/",
        "programs of a page: other tests start them as processes",
    ),
    (
        "cmd/",
        "programs: most of what they do is done in processes of their own",
    ),
    (
        "internal/codecpeer",
        "the peer of a differential test, which Rust starts as a process",
    ),
    (
        "internal/generated/",
        "made from schemas: tests of crates/generated run the rest of it in processes",
    ),
    (
        "internal/conformance",
        "tests, whose failures do not come up",
    ),
    (
        "internal/fuzzing",
        "what feeds fuzz targets, whose failures do not come up",
    ),
];

/// What is measured, and how much of it was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Covered {
    /// The crate or package.
    pub name: String,
    /// Lines of Rust, or statements of Go.
    pub all: u64,
    /// How many of them were run.
    pub run: u64,
    /// What has to be reached, in hundredths; nothing for what does not count.
    pub least: Option<f64>,
}

impl Covered {
    /// Hundredths that were run.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "lines are far fewer than a float can count"
    )]
    pub fn percent(&self) -> f64 {
        if self.all == 0 {
            100.0
        } else {
            100.0 * self.run as f64 / self.all as f64
        }
    }

    /// Whether that is enough.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.least.is_none_or(|least| self.percent() >= least)
    }
}

/// Runs all tests of the crates and packages that count, and tells what part of each was run.
///
/// # Errors
/// What cannot be started or understood. Tests that fail are told, and what they ran counts.
pub fn coverage(rust: bool, go: bool) -> Result<Vec<Covered>, Error> {
    let mut all = Vec::new();
    if rust {
        all.extend(rust_coverage()?);
    }
    if go {
        all.extend(go_coverage()?);
    }
    Ok(all)
}

fn rust_coverage() -> Result<Vec<Covered>, Error> {
    // A directory of its own: what is built to be counted is built otherwise, also the library that programs in C link.
    let dir = build::target_dir()?.join("coverage/rust");
    tool::make_dir(&dir)?;
    let variables = variables_of_coverage(&dir)?;
    // What was counted before, and programs of other sources, whose lines would count as well.
    let mut clean = build::cargo();
    clean.args(["llvm-cov", "clean", "--workspace"]);
    clean.current_dir(workspace());
    clean.envs(variables.iter().map(|(name, value)| (name, value)));
    tool::run(&mut clean, COVERAGE_NEEDED)?;
    run_tests(&variables)?;
    let mut report = build::cargo();
    // A process that was killed while it wrote leaves a profile that cannot be read.
    report.args([
        "llvm-cov",
        "report",
        "--json",
        "--summary-only",
        "--failure-mode",
        "all",
    ]);
    report.current_dir(workspace());
    report.envs(variables.iter().map(|(name, value)| (name, value)));
    let library = dir.join("capi-tests/dev/lib/libnetipc.so");
    report.env("LLVM_COV_FLAGS", format!("-object={}", library.display()));
    let output = tool::run(&mut report, COVERAGE_NEEDED)?;
    lines_of_crates(&output.stdout).ok_or(Error::Output {
        command: "cargo llvm-cov report",
        problem: "did not tell the lines of each file",
    })
}

/// Runs the tests of the crates that count, built as `variables` say.
fn run_tests(variables: &[(String, String)]) -> Result<(), Error> {
    let cargo = |words: &[&str]| {
        let mut command = build::cargo();
        command.args(words).arg("--locked").current_dir(workspace());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command
    };
    // Tests start these.
    let mut examples = cargo(&["build", "--examples", "--package", "netipc"]);
    tool::run(&mut examples, COVERAGE_NEEDED)?;
    let mut tests = cargo(&["test", "--tests", "--no-fail-fast"]);
    for (name, _) in RUST {
        let package = if name == "netipc" {
            name.to_owned()
        } else {
            format!("netipc-{name}")
        };
        tests.args(["--package", &package]);
    }
    for package in ALSO_RUN {
        tests.args(["--package", package]);
    }
    tests.arg("--");
    for test in RUST_SKIPPED {
        tests.args(["--skip", test]);
    }
    let status = child::run(&mut tests)?;
    if !status.success() {
        println!("tests of Rust failed: {status}");
    }
    Ok(())
}

/// Tests that programs fail which were built to be counted: those know more functions, and write what they count to a file
/// that may be too large, and with calls that valgrind does not know.
const RUST_SKIPPED: [&str; 3] = [
    "valgrind",
    "every_function_of_the_headers_is_called",
    "a_limit_on_file_sizes_is_an_error_and_no_signal",
];

/// What has cargo build so that lines are counted, to `dir`.
fn variables_of_coverage(dir: &Path) -> Result<Vec<(String, String)>, Error> {
    let mut command = build::cargo();
    command
        .args(["llvm-cov", "show-env"])
        .current_dir(workspace());
    for name in [
        "CARGO_TARGET_DIR",
        "CARGO_LLVM_COV_TARGET_DIR",
        "CARGO_LLVM_COV_BUILD_DIR",
    ] {
        command.env(name, dir);
    }
    let output = tool::run(&mut command, COVERAGE_NEEDED)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut variables = vec![("CARGO_TARGET_DIR".to_owned(), dir.display().to_string())];
    variables.extend(text.lines().filter_map(variable).map(counted_at_once));
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    let flags = format!("{flags} {COUNTED_AT_ONCE}");
    variables.push(("RUSTFLAGS".to_owned(), flags.trim_start().to_owned()));
    Ok(variables)
}

/// Has programs count in the very file, with `%c` in its name: processes that are killed, or become other programs, have counted, too.
const COUNTED_AT_ONCE: &str = "-Cllvm-args=-runtime-counter-relocation";

/// A variable as it has to be for that.
fn counted_at_once((name, value): (String, String)) -> (String, String) {
    let at_once = match value.strip_suffix(".profraw") {
        Some(file) if name == "LLVM_PROFILE_FILE" => format!("{file}%c.profraw"),
        _ => value,
    };
    (name, at_once)
}

/// The name and the value of `NAME=value` or `NAME='value'`.
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    Some((name.to_owned(), value.trim_matches('\'').to_owned()))
}

/// The lines of each crate that counts, from what `llvm-cov export` says.
fn lines_of_crates(report: &[u8]) -> Option<Vec<Covered>> {
    let report: Value = serde_json::from_slice(report).ok()?;
    let files = report["data"][0]["files"].as_array()?;
    let crates = RUST.map(|(name, least)| {
        let mut covered = Covered {
            name: name.to_owned(),
            all: 0,
            run: 0,
            least: Some(least),
        };
        let place = format!("/crates/{name}/src/");
        for file in files.iter().filter(|file| {
            file["filename"]
                .as_str()
                .is_some_and(|path| path.contains(&place))
        }) {
            let lines = &file["summary"]["lines"];
            covered.all += lines["count"].as_u64().unwrap_or(0);
            covered.run += lines["covered"].as_u64().unwrap_or(0);
        }
        covered
    });
    crates
        .iter()
        .any(|covered| covered.all > 0)
        .then(|| crates.to_vec())
}

fn go_coverage() -> Result<Vec<Covered>, Error> {
    let dir = build::target_dir()?.join("coverage");
    tool::make_dir(&dir)?;
    let profile = dir.join("go.txt");
    // Tests that are started again as other processes, also of other users, leave here what they ran.
    let processes = dir.join("processes");
    if processes.exists() {
        fs::remove_dir_all(&processes).map_err(Error::file("delete", &processes))?;
    }
    tool::make_dir(&processes)?;
    fs::set_permissions(&processes, fs::Permissions::from_mode(0o777))
        .map_err(Error::file("change", &processes))?;
    let mut tests = in_module(go::program());
    // A statement counts wherever the test is that runs it: much is tested from the packages above.
    tests.args(["test", "-count=1", "-coverpkg=./...", "-coverprofile"]);
    tests.arg(&profile).args(["./...", "-args"]);
    tests.arg(format!("-test.gocoverdir={}", processes.display()));
    tests.env("NETIPC_COVER_DIR", &processes);
    let status = child::run(&mut tests).map_err(|error| match error {
        Error::Start { program, .. } => Error::Missing {
            program,
            needed: GO_NEEDED,
        },
        other => other,
    })?;
    if !status.success() {
        println!("tests of Go failed: {status}");
    }
    let others = dir.join("processes.txt");
    let mut convert = in_module(go::program());
    convert.args(["tool", "covdata", "textfmt"]);
    convert.arg(format!("-i={}", processes.display()));
    convert.arg(format!("-o={}", others.display()));
    tool::run(&mut convert, GO_NEEDED)?;
    let all = tool::read(&profile)? + &tool::read(&others)?;
    Ok(statements_of_packages(&all, &module()?))
}

fn in_module(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.envs([("GOWORK", "off"), ("GOFLAGS", "")]);
    command.current_dir(workspace().join("go"));
    command
}

/// What the paths of a profile begin with.
fn module() -> Result<String, Error> {
    let text = tool::read(&workspace().join("go/go.mod"))?;
    let name = text.lines().find_map(|line| line.strip_prefix("module "));
    Ok(format!("{}/", name.unwrap_or_default().trim()))
}

/// The statements of each package, from a profile in which a block stands once for each test binary.
fn statements_of_packages(profile: &str, module: &str) -> Vec<Covered> {
    let mut blocks: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    for line in profile.lines().filter(|line| !line.starts_with("mode: ")) {
        let mut words = line.rsplitn(3, ' ');
        let (Some(count), Some(statements), Some(block)) =
            (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let known = blocks
            .entry(block)
            .or_insert((statements.parse().unwrap_or(0), false));
        known.1 |= count != "0";
    }
    let mut packages: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (block, (statements, ran)) in blocks {
        let path = block.strip_prefix(module).unwrap_or(block);
        let file = path.split_once(':').map_or(path, |(file, _)| file);
        let package = Path::new(file).parent().unwrap_or(Path::new(""));
        let sum = packages.entry(package.display().to_string()).or_default();
        sum.0 += statements;
        sum.1 += if ran { statements } else { 0 };
    }
    let covered = packages.into_iter().map(|(package, (all, run))| {
        let counts = !GO_UNCOUNTED
            .iter()
            .any(|(place, _)| format!("{package}/").starts_with(place));
        Covered {
            name: format!("go/{package}"),
            all,
            run,
            least: counts.then_some(GO),
        }
    });
    covered.collect()
}

/// A table of it for people; what is too little is marked.
#[must_use]
pub fn show_coverage(all: &[Covered]) -> String {
    let rows = all.iter().map(|covered| {
        let least = covered.least.map_or("does not count".to_owned(), |least| {
            format!("at least {least}")
        });
        let mark = if covered.is_enough() {
            ""
        } else {
            "  TOO LITTLE"
        };
        let Covered { name, all, run, .. } = covered;
        format!(
            "{name:36} {run:>6} of {all:>6}  {:>6.1} %  {least}{mark}\n",
            covered.percent()
        )
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_once_and_where_any_test_runs_it() {
        let profile = "mode: set\nm/a/x.go:1.2,3.4 5 0\nm/a/x.go:1.2,3.4 5 1\nm/a/y.go:1.1,2.2 15 0\nm/cmd/p/z.go:1.1,2.2 9 0\n";
        let all = statements_of_packages(profile, "m/");
        let wanted = [("go/a", 20, 5, Some(GO)), ("go/cmd/p", 9, 0, None)];
        let found: Vec<_> = all
            .iter()
            .map(|c| (c.name.as_str(), c.all, c.run, c.least))
            .collect();
        assert_eq!(found, wanted);
        assert!(!all[0].is_enough() && all[1].is_enough());
        let shown = show_coverage(&all);
        assert!(
            shown
                .lines()
                .next()
                .is_some_and(|line| line.ends_with("25.0 %  at least 92  TOO LITTLE")),
            "{shown}"
        );
    }

    #[test]
    fn variables_are_what_the_shell_would_read() {
        let read = |line| variable(line).map(|(name, value)| name + "|" + &value);
        assert_eq!(read("A=1").as_deref(), Some("A|1"));
        assert_eq!(read("A='-Cb --cfg=c'").as_deref(), Some("A|-Cb --cfg=c"));
        assert_eq!(read("no variable"), None);
    }

    #[test]
    fn counts_go_to_the_file_at_once() {
        let at_once = |name: &str, value: &str| counted_at_once((name.into(), value.into())).1;
        let file = at_once("LLVM_PROFILE_FILE", "/t/w-%p-%2m.profraw");
        assert_eq!(file, "/t/w-%p-%2m%c.profraw");
        assert_eq!(at_once("OTHER", "/t/a.profraw"), "/t/a.profraw");
    }

    #[test]
    fn lines_are_those_of_the_sources_of_a_crate() {
        let file = |name: &str, count: u64, covered: u64| serde_json::json!({ "filename": name, "summary": { "lines": { "count": count, "covered": covered } } });
        let files = [
            file("/w/crates/netipc/src/a.rs", 90, 90),
            file("/w/crates/netipc/src/b/c.rs", 10, 8),
            file("/w/crates/cli/src/d.rs", 1000, 0),
        ];
        let report = serde_json::json!({ "data": [{ "files": files }] }).to_string();
        let all = lines_of_crates(report.as_bytes()).expect("it is a report");
        let netipc = all
            .iter()
            .find(|covered| covered.name == "netipc")
            .expect("it counts");
        assert_eq!((netipc.all, netipc.run), (100, 98));
        assert!(netipc.is_enough());
        assert_eq!(lines_of_crates(b"{}"), None);
    }
}
