//! JSON for people and programs.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// An object with the time at which it was true in front.
#[derive(Debug, Serialize)]
pub(crate) struct Stamped<T> {
    /// Seconds since 1970.
    time: f64,
    #[serde(flatten)]
    value: T,
}

impl<T: Serialize> Stamped<T> {
    /// What is true now.
    pub(crate) fn now(value: T) -> Self {
        let time = since_1970().as_secs_f64();
        Self { time, value }
    }
}

/// The time, since 1970.
pub(crate) fn since_1970() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Prints something as JSON.
pub(crate) fn print(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}
