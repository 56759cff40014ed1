//! A thousand clients over every transport on one server with 64 workers: right answers, honest refusals, and how long
//! a client waits to be told.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "stage/mod.rs"]
mod stage;

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::increment::Increment;
use netipc::{ClientConfig, ServerConfig};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use stage::{
    HANDSHAKE, SOON, Serving, Stage, client, increment_server, prompt, server, soon, timed, until,
};

const CLIENTS: usize = 1000;
const WORKERS: usize = 64;
const CALLS: u64 = 3;
/// The ring.
const PROFILE_RING: u32 = 0x10;
/// What clients go over, in turn.
const PROFILES: [u32; 3] = [PROFILE_BASELINE, PROFILE_SHM_HYBRID, PROFILE_RING];
/// Refusals that those with a session wait for, so that there is a crowd.
const CROWD: u64 = 300;
/// Between two tries of a client that was turned down.
const PAUSE: Duration = Duration::from_millis(50);
/// What a machine with other work adds to the time of a handshake.
const SLACK: Duration = Duration::from_secs(1);

/// What became of one client.
#[derive(Debug, Default)]
struct Fate {
    sessions: u64,
    refusals: u64,
    timeouts: u64,
    /// The longest that it waited for a session, or to be told that there is none, and until it had one.
    longest: Duration,
    until_served: Duration,
}

#[test]
fn a_thousand_clients_share_sixty_four_workers() {
    // Each has a socket, and an event to be woken by; so has its session.
    let descriptors = getrlimit(Resource::Nofile);
    let current = descriptors.maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current,
            ..descriptors
        },
    )
    .unwrap();
    prompt(
        "to have a session, or to be told that there is none",
        HANDSHAKE + SLACK,
        || {
            let stage = Stage::new();
            let config = ServerConfig {
                supported_profiles: PROFILES.into_iter().sum(),
                ..server(PROFILE_BASELINE)
            };
            let serving = increment_server(&stage, config, WORKERS);
            let (fates, took) = timed(|| crowd(&stage));
            let longest = told(&fates, took);
            held_against(&serving, &fates);
            serving.end();
            assert_eq!(stage.files(), [""; 0]);
            longest
        },
    );
}

/// All at once.
fn crowd(stage: &Stage) -> Vec<Fate> {
    let (start, refused) = (Barrier::new(CLIENTS), AtomicU64::new(0));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (start, refused) = (&start, &refused);
                let thread = thread::Builder::new().stack_size(256 << 10);
                let visit = move || {
                    start.wait();
                    visit(stage, PROFILES[number % PROFILES.len()], refused)
                };
                thread.spawn_scoped(scope, visit).unwrap()
            })
            .collect();
        let fates = clients.into_iter().map(|client| client.join().unwrap());
        fates.collect()
    })
}

/// Gets a session, asks, and leaves; tries again for as long as it is refused.
fn visit(stage: &Stage, profile: u32, refused: &AtomicU64) -> Fate {
    let config = ClientConfig {
        preferred_profiles: profile,
        ..client(PROFILE_BASELINE | profile)
    };
    let mut client = stage.client::<Increment>(config);
    let (mut fate, began) = (Fate::default(), Instant::now());
    while !client.ready() {
        assert!(began.elapsed() < SOON, "{:?}", client.status());
        let (_changed, took) = timed(|| client.refresh());
        fate.longest = fate.longest.max(took);
        if client.ready() {
            break;
        }
        let error = client.status().last_error.unwrap();
        if error.contains("no handshake within") {
            fate.timeouts += 1;
        } else {
            assert!(error.contains("turned the session down"), "{error}");
            fate.refusals += 1;
            refused.fetch_add(1, Ordering::Relaxed);
        }
        soon().sleep(PAUSE).unwrap();
    }
    fate.until_served = began.elapsed();
    let session = client.session().unwrap();
    assert_eq!(session.profile.0, profile, "over what it asked for");
    for n in 0..CALLS {
        assert_eq!(client.call(&n).unwrap(), n + 1);
    }
    until("there is a crowd", || {
        (refused.load(Ordering::Relaxed) >= CROWD).then_some(())
    });
    fate.sessions = client.status().counters.connects;
    fate
}

/// Says how it was; gives the longest that anybody waited to be told.
fn told(fates: &[Fate], took: Duration) -> Duration {
    let mut longest: Vec<_> = fates.iter().map(|fate| fate.longest).collect();
    let mut served: Vec<_> = fates.iter().map(|fate| fate.until_served).collect();
    longest.sort();
    served.sort();
    let sum = |part: fn(&Fate) -> u64| fates.iter().map(part).sum::<u64>();
    println!(
        "{CLIENTS} clients, {WORKERS} workers, {took:.1?}: {} sessions, {} refusals, {} handshakes too late; \
         to be told {} ms of half of them, {} ms at most; until served {} ms of half of them, {} ms at most",
        sum(|fate| fate.sessions),
        sum(|fate| fate.refusals),
        sum(|fate| fate.timeouts),
        longest[CLIENTS / 2].as_millis(),
        longest[CLIENTS - 1].as_millis(),
        served[CLIENTS / 2].as_millis(),
        served[CLIENTS - 1].as_millis(),
    );
    longest[CLIENTS - 1]
}

/// What the server counted is what its clients saw.
fn held_against(serving: &Serving<Increment>, fates: &[Fate]) {
    until("all have left", || {
        (serving.stats().sessions_now == 0).then_some(())
    });
    let stats = serving.stats();
    let sum = |part: fn(&Fate) -> u64| fates.iter().map(part).sum::<u64>();
    assert_eq!(stats.ok, CLIENTS as u64 * CALLS);
    assert_eq!(stats.requests(), stats.ok);
    let timeouts = sum(|fate| fate.timeouts);
    let about = |count: u64| count..=count + timeouts;
    assert!(about(sum(|fate| fate.sessions)).contains(&stats.sessions_total));
    assert!(about(sum(|fate| fate.refusals)).contains(&stats.refused));
    assert!(stats.refused >= CROWD, "there was no crowd");
}
