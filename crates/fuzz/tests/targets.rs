//! Every target is fed for a moment, and faults that are put in are found.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use netipc_fuzz::{Runner, Seen, Target, targets};

/// How long each target is fed; NETIPC_FUZZ_SECONDS says otherwise.
fn moment() -> Duration {
    let seconds = std::env::var("NETIPC_FUZZ_SECONDS");
    let seconds = seconds.map_or(0.4, |text| text.parse().unwrap());
    Duration::from_secs_f64(seconds)
}

/// A part of the targets; the parts run beside one another.
fn feed(part: usize) {
    let all = targets();
    assert!(all.len() >= 30, "{all:?}");
    for target in all.iter().skip(part).step_by(2) {
        let report = Runner::new(target, 1).for_time(moment());
        let report = report.unwrap_or_else(|crash| panic!("{crash}"));
        assert!(
            report.seen > 1,
            "{target:?}: the corpus shows {} things",
            report.seen
        );
    }
}

#[test]
fn half_of_the_targets_bears_what_is_fed() {
    feed(0);
}

#[test]
fn the_other_half_bears_what_is_fed() {
    feed(1);
}

#[test]
fn every_service_and_each_way_has_a_target() {
    let names: Vec<_> = targets()
        .iter()
        .map(|target| target.name().to_owned())
        .collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/services");
    let schemas: Vec<_> = std::fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!schemas.is_empty());
    for schema in schemas {
        let schema = schema.file_stem().unwrap().to_str().unwrap();
        for way in ["request", "response"] {
            assert!(names.contains(&format!("{schema}-{way}")), "{schema} {way}");
        }
    }
}

/// A target with a fault behind three bytes, each of which shows by what comes up.
fn faulty() -> Target {
    Target::new("faulty", vec![b"xxxxxxxx".to_vec()], |bytes| {
        let right = bytes.iter().zip(b"bug").take_while(|(a, b)| a == b).count();
        assert!(right < 3, "the fault");
        Seen::of(right)
    })
}

#[test]
fn a_fault_is_found_made_small_and_found_again_by_its_seed() {
    let target = faulty();
    let crash = Runner::new(&target, 3).for_rounds(2_000_000).unwrap_err();
    assert_eq!(
        (crash.input.as_slice(), crash.why.as_str()),
        (&b"bug"[..], "the fault")
    );
    let again = Runner::new(&target, 3).for_rounds(2_000_000).unwrap_err();
    assert_eq!(again.round, crash.round);
    let said = crash.to_string();
    assert!(
        said.contains("seed 3, round ") && said.ends_with("--input 627567"),
        "{said}"
    );
}

#[test]
fn who_takes_a_bad_field_for_a_good_one_is_found() {
    // A decoder that forgets one of the checks that the golden bytes never need.
    let all = targets();
    let header = all.iter().find(|target| target.name() == "header").unwrap();
    let target = Target::new("header", header.seeds().to_vec(), |bytes| {
        let decoded = netipc::wire::Header::decode(bytes);
        let kind = bytes
            .get(8..10)
            .map(|kind| u16::from_le_bytes([kind[0], kind[1]]));
        assert!(
            decoded.is_ok() || kind.is_none_or(|kind| kind < 0x7fff),
            "an edge is tried"
        );
        Seen::of(decoded.is_ok())
    });
    assert!(Runner::new(&target, 1).for_rounds(200_000).is_err());
}
