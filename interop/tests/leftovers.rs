//! Whatever stands where an endpoint, the lock of a start or a region has its name.
#![cfg(target_os = "linux")]

use std::sync::LazyLock;

use netipc_interop::language::{Language, Peers};
use netipc_interop::leftovers::{a_consumer_asks, a_provider_starts};

static PEERS: LazyLock<Peers> =
    LazyLock::new(|| Peers::new(env!("CARGO_BIN_EXE_netipc-interop").into()));

/// Makes a module of tests for each language.
macro_rules! languages {
    ($($name:ident: $language:ident;)+) => {
        $(
            mod $name {
                use super::*;

                #[test]
                fn a_provider_starts_beside_whatever_has_a_name_of_its_own() {
                    let tried = a_provider_starts(&PEERS, Language::$language).unwrap_or_else(|error| panic!("{error}"));
                    // But for devices, which only root makes.
                    assert!(tried >= 42, "{tried}");
                }

                #[test]
                fn a_consumer_waits_for_nothing_that_is_no_provider() {
                    let tried = a_consumer_asks(&PEERS, Language::$language).unwrap_or_else(|error| panic!("{error}"));
                    assert!(tried >= 28, "{tried}");
                }
            }
        )+
    };
}

languages! {
    rust: Rust;
    c: C;
    go: Go;
}
