//! `netipc demo`, as a new user runs it: on this machine, on machines made of files, ended early.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "what the helpers cannot do is a failed test"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};
const CONTAINER: &str = "aaaaaaaaaaaa0123456789abcdef0123456789abcdef0123456789abcdef0123";

/// A machine made of files, with a place for temporary files of its own.
struct Machine {
    root: TempDir,
}

impl Machine {
    /// Without cgroups and processes.
    fn bare() -> Self {
        let root = tempfile::tempdir().unwrap();
        for dir in ["tmp", "proc", "cgroup"] {
            fs::create_dir(root.path().join(dir)).unwrap();
        }
        Self { root }
    }

    /// With a container and a service, a process in each, and names that a terminal would obey.
    fn busy() -> Self {
        let machine = Self::bare();
        machine.write("cgroup/cgroup.controllers", "cpu memory");
        let container = format!("/system.slice/docker-{CONTAINER}.scope");
        for cgroup in [&container, "/system.slice/cron.service", "/evil\x1b[2J"] {
            fs::create_dir_all(machine.path(&format!("cgroup{cgroup}"))).unwrap();
        }
        machine.process(7, "nginx", &container);
        machine.process(8, "\x1b[31mred", "/system.slice/cron.service");
        machine
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.root.path().join(relative)
    }

