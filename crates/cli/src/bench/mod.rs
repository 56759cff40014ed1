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
use netipc_bench::{
    BenchError, Case, Effort, Outcome, Plan, Program, Row, STOP, Scenario, Transport, floors,
    report,
};
use strum::VariantNames;

use crate::args::seconds;
use crate::exit::{self, Exit, Failed};
use crate::json::Stamped;
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
  enricher        looks at 10000 keys that are known (hit) or wait to be asked (miss), and rounds
                  in which 1 % of those that are kept give way to new ones (step)
  item            every item of a reply, or every label of its items, after the call
  answer          answers of 64 KiB and 1 MiB to short questions, on a bare session
  connect         connect, handshake and close
  limits          what the machine itself allows; measured whenever something is held against it

Programs given with --peer do the same beside this one: each of them, and this one, asks each \
other in ping, batch, pipeline, snapshot, lookup and cache, over everything, as fast as possible and \
at fixed rates. A row `ping shm client c-go` is c asking go; without a second name, this program \
answers. OF OURS is the median of what a client reached of ours with the same server. What a program \
says it does not do is left out; with --matrix, c and go have to be there, and everything has to be \
done. docs/cli.md tells what such a program has to do.

OF LIMIT is the share of a raw row, OF DEPLOYED that of a raw row that does what a deployed peer \
cannot do without, and OF REGION what a ring reached of a region of profile 0x02: all are measured \
right before each run, under the same load.

Every answer is checked. A row that could not be measured, or whose figures cannot be, is told at the \
end, and so is a row below its floor with --floors; the program then ends with 1. CPU is the \
processors that client + server keep busy; system calls and context switches are those of both for \
each operation, and system calls are known only where tracefs is mounted and readable. In JSON, rows \
are objects; with several runs, figures are medians and `min` and `max` are of the throughput.

Examples:
  netipc bench --quick
  netipc bench --scenario ping,snapshot --transport shm
  netipc bench --runs 5 --report /tmp/report --json > rows.json";

/// Arguments of `bench`.
#[derive(clap::Args, Debug)]
#[command(after_long_help = DETAILS)]
pub(crate) struct BenchArgs {
    /// What to measure [default: everything]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = one_of::<Scenario>())]
    scenario: Vec<Scenario>,

    /// What carries the data [default: everything]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = transport())]
    transport: Vec<Transport>,

    /// Operations a second of ping, batch, snapshot and lookup; 0 is as many as possible
    /// [default: 1000,10000,100000,0 for ping and in the matrix, else 0]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    rate: Vec<u32>,

    /// Only rows whose name has this in it, as in `codec cgroups 16`; may be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,

    /// Programs that ask, and answer, beside this one
    #[arg(long, value_name = "NAME=PROGRAM", value_delimiter = ',')]
    peer: Vec<Program>,

    /// Only the complete matrix of this program and the peers c and go
    #[arg(long)]
    matrix: bool,

    /// Fails where a row has fallen below its floor, a share of its limit
    #[arg(long)]
    floors: bool,

    /// Runs of each row, of which the median counts [default: 3; quick: 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=100))]
    runs: Option<u32>,

    /// Seconds that a run is measured; fractions are fine [default: 1; quick: 0.16]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    duration: Option<Duration>,

    /// Seconds before a run that do not count [default: 0.2; quick: 0.04]
    #[arg(long, value_name = "SECS", value_parser = seconds)]
    warm_up: Option<Duration>,

    /// Everything in less than two minutes, or eight with peers, for a first look
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
    task: Option<String>,
}

/// Measures, and prints what came out.
pub(crate) fn run(args: &BenchArgs) -> ExitCode {
    let done = match &args.task {
        Some(task) => netipc_bench::run_task(task).map_err(|error| failed(&error)),
        None => measure_all(args),
    };
    exit::report(done)
}

fn measure_all(args: &BenchArgs) -> Result<(), Failed> {
    let plan = args.plan()?;
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
    on_stop_request(|| STOP.store(true, Ordering::Relaxed))
        .map_err(exit::cannot_wait_for_a_stop)?;
    let mut progress = Progress::new(cases.len());
    let outcome = netipc_bench::run(&plan, &mut |row| progress.show(row));
    progress.end();
    let outcome = outcome.map_err(|error| failed(&error))?;
    if let Some(caveat) = netipc_bench::caveat() {
        exit::to_stderr(&format_args!("caution: {caveat}"));
    }
    // First of all: a page that cannot be written does not take the figures along.
    print(&args.shown(&outcome.rows)?)?;
    if let Some(dir) = &args.report {
        let page = report::write(dir, &outcome, &command())
            .map_err(|error| Failed::caused_by(Exit::Failed, &error))?;
        if args.json {
            exit::to_stderr(&format_args!("report: {}", page.display()));
        } else {
            print(&format!("\nReport: {}\n", page.display()))?;
        }
    }
    args.judge(&outcome)
}

impl BenchArgs {
    /// Whether all of it is as it has to be.
    fn judge(&self, outcome: &Outcome) -> Result<(), Failed> {
        if let Some((row, error)) = outcome.missing.first() {
            let more = match outcome.missing.len() - 1 {
                0 => String::new(),
                more => format!("; {more} more are missing"),
            };
            let why = format!("{row}: {}{more}", netipc::chain(error));
            return Err(Failed::new(exit_of(error), why));
        }
        match floors::fallen(&outcome.rows) {
            fallen if self.floors && !fallen.is_empty() => {
                Err(Failed::new(Exit::Failed, fallen.join("; ")))
            }
            _ => Ok(()),
        }
    }

    fn plan(&self) -> Result<Plan, Failed> {
        let names = |name: &str| self.peer.iter().any(|program| program.name == name);
        if self.matrix && !(names("c") && names("go")) {
            let why = "the matrix needs --peer c=PROGRAM,go=PROGRAM";
            return Err(Failed::new(Exit::Usage, why));
        }
        let usual = if self.quick {
            Effort::QUICK
        } else {
            Effort::FULL
        };
        Ok(Plan {
            scenarios: self.scenario.clone(),
            transports: self.transport.clone(),
            rates: self.rate.clone(),
            only: self.only.clone(),
            peers: self.peer.clone(),
            matrix: self.matrix,
            effort: Effort {
                warm_up: self.warm_up.unwrap_or(usual.warm_up),
                measured: self.duration.unwrap_or(usual.measured),
                runs: self.runs.unwrap_or(usual.runs),
            },
            quick: self.quick,
        })
    }

    fn shown(&self, rows: &[Row]) -> Result<String, Failed> {
        if self.json {
            let rows: Vec<_> = rows.iter().map(Stamped::now).collect();
            serde_json::to_string_pretty(&rows)
                .map(|json| json + "\n")
                .map_err(|error| Failed::caused_by(Exit::Failed, &error))
        } else {
            Ok(netipc_bench::tables(rows))
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
        [
            Transport::Socket,
            Transport::Shm,
            Transport::Futex,
            Transport::Ring,
        ]
        .map(Transport::name),
    )
    .try_map(|name| name.parse::<Transport>())
}
