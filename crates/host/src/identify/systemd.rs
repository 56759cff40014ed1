use super::{Identity, Kind, Orchestrator};
use crate::labels::Labels;

pub(super) const UNIT_SUFFIXES: [(&str, Kind); 6] = [
    (".service", Kind::Service),
    (".slice", Kind::Slice),
    (".scope", Kind::Scope),
    (".mount", Kind::Mount),
    (".socket", Kind::Socket),
    (".swap", Kind::Swap),
];

/// Where systemd and Podman keep the processes of a unit that are not its payload.
pub(super) const UNIT_PLUMBING: [&str; 3] = ["runtime", "supervisor", ".control"];

/// The system manager's unit on a path, with its index: slices hold slices, the first unit of another kind ends them.
///
/// The name is the unit's own, escapes and all: it is unique on the machine and what systemctl takes. A user manager's
/// units are not unique, so they count as the inside of their `user@<uid>.service`.
pub(super) fn recognise(parts: &[&[u8]]) -> Option<(usize, Identity)> {
    let slices = parts
        .iter()
        .take_while(|part| unit_kind(part) == Some(Kind::Slice))
        .count();
    let leaf = parts.get(slices).and_then(|part| unit_kind(part));
    let (at, kind) = match leaf {
        Some(kind) => (slices, kind),
        None => (slices.checked_sub(1)?, Kind::Slice),
    };
    let unit = parts[at];
    let identity = Identity {
        orchestrator: Orchestrator::Systemd,
        kind,
        name: unit.to_vec(),
        labels: labels(parts, at),
        rule: "systemd unit",
        ..Identity::default()
    };
    Some((at, identity))
}

/// The kind of a cgroup `inner` of the unit `identity`: that of a unit if a user manager runs it, else at most plumbing.
pub(super) fn inner_kind(identity: &Identity, inner: &[&[u8]]) -> Kind {
    let is_plumbing = |part: &[u8]| UNIT_PLUMBING.iter().any(|name| name.as_bytes() == part);
    match inner.last().and_then(|part| unit_kind(part)) {
        Some(kind) if user_id(&identity.name).is_some() => kind,
        _ if inner.last().is_some_and(|part| is_plumbing(part)) => Kind::Plumbing,
        _ => Kind::Other,
    }
}

fn labels(parts: &[&[u8]], at: usize) -> Labels {
    let (unit, inner) = (parts[at], &parts[at + 1..]);
    let mut labels = Labels::default();
    labels.insert("unit", unit);
    if let Some(slice) = at.checked_sub(1).and_then(|parent| parts.get(parent)) {
        labels.insert("slice", slice);
    }
    if let Some(uid) = user_id(unit) {
        labels.insert("user_id", uid);
        let user_unit = inner.iter().rev().find(|part| unit_kind(part).is_some());
        if let Some(unit) = user_unit {
            labels.insert("user_unit", unit);
        }
    }
    labels
}

/// The user whose manager `user@<uid>.service` is.
fn user_id(unit: &[u8]) -> Option<&[u8]> {
    unit.strip_prefix(b"user@")?.strip_suffix(b".service")
}

fn unit_kind(part: &[u8]) -> Option<Kind> {
    UNIT_SUFFIXES.iter().find_map(|(suffix, kind)| {
        let stem = part.strip_suffix(suffix.as_bytes())?;
        (!stem.is_empty()).then_some(*kind)
    })
}
