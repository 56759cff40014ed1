//! What the bits of a handshake mean here.

use std::io;

use crate::link::{BASELINE, LinkKind, Profile};

/// Looks for a message first, then sleeps in the kernel.
const SHM_HYBRID: u32 = 0x02;
/// Sleeps in the kernel at once.
const SHM_FUTEX: u32 = 0x04;
/// Sealed memory that is passed over the socket; deployed peers do not know it.
const SHM_RING: u32 = 0x10;

/// What a connection can switch to.
pub(super) const PROFILES: &[Profile] = &[
    Profile {
        bit: BASELINE,
        name: "socket",
        kind: LinkKind::Socket,
        on_request: false,
    },
    Profile {
        bit: SHM_HYBRID,
        name: "shm-hybrid",
        kind: LinkKind::SharedMemory,
        on_request: false,
    },
    Profile {
        bit: SHM_FUTEX,
        name: "shm-futex",
        kind: LinkKind::SharedMemory,
        on_request: false,
    },
    Profile {
        bit: SHM_RING,
        name: "shm-ring",
        kind: LinkKind::SharedMemory,
        on_request: false,
    },
];

/// What carries the data of a profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DataPlane {
    /// The socket itself.
    Baseline,
    /// A region with futex words.
    Region {
        /// Whether a receiver looks for a message before it sleeps.
        looks_first: bool,
    },
    /// A ring that the server passes.
    Ring,
}

/// # Errors
/// [`io::ErrorKind::Unsupported`] for a profile that is not in [`PROFILES`].
pub(super) fn data_plane(profile: u32) -> io::Result<DataPlane> {
    match profile {
        BASELINE => Ok(DataPlane::Baseline),
        SHM_HYBRID => Ok(DataPlane::Region { looks_first: true }),
        SHM_FUTEX => Ok(DataPlane::Region { looks_first: false }),
        SHM_RING => Ok(DataPlane::Ring),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("profile {profile:#x} is none of this platform's"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_and_no_other_has_a_data_plane() {
        for bit in (0..32).map(|shift| 1 << shift) {
            let listed = PROFILES.iter().any(|profile| profile.bit == bit);
            assert_eq!(data_plane(bit).is_ok(), listed, "{bit:#x}");
        }
    }
}
