//! `netipc bench`: how fast it is on this machine, beside what the machine allows.

mod progress;

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::value_parser;
use netipc_bench::effort::Effort;
use netipc_bench::error::BenchError;
use netipc_bench::foreign::Program;
use netipc_bench::plan::{Case, Plan};
use netipc_bench::{Row, Scenario, Transport, measure, peer, report, run, table};
use strum::VariantNames;

use crate::args::seconds;
use crate::exit::{self, Exit, Failed};
use crate::platform::on_stop_request;
use progress::Progress;

const DETAILS: &str = "\
Client and server are two processes of this program. Scenarios:

  ping            one INCREMENT at a time; also at fixed rates, with both sides sleeping at once
                  (blocking), and on a busy machine
  batch           batches of 2 to 1000 INCREMENTs
  pipeline        16 INCREMENTs under way at once
  pipeline-batch  16 batches under way at once
  snapshot        typed snapshots of 16, 1000 and 10000 cgroups
  lookup          typed lookups of 1 to 32768 keys, known, unknown and mixed
  codec           the same without transport: encode, dispatch, decode
  cache           lookups of every cached item, each with a guard of its own or all with one
                  (pinned), while tables are swapped (refreshed) or not
  item            every item of a reply, or every label of its items, after the call
  connect         connect, handshake and close
  limits          what the machine itself allows; measured whenever something is held against it

Programs given with --client ask the same server for the same, in turn with this one, run after \
run: OF OURS is the median of what they reached of ours. They take part in ping, batch, pipeline, \
snapshot, lookup, cache and item, on a quiet machine, as fast as possible.

Every answer is checked; a wrong one ends the run. CPU is the processors that client + server keep \
busy; system calls and context switches are those of both for each operation, and system calls are \
known only where tracefs is mounted and readable. In JSON, rows are objects; with several runs, \
figures are medians and `min` and `max` are of the throughput.";

/// Arguments of `bench`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub(crate) struct BenchArgs {
    /// What to measure [default: everything]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = one_of::<Scenario>())]
    scenario: Vec<Scenario>,

    /// What carries the data [default: both]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = transport())]
    transport: Vec<Transport>,

    /// Operations a second of ping, batch, snapshot and lookup; 0 is as many as possible
    /// [default: 1000,10000,100000,0 for ping, else 0]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    rate: Vec<u32>,

    /// Only rows whose name has this in it, as in `codec cgroups 16`; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,

    /// Programs that are measured beside this one, in the rows that they can take part in
    #[arg(long, value_name = "NAME=PROGRAM", value_delimiter = ',')]
    client: Vec<Program>,

    /// Runs of each row, of which the median counts [default: 3; quick: 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    runs: Option<u32>,

    /// Seconds that a run is measured; fractions are fine [default: 1; quick: 0.35]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    duration: Option<Duration>,

    /// Seconds before a run that do not count [default: 0.2; quick: 0.1]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    warm_up: Option<Duration>,

    /// Everything in less than two minutes, for a first look
    #[arg(long)]
    quick: bool,

    /// Prints one JSON array at the end and nothing else
    #[arg(long)]
    json: bool,

    /// Writes a Markdown page with plots into this directory, too
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Names the rows, but for the limits, and measures nothing
    #[arg(long, conflicts_with_all = ["json", "report"])]
    list: bool,

    /// Becomes the other end of a benchmark
    #[arg(long, value_name = "JSON", hide = true)]
    peer: Option<String>,
}

/// Measures, and prints what came out.
pub(crate) fn run(args: &BenchArgs) -> ExitCode {
    let done = match &args.peer {
        Some(task) => peer::run_peer(task).map_err(|error| failed(&error)),
        None => measure_all(args),
    };
    exit::report(done)
}

