//! What looks for undefined behaviour and data races in Rust, with a nightly compiler, and in C: Miri, and the sanitizers.

use std::process::{Command, ExitStatus};

use crate::{Error, tool, workspace};

const NEEDED: &str = "it fetches a nightly compiler, which Miri and the sanitizers are part of; install rustup, see https://rustup.rs";

/// What to look with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sanitizer {
    /// Interprets what needs no system: bytes, sessions, a server and clients over memory, and what C passes in and gets.
    Miri,
    /// Watches the threads of transports, servers and clients.
    Thread,
    /// Watches the memory of the C programs of the tests, and undefined behaviour in them.
    Address,
}

/// A run of tests: words of cargo, and of the test programs behind `--`.
type Run = (&'static str, &'static str);

/// Property tests and exhaustive ones take hours when interpreted: of the former each property is tried once.
const MIRI: [Run; 3] = [
    (
        "-p netipc-proto --lib --test wire --test session --test labels --test packed --test batches --test chunks --test negotiation",
        "--skip every_length_and_every_place --skip every_part_of_a_window --skip any_",
    ),
    (
        "-p netipc-capi --lib",
        "protocol:: --skip changed_under --skip every_",
    ),
    ("-p netipc --test untyped", "bytes_go_there_and_back"),
];
const THREAD: [Run; 2] = [
    (
        "-p netipc-transport --lib --test conformance --test shm --test ring --test defects --test signals",
        "",
    ),
    (
        "-p netipc --test conformance --test untyped --test connections",
        "",
    ),
];
const ADDRESS: [Run; 1] = [("-p netipc-capi --test c", "sanitizers")];

/// Runs the tests that a sanitizer has something to find in; whether it found nothing. A nightly compiler is fetched with
/// rustup where it is missing; where it cannot be, that is said and nothing is run.
///
/// # Errors
/// Where cargo cannot be started.
pub fn sanitize(sanitizer: Sanitizer) -> Result<bool, Error> {
    let runs: &[Run] = match sanitizer {
        Sanitizer::Miri => &MIRI,
        Sanitizer::Thread => &THREAD,
        Sanitizer::Address => &ADDRESS,
    };
    if sanitizer != Sanitizer::Address && !has_nightly() {
        println!(
            "SKIPPED: rustup has no nightly compiler with Miri and the sources of the standard library, and could not fetch one"
        );
        return Ok(true);
    }
    let mut found_nothing = true;
    for run in runs {
        println!("{sanitizer:?}: cargo test {} -- {}", run.0, run.1);
        found_nothing &= start(sanitizer, *run)?.success();
    }
    Ok(found_nothing)
}

/// Whether there is a nightly compiler with what is needed, now.
fn has_nightly() -> bool {
    let words = "toolchain install nightly --profile minimal --component miri --component rust-src --no-self-update";
    let mut install = Command::new("rustup");
    install.args(words.split(' '));
    let component = |name: &str| {
        let mut list = Command::new("rustup");
        list.args(["component", "list", "--toolchain", "nightly", "--installed"]);
        tool::run(&mut list, NEEDED).is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .any(|line| line.starts_with(name))
        })
    };
    let is_there = || component("miri") && component("rust-src");
    is_there() || (tool::run(&mut install, NEEDED).is_ok() && is_there())
}

fn start(sanitizer: Sanitizer, (cargo, tests): Run) -> Result<ExitStatus, Error> {
    let mut command = Command::new("cargo");
    let target = workspace().join("target").join(match sanitizer {
        Sanitizer::Miri => "miri",
        Sanitizer::Thread => "tsan",
        Sanitizer::Address => "",
    });
    match sanitizer {
        Sanitizer::Miri => {
            command
                .args(["+nightly", "miri", "test"])
                // Strings of C have exposed provenance: `nipc_str_view_t::of` says why.
                .env(
                    "MIRIFLAGS",
                    "-Zmiri-disable-isolation -Zmiri-permissive-provenance",
                )
                .env("PROPTEST_CASES", "1");
        }
        Sanitizer::Thread => {
            command
                .args(["+nightly", "test", "-Zbuild-std", "--target"])
                .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
                .env("RUSTFLAGS", "-Zsanitizer=thread");
        }
        Sanitizer::Address => {
            command.arg("test");
        }
    }
    command
        .arg("--target-dir")
        .arg(target)
        .arg("--no-fail-fast")
        .args(cargo.split_whitespace())
        .arg("--")
        .args(tests.split_whitespace())
        .current_dir(workspace());
    command.status().map_err(|source| Error::Start {
        program: "cargo".to_owned(),
        source,
    })
}
