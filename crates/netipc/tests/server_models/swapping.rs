//! The answer of a cache, swapped while readers look, with what is counted beside it.

use loom::thread;

use crate::sync::Arc;
use netipc::ClientState;

use shared::Shared;
use table::Table;

/// The file under test.
#[path = "../../src/cache/shared.rs"]
mod shared;

/// What it uses of the crate.
mod cached {
    pub(super) trait Cached {}
}
mod table {
    /// A table as far as a swap is concerned: which answer it is of.
    #[derive(Debug)]
    pub(super) struct Table<S>(pub(super) u64, pub(super) S);
}
impl cached::Cached for () {}

// Rules H3, H5.
#[test]
fn who_sees_that_a_refresh_succeeded_sees_its_answer_or_a_newer_one() {
    loom::model(|| {
        let shared = Arc::new(Shared::<()>::default());
        let theirs = Arc::clone(&shared);
        let owner = thread::spawn(move || {
            theirs.publish(Table(1, ()));
            theirs.publish(Table(2, ()));
        });
        let successes = shared.successes();
        let seen = shared.table.load_full().map_or(0, |table| table.0);
        assert!(
            seen >= successes,
            "{successes} were counted, and answer {seen} is there"
        );
        let later = shared.table.load_full().map_or(0, |table| table.0);
        assert!(later >= seen, "an older one came back");
        owner.join().unwrap();
        assert_eq!(shared.table.load_full().unwrap().0, 2);
        assert_ne!(shared.last_success(), 0);
    });
}

// Rule H3.
#[test]
fn who_sees_that_a_refresh_failed_sees_why_and_what_was_there() {
    loom::model(|| {
        let shared = Arc::new(Shared::<()>::default());
        shared.publish(Table(1, ()));
        let theirs = Arc::clone(&shared);
        let owner = thread::spawn(move || theirs.fail("why".to_owned()));
        if shared.failures() == 1 {
            assert_eq!(*shared.last_error.load_full().unwrap(), "why");
        }
        assert_eq!(shared.table.load_full().unwrap().0, 1);
        owner.join().unwrap();
        assert_eq!((shared.successes(), shared.failures()), (1, 1));
    });
}

// Rule H10.
#[test]
fn a_guard_outlives_the_end_of_its_cache() {
    loom::model(|| {
        let shared = Arc::new(Shared::<()>::default());
        shared.publish(Table(1, ()));
        shared.set_state(ClientState::Ready);
        let theirs = Arc::clone(&shared);
        let owner = thread::spawn(move || theirs.clear());
        let guard = shared.table.load_full();
        owner.join().unwrap();
        assert!(guard.is_none_or(|table| table.0 == 1));
        assert!(shared.table.load_full().is_none());
        assert_eq!(shared.state(), ClientState::Disconnected);
    });
}