fn measure_all(args: &BenchArgs) -> Result<(), Failed> {
    let plan = args.plan();
    if plan.is_empty() {
        let why = "no row is like that; `netipc bench --list` names them";
        return Err(Failed::new(Exit::Usage, why));
    }
    let cases = plan.cases();
    if args.list {
        let rows = cases.iter().flat_map(Case::rows);
        let names = rows.map(|row| format!("{}\n", row.name()));
        return print(&names.collect::<String>());
    }
    if let Some(dir) = &args.report {
        make_place(dir)?;
    }
    on_stop_request(|| measure::stop_flag().store(true, Ordering::Relaxed))
        .map_err(exit::cannot_wait_for_a_stop)?;
    let mut progress = Progress::new(cases.len());
    let mut measured = String::new();
    let rows = run::run(&plan, &mut |row| {
        row.clone_into(&mut measured);
        progress.show(row);
    });
    progress.end();
    let rows = rows.map_err(|error| failed_at(&measured, &error))?;
    if let Some(caveat) = netipc_bench::caveat() {
        exit::to_stderr(&format_args!("caution: {caveat}"));
    }
    // First of all: a page that cannot be written does not take the figures along.
    print(&args.shown(&rows)?)?;
    let Some(dir) = &args.report else {
        return Ok(());
    };
    let page = report::write(dir, &rows, &command())
        .map_err(|error| Failed::caused_by(Exit::Failed, &error))?;
    if args.json {
        exit::to_stderr(&format_args!("report: {}", page.display()))
    } else {
        print(&format!("\nReport: {}\n", page.display()))?
    }
    Ok(())
}

impl BenchArgs {
    fn plan(&self) -> Plan {
        let usual = if self.quick {
            Effort::QUICK
        } else {
            Effort::FULL
        };
        Plan {
            scenarios: self.scenario.clone(),
            transports: self.transport.clone(),
            rates: self.rate.clone(),
            only: self.only.clone(),
            clients: self.client.clone(),
            effort: Effort {
                warm_up: self.warm_up.unwrap_or(usual.warm_up),
                measured: self.duration.unwrap_or(usual.measured),
                runs: self.runs.unwrap_or(usual.runs),
            },
            quick: self.quick,
        }
    }

    fn shown(&self, rows: &[Row]) -> Result<String, Failed> {
        if self.json {
            serde_json::to_string_pretty(rows)
                .map(|json| json + "\n")
                .map_err(|error| Failed::caused_by(Exit::Failed, &error))
        } else {
            Ok(table::tables(rows))
        }
    }
}

/// Makes `dir`, and finds out whether files can be written there, before minutes are spent on them.
fn make_place(dir: &Path) -> Result<(), Failed> {
    let made = fs::create_dir_all(dir).and_then(|()| tempfile::tempfile_in(dir));
    made.map(drop).map_err(|error| {
        let why = format!("cannot write a report into {}: {error}", dir.display());
        Failed::new(Exit::Failed, why)
    })
}

fn print(text: &str) -> Result<(), Failed> {
    exit::printed(io::stdout().write_all(text.as_bytes()))
}

/// What the user has typed, about.
fn command() -> String {
    let arguments = std::env::args().skip(1);
    ["netipc".to_owned()]
        .into_iter()
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Calling it off has nothing to do with the row that is measured just then.
fn failed_at(row: &str, error: &BenchError) -> Failed {
    match error {
        BenchError::Interrupted => failed(error),
        error => Failed::new(exit_of(error), format!("{row}: {}", netipc::chain(error))),
    }
}

fn failed(error: &BenchError) -> Failed {
    Failed::caused_by(exit_of(error), error)
}

const fn exit_of(error: &BenchError) -> Exit {
    match error {
        BenchError::Task(_) => Exit::Usage,
        BenchError::Open(error) => Exit::of_open(error),
        BenchError::Serve(error) => Exit::of_serve(error),
        _ => Exit::Failed,
    }
}

/// Takes the name of a variant of `T`.
fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: VariantNames + FromStr<Err: Error + Send + Sync> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(T::VARIANTS).try_map(|name| name.parse::<T>())
}

/// Takes the name of a transport.
fn transport() -> impl TypedValueParser<Value = Transport> {
    PossibleValuesParser::new(
        [Transport::Socket, Transport::Shm, Transport::Ring].map(Transport::name),
    )
    .try_map(|name| name.parse::<Transport>())
}
