//! One question to a service, which the program knows by its schema.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, Instant};

use netipc::transport::{Endpoint, Wait};
use netipc::untyped::AnyClient;
use netipc::{ClientConfig, ErrorCode, chain};
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
}

/// Asks, and prints the answer.
pub(super) fn call(question: &Question<'_>) -> Result<(), Failed> {
    let schema = question.schema;
    let request = request(schema, question.keys.as_deref())?;
    let begun = Instant::now();
    let (response, carried) = question.perform(&request)?;
    let took = begun.elapsed();
    if question.json {
        return exit::printed(print_json(&schema.exchange_to_json(&request, &response)));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    exit::printed(print(schema, &response, &mut out).and_then(|()| out.flush()))?;
    // A closed stderr takes nothing from the answer.
    let _ = writeln!(
        io::stderr(),
        "{}{carried}{took:.1?}",
        summary(schema, &response)
    );
    Ok(())
}

impl Question<'_> {
    /// Asks until there is an answer or an error that asking again cannot cure.
    fn perform(&self, request: &Message) -> Result<(Message, String), Failed> {
        let wait = Wait::timeout(self.timeout);
        let mut ceilings = RESPONSE_CEILINGS.iter();
        let mut client = self.client(ceilings.next());
        let mut changes = 0;
        loop {
            client.refresh(&wait);
            if !client.ready() {
                return Err(not_ready(&client, &self.endpoint));
            }
            let error = match ask(self.schema, &mut client, request, &wait) {
                Ok(response) => return Ok((response, carried(&client))),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::OVERFLOW if ceilings.len() > 0 => {
                    client = self.client(ceilings.next());
                }
                ErrorCode::GENERATION_MISMATCH if changes < GENERATION_RETRIES => changes += 1,
                _ => return Err(failed(&error)),
            }
        }
    }

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
    let (exit, why) = (Exit::of_open(error), chain(error));
    if why.contains(&endpoint.to_string()) {
        Failed::new(exit, why)
    } else {
        Failed::new(exit, format!("{endpoint}: {why}"))
    }
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
