//! The `netipc` program.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod call;
mod decode;
mod demo;
mod describe;
mod doctor;
mod exit;
mod harmless;
mod inspect;
mod ls;
mod netdata;
mod ping;
mod plain;
mod platform;
mod profile;
mod schema;
mod serve;
mod status;
mod terminal;
mod token;

use std::env;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let Cli { verbose, command } = Cli::parse();
    log_to_stderr(verbose, &command);
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => exit::report(serve::run(&args)),
        Command::Call(args) => exit::report(call::run(&args)),
        Command::Ls(args) => exit::report(ls::run(&args)),
        Command::Doctor(args) => doctor::run(&args),
        Command::Ping(args) => exit::report(ping::run(&args)),
        Command::Describe(args) => exit::report(describe::run(&args)),
        Command::Status(args) => exit::report(status::run(&args)),
        Command::Decode(args) => decode::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Schema(args) => exit::report(schema::run(&args)),
    }
}

/// Shows, serves and asks NetIPC services: typed questions between the plugins of a monitoring
/// agent on one host.
#[derive(Parser)]
#[command(name = "netipc", version)]
struct Cli {
    /// Tells on stderr what happens; twice tells more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows every service at work on this machine
    Demo(demo::DemoArgs),
    /// Provides services until it is asked to stop
    Serve(serve::ServeArgs),
    /// Asks a service once
    Call(call::CallArgs),
    /// Shows every endpoint: who serves it, who is connected, and what carries each session
    Ls(ls::LsArgs),
    /// Looks for everything that can be wrong, and says what to do
    Doctor(doctor::DoctorArgs),
    /// Measures round trips of a live provider, without harm
    Ping(ping::PingArgs),
    /// Reads the statistics of a live provider
    Status(status::StatusArgs),
    /// Tells what a service is: its kind, fields and rules
    Describe(describe::DescribeArgs),
    /// Reads captured bytes as messages, and tells what breaks a rule
    Decode(decode::DecodeArgs),
    /// Measures how fast it is on this machine
    Bench(bench::BenchArgs),
    /// Checks schemas of services, and makes what follows from them
    Schema(schema::SchemaArgs),
}

fn log_to_stderr(verbose: u8, command: &Command) {
    let level = match (verbose, command) {
        (0, Command::Serve(_) | Command::Call(_)) => LevelFilter::WARN,
        (0, _) => LevelFilter::OFF,
        (1, _) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let wants_none = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(io::stderr().is_terminal() && !wants_none)
        .with_writer(|| platform::Stderr)
        .log_internal_errors(false)
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
