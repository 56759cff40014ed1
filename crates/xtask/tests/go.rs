//! The Go module: its format, what vet finds, and its tests, so that one command runs the tests of
//! every language. Go's own commands: `go/README.md`.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

use netipc_xtask::go as toolchains;

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../go");
const INSTALL: &str =
    "install Go 1.24 or later (cargo xtask test does), or set GO to its go command";

/// What is tested together, and under the race detector, too.
const SHARED: [&str; 4] = ["connection", "internal", "service", "transport"];
/// What is tested together, and works in one goroutine or is started as a process.
const PLAIN: [&str; 4] = ["cmd", "examples", "netdata", "protocol"];

#[test]
fn sources_are_formatted() {
    let root = said(&go(&["env", "GOROOT"]));
    let output = in_module(Path::new(root.trim()).join("bin/gofmt"))
        .args(["-l", "."])
        .output()
        .unwrap_or_else(|error| panic!("gofmt of {}: {error}", root.trim()));
    let unformatted = said(&output);
    assert!(
        unformatted.is_empty(),
        "not as gofmt has it:\n{unformatted}"
    );
}

#[test]
fn vet_finds_nothing() {
    said(&go(&["vet", "./..."]));
}

#[test]
fn the_list_of_modules_is_tidy() {
    // What is missing is not looked for in the network: nothing may be missing.
    let output = turn(|| {
        command(&["mod", "tidy", "-diff"])
            .env("GOPROXY", "off")
            .output()
    });
    said(&output);
}

#[test]
fn every_package_is_tested_below() {
    let packages = said(&go(&["list", "-f", "{{.Dir}}", "./..."]));
    let module = fs::canonicalize(MODULE).expect("the module is there");
    for package in packages.lines() {
        let name = Path::new(package)
            .strip_prefix(&module)
            .expect("a package of the module");
        let known = SHARED.iter().chain(&PLAIN);
        assert!(
            name == Path::new("") || known.into_iter().any(|group| name.starts_with(group)),
            "no test here runs those of {}",
            name.display()
        );
    }
}

#[test]
fn readme_snippets_compile_and_work() {
    test(&["."]);
}

#[test]
fn protocol_tests_pass() {
    test(&["./protocol/..."]);
}

#[test]
fn transport_tests_pass() {
    test(&["./transport/..."]);
}

#[test]
fn internal_tests_pass() {
    test(&["./internal/..."]);
}

#[test]
fn connection_tests_pass() {
    test(&["./connection/..."]);
}

/// They build; what they say is tried with those of the other languages.
#[test]
fn examples_build() {
    test(&["./examples/..."]);
}

#[test]
fn service_tests_pass() {
    test(&["./service/..."]);
}

#[test]
fn agent_tests_pass() {
    test(&["./netdata/..."]);
}

#[test]
fn program_tests_pass() {
    test(&["./cmd/..."]);
}

#[test]
fn the_race_detector_finds_nothing() {
    let cgo = said(&go(&["env", "CGO_ENABLED"]));
    assert!(
        cgo.trim() == "1",
        "Go's race detector needs cgo and a C compiler: install gcc, and do not set CGO_ENABLED=0"
    );
    let packages = SHARED.map(|group| format!("./{group}/..."));
    let mut arguments = vec!["-race", "-short"];
    arguments.extend(packages.iter().map(String::as_str));
    test(&arguments);
}

#[test]
fn steady_paths_allocate_nothing() {
    let passed = passed(&["-run", "Alloc"]);
    for package in [
        "internal/connection",
        "internal/session",
        "protocol",
        "service",
    ] {
        assert!(
            passed.iter().any(|(tested, _)| tested == package),
            "no test of {package} counts allocations: {passed:?}"
        );
    }
}

#[test]
fn every_fuzz_target_takes_its_seeds() {
    let sources = said(&go(&[
        "list",
        "-f",
        r#"{{range .TestGoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}"#,
        "./...",
    ]));
    let mut targets = BTreeSet::new();
    for file in sources.lines().filter(|name| !name.is_empty()) {
        let source = fs::read_to_string(file).expect("a source of the module");
        let names = source
            .lines()
            .filter_map(|line| line.strip_prefix("func Fuzz"));
        targets.extend(names.filter_map(|line| Some(format!("Fuzz{}", line.split_once('(')?.0))));
    }
    assert!(!targets.is_empty(), "there are fuzz targets");
    let guide = netipc_xtask::workspace().join("fuzz/README.md");
    let guide = fs::read_to_string(guide).expect("the guide is there");
    for name in &targets {
        assert!(
            guide.contains(&format!("`{name}`")),
            "{name} is not in fuzz/README.md"
        );
    }
    let passed = passed(&["-run", "^Fuzz"]);
    let passed: BTreeSet<_> = passed.into_iter().map(|(_, name)| name).collect();
    assert_eq!(passed, targets);
}

/// Runs tests; none of them may fail.
fn test(arguments: &[&str]) {
    let mut all = vec!["test", "-count=1"];
    all.extend(arguments);
    said(&go(&all));
}

/// Runs tests of the module; returns package and name of each that passed. None may fail.
fn passed(arguments: &[&str]) -> Vec<(String, String)> {
    let mut all = vec!["test", "-count=1", "-v", "-json"];
    all.extend(arguments);
    all.push("./...");
    let events = said(&go(&all));
    let events = events.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).expect("an event as go test -json tells")
    });
    let text = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap_or("").to_owned();
    let prefix = said(&go(&["list", "-m"]));
    let short = |package: String| {
        let inside = package.strip_prefix(prefix.trim()).unwrap_or(&package);
        inside.trim_start_matches('/').to_owned()
    };
    events
        .filter(|event| event["Action"] == "pass")
        .map(|event| (short(text(&event, "Package")), text(&event, "Test")))
        .filter(|(_, name)| !name.is_empty() && !name.contains('/'))
        .collect()
}

/// What a command that succeeded wrote; its standard error counts for failures only.
fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    out.into_owned()
}

fn go(arguments: &[&str]) -> Output {
    turn(|| command(arguments).output())
}

/// Runs one command at a time: each of Go's keeps every processor busy already, and tests have
/// deadlines.
fn turn(run: impl FnOnce() -> io::Result<Output>) -> Output {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    run().expect("Go was there a moment ago")
}

fn command(arguments: &[&str]) -> Command {
    let mut command = in_module(toolchain());
    command.args(arguments);
    command
}

fn in_module(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // Whatever workspace or flags somebody works with, this module is tested as it is.
    command
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .current_dir(MODULE);
    command
}

/// The go command, which is there and new enough.
fn toolchain() -> PathBuf {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let named = env::var_os("GO").unwrap_or_else(|| "go".into());
        toolchains::check(&named).map_err(|why| format!("{why}: {INSTALL}"))?;
        Ok(named.into())
    });
    found.clone().unwrap_or_else(|why| panic!("{why}"))
}
