//! Every Unix socket of this network namespace, as the kernel's socket diagnosis tells them.

use std::io;
use std::time::Duration;

use rustix::net::netlink::SOCK_DIAG;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// A socket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Socket {
    /// Names it in `/proc/PID/fd`.
    pub(super) inode: u64,
    pub(super) is_packets: bool,
    pub(super) listens: bool,
    /// The path that it was bound to, as it was given then.
    pub(super) path: Vec<u8>,
    /// Device and inode of its file, the lower halves as the kernel counts them.
    pub(super) file: Option<(u32, u32)>,
    /// The socket at the other end.
    pub(super) peer: Option<u64>,
    /// Of one that listens: the clients' ends of connections that wait to be accepted.
    pub(super) waiting: Vec<u64>,
    /// Of one that listens: how many may wait.
    pub(super) backlog: Option<u32>,
    /// Of one that is connected: bytes that its owner has not read yet.
    pub(super) unread: Option<u32>,
}

const HEADER: usize = 16;
const BY_FAMILY: u16 = 20;
/// REQUEST, ROOT and MATCH: all there are.
const DUMP: u16 = 0x301;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const AF_UNIX: u8 = 1;
const SEQPACKET: u8 = 5;
const LISTENS: u8 = 10;
/// NAME, VFS, PEER, ICONS and RQLEN.
const SHOW: u32 = 0x1f;
/// Bytes of a socket's fixed part.
const FIXED: usize = 16;
/// More than the kernel puts into one answer.
const ANSWER: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the kernel.
///
/// # Errors
/// Where it does not tell: a sandbox, or a kernel without the diagnosis.
pub(super) fn sockets() -> io::Result<Vec<Socket>> {
    let (family, kind, flags) = (
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
    );
    let socket = socket_with(family, kind, flags, Some(SOCK_DIAG))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut answer = vec![0; ANSWER];
    let mut sockets = Vec::new();
    loop {
        let (size, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
        if take(answer.get(..size).unwrap_or_default(), &mut sockets)? {
            return Ok(sockets);
        }
    }
}

fn request() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + 24);
    bytes.extend(40_u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(DUMP.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([AF_UNIX, 0, 0, 0]);
    for word in [u32::MAX, 0, SHOW, u32::MAX, u32::MAX] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

/// Takes the sockets of one answer; whether it was the last.
fn take(mut answer: &[u8], sockets: &mut Vec<Socket>) -> io::Result<bool> {
    while let Some(size) = u32_at(answer, 0) {
        let size = size as usize;
        let (Some(kind), Some(message)) = (u16_at(answer, 4), answer.get(HEADER..size)) else {
            return Err(io::Error::other("the kernel's answer is cut"));
        };
        match kind {
            DONE => return Ok(true),
            ERROR => {
                let code = u32_at(message, 0).unwrap_or_default().cast_signed();
                return Err(io::Error::from_raw_os_error(code.saturating_neg()));
            }
            BY_FAMILY => sockets.extend(socket(message)),
            _ => {}
        }
        answer = answer.get(size.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// The socket that a message is about.
fn socket(message: &[u8]) -> Option<Socket> {
    let listens = *message.get(2)? == LISTENS;
    let mut socket = Socket {
        inode: u32_at(message, 4)?.into(),
        is_packets: *message.get(1)? == SEQPACKET,
        listens,
        ..Socket::default()
    };
    let mut rest = message.get(FIXED..)?;
    while let (Some(size), Some(kind)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let size = usize::from(size);
        let Some(value) = rest.get(4..size) else {
            break;
        };
        let pair = (u32_at(value, 0), u32_at(value, 4));
        match (kind, pair) {
            (0, _) => socket.path = path(value).to_owned(),
            (1, (Some(inode), Some(device))) => socket.file = Some((device, inode)),
            (2, (Some(peer), _)) => socket.peer = Some(peer.into()).filter(|peer| *peer != 0),
            (3, _) => socket.waiting = words(value).filter(|inode| *inode != 0).collect(),
            (4, (_, Some(most))) if listens => socket.backlog = Some(most),
            (4, (Some(unread), _)) => socket.unread = Some(unread),
            _ => {}
        }
        rest = rest.get(size.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(socket)
}

/// A name without the NUL that may end it; one that begins with a NUL is no path, and is whole.
fn path(name: &[u8]) -> &[u8] {
    match name {
        [first, path @ .., 0] if *first != 0 => name.get(..=path.len()).unwrap_or(name),
        name => name,
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (words, _) = bytes.as_chunks();
    words.iter().map(|word| u32::from_ne_bytes(*word).into())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_ne_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_listener_and_both_ends_of_a_connection_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        let all = sockets().unwrap();
        let here = |socket: &&Socket| socket.path == path.as_os_str().as_encoded_bytes();
        let found = all.iter().filter(here).find(|socket| socket.listens);
        let found = found.unwrap();
        let file = std::fs::metadata(&path).unwrap();
        let inode = u32::try_from(file.ino() & u64::from(u32::MAX)).unwrap();
        assert_eq!(found.file.map(|(_, inode)| inode), Some(inode));
        assert_eq!(found.waiting.len(), 1, "{found:?}");
        assert!(found.backlog.is_some() && !found.is_packets);
        let (server, _) = listener.accept().unwrap();
        let all = sockets().unwrap();
        let mut ends = all.iter().filter(|socket| !socket.listens).filter(here);
        let peer = ends.next().and_then(|end| end.peer);
        let peer = all.iter().find(|socket| Some(socket.inode) == peer);
        assert!(peer.is_some_and(|peer| peer.path.is_empty()));
        drop(server);
    }

    #[test]
    fn names_without_a_file_are_no_paths() {
        let name = format!("netipc-diag-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let _listener = UnixListener::bind_addr(&address).unwrap();
        let hidden = [b"\0", name.as_bytes()].concat();
        let all = sockets().unwrap();
        let found = all.iter().find(|socket| socket.path == hidden).unwrap();
        assert_eq!(found.file, None);
    }

    #[test]
    fn cut_answers_harm_nobody() {
        let mut message = vec![AF_UNIX, SEQPACKET, LISTENS, 0, 7, 0, 0, 0];
        message.extend([0; 8]);
        message.extend([12, 0, 4, 0, 3, 0, 0, 0, 16, 0, 0, 0]);
        let size = u32::try_from(HEADER + message.len()).unwrap();
        let mut answer = size.to_ne_bytes().to_vec();
        answer.extend(BY_FAMILY.to_ne_bytes());
        answer.extend([0; 10]);
        answer.extend(message);
        let mut found = Vec::new();
        assert!(!take(&answer, &mut found).unwrap());
        assert_eq!(found[0].inode, 7);
        assert_eq!(found[0].backlog, Some(16));
        for cut in 0..answer.len() {
            // Whatever it says: it ends.
            let _ = take(&answer[..cut], &mut Vec::new());
            let mut spoilt = answer.clone();
            spoilt[cut] = 0xff;
            let _ = take(&spoilt, &mut Vec::new());
        }
    }
}
