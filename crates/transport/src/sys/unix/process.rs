//! Other processes.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, getpid, test_kill_process};
use rustix::time::{ClockId, clock_gettime};

use super::Errno;

/// Ticks of a second in `/proc`, the same on every platform that Linux calls by this interface.
const TICKS: u64 = 100;

/// Whether a process with this id exists, ours to signal or not.
pub(crate) fn is_alive(pid: i32) -> bool {
    let pid = if pid > 0 { Pid::from_raw(pid) } else { None };
    pid.is_some_and(|pid| matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM)))
}

/// Whether this process has a descriptor of this number.
pub(crate) fn is_open(fd: i32) -> bool {
    fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok()
}

/// Our own process id.
pub(crate) fn own_pid() -> i32 {
    getpid().as_raw_pid()
}

/// What `/proc` tells of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ProcessInfo {
    /// Whether it has ended, and nobody has asked how.
    pub(crate) has_ended: bool,
    /// When it was started, by the clock of today: about a hundredth of a second.
    pub(crate) started: SystemTime,
}

/// What is known of a process besides that it exists; nothing where that cannot be told.
pub(crate) fn process_info(pid: i32) -> Option<ProcessInfo> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (state, ticks) = parse(&stat)?;
    let uptime = clock_gettime(ClockId::Boottime);
    let uptime = Duration::new(
        uptime.tv_sec.try_into().ok()?,
        uptime.tv_nsec.try_into().ok()?,
    );
    let since_boot = Duration::from_millis(ticks.checked_mul(1000 / TICKS)?);
    Some(ProcessInfo {
        has_ended: matches!(state, "Z" | "X" | "x"),
        started: SystemTime::now()
            .checked_sub(uptime)?
            .checked_add(since_boot)?,
    })
}

/// What a process calls itself: the name of its command, cut to 15 bytes.
pub(crate) fn command(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    let name = String::from_utf8_lossy(&name);
    Some(name.trim_end_matches('\n').to_owned())
}

/// State, and ticks between boot and start. The name before them may hold anything, also brackets.
fn parse(stat: &str) -> Option<(&str, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// The numbers of the sockets that listen at any of these paths.
pub(crate) fn listening_sockets(paths: &[&Path]) -> Vec<u64> {
    /// Of a socket that takes connections.
    const ACCEPTS: &str = "00010000";

    let table = fs::read("/proc/net/unix").unwrap_or_default();
    let listens = |line: &[u8]| {
        // Num RefCount Protocol Flags Type St Inode Path
        let mut fields = line.splitn(8, |byte| *byte == b' ');
        let flags = fields.nth(3)?;
        let (inode, path) = (fields.nth(2)?, fields.next()?);
        let is_it = flags == ACCEPTS.as_bytes()
            && paths
                .iter()
                .any(|wanted| wanted.as_os_str().as_bytes() == path);
        std::str::from_utf8(inode)
            .ok()?
            .parse()
            .ok()
            .filter(|_| is_it)
    };
    table
        .split(|byte| *byte == b'\n')
        .filter_map(listens)
        .collect()
}

/// The processes that have a socket open, by the number that `/proc/net/unix` gives it, as far as we may
/// look into them.
pub(crate) fn holders_of_socket(inode: u64) -> Vec<u32> {
    let link = format!("socket:[{inode}]");
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let holds = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        files.is_ok_and(|mut files| {
            files.any(|file| {
                let target = file.and_then(|file| fs::read_link(file.path()));
                target.is_ok_and(|target| target.as_os_str() == link.as_str())
            })
        })
    };
    let mut holders: Vec<u32> = pids.filter(holds).collect();
    holders.sort_unstable();
    holders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_confuse_nobody() {
        let fields = "1 1 1 0 -1 4194304 0 0 0 0 3 4 0 0 20 0 1 0 4242 0 0";
        for name in ["sh", "a b", ") Z 1 (", "((", "\n"] {
            let stat = format!("7 ({name}) S {fields}");
            assert_eq!(parse(&stat), Some(("S", 4242)), "{name}");
        }
        assert_eq!(parse("7 (sh) S 1 2"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn this_process_has_started_and_not_ended() {
        let this = process_info(own_pid()).unwrap();
        assert!(!this.has_ended);
        let age = SystemTime::now()
            .duration_since(this.started)
            .unwrap_or_default();
        assert!(age < Duration::from_secs(24 * 3600), "{age:?}");
        assert_eq!(process_info(-1), None);
    }
}
