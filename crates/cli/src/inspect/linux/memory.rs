//! Shared memory of sessions: which process has what mapped, and what a region's header tells.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::inspect::Region;

/// The name of a ring's memory, as `/proc/PID/maps` has it.
const RING: &[u8] = b"/memfd:netipc-ring";
const DELETED: &[u8] = b" (deleted)";
/// Bytes of a ring before the first line of its slots, and of such a line.
const RING_CONTROL: u64 = 4096;
const LINE: u64 = 64;

/// Shared memory of ours that a process has mapped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mapped {
    pub(super) pid: u32,
    start: u64,
    pub(super) bytes: u64,
    /// Device and inode, as `/proc/PID/maps` writes them.
    pub(super) id: (String, u64),
    /// Of a region: its service and session.
    pub(super) region: Option<(String, u64)>,
}

impl Mapped {
    pub(super) const fn transport(&self) -> &'static str {
        if self.region.is_some() { "shm" } else { "ring" }
    }

    /// What the memory of that process tells of it.
    pub(super) fn read(&self) -> Region {
        let mut region = match self.content() {
            Ok(region) => region,
            Err(error) => Region {
                hidden: Some(format!("the memory of process {}: {error}", self.pid)),
                ..Region::default()
            },
        };
        region.bytes = self.bytes;
        region.session_id = self.region.as_ref().map(|(_, session)| *session);
        region
    }

    fn content(&self) -> io::Result<Region> {
        let memory = File::open(format!("/proc/{}/mem", self.pid))?;
        let read = |bytes: &mut [u8], at| memory.read_exact_at(bytes, self.start + at);
        if self.region.is_some() {
            let mut header = [0; 64];
            read(&mut header, 0)?;
            return Ok(of_header(&header).unwrap_or_default());
        }
        let mut header = [0; 32];
        read(&mut header, 0)?;
        let (slots, room) = (long(&header, 16), long(&header, 24));
        if slots > 1 << 16 {
            return Err(io::Error::other("its header is not that of a ring"));
        }
        let mut lines = vec![0; usize::try_from(2 * slots * LINE).unwrap_or_default()];
        read(&mut lines, RING_CONTROL)?;
        let (requests, responses) = lines.split_at(lines.len() / 2);
        Ok(Region {
            request_bytes: Some(room),
            response_bytes: Some(room),
            requests: Some(packets(requests)),
            responses: Some(packets(responses)),
            ..Region::default()
        })
    }
}

/// Packets that were sent through these lines: each tells how often it was used.
fn packets(lines: &[u8]) -> u64 {
    let (lines, _) = lines.as_chunks::<64>();
    lines.iter().map(|line| long(line, 0) >> 32).sum()
}

/// What the header of a region tells; `None` where it is none.
pub(super) fn of_header(header: &[u8; 64]) -> Option<Region> {
    if !header.starts_with(&0x4e53_484d_u32.to_le_bytes()) {
        return None;
    }
    Some(Region {
        request_bytes: Some(word(header, 20).into()),
        response_bytes: Some(word(header, 28).into()),
        requests: Some(long(header, 32)),
        responses: Some(long(header, 40)),
        ..Region::default()
    })
}

/// The process that made a region, by its header.
pub(super) fn owner(header: &[u8; 64]) -> i32 {
    word(header, 8).cast_signed()
}

/// The header of a region's file, and the file's size. Waits for nobody, also where it is no file.
pub(super) fn header_of(path: &Path) -> io::Result<([u8; 64], u64)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)?;
    let seen = file.metadata()?;
    if !seen.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut header = [0; 64];
    file.read_exact_at(&mut header, 0)?;
    Ok((header, seen.size()))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let long = bytes.get(at..).and_then(<[u8]>::first_chunk);
    long.map_or(0, |long| u64::from_le_bytes(*long))
}

/// Shared memory of ours in every process, asked once.
#[derive(Debug, Default)]
pub(super) struct Maps {
    known: BTreeMap<u32, Result<Vec<Mapped>, String>>,
}

