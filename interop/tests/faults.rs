//! System calls that fail, in every language: what becomes of sessions, and that nothing is left.
#![cfg(target_os = "linux")]

use std::sync::LazyLock;

use netipc_interop::faults::{FaultError, Side, Subject, Tally, once, refused};
use netipc_interop::language::{Language, Peers};

/// Sessions of shared memory begin over the socket, and end up there.
const SOCKET: u32 = 0x01;
const REGION: u32 = 0x02;
const RING: u32 = 0x10;

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

type Sweep = fn(&Peers, Subject) -> Result<Tally, FaultError>;

/// Makes a module of tests for each language and profile, which wait beside one another.
macro_rules! subjects {
    ($($name:ident: $language:ident, $profile:ident;)+) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn each_call_of_a_server_may_fail_once() {
                    sweep(once, Language::$language, $profile, Side::Server, 30);
                }

                #[test]
                fn each_call_of_a_client_may_fail_once() {
                    sweep(once, Language::$language, $profile, Side::Client, 15);
                }

                #[test]
                fn a_server_may_be_refused_each_call() {
                    sweep(refused, Language::$language, $profile, Side::Server, 30);
                }

                #[test]
                fn a_client_may_be_refused_each_call() {
                    sweep(refused, Language::$language, $profile, Side::Client, 15);
                }
            }
        )+
    };
}

subjects! {
    rust_region: Rust, REGION;
    rust_ring: Rust, RING;
    c_socket: C, SOCKET;
    c_region: C, REGION;
    c_ring: C, RING;
    go_region: Go, REGION;
    go_ring: Go, RING;
}

fn sweep(sweep: Sweep, language: Language, profile: u32, side: Side, least: u32) {
    let subject = Subject {
        language,
        side,
        profile,
    };
    let tally = sweep(&PEERS, subject).unwrap_or_else(|error| panic!("{error}"));
    println!("{subject}:\n{tally}\n");
    assert!(tally.faults() >= least, "{subject}: hardly anything failed");
}
