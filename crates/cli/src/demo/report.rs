//! What a run found out, and its one JSON object.

use std::error::Error;

use netipc::transport::link::LinkKind;
use netipc::{SessionStatus, chain};
use serde::Serialize;

use super::collect::{Cgroup, Process};
use super::measure::Timing;
use super::restart::Restart;
use crate::profile;

/// Everything that a run found out.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) cgroups: Vec<Cgroup>,
    pub(super) processes: Vec<Process>,
    /// Processes of the whole machine; `processes` has only the busiest.
    pub(super) processes_total: usize,
    pub(super) transports: Vec<Transport>,
    pub(super) cache: CacheFigures,
    pub(super) restart: Restart,
    /// What is unusual about this machine, and no failure.
    pub(super) notes: Vec<String>,
    /// What did not work.
    pub(super) errors: Vec<String>,
}

/// One transport, as the client's session really has it, and how fast calls over it are.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Transport {
    pub(super) profile: String,
    pub(super) shm: bool,
    /// `apps-lookup` of a single process.
    #[serde(flatten)]
    pub(super) lookups: Timing,
    /// `cgroups-snapshot` of all cgroups.
    pub(super) snapshots: Timing,
}

impl Transport {
    /// The transport of `session`, with what was measured over it.
    pub(super) fn new(session: &SessionStatus, lookups: Timing, snapshots: Timing) -> Self {
        Self {
            profile: profile::name(session),
            shm: session.transport == LinkKind::SharedMemory,
            lookups,
            snapshots,
        }
    }
}

/// The cache, and how fast lookups in it are.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct CacheFigures {
    pub(super) items: usize,
    pub(super) lookups_per_second: f64,
}

impl Report {
    /// What a part gave; where it failed, its failure is reported and the run goes on.
    pub(super) fn record<T, E: Error + 'static>(
        &mut self,
        part: &str,
        done: Result<T, E>,
    ) -> Option<T> {
        done.inspect_err(|error| self.errors.push(format!("{part}: {}", chain(error))))
            .ok()
    }
}
