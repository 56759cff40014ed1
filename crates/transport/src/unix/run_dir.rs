//! The run directory, held by a descriptor: names in it mean the same wherever the process goes, and
//! whatever becomes of the directory.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::endpoint::Endpoint;
use crate::sys::{self, Errno, FileId};

/// An open run directory.
#[derive(Debug)]
pub(super) struct RunDir {
    fd: OwnedFd,
    id: FileId,
    /// What `/` was: paths say nothing any more to a process that has another root by now.
    root: Option<FileId>,
}

impl RunDir {
    /// Opens the run directory of `endpoint`.
    pub(super) fn open(endpoint: &Endpoint) -> Result<Self, Errno> {
        let fd = sys::pin_dir(endpoint.place())?;
        let id = sys::look_into(&fd)?.id;
        let root = root();
        Ok(Self { fd, id, root })
    }

    /// Whether the place of `endpoint` still leads to it; an error is ignorance.
    pub(super) fn is_in_place(&self, endpoint: &Endpoint) -> Result<bool, Errno> {
        match sys::leads_to(endpoint.place()) {
            Ok(id) if id == self.id => Ok(true),
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(root() != self.root),
            Err(errno) => Err(errno),
        }
    }

    /// A path under which its sockets can be bound and reached: as given, where that leads here.
    pub(super) fn socket_path(&self, endpoint: &Endpoint) -> PathBuf {
        let given = endpoint.socket_path();
        if given.is_absolute() {
            return given.to_owned();
        }
        let dir = given.parent().filter(|dir| !dir.as_os_str().is_empty());
        if sys::leads_to(dir.unwrap_or(Path::new("."))) == Ok(self.id) {
            return given.to_owned();
        }
        sys::by_way_of_proc(&self.fd, &endpoint.socket_name())
    }
}

impl AsFd for RunDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The run directories that were warned of, each once in the life of the process.
static WARNED_OF: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// A process that uses more than that is not told of all.
const MOST_WARNINGS: usize = 64;

/// Warns of a run directory in which other users may put sockets: whoever looks for a server there may find theirs.
pub(super) fn warn_if_open(endpoint: &Endpoint) {
    let place = endpoint.place();
    if !sys::owner_of_dir(place).is_ok_and(|(_, others_write)| others_write) {
        return;
    }
    // Nobody waits for another's warning, least of all a forked child for one of its parent.
    let Ok(mut warned) = WARNED_OF.try_lock() else {
        return;
    };
    if warned.len() < MOST_WARNINGS && warned.insert(place.to_owned()) {
        tracing::warn!(
            run_dir = %place.display(),
            "others may write to the run directory, and put sockets of theirs there: make it mode 0700"
        );
    }
}

fn root() -> Option<FileId> {
    sys::leads_to(Path::new("/")).ok()
}
