use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use tracing::debug;

use crate::error::vanished;

/// What was read from a file or a directory, read again only after it changed.
pub(super) struct Stamped<T> {
    path: PathBuf,
    stamp: Option<Stamp>,
    value: T,
}

impl<T: Default + PartialEq> Stamped<T> {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            stamp: None,
            value: T::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn value(&self) -> &T {
        &self.value
    }

    /// Whether there was something at the path when last looked.
    pub(super) fn is_present(&self) -> bool {
        self.stamp.is_some()
    }

    /// Costs one `stat` while nothing changes. What `read` cannot make sense of counts as empty until it changes.
    pub(super) fn update(&mut self, read: impl FnOnce(&Path) -> Option<T>) {
        let stamp = fs::metadata(&self.path)
            .ok()
            .map(|meta| Stamp::of(&meta, SystemTime::now()));
        let holds = stamp.is_some() && stamp == self.stamp;
        if holds && stamp.as_ref().is_some_and(|stamp| stamp.settled) {
            return;
        }
        let value = match stamp {
            Some(_) => read(&self.path).unwrap_or_default(),
            None => T::default(),
        };
        self.stamp = stamp;
        // An equal value stays the same object, which makes comparing snapshots cheap.
        if value != self.value {
            self.value = value;
        }
    }
}

/// What changes whenever a file does, as long as the last change is not too fresh for the clock to tell it from the next.
#[derive(PartialEq, Eq)]
struct Stamp {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    settled: bool,
}

impl Stamp {
    fn of(meta: &Metadata, now: SystemTime) -> Self {
        const CLOCK_TICK: Duration = Duration::from_secs(2);
        let age = meta
            .modified()
            .ok()
            .and_then(|modified| now.duration_since(modified).ok());
        Self {
            inode: (meta.dev(), meta.ino()),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
            settled: age.is_some_and(|age| age > CLOCK_TICK),
        }
    }
}

/// A JSON file of at most `max` bytes. Anything else is reported as a debug event and gives nothing.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, max: u64) -> Option<T> {
    let parsed = read_bounded(path, max)
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from));
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            if !vanished(&error) {
                debug!(path = %path.display(), %error, "ignored a container runtime's file");
            }
            None
        }
    }
}

fn read_bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    // Opening a FIFO would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("larger than {max} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_again_only_what_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut file: Stamped<u32> = Stamped::new(&path);
        file.update(|_| panic!("there is nothing to read"));
        assert!(!file.is_present());

        fs::write(&path, "").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let touch = |time| File::open(&path).unwrap().set_modified(time).unwrap();
        touch(long_ago);
        file.update(|_| Some(1));
        file.update(|_| panic!("nothing changed"));
        assert_eq!(*file.value(), 1);

        touch(long_ago + Duration::from_secs(1));
        file.update(|_| None);
        assert_eq!(*file.value(), 0, "unreadable counts as empty");
        file.update(|_| panic!("still unreadable"));

        fs::remove_file(&path).unwrap();
        file.update(|_| panic!("gone"));
        assert!(!file.is_present());
    }

    #[test]
    fn a_fresh_file_is_not_trusted_to_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut file: Stamped<u32> = Stamped::new(dir.path());
        let future = SystemTime::now() + Duration::from_secs(3600);
        File::open(dir.path())
            .unwrap()
            .set_modified(future)
            .unwrap();
        file.update(|_| Some(1));
        file.update(|_| Some(2));
        assert_eq!(*file.value(), 2);
    }

    #[test]
    fn refuses_what_is_no_small_regular_json() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let exact = write("exact", b"[1,2]");
        assert_eq!(read_json(&exact, 5), Some(vec![1, 2]));
        assert_eq!(read_json::<Vec<u32>>(&exact, 4), None);
        assert_eq!(read_json::<Vec<u32>>(&write("cut", b"[1,"), 99), None);
        assert_eq!(read_json::<Vec<u32>>(&write("raw", b"\xff\xfe"), 99), None);
        assert_eq!(read_json::<Vec<u32>>(dir.path(), 99), None);
    }
}
