//! Keeping other starters of the same endpoint away while one looks who serves it.
//!
//! The lock is on a file of its own, which only our user can open: a lock on the directory could be
//! held for ever by whoever may read it. The kernel takes it back from a process that dies, and whoever
//! has it removes the file.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::link::BindError;
use crate::sys::{self, Errno, FileId, LockFile};
use crate::wait::Wait;

use super::claim::{LOCKED, in_use, unasked};
use super::run_dir::RunDir;

/// How long another starter may hold the lock; its work takes well below a millisecond.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(1);

/// The lock; dropping it lets the next one start.
#[derive(Debug)]
pub(super) struct StartLock<'d> {
    dir: &'d RunDir,
    name: PathBuf,
    id: FileId,
    _file: OwnedFd,
}

impl Drop for StartLock<'_> {
    fn drop(&mut self) {
        // While it is locked: who waits for it finds out that it is another file by then.
        let _ = sys::remove_if(self.dir, &self.name, self.id);
    }
}

/// Waits until nobody else starts at this endpoint. Nothing where the file belongs to another user, whose
/// start is over, or was cut off, where what has its name is no file, and at once where a sandbox refuses locks: the other
/// defences have to do then.
pub(super) fn lock<'d>(
    dir: &'d RunDir,
    endpoint: &Endpoint,
) -> Result<Option<StartLock<'d>>, BindError> {
    let name = PathBuf::from(format!("{}.lock", endpoint.service()));
    let patience = Wait::timeout(PATIENCE);
    loop {
        let is_foreign = match try_lock(dir, &name) {
            Ok(Attempt::Locked(file, id)) => {
                return Ok(Some(StartLock {
                    dir,
                    name,
                    id,
                    _file: file,
                }));
            }
            Ok(Attempt::Refused(errno)) => {
                tracing::info!(%endpoint, %errno, "starting without a lock, which the system refuses");
                return Ok(None);
            }
            Ok(Attempt::Busy) => false,
            Ok(Attempt::Foreign) => true,
            // Nothing can be made in the directory, unless it was there already.
            Err(Errno::ACCESS | Errno::PERM) if sys::look_at(dir, &name).is_ok() => true,
            // A directory, a link, or a socket: none of which any starter makes.
            Err(Errno::ISDIR | Errno::LOOP | Errno::NXIO) => {
                tracing::warn!(%endpoint, lock = %name.display(), "starting without a lock: no file has its name");
                return Ok(None);
            }
            Err(errno) => return Err(unasked(endpoint, errno)),
        };
        if patience.sleep(RETRY).is_err() {
            if is_foreign {
                tracing::info!(%endpoint, "starting beside the lock of another user");
                return Ok(None);
            }
            return Err(in_use(endpoint, LOCKED, Vec::new()));
        }
    }
}

/// What became of an attempt to lock.
enum Attempt {
    Locked(OwnedFd, FileId),
    /// Somebody else of our user has it.
    Busy,
    /// Another user has it, who may never let go of a file of his own, whatever its mode.
    Foreign,
    /// Nothing can be locked here, as in a sandbox: a wait would change nothing.
    Refused(Errno),
}

/// Locks the file.
fn try_lock(dir: &RunDir, name: &Path) -> Result<Attempt, Errno> {
    let (file, is_new) = match sys::open_lock(dir, name)? {
        LockFile::Made(file) => (file, true),
        LockFile::Found(file) => (file, false),
        // Who had it has removed it just now.
        LockFile::Gone => return Ok(Attempt::Busy),
        LockFile::Closed => return Ok(Attempt::Foreign),
    };
    let is_locked = match sys::try_lock(&file) {
        Ok(is_locked) => is_locked,
        Err(errno) => {
            if is_new {
                // Nobody would remove it. Where it was there, somebody who may lock may have it.
                let _ = sys::look_into(&file).and_then(|made| sys::remove_if(dir, name, made.id));
            }
            return match errno {
                // The file is ours to write, so that this is said of locks.
                Errno::ACCESS | Errno::PERM | Errno::NOSYS => Ok(Attempt::Refused(errno)),
                errno => Err(errno),
            };
        }
    };
    let sys::FileInfo { id, uid, .. } = sys::look_into(&file)?;
    if !is_locked {
        let is_own = uid == sys::own_uid();
        return Ok(if is_own {
            Attempt::Busy
        } else {
            Attempt::Foreign
        });
    }
    // Whoever had it before may have removed its name since it was opened.
    let is_named = match sys::look_at(dir, name) {
        Ok(named) => named.id == id,
        Err(Errno::NOENT) => false,
        // A wait would change nothing.
        Err(errno) => return Err(errno),
    };
    Ok(if is_named {
        Attempt::Locked(file, id)
    } else {
        Attempt::Busy
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, fchown};
    use std::thread;

    use rustix::fs::{FlockOperation, Uid, flock};
    use rustix::thread::set_thread_res_uid;

    use super::*;

    // Rule L18.
    #[test]
    fn a_lock_of_another_user_is_busy_and_had_once_he_has_gone() {
        let top = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::new(top.path(), "svc").unwrap();
        let dir = RunDir::open(&endpoint).unwrap();
        let name = Path::new("svc.lock");
        let theirs = fs::File::create(top.path().join(name)).unwrap();
        if fchown(&theirs, Some(7), None).is_err() {
            println!("SKIPPED: only root can be another user");
            return;
        }
        flock(&theirs, FlockOperation::LockExclusive).unwrap();
        assert!(matches!(try_lock(&dir, name), Ok(Attempt::Foreign)));
        fs::remove_file(top.path().join(name)).unwrap();
        drop(theirs);
        assert!(matches!(try_lock(&dir, name), Ok(Attempt::Locked(..))));
    }
    // Rule L18. It may go before anybody has looked whether it is there, and that is no reason to fail.
    #[test]
    fn a_lock_that_cannot_be_opened_is_foreign_whether_or_not_it_is_there_still() {
        let top = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::new(top.path(), "svc").unwrap();
        let dir = RunDir::open(&endpoint).unwrap();
        let lock = top.path().join("svc.lock");
        fs::write(&lock, "").unwrap();
        fs::set_permissions(&lock, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(top.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let attempt = thread::scope(|scope| {
            let other = scope.spawn(|| {
                let nobody = Uid::from_raw(65534);
                // Of this thread alone.
                set_thread_res_uid(nobody, nobody, nobody).ok()?;
                Some(try_lock(&dir, Path::new("svc.lock")))
            });
            other.join().unwrap()
        });
        match attempt {
            Some(attempt) => assert!(matches!(attempt, Ok(Attempt::Foreign))),
            None => println!("SKIPPED: only root can become another user"),
        }
    }
}
