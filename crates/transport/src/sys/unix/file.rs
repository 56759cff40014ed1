//! Files and directories.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    self, AtFlags, FallocateFlags, FlockOperation, MemfdFlags, Mode, OFlags, SealFlags, Stat,
};
pub(crate) use rustix::fs::{CWD, FileType};

use super::limit::largest_file;
use super::{Errno, Result, retry_on_intr};

/// Our own user and nobody else.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How often to try to reserve space while signals come.
const ALLOCATIONS: u32 = 100;
/// The file system of memory with ordinary pages.
const TMPFS: u64 = 0x0102_1994;
/// What keeps the size of memory as it is.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// Which file a name stands for, whatever is renamed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct FileId {
    dev: u64,
    ino: u64,
}

/// What is known of a file without opening it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    pub(crate) id: FileId,
    pub(crate) uid: u32,
    pub(crate) size: u64,
    pub(crate) kind: FileType,
    /// Whether its mode is 0600.
    pub(crate) is_private: bool,
}

/// What stands at `path` in `dir` itself, not behind a link.
pub(crate) fn look_at(dir: impl AsFd, path: &Path) -> Result<FileInfo> {
    retry_on_intr(|| fs::statat(&dir, path, AtFlags::SYMLINK_NOFOLLOW)).map(info)
}

/// Which file `path` leads to, through links.
pub(crate) fn leads_to(path: &Path) -> Result<FileId> {
    retry_on_intr(|| fs::statat(CWD, path, AtFlags::empty())).map(|stat| info(stat).id)
}

/// A number that changes when another file comes to stand at `path`, and when this one is made anew.
pub(crate) fn mark_of(path: &Path) -> Result<u64> {
    let stat = retry_on_intr(|| fs::statat(CWD, path, AtFlags::empty()))?;
    // Inodes are used again at once, so that the time of the change counts as well.
    let mut hasher = DefaultHasher::new();
    (stat.st_dev, stat.st_ino, stat.st_ctime, stat.st_ctime_nsec).hash(&mut hasher);
    Ok(hasher.finish())
}

/// The directory that `path` leads to, through links: its owner, and whether other users may write there.
pub(crate) fn owner_of_dir(path: &Path) -> Result<(u32, bool)> {
    let stat = retry_on_intr(|| fs::statat(CWD, path, AtFlags::empty()))?;
    let others = Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH);
    Ok((stat.st_uid, others))
}

/// What an open file is.
pub(crate) fn look_into(file: impl AsFd) -> Result<FileInfo> {
    retry_on_intr(|| fs::fstat(&file)).map(info)
}

/// Creates a file of mode 0600 that must not exist.
pub(crate) fn create_private(dir: impl AsFd, path: &Path) -> Result<OwnedFd> {
    open(
        dir,
        path,
        OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        PRIVATE,
    )
}

/// A file that is only there to be locked.
pub(crate) enum LockFile {
    /// There was none, and it was made.
    Made(OwnedFd),
    /// It was there.
    Found(OwnedFd),
    /// It was there, and went meanwhile.
    Gone,
    /// It was there, and somebody else's alone. It may have gone since: whether it is there tells nothing.
    Closed,
}

/// Opens a file of mode 0600, made where there is none, that is only there to be locked.
pub(crate) fn open_lock(dir: impl AsFd, path: &Path) -> Result<LockFile> {
    let making = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    match open(&dir, path, making, PRIVATE) {
        Err(Errno::EXIST) => match open_read_write(&dir, path) {
            Err(Errno::NOENT) => Ok(LockFile::Gone),
            Err(Errno::ACCESS | Errno::PERM) => Ok(LockFile::Closed),
            opened => opened.map(LockFile::Found),
        },
        made => made.map(LockFile::Made),
    }
}

/// Opens a file to read and write; never waits, never follows a link.
pub(crate) fn open_read_write(dir: impl AsFd, path: &Path) -> Result<OwnedFd> {
    open(dir, path, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty())
}

/// Opens a file to read; never waits, never follows a link.
pub(crate) fn open_read(dir: impl AsFd, path: &Path) -> Result<OwnedFd> {
    open(dir, path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())
}

/// Pins a directory, so that names can be looked up in it wherever it is moved.
pub(crate) fn pin_dir(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| fs::open(path, flags, Mode::empty()))
}

/// Makes a directory for our own user alone.
pub(crate) fn make_private_dir(path: &Path) -> Result<()> {
    retry_on_intr(|| fs::mkdir(path, Mode::RWXU))
}

/// The names in a directory; those that are not UTF-8 are left out, and so is what cannot be read.
pub(crate) fn names_in(dir: impl AsFd) -> Result<impl Iterator<Item = String>> {
    // A pinned directory cannot be read.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let readable = retry_on_intr(|| fs::openat(&dir, ".", flags, Mode::empty()))?;
    let entries = fs::Dir::new(readable)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str().ok().map(str::to_owned)))
}

