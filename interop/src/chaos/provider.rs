//! One endpoint: whoever serves it.

use std::ffi::OsString;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::harm::{Holdings, Target, Whom};
use super::{ChaosError, PATIENCE, Scene};
use crate::language::Language;
use crate::process::Process;
use crate::random::Random;

/// Descriptors and threads that a provider may have besides those of its start, while nobody asks: what it makes
/// once, when it first needs it.
const SPARE: usize = 4;
/// Memory of a provider that nobody asks, at most: none of it grows with time.
const MEMORY_KIB: u64 = 200 << 10;
/// How long an endpoint may be without a provider.
const ABSENCE_MS: usize = 1500;

/// An endpoint, and who serves it now.
pub(super) struct Provider {
    kind: &'static str,
    language: Language,
    generation: u64,
    workers: usize,
    process: Option<Process>,
    target: Target,
    at_start: Option<Holdings>,
    /// When the next one begins, where there is none.
    absent_until: Instant,
}

impl Provider {
    pub(super) fn new(kind: &'static str, random: &mut Random) -> Self {
        let mut provider = Self {
            kind,
            language: Language::Rust,
            generation: 1,
            workers: 8,
            process: None,
            target: Target::default(),
            at_start: None,
            absent_until: Instant::now(),
        };
        provider.become_another(random);
        provider
    }

    /// Somebody else serves next.
    fn become_another(&mut self, random: &mut Random) {
        self.language = random.pick(Language::ALL);
        self.workers = random.pick([1, 2, 8]);
        // Lookups answer of one generation, which their consumers know.
        if self.kind == "cgroups-snapshot" {
            self.generation += 1;
        }
    }

    /// Starts to serve.
    pub(super) fn start(&mut self, scene: &Scene<'_>) -> Result<(), ChaosError> {
        let mut args: Vec<OsString> = vec!["serve".into(), self.kind.into(), "--run-dir".into()];
        args.push(scene.dir().into());
        let (workers, generation) = (self.workers.to_string(), self.generation.to_string());
        // Every transport, so that each consumer has the one that it asks for.
        let rest = [
            "--service",
            self.kind,
            "--token",
            "7",
            "--profile",
            "22",
            "--workers",
            &workers,
            "--generation",
            &generation,
            "--items",
            "40",
            "--path-len",
            "60",
        ];
        args.extend(rest.map(OsString::from));
        let mut process = Process::start("provider", scene.peers.command(self.language)?, &args)?;
        process.expect("READY", Instant::now() + PATIENCE)?;
        self.target.begin(process.id());
        self.at_start = process.id().and_then(Holdings::of);
        self.process = Some(process);
        Ok(())
    }

    /// Does something to it.
    pub(super) fn suffer(
        &mut self,
        scene: &Scene<'_>,
        random: &mut Random,
    ) -> Result<(), ChaosError> {
        if self.process.is_none() {
            return Ok(());
        }
        if random.one_in(4) {
            self.target.mend();
            if self.has_ended(scene)? {
                return Ok(());
            }
            scene.counts.note_harm("ended in order");
            self.end_in_order()?;
            self.leave(random);
        } else if let Some(name) = self.target.suffer(random, Whom::Provider) {
            scene.counts.note_harm(name);
        }
        Ok(())
    }

    /// Starts the next one where it is time, and sees that this one lives.
    pub(super) fn go_on(
        &mut self,
        scene: &Scene<'_>,
        random: &mut Random,
    ) -> Result<(), ChaosError> {
        self.target.go_on();
        if self.process.is_some() {
            if self.has_ended(scene)? {
                self.leave(random);
            }
        } else if self.absent_until <= Instant::now() {
            self.start(scene)?;
        }
        Ok(())
    }

    /// Ends whatever goes on; somebody serves from here on.
    pub(super) fn mend(&mut self, scene: &Scene<'_>) -> Result<(), ChaosError> {
        self.target.mend();
        if self.process.is_some() && self.has_ended(scene)? {
            self.process = None;
        }
        match self.process {
            Some(_) => Ok(()),
            None => self.start(scene),
        }
    }

    /// Nobody has a session any more: it has what it had at its start.
    pub(super) fn is_well(&mut self, scene: &Scene<'_>) -> Result<(), ChaosError> {
        let began = Instant::now();
        loop {
            if self.process.is_some() && self.has_ended(scene)? {
                // It has died of what it suffered just before.
                self.process = None;
                self.start(scene)?;
            }
            let pid = self.process.as_ref().and_then(Process::id);
            let (Some(now), Some(then)) = (pid.and_then(Holdings::of), self.at_start) else {
                continue;
            };
            // The runtime of Go keeps threads for later.
            let has_its_threads =
                self.language == Language::Go || now.threads <= then.threads + SPARE;
            if now.descriptors <= then.descriptors + SPARE
                && now.shared_maps <= then.shared_maps
                && has_its_threads
                && now.memory_kib <= MEMORY_KIB
            {
                let largest = &scene.counts.largest_kib;
                largest.fetch_max(now.memory_kib, Ordering::Relaxed);
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(self.wrong(&format!("had {then:?} at its start, and has {now:?}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends in good order, and says what it has served.
    pub(super) fn end_in_order(&mut self) -> Result<(), ChaosError> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        process.end_input();
        let said = process.line(Instant::now() + PATIENCE)?;
        if !said.starts_with("SERVED ") {
            return Err(self.wrong(&format!("said {said:?}")));
        }
        self.target.end();
        Ok(process.finish(Instant::now() + PATIENCE)?)
    }

    fn leave(&mut self, random: &mut Random) {
        self.process = None;
        self.become_another(random);
        let absence = Duration::from_millis(random.below(ABSENCE_MS) as u64);
        self.absent_until = Instant::now() + absence;
    }

    /// Whether it has ended, as it may only where somebody did it.
    fn has_ended(&mut self, scene: &Scene<'_>) -> Result<bool, ChaosError> {
        let Some(process) = &mut self.process else {
            return Ok(true);
        };
        if self.target.is_killed() {
            self.target.end();
            process.end_of(Instant::now() + PATIENCE)?;
            return Ok(true);
        }
        let Some(status) = process.has_ended()? else {
            return Ok(false);
        };
        if self.target.end().may_starve {
            scene.counts.starved.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let (_, errors) = process.end_of(Instant::now() + PATIENCE)?;
        Err(self.wrong(&format!("ended with {status}: {errors:?}")))
    }

    fn wrong(&self, what: &str) -> ChaosError {
        ChaosError::Wrong(format!(
            "the {} provider of {} {what}",
            self.language, self.kind
        ))
    }
}
