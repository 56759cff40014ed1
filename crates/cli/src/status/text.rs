//! Statistics as people read them.

use std::io::{self, Write};

use serde_json::Value;

use super::{fraction, list, number, reasons, whole};
use crate::plain::plain;
use crate::terminal::{age, size, wrapped};

pub(super) fn print(stats: &Value, out: &mut impl Write) -> io::Result<()> {
    let service = stats
        .get("service")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let n = |path| number(stats, path);
    let up = age(whole(fraction(stats, "/uptime_seconds")));
    writeln!(out, "{}: process {}, up {up}", plain(service), n("/pid"))?;
    writeln!(
        out,
        "sessions: {} of {} now, {} so far ({} shm, {} socket), {} refused",
        n("/sessions/now"),
        n("/workers"),
        n("/sessions/total"),
        n("/sessions_by_transport/shm"),
        n("/sessions_by_transport/socket"),
        n("/sessions/refused"),
    )?;
    writeln!(
        out,
        "requests: {} ok, {} failed, {} malformed, {} too large, {} of another method",
        n("/requests/ok"),
        n("/requests/internal_error"),
        n("/requests/bad_envelope"),
        n("/requests/limit_exceeded"),
        n("/requests/unsupported"),
    )?;
    let (received, sent) = (size(n("/bytes/received")), size(n("/bytes/sent")));
    writeln!(out, "bytes: {received} received, {sent} sent")?;
    for (name, path) in [("handler", "/handler_time"), ("total", "/total_time")] {
        histogram(name, path, stats, out)?;
    }
    if let Some(seconds) = fraction(stats, "/data/age_seconds") {
        writeln!(out, "data: {} old", age(whole(Some(seconds))))?;
    }
    for stale in list(stats, "/data/stale").iter().filter_map(Value::as_str) {
        write!(out, "{}", wrapped(&format!("stale: {}", plain(stale))))?;
    }
    for refusal in reasons(stats, "/refusals") {
        write!(out, "{}", wrapped(&format!("refused {}", plain(&refusal))))?;
    }
    for why in reasons(stats, "/without_shm") {
        let why = format!("without shared memory {}", plain(&why));
        write!(out, "{}", wrapped(&why))?;
    }
    Ok(())
}

/// How many took at most so long, each bucket with those before it.
fn histogram(name: &str, path: &str, stats: &Value, out: &mut impl Write) -> io::Result<()> {
    let count = number(stats, &format!("{path}/count"));
    let sum = fraction(stats, &format!("{path}/sum_seconds")).unwrap_or_default();
    let bucket = |bucket: &Value| {
        let (limit, count) = (number(bucket, "/le_ms"), number(bucket, "/count"));
        format!("{limit}ms {count}")
    };
    let buckets = list(stats, &format!("{path}/buckets")).iter().map(bucket);
    let buckets: Vec<String> = buckets.collect();
    let line = format!(
        "{name} time: {sum:.3}s for {count}; within {}",
        buckets.join(", ")
    );
    write!(out, "{}", wrapped(&line))
}
