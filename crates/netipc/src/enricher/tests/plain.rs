//! An enricher as its rules have it, with loops over everything in place of all that makes it quick.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::config::EnricherConfig;
use super::super::outcome::Missing;
use super::super::stats::EnricherStats;
use super::sim::{Provider, Says, shown};

const NEVER: Duration = Duration::MAX;

/// What is known of a key that was answered.
#[derive(Clone, Copy, Debug)]
struct Known {
    says: Says,
    answered: Duration,
    keep_until: Duration,
    generation: u64,
    world: u32,
    /// The round of the answer, and that of the last use.
    round: u32,
    used: u32,
    number: u64,
}

impl Known {
    const fn is_uncertain(&self) -> bool {
        matches!(self.says, Says::Unknown | Says::CgroupLater { .. })
    }
}

/// What to do about a key that is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Due {
    Now,
    IfChanged,
    No,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    number: u64,
    pid: u32,
}

/// The model. Its time is an argument.
pub(super) struct Plain {
    config: EnricherConfig,
    keys: BTreeMap<u32, Known>,
    pins: BTreeMap<u32, u32>,
    /// Keys that wait; those for whom somebody waits are asked first.
    urgent: Vec<u32>,
    ordinary: Vec<u32>,
    lost_a_pin: bool,
    impatient: bool,
    session: Option<Session>,
    last_pid: u32,
    unheard: bool,
    generation: u64,
    round: u32,
    numbers: u64,
    next_probe: Duration,
    next_scan: Duration,
    next_pinned: Option<Duration>,
    /// Back-off: the next attempt, how long after it the one that follows, and what stood at the endpoint.
    next_attempt: Option<Duration>,
    delay: Duration,
    mark: u64,
    pub(super) stats: EnricherStats,
}

impl Plain {
    pub(super) fn new(config: EnricherConfig) -> Self {
        Self {
            delay: config.backoff_first,
            config,
            keys: BTreeMap::new(),
            pins: BTreeMap::new(),
            urgent: Vec::new(),
            ordinary: Vec::new(),
            lost_a_pin: false,
            impatient: false,
            session: None,
            last_pid: 0,
            unheard: true,
            generation: 0,
            round: 0,
            numbers: 0,
            next_probe: Duration::ZERO,
            next_scan: NEVER,
            next_pinned: None,
            next_attempt: None,
            mark: 0,
            stats: EnricherStats::default(),
        }
    }

    /// What a look gives: what is shown of the item, or why there is none.
    pub(super) fn get(
        &mut self,
        now: Duration,
        pid: u32,
        identity: u64,
    ) -> Result<String, Missing> {
        let given = self.look(now, pid, identity);
        match &given {
            Ok(_) => {
                self.stats.hits += 1;
                self.stats.stale_hits += u64::from(self.stats.absent);
            }
            Err(why) => self.stats.misses[usize::from(why.number()) - 1] += 1,
        }
        given
    }

    fn look(&mut self, now: Duration, pid: u32, identity: u64) -> Result<String, Missing> {
        let Some(known) = self.keys.get_mut(&pid) else {
            self.want(pid, false);
            let why = [Missing::Queued, Missing::Absent][usize::from(self.stats.absent)];
            return Err(why);
        };
        known.used = self.round;
        let known = *known;
        let other_world = known.world != self.stats.world;
        let retry_at = known.answered + self.config.retry;
        let may_be_new = now >= retry_at.max(self.next_probe);
        let (given, asks) = match known.says {
            Says::Unknown => {
                let retry_in = retry_at.saturating_sub(now);
                (Err(Missing::ForNow { retry_in }), may_be_new)
            }
            Says::Oversized => (Err(Missing::Oversized), false),
            Says::Known { starttime, .. } | Says::CgroupLater { starttime }
                if identity != 0 && starttime != 0 && identity != starttime =>
            {
                (Err(Missing::Reused), now >= retry_at)
            }
            Says::Known { .. } => (Ok(shown(known.says, pid)), false),
            Says::CgroupLater { .. } => (Ok(shown(known.says, pid)), may_be_new),
        };
        if asks || other_world {
            self.want(pid, false);
        }
        given.map(Option::unwrap)
    }

    pub(super) fn want(&mut self, pid: u32, urgent: bool) {
        if self.urgent.contains(&pid) || !urgent && self.ordinary.contains(&pid) {
            return;
        }
        self.ordinary.retain(|other| *other != pid);
        let queue = if urgent {
            &mut self.urgent
        } else {
            &mut self.ordinary
        };
        queue.push(pid);
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        while self.waiting() > self.config.intake {
            let queue = if self.ordinary.is_empty() {
                &mut self.urgent
            } else {
                &mut self.ordinary
            };
            let dropped = queue.remove(0);
            self.lost_a_pin |= self.pins.contains_key(&dropped);
            self.stats.intake_dropped += 1;
        }
    }

    /// What a caller does who waits for a key, before the round.
    pub(super) fn want_now(&mut self, pid: u32) {
        if !matches!(self.keys.get(&pid), Some(known) if matches!(known.says, Says::Known { .. })) {
            self.want(pid, true);
            self.impatient = true;
        }
    }

