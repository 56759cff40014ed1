//! The other processes of a benchmark: this program again, or programs of others, which are told by
//! arguments what to do, and by lines when.
//!
//! ```text
//! we                      PROGRAM --role client --scenario ping --service increment ..
//!         <- ready        once it can be asked; `unsupported` where it cannot do that
//! 350000000 ->            a client: measure for so many nanoseconds, as often as we ask
//!         <- {"units":..,"ops":..,"elapsed_ns":..,"cpu_ns":..,"switches":..,"latency":[[ns,count]..]}
//! usage   ->              a server: what have you used so far?
//!         <- {"cpu_ns":..,"switches":..}
//! (end)   ->              ends
//! ```
//!
//! Any other line says why it cannot go on.

use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::BenchError;
use crate::measure::{STOP, Sample};
use crate::peer::Task;
use crate::platform::in_own_group;
use crate::row::Row;
use crate::scenarios::{Route, arguments};
use crate::usage::Usage;

/// What a process says once it can be asked.
pub(crate) const READY: &str = "ready";
/// What a program says that does not do such a thing.
const UNSUPPORTED: &str = "unsupported";
/// What a server is asked.
pub(crate) const USAGE: &str = "usage";
/// How long a process may say nothing beyond the time that it was given: it is stopped, or stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// How soon it is seen that the user calls it off.
const LOOK: Duration = Duration::from_millis(100);

/// A program of others, and what its rows call it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// One word.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl FromStr for Program {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('=').unwrap_or_default();
        let is_word = !name.is_empty() && !name.contains(char::is_whitespace);
        if !is_word || path.is_empty() || name == crate::row::OWN {
            return Err(
                "not NAME=PROGRAM, where NAME is one word and not rust, which is this program",
            );
        }
        Ok(Self {
            name: name.to_owned(),
            path: path.into(),
        })
    }
}

/// Which end of a session a program is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Role {
    /// The one that asks, and measures.
    Client,
    /// The one that answers.
    Server,
}

/// Another process at work. Killed when this is dropped; its stdin ends when this process ends in
/// another way.
#[derive(Debug)]
pub(crate) struct Driver {
    name: String,
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<io::Result<String>>,
}

impl Driver {
    /// This program again, at work on `task`, once it is ready.
    pub(crate) fn own(task: &Task) -> Result<Self, BenchError> {
        let task = serde_json::to_string(task)?;
        let program = std::env::current_exe().map_err(trouble("netipc"))?;
        let mut command = Command::new(program);
        Self::start("netipc", command.args(["bench", "--task", &task]))
    }

    /// A program of others that does what `row` is about, once it is ready; or else
    /// [`BenchError::Unsupported`].
    pub(crate) fn program(
        program: &Program,
        role: Role,
        row: &Row,
        route: &Route,
    ) -> Result<Self, BenchError> {
        let mut command = Command::new(&program.path);
        for (option, value) in arguments(row, route) {
            command.arg(format!("--{option}")).arg(value);
        }
        command.args(["--role", role.into()]);
        command.arg("--run-dir").arg(&route.run_dir);
        Self::start(&program.name, &mut command)
    }

