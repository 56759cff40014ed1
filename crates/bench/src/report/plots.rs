//! The plots of a report: bars over one axis, a line for each row, as SVG.
//!
//! ```text
//!   title
//!   legend
//!   label │████████├──┤   ┃      │ value
//!         └──────────────────────┘
//!            10      100      1 k   axis
//! ```

use std::collections::BTreeMap;

use svg::Document;
use svg::node::element::{Rectangle, Text};

use super::number::{percent, scaled, time};
use super::text::{one_line, slug};
use crate::{Row, Scenario, Transport};

/// Rows of one plot, at most: as many as every program asking every program over everything takes.
const MOST_LINES: usize = 40;

/// Pixels.
const PLOT: f64 = 560.0;
const LINE: f64 = 22.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 44.0;
const MARGIN: f64 = 14.0;
/// Of a letter in the widest of the usual monospace fonts.
const LETTER: f64 = 7.4;
/// What is shown of a mark without an extent.
const THIN: f64 = 3.0;

type Colour = &'static str;
const INK: Colour = "#222222";

/// A drawn plot.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) scenario: Scenario,
    /// The file's name.
    pub(super) file: String,
    /// What it shows, in words.
    pub(super) title: String,
    pub(super) svg: String,
}

/// What a plot is about.
struct Kind {
    word: &'static str,
    legend: &'static str,
    /// Whether the axis shows logarithms.
    log: bool,
    tick: fn(f64) -> String,
    /// What stands together with the row, as an axis has one unit, and a rate is a plot of its own;
    /// nothing where the row has no such figures.
    part: fn(&Row) -> Option<String>,
    marks: fn(&Row) -> (Vec<Mark>, String),
}

const KINDS: [Kind; 3] = [
    Kind {
        word: "throughput",
        legend: "a second: median; thin line: slowest to fastest run; edge: what the machine allows",
        log: true,
        tick: scaled,
        part: |row| {
            let shown = row.rate == 0 && is_positive(row.throughput);
            shown.then(|| format!("{} {}", row.scenario.name(), row.unit))
        },
        marks: throughput,
    },
    Kind {
        word: "latency",
        legend: "edge: median; bars to 95 % and 99 %, line to 99.9 % of operations",
        log: true,
        tick: time,
        part: |row| {
            let shown = row.rate == 0 && percentiles(row).is_some();
            shown.then(|| row.scenario.name().to_owned())
        },
        marks: latency,
    },
    Kind {
        word: "cpu",
        legend: "processors: client, and (thin) server; 100 % is one of them",
        log: false,
        tick: percent,
        part: |row| {
            let shown = row.rate > 0 && is_positive(row.client_cpu + row.server_cpu);
            shown.then(|| format!("{} {} a second", row.scenario.name(), row.rate))
        },
        marks: cpu,
    },
];

/// A bar so many pixels high, from one value to another.
struct Mark(f64, Colour, f64, f64);

fn throughput(row: &Row) -> (Vec<Mark>, String) {
    let mut marks = vec![
        Mark(12.0, colour(row), 0.0, row.throughput),
        Mark(1.0, INK, row.min, row.max),
    ];
    let mut value = format!("{:<7}", scaled(row.throughput));
    if let Some(share) = row.share_of_limit.filter(|share| is_positive(*share)) {
        let limit = row.throughput / share;
        marks.push(Mark(18.0, INK, limit, limit));
        value += &format!(" {:>7}", percent(share));
    }
    (marks, value)
}

fn latency(row: &Row) -> (Vec<Mark>, String) {
    let [p50, p95, p99, p999] = percentiles(row).unwrap_or_default();
    let marks = vec![
        Mark(10.0, colour(row), p50, p95),
        Mark(4.0, colour(row), p95, p99),
        Mark(1.0, colour(row), p99, p999),
        Mark(14.0, INK, p50, p50),
    ];
    (marks, format!("{:<7} {:>7}", time(p50), time(p99)))
}

fn cpu(row: &Row) -> (Vec<Mark>, String) {
    let both = row.client_cpu + row.server_cpu;
    let marks = vec![
        Mark(12.0, colour(row), 0.0, row.client_cpu),
        Mark(6.0, INK, row.client_cpu, both),
    ];
    (marks, percent(both))
}

/// All that the rows have figures for.
pub(super) fn draw(rows: &[Row]) -> Vec<Plot> {
    let mut plots = Vec::new();
    for kind in &KINDS {
        for (name, rows) in group(rows.iter(), kind.part) {
            // Many are split by what carried them.
            let few = rows.len() <= MOST_LINES;
            let carrier = |row: &Row| format!("{} {}", row.transport.name(), row.layer.name());
            let part = |row: &Row| Some(if few { String::new() } else { carrier(row) });
            for (part, rows) in group(rows.into_iter(), part) {
                for (rows, number) in rows.chunks(MOST_LINES).zip(1..) {
                    let title = match number {
                        1 => format!("{}: {name} {part}", kind.word),
                        _ => format!("{}: {name} {part} {number}", kind.word),
                    };
                    plots.push(plot(kind, title.trim_end(), rows));
                }
            }
        }
    }
    plots.sort_by_key(|plot| plot.scenario);
    plots
}

fn group<'a>(
    rows: impl Iterator<Item = &'a Row>,
    key: impl Fn(&Row) -> Option<String>,
) -> BTreeMap<String, Vec<&'a Row>> {
    let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if let Some(key) = key(row) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups
}

