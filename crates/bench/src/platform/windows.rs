//! Run directories that are names, process groups, processor time, and whether all of it is Wine.

use std::env;
use std::io;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use cpu_time::ProcessTime;

use crate::measure::nanos;
use crate::usage::Usage;

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C does not reach the processes of the group.
const NEW_PROCESS_GROUP: u32 = 0x0000_0200;

/// What says where temporary files are.
pub(crate) const TEMP_VARIABLE: &str = "TMP";
/// Where to try after that: a name is nowhere.
pub(crate) const OTHER_PLACES: &[&str] = &[];

/// A name that no other process uses: endpoints are in no directory here.
#[derive(Debug)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// Makes one up, which looks as if it were in `place`.
    pub(crate) fn make_in(place: &Path) -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("netipc-{}-{number}", process::id());
        Ok(Self(place.join(name)))
    }

    /// The name.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Keeps Ctrl-C from `command`: it is for us to act on, in good order.
pub(crate) fn in_own_group(command: &mut Command) -> &mut Command {
    command.creation_flags(NEW_PROCESS_GROUP)
}

/// What this process has used until now, as far as the system tells.
pub(crate) fn usage() -> Usage {
    Usage {
        cpu_ns: ProcessTime::try_now().map_or(0, |time| nanos(time.as_duration())),
        switches: None,
    }
}

/// The system, and whether it only plays its part.
pub(crate) fn kernel() -> String {
    let name = if is_wine() { "Wine" } else { "Windows" };
    name.to_owned()
}

/// What has to be said beside every figure of this machine, if anything.
#[must_use]
pub fn caveat() -> Option<&'static str> {
    is_wine().then_some("figures under Wine say nothing of Windows")
}

/// Wine tells every process where the user's home is outside.
fn is_wine() -> bool {
    env::var_os("WINEHOMEDIR").is_some()
}
