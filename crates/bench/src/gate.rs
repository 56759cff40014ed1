//! Holds instruction counts against those that are stored, for `cargo bench -p netipc-bench`.
//!
//! ```
//! use netipc_bench::gate::{Counts, Verdict, compare};
//!
//! let stored = Counts::from([("encode".to_owned(), 100.0)]);
//! let counted = Counts::from([("encode".to_owned(), 104.0)]);
//! let lines = compare(&stored, &counted);
//! assert_eq!(lines[0].verdict(), Verdict::More);
//! assert!(lines[0].verdict().fails());
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use strum::IntoStaticStr;

/// How far a count may be from the stored one, as a part of it.
pub const TOLERANCE: f64 = 0.03;

/// Instructions for one unit of each case, by the case's name.
pub type Counts = BTreeMap<String, f64>;

/// Counts of every platform, as the repository has them.
pub type Stored = BTreeMap<String, Counts>;

/// Reads the counts in the file at `path`.
///
/// # Errors
/// Names the file where it is not there or holds something else.
pub fn read(path: &Path) -> io::Result<Stored> {
    let read = fs::read(path).and_then(|json| Ok(serde_json::from_slice(&json)?));
    read.map_err(|error| at(path, error))
}

/// Writes `stored` to the file at `path`, in place of what it holds.
///
/// # Errors
/// Names the file where it cannot be written.
pub fn write(stored: &Stored, path: &Path) -> io::Result<()> {
    let json = serde_json::to_string_pretty(stored)?;
    fs::write(path, json + "\n").map_err(|error| at(path, error))
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("stored counts in {}: {error}", path.display()),
    )
}

/// Stores `counted` in `counts`, in place of every case whose name contains `filter`.
pub fn store(counts: &mut Counts, filter: &str, counted: Counts) {
    counts.retain(|case, _| !case.contains(filter));
    counts.extend(counted);
}

/// A case, as it was counted and as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub case: String,
    /// Instructions for one unit, where the case still exists.
    pub counted: Option<f64>,
    /// Instructions for one unit as they are stored, where they are.
    pub stored: Option<f64>,
}

/// Every case of either side, by name.
#[must_use]
pub fn compare(stored: &Counts, counted: &Counts) -> Vec<Line> {
    let cases: BTreeSet<&String> = stored.keys().chain(counted.keys()).collect();
    let line = |case: &String| Line {
        case: case.clone(),
        counted: counted.get(case).copied(),
        stored: stored.get(case).copied(),
    };
    cases.into_iter().map(line).collect()
}

/// The lines as a table, and how many fail.
#[must_use]
pub fn table(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["case", "counted", "stored", "ratio", ""]);
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in lines {
        let number = |number: Option<f64>, digits| {
            number.map_or("-".to_owned(), |number| format!("{number:.digits$}"))
        };
        table.add_row([
            line.case.clone(),
            number(line.counted, 1),
            number(line.stored, 1),
            number(line.ratio(), 3),
            <&str>::from(line.verdict()).to_owned(),
        ]);
    }
    let verdicts: Vec<_> = lines.iter().map(Line::verdict).collect();
    let count = |verdict| verdicts.iter().filter(|found| **found == verdict).count();
    let (slower, missing) = (count(Verdict::More), count(Verdict::Missing));
    let cases = lines.len();
    format!("{table}\n{cases} cases, {slower} slower, {missing} missing")
}

impl Line {
    /// The counted instructions as a part of the stored ones, where there are both.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        Some(self.counted? / self.stored?)
    }

    /// What to make of it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.ratio(), self.counted) {
            (Some(ratio), _) if ratio > 1.0 + TOLERANCE => Verdict::More,
            (Some(ratio), _) if ratio < 1.0 - TOLERANCE => Verdict::Less,
            (Some(_), _) => Verdict::Same,
            (None, Some(_)) => Verdict::New,
            (None, None) => Verdict::Missing,
        }
    }
}

/// What to make of a case; in a table, the text that it is called by here.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
pub enum Verdict {
    /// Within [`TOLERANCE`].
    #[strum(to_string = "")]
    Same,
    /// Better than stored: the stored count is to be updated.
    #[strum(to_string = "faster: update the stored count")]
    Less,
    /// Worse than stored: fails.
    #[strum(to_string = "SLOWER")]
    More,
    /// Not stored yet: to be added.
    #[strum(to_string = "new: store its count")]
    New,
    /// Stored, but no case any more: fails until it is removed.
    #[strum(to_string = "MISSING: no such case")]
    Missing,
}

impl Verdict {
    /// Whether a change may not do that.
    #[must_use]
    pub const fn fails(self) -> bool {
        matches!(self, Self::More | Self::Missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(cases: &[(&str, f64)]) -> Counts {
        let owned = cases
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count));
        owned.collect()
    }

    #[test]
    fn three_percent_is_what_a_change_may_cost() {
        use Verdict::{Less, Missing, More, New, Same};
        let all = [("a", 100.0), ("b", 7.0)];
        for (counted, verdict, end) in [
            (&[("a", 96.0), all[1]][..], Less, "0 slower, 0 missing"),
            (&[("a", 98.0), all[1]], Same, "0 slower, 0 missing"),
            (&[("a", 102.0), all[1]], Same, "0 slower, 0 missing"),
            (&[("a", 104.0), all[1]], More, "1 slower, 0 missing"),
            (&[all[1]], Missing, "0 slower, 1 missing"),
            (&[("0", 1.0), all[0], all[1]], New, "0 slower, 0 missing"),
        ] {
            let lines = compare(&counts(&all), &counts(counted));
            assert_eq!(lines[0].verdict(), verdict);
            assert!(lines[1..].iter().all(|line| line.verdict() == Same));
            assert_eq!(verdict.fails(), [More, Missing].contains(&verdict));
            let table = table(&lines);
            assert!(table.contains(<&str>::from(verdict)), "{table}");
            assert!(table.ends_with(end), "{table}");
        }
    }

    #[test]
    fn what_is_stored_replaces_what_the_filter_selects_and_is_read_again() {
        let mut kept = counts(&[("cache/hit", 1.0), ("codec/a", 2.0)]);
        store(&mut kept, "cache", counts(&[("cache/miss", 4.0)]));
        assert_eq!(kept, counts(&[("cache/miss", 4.0), ("codec/a", 2.0)]));

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counts.json");
        let missing = read(&path).unwrap_err().to_string();
        assert!(missing.contains("counts.json"), "{missing}");
        let stored = Stored::from([("x".to_owned(), kept)]);
        write(&stored, &path).unwrap();
        assert_eq!(read(&path).unwrap(), stored);
        fs::write(&path, "[]").unwrap();
        assert!(read(&path).is_err());
    }
}
