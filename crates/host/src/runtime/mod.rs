//! What container runtimes keep in files about their containers: names and labels that no path tells.

mod docker;
mod files;
mod kubelet;
mod oci;
mod podman;

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use files::Stamped;
use kubelet::PodLogs;

use crate::{
    config::RuntimeRoots,
    identify::{Kind, Orchestrator},
    labels::Labels,
};

/// By what runtime files know a cgroup. Empty for all that is neither a container nor a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) container_id: Option<Vec<u8>>,
    pub(crate) pod_uid: Option<Vec<u8>>,
}

/// What the files say about one container or pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuntimeInfo {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) labels: Labels,
    name: Vec<u8>,
}

impl RuntimeInfo {
    /// A container outside Kubernetes.
    fn container(orchestrator: Orchestrator, name: &str, image: Option<&str>) -> Self {
        let labels = [("container_name", Some(name)), ("image", image)];
        Self::new(orchestrator, name.into(), labels)
    }

    /// A pod, or with a `container` name one of its containers.
    fn kubernetes(
        namespace: &str,
        pod: &str,
        container: Option<&str>,
        image: Option<&str>,
    ) -> Self {
        let name = match container {
            Some(container) => format!("{namespace}/{pod}/{container}"),
            None => format!("{namespace}/{pod}"),
        };
        let labels = [
            ("namespace", Some(namespace)),
            ("pod_name", Some(pod)),
            ("container_name", container),
            ("image", image),
        ];
        Self::new(Orchestrator::Kubernetes, name, labels)
    }

    /// A container of a pod, known by nothing but its id.
    fn unnamed(namespace: &str, pod: &str, id: &str) -> Self {
        let labels = [("namespace", Some(namespace)), ("pod_name", Some(pod))];
        let name = format!("{namespace}/{pod}/{id}");
        Self::new(Orchestrator::Kubernetes, name, labels)
    }

    /// The name of a cgroup of this `kind` that belongs to the container or pod, if the files give one.
    pub(crate) fn name_of(&self, kind: Kind) -> Option<Vec<u8>> {
        if self.name.is_empty() {
            return None;
        }
        Some(kind.name(&self.name))
    }

    fn new<const N: usize>(
        orchestrator: Orchestrator,
        name: String,
        known: [(&str, Option<&str>); N],
    ) -> Self {
        let mut labels = Labels::default();
        for (key, value) in known {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                labels.insert(key, value);
            }
        }
        // A name that the wire cannot carry is none.
        let name = Some(name).filter(|name| !name.contains('\0'));
        Self {
            orchestrator,
            labels,
            name: name.unwrap_or_default().into(),
        }
    }

    fn add_labels(&mut self, labels: &BTreeMap<String, String>) {
        for (key, value) in labels {
            self.labels.insert(key, value);
        }
    }
}

/// Reads runtime files and keeps what they said until they change.
pub(crate) struct Runtimes {
    max_file_bytes: u64,
    sources: Vec<Source>,
    containers: HashMap<Vec<u8>, Container>,
    podman: Vec<Stamped<Named>>,
    pod_logs: PodLogs,
}

impl Runtimes {
    pub(crate) fn new(roots: &RuntimeRoots, max_file_bytes: u64) -> Self {
        let sources = [
            (&roots.containerd, Format::Containerd),
            (&roots.crio, Format::Crio),
            (&roots.docker, Format::Docker),
        ];
        let sources = sources.into_iter().flat_map(|(dirs, format)| {
            dirs.iter().map(move |dir| Source {
                dir: dir.clone(),
                format,
                present: false,
            })
        });
        Self {
            max_file_bytes,
            sources: sources.collect(),
            containers: HashMap::new(),
            podman: roots.podman.iter().map(Stamped::new).collect(),
            pod_logs: PodLogs::new(roots),
        }
    }

    /// Looks which directories there are and reads anew the lists that changed. To be called before each refresh.
    pub(crate) fn begin(&mut self) {
        for source in &mut self.sources {
            source.present = source.dir.is_dir();
        }
        for file in &mut self.podman {
            file.update(|path| podman::read(path, self.max_file_bytes));
        }
        self.pod_logs.update();
        for container in self.containers.values_mut() {
            container.used = false;
        }
    }

    /// Forgets the containers that this refresh has not asked for, and files that are gone.
    pub(crate) fn end(&mut self) {
        self.containers
            .retain(|_, container| container.used && container.file.is_present());
    }

    /// What the files say about `subject`. The runtime's own file knows most; the kubelet's logs know any pod.
    pub(crate) fn info(&mut self, subject: &Subject) -> Option<Arc<RuntimeInfo>> {
        let Some(id) = &subject.container_id else {
            return self.pod_logs.pod(subject.pod_uid.as_ref()?);
        };
        let from_podman = |podman: &[Stamped<Named>]| {
            podman
                .iter()
                .find_map(|file| file.value().get(id))
                .map(Arc::clone)
        };
        self.container_file(id)
            .or_else(|| from_podman(&self.podman))
            .or_else(|| self.pod_logs.container(id, subject.pod_uid.as_ref()))
    }

    /// What the container's own file says; looked at once in each refresh, read only if it changed.
    fn container_file(&mut self, id: &[u8]) -> Option<Arc<RuntimeInfo>> {
        if !self.containers.contains_key(id) {
            let present = self.sources.iter().filter(|source| source.present);
            let container = present
                .map(|source| source.container(id))
                .find(|container| container.file.path().exists())?;
            self.containers.insert(id.to_vec(), container);
        }
        let container = self.containers.get_mut(id)?;
        if !container.used {
            container.used = true;
            let (format, max) = (container.format, self.max_file_bytes);
            container.file.update(|path| format.read(path, max));
        }
        container.file.value().clone()
    }
}

/// Containers or pods by their id.
type Named = HashMap<Vec<u8>, Arc<RuntimeInfo>>;

/// A directory with a file for each container.
struct Source {
    dir: PathBuf,
    format: Format,
    present: bool,
}

impl Source {
    /// `id` must be safe as a file name; [`identify`](crate::identify) takes nothing but hexadecimal digits for one.
    fn container(&self, id: &[u8]) -> Container {
        let path = self
            .dir
            .join(OsStr::from_bytes(id))
            .join(self.format.file());
        Container {
            file: Stamped::new(path),
            format: self.format,
            used: false,
        }
    }
}

/// One container's file.
struct Container {
    file: Stamped<Option<Arc<RuntimeInfo>>>,
    format: Format,
    used: bool,
}

#[derive(Clone, Copy)]
enum Format {
    Containerd,
    Crio,
    Docker,
}

impl Format {
    fn file(self) -> &'static str {
        match self {
            Self::Containerd => "config.json",
            Self::Crio => "userdata/config.json",
            Self::Docker => "config.v2.json",
        }
    }

    fn read(self, path: &Path, max_bytes: u64) -> Option<Option<Arc<RuntimeInfo>>> {
        let info = match self {
            Self::Containerd | Self::Crio => oci::read(path, max_bytes),
            Self::Docker => docker::read(path, max_bytes),
        };
        info.map(|info| Some(Arc::new(info)))
    }
}
