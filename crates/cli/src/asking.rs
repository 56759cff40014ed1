//! A client that stays, and asks by the schema of its service.

use std::path::Path;
use std::slice;

use netipc::transport::{Endpoint, Wait};
use netipc::untyped::AnyClient;
use netipc::{ClientConfig, ErrorCode};
use netipc_schema::codec::Message;
use netipc_schema::document::{DocumentError, from_text};
use netipc_schema::live::{AskError, ask};
use netipc_schema::{Field, Kind, Schema};

use crate::args::{MAX_RESPONSE_BYTES, ServiceName};
use crate::exit::{self, Exit, Failed};
use crate::{profile, schema};

/// What a session may answer with: at first what a client grows to by itself, then more, as shared
/// memory of the largest size is not taken without need.
const RESPONSE_CEILINGS: [u32; 2] = [0, MAX_RESPONSE_BYTES];
/// Keys of one lookup: more than a host has processes or cgroups.
const MAX_KEYS: u32 = 4 * 1024 * 1024;
/// How often a lookup is begun again because the server's data changed meanwhile.
const GENERATION_RETRIES: u32 = 10;

/// Who asks, with a client that stays and connects again by itself.
pub(crate) struct Asker {
    schema: Schema,
    endpoint: Endpoint,
    config: ClientConfig,
    /// What a session may answer with once it has to be more.
    ceilings: slice::Iter<'static, u32>,
    client: AnyClient,
    /// Sessions of clients before this one.
    sessions: u64,
}

impl Asker {
    /// Asks nothing yet.
    pub(crate) fn new(schema: Schema, endpoint: Endpoint, config: ClientConfig) -> Self {
        let mut ceilings = RESPONSE_CEILINGS.iter();
        let client = client(&endpoint, &config, ceilings.next());
        Self {
            schema,
            endpoint,
            config,
            ceilings,
            client,
            sessions: 0,
        }
    }

    /// What is asked.
    pub(crate) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Whom.
    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Who asks.
    pub(crate) const fn client(&self) -> &AnyClient {
        &self.client
    }

    /// Sessions so far.
    pub(crate) const fn sessions(&self) -> u64 {
        let counters = self.client.counters();
        self.sessions + counters.connects + counters.reconnects
    }

    /// Asks until there is an answer or an error that asking again cannot cure.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) fn perform(
        &mut self,
        request: &Message,
        wait: &Wait<'_>,
    ) -> Result<Message, Failed> {
        let mut changes = 0;
        loop {
            self.client.refresh(wait);
            if !self.client.ready() {
                return Err(not_ready(&self.client, &self.endpoint));
            }
            let error = match ask(&self.schema, &mut self.client, request, wait) {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            match error.code() {
                ErrorCode::OVERFLOW if self.ceilings.len() > 0 => {
                    self.sessions = self.sessions();
                    self.client = client(&self.endpoint, &self.config, self.ceilings.next());
                }
                ErrorCode::GENERATION_MISMATCH if changes < GENERATION_RETRIES => changes += 1,
                _ => return Err(failed(&error)),
            }
        }
    }

    /// What carried the last answer: `shm (shm-hybrid)`.
    pub(crate) fn carrier(&self) -> Option<String> {
        let session = self.client.session()?;
        Some(profile::carrier_and_name(&session))
    }

    /// Why the socket carries the data although shared memory was offered; nothing where that is not so.
    pub(crate) fn why_socket(&self) -> Option<String> {
        let session = self.client.session()?;
        let offered = self.config.supported_profiles;
        profile::why_socket(&session, offered)
    }
}

fn client(endpoint: &Endpoint, config: &ClientConfig, ceiling: Option<&u32>) -> AnyClient {
    let config = ClientConfig {
        max_logical_lookup_items: MAX_KEYS,
        max_response_payload_bytes: ceiling.copied().unwrap_or_default(),
        ..config.clone()
    };
    AnyClient::new(endpoint.run_dir(), endpoint.service(), &config)
}

/// What a service is: by its file, or one that the program was built with.
///
/// # Errors
/// Where neither is there.
pub(crate) fn schema_of(file: Option<&Path>, service: &str) -> Result<Schema, Failed> {
    match (file, ServiceName::find(service)) {
        (Some(file), _) => schema::read(file),
        (None, Some(known)) => Ok(known.schema().clone()),
        (None, None) => Err(usage(format!(
            "the program was built without {service}: give --schema FILE"
        ))),
    }
}

/// What is asked, from the arguments.
///
/// # Errors
/// Where they do not fit the service.
pub(crate) fn request(schema: &Schema, keys: Option<&[Vec<u8>]>) -> Result<Message, Failed> {
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

fn usage(sentence: String) -> Failed {
    Failed::new(Exit::Usage, sentence)
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
