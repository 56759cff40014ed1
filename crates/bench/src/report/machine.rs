//! What the page says about where and when it was made: nothing that names the host.

use std::env::consts::ARCH;
use std::thread::available_parallelism;
use std::time::SystemTime;

use humantime::format_rfc3339_seconds;

use crate::platform::{kernel, processor_model};

/// The machine and the day of a measurement.
#[derive(Debug)]
pub(super) struct Machine {
    /// The day in UTC: `2026-03-01`.
    pub(super) day: String,
    /// System and release: `Linux 6.8.0`.
    pub(super) kernel: String,
    /// Count and model: `2 × Some Processor`.
    pub(super) processors: String,
}

impl Machine {
    /// This machine, today.
    pub(super) fn here() -> Self {
        let now = format_rfc3339_seconds(SystemTime::now()).to_string();
        Self {
            day: now.chars().take_while(|symbol| *symbol != 'T').collect(),
            kernel: kernel(),
            processors: processors(),
        }
    }
}

/// Count and model, or architecture where the system tells no model.
fn processors() -> String {
    let model = processor_model().unwrap_or_else(|| ARCH.to_owned());
    available_parallelism().map_or_else(|_| model.clone(), |count| format!("{count} × {model}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_described() {
        let here = Machine::here();
        assert!(
            !here.kernel.is_empty() && !here.processors.is_empty(),
            "{here:?}"
        );
        assert_eq!(here.day.len(), "1970-01-01".len());
    }
}
