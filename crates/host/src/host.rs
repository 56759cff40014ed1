use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use arc_swap::ArcSwap;
use tracing::warn;

use crate::{
    cgroups::{Draft, Tree},
    config::HostConfig,
    error::HostError,
    platform,
    processes::{ProcessTable, Scan},
    runtime::{Names, RuntimeInfo, Subject},
    snapshot::HostSnapshot,
    source::{Lookout, Place, PlaceState, SourceReport},
};

/// Looks at the machine when told to, and keeps what it saw for any number of readers.
///
/// The owner calls [`refresh`](Self::refresh) at its own pace. Readers take the current snapshot and are never kept waiting.
/// Each source (processes, cgroups, and every kind of runtime files) is looked at by a thread of its own: while a file system
/// hangs, the refresh goes on with what that source said before.
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
/// assert!(host.refresh().changed);
///
/// let snapshot = host.current();
/// # #[cfg(target_os = "linux")] {
/// let app = snapshot.app(7).expect("process 7 runs");
/// assert_eq!(*app.process.comm, *b"sshd");
/// assert!(matches!(app.cgroup, AppCgroup::Known(cgroup) if cgroup.name() == b"sshd.service"));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host {
    config: HostConfig,
    current: ArcSwap<HostSnapshot>,
    /// Held for the whole of a refresh, never by readers.
    watch: Mutex<Watch>,
}

impl Host {
    /// Touches no file; until the first refresh the snapshot is empty and of generation 0.
    pub fn new(config: HostConfig) -> Self {
        Self {
            watch: Mutex::new(Watch::new(&config)),
            config,
            current: ArcSwap::default(),
        }
    }

    /// Looks at the machine and publishes a new snapshot in one step. Two refreshes at a time take turns.
    ///
    /// What a source cannot give stays as it was, and [`HostSnapshot::sources`] says so. A source that hangs is waited for
    /// once, for [`Limits::patience`](crate::Limits::patience).
    pub fn refresh(&self) -> Refresh {
        // What a panic left behind is caches of files, sound at any moment.
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = self.current.load_full();
        let mut skipped = 0;

        // Both at once. A process whose cgroup is made meanwhile, behind the one that lists them, is to be asked for again.
        watch.begin();
        let scan = watch.processes(&self.config);
        let tree = watch.cgroups(&self.config);
        let listed = tree.is_some() || watch.no_cgroups();
        let cgroups = match tree {
            Some(tree) => {
                skipped += tree.unreadable;
                let draft = Draft::new(&previous.cgroups, tree);
                let infos = watch.names(draft.subjects(), &self.config);
                draft.finish(&previous.cgroups, &self.config, &infos)
            }
            None => {
                // Their files are looked at all the same, so that their reports are true.
                let subjects = Arc::clone(&watch.subjects);
                watch.names(subjects, &self.config);
                Arc::clone(&previous.cgroups)
            }
        };
        let (processes, namespace) = match scan {
            Some(scan) => {
                skipped += scan.skipped;
                let before = (&*previous.processes, &previous.namespace);
                let (processes, namespace) = ProcessTable::next(before, scan, &cgroups, listed);
                (Arc::new(processes), namespace)
            }
            None => (
                Arc::clone(&previous.processes),
                Arc::clone(&previous.namespace),
            ),
        };
        let changed = previous.generation == 0
            || cgroups.generation() != previous.cgroups.generation()
            || processes.generation() != previous.processes.generation();
        let snapshot = HostSnapshot {
            generation: previous.generation + u64::from(changed),
            cgroups,
            processes,
            namespace,
            sources: watch.reports(),
        };
        let refresh = Refresh {
            changed,
            skipped,
            truncated: snapshot.truncated(),
            error: watch.error.take(),
        };
        if refresh.truncated && !previous.truncated() {
            warn!("the machine has more cgroups or processes than the limits let in");
        }
        self.current.store(Arc::new(snapshot));
        refresh
    }

    /// What the last refresh saw. Neither blocks nor makes a system call.
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
#[derive(Debug)]
#[non_exhaustive]
pub struct Refresh {
    /// Whether the generation of the snapshot grew.
    pub changed: bool,
    /// Cgroups and processes that could not be read, for reasons other than having vanished.
    pub skipped: usize,
    /// Whether a limit left cgroups or processes out.
    pub truncated: bool,
    /// Why the processes, or else the cgroups, could not be looked at.
    pub error: Option<HostError>,
}

impl Refresh {
    /// This, for those who want all or nothing.
    ///
    /// # Errors
    ///
    /// The processes or the cgroups could not be looked at.
    pub fn whole(self) -> Result<Self, HostError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// A source of names: its thread, and what it said last.
struct NameWatch {
    lookout: Lookout<Arc<[Subject]>, Names>,
    report: SourceReport,
    infos: HashMap<Subject, Arc<RuntimeInfo>>,
}

/// All sources.
struct Watch {
    processes: Lookout<(), Result<Scan, HostError>>,
    process_report: SourceReport,
    cgroups: Lookout<(), Result<Tree, HostError>>,
    cgroup_report: SourceReport,
    /// Answers that came after they were waited for, and before the next question.
    late_processes: Option<Result<Scan, HostError>>,
    late_cgroups: Option<Result<Tree, HostError>>,
    names: Vec<NameWatch>,
    /// Whom the sources of names were asked about last.
    subjects: Arc<[Subject]>,
    error: Option<HostError>,
}

impl Watch {
    fn new(config: &HostConfig) -> Self {
        let mut processes = platform::Processes::new(config);
        let mut cgroups = platform::Cgroups::new(config);
        let names = platform::runtimes(config).into_iter().map(|mut source| {
            let name = source.name();
            NameWatch {
                lookout: Lookout::new(name, move |wanted: Arc<[Subject]>| source.look(&wanted)),
                report: SourceReport::new(name),
                infos: HashMap::new(),
            }
        });
        Self {
            processes: Lookout::new("processes", move |()| processes.look()),
            process_report: SourceReport::new("processes"),
            cgroups: Lookout::new("cgroups", move |()| cgroups.look()),
            cgroup_report: SourceReport::new("cgroups"),
            late_processes: None,
            late_cgroups: None,
            names: names.collect(),
            subjects: Arc::from([]),
            error: None,
        }
    }

