//! Holds instruction counts against those that are stored, for `cargo bench -p netipc-bench`.
//!
//! ```
//! use netipc_bench::gate::{Comparison, Counts, Verdict};
//!
//! let stored = Counts::from([("encode".to_owned(), 100.0)]);
//! let counted = Counts::from([("encode".to_owned(), 104.0)]);
//! let comparison = Comparison::new(&stored, &counted);
//! assert_eq!(comparison.lines()[0].verdict(), Verdict::More);
//! assert!(!comparison.passed());
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How far a count may be from the stored one, as a part of it.
pub const TOLERANCE: f64 = 0.03;

/// Instructions for one unit of each case, by the case's name.
pub type Counts = BTreeMap<String, f64>;

/// Counts of every platform, as the repository has them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Stored(BTreeMap<String, Counts>);

impl Stored {
    /// Reads the counts in the file at `path`.
    ///
    /// # Errors
    /// [`StoredError`] where it is not there or holds something else.
    pub fn read(path: &Path) -> Result<Self, StoredError> {
        fs::read(path)
            .and_then(|json| Ok(serde_json::from_slice(&json)?))
            .map_err(|source| StoredError::new(path, source))
    }

    /// Writes the counts to the file at `path`, in place of what it holds.
    ///
    /// # Errors
    /// [`StoredError`] where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), StoredError> {
        serde_json::to_string_pretty(self)
            .map_err(io::Error::from)
            .and_then(|json| fs::write(path, json + "\n"))
            .map_err(|source| StoredError::new(path, source))
    }

    /// The counts of `platform`, where there are any.
    #[must_use]
    pub fn counts(&self, platform: &str) -> Option<&Counts> {
        self.0.get(platform)
    }

    /// Stores `counted` for `platform`, in place of every case whose name contains `filter`.
    pub fn store(&mut self, platform: &str, filter: &str, counted: Counts) {
        let counts = self.0.entry(platform.to_owned()).or_default();
        counts.retain(|case, _| !case.contains(filter));
        counts.extend(counted);
    }
}

/// The file of stored counts is of no use.
#[derive(Debug, thiserror::Error)]
#[error("stored counts in {}: {source}", path.display())]
pub struct StoredError {
    path: PathBuf,
    source: io::Error,
}

impl StoredError {
    fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// What was counted, beside what is stored. Prints as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    lines: Vec<Line>,
}

impl Comparison {
    /// Compares every case of either side.
    #[must_use]
    pub fn new(stored: &Counts, counted: &Counts) -> Self {
        let line = |case: &String| Line {
            case: case.clone(),
            counted: counted.get(case).copied(),
            stored: stored.get(case).copied(),
        };
        let gone = stored.keys().filter(|case| !counted.contains_key(*case));
        Self {
            lines: counted.keys().chain(gone).map(line).collect(),
        }
    }

    /// One line for each case: those that were counted by name, then those that are gone.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether no case takes more than it may, and none is gone.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count(Verdict::More) + self.count(Verdict::Missing) == 0
    }

    /// Whether the stored counts are behind what this change made better or added.
    #[must_use]
    pub fn outdated(&self) -> bool {
        self.count(Verdict::Less) + self.count(Verdict::New) > 0
    }

    fn count(&self, verdict: Verdict) -> usize {
        let is = |line: &&Line| line.verdict() == verdict;
        self.lines.iter().filter(is).count()
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case_len = |line: &Line| line.case.len();
        let width = self.lines.iter().map(case_len).max().unwrap_or(0);
        let (case, counted, stored) = ("case", "counted", "stored");
        writeln!(f, "{case:width$} {counted:>12} {stored:>12}  ratio")?;
        for line in &self.lines {
            let number = |n: Option<f64>| n.map_or("-".to_owned(), |n| format!("{n:.1}"));
            let (counted, stored) = (number(line.counted), number(line.stored));
            let ratio = line.ratio().map_or("-".to_owned(), |r| format!("{r:.3}"));
            let case = &line.case;
            write!(f, "{case:width$} {counted:>12} {stored:>12}  {ratio:>5}")?;
            writeln!(f, "{}", line.verdict().remark())?;
        }
        let more = self.count(Verdict::More);
        let gone = self.count(Verdict::Missing);
        write!(
            f,
            "{} cases, {more} slower, {gone} missing",
            self.lines.len()
        )
    }
}

