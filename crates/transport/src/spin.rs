//! Looking before sleeping: when it pays, and for how long.
//!
//! A receiver that sleeps is woken some microseconds after its message was there: six on a busy
//! machine, forty on an idle one. One that looks again and again gets it at once, and keeps a
//! processor busy meanwhile. So it looks for a short time, and only where that has paid lately:
//!
//! ```text
//! found soon        look again at the next wait; peers that do nothing else may take longer
//! found late        a few times in a row is fine: the peer may just have woken up
//! nothing found     leave it out for 1, 3, 7 .. 63 waits, then try once more
//!                   .. 1023 where the message comes as soon as we sleep: the peer needs our processor
//! long waits        do not look at all until waits get shorter
//! rare questions    do not look for the answer: the server sleeps and has to wake up
//! ```
//!
//! Two peers that sleep in turn see nothing but wakes, and would never find out that both could be
//! quick. That is why a look may last a few wakes at first, as long as what it finds is soon there.
//! Where both peers share a processor, looking keeps the other one from running and finds nothing,
//! so that it stops by itself. They would go on sharing it beside an idle one: as one of them always
//! sleeps, the scheduler sees nothing to move. So when many sleeps in a row were brief, one look is
//! patient enough for the scheduler to see two that want to run.

use std::time::{Duration, Instant};

use crate::sys;
use crate::wait::Wait;

/// How soon a message has to be there for looking to pay, unless configured.
pub const DEFAULT_SPIN: Duration = Duration::from_micros(20);

/// Sleeps of up to this many times as long are brief: not much more than a wake.
const BRIEF: u32 = 5;
/// Late finds in a row that may lead to soon ones.
const MOST_LATE: u32 = 8;
/// After this many vain looks in a row, no more waits than before are left out.
const MOST_MISSES: u32 = 6;
/// The same for vain looks while the peer waited for our processor: each costs as much as dozens of sleeps.
const MOST_SHARED: u32 = 10;
/// How long a patient look lasts: an idle processor looks for work at the next tick of a busy one,
/// which comes after 10 ms at most.
const PATIENT: Duration = Duration::from_millis(12);
/// Brief sleeps in a row before a patient look: at first, and after patient looks that led to
/// nothing. Looking costs less than a hundredth of the time then.
const FEWEST_BRIEF: u32 = 256;
const MOST_BRIEF: u32 = 1 << 16;

/// What a receiver waits for. All are multiples of "soon".
///
/// An answer takes as long as the question is hard. A request takes as long as its client likes, and
/// mostly far longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Patience {
    /// How long a look lasts: a wake, and what the peer does then.
    look: u32,
    /// Longer waits are not shortened by looking.
    long: u32,
    /// How long peers may take that do nothing but ask and answer.
    busy: u32,
    /// After this time without a message the peer sleeps, too: what comes takes a wake.
    sparse: u32,
    /// Whether what we do between two waits is the peer's doing, however long it takes.
    answers: bool,
}

impl Patience {
    /// Of a client.
    pub(crate) const ANSWER: Self = Self {
        // An answer that takes 200 us, and a wake of the server: who cannot find those looks in vain until
        // both sides sleep, and stay asleep.
        look: 15,
        long: 25,
        busy: 15,
        sparse: Self::REQUEST.look,
        answers: false,
    };
    /// Of a server.
    pub(crate) const REQUEST: Self = Self {
        look: 5,
        long: 10,
        busy: 2,
        sparse: u32::MAX,
        answers: true,
    };
}

/// Decides for one receiver whether to look before it sleeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spin {
    soon: Duration,
    patience: Patience,
    /// How long the last wait took that ended in sleep.
    slept: Duration,
    /// Late finds in a row.
    late: u32,
    /// Vain looks in a row.
    misses: u32,
    /// Whether the wait that is under way began with one.
    vain: bool,
    /// Waits to leave out.
    skip: u32,
    /// When the last wait ended that took some looking, or sleep.
    ended: Option<Instant>,
    /// Whether another one has ended since.
    at_hand: bool,
    /// Brief sleeps in a row.
    brief: u32,
    /// Brief sleeps in a row before a patient look.
    enough: u32,
}

