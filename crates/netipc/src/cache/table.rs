use netipc_proto::wire::{WireError, WireErrorKind, align8};

use super::{Cached, Fetched};

/// The items of one answer, as they came, and where to find each.
///
/// ```text
/// slots   | tag start len | - | tag start len | ...   open addressing, at most half full
/// arena   | item 0 .. gap to 8 | item 1 .. | ...      in the order of the answer
/// ```
///
/// A hit reads one slot and one item.
#[derive(Debug)]
pub(super) struct Table {
    arena: Box<[u8]>,
    spans: Box<[Span]>,
    slots: Box<[Slot]>,
    duplicates: u32,
    generation: u64,
    systemd_enabled: u32,
}

/// Where an item lies in the arena.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

/// A place in the index; free while its item has no bytes.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    item: Span,
}

const FREE: Slot = Slot {
    tag: 0,
    item: Span { start: 0, len: 0 },
};

impl Table {
    /// Copies what came, validates every item, and indexes it.
    pub(super) fn build<S: Cached>(fetched: &Fetched<'_>) -> Result<Self, WireError> {
        let items = fetched.items;
        // A few bytes may stand for many items: copied, they would take more than came.
        let bytes = items
            .iter()
            .fold(0_usize, |sum, item| sum.saturating_add(item.len()));
        if bytes > items.item_bytes() {
            let (room, bytes) = (items.item_bytes() as u64, bytes as u64);
            return Err(WireError::layout("bytes of disjoint items", room, bytes));
        }
        let padded = items.iter().map(|item| align8(item.len())).sum();
        let mut arena = Vec::with_capacity(padded);
        let mut spans = Vec::with_capacity(items.len());
        for item in items.iter() {
            S::check(item)?;
            spans.push(Span {
                start: narrow(arena.len())?,
                len: narrow(item.len())?,
            });
            arena.extend_from_slice(item);
            arena.resize(align8(arena.len()), 0);
        }
        let capacity = (items.len() * 2).next_power_of_two();
        let mut table = Self {
            arena: arena.into(),
            spans: spans.into(),
            slots: vec![FREE; capacity].into(),
            duplicates: 0,
            generation: fetched.generation,
            systemd_enabled: fetched.systemd_enabled,
        };
        for index in 0..table.spans.len() {
            table.index::<S>(index);
        }
        Ok(table)
    }

    #[inline]
    pub(super) fn get<S: Cached>(&self, key: S::Key<'_>) -> Option<S::Item<'_>> {
        let tag = S::hash(key);
        let mut at = tag as usize;
        loop {
            let slot = self.slot(at);
            if slot.item.len == 0 {
                return None;
            }
            if slot.tag == tag {
                let item = S::view(self.bytes_of(slot.item));
                if S::same(S::key(&item), key) {
                    return Some(item);
                }
            }
            at = at.wrapping_add(1);
        }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &[u8]> {
        self.spans.iter().map(|span| self.bytes_of(*span))
    }

    pub(super) const fn len(&self) -> usize {
        self.spans.len()
    }

    pub(super) const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn systemd_enabled(&self) -> u32 {
        self.systemd_enabled
    }

    pub(super) const fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.arena.len()
            + size_of_val::<[Span]>(&self.spans)
            + size_of_val::<[Slot]>(&self.slots)
    }

    /// Enters an item, unless one before it has the same key.
    fn index<S: Cached>(&mut self, index: usize) {
        let Some(span) = self.spans.get(index).copied() else {
            return;
        };
        let key = S::key(&S::view(self.bytes_of(span)));
        if self.get::<S>(key).is_some() {
            self.duplicates += 1;
            return;
        }
        let tag = S::hash(key);
        let mut at = tag as usize;
        while self.slot(at).item.len > 0 {
            at = at.wrapping_add(1);
        }
        let mask = self.slots.len() - 1;
        if let Some(slot) = self.slots.get_mut(at & mask) {
            *slot = Slot { tag, item: span };
        }
    }

    #[inline]
    fn slot(&self, at: usize) -> Slot {
        // The number of slots is a power of two, and at least one of them is free.
        let mask = self.slots.len() - 1;
        self.slots.get(at & mask).copied().unwrap_or(FREE)
    }

    #[inline]
    fn bytes_of(&self, span: Span) -> &[u8] {
        let (start, len) = (span.start as usize, span.len as usize);
        self.arena.get(start..start + len).unwrap_or_default()
    }
}

fn narrow(n: usize) -> Result<u32, WireError> {
    let limit = u64::from(u32::MAX);
    u32::try_from(n).or(Err(WireError::new(
        WireErrorKind::Overflow,
        "cache",
        limit,
        n as u64,
    )))
}

#[cfg(test)]
mod tests {
    use netipc_proto::wire::{ENTRY_LEN, Packed};

    use super::*;
    use crate::service::cgroups::{CgroupsBuilder, CgroupsSnapshot};

    const HEADER_LEN: usize = 24;

    fn build(payload: &[u8]) -> Result<Table, WireError> {
        let fetched = Fetched {
            generation: 1,
            systemd_enabled: 0,
            items: Packed::trusted(payload, HEADER_LEN, 2)?,
        };
        Table::build::<CgroupsSnapshot>(&fetched)
    }

    #[test]
    fn items_that_share_their_bytes_are_refused() {
        let mut payload = vec![0; 1024];
        let mut snapshot = CgroupsBuilder::new(&mut payload).unwrap();
        for name in [b"a", b"b"] {
            snapshot.add(1, 0, 1, name, b"/path").unwrap();
        }
        let len = snapshot.finish().unwrap();
        payload.truncate(len);
        assert_eq!(build(&payload).unwrap().len(), 2);

        payload.copy_within(HEADER_LEN..HEADER_LEN + ENTRY_LEN, HEADER_LEN + ENTRY_LEN);
        payload.truncate(payload.len() - 40);
        let error = build(&payload).unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::BadLayout, "{error}");
    }
}
