//! A provider of the data that every language has.

use std::io::{self, Write};
use std::thread;

use clap::ValueEnum;
use netipc::lookup::TextKey;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::{self, Increment};
use netipc::service::{Service, string_reverse};
use netipc::{Handler, Server};
use netipc_interop::data::{with_path, with_process};
use serde_json::json;

use super::{Options, Wrong};

/// What is served.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Increment,
    StringReverse,
    CgroupsSnapshot,
    CgroupsLookup,
    AppsLookup,
}

/// Serves until the input ends, and says what it has served.
pub(super) fn run(kind: Kind, options: &Options) -> Result<(), Wrong> {
    match kind {
        Kind::Increment => serve(options, increments(options.stuck_on)),
        Kind::StringReverse => serve(options, string_reverse::handler()),
        Kind::CgroupsSnapshot => serve(options, snapshots(options)),
        Kind::CgroupsLookup => serve(options, cgroups(options.generation)),
        Kind::AppsLookup => serve(options, apps(options.generation)),
    }
}

fn serve<S: Service>(options: &Options, handler: Handler<S>) -> Result<(), Wrong> {
    let (place, service, workers) = (&options.run_dir, &options.service, options.workers);
    let server = Server::with_workers(place, service, options.server_config(), handler, workers);
    server.bind()?;
    tell("READY")?;
    thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        let ended = io::copy(&mut io::stdin().lock(), &mut io::sink());
        server.stop();
        running
            .join()
            .map_err(|_panic| Wrong("the server has panicked".to_owned()))??;
        ended.map(drop).map_err(Wrong::from)
    })?;
    let stats = server.stats();
    let served = json!({
        "socket": stats.sessions.socket,
        "shm": stats.sessions.shared_memory,
        "refused": stats.refused,
        "ok": stats.ok,
    });
    tell(&format!("SERVED {served}"))
}

/// One number may be a request that is never answered.
fn increments(stuck_on: u64) -> Handler<Increment> {
    Handler::<Increment>::new(move |n, answer| {
        if stuck_on > 0 && *n == stuck_on {
            let told = tell("STUCK");
            while told.is_ok() {
                thread::park();
            }
        }
        answer.put(&increment::next(*n))
    })
}

fn snapshots(options: &Options) -> Handler<CgroupsSnapshot> {
    let snapshot = options.snapshot();
    Handler::<CgroupsSnapshot>::new(move |_request, answer| {
        answer.set_header(snapshot.systemd_enabled(), snapshot.generation);
        (0..snapshot.items)
            .try_for_each(|index| snapshot.with_item(index, |item| answer.push(item)))
    })
}

fn cgroups(generation: u64) -> Handler<CgroupsLookup> {
    Handler::<CgroupsLookup>::new(move |request, answer| {
        answer.set_generation(generation);
        let mut paths = request.keys();
        paths.try_for_each(|path: TextKey<'_>| with_path(path, false, |item| answer.add(item)))
    })
}

fn apps(generation: u64) -> Handler<AppsLookup> {
    Handler::<AppsLookup>::new(move |request, answer| {
        answer.set_generation(generation);
        let mut pids = request.keys();
        pids.try_for_each(|pid| with_process(pid.0, false, |item| answer.add(item)))
    })
}

fn tell(line: &str) -> Result<(), Wrong> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
