//! The `netipc-interop` program: tries the language matrix. It is its Rust peer, too.
#![forbid(unsafe_code)]

#[cfg(unix)]
mod matrix;
#[path = "../peers/rust/mod.rs"]
mod peer;

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.role {
        Some(Role::Peer(args)) => peer::run(args),
        #[cfg(unix)]
        None => matrix::run(&cli),
        #[cfg(not(unix))]
        None => {
            eprintln!(
                "netipc-interop: only the peer runs here: the matrix is tried from Linux, for this platform with --platform"
            );
            ExitCode::FAILURE
        }
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
    /// Tries only cells whose name, as --list prints it, has TEXT in it; given more than once, those
    /// that have one of the texts
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Builds the peers for another platform, and runs them here: windows (by cargo xtask wine) or
    /// aarch64 (by qemu-user)
    #[arg(long, value_name = "NAME", default_value = "linux")]
    platform: String,
    /// Has the program netipc-bridge between client and server, as if they were on two hosts
    #[arg(long, value_name = "PROGRAM")]
    bridge: Option<PathBuf>,
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
