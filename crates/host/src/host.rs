use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tracing::warn;

use crate::{
    cgroups::{CgroupTable, Hierarchies, walk},
    config::HostConfig,
    error::HostError,
    processes::{ProcessTable, scan},
    runtime::Runtimes,
    snapshot::HostSnapshot,
};

/// Looks at the machine when told to, and keeps what it saw for any number of readers.
///
/// There are no hidden threads: the owner calls [`refresh`](Self::refresh) at its own pace. Readers take the current
/// snapshot and are never kept waiting.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let root = dir.path();
/// # for name in ["proc/7", "sys/fs/cgroup/system.slice/sshd.service"] {
/// #     std::fs::create_dir_all(root.join(name))?;
/// # }
/// # std::fs::write(root.join("sys/fs/cgroup/cgroup.controllers"), "cpu")?;
/// # std::fs::write(root.join("proc/7/stat"), "7 (sshd) S 1 7 7 0 -1 4 0 0 0 0 2 3 0 0 20 0 1 0 99 0 0")?;
/// # std::fs::write(root.join("proc/7/cgroup"), "0::/system.slice/sshd.service\n")?;
/// use netipc_host::{AppCgroup, Host, HostConfig};
///
/// let host = Host::new(HostConfig::under(root));
/// assert!(host.refresh()?.changed);
///
/// let snapshot = host.current();
/// let app = snapshot.app(7).expect("process 7 runs");
/// assert_eq!(*app.process.comm, *b"sshd");
/// assert!(matches!(app.cgroup, AppCgroup::Known(cgroup) if cgroup.name() == b"sshd.service"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host {
    config: HostConfig,
    current: ArcSwap<HostSnapshot>,
    /// Held for the whole of a refresh, never by readers.
    runtimes: Mutex<Runtimes>,
}

impl Host {
    /// Touches no file; until the first refresh the snapshot is empty and of generation 0.
    pub fn new(config: HostConfig) -> Self {
        let runtimes = Runtimes::new(&config.runtime, config.limits.runtime_file_bytes);
        Self {
            config,
            current: ArcSwap::default(),
            runtimes: Mutex::new(runtimes),
        }
    }

    /// Looks at the machine and publishes a new snapshot in one step. Two refreshes at a time take turns.
    ///
    /// # Errors
    ///
    /// Either root directory cannot be listed. The snapshot from before stays.
    pub fn refresh(&self) -> Result<Refresh, HostError> {
        // What a panic left behind is a cache of files, sound at any moment.
        let mut runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = self.current.load_full();

        // Processes first: the cgroup of each was there then, so it is still there to be listed, or has just gone.
        let scan = scan(&self.config)?;
        let hierarchies = Hierarchies::detect(&self.config)?;
        let walk = walk(&hierarchies, &self.config.limits);
        let skipped = scan.skipped + walk.unreadable;

        runtimes.begin();
        let cgroups = CgroupTable::next(
            &previous.cgroups,
            &self.config,
            hierarchies,
            walk,
            &mut runtimes,
        );
        runtimes.end();
        let processes = ProcessTable::next(&previous.processes, scan, &cgroups);

        let changed = cgroups.generation() != previous.cgroups.generation()
            || processes.generation() != previous.processes.generation();
        let snapshot = HostSnapshot {
            generation: previous.generation + u64::from(changed),
            cgroups,
            processes,
        };
        let refresh = Refresh {
            changed,
            skipped,
            truncated: snapshot.truncated(),
        };
        if refresh.truncated && !previous.truncated() {
            warn!("the machine has more cgroups or processes than the limits let in");
        }
        self.current.store(Arc::new(snapshot));
        Ok(refresh)
    }

    /// What the last successful refresh saw. Neither blocks nor makes a system call.
    pub fn current(&self) -> Arc<HostSnapshot> {
        self.current.load_full()
    }

    /// Where this looks.
    pub fn config(&self) -> &HostConfig {
        &self.config
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What a refresh came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refresh {
    /// Whether the generation of the snapshot grew.
    pub changed: bool,
    /// Cgroups and processes that could not be read, for reasons other than having vanished.
    pub skipped: usize,
    /// Whether a limit left cgroups or processes out.
    pub truncated: bool,
}
