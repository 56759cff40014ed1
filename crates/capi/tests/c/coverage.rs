//! What the headers declare and no program calls.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use netipc_xtask::headers;

const CRATE: &str = env!("CARGO_MANIFEST_DIR");

/// Compares the functions of the headers with the calls in the programs.
///
/// # Panics
/// When a function is not called.
pub(crate) fn check() {
    let mut declared = functions(&Path::new(CRATE).join("include/netipc"), "h");
    // Not the library's: what is made from schemas calls these, and is tested beside its schemas.
    declared.retain(|name| !name.starts_with("nipc_made_"));
    let called = functions(&Path::new(CRATE).join("tests/c"), "c");
    assert!(declared.len() > 100, "only {} functions", declared.len());
    let missing: Vec<_> = declared.difference(&called).collect();
    assert!(missing.is_empty(), "no test calls {missing:?}");
}

/// The functions that the files of `dir` with this ending name.
fn functions(dir: &Path, ending: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == ending) {
            let text = fs::read_to_string(path).unwrap();
            names.extend(headers::functions(&text));
        }
    }
    names
}
