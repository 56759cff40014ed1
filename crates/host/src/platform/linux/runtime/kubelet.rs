use std::{collections::HashMap, fs, io, path::Path, sync::Arc};

use super::{Lists, Named};
use crate::{
    config::HostConfig,
    identify::short_id,
    runtime::{NameSource, Names, RuntimeInfo, Subject},
};

/// Names of pods and containers, as the kubelet writes them into the names of log files. Their contents are never read.
pub(super) struct Kubelet {
    logs: Lists<Logs>,
}

/// What one directory tells.
#[derive(Default, PartialEq, Eq)]
struct Logs {
    pods: HashMap<Vec<u8>, Pod>,
    containers: Named,
}

#[derive(PartialEq, Eq)]
struct Pod {
    namespace: String,
    name: String,
    info: Arc<RuntimeInfo>,
}

impl Kubelet {
    pub(super) fn new(config: &HostConfig) -> Self {
        Self {
            logs: Lists::new("kubelet", config),
        }
    }

    /// What is known of a container, its name or at least its pod's, or of a pod.
    fn info(&self, subject: &Subject) -> Option<Arc<RuntimeInfo>> {
        let pod = || {
            let uid = subject.pod_uid.as_ref()?;
            self.logs.iter().find_map(|logs| logs.pods.get(uid))
        };
        let Some(id) = &subject.container_id else {
            return pod().map(|pod| Arc::clone(&pod.info));
        };
        let named = self.logs.iter().find_map(|logs| logs.containers.get(id));
        if let Some(named) = named {
            return Some(Arc::clone(named));
        }
        let pod = pod()?;
        let short = short_id(id);
        let short = String::from_utf8_lossy(&short);
        let mut info = RuntimeInfo::unnamed(&pod.namespace, &pod.name, &short);
        info.origin.clone_from(&pod.info.origin);
        Some(Arc::new(info))
    }
}

impl NameSource for Kubelet {
    fn name(&self) -> &'static str {
        "kubelet"
    }

    fn look(&mut self, wanted: &[Subject]) -> Names {
        let places = self.logs.update(read);
        let infos = wanted
            .iter()
            .filter_map(|subject| Some((subject.clone(), self.info(subject)?)));
        Names {
            infos: infos.collect(),
            places,
        }
    }
}

fn read(dir: &Path) -> io::Result<Logs> {
    let mut logs = Logs::default();
    for entry in fs::read_dir(dir)?.filter_map(Result::ok) {
        let Ok(file) = entry.file_name().into_string() else {
            continue;
        };
        if file.ends_with(".log") {
            logs.containers.extend(container(&file, dir));
        } else {
            logs.pods.extend(pod(&file, dir));
        }
    }
    Ok(logs)
}

/// `<namespace>_<pod>_<uid>`; Kubernetes allows no underscore in any of them.
fn pod(file: &str, dir: &Path) -> Option<(Vec<u8>, Pod)> {
    let (rest, uid) = file.rsplit_once('_')?;
    let (namespace, name) = rest.split_once('_')?;
    let info = RuntimeInfo::kubernetes(namespace, name, None, None);
    let pod = Pod {
        namespace: namespace.into(),
        name: name.into(),
        info: Arc::new(info.from("kubelet", &dir.join(file))),
    };
    Some((uid.into(), pod))
}

/// `<pod>_<namespace>_<container>-<id>.log`.
fn container(file: &str, dir: &Path) -> Option<(Vec<u8>, Arc<RuntimeInfo>)> {
    let (rest, id) = file.strip_suffix(".log")?.rsplit_once('-')?;
    let (pod, rest) = rest.split_once('_')?;
    let (namespace, container) = rest.split_once('_')?;
    let info = RuntimeInfo::kubernetes(namespace, pod, Some(container), None);
    Some((id.into(), Arc::new(info.from("kubelet", &dir.join(file)))))
}
