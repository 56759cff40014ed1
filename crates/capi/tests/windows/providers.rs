//! Providers for the C programs that run on Windows: `windows_providers RUN_DIR`, until stdin ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../c/peers.rs"]
mod peers;

use std::io::Read as _;
use std::path::Path;

fn main() {
    let run_dir = std::env::args_os()
        .nth(1)
        .expect("the first argument is a run directory");
    let _peers = peers::Peers::start(Path::new(&run_dir));
    println!("READY");
    // Whatever is written there, nothing is asked for with it.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
