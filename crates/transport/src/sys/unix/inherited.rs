//! Sockets that a service manager has opened for this process.
#![expect(
    unsafe_code,
    reason = "a number in the environment becomes a descriptor that we own"
)]

use std::env;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{SocketAddrUnix, SocketType, getsockname, sockopt};

use super::{Result, own_pid, process, refuse_descriptors};

/// The first descriptor that is passed.
const FIRST: i32 = 3;

/// The sockets of `LISTEN_FDS`, where `LISTEN_PID` means this process. They are given once.
pub(crate) fn take_inherited() -> Vec<OwnedFd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);

    let number = |name| {
        env::var(name)
            .ok()
            .and_then(|text| text.parse::<i32>().ok())
    };
    let (pid, count) = (number("LISTEN_PID"), number("LISTEN_FDS").unwrap_or(0));
    if pid != Some(own_pid()) || TAKEN.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let end = FIRST.saturating_add(count.clamp(0, 1024));
    let open = (FIRST..end).filter(|fd| process::is_open(*fd));
    // SAFETY: whoever set LISTEN_PID has opened them for us and tells nobody else, they are open, and this
    // is done once.
    open.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).collect()
}

/// Where a packet socket listens that was opened by others, if it is one; from now on it does not block, and
/// programs that are executed do not have it; nor do its clients pass descriptors.
pub(crate) fn adopt(socket: &OwnedFd) -> Result<Option<PathBuf>> {
    let is_ours = sockopt::socket_acceptconn(socket)?
        && sockopt::socket_type(socket)? == SocketType::SEQPACKET;
    if !is_ours {
        return Ok(None);
    }
    fcntl_setfd(socket, FdFlags::CLOEXEC)?;
    fcntl_setfl(socket, fcntl_getfl(socket)? | OFlags::NONBLOCK)?;
    refuse_descriptors(socket.as_fd());
    let address = SocketAddrUnix::try_from(getsockname(socket.as_fd())?)?;
    let path = address.path().map(|path| {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(path.to_bytes()).into()
    });
    Ok(path)
}