impl Maps {
    /// What process `pid` has mapped, or why that is hidden.
    pub(super) fn of(&mut self, pid: u32) -> Result<&[Mapped], &str> {
        let look = || {
            let text = fs::read(format!("/proc/{pid}/maps"));
            let text = text.map_err(|error| error.to_string())?;
            let lines = text.split(|byte| *byte == b'\n');
            Ok(lines.filter_map(|line| mapped(pid, line)).collect())
        };
        let found = self.known.entry(pid).or_insert_with(look);
        found.as_deref().map_err(String::as_str)
    }
}

/// One line of `/proc/PID/maps`: `start-end mode offset device inode   path`.
fn mapped(pid: u32, line: &[u8]) -> Option<Mapped> {
    let mut fields = line.splitn(6, |byte| *byte == b' ');
    let range = std::str::from_utf8(fields.next()?).ok()?;
    let device = std::str::from_utf8(fields.nth(2)?).ok()?.to_owned();
    let inode = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let path = fields.next()?.trim_ascii_start();
    let path = path.strip_suffix(DELETED).unwrap_or(path);
    let region = if path == RING {
        None
    } else {
        let name = path.rsplit(|byte| *byte == b'/').next()?;
        Some(region_name(std::str::from_utf8(name).ok()?)?)
    };
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    let start = number(start)?;
    Some(Mapped {
        pid,
        start,
        bytes: number(end)?.checked_sub(start)?,
        id: (device, inode),
        region,
    })
}

/// How `/proc/PID/maps` writes the device and inode of a file.
pub(super) fn id_in_maps(file: &fs::Metadata) -> (String, u64) {
    let device = file.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    (format!("{major:02x}:{minor:02x}"), file.ino())
}

/// Service and session of a region's name.
pub(super) fn region_name(name: &str) -> Option<(String, u64)> {
    let (service, session) = name.strip_suffix(".ipcshm")?.rsplit_once('-')?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if service.is_empty() || session.len() != 16 || !session.bytes().all(is_hex) {
        return None;
    }
    let session = u64::from_str_radix(session, 16).ok()?;
    Some((service.to_owned(), session))
}

/// The name of a socket, without what makes it one.
pub(super) fn socket_name(name: &Path) -> Option<&str> {
    let name = std::str::from_utf8(name.as_os_str().as_bytes()).ok()?;
    name.strip_suffix(".sock")
        .filter(|service| !service.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps_are_regions_rings_or_nothing() {
        let line = b"7f00aa000000-7f00aa003000 rw-s 00000000 00:1c 1234                       /run/a b/svc-x-00000000000000ff.ipcshm (deleted)";
        let found = mapped(7, line).unwrap();
        assert_eq!(found.region, Some(("svc-x".to_owned(), 255)));
        assert_eq!(
            (found.bytes, found.id),
            (0x3000, ("00:1c".to_owned(), 1234))
        );
        let line = b"7f0000000000-7f0000001000 rw-s 00000000 00:01 9                          /memfd:netipc-ring (deleted)";
        assert_eq!(mapped(7, line).unwrap().transport(), "ring");
        for other in [
            &b""[..],
            b"7f0000000000-7f0000001000 rw-p 00000000 00:00 0",
            b"7f0000000000-7f0000001000 r-xp 00000000 08:01 77   /usr/lib/x.so",
            b"7f0000000000-7f0000001000 rw-s 00000000 00:1c 1   /run/svc-00.ipcshm",
        ] {
            assert_eq!(mapped(7, other), None);
        }
    }

    #[test]
    fn a_header_tells_rooms_and_counters() {
        let mut header = [0; 64];
        for (at, value) in [
            (0, 0x4e53_484d_u32),
            (8, 77),
            (20, 4160),
            (28, 65600),
            (32, 5),
            (40, 4),
        ] {
            header[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        let region = of_header(&header).unwrap();
        assert_eq!(
            (region.request_bytes, region.response_bytes),
            (Some(4160), Some(65600))
        );
        assert_eq!((region.requests, region.responses), (Some(5), Some(4)));
        assert_eq!(owner(&header), 77);
        assert_eq!(of_header(&[0; 64]), None);
    }

    #[test]
    fn the_lines_of_a_ring_tell_how_many_went_through() {
        let mut lines = [0; 128];
        lines[..8].copy_from_slice(&(3_u64 << 32 | 56).to_le_bytes());
        lines[64..72].copy_from_slice(&(2_u64 << 32 | 9).to_le_bytes());
        assert_eq!(packets(&lines), 5);
    }
}
