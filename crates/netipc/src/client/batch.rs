//! Several requests at once: in one message, or several messages in flight.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;

use netipc_proto::wire::{
    Decode, ENTRY_LEN, Encode, Header, Packed, WireError, WireErrorKind, Writer, align8,
    write_batch,
};
use netipc_transport::wait::Wait;

use super::exchange::check_answer;
use super::{Client, Core, Outgoing, decodes};
use crate::config::Capacity;
use crate::error::{CallError, Failure, ProtocolError};
use crate::retry::Attempts;
use crate::service::Service;

/// The replies to a batch, in the order of its requests.
pub struct BatchReply<'a, S> {
    items: Packed<'a>,
    _service: PhantomData<fn() -> S>,
}

impl<'a, S: Service> BatchReply<'a, S> {
    /// Number of replies.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none, because nothing was asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Reply `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<S::Reply<'a>> {
        S::reread(self.items.get(index)?).ok()
    }

    /// Every reply, in order.
    pub fn iter(&self) -> impl Iterator<Item = S::Reply<'a>> + use<'a, S> {
        self.items.iter().filter_map(|item| S::reread(item).ok())
    }
}

impl<S> fmt::Debug for BatchReply<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchReply")
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

impl<S: Service> Client<S> {
    /// Asks many requests in one message. No requests need no I/O.
    ///
    /// # Errors
    /// [`CallError`]; one request that fails fails the batch.
    pub fn call_batch<'r>(
        &mut self,
        requests: &[S::Request<'r>],
    ) -> Result<BatchReply<'_, S>, CallError>
    where
        S::Request<'r>: Encode,
    {
        let wait = self.core.begin(self.timeout, &self.abort);
        let (count, payload) = if requests.is_empty() {
            (0, &[][..])
        } else {
            let done = perform_batch::<S>(&mut self.core, requests, &wait);
            self.core.finish(done)?;
            (items(requests.len()), self.core.payload())
        };
        let items = Packed::trusted(payload, 0, count).map_err(|e| self.core.malformed(e))?;
        Ok(BatchReply {
            items,
            _service: PhantomData,
        })
    }

    /// Asks many requests with up to `window` of them in flight, and hands each reply with the
    /// index of its request to `each`, in the order the replies come.
    ///
    /// Over shared memory, where one message is in flight at a time, they go one by one. After a
    /// lost session only those without a reply are asked again.
    ///
    /// # Errors
    /// [`CallError`], after which `each` may have seen some of the replies.
    pub fn call_pipelined<'r>(
        &mut self,
        requests: &[S::Request<'r>],
        window: usize,
        mut each: impl FnMut(usize, S::Reply<'_>),
    ) -> Result<(), CallError>
    where
        S::Request<'r>: Encode,
    {
        let wait = self.core.begin(self.timeout, &self.abort);
        self.underway.answered.clear();
        self.underway.answered.resize(requests.len(), false);
        let done = Pipeline {
            core: &mut self.core,
            underway: &mut self.underway,
            window,
        }
        .ask_all::<S>(requests, &wait, &mut each);
        self.core.finish(done)
    }
}

fn perform_batch<'r, S: Service>(
    core: &mut Core,
    requests: &[S::Request<'r>],
    wait: &Wait<'_>,
) -> Result<(), Failure>
where
    S::Request<'r>: Encode,
{
    if !S::METHOD.batches {
        let kind = WireErrorKind::BadItemCount;
        let error = WireError::new(kind, "items of a method without batches", 1, 2);
        return Err(Failure::InvalidRequest(error));
    }
    let packed = requests
        .iter()
        .fold(0, |sum, request| align8(sum) + request.size());
    core.request
        .resize(requests.len() * ENTRY_LEN + align8(packed), 0);
    encode_batch(&mut core.request, requests).map_err(Failure::InvalidRequest)?;
    let count = items(requests.len());
    core.perform(Outgoing::batch(S::METHOD.code, count), wait, |payload| {
        let items = Packed::trusted(payload, 0, count).map_err(malformed)?;
        items.iter().try_for_each(decodes::<S>)
    })
}

fn encode_batch(buf: &mut [u8], requests: &[impl Encode]) -> Result<(), WireError> {
    let write = |request: &_, out: &mut [u8]| {
        let mut out = Writer::new(out);
        Encode::encode(request, &mut out)?;
        Ok(out.len())
    };
    write_batch(buf, requests.iter(), write, |error| error).map(drop)
}

/// Where the requests of a pipeline are.
#[derive(Debug, Default)]
pub(super) struct Underway {
    /// Which have a reply.
    answered: Vec<bool>,
    /// The headers in flight, with the index of their request.
    flying: VecDeque<(Header, usize)>,
}

struct Pipeline<'c> {
    core: &'c mut Core,
    underway: &'c mut Underway,
    window: usize,
}

