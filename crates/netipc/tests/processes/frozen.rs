//! Processes that are alive and do nothing.

use std::time::Duration;

use netipc::service::increment::Increment;
use netipc::{ClientState, ErrorCode};

use crate::stage::actor::Actor;
use crate::stage::roles::Role;
use crate::stage::{BOTH, HANDSHAKE, SOON, Stage, client, increment_server, server, timed, until};

#[test]
fn a_frozen_client_disturbs_nobody() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 8);
        let mut askers = Actor::new(&stage, Role::Askers, profiles);
        for _ in 0..4 {
            assert!(askers.hear().ends_with("at work"));
        }
        askers.freeze();
        let mut client = stage.ready::<Increment>(client(profiles));
        let ((), taken) = timed(|| {
            for n in 0..200 {
                assert_eq!(client.call(&n).unwrap(), n + 1);
            }
        });
        assert!(taken < SOON, "{taken:?}");
        assert_eq!(serving.stats().sessions_now, 5, "it still has its sessions");

        askers.thaw();
        let before = serving.stats().ok;
        until("it goes on", || {
            (serving.stats().ok > before + 100).then_some(())
        });
        askers.freeze();
        // Nor does it hold up the end.
        let taken = serving.end();
        assert!(taken < SOON, "{taken:?}");
        assert_eq!(stage.files(), [""; 0]);
    }
}

#[test]
fn a_frozen_server_means_timeouts_on_time() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut provider = Actor::new(&stage, Role::Incrementer, profiles);
        provider.expect("ready");
        let mut client = stage.ready::<Increment>(client(profiles));
        assert_eq!(client.call(&1).unwrap(), 2);

        provider.freeze();
        let (called, taken) = timed(|| client.call_within(&2, Duration::from_millis(100)));
        assert_eq!(called.unwrap_err().code(), ErrorCode::TIMEOUT);
        let deadline = Duration::from_millis(100);
        // Without the deadline, it would take as long as calls usually may.
        assert!((deadline..SOON / 3).contains(&taken), "{taken:?}");
        assert_eq!(client.state(), ClientState::Broken);
        // A new session cannot be had either, and that takes no longer than a handshake may.
        let (_, taken) = timed(|| client.refresh());
        assert!((HANDSHAKE..SOON).contains(&taken), "{taken:?}");

        provider.thaw();
        until("it is back", || {
            client.refresh();
            client.call(&3).ok()
        });
        drop(client);
        provider.finish();
        assert_eq!(stage.files(), [""; 0]);
    }
}
