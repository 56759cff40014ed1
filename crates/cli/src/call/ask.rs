//! One question to a service, which the program knows by its schema.

use std::io::{self, BufWriter, Write};
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use netipc::transport::{Endpoint, Wait};
use netipc::untyped::AnyClient;
use netipc::{ClientConfig, ErrorCode};
use netipc_schema::codec::{Message, Value, Way};
use netipc_schema::document::{DocumentError, Style, from_text};
use netipc_schema::json::Json;
use netipc_schema::live::{AskError, ask};
use netipc_schema::{Field, Kind, Schema};

use super::keys::usage;
use super::print::print;
use crate::args::MAX_RESPONSE_BYTES;
use crate::exit::{self, Exit, Failed};
use crate::profile;

/// What a session may answer with: at first what a client grows to by itself, then more, as shared
/// memory of the largest size is not taken without need.
const RESPONSE_CEILINGS: [u32; 2] = [0, MAX_RESPONSE_BYTES];
/// Keys of one lookup: more than a host has processes or cgroups.
const MAX_KEYS: u32 = 4 * 1024 * 1024;
/// How often a lookup is begun again because the server's data changed meanwhile.
const GENERATION_RETRIES: u32 = 10;

/// A question by a schema.
pub(super) struct Question<'a> {
    pub(super) schema: &'a Schema,
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
pub(super) fn call(question: &Question<'_>) -> Result<(), Failed> {
    let request = request(question.schema, question.keys.as_deref())?;
    let mut asker = Asker {
        question,
        ceilings: RESPONSE_CEILINGS.iter(),
        client: question.client(RESPONSE_CEILINGS.first()),
    };
    asker.ceilings.next();
    let mut next = Instant::now();
    let mut last = asker.call(&request);
    let mut asked = 1;
    while question.repeat == 0 || asked < question.repeat {
        if let Err(failed) = last {
            exit::to_stderr(&failed);
        }
        next += question.interval;
        thread::sleep(next.saturating_duration_since(Instant::now()));
        last = asker.call(&request);
        asked = asked.saturating_add(1);
    }
    last
}

/// Who asks, with a client that stays.
struct Asker<'q> {
    question: &'q Question<'q>,
    /// What a session may answer with once it has to be more.
    ceilings: slice::Iter<'q, u32>,
    client: AnyClient,
}

impl Asker<'_> {
    /// Asks once, and prints the answer.
    fn call(&mut self, request: &Message) -> Result<(), Failed> {
        let (schema, begun) = (self.question.schema, Instant::now());
        let response = self.perform(request)?;
        let took = begun.elapsed();
        if self.question.json {
            return exit::printed(print_json(&schema.exchange_to_json(request, &response)));
        }
        let mut out = BufWriter::new(io::stdout().lock());
        exit::printed(print(schema, &response, &mut out).and_then(|()| out.flush()))?;
        let (summary, carried) = (summary(schema, &response), carried(&self.client));
        // A closed stderr takes nothing from the answer.
        let _ = writeln!(io::stderr(), "{summary}{carried}{took:.1?}");
        Ok(())
    }

    /// Asks until there is an answer or an error that asking again cannot cure.
    fn perform(&mut self, request: &Message) -> Result<Message, Failed> {
        let wait = Wait::timeout(self.question.timeout);
        let mut changes = 0;
        loop {
            self.client.refresh(&wait);
            if !self.client.ready() {
                return Err(not_ready(&self.client, &self.question.endpoint));
            }
            let error = match ask(self.question.schema, &mut self.client, request, &wait) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::OVERFLOW if self.ceilings.len() > 0 => {
                    self.client = self.question.client(self.ceilings.next());
                }
                ErrorCode::GENERATION_MISMATCH if changes < GENERATION_RETRIES => changes += 1,
                _ => return Err(failed(&error)),
            }
        }
    }
}

impl Question<'_> {
    fn client(&self, ceiling: Option<&u32>) -> AnyClient {
        let config = ClientConfig {
            max_logical_lookup_items: MAX_KEYS,
            max_response_payload_bytes: ceiling.copied().unwrap_or_default(),
            ..self.config.clone()
        };
        AnyClient::new(self.endpoint.run_dir(), self.endpoint.service(), &config)
    }
}

/// What is asked, from the arguments.
fn request(schema: &Schema, keys: Option<&[Vec<u8>]>) -> Result<Message, Failed> {
    let wrong = |error: DocumentError| usage(error.to_string());
    let given = keys.unwrap_or_default();
    match &schema.kind {
        Kind::Snapshot(_) if keys.is_some() => Err(usage(format!("{} takes no keys", schema.name))),
        Kind::Snapshot(_) => Ok(Message::default()),
        Kind::Lookup(kind) => {
            let Some(keys) = keys else {
                let sentence = format!("give {}, or - to read them from stdin", kind.plural);
                return Err(usage(sentence));
            };
            let items = keys.iter().map(|key| kind.key_from_text(key));
            let items = items.collect::<Result<_, _>>().map_err(wrong)?;
            Ok(Message {
                head: Vec::new(),
                items,
            })
        }
        Kind::Value(kind) => {
            let fields: Vec<&Field> = kind.request.named().collect();
            if fields.len() != given.len() {
                let names: Vec<&str> = fields.iter().map(|field| field.label()).collect();
                let (names, count) = (names.join(" and "), given.len());
                return Err(usage(format!("give {names}, not {count} arguments")));
            }
            let values = fields.iter().zip(given);
            let head = values.map(|(field, text)| from_text(field, text));
            Ok(Message {
                head: head.collect::<Result<_, _>>().map_err(wrong)?,
                items: Vec::new(),
            })
        }
    }
}

fn not_ready(client: &AnyClient, endpoint: &Endpoint) -> Failed {
    let Some(error) = client.open_error() else {
        return Failed::new(Exit::NoSession, format!("{endpoint}: lost"));
    };
    exit::not_open(endpoint, error)
}

fn failed(error: &AskError) -> Failed {
    let exit = match error {
        AskError::Request(_) => Exit::Usage,
        AskError::Call(error) => Exit::of_failure(error.failure()),
        AskError::Answer { .. } => Exit::Protocol,
        _ => Exit::Failed,
    };
    Failed::caused_by(exit, error)
}

fn carried(client: &AnyClient) -> String {
    let session = client.session();
    session.map_or_else(String::new, |session| {
        format!("{}, ", profile::carrier_and_name(&session))
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
