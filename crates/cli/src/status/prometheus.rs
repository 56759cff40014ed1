//! Statistics as Prometheus reads them: the text format, with HELP and TYPE of each metric.

use std::io::{self, Write};

use serde_json::Value;

use super::{fraction, list, number};

/// A counter or gauge: name, type, help, and where it is, with the label that tells values apart.
type Metric = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const METRICS: [Metric; 8] = [
    (
        "netipc_uptime_seconds",
        "gauge",
        "Seconds since the server was made.",
        &[("", "/uptime_seconds")],
    ),
    (
        "netipc_workers",
        "gauge",
        "The most sessions at once.",
        &[("", "/workers")],
    ),
    (
        "netipc_sessions",
        "gauge",
        "Sessions there are.",
        &[("", "/sessions/now")],
    ),
    (
        "netipc_sessions_total",
        "counter",
        "Sessions there have been, by what carried them.",
        &[
            ("transport=\"socket\"", "/sessions_by_transport/socket"),
            ("transport=\"shm\"", "/sessions_by_transport/shm"),
            ("transport=\"memory\"", "/sessions_by_transport/memory"),
        ],
    ),
    (
        "netipc_refused_total",
        "counter",
        "Clients that were turned down.",
        &[("", "/sessions/refused")],
    ),
    (
        "netipc_requests_total",
        "counter",
        "Requests, by their outcome.",
        &[
            ("outcome=\"ok\"", "/requests/ok"),
            ("outcome=\"unsupported\"", "/requests/unsupported"),
            ("outcome=\"bad_envelope\"", "/requests/bad_envelope"),
            ("outcome=\"limit_exceeded\"", "/requests/limit_exceeded"),
            ("outcome=\"internal_error\"", "/requests/internal_error"),
        ],
    ),
    (
        "netipc_bytes_total",
        "counter",
        "Bytes of messages, headers included.",
        &[
            ("direction=\"received\"", "/bytes/received"),
            ("direction=\"sent\"", "/bytes/sent"),
        ],
    ),
    (
        "netipc_data_age_seconds",
        "gauge",
        "Age of the data that is served.",
        &[("", "/data/age_seconds")],
    ),
];

const HISTOGRAMS: [(&str, &str, &str); 2] = [
    (
        "netipc_handler_seconds",
        "Time of decoding, handler and encoding.",
        "/handler_time",
    ),
    (
        "netipc_request_seconds",
        "Time from the whole request to the answer sent.",
        "/total_time",
    ),
];

pub(super) fn print(stats: &Value, out: &mut impl Write) -> io::Result<()> {
    let service = stats
        .get("service")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let of = format!("service=\"{service}\"");
    for (name, kind, help, values) in METRICS {
        let known = values
            .iter()
            .filter(|(_, path)| stats.pointer(path).is_some());
        let known: Vec<_> = known.collect();
        if known.is_empty() {
            continue;
        }
        head(name, kind, help, out)?;
        for (label, path) in known {
            let value = stats.pointer(path).unwrap_or(&Value::Null);
            let comma = if label.is_empty() { "" } else { "," };
            writeln!(out, "{name}{{{of}{comma}{label}}} {value}")?;
        }
    }
    for (name, help, path) in HISTOGRAMS {
        head(name, "histogram", help, out)?;
        for bucket in list(stats, &format!("{path}/buckets")) {
            let limit = seconds(number(bucket, "/le_ms"));
            let count = number(bucket, "/count");
            writeln!(out, "{name}_bucket{{{of},le=\"{limit}\"}} {count}")?;
        }
        let count = number(stats, &format!("{path}/count"));
        let sum = fraction(stats, &format!("{path}/sum_seconds")).unwrap_or_default();
        writeln!(out, "{name}_bucket{{{of},le=\"+Inf\"}} {count}")?;
        writeln!(
            out,
            "{name}_sum{{{of}}} {sum}\n{name}_count{{{of}}} {count}"
        )?;
    }
    Ok(())
}

fn head(name: &str, kind: &str, help: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Milliseconds as seconds, without zeros that say nothing.
fn seconds(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1000, ms % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_seconds() {
        assert_eq!(
            [1, 5, 10, 50, 100, 500, 1000].map(seconds),
            ["0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1"]
        );
    }
}
