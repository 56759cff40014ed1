use std::{path::Path, sync::Arc};

use serde::Deserialize;

use super::{Named, RuntimeInfo, files::read_json};
use crate::identify::Orchestrator;

/// One entry of the container storage's list.
#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    /// JSON in a string; what is in it is the business of Podman or CRI-O.
    #[serde(default)]
    metadata: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    #[serde(default)]
    image_name: Option<String>,
    /// Only CRI-O writes it.
    #[serde(default)]
    pod_name: Option<String>,
}

/// Reads `containers.json`: all containers in one file.
pub(super) fn read(path: &Path, max_bytes: u64) -> Option<Named> {
    let entries: Vec<Entry> = read_json(path, max_bytes)?;
    Some(entries.into_iter().filter_map(container).collect())
}

fn container(entry: Entry) -> Option<(Vec<u8>, Arc<RuntimeInfo>)> {
    // Metadata of another writer than Podman costs the image, not the name.
    let metadata: Metadata = serde_json::from_str(&entry.metadata).unwrap_or_default();
    if metadata.pod_name.is_some() {
        return None;
    }
    let name = entry.names.first()?;
    let info = RuntimeInfo::container(Orchestrator::Podman, name, metadata.image_name.as_deref());
    Some((entry.id.into_bytes(), Arc::new(info)))
}
