//! Threads that run one at a time, in an order that a seed decides, by a clock that moves when all of them wait.
//!
//! For tests: whatever they find, the seed finds again. A thread takes part from its start
//! ([`Newcomer`](crate::clock::Newcomer)) to its end; it runs until it waits for something by
//! [`Changed`](crate::clock::Changed), as all of this crate's memory backend does, and the seed says who is next
//! of those that can go on. Where nobody can, the clock goes to the first deadline that somebody waits for.
//!
//! ```
//! use std::time::Duration;
//! use netipc_transport::Wait;
//! use netipc_transport::simulation::{Simulation, elapsed};
//!
//! let day = Duration::from_secs(86400);
//! let slept = Simulation::new(1).run(|| {
//!     Wait::timeout(day).sleep(day).expect("nobody calls it off");
//!     elapsed()
//! });
//! assert_eq!(slept, day);
//! ```

use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Turns after which a simulation is thought to go round in circles.
const MOST_TURNS: u64 = 1_000_000;

thread_local! {
    /// Which thread of which simulation this is.
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct Here {
    shared: Arc<Shared>,
    id: usize,
}

/// One run, by a seed.
#[derive(Debug)]
pub struct Simulation {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// When its clock started, by that of the system.
    start: Instant,
    seed: u64,
}

#[derive(Debug)]
struct State {
    threads: Vec<Thread>,
    /// Whose turn it is.
    running: usize,
    now: Duration,
    random: u64,
    turns: u64,
    trace: u64,
    /// Why it cannot go on.
    stuck: Option<String>,
}

#[derive(Debug)]
struct Thread {
    parent: Option<usize>,
    doing: Doing,
    /// What it sleeps on until it is its turn.
    turn: Arc<Condvar>,
}

/// What keeps a thread from running but its turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Doing {
    Ready,
    Waits {
        place: usize,
        until: Option<Duration>,
    },
    /// Until its children are gone.
    Joins,
    Gone,
}

impl Simulation {
    /// One in which `seed` decides.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = State {
            threads: Vec::new(),
            running: 0,
            now: Duration::ZERO,
            random: seed,
            turns: 0,
            trace: 0,
            stuck: None,
        };
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                start: Instant::now(),
                seed,
            }),
        }
    }

    /// Runs `first` on this thread, the first of the simulation.
    ///
    /// # Panics
    /// Where all threads wait for one another, or none comes to an end.
    pub fn run<R>(&self, first: impl FnOnce() -> R) -> R {
        let place = Place::new(Arc::clone(&self.shared), None);
        let _entered = place.enter();
        first()
    }

    /// A number that two runs have in common only if they were the same, turn by turn.
    #[must_use]
    pub fn trace(&self) -> u64 {
        self.shared.lock().trace
    }
}

/// How long the simulation that the calling thread is in has run, by its clock.
///
/// # Panics
/// Outside of any.
#[must_use]
pub fn elapsed() -> Duration {
    here().expect("a simulation").shared.lock().now
}

/// A number below `bound` that the seed of the simulation decides, or 0 outside of any.
#[must_use]
pub fn random(bound: u64) -> u64 {
    here().map_or(0, |here| here.shared.lock().random(bound))
}

/// The clock of the simulation that the calling thread is in.
pub(crate) fn now() -> Option<Instant> {
    here().map(|here| here.shared.start + here.shared.lock().now)
}

pub(crate) fn is_running() -> bool {
    HERE.with_borrow(Option::is_some)
}

/// Makes whoever waits at `place` ready.
pub(crate) fn notify(place: usize) {
    if let Some(here) = here() {
        for thread in &mut here.shared.lock().threads {
            if matches!(thread.doing, Doing::Waits { place: at, .. } if at == place) {
                thread.doing = Doing::Ready;
            }
        }
    }
}

/// Lets others run until somebody notifies `place` or the clock reaches `until`.
pub(crate) fn wait(place: usize, until: Option<Instant>) {
    if let Some(here) = here() {
        let until = until.map(|until| until.saturating_duration_since(here.shared.start));
        here.leave_turn(Doing::Waits { place, until });
    }
}

/// Lets others run until no thread is left that this one has started.
pub(crate) fn wait_for_children() {
    if let Some(here) = here() {
        here.leave_turn(Doing::Joins);
    }
}

fn here() -> Option<Here> {
    HERE.with_borrow(Clone::clone)
}

/// The place of a thread in the order, before it runs.
#[derive(Debug)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    id: usize,
}