    fn start(name: &str, command: &mut Command) -> Result<Self, BenchError> {
        // The terminal's interrupt is for us to act on, in good order.
        let command = in_own_group(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().map_err(trouble(name))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.expect("both are pipes");
        let (sender, lines) = mpsc::channel();
        // A pipe cannot be waited for together with the user on every platform.
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            lines.all(|line| sender.send(line).is_ok());
        });
        let driver = Self {
            name: name.to_owned(),
            child,
            stdin,
            lines,
        };
        match driver.line(PATIENCE)?.as_str() {
            READY => Ok(driver),
            UNSUPPORTED => Err(BenchError::Unsupported(driver.name.clone())),
            why => Err(driver.failed(why)),
        }
    }

    /// Has a client measure for `time`.
    pub(crate) fn work(&mut self, time: Duration) -> Result<Sample, BenchError> {
        let begin = Instant::now();
        let done: Done = self.ask(&time.as_nanos().to_string(), time + PATIENCE)?;
        done.sample(begin.elapsed()).map_err(|why| self.failed(why))
    }

    /// What a server has used so far.
    pub(crate) fn usage(&mut self) -> Result<Usage, BenchError> {
        self.ask(USAGE, PATIENCE)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn ask<T: DeserializeOwned>(&mut self, line: &str, most: Duration) -> Result<T, BenchError> {
        // In one piece, so that it takes one system call.
        let told = self.stdin.write_all(format!("{line}\n").as_bytes());
        told.map_err(trouble(&self.name))?;
        let line = self.line(most)?;
        match serde_json::from_str(&line) {
            Ok(answer) => Ok(answer),
            // What is no object says why there is none.
            Err(_) if !line.starts_with('{') => Err(self.failed(&line)),
            Err(error) => Err(self.failed(&format!("{error} in {line}"))),
        }
    }

    /// The next line that it says, within `most`.
    fn line(&self, most: Duration) -> Result<String, BenchError> {
        let begin = Instant::now();
        loop {
            let left = most.saturating_sub(begin.elapsed());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Ok(line) => return Ok(line.map_err(trouble(&self.name))?.trim_end().to_owned()),
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed("it ended")),
                Err(RecvTimeoutError::Timeout) if STOP.load(Ordering::Relaxed) => {
                    return Err(BenchError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => {
                    let seconds = most.as_secs_f64();
                    return Err(self.failed(&format!("it said nothing for {seconds} s")));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn failed(&self, why: &str) -> BenchError {
        BenchError::ProgramFailed {
            name: self.name.clone(),
            why: why.to_owned(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Both fail only where it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn trouble(name: &str) -> impl Fn(io::Error) -> BenchError {
    move |source| BenchError::Program {
        name: name.to_owned(),
        source,
    }
}

/// What a client says that it did.
#[derive(Debug, Deserialize)]
struct Done {
    units: u64,
    ops: u64,
    elapsed_ns: u64,
    #[serde(flatten)]
    used: Usage,
    /// Nanoseconds, and how many operations took that long at most.
    latency: Vec<(u64, u64)>,
}

impl Done {
    /// As a sample, which cannot have taken longer than `most`.
    fn sample(&self, most: Duration) -> Result<Sample, &'static str> {
        let mut sample = Sample {
            units: self.units,
            ops: self.ops,
            elapsed: Duration::from_nanos(self.elapsed_ns),
            client: self.used,
            ..Sample::nothing()
        };
        for (upper, count) in &self.latency {
            sample.latency.saturating_record_n(*upper, *count);
        }
        if self.units == 0 || self.ops == 0 || self.elapsed_ns == 0 {
            Err("it did nothing")
        } else if sample.elapsed > most {
            Err("it says that it took longer than we waited")
        } else if sample.latency.len() != self.ops {
            Err("not every operation was timed")
        } else {
            Ok(sample)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that is the shell, which says `script`.
    fn shell(script: &str) -> Result<Driver, BenchError> {
        Driver::start("sh", Command::new("sh").args(["-c", script]))
    }

    const GOOD: &str = r#"{"units":20,"ops":2,"elapsed_ns":1000,"cpu_ns":500,"switches":3,"latency":[[400,1],[600,1]]}"#;

    #[test]
    fn programs_have_a_name() {
        let program: Program = "c=./dir/a=b".parse().unwrap();
        let (name, path) = (program.name.as_str(), program.path);
        assert_eq!((name, path), ("c", "./dir/a=b".into()));
        for text in ["./driver", "=./driver", "c=", "a b=./driver", "", "rust=x"] {
            assert!(text.parse::<Program>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_a_client_says_is_a_sample_where_it_can_be() {
        let done: Done = serde_json::from_str(GOOD).unwrap();
        let sample = done.sample(Duration::from_secs(1)).unwrap();
        assert_eq!((sample.units, sample.ops), (20, 2));
        assert_eq!(sample.elapsed, Duration::from_micros(1));
        let Usage { cpu_ns, switches } = sample.client;
        assert_eq!((cpu_ns, switches), (500, Some(3)));
        assert_eq!([sample.latency.min(), sample.latency.max()], [400, 600]);
        for (from, to, why) in [
            (r#""ops":2"#, r#""ops":0"#, "nothing"),
            (r#""units":20"#, r#""units":0"#, "nothing"),
            (r#""elapsed_ns":1000"#, r#""elapsed_ns":0"#, "nothing"),
            (r#":1000"#, r#":1000000001"#, "longer than we waited"),
            ("[600,1]", "[600,2]", "not every operation"),
        ] {
            let done: Done = serde_json::from_str(&GOOD.replace(from, to)).unwrap();
            let error = done.sample(Duration::from_secs(1)).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
    }

    #[test]
    fn a_program_works_as_often_as_it_is_asked() {
        let usage = r#"{"cpu_ns":7,"switches":null}"#;
        let script = format!(
            "echo ready; while read ask; do [ $ask = usage ] && echo '{usage}' || echo '{GOOD}'; done"
        );
        let mut driver = shell(&script).unwrap();
        for _ in 0..3 {
            assert_eq!(driver.work(Duration::from_nanos(7)).unwrap().units, 20);
        }
        let used = driver.usage().unwrap();
        assert_eq!((used.cpu_ns, used.switches), (7, None));
    }

    #[test]
    fn a_program_that_fails_or_says_nothing_tells_why() {
        for (script, why) in [
            ("echo no such service", "no such service"),
            ("exit 3", "it ended"),
            ("echo ready; read ns; echo wrong answer", "wrong answer"),
            ("echo ready; read ns; echo '{\"units\":1}'", "missing field"),
            ("echo ready; read ns", "it ended"),
        ] {
            let worked = shell(script).and_then(|mut client| client.work(Duration::ZERO));
            let error = worked.unwrap_err().to_string();
            assert!(error.starts_with("the program \"sh\" failed: "), "{error}");
            assert!(error.contains(why), "{script}: {error}");
        }
        let silent = shell("echo ready; read until_its_end").unwrap();
        let error = silent.line(Duration::from_millis(1)).unwrap_err();
        let error = error.to_string();
        assert!(error.ends_with("it said nothing for 0.001 s"), "{error}");
        let unsupported = shell("echo unsupported").unwrap_err();
        assert!(matches!(unsupported, BenchError::Unsupported(_)));
        let absent = Driver::start("none", &mut Command::new("/nowhere/driver"));
        assert!(matches!(absent, Err(BenchError::Program { .. })));
    }
}
