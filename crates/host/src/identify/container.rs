use super::{Identity, Kind, Orchestrator, pod::Pod};
use crate::labels::Labels;

const SHORT_ID: usize = 12;
/// Characters of a whole container id: a SHA-256 or as many random bits.
const WHOLE_ID: usize = 64;

/// What runtimes put before the id. A longer prefix stands before the one it begins with.
const PREFIXES: [(&str, Runtime, Kind); 10] = [
    ("docker-", Runtime::Docker, Kind::Container),
    ("libpod-conmon-", Runtime::Podman, Kind::Monitor),
    ("libpod-", Runtime::Podman, Kind::Container),
    ("libpod_pod_", Runtime::Podman, Kind::Pod),
    ("machine-libpod_pod_", Runtime::Podman, Kind::Pod),
    ("user-libpod_pod_", Runtime::Podman, Kind::Pod),
    ("cri-containerd-", Runtime::CriContainerd, Kind::Container),
    ("crio-conmon-", Runtime::Crio, Kind::Monitor),
    ("crio-", Runtime::Crio, Kind::Container),
    ("nerdctl-", Runtime::Containerd, Kind::Container),
];

#[derive(Clone, Copy)]
enum Runtime {
    Docker,
    Podman,
    Containerd,
    /// containerd in the service of Kubernetes.
    CriContainerd,
    Crio,
    Unknown,
}

/// A container, its monitor, or a pod of Podman's.
pub(super) struct Container<'a> {
    runtime: Runtime,
    kind: Kind,
    id: &'a [u8],
}

impl<'a> Container<'a> {
    /// Recognises a container by one part of a path and the parts `before` it.
    pub(super) fn recognise(before: &[&[u8]], part: &'a [u8]) -> Option<Self> {
        Self::colons(part)
            .or_else(|| Self::prefixed(part))
            .or_else(|| Self::bare(before, part))
    }

    /// The container's identity, as part of `pod` if the path goes through one.
    pub(super) fn identity(&self, pod: &Pod) -> Identity {
        let pod = Some(pod).filter(|pod| pod.owns_current());
        let mut labels = Labels::default();
        if let Some(pod) = pod {
            pod.label(&mut labels);
        }
        if self.kind != Kind::Pod {
            labels.insert("container_id", self.id);
        }
        if let Some(runtime) = self.runtime.label() {
            labels.insert("container_runtime", runtime);
        }
        Identity {
            orchestrator: match pod {
                Some(_) => Orchestrator::Kubernetes,
                None => self.runtime.orchestrator(),
            },
            kind: self.kind,
            name: self.name(pod),
            labels,
            container_id: Some(self.id.to_vec()),
            pod_uid: pod.and_then(Pod::uid).map(<[u8]>::to_vec),
            ..Identity::default()
        }
    }

    /// `<slice>:<runtime>:<id>`, which containerd and runc write when told of a systemd path but not to use systemd.
    fn colons(part: &'a [u8]) -> Option<Self> {
        let mut fields = part.rsplitn(3, |byte| *byte == b':');
        let (id, runtime, _slice) = (fields.next()?, fields.next()?, fields.next()?);
        let runtime = match runtime {
            b"cri-containerd" => Runtime::CriContainerd,
            b"docker" => Runtime::Docker,
            b"crio" => Runtime::Crio,
            b"nerdctl" => Runtime::Containerd,
            b"libpod" => Runtime::Podman,
            _ => return None,
        };
        Self::with_id(runtime, id)
    }

    /// `<prefix><id>`, with or without the suffix of a systemd unit.
    fn prefixed(part: &'a [u8]) -> Option<Self> {
        let stem = part
            .strip_suffix(b".scope")
            .or_else(|| part.strip_suffix(b".slice"))
            .unwrap_or(part);
        PREFIXES.iter().find_map(|(prefix, runtime, kind)| {
            let id = stem.strip_prefix(prefix.as_bytes())?;
            is_id(id).then_some(Self {
                runtime: *runtime,
                kind: *kind,
                id,
            })
        })
    }

    /// Nothing but the id, as cgroupfs drivers write it; what is above tells the runtime.
    fn bare(before: &[&[u8]], part: &'a [u8]) -> Option<Self> {
        match before {
            [.., b"docker"] | [.., b"docker", b"buildkit"] | [.., b"ecs", _] => {
                Self::with_id(Runtime::Docker, part)
            }
            // Without a sign of its owner, only a whole id tells a container from a directory with a hexadecimal name.
            _ if part.len() == WHOLE_ID => Self::with_id(Runtime::Unknown, part),
            _ => None,
        }
    }

    fn with_id(runtime: Runtime, id: &'a [u8]) -> Option<Self> {
        is_id(id).then_some(Self {
            runtime,
            kind: Kind::Container,
            id,
        })
    }

    /// A name for as long as the runtime's files give no better one.
    fn name(&self, pod: Option<&Pod>) -> Vec<u8> {
        let id = short_id(self.id);
        let name = match (pod, self.kind, self.runtime.label()) {
            (Some(pod), ..) => [&pod.name(), &b"/"[..], id].concat(),
            (None, Kind::Pod, _) => [b"pod-", id].concat(),
            (None, _, Some(runtime)) => [runtime.as_bytes(), b"-", id].concat(),
            (None, _, None) => [b"container-", id].concat(),
        };
        self.kind.name(&name)
    }
}

impl Runtime {
    fn label(self) -> Option<&'static str> {
        match self {
            Self::Docker => Some("docker"),
            Self::Podman => Some("podman"),
            Self::Containerd | Self::CriContainerd => Some("containerd"),
            Self::Crio => Some("cri-o"),
            Self::Unknown => None,
        }
    }

    fn orchestrator(self) -> Orchestrator {
        match self {
            Self::Docker => Orchestrator::Docker,
            Self::Podman => Orchestrator::Podman,
            // The container runtime interface is the kubelet's.
            Self::CriContainerd | Self::Crio => Orchestrator::Kubernetes,
            Self::Containerd | Self::Unknown => Orchestrator::Unknown,
        }
    }
}

/// As much of an id as people use to name a container.
pub(crate) fn short_id(id: &[u8]) -> &[u8] {
    &id[..id.len().min(SHORT_ID)]
}

/// Ids are 64 hexadecimal digits; shortened ones are taken where something else marks the container.
fn is_id(id: &[u8]) -> bool {
    (1..=WHOLE_ID).contains(&id.len()) && id.iter().all(u8::is_ascii_hexdigit)
}
