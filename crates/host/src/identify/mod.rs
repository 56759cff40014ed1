//! What a cgroup's path alone tells: who made it, its name, its labels. Pure functions over bytes.

mod alphabet;
mod kubelet;
mod rules;
mod systemd;
mod table;
mod thing;

pub(crate) use alphabet::short_id;
pub use table::path_table;

use kubelet::Kubelet;

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

    /// In a word; empty for nobody we know.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Systemd => "systemd",
            Self::Docker => "docker",
            Self::Kubernetes => "k8s",
            Self::Kvm => "kvm",
            Self::Lxc => "lxc",
            Self::Podman => "podman",
            Self::Nspawn => "nspawn",
        }
    }

    /// What the path says, unless it says little and a runtime knows better: anything registered with systemd looks like
    /// nspawn.
    pub(crate) fn or_learnt(self, learnt: Self) -> Self {
        match (self, learnt) {
            (known, Self::Unknown) => known,
            (Self::Unknown | Self::Nspawn, learnt) => learnt,
            (known, _) => known,
        }
    }
}

/// What a cgroup itself is, apart from who manages it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Anything else.
    #[default]
    Other,
    /// A systemd service, of the system or of a user.
    Service,
    /// A systemd slice.
    Slice,
    /// A systemd scope that is none of the kinds below.
    Scope,
    /// What systemd keeps of a mount.
    Mount,
    /// What systemd keeps of a socket.
    Socket,
    /// What systemd keeps of swap space.
    Swap,
    /// A directory that only holds cgroups of one sort, such as `/docker`.
    Group,
    /// A pod, which holds containers.
    Pod,
    /// A container.
    Container,
    /// A virtual machine.
    Machine,
    /// The process that watches over a container, such as conmon.
    Monitor,
    /// A part of a container, machine or unit that its runtime needs, such as `emulator`, `vcpu0` or `payload`.
    Plumbing,
    /// Made inside a container or machine, such as a service there.
    Inside,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 14] = [
        Self::Other,
        Self::Service,
        Self::Slice,
        Self::Scope,
        Self::Mount,
        Self::Socket,
        Self::Swap,
        Self::Group,
        Self::Pod,
        Self::Container,
        Self::Machine,
        Self::Monitor,
        Self::Plumbing,
        Self::Inside,
    ];

    /// The word that a [`Policy`](crate::Policy) knows it by, without the `@`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Service => "service",
            Self::Slice => "slice",
            Self::Scope => "scope",
            Self::Mount => "mount",
            Self::Socket => "socket",
            Self::Swap => "swap",
            Self::Group => "group",
            Self::Pod => "pod",
            Self::Container => "container",
            Self::Machine => "machine",
            Self::Monitor => "monitor",
            Self::Plumbing => "plumbing",
            Self::Inside => "inside",
        }
    }

    /// The name of a cgroup of this kind that belongs to what is called `name`: a monitor must not take the name of
    /// its container.
    pub(crate) fn name(self, name: &[u8]) -> Vec<u8> {
        match self {
            Self::Monitor => [name, b"/monitor"].concat(),
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
    /// The name of a virtual machine, or of a container that has a name and no id.
    pub machine: Option<Vec<u8>>,
    /// The part of the path that names the machine, which is a systemd unit where one made it.
    pub unit: Option<Vec<u8>>,
    /// Which row of the table in the documentation it was found by; empty where the path is all that is known.
    pub rule: &'static str,
}

impl Identity {
    /// The name of the cgroup: that of the thing, followed by the path inside it. Plumbing has the name of the thing.
    pub fn full_name(&self) -> Vec<u8> {
        full_name(self.kind, &self.name, &self.inner)
    }

    /// How much it says, to choose between several paths of one process: a container or machine over a pod, a pod over a
    /// unit, a unit over nothing.
    pub(crate) fn weight(&self) -> u8 {
        if self.container_id.is_some() && self.kind != Kind::Pod || self.machine.is_some() {
            3
        } else if self.kind == Kind::Pod || self.pod_uid.is_some() {
            2
        } else {
            u8::from(self.orchestrator != Orchestrator::Unknown)
        }
    }
}

/// `name`, or `name/inner` where what is inside is something of its own.
pub(crate) fn full_name(kind: Kind, name: &[u8], inner: &[u8]) -> Vec<u8> {
    if inner.is_empty() || kind == Kind::Plumbing {
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
/// assert_eq!((identity.kind, &identity.full_name()[..]), (Kind::Plumbing, &b"web"[..]));
///
/// assert_eq!(identify(b"/system.slice/sshd.service").kind, Kind::Service);
/// ```
pub fn identify(path: &[u8]) -> Identity {
    let parts: Vec<&[u8]> = path
        .split(|byte| *byte == b'/')
        .filter(|part| !matches!(*part, b"" | b"." | b".."))
        .collect();
    let mut kubelet = Kubelet::default();
    let mut found = None;
    for at in 0..parts.len() {
        if let Some(thing) = thing::recognise(&mut kubelet, &parts, at) {
            found = Some((at, thing));
        }
    }
    match found {
        Some((at, thing)) => thing.identity(&parts[at + 1..]),
        None => unit_or_group(&parts, &kubelet),
    }
}

/// A systemd unit, or a cgroup known by nothing but its path.
fn unit_or_group(parts: &[&[u8]], kubelet: &Kubelet) -> Identity {
    let mut identity = match systemd::recognise(parts) {
        Some((at, unit)) => {
            let inner = &parts[at + 1..];
            let kind = if inner.is_empty() {
                unit.kind
            } else {
                systemd::inner_kind(&unit, inner)
            };
            Identity {
                kind,
                inner: inner.join(&b'/'),
                ..unit
            }
        }
        None => Identity {
            name: parts.join(&b'/'),
            kind: if kubelet.is_present() || thing::is_group(parts) {
                Kind::Group
            } else {
                Kind::Other
            },
            ..Identity::default()
        },
    };
    if kubelet.is_present() {
        identity.orchestrator = Orchestrator::Kubernetes;
        identity.rule = "Kubernetes pods of a class";
        kubelet.label(&mut identity.labels);
    }
    identity
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
