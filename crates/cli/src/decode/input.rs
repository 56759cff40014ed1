//! Packets from what was captured.

use std::collections::HashMap;

use netipc::wire::{ChunkHeader, Header};

/// A packet, and which way it went.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packet {
    pub(super) bytes: Vec<u8>,
    pub(super) way: Option<&'static str>,
    /// What it went over.
    pub(super) over: Over,
    /// When it was captured, in seconds since 1970, where the capture tells.
    pub(super) time: Option<f64>,
    /// Bytes that it had besides and that were not captured.
    pub(super) missing: usize,
}

/// What tells one connection from others, as far as a capture does.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct Over {
    /// The process or thread: descriptors of others have the same numbers.
    pub(super) pid: Option<u32>,
    pub(super) fd: Option<u32>,
    /// Both ends, of a packet of a network.
    pub(super) ends: Option<String>,
}

impl Over {
    /// What carried it.
    pub(super) fn transport(&self) -> Option<&'static str> {
        match (self.fd, &self.ends) {
            (Some(_), _) => Some("socket"),
            (None, Some(_)) => Some("udp"),
            (None, None) => None,
        }
    }
}

/// Seconds since 1970 that are a time of today rather than since something else.
const LONG_AGO: f64 = 1e9;

/// Calls of strace that send or receive, and which they do.
const CALLS: [(&str, &str); 6] = [
    ("sendto", "sent"),
    ("sendmsg", "sent"),
    ("write", "sent"),
    ("recvfrom", "received"),
    ("recvmsg", "received"),
    ("read", "received"),
];

/// What dumps have instead of lines that are the same as the one before.
const SAME: &str = "*";
/// Bytes of a line of a dump.
const LINE: usize = 16;
/// The largest offset that is believed: more than a message may have.
const MOST_REPEATED: usize = 1 << 30;

/// Messages one behind the other. A message in chunks ends where the header of its next chunk begins.
pub(super) fn raw(bytes: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = packet_size(rest).clamp(1, rest.len());
        let (packet, behind) = rest.split_at(size);
        packets.push(Packet {
            bytes: packet.to_vec(),
            ..Packet::default()
        });
        rest = behind;
    }
    packets
}

fn packet_size(bytes: &[u8]) -> usize {
    if let Ok(chunk) = ChunkHeader::decode(bytes) {
        return ChunkHeader::LEN.saturating_add(chunk.chunk_payload_len as usize);
    }
    let Ok(header) = Header::decode(bytes) else {
        return bytes.len();
    };
    let whole = Header::LEN.saturating_add(header.payload_len as usize);
    let magic = ChunkHeader::MAGIC.to_le_bytes();
    let message = bytes.get(..whole).unwrap_or(bytes);
    let is_next = |at: &usize| {
        let chunk = bytes
            .get(*at..)
            .and_then(|bytes| ChunkHeader::decode(bytes).ok());
        chunk.is_some_and(|chunk| chunk.message_id == header.message_id && chunk.chunk_index == 1)
    };
    let mut starts =
        (Header::LEN..message.len()).filter(|at| message.get(*at..*at + 4) == Some(&magic[..]));
    starts.find(is_next).unwrap_or(whole)
}

/// A packet a line, or a dump until its offset begins again.
///
/// # Errors
/// The line that is no such thing.
pub(super) fn hex(text: &str) -> Result<Vec<Packet>, String> {
    let mut packets: Vec<Packet> = Vec::new();
    let mut is_repeated = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == SAME && !packets.is_empty() {
            is_repeated = true;
            continue;
        }
        let (offset, digits) = dumped(line);
        if let (true, Some(end), Some(last)) = (is_repeated, offset, packets.last_mut()) {
            repeat(&mut last.bytes, end);
        }
        is_repeated = false;
        let follows = |offset| {
            packets
                .last()
                .is_some_and(|last| offset == last.bytes.len())
        };
        let is_dump = offset.is_none_or(|offset| offset == 0 || follows(offset));
        // Digits with two blanks between them may look as an offset does.
        let bytes = bytes_of(if is_dump { digits } else { line })
            .ok_or_else(|| format!("line {} is not hexadecimal: {line}", at + 1))?;
        match (offset, packets.last_mut()) {
            (Some(offset), Some(last)) if offset != 0 && offset == last.bytes.len() => {
                last.bytes.extend(bytes)
            }
            _ if bytes.is_empty() => {}
            _ => packets.push(Packet {
                bytes,
                ..Packet::default()
            }),
        }
    }
    Ok(packets)
}

