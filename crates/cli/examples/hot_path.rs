//! A consumer of a snapshot with a hot path: events name a cgroup, millions of times a second, and each has to
//! find the cgroup's path without I/O. One thread refreshes; the other follows.
//!
//! ```console
//! $ netipc serve --service cgroups-snapshot --run-dir /tmp/example &
//! $ cargo run --release -p netipc-cli --example hot_path -- /tmp/example
//! ```
//!
//! A million events a line of stdin.

use std::hint::black_box;
use std::io::{self, BufRead};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, thread};

use netipc::ClientConfig;
use netipc::service::cgroups::{CgroupKey, CgroupsCache};

const EVENTS: usize = 1_000_000;

fn main() -> io::Result<()> {
    let run_dir = env::args().nth(1).expect("the run directory");
    let mut cache = CgroupsCache::new(run_dir, "cgroups-snapshot", ClientConfig::default());
    let reader = cache.reader();
    let (stop, stopped) = mpsc::channel::<()>();
    let (refreshed, hears) = mpsc::channel();
    let refreshing = thread::spawn(move || {
        // Once a second, for ever: that is all there is of reconnecting.
        while stopped.recv_timeout(Duration::from_secs(1)) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = refreshed.send(cache.refresh());
        }
    });
    for line in io::stdin().lock().lines() {
        line?;
        let fresh = hears.recv().unwrap_or(false);
        let names: Vec<(u32, String)> = reader
            .read()
            .iter()
            .map(|item| (item.hash, item.name.to_string()))
            .collect();
        let (mut follower, mut found) = (reader.follow(), 0);
        let begun = Instant::now();
        for (hash, name) in names.iter().cycle().take(EVENTS.min(names.len() * EVENTS)) {
            let key = CgroupKey {
                hash: *hash,
                name: name.into(),
            };
            found += usize::from(black_box(follower.get(key)).is_some());
        }
        let each = begun.elapsed().as_nanos() / EVENTS as u128;
        println!(
            "{} cgroups, fresh {fresh}: {found} found, {each} ns each",
            names.len()
        );
    }
    drop(stop);
    refreshing.join().expect("the refresh does not panic");
    Ok(())
}
