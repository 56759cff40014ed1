//! Installing the program, its manual pages, and what completes its commands in shells.
//!
//! ```text
//! bin/netipc                                       share/man/man1/netipc*.1
//! share/bash-completion/completions/netipc         share/zsh/site-functions/_netipc
//! share/fish/vendor_completions.d/netipc.fish
//! ```

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::install::{LIBRARY, Options};
use crate::target::Target;
use crate::{Error, build, tool};

/// What completes commands: the shell, and where it looks below the prefix.
pub(crate) const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/netipc"),
    ("zsh", "share/zsh/site-functions/_netipc"),
    ("fish", "share/fish/vendor_completions.d/netipc.fish"),
];
pub(crate) const PROGRAM: &str = "bin/netipc";
pub(crate) const MANUAL: &str = "share/man/man1";

const FILE: u32 = 0o644;
const PROGRAM_NEEDED: &str = "it was built right before";

/// Builds the program for this machine and installs it below `root`.
pub(crate) fn install(options: &Options, root: &Path) -> Result<(), Error> {
    let built = build::program(options.profile)?;
    if !options.profile.strips() {
        return install_program(&built, root);
    }
    let scratch = tempfile::tempdir().map_err(Error::file("make a directory in", "TMPDIR"))?;
    let program = scratch.path().join("netipc");
    tool::copy(&built, &program, LIBRARY)?;
    build::strip(&Target::Native, &program)?;
    install_program(&program, root)
}

/// Installs a program that is built already below `root`, with the manual pages and completions that it prints.
///
/// # Errors
/// The program does not run, or a file cannot be written.
pub fn install_program(program: &Path, root: &Path) -> Result<(), Error> {
    let scratch = tempfile::tempdir().map_err(Error::file("make a directory in", "TMPDIR"))?;
    tool::copy(program, &root.join(PROGRAM), LIBRARY)?;
    for (shell, place) in COMPLETIONS {
        let mut command = Command::new(program);
        let said = tool::run(command.args(["completions", shell]), PROGRAM_NEEDED)?;
        tool::put(&root.join(place), &said.stdout, FILE)?;
    }
    let pages = scratch.path().join("man");
    let mut command = Command::new(program);
    tool::run(command.args(["man", "--out"]).arg(&pages), PROGRAM_NEEDED)?;
    let failed = || Error::file("read", &pages);
    for page in fs::read_dir(&pages).map_err(failed())? {
        let page = page.map_err(failed())?;
        let place = root.join(MANUAL).join(page.file_name());
        tool::copy(&page.path(), &place, FILE)?;
    }
    Ok(())
}
