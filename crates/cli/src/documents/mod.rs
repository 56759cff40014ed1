//! The JSON that `call --json` prints and `serve --data` reads: one document for each service.
//!
//! Bytes that are not UTF-8 become U+FFFD, as JSON has no other place for them. What a file leaves
//! out has the value that the protocol calls unknown or empty, so that a mock can be short.

mod with;

use netipc::protocol::{AppsCgroupStatus, CgroupStatus, Orchestrator, PidStatus, UID_UNSET};
use netipc::service::apps_lookup::{AppsLookupItem, AppsLookupResponseView};
use netipc::service::cgroups::{CgroupsItemView, CgroupsResponseView};
use netipc::service::cgroups_lookup::{CgroupsLookupItem, CgroupsLookupResponseView};
use netipc::wire::{CStrView, Labels, WireError};
use serde::{Deserialize, Serialize};

use crate::args::ServiceName;

/// What every document may begin with.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub(crate) service: Option<ServiceName>,
}

/// `cgroups-snapshot`.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    service: Option<ServiceName>,
    #[serde(default)]
    pub(crate) generation: u64,
    #[serde(default)]
    pub(crate) systemd_enabled: u32,
    pub(crate) items: Vec<SnapshotItem>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnapshotItem {
    /// That of the name, unless given.
    #[serde(serialize_with = "with::present", default)]
    pub(crate) hash: Option<u32>,
    #[serde(default)]
    pub(crate) options: u32,
    #[serde(default = "enabled")]
    pub(crate) enabled: u32,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) path: String,
}

/// `cgroups-lookup`.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cgroups {
    service: Option<ServiceName>,
    #[serde(default)]
    pub(crate) generation: u64,
    pub(crate) items: Vec<CgroupItem>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CgroupItem {
    pub(crate) path: String,
    #[serde(with = "with::code", default)]
    pub(crate) status: CgroupStatus,
    #[serde(with = "with::code", default)]
    pub(crate) orchestrator: Orchestrator,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(with = "with::pairs", default)]
    pub(crate) labels: Vec<(String, String)>,
}

/// `apps-lookup`.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Apps {
    service: Option<ServiceName>,
    #[serde(default)]
    pub(crate) generation: u64,
    pub(crate) items: Vec<AppItem>,
}

#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppItem {
    pub(crate) pid: u32,
    #[serde(with = "with::code", default)]
    pub(crate) status: PidStatus,
    #[serde(with = "with::code", default)]
    pub(crate) cgroup_status: AppsCgroupStatus,
    #[serde(with = "with::code", default)]
    pub(crate) orchestrator: Orchestrator,
    #[serde(default)]
    pub(crate) ppid: u32,
    #[serde(default = "nobody")]
    pub(crate) uid: u32,
    #[serde(default)]
    pub(crate) starttime: u64,
    #[serde(default)]
    pub(crate) comm: String,
    #[serde(default)]
    pub(crate) cgroup_path: String,
    #[serde(default)]
    pub(crate) cgroup_name: String,
    #[serde(with = "with::pairs", default)]
    pub(crate) labels: Vec<(String, String)>,
}

/// `increment`.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Number {
    service: Option<ServiceName>,
    pub(crate) request: u64,
    pub(crate) reply: u64,
}

/// `string-reverse`.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Text {
    service: Option<ServiceName>,
    pub(crate) request: String,
    pub(crate) reply: String,
}

impl Snapshot {
    /// A copy of a reply.
    ///
    /// # Errors
    /// What is wrong with its first bad item.
    pub(crate) fn of(view: &CgroupsResponseView<'_>) -> Result<Self, WireError> {
        let item = |item: Result<CgroupsItemView<'_>, WireError>| {
            item.map(|item| SnapshotItem {
                hash: Some(item.hash),
                options: item.options,
                enabled: item.enabled,
                name: lossy(item.name),
                path: lossy(item.path),
            })
        };
        Ok(Self {
            service: Some(ServiceName::CgroupsSnapshot),
            generation: view.generation,
            systemd_enabled: view.systemd_enabled,
            items: view.iter().map(item).collect::<Result<_, _>>()?,
        })
    }
}

