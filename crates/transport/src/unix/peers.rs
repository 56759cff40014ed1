//! Which peers a listener lets in.

/// Which users may connect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PeerPolicy {
    /// Our own user and root.
    #[default]
    OwnAndRoot,
    /// Our own user, root, and these user ids.
    Also(Vec<u32>),
    /// Everybody who can reach the socket.
    Any,
}

impl PeerPolicy {
    /// Whether a peer is let in by one who is `own`. A peer that the kernel cannot name is nobody's
    /// user.
    pub(super) fn allows(&self, uid: Option<u32>, own: u32) -> bool {
        match self {
            Self::Any => true,
            Self::OwnAndRoot => uid.is_some_and(|uid| uid == own || uid == 0),
            Self::Also(others) => {
                uid.is_some_and(|uid| uid == own || uid == 0 || others.contains(&uid))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule L8.
    #[test]
    fn users_are_let_in_by_policy() {
        let also = PeerPolicy::Also(vec![7]);
        for (policy, uid, allowed) in [
            (&PeerPolicy::OwnAndRoot, Some(1000), true),
            (&PeerPolicy::OwnAndRoot, Some(0), true),
            (&PeerPolicy::OwnAndRoot, Some(7), false),
            (&PeerPolicy::OwnAndRoot, None, false),
            (&also, Some(1000), true),
            (&also, Some(0), true),
            (&also, Some(7), true),
            (&also, Some(8), false),
            (&also, None, false),
            (&PeerPolicy::Any, Some(8), true),
            (&PeerPolicy::Any, None, true),
        ] {
            assert_eq!(policy.allows(uid, 1000), allowed, "{policy:?} and {uid:?}");
        }
    }
}
