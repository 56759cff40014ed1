//! Statistics that are read while sessions count, and end.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;
use netipc::transport::link::LinkKind;

use crate::Answered;
use crate::histogram::{Histogram, HistogramSnapshot, Sample};
use crate::model;
use crate::stats::Stats;

const SHORT: Duration = Duration::from_micros(1);

/// A session that moves from those that live to those that have ended is in the sum once.
#[test]
fn what_was_counted_is_read_once_and_never_less() {
    model(1, || {
        let stats = Arc::new(Stats::default());
        let counting = Arc::clone(&stats);
        let session = thread::spawn(move || {
            let (counts, number) = counting.open(LinkKind::Memory);
            assert_eq!(number, 1);
            counts.answer(Answered::ok(8), 8, SHORT, SHORT);
            counting.close(&counts);
        });
        let seen = stats.snapshot();
        session.join().unwrap();
        let last = stats.snapshot();
        assert!(seen.ok <= 1 && seen.ok <= seen.sessions_total, "{seen:?}");
        assert_eq!((last.sessions_now, last.ok, last.requests()), (0, 1, 1));
        assert_eq!(
            (last.handler_time.count(), last.total_time.sum()),
            (1, SHORT)
        );
    });
}

#[test]
fn refusals_at_once_have_numbers_of_their_own() {
    model(3, || {
        let stats = Arc::new(Stats::default());
        let others = [0, 1].map(|_| {
            let stats = Arc::clone(&stats);
            thread::spawn(move || stats.refuse())
        });
        let mut numbers = others.map(|other| other.join().unwrap());
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    });
}

/// One thread writes without a locked operation: readers see some of it, and all of it in the end.
#[test]
fn a_histogram_loses_nothing_that_its_one_writer_counts() {
    model(1, || {
        let histogram = Arc::new(Histogram::default());
        let writer = Arc::clone(&histogram);
        let writer = thread::spawn(move || (0..2).for_each(|_| writer.record(Sample::new(SHORT))));
        let count = |histogram: &Histogram| {
            let mut seen = HistogramSnapshot::default();
            seen.add(histogram);
            seen.count()
        };
        let seen = count(&histogram);
        writer.join().unwrap();
        assert!(seen <= 2, "{seen}");
        assert_eq!(count(&histogram), 2);
    });
}
