//! Runs the fuzz targets of all languages: those of `crates/fuzz`, those of Go, and random messages to what is made in C.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Error, build, child, go, workspace};

/// What the target of C is called.
const C: &str = "c";

/// What is fuzzed, and for how long.
#[derive(Clone, Debug)]
pub struct FuzzOptions {
    /// Names of targets: those of `crates/fuzz`, `c`, and Go's, which begin with `Fuzz`; all where there is none.
    pub targets: Vec<String>,
    /// How long each is fed.
    pub seconds: u32,
    /// What the inputs of Rust and C are made from; the clock says where nothing is given. Go takes none.
    pub seed: Option<u64>,
    /// Adds to the committed corpus what brought something new.
    pub keep: bool,
    /// One input to try instead, for one target of Rust: hex digits, or `@` and a file.
    pub input: Option<String>,
}

/// A fuzz target of Go.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct GoTarget {
    name: String,
    /// Its package, below the module.
    package: PathBuf,
}

/// Feeds every target for as long as asked; tells how many failed.
///
/// # Errors
/// What cannot be built or started.
pub fn fuzz(options: &FuzzOptions) -> Result<usize, Error> {
    let all = options.targets.is_empty();
    let is_go = |name: &&String| name.starts_with("Fuzz");
    let rust: Vec<_> = options
        .targets
        .iter()
        .filter(|name| !is_go(name) && *name != C)
        .collect();
    let mut failed = 0;
    if all || !rust.is_empty() {
        failed += count("Rust", child::run(&mut runner(options, &rust))?);
    }
    if options.input.is_some() {
        return Ok(failed);
    }
    if all || options.targets.iter().any(|name| name == C) {
        failed += count(C, child::run(&mut c(options))?);
    }
    let known = go_targets()?;
    for name in options.targets.iter().filter(is_go) {
        if !known.iter().any(|target| target.name == *name) {
            println!("{name}: Go has no such target: see --list");
            failed += 1;
        }
    }
    for target in known {
        if all || options.targets.contains(&target.name) {
            println!("{} of {}", target.name, target.package.display());
            failed += count(
                &target.name,
                child::run(&mut go_target(&target, options.seconds))?,
            );
        }
    }
    Ok(failed)
}

/// Prints the names of all targets.
///
/// # Errors
/// What cannot be built or started.
pub fn list_fuzz_targets() -> Result<(), Error> {
    child::run(cargo_runner().arg("--list"))?;
    println!("{C}");
    go_targets()?
        .iter()
        .for_each(|target| println!("{}", target.name));
    Ok(())
}

fn count(what: &str, status: ExitStatus) -> usize {
    if status.success() {
        return 0;
    }
    println!("{what}: {status}");
    1
}

fn cargo_runner() -> Command {
    let mut command = build::cargo();
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--profile",
        "fuzz",
        "--package",
        "netipc-fuzz",
        "--",
    ]);
    command
}

fn runner(options: &FuzzOptions, targets: &[&String]) -> Command {
    let mut command = cargo_runner();
    command
        .args(targets)
        .arg("--seconds")
        .arg(options.seconds.to_string());
    if let Some(seed) = options.seed {
        command.arg("--seed").arg(seed.to_string());
    }
    if let Some(input) = &options.input {
        command.arg("--input").arg(input);
    }
    if options.keep {
        command.arg("--keep");
    }
    command
}

/// What is made in C has a test that goes on for as long as asked.
fn c(options: &FuzzOptions) -> Command {
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    };
    let mut command = build::cargo();
    command.args([
        "test",
        "--quiet",
        "--locked",
        "--package",
        "netipc-generated",
        "--test",
        "made",
    ]);
    command.args(["--", "--ignored", "--nocapture", "for_long"]);
    command.env("NETIPC_FUZZ_SECONDS", options.seconds.to_string());
    command.env(
        "NETIPC_FUZZ_SEED",
        options.seed.unwrap_or_else(clock).to_string(),
    );
    command
}

fn go_target(target: &GoTarget, seconds: u32) -> Command {
    let mut command = Command::new(go::program());
    command
        .arg("test")
        .arg(Path::new(".").join(&target.package))
        .args(["-run", "^$", "-fuzz"])
        .arg(format!("^{}$", target.name))
        .arg("-fuzztime")
        .arg(format!("{seconds}s"))
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .current_dir(module());
    command
}

fn module() -> PathBuf {
    workspace().join("go")
}

/// The targets of the module, as its sources have them.
fn go_targets() -> Result<Vec<GoTarget>, Error> {
    let mut found = Vec::new();
    let mut open = vec![module()];
    while let Some(dir) = open.pop() {
        let entries = fs::read_dir(&dir).map_err(Error::file("read this directory", &dir))?;
        for entry in entries {
            let path = entry
                .map_err(Error::file("read this directory", &dir))?
                .path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(is_go_test) {
                let source = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
                let package = dir.strip_prefix(module()).unwrap_or(&dir).to_owned();
                let names = names_in(&source);
                found.extend(names.map(|name| GoTarget {
                    name,
                    package: package.clone(),
                }));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_go_test(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.ends_with("_test.go"))
}

/// The fuzz targets of a source in Go.
fn names_in(source: &str) -> impl Iterator<Item = String> {
    let lines = source
        .lines()
        .filter_map(|line| line.strip_prefix("func Fuzz"));
    lines.filter_map(|line| Some(format!("Fuzz{}", line.split_once('(')?.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_go_are_found_with_their_packages() {
        let found = go_targets().expect("the module is there");
        for (name, package) in [
            ("FuzzHello", "protocol"),
            ("FuzzSession", "internal/session"),
        ] {
            let target = GoTarget {
                name: name.to_owned(),
                package: package.into(),
            };
            assert!(found.contains(&target), "{name}: {found:?}");
            let command = format!("{:?}", go_target(&target, 3));
            assert!(command.contains(&format!("\"./{package}\"")), "{command}");
            assert!(
                command.contains(&format!("\"^{name}$\" \"-fuzztime\" \"3s\"")),
                "{command}"
            );
        }
    }

    #[test]
    fn what_is_asked_for_reaches_the_runner() {
        let options = FuzzOptions {
            targets: vec!["hello".to_owned()],
            seconds: 5,
            seed: Some(7),
            keep: true,
            input: Some("00ff".to_owned()),
        };
        let command = format!("{:?}", runner(&options, &[&options.targets[0]]));
        let wanted = r#""--" "hello" "--seconds" "5" "--seed" "7" "--input" "00ff" "--keep""#;
        assert!(command.ends_with(wanted), "{command}");
    }
}
