//! Where knowledge comes from: sources that are looked at one by one, none of which can hold up another.

use std::{
    fmt,
    path::PathBuf,
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError},
    thread,
    time::{Duration, Instant},
};

/// What the last look at a place came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceState {
    /// It is there and was read.
    Found,
    /// There is no such file or directory.
    Absent,
    /// This program may not read it.
    Denied,
    /// It is there, and reading it failed for another reason, which is told.
    Unreadable(String),
}

impl PlaceState {
    /// What `error` says about the place where it happened.
    pub(crate) fn of_error(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::Absent,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

/// One file or directory that a source was looked for in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path, or the pattern that stands for several.
    pub path: PathBuf,
    /// What was found there.
    pub state: PlaceState,
}

/// What one source of knowledge came to in the last refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    pub(crate) name: &'static str,
    pub(crate) places: Vec<Place>,
    /// Set while an answer is overdue.
    pub(crate) late: bool,
    /// Set while data of an earlier refresh is used.
    pub(crate) kept: bool,
    pub(crate) as_of: Option<Instant>,
}

impl SourceReport {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            places: Vec::new(),
            late: false,
            kept: false,
            as_of: None,
        }
    }

    /// Takes note that what it says now is `fresh`, or that it says what it said before.
    pub(crate) fn renew(&mut self, fresh: bool) {
        if fresh {
            self.as_of = Some(Instant::now());
        }
        self.kept = !fresh;
    }

    /// Such as `processes`, `cgroups` or `docker`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Where it was looked for; empty if it is switched off, or needs no place.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether a look takes so long that the rest goes on without it.
    pub fn is_late(&self) -> bool {
        self.late
    }

    /// How old its data is at `now`, where the last refresh could not renew it and it is used all the same.
    pub fn stale(&self, now: Instant) -> Option<Duration> {
        self.age(now).filter(|_| self.kept)
    }

    /// How old its data is at `now`; `None` if it never had any.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.as_of.map(|then| now.saturating_duration_since(then))
    }

    /// Whether it says the same as `earlier`, whatever the age of the data.
    pub fn is_same(&self, earlier: &Self) -> bool {
        (self.name, &self.places, self.late) == (earlier.name, &earlier.places, earlier.late)
    }

    fn those(&self, wanted: impl Fn(&PlaceState) -> bool) -> Option<String> {
        const SHOWN: usize = 6;
        let places: Vec<&Place> = self
            .places
            .iter()
            .filter(|place| wanted(&place.state))
            .collect();
        let shown = places.iter().take(SHOWN).map(|place| match &place.state {
            PlaceState::Unreadable(why) => format!("{} ({why})", place.path.display()),
            _ => place.path.display().to_string(),
        });
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if places.len() > SHOWN {
            text.push_str(&format!(" and {} more", places.len() - SHOWN));
        }
        (!places.is_empty()).then_some(text)
    }
}

/// One line: what was tried, what was found, or why not.
impl fmt::Display for SourceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.late {
            parts.push("no answer yet, still waiting; what was known before is used".to_owned());
        }
        if let Some(found) = self.those(|state| *state == PlaceState::Found) {
            parts.push(format!("found {found}"));
        }
        if let Some(denied) = self.those(|state| *state == PlaceState::Denied) {
            let hint = "run as root, or as a user who may read it";
            parts.push(format!("permission denied for {denied}: {hint}"));
        }
        if let Some(unreadable) = self.those(|state| matches!(state, PlaceState::Unreadable(_))) {
            parts.push(format!("cannot read {unreadable}"));
        }
        let any = self
            .places
            .iter()
            .any(|place| place.state == PlaceState::Found);
        let absent = self.those(|state| *state == PlaceState::Absent);
        if let Some(absent) = absent.filter(|_| !any) {
            parts.push(format!("not found; tried {absent}"));
        }
        if parts.is_empty() {
            parts.push("nothing to look at".to_owned());
        }
        write!(f, "{}: {}", self.name, parts.join("; "))
    }
}

