//! The `netipc` program.
#![forbid(unsafe_code)]

mod args;
mod asking;
mod bench;
mod call;
mod decode;
mod demo;
mod describe;
mod doctor;
mod exit;
mod harmless;
mod inspect;
mod json;
mod logging;
mod ls;
mod made;
mod netdata;
mod ping;
mod plain;
mod platform;
mod profile;
mod progress;
mod question;
mod record;
mod schema;
mod serve;
mod status;
mod terminal;
mod token;
mod top;
mod tui;
mod watch;

use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let Cli {
        verbose,
        log_json,
        command,
    } = Cli::parse();
    let usual = match command {
        Command::Serve(_) | Command::Call(_) => LevelFilter::WARN,
        _ => LevelFilter::OFF,
    };
    logging::begin(verbose, usual, log_json);
    platform::outlive_truncated_regions();
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => exit::report(serve::run(&args)),
        Command::Call(args) => exit::report(call::run(&args)),
        Command::Ls(args) => exit::report(ls::run(&args)),
        Command::Doctor(args) => doctor::run(&args),
        Command::Ping(args) => exit::report(ping::run(&args)),
        Command::Describe(args) => exit::report(describe::run(&args)),
        Command::Status(args) => exit::report(status::run(&args)),
        Command::Watch(args) => exit::report(watch::run(&args)),
        Command::Top(args) => exit::report(top::run(&args)),
        Command::Record(args) => exit::report(record::run(&args)),
        Command::Completions(args) => exit::report(made::completions(&args)),
        Command::Man(args) => exit::report(made::man(&args)),
        Command::Decode(args) => decode::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Schema(args) => exit::report(schema::run(&args)),
    }
}

/// Shows, serves and asks NetIPC services: typed questions between the plugins of a monitoring
/// agent on one host.
#[derive(Parser)]
#[command(
    name = "netipc",
    version,
    after_help = "docs/cli.md of the project shows what each command prints."
)]
struct Cli {
    /// Tells on stderr what happens; twice tells more. Without it RUST_LOG says what to tell
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,

    /// Tells it as JSON, an object a line
    #[arg(long, global = true)]
    log_json: bool,

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
    /// Watches what a service answers, and how it changes
    Watch(watch::WatchArgs),
    /// Watches every service of the run directories
    Top(top::TopArgs),
    /// Records what a service answers, for `serve --replay`
    Record(record::RecordArgs),
    /// Tells what a service is: its kind, fields and rules
    Describe(describe::DescribeArgs),
    /// Reads captured bytes as messages, and tells what breaks a rule
    Decode(decode::DecodeArgs),
    /// Measures how fast it is on this machine
    Bench(bench::BenchArgs),
    /// Checks schemas of services, and makes what follows from them
    Schema(schema::SchemaArgs),
    /// Prints what completes commands in a shell
    Completions(made::CompletionsArgs),
    /// Prints the manual page, or writes those of all commands
    Man(made::ManArgs),
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
