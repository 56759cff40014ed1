//! `netipc doctor`: everything that can be wrong, in order, with the evidence and what to do.

mod checks;
mod finding;
mod nearby;
mod probe;
mod provider;
mod shm;
mod system;
mod tidy;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use netipc::untyped::stats_service;

use crate::args::profile_name;
use crate::exit::{self, Exit, Failed};
use crate::inspect::{self, Survey};
use crate::json::{self, Stamped};
use crate::schema::read_all;
use crate::serve::check_data;
use crate::token::TokenArgs;
use finding::{Cause, Finding, Report};

const DETAILS: &str = "\
It goes from the outside in: data files, run directories, what servers left behind, who serves, the handshake, one call. Each finding is a \
line with its cause, then the evidence, and after `->` what to do. Problems end it with an exit code, warnings do not.

A provider is connected to over the socket, asked once (a lookup without keys, a number, a text), and left. Shared memory is tried \
only with --profiles: deployed servers in Rust and Go do not notice that a client has left it, and lose a worker.

--fix lists what is provably stale, sockets that nobody listens at and regions whose process has gone, and removes it then, as the next \
server would: under the lock of the start, after asking once more. With --json it is listed in `findings`, with what became of it.

Examples:
  netipc doctor
  netipc doctor cgroups-snapshot --netdata
  netipc doctor cgroups-snapshot --run-dir /run/agent --auth-token-file token --json
  netipc doctor --data snapshot.json
  netipc doctor --fix

The exit code is that of the first problem:
   0  no problem
   1  run directory, file system, handler, or the system
   2  a name, a path, a token or a data file is not valid
   3  nobody serves: missing, misspelt or stale
   4  token or user refused
   5  another version, or no profile in common
   6  the provider does not answer: stopped, hung, or its listener is held by somebody else
   7  answers that break the protocol or the schema
   8  no session: every one is taken
   9  the server's limits are below what was asked for";

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[command(after_help = "See --help for what is done, examples and exit codes.", after_long_help = DETAILS)]
pub(crate) struct DoctorArgs {
    /// Looks at this service alone
    service: Option<String>,

    /// Directory of endpoints; may be repeated [default: all usual ones]
    #[arg(long, value_name = "DIR")]
    run_dir: Vec<PathBuf>,

    /// Takes run directories and tokens of a Netdata agent
    #[arg(long)]
    netdata: bool,

    #[command(flatten)]
    token: TokenArgs,

    /// What to offer in the handshake
    #[arg(
        long,
        value_name = "LIST",
        value_parser = profile_name(),
        value_delimiter = ',',
        default_value = "baseline"
    )]
    profiles: Vec<u32>,

    /// Data file of `serve` to check; may be repeated
    #[arg(long, value_name = "FILE")]
    data: Vec<PathBuf>,

    /// What a service is, for one that the program was built without; may be repeated
    #[arg(long, value_name = "FILE.toml")]
    schema: Vec<PathBuf>,

    /// Milliseconds that a handshake and a call may take before they are slow
    #[arg(long, value_name = "MS", default_value = "250")]
    slow: u32,

    /// Milliseconds after which a provider that says nothing is given up
    #[arg(long, value_name = "MS", default_value = "3000")]
    timeout: u32,

    /// Removes what is provably stale, after listing it
    #[arg(long)]
    fix: bool,

    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl DoctorArgs {
    fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout.into())
    }

    fn slow(&self) -> Duration {
        Duration::from_millis(self.slow.into())
    }

    fn profile_bits(&self) -> u32 {
        self.profiles.iter().fold(0, |all, bits| all | bits)
    }

    /// Whether a service is one to look at, or the statistics of one.
    fn is_wanted(&self, service: &str) -> bool {
        self.service
            .as_deref()
            .is_none_or(|wanted| wanted == service || stats_service(wanted) == service)
    }
}

/// Looks, prints what it found, and ends as that says.
pub(crate) fn run(args: &DoctorArgs) -> ExitCode {
    match examine(args) {
        Ok(Some(exit)) => ExitCode::from(exit as u8),
        Ok(None) => ExitCode::SUCCESS,
        Err(failed) => exit::report(Err(failed)),
    }
}

fn examine(args: &DoctorArgs) -> Result<Option<Exit>, Failed> {
    // Without them less would be looked at, in silence.
    read_all(&args.schema)?;
    let mut report = Report::default();
    data_files(args, &mut report);
    if args.data.is_empty() || args.service.is_some() || !args.run_dir.is_empty() {
        let run_dirs = run_dirs(args);
        let survey = match inspect::look(&run_dirs) {
            Ok(survey) => survey,
            Err(failed) => {
                report.add(Finding::new(Cause::NotSeen, failed.to_string()));
                Survey::default()
            }
        };
        let has_token = token(args, &mut report);
        checks::run_dirs(args, &survey, &mut report);
        checks::missing_service(args, &survey, &mut report);
        for dir in &survey.run_dirs {
            checks::leftovers(args, dir, &mut report);
            for endpoint in dir
                .endpoints
                .iter()
                .filter(|one| has_token && args.is_wanted(&one.service))
            {
                provider::examine(args, dir, endpoint, &mut report);
            }
        }
        for what in survey.unseen {
            report.add(Finding::new(Cause::NotSeen, what));
        }
    }
    exit::printed(finish(args, &mut report))?;
    Ok(report.exit())
}

/// Tells what was found, and removes what is stale where that is wanted; nothing is removed that could not be listed before.
fn finish(args: &DoctorArgs, report: &mut Report) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if args.json {
        if args.fix {
            tidy::remove(report);
        }
        json::print(&Stamped::now(&*report), &mut out)?;
        return out.flush();
    }
    report.print_findings(&mut out)?;
    if args.fix {
        report.print_stale(&mut out)?;
        out.flush()?;
        tidy::remove(report);
    }
    report.print_end(&mut out)?;
    out.flush()
}

fn data_files(args: &DoctorArgs, report: &mut Report) {
    for file in &args.data {
        if let Err(failed) = check_data(&args.schema, file) {
            let finding = Finding::new(Cause::DataFileInvalid, failed.sentence().to_owned());
            report.add(
                finding.advice(
                    "correct that field: docs/services has fields and rules of each service",
                ),
            );
        } else {
            report.healthy(format!("data file {}", file.display()));
        }
    }
}

/// Whether the token that was given, if one was, can be said.
fn token(args: &DoctorArgs, report: &mut Report) -> bool {
    let token = args.token.token();
    if let Err(failed) = &token {
        report.add(Finding::new(
            Cause::TokenInvalid,
            failed.sentence().to_owned(),
        ));
    }
    token.is_ok()
}

fn run_dirs(args: &DoctorArgs) -> Vec<PathBuf> {
    let mut run_dirs = args.run_dir.clone();
    if args.netdata {
        run_dirs.extend(inspect::agents_run_dirs());
    } else if run_dirs.is_empty() {
        run_dirs = inspect::usual_run_dirs();
    }
    run_dirs
}
