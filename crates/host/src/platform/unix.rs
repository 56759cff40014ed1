//! Other Unixes: processes with their users, and nothing that is like a cgroup.

use super::system::{self, Account};
use crate::{config::HostConfig, error::HostError, processes::Scan};

pub(crate) use super::system::{Cgroups, is_directory, runtimes};

/// The effective user, or the real one where the system tells no other.
const ACCOUNT: Account = |process| {
    let user = process.effective_user_id().or(process.user_id())?;
    Some(**user)
};

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
