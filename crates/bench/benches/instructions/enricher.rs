//! Looks at an enricher's keys.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netipc::enricher::EnricherConfig;
use netipc::server::Server;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, PidStatus};
use netipc::transport::memory::MemoryTransport;
use netipc::wire::{Label, Labels};
use netipc::{ClientConfig, Enricher, Handler, ServerConfig};

use crate::case::Case;

const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn cases() -> Vec<Case> {
    vec![hit(10_000), miss(10_000)]
}

/// Each process once, in a table that was pinned before: its item with its texts.
fn hit(count: u32) -> Case {
    Case::new(format!("enricher/{count} keys/hit"), count, move || {
        let enricher = filled(count);
        move || {
            let guard = enricher.read();
            for pid in 0..count {
                let hit = guard.get(black_box(pid));
                assert!(hit.is_ok_and(|hit| !black_box(hit.item).comm.is_empty()));
            }
        }
    })
}

/// Each process once while it waits to be asked.
fn miss(count: u32) -> Case {
    Case::new(format!("enricher/{count} keys/miss"), count, move || {
        let enricher = filled(1);
        move || {
            let guard = enricher.read();
            for pid in 1..=count {
                assert!(guard.get(black_box(pid)).is_err());
            }
        }
    })
}

/// An enricher that knows so many processes. Its provider is gone, which it has not looked for.
fn filled(count: u32) -> Enricher<AppsLookup> {
    let transport = Arc::new(MemoryTransport::new());
    let handler = Handler::<AppsLookup>::new(|request, answer| {
        request.keys().try_for_each(|pid| {
            let labels = [Label::new("app", "web"), Label::new("tier", "backend")];
            answer.add(&AppsLookupItem {
                status: PidStatus::KNOWN,
                cgroup_status: AppsCgroupStatus::KNOWN,
                pid: pid.0,
                comm: "worker".into(),
                cgroup_path: "/kubepods/burstable/pod".into(),
                cgroup_name: "web".into(),
                labels: Labels::Pairs(&labels),
                ..AppsLookupItem::default()
            })
        })
    });
    let server = Server::new("/", "bench", ServerConfig::default(), handler);
    let server = Arc::new(server.over(Arc::clone(&transport) as _));
    server.bind().expect("nobody else serves here");
    let serving = Arc::clone(&server);
    let running = thread::spawn(move || serving.run());
    let config = EnricherConfig {
        capacity: count as usize,
        ..EnricherConfig::default()
    };
    let mut enricher =
        Enricher::with_transport(transport, "/", "bench", ClientConfig::default(), config);
    let pids: Vec<u32> = (0..count).collect();
    while enricher.refresh_now(&pids, PATIENCE) < pids.len() {}
    server.stop();
    running.join().expect("it ends").expect("it served");
    enricher
}
