//! What an endpoint is called here: a pipe, and the objects of its shared regions.
//!
//! Names are made of hashes: the run directory is a string that tells groups of services apart. It
//! is taken as it is, and nothing of it exists on disk.

use std::fmt;
use std::path::Path;

use crate::endpoint::{Endpoint, EndpointError};
use crate::link::SessionPlan;

/// Characters that a name may have.
const MAX_NAME: usize = 255;

/// The name of a pipe that can be made.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Address {
    pipe: String,
}

impl Address {
    /// The service's name is known to be letters, digits and the like.
    pub(crate) fn new(run_dir: &Path, service: &str) -> Result<Self, EndpointError> {
        let Some(text) = run_dir.to_str() else {
            return Err(EndpointError::InvalidRunDir {
                run_dir: run_dir.to_owned(),
                why: "it is not Unicode",
            });
        };
        let hash = Hash::NEW.add(text.as_bytes()).0;
        let pipe = format!(r"\\.\pipe\netipc-{hash:016x}-{service}");
        if pipe.len() > MAX_NAME {
            return Err(EndpointError::PathTooLong {
                what: "pipe name",
                size: pipe.len(),
                path: pipe,
                limit: MAX_NAME,
            });
        }
        Ok(Self { pipe })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pipe.fmt(f)
    }
}

/// What an endpoint is among the objects of Windows.
impl Endpoint {
    /// The name of the pipe: `\\.\pipe\netipc-{hash of run_dir}-{service}`.
    ///
    /// ```
    /// use netipc_transport::Endpoint;
    ///
    /// let endpoint = Endpoint::new("/run/netdata", "cgroups-snapshot")?;
    /// assert_eq!(endpoint.pipe_name(), r"\\.\pipe\netipc-efc07ed598ac339b-cgroups-snapshot");
    /// # Ok::<(), netipc_transport::EndpointError>(())
    /// ```
    #[must_use]
    pub fn pipe_name(&self) -> &str {
        &self.address().pipe
    }

    /// The name of a session's mapping, or `None` where it would be too long; its events are called
    /// alike.
    #[must_use]
    pub fn mapping_name(&self, plan: &SessionPlan) -> Option<String> {
        ObjectNames::new(self, plan).map(|names| names.mapping)
    }
}

/// The names of a region's objects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ObjectNames {
    pub(super) mapping: String,
    pub(super) request_event: String,
    pub(super) response_event: String,
}

impl ObjectNames {
    /// The names of a session's objects, unless they are too long.
    pub(super) fn new(endpoint: &Endpoint, plan: &SessionPlan) -> Option<Self> {
        // A run directory that is not Unicode is no endpoint.
        let run_dir = endpoint.run_dir().to_str()?;
        let service = endpoint.service();
        let hash = token_hash(run_dir, service, plan.auth_token);
        let (profile, session) = (plan.profile, plan.session_id);
        let name = |object: &str| {
            let name =
                format!(r"Local\netipc-{hash:016x}-{service}-p{profile}-s{session:016x}-{object}");
            (name.len() <= MAX_NAME).then_some(name)
        };
        Some(Self {
            mapping: name("mapping")?,
            request_event: name("req_event")?,
            response_event: name("resp_event")?,
        })
    }
}

/// What tells the objects of an endpoint from those of another, and from those of who does not know
/// its secret.
fn token_hash(run_dir: &str, service: &str, auth_token: u64) -> u64 {
    let token = auth_token.to_string();
    let parts = [run_dir, "\n", service, "\n", &token];
    let hash = parts
        .iter()
        .fold(Hash::NEW, |hash, part| hash.add(part.as_bytes()));
    hash.0
}

/// FNV-1a of 64 bits.
#[derive(Clone, Copy, Debug)]
struct Hash(u64);

impl Hash {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);
    const PRIME: u64 = 0x0100_0000_01b3;

    fn add(self, bytes: &[u8]) -> Self {
        let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(Self::PRIME);
        Self(bytes.iter().fold(self.0, add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rules N2, N5.
    #[test]
    fn hashes_are_those_of_the_contract() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("/run/netdata", 0xefc0_7ed5_98ac_339b),
            (r"C:\ProgramData\netdata", 0x039a_2c96_4779_2c17),
        ] {
            assert_eq!(Hash::NEW.add(text.as_bytes()).0, hash, "{text}");
        }
        for (run_dir, service, token, hash) in [
            ("/run/netdata", "cgroups-snapshot", 0, 0x90a7_2e53_5d30_26ed),
            (
                "/run/netdata",
                "cgroups-snapshot",
                0xDEAD_BEEF_CAFE_BABE,
                0xdc86_2a80_1811_1f88,
            ),
            (r"C:\run\netipc", "svc", 1, 0x1ad6_f238_2c38_733d),
        ] {
            assert_eq!(
                token_hash(run_dir, service, token),
                hash,
                "{run_dir} {token}"
            );
        }
    }

    // Rule N3.
    #[test]
    fn a_name_is_never_cut() {
        assert!(Endpoint::new("", &"s".repeat(222)).is_ok());
        let error = Endpoint::new("", &"s".repeat(223)).unwrap_err();
        assert!(
            matches!(error, EndpointError::PathTooLong { size: 256, .. }),
            "{error}"
        );
    }

    // Rule N4.
    #[test]
    fn objects_are_named_by_everything_that_tells_sessions_apart() {
        let endpoint = Endpoint::new("/run/netdata", "cgroups-snapshot").unwrap();
        let plan = SessionPlan {
            profile: 0x02,
            session_id: 0xab,
            auth_token: 0,
            request_bytes: 1,
            response_bytes: 1,
        };
        let names = ObjectNames::new(&endpoint, &plan).unwrap();
        let start = r"Local\netipc-90a72e535d3026ed-cgroups-snapshot-p2-s00000000000000ab-";
        assert_eq!(names.mapping, format!("{start}mapping"));
        assert_eq!(names.request_event, format!("{start}req_event"));
        assert_eq!(names.response_event, format!("{start}resp_event"));
        let long = Endpoint::new("", &"s".repeat(222)).unwrap();
        assert_eq!(ObjectNames::new(&long, &plan), None);
    }
}
