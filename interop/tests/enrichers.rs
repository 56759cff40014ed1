//! The programs with enrichers, against `netipc serve` with this machine's own data, while that comes late, is killed
//! and comes back.
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use serde_json::Value;
use support::{NETIPC, Running, SOON, go_programs};

/// Where the programs in Go are.
static GO: LazyLock<PathBuf> = LazyLock::new(|| {
    go_programs(&[
        "./examples/enricher_containers",
        "./examples/enricher_provider",
    ])
});

/// The example programs, in every language.
const PROGRAMS: [&str; 10] = [
    "crates/cli/examples/containers.rs",
    "crates/cli/examples/apps_provider.rs",
    "crates/cli/examples/viewer.rs",
    "crates/cli/examples/hot_path.rs",
    "crates/capi/examples/enricher_containers.c",
    "crates/capi/examples/enricher_provider.c",
    "crates/capi/examples/enricher_viewer.c",
    "crates/capi/examples/enricher_hot_path.c",
    "go/examples/enricher_containers/main.go",
    "go/examples/enricher_provider/main.go",
];

#[test]
fn a_whole_integration_has_less_than_a_hundred_lines() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for program in PROGRAMS {
        let text = std::fs::read_to_string(project.join(program)).expect(program);
        let lines = text.lines().count();
        assert!(lines < 100, "{program} has {lines} lines");
    }
}

#[test]
fn the_container_of_every_process_is_known_through_restarts() {
    let run_dir = tempfile::tempdir().expect("a run directory");
    let mut watching = Running::start(
        Command::new(GO.join("enricher_containers"))
            .arg(run_dir.path())
            .arg("50")
            .stdout(Stdio::piped()),
    );
    let stdout = watching.child.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(stdout).lines();
    let mut until = |what: &str, is: &dyn Fn(&Counts) -> bool| {
        let began = Instant::now();
        loop {
            let line = lines.next().expect("it goes on").expect("a line");
            let counts = Counts::of(&line);
            if is(&counts) {
                return counts;
            }
            assert!(began.elapsed() < SOON, "never {what}: {line}");
        }
    };
    until("without a provider", &|now| now.waiting == now.processes);
    let serving = serve(run_dir.path());
    let found = until("all known", &|now| now.waiting == 0 && now.stale == 0);
    drop(serving);
    if found.named > 0 {
        until("stale", &|now| now.named > 0 && now.stale == now.named);
    }
    let _serving = serve(run_dir.path());
    until("all known again", &|now| now.waiting == 0 && now.stale == 0);
}

#[test]
fn a_provider_joins_what_an_enricher_knows_through_restarts() {
    let run_dir = tempfile::tempdir().expect("a run directory");
    let mut provider = Running::start(
        Command::new(GO.join("enricher_provider"))
            .arg(run_dir.path())
            .stdin(Stdio::piped()),
    );
    let own = std::process::id().to_string();
    let until = |status: &[&str]| {
        let began = Instant::now();
        loop {
            // Nobody is there yet, or it has not looked at its containers.
            let item = call(run_dir.path(), "apps-lookup", &own);
            let found = item["cgroup_status"].as_str().unwrap_or_default();
            if item["status"] == "known" && status.contains(&found) {
                return item;
            }
            assert!(began.elapsed() < SOON, "never {status:?}: {item}");
        }
    };
    until(&["unknown-retry-later"]);
    let serving = serve(run_dir.path());
    let settled = ["known", "unknown-permanent"];
    let joined = until(&settled);
    let path = joined["cgroup_path"].as_str().expect("a path");
    let cgroup = call(run_dir.path(), "cgroups-lookup", path);
    for (of_process, of_cgroup) in [("cgroup_name", "name"), ("labels", "labels")] {
        assert_eq!(joined[of_process], cgroup[of_cgroup], "{joined}, {cgroup}");
    }
    drop(serving);
    // It is known although nobody tells it.
    assert_eq!(until(&settled)["cgroup_name"], joined["cgroup_name"]);
    let _serving = serve(run_dir.path());
    assert_eq!(until(&settled)["cgroup_name"], joined["cgroup_name"]);
    drop(provider.stdin.take());
    let status = provider.child.wait().expect("a program");
    assert!(status.success(), "the provider ended with {status}");
}

/// What a line of the program says.
struct Counts {
    processes: u32,
    named: u32,
    waiting: u32,
    stale: u32,
}

impl Counts {
    /// `212 processes: 151 in 9 containers, 61 in none, 0 not known, 0 stale`
    fn of(line: &str) -> Self {
        let number = |word: &str| word.parse().ok();
        let numbers: Vec<u32> = line.split_whitespace().filter_map(number).collect();
        let &[processes, named, _, _, waiting, stale] = numbers.as_slice() else {
            panic!("{line:?} is no such line");
        };
        Self {
            processes,
            named,
            waiting,
            stale,
        }
    }
}

/// Serves the cgroups of this machine, and is ready.
fn serve(run_dir: &Path) -> Running {
    Running::provider(
        Command::new(&*NETIPC)
            .args(["serve", "--service", "cgroups-lookup", "--run-dir"])
            .arg(run_dir),
    )
}

/// The item of one key; nothing where nobody answers.
fn call(run_dir: &Path, service: &str, key: &str) -> Value {
    let output = Command::new(&*NETIPC)
        .args(["call", service, key, "--json", "--run-dir"])
        .arg(run_dir)
        .output()
        .expect("a program");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    said["items"][0].clone()
}
