//! The files of container runtimes and managers of machines, one source a file here.

mod containers;
mod docker;
mod kubelet;
mod lxc;
mod machined;
mod oci;
mod podman;
mod proxmox;

use std::{collections::HashMap, io, path::Path, sync::Arc};

use containers::{Containers, Format};
use kubelet::Kubelet;
use machined::Machined;
use podman::Podman;

use super::{
    files::Stamped,
    places::{Places, found},
};
use crate::{
    config::{HostConfig, Sources},
    runtime::{NameSource, RuntimeInfo},
    source::Place,
};

/// Containers or pods by their id.
type Named = HashMap<Vec<u8>, Arc<RuntimeInfo>>;

/// Every source, the most trusted first.
pub(crate) fn runtimes(config: &HostConfig) -> Vec<Box<dyn NameSource>> {
    let named = Sources::NAMES.into_iter();
    named.filter_map(|name| source(name, config)).collect()
}

fn source(name: &'static str, config: &HostConfig) -> Option<Box<dyn NameSource>> {
    let format = match name {
        "docker" => Format::Docker,
        "containerd" => Format::Containerd,
        "crio" => Format::Crio,
        "lxc" => Format::Lxc,
        "incus" => Format::Incus,
        "proxmox" => Format::Proxmox,
        "podman" => return Some(Box::new(Podman::new(config))),
        "machined" => return Some(Box::new(Machined::new(config))),
        "kubelet" => return Some(Box::new(Kubelet::new(config))),
        _ => return None,
    };
    Some(Box::new(Containers::new(name, format, config)))
}

/// Files or directories that are read as a whole, each again after it changed.
struct Lists<T> {
    places: Places,
    lists: Vec<Stamped<T>>,
}

impl<T: Default + PartialEq> Lists<T> {
    fn new(name: &str, config: &HostConfig) -> Self {
        let sources = &config.sources;
        Self {
            places: Places::new(sources.root(), sources.places(name)),
            lists: Vec::new(),
        }
    }

    /// Reads what changed, and tells what became of each place.
    fn update(&mut self, read: impl Fn(&Path) -> io::Result<T>) -> Vec<Place> {
        let mut places = self.places.find();
        let mut before: HashMap<_, _> = std::mem::take(&mut self.lists)
            .into_iter()
            .map(|list| (list.path().to_owned(), list))
            .collect();
        for path in found(&places) {
            let list = before.remove(path);
            self.lists.push(list.unwrap_or_else(|| Stamped::new(path)));
        }
        for list in &mut self.lists {
            list.update(&read);
            let place = places.iter_mut().find(|place| place.path == list.path());
            if let (Some(place), Some(problem)) = (place, list.problem()) {
                place.state = problem.clone();
            }
        }
        places
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.lists.iter().map(Stamped::value)
    }
}
