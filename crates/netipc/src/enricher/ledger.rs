//! What the owner knows of every key, and how the next table comes about.

use std::collections::HashMap;
use std::hash::RandomState;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::sync::{AtomicU32, Ordering};
use super::table::{
    Chunks, FREE, GONE, Hashing, Place, Record, RecordHead, Table, UNIT, bytes_at, first_slot,
    record_at, slot_of,
};
use crate::cache::hash_key;
use crate::lookup::Verdict;

/// Most chunks before they are put together.
const MOST_CHUNKS: usize = 256;
/// Bytes that may be of no use before chunks are put together.
const SLACK: usize = 64 * 1024;
/// Probes beyond which keys do not spread as if by chance.
const LONG_PROBE: usize = 64;

/// An answer that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    hash: u64,
    place: Place,
    /// Counts up: the older, the lower.
    pub(super) number: u64,
    pub(super) answered: Duration,
    /// When it is too old.
    pub(super) keep_until: Duration,
    pub(super) generation: u64,
    pub(super) identity: u64,
    pub(super) world: u32,
    /// The round that brought it, or found it too old and in use.
    pub(super) round: u32,
    pub(super) verdict: Verdict,
}

/// An answer to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) answered: Duration,
    pub(super) keep_until: Duration,
    pub(super) generation: u64,
    pub(super) identity: u64,
    pub(super) world: u32,
    pub(super) round: u32,
    pub(super) verdict: Verdict,
    /// The item, or the part of it that is its own.
    pub(super) item: &'a [u8],
    pub(super) texts: &'a [&'a [u8]],
    pub(super) labels: &'a [u8],
    pub(super) labels_count: u16,
}

/// Every answer, and the table in the making.
#[derive(Debug)]
pub(super) struct Ledger {
    slots: Vec<u64>,
    /// Slots whose keys are gone.
    gone: usize,
    hashing: Hashing,
    shift: u32,
    chunks: Chunks,
    /// The chunk in the making.
    chunk: Vec<u8>,
    entries: Vec<Option<Entry>>,
    unused: Vec<u32>,
    uses: Arc<[AtomicU32]>,
    /// Where texts are, by their hashes. Of two with one hash the later one is found.
    texts: HashMap<u64, Place>,
    len: usize,
    next_number: u64,
    bytes: usize,
    /// Bytes from which on chunks are put together.
    compact_at: usize,
    crowded: bool,
    /// Memory for the places of texts.
    places: Vec<Place>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![FREE; 2],
            gone: 0,
            hashing: Hashing::Plain,
            shift: u64::BITS - 1,
            chunks: Vec::new(),
            chunk: Vec::new(),
            entries: Vec::new(),
            unused: Vec::new(),
            uses: Arc::new([]),
            texts: HashMap::new(),
            len: 0,
            next_number: 0,
            bytes: 0,
            compact_at: SLACK,
            crowded: false,
            places: Vec::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    /// The answer to a key, and its number among those that are kept.
    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<(u32, &Entry)> {
        let position = self.position(hash, |record| record.key() == key)?;
        let id = self.record(position)?.head.id;
        Some((id, self.entries.get(id as usize)?.as_ref()?))
    }

