//! What an enricher costs on this machine, with a provider in the same process: a look that hits or misses, a
//! round with changes, and a second of idling.
//!
//! ```console
//! $ cargo run --release -p netipc-cli --example enricher_cost_unix
//! ```

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::enricher::{EnricherConfig, StepEnd};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::wire::{Label, Labels};
use netipc::{ClientConfig, Enricher, Published, Server, ServerConfig};

const LOOKS: u32 = 4_000_000;
/// More than any round takes.
const BUDGET: Duration = Duration::from_secs(60);

fn main() -> io::Result<()> {
    let dir = tempfile::tempdir()?;
    let servers = servers(dir.path());
    servers.0.bind().map_err(io::Error::other)?;
    servers.1.bind().map_err(io::Error::other)?;
    let running = (Arc::clone(&servers.0), Arc::clone(&servers.1));
    let threads = [
        thread::spawn(move || running.0.run()),
        thread::spawn(move || running.1.run()),
    ];

    let config = EnricherConfig {
        capacity: 10_000,
        ..EnricherConfig::default()
    };
    let client = ClientConfig::default();
    let mut numbers =
        Enricher::<AppsLookup>::new(dir.path(), "apps", client.clone(), config.clone());
    let mut texts = Enricher::<CgroupsLookup>::new(dir.path(), "cgroups", client, config);
    processes(&mut numbers);
    paths(&mut texts);
    rounds(&mut numbers);
    idle(numbers);
    servers.0.stop();
    servers.1.stop();
    for thread in threads {
        let ended = thread.join().expect("a server does not panic");
        ended.map_err(io::Error::other)?;
    }
    Ok(())
}

/// A provider of each lookup, which knows everything.
fn servers(dir: &Path) -> (Arc<Server<AppsLookup>>, Arc<Server<CgroupsLookup>>) {
    let published = Published::new(());
    let apps = published.handler::<AppsLookup>(|(), pid, answer| {
        let name = format!("container-{}", pid.0 % 50);
        answer.add(&AppsLookupItem {
            status: PidStatus::KNOWN,
            pid: pid.0,
            comm: "worker".into(),
            cgroup_path: "/system.slice/docker.scope".into(),
            cgroup_name: name.as_str().into(),
            labels: Labels::Pairs(&[Label::new("app", &name), Label::new("tier", "backend")]),
            ..AppsLookupItem::default()
        })
    });
    let cgroups = published.handler::<CgroupsLookup>(|(), path, answer| {
        answer.add(&CgroupsLookupItem {
            status: CgroupStatus::KNOWN,
            orchestrator: Orchestrator::DOCKER,
            path,
            name: "container".into(),
            labels: Labels::NONE,
        })
    });
    (
        Arc::new(Server::new(dir, "apps", ServerConfig::default(), apps)),
        Arc::new(Server::new(
            dir,
            "cgroups",
            ServerConfig::default(),
            cgroups,
        )),
    )
}

fn processes(enricher: &mut Enricher<AppsLookup>) {
    let reader = enricher.reader();
    for known in [16, 8_192] {
        (0..known).for_each(|pid| assert!(reader.want(pid)));
        while enricher.step(BUDGET).end != StepEnd::Idle {}
        let guard = reader.read();
        let pids = (0..LOOKS).map(|look| look.wrapping_mul(2_654_435_761) % known);
        each(&format!("hit, {known} processes, one guard"), LOOKS, || {
            for pid in pids.clone() {
                let hit = guard.get(black_box(pid)).expect("it is known");
                black_box(hit.item.cgroup_name);
            }
        });
        each(
            &format!("hit, {known} processes, a guard a look"),
            LOOKS,
            || {
                for pid in pids.clone() {
                    let guard = reader.read();
                    black_box(
                        guard
                            .get(black_box(pid))
                            .expect("it is known")
                            .item
                            .cgroup_name,
                    );
                }
            },
        );
    }
    println!(
        "{:>9} bytes for each of 8192 processes",
        reader.stats().bytes / 8_192
    );
    let guard = reader.read();
    let _ = guard.get(u32::MAX);
    each("miss of a key that waits already", LOOKS / 10, || {
        for _ in 0..LOOKS / 10 {
            let _ = black_box(guard.get(black_box(u32::MAX)));
        }
    });
    let mut first = 100_000;
    each("miss of a key that is new", 16_000, || {
        for pid in first..first + 16_000 {
            let _ = black_box(guard.get(black_box(pid)));
        }
        first += 16_000;
    });
}

fn paths(enricher: &mut Enricher<CgroupsLookup>) {
    let reader = enricher.reader();
    let slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod";
    let paths: Vec<String> = (0..8_192)
        .map(|pod| format!("{slice}{pod:05}.slice"))
        .collect();
    paths
        .iter()
        .for_each(|path| assert!(reader.want(path.as_str())));
    while enricher.step(BUDGET).end != StepEnd::Idle {}
    let guard = reader.read();
    each("hit, 8192 paths of 75 bytes, one guard", LOOKS / 4, || {
        for path in paths.iter().cycle().take(LOOKS as usize / 4) {
            let hit = guard.get(black_box(path.as_str())).expect("it is known");
            black_box(hit.item.name);
        }
    });
}

/// 10,000 keys that are kept, of which a hundred are others in each round.
fn rounds(enricher: &mut Enricher<AppsLookup>) {
    let reader = enricher.reader();
    (200_000..210_000).for_each(|pid| assert!(reader.want(pid)));
    while enricher.step(BUDGET).end != StepEnd::Idle {}
    let mut next = 210_000;
    each("round, 100 new of 10,000 kept", 200, || {
        for _ in 0..200 {
            (next..next + 100).for_each(|pid| assert!(reader.want(pid)));
            next += 100;
            while enricher.step(BUDGET).end != StepEnd::Idle {}
        }
    });
    each("round with nothing to do", 10_000, || {
        for _ in 0..10_000 {
            black_box(enricher.step(BUDGET));
        }
    });
}

/// Processor time of a second in which nothing is wanted.
fn idle(mut enricher: Enricher<AppsLookup>) {
    let stop = enricher.abort_handle();
    let running = thread::spawn(move || enricher.run());
    thread::sleep(Duration::from_millis(100));
    let before = processor_time();
    thread::sleep(Duration::from_secs(5));
    let took = processor_time() - before;
    println!(
        "{:>9.1} us of processor time in a second of idling, provider included",
        took.as_secs_f64() * 1e6 / 5.0
    );
    stop.abort();
    running.join().expect("the enricher does not panic");
}

#[cfg(unix)]
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), nanos)
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

/// The least of five runs, for each of `count`.
fn each(what: &str, count: u32, mut run: impl FnMut()) {
    let runs = (0..5).map(|_| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    });
    let least = runs.min().unwrap_or_default();
    println!(
        "{:>9.1} ns  {what}",
        least.as_nanos() as f64 / f64::from(count)
    );
}
