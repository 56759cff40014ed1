use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tracing::debug;

use super::{
    parse::{Stat, cgroup_path},
    table::Process,
};
use crate::{
    cgroups::rank,
    config::HostConfig,
    error::{HostError, vanished},
};

/// The files read here are a few hundred bytes; paths alone can make them longer.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What one look at all processes saw.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// By pid.
    pub(crate) processes: Vec<Process>,
    /// Whether there are more than the limit allowed.
    pub(crate) truncated: bool,
    /// Processes left out because a file was malformed or unreadable.
    pub(crate) skipped: usize,
}

/// Reads every process, kernel threads included. One that ends meanwhile is left out without a word.
///
/// The `procfs` crate was considered: it turns command names and cgroup paths into strings, where both are bytes on the
/// wire, and takes malformed files for bugs of its own.
pub(crate) fn scan(config: &HostConfig) -> Result<Scan, HostError> {
    let unreadable = |source| HostError::ProcRoot {
        path: config.proc_root.clone(),
        source,
    };
    let mut reader = Reader {
        controllers: &config.controllers,
        bytes: Vec::with_capacity(4096),
        paths: HashSet::new(),
    };
    let mut scan = Scan::default();
    for entry in fs::read_dir(&config.proc_root).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if scan.processes.len() >= config.limits.processes {
            scan.truncated = true;
            break;
        }
        match reader.process(config.proc_root.join(name), pid) {
            Ok(process) => scan.processes.push(process),
            Err(error) if vanished(&error) => {}
            Err(error) => {
                debug!(pid, %error, "left out a process");
                scan.skipped += 1;
            }
        }
    }
    scan.processes.sort_unstable_by_key(|process| process.pid);
    Ok(scan)
}

struct Reader<'a> {
    controllers: &'a [String],
    /// The file at hand, kept for its capacity.
    bytes: Vec<u8>,
    /// Most processes share their cgroup with others.
    paths: HashSet<Arc<[u8]>>,
}

impl Reader<'_> {
    fn process(&mut self, dir: PathBuf, pid: u32) -> io::Result<Process> {
        // The kernel gives this directory to the effective user, whether or not the process may be dumped; the `status`
        // file tells the same at many times the cost.
        let uid = fs::metadata(&dir)?.uid();
        self.read(&dir.join("stat"))?;
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
            cgroup: self.cgroup(&dir, pid),
            ..process
        })
    }

    /// The cgroup is worth less than the process: without it the process is still told.
    fn cgroup(&mut self, dir: &Path, pid: u32) -> Option<Arc<[u8]>> {
        if let Err(error) = self.read(&dir.join("cgroup")) {
            debug!(pid, %error, "no cgroup for a process");
            return None;
        }
        // No hierarchy is mounted: all processes are in the one cgroup there is.
        let path = cgroup_path(&self.bytes, |name| rank(self.controllers, name)).unwrap_or(b"/");
        if let Some(shared) = self.paths.get(path) {
            return Some(Arc::clone(shared));
        }
        let shared: Arc<[u8]> = path.into();
        self.paths.insert(Arc::clone(&shared));
        Some(shared)
    }

    fn read(&mut self, path: &Path) -> io::Result<()> {
        self.bytes.clear();
        File::open(path)?
            .take(MAX_FILE_BYTES)
            .read_to_end(&mut self.bytes)?;
        Ok(())
    }
}
