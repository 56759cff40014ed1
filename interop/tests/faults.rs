//! System calls that fail, in every language: what becomes of sessions, and that nothing is left.
#![cfg(target_os = "linux")]

use std::sync::LazyLock;

use netipc_interop::faults::{FaultError, Side, Subject, Tally, once, refused};
use netipc_interop::language::{Language, Peers};

/// A region, and the ring: the socket is where they begin, and where they end up.
const REGION: u32 = 0x02;
const RING: u32 = 0x10;

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

type Sweep = fn(&Peers, Subject) -> Result<Tally, FaultError>;

/// Makes a module of tests for each language.
macro_rules! languages {
    ($($name:ident: $language:ident, $profiles:expr;)+) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn each_call_of_a_server_may_fail_once() {
                    sweep(once, Language::$language, &$profiles, Side::Server, 30);
                }

                #[test]
                fn each_call_of_a_client_may_fail_once() {
                    sweep(once, Language::$language, &$profiles, Side::Client, 30);
                }

                #[test]
                fn a_server_may_be_refused_each_call() {
                    sweep(refused, Language::$language, &$profiles, Side::Server, 30);
                }

                #[test]
                fn a_client_may_be_refused_each_call() {
                    sweep(refused, Language::$language, &$profiles, Side::Client, 15);
                }
            }
        )+
    };
}

languages! {
    rust: Rust, [REGION, RING];
    // It is Rust inside.
    c: C, [RING];
    go: Go, [REGION, RING];
}

fn sweep(sweep: Sweep, language: Language, profiles: &[u32], side: Side, least: u32) {
    for &profile in profiles {
        let subject = Subject {
            language,
            side,
            profile,
        };
        match sweep(&PEERS, subject) {
            Ok(tally) => {
                println!("{subject}:\n{tally}\n");
                assert!(tally.faults() >= least, "{subject}: hardly anything failed");
            }
            Err(error) => panic!("{error}"),
        }
    }
}
