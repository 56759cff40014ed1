//! What came out: a table for people, a document for machines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::case::Door;
use crate::plan::{Cell, Column};
use crate::run::Outcome;

/// What stands in front of the heads of the columns.
const PAIRS: &str = "client>server";

/// The outcomes of everything that was planned. A cell without an outcome has failed.
#[derive(Clone, Debug)]
pub struct Report {
    cells: Vec<(Cell, Option<Outcome>)>,
}

impl Report {
    /// A report on the cells of `plan`.
    #[must_use]
    pub fn new(plan: &[Cell], outcomes: &[Outcome]) -> Self {
        let outcome = |cell: &Cell| outcomes.iter().find(|outcome| outcome.cell == *cell);
        let cells = plan.iter().map(|cell| (*cell, outcome(cell).cloned()));
        Self {
            cells: cells.collect(),
        }
    }

    /// Whether there is something, and all of it is green.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !self.cells.is_empty() && self.failed() == 0
    }

    /// How many cells there are.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.cells.len()
    }

    /// How many of them are not green.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.wrong().count()
    }

    /// A line for each thing that went wrong, with the first cell where it did.
    #[must_use]
    pub fn failures(&self) -> String {
        let mut reasons: Vec<(String, &Cell, usize)> = Vec::new();
        for (cell, detail) in self.wrong() {
            match reasons.iter_mut().find(|(reason, ..)| *reason == detail) {
                Some((_, _, times)) => *times += 1,
                None => reasons.push((detail, cell, 1)),
            }
        }
        let lines = reasons.iter().map(|(reason, cell, times)| match times {
            1 => format!("{cell}: {reason}\n"),
            _ => format!("{cell} and {} more: {reason}\n", times - 1),
        });
        lines.collect()
    }

    /// The table: a row for each case, a column for each pair of languages over each transport. A
    /// mark stands for all doors of its case.
    #[must_use]
    pub fn table(&self) -> String {
        let columns = self.columns();
        let mut names: Vec<&str> = Vec::new();
        for (cell, _) in &self.cells {
            if !names.contains(&cell.case.name) {
                names.push(cell.case.name);
            }
        }
        let longest = names.iter().map(|name| name.len()).max();
        let width = longest.unwrap_or(0).max(PAIRS.len());
        let mut text = head(&columns, width);
        for name in names {
            let mut row = format!("{name:width$}");
            let mut before = None;
            for column in &columns {
                row += gap(&mut before, column);
                row += self.mark(name, column);
            }
            text += row.trim_end();
            text.push('\n');
        }
        text
    }

    /// The document, in one line for each cell.
    #[must_use]
    pub fn json(&self) -> String {
        let lines = self.cells.iter().map(|(cell, outcome)| {
            let done = outcome.as_ref();
            let record = Record {
                case: cell.case.name,
                door: cell.door,
                client: cell.column.client.to_string(),
                server: cell.column.server.to_string(),
                transport: cell.column.transport.kind(),
                profile: cell.column.transport.profile(),
                ok: detail(done).is_none(),
                detail: detail(done),
                calls: done.and_then(|done| done.result.clone().ok()),
                ms: done.map(|done| done.took.as_secs_f64() * 1e3),
            };
            serde_json::to_string(&record).unwrap_or_else(|error| format!("\"{error}\""))
        });
        let lines: Vec<_> = lines.collect();
        let (total, failed) = (self.total(), self.failed());
        format!(
            "{{\"ok\":{},\"total\":{total},\"failed\":{failed},\"cells\":[\n{}\n]}}\n",
            self.is_green(),
            lines.join(",\n")
        )
    }

    fn wrong(&self) -> impl Iterator<Item = (&Cell, String)> {
        let cells = self.cells.iter();
        cells.filter_map(|(cell, outcome)| Some((cell, detail(outcome.as_ref())?)))
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<_> = self.cells.iter().map(|(cell, _)| cell.column).collect();
        columns.sort();
        columns.dedup();
        columns
    }

    fn mark(&self, name: &str, column: &Column) -> &'static str {
        let cells = self.cells.iter();
        let cells = cells.filter(|(cell, _)| cell.case.name == name && cell.column == *column);
        let marks = cells.map(|(_, outcome)| Mark::of(outcome.as_ref()));
        marks.max().map_or("    ", Mark::text)
    }
}

/// What became of a cell, the worst last.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Mark {
    Green,
    Lost,
    Failed,
}

