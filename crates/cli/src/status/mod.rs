//! `netipc status`: the statistics of a live provider.

mod prometheus;
mod text;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Transport as _, Wait};
use netipc::untyped::stats_service;
use netipc::{OpenError, chain};
use serde_json::Value;

use crate::args::PlaceArgs;
use crate::exit::{self, Exit, Failed};
use crate::json::{self, Stamped};
use crate::terminal::age;

const DETAILS: &str = "\
A provider of ours has statistics where they are switched on: by --stats of `netipc serve` and `netipc-go serve`, or by \
`publishing_stats` of a server in Rust, `ServerConfig.PublishStats` in Go, `nipc_server_publish_stats` in C. They are \
read at a socket of their own beside the endpoint, SERVICE.stats.sock with mode 0600; sessions and handlers are not touched. Deployed \
providers have none: `netipc ls` and `netipc ping` see them from outside.

Examples:
  netipc status cgroups-snapshot
  netipc status cgroups-snapshot --run-dir /run/agent --json
  netipc status cgroups-snapshot --prometheus > /var/lib/node_exporter/netipc.prom";

/// The most that statistics take.
const MOST: usize = 64 * 1024;

/// Arguments of `status`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = format!("{DETAILS}\n\n{}", exit::TABLE))]
pub(crate) struct StatusArgs {
    /// Whose statistics
    service: String,

    #[command(flatten)]
    place: PlaceArgs,

    /// Milliseconds that reading may take
    #[arg(long, value_name = "MS", default_value = "2000")]
    timeout: u32,

    /// Prints one JSON object
    #[arg(long, conflicts_with = "prometheus")]
    json: bool,

    /// Prints what Prometheus reads
    #[arg(long)]
    prometheus: bool,
}

/// Reads, and prints.
pub(crate) fn run(args: &StatusArgs) -> Result<(), Failed> {
    let run_dir = args.place.run_dir()?;
    let timeout = Duration::from_millis(args.timeout.into());
    let stats = read(&run_dir, &args.service, timeout)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = if args.json {
        json::print(&Stamped::now(&stats), &mut out)
    } else if args.prometheus {
        prometheus::print(&stats, &mut out)
    } else {
        text::print(&stats, &mut out)
    };
    exit::printed(printed.and_then(|()| out.flush()))
}

/// The statistics of a service.
///
/// # Errors
/// Where nobody publishes them, or what is published is none.
pub(crate) fn read(run_dir: &Path, service: &str, timeout: Duration) -> Result<Value, Failed> {
    let invalid = |error| Failed::caused_by(Exit::Usage, &error);
    let endpoint = Endpoint::new(run_dir, &stats_service(service)).map_err(invalid)?;
    let wait = Wait::timeout(timeout);
    let link = NativeTransport::default().connect(&endpoint, &wait);
    let mut link = link.map_err(|error| not_published(&endpoint, service, &error.into()))?;
    let mut packet = vec![0; MOST];
    let size = match link.receive(&mut packet, &wait) {
        Ok(size) => size,
        Err(LinkError::Timeout) => {
            return Err(Failed::new(
                Exit::Timeout,
                format!("{endpoint}: nothing came"),
            ));
        }
        Err(error) => {
            let sentence = format!("{endpoint}: {}", chain(&error));
            return Err(Failed::new(Exit::NoSession, sentence));
        }
    };
    let text = packet.get(..size).unwrap_or_default();
    serde_json::from_slice(text).map_err(|error| {
        Failed::new(
            Exit::Protocol,
            format!("{endpoint}: these are no statistics: {error}"),
        )
    })
}

fn not_published(endpoint: &Endpoint, service: &str, error: &OpenError) -> Failed {
    let exit = Exit::of_open(error);
    if matches!(exit, Exit::NotFound) {
        let sentence = format!(
            "no statistics of {service} at {endpoint}: its provider publishes none (`netipc serve --stats` does), or does not run: {}",
            chain(error)
        );
        return Failed::new(exit, sentence);
    }
    exit::not_open(endpoint, error)
}

/// A number of the statistics, 0 where there is none.
pub(crate) fn number(stats: &Value, path: &str) -> u64 {
    stats
        .pointer(path)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// The same with a fraction.
pub(crate) fn fraction(stats: &Value, path: &str) -> Option<f64> {
    stats.pointer(path).and_then(Value::as_f64)
}

/// The members of a list of the statistics.
pub(crate) fn list<'s>(stats: &'s Value, path: &str) -> &'s [Value] {
    stats
        .pointer(path)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Why something did not happen, how often and when last: a sentence each.
pub(crate) fn reasons(stats: &Value, path: &str) -> Vec<String> {
    let sentence = |reason: &Value| {
        let why = reason
            .get("why")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let ago = age(whole(fraction(reason, "/age_seconds")));
        let times = match number(reason, "/count") {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        format!("{times}, last {ago} ago: {why}")
    };
    list(stats, path).iter().map(sentence).collect()
}

/// Whole seconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a process's life, and never below 0"
)]
fn whole(seconds: Option<f64>) -> u64 {
    seconds.unwrap_or_default().max(0.0) as u64
}
