//! One that asks all the time, and judges what it hears.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::harm::Target;
use super::{CONNECT_MS, ChaosError, PATIENCE, PROFILES, SLACK_MS, Scene, TIMEOUT_MS};
use crate::language::Language;
use crate::process::{Process, ProcessError};
use crate::random::Random;

/// The longest that a question may take.
const LONGEST_MS: u64 = CONNECT_MS + TIMEOUT_MS + SLACK_MS;
/// Between two questions, at most.
const PAUSE_MS: usize = 20;

/// A consumer, whatever becomes of its process.
pub(super) struct Consumer {
    kind: &'static str,
    language: Language,
    profile: u32,
    process: Process,
    target: Target,
}

impl Consumer {
    pub(super) fn start(
        scene: &Scene<'_>,
        kind: &'static str,
        language: Language,
        random: &mut Random,
    ) -> Result<Self, ChaosError> {
        let profile = random.pick(PROFILES);
        let process = process(scene, kind, language, profile)?;
        let target = Target::default();
        target.begin(process.id());
        Ok(Self {
            kind,
            language,
            profile,
            process,
            target,
        })
    }

    /// What things are done to.
    pub(super) fn target(&self) -> Target {
        self.target.clone()
    }

    /// Asks until it is over.
    pub(super) fn ask_until(
        &mut self,
        scene: &Scene<'_>,
        over: &AtomicBool,
        random: &mut Random,
    ) -> Result<(), ChaosError> {
        while !over.load(Ordering::Relaxed) {
            let before = self.target.times();
            let answer = self.question(random.below(2000), 1 + random.below(64));
            match answer {
                Ok(line) => {
                    let undisturbed = before.is_some() && self.target.times() == before;
                    self.judge(scene, &line, undisturbed)?;
                    if random.one_in(4) {
                        self.leave(scene)?;
                    }
                }
                Err(error) => self.replace(scene, &error, random)?,
            }
            std::thread::sleep(Duration::from_millis(random.below(PAUSE_MS) as u64));
        }
        Ok(())
    }

    /// Nothing is wrong any more: it has to get an answer.
    pub(super) fn is_well(&mut self, scene: &Scene<'_>) -> Result<(), ChaosError> {
        let began = Instant::now();
        loop {
            match self.question(3, 5) {
                Ok(line) => {
                    let is_right = self.judge(scene, &line, false)?;
                    self.leave(scene)?;
                    if is_right {
                        return Ok(());
                    }
                    if began.elapsed() > PATIENCE {
                        return Err(self.wrong(&format!("has no answer: {line}")));
                    }
                }
                Err(error) => self.replace(scene, &error, &mut Random::new(1))?,
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn end(mut self) -> Result<(), ChaosError> {
        self.target.end();
        self.process.end_input();
        Ok(self.process.finish(Instant::now() + PATIENCE)?)
    }

    fn question(&mut self, first: usize, count: usize) -> Result<String, ProcessError> {
        // One number at a time: each is a call with a timeout of its own.
        let count = if self.kind == "increment" { 1 } else { count };
        self.process.say(&format!("ask {first} {count}"))?;
        self.process.line(Instant::now() + PATIENCE)
    }

    /// Whether the answer is right, which it must not be only where there is none.
    fn judge(&self, scene: &Scene<'_>, line: &str, undisturbed: bool) -> Result<bool, ChaosError> {
        let counts = &scene.counts;
        let mut words = line.splitn(3, ' ');
        let (word, took) = (
            words.next(),
            words.next().and_then(|took| took.parse::<u64>().ok()),
        );
        let why = words.next().unwrap_or_default().trim();
        let took = took.ok_or_else(|| self.wrong(&format!("said {line:?}")))?;
        if undisturbed {
            counts.longest_ms.fetch_max(took, Ordering::Relaxed);
            if took > LONGEST_MS {
                return Err(self.wrong(&format!(
                    "took {took} ms, with {TIMEOUT_MS} for a call: {line}"
                )));
            }
        }
        match word {
            Some("RIGHT") => counts.right.fetch_add(1, Ordering::Relaxed),
            Some("FAILED") if !why.is_empty() => counts.failed.fetch_add(1, Ordering::Relaxed),
            _ => return Err(self.wrong(&format!("said {line:?}"))),
        };
        Ok(word == Some("RIGHT"))
    }

    fn leave(&mut self, scene: &Scene<'_>) -> Result<(), ChaosError> {
        let left = self.process.say("leave");
        let left = left.and_then(|()| self.process.expect("LEFT", Instant::now() + PATIENCE));
        match left {
            Ok(()) => Ok(()),
            Err(error) => self.replace(scene, &error, &mut Random::new(2)),
        }
    }

    /// Starts another process in place of one that has ended, as it may only where somebody did it.
    fn replace(
        &mut self,
        scene: &Scene<'_>,
        error: &ProcessError,
        random: &mut Random,
    ) -> Result<(), ChaosError> {
        let fate = self.target.end();
        if !fate.is_killed && !fate.may_starve {
            return Err(self.wrong(&error.to_string()));
        }
        if fate.may_starve && !fate.is_killed {
            scene.counts.starved.fetch_add(1, Ordering::Relaxed);
        }
        self.profile = random.pick(PROFILES);
        self.process = process(scene, self.kind, self.language, self.profile)?;
        self.target.begin(self.process.id());
        Ok(())
    }

    fn wrong(&self, what: &str) -> ChaosError {
        let Self {
            kind,
            language,
            profile,
            ..
        } = self;
        ChaosError::Wrong(format!(
            "the {language} consumer of {kind}, profile {profile:#04x}, {what}"
        ))
    }
}

fn process(
    scene: &Scene<'_>,
    kind: &str,
    language: Language,
    profile: u32,
) -> Result<Process, ChaosError> {
    let mut args: Vec<OsString> = vec!["ask".into(), kind.into(), "--run-dir".into()];
    args.push(scene.dir().into());
    let (profile, timeout) = (profile.to_string(), TIMEOUT_MS.to_string());
    let rest = [
        "--service",
        kind,
        "--token",
        "7",
        "--profile",
        &profile,
        "--timeout",
        &timeout,
        "--generation",
        "1",
        "--items",
        "40",
        "--path-len",
        "60",
    ];
    args.extend(rest.map(OsString::from));
    let mut process = Process::start("consumer", scene.peers.command(language)?, &args)?;
    process.expect("READY", Instant::now() + PATIENCE)?;
    Ok(process)
}
