use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::Scan;
use crate::{
    cgroups::CgroupTable,
    namespace::{Location, Namespace},
};

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Process id, in the namespace of the process root.
    pub pid: u32,
    /// The parent's; 0 for the first process and the first kernel thread.
    pub ppid: u32,
    /// Effective user.
    pub uid: u32,
    /// When it started: clock ticks since boot. With the pid it tells a process from a later one of the same number.
    pub starttime: u64,
    /// Time it ran, in user and kernel mode together, in clock ticks. Never counts as a change.
    pub cpu_ticks: u64,
    /// Command name: 1 to 15 bytes, no NUL. A process without one is called `?`.
    pub comm: Box<[u8]>,
    /// Path of its cgroup, relative to the hierarchy, or to our own cgroup namespace; `None` if the process would not tell.
    pub cgroup: Option<Arc<[u8]>>,
}

impl Process {
    /// Whether nothing but the time it ran tells this from `earlier`.
    fn is_same(&self, earlier: &Self) -> bool {
        let Self {
            pid,
            ppid,
            uid,
            starttime,
            cpu_ticks: _,
            comm,
            cgroup,
        } = self;
        (pid, ppid, uid, starttime)
            == (
                &earlier.pid,
                &earlier.ppid,
                &earlier.uid,
                &earlier.starttime,
            )
            && (comm, cgroup) == (&earlier.comm, &earlier.cgroup)
    }
}

/// Every process of the machine at one moment.
#[derive(Debug, Default)]
pub struct ProcessTable {
    generation: u64,
    truncated: bool,
    processes: Vec<Process>,
    by_pid: HashMap<u32, usize>,
    missing: Missing,
}

/// Cgroups that processes are in and the cgroup table has not.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missing {
    /// Since this refresh: it was made, or the process moved, meanwhile.
    fresh: HashSet<Arc<[u8]>>,
    /// Since an earlier one, though all cgroups were listed: it is in no hierarchy we see.
    settled: HashSet<Arc<[u8]>>,
}

/// How a process's cgroup that is not in the table came to be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It may be there after the next refresh.
    Fresh,
    /// It was not there in an earlier refresh either.
    Settled,
}

impl ProcessTable {
    /// The table after `previous`, with the same generation if nothing but running times changed. `listed` says whether
    /// the cgroups were listed after the processes.
    pub(crate) fn next(
        (previous, namespace): (&Self, &Arc<Namespace>),
        scan: Scan,
        cgroups: &CgroupTable,
        listed: bool,
    ) -> (Self, Arc<Namespace>) {
        let paths = scan.processes.iter();
        let paths: HashSet<&Arc<[u8]>> = paths.filter_map(|it| it.cgroup.as_ref()).collect();
        let namespace = Namespace::next(namespace, &paths, cgroups);
        let missing = Missing::of(&paths, &namespace, cgroups, &previous.missing, listed);
        let same = |(now, earlier): (&Process, &Process)| now.is_same(earlier);
        let unchanged = previous.generation > 0
            && previous.truncated == scan.truncated
            && previous.missing == missing
            && previous.processes.len() == scan.processes.len()
            && scan.processes.iter().zip(&previous.processes).all(same);
        let by_pid = scan.processes.iter().enumerate();
        let table = Self {
            generation: previous.generation + u64::from(!unchanged),
            truncated: scan.truncated,
            by_pid: by_pid
                .map(|(index, process)| (process.pid, index))
                .collect(),
            processes: scan.processes,
            missing,
        };
        (table, namespace)
    }

    /// Grows by one with every change, running times aside; 0 before the first refresh.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the machine has more processes than the configured limit lets in.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// All processes, by pid.
    pub fn iter(&self) -> std::slice::Iter<'_, Process> {
        self.processes.iter()
    }

    /// Number of processes.
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// The process with this id.
    pub fn find(&self, pid: u32) -> Option<&Process> {
        self.by_pid.get(&pid).map(|index| &self.processes[*index])
    }

    /// Whether, and since when, processes are in a cgroup `key` that no table has.
    pub(crate) fn absence(&self, key: &[u8]) -> Option<Absence> {
        if self.missing.settled.contains(key) {
            return Some(Absence::Settled);
        }
        self.missing.fresh.contains(key).then_some(Absence::Fresh)
    }
}

impl Missing {
    fn of(
        paths: &HashSet<&Arc<[u8]>>,
        namespace: &Namespace,
        cgroups: &CgroupTable,
        before: &Self,
        listed: bool,
    ) -> Self {
        let mut missing = Self::default();
        for path in paths {
            if namespace.of_process(path, cgroups) != Location::Unknown {
                continue;
            }
            let known_before = before.fresh.contains(*path) || before.settled.contains(*path);
            let late = known_before && listed && !cgroups.truncated();
            let never = late || before.settled.contains(*path) || !cgroups.admits(path);
            let set = if never {
                &mut missing.settled
            } else {
                &mut missing.fresh
            };
            set.insert(Arc::clone(path));
        }
        missing
    }
}
