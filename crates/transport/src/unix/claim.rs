//! Becoming the one owner of an endpoint.
//!
//! ```text
//!            starter A                                   starter B
//!  lock ─────────┐                             lock … waits
//!  probe: dead   │  ╲ one at a time: nobody        ┊
//!  sweep regions │   ╲ of ours sees a socket       ┊
//!  unlink dead   │   ╱ that is bound and           ┊
//!  bind, listen  │  ╱  does not listen yet         ┊
//!  same inode?   │                                 ┊
//!  unlock ───────┘                             locked: probe: somebody listens → AddressInUse
//! ```
//!
//! Starters of another make do not know the lock. Against those stand the comparison of inodes before
//! a removal, `bind`, which never replaces, and the last look at the name once we listen.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::link::BindError;
use crate::sys::{self, Errno, FileId, FileType};

use super::run_dir::RunDir;
use super::shm;
use super::start_lock::lock;

/// A socket that listens at its endpoint.
#[derive(Debug)]
pub(super) struct Claimed {
    pub(super) socket: OwnedFd,
    pub(super) id: FileId,
    pub(super) dir: Arc<RunDir>,
    /// Whether its name goes with it: not that of a socket which others have opened.
    pub(super) is_own: bool,
}

/// What stands at a path.
enum Found {
    Nothing,
    /// A server, or something that may be one, and the processes that hold it.
    InUse(&'static str, Vec<u32>),
    /// Something that serves nobody.
    Dead(FileId),
}

/// Binds and listens, after removing what serves nobody.
pub(super) fn claim(endpoint: &Endpoint, backlog: u16) -> Result<Claimed, BindError> {
    let io = |errno: Errno| failure(endpoint, errno);
    let dir = Arc::new(RunDir::open(endpoint).map_err(|errno| unasked(endpoint, errno))?);
    let (path, name) = (dir.socket_path(endpoint), endpoint.socket_name());
    let _lock = lock(&dir, endpoint)?;
    match probe(&dir, endpoint, &path).map_err(io)? {
        Found::Nothing => {}
        Found::InUse(why, holders) => return Err(in_use(endpoint, why, holders)),
        Found::Dead(id) => {
            if sys::remove_if(&*dir, &name, id).map_err(io)? {
                tracing::info!(%endpoint, "reclaimed an endpoint that nobody served");
            }
        }
    }
    shm::sweep(&dir, endpoint);
    let socket = sys::socket().map_err(io)?;
    match sys::bind_private(&socket, &path) {
        Ok(()) => {}
        Err(Errno::ADDRINUSE) => return Err(in_use(endpoint, LOST, Vec::new())),
        Err(errno) => return Err(io(errno)),
    }
    let bound = sys::look_at(&*dir, &name).map_err(io)?;
    finish(&dir, &name, &socket, bound, backlog).map_err(|errno| {
        let _ = sys::remove_if(&*dir, &name, bound.id);
        io(errno)
    })?;
    match sys::look_at(&*dir, &name) {
        Ok(now) if now.id == bound.id => Ok(Claimed {
            socket,
            id: bound.id,
            dir: Arc::clone(&dir),
            is_own: true,
        }),
        _ => Err(in_use(endpoint, LOST, Vec::new())),
    }
}

/// Why an endpoint was not had, where the next try may find it free.
pub(super) const PASSING: [&str; 3] = [LOST, LOCKED, NONE_TO_ASK];
pub(super) const LOCKED: &str = "another one keeps its start locked";
/// Takes a socket that others have opened at this endpoint.
pub(super) fn take_over(endpoint: &Endpoint, socket: OwnedFd) -> Result<Claimed, BindError> {
    let io = |errno: Errno| failure(endpoint, errno);
    let dir = Arc::new(RunDir::open(endpoint).map_err(io)?);
    shm::sweep(&dir, endpoint);
    let id = sys::look_at(&*dir, &endpoint.socket_name()).map_err(io)?.id;
    Ok(Claimed {
        socket,
        id,
        dir,
        is_own: false,
    })
}

const LOST: &str = "it started at the same moment";
const NONE_TO_ASK: &str = "no descriptor is left to ask whether it is alive";

/// Why nobody could be asked. Where no descriptor is left for that, somebody may serve there.
pub(super) fn unasked(endpoint: &Endpoint, errno: Errno) -> BindError {
    let socket = endpoint.place().join(endpoint.socket_name());
    if sys::is_exhausted(errno) && sys::look_at(sys::CWD, &socket).is_ok() {
        in_use(endpoint, NONE_TO_ASK, Vec::new())
    } else {
        failure(endpoint, errno)
    }
}

fn finish(
    dir: &RunDir,
    name: &Path,
    socket: &OwnedFd,
    bound: sys::FileInfo,
    backlog: u16,
) -> Result<(), Errno> {
    // A umask that takes from the owner itself, or a system that ignores the mode of the socket.
    if !bound.is_private {
        sys::make_path_private(dir, name, bound.id)?;
    }
    sys::listen(socket, backlog)
}

/// Looks who serves the endpoint, whose socket is reached by `path`. Never waits.
fn probe(dir: &RunDir, endpoint: &Endpoint, path: &Path) -> Result<Found, Errno> {
    let seen = match sys::look_at(dir, &endpoint.socket_name()) {
        Ok(seen) => seen,
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(errno) => return Err(errno),
    };
    // A link may lead to a live socket.
    if !matches!(seen.kind, FileType::Socket | FileType::Symlink) {
        return Ok(Found::Dead(seen.id));
    }
    let answer = sys::socket().and_then(|socket| {
        sys::connect(&socket, path)?;
        Ok(sys::peer(std::os::fd::AsFd::as_fd(&socket)).pid)
    });
    tracing::debug!(path = %path.display(), answer = ?answer, "probed the endpoint");
    let unknown = |why| Found::InUse(why, Vec::new());
    let held = |why, listened: Option<u32>| {
        let mut holders = holders(endpoint);
        if holders.is_empty() {
            holders.extend(listened);
        }
        Found::InUse(why, holders)
    };
    Ok(match answer {
        Ok(listened) => held("it answers", listened),
        Err(Errno::CONNREFUSED) => Found::Dead(seen.id),
        // A link to nothing, or it was removed just now: then removing it does nothing.
        Err(Errno::NOENT) => Found::Dead(seen.id),
        // A link that cannot lead anywhere.
        Err(Errno::LOOP | Errno::NOTDIR | Errno::NAMETOOLONG) if seen.kind == FileType::Symlink => {
            Found::Dead(seen.id)
        }
        Err(Errno::AGAIN) => held("its backlog is full", None),
        Err(Errno::ACCESS | Errno::PERM) => unknown("it belongs to somebody else"),
        Err(Errno::PROTOTYPE) => held("it is a socket of another type", None),
        Err(errno) if sys::is_exhausted(errno) => unknown(NONE_TO_ASK),
        Err(_) => unknown("whether it is alive cannot be told"),
    })
}

/// The processes that hold the socket open, as far as we may know: one that was forked by a server that
/// is gone looks alive, and answers nothing.
fn holders(endpoint: &Endpoint) -> Vec<u32> {
    let absolute = endpoint.place().join(endpoint.socket_name());
    let paths = [endpoint.socket_path(), &absolute];
    let sockets = sys::listening_sockets(&paths);
    let mut holders: Vec<u32> = sockets
        .into_iter()
        .flat_map(sys::holders_of_socket)
        .collect();
    holders.sort_unstable();
    holders.dedup();
    if holders.len() > 1 {
        // We may hold one that has lost its name.
        let own = sys::own_pid().cast_unsigned();
        holders.retain(|pid| *pid != own);
    }
    holders
}

pub(super) fn in_use(endpoint: &Endpoint, why: &'static str, holders: Vec<u32>) -> BindError {
    BindError::AddressInUse {
        endpoint: endpoint.to_string(),
        why,
        holders,
    }
}

fn failure(endpoint: &Endpoint, errno: Errno) -> BindError {
    BindError::Io {
        endpoint: endpoint.to_string(),
        source: io::Error::from(errno),
    }
}
