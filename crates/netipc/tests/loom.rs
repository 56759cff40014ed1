//! Readers of an enricher against its owner, under every interleaving.
#![cfg(all(unix, target_pointer_width = "64"))]

/// The files under test, with the model checker's locks and atomics in place of the real ones.
#[path = "../src/enricher/intake.rs"]
#[expect(dead_code, reason = "models do not do everything")]
mod intake;
#[path = "../src/enricher/ledger.rs"]
#[expect(dead_code, reason = "models do not do everything")]
mod ledger;
#[path = "../src/enricher/table.rs"]
#[expect(dead_code, reason = "models do not do everything")]
mod table;

mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use loom::sync::atomic::{AtomicU32, Ordering};
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
}

/// What those files use of the crate.
mod cache {
    pub(crate) fn hash_key<K: std::hash::Hash>(key: &K) -> u64 {
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
        BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
    }
}

mod lookup {
    pub(crate) use netipc::enricher::Verdict;
}

#[path = "loom/tables.rs"]
mod tables;

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use intake::{End, Intake, Wanted};

const KEY: &[u8] = b"key";

/// An intake, and a table that has the answer or not.
struct Model {
    intake: Intake,
    published: AtomicBool,
    asked: AtomicUsize,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            intake: Intake::new(4),
            published: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        })
    }

    /// A look, as readers do it: the key is wanted where the table that was there had no answer.
    fn look(&self) -> Option<Wanted> {
        if self.published.load(Ordering::Acquire) {
            return None;
        }
        let answered = || self.published.load(Ordering::Acquire);
        Some(self.intake.want(KEY, false, answered).0)
    }

    /// A round: what was taken is asked, published, and finished.
    fn round(&self) {
        let taken = self.intake.take(4);
        if !taken.is_empty() {
            self.asked.fetch_add(taken.len(), Ordering::Relaxed);
            self.published.store(true, Ordering::Release);
            self.intake.finish(taken.iter());
        }
    }
}

#[test]
fn a_key_is_asked_once_however_many_look_while_it_is_answered() {
    loom::model(|| {
        let model = Model::new();
        let reader = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.look())
        };
        let first = model.look();
        model.round();
        reader.join().unwrap();
        model.round();
        assert_eq!(first, Some(Wanted::Waiting), "nobody had answered");
        assert_eq!(model.asked.load(Ordering::Relaxed), 1);
        assert!(model.published.load(Ordering::Relaxed));
        assert_eq!(model.intake.depth(), (0, 0));
    });
}

#[test]
fn a_key_that_comes_while_the_owner_falls_asleep_wakes_it_or_keeps_it_awake() {
    loom::model(|| {
        let model = Model::new();
        let reader = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.intake.want(KEY, false, || false))
        };
        let sleeps = model.intake.fall_asleep();
        let (wanted, wakes) = reader.join().unwrap();
        assert_eq!(wanted, Wanted::Waiting);
        assert_eq!(sleeps, wakes, "a sleeper is woken, and nobody else is");
    });
}

#[test]
fn of_two_keys_one_wakes_the_owner() {
    loom::model(|| {
        let model = Model::new();
        assert!(model.intake.fall_asleep());
        let reader = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.intake.want(b"other", true, || false).1)
        };
        let ours = model.intake.want(KEY, false, || false).1;
        assert!(ours != reader.join().unwrap());
    });
}

#[test]
fn keys_of_a_call_that_failed_are_neither_lost_nor_doubled() {
    loom::model(|| {
        let model = Model::new();
        model.look();
        let reader = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.look())
        };
        let taken = model.intake.take(4);
        model.intake.put_back(taken, End::Back);
        reader.join().unwrap();
        assert_eq!(model.intake.depth(), (1, 0));
        model.round();
        assert_eq!(model.asked.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn who_waits_for_an_answer_is_told() {
    loom::model(|| {
        let model = Model::new();
        model.intake.want(KEY, true, || false);
        let owner = {
            let model = Arc::clone(&model);
            thread::spawn(move || model.round())
        };
        model
            .intake
            .wait(&[KEY.to_vec()], || Some(Duration::from_secs(60)));
        assert!(model.published.load(Ordering::Acquire));
        owner.join().unwrap();
    });
}
