//! What the page says about where and when it was made: nothing that names the host.

use std::env::consts::ARCH;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            day: day(since_epoch),
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

/// The date in the Gregorian calendar. A year is taken to start in March, so that the leap day is
/// the last of it.
fn day(since_epoch: Duration) -> String {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_OF_400_YEARS: u64 = 146_097;

    let days = since_epoch.as_secs() / 86_400 + DAYS_TO_1970;
    let (era, of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let leap_days = of_era / 1_460 + of_era / 146_096 - of_era / 36_524;
    let year_of_era = (of_era - leap_days) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(day(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }

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