impl Pipeline<'_> {
    /// Asks everything, as often as the retry table allows.
    fn ask_all<'r, S: Service>(
        mut self,
        requests: &[S::Request<'r>],
        wait: &Wait<'_>,
        each: &mut impl FnMut(usize, S::Reply<'_>),
    ) -> Result<(), Failure>
    where
        S::Request<'r>: Encode,
    {
        let mut attempts = Attempts::default();
        loop {
            let Err(failure) = self.run::<S>(requests, wait, each) else {
                return Ok(());
            };
            attempts = self.core.recover(failure, attempts, wait)?;
        }
    }

    /// Asks everything that has no reply yet.
    fn run<'r, S: Service>(
        &mut self,
        requests: &[S::Request<'r>],
        wait: &Wait<'_>,
        each: &mut impl FnMut(usize, S::Reply<'_>),
    ) -> Result<(), Failure>
    where
        S::Request<'r>: Encode,
    {
        let out = Outgoing::single(S::METHOD.code);
        let largest = requests.iter().map(Encode::size).max().unwrap_or_default();
        self.core
            .make_room(Capacity::of_request(largest, 1), wait)?;
        let Underway { answered, flying } = &mut *self.underway;
        flying.clear();
        let mut next = 0;
        loop {
            while answered.get(next) == Some(&true) {
                next += 1;
            }
            if let Some(request) = requests.get(next)
                && may_send(self.core, self.window, flying.len(), request.size())
            {
                self.core.encode(request)?;
                // With requests in flight a send must not wait: the server may be waiting for us
                // to take its answers.
                let now = Wait::until(self.core.began);
                let patience = if flying.is_empty() { wait } else { &now };
                match self.core.send(out, patience) {
                    Ok(header) => {
                        flying.push_back((header, next));
                        next += 1;
                        continue;
                    }
                    Err(Failure::Timeout) if !flying.is_empty() => {}
                    Err(failure) => return Err(failure),
                }
            }
            if flying.is_empty() {
                return Ok(());
            }
            let reply = self.core.receive(wait)?;
            let at = flying
                .iter()
                .position(|(h, _)| h.message_id == reply.message_id)
                .unwrap_or(0);
            let Some((header, index)) = flying.remove(at) else {
                continue;
            };
            check_answer(&header, &reply, self.core.agreed().response_bytes)?;
            self.core.count_reply(&reply);
            each(
                index,
                S::Reply::decode(self.core.payload()).map_err(malformed)?,
            );
            if let Some(answered) = answered.get_mut(index) {
                *answered = true;
            }
        }
    }
}

impl Drop for Pipeline<'_> {
    /// Who gives up, or panics on a reply, leaves answers behind that the next call must not read.
    fn drop(&mut self) {
        if self.core.awaits_answers() {
            self.core.leave_broken();
        }
    }
}

/// Whether a request of `size` bytes may join `flying` others, of which there may be `most`.
fn may_send(core: &Core, most: usize, flying: usize, size: usize) -> bool {
    let (window, packet) = core.window();
    // A message of several packets waits until nothing is in flight: half of one must not wait for
    // the server, which may wait for us.
    let single = size + Header::LEN <= packet;
    flying == 0 || (single && flying < most.min(window as usize))
}

fn malformed(error: WireError) -> Failure {
    Failure::Protocol(ProtocolError::Wire(error))
}

fn items(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
