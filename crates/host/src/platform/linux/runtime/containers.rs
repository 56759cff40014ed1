use std::{
    collections::HashMap,
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{
        files::Stamped,
        places::{Places, found},
    },
    docker, lxc, oci, proxmox,
};
use crate::{
    config::{HostConfig, Sources},
    identify::Orchestrator,
    runtime::{NameSource, Names, RuntimeInfo, Subject},
    source::{Place, PlaceState},
};

/// Directories with a file for each container or machine.
pub(super) struct Containers {
    name: &'static str,
    format: Format,
    places: Places,
    /// Where Docker is told to keep its data, if it may be told so.
    data_root: Option<Stamped<Option<PathBuf>>>,
    files: HashMap<Vec<u8>, Container>,
    max_bytes: u64,
}

/// One container's file.
struct Container {
    file: Stamped<Option<Arc<RuntimeInfo>>>,
    used: bool,
}

/// Whose files they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Docker,
    Containerd,
    Crio,
    Lxc,
    Incus,
    Proxmox,
}

impl Containers {
    pub(super) fn new(name: &'static str, format: Format, config: &HostConfig) -> Self {
        let sources = &config.sources;
        let usual = sources.places(name) == Sources::under(sources.root()).places(name);
        let daemon = sources.root().join("etc/docker/daemon.json");
        Self {
            name,
            format,
            places: Places::new(sources.root(), sources.places(name)),
            data_root: (format == Format::Docker && usual).then(|| Stamped::new(daemon)),
            files: HashMap::new(),
            max_bytes: config.limits.runtime_file_bytes,
        }
    }

    fn places(&mut self) -> Vec<Place> {
        let mut places = self.places.find();
        if let Some(data_root) = &mut self.data_root {
            let max_bytes = self.max_bytes;
            data_root.update(|path| docker::data_root(path, max_bytes));
            let root = self.places.root();
            let path = data_root
                .value()
                .as_ref()
                .and_then(|dir| dir.strip_prefix("/").ok())
                .map(|dir| root.join(dir).join("containers"));
            if let Some(path) = path.filter(|path| places.iter().all(|it| it.path != *path)) {
                let state = match std::fs::metadata(&path) {
                    Ok(_) => PlaceState::Found,
                    Err(error) => PlaceState::of_error(&error),
                };
                places.insert(0, Place { path, state });
            }
        }
        places
    }

    /// The file of `id`, if it is there or may be: one that we may not look for is worth telling.
    fn path_of(&self, id: &[u8], subject: &Subject, dirs: &[PathBuf]) -> Option<PathBuf> {
        let mut hidden = None;
        for dir in dirs {
            let Some(path) = self.format.path(dir, id, subject) else {
                continue;
            };
            match std::fs::metadata(&path) {
                Ok(_) => return Some(path),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    hidden.get_or_insert(path);
                }
                Err(_) => {}
            }
        }
        hidden
    }

    /// What the file of `id` says; looked at once in each look, read only if it changed.
    fn info(&mut self, id: &[u8], subject: &Subject, dirs: &[PathBuf]) -> Option<&Container> {
        if !self.files.contains_key(id) {
            let path = self.path_of(id, subject, dirs)?;
            let container = Container {
                file: Stamped::new(path),
                used: false,
            };
            self.files.insert(id.to_vec(), container);
        }
        let (format, name, max) = (self.format, self.name, self.max_bytes);
        let container = self.files.get_mut(id)?;
        if !container.used {
            container.used = true;
            container.file.update(|path| {
                let info = format.read(path, id, max)?;
                Ok(info.map(|info| Arc::new(info.from(name, path))))
            });
        }
        Some(container)
    }
}

impl NameSource for Containers {
    fn name(&self) -> &'static str {
        self.name
    }

    fn look(&mut self, wanted: &[Subject]) -> Names {
        let mut names = Names {
            places: self.places(),
            ..Names::default()
        };
        let dirs: Vec<PathBuf> = found(&names.places).map(Path::to_owned).collect();
        for container in self.files.values_mut() {
            container.used = false;
        }
        let (mut problem, mut pods) = (None, HashMap::new());
        for subject in wanted {
            let Some(id) = self.format.id(subject) else {
                continue;
            };
            let Some(container) = self.info(id, subject, &dirs) else {
                continue;
            };
            if let Some(info) = container.file.value() {
                names.infos.insert(subject.clone(), Arc::clone(info));
                if let (Some(uid), Some(pod)) = (&subject.pod_uid, &info.pod) {
                    pods.insert(uid, Arc::clone(pod));
                }
            }
            let state = container.file.problem();
            if let Some(state) = state.filter(|state| **state != PlaceState::Absent) {
                let path = container.file.path();
                // The same one in every look, in whatever order they are wanted.
                if problem.as_ref().is_none_or(|it: &Place| *path < *it.path) {
                    problem = Some(Place {
                        path: path.to_owned(),
                        state: state.clone(),
                    });
                }
            }
        }
        names.places.extend(problem);
        for subject in wanted.iter().filter(|it| it.container_id.is_none()) {
            let pod = subject.pod_uid.as_ref().and_then(|uid| pods.get(uid));
            if let Some(pod) = pod {
                names.infos.insert(subject.clone(), Arc::clone(pod));
            }
        }
        let is_wanted = |container: &Container| container.used && container.file.is_present();
        self.files.retain(|_, container| is_wanted(container));
        names
    }
}

impl Format {
    /// By what it knows a subject, if that can be the name of a file.
    fn id(self, subject: &Subject) -> Option<&[u8]> {
        let id = match (self, &subject.machine) {
            (Self::Docker | Self::Containerd | Self::Crio, _) => subject.container_id.as_deref()?,
            (Self::Lxc | Self::Incus, Some((Orchestrator::Lxc, name))) => name,
            (Self::Proxmox, Some((Orchestrator::Kvm | Orchestrator::Lxc, name))) => name,
            _ => return None,
        };
        let is_name = !matches!(id, b"" | b"." | b"..") && !id.contains(&b'/');
        is_name.then_some(id)
    }

    fn path(self, dir: &Path, id: &[u8], subject: &Subject) -> Option<PathBuf> {
        let own = dir.join(OsStr::from_bytes(id));
        Some(match self {
            Self::Docker => own.join("config.v2.json"),
            Self::Containerd => own.join("config.json"),
            Self::Crio => own.join("userdata/config.json"),
            Self::Lxc => own.join("config"),
            Self::Incus => own.join("lxc.conf"),
            Self::Proxmox => return proxmox::path(dir, id, subject),
        })
    }

    /// `None` for a file in order that says nothing of a name.
    fn read(self, path: &Path, id: &[u8], max_bytes: u64) -> io::Result<Option<RuntimeInfo>> {
        match self {
            Self::Docker => docker::read(path, max_bytes).map(Some),
            Self::Containerd | Self::Crio => oci::read(path, max_bytes),
            Self::Lxc | Self::Incus => lxc::read(path, id, max_bytes),
            Self::Proxmox => proxmox::read(path, max_bytes),
        }
    }
}
