//! The plots of a report: bars over one axis, a line for each row, as SVG.
//!
//! ```text
//!   title
//!   legend
//!   label │████████├──┤   ┃      │ value
//!         └──────────────────────┘
//!            10      100      1 k   axis
//! ```

use svg::Document;
use svg::node::element::{Circle, Rectangle, Text};

use super::number::{percent, scaled, time};
use super::text::{one_line, slug};
use crate::{Row, Scenario, Transport};

/// Rows of one plot, at most: as many as every program asking every program over everything takes.
const MOST_LINES: usize = 40;
/// Values of a plot further apart than this are shown by their logarithm.
const SPAN: f64 = 10.0;

/// Pixels.
const PLOT: f64 = 560.0;
const LINE: f64 = 22.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 44.0;
const MARGIN: f64 = 14.0;
/// Of a letter in the widest of the usual monospace fonts.
const LETTER: f64 = 7.4;

type Colour = &'static str;
/// Okabe and Ito's colours, which people who see few colours tell apart, too.
const BLUE: Colour = "#0072b2";
const VERMILION: Colour = "#d55e00";
const PURPLE: Colour = "#cc79a7";
const GREEN: Colour = "#009e73";
const ORANGE: Colour = "#e69f00";
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Throughput,
    Latency,
    Cpu,
}

/// A shape from one value to another.
struct Mark {
    shape: Shape,
    colour: Colour,
    from: f64,
    to: f64,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Shape {
    /// A bar, so much of a line high.
    Bar(u8),
    /// An upright line at the end.
    Edge,
    /// A dot at the end.
    Dot,
}

/// All that the rows have figures for.
pub(super) fn draw(rows: &[Row]) -> Vec<Plot> {
    let mut plots = Vec::new();
    for kind in [Kind::Throughput, Kind::Latency, Kind::Cpu] {
        let shown: Vec<&Row> = rows.iter().filter(|row| kind.shows(row)).collect();
        for (name, rows) in group(&shown, |row| kind.part(row)) {
            let parts = match rows.len() {
                0..=MOST_LINES => vec![(String::new(), rows)],
                _ => group(&rows, carrier),
            };
            for (part, rows) in parts {
                for (index, rows) in rows.chunks(MOST_LINES).enumerate() {
                    let part = match index {
                        0 => part.clone(),
                        more => format!("{part} {}", more + 1),
                    };
                    plots.extend(kind.plot(format!("{name} {part}").trim(), rows));
                }
            }
        }
    }
    plots.sort_by_key(|plot| plot.scenario);
    plots
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Cpu => "cpu",
        }
    }

    fn shows(self, row: &Row) -> bool {
        let full = row.rate == 0;
        match self {
            Self::Throughput => full && is_positive(row.throughput),
            Self::Latency => full && percentiles(row).is_some(),
            Self::Cpu => !full && is_positive(row.client_cpu + row.server_cpu),
        }
    }

    /// What stands together: an axis has one unit, and a rate is a plot of its own.
    fn part(self, row: &Row) -> String {
        let scenario = row.scenario.name();
        match self {
            Self::Throughput => format!("{scenario} {}", row.unit),
            Self::Latency => scenario.to_owned(),
            Self::Cpu => format!("{scenario} {} a second", row.rate),
        }
    }

    fn plot(self, name: &str, rows: &[&Row]) -> Option<Plot> {
        let lines = rows.iter().map(|row| (row.name(), self.marks(row)));
        let lines: Vec<_> = lines
            .map(|(name, (marks, value))| Line { name, marks, value })
            .collect();
        let title = format!("{}: {name}", self.word());
        Some(Plot {
            scenario: rows.first()?.scenario,
            file: format!("{}.svg", slug(&title)),
            svg: Chart::new(self, &title, &lines).draw(&lines).to_string(),
            title,
        })
    }

    fn marks(self, row: &Row) -> (Vec<Mark>, String) {
        let mark = |shape, colour, from, to| Mark {
            shape,
            colour,
            from,
            to,
        };
        match self {
            Self::Throughput => {
                let mut marks = vec![
                    mark(Shape::Bar(12), colour(row), 0.0, row.throughput),
                    mark(Shape::Bar(1), INK, row.min, row.max),
                ];
                let share = row.share_of_limit.filter(|share| is_positive(*share));
                let limit = share.map(|share| mark(Shape::Edge, INK, 0.0, row.throughput / share));
                marks.extend(limit);
                let share = share.map_or_else(String::new, percent);
                (marks, format!("{:<7} {share:>7}", scaled(row.throughput)))
            }
            Self::Latency => {
                let [p50, p95, p99, p999] = percentiles(row).unwrap_or_default();
                let colour = colour(row);
                let marks = vec![
                    mark(Shape::Bar(10), colour, p50, p95),
                    mark(Shape::Bar(4), colour, p95, p99),
                    mark(Shape::Bar(1), colour, p99, p999),
                    mark(Shape::Dot, INK, p50, p50),
                ];
                (marks, format!("{:<7} {:>7}", time(p50), time(p99)))
            }
            Self::Cpu => {
                let (client, both) = (row.client_cpu, row.client_cpu + row.server_cpu);
                let marks = vec![
                    mark(Shape::Bar(12), colour(row), 0.0, client),
                    mark(Shape::Bar(6), INK, client, both),
                ];
                (marks, percent(both))
            }
        }
    }

    const fn legend(self) -> &'static str {
        match self {
            Self::Throughput => {
                "a second: median; thin line: slowest to fastest run; edge: what the machine allows"
            }
            Self::Latency => "dot: median; bars to 95 % and 99 %, line to 99.9 % of operations",
            Self::Cpu => "processors: client, and (thin) server; 100 % is one of them",
        }
    }

    fn tick(self, value: f64) -> String {
        match self {
            Self::Throughput => scaled(value),
            Self::Latency => time(value),
            Self::Cpu => percent(value),
        }
    }
}

