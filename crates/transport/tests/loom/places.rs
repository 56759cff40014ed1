//! Where mappings are noted, for a handler of signals that looks while others come and go.

use std::ptr;

use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use loom::thread;

use crate::memory_places::{Place, Places};
use crate::model;

fn places() -> &'static Places<1> {
    Box::leak(Box::new(Places {
        own: [Place {
            previous: AtomicPtr::new(ptr::null_mut()),
            is_taken: AtomicBool::new(false),
            version: AtomicUsize::new(0),
            start: AtomicUsize::new(0),
            size: AtomicUsize::new(0),
            is_lost: AtomicBool::new(false),
        }],
        last: AtomicPtr::new(ptr::null_mut()),
    }))
}

fn found(places: &'static Places<1>, address: usize) -> Option<(usize, usize)> {
    places.find(address).map(|(_, start, size)| (start, size))
}

/// A place that is used again tells of one mapping or the other, and never of half of each.
#[test]
fn a_mapping_is_found_whole_or_not_at_all() {
    // What only the start of one with the size of the other would have.
    for address in [105, 220] {
        model(2, move || {
            let places = places();
            let other = thread::spawn(move || {
                places.take(100, 10).give_back();
                places.take(200, 50);
            });
            let found = found(places, address);
            assert!(
                [None, Some((100, 10)), Some((200, 50))].contains(&found),
                "{found:?}"
            );
            other.join().unwrap();
        });
    }
}

/// Whoever has touched a mapping finds it, whatever others do meanwhile, and notes the loss of no other.
#[test]
fn who_has_a_mapping_always_finds_it() {
    model(1, || {
        let places = places();
        let other = thread::spawn(move || {
            let place = places.take(300, 10);
            assert_eq!(found(places, 309), Some((300, 10)));
            assert!(!place.is_lost());
            place.give_back();
        });
        let own = places.take(100, 50);
        let (place, start, size) = places.find(149).unwrap();
        assert_eq!((start, size), (100, 50));
        assert!(ptr::eq(place, own));
        place.lose();
        other.join().unwrap();
        assert!(own.is_lost());
        own.give_back();
        assert!(!places.take(100, 50).is_lost(), "another one there");
    });
}
