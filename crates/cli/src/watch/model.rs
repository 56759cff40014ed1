//! What was seen so far, and what changed.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use netipc::ClientState;

use super::rows::{Answer, Row};

/// Latencies that are kept, the most recent.
const KEPT: usize = 200;
/// For how many questions a change is marked.
const MARKED: u64 = 5;

/// One question and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Polled {
    /// Since 1970.
    pub(super) time: Duration,
    pub(super) took: Duration,
    pub(super) outcome: Result<Answer, String>,
    pub(super) state: ClientState,
    /// What carries the session: `shm (shm-hybrid)`.
    pub(super) carrier: Option<String>,
    pub(super) sessions: u64,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    Added,
    Removed,
    Changed,
}

impl Mark {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Removed => "-",
            Self::Changed => "~",
        }
    }
}

/// An item, and what became of it when.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) row: Row,
    mark: Option<(Mark, u64)>,
}

/// The name of a field, and its old and its new value.
pub(super) type Difference = (String, String, String);

/// What changed with one answer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
    /// The item, and each of its fields that changed.
    pub(super) changed: Vec<(String, Vec<Difference>)>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// Names of the columns.
    pub(super) columns: Vec<String>,
    pub(super) asked: u64,
    pub(super) errors: u64,
    pub(super) last_error: Option<String>,
    pub(super) last: Option<Polled>,
    /// When the state became what it is, since 1970.
    pub(super) state_since: Duration,
    /// Of the last answer.
    pub(super) head: Vec<(String, String)>,
    /// By key, and by which of those with one key.
    items: BTreeMap<(String, usize), Shown>,
    answered: bool,
    pub(super) added: usize,
    pub(super) removed: usize,
    pub(super) changed: usize,
    /// Microseconds.
    pub(super) latencies: VecDeque<u64>,
}

