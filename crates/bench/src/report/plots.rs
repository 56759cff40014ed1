//! Which plots a report has, and what each of them shows.

use std::{collections::BTreeSet, iter, ptr};

use super::{
    chart::{BLUE, Chart, Colour, GREEN, Glyph, INK, Line, Mark, ORANGE, PURPLE, Scale, VERMILION},
    figures::{cpu, cpu_per_unit, finite, is_blocking, limit, pairs},
    number::{self, NONE},
    text::slug,
};
use crate::{Row, Scenario, Transport};

/// More rows than this are told apart by transport and layer, and then cut.
const MOST_LINES: usize = 24;
/// Parts that rows are sorted into by one key, at most.
const FEW: usize = 6;
/// Stacked values further apart than this are shown by their logarithm.
const SPAN: f64 = 30.0;

/// The plots of a report.
#[derive(Debug, Default)]
pub(super) struct Plots(Vec<Plot>);

/// A drawn plot.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) kind: Kind,
    pub(super) scenario: Scenario,
    /// The file's name.
    pub(super) file: String,
    /// What it shows, in words.
    pub(super) title: String,
    pub(super) svg: String,
}

/// What a plot is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Throughput,
    Latency,
    CpuPerUnit,
    CpuAtRate,
}

/// Rows that stand in one plot.
struct Part<'a> {
    scenario: Scenario,
    /// What tells it from the scenario's other parts; empty where there are none.
    name: String,
    rows: Vec<&'a Row>,
}

impl Plots {
    /// Draws all that the rows have figures for.
    pub(super) fn draw(rows: &[Row]) -> Self {
        let scenarios: BTreeSet<Scenario> = rows.iter().map(|row| row.scenario).collect();
        let mut plots = Self::default();
        for scenario in scenarios {
            for kind in Kind::ALL {
                for part in kind.parts(rows, scenario) {
                    plots.add(kind, &part);
                }
            }
        }
        plots
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Plot> {
        self.0.iter()
    }

    fn add(&mut self, kind: Kind, part: &Part<'_>) {
        let name = format!("{} {}", part.scenario.name(), part.name);
        let base = slug(&format!("{} {name}", kind.word()));
        let file = (1..)
            .map(|number| match number {
                1 => format!("{base}.svg"),
                _ => format!("{base}-{number}.svg"),
            })
            .find(|file| self.iter().all(|plot| plot.file != *file))
            .unwrap_or_default();
        let title = format!("{}: {}", kind.title(), name.trim());
        let svg = kind.chart(title.clone(), part).draw();
        self.0.push(Plot {
            kind,
            scenario: part.scenario,
            file,
            title,
            svg,
        });
    }
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Throughput,
        Self::Latency,
        Self::CpuPerUnit,
        Self::CpuAtRate,
    ];

    /// The first part of a file name.
    fn word(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::CpuPerUnit => "cpu",
            Self::CpuAtRate => "rates",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Throughput => "Throughput",
            Self::Latency => "Latency",
            Self::CpuPerUnit => "CPU for each unit",
            Self::CpuAtRate => "CPU at fixed rates",
        }
    }

    fn chart(self, title: String, part: &Part<'_>) -> Chart {
        let chart = match self {
            Self::Throughput => throughput(part),
            Self::Latency => latency(part),
            Self::CpuPerUnit => cpu_for_each(part),
            Self::CpuAtRate => cpu_at_rates(part),
        };
        Chart { title, ..chart }
    }

    /// The scenario's rows that have something to show, sorted into plots: by unit, since an axis
    /// has one, and where there are too many by what carried them.
    fn parts(self, rows: &[Row], scenario: Scenario) -> Vec<Part<'_>> {
        let rows = self.rows(rows, scenario);
        if rows.is_empty() {
            return Vec::new();
        }
        let by_unit = match self {
            Self::Throughput | Self::CpuPerUnit => group(&rows, |row| row.unit.clone()),
            Self::Latency | Self::CpuAtRate => vec![(String::new(), rows)],
        };
        let several = by_unit.len() > 1;
        let parts = by_unit.into_iter().flat_map(|(unit, rows)| {
            Part {
                scenario,
                name: if several { unit } else { String::new() },
                rows,
            }
            .split(if self == Self::CpuAtRate {
                &[rate]
            } else {
                &[carrier, subject]
            })
        });
        parts.collect()
    }

    fn rows(self, rows: &[Row], scenario: Scenario) -> Vec<&Row> {
        let all = || rows.iter().filter(|row| row.scenario == scenario);
        let at_full_speed = || all().filter(|row| row.rate == 0 && positive(row.throughput));
        match self {
            Self::Throughput => at_full_speed().collect(),
            Self::Latency => all().filter(|row| !percentiles(row).is_empty()).collect(),
            Self::CpuPerUnit => at_full_speed().filter(|row| positive(cpu(row))).collect(),
            Self::CpuAtRate => {
                let mut shown: Vec<&Row> = Vec::new();
                for pair in pairs(rows, scenario) {
                    for row in iter::once(pair.adaptive).chain(pair.blocking) {
                        if !shown.iter().any(|other| ptr::eq(*other, row)) {
                            shown.push(row);
                        }
                    }
                }
                shown
            }
        }
    }
}

