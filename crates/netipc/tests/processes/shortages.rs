//! A system that has nothing left: descriptors, room in the file system.

use std::process::Command;
use std::time::Duration;

use netipc::service::increment::Increment;
use netipc::wire::{Hello, Status};

use crate::stage::actor::{Actor, is_emulated, this_program};
use crate::stage::roles::Role;
use crate::stage::script::{Guest, proposal};
use crate::stage::{BOTH, Stage, WITH_SHM, client, increment_server, server, soon, until};

#[test]
fn a_server_without_descriptors_pauses_and_recovers() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut provider = Actor::new(&stage, Role::StarvedServer, profiles);
        provider.expect("ready");
        let mut early = stage.ready::<Increment>(client(profiles));
        assert_eq!(early.call(&1).unwrap(), 2);

        let before = stage.files();
        provider.cue();
        provider.expect("starved");
        // They wait in the backlog: nobody can accept them.
        let late: Vec<_> = (0..3).map(|_| Guest::connect(&stage)).collect();
        soon().sleep(Duration::from_millis(500)).unwrap();
        assert_eq!(early.call(&2).unwrap(), 3, "who has a session keeps it");
        assert_eq!(stage.files(), before, "nothing was deleted");
        provider.cue();
        let busy: u64 = provider.hear().parse().unwrap();
        println!(
            "profiles {profiles:#x}: {busy} ms of processor time in 500 ms without descriptors"
        );
        assert!(busy < 100, "it spins: {busy} ms");

        drop(late);
        let mut fresh = stage.client::<Increment>(client(profiles));
        until("it accepts again", || {
            fresh.refresh();
            fresh.call(&3).ok()
        });
        drop((early, fresh));
        provider.finish();
        assert_eq!(stage.files(), [""; 0]);
    }
}

#[test]
fn a_client_without_descriptors_says_so_and_recovers() {
    for profiles in BOTH {
        let stage = Stage::new();
        let serving = increment_server(&stage, server(profiles), 8);
        let mut asker = Actor::new(&stage, Role::StarvedClient, profiles);
        let error = asker.hear();
        let endpoint = stage.socket();
        assert!(error.contains(endpoint.to_str().unwrap()), "{error}");
        assert!(error.contains("Too many open files"), "{error}");
        asker.finish();
        until("it has left", || {
            (serving.stats().sessions_now == 0).then_some(())
        });
        assert_eq!(serving.stats().internal_error, 0);
    }
}

#[test]
fn a_full_file_system_leaves_the_socket() {
    let stage = Stage::new();
    let probe = Command::new("unshare")
        .args(["-rm", "mount", "-t", "tmpfs", "small"])
        .arg(stage.path())
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: this machine lets nobody mount a small file system");
        return;
    }
    let mut private = Command::new("unshare");
    private.arg("-rm").args(this_program());
    let mut cramped = Actor::run_by(private, stage.path(), Role::Cramped, WITH_SHM);
    cramped.expect("shm and socket");
    cramped.finish();
}

#[test]
fn a_server_without_memory_turns_clients_down_and_lives_on() {
    if is_emulated() {
        println!("SKIPPED no memory: limits of an emulated process do not reach what it emulates");
        return;
    }
    for profiles in BOTH {
        let stage = Stage::new();
        let mut lean = Actor::new(&stage, Role::Lean, profiles);
        lean.expect("ready");
        let large = Hello {
            max_response_payload_bytes: 1 << 30,
            ..proposal(profiles)
        };
        let asked = |hello: &Hello| Guest::connect(&stage).greet(hello, 0).0;
        let works = || {
            let mut client = stage.ready::<Increment>(client(profiles));
            assert_eq!(client.call(&1).unwrap(), 2);
        };
        lean.cue();
        lean.expect("no memory");
        assert_eq!(asked(&proposal(profiles)), Status::INTERNAL_ERROR);
        lean.cue();
        lean.expect("enough");
        works();

        lean.cue();
        lean.expect("little memory");
        assert_eq!(asked(&large), Status::LIMIT_EXCEEDED);
        works();
        lean.cue();
        lean.expect("enough");
        works();
        lean.cue();
        lean.finish();
        assert_eq!(stage.files(), [""; 0]);
    }
}
