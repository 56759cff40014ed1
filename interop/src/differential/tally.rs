use std::collections::BTreeMap;
use std::fmt;

/// How often all agreed on which verdict.
#[derive(Clone, Debug, Default)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// How often `what`, such as `decode header BadMagic` or `encode batch ok`.
    #[must_use]
    pub fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Everything that was agreed upon, in the order of the names.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Counts the answer to a question.
    pub(super) fn count(&mut self, question: &str, answer: &str) {
        let mut asked = question.split(' ');
        let mut said = answer.split(' ');
        let verdict = match said.next() {
            Some("error") => said.next(),
            other => other,
        };
        let what = [asked.next(), asked.next(), verdict].map(Option::unwrap_or_default);
        *self.0.entry(what.join(" ")).or_default() += 1;
    }
}

/// A line for each verdict.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.0.iter();
        lines.try_for_each(|(what, times)| writeln!(f, "{times:>10} {what}"))
    }
}
