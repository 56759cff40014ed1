use std::cmp::Reverse;

use memchr::{memchr, memrchr};

use crate::{
    identify::identify,
    paths::{Spelling, without_deleted},
    processes::wire_comm,
};

/// What `/proc/<pid>/stat` says, as far as it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat<'a> {
    pub(super) pid: u32,
    pub(super) comm: &'a [u8],
    pub(super) ppid: u32,
    pub(super) cpu_ticks: u64,
    pub(super) starttime: u64,
}

impl<'a> Stat<'a> {
    /// Reads the whole file. `None` if it is malformed.
    ///
    /// The command name may hold anything, also spaces, parentheses and bytes that are no UTF-8, so it ends at the
    /// *last* closing parenthesis.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (open, close) = (memchr(b'(', bytes)?, memrchr(b')', bytes)?);
        let comm = bytes.get(open + 1..close)?;
        let mut fields = bytes[close + 1..]
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty());
        // The state is field 3, so field n is n - 4 further on from the one after it.
        fields.next()?;
        let ppid = number(fields.next()?)?;
        let user = number(fields.nth(14 - 5)?)?;
        let system = number(fields.next()?)?;
        let starttime = number(fields.nth(22 - 16)?)?;
        Some(Self {
            pid: number(bytes[..open].trim_ascii())?,
            comm: wire_comm(comm),
            ppid,
            cpu_ticks: u64::saturating_add(user, system),
            starttime,
        })
    }
}

/// The path of a process in `/proc/<pid>/cgroup`, as plainly spelled as can be. `None` if there is no hierarchy at all.
///
/// Of all hierarchies the one whose path tells most of what the process is part of: a container wins over a unit, whichever is
/// deeper. Among those the deepest path counts, and of equally deep ones that with the lowest `rank`. On a machine with both
/// versions systemd may know the process in one hierarchy only, with `/` in all others.
pub(super) fn cgroup_path(bytes: &[u8], rank: impl Fn(&str) -> usize) -> Option<Vec<u8>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.splitn(3, |byte| *byte == b':');
        let (_id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let controllers = str::from_utf8(controllers).ok()?;
        Some((controllers, Spelling::read(without_deleted(path))?))
    });
    let lines: Vec<(&str, Spelling<'_>)> = lines.collect();
    let same = lines.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let place = |(controllers, path): &&(&str, Spelling<'_>)| {
        let depth = path
            .key
            .split(|byte| *byte == b'/')
            .filter(|p| !p.is_empty());
        (
            Reverse(identify(&path.key).weight()),
            Reverse(depth.count()),
            rank(controllers.trim_start_matches("name=")),
        )
    };
    let best = if same {
        lines.first()
    } else {
        lines.iter().min_by_key(place)
    };
    best.map(|(_, path)| path.text())
}

fn number<T: std::str::FromStr>(field: &[u8]) -> Option<T> {
    str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of a process, with numbers that tell each field apart.
    fn line(comm: &[u8]) -> Vec<u8> {
        let fields: Vec<String> = (4..=52).map(|field| (field * 10).to_string()).collect();
        [b"42 (", comm, b") S ", fields.join(" ").as_bytes(), b"\n"].concat()
    }

    #[test]
    fn reads_the_right_fields() {
        let line = line(b"cat");
        let expected = Stat {
            pid: 42,
            comm: b"cat",
            ppid: 40,
            cpu_ticks: 140 + 150,
            starttime: 220,
        };
        assert_eq!(Stat::parse(&line), Some(expected));
    }

    #[test]
    fn command_names_may_hold_anything() {
        for (comm, expected) in [
            (&b"a b"[..], &b"a b"[..]),
            (b"evil) S 1 (", b"evil) S 1 ("),
            (b"))((", b"))(("),
            (b"new\nline", b"new\nline"),
            (b"\xff\xfe", b"\xff\xfe"),
            (b"", b"?"),
            (b"\0hidden", b"?"),
            (b"cut\0here", b"cut"),
            (b"kworker/0:1-events_unbound", b"kworker/0:1-eve"),
        ] {
            let line = line(comm);
            let stat = Stat::parse(&line).unwrap();
            assert_eq!(stat.comm, expected, "{}", comm.escape_ascii());
            assert_eq!((stat.ppid, stat.starttime), (40, 220));
        }
    }

    #[test]
    fn malformed_lines_are_refused() {
        let whole = line(b"x");
        let upto = |field: &str| {
            let end = memchr::memmem::find(&whole, field.as_bytes()).unwrap();
            whole[..end].to_vec()
        };
        for bad in [
            b"".to_vec(),
            b"42".to_vec(),
            b")(".to_vec(),
            b"(x) S 1".to_vec(),
            b"42 (x".to_vec(),
            b"42 (x)".to_vec(),
            b"x (x) S 1 2 3".to_vec(),
            b"-1 (x) S 1".to_vec(),
            upto(" 220"),
        ] {
            assert_eq!(Stat::parse(&bad), None, "{}", bad.escape_ascii());
        }
        let negative = String::from_utf8(whole.clone()).unwrap();
        assert_eq!(
            Stat::parse(negative.replace(" 220 ", " -1 ").as_bytes()),
            None
        );
    }

    #[test]
    fn the_cgroup_that_tells_most_counts() {
        let preferred = ["cpu", "memory", "systemd"].map(String::from);
        let path = |file: &'static [u8]| {
            let rank = |name: &str| crate::cgroups::rank(&preferred, name);
            cgroup_path(file, rank).map(|path| String::from_utf8_lossy(&path).into_owned())
        };
        for (file, expected) in [
            (
                &b"0::/system.slice/sshd.service\n"[..],
                Some("/system.slice/sshd.service"),
            ),
            (b"0::/", Some("/")),
            (
                b"3:memory:/a\n2:cpu,cpuacct:/b\n1:name=systemd:/c\n",
                Some("/b"),
            ),
            (b"2:cpu:/a\n1:name=systemd:/a/b\n0::/\n", Some("/a/b")),
            (b"2:cpu:/\n0::/\n", Some("/")),
            // A runtime that was started from a login session.
            (
                b"4:memory:/user.slice/user-1000.slice/session-2.scope\n1:name=systemd:/docker/ab\n0::/x/y/z/w\n",
                Some("/docker/ab"),
            ),
            (
                b"2:cpu:/docker/ab/inside\n1:name=systemd:/docker/ab\n",
                Some("/docker/ab/inside"),
            ),
            (
                b"2:cpu:/kubepods/podaaaaaaaa\n1:name=systemd:/system.slice/k.service/a/b\n",
                Some("/kubepods/podaaaaaaaa"),
            ),
            (b"0::/system.slice/a.service (deleted)\n", Some("/system.slice/a.service")),
            (b"0::/../..//x/\n", Some("/../../x")),
            (b"0::/..\n", Some("/..")),
            (b"0::/with:colons:in/it\n", Some("/with:colons:in/it")),
            (b"", None),
            (b"nonsense\n0::relative\n\xff:\xff:/x\n", None),
        ] {
            assert_eq!(path(file).as_deref(), expected, "{}", file.escape_ascii());
        }
    }
}
