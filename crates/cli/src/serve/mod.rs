//! `netipc serve`: providers of this machine, or of fixed content.

mod bind;
mod code;
mod data;
mod machine;
mod notify;
mod policy;
mod provider;
mod replay;
mod run_dir;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use clap::Args;
use netipc::transport::link::Inherited;
use netipc_host::{Host, answers};

use crate::args::{EndpointArgs, ServiceName, endpoint, seconds, service_name};
use crate::exit::{self, Exit, Failed};
use crate::platform::{DRAIN, RUN_DIR_IS_MADE, STOP_REQUESTS, on_stop_request};
use crate::schema;
use crate::token::TokenArgs;
use bind::Binding;
use data::Fixtures;
use machine::{MachineArgs, Refresher};
use notify::Supervisor;
use provider::{Plan, Provider};
use run_dir::RunDir;

const DETAILS: &str = "\
A pattern of cgroups has `*` for any characters, also `/`, and `?` for one. It is held against \
the path and the name of a cgroup, or, with an `@` in front, against what it is: `@service`, \
`@slice`, `@scope`, `@mount`, `@socket`, `@swap`, `@group`, `@pod`, `@container`, `@machine`, \
`@monitor`, `@plumbing`, `@inside` or `@other`. The first pattern that matches decides: those of the \
command line in their order, then those of the file, then the usual ones, which leave out pods, \
monitors, plumbing, what is inside of containers, groups, slices, mounts, sockets and swap.

A data file is what `call --json` prints; the page of each service in docs/services has its fields and \
rules. Only `items` is needed, and of each item its key, or what a cache finds it by, without its hash. What \
is left out is not set, but for `enabled` of a cgroup, which is 1. Only what is known has more than its key \
and status. `service` may be left out beside one --service or one --schema. Labels are an object; their \
order is kept. Enums are names, or numbers. A key that the file does not have is answered `unknown`, or \
`unknown-permanent`; a service of one value answers the request of the file and fails for any other.

The token comes from --auth-token, --auth-token-file or NETIPC_AUTH_TOKEN, in this order. With \
--netdata it then comes from NETDATA_INVOCATION_ID or INVOCATION_ID, as plugins of the agent have them, \
and the run directory is that of NETDATA_RUN_DIR or the first usual one of the agent that can be written \
or made; it stays.

Examples:
  netipc serve
  netipc serve --service cgroups-snapshot --stats --workers 32
  netipc serve --data snapshot.json --run-dir /tmp/mock
  netipc serve --replay cgroups.jsonl --run-dir /tmp/mock
  sudo netipc serve --netdata --explain /system.slice/sshd.service";

/// Whether a data file can be served, as `serve --data` would load it.
pub(crate) fn check_data(schemas: &[PathBuf], file: &PathBuf) -> Result<(), Failed> {
    data::load(schemas, std::slice::from_ref(file), &[]).map(drop)
}

/// Arguments of `serve`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = details())]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,

    /// What to serve; may be repeated [default: what the data files are for, else the three
    /// services of this machine]
    #[arg(long, value_name = "NAME", value_parser = service_name(), value_delimiter = ',')]
    service: Vec<ServiceName>,

    #[command(flatten)]
    token: TokenArgs,

    /// Sessions at once, for each service
    #[arg(long, value_name = "N", default_value = "8")]
    workers: NonZeroUsize,

    /// Bytes of the largest answer [default: 16 MiB, a snapshot of some 57,000 cgroups of Kubernetes]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1024..))]
    max_response: Option<u32>,

    /// Seconds that another server of an endpoint has to end, as one that is being restarted may; 0 waits for none
    #[arg(long, value_name = "SECS", default_value = "5", value_parser = wait)]
    wait: Duration,

    #[command(flatten)]
    machine: MachineArgs,

    /// Publishes statistics beside each endpoint, for `netipc status`
    #[arg(long)]
    stats: bool,

    /// Stops when stdin ends, too: a process that holds the other end takes this one along
    #[arg(long)]
    until_stdin_ends: bool,

    /// Serves the fixed content of a JSON file, as `call --json` prints it; may be repeated
    #[arg(long, value_name = "FILE.json")]
    data: Vec<PathBuf>,

    /// Serves what `netipc record` has recorded, each answer at its time from the start on; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "service"])]
    replay: Vec<PathBuf>,

    /// What a service is that the program was built without; its data file names it with
    /// "service", unless there is only one schema; may be repeated
    #[arg(long, value_name = "FILE.toml")]
    schema: Vec<PathBuf>,
}

fn details() -> String {
    format!(
        "Prints READY on stdout once every service listens, and tells systemd where NOTIFY_SOCKET is \
         set. Stops on {STOP_REQUESTS}: requests that are being answered may finish, for at most \
         {} seconds, and every file is removed. A second request ends it at once. {RUN_DIR_IS_MADE} On \
         stderr there is a line for each source of knowledge about this machine, at the start and \
         whenever it changes.\n\n{DETAILS}\n\n{}",
        DRAIN.as_secs(),
        exit::TABLE
    )
}

