//! Processes that are killed without a word.

use std::thread;
use std::time::{Duration, Instant};

use netipc::service::cgroups::CgroupsCache;
use netipc::service::increment::Increment;
use netipc::transport::Abort;
use netipc::{ClientState, ErrorCode};

use crate::stage::actor::Actor;
use crate::stage::platform::{IDLE, session_threads};
use crate::stage::roles::Role;
use crate::stage::{
    BOTH, NOTICED, SERVICE, SOON, Stage, client, increment_server, prompt, server, soon, until,
};

#[test]
fn every_client_comes_back_to_a_provider_that_was_killed_under_load() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut provider = Actor::new(&stage, Role::Incrementer, profiles);
        provider.expect("ready");
        let ended = Abort::new();
        thread::scope(|scope| {
            let askers: Vec<_> = (0..6)
                .map(|_| scope.spawn(|| ask_until(&stage, profiles, &ended)))
                .collect();
            for _ in 0..3 {
                soon().sleep(Duration::from_millis(30)).unwrap();
                provider.kill();
                provider = Actor::new(&stage, Role::Incrementer, profiles);
                provider.expect("ready");
            }
            soon().sleep(Duration::from_millis(50)).unwrap();
            ended.raise();
            for asker in askers {
                let (answers, lives) = asker.join().unwrap();
                assert!(answers > 0);
                assert!(lives >= 1, "it has a session with the last provider");
            }
        });
        // What the killed ones left has been taken away by their successors.
        until("the clients have left", || {
            (stage.files() == IDLE).then_some(())
        });
        provider.finish();
        assert_eq!(stage.files(), [""; 0], "{profiles:#x}");
    }
}

/// Asks again and again, until told and answered once more; the answers, and how many of them
/// came after the end was told.
fn ask_until(stage: &Stage, profiles: u32, ended: &Abort) -> (u64, u64) {
    let mut client = stage.client::<Increment>(client(profiles));
    let (mut answers, mut last) = (0, 0);
    let start = Instant::now();
    while last == 0 {
        assert!(start.elapsed() < SOON, "{:?}", client.status());
        let over = ended.is_raised();
        client.refresh();
        match client.call(&answers) {
            Ok(answer) => {
                assert_eq!(answer, answers + 1);
                answers += 1;
                last += u64::from(over);
            }
            Err(error) => {
                let gone = [ErrorCode::DISCONNECTED, ErrorCode::NOT_READY];
                assert!(gone.contains(&error.code()), "{error:?}");
            }
        }
    }
    (answers, last)
}

#[test]
fn a_cache_outlives_its_provider() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut first = Actor::new(&stage, Role::Provider, profiles);
        first.expect("ready");
        let mut cache = CgroupsCache::new(stage.path(), SERVICE, client(profiles));
        assert!(cache.refresh());
        let pid = |provider: &Actor| u64::from(provider.pid());
        assert_eq!(cache.status().generation, pid(&first));

        first.kill();
        for _ in 0..3 {
            assert!(!cache.refresh());
            assert_eq!(cache.lookup(2, "two").unwrap().path.to_string(), "/two");
        }
        let status = cache.status();
        assert_eq!(status.generation, pid(&first), "the old answer");
        assert_eq!(status.connection_state, ClientState::NotFound);
        let error = status.last_error.unwrap();
        assert!(error.contains("no server at"), "{error}");

        let mut second = Actor::new(&stage, Role::Provider, profiles);
        second.expect("ready");
        assert!(cache.refresh(), "{:?}", cache.status());
        assert_eq!(cache.status().generation, pid(&second));
        drop(cache);
        until("the client has left", || {
            (stage.files() == IDLE).then_some(())
        });
        second.finish();
        assert_eq!(stage.files(), [""; 0]);
    }
}

#[test]
fn killed_clients_leave_neither_sessions_nor_regions() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 8);
        let mut askers = Actor::new(&stage, Role::Askers, profiles);
        for _ in 0..4 {
            assert!(askers.hear().ends_with("at work"));
        }
        let threads = session_threads();
        assert!(threads.is_none_or(|threads| threads >= 4), "{threads:?}");
        askers.kill();
        until("all has been cleared away", || {
            (stage.files() == IDLE && serving.stats().sessions_now == 0).then_some(())
        });
        assert_eq!(serving.stats().sessions_total, 4);
        assert_eq!(
            stage.ready::<Increment>(client(profiles)).call(&1).unwrap(),
            2
        );
        serving.end();
        assert_eq!(stage.files(), [""; 0]);
    }
}

#[test]
fn the_end_of_a_peer_is_noticed_in_both_directions() {
    for profiles in BOTH {
        prompt("a dead client", NOTICED, || {
            let stage = Stage::new();
            let serving = increment_server(&stage, server(profiles), 1);
            let mut holder = Actor::new(&stage, Role::Holder, profiles);
            holder.expect("ready");
            until("it is counted", || {
                (serving.stats().sessions_now == 1).then_some(())
            });
            // A server that has been idle for a while sleeps longest.
            soon().sleep(Duration::from_millis(250)).unwrap();
            holder.kill();
            until("the slot is free", || {
                (serving.stats().sessions_now == 0).then_some(())
            })
            .1
        });
        prompt("a dead server", NOTICED, || {
            let stage = Stage::new();
            let mut provider = Actor::new(&stage, Role::Mute, profiles);
            provider.expect("ready");
            let mut client = stage.ready::<Increment>(client(profiles));
            let calling = thread::spawn(move || {
                let error = client.call(&7).unwrap_err();
                assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error:?}");
                Instant::now()
            });
            provider.expect("asked 7");
            soon().sleep(Duration::from_millis(100)).unwrap();
            provider.kill();
            let killed = Instant::now();
            calling.join().unwrap().saturating_duration_since(killed)
        });
    }
}

#[test]
fn a_process_that_ends_in_order_leaves_nothing() {
    for profiles in BOTH {
        let stage = Stage::new();
        Actor::new(&stage, Role::Tidy, profiles).finish();
        assert_eq!(stage.files(), [""; 0]);
    }
}
