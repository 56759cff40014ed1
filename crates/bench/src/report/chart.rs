//! One horizontal chart: a line of marks for each row, all over one axis.
//!
//! ```text
//!   title
//!   ■ legend   ┃ legend
//!   label │████████├──┤   ┃      │ value
//!   label │███├┤          ┃      │ value
//!         └──────────────────────┘
//!            10      100      1 k
//!                  axis
//! ```
//!
//! Labels and values have columns of their own, as wide as their longest text, so that nothing
//! overlaps or is cut.

use std::ops::Range;

/// What is drawn.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) title: String,
    /// What the axis counts.
    pub(super) axis: String,
    pub(super) scale: Scale,
    /// How a place on the axis is written.
    pub(super) tick: fn(f64) -> String,
    pub(super) legend: Vec<(Glyph, Colour, String)>,
    pub(super) lines: Vec<Line>,
    /// What the lines' values are.
    pub(super) values: &'static str,
}

/// One row of a chart.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) label: String,
    pub(super) marks: Vec<Mark>,
    pub(super) value: String,
}

/// A shape over the part of the axis from `from` to `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) glyph: Glyph,
    pub(super) colour: Colour,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Glyph {
    Bar,
    /// A bar of half the height, over the place of a [`Glyph::LowerBar`].
    UpperBar,
    LowerBar,
    ThinBar,
    Whisker,
    /// A dot at the end of the mark.
    Dot,
    /// An upright line at the end of the mark.
    Edge,
}

/// How values become places.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scale {
    /// From zero.
    Linear,
    /// By the logarithm: for values of different decades.
    Log,
}

/// As SVG writes it.
pub(super) type Colour = &'static str;

/// Okabe and Ito's colours, which people who see few colours tell apart too.
pub(super) const BLUE: Colour = "#0072b2";
pub(super) const VERMILION: Colour = "#d55e00";
pub(super) const PURPLE: Colour = "#cc79a7";
pub(super) const GREEN: Colour = "#009e73";
pub(super) const ORANGE: Colour = "#e69f00";
pub(super) const INK: Colour = "#222222";

impl Chart {
    /// A chart without title, with the scale that suits its marks.
    pub(super) fn new(
        axis: String,
        tick: fn(f64) -> String,
        legend: Vec<(Glyph, Colour, String)>,
        lines: Vec<Line>,
    ) -> Self {
        let ends = lines
            .iter()
            .flat_map(|line| &line.marks)
            .map(|mark| mark.to);
        Self {
            title: String::new(),
            axis,
            scale: Scale::for_values(ends, 10.0),
            tick,
            legend,
            lines,
            values: "",
        }
    }
}

impl Mark {
    /// A shape from one value to another.
    pub(super) fn new(glyph: Glyph, colour: Colour, from: f64, to: f64) -> Self {
        Self {
            glyph,
            colour,
            from,
            to,
        }
    }
}

impl Scale {
    /// The logarithm where the values differ by more than `factor`.
    pub(super) fn for_values(values: impl Iterator<Item = f64>, factor: f64) -> Self {
        let (low, high) = bounds(values.filter(|value| *value > 0.0));
        if high > low * factor {
            Self::Log
        } else {
            Self::Linear
        }
    }

    /// What the axis shows of these values.
    pub(super) fn range(self, values: impl Iterator<Item = f64>) -> Range<f64> {
        let (low, high) = bounds(values.filter(|value| *value > 0.0));
        match self {
            _ if high < low => 0.1..1.0,
            Self::Linear => 0.0..high * 1.06,
            // A bar starts at the edge; half a decade keeps the smallest one visible.
            Self::Log => low / 2.0..high * 1.3,
        }
    }

    /// Round places within the range, few enough to stand side by side.
    pub(super) fn ticks(self, range: &Range<f64>) -> Vec<f64> {
        match self {
            Self::Linear => {
                let step = round_up(range.end / 6.0);
                (0..=6)
                    .map(|count| f64::from(count) * step)
                    .filter(|place| range.contains(place))
                    .collect()
            }
            Self::Log => {
                let decades = (range.end / range.start).log10();
                let mantissas: &[f64] = match decades {
                    _ if decades > 2.5 => &[1.0],
                    _ if decades > 1.4 => &[1.0, 3.0],
                    _ => &[1.0, 2.0, 5.0],
                };
                let every = (decades / 7.0).ceil();
                let first = range.start.log10().floor();
                (0..)
                    .map(|count| 10_f64.powf(first + f64::from(count) * every))
                    .take_while(|decade| *decade < range.end)
                    .flat_map(|decade| mantissas.iter().map(move |factor| factor * decade))
                    .filter(|place| range.contains(place))
                    .collect()
            }
        }
    }
}

/// The smallest and the largest of the finite values; the wrong way round where there is none.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
}

/// The next of 1, 2, 5, 10, 20, ...
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * decade)
        .find(|step| *step >= value)
        .unwrap_or(10.0 * decade)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, values: &[f64]) -> Vec<f64> {
        scale.ticks(&scale.range(values.iter().copied()))
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(Scale::Linear, &[93.0]), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(
            ticks(Scale::Log, &[50e3, 9e6]),
            [100e3, 1e6, 10e6].map(f64::round)
        );
        for exponent in 1..18 {
            for scale in [Scale::Linear, Scale::Log] {
                let count = ticks(scale, &[0.02, 10_f64.powi(exponent)]).len();
                assert!((2..=10).contains(&count), "{scale:?} {exponent}: {count}");
            }
        }
    }

    #[test]
    fn values_that_cannot_be_drawn_do_not_count() {
        let odd = [f64::NAN, f64::INFINITY, 0.0, -1.0];
        for scale in [Scale::Linear, Scale::Log] {
            assert_eq!(scale.range(odd.into_iter()), 0.1..1.0);
            assert_eq!(scale.range([].into_iter()), 0.1..1.0);
        }
        assert_eq!(Scale::for_values(odd.into_iter(), 10.0), Scale::Linear);
        assert_eq!(Scale::for_values([1.0, 11.0].into_iter(), 10.0), Scale::Log);
    }
}
