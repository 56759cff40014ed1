//! What measures the machine itself, for benchmarks: memory that two processes share, and sleeping
//! on a word of it.
//!
//! ```
//! use std::sync::atomic::Ordering;
//! use std::time::Duration;
//!
//! use netipc_transport::unix::raw::{Memory, Shape, wait, wake};
//!
//! # fn main() -> std::io::Result<()> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("memory");
//! let shape = Shape { lines: 1, payload: 0 };
//! let ours = Memory::create(&path, shape)?;
//! let theirs = Memory::open(&path, shape)?; // in another process, as a rule
//!
//! ours.word(0).store(1, Ordering::Release);
//! wake(ours.word(0));
//!
//! while theirs.word(0).load(Ordering::Acquire) != 1 {
//!     wait(theirs.word(0), 0, Duration::from_secs(1))?;
//! }
//! # Ok(())
//! # }
//! ```

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::sys::atomic::{AtomicU32, AtomicU64};
use crate::sys::{self, Mapping, SharedMap};

/// Bytes of a cache line, or a multiple of them.
pub const LINE: usize = 64;

/// Where the long word of a line is; its word is at the start.
const LONG: usize = 8;

/// What a [`Memory`] holds: both processes have to name the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shape {
    /// Cache lines of one `u32` and one `u64` each.
    pub lines: usize,
    /// Bytes after them, from the start of a line on.
    pub payload: usize,
}

/// A file that two processes map: atomics, each in a cache line of its own, and bytes.
///
/// The file stays until the caller removes it. Nobody may shorten it meanwhile: what is then
/// reached ends the process.
#[derive(Debug)]
pub struct Memory {
    map: SharedMap,
    shape: Shape,
}

impl Memory {
    /// Makes the file, all zeros, readable for its owner only.
    ///
    /// # Errors
    ///
    /// If there is something at `path`, the directory cannot be written or is full, or `shape` is
    /// empty or beyond what can be mapped.
    pub fn create(path: &Path, shape: Shape) -> io::Result<Self> {
        let size = shape.size()?;
        let file = sys::create_private(sys::CWD, path)?;
        sys::allocate(&file, size as u64)?;
        let map = SharedMap::new(Mapping::new(&file, size)?);
        Ok(Self { map, shape })
    }

    /// Maps what another process has [created](Self::create).
    ///
    /// # Errors
    ///
    /// If there is no such file, it is not of this shape, or it cannot be mapped.
    pub fn open(path: &Path, shape: Shape) -> io::Result<Self> {
        let size = shape.size()?;
        let file = sys::open_read_write(sys::CWD, path)?;
        let found = sys::look_into(&file)?.size;
        if found != size as u64 {
            let why = format!("{} has {found} bytes instead of {size}", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let map = SharedMap::new(Mapping::new(&file, size)?);
        Ok(Self { map, shape })
    }

    /// The word of a cache line.
    ///
    /// # Panics
    ///
    /// If there is no such line.
    #[must_use]
    pub fn word(&self, line: usize) -> &AtomicU32 {
        self.map.word(self.line(line))
    }

    /// The long word of a cache line, beside its word.
    ///
    /// # Panics
    ///
    /// If there is no such line.
    #[must_use]
    pub fn long(&self, line: usize) -> &AtomicU64 {
        self.map.long(self.line(line) + LONG)
    }

    /// Copies `bytes` to `offset` of the payload.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    pub fn write(&self, offset: usize, bytes: &[u8]) {
        self.map.write(self.payload(offset, bytes.len()), bytes);
    }

    /// Fills `bytes` from `offset` of the payload; what another process writes meanwhile may be torn.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) {
        self.map.read(self.payload(offset, bytes.len()), bytes);
    }

    fn line(&self, line: usize) -> usize {
        let lines = self.shape.lines;
        assert!(line < lines, "there is no line {line} of {lines}");
        line * LINE
    }

    fn payload(&self, offset: usize, size: usize) -> usize {
        let all = self.shape.payload;
        let inside = offset.checked_add(size).is_some_and(|end| end <= all);
        assert!(
            inside,
            "{size} bytes at {offset} are not in a payload of {all}"
        );
        self.shape.lines * LINE + offset
    }
}

impl Shape {
    /// Bytes of the file.
    fn size(self) -> io::Result<usize> {
        let lines = self.lines.checked_mul(LINE);
        lines
            .and_then(|lines| lines.checked_add(self.payload))
            .filter(|&size| size > 0 && isize::try_from(size).is_ok())
            .ok_or_else(|| {
                let why = format!("{self:?} is empty or beyond what can be mapped");
                io::Error::new(io::ErrorKind::InvalidInput, why)
            })
    }
}

