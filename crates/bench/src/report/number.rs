//! Figures as people read them. What is not a number is a dash.

/// Stands where there is no figure.
pub(super) const NONE: &str = "–";

/// Three significant digits and a decimal prefix: `1.52 M`, `48.3 k`, `7.00`.
pub(crate) fn scaled(value: f64) -> String {
    let (digits, prefix) = prefixed(value);
    join(&significant(digits), prefix)
}

/// As [`scaled`], without zeros at the end: for axes.
pub(super) fn tick(value: f64) -> String {
    let (digits, prefix) = prefixed(value);
    join(&trimmed(digits), prefix)
}

/// A time given in microseconds, in the unit that suits it: `350 ns`, `12.3 µs`, `4.10 ms`.
pub(crate) fn time(micros: f64) -> String {
    let (value, unit) = in_unit(micros);
    join(&significant(value), unit)
}

/// As [`time`], without zeros at the end: for axes.
pub(super) fn time_tick(micros: f64) -> String {
    let (value, unit) = in_unit(micros);
    join(&trimmed(value), unit)
}

/// A part of one as a percentage: `93.0 %`.
pub(crate) fn percent(part: f64) -> String {
    join(&significant(part * 100.0), "%")
}

/// As [`percent`], without zeros at the end: for axes.
pub(super) fn percent_tick(part: f64) -> String {
    join(&trimmed(part * 100.0), "%")
}

/// Three significant digits: `1520`, `15.2`, `0.0152`.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    let decimals = match size {
        _ if size >= 99.95 || size == 0.0 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ if size >= 0.09995 => 3,
        _ if size >= 0.009995 => 4,
        _ => 5,
    };
    format!("{value:.decimals$}")
}

/// [`significant`] for what may be missing.
pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), significant)
}

fn trimmed(value: f64) -> String {
    let text = significant(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A dash needs no unit.
fn join(digits: &str, unit: &str) -> String {
    if digits == NONE || unit.is_empty() {
        digits.to_owned()
    } else {
        format!("{digits} {unit}")
    }
}

fn prefixed(value: f64) -> (f64, &'static str) {
    [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")]
        .into_iter()
        .find(|(factor, _)| value.abs() >= factor * 0.9995)
        .map_or((value, ""), |(factor, prefix)| (value / factor, prefix))
}

fn in_unit(micros: f64) -> (f64, &'static str) {
    match micros.abs() {
        size if size >= 0.9995e6 => (micros / 1e6, "s"),
        size if size >= 0.9995e3 => (micros / 1e3, "ms"),
        size if size >= 0.9995 => (micros, "µs"),
        0.0 => (0.0, ""),
        _ => (micros * 1e3, "ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        assert_eq!(scaled(1_523_456.0), "1.52 M");
        assert_eq!(scaled(999_960.0), "1.00 M");
        assert_eq!(scaled(48_312.0), "48.3 k");
        assert_eq!(scaled(7.0), "7.00");
        assert_eq!(tick(2e6), "2 M");
        assert_eq!(tick(500.0), "500");
        assert_eq!(time(0.35), "350 ns");
        assert_eq!(time(12.34), "12.3 µs");
        assert_eq!(time(4_100.0), "4.10 ms");
        assert_eq!(time_tick(1e6), "1 s");
        assert_eq!(time_tick(0.0), "0");
        assert_eq!(percent(0.93), "93.0 %");
        assert_eq!(percent_tick(0.05), "5 %");
        assert_eq!(significant(0.0), "0");
        assert_eq!(significant(0.0152), "0.0152");
    }

    #[test]
    fn what_is_no_number_is_a_dash() {
        for show in [scaled, tick, time, time_tick, percent, percent_tick] {
            assert_eq!(show(f64::NAN), NONE);
            assert_eq!(show(f64::INFINITY), NONE);
        }
        assert_eq!(optional(None), NONE);
    }
}
