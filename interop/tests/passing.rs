//! Peers that pass descriptors to processes of every language, which keep none of them.
#![cfg(target_os = "linux")]

use std::sync::LazyLock;

use netipc_interop::language::{Language, Peers};
use netipc_interop::passing::{Passed, passes_to_a_client, passes_to_a_server};

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

/// Tries it in every language.
fn in_every_language(
    attack: fn(&Peers, Language) -> Result<Passed, netipc_interop::passing::FaultError>,
) -> Vec<Passed> {
    let passed = Language::ALL.map(|language| {
        let passed = attack(&PEERS, language).unwrap_or_else(|error| panic!("{language}: {error}"));
        println!("{language}: {passed:?}");
        assert!(
            passed.taken + passed.refused > 1000,
            "{language}: hardly anything was passed: {passed:?}"
        );
        passed
    });
    passed.into()
}

#[test]
fn what_a_client_passes_at_any_moment_is_refused_or_closed() {
    let passed = in_every_language(passes_to_a_server);
    // From Linux 6.16 on all of them, and before that none.
    assert!(
        passed
            .iter()
            .all(|passed| passed.taken == 0 || passed.refused == 0),
        "{passed:?}"
    );
}

#[test]
fn what_a_server_passes_at_any_moment_is_refused_or_closed() {
    in_every_language(passes_to_a_client);
}
