//! `ping`, `batch` and the pipelines on a bare Level 1 session.

use std::collections::VecDeque;
use std::time::Duration;

use netipc::connection::Message;
use netipc::connection::{Connection, ConnectionError};
use netipc::service::Service;
use netipc::service::increment::{Increment, next};
use netipc::transport::Wait;
use netipc::transport::link::LinkError;
use netipc::wire::{ENTRY_LEN, Encode, Header, Status, WireError, Writer, write_batch};

use super::increment::{Sizes, right};
use super::open;
use super::serve::Route;
use crate::error::BenchError;
use crate::measure::BoxedOp;

/// Bytes of a number, alone or in a batch.
const NUMBER: usize = size_of::<u64>();

/// Sends a window of messages on a bare session, and takes the answers.
pub(super) fn op(route: &Route, batches: bool, window: u32) -> Result<BoxedOp, BenchError> {
    let mut session = open::session::<Increment>(route)?;
    let mut asking = Asking::new(batches);
    let mut flying = VecDeque::with_capacity(window as usize);
    Ok(Box::new(move || {
        let (mut sent, mut units) = (0, 0);
        while sent < window || !flying.is_empty() {
            // A message that does not go out at once waits until an answer was taken: the server
            // may be waiting for that, too.
            if sent < window && asking.send(&mut session, flying.is_empty())? {
                flying.push_back(asking.asked);
                asking.advance()?;
                sent += 1;
                continue;
            }
            session.receive(&Wait::forever())?;
            let answer = session.message();
            let asked: Option<(Asked, _)> = flying.pop_front().zip(answer);
            right(asked.is_some_and(|(asked, answer)| asked.is_answered_by(&answer)))?;
            units += asked.map_or(0, |(asked, _)| u64::from(asked.items));
        }
        Ok(units)
    }))
}

/// The message to send next.
struct Asking {
    asked: Asked,
    payload: Vec<u8>,
    /// Of the batches; single numbers have none.
    sizes: Option<Sizes>,
}

/// What a message asks for: numbers that follow each other.
#[derive(Clone, Copy)]
struct Asked {
    header: Header,
    first: u64,
    items: u32,
}

impl Asking {
    fn new(batches: bool) -> Self {
        let mut asking = Self {
            asked: Asked {
                header: Header::request(Increment::METHOD.code, 0),
                first: 0,
                items: 1,
            },
            payload: Vec::new(),
            sizes: batches.then(Sizes::new),
        };
        asking.advance().expect("there is room for every batch");
        asking
    }

    /// Sends the message; whether it went out, which it need not if it may not `wait`.
    fn send(&self, session: &mut Connection, wait: bool) -> Result<bool, ConnectionError> {
        let wait = if wait {
            Wait::forever()
        } else {
            Wait::timeout(Duration::ZERO)
        };
        match session.send(self.asked.header, &self.payload, &wait) {
            Err(ConnectionError::Link(LinkError::Timeout)) => Ok(false),
            sent => sent.map(|()| true),
        }
    }

    /// Goes on to the next message.
    fn advance(&mut self) -> Result<(), WireError> {
        let (method, id) = (Increment::METHOD.code, self.asked.header.message_id + 1);
        self.asked.first += u64::from(self.asked.items);
        if let Some(sizes) = &mut self.sizes {
            self.asked.items = sizes.next();
            self.asked.header = Header::batch(method, id, self.asked.items);
        } else {
            self.asked.header = Header::request(method, id);
        }
        self.asked.write(&mut self.payload)
    }
}

impl Asked {
    /// The numbers as a message has them.
    fn write(&self, payload: &mut Vec<u8>) -> Result<(), WireError> {
        if !self.header.flags.is_batch() {
            payload.clear();
            payload.extend(self.first.to_le_bytes());
            return Ok(());
        }
        payload.resize(self.items as usize * (ENTRY_LEN + NUMBER), 0);
        let write = |item: u32, out: &mut [u8]| {
            let number = self.first + u64::from(item);
            number.encode(&mut Writer::new(out)).map(|()| NUMBER)
        };
        write_batch(payload, 0..self.items, write, |error| error).map(drop)
    }

    /// Whether every number came back as the next one.
    fn is_answered_by(&self, answer: &Message<'_>) -> bool {
        let header = &answer.header();
        let is = |bytes: &[u8], number: u64| *bytes == next(number).to_le_bytes();
        let right = match answer.items() {
            _ if !self.header.flags.is_batch() => is(answer.payload(), self.first),
            Some(items) => {
                let mut numbers = items.iter().zip(self.first..);
                items.len() == self.items as usize && numbers.all(|(item, number)| is(item, number))
            }
            None => false,
        };
        right && header.status == Status::OK && header.message_id == self.header.message_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_numbers_are_right() {
        for batches in [false, true] {
            let asked = Asking::new(batches).asked;
            let mut payload = Vec::new();
            let next = Asked {
                first: asked.first + 1,
                ..asked
            };
            next.write(&mut payload).unwrap();
            let answered = |header, payload: &[u8]| {
                asked.is_answered_by(&Message::new(header, payload).unwrap())
            };
            let header = asked.header.answer(Status::OK);
            assert!(answered(header, &payload));
            let other = Header {
                message_id: header.message_id + 1,
                ..header
            };
            assert!(!answered(other, &payload));
            assert!(!answered(
                asked.header.answer(Status::INTERNAL_ERROR),
                &payload
            ));
            *payload.last_mut().unwrap() ^= 1;
            assert!(!answered(header, &payload));
        }
    }
}