impl Spin {
    /// A receiver for which a message within `soon` is worth looking for. Zero never looks, and
    /// neither does a machine with one processor.
    pub(crate) fn new(soon: Duration, patience: Patience) -> Self {
        let soon = if has_processors() {
            soon
        } else {
            Duration::ZERO
        };
        Self {
            soon,
            patience,
            slept: Duration::ZERO,
            late: 0,
            misses: 0,
            vain: false,
            skip: 0,
            ended: None,
            at_hand: false,
            brief: 0,
            enough: FEWEST_BRIEF,
        }
    }

    /// Whether the peer seems to be awake: looking has paid lately, and nothing was slept for.
    #[inline]
    pub(crate) const fn pays(&self) -> bool {
        !self.soon.is_zero() && self.misses == 0 && self.brief == 0
    }

    /// How long to look in the wait that begins, if at all.
    #[inline]
    pub(crate) fn begin(&mut self) -> Option<Duration> {
        self.vain = false;
        if self.soon.is_zero() || self.slept > self.soon * self.patience.long {
            return None;
        }
        if self.brief >= self.enough {
            self.brief = 0;
            self.enough = (self.enough * 2).min(MOST_BRIEF);
            return Some(PATIENT);
        }
        match self.skip.checked_sub(1) {
            Some(skip) => {
                self.skip = skip;
                None
            }
            None => Some(self.soon * self.patience.look),
        }
    }

    /// Notes that looking found something after `took`.
    ///
    /// `at_once`: it began to wait as soon as it could, because its owner does nothing else. Such a
    /// pair of peers may take longer for what they ask of one another.
    #[inline]
    pub(crate) fn found(&mut self, took: Duration, at_once: bool) {
        let times = if at_once { self.patience.busy } else { 1 };
        let soon = self.soon * times;
        if took <= soon {
            (self.late, self.misses, self.brief) = (0, 0, 0);
            self.enough = (self.enough / 2).max(FEWEST_BRIEF);
        } else if self.late < MOST_LATE {
            self.late += 1;
        } else {
            self.missed();
        }
    }

    /// Notes that looking was in vain.
    pub(crate) fn missed(&mut self) {
        self.misses = self.misses.max((self.misses + 1).min(MOST_MISSES));
        self.skip = (1 << self.misses) - 1;
    }

    /// Notes that there was nothing to wait for.
    #[inline]
    pub(crate) const fn at_hand(&mut self) {
        self.at_hand = true;
    }

    /// Notes that the receiver slept, and waited since `start` in all.
    pub(crate) fn slept(&mut self, start: Instant) {
        self.slept_until(start, Instant::now());
    }

    fn slept_until(&mut self, start: Instant, now: Instant) {
        let took = now - start;
        self.end(now);
        self.slept = took;
        if std::mem::take(&mut self.vain) && took <= self.soon {
            // It was not late: it could not run while we looked.
            self.misses = (self.misses.max(MOST_MISSES) + 1).min(MOST_SHARED);
            self.skip = (1 << self.misses) - 1;
        }
        self.brief = if took <= self.soon * BRIEF {
            self.brief.saturating_add(1)
        } else {
            0
        };
    }

    /// When the last wait ended; nothing where there was nothing to wait for, or it came before the first
    /// look at the clock.
    #[inline]
    pub(crate) const fn waited_until(&self) -> Option<Instant> {
        if self.at_hand { None } else { self.ended }
    }

    /// Calls `look` until it gives something, fails, or has looked long enough, or `wait` ends. The
    /// clock is asked once in `stride` looks, from the second time on: the first ones often find it
    /// already.
    pub(crate) fn run<T, E>(
        &mut self,
        stride: u32,
        wait: &Wait<'_>,
        mut look: impl FnMut() -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let Some(budget) = self.begin() else {
            return Ok(None);
        };
        let mut looked: Option<(Instant, Instant)> = None;
        loop {
            for _ in 0..stride {
                std::hint::spin_loop();
                if let Some(found) = look()? {
                    self.found_between(looked);
                    return Ok(Some(found));
                }
            }
            let now = Instant::now();
            let (start, _) = looked.unwrap_or((now, now));
            if wait.is_over(now) || self.is_sparse(start) {
                return Ok(None);
            }
            if now - start >= budget {
                self.missed();
                self.vain = true;
                return Ok(None);
            }
            looked = Some((start, now));
        }
    }

