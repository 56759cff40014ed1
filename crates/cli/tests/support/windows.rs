//! What tests know of Windows.

use super::TestDir;

/// What shared memory is where nothing else is asked for.
pub(crate) const SHARED_MEMORY: &str = "shm-hybrid";

/// Arguments of both sides, and what has to carry the data then.
pub(crate) const TRANSPORTS: [(&str, &str); 4] = [
    ("baseline", "pipe (baseline)"),
    ("baseline,shm", "shm (shm-hybrid)"),
    ("baseline,shm-hybrid", "shm (shm-hybrid)"),
    ("baseline,shm-busywait", "shm (shm-busywait)"),
];

/// What names the endpoint of `service` in errors.
pub(crate) fn endpoint(_place: &TestDir, service: &str) -> String {
    format!("-{service}")
}

impl TestDir {
    /// Names of what is left of endpoints: there is nothing that could be.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        Vec::new()
    }
}
