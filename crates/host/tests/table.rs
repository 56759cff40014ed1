//! The table of the guide is the one that paths are read by.

use std::{env, fs, path::Path};

use netipc_host::{Policy, Sources, path_table};

const BEGIN: &str = "<!-- what a path tells: written by `UPDATE_DOCS=1 cargo test -p netipc-host --test table` -->\n";
const END: &str = "<!-- end of what a path tells -->\n";

#[test]
fn the_guide_shows_what_a_path_tells() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/host.md");
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if env::var_os("UPDATE_DOCS").is_some() {
        let guide = [before, BEGIN, &path_table(), END, after].concat();
        fs::write(&path, guide).unwrap();
    } else {
        assert_eq!(shown, path_table());
    }
}

#[test]
fn the_guide_names_the_sources_and_what_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/host.md");
    let guide = fs::read_to_string(path).unwrap();
    let defaults: Vec<&str> = Policy::defaults().collect();
    let line = format!("disable {}\n", defaults.join("  "));
    assert!(guide.contains(&line), "{line}");
    let rows: Vec<&str> = guide
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let mut rows = rows.into_iter();
    for name in Sources::NAMES {
        let row = format!("| `{name}` |");
        assert!(
            rows.any(|line| line.starts_with(&row)),
            "{row} is missing, or not in order"
        );
    }
}
