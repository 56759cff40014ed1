//! Inputs that are kept: golden bytes, and what runs have found, one line of hex digits each.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

/// Inputs of one target that are committed.
const MOST: usize = 40;
/// Bytes of the longest that is committed.
const LONGEST: usize = 200;

/// What is committed for a target.
#[must_use]
pub fn read(target: &str) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(file(target)).unwrap_or_default();
    text.lines().filter_map(unhex).collect()
}

/// Adds what a run has found to what is committed for a target; the shortest are kept.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(target: &str, found: &[Vec<u8>]) -> io::Result<()> {
    let mut all = read(target);
    let mut found: Vec<_> = found
        .iter()
        .filter(|input| input.len() <= LONGEST)
        .cloned()
        .collect();
    found.sort_by_key(Vec::len);
    all.extend(found);
    all.truncate(MOST);
    let lines: String = all.iter().map(|input| hex(input) + "\n").collect();
    fs::write(file(target), lines)
}

fn file(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(format!("{target}.hex"))
}

/// The digits of bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of digits; `None` where they are none.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// Golden messages of one type: of `vectors/codec.json`, or of the schemas in `vectors/services`.
pub(crate) fn vectors(file: &str, types: &str) -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../vectors")
        .join(file);
    let text = fs::read_to_string(path).unwrap_or_default();
    let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    let entries = entries
        .iter()
        .filter(|entry| types.is_empty() || entry["type"] == types);
    let found: Vec<_> = entries
        .filter_map(|entry| unhex(entry["hex"].as_str()?))
        .collect();
    assert!(
        !found.is_empty(),
        "no golden bytes of type {types:?} in vectors/{file}"
    );
    found
}
