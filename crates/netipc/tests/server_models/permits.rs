//! Handshakes and sessions: as many at once as there may be, and nobody who waits is forgotten.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::model;
use crate::semaphore::Semaphore;

#[test]
fn no_more_have_a_permit_than_there_are_and_each_gets_one() {
    model(2, || {
        let shared = Arc::new((Semaphore::new(1), AtomicUsize::new(0)));
        let takers = [0, 1].map(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (semaphore, inside) = &*shared;
                let permit = semaphore.acquire(None, || false).unwrap();
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                inside.fetch_sub(1, Ordering::Relaxed);
                drop(permit);
            })
        });
        takers.into_iter().for_each(|taker| taker.join().unwrap());
    });
}

#[test]
fn who_waits_when_it_closes_gets_none() {
    model(3, || {
        let shared = Arc::new((Semaphore::new(1), AtomicBool::new(false)));
        let waiter = Arc::clone(&shared);
        let permit = shared.0.acquire(None, || false).unwrap();
        let waiter = thread::spawn(move || {
            let (semaphore, closed) = &*waiter;
            semaphore
                .acquire(None, || closed.load(Ordering::Acquire))
                .is_none()
        });
        shared.1.store(true, Ordering::Release);
        shared.0.wake();
        assert!(waiter.join().unwrap());
        drop(permit);
    });
}

#[test]
fn a_drain_ends_with_the_last_permit() {
    model(3, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let users = [0, 1].map(|_| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire(None, || false)))
        });
        // Whenever it looks, and whoever still comes.
        assert!(semaphore.wait_all_free(std::time::Duration::MAX));
        users.into_iter().for_each(|user| user.join().unwrap());
        assert!(semaphore.wait_all_free(std::time::Duration::MAX));
    });
}
