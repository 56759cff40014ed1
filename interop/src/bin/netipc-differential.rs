//! The `netipc-differential` program: holds the codecs of all languages against each other. It is
//! its Rust peer, too.
#![forbid(unsafe_code)]

#[path = "../../peers/rust/codec/mod.rs"]
mod codec;

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use netipc_interop::differential::{Cases, CodecPeer, Tally, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.role {
        Some(Role::Peer) => codec::run().map_err(|error| error.to_string()),
        None => differ(&cli),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("netipc-differential: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Lets Rust and Go encode and decode random messages, whole and spoilt, and compares bytes and
/// verdicts. Ends with status 1 at the first difference, and tells how to see it again.
#[derive(Parser)]
#[command(name = "netipc-differential", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// The seed of the first case; each of the others has the next one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases to try
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    cases: u64,
}

#[derive(Subcommand)]
enum Role {
    /// Is the Rust peer
    #[command(hide = true)]
    Peer,
}

fn differ(cli: &Cli) -> Result<(), String> {
    let began = Instant::now();
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let peers = CodecPeer::all(program)?;
    let cases = Cases {
        seed: cli.seed,
        count: cli.cases,
    };
    let live = io::stderr().is_terminal();
    let see = |done| {
        if live {
            eprint!("\r\x1b[K{done} cases\r");
        }
    };
    let tally: Tally = run(&peers, cases, see).map_err(|difference| difference.to_string())?;
    let seconds = began.elapsed().as_secs_f64();
    print!("{tally}");
    println!("{} cases, no difference, in {seconds:.1} s", cli.cases);
    Ok(())
}
