use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failed};
use crate::platform::make_run_dir;

/// The run directory; if it was made here, it is removed here, unless somebody else uses it by then.
#[derive(Debug)]
pub(super) struct RunDir {
    made: Option<PathBuf>,
}

impl RunDir {
    /// Makes the directory for our own user alone, where the platform has one and there is none.
    pub(super) fn ensure(path: &Path) -> Result<Self, Failed> {
        let is_new = make_run_dir(path).map_err(|error| {
            let sentence = format!("cannot make the run directory {}: {error}", path.display());
            Failed::new(Exit::Failed, sentence)
        })?;
        Ok(Self {
            made: is_new.then(|| path.to_owned()),
        })
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            // Not empty means in use by others.
            let _ = fs::remove_dir(path);
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
