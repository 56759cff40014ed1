//! Any target of `crates/fuzz`: NETIPC_FUZZ_TARGET names it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netipc_fuzz::{Target, targets};

/// What names the target.
const NAME: &str = "NETIPC_FUZZ_TARGET";

thread_local! {
    static TARGET: Target = {
        let name = std::env::var(NAME).unwrap_or_default();
        let mut all = targets().into_iter();
        let found = all.find(|target| target.name() == name);
        found.unwrap_or_else(|| panic!("{NAME} names no target: see cargo xtask fuzz --list"))
    };
}

fuzz_target!(|bytes: &[u8]| {
    TARGET.with(|target| target.run(bytes));
});
