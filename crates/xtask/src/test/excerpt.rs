//! What a step printed of its failures, to be said again at the end, where whoever reads only that finds it.

use std::collections::VecDeque;

/// Lines kept after one that tells of a failure.
const AFTER: usize = 8;
/// Lines of failures kept at most: the first ones, which tend to be the cause of the others.
const FAILURES: usize = 40;
/// Lines kept of the end.
const END: usize = 20;

/// The lines of a step that tell why it failed, and its last ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Excerpt {
    failures: Vec<String>,
    /// How many of the next lines belong to the last failure.
    more: usize,
    end: VecDeque<String>,
}

impl Excerpt {
    /// Takes down a line of output.
    pub(crate) fn see(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if tells_a_failure(line) {
            self.more = AFTER;
        } else {
            self.more = self.more.saturating_sub(1);
        }
        if self.more > 0 && self.failures.len() < FAILURES {
            self.failures.push(line.to_owned());
        } else {
            self.end.push_back(line.to_owned());
            if self.end.len() > END {
                self.end.pop_front();
            }
        }
    }

    /// The lines, in the order in which they came.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = self.failures.iter().chain(&self.end);
        lines.map(String::as_str)
    }
}

/// Whether a runner of tests, a compiler or a language matrix begins to tell of a failure with it.
fn tells_a_failure(line: &str) -> bool {
    let begins = ["error", "--- FAIL", "panic: ", "FAILED "];
    let line = line.trim_start();
    begins.iter().any(|begin| line.starts_with(begin))
        || line.contains(" panicked at ")
        || line.ends_with(" ... FAILED")
        || (line.starts_with("---- ") && line.ends_with(" stdout ----"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(lines: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut excerpt = Excerpt::default();
        lines.into_iter().for_each(|line| excerpt.see(&line));
        excerpt.lines().map(str::to_owned).collect()
    }

    fn noise(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|at| format!("test number {at} ... ok\n"))
    }

    #[test]
    fn a_failure_is_kept_however_much_follows_it() {
        let failure = [
            "thread 'a' panicked at src/a.rs:1:1:\n".to_owned(),
            "the cause\n".to_owned(),
        ];
        let lines = excerpt(noise(1000).chain(failure).chain(noise(1000)));
        assert_eq!(lines[0], "thread 'a' panicked at src/a.rs:1:1:");
        assert_eq!(lines[1], "the cause");
        assert_eq!(
            lines.last().map(String::as_str),
            Some("test number 999 ... ok")
        );
        assert!(lines.len() <= AFTER + END, "{lines:?}");
    }

    #[test]
    fn many_failures_leave_room_for_the_end() {
        let failures = (0..1000).map(|at| format!("error: number {at}\n"));
        let lines = excerpt(failures.chain(["the end\n".to_owned()]));
        assert_eq!(lines[0], "error: number 0");
        assert_eq!(lines.last().map(String::as_str), Some("the end"));
        assert_eq!(lines.len(), FAILURES + END);
    }

    #[test]
    fn every_runner_has_its_own_words() {
        for line in [
            "error[E0308]: mismatched types",
            "    --- FAIL: TestPing (0.00s)",
            "panic: runtime error: index out of range [recovered]",
            "test wait::ends ... FAILED",
            "---- wait::ends stdout ----",
            "FAILED increment, rust -> c, pipe: the server ended with exit status: 1",
        ] {
            assert!(tells_a_failure(line), "{line}");
        }
        assert!(!tells_a_failure("test fails_honestly ... ok"));
    }
}
