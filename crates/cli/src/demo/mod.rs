//! `netipc demo`: every service at work on this machine's own data, with nothing to set up.
//!
//! ```text
//! provider   the child process that serves, killed and started again on the way
//! collect    what there is to see            measure   how fast it comes
//! restart    what an outage is like          report    all of it, as JSON; text: for people
//! ```

mod collect;
mod error;
mod measure;
mod provider;
mod report;
mod restart;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::value_parser;
use netipc::protocol::PROFILE_BASELINE;
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::{CgroupsCache, CgroupsSnapshot};
use netipc::transport::link::LinkKind;
use netipc::{Client, ErrorCode, SessionStatus};

use crate::args::MAX_RESPONSE_BYTES;
use crate::exit;
use crate::json::Stamped;
use crate::platform::{HAS_CGROUPS, on_stop_request};
use crate::profile::{self, baseline_carrier};
use collect::ProcessWatch;
use error::DemoError;
use measure::{Budget, Wanted};
use provider::Setup;
use report::{CacheFigures, Report, Transport};
use restart::{Consumers, Restart};
use text::ROWS;

/// Shared memory where it can be had.
const BEST: u32 = PROFILE_BASELINE | profile::PREFERRED;
/// Of the time there is, in percent: watching the processes, and each of two transports twice, and
/// the cache. The rest is for starting, and for the restart.
const WATCHING: u32 = 30;
const LOOKUPS: u32 = 17;
const SNAPSHOTS: u32 = 8;
const CACHE: u32 = 12;

/// What to show, and where to look.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with 1 if anything did not work, and says what.

Examples:
  netipc demo
  netipc demo --seconds 10 --json")]
pub(crate) struct DemoArgs {
    /// How long all of it takes, about
    #[arg(
        long,
        value_name = "N",
        default_value = "5",
        value_parser = value_parser!(u32).range(1..=3600)
    )]
    seconds: u32,
    /// Print one JSON object at the end and nothing else
    ///
    /// In `transports`, `calls` are typed apps-lookup calls for a single process, one after the
    /// other; `snapshots` has the same figures for cgroups-snapshot calls.
    #[arg(long)]
    json: bool,
    /// Where the cgroup hierarchies are mounted
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/cgroup")]
    cgroup_root: PathBuf,
    /// Where the process file system is mounted
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    proc_root: PathBuf,
}

/// Shows everything; fails where anything did not work.
pub(crate) fn run(args: &DemoArgs) -> ExitCode {
    let mut demo = Demo {
        args,
        report: Report::default(),
        printed: Ok(()),
        parts: 0,
    };
    match demo.perform() {
        Err(DemoError::Interrupted) => {
            demo.report.errors = vec![DemoError::Interrupted.to_string()]
        }
        Err(error) => demo.report.errors.push(netipc::chain(&error)),
        Ok(()) => {}
    }
    demo.finish();
    match (exit::printed(demo.printed), demo.report.errors.is_empty()) {
        (Ok(()), false) => ExitCode::FAILURE,
        (printed, _) => exit::report(printed),
    }
}

/// A run.
struct Demo<'a> {
    args: &'a DemoArgs,
    report: Report,
    printed: io::Result<()>,
    /// Parts that were printed.
    parts: usize,
}

