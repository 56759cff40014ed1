//! A table on demand: 5,000 sockets, each with the name and labels of the container of its process. What is
//! known is rendered within 100 ms; for what is missing the table waits a second, and no longer.
//!
//! ```console
//! $ netipc serve --service apps-lookup --run-dir /tmp/example &
//! $ cargo run -p netipc-cli --example viewer -- /tmp/example
//! ```
//!
//! One table a line of stdin.

use std::fmt::Write;
use std::io::{self, BufRead};
use std::time::{Duration, Instant};
use std::{env, fs};

use netipc::enricher::EnricherConfig;
use netipc::service::apps_lookup::AppsLookup;
use netipc::{ClientConfig, Enricher};

const ROWS: usize = 5_000;
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    let run_dir = env::args().nth(1).expect("the run directory");
    let (client, config) = (ClientConfig::default(), EnricherConfig::default());
    let mut enricher = Enricher::<AppsLookup>::new(run_dir, "apps-lookup", client, config);
    for line in io::stdin().lock().lines() {
        line?;
        let sockets = sockets();
        let begun = Instant::now();
        // No thread of its own: the function that renders is the one that asks.
        let known = enricher.refresh_now(&sockets, PATIENCE);
        let asked = begun.elapsed();
        let table = render(&enricher, &sockets);
        let rendered = begun.elapsed() - asked;
        print!("{table}");
        println!(
            "{known} of {} known, asked {asked:?}, rendered {rendered:?}",
            sockets.len()
        );
    }
    Ok(())
}

/// A line for each socket.
fn render(enricher: &Enricher<AppsLookup>, sockets: &[u32]) -> String {
    let (guard, mut table) = (enricher.read(), String::new());
    guard.get_many(sockets.iter().copied(), |index, found| {
        let number = index + 1;
        let _ = match found {
            Err(missing) => writeln!(table, "socket {number}: {missing}"),
            Ok(hit) => {
                let item = hit.item;
                let labels: Vec<String> = item
                    .labels
                    .iter()
                    .map(|label| format!("{}={}", label.key, label.value))
                    .collect();
                let (comm, name, labels) = (item.comm, item.cgroup_name, labels.join(","));
                let stale = if hit.stale { " (provider absent)" } else { "" };
                writeln!(table, "socket {number}: {comm} in {name} {labels}{stale}")
            }
        };
    });
    table
}

/// The processes of 5,000 sockets: as many as there are, again and again.
fn sockets() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids: Vec<u32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    pids.iter()
        .copied()
        .cycle()
        .take(ROWS.min(pids.len() * ROWS))
        .collect()
}