fn plot(kind: &Kind, title: &str, rows: &[&Row]) -> Plot {
    let width_of = |text: &str| text.chars().count() as f64 * LETTER;
    let names: Vec<String> = rows.iter().map(|row| row.name()).collect();
    let (marks, values): (Vec<_>, Vec<_>) = rows.iter().map(|row| (kind.marks)(row)).unzip();
    let widest = |texts: &[String]| texts.iter().map(|text| width_of(text)).fold(0.0, f64::max);
    let left = MARGIN + widest(&names) + 8.0;
    let columns = left + PLOT + 10.0 + widest(&values) + MARGIN;
    let texts = [title, kind.legend].map(|text| width_of(text) * 1.3 + 2.0 * MARGIN);
    let width = texts.into_iter().fold(columns, f64::max).ceil();
    let bottom = TOP + LINE * rows.len() as f64;
    let axis = Axis::new(kind.log, marks.iter().flatten());
    let x = |value| left + PLOT * axis.part(value);

    let height = bottom + BOTTOM;
    let mut page = Document::new().set("width", width).set("height", height);
    page = page.add(rect(0.0, 0.0, width, height, "#ffffff"));
    page = page.add(text(title, 16.0, "start", MARGIN, 20.0));
    page = page.add(text(kind.legend, 12.0, "start", MARGIN, 44.0));
    for tick in axis.ticks() {
        let label = (kind.tick)(tick);
        page = page.add(rect(x(tick), TOP, 1.0, bottom - TOP + 4.0, "#dddddd"));
        page = page.add(text(&label, 12.0, "middle", x(tick), bottom + 16.0));
    }
    page = page.add(rect(left, TOP, 1.0, bottom - TOP, INK));
    for (index, ((name, marks), value)) in names.iter().zip(&marks).zip(&values).enumerate() {
        let y = TOP + LINE * (index as f64 + 0.5);
        page = page.add(text(name, 12.0, "end", left - 8.0, y));
        page = page.add(text(value, 12.0, "start", left + PLOT + 10.0, y));
        for &Mark(high, colour, from, to) in marks {
            if from.is_finite() && to.is_finite() {
                let long = (x(to) - x(from)).max(THIN);
                page = page.add(rect(x(from), y - high / 2.0, long, high, colour));
            }
        }
    }
    Plot {
        scenario: rows[0].scenario,
        file: format!("{}.svg", slug(title)),
        title: title.to_owned(),
        svg: page.to_string(),
    }
}

/// What an axis shows.
struct Axis {
    start: f64,
    end: f64,
    log: bool,
}

impl Axis {
    fn new<'m>(log: bool, marks: impl Iterator<Item = &'m Mark>) -> Self {
        let ends = marks.flat_map(|Mark(_, _, from, to)| [*from, *to]);
        let (mut low, mut high) = (f64::MAX, f64::MIN_POSITIVE);
        for end in ends.filter(|end| is_positive(*end)) {
            (low, high) = (low.min(end), high.max(end));
        }
        // A bar starts at the edge; half of the smallest value keeps it visible.
        let (start, end) = if log {
            (low.min(high) / 2.0, high * 1.2)
        } else {
            (0.0, high * 1.05)
        };
        Self { start, end, log }
    }

    /// Where a value is, as a part of the axis; what lies before it is at its start.
    fn part(&self, value: f64) -> f64 {
        let (start, end) = (self.start, self.end);
        let value = value.clamp(start, end);
        if self.log {
            (value / start).ln() / (end / start).ln()
        } else {
            value / end
        }
    }

    /// Round places within it, few enough to stand side by side.
    fn ticks(&self) -> Vec<f64> {
        let (start, end) = (self.start, self.end);
        if !self.log {
            let decade = 10_f64.powf((end / 5.0).log10().floor());
            let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
            let step = steps.into_iter().find(|step| *step * 6.0 >= end);
            let ticks = (0..7).map(|count| f64::from(count) * step.unwrap_or(end));
            return ticks.filter(|tick| *tick <= end).collect();
        }
        let decades = (end / start).log10();
        let every = (decades / 7.0).ceil().max(1.0);
        let first = start.log10().floor();
        let factors = if decades > 2.0 {
            &[1.0][..]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let decades = (0..16).map(|count| 10_f64.powf(first + f64::from(count) * every));
        let places = decades.flat_map(|decade| factors.iter().map(move |factor| factor * decade));
        places.filter(|tick| (start..=end).contains(tick)).collect()
    }
}

fn rect(x: f64, y: f64, width: f64, height: f64, colour: Colour) -> Rectangle {
    Rectangle::new()
        .set("x", pixels(x))
        .set("y", pixels(y))
        .set("width", pixels(width))
        .set("height", pixels(height))
        .set("fill", colour)
}

/// Text as it is: spaces, which SVG would put together, keep columns apart.
fn text(text: &str, size: f64, anchor: &str, x: f64, y: f64) -> Text {
    Text::new(one_line(text).replace(' ', "\u{a0}"))
        .set("x", pixels(x))
        .set("y", pixels(y))
        .set("dominant-baseline", "central")
        .set("text-anchor", anchor)
        .set("font-family", "monospace")
        .set("font-size", size)
        .set("fill", INK)
}

/// A length, to a tenth of a pixel.
fn pixels(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// Okabe and Ito's colours, which people who see few colours tell apart, too.
fn colour(row: &Row) -> Colour {
    match row.transport {
        Transport::Socket => "#0072b2",
        Transport::Shm => "#d55e00",
        Transport::Futex => "#e69f00",
        Transport::Ring => "#cc79a7",
        Transport::None => "#009e73",
    }
}

/// All four, where they are numbers.
fn percentiles(row: &Row) -> Option<[f64; 4]> {
    let all = [row.p50_us?, row.p95_us?, row.p99_us?, row.p999_us?];
    all.iter().all(|time| is_positive(*time)).then_some(all)
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
