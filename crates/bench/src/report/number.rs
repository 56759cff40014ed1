//! Figures as people read them. What is not a number is a dash.

/// Stands where there is no figure.
pub(crate) const NONE: &str = "–";

/// Three significant digits and a decimal prefix: `1.52 M`, `48.3 k`, `7.00`.
pub(crate) fn scaled(value: f64) -> String {
    with_unit(value, [0, 4], &["", "k", "M", "G", "T"])
}

/// A time given in microseconds, in the unit that suits it: `350 ns`, `12.3 µs`, `4.10 ms`.
pub(crate) fn time(micros: f64) -> String {
    if micros == 0.0 {
        return "0".to_owned();
    }
    with_unit(micros, [-1, 2], &["ns", "µs", "ms", "s"])
}

/// In the unit that suits `value`, of those for the powers of 1000 from `first` to `last`.
fn with_unit(value: f64, [first, last]: [i32; 2], units: &[&str]) -> String {
    let thousands = exponent(value).div_euclid(3).clamp(first, last);
    let unit = units[(thousands - first) as usize];
    join(&significant(value / 1000_f64.powi(thousands)), unit)
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
    let decimals = if value == 0.0 {
        0
    } else {
        (2 - exponent(value)).clamp(0, 5) as usize
    };
    format!("{value:.decimals$}")
}

/// The power of ten that `value` begins with once it is rounded to three digits; 0 of no number.
fn exponent(value: f64) -> i32 {
    let rounded = format!("{value:.2e}");
    let digits = rounded.split_once('e').map(|(_, digits)| digits.parse());
    digits.and_then(Result::ok).unwrap_or_default()
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
