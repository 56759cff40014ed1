use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use netipc_proto::wire::{CStrView, ENTRY_LEN, ListRules};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::cache::hash::KeyHasher;
use crate::service::cgroups::{
    CgroupKey, CgroupsBuilder, CgroupsHeader, CgroupsItemView, CgroupsSnapshot,
};

const HEADER_LEN: usize = 24;

/// A hash and a name; the options of an item are its number.
type Cgroup = (u32, Vec<u8>);

fn snapshot(cgroups: &[Cgroup]) -> Vec<u8> {
    let mut payload = vec![0; 1024 + 256 * cgroups.len()];
    let mut snapshot = CgroupsBuilder::new(&mut payload).unwrap();
    for (number, (hash, name)) in (0..).zip(cgroups) {
        snapshot.add(*hash, number, 1, name, b"/path").unwrap();
    }
    let len = snapshot.finish().unwrap();
    payload.truncate(len);
    payload
}

fn build(payload: &[u8], count: u32) -> Result<Table<CgroupsSnapshot>, WireError> {
    let items = Packed::parse(payload, HEADER_LEN, count, ListRules::BATCH)?;
    Table::build(&Fetched::unchecked(1, CgroupsHeader::default(), items))
}

fn table(cgroups: &[Cgroup]) -> Table<CgroupsSnapshot> {
    let count = cgroups.len().try_into().unwrap();
    build(&snapshot(cgroups), count).unwrap()
}

fn find<'t>(
    table: &'t Table<CgroupsSnapshot>,
    (hash, name): &Cgroup,
) -> Option<CgroupsItemView<'t>> {
    let (hash, name) = (*hash, CStrView::new(name));
    table.get(CgroupKey { hash, name }).map(|found| found.item)
}

/// So many hashes that all start at one of the first `starts` slots.
fn crowded(count: u32, starts: u64) -> Vec<Cgroup> {
    let bits = (count * 2).next_power_of_two().ilog2();
    let start = |hash: u32| u64::from(hash).wrapping_mul(GOLDEN) >> (u64::BITS - bits);
    let hashes = (0..).filter(|hash| start(*hash) < starts);
    hashes.take(count as usize).map(named).collect()
}

fn named(number: u32) -> Cgroup {
    (number, format!("cgroup-{number}").into_bytes())
}

#[test]
fn items_that_share_their_bytes_are_refused() {
    let mut payload = snapshot(&[(1, b"a".to_vec()), (1, b"b".to_vec())]);
    assert_eq!(build(&payload, 2).unwrap().len(), 2);

    payload.copy_within(HEADER_LEN..HEADER_LEN + ENTRY_LEN, HEADER_LEN + ENTRY_LEN);
    payload.truncate(payload.len() - 40);
    let error = build(&payload, 2).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::BadLayout, "{error}");
}

#[test]
fn every_byte_counts() {
    let table = table(&[(1, b"a".to_vec()), (2, b"name".to_vec())]);
    // Items of 40 and 43 bytes, each behind its length and position; four slots and their probes.
    let (arena, slots) = (4 + 8 + 40 + 8 + 44, 4 + 3 * 2);
    assert_eq!(
        table.bytes(),
        size_of::<Table<CgroupsSnapshot>>() + arena + 4 * slots
    );
}

#[test]
fn good_hashes_are_taken_as_they_are() {
    let cgroups: Vec<_> = (0..5000)
        .map(named)
        .map(|(_, name)| (crate::simple_hash(&name), name))
        .collect();
    let table = table(&cgroups);
    assert!(matches!(table.hashing, Hashing::Plain));
    assert!(cgroups.iter().all(|cgroup| find(&table, cgroup).is_some()));
}

#[test]
fn hashes_that_are_alike_are_not_relied_on() {
    let count = 500;
    let equal = (0..count).map(|number| (7, named(number).1)).collect();
    for cgroups in [equal, crowded(count, 1), crowded(count, 16)] {
        let table = table(&cgroups);
        assert!(matches!(table.hashing, Hashing::Whole));
        for (number, cgroup) in (0..).zip(&cgroups) {
            assert_eq!(find(&table, cgroup).map(|item| item.options), Some(number));
        }
        assert_eq!(find(&table, &(7, b"cgroup-".to_vec())), None);
    }
}

#[test]
fn names_that_are_chosen_to_be_alike_meet_a_secret() {
    let mut front = KeyHasher(0);
    (0_u32, 16_usize).hash(&mut front);
    // The second word of a name takes back what the first one did.
    let name = |number: u64| {
        let first = u64::from_le_bytes([b'a'; 8]) ^ number << 32;
        let mut mixer = front;
        mixer.write_u64(first);
        let second = mixer.0.rotate_left(29) ^ u64::MAX;
        [first, second].map(u64::to_le_bytes).concat()
    };
    let names = (0..).map(name).filter(|name| !name.contains(&0));
    let cgroups: Vec<_> = names.take(200).map(|name| (0, name)).collect();
    let table = table(&cgroups);
    assert!(matches!(table.hashing, Hashing::Salted(_)));
    assert!(cgroups.iter().all(|cgroup| find(&table, cgroup).is_some()));
}

proptest! {
    #[test]
    fn a_lookup_finds_what_a_search_finds(
        cgroups in vec(cgroup(), 0..80),
        others in vec(cgroup(), 0..20),
    ) {
        let table = table(&cgroups);
        for wanted in cgroups.iter().chain(&others) {
            let first = cgroups.iter().position(|cgroup| cgroup == wanted);
            let key = CgroupKey { hash: wanted.0, name: CStrView::new(&wanted.1) };
            let found = table.get(key);
            prop_assert_eq!(found.as_ref().map(|found| found.item.options as usize), first);
            prop_assert_eq!(found.map(|found| found.position as usize), first);
        }
        let distinct = cgroups.iter().collect::<HashSet<_>>().len();
        prop_assert_eq!(table.duplicates() as usize, cgroups.len() - distinct);
        let items: Vec<_> = table.items().map(Valid::view).collect();
        let names: Vec<_> = items.iter().map(|item| (item.hash, item.name.to_vec())).collect();
        prop_assert_eq!(names, cgroups);
    }
}

/// Few hashes and few names, so that there are twins, and others that have only one of the two in
/// common.
fn cgroup() -> impl Strategy<Value = Cgroup> {
    let hash = prop_oneof![
        Just(0),
        0..4_u32,
        (0..16_u32).prop_map(|n| n << 28),
        any::<u32>()
    ];
    let front = prop_oneof![
        Just(""),
        Just("docker-"),
        Just("a name longer than two words-")
    ];
    let name =
        (front, vec(1..4_u8, 0..4)).prop_map(|(front, rest)| [front.as_bytes(), &rest].concat());
    (hash, name)
}
