use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{RuntimeInfo, files::read_json};
use crate::identify::Orchestrator;

/// The part of `config.v2.json` that names a container.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    name: String,
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Reads a container's `config.v2.json`. Containers started by a kubelet are named after their pod.
pub(super) fn read(path: &Path, max_bytes: u64) -> Option<RuntimeInfo> {
    let File { name, config } = read_json(path, max_bytes)?;
    let labels = config.labels.unwrap_or_default();
    let image = config.image.as_deref();
    let kubernetes = |key: &str| labels.get(&format!("io.kubernetes.{key}"));
    let pod = (kubernetes("pod.namespace"), kubernetes("pod.name"));
    let mut info = match pod {
        (Some(namespace), Some(pod)) => {
            let container = kubernetes("container.name").map(String::as_str);
            RuntimeInfo::kubernetes(namespace, pod, container, image)
        }
        _ => RuntimeInfo::container(Orchestrator::Docker, name.trim_start_matches('/'), image),
    };
    info.add_labels(&labels);
    Some(info)
}
