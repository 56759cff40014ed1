//! Benchmarks that are interrupted, and what is left of them: processes and files.

use std::fs;
use std::io::{BufRead, BufReader, Read};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use shared_child::SharedChild;

use super::support::{TestDir, netipc, watched};
use super::{BRIEF, assert_clean, run};

const PATIENCE: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};

/// The processes of a benchmark in `place` that are not its parent.
pub(crate) fn peers(place: &TestDir) -> Vec<Pid> {
    let place = place.run_dir();
    let of_place = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(place.to_str().unwrap())
    };
    let processes = fs::read_dir("/proc").unwrap();
    let pids = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter(of_place).filter_map(Pid::from_raw).collect()
}

/// Kills a benchmark; waits until its other processes are gone, too.
pub(crate) fn kill_and_wait_for(child: &SharedChild, peers: Vec<Pid>) {
    let handle = |pid| pidfd_open(pid, PidfdFlags::empty());
    // What has no handle was gone at once.
    let peers: Vec<_> = peers.into_iter().flat_map(handle).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    for peer in peers {
        let mut ends = [PollFd::new(&peer, PollFlags::IN)];
        assert_eq!(poll(&mut ends, Some(&PATIENCE)), Ok(1), "it is left behind");
    }
}

/// The processes of a benchmark that goes on for long, once there are `count`.
pub(crate) fn wait_for_peers(place: &TestDir, child: &SharedChild, count: usize) -> Vec<Pid> {
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it measures for long");
        let peers = peers(place);
        if peers.len() >= count {
            return peers;
        }
    }
}

/// A benchmark that is measuring `scenario` and goes on for long.
pub(crate) fn running(
    place: &TestDir,
    scenario: &str,
    more: &[&str],
) -> (SharedChild, BufReader<impl Read + use<>>) {
    let args = ["bench", "--duration", "600", "--warm-up", "0.01"];
    let mut command = netipc(args);
    command.args(["--scenario", scenario]).args(more);
    let child = SharedChild::spawn(command.env("TMPDIR", place.run_dir())).unwrap();
    let mut stderr = BufReader::new(child.take_stderr().unwrap());
    let mut line = String::new();
    watched(&child, || stderr.read_line(&mut line)).unwrap();
    assert_eq!(line, format!("netipc: measuring {scenario}\n"));
    (child, stderr)
}

#[test]
fn no_place_for_sockets_is_told() {
    let place = TestDir::new();
    let mut command = netipc(BRIEF);
    command
        .args(["--only", "connect socket"])
        .env("TMPDIR", place.path("none"));
    let ended = run(command, b"");
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("set TMPDIR to a writable place"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_interrupted_run_cleans_up() {
    let place = TestDir::new();
    let (child, mut stderr) = running(&place, "connect", &[]);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    let mut end = String::new();
    watched(&child, || stderr.read_to_string(&mut end)).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(end, "netipc: failed: interrupted\n");
    assert_clean(&place);
}

#[test]
fn a_killed_half_ends_its_row_and_tells_where() {
    let place = TestDir::new();
    let (child, mut stderr) = running(&place, "connect", &["--only", "connect socket"]);
    let halves = wait_for_peers(&place, &child, 1);
    kill_process(halves[0], Signal::KILL).unwrap();
    let mut end = String::new();
    watched(&child, || stderr.read_to_string(&mut end)).unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(end.contains(": connect socket session: "), "{end}");
    assert_clean(&place);
}

#[test]
fn a_killed_run_takes_its_other_half_along() {
    let place = TestDir::new();
    let (child, _stderr) = running(&place, "connect", &[]);
    let halves = wait_for_peers(&place, &child, 1);
    kill_and_wait_for(&child, halves);
}
