use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failed};

/// The run directory; if it was made here, it is removed here, unless somebody else uses it by then.
#[derive(Debug)]
pub(super) struct RunDir {
    made: Option<PathBuf>,
}

impl RunDir {
    /// Makes the directory for our own user alone, where there is none.
    pub(super) fn ensure(path: &Path) -> Result<Self, Failed> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => Ok(Self {
                made: Some(path.to_owned()),
            }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
                Ok(Self { made: None })
            }
            Err(error) => {
                let sentence = format!("cannot make the run directory {}: {error}", path.display());
                Err(Failed::new(Exit::Failed, sentence))
            }
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_was_made_is_private_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        let made = RunDir::ensure(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
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
