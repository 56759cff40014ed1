//! Windows: processes, and nothing that is like a cgroup.

use super::system::{self, Account};
use crate::{config::HostConfig, error::HostError, processes::Scan};

pub(crate) use super::system::{Cgroups, is_directory, runtimes};

/// Accounts have no number here that the wire could carry.
const ACCOUNT: Account = |_| None;

/// All processes.
pub(crate) struct Processes(system::Processes);

impl Processes {
    pub(crate) fn new(config: &HostConfig) -> Self {
        Self(system::Processes::new(config, ACCOUNT))
    }

    pub(crate) fn look(&mut self) -> Result<Scan, HostError> {
        self.0.look()
    }
}
