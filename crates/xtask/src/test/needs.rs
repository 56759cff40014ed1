//! What the tests need, as data: how each thing is found, and where it comes from.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::{go, wine};

/// Something that steps need.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Need {
    /// What people call it.
    pub(crate) name: &'static str,
    pub(crate) probe: Probe,
    pub(crate) source: Source,
}

/// How it is found.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Probe {
    /// All of these programs are on the path.
    Programs(&'static [&'static str]),
    /// This C compiler, with a C library to link programs with, which packages of compilers only recommend.
    Compiler(&'static str),
    /// Valgrind that can tell what the C library does, for which it needs its symbols.
    Valgrind,
    /// A Go that the module accepts.
    Go,
    /// Wine, which need not be on the path.
    Wine,
    /// Rust's standard library for this target.
    Target(&'static str),
}

/// Where it comes from.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// Packages of the system, by its package manager.
    Packages {
        apt: &'static [&'static str],
        dnf: &'static [&'static str],
        pacman: &'static [&'static str],
    },
    /// `rustup target add`.
    Target(&'static str),
    /// `rustup component add`.
    Component(&'static str),
}

/// Shortens the table: programs, and the packages of apt-get, dnf and pacman.
macro_rules! packages {
    ($id:ident, $name:literal, $probe:expr, [$($apt:literal)*], [$($dnf:literal)*], [$($pacman:literal)*]) => {
        pub(crate) const $id: Need = Need {
            name: $name,
            probe: $probe,
            source: Source::Packages { apt: &[$($apt),*], dnf: &[$($dnf),*], pacman: &[$($pacman),*] },
        };
    };
}

macro_rules! target {
    ($id:ident, $triple:literal) => {
        pub(crate) const $id: Need = Need {
            name: concat!("Rust for ", $triple),
            probe: Probe::Target($triple),
            source: Source::Target($triple),
        };
    };
}

use Probe::{Compiler, Programs};

packages!(GCC, "gcc", Compiler("cc"), ["gcc" "libc6-dev"], ["gcc" "glibc-devel"], ["gcc"]);
packages!(
    GXX,
    "g++",
    Programs(&["g++"]),
    ["g++"],
    ["gcc-c++"],
    ["gcc"]
);
packages!(
    MAKE,
    "make",
    Programs(&["make"]),
    ["make"],
    ["make"],
    ["make"]
);
packages!(
    CMAKE,
    "cmake",
    Programs(&["cmake"]),
    ["cmake"],
    ["cmake"],
    ["cmake"]
);
packages!(
    PKG_CONFIG,
    "pkg-config",
    Programs(&["pkg-config"]),
    ["pkg-config"],
    ["pkgconf-pkg-config"],
    ["pkgconf"]
);
packages!(
    BINUTILS,
    "binutils",
    Programs(&["nm", "readelf", "strip"]),
    ["binutils"],
    ["binutils"],
    ["binutils"]
);
packages!(VALGRIND, "valgrind", Probe::Valgrind, ["valgrind" "libc6-dbg"], ["valgrind"], ["valgrind"]);
packages!(
    SPIN,
    "SPIN",
    Programs(&["spin"]),
    ["spin"],
    ["spin"],
    ["spin"]
);
packages!(
    IPROUTE2,
    "iproute2",
    Programs(&["ip", "tc"]),
    ["iproute2"],
    ["iproute" "iproute-tc"],
    ["iproute2"]
);
packages!(GO, "Go", Probe::Go, ["golang-go"], ["golang"], ["go"]);
packages!(
    PYTHON,
    "Python",
    Programs(&["python3"]),
    ["python3"],
    ["python3"],
    ["python"]
);
packages!(
    MINGW,
    "MinGW",
    Programs(&["x86_64-w64-mingw32-gcc"]),
    ["gcc-mingw-w64-x86-64"],
    ["mingw64-gcc"],
    ["mingw-w64-gcc"]
);
packages!(
    WINE,
    "Wine",
    Probe::Wine,
    ["wine64"],
    ["wine-core"],
    ["wine"]
);
packages!(
    QEMU,
    "qemu-user",
    Programs(&["qemu-aarch64", "qemu-arm", "qemu-i386"]),
    ["qemu-user"],
    ["qemu-user"],
    ["qemu-user"]
);
packages!(GCC_ARM64, "gcc for aarch64", Compiler("aarch64-linux-gnu-gcc"), ["gcc-aarch64-linux-gnu" "libc6-dev-arm64-cross"], ["gcc-aarch64-linux-gnu" "sysroot-aarch64-fc-glibc"], ["aarch64-linux-gnu-gcc"]);
packages!(GCC_I686, "gcc for i686", Compiler("i686-linux-gnu-gcc"), ["gcc-i686-linux-gnu" "libc6-dev-i386-cross"], [], []);

target!(RUST_WINDOWS, "x86_64-pc-windows-gnu");
target!(RUST_FREEBSD, "x86_64-unknown-freebsd");
target!(RUST_MACOS, "aarch64-apple-darwin");
target!(RUST_MUSL, "x86_64-unknown-linux-musl");
target!(RUST_ARM64, "aarch64-unknown-linux-gnu");
target!(RUST_I686, "i686-unknown-linux-gnu");

pub(crate) const CLIPPY: Need = Need {
    name: "clippy",
    probe: Programs(&["cargo-clippy"]),
    source: Source::Component("clippy"),
};
pub(crate) const RUSTFMT: Need = Need {
    name: "rustfmt",
    probe: Programs(&["rustfmt"]),
    source: Source::Component("rustfmt"),
};

impl Need {
    /// Whether the machine has it.
    pub(crate) fn is_met(&self) -> bool {
        match self.probe {
            Programs(names) => names.iter().all(|name| on_path(name)),
            Compiler(name) => links(name),
            Probe::Valgrind => succeeds(Command::new("valgrind").args(["-q", "true"])),
            Probe::Go => go::check(&go::program()).is_ok(),
            Probe::Wine => wine::program().is_some_and(|program| program.is_file()),
            Probe::Target(triple) => has_target(triple),
        }
    }
}

/// Whether a program is on the path, and works where rustup stands in for it.
pub(crate) fn on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|place| place.join(name).is_file());
    match name {
        "cargo-clippy" | "rustfmt" => found && succeeds(Command::new(name).arg("--version")),
        _ => found,
    }
}

/// Whether a C compiler finds what every program begins with. What it does not find it names without a place.
fn links(compiler: &str) -> bool {
    let output = Command::new(compiler)
        .arg("-print-file-name=crti.o")
        .output();
    output.is_ok_and(|output| {
        let place = String::from_utf8_lossy(&output.stdout);
        let place = Path::new(place.trim());
        output.status.success() && place.is_absolute() && place.is_file()
    })
}

/// Rust's library is where the compiler looks for it, whoever has put it there.
fn has_target(triple: &str) -> bool {
    let output = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", triple])
        .output();
    output.is_ok_and(|output| {
        let place = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(place.trim()).is_dir()
    })
}

pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
