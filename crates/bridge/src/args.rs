//! What the program is told.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};
use netipc_bridge::config::Net;
use netipc_bridge::limits::{BYTES, Limits};

use crate::token::TokenArgs;

/// Asks services of NetIPC on other hosts, over zenoh.
#[derive(Debug, Parser)]
#[command(
    name = "netipc-bridge",
    version,
    after_help = "docs/bridge.md of the project has a walk for two hosts."
)]
pub(crate) struct Cli {
    /// Tells on stderr what happens in more detail; twice more so. Without it RUST_LOG says what to tell
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Tells it as JSON, an object a line
    #[arg(long, global = true)]
    pub(crate) log_json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Offers services of this host to others, until it is asked to stop
    Export(ExportArgs),
    /// Makes services of other hosts local endpoints, until it is asked to stop
    Import(ImportArgs),
    /// Passes questions on between hosts that do not reach one another, until it is asked to stop
    Router(RouterArgs),
    /// Shows what the bridges of a run directory do
    Status(StatusArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The directory of the services' endpoints
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: PathBuf,

    /// A service to offer; more than once for several
    #[arg(long = "service", value_name = "NAME", required = true)]
    pub(crate) services: Vec<String>,

    /// The name of this host: the common name of its certificate
    #[arg(long, value_name = "NAME")]
    pub(crate) host: String,

    /// Who may ask, by the common name of the certificate; with =SERVICE,SERVICE those only. Nobody else may
    #[arg(long = "allow", value_name = "NAME[=SERVICE,..]")]
    pub(crate) askers: Vec<String>,

    /// Answers questions to all hosts, too: `import --host '*'`
    #[arg(long)]
    pub(crate) answer_everyone: bool,

    #[command(flatten)]
    pub(crate) limits: Limits,

    #[command(flatten)]
    pub(crate) token: TokenArgs,

    #[command(flatten)]
    pub(crate) net: Net,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The directory of the endpoints that are made
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: PathBuf,

    /// A host whose services are imported; more than once for several. `*` asks all hosts a lookup
    #[arg(long = "host", value_name = "NAME", required = true)]
    pub(crate) hosts: Vec<String>,

    /// A service to import of each host; more than once for several
    #[arg(long = "service", value_name = "NAME", required = true)]
    pub(crate) services: Vec<String>,

    /// The name of the endpoint, where {service} and {host} stand for those
    #[arg(long = "as", value_name = "NAME", default_value = "{service}.{host}")]
    pub(crate) endpoint: String,

    /// The name of this side: the common name of its certificate
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,

    /// With `--host '*'`: a host whose answers are believed; more than once for several
    #[arg(long = "allow", value_name = "NAME")]
    pub(crate) believed: Vec<String>,

    /// Milliseconds that a question may take, all in all
    #[arg(long, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timeout_ms: u32,

    /// How many local clients an endpoint has at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) workers: u16,

    /// The most bytes of a request: as many as providers there take. Clients split lookups that are longer; programs that
    /// speak NetIPC without this library take 1024
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(BYTES))]
    pub(crate) request_bytes: u32,

    #[command(flatten)]
    pub(crate) token: TokenArgs,

    #[command(flatten)]
    pub(crate) net: Net,
}

#[derive(Args, Debug)]
pub(crate) struct RouterArgs {
    /// A host that exports, by the common name of its certificate
    #[arg(long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,

    /// A name that imports, by the common name of its certificate
    #[arg(long = "asker", value_name = "NAME")]
    pub(crate) askers: Vec<String>,

    /// Passes on questions to all hosts, too: `import --host '*'`
    #[arg(long)]
    pub(crate) everyone: bool,

    #[command(flatten)]
    pub(crate) net: Net,
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The directory of the bridges' endpoints
    #[arg(long, value_name = "DIR")]
    pub(crate) run_dir: PathBuf,

    /// Prints a document for machines
    #[arg(long, conflicts_with = "prometheus")]
    pub(crate) json: bool,

    /// Prints metrics in Prometheus' text format
    #[arg(long)]
    pub(crate) prometheus: bool,
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