/// A path that leads to `name` in an open directory, wherever that is; where /proc is mounted.
pub(crate) fn by_way_of_proc(dir: &OwnedFd, name: &Path) -> PathBuf {
    Path::new("/proc/self/fd")
        .join(dir.as_raw_fd().to_string())
        .join(name)
}

/// Locks an open file for ourselves until it is closed; `false` when somebody else has it.
pub(crate) fn try_lock(file: impl AsFd) -> Result<bool> {
    match retry_on_intr(|| fs::flock(&file, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Sets the mode to 0600, whatever the umask took away.
pub(crate) fn make_private(file: impl AsFd) -> Result<()> {
    retry_on_intr(|| fs::fchmod(&file, PRIVATE))
}

/// Sets the mode of what stands at `path` to 0600, if it is `id`.
pub(crate) fn make_path_private(dir: impl AsFd, path: &Path, id: FileId) -> Result<()> {
    // A socket cannot be opened, only pinned; its mode is then set by way of /proc, which cannot be
    // led elsewhere by a rename.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let pinned = retry_on_intr(|| fs::openat(&dir, path, flags, Mode::empty()))?;
    if look_into(&pinned)?.id != id {
        return Err(Errno::STALE);
    }
    let by_way_of_proc = format!("/proc/self/fd/{}", pinned.as_raw_fd());
    retry_on_intr(|| fs::chmod(by_way_of_proc.as_str(), PRIVATE))
}

/// Reserves `size` bytes for real, so that no later write can find the file system full.
///
/// The limit of this process on file sizes is looked at before: the kernel would answer with a signal
/// that ends the process.
pub(crate) fn allocate(file: impl AsFd, size: u64) -> Result<()> {
    if largest_file().is_some_and(|limit| size > limit) {
        return Err(Errno::FBIG);
    }
    // A file system may say EINTR whenever a signal has come, and that for ever.
    for _ in 0..ALLOCATIONS {
        match fs::fallocate(&file, FallocateFlags::empty(), 0, size) {
            Err(Errno::INTR) => {}
            done => return done,
        }
    }
    Err(Errno::INTR)
}

/// Makes memory of `size` bytes that others can map, reserved for real, and never to change its size.
pub(crate) fn create_sealed(size: u64) -> Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let create = |flags| retry_on_intr(|| fs::memfd_create(c"netipc-ring", flags));
    // Kernels before 6.3 do not know the second flag.
    let memory = match create(flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => create(flags),
        created => created,
    }?;
    allocate(&memory, size)?;
    retry_on_intr(|| fs::fcntl_add_seals(&memory, SEALS | SealFlags::SEAL))?;
    Ok(memory)
}

/// Whether nobody can change the size of what is open.
pub(crate) fn is_sealed(file: impl AsFd) -> bool {
    retry_on_intr(|| fs::fcntl_get_seals(&file)).is_ok_and(|seals| seals.contains(SEALS))
}

/// Whether what is open is surely no memory of ordinary pages: a seal keeps the size of huge ones as well, but whoever
/// reaches one that the system has no page for is ended by a signal.
pub(crate) fn has_other_pages(file: impl AsFd) -> bool {
    // Where a sandbox forbids to ask, it is the server that is trusted.
    retry_on_intr(|| fs::fstatfs(&file))
        .is_ok_and(|system| u64::try_from(system.f_type).is_ok_and(|kind| kind != TMPFS))
}

/// Reads at the start of a file; may read less.
pub(crate) fn read_start(file: impl AsFd, bytes: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::io::pread(&file, &mut *bytes, 0))
}

/// Removes the name `path` in `dir`, whatever it stands for.
pub(crate) fn remove(dir: impl AsFd, path: &Path) -> Result<()> {
    retry_on_intr(|| fs::unlinkat(&dir, path, AtFlags::empty()))
}

/// Removes the name `path` in `dir` if it stands for `id`; tells whether it did.
pub(crate) fn remove_if(dir: impl AsFd, path: &Path, id: FileId) -> Result<bool> {
    match look_at(&dir, path) {
        Ok(found) if found.id == id => remove(&dir, path).map(|()| true),
        Ok(_) | Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Whether we are out of descriptors, and so know nothing.
pub(crate) fn is_exhausted(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE)
}

fn open(dir: impl AsFd, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| fs::openat(&dir, path, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode))
}

fn info(stat: Stat) -> FileInfo {
    FileInfo {
        id: FileId {
            dev: stat.st_dev,
            ino: stat.st_ino,
        },
        uid: stat.st_uid,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        kind: FileType::from_raw_mode(stat.st_mode),
        is_private: Mode::from_raw_mode(stat.st_mode) == PRIVATE,
    }
}