impl Mark {
    fn of(outcome: Option<&Outcome>) -> Self {
        match outcome {
            Some(outcome) if outcome.result.is_ok() => Self::Green,
            Some(_) => Self::Failed,
            None => Self::Lost,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Green => " ok ",
            Self::Lost => "LOST",
            Self::Failed => "FAIL",
        }
    }
}

/// What is wrong with a cell, if anything.
fn detail(outcome: Option<&Outcome>) -> Option<String> {
    match outcome {
        Some(outcome) => outcome.result.clone().err(),
        None => Some("it was not tried".to_owned()),
    }
}

/// Two lines: the transports, and client and server of each column.
fn head(columns: &[Column], width: usize) -> String {
    let (mut over, mut pairs) = (" ".repeat(width), format!("{PAIRS:width$}"));
    let (mut before_over, mut before_pairs) = (None, None);
    for column in columns {
        let (client, server) = (column.client.letter(), column.server.letter());
        pairs += gap(&mut before_pairs, column);
        // A string takes anything.
        let _ = write!(pairs, "{client}>{server} ");
        if before_over != Some(column.transport) {
            let start = pairs.len() - 4;
            let _ = write!(
                over,
                "{:1$}{2}",
                "",
                start.saturating_sub(over.len()),
                column.transport
            );
            before_over = Some(column.transport);
        }
    }
    format!("{}\n{}\n", over.trim_end(), pairs.trim_end())
}

/// What stands between the column `before` and `column`.
fn gap(before: &mut Option<crate::plan::Transport>, column: &Column) -> &'static str {
    let same = *before == Some(column.transport);
    *before = Some(column.transport);
    if same { " " } else { "     " }
}

#[derive(Serialize)]
struct Record {
    case: &'static str,
    door: Door,
    client: String,
    server: String,
    transport: &'static str,
    profile: u32,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::cells;
    use crate::platform::Platform;

    fn outcome(cell: &Cell, result: Result<u64, String>) -> Outcome {
        Outcome {
            cell: *cell,
            result,
            took: Duration::from_millis(5),
        }
    }

    #[test]
    fn what_was_not_tried_has_failed() {
        let plan = cells(Platform::native(), &["increment batch of 16, rust -> rust"]);
        let [first, second, third, fourth] = &plan[..] else {
            panic!("four transports");
        };
        let mut outcomes = vec![
            outcome(first, Ok(1)),
            outcome(second, Err("why".to_owned())),
        ];
        let report = Report::new(&plan, &outcomes);
        assert!(!report.is_green());
        assert_eq!((report.failed(), report.total()), (3, 4));
        assert!(report.failures().contains(": why\n"));
        let table = report.table();
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines[0].split_whitespace().collect::<Vec<_>>().join(" "),
            "socket shm 0x02 shm 0x04 ring 0x10"
        );
        assert!(
            lines[1].starts_with("client>server ") && lines[1].ends_with(" r>r"),
            "{table}"
        );
        assert!(
            lines[2].ends_with(" ok      FAIL     LOST     LOST"),
            "{table}"
        );
        let json: serde_json::Value = serde_json::from_str(&report.json()).expect("a document");
        assert_eq!((&json["ok"], &json["failed"]), (&false.into(), &3.into()));
        assert_eq!(json["cells"][1]["detail"], "why");
        assert_eq!(json["cells"][2]["profile"], 4);
        assert_eq!(json["cells"][2]["door"], "open");

        outcomes = vec![
            outcome(first, Ok(1)),
            outcome(second, Ok(1)),
            outcome(third, Ok(1)),
            outcome(fourth, Ok(1)),
        ];
        assert!(Report::new(&plan, &outcomes).is_green());
        assert!(
            !Report::new(&[], &outcomes).is_green(),
            "nothing is not enough"
        );
    }

    #[test]
    fn a_mark_is_as_bad_as_the_worst_of_its_doors() {
        let column = Column::all(Platform::native()).next().expect("a column");
        let plan: Vec<_> = Cell::of(column).take(3).collect();
        let [open, wrong, full] = &plan[..] else {
            panic!("three doors");
        };
        assert_eq!([open.door, wrong.door, full.door], Door::ALL);
        let marked = |outcomes: &[Outcome]| Report::new(&plan, outcomes).table();
        let good = |cell| outcome(cell, Ok(1));
        let bad = |cell| outcome(cell, Err("why".to_owned()));
        for (outcomes, mark) in [
            (vec![good(open), good(wrong), good(full)], "ok"),
            (vec![good(open), good(full)], "LOST"),
            (vec![good(open), bad(full)], "FAIL"),
        ] {
            assert!(marked(&outcomes).trim_end().ends_with(mark), "{mark}");
        }
    }
}