/// Bars of throughput, with the slowest and the fastest run and the limit over them.
fn throughput(part: &Part<'_>) -> Chart {
    let lines = part.lines(|row| {
        let mut marks = vec![bar(row, 0.0, row.throughput)];
        if row.min < row.max {
            marks.push(Mark::new(Glyph::Whisker, INK, row.min, row.max));
        }
        marks.extend(limit(row).map(|limit| Mark::new(Glyph::Edge, INK, 0.0, limit)));
        let share = row.share_of_limit.map_or_else(String::new, number::percent);
        let value = format!("{:<7} {share:>7}", number::scaled(row.throughput));
        (marks, value.trim_end().to_owned())
    });
    let mut legend = part.transports(Glyph::Bar);
    for (glyph, meaning) in [
        (Glyph::Whisker, "slowest to fastest run"),
        (Glyph::Edge, "what the machine allows"),
    ] {
        let is_it = |mark: &Mark| mark.glyph == glyph;
        if lines.iter().any(|line| line.marks.iter().any(is_it)) {
            legend.push((glyph, INK, meaning.to_owned()));
        }
    }
    let has_share = part.rows.iter().any(|row| row.share_of_limit.is_some());
    Chart {
        values: if has_share {
            "median    share"
        } else {
            "median"
        },
        ..Chart::new(
            format!("{} a second", part.unit()),
            number::tick,
            legend,
            lines,
        )
    }
}

/// From the median to the slowest thousandth.
fn latency(part: &Part<'_>) -> Chart {
    let lines = part.lines(|row| {
        let known = percentiles(row);
        let at = |name: &str| known.iter().find(|(known, _)| *known == name);
        let mut marks: Vec<Mark> = known
            .windows(2)
            .filter_map(|ends| match ends {
                [(_, from), (name, to)] => {
                    let glyph = match *name {
                        "p95" => Glyph::Bar,
                        "p99" => Glyph::ThinBar,
                        _ => Glyph::Whisker,
                    };
                    Some(Mark::new(glyph, colour(row), *from, *to))
                }
                _ => None,
            })
            .collect();
        marks.extend(at("p50").map(|(_, median)| Mark::new(Glyph::Dot, INK, *median, *median)));
        let show = |name| at(name).map_or_else(|| NONE.to_owned(), |(_, us)| number::time(*us));
        (
            marks,
            format!("{:<8}  {:<8}  {}", show("p50"), show("p99"), show("p99.9")),
        )
    });
    let mut legend = part.transports(Glyph::Bar);
    for (glyph, meaning) in [
        (Glyph::Dot, "p50"),
        (Glyph::Bar, "to p95"),
        (Glyph::ThinBar, "to p99"),
        (Glyph::Whisker, "to p99.9"),
    ] {
        legend.push((glyph, INK, meaning.to_owned()));
    }
    Chart {
        scale: Scale::Log,
        values: "p50       p99       p99.9",
        ..Chart::new(
            "time of one operation".to_owned(),
            number::time_tick,
            legend,
            lines,
        )
    }
}

/// Both sides' processor time: one after the other where lengths can be added, one above the other
/// where the axis is a logarithm.
fn cpu_for_each(part: &Part<'_>) -> Chart {
    let totals = part
        .rows
        .iter()
        .filter_map(|row| cpu_per_unit(row, cpu(row)));
    let scale = Scale::for_values(totals, SPAN);
    let (client, server) = match scale {
        Scale::Linear => (Glyph::Bar, Glyph::Bar),
        Scale::Log => (Glyph::UpperBar, Glyph::LowerBar),
    };
    let lines = part.lines(|row| {
        let time = |cpu| cpu_per_unit(row, cpu).unwrap_or(0.0);
        let (asking, answering) = (time(row.client_cpu), time(row.server_cpu));
        let start = match scale {
            Scale::Linear => asking,
            Scale::Log => 0.0,
        };
        let mut marks = Vec::new();
        if positive(asking) {
            marks.push(Mark::new(client, BLUE, 0.0, asking));
        }
        if positive(answering) {
            marks.push(Mark::new(server, ORANGE, start, start + answering));
        }
        (marks, number::time(asking + answering))
    });
    let legend = vec![
        (Glyph::Bar, BLUE, "client".to_owned()),
        (Glyph::Bar, ORANGE, "server".to_owned()),
    ];
    let axis = format!("processor time, divided by {}", part.unit());
    Chart {
        scale,
        values: "both",
        ..Chart::new(axis, number::time_tick, legend, lines)
    }
}