    /// Notes a find by the first and the last look at the clock. Not to look once more saves as much
    /// time as it takes to answer.
    #[inline]
    fn found_between(&mut self, looked: Option<(Instant, Instant)>) {
        let Some((start, last)) = looked else {
            self.at_hand();
            return self.found(Duration::ZERO, true);
        };
        let soon = self.soon;
        let at_once = self
            .ended
            .is_some_and(|ended| self.patience.answers || start - ended <= soon);
        self.end(last);
        self.found(last - start, at_once);
    }

    fn end(&mut self, now: Instant) {
        (self.ended, self.at_hand) = (Some(now), false);
    }

    /// Whether the wait that began at `start` comes so long after the last one that the peer sleeps.
    fn is_sparse(&self, start: Instant) -> bool {
        let sparse = self.soon.saturating_mul(self.patience.sparse);
        !self.at_hand && self.ended.is_some_and(|ended| start - ended > sparse)
    }
}

/// Whether there is another processor for the peer to run on. Asked anew for every link: who starts
/// a process may confine it, and let it out again.
fn has_processors() -> bool {
    sys::processors() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Abort;

    const SOON: Duration = DEFAULT_SPIN;
    const LOOK: Option<Duration> = Some(Duration::from_micros(100));

    fn spin() -> Spin {
        Spin {
            soon: SOON,
            ..Spin::new(Duration::ZERO, Patience::REQUEST)
        }
    }

    fn sleep(spin: &mut Spin, took: Duration) {
        let start = Instant::now();
        spin.slept_until(start, start + took);
    }

    #[test]
    fn vain_looks_are_left_out_more_and_more_often() {
        let mut spin = spin();
        for expected in [1, 3, 7, 15, 31, 63, 63] {
            assert_eq!(spin.begin(), LOOK);
            spin.missed();
            for _ in 0..expected {
                assert_eq!(spin.begin(), None);
            }
        }
    }

    #[test]
    fn a_find_makes_it_look_every_time() {
        let mut spin = spin();
        spin.missed();
        spin.missed();
        while spin.begin().is_none() {}
        spin.found(SOON, false);
        assert_eq!(spin.begin(), LOOK);
        spin.missed();
        assert_eq!(spin.begin(), None);
        assert_eq!(spin.begin(), LOOK);
    }

    #[test]
    fn late_finds_are_borne_with_only_for_a_while() {
        let mut spin = spin();
        for _ in 0..MOST_LATE {
            assert_eq!(spin.begin(), LOOK);
            spin.found(SOON * 2, false);
        }
        assert_eq!(spin.begin(), LOOK);
        spin.found(SOON * 2, false);
        assert_eq!(spin.begin(), None);
        assert_eq!(spin.begin(), LOOK);
        spin.found(SOON, false);
        assert_eq!((spin.late, spin.misses), (0, 0));
    }

    #[test]
    fn peers_that_do_nothing_else_may_take_longer() {
        let start = Instant::now();
        let after = |n: u32| start + SOON * n;
        let late = |patience: Patience, waits: [(u32, u32); 4]| {
            let mut spin = Spin { patience, ..spin() };
            waits.map(|(from, to)| {
                spin.found_between(Some((after(from), after(to))));
                spin.late
            })
        };
        let waits = [(0, 2), (3, 5), (7, 9), (10, 13)];
        // Nothing is known of the first wait, and before the third a client did something else.
        assert_eq!(late(Patience::ANSWER, waits), [1, 0, 1, 0]);
        // What a server does is the client's doing.
        assert_eq!(late(Patience::REQUEST, waits), [1, 0, 0, 1]);
        let hard = [(0, 1), (1, 13), (14, 26), (26, 41)];
        assert_eq!(late(Patience::ANSWER, hard), [0; 4]);
    }

    #[test]
    fn who_needs_our_processor_is_left_alone_for_longer() {
        let mut spin = spin();
        let miss = |spin: &mut Spin, took: Duration| {
            let mut waits = 0;
            while spin.begin().is_none() {
                waits += 1;
            }
            spin.missed();
            spin.vain = true;
            sleep(spin, took);
            waits
        };
        let waits = [0; 6].map(|_| miss(&mut spin, SOON));
        assert_eq!(waits, [0, 127, 255, 511, 1023, 1023]);
        assert_eq!(miss(&mut spin, SOON * 2), 1023);
        assert_eq!(miss(&mut spin, SOON * 2), 1023, "until a look pays");
        while spin.begin().is_none() {}
        spin.found(SOON, true);
        assert_eq!(miss(&mut spin, SOON * 2), 0);
        assert_eq!(miss(&mut spin, SOON * 2), 1);
    }

    #[test]
    fn long_waits_are_slept_through_until_they_get_shorter() {
        let mut spin = spin();
        sleep(&mut spin, Duration::from_millis(1));
        for _ in 0..1000 {
            assert_eq!(spin.begin(), None);
        }
        sleep(&mut spin, Duration::from_micros(90));
        assert_eq!(spin.begin(), LOOK);
    }

    #[test]
    fn after_many_brief_sleeps_one_look_is_patient() {
        let mut spin = spin();
        let sleeps = |spin: &mut Spin, expected: u32| {
            for slept in 1..=expected {
                sleep(spin, SOON);
                let patient = spin.begin() == Some(PATIENT);
                assert_eq!(patient, slept == expected, "after {slept} sleeps");
            }
        };
        sleeps(&mut spin, FEWEST_BRIEF);
        spin.missed();
        sleeps(&mut spin, FEWEST_BRIEF * 2);
        spin.found(SOON, false);
        spin.found(SOON, false);
        sleeps(&mut spin, FEWEST_BRIEF);

        sleep(&mut spin, SOON * (BRIEF + 1));
        sleeps(&mut spin, FEWEST_BRIEF * 2);
        for _ in 0..20 {
            spin.brief = MOST_BRIEF;
            assert_eq!(spin.begin(), Some(PATIENT));
        }
        assert_eq!(spin.enough, MOST_BRIEF);
    }

    #[test]
    fn nothing_is_looked_for_when_switched_off() {
        let mut spin = Spin::new(Duration::ZERO, Patience::ANSWER);
        let looked = spin.run::<(), ()>(4, &Wait::forever(), || unreachable!("it may not look"));
        assert_eq!(looked, Ok(None));
    }

    #[test]
    fn rare_questions_do_not_look_for_their_answer() {
        let wait = Wait::forever();
        let looks = |patience: Patience, at_hand: bool| {
            // So long that other work of the machine makes no difference.
            let soon = Duration::from_secs(1);
            let mut spin = Spin {
                patience,
                soon,
                ..spin()
            };
            spin.ended = Instant::now().checked_sub(soon * 6);
            spin.at_hand = at_hand;
            let mut looks = 0;
            let found = spin.run::<(), ()>(1, &wait, || {
                looks += 1;
                Ok((looks == 3).then_some(()))
            });
            (found, looks, spin.misses)
        };
        assert_eq!(looks(Patience::ANSWER, false), (Ok(None), 1, 0));
        assert_eq!(looks(Patience::ANSWER, true), (Ok(Some(())), 3, 0));
        assert_eq!(looks(Patience::REQUEST, false), (Ok(Some(())), 3, 0));
    }

    #[test]
    fn patience_ends_with_the_wait() {
        let abort = Abort::new();
        abort.raise();
        let over = [
            Wait::timeout(Duration::ZERO),
            Wait::forever().or_abort(&abort),
        ];
        for wait in over {
            let mut spin = spin();
            spin.brief = spin.enough;
            let mut looks = 0;
            let found = spin.run::<(), ()>(4, &wait, || {
                looks += 1;
                Ok(None)
            });
            assert_eq!((found, looks), (Ok(None), 4));
        }
    }

    #[test]
    fn looking_ends_with_a_find_a_failure_or_the_time() {
        let mut looks = 0;
        let wait = Wait::forever();
        let found = spin().run::<_, ()>(4, &wait, || {
            looks += 1;
            Ok((looks == 7).then_some(looks))
        });
        assert_eq!(found, Ok(Some(7)));
        assert_eq!(spin().run::<(), _>(4, &wait, || Err("gone")), Err("gone"));
        assert_eq!(spin().run::<(), ()>(4, &wait, || Ok(None)), Ok(None));
    }
}
