//! Clients that are other programs: told by arguments what to measure, and by lines how long.
//!
//! ```text
//! we                      PROGRAM --scenario ping --service increment --run-dir DIR ..
//!         <- ready        once it has its session
//! 350000000 ->            measure for so many nanoseconds, as often as we ask
//!         <- {"units":..,"ops":..,"elapsed_ns":..,"cpu_ns":..,"switches":..,"latency":[[ns,count]..]}
//! (end)   ->              ends
//! ```
//!
//! Any other line says why it cannot go on.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, Instant};

use netipc::service::Service as _;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::cgroups_lookup::CgroupsLookup;
use netipc::service::increment::Increment;
use serde::Deserialize;

use crate::error::BenchError;
use crate::measure::Sample;
use crate::process::Process;
use crate::row::{Layer, Row, Transport};
use crate::scenarios::serve::{Content, Route};
use crate::scenarios::{Access, Lookups, Work};
use crate::usage::Usage;

const READY: &str = "ready";

/// A program that measures as a client, and what its rows call it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// One word.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Not `NAME=PROGRAM`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not NAME=PROGRAM, where NAME is one word")]
pub struct NotAProgram;

impl FromStr for Program {
    type Err = NotAProgram;

    fn from_str(text: &str) -> Result<Self, NotAProgram> {
        let (name, path) = text.split_once('=').ok_or(NotAProgram)?;
        let is_word = !name.is_empty() && !name.contains(char::is_whitespace);
        if !is_word || path.is_empty() {
            return Err(NotAProgram);
        }
        Ok(Self {
            name: name.to_owned(),
            path: path.into(),
        })
    }
}

/// A program at work.
pub struct Client {
    name: String,
    process: Process,
}

impl Client {
    /// Starts it for `row`, and waits until it is ready.
    ///
    /// # Errors
    /// Why it does not run, or what it said.
    pub fn start(
        program: &Program,
        row: &Row,
        work: Work,
        route: &Route,
    ) -> Result<Self, BenchError> {
        let mut command = Command::new(&program.path);
        for (option, value) in arguments(work, row.layer, route) {
            command.arg(format!("--{option}")).arg(value);
        }
        command.arg("--scenario").arg(row.scenario.name());
        command.arg("--run-dir").arg(route.run_dir());
        Self::speak(&program.name, &mut command)
    }

    fn speak(name: &str, command: &mut Command) -> Result<Self, BenchError> {
        let name = name.to_owned();
        let process = match Process::start(command) {
            Ok(process) => process,
            Err(source) => return Err(BenchError::Client { name, source }),
        };
        let mut client = Self { name, process };
        match client.line()? {
            line if line == READY => Ok(client),
            why => Err(client.failed(why)),
        }
    }

    /// Has it measure for `time`.
    ///
    /// # Errors
    /// What it says, or what is wrong with its figures.
    pub fn work(&mut self, time: Duration) -> Result<Sample, BenchError> {
        let begin = Instant::now();
        let told = self.process.tell(time.as_nanos());
        told.map_err(|source| trouble(&self.name, source))?;
        let line = self.line()?;
        let most = begin.elapsed();
        // What is no object says why there is none.
        let done: Done = match serde_json::from_str(&line) {
            Ok(done) => done,
            Err(_) if !line.starts_with('{') => return Err(self.failed(line)),
            Err(error) => return Err(self.failed(format!("{error} in {line}"))),
        };
        done.sample(most).map_err(|why| self.failed(why.to_owned()))
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    fn line(&mut self) -> Result<String, BenchError> {
        let line = self.process.line(|source| trouble(&self.name, source))?;
        line.ok_or_else(|| self.failed("it ended".to_owned()))
    }

    fn failed(&self, why: String) -> BenchError {
        let name = self.name.clone();
        BenchError::ClientFailed { name, why }
    }
}

fn trouble(name: &str, source: io::Error) -> BenchError {
    let name = name.to_owned();
    BenchError::Client { name, source }
}

/// Whether other programs can do `work`: as fast as possible, with what all of them have.
pub(crate) fn takes_part(work: Work, row: &Row) -> bool {
    let plain = row.rate == 0 && row.threads == 1 && row.load.is_empty();
    let known = match work {
        Work::Ping | Work::Batch | Work::Pipeline | Work::Snapshot(_) | Work::Lookup(_) => {
            row.layer == Layer::Client
        }
        Work::Cache(Lookups { refreshed, .. }) => !refreshed,
        Work::Item(_) => true,
        Work::Codec(_) | Work::Connect | Work::PipelineBatch => false,
    };
    // Programs of others do not know the ring.
    plain && known && row.transport != Transport::Ring
}

/// What a program is told besides its scenario and run directory.
fn arguments(work: Work, layer: Layer, route: &Route) -> Vec<(&'static str, String)> {
    let service = match work.content(layer) {
        Some(Content::Snapshot(_)) => CgroupsSnapshot::METHOD,
        Some(Content::Cgroups) => CgroupsLookup::METHOD,
        Some(Content::Apps) => AppsLookup::METHOD,
        _ => Increment::METHOD,
    };
    let transport = match route.transport {
        Transport::None => Transport::Socket,
        transport => transport,
    };
    let [request, response] = route.bytes;
    let mut arguments = vec![
        ("service", service.name.to_owned()),
        ("transport", transport.name().to_owned()),
        ("items", work.items().to_string()),
        ("request-bytes", request.to_string()),
        ("response-bytes", response.to_string()),
        ("batch-items", route.batch_items.to_string()),
    ];
    arguments.extend(match work {
        Work::Lookup(keys) => Some(("mix", keys.mix.to_string())),
        Work::Cache(Lookups { pinned: true, .. }) => Some(("guard", "pass".to_owned())),
        Work::Cache(_) => Some(("guard", "lookup".to_owned())),
        Work::Item(Access::Labels) => Some(("access", "labels".to_owned())),
        Work::Item(_) => Some(("access", "items".to_owned())),
        _ => None,
    });
    arguments
}

/// What a program says that it did.
#[derive(Debug, Deserialize)]
struct Done {
    units: u64,
    ops: u64,
    elapsed_ns: u64,
    cpu_ns: u64,
    /// Null where its system does not tell.
    switches: Option<u64>,
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
            client: Usage {
                cpu: Duration::from_nanos(self.cpu_ns),
                switches: self.switches,
            },
            ..Sample::nothing()
        };
        for (upper, count) in &self.latency {
            sample.latency.saturating_record_n(*upper, *count);
        }
        match () {
            () if self.units == 0 || self.ops == 0 || self.elapsed_ns == 0 => Err("it did nothing"),
            () if sample.elapsed > most => Err("it says that it took longer than we waited"),
            () if sample.latency.len() != self.ops => Err("not every operation was timed"),
            () => Ok(sample),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that is the shell, which says `script`.
    fn shell(script: &str) -> Result<Client, BenchError> {
        Client::speak("sh", Command::new("sh").args(["-c", script]))
    }

    fn done(json: &str) -> Result<Sample, &'static str> {
        let done: Done = serde_json::from_str(json).unwrap();
        done.sample(Duration::from_secs(1))
    }

