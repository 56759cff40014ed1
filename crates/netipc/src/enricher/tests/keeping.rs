//! What is kept, and for how long.

use std::time::Duration;

use super::super::config::EnricherConfig;
use super::super::intake::Intake;
use super::super::outcome::{Missing, StepEnd};
use super::super::source::AskError;
use super::sim::{Rig, named};

const SECOND: Duration = Duration::from_secs(1);

fn rig() -> Rig {
    Rig::new(EnricherConfig::default())
}

fn of_capacity(capacity: usize) -> Rig {
    Rig::new(EnricherConfig {
        capacity,
        ..EnricherConfig::default()
    })
}

#[test]
fn what_was_used_least_recently_makes_room() {
    let mut rig = of_capacity(3);
    for pid in 1..=3 {
        rig.provider().knows(pid, pid);
        rig.reader.want(pid);
    }
    rig.settle();
    assert_eq!(rig.get(1), named(1));
    rig.settle();
    rig.reader.want(4);
    rig.settle();
    assert_eq!(rig.get(1), named(1), "it was used");
    assert!(
        rig.reader.read().peek(2).is_none(),
        "the oldest that was not"
    );
    assert!(rig.reader.read().peek(3).is_some());
    assert_eq!(rig.stats().evicted_capacity, 1);
}

#[test]
fn capacity_one_keeps_the_last_answer() {
    let mut rig = of_capacity(1);
    for pid in 1..=5 {
        rig.provider().knows(pid, pid);
        rig.reader.want(pid);
    }
    rig.settle();
    assert_eq!(rig.get(5), named(5));
    assert_eq!(rig.get(1), Err(Missing::Queued));
    assert_eq!(rig.stats().entries, 1);
}

#[test]
fn pinned_keys_stay_whatever_comes() {
    let mut rig = of_capacity(2);
    (1..=50).for_each(|pid| rig.provider().knows(pid, pid));
    let pins: Vec<_> = (1..=4).map(|pid| rig.reader.pin(pid).unwrap()).collect();
    let again = rig.reader.pin(1);
    for pid in 1..=40 {
        rig.reader.want(pid);
        rig.settle();
    }
    for pid in 1..=4 {
        assert_eq!(rig.get(pid), named(pid));
    }
    assert_eq!((rig.stats().entries, rig.stats().pinned), (6, 4));
    drop(pins);
    assert_eq!(rig.stats().pinned, 1, "one was pinned twice");
    drop(again);
    rig.reader.want(50);
    rig.settle();
    assert_eq!(rig.stats().entries, 2, "no pin makes more room");
}

#[test]
fn pinned_keys_are_asked_again_although_nobody_looks() {
    let mut rig = rig();
    let _pin = rig.reader.pin(5);
    let step = rig.step();
    assert_eq!(step.next, Some(SECOND), "unknown for now");
    rig.pass(SECOND);
    rig.provider().knows(5, 50);
    rig.provider().generation += 1;
    rig.settle();
    assert_eq!(rig.get(5), named(50));
    rig.provider().knows(5, 51);
    rig.pass(SECOND * 600);
    rig.settle();
    assert_eq!(
        rig.reader.read().peek(5).unwrap().cgroup_name.to_string(),
        "name-51"
    );
}

#[test]
fn old_answers_go_where_nobody_used_them_and_are_asked_again_where_somebody_did() {
    let mut rig = rig();
    for pid in [1, 2] {
        rig.provider().knows(pid, pid);
        rig.reader.want(pid);
    }
    rig.settle();
    rig.pass(SECOND * 599);
    assert_eq!(rig.get(1), named(1));
    rig.provider().knows(1, 10);
    let step = rig.step();
    assert_eq!(step.next, Some(SECOND));
    rig.calls();
    rig.pass(SECOND);
    rig.settle();
    assert_eq!(rig.calls(), [vec![1]]);
    assert_eq!(rig.get(1), named(10));
    assert_eq!((rig.stats().entries, rig.stats().evicted_age), (1, 1));
}

