//! What is told on stderr.

use std::env;
use std::io::{self, Write};

use netipc_bridge::budget::LogBudget;
use tracing::Metadata;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
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
    // Who asks for more than usual gets all of it.
    let is_usual = verbose == 0 && env::var_os(VARIABLE).is_none_or(|wanted| wanted.is_empty());
    let stderr = Stderr {
        json,
        budget: is_usual.then(LogBudget::new),
    };
    let (filter, complaint) = match verbose {
        0 => of_environment(usual(LevelFilter::INFO, LevelFilter::ERROR)),
        1 => (usual(LevelFilter::DEBUG, LevelFilter::WARN), None),
        _ => (usual(LevelFilter::TRACE, LevelFilter::DEBUG), None),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
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

/// Where lines go. What the bridge says itself has budgets where it is said; of everything else, such as what zenoh says of
/// links that strangers try to make, each place has one here.
struct Stderr {
    json: bool,
    /// By place in the code.
    budget: Option<LogBudget<&'static str>>,
}

/// One line.
enum Line {
    Told { json: bool, left_out: Option<u64> },
    LeftOut,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line::Told {
            json: self.json,
            left_out: None,
        }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Line {
        let is_ours = line.target().starts_with("netipc_bridge");
        match &self.budget {
            Some(budget) if !is_ours => match budget.take(line.name()) {
                Some(told) => Line::Told {
                    json: self.json,
                    left_out: told.left_out,
                },
                None => Line::LeftOut,
            },
            _ => self.make_writer(),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self::Told { json, left_out } = self else {
            return Ok(bytes.len());
        };
        let mut out = io::stderr().lock();
        match left_out.take() {
            Some(lines) if *json => writeln!(out, "{{\"left_out\":{lines}}}")?,
            Some(lines) => writeln!(out, "{lines} lines like the next were left out")?,
            None => {}
        }
        out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
