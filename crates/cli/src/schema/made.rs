//! Files that are made from schemas.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use netipc_schema::Schema;

use super::{read_all, say};
use crate::exit::{Exit, Failed};

/// What something is made from, and where it goes.
#[derive(Args, Debug)]
pub(super) struct Made {
    /// Schemas
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Directory for a file of each service [default: stdout]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Made {
    /// Writes what `make` makes of each schema: to a file of its name, or to stdout.
    pub(super) fn write(&self, end: &str, make: impl Fn(&Schema) -> String) -> Result<(), Failed> {
        for schema in read_all(&self.files)? {
            let made = make(&schema);
            match &self.out {
                Some(dir) => write_file(&dir.join(format!("{}.{end}", schema.name)), &made)?,
                None => say(&[made.trim_end().to_owned()])?,
            }
        }
        Ok(())
    }
}

/// Writes a file, and the directories above it, and says so.
pub(super) fn write_file(file: &Path, text: &str) -> Result<(), Failed> {
    let failed = |error| {
        let sentence = format!("cannot write {}: {error}", file.display());
        Failed::new(Exit::Failed, sentence)
    };
    if let Some(dir) = file.parent() {
        fs::create_dir_all(dir).map_err(failed)?;
    }
    fs::write(file, text).map_err(failed)?;
    say(&[format!("{} written", file.display())])
}