    pub(super) fn pin(&mut self, pid: u32) {
        let pins = self.pins.entry(pid).or_default();
        *pins += 1;
        if *pins == 1 && !self.keys.contains_key(&pid) {
            self.want(pid, false);
        }
    }

    pub(super) fn unpin(&mut self, pid: u32) {
        let pins = self.pins.get_mut(&pid).unwrap();
        *pins -= 1;
        if *pins == 0 {
            self.pins.remove(&pid);
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.urgent.len() + self.ordinary.len()
    }

    /// One round against this provider, as it is before the enricher's. `asked` is what the enricher asked, call by
    /// call, which is taken for the order of keys that are due together of their own accord.
    pub(super) fn step(
        &mut self,
        now: Duration,
        provider: &Provider,
        asked: &[Vec<u32>],
    ) -> Vec<Vec<u32>> {
        self.round += 1;
        let mut calls = Vec::new();
        if !self.connect(now, provider) {
            return calls;
        }
        loop {
            let (mut keys, unsure) = self.gather(now);
            if keys.is_empty() && (unsure.is_empty() || now < self.next_probe) {
                return calls;
            }
            if let Some(asked) = asked.get(calls.len()) {
                keys.sort_by_key(|key| asked.iter().position(|asked| asked == key));
            }
            self.hear(now, provider, &keys);
            calls.push(keys);
            // What has waited for another generation goes in front.
            for (key, urgent) in unsure.into_iter().rev() {
                if self.due(now, key) == Due::Now {
                    let queue = if urgent {
                        &mut self.urgent
                    } else {
                        &mut self.ordinary
                    };
                    queue.insert(0, key);
                }
            }
            self.drop_oldest();
        }
    }

    fn connect(&mut self, now: Duration, provider: &Provider) -> bool {
        let impatient = std::mem::take(&mut self.impatient);
        if self.session.is_none()
            && let Some(next) = self.next_attempt
        {
            if provider.mark_now() != self.mark {
                self.delay = self.config.backoff_first;
            } else if now < next && !impatient {
                return false;
            }
        }
        let session = provider.session_after_connect();
        if session.map(|(number, _)| number) != self.session.map(|session| session.number) {
            self.stats.disconnects += u64::from(self.session.is_some());
            self.session = session.map(|(number, pid)| Session { number, pid });
            if let Some(session) = self.session {
                self.begin(session);
            }
        }
        if self.session.is_none() {
            self.stats.connect_failures += 1;
            self.next_attempt = Some(now + self.delay);
            self.delay = (self.delay * 2).min(self.config.backoff_most);
            self.mark = provider.mark_now();
            self.stats.absent = true;
        }
        self.session.is_some()
    }

    fn begin(&mut self, session: Session) {
        self.stats.connects += 1;
        self.stats.absent = false;
        self.unheard = true;
        let is_other = session.pid != 0 && self.last_pid != 0 && session.pid != self.last_pid;
        if self.stats.world == 0 || is_other {
            self.enter_world();
        }
        if session.pid != 0 {
            self.last_pid = session.pid;
        }
    }

    fn enter_world(&mut self) {
        self.stats.world += 1;
        self.next_pinned = Some(Duration::ZERO);
        self.unheard = false;
    }

    /// The keys of the next call, and those that depend on the generation, with whether somebody waits for them.
    fn gather(&mut self, now: Duration) -> (Vec<u32>, Vec<(u32, bool)>) {
        let (mut keys, mut unsure) = (Vec::new(), Vec::<(u32, bool)>::new());
        loop {
            let urgent = std::mem::take(&mut self.urgent).into_iter();
            let ordinary = std::mem::take(&mut self.ordinary).into_iter();
            let urgent = urgent.map(|key| (key, true));
            let mut taken: Vec<_> = urgent.chain(ordinary.map(|key| (key, false))).collect();
            if taken.is_empty() {
                let mut own = self.own_accord(now);
                own.retain(|key| {
                    !keys.contains(key) && unsure.iter().all(|(other, _)| other != key)
                });
                taken = own.into_iter().map(|key| (key, false)).collect();
            }
            if taken.is_empty() {
                return (keys, unsure);
            }
            for (key, urgent) in taken {
                match self.due(now, key) {
                    Due::Now => keys.push(key),
                    Due::IfChanged => unsure.push((key, urgent)),
                    Due::No => {}
                }
            }
        }
    }

    fn due(&self, now: Duration, pid: u32) -> Due {
        let Some(known) = self.keys.get(&pid) else {
            return Due::Now;
        };
        let age = now - known.answered;
        if known.world != self.stats.world {
            Due::Now
        } else if known.says == Says::Oversized || age < self.config.retry {
            Due::No
        } else if !known.is_uncertain()
            || known.generation != self.generation
            || age >= self.config.retry_most
        {
            Due::Now
        } else {
            Due::IfChanged
        }
    }

    /// Keys that are due although nobody wants them. Drops what is too old.
    fn own_accord(&mut self, now: Duration) -> Vec<u32> {
        let mut keys = Vec::new();
        if std::mem::take(&mut self.lost_a_pin) || self.next_pinned.is_some_and(|next| now >= next)
        {
            self.next_pinned = None;
            for pid in self.pins.keys() {
                let Some(known) = self.keys.get(pid) else {
                    keys.push(*pid);
                    continue;
                };
                let due = self.due(now, *pid);
                if known.world != self.stats.world || known.is_uncertain() && due != Due::No {
                    keys.push(*pid);
                }
                if known.is_uncertain() {
                    let again = now + self.config.retry;
                    self.next_pinned = Some(self.next_pinned.map_or(again, |next| next.min(again)));
                }
            }
        }
        if now < self.next_scan {
            return keys;
        }
        self.round += 1;
        let pins = &self.pins;
        let before = self.keys.len();
        self.keys.retain(|pid, known| {
            now < known.keep_until || known.used > known.round || pins.contains_key(pid)
        });
        let gone = before - self.keys.len();
        self.stats.evicted_age += gone as u64;
        if gone > 0 {
            self.stats.generation = self.generation;
        }
        for (pid, known) in &mut self.keys {
            if now >= known.keep_until {
                (known.keep_until, known.round) = (now + self.config.max_age, self.round);
                if known.says != Says::Oversized
                    && known.says != Says::Unknown
                    && !keys.contains(pid)
                {
                    keys.push(*pid);
                }
            }
        }
        let ends = self.keys.values().map(|known| known.keep_until);
        self.next_scan = ends.min().unwrap_or(NEVER);
        self.round += 1;
        keys
    }

    fn hear(&mut self, now: Duration, provider: &Provider, keys: &[u32]) {
        self.stats.calls += 1;
        self.stats.probes += u64::from(keys.is_empty());
        self.stats.requested += keys.len() as u64;
        self.stats.answered += keys.len() as u64;
        if std::mem::take(&mut self.unheard) && provider.generation < self.generation {
            self.enter_world();
        }
        self.generation = provider.generation;
        (self.next_attempt, self.delay) = (None, self.config.backoff_first);
        self.next_probe = now + self.config.retry;
        if keys.is_empty() {
            return;
        }
        for pid in keys {
            self.answer(now, *pid, provider.answer(*pid));
        }
        self.make_room();
        self.stats.generation = self.generation;
        self.round += 1;
    }

    fn answer(&mut self, now: Duration, pid: u32, says: Says) {
        let old = self.keys.get(&pid).copied();
        let identity = |says| match says {
            Says::Known { starttime, .. } | Says::CgroupLater { starttime } => starttime,
            Says::Unknown | Says::Oversized => 0,
        };
        if let Some(old) = old {
            let (old, new) = (identity(old.says), identity(says));
            self.stats.reused += u64::from(old != 0 && new != 0 && old != new);
        } else {
            self.numbers += 1;
        }
        let known = Known {
            says,
            answered: now,
            keep_until: now + self.config.max_age,
            generation: self.generation,
            world: self.stats.world,
            round: self.round,
            used: old.map_or(self.round, |old| old.used),
            number: old.map_or(self.numbers, |old| old.number),
        };
        self.next_scan = self.next_scan.min(known.keep_until);
        if known.is_uncertain() {
            let again = now + self.config.retry;
            self.next_pinned = Some(self.next_pinned.map_or(again, |next| next.min(again)));
        }
        self.keys.insert(pid, known);
    }

    fn make_room(&mut self) {
        while self.keys.len() > self.config.capacity + self.pins.len() {
            let loose = self
                .keys
                .iter()
                .filter(|(pid, _)| !self.pins.contains_key(pid));
            let oldest = loose.min_by_key(|(_, known)| (known.used, known.number));
            let (pid, _) = oldest.expect("the pinned alone are within the bound");
            let pid = *pid;
            self.keys.remove(&pid);
            self.stats.evicted_capacity += 1;
        }
    }

    /// Forgets all but counters and pins.
    pub(super) fn close(&mut self) {
        self.stats.disconnects += u64::from(self.session.is_some());
        let stats = EnricherStats {
            generation: 0,
            absent: false,
            ..self.stats.clone()
        };
        *self = Self {
            stats,
            pins: std::mem::take(&mut self.pins),
            lost_a_pin: self.lost_a_pin,
            impatient: self.impatient,
            last_pid: self.last_pid,
            unheard: self.unheard,
            generation: self.generation,
            round: self.round,
            next_probe: self.next_probe,
            next_pinned: Some(Duration::ZERO),
            ..Self::new(self.config.clone())
        };
    }

    /// The numbers that are the same at any time, whatever calls took.
    pub(super) fn summary(&self) -> EnricherStats {
        EnricherStats {
            intake_depth: self.waiting() as u64,
            entries: self.keys.len() as u64,
            pinned: self.pins.len() as u64,
            ..self.stats.clone()
        }
    }
}