    fn write(&self, relative: &str, content: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn process(&self, pid: u32, comm: &str, cgroup: &str) {
        let rest = "S 1 1 1 0 -1 0 0 0 0 0 5 7 0 0 20 0 1 0 99 4096 1";
        self.write(
            &format!("proc/{pid}/stat"),
            &format!("{pid} ({comm}) {rest}\n"),
        );
        self.write(&format!("proc/{pid}/cgroup"), &format!("0::{cgroup}\n"));
    }

    /// A demo that shows this machine.
    fn demo(&self, arguments: &[&str]) -> Command {
        let mut demo = self.demo_of_host(arguments);
        demo.arg("--cgroup-root").arg(self.path("cgroup"));
        demo.arg("--proc-root").arg(self.path("proc"));
        demo
    }

    /// A demo that shows the machine it runs on, and uses the temporary files of this one.
    fn demo_of_host(&self, arguments: &[&str]) -> Command {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_netipc"));
        demo.arg("demo").args(arguments);
        demo.env("TMPDIR", self.path("tmp"));
        demo
    }

    /// That neither files nor processes are left.
    fn assert_clean(&self) {
        let tmp = self.path("tmp");
        assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "files are left");
        let servants: Vec<_> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read(entry.unwrap().path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .filter(|line| line.contains(tmp.to_str().unwrap()))
            .collect();
        assert_eq!(servants, [""; 0], "processes are left");
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn text(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

/// The number at `path`, which is positive.
fn positive(report: &Value, path: &str) -> f64 {
    let number = report.pointer(path).and_then(Value::as_f64);
    let number = number.unwrap_or_else(|| panic!("no number {path} in {report:#}"));
    assert!(number > 0.0, "{path} is {number}");
    number
}

fn assert_texts(item: &Value, fields: &[&str]) {
    for field in fields {
        assert!(item[field].is_string(), "{field} of {item:#}");
    }
}

/// That the figures can be true.
fn assert_timing(report: &Value, path: &str) {
    positive(report, &format!("{path}/calls"));
    positive(report, &format!("{path}/calls_per_second"));
    let half = positive(report, &format!("{path}/p50_us"));
    assert!(
        half <= positive(report, &format!("{path}/p99_us")),
        "{path}"
    );
}

fn assert_restart(report: &Value) {
    let restart = &report["restart"];
    assert_eq!(restart["cache_kept"], true, "{restart:#}");
    assert_eq!(restart["reconnected"], true, "{restart:#}");
    assert!(positive(report, "/restart/outage_ms") < 60_000.0);
    positive(report, "/restart/cache_lookups");
    // Three sockets at least.
    assert!(positive(report, "/restart/files_left") >= 3.0);
    assert_eq!(restart["files_stale"], 0, "{restart:#}");
}

#[test]
fn shows_the_machine_it_runs_on() {
    let machine = Machine::bare();
    let mut demo = machine.demo_of_host(&["--seconds", "1", "--json"]);
    let output = demo.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = json(&output);
    assert!(positive(&report, "/time") > 1e9);
    assert_eq!(report["errors"], serde_json::json!([]), "{report:#}");
    let cgroups = report["cgroups"].as_array().unwrap();
    for cgroup in cgroups {
        assert_texts(cgroup, &["name", "path", "orchestrator", "status"]);
        assert!(cgroup["enabled"].is_boolean(), "{cgroup:#}");
        assert!(cgroup["labels"].is_object(), "{cgroup:#}");
    }
    let processes = report["processes"].as_array().unwrap();
    assert!((1..=10).contains(&processes.len()), "{processes:?}");
    for process in processes {
        let names = [
            "cgroup_name",
            "cgroup_path",
            "orchestrator",
            "cgroup_status",
        ];
        assert_texts(process, &names);
        assert!(!process["comm"].as_str().unwrap().is_empty(), "{process:#}");
        assert!(process["uid"].is_u64(), "{process:#}");
        positive(process, "/pid");
        let percent = process["cpu_percent"].as_f64().unwrap();
        assert!((0.0..=100.0).contains(&percent), "{process:#}");
    }
    assert!(positive(&report, "/processes_total") >= processes.len() as f64);
    positive(&report, "/cache/lookups_per_second");
    assert_eq!(report["cache"]["items"], cgroups.len());
    assert_restart(&report);
    machine.assert_clean();
}

#[test]
fn compares_the_socket_with_shared_memory() {
    let machine = Machine::busy();
    let output = machine
        .demo(&["--seconds", "1", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = json(&output);
    let profiles = report["transports"].as_array().unwrap().iter();
    let profiles: Vec<_> = profiles
        .map(|t| (t["profile"].clone(), t["shm"].clone()))
        .collect();
    let expected = [("baseline", false), ("shm-ring", true)];
    assert_eq!(
        profiles,
        expected.map(|(name, shm)| (name.into(), shm.into()))
    );
    for index in 0..2 {
        assert_timing(&report, &format!("/transports/{index}"));
        assert_timing(&report, &format!("/transports/{index}/snapshots"));
    }
    machine.assert_clean();
}

#[test]
fn joins_what_the_services_tell() {
    let machine = Machine::busy();
    let output = machine
        .demo(&["--seconds", "1", "--json"])
        .output()
        .unwrap();
    let report = json(&output);
    let first = &report["cgroups"][0];
    assert_eq!(first["orchestrator"], "docker", "containers come first");
    assert_eq!(first["labels"]["container_id"], CONTAINER);
    assert_eq!(first["status"], "known");
    let processes = report["processes"].as_array().unwrap();
    let nginx = processes
        .iter()
        .find(|process| process["pid"] == 7)
        .unwrap();
    assert_eq!(nginx["comm"], "nginx");
    assert_eq!(nginx["orchestrator"], "docker");
    assert_eq!(nginx["cgroup_status"], "known");
    assert_eq!(nginx["cgroup_name"], first["name"]);
    assert_eq!(report["processes_total"], 2);
}

#[test]
fn is_plain_text_in_a_pipe() {
    let machine = Machine::busy();
    let output = machine.demo(&["--seconds", "1"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = text(&output);
    for line in text.lines() {
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.chars().count() <= 80, "{line:?}");
    }
    for part in ["nginx", "docker", "shm-ring", "baseline", "Restart: "] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert_eq!(text.matches("Summary: ").count(), 1, "{text}");
    assert!(text.ends_with(", no errors.\n"), "{text}");
    assert!(output.stderr.is_empty(), "{output:?}");
    machine.assert_clean();
}

#[test]
fn says_that_there_are_no_cgroups() {
    let machine = Machine::bare();
    machine.process(7, "init", "/");
    for exists in [true, false] {
        if !exists {
            fs::remove_dir(machine.path("cgroup")).unwrap();
        }
        let output = machine.demo(&["--seconds", "1"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = text(&output);
        assert_eq!(
            text.matches("Note: there are no cgroups in ").count(),
            1,
            "{text}"
        );
        assert!(text.contains("host-root"), "{text}");
    }
    let report = json(
        &machine
            .demo(&["--seconds", "1", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(report["cgroups"], serde_json::json!([]));
    assert_eq!(report["cache"]["items"], 0);
    assert_eq!(report["notes"].as_array().unwrap().len(), 1, "{report:#}");
    assert_restart(&report);
    machine.assert_clean();
}

#[test]
fn goes_on_without_shared_memory() {
    let machine = Machine::busy();
    let demo = machine.demo(&["--seconds", "1", "--json"]);
    // No file may have more than a kilobyte: regions cannot be made, sockets can.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
    limited.arg(demo.get_program()).args(demo.get_args());
    limited.env("TMPDIR", machine.path("tmp"));
    let output = limited.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report = json(&output);
    assert_eq!(
        report["transports"].as_array().unwrap().len(),
        1,
        "{report:#}"
    );
    assert_eq!(report["transports"][0]["shm"], false);
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.starts_with("shared memory cannot be had"), "{note}");
    assert_restart(&report);
    machine.assert_clean();
}

#[test]
fn fails_with_a_reason_where_there_are_no_processes_to_ask_for() {
    let machine = Machine::busy();
    fs::remove_dir_all(machine.path("proc")).unwrap();
    let output = machine
        .demo(&["--seconds", "1", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = json(&output)["errors"].to_string();
    assert!(errors.contains("cannot list the process root"), "{errors}");
    machine.assert_clean();
}

#[test]
fn cleans_up_when_it_is_interrupted() {
    let machine = Machine::busy();
    let mut demo = started(machine.demo(&["--seconds", "600"]));
    kill_process(Pid::from_child(&demo.child), Signal::TERM).unwrap();
    assert_eq!(demo.child.wait().unwrap().code(), Some(1));
    demo.assert_provider_ends();
    machine.assert_clean();
}

#[test]
fn takes_its_provider_along_when_it_is_killed() {
    let machine = Machine::busy();
    let mut demo = started(machine.demo(&["--seconds", "600"]));
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();
    demo.assert_provider_ends();
    let run_dir = fs::read_dir(machine.path("tmp")).unwrap().next().unwrap();
    assert_eq!(entries(&run_dir.unwrap().path()), 0, "sockets are left");
}

#[test]
fn takes_about_as_long_as_it_is_told() {
    let machine = Machine::busy();
    let time = || {
        let begun = Instant::now();
        let output = machine
            .demo(&["--seconds", "2", "--json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        begun.elapsed()
    };
    let took = time();
    assert!(took > Duration::from_secs(1), "{took:?}");
    // Where more than other work has delayed it, something waits for its timeout each time.
    let bound = Duration::from_secs(9);
    assert!(took < bound || (1..5).any(|_| time() < bound), "{took:?}");
}

/// A demo on its way, with its provider.
struct Started {
    child: Child,
    provider: OwnedFd,
}

impl Started {
    fn assert_provider_ends(&self) {
        let mut ended = [PollFd::new(&self.provider, PollFlags::IN)];
        let ready = poll(&mut ended, Some(&PATIENCE)).unwrap();
        assert_eq!(ready, 1, "the provider goes on");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a demo and waits until it has said which process its provider is.
fn started(mut demo: Command) -> Started {
    let mut child = demo.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let provider = line.split_whitespace().find_map(|word| word.parse().ok());
    let provider = Pid::from_raw(provider.unwrap_or_else(|| panic!("no process in {line:?}")));
    let provider = pidfd_open(provider.unwrap(), PidfdFlags::empty()).unwrap();
    // What follows is not read: it may not keep the demo waiting, nor end it.
    child.stdout = Some(stdout.into_inner());
    Started { child, provider }
}

fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}