/// A row of a chart.
struct Line {
    name: String,
    marks: Vec<Mark>,
    value: String,
}

/// Where things are.
struct Chart<'a> {
    kind: Kind,
    title: &'a str,
    left: f64,
    width: f64,
    height: f64,
    /// What the axis shows, by its logarithm or not.
    range: (f64, f64),
    log: bool,
}

impl<'a> Chart<'a> {
    fn new(kind: Kind, title: &'a str, lines: &[Line]) -> Self {
        let marks = lines.iter().flat_map(|line| &line.marks);
        let ends = marks.flat_map(|mark| [mark.from, mark.to]);
        let (low, high) = ends
            .filter(|end| is_positive(*end))
            .fold((f64::INFINITY, f64::MIN_POSITIVE), |(low, high), end| {
                (low.min(end), high.max(end))
            });
        let log = kind == Kind::Latency || kind == Kind::Throughput && high > low * SPAN;
        let widest = |text: fn(&Line) -> &str| {
            let texts = lines.iter().map(|line| width_of(text(line)));
            texts.fold(0.0, f64::max)
        };
        let left = MARGIN + widest(|line| &line.name) + 8.0;
        let columns = left + PLOT + 10.0 + widest(|line| &line.value) + MARGIN;
        let texts = [title, kind.legend()].map(|text| width_of(text) * 1.3 + 2.0 * MARGIN);
        Self {
            kind,
            title,
            left,
            width: texts.into_iter().fold(columns, f64::max).ceil(),
            height: TOP + BOTTOM + LINE * lines.len() as f64,
            // A bar starts at the edge; half of the smallest value keeps it visible.
            range: if log {
                (low.min(high) / 2.0, high * 1.2)
            } else {
                (0.0, high * 1.05)
            },
            log,
        }
    }

    /// Where a value is; what lies before the axis is at its start.
    fn x(&self, value: f64) -> f64 {
        let (start, end) = self.range;
        let value = value.clamp(start, end);
        let part = if self.log {
            (value / start).ln() / (end / start).ln()
        } else {
            (value - start) / (end - start)
        };
        self.left + PLOT * part
    }

