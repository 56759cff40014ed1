//! What was recorded, served again at the times at which it was heard.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use netipc::connection::Message;
use netipc::untyped::{Answered, SessionHandler};
use netipc::wire::Status;
use netipc_schema::Schema;
use netipc_schema::live::{Data, handler};

use crate::exit::{Exit, Failed};
use crate::record::{Began, Heard};
use crate::schema::built_in;

/// A recording of one service.
pub(super) struct Replay {
    pub(super) schema: Schema,
    /// From when on which data is served; none where nobody answered.
    steps: Vec<(Duration, Option<Data>)>,
}

/// Reads a recording.
///
/// # Errors
/// Where it cannot be read, is of no service that is known, or breaks a rule of it.
pub(super) fn load(file: &Path, schemas: &[Schema]) -> Result<Replay, Failed> {
    let wrong = |what: String| {
        let sentence = format!("recording {}: {what}", file.display());
        Failed::new(Exit::Usage, sentence)
    };
    let opened = File::open(file).map_err(|error| wrong(error.to_string()))?;
    let mut lines = BufReader::new(opened).lines().enumerate();
    let text = |at: usize, line: std::io::Result<String>| {
        line.map_err(|error| wrong(format!("line {}: {error}", at + 1)))
    };
    let Some((at, first)) = lines.next() else {
        return Err(wrong("it is empty".to_owned()));
    };
    let began: Began = serde_json::from_str(&text(at, first)?).map_err(|error| {
        wrong(format!(
            "line 1: {error}: `netipc record` writes recordings"
        ))
    })?;
    let mut known = schemas.iter().chain(built_in());
    let schema = known.find(|schema| schema.name == began.service);
    let schema = schema.ok_or_else(|| {
        let name = &began.service;
        wrong(format!(
            "the program was built without {name}: give --schema FILE"
        ))
    })?;
    let mut steps = Vec::new();
    for (at, line) in lines {
        let at_line = |what: String| wrong(format!("line {}: {what}", at + 1));
        let heard: Heard =
            serde_json::from_str(&text(at, line)?).map_err(|error| at_line(error.to_string()))?;
        let data = heard.reply.map(|reply| Data::from_json(schema, &reply));
        let data = data
            .transpose()
            .map_err(|error| at_line(error.to_string()))?;
        let from = Duration::try_from_secs_f64(heard.at_seconds);
        let from = from.map_err(|error| at_line(format!("at_seconds: {error}")))?;
        steps.push((from, data));
    }
    if steps.is_empty() {
        return Err(wrong("nothing was heard in it".to_owned()));
    }
    Ok(Replay {
        schema: schema.clone(),
        steps,
    })
}

/// Reads all of them, of which each is of another service, in the order of their names.
///
/// # Errors
/// As [`load`].
pub(super) fn load_all(files: &[PathBuf], schemas: &[Schema]) -> Result<Vec<Replay>, Failed> {
    let mut all: Vec<Replay> = Vec::new();
    for file in files {
        let replay = load(file, schemas)?;
        if all
            .iter()
            .any(|earlier| earlier.schema.name == replay.schema.name)
        {
            let sentence = format!(
                "recording {} is of {}, as is an earlier one",
                file.display(),
                replay.schema.name
            );
            return Err(Failed::new(Exit::Usage, sentence));
        }
        all.push(replay);
    }
    all.sort_by(|one, other| one.schema.name.cmp(&other.schema.name));
    Ok(all)
}

impl Replay {
    /// What answers, from now on: as at the beginning of the recording; behind its end as then.
    pub(super) fn handler(self) -> Box<SessionHandler> {
        let begun = Instant::now();
        let schema = self.schema;
        let steps: Vec<(Duration, Option<Box<SessionHandler>>)> = self
            .steps
            .into_iter()
            .map(|(from, data)| (from, data.map(|data| handler(schema.clone(), data))))
            .collect();
        Box::new(move |request: Message<'_>, buf: &mut [u8]| {
            let now = begun.elapsed();
            let past = steps.partition_point(|(from, _)| *from <= now);
            match steps.get(past.saturating_sub(1)) {
                Some((_, Some(answers))) => answers(request, buf),
                _ => Answered::failed(Status::INTERNAL_ERROR),
            }
        })
    }
}
