//! Providers and consumers of every service, in every language, over every transport, while they are killed,
//! stopped, restarted and starved.
//!
//! ```text
//! provider   one endpoint: who serves it now, and what is done to it
//! consumer   one that asks all the time, and judges what it hears
//! harm       what is done to a process
//! ```
//!
//! A run is a number of rounds. In each, consumers ask while a seed says what is done to whom; then all is mended,
//! everybody has to get an answer, and nobody may have more descriptors, mappings, threads and memory than at its
//! start. What the seed says is the same each time; what comes of it is up to the machine.

mod consumer;
mod harm;
mod provider;

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::language::{Language, Peers};
use crate::process::ProcessError;
use crate::random::Random;
use consumer::Consumer;
use provider::Provider;

/// What is served, each at an endpoint of its name.
const KINDS: [&str; 7] = [
    "increment",
    "string-reverse",
    "cgroups-snapshot",
    "cgroups-lookup",
    "apps-lookup",
    "ip-to-asn",
    "pid-traffic",
];
/// What sessions may go over: the bits of profiles.
const PROFILES: [u32; 4] = [0x01, 0x02, 0x04, 0x10];
/// How long a round is.
const ROUND: Duration = Duration::from_secs(10);
/// Between two things that are done, at most.
const PAUSE_MS: usize = 120;
/// The longest that anything may take: only a hang does, also where others leave these processes a hundredth of a
/// processor, on which no handshake is done within its 2 s for a minute.
const PATIENCE: Duration = Duration::from_secs(300);
/// The timeout of every call.
const TIMEOUT_MS: u64 = 3000;
/// A handshake, and another one with a smaller proposal.
const CONNECT_MS: u64 = 4000;
/// By how much a busy machine may be late. Who waits without an end takes longer.
const SLACK_MS: u64 = 30_000;

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For how long, at least one round.
    pub duration: Duration,
    /// What decides.
    pub seed: u64,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Rounds, each with everything mended at its end.
    pub rounds: u64,
    /// Right answers, and questions that failed.
    pub right: u64,
    /// Questions that had no answer.
    pub failed: u64,
    /// What was done to processes, by its name.
    pub harm: Vec<(&'static str, u64)>,
    /// Processes that ended for want of memory, as they may.
    pub starved: u64,
    /// The longest that a question took, in milliseconds, of consumers that nothing was done to.
    pub longest_ms: u64,
    /// The most memory that a process had at the end of a round, in KiB.
    pub largest_kib: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            right,
            failed,
            starved,
            longest_ms,
            largest_kib,
            ..
        } = self;
        writeln!(
            f,
            "{rounds} rounds: {right} right answers, {failed} questions without one, none wrong"
        )?;
        let harm: Vec<_> = self
            .harm
            .iter()
            .map(|(name, times)| format!("{times} {name}"))
            .collect();
        writeln!(f, "{}; {starved} ended for want of memory", harm.join(", "))?;
        write!(
            f,
            "longest question {longest_ms} ms, largest process {largest_kib} KiB"
        )
    }
}

/// What everybody counts.
#[derive(Debug, Default)]
struct Counts {
    right: AtomicU64,
    failed: AtomicU64,
    starved: AtomicU64,
    longest_ms: AtomicU64,
    largest_kib: AtomicU64,
    harm: Mutex<Vec<(&'static str, u64)>>,
}

impl Counts {
    fn note_harm(&self, name: &'static str) {
        let mut harm = self
            .harm
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match harm.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => *times += 1,
            None => harm.push((name, 1)),
        }
    }
}

/// What all have in common.
struct Scene<'p> {
    peers: &'p Peers,
    place: TempDir,
    counts: Counts,
}

impl Scene<'_> {
    fn dir(&self) -> &Path {
        self.place.path()
    }
}

/// Runs for as long as `options` say; `tell` hears what came of each round.
///
/// # Errors
/// The first thing that is not as it has to be.
pub fn run(
    peers: &Peers,
    options: Options,
    mut tell: impl FnMut(&Report),
) -> Result<Report, ChaosError> {
    let place = tempfile::Builder::new().prefix("netipc-chaos-").tempdir();
    let scene = Scene {
        peers,
        place: place.map_err(ChaosError::Place)?,
        counts: Counts::default(),
    };
    let mut random = Random::new(options.seed);
    let mut providers = KINDS.map(|kind| Provider::new(kind, &mut random));
    for provider in &mut providers {
        provider.start(&scene)?;
    }
    let mut consumers = Vec::new();
    for kind in KINDS {
        for language in Language::ALL {
            consumers.push(Consumer::start(&scene, kind, language, &mut random)?);
        }
    }
    let (began, mut rounds) = (Instant::now(), 0);
    while rounds == 0 || began.elapsed() < options.duration {
        round(&scene, &mut providers, &mut consumers, &mut random)?;
        rounds += 1;
        tell(&report(&scene, rounds));
    }
    for consumer in consumers {
        consumer.end()?;
    }
    for provider in &mut providers {
        provider.end_in_order()?;
    }
    let left: Vec<_> = fs::read_dir(scene.dir())
        .map_err(ChaosError::Place)?
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .collect();
    if left.is_empty() {
        Ok(report(&scene, rounds))
    } else {
        Err(ChaosError::Wrong(format!("left behind: {left:?}")))
    }
}

