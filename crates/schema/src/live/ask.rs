use std::cell::RefCell;

use netipc::lookup::LookupFormat;
use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::{CallError, ErrorCode};
use netipc_proto::wire::{MethodCode, WireError};

use crate::codec::{Malformed, Message, Value, Way};
use crate::model::{Kind, LookupKind, Schema};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The request breaks a rule of the schema.
    #[error("the request cannot be sent: {0}")]
    Request(#[source] Malformed),
    /// There is no answer.
    #[error(transparent)]
    Call(CallError),
    /// The answer breaks a rule of the schema.
    #[error("the answer is not what the schema says: {why}")]
    Answer {
        /// Which rule.
        why: Malformed,
        /// What the client made of it.
        source: CallError,
    },
}

impl AskError {
    /// Its number.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Request(_) => ErrorCode::INVALID_ARGUMENT,
            Self::Call(error) => error.code(),
            Self::Answer { .. } => ErrorCode::PROTOCOL,
        }
    }
}

/// Asks the service that `schema` describes, and waits for its answer. A lookup takes any number of
/// keys, in as many requests as the limits of the session want.
///
/// # Errors
/// [`AskError`].
pub fn ask(
    schema: &Schema,
    client: &mut AnyClient,
    request: &Message,
    wait: &Wait<'_>,
) -> Result<Message, AskError> {
    if let Kind::Lookup(kind) = &schema.kind {
        return lookup(schema, kind, client, &request.items, wait);
    }
    let bytes = schema
        .encode(Way::Request, request)
        .map_err(AskError::Request)?;
    let broken = Broken::default();
    let check = |bytes: &[u8]| broken.note(schema.decode(Way::Response, bytes).map(drop));
    let method = MethodCode(schema.method);
    match client.call_bytes(method, &bytes, wait, check) {
        Ok(answer) => {
            let answer = schema.decode(Way::Response, answer);
            Ok(answer.unwrap_or_default())
        }
        Err(error) => Err(broken.explain(error)),
    }
}

fn lookup(
    schema: &Schema,
    kind: &LookupKind,
    client: &mut AnyClient,
    keys: &[Vec<Value>],
    wait: &Wait<'_>,
) -> Result<Message, AskError> {
    let keys = keys.iter().map(|key| kind.encode_key(key));
    let keys: Vec<Vec<u8>> = keys.collect::<Result<_, _>>().map_err(AskError::Request)?;
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let broken = Broken::default();
    let format = Format {
        schema,
        kind,
        broken: &broken,
    };
    match client.lookup_bytes(&format, &keys, wait) {
        Ok((generation, items)) => {
            // Every item has passed the check.
            let items = items.iter().map(|item| kind.item.decode(item));
            Ok(Message {
                head: vec![Value::Number(generation.into())],
                items: items.collect::<Result<_, _>>().unwrap_or_default(),
            })
        }
        Err(error) => Err(broken.explain(error)),
    }
}

/// The rule that an answer broke: the client keeps no more of it than its kind.
#[derive(Debug, Default)]
struct Broken(RefCell<Option<Malformed>>);

impl Broken {
    fn note(&self, read: Result<(), Malformed>) -> Result<(), WireError> {
        match read {
            Ok(()) => Ok(()),
            Err(why) => {
                let error = WireError::new(why.kind(), "answer", 0, 0);
                *self.0.borrow_mut() = Some(why);
                Err(error)
            }
        }
    }

    fn explain(self, error: CallError) -> AskError {
        match self.0.into_inner() {
            Some(why) if is_of_bytes(error.code()) => AskError::Answer { why, source: error },
            _ => AskError::Call(error),
        }
    }
}

/// Whether an error says that bytes break a rule.
const fn is_of_bytes(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::TRUNCATED
            | ErrorCode::BAD_LAYOUT
            | ErrorCode::OUT_OF_BOUNDS
            | ErrorCode::MISSING_NUL
            | ErrorCode::BAD_ALIGNMENT
            | ErrorCode::BAD_ITEM_COUNT
            | ErrorCode::PROTOCOL
    )
}

/// What the client has to know of a lookup's bytes.
struct Format<'s> {
    schema: &'s Schema,
    kind: &'s LookupKind,
    broken: &'s Broken,
}

impl LookupFormat for Format<'_> {
    fn method(&self) -> MethodCode {
        MethodCode(self.schema.method)
    }

    fn layout(&self) -> u16 {
        self.schema.layout.unwrap_or(1)
    }

    fn exceeded(&self) -> u16 {
        narrow(self.kind.exceeded())
    }

    fn oversized(&self) -> u16 {
        narrow(self.kind.oversized())
    }

    fn min_item_len(&self) -> usize {
        self.kind.item.size
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        self.broken.note(self.kind.item.decode(item).map(drop))
    }

    fn status(&self, item: &[u8]) -> u16 {
        let item = self.kind.item.decode(item).unwrap_or_default();
        match item.first() {
            Some(Value::Number(status)) => u16::try_from(*status).unwrap_or(u16::MAX),
            _ => u16::MAX,
        }
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        let item = self.kind.item.decode(item).unwrap_or_default();
        self.kind.decode_key(key).ok() == Some(self.kind.key_of(&item))
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        let key = self.kind.decode_key(key).unwrap_or_default();
        let bare = self.kind.bare(&key, status.into());
        self.kind.item.encode(&bare).unwrap_or_default()
    }

    fn reply_estimate(&self, key: &[u8]) -> usize {
        match self.kind.item.typical {
            Some(bytes) => bytes as usize,
            None => self.bare(key, self.exceeded()).len(),
        }
    }
}

/// A status: the checker lets no other numbers pass.
fn narrow(status: u64) -> u16 {
    u16::try_from(status).unwrap_or(u16::MAX)
}
