use std::{collections::HashMap, ffi::OsString, fs, path::Path, sync::Arc};

use super::{Named, RuntimeInfo, files::Stamped};
use crate::{config::RuntimeRoots, identify::short_id};

/// Names of pods and containers, as the kubelet writes them into the names of log files. Their contents are never read.
pub(super) struct PodLogs {
    pods: Vec<Stamped<HashMap<Vec<u8>, Pod>>>,
    containers: Vec<Stamped<Named>>,
}

#[derive(PartialEq, Eq)]
struct Pod {
    namespace: String,
    name: String,
    info: Arc<RuntimeInfo>,
}

impl PodLogs {
    pub(super) fn new(roots: &RuntimeRoots) -> Self {
        Self {
            pods: roots.pod_logs.iter().map(Stamped::new).collect(),
            containers: roots.container_logs.iter().map(Stamped::new).collect(),
        }
    }

    /// Lists anew the directories that changed.
    pub(super) fn update(&mut self) {
        for dir in &mut self.pods {
            dir.update(|path| Some(names(path)?.filter_map(pod).collect()));
        }
        for dir in &mut self.containers {
            dir.update(|path| Some(names(path)?.filter_map(container).collect()));
        }
    }

    /// What is known of a pod.
    pub(super) fn pod(&self, uid: &[u8]) -> Option<Arc<RuntimeInfo>> {
        self.find_pod(uid).map(|pod| Arc::clone(&pod.info))
    }

    /// What is known of a container: its name, or at least its pod's.
    pub(super) fn container(&self, id: &[u8], pod: Option<&Vec<u8>>) -> Option<Arc<RuntimeInfo>> {
        let named = self.containers.iter().find_map(|dir| dir.value().get(id));
        if let Some(named) = named {
            return Some(Arc::clone(named));
        }
        let pod = self.find_pod(pod?)?;
        let short = String::from_utf8_lossy(short_id(id));
        let info = RuntimeInfo::unnamed(&pod.namespace, &pod.name, &short);
        Some(Arc::new(info))
    }

    fn find_pod(&self, uid: &[u8]) -> Option<&Pod> {
        self.pods.iter().find_map(|dir| dir.value().get(uid))
    }
}

fn names(dir: &Path) -> Option<impl Iterator<Item = OsString>> {
    let entries = fs::read_dir(dir).ok()?;
    Some(entries.filter_map(|entry| Some(entry.ok()?.file_name())))
}

/// `<namespace>_<pod>_<uid>`; Kubernetes allows no underscore in any of them.
fn pod(file: OsString) -> Option<(Vec<u8>, Pod)> {
    let file = file.into_string().ok()?;
    let (rest, uid) = file.rsplit_once('_')?;
    let (namespace, name) = rest.split_once('_')?;
    let pod = Pod {
        namespace: namespace.into(),
        name: name.into(),
        info: Arc::new(RuntimeInfo::kubernetes(namespace, name, None, None)),
    };
    Some((uid.into(), pod))
}

/// `<pod>_<namespace>_<container>-<id>.log`.
fn container(file: OsString) -> Option<(Vec<u8>, Arc<RuntimeInfo>)> {
    let file = file.into_string().ok()?;
    let (rest, id) = file.strip_suffix(".log")?.rsplit_once('-')?;
    let (pod, rest) = rest.split_once('_')?;
    let (namespace, container) = rest.split_once('_')?;
    let info = RuntimeInfo::kubernetes(namespace, pod, Some(container), None);
    Some((id.into(), Arc::new(info)))
}