    /// Has processes and cgroups looked at.
    fn begin(&mut self) {
        self.late_processes = self.processes.ask(());
        self.late_cgroups = self.cgroups.ask(());
    }

    fn processes(&mut self, config: &HostConfig) -> Option<Scan> {
        let answer = self
            .processes
            .answer(Instant::now() + config.limits.patience);
        let looked = answer.or(self.late_processes.take());
        let scan = settle(
            &mut self.process_report,
            &config.proc_root,
            looked,
            &mut self.error,
        )?;
        if let Some(why) = &scan.problem {
            let skipped = scan.skipped;
            let noun = if skipped == 1 { "process" } else { "processes" };
            let why = format!("{skipped} {noun} left out, the first because of {why}");
            self.process_report.places.push(Place {
                path: config.proc_root.clone(),
                state: PlaceState::Unreadable(why),
            });
        }
        Some(scan)
    }

    fn cgroups(&mut self, config: &HostConfig) -> Option<Tree> {
        let answer = self.cgroups.answer(Instant::now() + config.limits.patience);
        let looked = answer.or(self.late_cgroups.take());
        let tree = settle(
            &mut self.cgroup_report,
            &config.cgroup_root,
            looked,
            &mut self.error,
        )?;
        if tree.hierarchies.list.is_empty() {
            let why = "no cgroup hierarchy is mounted there".to_owned();
            self.cgroup_report.places[0].state = PlaceState::Unreadable(why);
        }
        Some(tree)
    }

    /// Whether there never were any cgroups to list.
    fn no_cgroups(&self) -> bool {
        self.cgroup_report.as_of.is_none() && !self.cgroup_report.late
    }

    /// What all sources together know of `subjects`.
    fn names(
        &mut self,
        subjects: Arc<[Subject]>,
        config: &HostConfig,
    ) -> HashMap<Subject, Arc<RuntimeInfo>> {
        self.subjects = Arc::clone(&subjects);
        for source in &mut self.names {
            if let Some(names) = source.lookout.ask(Arc::clone(&subjects)) {
                source.take(names);
            }
        }
        let deadline = Instant::now() + config.limits.patience;
        let mut infos = HashMap::new();
        for source in &mut self.names {
            match source.lookout.answer(deadline) {
                Some(names) => source.take(names),
                None => {
                    source.report.late = true;
                    source.report.renew(false);
                }
            }
            for (subject, info) in &source.infos {
                if !infos.contains_key(subject) {
                    infos.insert(subject.clone(), Arc::clone(info));
                }
            }
        }
        infos
    }

    fn reports(&self) -> Vec<SourceReport> {
        let names = self.names.iter().map(|source| &source.report);
        [&self.process_report, &self.cgroup_report]
            .into_iter()
            .chain(names)
            .cloned()
            .collect()
    }
}

impl NameWatch {
    fn take(&mut self, names: Names) {
        self.report.late = false;
        self.report.renew(true);
        self.report.places = names.places;
        self.infos = names.infos;
    }
}

/// Takes note of what a look at `place` came to.
fn settle<T>(
    report: &mut SourceReport,
    place: &Path,
    looked: Option<Result<T, HostError>>,
    error: &mut Option<HostError>,
) -> Option<T> {
    let Some(looked) = looked else {
        report.late = true;
        report.renew(false);
        return None;
    };
    report.late = false;
    let (path, state) = match &looked {
        Ok(_) => (place.to_owned(), PlaceState::Found),
        Err(failed) => {
            let (path, source) = failed.cause();
            (path.clone(), PlaceState::of_error(source))
        }
    };
    report.places = vec![Place { path, state }];
    report.renew(looked.is_ok());
    match looked {
        Ok(found) => Some(found),
        Err(failed) => {
            error.get_or_insert(failed);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::mpsc, thread, time::Duration};

    use super::*;
    use crate::config::Limits;

    #[test]
    fn a_source_that_hangs_holds_up_no_other() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        let stat = "(x) S 1 7 7 0 -1 4 0 0 0 0 2 3 0 0 20 0 1 0 99 0 0";
        write("proc/7/stat", &format!("7 {stat}"));
        write("sys/fs/cgroup/cgroup.controllers", "");
        let host = Host::new(HostConfig {
            limits: Limits {
                patience: Duration::from_secs(3),
                ..Limits::default()
            },
            ..HostConfig::under(root.path())
        });
        let (go, gate) = mpsc::channel::<()>();
        let stuck = move |_| {
            let _ = gate.recv();
            Names::default()
        };
        host.watch.lock().unwrap().names.push(NameWatch {
            lookout: Lookout::new("stuck", stuck),
            report: SourceReport::new("stuck"),
            infos: HashMap::new(),
        });
        let late = || host.current().sources().last().unwrap().is_late();
        host.refresh();
        assert!(late());
        for pid in 8..20 {
            write(&format!("proc/{pid}/stat"), &format!("{pid} {stat}"));
            assert!(host.refresh().changed && late());
            assert!(host.current().app(pid).is_some(), "the rest is fresh");
        }
        drop(go);
        while late() {
            host.refresh();
            thread::yield_now();
        }
    }
}