impl Demo<'_> {
    /// Goes through all parts. A part that fails is reported, and the next one begins; an error is
    /// what nothing can follow.
    fn perform(&mut self) -> Result<(), DemoError> {
        let total = Duration::from_secs(self.args.seconds.into());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        on_stop_request(move || asked.store(true, Ordering::Relaxed))
            .map_err(DemoError::StopRequests)?;
        let budget = Budget::new(total, stop);
        let mut setup = Setup::new(self.args)?;
        let watch = ProcessWatch::begin(&self.args.proc_root, setup.run_dir());
        let watch = self.report.record("processes", watch);
        let mut provider = setup.start()?;
        self.show(|_| text::introduction(provider.pid(), setup.run_dir()));

        let mut cache = self.cgroups(&mut setup);
        budget.check()?;
        let pids = self.processes(&setup, &budget, watch.as_ref())?;
        let wanted = collect::wanted(&cache);
        self.speeds(&setup, &budget, &pids);
        self.cache_speed(&budget, &cache, &wanted);
        budget.check()?;
        self.show(text::speeds);
        let consumers = Consumers {
            cache: &mut cache,
            wanted: &wanted,
            apps: client(&setup, BEST),
            pid: pids.first().copied().unwrap_or_default(),
        };
        let done = restart::restart(&setup, &budget, &mut provider, consumers);
        budget.check()?;
        self.report_restart(done);
        Ok(())
    }

    /// Fills a cache and says what is in it.
    fn cgroups(&mut self, setup: &mut Setup) -> CgroupsCache {
        let mut cache = CgroupsCache::of(client(setup, BEST), ());
        let mut filled = cache.try_refresh();
        if filled
            .as_ref()
            .is_err_and(|error| error.code() == ErrorCode::OVERFLOW)
        {
            setup.allow_response_bytes(MAX_RESPONSE_BYTES);
            cache = CgroupsCache::of(client(setup, BEST), ());
            filled = cache.try_refresh();
        }
        self.report.record("cgroups", filled);
        self.report.cgroups = collect::cgroups(&cache);
        let answered = connected(client(setup, BEST))
            .and_then(|mut client| Ok(collect::identify(&mut self.report.cgroups, &mut client)?));
        self.report.record("names and labels of cgroups", answered);
        if !self.report.cgroups.is_empty() {
            self.show(text::cgroups);
        } else if cache.ready() && !HAS_CGROUPS {
            self.note("this system has no cgroups.".to_owned());
        } else if cache.ready() {
            let root = self.args.cgroup_root.display();
            self.note(format!("there are no cgroups in {root}."));
        }
        cache
    }

    /// Watches the processes for a while; returns which to ask for from now on.
    fn processes(
        &mut self,
        setup: &Setup,
        budget: &Budget,
        watch: Option<&ProcessWatch>,
    ) -> Result<Vec<u32>, DemoError> {
        budget.slice(WATCHING).pause();
        budget.check()?;
        let busiest =
            watch.and_then(|watch| self.report.record("processes", watch.busiest(2 * ROWS)));
        let busiest = busiest.unwrap_or_default();
        let answered = connected(client::<AppsLookup>(setup, BEST))
            .and_then(|mut client| Ok(collect::processes(&mut client, &busiest, ROWS)?));
        self.report.processes = self
            .report
            .record("processes", answered)
            .unwrap_or_default();
        self.report.processes_total = busiest.total;
        if self.report.processes.is_empty() {
            let root = self.args.proc_root.display();
            self.note(format!("no process in {root} is known to the provider."));
            return Ok(vec![std::process::id()]);
        }
        self.show(text::processes);
        let pids = self.report.processes.iter().map(|process| process.pid);
        Ok(pids.collect())
    }

    /// Measures calls over each transport.
    fn speeds(&mut self, setup: &Setup, budget: &Budget, pids: &[u32]) {
        for (name, profiles) in [
            (baseline_carrier(), PROFILE_BASELINE),
            ("shared memory", BEST),
        ] {
            let measured = transport(setup, budget, profiles, pids);
            let Some(transport) = self.report.record(name, measured) else {
                continue;
            };
            match transport {
                Some(transport) => self.report.transports.push(transport),
                None => {
                    let place = setup.run_dir().display();
                    self.note(format!(
                        "shared memory cannot be had in {place}, so the {} carries everything.",
                        baseline_carrier()
                    ));
                }
            }
        }
    }

    /// Measures lookups in the cache.
    fn cache_speed(&mut self, budget: &Budget, cache: &CgroupsCache, wanted: &[Wanted]) {
        self.report.cache = CacheFigures {
            items: cache.read().len(),
            lookups_per_second: measure::cache_lookups(
                &budget.slice(CACHE),
                &cache.reader(),
                wanted,
            ),
        };
    }

    /// Reports the restart, and what went wrong in it.
    fn report_restart(&mut self, done: Result<Restart, DemoError>) {
        let Some(restart) = self.report.record("restart", done) else {
            return;
        };
        let failures = [
            (!restart.cache_kept, "the cache did not keep its answers"),
            (!restart.reconnected, "a client did not come back"),
            (
                restart.files_stale > 0,
                "files of the killed provider are left",
            ),
        ];
        let failed = failures.into_iter().filter(|(failed, _)| *failed);
        self.report
            .errors
            .extend(failed.map(|(_, why)| format!("restart: {why}")));
        self.report.restart = restart;
        self.show(text::restart);
    }

    /// Says what is unusual about this machine.
    fn note(&mut self, note: String) {
        self.show(|_| text::note(&note));
        self.report.notes.push(note);
    }

    /// Prints the end, or everything as JSON.
    fn finish(&mut self) {
        if self.args.json {
            let json =
                serde_json::to_string_pretty(&Stamped::now(&self.report)).map_err(io::Error::from);
            self.printed = json.and_then(|json| writeln!(io::stdout(), "{json}"));
        }
        self.show(text::summary);
    }

    /// Prints a part of the report for people.
    fn show(&mut self, part: impl FnOnce(&Report) -> String) {
        if !self.args.json && self.printed.is_ok() {
            let part = part(&self.report);
            let gap = if self.parts > 0 { "\n" } else { "" };
            self.printed = write!(io::stdout(), "{gap}{part}");
            self.parts += 1;
        }
    }
}

/// Calls over one transport, or nothing where shared memory was wanted and cannot be had.
fn transport(
    setup: &Setup,
    budget: &Budget,
    profiles: u32,
    pids: &[u32],
) -> Result<Option<Transport>, DemoError> {
    let mut apps = connected(client::<AppsLookup>(setup, profiles))?;
    let mut snapshots = connected(client::<CgroupsSnapshot>(setup, profiles))?;
    // The first call may need a session with more room; that one is the real one.
    snapshots.call_snapshot()?;
    let sessions = [apps.status().session, snapshots.status().session];
    let [Some(session), Some(other)] = sessions else {
        return Ok(None);
    };
    let shared = |session: &SessionStatus| session.transport == LinkKind::SharedMemory;
    if profiles != PROFILE_BASELINE && !(shared(&session) && shared(&other)) {
        return Ok(None);
    }
    let mut pids = pids.iter().cycle();
    let lookups = measure::calls(&budget.slice(LOOKUPS), || {
        apps.call(pids.next().map_or(&[], std::slice::from_ref))
            .map(drop)
    })?;
    let snapshots = measure::calls(&budget.slice(SNAPSHOTS), || {
        snapshots.call_snapshot().map(drop)
    })?;
    Ok(Some(Transport::new(&session, lookups, snapshots)))
}

/// A client of the usual endpoint of `S`, not connected yet.
fn client<S: Service>(setup: &Setup, profiles: u32) -> Client<S> {
    Client::new(setup.run_dir(), S::METHOD.name, setup.client(profiles))
}

/// The client with a session.
fn connected<S: Service>(mut client: Client<S>) -> Result<Client<S>, DemoError> {
    client.refresh();
    if client.ready() {
        return Ok(client);
    }
    let status = client.status();
    Err(DemoError::NoSession {
        service: S::METHOD.name,
        why: status
            .last_error
            .unwrap_or_else(|| status.state.to_string()),
    })
}
