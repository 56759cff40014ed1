//! `netipc ls`: every endpoint of the run directories, and who uses it.

mod text;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use crate::exit::{self, Exit, Failed};
use crate::inspect::{self, Problem, Survey};
use crate::json::{self, Stamped};
use crate::plain::plain;

const DETAILS: &str = "\
Without --run-dir it looks into those of NETIPC_RUN_DIR, /run/netipc, $XDG_RUNTIME_DIR/netipc, NETDATA_RUN_DIR, \
/run/netdata, /var/run/netdata and /tmp/netdata that are there.

Nobody is disturbed: sockets, processes and their memory maps are read from the kernel. Only where it lists no \
listener for a socket, as for one in another network namespace, is there one connection, which is closed at once. \
What may not be seen, as processes of other users, is said; root sees all.

An endpoint is live (somebody listens), stale (its server has gone and left the socket) or unknown. A session over shared memory is \
shown with the room of a request and of an answer, and with the messages that were published in each direction so far; one that still \
waits to be accepted is marked. A region is orphaned when the process that made it has gone.

Examples:
  netipc ls
  netipc ls --run-dir /run/agent --json
  sudo netipc ls --netdata

Exit codes:
   0  done
   1  failed: a run directory cannot be read, or the system does not tell
   3  not found: none of the run directories is there";

/// Arguments of `ls`.
#[derive(Args, Debug)]
#[command(after_help = "See --help for what is shown, examples and exit codes.", after_long_help = DETAILS)]
pub(crate) struct LsArgs {
    /// Directory of endpoints; may be repeated [default: all usual ones]
    #[arg(long, value_name = "DIR")]
    run_dir: Vec<PathBuf>,

    /// Looks where a Netdata agent has its endpoints
    #[arg(long)]
    netdata: bool,

    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Looks, and prints what is there.
pub(crate) fn run(args: &LsArgs) -> Result<(), Failed> {
    let mut run_dirs = args.run_dir.clone();
    if args.netdata {
        run_dirs.extend(inspect::agents_run_dirs());
    } else if run_dirs.is_empty() {
        run_dirs = inspect::usual_run_dirs();
    }
    let mut survey = inspect::look(&run_dirs)?;
    let missing = |dir: &inspect::RunDir| dir.problem == Some(Problem::Missing);
    if survey.run_dirs.iter().all(missing) {
        return Err(nothing_there(&run_dirs));
    }
    let is_given = |dir: &inspect::RunDir| args.run_dir.contains(&dir.path);
    survey.run_dirs.retain(|dir| is_given(dir) || !missing(dir));
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if args.json {
        json::print(&Stamped::now(&survey), &mut out)
    } else {
        text::print(&survey, &mut out)
    };
    exit::printed(printed.and_then(|()| out.flush()))?;
    unreadable(&survey).map_or(Ok(()), Err)
}

fn nothing_there(run_dirs: &[PathBuf]) -> Failed {
    let places: Vec<_> = run_dirs
        .iter()
        .map(|dir| plain(&dir.to_string_lossy()))
        .collect();
    let sentence = format!(
        "no run directory is there: looked for {}",
        places.join(", ")
    );
    Failed::new(Exit::NotFound, sentence)
}

/// The failure for a run directory that cannot be read.
fn unreadable(survey: &Survey) -> Option<Failed> {
    survey.run_dirs.iter().find_map(|dir| {
        let why = match dir.problem.as_ref()? {
            Problem::Missing => return None,
            Problem::NotADirectory => "it is no directory",
            Problem::Unreadable(why) => why,
        };
        let path = plain(&dir.path.to_string_lossy());
        let sentence = format!("cannot read the run directory {path}: {why}");
        Some(Failed::new(Exit::Failed, sentence))
    })
}
