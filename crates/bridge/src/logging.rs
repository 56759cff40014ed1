//! What is told on stderr.

use std::env;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Says what to tell, where no `-v` does.
const VARIABLE: &str = "RUST_LOG";

/// Begins to tell what happens: to the bridge, and what is grave in zenoh.
pub(crate) fn begin(verbose: u8, json: bool) {
    let usual = |ours, zenoh| {
        Targets::new()
            .with_default(zenoh)
            .with_target("netipc", ours)
            .with_target("netipc_bridge", ours)
    };
    let (filter, complaint) = match verbose {
        0 => of_environment(usual(LevelFilter::INFO, LevelFilter::ERROR)),
        1 => (usual(LevelFilter::DEBUG, LevelFilter::WARN), None),
        _ => (usual(LevelFilter::TRACE, LevelFilter::DEBUG), None),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let layer = if json {
        layer.json().with_filter(filter).boxed()
    } else {
        layer.with_ansi(false).with_filter(filter).boxed()
    };
    tracing_subscriber::registry().with(layer).init();
    if let Some(complaint) = complaint {
        eprintln!("netipc-bridge: {complaint}");
    }
}

/// What the environment wants to be told, and what is wrong with that.
fn of_environment(usual: Targets) -> (Targets, Option<String>) {
    let wanted = env::var(VARIABLE).unwrap_or_default();
    if wanted.is_empty() {
        return (usual, None);
    }
    match wanted.parse() {
        Ok(targets) => (targets, None),
        Err(error) => (
            usual,
            Some(format!("{VARIABLE} is passed over: {wanted:?}: {error}")),
        ),
    }
}
