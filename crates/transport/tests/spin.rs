//! The model of the ring, checked by SPIN in every interleaving, with a peer that dies anywhere.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

const MODEL: &str = include_str!("spin/ring.pml");

/// What a complete search of `model` says; nothing where SPIN is not installed.
fn search(model: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("ring.pml"), model).unwrap();
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(dir.path()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    if run("spin", &["-a", "ring.pml"]).is_err() {
        println!("SKIPPED: the model of the ring: install spin");
        return None;
    }
    run(
        "cc",
        &["-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"],
    )
    .unwrap();
    let pan = dir.path().join("pan");
    Some(run(pan.to_str().unwrap(), &["-m1000000"]).unwrap())
}

// Rules R7, R8.
#[test]
fn nobody_sleeps_for_ever_and_packets_keep_their_order() {
    if let Some(found) = search(MODEL) {
        assert!(found.contains("errors: 0"), "{found}");
        assert!(!found.contains("Search not completed"), "{found}");
    }
}

#[test]
fn planted_faults_are_found() {
    let faults = [
        // Who waits for room keeps what it could give back.
        (
            ":: else -> release(me, peer)\n    fi;\n    do",
            ":: else\n    fi;\n    do",
        ),
        // A sleeper is not woken.
        (
            "{ ring[me].receiver_waits -> ring[me].receiver_waits = 0 }; wake(peer)",
            "{ ring[me].receiver_waits -> ring[me].receiver_waits = 0 }",
        ),
        // Nobody looks once more before the sleep.
        (
            "if\n            :: ARRIVED(me, peer) -> break\n            :: else\n            fi;\n            ended = 0;",
            "ended = 0;",
        ),
        // A line is used before it is free.
        (
            ":: sent[me] - ring[me].consumed < SLOTS -> break\n    :: else ->",
            ":: sent[me] - ring[me].consumed < WINDOW -> break\n    :: else ->",
        ),
    ];
    for (right, wrong) in faults {
        assert!(MODEL.contains(right), "{right}");
        if let Some(found) = search(&MODEL.replacen(right, wrong, 1)) {
            assert!(!found.contains("errors: 0"), "{wrong}\n{found}");
        }
    }
}
