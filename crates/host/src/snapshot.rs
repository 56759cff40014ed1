use std::sync::Arc;

use crate::{
    cgroups::{Cgroup, CgroupAnswer, CgroupTable},
    namespace::{Location, Namespace},
    paths::{Spelling, without_deleted},
    processes::{Absence, Process, ProcessTable},
    source::SourceReport,
};

/// What the machine looked like at one moment. Never changes; a refresh makes another one.
#[derive(Debug, Default)]
pub struct HostSnapshot {
    pub(crate) generation: u64,
    pub(crate) cgroups: Arc<CgroupTable>,
    pub(crate) processes: Arc<ProcessTable>,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) sources: Vec<SourceReport>,
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

    /// Every source with what its last look came to: processes, cgroups, and then [`Sources::NAMES`](crate::Sources::NAMES).
    pub fn sources(&self) -> &[SourceReport] {
        &self.sources
    }

    /// What is known of the cgroup at `path`, in any spelling: as in `/proc/<pid>/cgroup`, also seen from this program's own
    /// cgroup namespace, or as a directory. Cgroups that some process was seen in count as about to be known; whether another
    /// one exists is asked of the file system.
    pub fn cgroup(&self, path: &[u8]) -> CgroupAnswer<'_> {
        let present = without_deleted(path);
        let known = self.known(path).or_else(|| self.known(present));
        if let Some(cgroup) = known {
            return CgroupAnswer::Known(cgroup);
        }
        let Some(spelling) = Spelling::read(present) else {
            return CgroupAnswer::Permanent;
        };
        match self.processes.absence(&spelling.text()) {
            Some(Absence::Fresh) => CgroupAnswer::RetryLater,
            Some(Absence::Settled) => CgroupAnswer::Permanent,
            None if self.cgroups.exists(present) => CgroupAnswer::RetryLater,
            None => CgroupAnswer::Permanent,
        }
    }

    /// A process with its cgroup. Memory only.
    pub fn app(&self, pid: u32) -> Option<App<'_>> {
        let process = self.processes.find(pid)?;
        let cgroup = match process.cgroup.as_deref() {
            None => AppCgroup::RetryLater(b""),
            Some(path) => match self.namespace.of_process(path, &self.cgroups) {
                Location::Root => AppCgroup::HostRoot,
                Location::Known(cgroup) => AppCgroup::Known(cgroup),
                Location::Unknown => match self.processes.absence(path) {
                    Some(Absence::Settled) => AppCgroup::Permanent(path),
                    _ => AppCgroup::RetryLater(path),
                },
            },
        };
        Some(App { process, cgroup })
    }

    fn known(&self, path: &[u8]) -> Option<&Cgroup> {
        let outside = self.cgroups.find(path);
        outside.or_else(|| {
            let spelling = Spelling::read(path)?;
            self.namespace.find(&spelling, &self.cgroups)
        })
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
    /// The root of the machine's hierarchy: the machine itself, or a kernel thread. The root of our own cgroup namespace is
    /// not.
    HostRoot,
}
