//! The programs that the documentation in integrators' hands shows. They compile and run as they stand, but
//! for the run directory, which a test may not have.

use std::fs;
use std::path::{Path, PathBuf};

use crate::programs::Bench;

/// The run directory of the listings.
const RUN_DIR: &str = "/run/netdata";

/// Builds one of them, for the run directory of the bench.
fn program(bench: &Bench, name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/getting_started");
    let listing = fs::read_to_string(here.join(name).with_extension("c")).unwrap();
    assert_eq!(listing.matches(RUN_DIR).count(), 1, "{name}");
    let source = bench.dir().join(name).with_extension("c");
    let run_dir = bench.run_dir().display().to_string();
    fs::write(&source, listing.replace(RUN_DIR, &run_dir)).unwrap();
    bench.program(&source)
}

#[test]
fn they_run_as_they_stand() {
    let bench = Bench::new();
    // Not checked for leaks: it serves in the main thread, of which Rust's library keeps a note.
    let mut server = bench.start(program(&bench, "server"), &[]);
    server.wait_for("READY");
    let client = bench.start_checked(&program(&bench, "client"), &[]);
    assert_eq!(client.succeed(), "1001 docker-abc123 /docker/abc123\n");
    // Not checked for leaks: as it stands it keeps the item that it owns.
    let cache = bench.start(program(&bench, "cache"), &[]);
    let shown = "cache updated: 1 items\ndocker-abc123: /docker/abc123\n";
    assert_eq!(cache.succeed(), shown);
    drop(server.stdin());
    server.succeed();
    bench.is_clean();
}

#[test]
fn consumers_without_a_provider_find_nothing() {
    let bench = Bench::new();
    for name in ["client", "cache"] {
        let text = bench.start_checked(&program(&bench, name), &[]).succeed();
        assert_eq!(text, "", "{name}");
    }
}