#[test]
fn a_flood_of_keys_drops_those_that_wait_longest() {
    let mut rig = Rig::new(EnricherConfig {
        intake: 100,
        batch: 30,
        ..EnricherConfig::default()
    });
    for pid in 0..1000 {
        assert_eq!(rig.get(pid), Err(Missing::Queued));
    }
    let stats = rig.stats();
    assert_eq!((stats.intake_depth, stats.intake_dropped), (100, 900));
    rig.settle();
    let calls = rig.calls();
    let asked: Vec<u32> = calls.iter().flatten().copied().collect();
    assert_eq!(asked, (900..1000).collect::<Vec<_>>());
    assert_eq!(
        calls.iter().map(Vec::len).collect::<Vec<_>>(),
        [30, 30, 30, 10]
    );
}

#[test]
fn an_abort_ends_a_round_and_keeps_its_keys() {
    let mut rig = rig();
    rig.reader.want(5);
    rig.core.abort.raise();
    assert_eq!(rig.step().end, StepEnd::Aborted);
    assert_eq!(rig.step().waiting, 1);
    rig.core.abort.clear();
    rig.provider().failures.push(AskError::Aborted);
    assert_eq!(rig.step().end, StepEnd::Aborted);
    rig.settle();
    assert_eq!(rig.stats().answered, 1);
    assert_eq!((rig.stats().failed, rig.stats().timed_out), (0, 0));
}

#[test]
fn a_closed_enricher_forgets_and_can_be_used_again() {
    let mut rig = rig();
    rig.provider().knows(5, 50);
    let _pin = rig.reader.pin(5);
    rig.settle();
    let guard = rig.reader.read();
    rig.core.close();
    assert!(guard.peek(5).is_some(), "a guard keeps what it has");
    drop(guard);
    assert_eq!((rig.stats().entries, rig.stats().answered), (0, 1));
    rig.settle();
    assert_eq!(rig.get(5), named(50), "it is still pinned");
}

#[test]
fn names_and_labels_are_kept_once() {
    let mut rig = rig();
    for pid in 0..1000 {
        rig.provider().knows(pid, 7);
        rig.reader.want(pid);
    }
    rig.settle();
    let each = rig.stats().bytes / 1000;
    assert!(each < 320, "{each} bytes for each item");
    assert_eq!(rig.get(999), named(7));
}

#[test]
fn keys_that_collide_are_found_all_the_same() {
    let mut rig = rig();
    // Far apart, so that the fast hash spreads them badly if it does at all.
    let pids: Vec<u32> = (0..3000)
        .map(|n: u32| n.wrapping_mul(0x0100_0000).wrapping_add(n >> 8))
        .collect();
    for pid in &pids {
        rig.provider().knows(*pid, *pid);
        rig.reader.want(*pid);
    }
    rig.settle();
    for pid in pids {
        assert_eq!(rig.get(pid), named(pid));
    }
}

#[test]
fn keys_that_became_urgent_take_no_room_from_those_that_wait() {
    let intake = Intake::new(2);
    for key in 0..20 {
        intake.want(&[key], false, || false);
        intake.want(&[key], true, || false);
        let taken = intake.take(9);
        assert_eq!(taken.len(), 1, "{taken:?}");
        assert_eq!((&*taken[0].key, taken[0].urgent), (&[key][..], true));
        intake.finish(taken.iter());
    }
    for key in [100, 101, 102] {
        intake.want(&[key], false, || false);
    }
    assert_eq!(intake.depth(), (2, 1), "the oldest was dropped");
    let keys: Vec<_> = intake.take(9).into_iter().map(|taken| taken.key).collect();
    assert_eq!(
        keys.iter().map(|key| key[0]).collect::<Vec<_>>(),
        [101, 102]
    );
}