/// One case of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub case: String,
    /// Instructions for one unit, where the case still exists.
    pub counted: Option<f64>,
    /// Instructions for one unit as they are stored, where they are.
    pub stored: Option<f64>,
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

/// What to make of a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Within [`TOLERANCE`].
    Same,
    /// Better than stored: the stored count is to be updated.
    Less,
    /// Worse than stored: fails.
    More,
    /// Not stored yet: to be added.
    New,
    /// Stored, but no case any more: fails until it is removed.
    Missing,
}

impl Verdict {
    const fn remark(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Less => "  faster: update the stored count",
            Self::More => "  SLOWER",
            Self::New => "  new: store its count",
            Self::Missing => "  MISSING: no such case",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(cases: &[(&str, f64)]) -> Counts {
        cases
            .iter()
            .map(|(name, n)| (name.to_string(), *n))
            .collect()
    }

    #[test]
    fn three_percent_is_what_a_change_may_cost() {
        use Verdict::{Less, More, Same};
        let table = [
            (96.0, Less, true, true),
            (98.0, Same, true, false),
            (100.0, Same, true, false),
            (102.0, Same, true, false),
            (104.0, More, false, false),
        ];
        for (counted, verdict, passed, outdated) in table {
            let stored = counts(&[("a", 100.0), ("b", 7.0)]);
            let comparison = Comparison::new(&stored, &counts(&[("a", counted), ("b", 7.0)]));
            let line = &comparison.lines()[0];
            assert_eq!((line.case.as_str(), line.verdict()), ("a", verdict));
            assert_eq!(comparison.passed(), passed, "{comparison}");
            assert_eq!(comparison.outdated(), outdated, "{comparison}");
        }
    }

    #[test]
    fn a_case_that_is_gone_fails() {
        let stored = counts(&[("kept", 1.0), ("gone", 1.0)]);
        let comparison = Comparison::new(&stored, &counts(&[("kept", 1.0)]));
        assert_eq!(comparison.lines()[1].verdict(), Verdict::Missing);
        assert!(!comparison.passed());
        let table = comparison.to_string();
        assert!(table.contains("MISSING"), "{table}");
        assert!(table.ends_with("2 cases, 0 slower, 1 missing"), "{table}");
    }

    #[test]
    fn a_new_case_asks_to_be_stored() {
        let comparison = Comparison::new(&counts(&[]), &counts(&[("new", 1.0)]));
        assert_eq!(comparison.lines()[0].verdict(), Verdict::New);
        assert!(comparison.passed() && comparison.outdated());
        assert!(comparison.to_string().contains("store its count"));
    }

    #[test]
    fn storing_replaces_what_the_filter_selects_and_nothing_else() {
        let mut stored = Stored::default();
        stored.store("x", "", counts(&[("cache/hit", 1.0), ("codec/a", 2.0)]));
        stored.store("y", "", counts(&[("cache/hit", 3.0)]));
        stored.store("x", "cache", counts(&[("cache/miss", 4.0)]));
        let expected = counts(&[("cache/miss", 4.0), ("codec/a", 2.0)]);
        assert_eq!(stored.counts("x"), Some(&expected));
        assert_eq!(stored.counts("y"), Some(&counts(&[("cache/hit", 3.0)])));
        assert_eq!(stored.counts("z"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("counts.json");
        let missing = Stored::read(&path).unwrap_err().to_string();
        assert!(missing.contains("counts.json"), "{missing}");
        let mut stored = Stored::default();
        stored.store("x", "", counts(&[("a", 12.3)]));
        stored.write(&path).unwrap();
        assert_eq!(Stored::read(&path).unwrap(), stored);
        fs::write(&path, "[]").unwrap();
        assert!(Stored::read(&path).is_err());
    }
}