/// Sleeps while `word` is `value` and nobody [wakes](wake), for at most `limit`; may end early.
///
/// # Errors
///
/// If the system does not let this process sleep on it.
pub fn wait(word: &AtomicU32, value: u32, limit: Duration) -> io::Result<()> {
    Ok(sys::futex_wait(word, value, limit)?)
}

/// Wakes one that [waits](wait), in whatever process it is.
pub fn wake(word: &AtomicU32) {
    sys::futex_wake(word);
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::Ordering;
    use std::thread;
    use std::time::Instant;

    use super::*;

    const SHAPE: Shape = Shape {
        lines: 2,
        payload: 100,
    };

    fn pair() -> (Memory, Memory) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory");
        let ours = Memory::create(&path, SHAPE).unwrap();
        (ours, Memory::open(&path, SHAPE).unwrap())
    }

    #[test]
    fn both_mappings_are_the_same_memory_without_overlaps() {
        let (ours, theirs) = pair();
        ours.write(0, &[7; 100]);
        for line in 0..2 {
            assert_eq!(theirs.word(line).load(Ordering::Relaxed), 0);
            assert_eq!(theirs.long(line).load(Ordering::Relaxed), 0);
            ours.word(line).store(u32::MAX, Ordering::Relaxed);
            theirs.long(line).store(u64::MAX - 1, Ordering::Relaxed);
        }
        let mut bytes = [0; 100];
        theirs.read(0, &mut bytes);
        assert_eq!(bytes, [7; 100]);
        assert_eq!(theirs.word(1).load(Ordering::Relaxed), u32::MAX);
        assert_eq!(ours.long(0).load(Ordering::Relaxed), u64::MAX - 1);
    }

    #[test]
    fn lines_are_lines_apart() {
        let (ours, _theirs) = pair();
        let places = [0, 1].map(|line| ours.word(line).as_ptr() as usize);
        assert_eq!(places[0] % LINE, 0);
        assert_eq!(places[1] - places[0], LINE);
    }

    #[test]
    fn what_is_not_there_is_not_reached() {
        let (ours, _theirs) = pair();
        let panics = |reach: &dyn Fn()| catch_unwind(AssertUnwindSafe(reach)).is_err();
        assert!(panics(&|| ours.word(2).store(1, Ordering::Relaxed)));
        assert!(panics(&|| ours.long(2).store(1, Ordering::Relaxed)));
        assert!(panics(&|| ours.write(99, &[0; 2])));
        assert!(panics(&|| ours.read(usize::MAX, &mut [0; 2])));
        ours.write(98, &[0; 2]);
    }

    #[test]
    fn another_shape_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("memory");
        let empty = Shape {
            lines: 0,
            payload: 0,
        };
        let huge = Shape {
            lines: usize::MAX,
            payload: 0,
        };
        for shape in [empty, huge] {
            let refused = Memory::create(&path, shape).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        }
        assert!(Memory::open(&path, SHAPE).is_err());
        Memory::create(&path, SHAPE).unwrap();
        assert!(Memory::create(&path, SHAPE).is_err());
        let other = Shape { lines: 1, ..SHAPE };
        let refused = Memory::open(&path, other).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }

    // Rule L27.
    #[test]
    fn a_sleeper_is_woken_by_the_other_mapping() {
        const LONG: Duration = Duration::from_secs(60);
        let (ours, theirs) = pair();
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                // Answers each word with the next one, asleep meanwhile.
                for turn in [1, 3, 5] {
                    while theirs.word(0).load(Ordering::Acquire) != turn {
                        wait(theirs.word(0), turn - 1, LONG).unwrap();
                    }
                    theirs.word(0).store(turn + 1, Ordering::Release);
                    wake(theirs.word(0));
                }
            });
            for turn in [1, 3, 5] {
                ours.word(0).store(turn, Ordering::Release);
                wake(ours.word(0));
                while ours.word(0).load(Ordering::Acquire) != turn + 1 {
                    wait(ours.word(0), turn, LONG).unwrap();
                }
            }
        });
        assert!(start.elapsed() < LONG, "nobody was woken");
    }

    #[test]
    fn nobody_sleeps_on_a_word_that_moved_or_for_longer_than_asked() {
        let (ours, _theirs) = pair();
        wait(ours.word(0), 1, Duration::from_secs(3600)).unwrap();
        wait(ours.word(0), 0, Duration::from_millis(1)).unwrap();
    }
}
