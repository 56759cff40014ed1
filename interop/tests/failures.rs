//! What is wrong is red, whoever looks.

use std::num::NonZero;
use std::sync::LazyLock;

use netipc_interop::case::{CASES, Case, Door};
use netipc_interop::language::{Language, Peers};
use netipc_interop::plan::{Cell, Column, Transport};
use netipc_interop::report::Report;
use netipc_interop::run::run;

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

/// Tries a case from every language as it was changed; returns what is wrong with each.
fn tried(change: impl Fn(&mut Case), name: &str, peers: &Peers) -> Vec<String> {
    let known = CASES.iter().find(|case| case.name == name);
    let mut case = *known.expect("a case");
    change(&mut case);
    let case: &'static Case = Box::leak(Box::new(case));
    let column = |client| Column {
        transport: Transport::ShmHybrid,
        client,
        server: Language::Rust,
    };
    let cells = Language::ALL.map(|client| Cell {
        case,
        door: Door::Open,
        column: column(client),
    });
    let outcomes = run(&cells, peers, NonZero::<usize>::MIN, |_| ());
    let report = Report::new(&cells, &outcomes);
    assert_eq!(report.failed(), cells.len(), "{}", report.table());
    let results = outcomes.into_iter().map(|outcome| outcome.result);
    results.map(|result| result.expect_err("red")).collect()
}

fn all_contain(errors: &[String], text: &str) {
    assert!(
        errors.iter().all(|error| error.contains(text)),
        "{errors:#?}"
    );
}

#[test]
fn wrong_data_is_seen_by_clients() {
    // Behind the options of both peers, those of one of them win.
    let errors = tried(
        |case| case.server = &["--path-len", "99"],
        "cgroups-snapshot",
        &PEERS,
    );
    all_contain(&errors, "pppp");
    for name in [
        "cgroups-snapshot",
        "cgroups-lookup of 256",
        "apps-lookup of 1",
    ] {
        let errors = tried(|case| case.server = &["--generation", "8"], name, &PEERS);
        all_contain(&errors, "generation is 8 instead of 7");
    }
}

#[test]
fn another_transport_is_seen_by_clients() {
    let errors = tried(
        |case| case.server = &["--profile", "1"],
        "increment",
        &PEERS,
    );
    all_contain(&errors, "the data plane is");
}

#[test]
fn an_open_door_is_seen() {
    let errors = tried(
        |case| case.server = &["--workers", "2"],
        "capacity reached",
        &PEERS,
    );
    all_contain(&errors, "the state is");
    let refused = tried(|case| case.refused = 1, "increment", &PEERS);
    all_contain(&refused, "cannot have served that");
}

#[test]
fn a_check_that_nobody_knows_is_red() {
    tried(|case| case.check = "unheard-of", "increment", &PEERS);
    tried(|case| case.serve = "unheard-of", "increment", &PEERS);
}

#[test]
fn a_program_that_is_not_there_is_red() {
    let errors = tried(|_| (), "increment", &Peers::new("/nowhere/peer".into()));
    all_contain(&errors, "cannot start the server");
}
