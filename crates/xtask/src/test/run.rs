//! Running the steps, and what to say at the end.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::iter;
use std::mem;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::needs::{self, Need};
use super::steps::{ENVIRONMENT, Step, TESTS_AT_ONCE};
use super::tally::Tally;
use crate::{Error, Wine, build, child, go, workspace};

/// Runs steps, and remembers how they ended.
pub(crate) struct Runner {
    target: PathBuf,
    go: OsString,
    /// Started by the first step that needs it.
    wine: Option<Wine>,
    summary: Summary,
}

impl Runner {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self {
            target: build::target_dir()?,
            go: go::program(),
            wine: None,
            summary: Summary::default(),
        })
    }

    /// Runs a step, or skips it where the machine lacks what it needs.
    pub(crate) fn run(&mut self, step: &'static Step) -> Result<(), Error> {
        println!("\n== {}", step.name);
        let missing = unmet(step.needs);
        if !missing.is_empty() {
            let why = format!("there is no {}", missing.join(", no "));
            println!("SKIPPED {}: {why}", step.name);
            self.summary.skip(step.name, why);
            return Ok(());
        }
        let mut more = String::new();
        for without in step.without {
            let missing = unmet(without.needs);
            if !missing.is_empty() {
                let why = format!("{}: there is no {}", without.skips, missing.join(", no "));
                println!("SKIPPED {why}");
                self.summary.skip(step.name, why);
                more.push(' ');
                more.push_str(without.words);
            }
        }
        let began = Instant::now();
        let mut tally = Tally::default();
        let mut success = true;
        for line in step.run {
            let command = self.command(step, &format!("{line}{more}"));
            success = match command.and_then(|mut command| watch(&mut command, &mut tally)) {
                Err(Error::Stopped) => return Err(Error::Stopped),
                Err(error) => {
                    println!("error: {error}");
                    false
                }
                Ok(success) => success,
            };
            if !success {
                break;
            }
        }
        tally.end(success);
        self.summary.end(step.name, tally, began.elapsed());
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Summary {
        mem::take(&mut self.summary)
    }

    /// The command of one line of a step.
    fn command(&mut self, step: &Step, line: &str) -> Result<Command, Error> {
        println!("-- {line}");
        let needs_wine = step.needs.contains(&&needs::WINE);
        if needs_wine && self.wine.is_none() {
            self.wine = Some(Wine::start()?);
        }
        let wine = self.wine.as_ref().filter(|_| needs_wine);
        let mut words = words(line).into_iter();
        let mut set = Vec::new();
        let program = loop {
            let word = words.next().unwrap_or_default();
            match word.split_once('=') {
                Some(pair) => set.push(pair),
                None => break self.fill(word, wine),
            }
        };
        let mut command = Command::new(program);
        command
            .args(words.map(|word| self.fill(word, wine)))
            .current_dir(workspace().join(step.dir))
            .envs(ENVIRONMENT)
            .env("GO", &self.go)
            .envs(wine.into_iter().flat_map(Wine::environment))
            .envs(set);
        // Scripts and tools start the go command of the path.
        if let Some(place) = Path::new(&self.go).parent().filter(|at| at.is_absolute()) {
            let path = env::var_os("PATH").unwrap_or_default();
            let places = iter::once(place.to_owned()).chain(env::split_paths(&path));
            command.envs(env::join_paths(places).map(|path| ("PATH", path)));
        }
        let (variable, tests) = TESTS_AT_ONCE;
        if env::var_os(variable).is_none() {
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            command.env(variable, tests.max(processors).to_string());
        }
        if step.dir == "go" {
            command.envs([("GOWORK", "off"), ("GOFLAGS", "")]);
        }
        Ok(command)
    }

    fn fill(&self, word: &str, wine: Option<&Wine>) -> OsString {
        match word {
            "{go}" => self.go.clone(),
            "{wine}" => wine.map(|wine| wine.program().into()).unwrap_or_default(),
            _ if word.starts_with(".ci/") => workspace().join(word).into(),
            _ => word
                .replace("{target}", &self.target.to_string_lossy())
                .into(),
        }
    }
}

