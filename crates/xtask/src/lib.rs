//! What the C library takes beyond `cargo build`: its headers, and its installation.
//!
//! ```text
//! headers    writes crates/capi/include/netipc/*.h, or checks that they are as generated
//! install    builds and installs headers, libraries, pkg-config and CMake files, and the program
//! uninstall  removes what was installed
//! coverage   tells how much of the code the tests run
//! fuzz       feeds the fuzz targets of all languages
//! sbom       says what everything is made of, as CycloneDX
//! bench      builds the peers in C and Go, too, and measures everything with netipc bench
//! test       installs what the tests need and runs them all
//! trial      builds a program that tries something out for long, and becomes it
//! wine       runs a command with a Wine of its own
//! ```
//!
//! The program `xtask` has a command for each; tests of C programs call [`install_for_tests`].

mod bench;
mod build;
mod child;
mod coverage;
mod error;
mod fuzz;
pub mod go;
pub mod headers;
mod install;
mod program;
mod progress;
mod sbom;
mod target;
mod test;
mod tool;
mod trial;
mod uninstall;
mod wine;

use std::path::{Path, PathBuf};

pub use crate::bench::bench;
pub use crate::child::end_in_order;
pub use crate::coverage::{Covered, coverage, show_coverage};
pub use crate::error::Error;
pub use crate::fuzz::{FuzzOptions, fuzz, list_fuzz_targets};
pub use crate::install::{
    Options, Profile, install, install_for_tests, install_for_tests_of, try_install_for_tests,
};
pub use crate::program::install_program;
pub use crate::sbom::sbom;
pub use crate::target::Target;
pub use crate::test::{Summary, TestOptions, list, test};
pub use crate::trial::trial;
pub use crate::uninstall::uninstall;
pub use crate::wine::Wine;

/// Where the workspace is.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(PathBuf::from)
        .unwrap_or_default()
}
