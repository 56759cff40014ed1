//! What the providers of the suite know, for handlers to answer and for tests to compare with.

use netipc::lookup::TextKey;
use netipc::protocol::{AppsCgroupStatus, CgroupStatus, PidStatus};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem};
use netipc::service::cgroups_lookup::{CgroupsLookup, CgroupsLookupItem};
use netipc::service::cgroups_snapshot::{CgroupsItemView, CgroupsSnapshot};
use netipc::wire::{CStrView, Label, Labels};
use netipc::{Handler, simple_hash};

/// The lookup of the suite with texts as keys.
pub type Paths = CgroupsLookup;
/// The lookup of the suite with numbers as keys.
pub type Processes = AppsLookup;
/// What is known of a process.
pub type Process<'a> = AppsLookupItem<'a>;

/// The generation of everything.
pub const GENERATION: u64 = 0x8000_0000_0000_0009;

/// A provider of `count` cgroups.
#[must_use]
pub fn snapshot(count: u32, path_len: usize) -> Handler<CgroupsSnapshot> {
    Handler::<CgroupsSnapshot>::new(move |_, answer| {
        answer.set_header(1, GENERATION);
        (0..count).try_for_each(|index| with_cgroup(index, path_len, |item| answer.push(item)))
    })
}

/// Hands cgroup `index` of a snapshot to `see`.
pub fn with_cgroup<R>(
    index: u32,
    path_len: usize,
    see: impl FnOnce(&CgroupsItemView<'_>) -> R,
) -> R {
    let (name, path) = (format!("cgroup-{index}"), vec![b'p'; path_len]);
    see(&CgroupsItemView {
        hash: simple_hash(name.as_bytes()),
        options: index % 16,
        enabled: index % 3,
        name: (&name).into(),
        path: (&path).into(),
    })
}

/// A provider that knows most processes; `name_len` tells how long a cgroup name is.
#[must_use]
pub fn apps(name_len: impl Fn(u32) -> usize + Send + Sync + 'static) -> Handler<AppsLookup> {
    Handler::<AppsLookup>::new(move |request, answer| {
        answer.set_generation(GENERATION);
        request
            .keys()
            .try_for_each(|pid| with_process(pid.0, name_len(pid.0), |item| answer.add(item)))
    })
}

/// Hands what is known of `pid` to `see`.
pub fn with_process<R>(pid: u32, name_len: usize, see: impl FnOnce(&AppsLookupItem<'_>) -> R) -> R {
    let (comm, path) = (format!("c{pid}"), format!("/slice/{pid}"));
    let name = vec![b'n'; name_len];
    let labels = [Label::new("pod", "web"), Label::new("empty", "")];
    let known = AppsLookupItem {
        status: PidStatus::KNOWN,
        pid,
        ppid: pid / 2,
        uid: pid % 7,
        starttime: u64::from(pid) << 20,
        comm: (&comm).into(),
        ..AppsLookupItem::default()
    };
    see(&match pid % 5 {
        0 => AppsLookupItem {
            pid,
            ..AppsLookupItem::default()
        },
        1 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::HOST_ROOT,
            ..known
        },
        2 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_RETRY_LATER,
            ..known
        },
        3 => AppsLookupItem {
            cgroup_status: AppsCgroupStatus::UNKNOWN_PERMANENT,
            cgroup_path: (&path).into(),
            ..known
        },
        _ => AppsLookupItem {
            orchestrator: Orchestrator::K8S,
            cgroup_path: (&path).into(),
            cgroup_name: (&name).into(),
            labels: Labels::Pairs(&labels),
            ..known
        },
    })
}

/// A provider that has something to say of every path.
#[must_use]
pub fn cgroups() -> Handler<CgroupsLookup> {
    Handler::<CgroupsLookup>::new(|request, answer| {
        answer.set_generation(GENERATION);
        request
            .keys()
            .try_for_each(|path| with_path(path, |item| answer.add(item)))
    })
}

/// Hands what is known of `path` to `see`.
pub fn with_path<R>(path: TextKey<'_>, see: impl FnOnce(&CgroupsLookupItem<'_>) -> R) -> R {
    let labels = [Label::new("image", "web"), Label::new("k", "")];
    let bare = CgroupsLookupItem {
        status: CgroupStatus::KNOWN,
        orchestrator: Orchestrator::UNKNOWN,
        path,
        name: CStrView::EMPTY,
        labels: Labels::NONE,
    };
    see(&match simple_hash(path.as_bytes()) % 4 {
        0 => CgroupsLookupItem {
            status: CgroupStatus::UNKNOWN_RETRY_LATER,
            ..bare
        },
        1 => CgroupsLookupItem {
            status: CgroupStatus::UNKNOWN_PERMANENT,
            ..bare
        },
        2 => bare,
        _ => CgroupsLookupItem {
            orchestrator: Orchestrator::DOCKER,
            name: path.text(),
            labels: Labels::Pairs(&labels),
            ..bare
        },
    })
}
