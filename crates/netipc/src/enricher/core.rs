//! One round after another: what to ask, and what becomes of the answers.

mod gather;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use netipc_transport::link::LinkError;
use netipc_transport::wait::{Abort, Wait};

use super::config::EnricherConfig;
use super::intake::{End, Taken};
use super::kinds::{Answers, ItemParts, Kind};
use super::ledger::{Answer, Ledger};
use super::outcome::{Step, StepEnd};
use super::reader::is_same_owner;
use super::schedule::Pacer;
use super::shared::Shared;
use super::source::{AskError, Session, Source};
use super::stats::add;
use super::table::Table;
use crate::log_limiter::LogLimiter;
use crate::lookup::Verdict;

/// How often an absent provider is looked for while keys wait, and while none does.
const LOOK_EAGERLY: Duration = Duration::from_millis(100);
const LOOK_IDLY: Duration = Duration::from_secs(1);

pub(crate) struct Core<K, S> {
    pub(super) kind: K,
    pub(super) source: S,
    pub(super) shared: Arc<Shared>,
    pub(super) abort: Abort,
    service: Box<str>,
    ledger: Ledger,
    pacer: Pacer,
    session: Option<Session>,
    /// The process of the last session.
    pid: Option<u32>,
    /// Whether nothing was answered yet in this session.
    unheard: bool,
    generation: u64,
    world: u32,
    /// Keys of one call, which is less after a call failed.
    batch: usize,
    /// Keys that are due of the owner's own accord, and not asked yet.
    own: Vec<Taken>,
    /// Keys that are asked if the data has changed.
    unsure: Vec<Taken>,
    answers: Answers,
    /// When answers are looked through for those that are too old.
    next_scan: Duration,
    /// When pinned keys without an item are looked at; never where there are none.
    next_pinned: Option<Duration>,
    failures: LogLimiter,
    spoke: bool,
}

impl<K: Kind, S: Source> Core<K, S> {
    pub(super) fn new(kind: K, source: S, shared: Arc<Shared>, service: &str) -> Self {
        let config = &shared.config;
        Self {
            pacer: Pacer::new(config),
            batch: config.batch,
            kind,
            source,
            abort: Abort::new(),
            service: service.into(),
            ledger: Ledger::new(),
            session: None,
            pid: None,
            unheard: true,
            generation: 0,
            world: 0,
            own: Vec::new(),
            unsure: Vec::new(),
            answers: Answers::default(),
            next_scan: Duration::MAX,
            next_pinned: None,
            failures: LogLimiter::new(),
            spoke: false,
            shared,
        }
    }

    /// One round: connects where needed, and asks until nothing is left or `budget` is over.
    pub(super) fn step(&mut self, budget: Duration) -> Step {
        let abort = self.abort.clone();
        let wait = Wait::timeout(budget).or_abort(&abort);
        let mut step = Step {
            asked: 0,
            answered: 0,
            waiting: 0,
            end: StepEnd::Idle,
            next: None,
        };
        self.begin_round();
        step.end = if self.connect(&wait) {
            self.ask_all(&wait, &mut step)
        } else if abort.is_raised() {
            StepEnd::Aborted
        } else {
            StepEnd::Absent
        };
        if matches!(step.end, StepEnd::Absent | StepEnd::Failed) {
            self.shared.intake.failed();
        }
        step.waiting = self.shared.intake.depth().0;
        step.next = self.next(step.end);
        step
    }

    /// Rounds until called off. Sleeps while there is nothing to do.
    pub(super) fn run(&mut self) {
        let wake = self.shared.wake.clone();
        while !self.abort.is_raised() {
            let step = self.step(Duration::MAX);
            // Cleared before the abort is looked at, which is raised before the wake is.
            wake.clear();
            if self.abort.is_raised() {
                break;
            }
            // After a failure no key wakes it: only time, the endpoint, and who waits for answers.
            let absent = step.end == StepEnd::Absent;
            let failed = absent || step.end == StepEnd::Failed;
            if !failed && !self.shared.intake.fall_asleep() {
                continue;
            }
            let mut left = step.next;
            if absent && self.source.mark().is_some() {
                let look = if step.waiting > 0 {
                    LOOK_EAGERLY
                } else {
                    LOOK_IDLY
                };
                left = Some(left.map_or(look, |left| left.min(look)));
            }
            let wait = left
                .map_or_else(Wait::forever, Wait::timeout)
                .or_abort(&wake);
            self.source.sleep(&wait);
            self.shared.intake.wake_up();
        }
    }

