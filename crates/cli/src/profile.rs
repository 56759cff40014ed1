//! What profiles are called, as the platform's transport has them.

use netipc::SessionStatus;
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID, PROFILE_SHM_RING};
use netipc::transport::link::{LinkKind, Profile};
use netipc::transport::{Transport, native};
use netipc::wire::Profiles;

/// What the first profile is called everywhere; each platform has a transport of its own for it.
const BASELINE: &str = "baseline";

/// Every name of `--profiles` with its bits: those of the platform's profiles, and `shm` for all
/// shared memory that nobody has to ask for by its own name.
pub(crate) fn names() -> Vec<(&'static str, u32)> {
    let kinds = shared_memory().map(|one| (one.name, one.bit));
    let mut names = vec![(BASELINE, PROFILE_BASELINE), ("shm", shm())];
    names.extend(kinds);
    names
}

fn shared_memory() -> impl Iterator<Item = &'static Profile> {
    let is_shm = |profile: &&Profile| profile.kind == LinkKind::SharedMemory;
    native().profiles().iter().filter(is_shm)
}

/// The bits of all shared memory that nobody has to ask for by its own name.
pub(crate) fn shm() -> u32 {
    let usual = shared_memory().filter(|one| !one.on_request);
    usual.fold(0, |bits, profile| bits | profile.bit)
}

/// What both sides choose of what both have: the ring, and of the regions the one that may look before it sleeps.
pub(crate) const PREFERRED: u32 = PROFILE_SHM_RING | PROFILE_SHM_HYBRID;

/// The bits of every profile that this platform has.
pub(crate) fn all() -> u32 {
    native()
        .profiles()
        .iter()
        .fold(PROFILE_BASELINE, |all, one| all | one.bit)
}

/// The names of `bits`, and what has none in hex.
pub(crate) fn list(bits: u32) -> String {
    let known = names();
    let single = known.iter().filter(|(name, _)| *name != "shm");
    let set: Vec<_> = single.filter(|(_, bit)| bits & bit != 0).collect();
    let rest = set.iter().fold(bits, |rest, (_, bit)| rest & !bit);
    let mut said: Vec<String> = set.iter().map(|(name, _)| (*name).to_owned()).collect();
    if bits == 0 {
        said.push("none".to_owned());
    } else if rest != 0 {
        said.push(format!("{rest:#x}"));
    }
    said.join(", ")
}

/// What carries the data of `session`, and its profile: `pipe (baseline)`.
pub(crate) fn carrier_and_name(session: &SessionStatus) -> String {
    carrier_and_name_of(session.transport, session.profile)
}

/// The same of a kind of link and its profile.
pub(crate) fn carrier_and_name_of(kind: LinkKind, profile: Profiles) -> String {
    let carrier = if kind == LinkKind::SharedMemory {
        kind.to_string()
    } else {
        baseline_carrier().to_owned()
    };
    format!("{carrier} ({})", name_of(profile))
}

/// Why the baseline carries the data of `session` although shared memory is among `offered`; nothing where that is not so.
pub(crate) fn why_socket(session: &SessionStatus, offered: u32) -> Option<String> {
    let offered = offered & !PROFILE_BASELINE;
    if session.transport == LinkKind::SharedMemory || offered == 0 {
        return None;
    }
    let theirs = session.server_profiles.0;
    let common = theirs & offered;
    Some(if common == 0 {
        let theirs = list(theirs);
        format!(
            "no shared memory: the server takes {theirs}, by its configuration or because it could make no region"
        )
    } else {
        let common = list(common);
        format!(
            "no shared memory: both take {common}, and this process could not use the region; see -v"
        )
    })
}

/// What carries the data of the first profile here.
pub(crate) fn baseline_carrier() -> &'static str {
    let mut all = native().profiles().iter();
    let baseline = all.find(|profile| profile.bit == PROFILE_BASELINE);
    baseline.map_or(BASELINE, |profile| profile.name)
}

/// The profile of `session`: a bit may mean something else on another platform.
pub(crate) fn name(session: &SessionStatus) -> String {
    name_of(session.profile)
}

fn name_of(profile: Profiles) -> String {
    let mut all = names().into_iter().filter(|(name, _)| *name != "shm");
    let named = all.find(|(_, bit)| *bit == profile.0);
    named.map_or_else(|| profile.to_string(), |(name, _)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_bits() {
        let all = names();
        let bits = |name: &str| all.iter().find(|(known, _)| *known == name).unwrap().1;
        assert_eq!(bits("baseline"), 1);
        assert_eq!(bits("shm-hybrid"), 2);
        assert_eq!(bits("shm") & 3, 2, "the usual kind, and never the baseline");
        assert!(["socket", "pipe"].contains(&baseline_carrier()));
    }
}
