//! Who is there, what they do, and what must hold.

mod consumers;
mod providers;

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use netipc_transport::Wait;
use netipc_transport::clock::{self, Newcomer};
use netipc_transport::simulation::{Simulation, random};

use crate::net::{Net, Trouble};

/// The directory of all endpoints.
const DIR: &str = "/run/simulated";
/// How long anybody may take to come back once all is calm: more than any client leaves a server alone.
const CALM: Duration = Duration::from_secs(120);
/// How soon a server knows that its clients are gone, once all is calm.
const NOTICED: Duration = Duration::from_millis(200);

/// What is made wrong on purpose, to see that it is found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// A provider answers a number with another.
    WrongAnswer,
    /// A consumer forgets its cache when a refresh fails.
    ForgetfulCache,
    /// A consumer asks for longer than it says.
    LateAnswer,
    /// A consumer never leaves.
    KeptSession,
}

impl Fault {
    /// The fault of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "wrong-answer" => Some(Self::WrongAnswer),
            "forgetful-cache" => Some(Self::ForgetfulCache),
            "late-answer" => Some(Self::LateAnswer),
            "kept-session" => Some(Self::KeptSession),
            _ => None,
        }
    }
}

/// What came of one seed, or of many.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// How many.
    pub seeds: u64,
    /// Calls and refreshes that were answered.
    pub answered: u64,
    /// Those that failed, as they may in trouble.
    pub failed: u64,
    /// Times that a provider was killed, stopped or drained.
    pub lives: u64,
    /// How long it all took, by its own clock.
    pub lasted: Duration,
    /// What two runs have in common only if they were the same.
    pub trace: u64,
    /// The first thing that was wrong.
    pub wrong: Option<String>,
}

impl Run {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.answered += other.answered;
        self.failed += other.failed;
        self.lives += other.lives;
        self.lasted += other.lasted;
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            answered,
            failed,
            lives,
            lasted,
            ..
        } = self;
        write!(
            f,
            "{answered} right answers, {failed} failures, {lives} lives of providers, in {lasted:.1?} of their time"
        )
    }
}

/// What all have in common.
struct World {
    net: Net,
    fault: Fault,
    workers: usize,
    /// Consumers that have trouble still, and those that are there.
    troubled: AtomicUsize,
    present: AtomicUsize,
    /// Once set, providers live on.
    is_calm: AtomicBool,
    run: Mutex<Run>,
}

impl World {
    /// By the seed.
    fn new(fault: Fault, consumers: usize) -> Self {
        let one_of = |choices: &[u64]| {
            let chosen = random(choices.len() as u64);
            choices[usize::try_from(chosen).unwrap_or_default()]
        };
        let trouble = Trouble {
            delay: Duration::from_millis(one_of(&[0, 1, 30, 700, 3000])),
            cut_one_in: one_of(&[0, 0, 10, 60]),
            lose_one_in: one_of(&[0, 2, 4, 20]),
        };
        let packet_size = u32::try_from(one_of(&[100, 256, 4096])).unwrap_or(4096);
        Self {
            net: Net::new(packet_size, trouble),
            fault,
            workers: usize::try_from(one_of(&[1, 2, 8])).unwrap_or(1),
            troubled: AtomicUsize::new(consumers),
            present: AtomicUsize::new(consumers),
            is_calm: AtomicBool::new(false),
            run: Mutex::default(),
        }
    }

    /// Changes what came of it.
    fn note(&self, change: impl FnOnce(&mut Run)) {
        change(
            &mut self
                .run
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }

    /// Notes that something is wrong, if it is the first thing.
    fn hold(&self, result: Result<(), String>) {
        if let Err(why) = result {
            self.note(|run| run.wrong = run.wrong.take().or(Some(why)));
        }
    }

    /// A consumer has had its trouble; with the last one, it is over for all.
    fn enough(&self) {
        if self.troubled.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.net.calm_down();
            self.is_calm.store(true, Ordering::Relaxed);
        }
    }

    fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }
}

/// What one thread plays.
type Part = fn(&World);

/// Plays one seed.
#[must_use]
pub fn play(seed: u64, fault: Fault) -> Run {
    let simulation = Simulation::new(seed);
    let mut run = simulation.run(|| {
        let numbers = 1 + random(3);
        let caches = 1 + random(2);
        let consumers = usize::try_from(numbers + caches).unwrap_or(1);
        let world = World::new(fault, consumers);
        let ended = thread::scope(|scope| {
            let parts = [providers::numbers as Part, providers::snapshots]
                .into_iter()
                .chain((0..numbers).map(|_| consumers::numbers as Part))
                .chain((0..caches).map(|_| consumers::caches as Part));
            let start = |part: Part| {
                let (newcomer, world) = (Newcomer::new(), &world);
                scope.spawn(move || newcomer.run(|| part(world)))
            };
            let all: Vec<_> = parts.map(start).collect();
            clock::before_joining();
            all.into_iter().all(|part| part.join().is_ok())
        });
        world.hold(
            ended
                .then_some(())
                .ok_or_else(|| "a thread panicked".to_owned()),
        );
        let ends = world.net.ends();
        world.hold(
            (ends == 0)
                .then_some(())
                .ok_or_else(|| format!("{ends} ends of connections are left")),
        );
        let mut run = world
            .run
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        run.lasted = netipc_transport::simulation::elapsed();
        run.seeds = 1;
        run
    });
    run.trace = simulation.trace();
    run
}

/// Waits for a while that the seed decides, at most `most`.
fn pause(most: Duration) {
    let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    sleep(Duration::from_nanos(random(most)));
}

fn sleep(duration: Duration) {
    // Nobody calls it off.
    let _ = Wait::timeout(duration).sleep(duration);
}
