//! What only a platform can tell: its processes, its cgroups, the files of its container runtimes.
//!
//! A platform is one module with the same items, chosen here and nowhere else:
//!
//! - `Processes`, with `new(&HostConfig)` and `look(&mut self) -> Result<Scan, HostError>`;
//! - `Cgroups`, with `new(&HostConfig)` and `look(&mut self) -> Result<Tree, HostError>`;
//! - `runtimes(&HostConfig)`, the sources of names, each a [`NameSource`](crate::runtime::NameSource);
//! - `is_directory(dir, below)`, whether there is a directory `below` the directory `dir` right now.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod system;
#[cfg(all(unix, not(target_os = "linux")))]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Cgroups, Processes, is_directory, runtimes};
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use unix::{Cgroups, Processes, is_directory, runtimes};
#[cfg(windows)]
pub(crate) use windows::{Cgroups, Processes, is_directory, runtimes};
