//! What there is to see: cgroups and busy processes, as the providers tell.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use netipc::service::apps_lookup::{AppsLookupClient, AppsLookupItem, PidStatus, UID_UNSET};
use netipc::service::cgroups::CgroupsCache;
use netipc::service::cgroups_lookup::CgroupsLookupClient;
use netipc::{CallError, Failure};
use netipc_host::{Host, HostConfig, HostError, HostSnapshot, Process as HostProcess};
use serde::Serialize;

use super::measure::{Wanted, round};

/// Paths of one lookup: few enough for the default limits, however many cgroups there are.
const PATHS_PER_LOOKUP: usize = 4096;
/// How often a lookup is made that the data changed under.
const LOOKUP_TRIES: usize = 5;

/// A cgroup, as two services tell.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Cgroup {
    /// The path as it came: bytes, and only usually text.
    #[serde(skip)]
    pub(super) key: Vec<u8>,
    pub(super) name: String,
    pub(super) path: String,
    /// Whether it is to be monitored.
    pub(super) enabled: bool,
    /// Whether `cgroups-lookup` knows it.
    pub(super) status: String,
    pub(super) orchestrator: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// A process, as `apps-lookup` tells.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) comm: String,
    pub(super) uid: Option<u32>,
    /// Its part of the time that all processes ran while we looked, in percent.
    pub(super) cpu_percent: f64,
    pub(super) cgroup_name: String,
    pub(super) cgroup_path: String,
    pub(super) orchestrator: String,
    pub(super) cgroup_status: String,
}

/// Every cgroup in the cache.
pub(super) fn cgroups(cache: &CgroupsCache) -> Vec<Cgroup> {
    let guard = cache.read();
    let cgroups = guard.iter().map(|item| Cgroup {
        key: item.path.to_vec(),
        name: item.name.to_string(),
        path: item.path.to_string(),
        enabled: item.enabled != 0,
        ..Cgroup::default()
    });
    cgroups.collect()
}

/// Adds what `client` says of each, and puts containers before services before the rest.
pub(super) fn identify(
    cgroups: &mut [Cgroup],
    client: &mut CgroupsLookupClient,
) -> Result<(), CallError> {
    for part in cgroups.chunks_mut(PATHS_PER_LOOKUP) {
        lookup(client, part)?;
    }
    cgroups.sort_by_key(|cgroup| (!cgroup.enabled, rank(&cgroup.orchestrator)));
    Ok(())
}

/// The names in the cache, or one that is not in it where it has none.
pub(super) fn wanted(cache: &CgroupsCache) -> Vec<Wanted> {
    let guard = cache.read();
    let mut wanted: Vec<Wanted> = guard
        .iter()
        .map(|item| Wanted {
            hash: item.hash,
            name: item.name.to_vec(),
            known: true,
        })
        .collect();
    if wanted.is_empty() {
        wanted.push(Wanted {
            hash: 0,
            name: b"absent".to_vec(),
            known: false,
        });
    }
    wanted
}

/// Two looks at the processes of this machine.
#[derive(Debug)]
pub(super) struct ProcessWatch {
    host: Host,
    first: Arc<HostSnapshot>,
}

impl ProcessWatch {
    /// Looks once. `no_cgroups` is a directory without cgroups: only the processes are of interest.
    pub(super) fn begin(proc_root: &Path, no_cgroups: &Path) -> Result<Self, HostError> {
        let host = Host::new(HostConfig {
            proc_root: proc_root.to_owned(),
            cgroup_root: no_cgroups.to_owned(),
            ..HostConfig::default()
        });
        host.refresh().whole()?;
        let first = host.current();
        Ok(Self { host, first })
    }

    /// Looks again. Gives the `most` processes that ran longest in between.
    pub(super) fn busiest(&self, most: usize) -> Result<Busiest, HostError> {
        self.host.refresh().whole()?;
        let now = self.host.current();
        let mut ran: Vec<(u64, &HostProcess)> = now
            .processes()
            .iter()
            .map(|process| (self.ran_since(process), process))
            .collect();
        let all = ran.iter().map(|(ticks, _)| ticks).sum::<u64>().max(1);
        // Of those that did not run, those that ran longest ever.
        ran.sort_by_key(|(ticks, process)| std::cmp::Reverse((*ticks, process.cpu_ticks)));
        let percent = |ticks: u64| round(ticks as f64 * 100.0 / all as f64);
        Ok(Busiest {
            total: now.processes().len(),
            pids: ran
                .iter()
                .take(most)
                .map(|(ticks, process)| (process.pid, percent(*ticks)))
                .collect(),
        })
    }

