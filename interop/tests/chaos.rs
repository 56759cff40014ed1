//! Providers and consumers of every service, in every language, while they are killed, stopped and starved.
#![cfg(target_os = "linux")]

use std::time::Duration;

use netipc_interop::chaos::{Options, run};
use netipc_interop::language::Peers;

#[test]
fn whatever_is_done_to_processes_answers_are_right_and_nothing_is_left() {
    let peers = Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into());
    let options = Options {
        duration: Duration::from_secs(12),
        seed: 42,
    };
    let report = run(&peers, options, |_| ()).unwrap_or_else(|error| panic!("{error}"));
    println!("{report}");
    assert!(report.right > 1000, "hardly anybody was answered: {report}");
    let kinds = report.harm.len();
    assert!(kinds >= 5, "only {kinds} things were done: {report}");
}
