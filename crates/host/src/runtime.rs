//! What container runtimes know about their containers: names and labels that no path tells.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    identify::{Identity, Kind, Orchestrator},
    labels::Labels,
    source::Place,
};

/// By what runtimes know a cgroup. Empty for all that is neither a container nor a pod nor a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    pub(crate) container_id: Option<Vec<u8>>,
    pub(crate) pod_uid: Option<Vec<u8>>,
    pub(crate) machine: Option<(Orchestrator, Vec<u8>)>,
    pub(crate) unit: Option<Vec<u8>>,
}

impl Subject {
    pub(crate) fn of(identity: &Identity) -> Self {
        let machine = identity.machine.clone();
        Self {
            container_id: identity.container_id.clone(),
            pod_uid: identity.pod_uid.clone(),
            machine: machine.map(|name| (identity.orchestrator, name)),
            unit: identity.unit.clone(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            container_id,
            pod_uid,
            machine,
            unit: _,
        } = self;
        container_id.is_none() && pod_uid.is_none() && machine.is_none()
    }
}

/// One source of names, which looks at files of one kind of runtime.
pub(crate) trait NameSource: Send {
    /// The name it is configured and reported by.
    fn name(&self) -> &'static str;

    /// What it knows of `wanted`, and where it looked.
    fn look(&mut self, wanted: &[Subject]) -> Names;
}

/// What a source of names knows.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) places: Vec<Place>,
    pub(crate) infos: HashMap<Subject, Arc<RuntimeInfo>>,
}

/// What a source says about one container, pod or machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuntimeInfo {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) labels: Labels,
    /// Which source, and which file.
    pub(crate) origin: String,
    /// What it says about the pod that the container is in.
    pub(crate) pod: Option<Arc<Self>>,
    name: Vec<u8>,
}

impl RuntimeInfo {
    /// A container outside Kubernetes.
    pub(crate) fn container(orchestrator: Orchestrator, name: &str, image: Option<&str>) -> Self {
        let labels = [("container_name", Some(name)), ("image", image)];
        Self::new(orchestrator, name.into(), labels)
    }

    /// A pod, or with a `container` name one of its containers.
    pub(crate) fn kubernetes(
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
        let pod = container.map(|_| Arc::new(Self::kubernetes(namespace, pod, None, None)));
        Self {
            pod,
            ..Self::new(Orchestrator::Kubernetes, name, labels)
        }
    }

    /// A container of a pod, known by nothing but its id.
    pub(crate) fn unnamed(namespace: &str, pod: &str, id: &str) -> Self {
        let labels = [("namespace", Some(namespace)), ("pod_name", Some(pod))];
        let name = format!("{namespace}/{pod}/{id}");
        Self::new(Orchestrator::Kubernetes, name, labels)
    }

    /// A virtual machine, or a container that has a name instead of an id. An empty `name` leaves that of the path.
    pub(crate) fn machine<const N: usize>(
        orchestrator: Orchestrator,
        name: &str,
        labels: [(&str, Option<&str>); N],
    ) -> Self {
        Self::new(orchestrator, name.into(), labels)
    }

    /// With the source and the file that it comes from.
    pub(crate) fn from(mut self, source: &str, file: &std::path::Path) -> Self {
        self.origin = format!("{source}: {}", file.display());
        let pod = self.pod.take().map(Arc::unwrap_or_clone);
        self.pod = pod.map(|pod| Arc::new(pod.from(source, file)));
        self
    }

    /// The name of a cgroup of this `kind` that belongs to the container, pod or machine, if the source gives one.
    pub(crate) fn name_of(&self, kind: Kind) -> Option<Vec<u8>> {
        if self.name.is_empty() {
            None
        } else {
            Some(kind.name(&self.name))
        }
    }

    pub(crate) fn add_labels(&mut self, labels: &BTreeMap<String, String>) {
        for (key, value) in labels {
            self.labels.insert(key, value);
        }
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
            origin: String::new(),
            pod: None,
            name: name.unwrap_or_default().into(),
        }
    }
}
