//! What tests know of Windows.

use super::TestDir;

/// What the system answers where there is no file.
pub(crate) const NO_SUCH_FILE: &str = "os error 2";
/// Arguments of both sides, and what has to carry the data then.
pub(crate) const TRANSPORTS: [(&str, &str); 3] = [
    ("baseline", "pipe (baseline)"),
    ("baseline,shm", "shm (shm-hybrid)"),
    ("baseline,shm-hybrid", "shm (shm-hybrid)"),
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
