//! What a server that died has left behind.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::sys::{self, Errno, FileId, FileType};

use super::header::{self, HEADER};
use super::region;
use crate::unix::run_dir::RunDir;

/// How far the clocks of processes and of files may be apart.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// Removes the stale regions of exactly this service.
pub(crate) fn sweep(dir: &RunDir, endpoint: &Endpoint) {
    let names = match sys::names_in(dir) {
        Ok(names) => names,
        Err(error) => {
            tracing::debug!(%endpoint, %error, "cannot look for stale regions");
            return;
        }
    };
    for name in names {
        if is_region(&name, endpoint.service()) && remove_stale(dir, Path::new(&name)) {
            tracing::info!(%endpoint, region = name, "removed a stale region");
        }
    }
}

/// Removes what stands at the name of a region, unless it is live or nothing can be known of it.
/// Tells whether it did.
pub(super) fn remove_stale(dir: &RunDir, name: &Path) -> bool {
    let Some(id) = find_stale(dir, name).unwrap_or(None) else {
        return false;
    };
    match sys::remove_if(dir, name, id) {
        Ok(removed) => removed,
        Err(errno) => {
            let error = io::Error::from(errno);
            tracing::warn!(region = %name.display(), %error, "cannot remove a stale region");
            false
        }
    }
}

/// Which file is stale, if it is. An error is ignorance: the file stays.
fn find_stale(dir: &RunDir, name: &Path) -> Result<Option<FileId>, Errno> {
    let seen = sys::look_at(dir, name)?;
    if region::is_own(seen.id) {
        return Ok(None);
    }
    if seen.kind != FileType::RegularFile || seen.size < HEADER as u64 {
        return Ok(Some(seen.id));
    }
    // Does not wait even if the file has become a FIFO meanwhile.
    let fd = sys::open_read(dir, name)?;
    let file = sys::look_into(&fd)?;
    let mut bytes = [0; HEADER];
    if file.kind != FileType::RegularFile || sys::read_start(&fd, &mut bytes)? < HEADER {
        return Ok(Some(file.id));
    }
    // Ours by pid and not in our table: a predecessor with the same pid.
    let is_live = header::owner(&bytes).is_some_and(|owner| {
        owner.pid != sys::own_pid() && sys::is_alive(owner.pid) && has_made(owner.pid, fd)
    });
    Ok((!is_live && !region::is_own(file.id)).then_some(file.id))
}

/// Whether a process can have made a file: it has not ended, and did not start after the file was last
/// changed. Ids are given again, and so may be somebody else's by now. Yes where it cannot be told.
fn has_made(pid: i32, file: OwnedFd) -> bool {
    let Some(process) = sys::process_info(pid) else {
        return true;
    };
    let changed = File::from(file).metadata().and_then(|file| file.modified());
    let is_older = |changed| process.started <= changed + CLOCK_SLACK;
    !process.has_ended && changed.map_or(true, is_older)
}

fn is_region(name: &str, service: &str) -> bool {
    let id = name
        .strip_prefix(service)
        .and_then(|rest| rest.strip_prefix('-'))
        .and_then(|rest| rest.strip_suffix(".ipcshm"));
    id.is_some_and(|id| {
        id.len() == 16
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::is_region;

    // Rule L32.
    #[test]
    fn only_the_exact_names_of_the_service_are_regions() {
        assert!(is_region("svc-0123456789abcdef.ipcshm", "svc"));
        for other in [
            "svc-extra-0123456789abcdef.ipcshm",
            "svc-0123456789ABCDEF.ipcshm",
            "svc-0123456789abcde.ipcshm",
            "svc-0123456789abcdef0.ipcshm",
            "svc-0123456789abcdef.ipcshm.bak",
            "svc0123456789abcdef.ipcshm",
            "asvc-0123456789abcdef.ipcshm",
            "svc.sock",
        ] {
            assert!(!is_region(other, "svc"), "{other}");
        }
    }
}
