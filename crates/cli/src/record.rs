//! `netipc record`: what a service answers over time, in a file that `serve --replay` serves again.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use clap::Args;
use netipc::transport::Wait;
use netipc_schema::codec::Message;
use netipc_schema::json::Json;
use serde::{Deserialize, Serialize};

use crate::asking::Asker;
use crate::exit::{self, Exit, Failed};
use crate::json::since_1970;
use crate::platform::{STOP_REQUESTS, on_stop_request};
use crate::progress;
use crate::question::{Question, QuestionArgs};

/// Arguments of `record`.
#[derive(Args, Debug)]
#[command(after_help = exit::TABLE, after_long_help = details())]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    question: QuestionArgs,

    /// Where to write; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

fn details() -> String {
    format!(
        "\
It asks again and again with one client, and writes down each answer that is another one than before, with its time; a failure, too. \
It stops on {STOP_REQUESTS}, or after --count. `serve --replay FILE` answers with each at its time, and fails where nobody answered.

The file has a JSON object in each line: the first with `service` and `began` (seconds since 1970), then `at_seconds` with `reply`, \
which is what `call --json` prints, `transport` and `took_us`; or with `error`.

Examples:
  netipc record cgroups-snapshot -o cgroups.jsonl --interval 5
  netipc record apps-lookup 1 $$ -o apps.jsonl --count 60
  netipc serve --replay cgroups.jsonl --run-dir /tmp/mock

{}",
        exit::TABLE
    )
}

/// The first line of a recording.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Began {
    pub(crate) service: String,
    /// Seconds since 1970.
    began: f64,
}

/// Another line of it: what was answered, or why not.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Heard {
    pub(crate) at_seconds: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transport: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Asks and writes until it is asked to stop.
pub(crate) fn run(args: &RecordArgs) -> Result<(), Failed> {
    let Question {
        schema,
        endpoint,
        config,
        request,
    } = args.question.question()?;
    let (stop, stopped) = mpsc::channel::<()>();
    on_stop_request(move || drop(stop)).map_err(exit::cannot_wait_for_a_stop)?;
    let mut out = open(&args.output)?;
    let failed = |error: io::Error| cannot_write(&args.output, &error);
    let began = Began {
        service: schema.name.clone(),
        began: since_1970().as_secs_f64(),
    };
    line(&mut out, &began).map_err(failed)?;
    let mut recorder = Recorder {
        asker: Asker::new(schema, endpoint, config),
        request,
        timeout: args.question.timeout(),
        begun: Instant::now(),
        last: None,
    };
    let counts = Counts::default();
    let mut next = Instant::now();
    let recorded = progress::during(&counts, || {
        loop {
            if let Some(heard) = recorder.ask() {
                line(&mut out, &heard).map_err(failed)?;
                counts.written.fetch_add(1, Ordering::Relaxed);
            }
            let asked = counts.asked.fetch_add(1, Ordering::Relaxed) + 1;
            next += args.question.interval;
            let pause = next.saturating_duration_since(Instant::now());
            let is_last = args.question.count != 0 && asked >= args.question.count;
            if is_last || stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
        }
    });
    recorded.map(|()| exit::to_stderr(&counts))
}

/// How often was asked, and how much was written.
#[derive(Debug, Default)]
struct Counts {
    asked: AtomicU32,
    written: AtomicU32,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [asked, written] =
            [&self.asked, &self.written].map(|count| count.load(Ordering::Relaxed));
        write!(
            f,
            "asked {asked} times, {written} answers or failures that differ from the one before"
        )
    }
}

/// Who asks, and what was heard last.
struct Recorder {
    asker: Asker,
    request: Message,
    timeout: Duration,
    begun: Instant,
    last: Option<Result<Message, String>>,
}

impl Recorder {
    /// What is heard now, where it is something else than before.
    fn ask(&mut self) -> Option<Heard> {
        let begun = Instant::now();
        let answer = self
            .asker
            .perform(&self.request, &Wait::timeout(self.timeout));
        let took = begun.elapsed();
        let heard = answer.map_err(|failed| failed.to_string());
        if self.last.as_ref() == Some(&heard) {
            return None;
        }
        let mut line = Heard {
            at_seconds: millis(begun.duration_since(self.begun)),
            reply: None,
            transport: None,
            took_us: None,
            error: None,
        };
        match &heard {
            Ok(reply) => {
                line.reply = Some(self.asker.schema().exchange_to_json(&self.request, reply));
                line.transport = self.asker.carrier();
                line.took_us = u64::try_from(took.as_micros()).ok();
            }
            Err(why) => line.error = Some(why.clone()),
        }
        self.last = Some(heard);
        Some(line)
    }
}

/// Seconds, to the thousandth.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

fn open(path: &Path) -> Result<Box<dyn Write>, Failed> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdout()));
    }
    let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// A line that is there even if the program is killed afterwards.
fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    out.write_all(&text)?;
    out.flush()
}

fn cannot_write(path: &Path, error: &io::Error) -> Failed {
    Failed::new(
        Exit::Failed,
        format!("cannot write {}: {error}", path.display()),
    )
}
