//! Installing what is missing: by the system's package manager and rustup, where they may.

use std::process::Command;

use rustix::process::geteuid;

use super::needs::{self, Need, Source, on_path, succeeds};
use crate::{Error, child, go};

/// A package manager.
struct Manager {
    program: &'static str,
    /// What brings its lists up to date, if they are not by themselves.
    update: &'static [&'static str],
    install: &'static [&'static str],
    /// Its names for a source's packages.
    packages: fn(&Source) -> &'static [&'static str],
}

const MANAGERS: [Manager; 3] = [
    Manager {
        program: "apt-get",
        update: &["-o", "DPkg::Lock::Timeout=300", "update"],
        install: &[
            "-o",
            "DPkg::Lock::Timeout=300",
            "install",
            "--yes",
            "--no-install-recommends",
        ],
        packages: |source| match source {
            Source::Packages { apt, .. } => apt,
            _ => &[],
        },
    },
    Manager {
        program: "dnf",
        update: &[],
        install: &["install", "--assumeyes"],
        packages: |source| match source {
            Source::Packages { dnf, .. } => dnf,
            _ => &[],
        },
    },
    Manager {
        program: "pacman",
        update: &[],
        install: &["-S", "--needed", "--noconfirm"],
        packages: |source| match source {
            Source::Packages { pacman, .. } => pacman,
            _ => &[],
        },
    },
];

/// How to become root.
const SUDO: [&str; 2] = ["sudo", "-n"];

/// Installs what it may of `missing`, and says what to run for the rest.
///
/// # Errors
/// This process was told to end. Whatever else fails is told by the steps that are skipped for it.
pub(crate) fn install(missing: &[&Need]) -> Result<(), Error> {
    install_by_rustup(missing)?;
    install_by_manager(missing)?;
    // Whose system has only an older Go fetches one with it.
    if missing.contains(&&needs::GO) && !needs::GO.is_met() && on_path("go") {
        say("the Go here is older than the module needs: fetching a newer one");
        if let Err(error) = go::fetch() {
            say(&format!("cannot fetch a newer Go: {error}"));
        }
    }
    Ok(())
}

fn install_by_rustup(missing: &[&Need]) -> Result<(), Error> {
    let targets = missing.iter().filter_map(|need| match need.source {
        Source::Target(triple) => Some(triple),
        _ => None,
    });
    let components = missing.iter().filter_map(|need| match need.source {
        Source::Component(name) => Some(name),
        _ => None,
    });
    let wanted: [(&str, Vec<&str>); 2] = [
        ("target", targets.collect()),
        ("component", components.collect()),
    ];
    for (what, names) in wanted {
        if names.is_empty() {
            continue;
        }
        if on_path("rustup") {
            try_to_run(Command::new("rustup").args([what, "add"]).args(&names))?;
        } else {
            say(&format!(
                "there is no rustup, which would add the {what}s {}",
                names.join(", ")
            ));
        }
    }
    Ok(())
}

fn install_by_manager(missing: &[&Need]) -> Result<(), Error> {
    let manager = MANAGERS.iter().find(|manager| on_path(manager.program));
    let Some(manager) = manager else {
        let names = names(missing, |need| {
            matches!(need.source, Source::Packages { .. })
        });
        if !names.is_empty() {
            say(&format!("no package manager known here: install {names}"));
        }
        return Ok(());
    };
    let packages: Vec<_> = missing
        .iter()
        .flat_map(|need| (manager.packages)(&need.source))
        .copied()
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let root = geteuid().is_root();
    if !root && !succeeds(Command::new(SUDO[0]).args([SUDO[1], "true"])) {
        say(&format!(
            "to install what is missing, run: sudo {} {} {}",
            manager.program,
            manager.install.join(" "),
            packages.join(" ")
        ));
        return Ok(());
    }
    let run = |words: &[&str], packages: &[&str]| {
        let mut command = if root {
            Command::new(manager.program)
        } else {
            let mut command = Command::new(SUDO[0]);
            command.args([SUDO[1], manager.program]);
            command
        };
        command.env("DEBIAN_FRONTEND", "noninteractive");
        try_to_run(command.args(words).args(packages))
    };
    if !manager.update.is_empty() {
        run(manager.update, &[])?;
    }
    // One that is unknown here keeps all of them away.
    if !run(manager.install, &packages)? && packages.len() > 1 {
        for package in packages {
            run(manager.install, &[package])?;
        }
    }
    Ok(())
}

fn names(needs: &[&Need], wanted: impl Fn(&Need) -> bool) -> String {
    let names = needs.iter().filter(|need| wanted(need));
    names.map(|need| need.name).collect::<Vec<_>>().join(", ")
}

/// What fails here is told once more by the steps that are skipped for it.
fn try_to_run(command: &mut Command) -> Result<bool, Error> {
    let words = command.get_args().map(|word| word.to_string_lossy());
    let words: Vec<_> = words.collect();
    say(&format!(
        "{} {}",
        command.get_program().display(),
        words.join(" ")
    ));
    match child::run(command) {
        Ok(status) => Ok(status.success()),
        Err(Error::Stopped) => Err(Error::Stopped),
        Err(error) => {
            say(&format!("{error}"));
            Ok(false)
        }
    }
}

fn say(what: &str) {
    println!("set-up: {what}");
}
