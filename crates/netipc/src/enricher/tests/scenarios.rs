//! What happens to a key, state by state.

use std::time::Duration;

use super::super::config::EnricherConfig;
use super::super::outcome::{Missing, StepEnd};
use super::super::source::AskError;
use super::sim::{Rig, Says, named};

fn rig() -> Rig {
    Rig::new(EnricherConfig::default())
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_key_is_queued_once_asked_once_and_given() {
    let mut rig = rig();
    rig.provider().knows(5, 50);
    for _ in 0..3 {
        assert_eq!(rig.get(5), Err(Missing::Queued));
    }
    let step = rig.step();
    assert_eq!((step.asked, step.answered, step.waiting), (1, 1, 0));
    for _ in 0..3 {
        assert_eq!(rig.get(5), named(50));
    }
    rig.settle();
    assert_eq!(rig.calls(), [vec![5]]);
    let stats = rig.stats();
    assert_eq!((stats.hits, stats.misses[0], stats.requested), (3, 3, 1));
    assert_eq!((stats.connects, stats.entries, stats.world), (1, 1, 1));
}

#[test]
fn an_item_tells_its_age_and_whether_it_is_stale() {
    let mut rig = rig();
    rig.provider().knows(5, 50);
    rig.reader.want(5);
    rig.settle();
    let answered = rig.reader.read().get(5).unwrap().answered;
    rig.pass(SECOND * 30);
    rig.provider().stop();
    assert!(
        !rig.reader.read().get(5).unwrap().stale,
        "nobody has looked yet"
    );
    assert_eq!(rig.step().end, StepEnd::Absent);
    let guard = rig.reader.read();
    let hit = guard.get(5).unwrap();
    assert!(hit.stale);
    assert_eq!(hit.answered, answered);
    assert_eq!(rig.get(6), Err(Missing::Absent));
    drop(guard);
    assert_eq!(rig.stats().stale_hits, 1);
}

#[test]
fn not_known_now_is_asked_again_when_the_generation_changed() {
    let mut rig = rig();
    rig.reader.want(5);
    rig.settle();
    assert_eq!(rig.get(5), Err(Missing::ForNow { retry_in: SECOND }));
    rig.settle();
    assert_eq!(rig.calls(), [vec![5]], "not before the interval is over");

    rig.pass(SECOND);
    assert_eq!(
        rig.get(5),
        Err(Missing::ForNow {
            retry_in: Duration::ZERO
        })
    );
    rig.settle();
    assert_eq!(
        rig.calls(),
        [vec![]],
        "asks for the generation, which is the same"
    );
    assert!(rig.get(5).is_err());
    rig.settle();
    assert!(rig.calls().is_empty(), "and not again at once");

    rig.pass(SECOND);
    rig.provider().knows(5, 50);
    rig.provider().generation += 1;
    assert!(rig.get(5).is_err());
    rig.settle();
    assert_eq!(rig.calls(), [vec![], vec![5]]);
    assert_eq!(rig.get(5), named(50));
}

#[test]
fn not_known_now_is_asked_again_after_a_while_in_any_case() {
    let mut rig = rig();
    rig.reader.want(5);
    rig.settle();
    rig.calls();
    rig.pass(SECOND * 60);
    assert!(rig.get(5).is_err());
    rig.settle();
    assert_eq!(rig.calls(), [vec![5]]);
}

#[test]
fn an_answer_to_another_key_tells_the_generation() {
    let mut rig = rig();
    rig.reader.want(5);
    rig.settle();
    rig.calls();
    rig.pass(SECOND);
    rig.provider().generation += 1;
    assert!(rig.get(5).is_err());
    rig.reader.want(6);
    rig.settle();
    assert_eq!(rig.calls(), [vec![6], vec![5]], "no probe");
}

#[test]
fn a_part_that_is_not_known_yet_is_asked_again_and_the_item_given_meanwhile() {
    let mut rig = rig();
    rig.provider()
        .says
        .insert(5, Says::CgroupLater { starttime: 9 });
    rig.reader.want(5);
    rig.settle();
    assert_eq!(rig.get(5), Ok("comm-5".to_owned()));
    rig.settle();
    assert_eq!(rig.calls(), [vec![5]]);
    rig.pass(SECOND);
    rig.provider().generation += 1;
    rig.provider().says.insert(
        5,
        Says::Known {
            starttime: 9,
            name: 50,
        },
    );
    assert_eq!(rig.get(5), Ok("comm-5".to_owned()));
    rig.settle();
    assert_eq!(rig.get(5), named(50));
    assert_eq!(rig.stats().reused, 0, "it is the same process");
}

#[test]
fn too_large_an_item_is_asked_again_only_in_another_world() {
    let mut rig = rig();
    rig.provider().says.insert(5, Says::Oversized);
    rig.reader.want(5);
    rig.settle();
    rig.calls();
    rig.pass(SECOND * 500);
    rig.provider().generation += 1;
    assert_eq!(rig.get(5), Err(Missing::Oversized));
    rig.settle();
    assert!(rig.calls().is_empty());

    rig.provider().stop();
    rig.step();
    rig.provider().start(8, 1);
    rig.provider().knows(5, 50);
    rig.settle();
    assert_eq!(
        rig.get(5),
        Err(Missing::Oversized),
        "wanted now that the world is new"
    );
    rig.settle();
    assert_eq!(rig.get(5), named(50));
    assert_eq!(rig.stats().world, 2);
}

#[test]
fn a_lower_generation_of_a_new_session_is_a_new_world() {
    let mut rig = rig();
    rig.provider().start(0, 10);
    rig.provider().says.insert(5, Says::Oversized);
    rig.reader.want(5);
    rig.settle();
    rig.provider().hang_up();
    rig.provider().generation = 12;
    rig.reader.want(6);
    rig.settle();
    assert_eq!(rig.stats().world, 1, "a session was lost, and no more");
    assert_eq!((rig.stats().connects, rig.stats().disconnects), (2, 1));
    rig.provider().hang_up();
    rig.provider().generation = 3;
    rig.reader.want(7);
    rig.settle();
    assert_eq!(rig.stats().world, 2);
    rig.provider().generation = 2;
    rig.reader.want(8);
    rig.settle();
    assert_eq!(rig.stats().world, 2, "the same session");
}

#[test]
fn items_of_an_earlier_world_are_given_and_asked_again_when_they_are_used() {
    let mut rig = rig();
    rig.provider().knows(5, 50);
    rig.provider().knows(6, 60);
    rig.reader.want(5);
    rig.reader.want(6);
    rig.settle();
    rig.provider().stop();
    rig.step();
    rig.provider().start(8, 1);
    rig.provider().knows(5, 51);
    rig.settle();
    rig.calls();
    assert_eq!(rig.get(5), named(50));
    rig.settle();
    assert_eq!(rig.get(5), named(51));
    assert_eq!(rig.calls(), [vec![5]], "nobody used the other");
}

#[test]
fn an_absent_provider_is_left_alone_longer_and_longer() {
    let mut rig = Rig::without_provider(EnricherConfig::default());
    rig.reader.want(5);
    let mut at = Vec::new();
    for second in 0..100 {
        let before = rig.provider().attempts;
        let step = rig.step();
        assert_eq!(step.end, StepEnd::Absent);
        assert_eq!(step.waiting, 1, "the key waits");
        if rig.provider().attempts > before {
            at.push(second);
        }
        rig.pass(SECOND);
    }
    assert_eq!(at, [0, 1, 3, 7, 15, 31, 61, 91]);
    assert_eq!(rig.stats().connect_failures, 8);

    // For hours; then it is there, and is noticed at once.
    rig.pass(SECOND * 10_000);
    rig.step();
    rig.provider().start(9, 1);
    rig.provider().knows(5, 50);
    rig.settle();
    assert_eq!(rig.get(5), named(50));
    assert!(!rig.stats().absent);
}

#[test]
fn who_waits_for_answers_has_an_absent_provider_tried_at_once() {
    let mut rig = Rig::without_provider(EnricherConfig::default());
    rig.step();
    rig.step();
    assert_eq!(rig.provider().attempts, 1);
    rig.core
        .shared
        .impatient
        .store(true, std::sync::atomic::Ordering::Relaxed);
    rig.step();
    assert_eq!(rig.provider().attempts, 2);
}

#[test]
fn a_failure_keeps_everything() {
    for error in [
        AskError::Lost,
        AskError::Timeout,
        AskError::Changed,
        AskError::Refused,
    ] {
        let mut rig = rig();
        rig.provider().knows(5, 50);
        rig.provider().knows(6, 60);
        rig.provider().knows(7, 70);
        rig.reader.want(5);
        rig.settle();
        rig.provider().failures.push(error);
        rig.reader.want(6);
        rig.reader.want(7);
        let step = rig.step();
        assert_eq!(rig.get(5), named(50), "{error:?}");
        let stats = rig.stats();
        let counted = if error == AskError::Timeout {
            stats.timed_out
        } else {
            stats.failed
        };
        assert_eq!(counted, 2, "{error:?}");
        let ends = match error {
            AskError::Changed => StepEnd::Idle,
            AskError::Refused => StepEnd::Failed,
            _ => StepEnd::Absent,
        };
        assert_eq!(step.end, ends, "{error:?}");
        rig.pass(SECOND);
        rig.settle();
        assert_eq!(
            (rig.get(6), rig.get(7)),
            (named(60), named(70)),
            "{error:?}"
        );
    }
}

#[test]
fn a_key_that_fails_every_call_is_given_up_and_the_others_are_not() {
    let mut rig = rig();
    rig.provider().poison = Some(13);
    for pid in 0..40 {
        rig.provider().knows(pid, pid);
        rig.reader.want(pid);
    }
    for _ in 0..20 {
        rig.step();
        rig.pass(SECOND);
    }
    for pid in 0..40 {
        if pid == 13 {
            assert_eq!(rig.get(pid), Err(Missing::Queued), "wanted again");
        } else {
            assert_eq!(rig.get(pid), named(pid));
        }
    }
    assert_eq!(rig.stats().given_up, 1);
}

#[test]
fn a_pid_that_is_used_again_replaces_and_counts() {
    let mut rig = rig();
    rig.provider().says.insert(
        5,
        Says::Known {
            starttime: 100,
            name: 1,
        },
    );
    rig.reader.want(5);
    rig.settle();
    assert_eq!(rig.get_as(5, 100), named(1));
    assert_eq!(
        rig.get_as(5, 200),
        Err(Missing::Reused),
        "the caller knows better"
    );
    rig.settle();
    assert_eq!(rig.calls(), [vec![5]], "answered just now");
    rig.pass(SECOND);
    rig.provider().says.insert(
        5,
        Says::Known {
            starttime: 200,
            name: 2,
        },
    );
    assert_eq!(rig.get_as(5, 200), Err(Missing::Reused));
    rig.settle();
    assert_eq!(rig.get_as(5, 200), named(2));
    assert_eq!(rig.get_as(5, 100), Err(Missing::Reused));
    assert_eq!(rig.get(5), named(2), "who does not know takes it");
    assert_eq!(rig.stats().reused, 1);
}
