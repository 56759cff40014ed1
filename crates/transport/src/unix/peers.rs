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

/// Whether a client that is `own` may say its token to a server of `uid`, by the users that `policy` names
/// and the run directory: its owner may have put whatever server there, unless others may write, too.
pub(super) fn trusts_server(
    policy: &PeerPolicy,
    uid: Option<u32>,
    own: u32,
    run_dir: impl FnOnce() -> Option<(u32, bool)>,
) -> bool {
    if policy.allows(uid, own) {
        return true;
    }
    let owner = run_dir().and_then(|(owner, others_write)| (!others_write).then_some(owner));
    owner.is_some() && owner == uid
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule L7.
    #[test]
    fn servers_are_trusted_by_user_and_by_run_directory() {
        let also = PeerPolicy::Also(vec![7]);
        let own = PeerPolicy::OwnAndRoot;
        for (policy, uid, dir, trusted) in [
            (&own, Some(1000), None, true),
            (&own, Some(0), Some((8, true)), true),
            (&own, Some(8), Some((8, false)), true),
            (&own, Some(8), Some((8, true)), false),
            (&own, Some(8), Some((9, false)), false),
            (&own, Some(8), Some((1000, false)), false),
            (&own, Some(8), None, false),
            (&own, None, None, false),
            (&own, None, Some((8, false)), false),
            (&also, Some(7), None, true),
            (&PeerPolicy::Any, Some(8), None, true),
        ] {
            let found = trusts_server(policy, uid, 1000, || dir);
            assert_eq!(found, trusted, "{policy:?}, {uid:?} and {dir:?}");
        }
    }

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