/// The last line of a dump again and again, up to the offset of the next.
fn repeat(bytes: &mut Vec<u8>, end: usize) {
    let line = bytes.len().saturating_sub(LINE)..bytes.len();
    if line.len() == LINE && end <= MOST_REPEATED {
        while bytes.len() < end {
            bytes.extend_from_within(line.clone());
        }
    }
}

/// The offset of a line of a dump, and its digits without the text beside them.
fn dumped(line: &str) -> (Option<usize>, &str) {
    let number = |text: &str| usize::from_str_radix(text, 16).ok();
    if let Some((offset, rest)) = line.split_once(':') {
        let rest = rest.trim_start();
        let digits = rest.split("  ").next().unwrap_or(rest);
        return (number(offset), digits);
    }
    let Some((offset, rest)) = line.split_once("  ") else {
        return match line.split_once(char::is_whitespace) {
            None if line.len() == 8 && line.starts_with("0000") => (number(line), ""),
            _ => (None, line),
        };
    };
    (number(offset), rest.split('|').next().unwrap_or(rest))
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("0x", "").replace("\\x", "");
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

/// The packets of calls that succeeded, also of those that were interrupted by another thread's line.
pub(super) fn strace(text: &str) -> Vec<Packet> {
    const UNFINISHED: &str = " <unfinished ...>";
    let mut begun: HashMap<&str, &str> = HashMap::new();
    let mut packets = Vec::new();
    for line in text.lines() {
        let Line { thread, time, call } = parts(line);
        if let Some(start) = call.strip_suffix(UNFINISHED) {
            begun.insert(thread, start);
            continue;
        }
        let resumed = call
            .strip_prefix("<... ")
            .and_then(|rest| rest.split_once(" resumed>"));
        match resumed {
            Some((_, rest)) => {
                let start = begun.remove(thread).unwrap_or_default();
                packets.extend(packet_of(thread, time, &format!("{start}{rest}")));
            }
            None => packets.extend(packet_of(thread, time, call)),
        }
    }
    packets
}

/// A line of strace.
struct Line<'t> {
    thread: &'t str,
    /// Seconds since 1970, as `-ttt` prints them.
    time: Option<f64>,
    call: &'t str,
}

/// The parts of `[pid 7] call(..` and `7 12:00:00.1 call(..`.
fn parts(line: &str) -> Line<'_> {
    let (thread, rest) = match line
        .strip_prefix("[pid")
        .and_then(|rest| rest.split_once(']'))
    {
        Some((thread, rest)) => (thread.trim(), rest),
        None => match line.split_once(' ') {
            Some((thread, rest)) if thread.bytes().all(|byte| byte.is_ascii_digit()) => {
                (thread, rest)
            }
            _ => ("", line),
        },
    };
    let rest = rest.trim_start();
    let is_time = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
    };
    let (time, call) = match rest.split_once(' ') {
        Some((time, call)) if is_time(time) => (time, call.trim_start()),
        _ => ("", rest),
    };
    // Not that of `-r`, which counts from the call before.
    let time = time.parse().ok().filter(|time| *time > LONG_AGO);
    Line { thread, time, call }
}

