//! Tests of files that a model checker runs as well, with locks and atomics that work in models only.

use std::time::Duration;

use super::histogram::{ENDS, Histogram, HistogramSnapshot, Sample, bucket};
use super::semaphore::Semaphore;

// Rule S32.
#[test]
fn the_charted_limits_are_ends_of_buckets() {
    for ms in [1, 5, 10, 50, 100, 500, 1000] {
        assert!(ENDS.contains(&(ms * 1_000_000)), "{ms} ms");
    }
    assert!(ENDS.is_sorted());
    assert_eq!(ENDS.last(), Some(&10_000_000_000));
}

#[test]
fn a_duration_is_in_the_first_bucket_that_does_not_end_before_it() {
    let near = |end: &u64| [end - 1, *end, end + 1];
    let powers = (0..64).map(|bit| 1 << bit);
    for nanos in ENDS
        .iter()
        .flat_map(near)
        .chain(powers)
        .chain([0, u64::MAX])
    {
        assert_eq!(
            bucket(nanos),
            ENDS.partition_point(|end| *end < nanos),
            "{nanos} ns"
        );
    }
}

#[test]
fn quantiles_are_ends_of_buckets() {
    let histogram = Histogram::default();
    assert_eq!(HistogramSnapshot::default().quantile(0.5), None);
    for ms in 1..=100 {
        histogram.record(Sample::new(Duration::from_millis(ms)));
    }
    let mut snapshot = HistogramSnapshot::default();
    snapshot.add(&histogram);
    assert_eq!(snapshot.count(), 100);
    assert_eq!(snapshot.at_most(Duration::from_millis(50)), 50);
    assert_eq!(snapshot.quantile(0.5), Some(Duration::from_millis(50)));
    assert_eq!(snapshot.quantile(1.0), Some(Duration::from_millis(100)));
    assert_eq!(snapshot.sum(), Duration::from_millis(5050));
}

#[test]
fn a_timeout_beyond_the_clock_waits_for_ever() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.acquire(Some(Duration::MAX), || false).unwrap();
    std::thread::scope(|scope| {
        let emptied = scope.spawn(|| semaphore.wait_all_free(Duration::MAX));
        drop(permit);
        assert!(emptied.join().unwrap());
    });
}
