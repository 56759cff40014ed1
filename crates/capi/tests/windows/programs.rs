//! The programs of `tests/c`, next to providers written in Rust.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::mingw::{Bench, Running, STANDARD_FORMATS, TRIPLE, run};
use crate::vectors;

/// What every program is made of besides its own file.
const COMMON: [&str; 4] = ["test.c", "data.c", "provider.c", "windows_platform.c"];

/// Those that try what no other system has.
const OF_UNIX: &str = "unix_";

/// Makes a test of each program.
macro_rules! programs {
    ($($program:ident),+ $(,)?) => {
        const PROGRAMS: &[&str] = &[$(stringify!($program)),+];

        $(
            #[test]
            fn $program() {
                run_tests_of(stringify!($program));
            }
        )+
    };
}

programs! {
    any,
    any_caches,
    arguments,
    caches,
    calls,
    closing,
    codec,
    dispatch,
    enrichers,
    facade,
    failures,
    interruptions,
    little_space,
    log,
    lookups,
    malformed,
    published,
    reuse,
    servers,
    session_ends,
    session_storage,
    sessions,
    storage,
    threads,
    vectors_messages,
    vectors_services,
}

/// A program that is new has its place here, too, unless its name says that it is for Unix.
#[test]
fn every_program_that_is_not_of_unix_runs() {
    for entry in fs::read_dir(sources()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let Some(program) = name.strip_suffix(".c") else {
            continue;
        };
        let known = PROGRAMS.contains(&program) || COMMON.contains(&name);
        assert!(
            known || name.starts_with(OF_UNIX),
            "{name} does not run on Windows"
        );
    }
}

fn run_tests_of(program: &str) {
    let Some(bench) = Bench::new(program) else {
        return;
    };
    vectors::write_tables(bench.dir());
    let mut sources_of: Vec<_> = COMMON.iter().map(|file| sources().join(file)).collect();
    sources_of.push(sources().join(program).with_extension("c"));
    let flags = [
        format!("-I{}", bench.dir().display()),
        STANDARD_FORMATS.into(),
    ];
    let built = bench.build(program, &flags, &sources_of);
    let mut peers = Running::spawn(bench.command(providers()).arg(bench.run_dir()));
    peers.wait_for("READY");
    let printed = bench.start(&built, &[]).succeed();
    let passed = printed.lines().filter(|line| line.starts_with("ok "));
    assert!(passed.count() > 0, "{program} ran no test:\n{printed}");
    drop(peers.stdin());
    peers.succeed();
    assert!(
        !bench.run_dir().exists(),
        "no directory of that name is made"
    );
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c")
}

/// The program of `providers.rs`.
fn providers() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .current_dir(netipc_xtask::workspace())
            .args(["build", "--package", "netipc-capi", "--target", TRIPLE])
            .args(["--example", "windows_providers", "--message-format", "json"]);
        let messages = run(&mut cargo);
        let (_, executable) = messages
            .rsplit_once("\"executable\":\"")
            .expect("cargo names the program");
        PathBuf::from(executable.split('"').next().unwrap())
    });
    &PROGRAM
}
