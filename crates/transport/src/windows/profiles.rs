//! What the bits of a handshake mean here.

use std::io;

use crate::link::{BASELINE, LinkKind, Profile};

/// Looks for a message first, then waits for an event.
pub(super) const SHM_HYBRID: u32 = 0x02;
/// Looks for a message all the time.
pub(super) const SHM_BUSYWAIT: u32 = 0x04;

/// What a connection can switch to. 0x08 (`SHM_WAITADDR`) is never offered and never selected: such a
/// wait does not reach another process.
pub(super) const PROFILES: &[Profile] = &[
    Profile {
        bit: BASELINE,
        name: "pipe",
        kind: LinkKind::Pipe,
        on_request: false,
    },
    Profile {
        bit: SHM_HYBRID,
        name: "shm-hybrid",
        kind: LinkKind::SharedMemory,
        on_request: false,
    },
    Profile {
        bit: SHM_BUSYWAIT,
        name: "shm-busywait",
        kind: LinkKind::SharedMemory,
        // A receiver keeps a processor busy.
        on_request: true,
    },
];

/// What carries the data of a profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DataPlane {
    /// The pipe itself.
    Baseline,
    /// A region with waiting words.
    Region {
        /// Whether a receiver waits for an event at last.
        events: bool,
    },
}

/// # Errors
/// [`io::ErrorKind::Unsupported`] for a profile that is not in [`PROFILES`].
pub(super) fn data_plane(profile: u32) -> io::Result<DataPlane> {
    match profile {
        BASELINE => Ok(DataPlane::Baseline),
        SHM_HYBRID => Ok(DataPlane::Region { events: true }),
        SHM_BUSYWAIT => Ok(DataPlane::Region { events: false }),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("profile {profile:#x} is none of this platform's"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule N13.
    #[test]
    fn every_profile_and_no_other_has_a_data_plane() {
        for bit in (0..32).map(|shift| 1 << shift) {
            let listed = PROFILES.iter().any(|profile| profile.bit == bit);
            assert_eq!(data_plane(bit).is_ok(), listed, "{bit:#x}");
        }
    }
}
