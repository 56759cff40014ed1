//! Readers of tables against the owner, who puts others in their place.
//!
//! The swap itself is the work of `arc-swap`; a lock stands for it here, which orders as it does: what was written
//! before a table was published is seen by who finds the table.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc as Shared;
use std::time::Duration;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::cache::hash_key;
use crate::ledger::{Answer, Ledger};
use crate::lookup::Verdict;
use crate::table::Table;

/// More than what is put up with of no use, so that chunks are put together.
const LARGE: usize = 70 * 1024;

fn hash(key: u32) -> u64 {
    hash_key(&&key.to_le_bytes()[..])
}

/// Keeps this version of an item, whose text says the same as its fixed part.
fn put(ledger: &mut Ledger, key: u32, version: u8, round: u32, len: usize) {
    let item = vec![version; len];
    let text = [b'v', version];
    let answer = Answer {
        answered: Duration::ZERO,
        keep_until: Duration::MAX,
        generation: 1,
        identity: 0,
        world: 1,
        round,
        verdict: Verdict::Known,
        item: &item,
        texts: &[&text],
        labels: &[],
        labels_count: 0,
    };
    ledger.put(hash(key), &key.to_le_bytes(), &answer);
}

/// The version of a key in a table. All parts of an item are of one.
fn version(table: &Table, key: u32) -> Option<u8> {
    let record = table.find(hash(key), |bytes| bytes == key.to_le_bytes())?;
    let version = *record.item().first().unwrap();
    assert!(record.item().iter().all(|byte| *byte == version));
    assert_eq!(record.texts().collect::<Vec<_>>(), [[b'v', version]]);
    Some(version)
}

/// What readers have of an enricher.
struct Readers {
    table: Mutex<Shared<Table>>,
    round: AtomicU32,
}

impl Readers {
    fn new(ledger: &mut Ledger) -> Arc<Self> {
        ledger.seal();
        Arc::new(Self {
            table: Mutex::new(Shared::new(ledger.table(1))),
            round: AtomicU32::new(2),
        })
    }

    fn load(&self) -> Shared<Table> {
        Shared::clone(&self.table.lock().unwrap())
    }

    fn publish(&self, ledger: &mut Ledger) {
        ledger.seal();
        let next = Shared::new(ledger.table(1));
        let old = std::mem::replace(&mut *self.table.lock().unwrap(), next);
        drop(old);
        self.round.fetch_add(1, Ordering::Relaxed);
    }

    /// A look that finds an item, as readers do it.
    fn use_key(&self, table: &Table, key: u32) {
        let record = table.find(hash(key), |bytes| bytes == key.to_le_bytes());
        table.mark(&record.unwrap(), self.round.load(Ordering::Relaxed));
    }
}

#[test]
fn a_reader_has_whole_items_while_others_take_their_place() {
    loom::model(|| {
        let mut ledger = Ledger::new();
        put(&mut ledger, 1, 1, 1, 8);
        let readers = Readers::new(&mut ledger);
        let reader = {
            let readers = Arc::clone(&readers);
            thread::spawn(move || {
                let first = readers.load();
                let before = version(&first, 1).unwrap();
                readers.use_key(&first, 1);
                let second = readers.load();
                let after = version(&second, 1).unwrap();
                assert!(after >= before, "{after} after {before}");
                assert_eq!(
                    version(&first, 1),
                    Some(before),
                    "a guard keeps what it has"
                );
                readers.use_key(&first, 1);
            })
        };
        put(&mut ledger, 1, 2, 2, 8);
        readers.publish(&mut ledger);
        // What there is moves to another chunk, too.
        put(&mut ledger, 1, 3, 3, LARGE);
        readers.publish(&mut ledger);
        reader.join().unwrap();
        assert_eq!(version(&readers.load(), 1), Some(3));
    });
}

#[test]
fn what_a_reader_uses_stays_where_the_owner_has_seen_it() {
    loom::model(|| {
        let mut ledger = Ledger::new();
        put(&mut ledger, 1, 1, 1, 8);
        put(&mut ledger, 2, 1, 1, 8);
        let readers = Readers::new(&mut ledger);
        let reader = {
            let readers = Arc::clone(&readers);
            thread::spawn(move || {
                let table = readers.load();
                if version(&table, 1).is_some() {
                    readers.use_key(&table, 1);
                }
                table
            })
        };
        // There is room for one: the one that was used last.
        let used = |ledger: &Ledger, key: u32| {
            let (id, entry) = ledger.find(hash(key), &key.to_le_bytes()).unwrap();
            (ledger.used(id), entry.number, id)
        };
        let (first, second) = (used(&ledger, 1), used(&ledger, 2));
        let gone = if first < second { 1 } else { 2 };
        ledger.remove([first, second][gone as usize - 1].2);
        readers.publish(&mut ledger);
        let seen = reader.join().unwrap();
        assert_eq!(version(&readers.load(), gone), None);
        assert_eq!(version(&readers.load(), 3 - gone), Some(1));
        if version(&seen, gone).is_some() {
            assert_eq!(
                version(&seen, 3 - gone),
                Some(1),
                "the table before had both"
            );
        }
        assert_eq!(
            gone == 2,
            first.0 > 1,
            "the one that was not seen to be used"
        );
    });
}

#[test]
fn who_has_an_old_table_stamps_no_other_key_of_a_new_one() {
    let mut model = loom::model::Builder::new();
    model.max_branches = 10_000;
    model.preemption_bound = Some(2);
    model.check(|| {
        let mut ledger = Ledger::new();
        (1..=64).for_each(|key| put(&mut ledger, key, 1, 1, 8));
        let readers = Readers::new(&mut ledger);
        let reader = {
            let readers = Arc::clone(&readers);
            thread::spawn(move || readers.use_key(&readers.load(), 1))
        };
        // One more than there are stamps for: they move.
        put(&mut ledger, 65, 1, 2, 8);
        readers.publish(&mut ledger);
        reader.join().unwrap();
        for (id, entry) in ledger.iter() {
            let used = ledger.used(id);
            match entry.number {
                // A stamp in the old place is lost, at worst.
                1 => assert!((1..=3).contains(&used), "{used}"),
                65 => assert_eq!(used, 2),
                _ => assert_eq!(used, 1),
            }
        }
        readers.use_key(&readers.load(), 1);
        let (id, _) = ledger.find(hash(1), &1_u32.to_le_bytes()).unwrap();
        assert_eq!(ledger.used(id), 3);
    });
}
