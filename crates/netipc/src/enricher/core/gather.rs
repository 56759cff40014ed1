//! Which keys are asked next.

use std::collections::HashSet;
use std::mem;
use std::time::Duration;

use super::super::intake::{End, OwnedKey, Taken};
use super::super::kinds::Kind;
use super::super::ledger::Entry;
use super::super::schedule::{Due, Standing};
use super::super::source::Source;
use super::super::stats::add;
use super::{Core, is_later};
use crate::lookup::Verdict;

impl<K: Kind, S: Source> Core<K, S> {
    /// The keys of the next call. Those that are not due are dropped; those that may be are put aside.
    pub(super) fn gather(&mut self) -> Vec<Taken> {
        let mut keys = Vec::new();
        loop {
            let room = self.batch.saturating_sub(keys.len());
            let mut taken = self.shared.intake.take(room);
            if taken.is_empty() {
                if self.own.is_empty() {
                    self.own = self.own_accord();
                }
                taken = self.own.split_off(self.own.len().saturating_sub(room));
            }
            if taken.is_empty() {
                return keys;
            }
            let mut dropped = Vec::new();
            for taken in taken {
                match self.due(&taken.key) {
                    Due::Now => keys.push(taken),
                    Due::IfChanged => self.unsure.push(taken),
                    Due::No => dropped.push(taken),
                }
            }
            if !dropped.is_empty() {
                self.shared.intake.finish(dropped.iter());
            }
            if keys.len() >= self.batch {
                return keys;
            }
        }
    }

    fn due(&self, key: &[u8]) -> Due {
        let hash = self.kind.hash(key, self.ledger.hashing());
        match self.ledger.find(hash, key) {
            Some((_, entry)) => self.standing(entry, self.now()).due(self.config()),
            None => Due::Now,
        }
    }

    fn standing(&self, entry: &Entry, now: Duration) -> Standing {
        Standing {
            verdict: entry.verdict,
            age: now.saturating_sub(entry.answered),
            other_world: entry.world != self.world,
            other_generation: entry.generation != self.generation,
        }
    }

    /// Whether to ask for the generation, for the keys that depend on it. They are dropped where it is too
    /// early.
    pub(super) fn wants_probe(&mut self) -> bool {
        if self.unsure.is_empty() {
            return false;
        }
        let wants = self.now() >= self.shared.next_probe();
        if !wants {
            self.settle_unsure();
        }
        wants
    }

    /// Asks for what depended on the generation, or drops it.
    pub(super) fn settle_unsure(&mut self) {
        let unsure = mem::take(&mut self.unsure);
        let (due, dropped): (Vec<Taken>, Vec<Taken>) = unsure
            .into_iter()
            .partition(|taken| self.due(&taken.key) == Due::Now);
        self.shared.intake.finish(dropped.iter());
        self.shared.intake.put_back(due, End::Front);
    }

    /// Keys that are due although nobody asked for them just now. Drops answers that are too old.
    fn own_accord(&mut self) -> Vec<Taken> {
        let now = self.now();
        let mut keys = Vec::new();
        if self.shared.intake.lost_a_pin() {
            self.next_pinned = Some(now);
        }
        if self.next_pinned.is_some_and(|next| now >= next) {
            self.look_at_pinned(now, &mut keys);
        }
        if now >= self.next_scan {
            self.look_at_old(now, &mut keys);
        }
        self.shared.intake.begin(keys)
    }

    /// Pinned keys that are due, or were dropped before they were asked. Those without an item are looked at again once they may be.
    fn look_at_pinned(&mut self, now: Duration, keys: &mut Vec<OwnedKey>) {
        let pinned = self.shared.intake.pinned_keys();
        let mut next: Option<Duration> = None;
        for key in pinned {
            let hash = self.kind.hash(&key, self.ledger.hashing());
            let Some((_, entry)) = self.ledger.find(hash, &key) else {
                keys.push(key);
                continue;
            };
            let standing = self.standing(entry, now);
            let uncertain = matches!(entry.verdict, Verdict::ForNow | Verdict::Provisional);
            if standing.other_world || uncertain && standing.due(self.config()) != Due::No {
                keys.push(key);
            }
            if uncertain {
                let again = now.max(entry.answered).saturating_add(self.config().retry);
                next = Some(next.map_or(again, |next| next.min(again)));
            }
        }
        self.next_pinned = next;
    }

    /// Answers beyond their age: those that were used since are asked again, the others are dropped.
    fn look_at_old(&mut self, now: Duration, keys: &mut Vec<OwnedKey>) {
        let pins: HashSet<OwnedKey> = self.shared.intake.pinned_keys().into_iter().collect();
        let (max_age, round) = (self.config().max_age, self.begin_round());
        let (mut next, mut unused, mut kept) = (Duration::MAX, Vec::new(), Vec::new());
        for (id, entry) in self.ledger.iter() {
            if now < entry.keep_until {
                next = next.min(entry.keep_until);
                continue;
            }
            let used = is_later(self.ledger.used(id), entry.round);
            let key = self.ledger.key(entry);
            if used || pins.contains(key) {
                kept.push(id);
                if entry.verdict.has_item() {
                    keys.push(key.into());
                }
            } else {
                unused.push(id);
            }
        }
        let until = now.saturating_add(max_age);
        for id in kept {
            self.ledger.keep(id, until, round);
            next = next.min(until);
        }
        if !unused.is_empty() {
            add(&self.shared.counts.evicted_age, unused.len());
            unused.into_iter().for_each(|id| self.ledger.remove(id));
            self.shared.publish(self.ledger.table(self.generation));
        }
        self.begin_round();
        self.next_scan = next;
    }
}
