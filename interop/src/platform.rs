//! The platforms whose peers can be run here, as data. The rows of the matrix are the same on all.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::plan::Transport;

/// A platform that peers are built for.
#[derive(Debug)]
pub struct Platform {
    /// What people call it.
    pub name: &'static str,
    /// What sessions go over, in the order of the table.
    pub transports: &'static [Transport],
    /// What cargo calls it. None: the machine's own.
    pub(crate) target: Option<&'static str>,
    /// What tells cargo how to link for it.
    pub(crate) cargo: &'static [(&'static str, &'static str)],
    /// What tells Go.
    pub(crate) go: &'static [(&'static str, &'static str)],
    /// What the names of programs end with.
    pub(crate) suffix: &'static str,
    /// Why nobody can look whether something is left behind there, if so.
    pub no_leftovers: Option<&'static str>,
    runner: Runner,
}

/// What runs its programs.
#[derive(Debug)]
enum Runner {
    Machine,
    Wine,
    Words(&'static [&'static str]),
}

const UNIX: &[Transport] = &[
    Transport::Socket,
    Transport::ShmHybrid,
    Transport::ShmFutex,
    Transport::ShmRing,
];

/// Every platform; the first is that of this machine.
pub const PLATFORMS: [Platform; 3] = [
    Platform {
        name: "linux",
        transports: UNIX,
        target: None,
        cargo: &[],
        go: &[],
        suffix: "",
        no_leftovers: None,
        runner: Runner::Machine,
    },
    Platform {
        name: "windows",
        transports: &[
            Transport::Pipe,
            Transport::ShmHybrid,
            Transport::ShmBusyWait,
        ],
        target: Some("x86_64-pc-windows-gnu"),
        cargo: &[],
        go: &[("GOOS", "windows"), ("GOARCH", "amd64")],
        suffix: ".exe",
        no_leftovers: Some(
            "no cell looks for what is left behind: pipes and objects go with the peers; the tests of netipc and \
             netipc-transport count handles",
        ),
        runner: Runner::Wine,
    },
    Platform {
        name: "aarch64",
        transports: UNIX,
        target: Some("aarch64-unknown-linux-gnu"),
        cargo: &[(
            "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER",
            "aarch64-linux-gnu-gcc",
        )],
        go: &[("GOOS", "linux"), ("GOARCH", "arm64")],
        suffix: "",
        no_leftovers: None,
        runner: Runner::Words(&["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]),
    },
];

impl Platform {
    /// The platform of this machine.
    #[must_use]
    pub const fn native() -> &'static Self {
        const { &PLATFORMS[0] }
    }

    /// The platform of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PLATFORMS.iter().find(|platform| platform.name == name)
    }

    /// How often a program may end before it has begun: Wine says nothing then, as happens on a busy machine.
    pub(crate) const fn vain_starts(&self) -> u32 {
        match self.runner {
            Runner::Wine => 3,
            Runner::Machine | Runner::Words(_) => 0,
        }
    }

    /// A command that runs a program that was built for it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let words: Vec<OsString> = match self.runner {
            Runner::Machine => Vec::new(),
            // `cargo xtask wine` says which.
            Runner::Wine => vec![env::var_os("WINE").unwrap_or_else(|| "wine64".into())],
            Runner::Words(words) => words.iter().map(OsString::from).collect(),
        };
        let mut words = words.into_iter().chain([program.into()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}
