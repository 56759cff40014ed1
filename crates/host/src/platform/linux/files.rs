//! Files that are read at every look, and what is remembered of them.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::fs::OFlags;
use serde::de::DeserializeOwned;

use crate::source::PlaceState;

/// What was read from a file or a directory, read again only after it changed.
pub(super) struct Stamped<T> {
    path: PathBuf,
    stamp: Option<Stamp>,
    value: T,
    problem: Option<PlaceState>,
}

impl<T: Default + PartialEq> Stamped<T> {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            stamp: None,
            value: T::default(),
            problem: None,
        }
    }

    /// Why there is nothing, or nothing that makes sense, at the path; `None` if all is well.
    pub(super) fn problem(&self) -> Option<&PlaceState> {
        self.problem.as_ref()
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
    pub(super) fn update(&mut self, read: impl FnOnce(&Path) -> io::Result<T>) {
        let found = fs::metadata(&self.path);
        let stamp = found
            .as_ref()
            .ok()
            .map(|meta| Stamp::of(meta, SystemTime::now()));
        let holds = stamp.is_some() && stamp == self.stamp;
        if holds && stamp.as_ref().is_some_and(|stamp| stamp.settled) {
            return;
        }
        let (value, problem) = match found.and_then(|_| read(&self.path)) {
            Ok(value) => (value, None),
            Err(error) => (T::default(), Some(PlaceState::of_error(&error))),
        };
        self.stamp = stamp;
        self.problem = problem;
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

/// A JSON file of at most `max` bytes.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path, max: u64) -> io::Result<T> {
    let bytes = read_bounded(path, max)?;
    serde_json::from_slice(&bytes).map_err(io::Error::from)
}

/// A regular file of at most `max` bytes.
pub(super) fn read_bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    read_into(path, max.saturating_add(1), &mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::other(format!("larger than {max} bytes")));
    }
    Ok(bytes)
}

/// At most `max` bytes of a file, in place of what was in `bytes`.
pub(super) fn read_into(path: &Path, max: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    open(path)?.take(max).read_to_end(bytes)?;
    Ok(())
}

/// Never waits for the writer of a FIFO that is in the place of a file.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
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
        file.update(|_| Ok(1));
        file.update(|_| panic!("nothing changed"));
        assert_eq!(*file.value(), 1);

        touch(long_ago + Duration::from_secs(1));
        file.update(|_| Err(io::ErrorKind::InvalidData.into()));
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
        file.update(|_| Ok(1));
        file.update(|_| Ok(2));
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
        let read = |path: &Path, max| read_json::<Vec<u32>>(path, max).ok();
        assert_eq!(read(&exact, 5), Some(vec![1, 2]));
        assert_eq!(read(&exact, 4), None);
        assert_eq!(read(&write("cut", b"[1,"), 99), None);
        assert_eq!(read(&write("raw", b"\xff\xfe"), 99), None);
        assert_eq!(read(dir.path(), 99), None);
    }
}
