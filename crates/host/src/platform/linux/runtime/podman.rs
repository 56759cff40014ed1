use std::{io, path::Path, sync::Arc};

use serde::Deserialize;

use super::{super::files::read_json, Lists, Named};
use crate::{
    config::HostConfig,
    identify::Orchestrator,
    runtime::{NameSource, Names, RuntimeInfo, Subject},
};

/// The lists of the container storage, root's and every user's.
pub(super) struct Podman {
    lists: Lists<Named>,
    max_bytes: u64,
}

impl Podman {
    pub(super) fn new(config: &HostConfig) -> Self {
        Self {
            lists: Lists::new("podman", config),
            max_bytes: config.limits.runtime_file_bytes,
        }
    }
}

impl NameSource for Podman {
    fn name(&self) -> &'static str {
        "podman"
    }

    fn look(&mut self, wanted: &[Subject]) -> Names {
        let max_bytes = self.max_bytes;
        let mut names = Names {
            places: self.lists.update(|path| read(path, max_bytes)),
            ..Names::default()
        };
        for subject in wanted {
            let Some(id) = &subject.container_id else {
                continue;
            };
            if let Some(info) = self.lists.iter().find_map(|list| list.get(id)) {
                names.infos.insert(subject.clone(), Arc::clone(info));
            }
        }
        names
    }
}

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
fn read(path: &Path, max_bytes: u64) -> io::Result<Named> {
    let entries: Vec<Entry> = read_json(path, max_bytes)?;
    let named = entries
        .into_iter()
        .filter_map(|entry| container(entry, path));
    Ok(named.collect())
}

fn container(entry: Entry, path: &Path) -> Option<(Vec<u8>, Arc<RuntimeInfo>)> {
    // Metadata of another writer than Podman costs the image, not the name.
    let metadata: Metadata = serde_json::from_str(&entry.metadata).unwrap_or_default();
    if metadata.pod_name.is_some() {
        return None;
    }
    let name = entry.names.first()?;
    let info = RuntimeInfo::container(Orchestrator::Podman, name, metadata.image_name.as_deref());
    Some((entry.id.into_bytes(), Arc::new(info.from("podman", path))))
}
