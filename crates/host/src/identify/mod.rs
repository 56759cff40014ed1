//! What a cgroup's path alone tells: who made it, its name, its labels. Pure functions over bytes.

mod container;
mod machine;
mod pod;
mod systemd;

pub(crate) use container::short_id;

use container::Container;
use pod::Pod;

use crate::labels::Labels;

/// Who manages a cgroup; the codes are those of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Orchestrator {
    /// Nobody we know.
    #[default]
    Unknown = 0,
    /// A systemd unit.
    Systemd = 1,
    /// A Docker container.
    Docker = 2,
    /// A Kubernetes pod, a container of one, or a group of pods.
    Kubernetes = 3,
    /// A virtual machine of libvirt or Proxmox.
    Kvm = 4,
    /// An LXC container.
    Lxc = 5,
    /// A Podman container or pod.
    Podman = 6,
    /// A systemd-nspawn container, or another machine registered with systemd.
    Nspawn = 7,
}

impl Orchestrator {
    /// The value on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }
}

/// What a cgroup itself is, apart from who manages it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Anything else, such as a group of pods or a cgroup made inside a container.
    #[default]
    Other,
    /// A systemd service, of the system or of a user.
    Service,
    /// A systemd slice.
    Slice,
    /// A systemd scope that is none of the kinds below.
    Scope,
    /// A pod, which holds containers.
    Pod,
    /// A container.
    Container,
    /// A virtual machine.
    Machine,
    /// The process that watches over a container, such as conmon.
    Monitor,
}

impl Kind {
    /// The name of a cgroup of this kind that belongs to what is called `name`: a monitor must not take the name of
    /// its container.
    pub(crate) fn name(self, name: &[u8]) -> Vec<u8> {
        match self {
            Self::Monitor => full_name(name, b"monitor"),
            _ => name.to_vec(),
        }
    }
}

/// What [`identify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who manages the cgroup.
    pub orchestrator: Orchestrator,
    /// What the cgroup itself is.
    pub kind: Kind,
    /// Name of the unit, container, pod or machine that the cgroup is, or is part of.
    pub name: Vec<u8>,
    /// Path of the cgroup below that thing; empty when the cgroup is the thing itself.
    pub inner: Vec<u8>,
    /// What the path gives.
    pub labels: Labels,
    /// The container's id, by which its runtime's files are found.
    pub container_id: Option<Vec<u8>>,
    /// The pod's uid, with dashes.
    pub pod_uid: Option<Vec<u8>>,
}

impl Identity {
    /// The name of the cgroup: that of the thing, followed by the path inside it.
    pub fn full_name(&self) -> Vec<u8> {
        full_name(&self.name, &self.inner)
    }
}

/// `name`, or `name/inner`.
pub(crate) fn full_name(name: &[u8], inner: &[u8]) -> Vec<u8> {
    if inner.is_empty() {
        name.to_vec()
    } else {
        [name, inner].join(&b'/')
    }
}

/// Reads a cgroup path as it stands in `/proc/<pid>/cgroup`, relative to the root of its hierarchy.
///
/// The innermost container, pod or machine on the path wins, so that Kubernetes inside a Docker container is told apart
/// from that container. Where the path holds none of them, the systemd unit counts. Never fails: what nothing is known of
/// is named by its path.
///
/// ```
/// use netipc_host::{Kind, Orchestrator, identify};
///
/// let identity = identify(b"/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator");
/// assert_eq!(identity.orchestrator, Orchestrator::Kvm);
/// assert_eq!(identity.full_name(), b"web/libvirt/emulator");
///
/// assert_eq!(identify(b"/system.slice/sshd.service").kind, Kind::Service);
/// ```
pub fn identify(path: &[u8]) -> Identity {
    let parts: Vec<&[u8]> = path
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
        .collect();
    let mut pod = Pod::default();
    let mut found: Option<(usize, Identity)> = None;
    for (at, part) in parts.iter().enumerate() {
        let (before, entered_pod) = (&parts[..at], pod.enter(part));
        let thing = Container::recognise(before, part)
            .map(|container| container.identity(&pod))
            .or_else(|| machine::recognise(before, part))
            .or_else(|| entered_pod.then(|| pod.identity()));
        if let Some(identity) = thing {
            found = Some((at, identity));
        }
    }
    let (at, identity) = found.unwrap_or_else(|| unit_or_group(&parts, &pod));
    let inner = parts.get(at + 1..).unwrap_or_default().join(&b'/');
    let kind = match inner.is_empty() {
        true => identity.kind,
        false => systemd::user_unit_kind(&identity, &parts),
    };
    Identity {
        kind,
        inner,
        ..identity
    }
}

/// A systemd unit, or a cgroup known by nothing but its path; with the index of the last part that is in the name.
fn unit_or_group(parts: &[&[u8]], pod: &Pod) -> (usize, Identity) {
    let (at, mut identity) = systemd::recognise(parts).unwrap_or_else(|| {
        let identity = Identity {
            name: parts.join(&b'/'),
            ..Identity::default()
        };
        (parts.len(), identity)
    });
    if pod.below_kubepods() {
        identity.orchestrator = Orchestrator::Kubernetes;
        pod.label(&mut identity.labels);
    }
    (at, identity)
}

/// Turns systemd's `\xHH` into the bytes they stand for; anything else, also an escaped NUL, stays as it is.
fn unescape(name: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = rest
            .strip_prefix(b"\\x")
            .and_then(<[u8]>::first_chunk::<2>)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| *byte != 0);
        if let Some(byte) = escaped {
            plain.push(byte);
            rest = &rest[4..];
        } else {
            plain.push(*first);
            rest = tail;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes_only_whole_escapes() {
        for (escaped, plain) in [
            (&b"a\\x2db"[..], &b"a-b"[..]),
            (b"\\xc3\\xa9", b"\xc3\xa9"),
            (b"\\x2", b"\\x2"),
            (b"\\x", b"\\x"),
            (b"\\x+1", b"\\x+1"),
            (b"\\x00", b"\\x00"),
            (b"tail\\", b"tail\\"),
        ] {
            assert_eq!(unescape(escaped), plain, "{}", escaped.escape_ascii());
        }
    }
}
