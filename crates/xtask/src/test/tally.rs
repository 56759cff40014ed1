//! What the output of test runners counts.

use super::excerpt::Excerpt;

/// Tests that passed, failed, and were skipped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Why each was skipped.
    pub(crate) skipped: Vec<String>,
    /// What was printed of failures.
    pub(crate) excerpt: Excerpt,
}

/// What tests print where they have to leave something out.
const SKIPPED: [&str; 2] = ["SKIPPED under Wine: ", "SKIPPED "];

impl Tally {
    /// Takes down a line of output: of cargo's tests, of Go's packages, of the language matrix.
    pub(crate) fn see(&mut self, line: &str) {
        self.excerpt.see(line);
        let line = line.trim_end();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.see_result(result);
        } else if let Some(cells) = line.strip_prefix("cells: ") {
            self.see_result(cells);
        } else if line.starts_with("ok  \t") {
            self.passed += 1;
        } else if line.starts_with("FAIL\t") {
            self.failed += 1;
        } else if let Some(why) = SKIPPED.iter().find_map(|mark| line.strip_prefix(mark)) {
            self.skipped.push(why.to_owned());
        } else if let Some((name, why)) = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... ignored"))
        {
            let why = why.trim_start_matches(", ");
            self.skipped.push(format!("{name}: {why}"));
        }
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; ...`
    fn see_result(&mut self, result: &str) {
        let parts = result.split([';', '.']).map(str::trim);
        for part in parts {
            let Some((number, what)) = part.split_once(' ') else {
                continue;
            };
            let number = number.parse::<u64>().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }

    /// Takes down how the commands ended. What says nothing of tests is one itself, and a build that
    /// fails or a process that dies fails without a line of its own.
    pub(crate) fn end(&mut self, success: bool) {
        match (success, self.passed, self.failed) {
            (false, _, 0) => self.failed = 1,
            (true, 0, 0) => self.passed = 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &str, success: bool) -> (u64, u64, Vec<String>) {
        let mut tally = Tally::default();
        lines.lines().for_each(|line| tally.see(line));
        tally.end(success);
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn every_runner_is_counted() {
        let cargo = "running 2 tests\ntest a ... ok\ntest b ... ignored, needs root\n\
            test result: FAILED. 7 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.50s\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(tally(cargo, false), (8, 2, vec!["b: needs root".into()]));
        let go = "ok  \tnetipc/protocol\t0.1s\nFAIL\tnetipc/service\t2s\n?   \tnetipc/x\t[no test files]\nFAIL";
        assert_eq!(tally(go, false), (1, 1, vec![]));
        assert_eq!(tally("cells: 30 passed; 2 failed", false), (30, 2, vec![]));
        let skipped = "SKIPPED the headers with clang: install clang";
        let why = vec!["the headers with clang: install clang".to_owned()];
        assert_eq!(tally(skipped, true), (1, 0, why));
    }

    #[test]
    fn what_dies_without_a_word_has_failed() {
        assert_eq!(tally("error: could not compile", false), (0, 1, vec![]));
        let died = "test result: ok. 5 passed; 0 failed; 0 ignored";
        assert_eq!(tally(died, false), (5, 1, vec![]));
        assert_eq!(tally("", true), (1, 0, vec![]));
    }
}
