//! What differs between platforms: run directories, other processes, and what the system tells and
//! allows of them. A platform is a file, or two where it has more than others of its kind.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(target_os = "linux")]
use linux as scheduler;
#[cfg(not(target_os = "linux"))]
use portable as scheduler;

pub use scheduler::{Pinned, allowed_cpus};
pub use system::RunDir;

pub(crate) use scheduler::{CAN_PIN, SyscallCounter, check_policy, keep_apart, processor_model};
pub use system::caveat;
pub(crate) use system::{OTHER_PLACES, TEMP_VARIABLE, in_own_group, kernel, usage};
