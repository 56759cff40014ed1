//! The whole matrix, a test for each column.

use std::num::NonZero;
use std::sync::LazyLock;

use netipc_interop::language::{Language, Peers};
use netipc_interop::plan::{Cell, Column, Transport};
use netipc_interop::platform::Platform;
use netipc_interop::report::Report;
use netipc_interop::run::run;

/// Makes a module of tests for each pair of languages, one for each transport, and knows them all.
macro_rules! columns {
    ($($pair:ident: $client:ident -> $server:ident;)+) => {
        $(
            mod $pair {
                use super::*;

                #[test]
                fn over_a_socket() {
                    all_green(column(Transport::Socket));
                }

                #[test]
                fn over_hybrid_shared_memory() {
                    all_green(column(Transport::ShmHybrid));
                }

                #[test]
                fn over_futex_shared_memory() {
                    all_green(column(Transport::ShmFutex));
                }

                #[test]
                fn over_the_ring() {
                    all_green(column(Transport::ShmRing));
                }

                pub(crate) const fn column(transport: Transport) -> Column {
                    Column {
                        transport,
                        client: Language::$client,
                        server: Language::$server,
                    }
                }
            }
        )+

        fn tested() -> Vec<Column> {
            let column = |transport| [$($pair::column(transport)),+];
            Platform::native()
                .transports
                .iter()
                .copied()
                .flat_map(column)
                .collect()
        }
    };
}

columns! {
    rust_asks_rust: Rust -> Rust;
    rust_asks_c: Rust -> C;
    rust_asks_go: Rust -> Go;
    c_asks_rust: C -> Rust;
    c_asks_c: C -> C;
    c_asks_go: C -> Go;
    go_asks_rust: Go -> Rust;
    go_asks_c: Go -> C;
    go_asks_go: Go -> Go;
}

#[test]
fn every_column_has_its_test() {
    assert_eq!(
        tested(),
        Column::all(Platform::native()).collect::<Vec<_>>()
    );
}

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

fn all_green(column: Column) {
    let cells: Vec<_> = Cell::of(column).collect();
    // Most of what takes long is waiting; but a machine that is too busy hears too late that a client left.
    let jobs = NonZero::new(2).expect("not zero");
    let report = Report::new(&cells, &run(&cells, &PEERS, jobs, |_| ()));
    assert!(
        report.is_green(),
        "{}\n{}",
        report.table(),
        report.failures()
    );
}
