//! Peers that die or are interrupted: 6, 7, 14.

use std::thread;
use std::time::{Duration, Instant};

use netipc::service::increment::Increment;
use netipc::transport::link::LinkKind;
use netipc::{ClientState, ErrorCode};

use crate::stage::actor::Actor;
use crate::stage::roles::Role;
use crate::stage::{
    BOTH, NOTICED, Stage, WITH_SHM, client, increment_server, prompt, server, soon, until,
};

// Rule S27.
#[test]
fn defect_06_killed_clients_free_their_slots() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 2);
        prompt("slots of the dead", NOTICED, || {
            let mut holders = [(); 2].map(|()| Actor::new(&stage, Role::Holder, profiles));
            holders.iter_mut().for_each(|holder| holder.expect("ready"));
            until("both are counted", || {
                (serving.stats().sessions_now == 2).then_some(())
            });
            // A server that has been idle for a while sleeps longest.
            soon().sleep(Duration::from_millis(150)).unwrap();
            holders.iter_mut().for_each(Actor::kill);
            let (_, taken) = until("both slots are free", || {
                (serving.stats().sessions_now == 0).then_some(())
            });
            taken
        });

        // Nobody is refused for the sake of a dead session.
        let mut holder = Actor::new(&stage, Role::Holder, profiles);
        holder.expect("ready");
        let _second = stage.ready::<Increment>(client(profiles));
        holder.kill();
        assert_eq!(
            stage.ready::<Increment>(client(profiles)).call(&1).unwrap(),
            2
        );
        assert_eq!(serving.stats().refused, 0);
    }
}

#[test]
fn defect_07_dead_server_is_noticed_on_shared_memory() {
    prompt("a dead server", NOTICED, || {
        let stage = Stage::new();
        let mut provider = Actor::new(&stage, Role::Mute, WITH_SHM);
        provider.expect("ready");
        let mut client = stage.ready::<Increment>(client(WITH_SHM));
        let session = client.status().session.unwrap();
        assert_eq!(session.transport, LinkKind::SharedMemory);
        let calling = thread::spawn(move || {
            let error = client.call(&7).unwrap_err();
            let noticed = Instant::now();
            assert_eq!(error.code(), ErrorCode::DISCONNECTED, "{error:?}");
            assert_eq!(client.state(), ClientState::NotFound);
            noticed
        });
        provider.expect("asked 7");
        // Into its longest sleep.
        soon().sleep(Duration::from_millis(100)).unwrap();
        provider.kill();
        let killed = Instant::now();
        calling.join().unwrap().saturating_duration_since(killed)
    });
}

#[test]
fn defect_14_an_interrupted_wait_goes_on() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 8);
        let mut askers = Actor::new(&stage, Role::Askers, profiles);
        for _ in 0..4 {
            assert!(askers.hear().ends_with("at work"));
        }
        for _ in 0..20 {
            askers.freeze();
            askers.thaw();
        }
        let answered = serving.stats().ok;
        until("they go on", || {
            (serving.stats().ok > answered + 100).then_some(())
        });
        askers.cue();
        askers.finish();
        let stats = serving.stats();
        assert_eq!((stats.sessions_total, stats.requests()), (4, stats.ok));
    }
}
