//! The Rust peer: serves what every peer serves, and checks what every peer checks.

mod ask;
mod calls;
mod check;
mod door;
mod enricher;
mod lives;
mod serve;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use netipc::protocol::PROFILE_BASELINE;
use netipc::{ClientConfig, ServerConfig};
use netipc_interop::data::Snapshot;

pub(crate) use check::Check;
pub(crate) use serve::Kind;

/// What a peer is for.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Serves until the input ends.
    Serve {
        /// What it serves.
        kind: Kind,
        /// How.
        #[command(flatten)]
        options: Options,
    },
    /// Asks, and tells whether the answers are right.
    Check {
        /// What it checks.
        check: Check,
        /// How.
        #[command(flatten)]
        options: Options,
    },
    /// Asks whenever it is told, until the input ends.
    Ask {
        /// What it asks.
        kind: Kind,
        /// How.
        #[command(flatten)]
        options: Options,
    },
}

/// What both roles are told; where an option comes twice, the last one counts.
#[derive(Args, Clone)]
#[command(args_override_self = true)]
pub(crate) struct Options {
    #[arg(long)]
    run_dir: PathBuf,
    #[arg(long)]
    service: String,
    #[arg(long)]
    token: u64,
    /// The profile that sessions must select.
    #[arg(long)]
    profile: u32,
    #[arg(long, default_value_t = 8)]
    workers: usize,
    #[arg(long, default_value_t = 0)]
    max_response: u32,
    #[arg(long, default_value_t = 7)]
    generation: u64,
    #[arg(long, default_value_t = 0)]
    items: u32,
    #[arg(long, default_value_t = 0)]
    path_len: usize,
    #[arg(long, default_value_t = 1)]
    count: u32,
    #[arg(long, default_value_t = 0)]
    first: u32,
    #[arg(long, default_value_t = 1)]
    window: usize,
    #[arg(long, default_value_t = 0)]
    stuck_on: u64,
    #[arg(long, default_value_t = 0)]
    door: u8,
    /// More than the usual 30 s, for emulated peers on a busy machine.
    #[arg(long, default_value_t = 120_000)]
    timeout: u32,
}

impl Options {
    /// Offers the baseline, too, and prefers what must be selected.
    fn client_config(&self) -> ClientConfig {
        ClientConfig {
            supported_profiles: PROFILE_BASELINE | self.profile,
            preferred_profiles: self.profile,
            max_response_payload_bytes: self.max_response,
            auth_token: self.token,
            call_timeout_ms: self.timeout,
            ..ClientConfig::default()
        }
    }

    fn server_config(&self) -> ServerConfig {
        ServerConfig {
            supported_profiles: PROFILE_BASELINE | self.profile,
            preferred_profiles: self.profile,
            max_response_payload_bytes: self.max_response,
            auth_token: self.token,
            ..ServerConfig::default()
        }
    }

    const fn snapshot(&self) -> Snapshot {
        Snapshot {
            items: self.items,
            path_len: self.path_len,
            generation: self.generation,
        }
    }

    /// Whether answers have no room for huge items.
    const fn small(&self) -> bool {
        self.max_response > 0
    }
}

/// Is the peer.
pub(crate) fn run(role: &Role) -> ExitCode {
    match role {
        Role::Serve { kind, options } => ended(serve::run(*kind, options)),
        Role::Ask { kind, options } => ended(ask::run(*kind, options)),
        Role::Check { check, options } => check::run(*check, options),
    }
}

fn ended(result: Result<(), Wrong>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

/// What is not as it has to be.
#[derive(Debug)]
struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Wrong {
    fn from(error: E) -> Self {
        Self(netipc::chain(&error))
    }
}

/// Expects two things to be the same.
fn same<T: fmt::Debug + PartialEq>(what: &str, found: T, expected: T) -> Result<(), Wrong> {
    match found == expected {
        true => Ok(()),
        false => Err(Wrong(format!(
            "{what} is {found:?} instead of {expected:?}"
        ))),
    }
}

/// The name of a value as it stands on the command line.
fn name_of(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}