fn packet_of(thread: &str, time: Option<f64>, call: &str) -> Option<Packet> {
    let (name, arguments) = call.split_once('(')?;
    let (name, way) = CALLS.iter().find(|(known, _)| *known == name)?;
    let (arguments, result) = arguments.rsplit_once(" = ")?;
    let result = result.split_whitespace().next()?;
    let len: usize = result.parse().ok().filter(|len| *len > 0)?;
    let fd: String = arguments.chars().take_while(char::is_ascii_digit).collect();
    // The address of a socket is no data.
    let data = match arguments.split_once("msg_iov=[") {
        Some((_, vectors)) => vectors.split("msg_iovlen").next().unwrap_or(vectors),
        None => arguments,
    };
    let mut bytes = Vec::new();
    for text in data.split('"').skip(1).step_by(2) {
        bytes.extend(bytes_of(text)?);
    }
    if bytes.is_empty() {
        return None;
    }
    bytes.truncate(len);
    // Most files that are read and written are no connections.
    let magics = [Header::MAGIC, ChunkHeader::MAGIC].map(u32::to_le_bytes);
    if matches!(*name, "read" | "write") && !magics.iter().any(|magic| bytes.starts_with(magic)) {
        return None;
    }
    Some(Packet {
        time,
        missing: len - bytes.len(),
        bytes,
        way: Some(way),
        over: Over {
            pid: thread.parse().ok(),
            fd: fd.parse().ok(),
            ends: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_dumps_are_packets() {
        let packets = hex("# two\n43 50 0x49\\x4e\n\n0102\n").unwrap();
        assert_eq!(
            packets
                .iter()
                .map(|one| one.bytes.clone())
                .collect::<Vec<_>>(),
            [b"CPIN".to_vec(), vec![1, 2]]
        );
        let dump = "00000000: 4350 494e 0100 2000 0100 0000 0100 0000  CPIN.. .........\n00000010: 0800  ..\n00000000: ff\n";
        let sizes = |packets: Vec<Packet>| {
            packets
                .iter()
                .map(|one| one.bytes.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(hex(dump).unwrap()), [18, 1]);
        let dump = "00000000  43 50 49 4e 01 00 20 00  01 00 00 00 01 00 00 00  |CPIN.. .........|\n00000010  08 00  |..|\n00000012\n";
        assert_eq!(sizes(hex(dump).unwrap()), [18]);
        let line =
            "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n";
        let dump = format!("{line}*\n00000040  07  |.|\n00000041\n{line}*\n00000020\n");
        assert_eq!(sizes(hex(&dump).unwrap()), [65, 32]);
        assert_eq!(sizes(hex("43504948  0102").unwrap()), [6]);
        assert!(hex("00000020: 4350 494e  CPIN\n").is_err());
        assert!(hex("zz").unwrap_err().starts_with("line 1"));
        assert!(hex("123").is_err());
    }

    #[test]
    fn lines_of_strace_are_packets() {
        let text = "\
[pid 7] sendmsg(5, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"\\x01\\x02\", iov_len=2}, {iov_base=\"\\x03\", iov_len=1}], msg_iovlen=2}, MSG_NOSIGNAL <unfinished ...>
[pid 8] recvfrom(6, 0x55, 65568, MSG_TRUNC, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
[pid 7] <... sendmsg resumed>) = 3
9 1764527288.25 recvmsg(6, {msg_name={sa_family=AF_UNIX, sun_path=\"\\x2f\"}, msg_iov=[{iov_base=\"\\x09\\x08\"..., iov_len=81}], msg_iovlen=1}, 0) = 80
9 getsockopt(3, SOL_SOCKET, SO_SNDBUF, [212992], [4]) = 0
9 recvfrom(6, \"\", 65568, 0, NULL, NULL) = 0
9 read(7, \"\\x7f\\x45\\x4c\\x46\", 832) = 4
";
        let packets = strace(text);
        let [first, second] = &packets[..] else {
            panic!("{packets:?}");
        };
        assert_eq!(
            (&first.bytes[..], first.way, first.over.pid, first.over.fd),
            (&[1, 2, 3][..], Some("sent"), Some(7), Some(5))
        );
        assert_eq!(
            (
                &second.bytes[..],
                second.way,
                second.over.pid,
                second.over.fd
            ),
            (&[9, 8][..], Some("received"), Some(9), Some(6))
        );
        assert_eq!(second.missing, 78);
        let times = packets.iter().map(|packet| packet.time);
        assert_eq!(times.collect::<Vec<_>>(), [None, Some(1_764_527_288.25)]);
        assert_eq!(parts("9 12:00:00.5 read(7").call, "read(7");
        assert_eq!(parts("0.000321 read(7").time, None);
    }
}