/// The words of a line; those in `'` may have blanks.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 0 {
            words.extend(part.split_whitespace());
        } else {
            words.push(part);
        }
    }
    words
}

/// Passes output on, and counts what it tells.
fn watch(command: &mut Command, tally: &mut Tally) -> Result<bool, Error> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let shared = Mutex::new(tally);
    let status = child::watch(command, |child: &mut Child| {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            scope.spawn(|| out.map(|out| pass_on(out, io::stdout(), &shared)));
            scope.spawn(|| err.map(|err| pass_on(err, io::stderr(), &shared)));
        });
    })?;
    Ok(status.success())
}

fn pass_on(from: impl Read, mut to: impl io::Write, tally: &Mutex<&mut Tally>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Whoever does not listen any more may see the summary.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        let text = String::from_utf8_lossy(&line);
        tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .see(&text);
        line.clear();
    }
}

fn unmet(needs: &[&'static Need]) -> Vec<&'static str> {
    let unmet = needs.iter().filter(|need| !need.is_met());
    unmet.map(|need| need.name).collect()
}

/// What ran, what was skipped and why. Shown, it ends with a line `N passed, N failed, N skipped`.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    ran: Vec<(&'static str, Tally, Duration)>,
    skipped: Vec<(&'static str, String)>,
}

impl Summary {
    /// That of a set-up.
    pub(crate) fn of_missing(missing: &[&'static Need]) -> Self {
        let skipped = missing.iter().map(|need| (need.name, "is missing".into()));
        Self {
            ran: Vec::new(),
            skipped: skipped.collect(),
        }
    }

    fn skip(&mut self, name: &'static str, why: String) {
        self.skipped.push((name, why));
    }

    fn end(&mut self, name: &'static str, tally: Tally, took: Duration) {
        self.ran.push((name, tally, took));
    }

    /// How many tests passed.
    #[must_use]
    pub fn passed(&self) -> u64 {
        self.ran.iter().map(|(_, tally, _)| tally.passed).sum()
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.ran.iter().map(|(_, tally, _)| tally.failed).sum()
    }

    /// How many steps and tests were skipped.
    #[must_use]
    pub fn skipped(&self) -> usize {
        let tests = self.ran.iter().map(|(_, tally, _)| tally.skipped.len());
        self.skipped.len() + tests.sum::<usize>()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, tally, took) in &self.ran {
            let seconds = took.as_secs();
            writeln!(
                f,
                "ran      {name:<40} {:>5} passed {:>3} failed {:>3}:{:02} min",
                tally.passed,
                tally.failed,
                seconds / 60,
                seconds % 60
            )?;
        }
        for (name, why) in &self.skipped {
            writeln!(f, "skipped  {name}: {why}")?;
        }
        for (name, tally, _) in &self.ran {
            for why in &tally.skipped {
                writeln!(f, "skipped  {name}: {why}")?;
            }
        }
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed(),
            self.failed(),
            self.skipped()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_may_have_blanks() {
        let line = "A=1 run  --only 'rust -> go, shm' --jobs 2";
        let expected = ["A=1", "run", "--only", "rust -> go, shm", "--jobs", "2"];
        assert_eq!(words(line), expected);
    }

    #[test]
    fn a_summary_ends_with_the_counts() {
        let mut summary = Summary::default();
        let tally = Tally {
            passed: 7,
            failed: 1,
            skipped: vec!["clang".to_owned()],
        };
        summary.end("one", tally, Duration::from_secs(61));
        summary.skip("two", "there is no Wine".to_owned());
        let text = summary.to_string();
        assert!(text.ends_with("\n7 passed, 1 failed, 2 skipped"), "{text}");
        assert!(text.contains("skipped  two: there is no Wine\n"), "{text}");
        assert!(text.contains(" 1:01 min\n"), "{text}");
    }
}
