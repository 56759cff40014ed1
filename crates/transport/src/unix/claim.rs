//! Becoming the one owner of an endpoint.
//!
//! ```text
//!            starter A                                   starter B
//!  lock run_dir ─┐                             lock run_dir … waits
//!  probe: dead   │  ╲ one at a time: nobody        ┊
//!  sweep regions │   ╲ of ours sees a socket       ┊
//!  unlink dead   │   ╱ that is bound and           ┊
//!  bind, listen  │  ╱  does not listen yet         ┊
//!  same inode?   │                                 ┊
//!  unlock ───────┘                             locked: probe: somebody listens → AddressInUse
//! ```
//!
//! The lock is a `flock` on the directory itself: it needs no file, and the kernel takes it back
//! from a process that dies. Starters of another make do not know it. Against those stand the
//! comparison of inodes before a removal, `bind`, which never replaces, and the last look at the
//! name once we listen.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::BindError;
use crate::sys::{self, Errno, FileId, FileType};
use crate::wait::Wait;

use super::shm;

/// How long another starter may hold the lock; its work takes well below a millisecond.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);
const LOCK_RETRY: Duration = Duration::from_millis(1);

/// A socket that listens at its endpoint.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) socket: OwnedFd,
    pub(super) id: FileId,
}

/// What stands at a path.
enum Found {
    Nothing,
    /// A server, or something that may be one.
    InUse(&'static str),
    /// Something that serves nobody.
    Dead(FileId),
}

/// Binds and listens, after removing what serves nobody.
pub(super) fn claim(endpoint: &Endpoint, backlog: u16) -> Result<Claimed, BindError> {
    let path = endpoint.socket_path();
    let io = |errno: Errno| failure(endpoint, errno);
    let _lock = lock(endpoint)?;
    match probe(path).map_err(io)? {
        Found::Nothing => {}
        Found::InUse(why) => return Err(in_use(endpoint, why)),
        Found::Dead(id) => {
            if sys::remove_if(path, id).map_err(io)? {
                tracing::info!(%endpoint, "reclaimed an endpoint that nobody served");
            }
        }
    }
    shm::sweep(endpoint);
    let socket = sys::socket().map_err(io)?;
    match sys::bind_private(&socket, path) {
        Ok(()) => {}
        Err(Errno::ADDRINUSE) => return Err(in_use(endpoint, LOST)),
        Err(errno) => return Err(io(errno)),
    }
    let bound = sys::look_at(path).map_err(io)?;
    finish(path, &socket, bound, backlog).map_err(|errno| {
        let _ = sys::remove_if(path, bound.id);
        io(errno)
    })?;
    match sys::look_at(path) {
        Ok(now) if now.id == bound.id => Ok(Claimed {
            socket,
            id: bound.id,
        }),
        _ => Err(in_use(endpoint, LOST)),
    }
}

const LOST: &str = "it started at the same moment";

fn finish(path: &Path, socket: &OwnedFd, bound: sys::FileInfo, backlog: u16) -> Result<(), Errno> {
    // A umask that takes from the owner itself, or a system that ignores the mode of the socket.
    if !bound.is_private {
        sys::make_path_private(path, bound.id)?;
    }
    sys::listen(socket, backlog)
}

/// Looks who serves `path`. Never waits.
fn probe(path: &Path) -> Result<Found, Errno> {
    let seen = match sys::look_at(path) {
        Ok(seen) => seen,
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(errno) => return Err(errno),
    };
    // A link may lead to a live socket.
    if !matches!(seen.kind, FileType::Socket | FileType::Symlink) {
        return Ok(Found::Dead(seen.id));
    }
    let answer = sys::socket().and_then(|socket| sys::connect(&socket, path));
    tracing::debug!(path = %path.display(), answer = ?answer, "probed the endpoint");
    Ok(match answer {
        Ok(()) => Found::InUse("it answers"),
        Err(Errno::CONNREFUSED) => Found::Dead(seen.id),
        // A link to nothing, or it was removed just now: then removing it does nothing.
        Err(Errno::NOENT) => Found::Dead(seen.id),
        Err(Errno::AGAIN) => Found::InUse("its backlog is full"),
        Err(Errno::ACCESS | Errno::PERM) => Found::InUse("it belongs to somebody else"),
        Err(Errno::PROTOTYPE) => Found::InUse("it is a socket of another type"),
        Err(errno) if sys::is_exhausted(errno) => {
            Found::InUse("no descriptor is left to ask whether it is alive")
        }
        Err(_) => Found::InUse("whether it is alive cannot be told"),
    })
}

/// Keeps other starters in the same directory away until dropped.
fn lock(endpoint: &Endpoint) -> Result<OwnedFd, BindError> {
    let directory = sys::open_dir(endpoint.run_dir()).map_err(|errno| {
        let occupied = sys::is_exhausted(errno) && sys::look_at(endpoint.socket_path()).is_ok();
        if occupied {
            in_use(endpoint, "no descriptor is left to ask whether it is alive")
        } else {
            failure(endpoint, errno)
        }
    })?;
    let patience = Wait::timeout(LOCK_PATIENCE);
    while !sys::try_lock(&directory).map_err(|errno| failure(endpoint, errno))? {
        if patience.sleep(LOCK_RETRY).is_err() {
            return Err(in_use(
                endpoint,
                "another one keeps the run directory locked",
            ));
        }
    }
    Ok(directory)
}

fn in_use(endpoint: &Endpoint, why: &'static str) -> BindError {
    BindError::AddressInUse {
        endpoint: endpoint.to_string(),
        why,
    }
}

fn failure(endpoint: &Endpoint, errno: Errno) -> BindError {
    BindError::Io {
        endpoint: endpoint.to_string(),
        source: io::Error::from(errno),
    }
}
