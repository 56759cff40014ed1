use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tracing::debug;

use super::{
    files::read_into,
    parse::{Stat, cgroup_path},
    vanished,
};
use crate::{
    cgroups::rank,
    config::HostConfig,
    error::HostError,
    processes::{Process, Scan},
};

/// The files read here are a few hundred bytes; paths alone can make them longer.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Contents of `cgroup` files whose meaning is remembered.
const MAX_REMEMBERED: usize = 65_536;

/// All processes, kernel threads included.
///
/// The `procfs` crate was considered: it turns command names and cgroup paths into strings, where both are bytes on the
/// wire, and takes malformed files for bugs of its own.
pub(crate) struct Processes {
    root: PathBuf,
    controllers: Vec<String>,
    limit: usize,
    /// The file at hand, kept for its capacity.
    bytes: Vec<u8>,
    /// What `cgroup` files mean, by their content: most processes share theirs with others.
    paths: HashMap<Box<[u8]>, Arc<[u8]>>,
}

impl Processes {
    pub(crate) fn new(config: &HostConfig) -> Self {
        Self {
            root: config.proc_root.clone(),
            controllers: config.controllers.clone(),
            limit: config.limits.processes,
            bytes: Vec::with_capacity(4096),
            paths: HashMap::new(),
        }
    }

    /// Reads every process. One that ends meanwhile is left out without a word.
    pub(crate) fn look(&mut self) -> Result<Scan, HostError> {
        let unreadable = |source| HostError::ProcRoot {
            path: self.root.clone(),
            source,
        };
        let mut scan = Scan::default();
        if self.paths.len() > MAX_REMEMBERED {
            self.paths.clear();
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        for name in names {
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if scan.processes.len() >= self.limit {
                scan.truncated = true;
                break;
            }
            match self.process(&self.root.join(&name), pid) {
                Ok(process) => scan.processes.push(process),
                Err(error) if vanished(&error) => {}
                Err(error) => {
                    debug!(pid, %error, "left out a process");
                    scan.skipped += 1;
                    scan.problem
                        .get_or_insert_with(|| format!("process {pid}: {error}"));
                }
            }
        }
        scan.processes.sort_unstable_by_key(|process| process.pid);
        Ok(scan)
    }

    fn process(&mut self, dir: &Path, pid: u32) -> io::Result<Process> {
        // The kernel gives this directory to the effective user, whether or not the process may be dumped; the `status`
        // file tells the same at many times the cost.
        let uid = fs::metadata(dir)?.uid();
        read_into(&dir.join("stat"), MAX_FILE_BYTES, &mut self.bytes)?;
        let stat = Stat::parse(&self.bytes)
            .filter(|stat| stat.pid == pid)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "malformed stat file"))?;
        let process = Process {
            pid,
            ppid: stat.ppid,
            uid,
            starttime: stat.starttime,
            cpu_ticks: stat.cpu_ticks,
            comm: stat.comm.into(),
            cgroup: None,
        };
        Ok(Process {
            cgroup: self.cgroup(dir, pid),
            ..process
        })
    }

    /// The cgroup is worth less than the process: without it the process is still told.
    fn cgroup(&mut self, dir: &Path, pid: u32) -> Option<Arc<[u8]>> {
        if let Err(error) = read_into(&dir.join("cgroup"), MAX_FILE_BYTES, &mut self.bytes) {
            debug!(pid, %error, "no cgroup for a process");
            return None;
        }
        if let Some(path) = self.paths.get(&*self.bytes) {
            return Some(Arc::clone(path));
        }
        // No hierarchy is mounted: all processes are in the one cgroup there is.
        let path = cgroup_path(&self.bytes, |name| rank(&self.controllers, name));
        let path: Arc<[u8]> = path.unwrap_or_else(|| b"/".to_vec()).into();
        self.paths
            .insert(self.bytes.as_slice().into(), Arc::clone(&path));
        Some(path)
    }
}
