//! The matrix for people and machines.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use netipc_interop::case::Door;
use netipc_interop::language::Peers;
use netipc_interop::plan;
use netipc_interop::platform::{PLATFORMS, Platform};
use netipc_interop::report::Report;
use netipc_interop::run::{self, Outcome};

use crate::Cli;

/// Tries the cells that the command line asks for.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let Some(platform) = Platform::named(&cli.platform) else {
        let known = PLATFORMS.each_ref().map(|platform| platform.name);
        eprintln!(
            "netipc-interop: {:?} is none of the platforms {}",
            cli.platform,
            known.join(", ")
        );
        return ExitCode::FAILURE;
    };
    let mut cells = plan::cells(platform, &cli.only);
    if cli.bridge.is_some() {
        cells.retain(|cell| cell.door == Door::Open && cell.case.crosses_hosts());
    }
    if cells.is_empty() {
        eprintln!(
            "netipc-interop: no cell has {} in its name: see --list",
            cli.only.join(" or ")
        );
        return ExitCode::FAILURE;
    }
    if cli.list {
        let names: String = cells.iter().map(|cell| format!("{cell}\n")).collect();
        return print(&names);
    }
    let began = Instant::now();
    let peers = Peers::of(platform).between(cli.bridge.clone());
    let live = io::stderr().is_terminal();
    let see = |outcome: &Outcome| {
        if live {
            eprint!("\r\x1b[K{}\r", outcome.cell);
        }
    };
    let report = Report::new(&cells, &run::run(&cells, &peers, cli.jobs, see));
    if live {
        eprint!("\r\x1b[K");
    }
    let text = match cli.json {
        true => report.json(),
        false => {
            let (table, failures) = (report.table(), report.failures());
            let (total, failed) = (report.total(), report.failed());
            let seconds = began.elapsed().as_secs_f64();
            let skipped = platform.no_leftovers.map(|why| format!("SKIPPED {why}\n"));
            let skipped = skipped.unwrap_or_default();
            format!(
                "{table}\n{failures}{skipped}cells: {} passed; {failed} failed; in {seconds:.1} s\n",
                total - failed
            )
        }
    };
    match report.is_green() {
        true => print(&text),
        false => {
            print(&text);
            ExitCode::FAILURE
        }
    }
}

/// A reader that went away is no failure of the matrix.
fn print(text: &str) -> ExitCode {
    let _ = io::stdout().lock().write_all(text.as_bytes());
    ExitCode::SUCCESS
}
