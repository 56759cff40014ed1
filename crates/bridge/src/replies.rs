//! Replies of another host: what they say, and what is kept of them.

use netipc::wire::{MethodCode, Status};
use zenoh::sample::Sample;

use crate::packing::{self, SMALL};
use crate::wire::{Outcome, Question, Reply};

/// The header of a reply, where it is one to `question`.
pub(crate) fn read(question: &Question, sample: &Sample) -> Option<Reply> {
    let header = sample.attachment()?.to_bytes();
    let reply = Reply::decode(&header).inspect_err(|error| {
        tracing::debug!(%error, key = %sample.key_expr(), "a reply that is none");
    });
    let reply = reply.ok()?;
    // Who could not read the question does not know its method.
    let answers = reply.method == question.method && reply.batch == question.batch;
    (answers || reply.outcome != Outcome::OK).then_some(reply)
}

/// Has the answer of a reply in `out`.
pub(crate) fn take(
    reply: &Reply,
    sample: &Sample,
    held: &[u8],
    out: &mut [u8],
) -> Result<(Reply, usize), Outcome> {
    if reply.outcome != Outcome::OK {
        return Err(reply.outcome);
    }
    let Some(out) = out.get_mut(..reply.len as usize) else {
        return Err(Status::LIMIT_EXCEEDED.into());
    };
    let payload = sample.payload().to_bytes();
    packing::unpack(reply.form, &payload, held, out).map_err(|error| {
        tracing::debug!(%error, key = %sample.key_expr(), "an answer that is none");
        Outcome::MALFORMED
    })?;
    Ok((*reply, payload.len()))
}

/// The last large answer of a session, which its exporter may call unchanged.
pub(crate) struct Kept {
    method: MethodCode,
    batch: Option<u32>,
    request: Vec<u8>,
    pub(crate) tag: u64,
    pub(crate) answer: Vec<u8>,
}

impl Kept {
    /// What is kept of an answer, where it is large and its exporter knows it again.
    pub(crate) fn of(
        question: &Question,
        request: &[u8],
        reply: &Reply,
        answer: &[u8],
    ) -> Option<Self> {
        (reply.tag != 0 && answer.len() >= SMALL).then(|| Self {
            method: question.method,
            batch: question.batch,
            request: request.to_vec(),
            tag: reply.tag,
            answer: answer.to_vec(),
        })
    }

    /// Whether it answers this request.
    pub(crate) fn is_of(&self, method: MethodCode, batch: Option<u32>, request: &[u8]) -> bool {
        self.method == method && self.batch == batch && self.request == request
    }
}
