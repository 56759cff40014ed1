//! The page an operator reads: Markdown with the figures, and SVG plots beside it.
//!
//! The same rows give the same plots, byte for byte. Nothing names the host.

pub(crate) mod number;
mod page;
mod plots;
pub(crate) mod text;

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::run::Outcome;

/// Writes `README.md` and its plots into `dir`, which is made where it is missing, and returns the
/// page's path. Files of an earlier report are replaced; those that the new page does not need
/// stay.
///
/// `command` is what gave the rows. Only the last part of paths in it is shown, so that the page
/// can be published.
///
/// # Errors
///
/// A file or directory that cannot be written, by name.
pub fn write(dir: &Path, outcome: &Outcome, command: &str) -> Result<PathBuf, io::Error> {
    fs::create_dir_all(dir).map_err(|cause| at(dir, cause))?;
    let plots = plots::draw(&outcome.rows);
    for plot in &plots {
        save(&dir.join(&plot.file), &plot.svg)?;
    }
    let page = dir.join("README.md");
    save(&page, &page::render(outcome, &plots, command))?;
    Ok(page)
}

fn save(path: &Path, content: &str) -> Result<(), io::Error> {
    fs::write(path, content).map_err(|cause| at(path, cause))
}

/// The same error, with the file it is about.
fn at(path: &Path, cause: io::Error) -> io::Error {
    io::Error::new(
        cause.kind(),
        format!("cannot write {}: {cause}", path.display()),
    )
}