/// Serves until it is asked to stop.
pub(crate) fn run(args: &ServeArgs) -> Result<(), Failed> {
    if args.machine.explains() {
        return args.machine.explain();
    }
    let supervisor = Supervisor::from_env();
    // Before anything is made, so that no request can end the program with something left behind.
    let stop = stop_requests(args.until_stdin_ends).map_err(exit::cannot_wait_for_a_stop)?;
    let mut plan = Plan {
        run_dir: args.endpoint.place.run_dir_to_serve()?,
        profiles: args.endpoint.profiles()?,
        auth_token: args.endpoint.place.token_to_serve(&args.token)?,
        workers: args.workers.get(),
        max_response_bytes: args.max_response.unwrap_or_default(),
        inherited: Inherited::from_environment(),
        stats: args.stats,
        host: None,
    };
    if !args.replay.is_empty() {
        return replayed(args, &plan, &supervisor, &stop);
    }
    let fixtures = data::load(&args.schema, &args.data, &args.service)?;
    let services = chosen(args, &fixtures);
    for service in &services {
        endpoint(&plan.run_dir, service)?;
    }
    let from_host = |service: &String| code::needs_host(service) && !fixtures.contains_key(service);
    let host = services.iter().any(from_host).then(|| args.machine.look());
    let host = host.transpose()?;
    plan.host.clone_from(&host);
    let mut run_dir = RunDir::ensure(&plan.run_dir)?;
    let providers = providers(&services, &plan, fixtures, host.as_ref())?;
    let binding = Binding {
        run_dir: &mut run_dir,
        wait: args.wait,
        stop: &stop.asked,
    };
    if !binding.bind(&services, &providers)? {
        return Ok(());
    }
    let refresher = host.map(|host| Refresher::new(host, args.machine.period()));
    serve_until(&providers, refresher, &supervisor, &stop)
}

/// Serves recordings.
fn replayed(
    args: &ServeArgs,
    plan: &Plan,
    supervisor: &Supervisor,
    stop: &Stops,
) -> Result<(), Failed> {
    let replays = replay::load_all(&args.replay, &schema::read_all(&args.schema)?)?;
    let services: BTreeSet<String> = replays.iter().map(|one| one.schema.name.clone()).collect();
    for service in &services {
        endpoint(&plan.run_dir, service)?;
    }
    let mut run_dir = RunDir::ensure(&plan.run_dir)?;
    let providers: Vec<Box<dyn Provider>> = replays
        .into_iter()
        .map(|replay| {
            let name = replay.schema.name.clone();
            plan.handled_provider(name, replay.handler())
        })
        .collect();
    let binding = Binding {
        run_dir: &mut run_dir,
        wait: args.wait,
        stop: &stop.asked,
    };
    if !binding.bind(&services, &providers)? {
        return Ok(());
    }
    serve_until(&providers, None, supervisor, stop)
}

fn wait(text: &str) -> Result<Duration, String> {
    if text == "0" {
        Ok(Duration::ZERO)
    } else {
        seconds(text)
    }
}

/// Why to stop: somebody asked for it, or an endpoint was taken away.
type Stop = Result<(), Failed>;

/// Where reasons to stop go to, and where they arrive.
struct Stops {
    ask: mpsc::Sender<Stop>,
    asked: mpsc::Receiver<Stop>,
}

/// Where requests to stop arrive, also the end of stdin if that is to count as one.
fn stop_requests(until_stdin_ends: bool) -> io::Result<Stops> {
    let (ask, asked) = mpsc::channel();
    let lost = ask.clone();
    if until_stdin_ends {
        let ask = ask.clone();
        let thread = thread::Builder::new().name("netipc-stdin".to_owned());
        thread.spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            let _ = ask.send(Ok(()));
        })?;
    }
    on_stop_request(move || {
        // It fails where the end of stdin came first.
        let _ = ask.send(Ok(()));
    })?;
    Ok(Stops { ask: lost, asked })
}

/// The services to serve, each once.
fn chosen(args: &ServeArgs, fixtures: &Fixtures) -> BTreeSet<String> {
    let mut services: BTreeSet<String> = fixtures.keys().cloned().collect();
    if args.service.is_empty() && fixtures.is_empty() {
        services.extend(answers::SERVICES.map(str::to_owned));
    }
    services.extend(args.service.iter().map(ToString::to_string));
    services
}

fn providers(
    services: &BTreeSet<String>,
    plan: &Plan,
    mut fixtures: Fixtures,
    host: Option<&Arc<Host>>,
) -> Result<Vec<Box<dyn Provider>>, Failed> {
    let provider = |service: &String| {
        if let Some((schema, data)) = fixtures.remove(service) {
            return Ok(plan.untyped_provider(schema, data));
        }
        code::provider(plan, service, host).ok_or_else(|| {
            let sentence = format!("there is nothing to serve {service} from");
            Failed::new(Exit::Failed, sentence)
        })
    };
    services.iter().map(provider).collect()
}

/// Runs everything, waits for `stop`, and lets go in good order.
fn serve_until(
    providers: &[Box<dyn Provider>],
    refresher: Option<Refresher>,
    supervisor: &Supervisor,
    stop: &Stops,
) -> Result<(), Failed> {
    thread::scope(|scope| {
        let (end_refresher, refresher_ended) = mpsc::channel();
        let mut ended = start(scope, providers, &stop.ask, refresher, refresher_ended);
        let (end_watchdog, watchdog_ended) = mpsc::channel::<()>();
        if ended.is_ok() {
            announce();
            supervisor.notify("READY=1");
            scope.spawn(move || supervisor.watch(&watchdog_ended));
            // An error would mean that nobody can ask any more.
            ended = stop.asked.recv().unwrap_or(Ok(()));
            supervisor.notify("STOPPING=1");
        }
        drop((end_refresher, end_watchdog));
        let deadline = Instant::now() + DRAIN;
        for provider in providers {
            provider.drain(deadline.saturating_duration_since(Instant::now()));
        }
        ended
    })
}

fn start<'s>(
    scope: &'s Scope<'s, '_>,
    providers: &'s [Box<dyn Provider>],
    stop: &mpsc::Sender<Stop>,
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
        let stop = stop.clone();
        let run = move || {
            if let Err(lost) = provider.run() {
                // What is lost while it stops anyway is no news.
                let _ = stop.send(Err(lost));
            }
        };
        spawn("netipc-accept", Box::new(run))?;
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
