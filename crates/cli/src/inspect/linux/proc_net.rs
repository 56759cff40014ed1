//! The Unix sockets that `/proc/net/unix` lists: who listens where, and not who is at the other end.

use std::fs;
use std::io;

use super::diag::Socket;

/// Of a socket that takes connections.
const ACCEPTS: &[u8] = b"00010000";

/// Reads the list.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn sockets() -> io::Result<Vec<Socket>> {
    let table = fs::read("/proc/net/unix")?;
    let lines = table.split(|byte| *byte == b'\n').skip(1);
    Ok(lines.filter_map(socket).collect())
}

fn socket(line: &[u8]) -> Option<Socket> {
    // Num RefCount Protocol Flags Type St Inode Path; the inode is padded with blanks.
    let mut fields = line.splitn(7, |byte| *byte == b' ');
    let (flags, kind) = (fields.nth(3)?, fields.next()?);
    let rest = fields.nth(1)?.trim_ascii_start();
    let (inode, path) = match rest.iter().position(|byte| *byte == b' ') {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        None => (rest, &[][..]),
    };
    Some(Socket {
        inode: std::str::from_utf8(inode).ok()?.parse().ok()?,
        is_packets: kind == b"0005",
        listens: flags == ACCEPTS,
        path: path.to_owned(),
        ..Socket::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sockets() {
        let line = b"0000000000000000: 00000002 00000000 00010000 0005 01  1234 /run/a b/x.sock";
        let found = socket(line).unwrap();
        assert_eq!(
            (found.inode, found.path),
            (1234, b"/run/a b/x.sock".to_vec())
        );
        assert!(found.listens && found.is_packets);
        let line = b"0000000000000000: 00000003 00000000 00000000 0001 03 99";
        let found = socket(line).unwrap();
        assert_eq!((found.inode, found.listens), (99, false));
        for bad in [&b""[..], b"Num", b"a: b c d e f g h", b"a: b c d e f "] {
            assert_eq!(socket(bad), None);
        }
    }
}
