use crate::wire::Profiles;

/// The least that a configured server agrees on for responses, in bytes, where its own maximum allows
/// it.
pub const MIN_RESPONSE_BYTES: u32 = 1024;

/// The profile of a session, or none where the sides have none in common.
///
/// The highest that both prefer; the highest that both support when they prefer nothing in common.
/// A side that prefers nothing does not mean the baseline by it.
///
/// ```
/// use netipc_proto::session::handshake::select_profile;
/// use netipc_proto::wire::Profiles;
///
/// let both = Profiles(0x07);
/// assert_eq!(select_profile(both, Profiles::NONE, Profiles::NONE), Profiles::SHM_FUTEX);
/// assert_eq!(select_profile(both, Profiles(0x03), Profiles(0x06)), Profiles::SHM_HYBRID);
/// ```
#[must_use]
pub const fn select_profile(
    intersection: Profiles,
    client_preferred: Profiles,
    server_preferred: Profiles,
) -> Profiles {
    let wanted = intersection.and(client_preferred).and(server_preferred);
    if wanted.is_empty() {
        intersection.highest()
    } else {
        wanted.highest()
    }
}

/// The response limit that a server with `minimum` and `maximum` answers to `hint`, all in bytes. A
/// maximum below the minimum counts.
#[must_use]
pub fn response_bytes(hint: u32, minimum: u32, maximum: u32) -> u32 {
    hint.max(minimum).min(maximum)
}
