//! Several messages in flight.
use std::collections::VecDeque;

use netipc_proto::wire::{Decode, Encode, Header, Layout, MethodCode, WireError};
use netipc_transport::clock;
use netipc_transport::wait::Wait;

use super::AnyClient;
use super::exchange::{RequestKind, check_answer, malformed};
use crate::config::Capacity;
use crate::error::{CallError, Failure};
use crate::retry::Attempts;

impl AnyClient {
    /// Asks `method` many requests with up to `window` of them in flight, and hands each reply with
    /// the index of its request to `each`, in the order the replies come.
    ///
    /// Over shared memory, where one message is in flight at a time, they go one by one. After a
    /// lost session only those without a reply are asked again.
    ///
    /// # Errors
    /// [`CallError`], after which `each` may have seen some of the replies.
    pub fn call_pipelined<R: Layout>(
        &mut self,
        method: MethodCode,
        requests: &[impl Encode],
        window: usize,
        wait: &Wait<'_>,
        mut each: impl FnMut(usize, R::View<'_>),
    ) -> Result<(), CallError> {
        self.call_pipelined_bytes(method, requests, window, wait, |index, reply| {
            each(index, R::View::decode(reply)?);
            Ok(())
        })
    }

    /// As [`call_pipelined`](Self::call_pipelined), where `each` gets the bytes of a reply. One that it
    /// refuses counts as a broken one: what has no reply is asked once more.
    ///
    /// # Errors
    /// As [`call_pipelined`](Self::call_pipelined).
    pub fn call_pipelined_bytes(
        &mut self,
        method: MethodCode,
        requests: &[impl Encode],
        window: usize,
        wait: &Wait<'_>,
        mut each: impl FnMut(usize, &[u8]) -> Result<(), WireError>,
    ) -> Result<(), CallError> {
        self.pipeline.answered.clear();
        self.pipeline.answered.resize(requests.len(), false);
        let mut pipeline = Pipeline {
            client: self,
            method,
            window,
        };
        let done = pipeline.ask_all(requests, wait, &mut each);
        drop(pipeline);
        self.finish(done, wait)
    }
}

impl AnyClient {
    /// Whether requests of this session have no answer yet.
    fn awaits_answers(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.in_flight() > 0)
    }
}

/// How far the requests of a pipeline have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Which have a reply.
    answered: Vec<bool>,
    /// The headers in flight, with the index of their request.
    in_flight: VecDeque<(Header, usize)>,
}

struct Pipeline<'c> {
    client: &'c mut AnyClient,
    method: MethodCode,
    window: usize,
}

impl Pipeline<'_> {
    /// Asks everything, as often as the retry table allows.
    fn ask_all(
        &mut self,
        requests: &[impl Encode],
        wait: &Wait<'_>,
        each: &mut impl FnMut(usize, &[u8]) -> Result<(), WireError>,
    ) -> Result<(), Failure> {
        let mut attempts = Attempts::default();
        loop {
            let Err(failure) = self.ask_unanswered(requests, wait, each) else {
                return Ok(());
            };
            attempts = self.client.recover(failure, attempts, wait)?;
        }
    }

    /// Asks everything that has no reply yet.
    fn ask_unanswered(
        &mut self,
        requests: &[impl Encode],
        wait: &Wait<'_>,
        each: &mut impl FnMut(usize, &[u8]) -> Result<(), WireError>,
    ) -> Result<(), Failure> {
        let largest = requests.iter().map(Encode::size).max().unwrap_or_default();
        let needed = Capacity::of_request(largest, 1);
        self.client.make_room(needed, wait)?;
        self.client.pipeline.in_flight.clear();
        let mut next = 0;
        loop {
            while self.client.pipeline.answered.get(next) == Some(&true) {
                next += 1;
            }
            if let Some(request) = requests.get(next)
                && self.may_send(request.size())
                && self.send(request, next, wait)?
            {
                next += 1;
            } else if self.client.pipeline.in_flight.is_empty() {
                return Ok(());
            } else {
                self.receive(wait, each)?;
            }
        }
    }

    /// Whether a request of `size` bytes may join those in flight.
    fn may_send(&self, size: usize) -> bool {
        let in_flight = self.client.pipeline.in_flight.len();
        let (window, packet) = self.client.window();
        // A message of several packets waits until nothing is in flight: half of one must not wait
        // for the server, which may wait for us.
        let one_packet = size + Header::LEN <= packet;
        in_flight == 0 || (one_packet && in_flight < self.window.min(window as usize))
    }

    /// Sends request `index`. Whether it left: with others in flight, a send does not wait.
    fn send(
        &mut self,
        request: &impl Encode,
        index: usize,
        wait: &Wait<'_>,
    ) -> Result<bool, Failure> {
        self.client.encode(request)?;
        let alone = self.client.pipeline.in_flight.is_empty();
        // The server may be waiting for us to take its answers.
        let now = Wait::until(wait.began().unwrap_or_else(clock::now));
        let patience = if alone { wait } else { &now };
        match self.client.send(RequestKind::single(self.method), patience) {
            Ok(header) => {
                self.client.pipeline.in_flight.push_back((header, index));
                Ok(true)
            }
            Err(Failure::Timeout) if !alone => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Receives a reply, and hands it on.
    fn receive(
        &mut self,
        wait: &Wait<'_>,
        each: &mut impl FnMut(usize, &[u8]) -> Result<(), WireError>,
    ) -> Result<(), Failure> {
        let client = &mut *self.client;
        let reply = client.receive(wait)?;
        let in_flight = &mut client.pipeline.in_flight;
        let answers = |(header, _): &(Header, usize)| header.message_id == reply.message_id;
        // The session has refused an answer to nothing that was asked.
        let at = in_flight.iter().position(answers).unwrap_or(0);
        let Some((header, index)) = in_flight.remove(at) else {
            return Ok(());
        };
        check_answer(&header, &reply, client.response_limit())?;
        client.count_reply(&reply);
        each(index, client.payload()).map_err(malformed)?;
        if let Some(answered) = client.pipeline.answered.get_mut(index) {
            *answered = true;
        }
        Ok(())
    }
}

impl Drop for Pipeline<'_> {
    /// After an error, or a panic in the caller's function, answers are still to come that the next
    /// call must not read.
    fn drop(&mut self) {
        if self.client.awaits_answers() {
            self.client.leave_broken();
        }
    }
}
