use std::sync::Arc;

use crate::{
    cgroups::{Cgroup, CgroupAnswer, CgroupTable},
    processes::{Absence, Process, ProcessTable},
};

/// What the machine looked like at one moment. Never changes; a refresh makes another one.
#[derive(Debug, Default)]
pub struct HostSnapshot {
    pub(crate) generation: u64,
    pub(crate) cgroups: Arc<CgroupTable>,
    pub(crate) processes: ProcessTable,
}

impl HostSnapshot {
    /// Grows by one with every refresh that changed the cgroups or the processes; 0 before the first. This is the
    /// generation for answers about processes, which tell of both; answers about cgroups alone have
    /// [`CgroupTable::generation`].
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All cgroups.
    pub fn cgroups(&self) -> &CgroupTable {
        &self.cgroups
    }

    /// All processes.
    pub fn processes(&self) -> &ProcessTable {
        &self.processes
    }

    /// Whether a limit left cgroups or processes out.
    pub fn truncated(&self) -> bool {
        self.cgroups.truncated() || self.processes.truncated()
    }

    /// What is known of the cgroup at `path`, in either spelling. Cgroups that some process was seen in count as about
    /// to be known; else see [`CgroupTable::answer`].
    pub fn cgroup(&self, path: &[u8]) -> CgroupAnswer<'_> {
        if let Some(cgroup) = self.cgroups.find(path) {
            return CgroupAnswer::Known(cgroup);
        }
        let absence = self
            .cgroups
            .keys(path)
            .find_map(|key| self.processes.absence(key));
        match absence {
            Some(Absence::Fresh) => CgroupAnswer::RetryLater,
            Some(Absence::Settled) => CgroupAnswer::Permanent,
            None => self.cgroups.answer(path),
        }
    }

    /// A process with its cgroup. Memory only.
    pub fn app(&self, pid: u32) -> Option<App<'_>> {
        let process = self.processes.find(pid)?;
        let cgroup = match process.cgroup.as_deref() {
            None => AppCgroup::RetryLater(b""),
            Some(b"/") => AppCgroup::HostRoot,
            Some(key) => match (self.cgroups.by_key(key), self.processes.absence(key)) {
                (Some(cgroup), _) => AppCgroup::Known(cgroup),
                (None, Some(Absence::Settled)) => AppCgroup::Permanent(key),
                (None, _) => AppCgroup::RetryLater(key),
            },
        };
        Some(App { process, cgroup })
    }
}

/// A process joined to its cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct App<'a> {
    /// The process.
    pub process: &'a Process,
    /// What it is part of.
    pub cgroup: AppCgroup<'a>,
}

/// What is known of a process's cgroup; each case has exactly what an answer of that status may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppCgroup<'a> {
    /// In the snapshot.
    Known(&'a Cgroup),
    /// Not in the snapshot yet. The path is empty if the process did not tell it.
    RetryLater(&'a [u8]),
    /// In no hierarchy visible from here, and not for lack of a refresh. The path is not empty.
    Permanent(&'a [u8]),
    /// The root of the hierarchy: the machine itself, or a kernel thread.
    HostRoot,
}
