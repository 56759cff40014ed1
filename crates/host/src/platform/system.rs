//! What every platform but Linux has in common: processes as the system lists them, no cgroups, no runtime files.

use std::path::Path;

use netipc::protocol::UID_UNSET;
use sysinfo::{Process as SystemProcess, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::{
    cgroups::Tree,
    config::HostConfig,
    error::HostError,
    processes::{Process, Scan, wire_comm},
    runtime::NameSource,
};

/// How a platform tells the user of a process as the number that the wire has.
pub(super) type Account = fn(&SystemProcess) -> Option<u32>;

/// All processes.
pub(super) struct Processes {
    system: System,
    account: Account,
    limit: usize,
}

impl Processes {
    pub(super) fn new(config: &HostConfig, account: Account) -> Self {
        Self {
            system: System::new(),
            account,
            limit: config.limits.processes,
        }
    }

    pub(super) fn look(&mut self) -> Result<Scan, HostError> {
        let what = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_user(sysinfo::UpdateKind::OnlyIfNotSet)
            .without_tasks();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::All, true, what);
        let mut processes: Vec<Process> = self
            .system
            .processes()
            .values()
            .map(|process| self.process(process))
            .collect();
        processes.sort_unstable_by_key(|process| process.pid);
        let truncated = processes.len() > self.limit;
        processes.truncate(self.limit);
        Ok(Scan {
            processes,
            truncated,
            ..Scan::default()
        })
    }

    /// The wire has start times on Linux only. Without cgroups all processes are in the one root there is.
    fn process(&self, process: &SystemProcess) -> Process {
        Process {
            pid: process.pid().as_u32(),
            ppid: process.parent().map_or(0, sysinfo::Pid::as_u32),
            uid: (self.account)(process).unwrap_or(UID_UNSET),
            starttime: 0,
            // The wire carries no running times; milliseconds serve to tell which process is busy.
            cpu_ticks: process.accumulated_cpu_time(),
            comm: wire_comm(process.name().as_encoded_bytes()).into(),
            cgroup: Some(b"/"[..].into()),
        }
    }
}

/// No cgroups.
pub(crate) struct Cgroups;

impl Cgroups {
    pub(crate) fn new(_config: &HostConfig) -> Self {
        Self
    }

    pub(crate) fn look(&mut self) -> Result<Tree, HostError> {
        Ok(Tree::default())
    }
}

/// No sources of names.
pub(crate) fn runtimes(_config: &HostConfig) -> Vec<Box<dyn NameSource>> {
    Vec::new()
}

/// Never: there are no hierarchies.
pub(crate) fn is_directory(_dir: &Path, _below: &[u8]) -> bool {
    false
}