impl Model {
    /// Nothing was seen yet.
    pub(super) fn new(columns: Vec<String>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Takes what came of a question; tells what changed.
    pub(super) fn take(&mut self, polled: Polled) -> Changes {
        self.asked += 1;
        let before = self.last.as_ref().map(|last| last.state);
        if before != Some(polled.state) {
            self.state_since = polled.time;
        }
        let changes = match &polled.outcome {
            Ok(answer) => {
                let micros = u64::try_from(polled.took.as_micros()).unwrap_or(u64::MAX);
                self.latencies.push_front(micros);
                self.latencies.truncate(KEPT);
                self.head.clone_from(&answer.head);
                self.compare(&answer.rows)
            }
            Err(why) => {
                self.errors += 1;
                self.last_error = Some(why.clone());
                Changes::default()
            }
        };
        self.last = Some(polled);
        changes
    }

    fn compare(&mut self, rows: &[Row]) -> Changes {
        let (now, mut changes) = (self.asked, Changes::default());
        let mut seen: BTreeMap<(String, usize), &Row> = BTreeMap::new();
        for row in rows {
            let nth = (0..).find(|nth| !seen.contains_key(&(row.key.clone(), *nth)));
            seen.insert((row.key.clone(), nth.unwrap_or_default()), row);
        }
        for (id, shown) in &mut self.items {
            let is_gone = matches!(shown.mark, Some((Mark::Removed, _)));
            if !seen.contains_key(id) && !is_gone {
                shown.mark = Some((Mark::Removed, now));
                changes.removed.push(id.0.clone());
            }
        }
        for (id, row) in seen {
            let key = id.0.clone();
            let known = self.items.get(&id);
            let known = known.filter(|known| !matches!(known.mark, Some((Mark::Removed, _))));
            let mark = match known {
                Some(known) if known.row == *row => continue,
                Some(known) => {
                    let fields = differences(&self.columns, &known.row, row);
                    changes.changed.push((key, fields));
                    Some((Mark::Changed, now))
                }
                None if self.answered => {
                    changes.added.push(key);
                    Some((Mark::Added, now))
                }
                // What is there at the beginning did not come.
                None => None,
            };
            let row = row.clone();
            self.items.insert(id, Shown { row, mark });
        }
        self.answered = true;
        self.added += changes.added.len();
        self.removed += changes.removed.len();
        self.changed += changes.changed.len();
        let is_old = |since: u64| now - since >= MARKED;
        self.items.retain(
            |_, shown| !matches!(shown.mark, Some((Mark::Removed, since)) if is_old(since)),
        );
        for shown in self.items.values_mut() {
            shown.mark = shown.mark.filter(|(_, since)| !is_old(*since));
        }
        changes
    }

    /// The items with their marks, in the order of their keys.
    pub(super) fn items(&self) -> impl Iterator<Item = (&Row, Option<Mark>)> {
        let items = self.items.values();
        items.map(|shown| (&shown.row, shown.mark.map(|(mark, _)| mark)))
    }

    /// Items that there are now.
    pub(super) fn count(&self) -> usize {
        let there = self.items();
        there
            .filter(|(_, mark)| *mark != Some(Mark::Removed))
            .count()
    }

    /// Sessions that were made after one was lost.
    pub(super) fn reconnects(&self) -> u64 {
        let sessions = self.last.as_ref().map_or(0, |last| last.sessions);
        sessions.saturating_sub(1)
    }
}

/// Name, old and new value of each cell that differs.
fn differences(columns: &[String], old: &Row, new: &Row) -> Vec<Difference> {
    let cells = columns.iter().zip(old.cells.iter().zip(&new.cells));
    let differ = cells.filter(|(_, (old, new))| old != new);
    let told = differ.map(|(name, (old, new))| (name.to_lowercase(), old.clone(), new.clone()));
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polled(rows: &[(&str, &str)]) -> Polled {
        let row = |(key, value): &(&str, &str)| Row {
            key: (*key).to_owned(),
            cells: vec![(*key).to_owned(), (*value).to_owned()],
        };
        Polled {
            time: Duration::from_secs(1000),
            took: Duration::from_micros(70),
            outcome: Ok(Answer {
                head: Vec::new(),
                rows: rows.iter().map(row).collect(),
            }),
            state: ClientState::Ready,
            carrier: None,
            sessions: 1,
        }
    }

    fn marks(model: &Model) -> Vec<(&str, Option<Mark>)> {
        let items = model.items();
        items.map(|(row, mark)| (&row.key[..], mark)).collect()
    }

    #[test]
    fn what_comes_goes_and_changes_is_told_and_marked_for_a_while() {
        let mut model = Model {
            columns: vec!["NAME".into(), "STATE".into()],
            ..Model::default()
        };
        let first = model.take(polled(&[("a", "1"), ("b", "1")]));
        assert_eq!(first, Changes::default(), "nothing came that was there");
        let second = model.take(polled(&[("b", "2"), ("c", "1"), ("c", "1")]));
        assert_eq!(second.added, ["c", "c"]);
        assert_eq!(second.removed, ["a"]);
        let state = ("state".to_owned(), "1".to_owned(), "2".to_owned());
        assert_eq!(second.changed, [("b".to_owned(), vec![state])]);
        let (added, removed) = (Some(Mark::Added), Some(Mark::Removed));
        assert_eq!(
            marks(&model),
            [
                ("a", removed),
                ("b", Some(Mark::Changed)),
                ("c", added),
                ("c", added)
            ]
        );
        assert_eq!((model.count(), model.latencies.len()), (3, 2));
        for _ in 0..MARKED {
            model.take(polled(&[("b", "2"), ("c", "1"), ("c", "1")]));
        }
        assert_eq!(marks(&model), [("b", None), ("c", None), ("c", None)]);
        assert_eq!((model.added, model.removed, model.changed), (2, 1, 1));
    }

    #[test]
    fn failures_leave_what_is_known() {
        let mut model = Model::default();
        model.take(polled(&[("a", "1")]));
        let mut lost = polled(&[]);
        lost.outcome = Err("no session: lost".into());
        lost.state = ClientState::Broken;
        lost.time = Duration::from_secs(1009);
        lost.sessions = 3;
        assert_eq!(model.take(lost), Changes::default());
        assert_eq!((model.errors, model.count(), model.reconnects()), (1, 1, 2));
        assert_eq!(model.state_since, Duration::from_secs(1009));
        let back = model.take(polled(&[("a", "1"), ("b", "1")]));
        assert_eq!(back.added, ["b"]);
    }
}