    /// Every answer with its number, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let numbered = (0_u32..).zip(&self.entries);
        numbered.filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
    }

    /// The key of an answer.
    pub(super) fn key(&self, entry: &Entry) -> &[u8] {
        record_at(&self.chunks, entry.place).map_or(&[], |record| record.key())
    }

    /// The key of the answer with this number.
    pub(super) fn key_of(&self, id: u32) -> Option<&[u8]> {
        let entry = self.entries.get(id as usize)?.as_ref()?;
        Some(self.key(entry))
    }

    /// Keeps an answer for longer, from this round on.
    pub(super) fn keep(&mut self, id: u32, until: Duration, round: u32) {
        if let Some(entry) = self.entries.get_mut(id as usize).and_then(Option::as_mut) {
            entry.keep_until = until;
            entry.round = round;
        }
    }

    /// The round in which an answer was used last.
    pub(super) fn used(&self, id: u32) -> u32 {
        let used = self.uses.get(id as usize);
        used.map_or(0, |used| used.load(Ordering::Relaxed))
    }

    /// Keeps an answer, in place of the one there is, which it gives.
    pub(super) fn put(&mut self, hash: u64, key: &[u8], answer: &Answer<'_>) -> Option<Entry> {
        let found = self.find(hash, key).map(|(id, entry)| (id, *entry));
        let (id, number) = match found {
            Some((id, old)) => {
                self.vacate(&old);
                (id, old.number)
            }
            None => {
                self.next_number += 1;
                let id = self.unused.pop().unwrap_or_else(|| self.new_id());
                if let Some(used) = self.uses.get(id as usize) {
                    used.store(answer.round, Ordering::Relaxed);
                }
                (id, self.next_number)
            }
        };
        let place = self.write(id, key, answer);
        let entry = Entry {
            hash,
            place,
            number,
            answered: answer.answered,
            keep_until: answer.keep_until,
            generation: answer.generation,
            identity: answer.identity,
            world: answer.world,
            round: answer.round,
            verdict: answer.verdict,
        };
        if let Some(room) = self.entries.get_mut(id as usize) {
            *room = Some(entry);
        }
        self.len += 1;
        if (self.len + self.gone + 1) * 2 > self.slots.len() {
            self.index();
        } else {
            self.occupy(&entry);
        }
        found.map(|(_, old)| old)
    }

    /// Drops an answer.
    pub(super) fn remove(&mut self, id: u32) {
        if let Some(entry) = self.entries.get_mut(id as usize).and_then(Option::take) {
            self.vacate(&entry);
            self.unused.push(id);
        }
    }

    /// Ends a round: what was put becomes part of the next [table](Self::table).
    pub(super) fn seal(&mut self) {
        if !self.chunk.is_empty() {
            let chunk = mem::take(&mut self.chunk);
            self.bytes += chunk.len();
            self.chunks.push(chunk.into());
        }
        if self.chunks.len() >= MOST_CHUNKS || self.bytes > self.compact_at {
            self.compact();
        }
    }

    /// A table of what is kept.
    pub(super) fn table(&self, generation: u64) -> Table {
        let slots: Box<[u64]> = self.slots.as_slice().into();
        Table {
            bytes: self.bytes + size_of_val::<[u64]>(&slots) + self.uses.len() * 4,
            slots,
            chunks: self.chunks.clone(),
            uses: Arc::clone(&self.uses),
            hashing: self.hashing.clone(),
            shift: self.shift,
            len: self.len,
            generation,
        }
    }

    /// Whether keys collide so much that somebody must have chosen them.
    pub(super) const fn is_crowded(&self) -> bool {
        self.crowded
    }

    /// Spreads the keys with a secret; `hash` hashes the bytes of one. Between rounds.
    pub(super) fn salt(&mut self, hash: impl Fn(&[u8], &Hashing) -> u64) {
        self.hashing = Hashing::Salted(RandomState::new());
        for entry in self.entries.iter_mut().flatten() {
            let key = record_at(&self.chunks, entry.place).map_or(&[][..], |record| record.key());
            entry.hash = hash(key, &self.hashing);
        }
        self.index();
        self.crowded = false;
    }

    fn new_id(&mut self) -> u32 {
        let id = self.entries.len();
        self.entries.push(None);
        if id >= self.uses.len() {
            // Readers of older tables mark in the old ones: such marks are lost.
            let more = self.entries.len().next_power_of_two().max(64);
            let old = self.uses.iter().map(|used| used.load(Ordering::Relaxed));
            let uses = old.chain(std::iter::repeat(0)).take(more);
            self.uses = uses.map(AtomicU32::new).collect();
        }
        u32::try_from(id).unwrap_or(u32::MAX)
    }

    /// Writes a record to the chunk in the making.
    fn write(&mut self, id: u32, key: &[u8], answer: &Answer<'_>) -> Place {
        // A key that ends with a NUL shares its bytes with the text that it is.
        let key = match key {
            [text @ .., 0] => {
                let place = self.text(text);
                let len = place.len + 1;
                Place { len, ..place }
            }
            bytes => self.text(bytes),
        };
        let labels = if answer.labels.is_empty() {
            Place::default()
        } else {
            self.text(answer.labels)
        };
        let mut places = mem::take(&mut self.places);
        places.clear();
        places.extend(answer.texts.iter().map(|text| self.text(text)));
        self.align();
        let offset = to_u32(self.chunk.len());
        let head = RecordHead {
            answered: answer.answered,
            identity: answer.identity,
            id,
            world: answer.world,
            verdict: answer.verdict,
            texts: u8::try_from(places.len()).unwrap_or(u8::MAX),
            labels_count: answer.labels_count,
            item_len: to_u32(answer.item.len()),
            key,
            labels,
        };
        head.write(&mut self.chunk);
        places.iter().for_each(|place| place.write(&mut self.chunk));
        self.places = places;
        self.chunk.extend_from_slice(answer.item);
        Place {
            chunk: to_u32(self.chunks.len()),
            offset,
            len: 0,
        }
    }

    /// Where a text is, with a NUL behind it; one that is there already is shared.
    fn text(&mut self, text: &[u8]) -> Place {
        let hash = hash_key(&text);
        if let Some(place) = self.texts.get(&hash).copied()
            && self.bytes(place) == text
        {
            return place;
        }
        // The tables of labels are read as words of eight bytes at best.
        self.align();
        let place = Place {
            chunk: to_u32(self.chunks.len()),
            offset: to_u32(self.chunk.len()),
            len: to_u32(text.len()),
        };
        self.chunk.extend_from_slice(text);
        self.chunk.push(0);
        self.texts.insert(hash, place);
        place
    }

    fn align(&mut self) {
        self.chunk
            .resize(self.chunk.len().next_multiple_of(UNIT), 0);
    }

    /// Bytes of a chunk, or of the one in the making.
    fn bytes(&self, place: Place) -> &[u8] {
        if place.chunk as usize == self.chunks.len() {
            let start = place.offset as usize;
            let bytes = self.chunk.get(start..start + place.len as usize);
            bytes.unwrap_or_default()
        } else {
            bytes_at(&self.chunks, place)
        }
    }

    /// Puts everything that is kept into one chunk.
    fn compact(&mut self) {
        let chunks = mem::take(&mut self.chunks);
        self.texts.clear();
        let (mut entries, mut texts) = (mem::take(&mut self.entries), Vec::new());
        for (id, entry) in (0_u32..).zip(&mut entries) {
            let Some(entry) = entry else { continue };
            let Some(record) = record_at(&chunks, entry.place) else {
                continue;
            };
            texts.clear();
            texts.extend(record.texts());
            let answer = Answer {
                answered: entry.answered,
                keep_until: entry.keep_until,
                generation: entry.generation,
                identity: entry.identity,
                world: entry.world,
                round: entry.round,
                verdict: entry.verdict,
                item: record.item(),
                texts: &texts,
                labels: record.labels(),
                labels_count: record.head.labels_count,
            };
            entry.place = self.write(id, record.key(), &answer);
        }
        self.entries = entries;
        let chunk = mem::take(&mut self.chunk);
        self.bytes = chunk.len();
        self.compact_at = self.bytes * 2 + SLACK;
        self.chunks.push(chunk.into());
        self.index();
    }

    /// Makes slots anew.
    fn index(&mut self) {
        let capacity = (self.len * 4).next_power_of_two().max(2);
        self.shift = u64::BITS - capacity.ilog2();
        self.slots = vec![FREE; capacity];
        self.gone = 0;
        let entries = mem::take(&mut self.entries);
        entries
            .iter()
            .flatten()
            .for_each(|entry| self.occupy(entry));
        self.entries = entries;
    }

    /// Takes a slot for an answer.
    fn occupy(&mut self, entry: &Entry) {
        let Some(taken) = slot_of(entry.hash, entry.place) else {
            return;
        };
        let mask = self.slots.len() - 1;
        let first = first_slot(entry.hash, self.shift);
        for probe in 0..self.slots.len() {
            if let Some(slot) = self.slots.get_mut((first + probe) & mask)
                && *slot <= GONE
            {
                self.gone -= usize::from(*slot == GONE);
                *slot = taken;
                self.crowded |= probe > LONG_PROBE && matches!(self.hashing, Hashing::Plain);
                return;
            }
        }
    }

    /// Gives up the slot of an answer.
    fn vacate(&mut self, entry: &Entry) {
        self.len -= 1;
        let wanted = slot_of(entry.hash, entry.place);
        let mask = self.slots.len() - 1;
        let first = first_slot(entry.hash, self.shift);
        for probe in 0..self.slots.len() {
            let Some(slot) = self.slots.get_mut((first + probe) & mask) else {
                return;
            };
            if Some(*slot) == wanted {
                *slot = GONE;
                self.gone += 1;
                return;
            }
        }
    }

    /// The slot of the answer with this hash that `is_it` accepts.
    fn position(&self, hash: u64, is_it: impl Fn(&Record<'_>) -> bool) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let first = first_slot(hash, self.shift);
        for probe in 0..self.slots.len() {
            let position = (first + probe) & mask;
            match self.slots.get(position).copied()? {
                FREE => return None,
                GONE => {}
                _ => {
                    if self.record(position).is_some_and(|record| is_it(&record)) {
                        return Some(position);
                    }
                }
            }
        }
        None
    }

    fn record(&self, position: usize) -> Option<Record<'_>> {
        let slot = self.slots.get(position).copied()?;
        record_at(&self.chunks, super::table::place_of(slot))
    }
}

/// A number of bytes of one round, which no answer within the limits exceeds.
fn to_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