/// Trouble, and that everything is well after it.
fn round(
    scene: &Scene<'_>,
    providers: &mut [Provider],
    consumers: &mut [Consumer],
    random: &mut Random,
) -> Result<(), ChaosError> {
    let over = AtomicBool::new(false);
    // Whoever fails says so, and the others stop at once.
    let asked = thread::scope(|scope| {
        let over = &over;
        let targets: Vec<_> = consumers.iter().map(Consumer::target).collect();
        let asking: Vec<_> = consumers
            .iter_mut()
            .map(|consumer| {
                let mut random = Random::new(random.next());
                scope.spawn(move || {
                    let asked = consumer.ask_until(scene, over, &mut random);
                    over.fetch_or(asked.is_err(), Ordering::Relaxed);
                    asked
                })
            })
            .collect();
        let troubled = trouble(scene, providers, &targets, random, over);
        over.store(true, Ordering::Relaxed);
        targets.iter().for_each(|target| target.mend());
        let mended = providers
            .iter_mut()
            .try_for_each(|provider| provider.mend(scene));
        let asked = asking
            .into_iter()
            .map(|asking| asking.join().unwrap_or(Err(ChaosError::Panic)));
        asked.chain([troubled, mended]).collect::<Result<(), _>>()
    });
    asked?;
    thread::scope(|scope| {
        let well: Vec<_> = consumers
            .iter_mut()
            .map(|consumer| scope.spawn(|| consumer.is_well(scene)))
            .collect();
        let well = well
            .into_iter()
            .map(|well| well.join().unwrap_or(Err(ChaosError::Panic)));
        well.collect::<Result<(), _>>()
    })?;
    providers
        .iter_mut()
        .try_for_each(|provider| provider.is_well(scene))
}

/// Does things to processes for as long as a round is.
fn trouble(
    scene: &Scene<'_>,
    providers: &mut [Provider],
    targets: &[harm::Target],
    random: &mut Random,
    over: &AtomicBool,
) -> Result<(), ChaosError> {
    let began = Instant::now();
    while began.elapsed() < ROUND && !over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(random.below(PAUSE_MS) as u64));
        for provider in providers.iter_mut() {
            provider.go_on(scene, random)?;
        }
        targets.iter().for_each(harm::Target::go_on);
        if random.one_in(2) {
            let chosen = random.below(providers.len());
            providers[chosen].suffer(scene, random)?;
        } else {
            let chosen = random.below(targets.len());
            if let Some(name) = targets[chosen].suffer(random, harm::Whom::Consumer) {
                scene.counts.note_harm(name);
            }
        }
    }
    Ok(())
}

fn report(scene: &Scene<'_>, rounds: u64) -> Report {
    let counts = &scene.counts;
    let harm = counts
        .harm
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Report {
        rounds,
        right: counts.right.load(Ordering::Relaxed),
        failed: counts.failed.load(Ordering::Relaxed),
        harm: harm.clone(),
        starved: counts.starved.load(Ordering::Relaxed),
        longest_ms: counts.longest_ms.load(Ordering::Relaxed),
        largest_kib: counts.largest_kib.load(Ordering::Relaxed),
    }
}

/// What is not as it has to be.
#[derive(Debug, thiserror::Error)]
pub enum ChaosError {
    /// There is no place for endpoints.
    #[error("cannot use a directory for temporary files: {0}")]
    Place(std::io::Error),
    /// Something is wrong.
    #[error("{0}")]
    Wrong(String),
    /// This program is wrong.
    #[error("a thread panicked")]
    Panic,
}

impl From<ProcessError> for ChaosError {
    fn from(error: ProcessError) -> Self {
        Self::Wrong(error.to_string())
    }
}

impl From<crate::language::PeerError> for ChaosError {
    fn from(error: crate::language::PeerError) -> Self {
        Self::Wrong(error.to_string())
    }
}
