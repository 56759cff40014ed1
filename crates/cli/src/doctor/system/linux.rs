use std::fs;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::{Limits, Space};

/// Our effective user id.
pub(in crate::doctor) fn own_uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The room where `path` is.
pub(in crate::doctor) fn free_space(path: &Path) -> Option<Space> {
    let seen = rustix::fs::statvfs(path).ok()?;
    Some(Space {
        free_bytes: seen.f_bavail.saturating_mul(seen.f_frsize),
        all_bytes: seen.f_blocks.saturating_mul(seen.f_frsize),
        free_files: (seen.f_files != 0).then_some(seen.f_favail),
    })
}

/// Whether the system says that a socket of another type listens.
pub(in crate::doctor) fn is_another_type(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::PROTOTYPE)
}

/// What process `pid` may not do, as far as it is shown.
pub(in crate::doctor) fn limits(pid: u32) -> Limits {
    // Names of processes, which are bytes, are in it.
    let read = |name: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (limits, status) = (read("limits"), read("status"));
    let most = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    let used = fs::read_dir(format!("/proc/{pid}/fd")).ok();
    let used = used.map(|files| files.count() as u64);
    let filter = status
        .lines()
        .find_map(|line| line.strip_prefix("Seccomp:"));
    Limits {
        file_bytes: most("Max file size"),
        files: used.zip(most("Max open files")),
        is_filtered: filter.is_some_and(|filter| filter.trim() == "2"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_limits_and_room() {
        let limits = limits(std::process::id());
        let (used, most) = limits.files.unwrap();
        assert!(used > 2 && used < most);
        let space = free_space(Path::new("/")).unwrap();
        assert!(space.all_bytes > 0 && space.free_bytes <= space.all_bytes);
        assert_eq!(free_space(Path::new("/nothing/there")), None);
    }
}
