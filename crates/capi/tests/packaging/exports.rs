//! The symbols and names of the shared library.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use netipc_xtask::{headers, install_for_tests};

use crate::run;

#[test]
fn only_what_headers_declare_is_exported() {
    let library = install_for_tests().join("lib/libnetipc.so");
    let listed = run(Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(library));
    let mut exported = BTreeSet::new();
    for line in listed.lines() {
        let (kind, symbol) = line.split_once(' ').unwrap().1.split_once(' ').unwrap();
        match kind {
            "A" => assert_eq!(symbol, "NETIPC_0"),
            _ => {
                let name = symbol.strip_suffix("@@NETIPC_0");
                exported.insert(
                    name.unwrap_or_else(|| panic!("no version: {symbol}"))
                        .to_owned(),
                );
            }
        }
    }
    assert_eq!(exported, declared());
}

#[test]
fn programs_look_for_the_major_version() {
    let lib = install_for_tests().join("lib");
    let dynamic = run(Command::new("readelf")
        .arg("-d")
        .arg(lib.join("libnetipc.so")));
    assert!(
        dynamic.contains("Library soname: [libnetipc.so.0]"),
        "{dynamic}"
    );
    let target = |name: &str| fs::read_link(lib.join(name)).unwrap();
    assert_eq!(target("libnetipc.so").to_str(), Some("libnetipc.so.0"));
    let file = concat!("libnetipc.so.", env!("CARGO_PKG_VERSION"));
    assert_eq!(target("libnetipc.so.0").to_str(), Some(file));
}

/// The functions that the headers declare.
fn declared() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for name in headers::NAMES {
        let header = headers::directory().join(name);
        let text = fs::read_to_string(header).expect("the header is committed");
        functions.extend(headers::functions(&text));
    }
    let inline = functions.remove("nipc_align8");
    assert!(inline, "the one function that a header defines itself");
    functions
}
