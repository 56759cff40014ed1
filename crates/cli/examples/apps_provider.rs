//! A provider of `apps-lookup` that joins two things: processes, which it collects itself, and their cgroups,
//! which another provider names.
//!
//! ```console
//! $ netipc serve --service cgroups-lookup --run-dir /tmp/example &
//! $ cargo run -p netipc-cli --example apps_provider -- /tmp/example &
//! $ netipc call apps-lookup 1 $$ --run-dir /tmp/example
//! ```

use std::collections::HashMap;
use std::io::{self, BufRead};
use std::{env, fs, thread};

use netipc::enricher::{EnricherConfig, Missing};
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, PidStatus};
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::{ClientConfig, Enricher, Published, Server, ServerConfig};

fn main() -> io::Result<()> {
    let run_dir = env::args().nth(1).expect("the run directory");
    let (client, config) = (ClientConfig::default(), EnricherConfig::default());
    let mut enricher = Enricher::<CgroupsLookup>::new(&run_dir, "cgroups-lookup", client, config);
    let (reader, stop) = (enricher.reader(), enricher.abort_handle());
    let running = thread::spawn(move || enricher.run());

    let processes = Published::new(collect());
    let handler = processes.handler::<AppsLookup>(move |processes, pid, answer| {
        let Some(process) = processes.get(&pid.0) else {
            return answer.add_bare(PidStatus::UNKNOWN.0);
        };
        let mut item = AppsLookupItem {
            status: PidStatus::KNOWN,
            pid: pid.0,
            ppid: process.ppid,
            starttime: process.starttime,
            comm: process.comm.as_str().into(),
            cgroup_path: process.cgroup.as_str().into(),
            ..AppsLookupItem::default()
        };
        let cgroups = reader.read();
        match cgroups.get(process.cgroup.as_str()) {
            Ok(cgroup) => {
                item.orchestrator = cgroup.item.orchestrator;
                item.cgroup_name = cgroup.item.name;
                item.labels = cgroup.item.labels;
            }
            Err(Missing::ForGood | Missing::Oversized) => {
                item.cgroup_status = AppsCgroupStatus::UNKNOWN_PERMANENT;
            }
            // Asked by this very look: the consumer asks again.
            Err(_) => item.cgroup_status = AppsCgroupStatus::UNKNOWN_RETRY_LATER,
        }
        answer.add(&item)
    });
    let server = Server::new(&run_dir, "apps-lookup", ServerConfig::default(), handler);
    server.bind().map_err(io::Error::other)?;
    println!("READY");
    thread::scope(|scope| {
        scope.spawn(|| server.run().expect("nobody else serves here"));
        // A line of stdin collects anew, as a timer would; its end ends the program.
        for _ in io::stdin().lock().lines() {
            println!("generation {}", processes.publish(collect()));
        }
        server.stop();
        stop.abort();
    });
    running.join().expect("the enricher does not panic");
    Ok(())
}

struct Process {
    comm: String,
    ppid: u32,
    starttime: u64,
    cgroup: String,
}

/// Every process that is in a cgroup.
fn collect() -> HashMap<u32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| Some((pid, read(pid)?)))
        .collect()
}

fn read(pid: u32) -> Option<Process> {
    let cgroup = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (front, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    // Of several hierarchies the one in which it lies deepest.
    let paths = cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    Some(Process {
        comm: front.split_once('(')?.1.to_owned(),
        ppid: fields.get(1)?.parse().ok()?,
        starttime: fields.get(19)?.parse().ok()?,
        cgroup: paths.max_by_key(|path| path.len())?.to_owned(),
    })
}
