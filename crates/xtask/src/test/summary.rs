//! What to say at the end.

use std::fmt;
use std::time::Duration;

use super::needs::Need;
use super::tally::Tally;

/// How a step ended.
#[derive(Clone, Debug)]
struct Ran {
    /// Its place among all.
    at: usize,
    name: &'static str,
    tally: Tally,
    took: Duration,
}

/// What ran, what was skipped and why, and what failed. Shown, it ends with a line `N passed, N failed, N skipped`.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    ran: Vec<Ran>,
    skipped: Vec<(usize, &'static str, String)>,
}

impl Summary {
    /// That of a set-up.
    pub(crate) fn of_missing(missing: &[&'static Need]) -> Self {
        let skipped = missing
            .iter()
            .enumerate()
            .map(|(at, need)| (at, need.name, "is missing".into()));
        Self {
            ran: Vec::new(),
            skipped: skipped.collect(),
        }
    }

    pub(crate) fn skip(&mut self, at: usize, name: &'static str, why: String) {
        self.skipped.push((at, name, why));
    }

    pub(crate) fn end(&mut self, at: usize, name: &'static str, tally: Tally, took: Duration) {
        self.ran.push(Ran {
            at,
            name,
            tally,
            took,
        });
    }

    /// Takes what another lane did; all is in the order of the steps.
    pub(crate) fn add(&mut self, other: Self) {
        self.ran.extend(other.ran);
        self.ran.sort_by_key(|ran| ran.at);
        self.skipped.extend(other.skipped);
        self.skipped.sort_by_key(|(at, ..)| *at);
    }

    /// How many tests passed.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.ran.iter().map(|ran| ran.tally.passed).sum()
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.ran.iter().map(|ran| ran.tally.failed).sum()
    }

    /// How many steps and tests were skipped.
    #[must_use]
    pub fn skipped(&self) -> usize {
        let tests = self.ran.iter().map(|ran| ran.tally.skipped.len());
        self.skipped.len() + tests.sum::<usize>()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Ran {
            name, tally, took, ..
        } in &self.ran
        {
            let seconds = took.as_secs();
            writeln!(
                f,
                "ran      {name:<40} {:>5} passed {:>3} failed {:>3}:{:02} min",
                tally.passed,
                tally.failed,
                seconds / 60,
                seconds % 60
            )?;
        }
        for (_, name, why) in &self.skipped {
            writeln!(f, "skipped  {name}: {why}")?;
        }
        for Ran { name, tally, .. } in &self.ran {
            for why in &tally.skipped {
                writeln!(f, "skipped  {name}: {why}")?;
            }
        }
        for Ran { name, tally, .. } in &self.ran {
            if tally.failed > 0 {
                for line in tally.excerpt.lines() {
                    writeln!(f, "failed   {name}: {line}")?;
                }
            }
        }
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed(),
            self.skipped()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_ends_with_the_counts() {
        let mut summary = Summary::default();
        let mut tally = Tally {
            passed: 7,
            failed: 1,
            skipped: vec!["clang".to_owned()],
            ..Tally::default()
        };
        tally.excerpt.see("error: the cause");
        let mut other = Summary::default();
        other.end(1, "later", Tally::default(), Duration::ZERO);
        other.skip(3, "two", "there is no Wine".to_owned());
        summary.end(0, "one", tally, Duration::from_secs(61));
        summary.add(other);
        let text = summary.to_string();
        assert!(text.ends_with("\n7 passed, 1 failed, 2 skipped"), "{text}");
        assert!(text.contains("skipped  two: there is no Wine\n"), "{text}");
        assert!(text.contains(" 1:01 min\n"), "{text}");
        assert!(text.contains("failed   one: error: the cause\n"), "{text}");
        assert!(text.find("one") < text.find("later"), "{text}");
    }
}
