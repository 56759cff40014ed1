//! What is at work on this machine, seen from outside: endpoints, who serves them, who is connected, and what carries each
//! session. Nobody is connected to for it, unless there is no other way to learn whether somebody listens.

#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "nothing of it can be seen elsewhere")
)]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod places;

use std::path::PathBuf;

use serde::Serialize;

use crate::exit::Failed;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;

pub(crate) use places::{agents_run_dirs, usual_run_dirs};

/// The kind of an endpoint at which a server publishes its statistics.
pub(crate) const STATISTICS: &str = "statistics";

/// Looks at run directories.
///
/// # Errors
/// On platforms that tell none of it.
pub(crate) fn look(run_dirs: &[PathBuf]) -> Result<Survey, Failed> {
    platform::look(run_dirs)
}

/// What was seen.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Survey {
    pub(crate) run_dirs: Vec<RunDir>,
    /// What could not be seen, and why.
    pub(crate) unseen: Vec<String>,
}

/// A run directory.
#[derive(Debug, Serialize)]
pub(crate) struct RunDir {
    pub(crate) path: PathBuf,
    /// Why its content is not shown.
    pub(crate) problem: Option<Problem>,
    pub(crate) file: Option<File>,
    pub(crate) endpoints: Vec<Endpoint>,
    /// Shared regions that still have a name.
    pub(crate) regions: Vec<RegionFile>,
}

/// Why the content of a run directory is not shown.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Problem {
    Missing,
    NotADirectory,
    Unreadable(String),
}

/// Whose a file is, and who may use it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct File {
    pub(crate) uid: u32,
    pub(crate) user: String,
    /// As `ls` and `chmod` have it: `0600`.
    pub(crate) mode: String,
    /// Seconds since it was made or changed.
    pub(crate) age_seconds: u64,
}

/// A name at which a service may be reached.
#[derive(Debug, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) service: String,
    /// What its schema says that it is, of services that the program was built with; or [`STATISTICS`].
    pub(crate) kind: Option<&'static str>,
    pub(crate) path: PathBuf,
    pub(crate) life: Life,
    /// How that is known.
    pub(crate) evidence: String,
    pub(crate) file: File,
    /// Processes that hold the listener.
    pub(crate) listeners: Vec<Process>,
    /// Connections that wait to be accepted, and how many may wait.
    pub(crate) waiting: Option<usize>,
    pub(crate) backlog: Option<u32>,
    pub(crate) sessions: Vec<Session>,
}

/// Whether somebody serves an endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Life {
    Live,
    Stale,
    /// Something else has the name: a file, a directory.
    NotASocket,
    Unknown,
}

impl Life {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Stale => "stale",
            Self::NotASocket => "no socket",
            Self::Unknown => "unknown",
        }
    }
}

/// A process.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) uid: u32,
    pub(crate) user: String,
    pub(crate) command: String,
    /// `alive`, `stopped`, `traced`, `ended` or `in the kernel`.
    pub(crate) state: &'static str,
    pub(crate) age_seconds: u64,
}

/// A connection to an endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct Session {
    /// Whether the server has taken it: others wait in the backlog.
    pub(crate) accepted: bool,
    /// The processes that hold either end.
    pub(crate) server: Vec<Process>,
    pub(crate) client: Vec<Process>,
    /// `socket`, `shm` or `ring`; nothing where the maps of both processes are hidden.
    pub(crate) transport: Option<&'static str>,
    pub(crate) region: Option<Region>,
    /// Which of several connections of the same two processes has which region is not visible: the order is a guess.
    pub(crate) guessed: bool,
    /// Bytes on the socket that the side has not read yet.
    pub(crate) unread_by_server: Option<u32>,
    pub(crate) unread_by_client: Option<u32>,
}

impl Session {
    /// Messages so far in each direction, where they can be seen.
    pub(crate) fn counters(&self) -> Option<(u64, u64)> {
        let region = self.region.as_ref()?;
        Some((region.requests?, region.responses?))
    }
}

/// Shared memory of a session.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Region {
    pub(crate) session_id: Option<u64>,
    pub(crate) bytes: u64,
    /// Room for messages of each direction.
    pub(crate) request_bytes: Option<u64>,
    pub(crate) response_bytes: Option<u64>,
    /// Messages that were published in each direction so far.
    pub(crate) requests: Option<u64>,
    pub(crate) responses: Option<u64>,
    /// Why its content is not shown.
    pub(crate) hidden: Option<String>,
}

/// A shared region with a name in the run directory.
#[derive(Debug, Serialize)]
pub(crate) struct RegionFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) service: String,
    pub(crate) file: File,
    pub(crate) region: Region,
    /// The process that its header names.
    pub(crate) owner_pid: Option<i32>,
    /// Processes that have it mapped, as far as we may see.
    pub(crate) mapped_by: Vec<u32>,
    pub(crate) life: RegionLife,
    pub(crate) evidence: String,
}

/// Whether a region still serves somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RegionLife {
    InUse,
    Orphaned,
    Unknown,
}