    /// Forgets what it knows, and releases the session. Counters and pins stay.
    pub(super) fn close(&mut self) {
        self.source.close();
        self.note_session();
        self.shared.intake.clear();
        self.ledger = Ledger::new();
        self.own.clear();
        self.unsure.clear();
        self.next_scan = Duration::MAX;
        self.next_pinned = Some(Duration::ZERO);
        self.pacer = Pacer::new(&self.shared.config);
        self.shared.absent.store(false, Ordering::Relaxed);
        self.shared.publish(Table::empty());
        self.abort.clear();
    }

    fn config(&self) -> &EnricherConfig {
        &self.shared.config
    }

    fn now(&self) -> Duration {
        self.shared.clock.now()
    }

    fn begin_round(&self) -> u32 {
        // Only the owner writes it.
        self.shared.round.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether there is a session, after an attempt to get one where that is worth it.
    fn connect(&mut self, wait: &Wait<'_>) -> bool {
        let impatient = self.shared.impatient.swap(false, Ordering::Relaxed);
        if self.session.is_none() {
            let (now, mark) = (self.now(), self.source.mark());
            if !self.pacer.allows(now, mark) && !impatient {
                return false;
            }
        }
        if !matches!(wait.check(), Err(LinkError::Aborted)) {
            self.source.connect(wait);
        }
        self.note_session();
        if self.session.is_none() {
            if wait.abort().is_none_or(|abort| !abort.is_raised()) {
                add(&self.shared.counts.connect_failures, 1);
                self.pause();
                self.note_absence();
            }
            return false;
        }
        true
    }

    /// Compares the session there is with the one there was.
    fn note_session(&mut self) {
        let session = self.source.session();
        if session.map(|session| session.number) == self.session.map(|session| session.number) {
            return;
        }
        let counts = &self.shared.counts;
        if self.session.is_some() {
            add(&counts.disconnects, 1);
        }
        self.session = session;
        let Some(session) = session else { return };
        add(&counts.connects, 1);
        self.unheard = true;
        let restarted = self.pid.is_some() && session.pid.is_some() && self.pid != session.pid;
        if self.world == 0 || restarted {
            self.enter_world();
        }
        self.pid = session.pid.or(self.pid);
        self.shared.absent.store(false, Ordering::Relaxed);
        tracing::info!(service = %self.service, pid = session.pid, "the provider is there");
    }

    /// The provider is another one: what it said before may not hold any more.
    fn enter_world(&mut self) {
        self.world += 1;
        self.shared.world.store(self.world, Ordering::Relaxed);
        self.next_pinned = Some(Duration::ZERO);
        // A generation of the old world says nothing in the new one.
        self.unheard = false;
    }

    fn note_absence(&mut self) {
        let error = self.source.last_error();
        if !self.shared.absent.swap(true, Ordering::Relaxed) {
            let why = error.as_deref().unwrap_or("it hung up");
            tracing::info!(service = %self.service, error = why, "the provider is absent");
        }
        if let Some(error) = error {
            self.shared.last_error.store(Some(Arc::new(error)));
        }
    }

    fn pause(&mut self) {
        let (now, mark) = (self.now(), self.source.mark());
        self.pacer.failed(now, mark);
    }

    fn ask_all(&mut self, wait: &Wait<'_>, step: &mut Step) -> StepEnd {
        loop {
            match wait.check() {
                Err(LinkError::Aborted) => return StepEnd::Aborted,
                Err(_) if self.shared.intake.depth().0 > 0 => return StepEnd::MoreToDo,
                Err(_) => return StepEnd::Idle,
                Ok(()) => {}
            }
            let keys = self.gather();
            let probing = keys.is_empty();
            if probing && !self.wants_probe() {
                return StepEnd::Idle;
            }
            step.asked += keys.len();
            match self.ask(keys, wait) {
                Ok(answered) => step.answered += answered,
                Err(Some(end)) => return end,
                // Less at a time.
                Err(None) => {}
            }
        }
    }

    /// One call. Gives the number of keys that were answered, or how the round ends, if it does.
    fn ask(&mut self, keys: Vec<Taken>, wait: &Wait<'_>) -> Result<usize, Option<StepEnd>> {
        let counts = &self.shared.counts;
        add(&counts.requested, keys.len());
        let mut answers = mem::take(&mut self.answers);
        answers.clear();
        let begun = Instant::now();
        let asked: Vec<&[u8]> = keys.iter().map(|taken| &*taken.key).collect();
        let done = self.source.ask(&self.kind, &asked, wait, &mut answers);
        self.note_session();
        let done = match done {
            Ok(()) => {
                self.shared.counts.call(begun.elapsed());
                self.hear(&keys, &answers);
                Ok(keys.len())
            }
            Err(error) => Err(self.fail(keys, error)),
        };
        self.answers = answers;
        done
    }

    /// Takes the answers to these keys.
    fn hear(&mut self, keys: &[Taken], answers: &Answers) {
        let counts = &self.shared.counts;
        if keys.is_empty() {
            add(&counts.probes, 1);
        }
        add(&counts.answered, keys.len());
        if mem::take(&mut self.unheard) && answers.generation < self.generation {
            self.enter_world();
        }
        self.unheard = false;
        self.generation = answers.generation;
        if !mem::replace(&mut self.spoke, true) {
            tracing::info!(service = %self.service, keys = keys.len(), "first answer");
        }
        self.pacer.answered();
        self.batch = (self.batch * 2).min(self.config().batch);
        let now = self.now();
        let next = now.saturating_add(self.config().retry);
        let nanos = u64::try_from(next.as_nanos()).unwrap_or(u64::MAX);
        self.shared.next_probe.store(nanos, Ordering::Relaxed);
        if !keys.is_empty() {
            self.keep(keys, answers, now);
        }
        // What was published is found before its key is wanted again.
        self.shared.intake.finish(keys.iter());
        self.settle_unsure();
    }

    /// Keeps answers, makes room for them, and shows readers.
    fn keep(&mut self, keys: &[Taken], answers: &Answers, now: Duration) {
        let round = self.shared.round.load(Ordering::Relaxed);
        let keep_until = now.saturating_add(self.config().max_age);
        let mut parts = ItemParts::default();
        for (taken, item) in keys.iter().zip(answers.iter()) {
            let (verdict, identity) = self.kind.judge(item);
            self.kind.split(item, &mut parts);
            let answer = Answer {
                answered: now,
                keep_until,
                generation: answers.generation,
                identity,
                world: self.world,
                round,
                verdict,
                item: parts.item,
                texts: &parts.texts,
                labels: &parts.labels,
                labels_count: parts.labels_count,
            };
            let hash = self.kind.hash(&taken.key, self.ledger.hashing());
            let old = self.ledger.put(hash, &taken.key, &answer);
            if old.is_some_and(|old| !is_same_owner(old.identity, identity)) {
                add(&self.shared.counts.reused, 1);
            }
            if matches!(verdict, Verdict::ForNow | Verdict::Provisional) {
                let again = now.saturating_add(self.config().retry);
                self.next_pinned = Some(self.next_pinned.map_or(again, |next| next.min(again)));
            }
        }
        self.next_scan = self.next_scan.min(keep_until);
        self.ledger.seal();
        self.make_room();
        if self.ledger.is_crowded() {
            let kind = &self.kind;
            self.ledger.salt(|key, hashing| kind.hash(key, hashing));
        }
        self.shared.publish(self.ledger.table(self.generation));
        self.begin_round();
    }

    /// Drops the answers that were used least recently, beyond the capacity. Pinned ones stay, and take no room
    /// from others.
    fn make_room(&mut self) {
        let room = self.config().capacity + self.shared.intake.pinned();
        let excess = self.ledger.len().saturating_sub(room);
        if excess == 0 {
            return;
        }
        let round = self.shared.round.load(Ordering::Relaxed);
        let age = |id| round.wrapping_sub(self.ledger.used(id));
        let mut all: Vec<(u32, u64, u32)> = self
            .ledger
            .iter()
            .map(|(id, entry)| (u32::MAX - age(id), entry.number, id))
            .collect();
        // Those that are pinned may be among the oldest.
        let candidates = (excess + self.shared.intake.pinned()).min(all.len());
        if candidates < all.len() {
            all.select_nth_unstable(candidates);
            all.truncate(candidates);
        }
        all.sort_unstable();
        let ledger = &self.ledger;
        let pinned = self.shared.intake.with_pins(|is_pinned| {
            all.retain(|(_, _, id)| ledger.key_of(*id).is_some_and(|key| !is_pinned(key)));
            all
        });
        let evicted: Vec<u32> = pinned.iter().take(excess).map(|(_, _, id)| *id).collect();
        add(&self.shared.counts.evicted_capacity, evicted.len());
        evicted.into_iter().for_each(|id| self.ledger.remove(id));
    }

    /// What becomes of the keys of a call that failed, and how the round ends, if it does.
    fn fail(&mut self, keys: Vec<Taken>, error: AskError) -> Option<StepEnd> {
        let (count, counts) = (keys.len(), &self.shared.counts);
        let text = self.source.last_error();
        if error == AskError::Aborted {
            self.shared.intake.put_back(keys, End::Front);
            self.drop_unsure();
            return Some(StepEnd::Aborted);
        }
        let counter = if error == AskError::Timeout {
            &counts.timed_out
        } else {
            &counts.failed
        };
        add(counter, count);
        if let Some(number) = self.failures.count() {
            let why = text.as_deref().unwrap_or("unknown");
            tracing::warn!(service = %self.service, error = why, number, "keys were not answered");
        }
        if let Some(text) = text {
            self.shared.last_error.store(Some(Arc::new(text)));
        }
        match error {
            AskError::Refused if count == 1 => {
                add(&counts.given_up, 1);
                self.shared.intake.finish(keys.iter());
            }
            AskError::Refused | AskError::Changed => {
                self.batch = (count / 2).max(1);
                self.shared.intake.put_back(keys, End::Back);
            }
            _ => self.shared.intake.put_back(keys, End::Back),
        }
        self.drop_unsure();
        if self.session.is_some() {
            let goes_on = error == AskError::Changed && count > 1;
            return (!goes_on).then_some(StepEnd::Failed);
        }
        self.pause();
        self.note_absence();
        Some(StepEnd::Absent)
    }

    fn drop_unsure(&mut self) {
        let unsure = mem::take(&mut self.unsure);
        self.shared.intake.finish(unsure.iter());
    }

    /// How long until there is something to do of its own accord.
    fn next(&self, end: StepEnd) -> Option<Duration> {
        let now = self.now();
        match end {
            StepEnd::Absent => Some(self.pacer.left(now)),
            // Asked again soon, and not at once.
            StepEnd::Failed => Some(self.config().retry),
            StepEnd::MoreToDo => Some(Duration::ZERO),
            StepEnd::Idle | StepEnd::Aborted => {
                let pinned = self.next_pinned.filter(|_| self.shared.intake.pinned() > 0);
                let scan = Some(self.next_scan).filter(|next| *next < Duration::MAX);
                let next = pinned.into_iter().chain(scan).min()?;
                Some(next.saturating_sub(now))
            }
        }
    }
}

/// Whether a round came after another one. They are counted for ever.
const fn is_later(round: u32, than: u32) -> bool {
    let ahead = round.wrapping_sub(than);
    ahead > 0 && ahead < 1 << 31
}
