//! What is told on stderr while the program works: how much, and in which form.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::terminal::is_plain_wanted;
use crate::{exit, platform};

/// Says what to tell, where no `-v` does: a level, or levels of targets, `netipc=debug,netipc_transport=trace`.
const VARIABLE: &str = "RUST_LOG";

/// Begins to tell: as `verbose` says, else the environment, else at least what is as grave as `usual`.
pub(crate) fn begin(verbose: u8, usual: LevelFilter, json: bool) {
    let (filter, complaint) = match verbose {
        0 => of_environment(usual),
        1 => (all(LevelFilter::INFO), None),
        _ => (all(LevelFilter::DEBUG), None),
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| platform::Stderr)
        .log_internal_errors(false);
    let colours = io::stderr().is_terminal() && !is_plain_wanted();
    let layer = if json {
        layer.json().with_filter(filter).boxed()
    } else if platform::stderr_is_journal() {
        let lines = Lines(Format::default().without_time().with_ansi(false));
        layer.event_format(lines).with_filter(filter).boxed()
    } else {
        layer.with_ansi(colours).with_filter(filter).boxed()
    };
    tracing_subscriber::registry().with(layer).init();
    if let Some(complaint) = complaint {
        exit::to_stderr(&complaint);
    }
}

/// What the environment wants to be told, and what is wrong with that.
fn of_environment(usual: LevelFilter) -> (Targets, Option<String>) {
    let wanted = env::var(VARIABLE).unwrap_or_default();
    if wanted.is_empty() {
        return (all(usual), None);
    }
    match wanted.parse() {
        Ok(targets) => (targets, None),
        Err(error) => (
            all(usual),
            Some(format!("{VARIABLE} is passed over: {wanted:?}: {error}")),
        ),
    }
}

/// The same of every target.
fn all(level: LevelFilter) -> Targets {
    Targets::new().with_default(level)
}

/// Lines for the journal, which has a clock of its own, and reads how grave a line is from its beginning.
struct Lines<F>(F);

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// The number that syslog and the journal have for a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_priorities() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG];
        assert_eq!(levels.map(priority), [3, 4, 6, 7]);
    }
}
