use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failed};
use crate::platform::make_run_dir;

/// The run directory; if it was made here, it is removed here, unless somebody else uses it by then.
#[derive(Debug)]
pub(super) struct RunDir {
    path: PathBuf,
    is_made_here: bool,
}

impl RunDir {
    /// Makes the directory for our own user alone, where the platform has one and there is none.
    pub(super) fn ensure(path: &Path) -> Result<Self, Failed> {
        let mut run_dir = Self {
            path: path.to_owned(),
            is_made_here: false,
        };
        run_dir.renew()?;
        Ok(run_dir)
    }

    /// Makes it once more if it is gone.
    pub(super) fn renew(&mut self) -> Result<(), Failed> {
        let path = &self.path;
        let is_new = make_run_dir(path).map_err(|error| {
            let sentence = format!("cannot make the run directory {}: {error}", path.display());
            Failed::new(Exit::Failed, sentence)
        })?;
        self.is_made_here |= is_new;
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if self.is_made_here {
            // Not empty means in use by others.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let made = RunDir::ensure(&path).unwrap();
        drop(RunDir::ensure(&path).unwrap());
        assert!(path.exists(), "it was there before");
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn what_others_use_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let made = RunDir::ensure(&path).unwrap();
        fs::write(path.join("theirs"), "").unwrap();
        drop(made);
        assert!(path.join("theirs").exists());
    }

    #[test]
    fn a_file_is_no_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let failed = RunDir::ensure(file.path()).unwrap_err();
        assert!(
            failed.to_string().contains("cannot make the run directory"),
            "{failed}"
        );
    }
}
