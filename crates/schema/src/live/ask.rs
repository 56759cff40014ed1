use std::cell::RefCell;

use netipc::transport::Wait;
use netipc::untyped::AnyClient;
use netipc::{CallError, ErrorCode};
use netipc_proto::wire::{MethodCode, WireError, WireErrorKind};

use crate::codec::{Malformed, Message, Value, Way};
use crate::model::{Kind, LookupKind, Schema};

/// Requests that one lookup may take.
const MOST_REQUESTS: usize = 100_000;

/// Bytes of a request that every session can be asked to have room for.
const USUAL_REQUEST: usize = 1 << 16;

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
    /// The data changed while it was asked for in parts: ask again.
    #[error("the generation was {first} and then {then}")]
    Generation {
        /// Of the first response.
        first: u64,
        /// Of a later one.
        then: u64,
    },
    /// A lookup that takes more requests than anybody has use for.
    #[error("the lookup takes more than {MOST_REQUESTS} requests")]
    Endless,
}

impl AskError {
    /// Its number.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Request(_) => ErrorCode::INVALID_ARGUMENT,
            Self::Call(error) => error.code(),
            Self::Answer { .. } => ErrorCode::PROTOCOL,
            Self::Generation { .. } => ErrorCode::GENERATION_MISMATCH,
            Self::Endless => ErrorCode::OVERFLOW,
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
    let bytes = schema
        .encode(Way::Request, request)
        .map_err(AskError::Request)?;
    match &schema.kind {
        Kind::Lookup(kind) => Lookup {
            schema,
            kind,
            keys: &request.items,
        }
        .ask_all(client, wait),
        Kind::Value(_) | Kind::Snapshot(_) => call(schema, client, &bytes, wait, |_| Ok(())),
    }
}

/// One request and its answer, which `check` may refuse.
fn call(
    schema: &Schema,
    client: &mut AnyClient,
    request: &[u8],
    wait: &Wait<'_>,
    check: impl Fn(&Message) -> Result<(), Malformed>,
) -> Result<Message, AskError> {
    // The client keeps no more of an answer than bytes and a kind of error.
    let (read, why) = (RefCell::new(None), RefCell::new(None));
    let decode = |bytes: &[u8]| {
        let message = schema.decode(Way::Response, bytes);
        let checked = message.and_then(|message| check(&message).map(|()| message));
        match checked {
            Ok(message) => {
                *read.borrow_mut() = Some(message);
                Ok(())
            }
            Err(malformed) => {
                let error = WireError::new(malformed.kind(), "answer", 0, 0);
                *why.borrow_mut() = Some(malformed);
                Err(error)
            }
        }
    };
    let method = MethodCode(schema.method);
    let done = client.call_bytes(method, request, wait, decode).map(drop);
    match (done, read.into_inner(), why.into_inner()) {
        (Ok(()), Some(message), _) => Ok(message),
        (Err(source), _, Some(why)) if source.code() != ErrorCode::TIMEOUT => {
            Err(AskError::Answer { why, source })
        }
        (Err(error), _, _) => Err(AskError::Call(error)),
        (Ok(()), None, _) => Ok(Message::default()),
    }
}

/// Many keys on their way.
struct Lookup<'s> {
    schema: &'s Schema,
    kind: &'s LookupKind,
    keys: &'s [Vec<Value>],
}

impl Lookup<'_> {
    fn ask_all(&self, client: &mut AnyClient, wait: &Wait<'_>) -> Result<Message, AskError> {
        let mut items: Vec<Vec<Value>> = Vec::new();
        let (mut head, mut most) = (None, self.keys.len());
        for _ in 0..MOST_REQUESTS {
            let left = self.keys.get(items.len()..).unwrap_or_default();
            if left.is_empty() && head.is_some() {
                let head = head.unwrap_or_default();
                return Ok(Message { head, items });
            }
            let (count, request) = self.window(client, left, most)?;
            let window = left.get(..count).unwrap_or_default();
            let answer = call(self.schema, client, &request, wait, |answer| {
                self.check(window, answer)
            });
            let answer = match answer {
                // Half as many may fit.
                Err(error) if error.code() == ErrorCode::OVERFLOW && count > 1 => {
                    most = count / 2;
                    continue;
                }
                answer => answer?,
            };
            same_generation(head.as_ref(), &answer.head)?;
            let taken = self.taken(&answer.items);
            most = if taken == 0 { 1 } else { self.keys.len() };
            items.extend(answer.items.into_iter().take(taken));
            head = Some(answer.head);
        }
        Err(AskError::Endless)
    }

    /// As many of `keys` as one request holds, at least one if there is any, and the request.
    fn window(
        &self,
        client: &AnyClient,
        keys: &[Vec<Value>],
        most: usize,
    ) -> Result<(usize, Vec<u8>), AskError> {
        let agreed = client.session().map(|session| session.limits.request);
        let agreed = agreed.map_or(0, |limits| limits.payload_bytes as usize);
        let room = agreed.max(USUAL_REQUEST);
        let mut count = keys.len().min(most.max(1));
        loop {
            let message = Message {
                head: Vec::new(),
                items: keys.get(..count).unwrap_or_default().to_vec(),
            };
            let request = self.schema.encode(Way::Request, &message);
            let request = request.map_err(AskError::Request)?;
            if request.len() <= room || count <= 1 {
                return Ok((count, request));
            }
            // In proportion, and a little less.
            count = (count * room / request.len()).clamp(1, count - 1);
        }
    }

    /// Holds the items of an answer against the keys that were asked for.
    fn check(&self, asked: &[Vec<Value>], answer: &Message) -> Result<(), Malformed> {
        if answer.items.len() != asked.len() {
            let why = format!("{} items for {} keys", answer.items.len(), asked.len());
            return Err(Malformed::new(WireErrorKind::BadItemCount, why));
        }
        for (nth, (key, item)) in asked.iter().zip(&answer.items).enumerate() {
            if self.kind.key_of(item) != *key {
                return Err(Malformed::layout(format!("item {nth} is of another key")));
            }
        }
        let taken = answer.items.iter().take_while(|item| !self.exceeded(item));
        let taken = taken.count();
        if taken == 0 && !asked.is_empty() {
            return Err(Malformed::layout(
                "the first item says that there was no room",
            ));
        }
        if answer
            .items
            .iter()
            .skip(taken)
            .any(|item| !self.exceeded(item))
        {
            return Err(Malformed::layout("an item behind those without room"));
        }
        Ok(())
    }

    /// Number of items that count: none where the first is too large beside others, which it may
    /// not be alone.
    fn taken(&self, items: &[Vec<Value>]) -> usize {
        let oversized = Value::Number(self.kind.oversized().into());
        let first = items.first().and_then(|item| item.first());
        if first == Some(&oversized) && items.len() > 1 {
            return 0;
        }
        items.iter().take_while(|item| !self.exceeded(item)).count()
    }

    fn exceeded(&self, item: &[Value]) -> bool {
        item.first() == Some(&Value::Number(self.kind.exceeded().into()))
    }
}

fn same_generation(before: Option<&Vec<Value>>, now: &[Value]) -> Result<(), AskError> {
    let number = |head: &[Value]| match head {
        [Value::Number(generation)] => u64::try_from(*generation).unwrap_or_default(),
        _ => 0,
    };
    match before.map(|head| number(head)) {
        Some(first) if first != number(now) => Err(AskError::Generation {
            first,
            then: number(now),
        }),
        _ => Ok(()),
    }
}