    const GOOD: &str = r#"{"units":20,"ops":2,"elapsed_ns":1000,"cpu_ns":500,"switches":3,"latency":[[400,1],[600,1]]}"#;

    #[test]
    fn programs_have_a_name() {
        let program: Program = "c=./dir/a=b".parse().unwrap();
        assert_eq!(
            (program.name.as_str(), program.path),
            ("c", "./dir/a=b".into())
        );
        for text in ["./driver", "=./driver", "c=", "a b=./driver", ""] {
            assert!(text.parse::<Program>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_a_client_says_is_a_sample() {
        let sample = done(GOOD).unwrap();
        assert_eq!((sample.units, sample.ops), (20, 2));
        assert_eq!(sample.elapsed, Duration::from_micros(1));
        assert_eq!(sample.client.cpu, Duration::from_nanos(500));
        assert_eq!(sample.client.switches, Some(3));
        assert_eq!([sample.latency.min(), sample.latency.max()], [400, 600]);
    }

    #[test]
    fn figures_that_cannot_be_are_refused() {
        for (from, to, why) in [
            (r#""ops":2"#, r#""ops":0"#, "nothing"),
            (r#""units":20"#, r#""units":0"#, "nothing"),
            (r#""elapsed_ns":1000"#, r#""elapsed_ns":0"#, "nothing"),
            (r#":1000"#, r#":1000000001"#, "longer than we waited"),
            ("[600,1]", "[600,2]", "not every operation"),
        ] {
            let error = done(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
    }

    #[test]
    fn a_client_works_as_often_as_it_is_asked() {
        let script = format!("echo ready; while read ns; do [ $ns -gt 0 ] && echo '{GOOD}'; done");
        let mut client = shell(&script).unwrap();
        for _ in 0..3 {
            assert_eq!(client.work(Duration::from_nanos(7)).unwrap().units, 20);
        }
    }

    #[test]
    fn a_client_that_fails_tells_why() {
        for (script, why) in [
            ("echo no such service", "no such service"),
            ("exit 3", "it ended"),
            ("echo ready; read ns; echo wrong answer", "wrong answer"),
            ("echo ready; read ns; echo '{\"units\":1}'", "missing field"),
            ("echo ready; read ns", "it ended"),
        ] {
            let worked = shell(script).and_then(|mut client| client.work(Duration::ZERO));
            let error = worked.unwrap_err().to_string();
            assert!(error.starts_with("the client \"sh\" failed: "), "{error}");
            assert!(error.contains(why), "{script}: {error}");
        }
        let program = Program {
            name: "none".to_owned(),
            path: "/nowhere/driver".into(),
        };
        let absent = Client::speak(&program.name, &mut Command::new(&program.path));
        assert!(matches!(absent.err().unwrap(), BenchError::Client { .. }));
    }
}
