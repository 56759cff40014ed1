//! One question to a service, which the program knows by its schema.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netipc::ClientConfig;
use netipc::transport::{Endpoint, Wait};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::document::Style;
use netipc_schema::json::Json;
use netipc_schema::{Field, Kind, Schema};

use super::print::print;
use crate::asking::{self, Asker};
use crate::exit::{self, Failed};
use crate::progress;

/// A question by a schema.
pub(super) struct Question {
    pub(super) schema: Schema,
    /// What is asked for; none at all, or as many as were given.
    pub(super) keys: Option<Vec<Vec<u8>>>,
    pub(super) endpoint: Endpoint,
    pub(super) config: ClientConfig,
    /// How long all of it may take.
    pub(super) timeout: Duration,
    pub(super) json: bool,
    /// How often to ask, 0 for without end, and how long from one question to the next.
    pub(super) repeat: u32,
    pub(super) interval: Duration,
}

/// Asks, and prints the answer; where that is wanted again and again, with the same client, which connects again by
/// itself. What fails is told then, and the last failure is the end of it.
pub(super) fn call(question: Question) -> Result<(), Failed> {
    let request = asking::request(&question.schema, question.keys.as_deref())?;
    let mut asker = Asker::new(question.schema, question.endpoint, question.config);
    let mut ask_once = || once(&mut asker, &request, question.timeout, question.json);
    let mut next = Instant::now();
    let mut last = ask_once();
    let mut asked = 1;
    while question.repeat == 0 || asked < question.repeat {
        if let Err(failed) = last {
            exit::to_stderr(&failed);
        }
        next += question.interval;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        last = ask_once();
        asked = asked.saturating_add(1);
    }
    last
}

/// Asks once, and prints the answer.
fn once(asker: &mut Asker, request: &Message, timeout: Duration, json: bool) -> Result<(), Failed> {
    let begun = Instant::now();
    let what = format!("asking {}", asker.endpoint());
    let response = progress::during(&what, || asker.perform(request, &Wait::timeout(timeout)))?;
    let took = begun.elapsed();
    let schema = asker.schema();
    if json {
        exit::printed(print_json(&schema.exchange_to_json(request, &response)))?;
        // Beside the document, which others serve and compare.
        let _ = writeln!(io::stderr(), "{}", about(asker, took));
        return Ok(());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    exit::printed(print(schema, &response, &mut out).and_then(|()| out.flush()))?;
    let carrier = asker
        .carrier()
        .map_or_else(String::new, |carrier| carrier + ", ");
    let why = asker
        .why_socket()
        .map_or_else(String::new, |why| format!("; {why}"));
    let summary = summary(schema, &response);
    // A closed stderr takes nothing from the answer.
    let _ = writeln!(io::stderr(), "{summary}{carrier}{took:.1?}{why}");
    Ok(())
}

/// What carried the answer, when it came and how long it took, as JSON.
fn about(asker: &Asker, took: Duration) -> serde_json::Value {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    serde_json::json!({
        "time": since_1970.unwrap_or_default().as_secs_f64(),
        "transport": asker.carrier(),
        "why_socket": asker.why_socket(),
        "took_us": u64::try_from(took.as_micros()).ok(),
    })
}

/// How many items of which generation, and what the header of a snapshot says besides.
fn summary(schema: &Schema, response: &Message) -> String {
    let head = schema.to_json(Way::Response, response, Style::Names);
    let (Json::Object(members), false) = (head, matches!(schema.kind, Kind::Value(_))) else {
        return String::new();
    };
    let noun = if response.items.len() == 1 {
        "item"
    } else {
        "items"
    };
    let mut said = format!("{} {noun}, ", response.items.len());
    for (name, value) in members.iter().filter(|(name, _)| name != "items") {
        let value = match value {
            Json::Text(text) => text.clone(),
            value => serde_json::to_string(value).unwrap_or_default(),
        };
        said.push_str(&format!("{name} {value}, "));
    }
    said
}

fn print_json(json: &Json) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, json)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Whether a value says nothing, for tables.
pub(super) fn is_unset(field: &Field, value: &Value) -> bool {
    *value == Value::unset(field)
}
