//! What readers see: the answers of one moment, and where to find each.
//!
//! ```text
//! slots    | - | tag chunk offset | - | ..     open addressing, at most half full
//! chunks   | record .. text .. | record .. |   one for each round that brought answers
//! record   | fixed part | places of key, texts and labels | the item, or its fixed part |
//! ```
//!
//! A table never changes. The next one shares the chunks, so that it costs a copy of the slots.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::time::Duration;

use super::sync::{AtomicU32, Ordering};
use crate::cache::hash_key;
use crate::lookup::Verdict;

/// Bytes of the fixed part of a record.
pub(super) const RECORD_LEN: usize = 56;
/// Bytes of a place.
pub(super) const PLACE_LEN: usize = 12;
/// Records begin at multiples of this.
pub(super) const UNIT: usize = 8;
pub(super) const FREE: u64 = 0;
/// A slot whose key is gone, behind which others may be.
pub(super) const GONE: u64 = 1;
const OFFSET_BITS: u32 = 28;
const CHUNK_BITS: u32 = 12;
const TAG_SHIFT: u32 = OFFSET_BITS + CHUNK_BITS;
/// A chunk number that no chunk has, in a slot that is taken.
const CHUNK_BIAS: u64 = 1;

/// Chunks of a table.
pub(super) type Chunks = Vec<Arc<[u8]>>;

/// How keys are spread over the slots.
#[derive(Clone, Debug)]
pub(super) enum Hashing {
    /// Fast, which keys that somebody chose may defeat.
    Plain,
    /// With a secret.
    Salted(RandomState),
}

impl Hashing {
    #[inline]
    pub(super) fn of(&self, key: &impl Hash) -> u64 {
        match self {
            Self::Plain => hash_key(key),
            Self::Salted(salt) => salt.hash_one(key),
        }
    }
}

/// Where bytes are: in which chunk, where in it, and how many.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) chunk: u32,
    pub(super) offset: u32,
    pub(super) len: u32,
}

impl Place {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        for number in [self.chunk, self.offset, self.len] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    #[inline]
    fn read(bytes: [u8; PLACE_LEN]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self {
            chunk: u32::from_le_bytes([a, b, c, d]),
            offset: u32::from_le_bytes([e, f, g, h]),
            len: u32::from_le_bytes([i, j, k, l]),
        }
    }
}

/// What stands in front of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct RecordHead {
    pub(super) answered: Duration,
    pub(super) identity: u64,
    /// Which of the answers that are kept it is.
    pub(super) id: u32,
    pub(super) world: u32,
    pub(super) verdict: Verdict,
    pub(super) texts: u8,
    pub(super) labels_count: u16,
    pub(super) item_len: u32,
    pub(super) key: Place,
    pub(super) labels: Place,
}

const VERDICTS: [Verdict; 5] = [
    Verdict::Known,
    Verdict::Provisional,
    Verdict::ForNow,
    Verdict::ForGood,
    Verdict::Oversized,
];

impl RecordHead {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let nanos = u64::try_from(self.answered.as_nanos()).unwrap_or(u64::MAX);
        let start = out.len();
        out.extend_from_slice(&nanos.to_le_bytes());
        out.extend_from_slice(&self.identity.to_le_bytes());
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&self.world.to_le_bytes());
        out.extend_from_slice(&self.item_len.to_le_bytes());
        out.extend_from_slice(&self.labels_count.to_le_bytes());
        out.extend_from_slice(&[self.verdict as u8, self.texts]);
        self.key.write(out);
        self.labels.write(out);
        debug_assert_eq!(out.len() - start, RECORD_LEN);
    }

    #[inline(always)]
    fn read(bytes: &[u8; RECORD_LEN]) -> Self {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |index: usize| words.get(index).map_or(0, |word| u32::from_le_bytes(*word));
        let long = |index: usize| u64::from(word(index)) | u64::from(word(index + 1)) << 32;
        let [count_low, count_high, verdict, texts] = word(7).to_le_bytes();
        let place = |index: usize| Place {
            chunk: word(index),
            offset: word(index + 1),
            len: word(index + 2),
        };
        Self {
            answered: Duration::from_nanos(long(0)),
            identity: long(2),
            id: word(4),
            world: word(5),
            item_len: word(6),
            labels_count: u16::from_le_bytes([count_low, count_high]),
            verdict: VERDICTS
                .get(usize::from(verdict))
                .copied()
                .unwrap_or(Verdict::ForNow),
            texts,
            key: place(8),
            labels: place(11),
        }
    }
}

/// The answers of one moment.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) slots: Box<[u64]>,
    pub(super) chunks: Chunks,
    /// For each answer, the round in which it was used last. Tables share it.
    pub(super) uses: Arc<[AtomicU32]>,
    pub(super) hashing: Hashing,
    /// A hash shifted right by this is the first slot for its key.
    pub(super) shift: u32,
    pub(super) len: usize,
    pub(super) generation: u64,
    pub(super) bytes: usize,
}

/// An answer in a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'t> {
    pub(super) head: RecordHead,
    /// Behind the fixed part: the places of texts, and the item.
    rest: &'t [u8],
    chunks: &'t Chunks,
}