impl Place {
    /// For a thread that the calling one is about to start; nothing outside of a simulation.
    pub(crate) fn for_child() -> Option<Self> {
        here().map(|here| Self::new(here.shared, Some(here.id)))
    }

    fn new(shared: Arc<Shared>, parent: Option<usize>) -> Self {
        let mut state = shared.lock();
        let id = state.threads.len();
        state.threads.push(Thread {
            parent,
            doing: Doing::Ready,
            turn: Arc::default(),
        });
        drop(state);
        Self { shared, id }
    }

    /// Makes the calling thread this one, and waits for its turn.
    pub(crate) fn enter(self) -> Entered {
        let (shared, id) = (Arc::clone(&self.shared), self.id);
        HERE.set(Some(Here {
            shared: Arc::clone(&shared),
            id,
        }));
        let entered = Entered { place: self };
        shared.wait_for_turn(shared.lock(), id);
        entered
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A thread that could not be started is gone, too.
        let mut state = self.shared.lock();
        state.set(self.id, Doing::Gone);
        if state.running == self.id {
            self.shared.pass_on(&mut state);
        }
    }
}

/// A thread of a simulation, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Entered {
    #[expect(dead_code, reason = "dropping it ends the thread's part")]
    place: Place,
}

impl Drop for Entered {
    fn drop(&mut self) {
        HERE.set(None);
    }
}

impl Here {
    fn leave_turn(&self, doing: Doing) {
        let mut state = self.shared.lock();
        state.set(self.id, doing);
        self.shared.pass_on(&mut state);
        self.shared.wait_for_turn(state, self.id);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, for real, until it is the turn of `id`.
    fn wait_for_turn<'s>(&'s self, mut state: MutexGuard<'s, State>, id: usize) {
        let turn = state.threads.get(id).map(|thread| Arc::clone(&thread.turn));
        let Some(turn) = turn else { return };
        while state.running != id {
            if let Some(why) = state.stuck.clone() {
                drop(state);
                panic!("{why}");
            }
            state = turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Chooses who is next.
    fn pass_on(&self, state: &mut State) {
        if state
            .threads
            .iter()
            .all(|thread| thread.doing == Doing::Gone)
        {
            return;
        }
        let next = state.next();
        if let Some(next) = next
            && state.turns < MOST_TURNS
        {
            state.set(next, Doing::Ready);
            state.running = next;
            state.turns += 1;
            let nanos = u64::try_from(state.now.as_nanos()).unwrap_or(u64::MAX);
            state.trace = mix(state.trace ^ mix(nanos) ^ next as u64);
            state.threads[next].turn.notify_all();
            return;
        }
        let (seed, now, turns) = (self.seed, state.now, state.turns);
        let doing: Vec<_> = state.threads.iter().map(|thread| thread.doing).collect();
        let why = format!("seed {seed} is stuck at {now:?} after {turns} turns: {doing:?}");
        eprintln!("{why}");
        state.stuck = Some(why);
        state.running = usize::MAX;
        state
            .threads
            .iter()
            .for_each(|thread| thread.turn.notify_all());
    }
}

impl State {
    fn set(&mut self, id: usize, doing: Doing) {
        if let Some(thread) = self.threads.get_mut(id) {
            thread.doing = doing;
        }
    }

    /// Who goes on, and when.
    fn next(&mut self) -> Option<usize> {
        let mut able = self.able();
        if able.is_empty() {
            let deadlines = self.threads.iter().filter_map(|thread| match thread.doing {
                Doing::Waits { until, .. } => until,
                _ => None,
            });
            self.now = self.now.max(deadlines.min()?);
            able = self.able();
        }
        let chosen = self.random(able.len() as u64);
        able.get(usize::try_from(chosen).ok()?).copied()
    }

    /// Threads that can go on now.
    fn able(&self) -> Vec<usize> {
        let has_children = |id| {
            let child = |thread: &Thread| thread.parent == Some(id) && thread.doing != Doing::Gone;
            self.threads.iter().any(child)
        };
        let is_able = |id: &usize| match self.threads[*id].doing {
            Doing::Ready => true,
            Doing::Waits { until, .. } => until.is_some_and(|until| until <= self.now),
            Doing::Joins => !has_children(*id),
            Doing::Gone => false,
        };
        (0..self.threads.len()).filter(is_able).collect()
    }

    /// Below `bound`, by the seed: SplitMix64.
    fn random(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.random) % bound.max(1)
    }
}

const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
