use std::{collections::BTreeMap, io, path::Path};

use serde::Deserialize;

use super::super::files::read_json;
use crate::{identify::Orchestrator, runtime::RuntimeInfo};

/// Which annotation says what, first for containerd, then for CRI-O.
const NAMESPACE: [&str; 2] = [
    "io.kubernetes.cri.sandbox-namespace",
    "io.kubernetes.pod.namespace",
];
const POD: [&str; 2] = ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"];
const CONTAINER: [&str; 2] = [
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
];
const IMAGE: [&str; 2] = [
    "io.kubernetes.cri.image-name",
    "io.kubernetes.cri-o.ImageName",
];
const TYPE: [&str; 2] = [
    "io.kubernetes.cri.container-type",
    "io.kubernetes.cri-o.ContainerType",
];
const NERDCTL_NAME: &str = "nerdctl/name";

/// The part of an OCI runtime specification that names a container.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Reads the `config.json` that containerd and CRI-O give to the runtime. Without a known annotation it says nothing.
pub(super) fn read(path: &Path, max_bytes: u64) -> io::Result<Option<RuntimeInfo>> {
    let File { annotations } = read_json(path, max_bytes)?;
    let get = |keys: [&str; 2]| {
        let value = keys.iter().find_map(|key| annotations.get(*key));
        value.map(String::as_str)
    };
    if let (Some(namespace), Some(pod)) = (get(NAMESPACE), get(POD)) {
        let sandbox = get(TYPE).filter(|kind| *kind == "sandbox");
        let container = sandbox.or(get(CONTAINER));
        let info = RuntimeInfo::kubernetes(namespace, pod, container, get(IMAGE));
        return Ok(Some(info));
    }
    let name = annotations.get(NERDCTL_NAME);
    Ok(name.map(|name| RuntimeInfo::container(Orchestrator::Unknown, name, get(IMAGE))))
}