    /// Round places within the range, few enough to stand side by side.
    fn ticks(&self) -> Vec<f64> {
        let (start, end) = self.range;
        if !self.log {
            let decade = 10_f64.powf((end / 5.0).log10().floor());
            let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * decade);
            let step = steps.into_iter().find(|step| *step * 6.0 >= end);
            let step = step.unwrap_or(end);
            let ticks = (0..7).map(|count| f64::from(count) * step);
            return ticks.filter(|tick| *tick <= end).collect();
        }
        let decades = (end / start).log10();
        let every = (decades / 7.0).ceil().max(1.0);
        let first = start.log10().floor();
        let factors: &[f64] = if decades > 2.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let places = (0..16).flat_map(|count| {
            let decade = 10_f64.powf(first + f64::from(count) * every);
            factors.iter().map(move |factor| factor * decade)
        });
        places.filter(|tick| (start..=end).contains(tick)).collect()
    }

    fn draw(&self, lines: &[Line]) -> Document {
        let (width, height) = (self.width, self.height);
        let mut page = Document::new().set("width", width).set("height", height);
        page = page.add(rect(0.0, 0.0, width, height, "#ffffff"));
        page = page.add(text(self.title, 16.0, "start", MARGIN, 20.0));
        page = page.add(text(self.kind.legend(), 12.0, "start", MARGIN, 44.0));
        let bottom = height - BOTTOM;
        for tick in self.ticks() {
            let x = self.x(tick);
            page = page.add(rect(x, TOP, 1.0, bottom - TOP + 4.0, "#dddddd"));
            page = page.add(text(
                &self.kind.tick(tick),
                12.0,
                "middle",
                x,
                bottom + 16.0,
            ));
        }
        page = page.add(rect(self.left, TOP, 1.0, bottom - TOP, INK));
        for (index, line) in lines.iter().enumerate() {
            let y = TOP + LINE * (index as f64 + 0.5);
            page = page.add(text(&line.name, 12.0, "end", self.left - 8.0, y));
            let values = self.left + PLOT + 10.0;
            page = page.add(text(&line.value, 12.0, "start", values, y));
            let drawn = |mark: &&Mark| mark.from.is_finite() && mark.to.is_finite();
            for mark in line.marks.iter().filter(drawn) {
                let (from, to) = (self.x(mark.from), self.x(mark.to));
                page = match mark.shape {
                    Shape::Bar(high) => {
                        let high = f64::from(high);
                        page.add(rect(from, y - high / 2.0, to - from, high, mark.colour))
                    }
                    Shape::Edge => page.add(rect(to - 1.5, y - 9.0, 3.0, 18.0, mark.colour)),
                    Shape::Dot => {
                        let dot = Circle::new().set("cx", pixels(to)).set("cy", pixels(y));
                        page.add(dot.set("r", 4).set("fill", mark.colour))
                    }
                };
            }
        }
        page
    }
}

fn rect(x: f64, y: f64, width: f64, height: f64, colour: Colour) -> Rectangle {
    let places = [
        ("x", x),
        ("y", y),
        ("width", width.max(0.0)),
        ("height", height),
    ];
    let rect = places
        .into_iter()
        .fold(Rectangle::new(), |rect, (name, place)| {
            rect.set(name, pixels(place))
        });
    rect.set("fill", colour)
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

fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

fn colour(row: &Row) -> Colour {
    match row.transport {
        Transport::Socket => BLUE,
        Transport::Shm => VERMILION,
        Transport::Futex => ORANGE,
        Transport::Ring => PURPLE,
        Transport::None => GREEN,
    }
}

fn carrier(row: &Row) -> String {
    format!("{:?} {:?}", row.transport, row.layer).to_lowercase()
}

/// All four, where they are numbers.
fn percentiles(row: &Row) -> Option<[f64; 4]> {
    let all = [row.p50_us?, row.p95_us?, row.p99_us?, row.p999_us?];
    all.iter().all(|time| is_positive(*time)).then_some(all)
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// Groups in the order in which their first rows come.
fn group<'a>(rows: &[&'a Row], key: impl Fn(&Row) -> String) -> Vec<(String, Vec<&'a Row>)> {
    let mut groups: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in rows {
        let key = key(row);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}
