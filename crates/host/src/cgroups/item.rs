use std::sync::Arc;

use netipc::simple_hash;

use crate::{
    config::HostConfig,
    identify::{Identity, Kind, Orchestrator, full_name, identify},
    labels::Labels,
    runtime::{RuntimeInfo, Subject},
};

/// Bits of [`Cgroup::options`].
pub mod options {
    /// Disabled: an enabled cgroup with the same name comes before it.
    pub const DUPLICATE: u32 = 1 << 0;
    /// The cgroup of a systemd service.
    pub const SYSTEMD_SERVICE: u32 = 1 << 1;
    /// In a version 2 hierarchy.
    pub const UNIFIED: u32 = 1 << 2;
    /// Disabled: the machine's owner excluded it.
    pub const EXCLUDED: u32 = 1 << 3;
}

/// One cgroup, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    key: Arc<[u8]>,
    path: Box<[u8]>,
    name: Box<[u8]>,
    hash: u32,
    options: u32,
    orchestrator: Orchestrator,
    kind: Kind,
    labels: Labels,
    subject: Subject,
    runtime: Option<Arc<RuntimeInfo>>,
}

impl Cgroup {
    /// Joins what the path says to what the runtime's files say.
    pub(super) fn new(
        place: Place,
        runtime: impl FnOnce(&Subject) -> Option<Arc<RuntimeInfo>>,
        config: &HostConfig,
    ) -> Self {
        let Identity {
            orchestrator,
            kind,
            name,
            inner,
            mut labels,
            container_id,
            pod_uid,
        } = identify(&place.key);
        let subject = Subject {
            container_id,
            pod_uid,
        };
        let runtime = runtime(&subject);
        let info = runtime.as_deref();
        let name = match info.and_then(|info| info.name_of(kind)) {
            Some(known) => full_name(&known, &inner),
            None => full_name(&name, &inner),
        };
        if let Some(info) = info {
            labels.extend_within(&config.limits, &info.labels);
        }
        let learnt = info.map(|info| info.orchestrator).unwrap_or_default();
        Self {
            hash: simple_hash(&name),
            options: place.options(kind, &name, config),
            orchestrator: match orchestrator {
                Orchestrator::Unknown => learnt,
                known => known,
            },
            key: place.key.into(),
            path: place.path.into(),
            name: name.into(),
            kind,
            labels,
            subject,
            runtime,
        }
    }

    /// Path in its hierarchy, as in `/proc/<pid>/cgroup`; begins with a slash.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Directory in the file system, in the preferred of its hierarchies.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What people call it. Unique among the enabled cgroups of a snapshot; never empty.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The name's 32-bit FNV-1a hash.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// A set of the bits in [`options`].
    pub fn options(&self) -> u32 {
        self.options
    }

    /// Whether a consumer should collect it.
    pub fn enabled(&self) -> bool {
        self.options & (options::DUPLICATE | options::EXCLUDED) == 0
    }

    /// Who manages it.
    pub fn orchestrator(&self) -> Orchestrator {
        self.orchestrator
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// From the path and from the container runtime's files.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(super) fn shared_key(&self) -> Arc<[u8]> {
        Arc::clone(&self.key)
    }

    /// Whether a cgroup found at `path` would come out the same, given what the runtime's files say now.
    pub(super) fn is_current(&self, path: &[u8], runtime: Option<&Arc<RuntimeInfo>>) -> bool {
        *self.path == *path && self.runtime.as_ref() == runtime
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(super) fn mark_duplicate(self: &mut Arc<Self>, duplicate: bool) {
        let options = match duplicate {
            true => self.options | options::DUPLICATE,
            false => self.options & !options::DUPLICATE,
        };
        if options != self.options {
            Arc::make_mut(self).options = options;
        }
    }

    pub(super) fn excluded(&self) -> bool {
        self.options & options::EXCLUDED != 0
    }
}

/// Where a cgroup was found.
pub(super) struct Place {
    pub(super) key: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) unified: bool,
}

impl Place {
    fn options(&self, kind: Kind, name: &[u8], config: &HostConfig) -> u32 {
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        bit(kind == Kind::Service, options::SYSTEMD_SERVICE)
            | bit(self.unified, options::UNIFIED)
            | bit(
                config.exclusions.excludes(&self.key, name),
                options::EXCLUDED,
            )
    }
}
