//! The program `netipc-bridge`: services of other hosts, over zenoh.

mod args;
mod end_unix;
mod logging;
mod run;
mod token;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::begin(cli.verbose, cli.log_json);
    // A peer that truncates a region, which it shares with us, ends that session and nothing else.
    if let Err(error) = netipc::transport::handle_sigbus() {
        tracing::debug!(%error, "a peer that truncates a region will end this process");
    }
    match run::run(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("netipc-bridge: {}", netipc::chain(&error));
            ExitCode::from(error.exit_status())
        }
    }
}
