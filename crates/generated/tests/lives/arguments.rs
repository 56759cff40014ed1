//! What functions made in C do with arguments that are wrong.

use std::fs;
use std::path::{Path, PathBuf};

use crate::compile::{linked, succeed};
use crate::strict;

#[test]
fn wrong_arguments_are_refused() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("arguments");
    let mut command = strict();
    command
        .arg(here.join("tests/c/arguments.c"))
        .args(made(here, "c"))
        .args(linked())
        .arg("-o")
        .arg(&program);
    succeed(&mut command);
    succeed(&mut std::process::Command::new(program));
}

/// A function that is added to what is made has to be added there, too.
#[test]
fn every_function_gets_wrong_arguments() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = fs::read_to_string(here.join("tests/c/arguments.c")).unwrap();
    let mut seen = 0;
    for header in made(here, "h") {
        let service = header.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&header).unwrap();
        for name in functions(&text, service) {
            let own = name.strip_prefix(&format!("{service}_")).unwrap();
            // RECORD has `s##_##record##_size(`, the others `s##_client_init(`.
            let in_record = own
                .split_once('_')
                .map(|(_, what)| format!("##record##_{what}("));
            let mut ways = [format!("_{own}(")].into_iter().chain(in_record);
            assert!(ways.any(|way| tests.contains(&way)), "nothing calls {name}");
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} functions");
}

/// The names in front of the parentheses of declarations with pointers.
fn functions<'t>(header: &'t str, service: &'t str) -> impl Iterator<Item = &'t str> {
    let declarations = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', 't', '}']));
    let names = declarations.filter_map(|line| line.split_once('('));
    let pointing = names.filter(|(_, arguments)| arguments.contains('*'));
    pointing.filter_map(move |(before, _)| {
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with(service).then_some(name)
    })
}

/// What is made, of that kind of file.
fn made(here: &Path, kind: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(here.join("c")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == kind));
    files
}
