use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::super::files::read_json;
use crate::{identify::Orchestrator, runtime::RuntimeInfo};

/// The part of `config.v2.json` that names a container.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    name: String,
    #[serde(default)]
    config: Config,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

/// Reads a container's `config.v2.json`. Containers started by a kubelet are named after their pod.
pub(super) fn read(path: &Path, max_bytes: u64) -> io::Result<RuntimeInfo> {
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
    Ok(info)
}

/// The part of `daemon.json` that moves Docker's data, under its new and its old name.
#[derive(Deserialize)]
struct Daemon {
    #[serde(alias = "graph", rename = "data-root")]
    data_root: Option<PathBuf>,
}

/// Where the configuration of the daemon puts the data, if it says so.
pub(super) fn data_root(path: &Path, max_bytes: u64) -> io::Result<Option<PathBuf>> {
    let Daemon { data_root } = read_json(path, max_bytes)?;
    Ok(data_root)
}
