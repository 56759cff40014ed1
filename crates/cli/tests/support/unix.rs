//! What tests know of Unix: signals, files of endpoints, and machines that are made of files.

use std::fs;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process};

use super::{Provider, TestDir};

/// What shared memory is where nothing else is asked for.
pub(crate) const SHARED_MEMORY: &str = "shm-ring";

/// Arguments of both sides, and what has to carry the data then.
pub(crate) const TRANSPORTS: [(&str, &str); 5] = [
    ("baseline", "socket (baseline)"),
    ("baseline,shm", "shm (shm-ring)"),
    ("baseline,shm-hybrid,shm-futex", "shm (shm-hybrid)"),
    ("baseline,shm-hybrid", "shm (shm-hybrid)"),
    ("shm-futex", "shm (shm-futex)"),
];

/// What names the endpoint of `service` in errors.
pub(crate) fn endpoint(place: &TestDir, service: &str) -> String {
    let socket = place.run_dir().join(format!("{service}.sock"));
    socket.display().to_string()
}

impl TestDir {
    /// A machine with one service and one process in it; returns the arguments that look at it.
    pub(crate) fn machine(&self) -> [String; 2] {
        let service = "sys/system.slice/sshd.service";
        fs::create_dir_all(self.path(service)).unwrap();
        self.write("sys/cgroup.controllers", "cpu");
        let stat = "7 (sshd) S 1 7 7 0 -1 4 0 0 0 0 2 3 0 0 20 0 1 0 99 0 0";
        self.write("proc/7/stat", stat);
        self.write("proc/7/cgroup", "0::/system.slice/sshd.service\n");
        let root = |option: &str, name| format!("--{option}={}", self.path(name).display());
        [root("cgroup-root", "sys"), root("proc-root", "proc")]
    }

    /// Names of what is in the run directory.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = fs::read_dir(self.run_dir()).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }
}

impl Provider {
    /// Sends `signal`, and waits for the end.
    pub(crate) fn end(self, signal: Signal) -> ExitStatus {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        kill_process(pid.unwrap(), signal).unwrap();
        self.wait()
    }
}
