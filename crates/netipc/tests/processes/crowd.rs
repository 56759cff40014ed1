//! More clients than a server has workers.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use netipc::ErrorCode;
use netipc::service::increment::Increment;

use crate::stage::{BOTH, SOON, Stage, client, increment_server, server, soon, until};

const CLIENTS: usize = 64;
const WORKERS: usize = 8;
const CALLS: u64 = 20;
/// What each does beside its calls, so that slots are rare.
const BETWEEN_CALLS: Duration = Duration::from_millis(5);

/// What became of one client.
#[derive(Debug, Default)]
struct Fate {
    answers: u64,
    sessions: u64,
    refusals: u64,
    /// Handshakes that took too long, whatever the server has made of them.
    timeouts: u64,
}

#[test]
fn sixty_four_clients_share_eight_workers() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), WORKERS);
        let start = Barrier::new(CLIENTS);
        let fates: Vec<Fate> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        visit(&stage, profiles)
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().unwrap())
                .collect()
        });
        assert!(fates.iter().all(|fate| fate.answers == CALLS), "{fates:?}");
        let sum = |part: fn(&Fate) -> u64| fates.iter().map(part).sum::<u64>();
        until("all have left", || {
            (serving.stats().sessions_now == 0).then_some(())
        });
        let stats = serving.stats();
        println!(
            "profiles {profiles:#x}: {} sessions, {} refusals",
            stats.sessions_total, stats.refused
        );
        assert_eq!(stats.ok, sum(|fate| fate.answers));
        assert_eq!(stats.requests(), stats.ok);
        let timeouts = sum(|fate| fate.timeouts);
        let about = |count: u64| count..=count + timeouts;
        assert!(about(sum(|fate| fate.sessions)).contains(&stats.sessions_total));
        assert!(about(sum(|fate| fate.refusals)).contains(&stats.refused));
        assert!(stats.refused > 0, "there was no crowd");
        assert_eq!(stats.handler_time.count(), stats.ok);
        serving.end();
        assert_eq!(stage.files(), [""; 0]);
    }
}

/// Gets a session, keeps it a while, asks, and leaves; tries again for as long as it is refused.
fn visit(stage: &Stage, profiles: u32) -> Fate {
    let mut client = stage.client::<Increment>(client(profiles));
    let mut fate = Fate::default();
    let start = Instant::now();
    while !client.ready() {
        assert!(start.elapsed() < SOON, "{:?}", client.status());
        client.refresh();
        if !client.ready() {
            let error = client.status().last_error.unwrap();
            assert_eq!(client.call(&0).unwrap_err().code(), ErrorCode::NOT_READY);
            if error.contains("no handshake within") {
                fate.timeouts += 1;
            } else {
                assert!(error.contains("turned the session down"), "{error}");
                fate.refusals += 1;
            }
            // It is refused at once.
            soon().sleep(BETWEEN_CALLS).unwrap();
        }
    }
    for n in 0..CALLS {
        assert_eq!(client.call(&n).unwrap(), n + 1);
        // It has other things to do as well, so that slots are rare.
        soon().sleep(BETWEEN_CALLS).unwrap();
        fate.answers += 1;
    }
    fate.sessions = client.status().counters.connects;
    fate
}
