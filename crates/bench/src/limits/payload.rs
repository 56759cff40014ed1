//! What raw rows carry: nothing, or what a call of each kind cannot do without, built and looked at
//! with plain loads and stores.

use serde::{Deserialize, Serialize};

use crate::scenarios::{Cgroup, cgroups};

/// Bytes of a header, of which the first are a number that tells calls apart.
const HEADER: usize = 32;
const NUMBER: usize = size_of::<u64>();
/// Numbers of an item that is no text: hash, flags, and where its texts are.
const FIXED: usize = 32;
const LENGTH: usize = size_of::<u32>();
/// Where an item is in a message, and how long.
const ENTRY: usize = 2 * LENGTH;

/// What is sent there and back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Payload {
    /// Nothing: that it was sent is all.
    Nothing,
    /// A header and so many numbers, which come back increased.
    Numbers(u32),
    /// A header; so many items of numbers and two texts come back.
    Items(u32),
    /// A header and so many texts; as many items come back.
    Keys(u32),
}

impl Payload {
    /// More bytes than a message has.
    pub(super) const fn room(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Numbers(count) => HEADER + count as usize * (ENTRY + NUMBER),
            Self::Items(count) | Self::Keys(count) => HEADER + count as usize * 128,
        }
    }
}

/// One of the two ends.
pub(super) struct End {
    payload: Payload,
    /// What both ends know.
    items: Vec<Cgroup>,
    message: Vec<u8>,
    /// Requests so far.
    asked: u64,
}

impl End {
    pub(super) fn new(payload: Payload) -> Self {
        let count = match payload {
            Payload::Items(count) | Payload::Keys(count) => count,
            Payload::Nothing | Payload::Numbers(_) => 0,
        };
        Self {
            payload,
            items: cgroups(count),
            message: Vec::with_capacity(payload.room()),
            asked: 0,
        }
    }

    /// The next request.
    pub(super) fn request(&mut self) -> &[u8] {
        self.asked += 1;
        self.message.clear();
        if self.payload != Payload::Nothing {
            header(&mut self.message, self.asked);
        }
        match self.payload {
            Payload::Nothing | Payload::Items(_) => {}
            Payload::Numbers(count) => {
                let numbers = self.asked..self.asked + u64::from(count);
                numbers.for_each(|number| self.message.extend(number.to_le_bytes()));
            }
            Payload::Keys(_) => list(&mut self.message, &self.items, |out, _, item| {
                text(out, &item.path);
            }),
        }
        &self.message
    }

    /// The answer to a request.
    pub(super) fn answer(&mut self, request: &[u8]) -> &[u8] {
        self.message.clear();
        match self.payload {
            Payload::Nothing => {}
            Payload::Numbers(_) => {
                let (header, numbers) = request.split_at(HEADER.min(request.len()));
                self.message.extend(header);
                for bytes in numbers.chunks_exact(NUMBER) {
                    let next = number(bytes, 0).unwrap_or_default() + 1;
                    self.message.extend(next.to_le_bytes());
                }
            }
            Payload::Items(_) | Payload::Keys(_) => {
                let asked = number(request, 0).unwrap_or_default();
                header(&mut self.message, asked);
                list(&mut self.message, &self.items, |out, index, item| {
                    for number in [index, item.name.len(), item.path.len(), 1] {
                        out.extend((number as u64).to_le_bytes());
                    }
                    text(out, &item.name);
                    text(out, &item.path);
                });
            }
        }
        &self.message
    }

    /// Whether this is the answer to the request `back` requests ago.
    pub(super) fn is_answer(&self, answer: &[u8], back: u64) -> bool {
        let asked = self.asked - back;
        match self.payload {
            Payload::Nothing => answer.is_empty(),
            _ if number(answer, 0) != Some(asked) => false,
            Payload::Numbers(count) => {
                let numbers = answer.get(HEADER..).unwrap_or_default();
                let numbers = numbers.chunks_exact(NUMBER);
                numbers.len() == count as usize
                    && numbers
                        .zip(asked + 1..)
                        .all(|(bytes, number)| bytes == number.to_le_bytes())
            }
            Payload::Items(_) | Payload::Keys(_) => self.walk(answer) == Some(()),
        }
    }

    /// Looks at every item where it lies.
    fn walk(&self, answer: &[u8]) -> Option<()> {
        for (index, item) in self.items.iter().enumerate() {
            let entry = HEADER + index * ENTRY;
            let (at, len) = (length(answer, entry)?, length(answer, entry + LENGTH)?);
            let bytes = answer.get(at..at.checked_add(len)?)?;
            let (name, path) = (length(bytes, NUMBER)?, length(bytes, 2 * NUMBER)?);
            let texts = bytes.get(FIXED..)?;
            let (found, rest) = texts.split_at_checked(name)?;
            let right = number(bytes, 0)? == index as u64
                && found == item.name.as_bytes()
                && rest.get(1..1 + path)? == item.path.as_bytes();
            right.then_some(())?;
        }
        Some(())
    }
}

fn header(out: &mut Vec<u8>, asked: u64) {
    out.extend(asked.to_le_bytes());
    out.resize(HEADER, 0);
}

/// A text as C has it.
fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.as_bytes());
    out.push(0);
}

/// A directory of all items, and the items.
fn list(out: &mut Vec<u8>, items: &[Cgroup], write: impl Fn(&mut Vec<u8>, usize, &Cgroup)) {
    let directory = out.len();
    out.resize(directory + items.len() * ENTRY, 0);
    for (index, item) in items.iter().enumerate() {
        out.resize(out.len().next_multiple_of(NUMBER), 0);
        let at = out.len();
        write(out, index, item);
        let entry = (at as u64) | ((out.len() - at) as u64) << 32;
        let place = directory + index * ENTRY;
        out[place..place + ENTRY].copy_from_slice(&entry.to_le_bytes());
    }
}

fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes) as usize)
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_is_one() {
        for payload in [
            Payload::Nothing,
            Payload::Numbers(1),
            Payload::Numbers(500),
            Payload::Items(16),
            Payload::Keys(16),
        ] {
            let (mut asking, mut answering) = (End::new(payload), End::new(payload));
            for _ in 0..2 {
                let request = asking.request().to_vec();
                assert!(request.len() <= payload.room());
                let answer = answering.answer(&request).to_vec();
                assert!(answer.len() <= payload.room(), "{payload:?}");
                assert!(asking.is_answer(&answer, 0), "{payload:?}");
                for spoilt in [0, answer.len().saturating_sub(2)] {
                    let mut answer = answer.clone();
                    if let Some(byte) = answer.get_mut(spoilt) {
                        *byte ^= 1;
                        assert!(!asking.is_answer(&answer, 0), "{payload:?} {spoilt}");
                    }
                }
            }
        }
    }
}
