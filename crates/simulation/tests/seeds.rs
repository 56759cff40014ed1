//! A thousand seeds, and that what is wrong is found, told with its seed, and found again by it.

use std::process::{Command, Output};
use std::sync::Mutex;

use netipc_transport::clock::Changed;
use netipc_transport::simulation::Simulation;

/// Seeds of every run of the tests.
const SEEDS: &str = "1000";

fn simulate(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_netipc-simulate"));
    program.args(arguments).output().expect("the program")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_thousand_seeds_are_right() {
    let output = simulate(&["--seeds", SEEDS]);
    let said = said(&output);
    println!("{said}");
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("1000 seeds in "), "{said}");
    let answers: u64 = said
        .split(' ')
        .zip(said.split(' ').skip(1))
        .find_map(|(number, word)| (word == "right").then(|| number.parse().ok())?)
        .unwrap_or_default();
    assert!(answers > 1000, "hardly anybody was answered: {said}");
}

#[test]
fn what_is_wrong_is_found_and_found_again_by_its_seed() {
    let faults = [
        ("wrong-answer", "incremented to"),
        ("forgetful-cache", "a refresh that failed made generation"),
        ("late-answer", " took "),
        ("kept-session", "stay at "),
    ];
    for (fault, expected) in faults {
        let found = simulate(&["--seeds", "100", "--fault", fault]);
        let first = said(&found);
        assert_eq!(found.status.code(), Some(1), "{fault}: {first}");
        assert!(first.contains(expected), "{fault}: {first}");
        let why = first.lines().next().expect("a line");
        let seed = why
            .strip_prefix("seed ")
            .and_then(|rest| rest.split(':').next());
        let seed = seed.expect("the seed");
        let command = format!("again: cargo xtask simulate --seeds 1 --seed {seed}");
        assert!(first.contains(&command), "{fault}: {first}");
        let again = said(&simulate(&[
            "--seeds", "1", "--seed", seed, "--fault", fault,
        ]));
        assert_eq!(again.lines().next(), Some(why));
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let runs = [(); 2].map(|()| {
        let output = simulate(&["--seeds", "40", "--seed", "7000", "--trace"]);
        let said = said(&output);
        let mut traces: Vec<String> = said
            .lines()
            .filter(|line| line.starts_with("seed "))
            .map(str::to_owned)
            .collect();
        traces.sort();
        traces
    });
    assert_eq!(runs[0].len(), 40);
    assert_eq!(runs[0], runs[1]);
    let traces: std::collections::HashSet<_> = runs[0]
        .iter()
        .filter_map(|run| run.split("trace ").nth(1))
        .collect();
    assert_eq!(traces.len(), 40, "no two seeds are the same run");
}

#[test]
#[should_panic(expected = "seed 5 is stuck at 0ns after 0 turns")]
fn threads_that_wait_for_one_another_are_told() {
    let nobody_changes_it = || {
        let (changed, state) = (Changed::new(), Mutex::new(()));
        let guard = state.lock().expect("nobody else has it");
        drop(changed.wait(&state, guard, None));
    };
    Simulation::new(5).run(nobody_changes_it);
}
