//! `netipc top`: all services of run directories, and what they do now.

mod model;
mod screen;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::args::seconds;
use crate::exit::{self, Exit, Failed};
use crate::inspect::{self, Problem};
use crate::tui::{self, Pace};
use model::Look;
use screen::Top;

const DETAILS: &str = "\
Sessions, and calls over shared memory, are read from the kernel and from the regions' counters, as `netipc ls` does; nobody is asked. \
Where a provider publishes its statistics (`netipc serve --stats`), they add calls over the socket, refused clients, how long handlers \
take, and the age of the data. Calls are marked with `>=` where some sessions go over the socket and there are no statistics.

On a terminal its keys are: q quits, p pauses, / filters, s sorts, arrows and pages scroll. Where stdout is no terminal, or with --lines, \
there is a table each time. With --json each time is a line: `time` (seconds since 1970), `seconds` (since the time before), \
and `services`: `run_dir`, `service`, `life`, `pid`, `user`, `sessions`, `workers`, `shm`, `socket`, `calls_per_second`, `at_least`, `refused`, \
`handler_us` (mean of the calls since the time before), `data_age_seconds`.

Examples:
  netipc top
  netipc top --run-dir /run/agent --interval 5
  sudo netipc top --netdata
  netipc top --json --count 2";

/// Arguments of `top`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = format!("{DETAILS}\n\n{}", exit::TABLE))]
pub(crate) struct TopArgs {
    /// Directory of endpoints; may be repeated [default: all usual ones]
    #[arg(long, value_name = "DIR")]
    run_dir: Vec<PathBuf>,

    /// Looks where a Netdata agent has its endpoints
    #[arg(long)]
    netdata: bool,

    /// Seconds from one look to the next
    #[arg(short, long, value_name = "S", default_value = "2", value_parser = seconds)]
    interval: Duration,

    /// Looks so often, 0 for without end
    #[arg(short, long, value_name = "N", default_value = "0")]
    count: u32,

    /// Milliseconds that reading the statistics of a provider may take
    #[arg(long, value_name = "MS", default_value = "2000")]
    timeout: u32,

    /// Prints lines, also on a terminal
    #[arg(long)]
    lines: bool,

    /// Prints a JSON object a line
    #[arg(long)]
    json: bool,
}

/// Looks until somebody quits.
pub(crate) fn run(args: &TopArgs) -> Result<(), Failed> {
    let mut run_dirs = args.run_dir.clone();
    if args.netdata {
        run_dirs.extend(inspect::agents_run_dirs());
    } else if run_dirs.is_empty() {
        run_dirs = inspect::usual_run_dirs();
    }
    let first = inspect::look(&run_dirs)?;
    let is_missing = |dir: &inspect::RunDir| dir.problem == Some(Problem::Missing);
    if first.run_dirs.iter().all(is_missing) {
        let sentence = "no run directory is there: give --run-dir";
        return Err(Failed::new(Exit::NotFound, sentence));
    }
    let pace = Pace {
        interval: args.interval,
        count: args.count,
    };
    let timeout = Duration::from_millis(args.timeout.into());
    tui::follow(Top::new(args.json), pace, args.lines || args.json, |_| {
        let survey = inspect::look(&run_dirs)?;
        Ok(Look::of(&survey, Instant::now(), timeout))
    })
}
