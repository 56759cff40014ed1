//! Processes: who they are, which sockets they hold, and what they have mapped.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::users::Users;
use crate::inspect::Process;

/// Ticks a second of the times in `/proc`, the same on every Linux.
const TICKS: u64 = 100;

/// Which processes hold which sockets, and whom we could not look into.
#[derive(Debug, Default)]
pub(super) struct Holders {
    by_socket: HashMap<u64, Vec<u32>>,
    /// Processes whose descriptors were not shown to us.
    pub(super) hidden: u32,
}

impl Holders {
    /// Looks into every process.
    pub(super) fn find() -> io::Result<Self> {
        let mut found = Self::default();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            if let Err(error) = found.add(pid)
                && error.kind() == io::ErrorKind::PermissionDenied
            {
                found.hidden += 1;
            }
        }
        Ok(found)
    }

    fn add(&mut self, pid: u32) -> io::Result<()> {
        for file in fs::read_dir(format!("/proc/{pid}/fd"))? {
            let Ok(target) = fs::read_link(file?.path()) else {
                continue;
            };
            let inode = target.to_str().and_then(|target| {
                let number = target.strip_prefix("socket:[")?.strip_suffix(']')?;
                number.parse().ok()
            });
            if let Some(inode) = inode {
                let holders: &mut Vec<u32> = self.by_socket.entry(inode).or_default();
                if holders.last() != Some(&pid) {
                    holders.push(pid);
                }
            }
        }
        Ok(())
    }

    /// The processes that hold a socket, as far as we may see.
    pub(super) fn of(&self, inode: u64) -> &[u32] {
        self.by_socket.get(&inode).map_or(&[], Vec::as_slice)
    }
}

/// What is known of processes, asked once.
#[derive(Debug, Default)]
pub(super) struct Processes {
    known: BTreeMap<u32, Option<Process>>,
    users: Users,
}

impl Processes {
    /// Those of these that still are there.
    pub(super) fn describe(&mut self, pids: &[u32]) -> Vec<Process> {
        let described = pids.iter().filter_map(|pid| self.get(*pid));
        described.collect()
    }

    /// A process, unless it is gone.
    pub(super) fn get(&mut self, pid: u32) -> Option<Process> {
        if let Some(known) = self.known.get(&pid) {
            return known.clone();
        }
        let found = self.look(pid);
        self.known.insert(pid, found.clone());
        found
    }

    pub(super) fn user(&mut self, uid: u32) -> String {
        self.users.name(uid)
    }

    fn look(&mut self, pid: u32) -> Option<Process> {
        // Names of processes are bytes.
        let read = |name: &str| {
            let bytes = fs::read(format!("/proc/{pid}/{name}")).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let stat = read("stat")?;
        let (name, state, ticks) = parse(&stat)?;
        let uid = effective_uid(&read("status")?)?;
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let command = command(&words).unwrap_or_else(|| format!("[{name}]"));
        let started = Duration::from_millis(ticks.checked_mul(1000 / TICKS)?);
        Some(Process {
            pid,
            uid,
            user: self.users.name(uid),
            command,
            state: state_name(state),
            age_seconds: since_boot().saturating_sub(started).as_secs(),
        })
    }
}

/// Name, state, and ticks between boot and start. The name may hold anything, also brackets.
fn parse(stat: &str) -> Option<(&str, &str, u64)> {
    let (front, fields) = stat.rsplit_once(')')?;
    let (_, name) = front.split_once('(')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    Some((name, state, fields.nth(18)?.parse().ok()?))
}

const fn state_name(state: &str) -> &'static str {
    match state.as_bytes() {
        b"T" => "stopped",
        b"t" => "traced",
        b"Z" | b"X" | b"x" => "ended",
        b"D" => "in the kernel",
        _ => "alive",
    }
}

fn effective_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// The arguments with blanks between them, tokens not shown; `None` of a process that has none, such as the kernel's.
fn command(words: &[u8]) -> Option<String> {
    const TOKEN: &str = "--auth-token";
    let mut words: Vec<_> = words
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy)
        .collect();
    let mut is_token = false;
    for word in &mut words {
        if is_token {
            *word = "***".into();
        } else if word
            .strip_prefix(TOKEN)
            .is_some_and(|rest| rest.starts_with('='))
        {
            *word = format!("{TOKEN}=***").into();
        }
        is_token = *word == TOKEN;
    }
    let text = words.join(" ").trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::from_secs(now.tv_sec.try_into().unwrap_or_default())
}

/// How long ago a file was changed last; 0 where clocks disagree.
pub(super) fn age_of(file: &Metadata) -> u64 {
    let changed = file.modified().ok();
    let age = changed.and_then(|changed| changed.elapsed().ok());
    age.unwrap_or_default().as_secs()
}

/// Whether the process `pid` is there and can have made a file that was last changed `age` seconds ago:
/// ids are given again.
pub(super) fn can_have_made(process: Option<&Process>, age: u64) -> bool {
    /// How far clocks may be apart, in seconds.
    const SLACK: u64 = 2;
    process.is_some_and(|process| process.state != "ended" && process.age_seconds + SLACK >= age)
}

/// Device and inode as the kernel's socket diagnosis writes them.
pub(super) fn kernel_id(file: &Metadata) -> (u32, u32) {
    let device = rustix::fs::major(file.dev()) << 20 | rustix::fs::minor(file.dev());
    let inode = u32::try_from(file.ino() & u64::from(u32::MAX)).unwrap_or_default();
    (device, inode)
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn this_process_is_described() {
        let mut processes = Processes::default();
        let this = processes.get(process::id()).unwrap();
        assert_eq!(this.uid, rustix::process::geteuid().as_raw());
        assert_eq!(this.state, "alive");
        assert!(this.command.contains("netipc"), "{this:?}");
        assert!(this.age_seconds < 24 * 3600);
        assert_eq!(processes.get(u32::MAX), None);
    }

    #[test]
    fn sockets_have_holders() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let inode = rustix::fs::fstat(&one).unwrap().st_ino;
        let holders = Holders::find().unwrap();
        assert_eq!(holders.of(inode), [process::id()]);
        drop(one);
    }

    #[test]
    fn texts_of_the_kernel_are_read() {
        let fields = "1 1 1 0 -1 4194304 0 0 0 0 3 4 0 0 20 0 1 0 4242 0 0";
        for name in ["sh", "a b", ") Z 1 (", "\n"] {
            let stat = format!("7 ({name}) T {fields}");
            assert_eq!(parse(&stat), Some((name, "T", 4242)));
        }
        assert_eq!(parse("7 (sh) S 1 2"), None);
        assert_eq!(command(b"netipc\0serve\0").as_deref(), Some("netipc serve"));
        assert_eq!(command(b""), None);
        let secret = b"x\0--auth-token\x007\0--auth-token=8\0--auth-token-file\0y\0";
        let shown = "x --auth-token *** --auth-token=*** --auth-token-file y";
        assert_eq!(command(secret).as_deref(), Some(shown));
        assert_eq!(effective_uid("Name:\tx\nUid:\t1\t2\t3\t4\n"), Some(2));
    }

    #[test]
    fn an_older_file_was_made_by_somebody_else() {
        let this = Processes::default().get(process::id()).unwrap();
        let of = |age_seconds, state| Process {
            age_seconds,
            state,
            ..this.clone()
        };
        assert!(can_have_made(Some(&of(100, "alive")), 50));
        assert!(!can_have_made(Some(&of(100, "alive")), 200));
        assert!(!can_have_made(Some(&of(100, "ended")), 50));
        assert!(!can_have_made(None, 50));
    }
}
