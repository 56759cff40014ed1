use netipc::connection::Message as Request;
use netipc::untyped::{Answered, SessionHandler};
use netipc_proto::wire::{Status, WireErrorKind};

use super::data::{Content, Data};
use crate::codec::{Malformed, Value, Way, encode_batch};
use crate::model::{Kind, Schema};

/// What answers the requests of the service that `schema` describes, from `data`.
///
/// A key that the data does not have is `unknown`, or else the first status that a handler may give.
/// A value answers the request of the data, and fails for any other.
#[must_use]
pub fn handler(schema: Schema, data: Data) -> Box<SessionHandler> {
    Box::new(move |request: Request<'_>, buf: &mut [u8]| {
        match answer(&schema, &data, request, buf.len()) {
            Ok(answer) => match buf.get_mut(..answer.len()) {
                Some(room) => {
                    room.copy_from_slice(&answer);
                    Answered::ok(answer.len())
                }
                None => Answered::failed(Status::LIMIT_EXCEEDED),
            },
            Err(status) => Answered::failed(status),
        }
    })
}

fn answer(
    schema: &Schema,
    data: &Data,
    request: Request<'_>,
    budget: usize,
) -> Result<Vec<u8>, Status> {
    if request.header().code != schema.method {
        return Err(Status::UNSUPPORTED);
    }
    if !request.header().flags.is_batch() {
        return answer_one(schema, data, request.payload(), budget);
    }
    match request.items() {
        Some(items) if schema.batches() => {
            let answers = items
                .iter()
                .map(|item| answer_one(schema, data, item, budget))
                .collect::<Result<Vec<_>, _>>()?;
            encode_batch(&answers).map_err(|_limit| Status::LIMIT_EXCEEDED)
        }
        _ => Err(Status::BAD_ENVELOPE),
    }
}

fn answer_one(
    schema: &Schema,
    data: &Data,
    payload: &[u8],
    budget: usize,
) -> Result<Vec<u8>, Status> {
    let bad = |_refused| Status::BAD_ENVELOPE;
    let asked = schema.decode(Way::Request, payload).map_err(bad)?;
    let encode = |message| schema.encode(Way::Response, message).map_err(status_of);
    match (&data.0, &schema.kind) {
        (Content::Value { request, response }, _) if *request == asked => encode(response),
        (Content::Snapshot(snapshot), _) => encode(snapshot),
        (
            Content::Lookup {
                generation,
                items,
                missing,
            },
            Kind::Lookup(kind),
        ) => {
            let item = |key: &Vec<Value>| match (items.get(key), missing) {
                (Some(item), _) => Ok(item.clone()),
                (None, Some(status)) => Ok(kind.bare(key, *status)),
                (None, None) => Err(Status::INTERNAL_ERROR),
            };
            let found = asked.items.iter().map(item);
            let found = found.collect::<Result<Vec<_>, _>>()?;
            kind.answer(&asked.items, &found, *generation, budget)
                .map_err(status_of)
        }
        _ => Err(Status::INTERNAL_ERROR),
    }
}

fn status_of(error: Malformed) -> Status {
    if error.kind() == WireErrorKind::Overflow {
        Status::LIMIT_EXCEEDED
    } else {
        Status::INTERNAL_ERROR
    }
}
