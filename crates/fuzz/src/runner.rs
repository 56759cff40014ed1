//! Runs a target for as long as asked.

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Mutator, Seen, Target, hex};

/// Inputs that a run keeps because something new came up.
const MOST_KEPT: usize = 4000;
/// How long one input may take before the run ends and names it.
const HANG: Duration = Duration::from_secs(60);

/// A run that found nothing.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Inputs that were made and tried.
    pub rounds: u64,
    /// Different things that came up, those of the corpus included.
    pub seen: usize,
    /// Inputs at which something came up that no input of the corpus shows.
    pub found: Vec<Vec<u8>>,
}

/// An input that a target does not bear.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The target.
    pub target: String,
    /// What the run was started with.
    pub seed: u64,
    /// Which of its inputs; nothing for one of the corpus.
    pub round: Option<u64>,
    /// The input, as small as it was made.
    pub input: Vec<u8>,
    /// What the target said.
    pub why: String,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            seed,
            round,
            input,
            why,
        } = self;
        match round {
            Some(round) => writeln!(f, "{target}: seed {seed}, round {round}: {why}")?,
            None => writeln!(f, "{target}: an input of the corpus: {why}")?,
        }
        write!(f, "again: cargo xtask fuzz {target} --input {}", hex(input))
    }
}

impl std::error::Error for Crash {}

/// One target, and what its inputs come from.
#[derive(Debug)]
pub struct Runner<'t> {
    target: &'t Target,
    seed: u64,
    mutator: Mutator,
    corpus: Vec<Vec<u8>>,
    golden: usize,
    seen: HashSet<Seen>,
    rounds: u64,
}

impl<'t> Runner<'t> {
    /// A run that is the same for the same seed, for so many rounds as it lasts.
    #[must_use]
    pub fn new(target: &'t Target, seed: u64) -> Self {
        let mut corpus = target.seeds().to_vec();
        corpus.extend(crate::read_corpus(target.name()));
        corpus.push(Vec::new());
        Self {
            target,
            seed,
            mutator: Mutator::new(seed),
            golden: corpus.len(),
            corpus,
            seen: HashSet::new(),
            rounds: 0,
        }
    }

    /// Tries the corpus, then so many inputs that are made of it.
    ///
    /// # Errors
    /// The first input at which the target panics.
    pub fn for_rounds(self, rounds: u64) -> Result<Report, Box<Crash>> {
        self.run(|done| done < rounds)
    }

    /// Tries the corpus, then inputs that are made of it, until the time is over.
    ///
    /// # Errors
    /// The first input at which the target panics.
    pub fn for_time(self, time: Duration) -> Result<Report, Box<Crash>> {
        let start = Instant::now();
        self.run(|_| start.elapsed() < time)
    }

    fn run(mut self, more: impl Fn(u64) -> bool) -> Result<Report, Box<Crash>> {
        let watch = Watch::new(self.target.name());
        for at in 0..self.golden {
            let input = self.corpus[at].clone();
            let seen = self.attempt(&watch, &input, None)?;
            self.seen.insert(seen);
        }
        while more(self.rounds) {
            let input = self.mutator.next(&self.corpus);
            let seen = self.attempt(&watch, &input, Some(self.rounds))?;
            self.rounds += 1;
            if self.seen.insert(seen) && self.corpus.len() < MOST_KEPT {
                self.corpus.push(input);
            }
        }
        Ok(Report {
            rounds: self.rounds,
            seen: self.seen.len(),
            found: self.corpus.split_off(self.golden),
        })
    }

    fn attempt(&self, watch: &Watch, input: &[u8], round: Option<u64>) -> Result<Seen, Box<Crash>> {
        watch.begin(input);
        fails(self.target, input).map_err(|why| {
            let (input, why) = smaller(self.target, input, why);
            let (target, seed) = (self.target.name().to_owned(), self.seed);
            Box::new(Crash {
                target,
                seed,
                round,
                input,
                why,
            })
        })
    }
}

/// What came up; or what the target said when it panicked.
fn fails(target: &Target, input: &[u8]) -> Result<Seen, String> {
    catch_unwind(AssertUnwindSafe(|| target.run(input))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it panicked").to_owned()
    })
}

/// The input without whatever it fails without, and what is said then.
fn smaller(target: &Target, input: &[u8], mut why: String) -> (Vec<u8>, String) {
    let mut input = input.to_vec();
    let mut step = input.len() / 2;
    while step > 0 {
        let mut at = 0;
        while at + step <= input.len() {
            let mut shorter = input.clone();
            shorter.drain(at..at + step);
            match fails(target, &shorter) {
                Ok(_) => at += step,
                Err(said) => (input, why) = (shorter, said),
            }
        }
        step /= 2;
    }
    (input, why)
}

/// Ends the process where one input takes too long, and names the input.
struct Watch(Sender<Vec<u8>>);

impl Watch {
    fn new(target: &str) -> Self {
        let (begin, begun) = channel::<Vec<u8>>();
        let target = target.to_owned();
        thread::spawn(move || {
            let mut input = Vec::new();
            loop {
                match begun.recv_timeout(HANG) {
                    Ok(next) => input = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        let input = hex(&input);
                        eprintln!(
                            "{target}: takes too long: cargo xtask fuzz {target} --input {input}"
                        );
                        std::process::abort();
                    }
                }
            }
        });
        Self(begin)
    }

    fn begin(&self, input: &[u8]) {
        // The watcher lives as long as this.
        let _ = self.0.send(input.to_vec());
    }
}
