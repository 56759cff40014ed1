//! Running the steps of a lane.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read};
use std::iter;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::needs::{self, Need};
use super::output::{Output, Stream};
use super::steps::{ENVIRONMENT, Lane, Step, TESTS_AT_ONCE};
use super::summary::Summary;
use super::tally::Tally;
use crate::{Error, Wine, build, child, go, workspace};

/// Where the lane for other platforms builds, below the target directory.
const PLATFORMS: &str = "platforms";

/// Runs steps of a lane, and remembers how they ended.
pub(crate) struct Runner<'a> {
    lane: Lane,
    output: &'a Output,
    target: PathBuf,
    go: OsString,
    /// Started by the first step that needs it.
    wine: Option<Wine>,
    summary: Summary,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(lane: Lane, output: &'a Output) -> Result<Self, Error> {
        let target = build::target_dir()?;
        Ok(Self {
            lane,
            output,
            target: match lane {
                Lane::Host => target,
                Lane::Platforms => target.join(PLATFORMS),
            },
            go: go::program(),
            wine: None,
            summary: Summary::default(),
        })
    }

    /// Runs a step, the `at`-th of all, or skips it where the machine lacks what it needs.
    pub(crate) fn run(&mut self, at: usize, step: &'static Step) -> Result<(), Error> {
        self.output.begin(self.lane);
        let result = self.run_step(at, step);
        self.output.end(self.lane);
        result
    }

    fn run_step(&mut self, at: usize, step: &'static Step) -> Result<(), Error> {
        self.say(&format!("\n== {}", step.name));
        let missing = unmet(step.needs);
        if !missing.is_empty() {
            let why = format!("there is no {}", missing.join(", no "));
            self.skip(at, step.name, why);
            return Ok(());
        }
        let mut more = String::new();
        for without in step.without {
            let missing = unmet(without.needs);
            if !missing.is_empty() {
                let why = format!("{}: there is no {}", without.skips, missing.join(", no "));
                self.skip(at, step.name, why);
                more.push(' ');
                more.push_str(without.words);
            }
        }
        let began = Instant::now();
        let mut tally = Tally::default();
        let mut success = true;
        for line in step.run {
            let command = self.command(step, &format!("{line}{more}"));
            success = match command.and_then(|mut command| self.watch(&mut command, &mut tally)) {
                Err(Error::Stopped) => return Err(Error::Stopped),
                Err(error) => {
                    let why = format!("error: {error}");
                    self.say(&why);
                    tally.see(&why);
                    false
                }
                Ok(success) => success,
            };
            if !success {
                break;
            }
        }
        tally.end(success);
        self.summary.end(at, step.name, tally, began.elapsed());
        Ok(())
    }

    fn skip(&mut self, at: usize, name: &'static str, why: String) {
        self.say(&format!("SKIPPED {name}: {why}"));
        self.summary.skip(at, name, why);
    }

    fn say(&self, line: &str) {
        let line = format!("{line}\n");
        self.output.write(self.lane, Stream::Out, line.as_bytes());
    }

    pub(crate) fn finish(self) -> Summary {
        self.summary
    }

    /// The command of one line of a step.
    fn command(&mut self, step: &Step, line: &str) -> Result<Command, Error> {
        self.say(&format!("-- {line}"));
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
            .env("CARGO_TARGET_DIR", &self.target)
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

    /// Passes output on, and counts what it tells.
    fn watch(&self, command: &mut Command, tally: &mut Tally) -> Result<bool, Error> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let shared = Mutex::new(tally);
        let status = child::watch(command, |child: &mut Child| {
            let (out, err) = (child.stdout.take(), child.stderr.take());
            thread::scope(|scope| {
                scope.spawn(|| out.map(|out| self.pass_on(out, Stream::Out, &shared)));
                scope.spawn(|| err.map(|err| self.pass_on(err, Stream::Err, &shared)));
            });
        })?;
        Ok(status.success())
    }

    fn pass_on(&self, from: impl Read, stream: Stream, tally: &Mutex<&mut Tally>) {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            self.output.write(self.lane, stream, &line);
            let text = String::from_utf8_lossy(&line);
            tally
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .see(&text);
            line.clear();
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

fn unmet(needs: &[&'static Need]) -> Vec<&'static str> {
    let unmet = needs.iter().filter(|need| !need.is_met());
    unmet.map(|need| need.name).collect()
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
}
