//! The `netipc-interop` program: tries the language matrix. It is its Rust peer, too.
#![forbid(unsafe_code)]

#[path = "../peers/rust/mod.rs"]
mod peer;

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use netipc_interop::language::Peers;
use netipc_interop::plan;
use netipc_interop::report::Report;
use netipc_interop::run::{Outcome, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.role {
        Some(Role::Peer(args)) => peer::run(args),
        None => try_matrix(&cli),
    }
}

/// Tries every language as client and as server of every other, over every transport. Ends with
/// status 1 unless every cell is green.
#[derive(Parser)]
#[command(name = "netipc-interop", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// Prints a document for machines
    #[arg(long)]
    json: bool,
    /// Tries only cells whose name, as --list prints it, has TEXT in it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    only: String,
    /// Prints the names of the cells and tries nothing
    #[arg(long)]
    list: bool,
    /// How many cells to try at the same time
    #[arg(long, value_name = "N", default_value = "8")]
    jobs: NonZero<usize>,
}

#[derive(Subcommand)]
enum Role {
    /// Is the Rust peer
    #[command(subcommand, hide = true)]
    Peer(peer::Role),
}

fn try_matrix(cli: &Cli) -> ExitCode {
    let cells = plan::cells(&cli.only);
    if cells.is_empty() {
        eprintln!(
            "netipc-interop: no cell has {:?} in its name: see --list",
            cli.only
        );
        return ExitCode::FAILURE;
    }
    if cli.list {
        let names: String = cells.iter().map(|cell| format!("{cell}\n")).collect();
        return print(&names);
    }
    let began = Instant::now();
    let peers = match std::env::current_exe() {
        Ok(program) => Peers::new(program),
        Err(error) => {
            eprintln!("netipc-interop: cannot tell which program is the Rust peer: {error}");
            return ExitCode::FAILURE;
        }
    };
    let live = io::stderr().is_terminal();
    let see = |outcome: &Outcome| {
        if live {
            eprint!("\r\x1b[K{}\r", outcome.cell);
        }
    };
    let report = Report::new(&cells, &run(&cells, &peers, cli.jobs, see));
    if live {
        eprint!("\r\x1b[K");
    }
    let text = match cli.json {
        true => report.json(),
        false => {
            let (table, failures) = (report.table(), report.failures());
            let (total, failed) = (report.total(), report.failed());
            let seconds = began.elapsed().as_secs_f64();
            format!("{table}\n{failures}{total} cells, {failed} failed, in {seconds:.1} s\n")
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
