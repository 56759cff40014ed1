//! `netipc serve`: providers of this machine, or of fixed content.

mod fixture;
mod provider;
mod run_dir;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use clap::Args;
use netipc::service::{increment, string_reverse};
use netipc_host::{Host, HostConfig, answers};

use crate::args::{EndpointArgs, ServiceName, seconds};
use crate::exit::{self, Exit, Failed};
use crate::platform::{RUN_DIR_IS_MADE, STOP_REQUESTS, on_stop_request};
use crate::token::TokenArgs;
use fixture::Fixture;
use provider::{Plan, Provider};
use run_dir::RunDir;

/// How long requests that are being answered may take once the program is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

const DETAILS: &str = "\
A data file is what `call --json` prints. Only `items` is needed, and of each item its key: `name`, \
`path` or `pid` (a known process also has a `comm` of 1 to 15 bytes, and a `cgroup_path` unless its \
`cgroup_status` is `host-root`). Only what is known has more than its key and status. `service` \
may be left out beside one --service. Labels are an object; their order is kept. Status and \
orchestrator are names, or numbers. A key that the file does not have is answered \
`unknown-permanent` by cgroups-lookup and `unknown` by apps-lookup; increment and string-reverse \
answer the request of the file and fail for any other.

The token comes from --auth-token, --auth-token-file or NETIPC_AUTH_TOKEN, in this order.";

/// Arguments of `serve`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = details())]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,

    /// What to serve; may be repeated [default: what the data files are for, else the three
    /// services of this machine]
    #[arg(long, value_name = "NAME", value_enum, value_delimiter = ',')]
    service: Vec<ServiceName>,

    #[command(flatten)]
    token: TokenArgs,

    /// Sessions at once, for each service
    #[arg(long, value_name = "N", default_value = "8")]
    workers: NonZeroUsize,

    /// Seconds between two looks at this machine; fractions are fine
    #[arg(long, value_name = "SECS", default_value = "1", value_parser = seconds)]
    refresh: Duration,

    /// Where cgroups are mounted [default: /sys/fs/cgroup]
    #[arg(long, value_name = "PATH")]
    cgroup_root: Option<PathBuf>,

    /// Where proc is mounted [default: /proc]
    #[arg(long, value_name = "PATH")]
    proc_root: Option<PathBuf>,

    /// Stops when stdin ends, too: a process that holds the other end takes this one along
    #[arg(long)]
    until_stdin_ends: bool,

    /// Serves the fixed content of a JSON file, as `call --json` prints it; may be repeated
    #[arg(long, value_name = "FILE.json")]
    data: Vec<PathBuf>,
}

fn details() -> String {
    format!(
        "Prints READY on stdout once every service listens. Stops on {STOP_REQUESTS}: requests \
         that are being answered may finish, for at most 5 seconds, and every file is removed. A \
         second request ends it at once. {RUN_DIR_IS_MADE}\n\n{DETAILS}\n\n{}",
        exit::TABLE
    )
}

/// Serves until it is asked to stop.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failed> {
    // Before anything is made, so that no request can end the program with something left behind.
    let stop = stop_requests(args.until_stdin_ends).map_err(exit::cannot_wait_for_a_stop)?;
    let plan = Plan {
        run_dir: args.endpoint.run_dir()?,
        profiles: args.endpoint.profiles(),
        auth_token: args.token.token()?,
        workers: args.workers.get(),
    };
    let fixtures = fixtures(args)?;
    let services = chosen(args, &fixtures);
    for service in &services {
        args.endpoint.endpoint(*service)?;
    }
    let from_host =
        |service| ServiceName::HOST.contains(service) && !fixtures.contains_key(service);
    let host = services.iter().any(from_host).then(|| look(args));
    let host = host.transpose()?;
    let _run_dir = RunDir::ensure(&plan.run_dir)?;
    let providers = providers(services, &plan, fixtures, host.as_ref())?;
    for provider in &providers {
        provider.bind()?;
    }
    let refresher = host.map(|host| Refresher {
        host,
        period: args.refresh,
    });
    serve_until(&providers, refresher, &stop)
}

/// Where requests to stop arrive, also the end of stdin if that is to count as one.
fn stop_requests(until_stdin_ends: bool) -> io::Result<mpsc::Receiver<()>> {
    let (ask, asked) = mpsc::channel();
    if until_stdin_ends {
        let ask = ask.clone();
        let thread = thread::Builder::new().name("netipc-stdin".to_owned());
        thread.spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            let _ = ask.send(());
        })?;
    }
    on_stop_request(move || {
        // It fails where the end of stdin came first.
        let _ = ask.send(());
    })?;
    Ok(asked)
}

