//! One question to a service, which the program knows by its schema.

use std::io::{self, BufWriter, Write};
use std::thread;
use std::time::{Duration, Instant};

use netipc::ClientConfig;
use netipc::transport::{Endpoint, Wait};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::document::Style;
use netipc_schema::json::Json;
use netipc_schema::{Field, Kind, Schema};

use super::print::print;
use crate::asking::{self, Asker};
use crate::exit::{self, Failed};
use crate::{json, progress};

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
fn once(
    asker: &mut Asker,
    request: &Message,
    timeout: Duration,
    as_json: bool,
) -> Result<(), Failed> {
    let begun = Instant::now();
    let what = format!("asking {}", asker.endpoint());
    let response = progress::during(&what, || asker.perform(request, &Wait::timeout(timeout)))?;
    let took = begun.elapsed();
    let schema = asker.schema();
    let mut out = BufWriter::new(io::stdout().lock());
    if as_json {
        let mut document = schema.exchange_to_json(request, &response);
        if let Json::Object(members) = &mut document {
            members.push(("call".to_owned(), about(asker, took)));
        }
        let printed = json::print(&document, &mut out);
        return exit::printed(printed.and_then(|()| out.flush()));
    }
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

/// When the answer came, what carried it, and how long it took.
fn about(asker: &Asker, took: Duration) -> Json {
    let text = |text: Option<String>| text.map_or(Json::Null, Json::Text);
    let members = [
        ("time", Json::Fraction(json::since_1970().as_secs_f64())),
        ("transport", text(asker.carrier())),
        ("why_socket", text(asker.why_socket())),
        ("took_us", number(took.as_micros())),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), value));
    Json::Object(members.into())
}

fn number(number: u128) -> Json {
    i128::try_from(number).map_or(Json::Null, Json::Number)
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

/// Whether a value says nothing, for tables.
pub(super) fn is_unset(field: &Field, value: &Value) -> bool {
    *value == Value::unset(field)
}
