//! Files and directories.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

pub(crate) use rustix::fs::FileType;
use rustix::fs::{
    self, AtFlags, CWD, FallocateFlags, FlockOperation, MemfdFlags, Mode, OFlags, SealFlags, Stat,
};

use super::{Errno, Result, retry_on_intr};

/// Our own user and nobody else.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How often to try to reserve space while signals come.
const ALLOCATIONS: u32 = 100;
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

/// What stands at `path` itself, not behind a link.
pub(crate) fn look_at(path: &Path) -> Result<FileInfo> {
    retry_on_intr(|| fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)).map(info)
}

/// What an open file is.
pub(crate) fn look_into(file: impl AsFd) -> Result<FileInfo> {
    retry_on_intr(|| fs::fstat(&file)).map(info)
}

/// Creates a file of mode 0600 that must not exist.
pub(crate) fn create_private(path: &Path) -> Result<OwnedFd> {
    open(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, PRIVATE)
}

/// Opens a file to read and write; never waits, never follows a link.
pub(crate) fn open_read_write(path: &Path) -> Result<OwnedFd> {
    open(path, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty())
}

/// Opens a file to read; never waits, never follows a link.
pub(crate) fn open_read(path: &Path) -> Result<OwnedFd> {
    open(path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())
}

/// Opens a directory, for locking it.
pub(crate) fn open_dir(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| fs::open(path, flags, Mode::empty()))
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
pub(crate) fn make_path_private(path: &Path, id: FileId) -> Result<()> {
    // A socket cannot be opened, only pinned; its mode is then set by way of /proc, which cannot be
    // led elsewhere by a rename.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let pinned = retry_on_intr(|| fs::open(path, flags, Mode::empty()))?;
    if look_into(&pinned)?.id != id {
        return Err(Errno::STALE);
    }
    let by_way_of_proc = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&pinned));
    retry_on_intr(|| fs::chmod(by_way_of_proc.as_str(), PRIVATE))
}

/// Reserves `size` bytes for real, so that no later write can find the file system full.
///
/// The limit of this process on file sizes is looked at before: the kernel would answer with a signal
/// that ends the process.
pub(crate) fn allocate(file: impl AsFd, size: u64) -> Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if limit.is_some_and(|limit| size > limit) {
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

/// Reads at the start of a file; may read less.
pub(crate) fn read_start(file: impl AsFd, bytes: &mut [u8]) -> Result<usize> {
    retry_on_intr(|| rustix::io::pread(&file, &mut *bytes, 0))
}

/// Removes the name `path` if it stands for `id`; tells whether it did.
pub(crate) fn remove_if(path: &Path, id: FileId) -> Result<bool> {
    match look_at(path) {
        Ok(found) if found.id == id => retry_on_intr(|| fs::unlink(path)).map(|()| true),
        Ok(_) | Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// Whether we are out of descriptors, and so know nothing.
pub(crate) fn is_exhausted(errno: Errno) -> bool {
    matches!(errno, Errno::MFILE | Errno::NFILE)
}

fn open(path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd> {
    retry_on_intr(|| fs::open(path, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode))
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
