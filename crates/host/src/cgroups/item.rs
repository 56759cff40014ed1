use std::sync::Arc;

use netipc::simple_hash;

use crate::{
    config::HostConfig,
    identify::{Identity, Kind, Orchestrator, full_name},
    labels::Labels,
    runtime::{RuntimeInfo, Subject},
};

/// Bits of [`Cgroup::options`].
pub mod options {
    /// Disabled: it is a cgroup that is in the snapshot already, found in another hierarchy.
    pub const DUPLICATE: u32 = 1 << 0;
    /// The cgroup of a systemd service.
    pub const SYSTEMD_SERVICE: u32 = 1 << 1;
    /// In a version 2 hierarchy.
    pub const UNIFIED: u32 = 1 << 2;
    /// Disabled: the [`Policy`](crate::Policy) says so.
    pub const EXCLUDED: u32 = 1 << 3;
}

/// One cgroup, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cgroup {
    key: Arc<[u8]>,
    path: Box<[u8]>,
    /// The name as long as no other cgroup has it too.
    plain_name: Arc<[u8]>,
    name: Arc<[u8]>,
    hash: u32,
    options: u32,
    orchestrator: Orchestrator,
    kind: Kind,
    labels: Labels,
    subject: Subject,
    runtime: Option<Arc<RuntimeInfo>>,
}

impl Cgroup {
    /// Joins what the path says to what a runtime's files say.
    pub(super) fn new(
        place: Place,
        identity: Identity,
        subject: Subject,
        runtime: Option<Arc<RuntimeInfo>>,
        config: &HostConfig,
    ) -> Self {
        let Identity {
            orchestrator,
            kind,
            name,
            inner,
            mut labels,
            ..
        } = identity;
        let info = runtime.as_deref();
        let name = match info.and_then(|info| info.name_of(kind)) {
            Some(known) => full_name(kind, &known, &inner),
            None => full_name(kind, &name, &inner),
        };
        if let Some(info) = info {
            labels.extend_within(&config.limits, &info.labels);
        }
        let learnt = info.map(|info| info.orchestrator).unwrap_or_default();
        let name: Arc<[u8]> = name.into();
        Self {
            hash: simple_hash(&name),
            options: place.options(kind, &name, config),
            orchestrator: orchestrator.or_learnt(learnt),
            key: place.key.into(),
            path: place.path.into(),
            plain_name: Arc::clone(&name),
            name,
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

    /// What people call it. Unique among the enabled cgroups of a snapshot; never empty. Where several would have the
    /// same, each has its name, an `@` and what tells it apart.
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

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The name before clashes are settled.
    pub(super) fn plain_name(&self) -> &Arc<[u8]> {
        &self.plain_name
    }

    /// The name as long as no other cgroup has it too.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain_name
    }

    /// The directory of its hierarchy.
    pub(super) fn hierarchy(&self) -> &[u8] {
        &self.path[..self.path.len() - self.key.len()]
    }

    /// What a runtime said.
    pub(crate) fn runtime(&self) -> Option<&RuntimeInfo> {
        self.runtime.as_deref()
    }

    /// Gives it the name that no other has, and says whether it is in the snapshot already.
    pub(super) fn settle(self: &mut Arc<Self>, name: &[u8], duplicate: bool) {
        let options = if duplicate {
            self.options | options::DUPLICATE
        } else {
            self.options & !options::DUPLICATE
        };
        if options != self.options {
            Arc::make_mut(self).options = options;
        }
        if *name != *self.name {
            let item = Arc::make_mut(self);
            item.name = name.into();
            item.hash = simple_hash(name);
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
                !config.policy.decide(&self.key, name, kind).enabled,
                options::EXCLUDED,
            )
    }
}
