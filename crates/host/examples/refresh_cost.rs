//! What a refresh costs: `refresh_cost [ROOT]` looks at the machine below ROOT (such as `/`), without it at a tree of 5,000
//! cgroups, a tenth of them Docker containers, and 1,000 processes made for the purpose.

use std::{
    fs, io,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use netipc_host::{Host, HostConfig};

const REFRESHES: u32 = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let made;
    let root = match std::env::args_os().nth(1) {
        Some(root) => root.into(),
        None => {
            made = tempfile::tempdir()?;
            make_machine(made.path())?;
            made.path().to_path_buf()
        }
    };
    let before = resident();
    let host = Host::new(HostConfig::under(root));
    let mut times = Vec::new();
    for _ in 0..REFRESHES {
        let start = Instant::now();
        let refresh = host.refresh();
        times.push(start.elapsed());
        if refresh.skipped > 0 || refresh.truncated {
            eprintln!("incomplete: {refresh:?}");
        }
    }
    let snapshot = host.current();
    let (cgroups, processes) = (snapshot.cgroups().len(), snapshot.processes().len());
    println!("{cgroups} cgroups, {processes} processes");
    println!("first refresh:  {:?}", times.remove(0));
    times.sort();
    println!(
        "later refreshes: {:?} in the middle",
        times[times.len() / 2]
    );
    if let (Some(before), Some(after)) = (before, resident()) {
        println!("memory: {after} KiB resident, {before} KiB before the first refresh");
    }
    Ok(())
}

/// Memory of this process in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let size = lines.find_map(|line| line.strip_prefix("VmRSS:"))?;
    size.trim().strip_suffix(" kB")?.parse().ok()
}

fn make_machine(root: &Path) -> io::Result<()> {
    let cgroups = root.join("sys/fs/cgroup");
    fs::create_dir_all(&cgroups)?;
    fs::write(cgroups.join("cgroup.controllers"), "cpu memory")?;
    for number in 0..4990 {
        let group = number % 9;
        let cgroup = match number % 10 {
            0 => {
                make_container(root, number)?;
                format!("docker/{number:064x}")
            }
            _ => format!("system.slice/group-{group}.slice/unit-{number}.service"),
        };
        make_cgroup(&cgroups.join(cgroup))?;
    }
    for pid in 1..=1000 {
        let dir = root.join(format!("proc/{pid}"));
        fs::create_dir_all(&dir)?;
        let numbers = "1 1 0 -1 4194560 0 0 0 0 5 7 0 0 20 0 1 0 100 4096 1";
        fs::write(dir.join("stat"), format!("{pid} (worker) S 1 {numbers}\n"))?;
        fs::write(
            dir.join("cgroup"),
            format!("0::/docker/{:064x}\n", pid % 500 * 10),
        )?;
    }
    Ok(())
}

/// A cgroup with some of the files that the kernel gives it.
fn make_cgroup(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    (0..10).try_for_each(|file| fs::write(dir.join(format!("file.{file}")), ""))
}

fn make_container(root: &Path, number: u32) -> io::Result<()> {
    let dir = root.join(format!("var/lib/docker/containers/{number:064x}"));
    fs::create_dir_all(&dir)?;
    let path = dir.join("config.v2.json");
    let labels = r#"{"com.docker.compose.project":"shop","com.docker.compose.service":"web"}"#;
    let config = format!(r#"{{"Image":"nginx:1","Labels":{labels}}}"#);
    fs::write(
        &path,
        format!(r#"{{"Name":"/web-{number}","Config":{config}}}"#),
    )?;
    // Containers that have run for a while.
    let written = SystemTime::now() - Duration::from_secs(3600);
    fs::File::open(path)?.set_modified(written)
}
