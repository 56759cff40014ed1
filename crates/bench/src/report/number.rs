//! Figures as people read them. What is not a number is a dash.

/// Stands where there is no figure.
pub(crate) const NONE: &str = "–";

/// Three significant digits and a decimal prefix: `1.52 M`, `48.3 k`, `7.00`.
pub(crate) fn scaled(value: f64) -> String {
    let prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let large = |(factor, _): &(f64, &str)| value.abs() >= factor * 0.9995;
    let (factor, prefix) = prefixes.into_iter().find(large).unwrap_or((1.0, ""));
    join(&significant(value / factor), prefix)
}

/// A time given in microseconds, in the unit that suits it: `350 ns`, `12.3 µs`, `4.10 ms`.
pub(crate) fn time(micros: f64) -> String {
    let (value, unit) = match micros.abs() {
        size if size >= 0.9995e6 => (micros / 1e6, "s"),
        size if size >= 0.9995e3 => (micros / 1e3, "ms"),
        size if size >= 0.9995 => (micros, "µs"),
        0.0 => (0.0, ""),
        _ => (micros * 1e3, "ns"),
    };
    join(&significant(value), unit)
}

/// A part of one as a percentage: `93.0 %`.
pub(crate) fn percent(part: f64) -> String {
    join(&significant(part * 100.0), "%")
}

/// Three significant digits: `1520`, `15.2`, `0.0152`.
pub(crate) fn significant(value: f64) -> String {
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

/// A dash needs no unit.
fn join(digits: &str, unit: &str) -> String {
    if digits == NONE || unit.is_empty() {
        digits.to_owned()
    } else {
        format!("{digits} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        for (value, text) in [
            (1_523_456.0, "1.52 M"),
            (999_960.0, "1.00 M"),
            (7.0, "7.00"),
        ] {
            assert_eq!(scaled(value), text);
        }
        for (micros, text) in [(0.35, "350 ns"), (12.34, "12.3 µs"), (4_100.0, "4.10 ms")] {
            assert_eq!(time(micros), text);
        }
        assert_eq!([time(0.0), percent(0.93)], ["0", "93.0 %"]);
        assert_eq!([significant(0.0), significant(0.0152)], ["0", "0.0152"]);
    }

    #[test]
    fn what_is_no_number_is_a_dash() {
        for show in [scaled, time, percent] {
            assert_eq!(show(f64::NAN), NONE);
            assert_eq!(show(f64::INFINITY), NONE);
        }
        assert_eq!(optional(None), NONE);
    }
}
