//! Removing what [`install`](crate::install()) has installed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::install::Options;
use crate::{Error, build, headers, program};

/// Files of libraries, where names of other versions begin as ours do.
const LIBRARIES: &str = "libnetipc.so";

/// Removes headers, libraries, the program and what belongs to them, of any version, and directories of ours that are empty
/// then; returns what was removed. Everything else below the prefix stays.
///
/// # Errors
/// A file cannot be removed.
pub fn uninstall(options: &Options) -> Result<Vec<PathBuf>, Error> {
    let root = options.root();
    let mut removed = Vec::new();
    for path in installed(options) {
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(Error::file("remove", path)(error)),
        }
    }
    let lib_dir = root.join(&options.lib_dir);
    for dir in [root.join("include/netipc"), lib_dir.join("cmake/netipc")] {
        // What others have put there stays.
        if fs::remove_dir(&dir).is_ok() {
            removed.push(dir);
        }
    }
    Ok(removed)
}

/// Whether nothing was there.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Every file that may have been installed.
fn installed(options: &Options) -> Vec<PathBuf> {
    let root = options.root();
    let lib_dir = root.join(&options.lib_dir);
    let names = headers::NAMES.into_iter().chain([headers::WRITTEN]);
    let mut files: Vec<PathBuf> = names
        .map(|name| root.join("include/netipc").join(name))
        .collect();
    let in_lib = [
        "libnetipc.a",
        build::IMPORT_LIB,
        "pkgconfig/netipc.pc",
        "cmake/netipc/netipc-config.cmake",
        "cmake/netipc/netipc-config-version.cmake",
    ];
    files.extend(in_lib.map(|name| lib_dir.join(name)));
    files.extend(named(&lib_dir, |name| {
        let version = name.strip_prefix(LIBRARIES);
        version.is_some_and(|version| version.is_empty() || version.starts_with('.'))
    }));
    files.push(root.join("bin").join(build::DLL));
    files.push(root.join(program::PROGRAM));
    files.extend(program::COMPLETIONS.map(|(_, place)| root.join(place)));
    files.extend(named(&root.join(program::MANUAL), |name| {
        let is_ours = name == "netipc.1" || name.starts_with("netipc-");
        is_ours && name.ends_with(".1")
    }));
    files
}

/// What of `dir` has such a name.
fn named(dir: &Path, is_ours: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_str().is_some_and(&is_ours));
    let mut paths: Vec<PathBuf> = ours.map(|entry| entry.path()).collect();
    paths.sort_unstable();
    paths
}