impl SnapshotItem {
    /// The item as it is served.
    pub(crate) fn view(&self) -> CgroupsItemView<'_> {
        let hash = || netipc::simple_hash(self.name.as_bytes());
        CgroupsItemView {
            hash: self.hash.unwrap_or_else(hash),
            options: self.options,
            enabled: self.enabled,
            name: (&self.name).into(),
            path: (&self.path).into(),
        }
    }
}

impl From<CgroupsLookupResponseView<'_>> for Cgroups {
    fn from(view: CgroupsLookupResponseView<'_>) -> Self {
        let item = |item: CgroupsLookupItem<'_>| CgroupItem {
            path: lossy(item.path.text()),
            status: item.status,
            orchestrator: item.orchestrator,
            name: lossy(item.name),
            labels: pairs(item.labels),
        };
        Self {
            service: Some(ServiceName::CgroupsLookup),
            generation: view.generation,
            items: view.iter().map(item).collect(),
        }
    }
}

impl CgroupItem {
    /// The item as it is served.
    ///
    /// # Errors
    /// Where its path cannot be one.
    pub(crate) fn view(&self) -> Result<CgroupsLookupItem<'_>, WireError> {
        Ok(CgroupsLookupItem {
            status: self.status,
            orchestrator: self.orchestrator,
            path: self.path.as_bytes().try_into()?,
            name: (&self.name).into(),
            labels: Labels::Owned(&self.labels),
        })
    }
}

impl From<AppsLookupResponseView<'_>> for Apps {
    fn from(view: AppsLookupResponseView<'_>) -> Self {
        let item = |item: AppsLookupItem<'_>| AppItem {
            pid: item.pid,
            status: item.status,
            cgroup_status: item.cgroup_status,
            orchestrator: item.orchestrator,
            ppid: item.ppid,
            uid: item.uid,
            starttime: item.starttime,
            comm: lossy(item.comm),
            cgroup_path: lossy(item.cgroup_path),
            cgroup_name: lossy(item.cgroup_name),
            labels: pairs(item.labels),
        };
        Self {
            service: Some(ServiceName::AppsLookup),
            generation: view.generation,
            items: view.iter().map(item).collect(),
        }
    }
}

impl AppItem {
    /// The item as it is served.
    pub(crate) fn view(&self) -> AppsLookupItem<'_> {
        AppsLookupItem {
            status: self.status,
            cgroup_status: self.cgroup_status,
            orchestrator: self.orchestrator,
            pid: self.pid,
            ppid: self.ppid,
            uid: self.uid,
            starttime: self.starttime,
            comm: (&self.comm).into(),
            cgroup_path: (&self.cgroup_path).into(),
            cgroup_name: (&self.cgroup_name).into(),
            labels: Labels::Owned(&self.labels),
        }
    }
}

impl Number {
    pub(crate) const fn of(request: u64, reply: u64) -> Self {
        Self {
            service: Some(ServiceName::Increment),
            request,
            reply,
        }
    }
}

impl Text {
    pub(crate) fn of(request: &[u8], reply: CStrView<'_>) -> Self {
        Self {
            service: Some(ServiceName::StringReverse),
            request: lossy(request.into()),
            reply: lossy(reply),
        }
    }
}

fn lossy(text: CStrView<'_>) -> String {
    text.to_string_lossy().into_owned()
}

fn pairs(labels: Labels<'_>) -> Vec<(String, String)> {
    let pair = |label: netipc::wire::Label<'_>| (lossy(label.key), lossy(label.value));
    labels.iter().map(pair).collect()
}

const fn enabled() -> u32 {
    1
}

const fn nobody() -> u32 {
    UID_UNSET
}