/// Processors kept busy by adaptive and by blocking sides.
fn cpu_at_rates(part: &Part<'_>) -> Chart {
    let lines = part.lines(|row| {
        let colour = if is_blocking(row) { ORANGE } else { BLUE };
        let mark = Mark::new(Glyph::Bar, colour, 0.0, cpu(row));
        (vec![mark], number::percent(cpu(row)))
    });
    let legend = [(false, BLUE, "adaptive"), (true, ORANGE, "blocking")]
        .into_iter()
        .filter(|(blocking, _, _)| part.rows.iter().any(|row| is_blocking(row) == *blocking))
        .map(|(_, colour, meaning)| (Glyph::Bar, colour, meaning.to_owned()));
    Chart::new(
        "of one processor, both sides together".to_owned(),
        number::percent_tick,
        legend.collect(),
        lines,
    )
}

impl<'a> Part<'a> {
    /// Parts that are small enough for a plot, told apart by the first of these keys that do so
    /// with a few of them, or else by a number.
    fn split(self, keys: &[fn(&Row) -> String]) -> Vec<Self> {
        if self.rows.len() <= MOST_LINES {
            return vec![self];
        }
        let Some((key, keys)) = keys.split_first() else {
            let count = self.rows.len().div_ceil(MOST_LINES);
            let rows = self.rows.chunks(self.rows.len().div_ceil(count));
            return rows
                .map(|rows| Part {
                    name: self.name.clone(),
                    rows: rows.to_vec(),
                    ..self
                })
                .collect();
        };
        let groups = group(&self.rows, key);
        if groups.len() == 1 || groups.len() > FEW {
            return self.split(keys);
        }
        let part = |(name, rows): (String, Vec<&'a Row>)| Part {
            name: format!("{} {name}", self.name).trim().to_owned(),
            rows,
            ..self
        };
        groups
            .into_iter()
            .map(part)
            .flat_map(|part| part.split(keys))
            .collect()
    }

    /// A line for each row; `show` gives its marks and its figure.
    fn lines(&self, show: impl Fn(&Row) -> (Vec<Mark>, String)) -> Vec<Line> {
        let line = |row: &&Row| {
            let (marks, value) = show(row);
            let name = row.name();
            let label = match name.split_once(' ') {
                Some((_, rest)) if row.scenario == self.scenario => rest.to_owned(),
                _ => name,
            };
            Line {
                label,
                marks,
                value,
            }
        };
        self.rows.iter().map(line).collect()
    }

    /// What its rows count.
    fn unit(&self) -> &str {
        self.rows.first().map_or("units", |row| &row.unit)
    }

    /// What the colours mean.
    fn transports(&self, glyph: Glyph) -> Vec<(Glyph, Colour, String)> {
        [
            (Transport::Socket, "socket"),
            (Transport::Shm, "shared memory"),
            (Transport::Ring, "ring"),
            (Transport::None, "no transport"),
        ]
        .into_iter()
        .filter_map(|(transport, meaning)| {
            let row = self.rows.iter().find(|row| row.transport == transport)?;
            Some((glyph, colour(row), meaning.to_owned()))
        })
        .collect()
    }
}

/// The known percentiles in microseconds, in order.
fn percentiles(row: &Row) -> Vec<(&'static str, f64)> {
    [
        ("p50", row.p50_us),
        ("p95", row.p95_us),
        ("p99", row.p99_us),
        ("p99.9", row.p999_us),
    ]
    .into_iter()
    .filter_map(|(name, time)| Some((name, time.and_then(finite)?)))
    .filter(|(_, time)| *time > 0.0)
    .collect()
}

fn bar(row: &Row, from: f64, to: f64) -> Mark {
    Mark::new(Glyph::Bar, colour(row), from, to)
}

fn colour(row: &Row) -> Colour {
    match row.transport {
        Transport::Socket => BLUE,
        Transport::Shm => VERMILION,
        Transport::Ring => PURPLE,
        Transport::None => GREEN,
    }
}

/// The first word of the variant: which of several services, for one.
fn subject(row: &Row) -> String {
    let word = row.variant.split_whitespace().next();
    word.unwrap_or_default().to_owned()
}

fn rate(row: &Row) -> String {
    format!("{} a second", row.rate)
}

fn carrier(row: &Row) -> String {
    format!("{:?} {:?}", row.transport, row.layer).to_lowercase()
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

fn positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
