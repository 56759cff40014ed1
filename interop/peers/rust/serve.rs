//! A provider of the data that every language has.

use std::io::{self, Write};
use std::thread;

use clap::ValueEnum;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::service::{Service, string_reverse};
use netipc::{Handler, Server};
use netipc_interop::known::Known;
use netipc_interop::known_lookups;
use serde_json::json;

use super::{Options, Wrong};

macro_rules! kinds {
    ($($lookup:ident: $service:path;)+) => {
        /// What is served.
        #[derive(Clone, Copy, ValueEnum)]
        pub(crate) enum Kind {
            Increment,
            StringReverse,
            CgroupsSnapshot,
            $($lookup,)+
        }

        /// Serves until the input ends, and says what it has served.
        pub(super) fn run(kind: Kind, options: &Options) -> Result<(), Wrong> {
            match kind {
                Kind::Increment => serve(options, increments(options.stuck_on)),
                Kind::StringReverse => serve(options, string_reverse::handler()),
                Kind::CgroupsSnapshot => serve(options, snapshots(options)),
                $(Kind::$lookup => serve(options, items::<$service>(options.generation)),)+
            }
        }
    };
}

known_lookups!(kinds);

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

fn items<L: Known>(generation: u64) -> Handler<L> {
    Handler::<L>::new(move |request, answer| {
        answer.set_generation(generation);
        let mut keys = request.keys();
        keys.try_for_each(|key| L::with_item(key, false, |item| answer.add(item)))
    })
}

pub(super) fn tell(line: &str) -> Result<(), Wrong> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
