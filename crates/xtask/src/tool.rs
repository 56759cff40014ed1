//! Running other programs, and files that change only where they have to.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::NamedTempFile;

use crate::Error;

/// Runs `command` to its end; `needed` says what it is for and where it comes from.
pub(crate) fn run(command: &mut Command, needed: &'static str) -> Result<Output, Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::Missing { program, needed },
        _ => Error::Start { program, source },
    })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        command: format!("{command:?}"),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Makes `dir` and its parents.
pub(crate) fn make_dir(dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(Error::file("make this directory", dir))
}

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file("read", path))
}

/// Writes `content` to `path` at once, and not at all where it is there already: whoever uses the
/// file at this moment is not disturbed.
pub(crate) fn put(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(Path::new("."));
    make_dir(dir)?;
    let write = || {
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(content)?;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(mode))?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(Error::file("write", path))
}

/// Copies a file as [`put`] writes.
pub(crate) fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), Error> {
    put(
        to,
        &fs::read(from).map_err(Error::file("read", from))?,
        mode,
    )
}

/// Makes `path` a link to `target`, whatever it was before.
pub(crate) fn link(target: &str, path: &Path) -> Result<(), Error> {
    if fs::read_link(path).is_ok_and(|present| present == Path::new(target)) {
        return Ok(());
    }
    let replace = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        symlink(target, path)
    };
    replace().map_err(Error::file("make this link", path))
}
