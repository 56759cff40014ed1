//! The container of every process, by `cgroups-lookup`. Each cgroup is pinned while a process lives in it.
//!
//! ```console
//! $ netipc serve --service cgroups-lookup --run-dir /tmp/example &
//! $ cargo run -p netipc-cli --example containers -- /tmp/example
//! ```
//!
//! One table a line of stdin, or one a second without any; the end of stdin ends it.

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::time::Duration;
use std::{env, fs, thread};

use netipc::enricher::{EnricherConfig, EnricherReader, Pin};
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::{ClientConfig, Enricher};

fn main() -> io::Result<()> {
    let run_dir = env::args().nth(1).expect("the run directory");
    let (client, config) = (ClientConfig::default(), EnricherConfig::default());
    let mut enricher = Enricher::<CgroupsLookup>::new(run_dir, "cgroups-lookup", client, config);
    let (reader, stop) = (enricher.reader(), enricher.abort_handle());
    let running = thread::spawn(move || enricher.run());
    let mut processes = HashMap::new();
    for line in io::stdin().lock().lines() {
        line?;
        keep_up(&reader, &mut processes);
        // The first table would be full of what nobody has asked for yet.
        let paths: Vec<&str> = processes
            .values()
            .map(|process| process.path.as_str())
            .collect();
        reader.refresh_now(&paths, Duration::from_secs(1));
        show(&reader, &processes);
    }
    stop.abort();
    running.join().expect("the enricher does not panic");
    print!("{}", reader.stats().prometheus("cgroups-lookup"));
    Ok(())
}

/// A process, and the pin of its cgroup, which goes with it.
struct Process {
    path: String,
    _pin: Option<Pin>,
}

/// Pins the cgroups of processes that are new, and lets go of those that are gone.
fn keep_up(reader: &EnricherReader<CgroupsLookup>, processes: &mut HashMap<u32, Process>) {
    let now = cgroups();
    processes.retain(|pid, process| now.get(pid) == Some(&process.path));
    for (pid, path) in now {
        processes.entry(pid).or_insert_with(|| Process {
            _pin: reader.pin(path.as_str()),
            path,
        });
    }
}

fn show(reader: &EnricherReader<CgroupsLookup>, processes: &HashMap<u32, Process>) {
    let guard = reader.read();
    for (pid, process) in processes {
        match guard.get(process.path.as_str()) {
            Ok(hit) if hit.stale => println!("{pid} {} (provider absent)", hit.item.name),
            Ok(hit) => println!("{pid} {}", hit.item.name),
            Err(missing) => println!("{pid} {} ({missing})", process.path),
        }
    }
    println!("END");
}

/// The cgroup of every process, as the kernel has it.
fn cgroups() -> HashMap<u32, String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        // Of several hierarchies the one in which it lies deepest.
        let paths = text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        Some((pid, paths.max_by_key(|path| path.len())?.to_owned()))
    })
    .collect()
}