impl Table {
    pub(super) fn empty() -> Self {
        Self {
            slots: [FREE; 2].into(),
            chunks: Vec::new(),
            uses: Arc::new([]),
            hashing: Hashing::Plain,
            shift: u64::BITS - 1,
            len: 0,
            generation: 0,
            bytes: 0,
        }
    }

    /// The answer to a key of this hash whose bytes `matches` accepts.
    #[inline(always)]
    pub(super) fn find(&self, hash: u64, matches: impl Fn(&[u8]) -> bool) -> Option<Record<'_>> {
        let mask = self.slots.len() - 1;
        let first = first_slot(hash, self.shift);
        for probe in 0..self.slots.len() {
            let taken = self.slots.get((first + probe) & mask).copied();
            let taken = taken.unwrap_or(FREE);
            if taken == FREE {
                return None;
            }
            if taken != GONE && tag(taken) == hash_tag(hash) {
                let record = record_at(&self.chunks, place_of(taken));
                if let Some(record) = record.filter(|record| matches(record.key())) {
                    return Some(record);
                }
            }
        }
        None
    }

    /// Every answer, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let taken = self.slots.iter().filter(|slot| **slot > GONE);
        taken.filter_map(|slot| record_at(&self.chunks, place_of(*slot)))
    }

    /// Notes that the answer was used in this round. Relaxed: nothing else goes with it.
    #[inline]
    pub(super) fn mark(&self, record: &Record<'_>, round: u32) {
        if let Some(used) = self.uses.get(record.head.id as usize)
            && used.load(Ordering::Relaxed) != round
        {
            used.store(round, Ordering::Relaxed);
        }
    }
}

impl<'t> Record<'t> {
    /// The key, as it stands in a request.
    #[inline]
    pub(super) fn key(&self) -> &'t [u8] {
        bytes_at(self.chunks, self.head.key)
    }

    /// The item, or its fixed part where it is kept in parts.
    #[inline]
    pub(super) fn item(&self) -> &'t [u8] {
        let start = usize::from(self.head.texts) * PLACE_LEN;
        self.rest
            .get(start..start + self.head.item_len as usize)
            .unwrap_or_default()
    }

    /// Its texts, without the NULs behind them.
    #[inline]
    pub(super) fn texts(&self) -> impl Iterator<Item = &'t [u8]> + use<'t> {
        let (places, _) = self.rest.as_chunks::<PLACE_LEN>();
        let places = places
            .get(..usize::from(self.head.texts))
            .unwrap_or_default();
        let chunks = self.chunks;
        places
            .iter()
            .map(|place| bytes_at(chunks, Place::read(*place)))
    }

    /// Its labels: a table, and the texts.
    #[inline]
    pub(super) fn labels(&self) -> &'t [u8] {
        bytes_at(self.chunks, self.head.labels)
    }
}

/// The record at a place, of which the length does not count.
#[inline(always)]
pub(super) fn record_at(chunks: &Chunks, place: Place) -> Option<Record<'_>> {
    let front = chunks
        .get(place.chunk as usize)?
        .get(place.offset as usize..)?;
    let (head, rest) = front.split_first_chunk()?;
    Some(Record {
        head: RecordHead::read(head),
        rest,
        chunks,
    })
}

#[inline]
pub(super) fn bytes_at(chunks: &Chunks, place: Place) -> &[u8] {
    let start = place.offset as usize;
    let bytes = chunks.get(place.chunk as usize);
    let bytes = bytes.and_then(|bytes| bytes.get(start..start + place.len as usize));
    bytes.unwrap_or_default()
}

/// The first slot for a key of this hash: its high bits.
#[inline]
pub(super) fn first_slot(hash: u64, shift: u32) -> usize {
    usize::try_from(hash >> shift).unwrap_or(usize::MAX)
}

/// The slot of an answer at this place. `None` where there are no numbers for it.
pub(super) fn slot_of(hash: u64, place: Place) -> Option<u64> {
    let chunk = u64::from(place.chunk) + CHUNK_BIAS;
    let offset = u64::from(place.offset) / UNIT as u64;
    let fits = chunk < 1 << CHUNK_BITS && offset < 1 << OFFSET_BITS;
    fits.then_some(hash_tag(hash) << TAG_SHIFT | chunk << OFFSET_BITS | offset)
}

#[inline]
pub(super) fn place_of(slot: u64) -> Place {
    let number = |bits: u64| u32::try_from(bits).unwrap_or(u32::MAX);
    Place {
        chunk: number((slot >> OFFSET_BITS & ((1 << CHUNK_BITS) - 1)) - CHUNK_BIAS),
        offset: number((slot & ((1 << OFFSET_BITS) - 1)) * UNIT as u64),
        len: 0,
    }
}

#[inline]
const fn tag(slot: u64) -> u64 {
    slot >> TAG_SHIFT
}

/// The part of a hash that a slot stores: it tells keys apart that start at the same slot.
#[inline]
const fn hash_tag(hash: u64) -> u64 {
    hash & ((1 << (u64::BITS - TAG_SHIFT)) - 1)
}
