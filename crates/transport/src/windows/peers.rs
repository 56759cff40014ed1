//! Which peers a listener lets in.

/// Which users may connect. Clients of other machines never may.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PeerPolicy {
    /// Our own user, and the system.
    #[default]
    OwnerAndSystem,
}