/// A look at one source, on a thread of its own: a file system that hangs holds up nothing but that thread.
pub(crate) struct Lookout<Q, A> {
    questions: Sender<Q>,
    answers: Receiver<A>,
    busy: bool,
    /// Whether the last look had no answer when the next one was asked for.
    overdue: bool,
}

impl<Q: Send + 'static, A: Send + 'static> Lookout<Q, A> {
    /// The thread ends with this, as soon as it is not held up.
    pub(crate) fn new(name: &str, mut look: impl FnMut(Q) -> A + Send + 'static) -> Self {
        let (questions, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        let run = move || {
            while let Ok(question) = asked.recv() {
                if answer.send(look(question)).is_err() {
                    break;
                }
            }
        };
        // Without a thread nobody answers, which is told like any other late answer.
        let _ = thread::Builder::new()
            .name(format!("look-{name}"))
            .stack_size(512 << 10)
            .spawn(run);
        Self {
            questions,
            answers,
            busy: false,
            overdue: false,
        }
    }

    /// Begins a look, unless the last one has not come to its end; gives the answer of that one if it has meanwhile.
    pub(crate) fn ask(&mut self, question: Q) -> Option<A> {
        let mut late = None;
        if self.busy {
            match self.answers.try_recv() {
                Ok(answer) => late = Some(answer),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                    self.overdue = true;
                    return None;
                }
            }
        }
        self.overdue = false;
        self.busy = self.questions.send(question).is_ok();
        late
    }

    /// Waits for the answer until `deadline`. `None` if there is none by then; what is overdue is not waited for again.
    pub(crate) fn answer(&mut self, deadline: Instant) -> Option<A> {
        if !self.busy || self.overdue {
            return None;
        }
        let patience = deadline.saturating_duration_since(Instant::now());
        match self.answers.recv_timeout(patience) {
            Ok(answer) => {
                self.busy = false;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any answer takes that comes at all.
    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn a_look_that_hangs_is_waited_for_once_and_taken_when_it_comes() {
        let (go, gate) = mpsc::channel::<()>();
        let mut lookout = Lookout::new("test", move |question: u32| {
            // Hangs at the first question until it is let go.
            let _ = gate.recv();
            question * 2
        });
        assert_eq!(lookout.ask(1), None);
        assert_eq!(lookout.answer(Instant::now()), None);
        // Still busy: nothing new is asked, and nothing waited for.
        assert_eq!(lookout.ask(2), None);
        let began = Instant::now();
        assert_eq!(lookout.answer(began + PATIENCE), None);
        assert!(began.elapsed() < PATIENCE);

        drop(go);
        let late = loop {
            if let Some(late) = lookout.ask(3) {
                break late;
            }
            thread::yield_now();
        };
        assert_eq!(late, 2, "the answer to the first question");
        assert_eq!(lookout.answer(Instant::now() + PATIENCE), Some(6));
        assert_eq!(
            lookout.answer(Instant::now() + PATIENCE),
            None,
            "nothing was asked"
        );
    }

    #[test]
    fn reports_say_what_was_tried_and_why_not() {
        let place = |path: &str, state| Place {
            path: path.into(),
            state,
        };
        let denied = PlaceState::of_error(&std::io::ErrorKind::PermissionDenied.into());
        let loops = PlaceState::Unreadable("too many links".into());
        let mut report = SourceReport::new("docker");
        assert_eq!(report.to_string(), "docker: nothing to look at");
        report.places = vec![
            place("/a", PlaceState::Absent),
            place("/b", PlaceState::Absent),
        ];
        assert_eq!(report.to_string(), "docker: not found; tried /a, /b");
        report.places.push(place("/c", denied));
        let both = "docker: permission denied for /c: run as root, or as a user who may read it; \
                    not found; tried /a, /b";
        assert_eq!(report.to_string(), both);
        report.places.push(place("/d", loops));
        report.places.push(place("/e", PlaceState::Found));
        assert_eq!(
            report.to_string(),
            "docker: found /e; permission denied for /c: run as root, or as a user who may read it; \
             cannot read /d (too many links)"
        );
        let mut late = report.clone();
        late.late = true;
        assert!(
            late.to_string().starts_with("docker: no answer yet"),
            "{late}"
        );
        assert!(!late.is_same(&report));
    }
}