    fn ran_since(&self, process: &HostProcess) -> u64 {
        let before = self.first.processes().find(process.pid);
        let before = before.filter(|before| before.starttime == process.starttime);
        process
            .cpu_ticks
            .saturating_sub(before.map_or(0, |before| before.cpu_ticks))
    }
}

/// Which processes ran longest.
#[derive(Clone, Debug, Default)]
pub(super) struct Busiest {
    /// Number of all processes.
    pub(super) total: usize,
    /// Process ids with their percentage of the time, the busiest first.
    pub(super) pids: Vec<(u32, f64)>,
}

/// What `client` says of the busiest processes, at most `most`. Those that have ended meanwhile,
/// or that the provider has not seen yet, are left out.
pub(super) fn processes(
    client: &mut AppsLookupClient,
    busiest: &Busiest,
    most: usize,
) -> Result<Vec<Process>, CallError> {
    let pids: Vec<u32> = busiest.pids.iter().map(|(pid, _)| *pid).collect();
    let reply = client.call(&pids)?;
    let processes = reply
        .iter()
        .zip(&busiest.pids)
        .filter(|(item, _)| item.status == PidStatus::KNOWN)
        .take(most)
        .map(|(item, (_, percent))| process(&item, *percent));
    Ok(processes.collect())
}

fn process(item: &AppsLookupItem<'_>, cpu_percent: f64) -> Process {
    Process {
        pid: item.pid,
        comm: item.comm.to_string(),
        uid: (item.uid != UID_UNSET).then_some(item.uid),
        cpu_percent,
        cgroup_name: item.cgroup_name.to_string(),
        cgroup_path: item.cgroup_path.to_string(),
        orchestrator: item.orchestrator.to_string(),
        cgroup_status: item.cgroup_status.to_string(),
    }
}

/// Asks for these cgroups; again where the data changes between two parts of an answer.
fn lookup(client: &mut CgroupsLookupClient, cgroups: &mut [Cgroup]) -> Result<(), CallError> {
    let keys: Vec<Vec<u8>> = cgroups.iter().map(|cgroup| cgroup.key.clone()).collect();
    let paths: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let mut tries = 1;
    let reply = loop {
        match client.call(&paths) {
            Ok(reply) => break reply,
            Err(error) => match error.failure() {
                Failure::GenerationMismatch { .. } if tries < LOOKUP_TRIES => tries += 1,
                _ => return Err(error),
            },
        }
    };
    for (cgroup, item) in cgroups.iter_mut().zip(reply.iter()) {
        let labels = item.labels.iter();
        cgroup.status = item.status.to_string();
        cgroup.orchestrator = item.orchestrator.to_string();
        cgroup.labels = labels
            .map(|label| (label.key.to_string(), label.value.to_string()))
            .collect();
    }
    Ok(())
}

/// What is most likely to be looked for comes first.
fn rank(orchestrator: &str) -> u8 {
    match orchestrator {
        "unknown" => 2,
        "systemd" => 1,
        _ => 0,
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs;

    use super::*;

    fn ran(proc_root: &Path, pid: u32, ticks: u64, starttime: u64) {
        let dir = proc_root.join(pid.to_string());
        fs::create_dir_all(&dir).unwrap();
        let stat =
            format!("{pid} (x) S 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 {starttime} 0 0");
        fs::write(dir.join("stat"), stat).unwrap();
        fs::write(dir.join("cgroup"), "0::/\n").unwrap();
    }

    #[test]
    fn the_busiest_are_those_that_ran_meanwhile() {
        let root = tempfile::tempdir().unwrap();
        let (proc_root, no_cgroups) = (root.path().join("proc"), root.path().join("none"));
        fs::create_dir(&no_cgroups).unwrap();
        for (pid, ticks) in [(1, 900), (2, 100), (3, 50), (4, 10)] {
            ran(&proc_root, pid, ticks, 7);
        }
        let watch = ProcessWatch::begin(&proc_root, &no_cgroups).unwrap();
        ran(&proc_root, 2, 130, 7);
        // Another process of the same number: all of its time is new.
        ran(&proc_root, 3, 10, 8);
        let busiest = watch.busiest(3).unwrap();
        assert_eq!(busiest.pids, [(2, 75.0), (3, 25.0), (1, 0.0)]);
        assert_eq!(busiest.total, 4);
    }

    #[test]
    fn an_empty_machine_has_no_busiest() {
        let root = tempfile::tempdir().unwrap();
        let watch = ProcessWatch::begin(root.path(), root.path()).unwrap();
        assert!(watch.busiest(3).unwrap().pids.is_empty());
    }
}