/// The data files, by what they are for.
fn fixtures(args: &ServeArgs) -> Result<BTreeMap<ServiceName, Fixture>, Failed> {
    let only = match args.service[..] {
        [service] => Some(service),
        _ => None,
    };
    let mut fixtures = BTreeMap::new();
    for path in &args.data {
        let fixture = Fixture::load(path, only)?;
        let (service, file) = (fixture.service(), path.display());
        let refuse = |why: &str| {
            let sentence = format!("data file {file} is for {service}, {why}");
            Err(Failed::new(Exit::Usage, sentence))
        };
        if !args.service.is_empty() && !args.service.contains(&service) {
            return refuse("which --service leaves out");
        }
        if fixtures.insert(service, fixture).is_some() {
            return refuse("as is an earlier one");
        }
    }
    Ok(fixtures)
}

/// The services to serve, each once.
fn chosen(args: &ServeArgs, fixtures: &BTreeMap<ServiceName, Fixture>) -> BTreeSet<ServiceName> {
    if !args.service.is_empty() {
        args.service.iter().copied().collect()
    } else if !fixtures.is_empty() {
        fixtures.keys().copied().collect()
    } else {
        ServiceName::HOST.into()
    }
}

fn look(args: &ServeArgs) -> Result<Arc<Host>, Failed> {
    let mut config = HostConfig::default();
    if let Some(root) = &args.cgroup_root {
        config.cgroup_root.clone_from(root);
    }
    if let Some(root) = &args.proc_root {
        config.proc_root.clone_from(root);
    }
    let host = Arc::new(Host::new(config));
    match host.refresh() {
        Ok(_) => Ok(host),
        Err(error) => Err(Failed::caused_by(Exit::Failed, &error)),
    }
}

fn providers(
    services: BTreeSet<ServiceName>,
    plan: &Plan,
    mut fixtures: BTreeMap<ServiceName, Fixture>,
    host: Option<&Arc<Host>>,
) -> Result<Vec<Box<dyn Provider>>, Failed> {
    let provider = |service| {
        if let Some(fixture) = fixtures.remove(&service) {
            return Ok(fixture.provider(plan));
        }
        let host = || {
            let sentence = format!("there is nothing to serve {service} from");
            host.cloned()
                .ok_or_else(|| Failed::new(Exit::Failed, sentence))
        };
        Ok(match service {
            ServiceName::CgroupsSnapshot => plan.provider(answers::cgroups_snapshot(host()?)),
            ServiceName::CgroupsLookup => plan.provider(answers::cgroups_lookup(host()?)),
            ServiceName::AppsLookup => plan.provider(answers::apps_lookup(host()?)),
            ServiceName::Increment => plan.provider(increment::handler()),
            ServiceName::StringReverse => plan.provider(string_reverse::handler()),
        })
    };
    services.into_iter().map(provider).collect()
}

/// Runs everything, waits for `stop`, and lets go in good order.
fn serve_until(
    providers: &[Box<dyn Provider>],
    refresher: Option<Refresher>,
    stop: &mpsc::Receiver<()>,
) -> Result<(), Failed> {
    thread::scope(|scope| {
        let (end, ended) = mpsc::channel();
        let started = start(scope, providers, refresher, ended);
        if started.is_ok() {
            announce();
            // An error would mean that nobody can ask any more.
            let _ = stop.recv();
        }
        drop(end);
        let deadline = Instant::now() + DRAIN;
        for provider in providers {
            provider.drain(deadline.saturating_duration_since(Instant::now()));
        }
        started
    })
}

fn start<'s>(
    scope: &'s Scope<'s, '_>,
    providers: &'s [Box<dyn Provider>],
    refresher: Option<Refresher>,
    ended: mpsc::Receiver<()>,
) -> Result<(), Failed> {
    let spawn = |name: &str, run: Box<dyn FnOnce() + Send + 's>| {
        let thread = thread::Builder::new().name(name.to_owned());
        thread
            .spawn_scoped(scope, run)
            .map(drop)
            .map_err(|error| Failed::new(Exit::Failed, format!("cannot start a thread: {error}")))
    };
    for provider in providers {
        spawn("netipc-accept", Box::new(|| provider.run()))?;
    }
    match refresher {
        Some(refresher) => spawn("netipc-refresh", Box::new(move || refresher.run(&ended))),
        None => Ok(()),
    }
}

/// A supervisor that has closed our stdout does not wait for it.
fn announce() {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "READY").and_then(|()| out.flush());
}

/// Keeps the picture of the machine fresh.
struct Refresher {
    host: Arc<Host>,
    period: Duration,
}

impl Refresher {
    /// Looks once in every period until the other end of `ended` is gone.
    fn run(self, ended: &mpsc::Receiver<()>) {
        let mut failing = false;
        while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(self.period) {
            let done = self.host.refresh();
            // Once for each time that it starts to fail, not once in every period.
            if let (Err(error), false) = (&done, failing) {
                exit::to_stderr(&Failed::caused_by(Exit::Failed, error));
            }
            failing = done.is_err();
        }
    }
}
