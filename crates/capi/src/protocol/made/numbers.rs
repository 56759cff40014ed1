//! Methods, enums and sizes of the services, each held to what the crates use.
//!
//! Made from `services/*.toml` by `netipc schema generate`: change that, not this file.

use netipc::lookup::{LOOKUP_HEADER_LEN, LookupItem, LookupKey};
use netipc::protocol::MethodCode;
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookupItem, AppsLookupKey, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookupItem};

use crate::layout::layout;

/// increment: a number in, the next one out. It exists to test and to measure.
pub const NIPC_METHOD_INCREMENT: u32 = 1;
/// cgroups-snapshot: all cgroups of the host, at once.
pub const NIPC_METHOD_CGROUPS_SNAPSHOT: u32 = 2;
/// string-reverse: a text in, the same bytes backwards out. It exists to test.
pub const NIPC_METHOD_STRING_REVERSE: u32 = 3;
/// cgroups-lookup: cgroup paths in; orchestrator, name and labels of each out.
pub const NIPC_METHOD_CGROUPS_LOOKUP: u32 = 4;
/// apps-lookup: process ids in; process, user and cgroup of each out.
pub const NIPC_METHOD_APPS_LOOKUP: u32 = 5;
/// As NIPC_LOOKUP_REQ_HDR_SIZE.
pub const NIPC_CGROUPS_LOOKUP_REQ_HDR_SIZE: u32 = 16;
/// As NIPC_LOOKUP_RESP_HDR_SIZE.
pub const NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE: u32 = 16;
/// In front of the strings of an item of cgroups-lookup.
pub const NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE: u32 = 28;
/// As NIPC_LOOKUP_REQ_HDR_SIZE.
pub const NIPC_APPS_LOOKUP_REQ_HDR_SIZE: u32 = 16;
/// As NIPC_LOOKUP_RESP_HDR_SIZE.
pub const NIPC_APPS_LOOKUP_RESP_HDR_SIZE: u32 = 16;
/// In front of the strings of an item of apps-lookup.
pub const NIPC_APPS_LOOKUP_ITEM_HDR_SIZE: u32 = 60;
/// A key of a request of apps-lookup.
pub const NIPC_APPS_LOOKUP_KEY_SIZE: u32 = 8;

/// Who runs a cgroup. There may be more than are in the list yet.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum nipc_orchestrator_t {
    /// Not known.
    NIPC_ORCHESTRATOR_UNKNOWN = 0,
    /// A systemd unit or slice.
    NIPC_ORCHESTRATOR_SYSTEMD = 1,
    /// A Docker container.
    NIPC_ORCHESTRATOR_DOCKER = 2,
    /// A Kubernetes pod or container.
    NIPC_ORCHESTRATOR_K8S = 3,
    /// A virtual machine.
    NIPC_ORCHESTRATOR_KVM = 4,
    /// An LXC container.
    NIPC_ORCHESTRATOR_LXC = 5,
    /// A Podman container.
    NIPC_ORCHESTRATOR_PODMAN = 6,
    /// A systemd-nspawn container.
    NIPC_ORCHESTRATOR_NSPAWN = 7,
}

/// Whether a path is known, or why not.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum nipc_cgroup_lookup_status_t {
    /// The item holds data.
    NIPC_CGROUP_LOOKUP_KNOWN = 0,
    /// Not known yet: ask again later.
    NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER = 1,
    /// Not known, and asking again is of no use.
    NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT = 2,
    /// There was no room: clients ask again by themselves, and callers never see it.
    NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED = 3,
    /// No answer within the agreed limits can hold the item.
    NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM = 4,
}

/// Whether a process is known, or why not.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum nipc_pid_lookup_status_t {
    /// The item holds data.
    NIPC_PID_LOOKUP_KNOWN = 0,
    /// There is no such process.
    NIPC_PID_LOOKUP_UNKNOWN = 1,
    /// There was no room: clients ask again by themselves, and callers never see it.
    NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED = 2,
    /// No answer within the agreed limits can hold the item.
    NIPC_PID_LOOKUP_OVERSIZED_ITEM = 3,
}

/// Whether the cgroup of a known process is known, or why not.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum nipc_apps_cgroup_status_t {
    /// There is a path, and maybe a name and labels.
    NIPC_APPS_CGROUP_KNOWN = 0,
    /// Not known yet: ask again later. There may be a path.
    NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER = 1,
    /// Not known, and asking again is of no use. There is a path.
    NIPC_APPS_CGROUP_UNKNOWN_PERMANENT = 2,
    /// The process is in no cgroup but the host's root.
    NIPC_APPS_CGROUP_HOST_ROOT = 3,
}

/// None of the numbers is made up here.
const _: () = {
    assert!(NIPC_METHOD_INCREMENT == MethodCode::INCREMENT.0 as u32);
    assert!(NIPC_METHOD_CGROUPS_SNAPSHOT == MethodCode::CGROUPS_SNAPSHOT.0 as u32);
    assert!(NIPC_METHOD_STRING_REVERSE == MethodCode::STRING_REVERSE.0 as u32);
    assert!(NIPC_METHOD_CGROUPS_LOOKUP == MethodCode::CGROUPS_LOOKUP.0 as u32);
    assert!(NIPC_METHOD_APPS_LOOKUP == MethodCode::APPS_LOOKUP.0 as u32);
    assert!(NIPC_CGROUPS_LOOKUP_REQ_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_CGROUPS_LOOKUP_RESP_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_CGROUPS_LOOKUP_ITEM_HDR_SIZE as usize == CgroupsLookupItem::HEADER_LEN);
    assert!(NIPC_APPS_LOOKUP_REQ_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_APPS_LOOKUP_RESP_HDR_SIZE as usize == LOOKUP_HEADER_LEN);
    assert!(NIPC_APPS_LOOKUP_ITEM_HDR_SIZE as usize == AppsLookupItem::HEADER_LEN);
    assert!(NIPC_APPS_LOOKUP_KEY_SIZE as usize == <AppsLookupKey as LookupKey>::MIN_LEN);
    assert!(
        nipc_orchestrator_t::NIPC_ORCHESTRATOR_UNKNOWN as u32 == Orchestrator::UNKNOWN.0 as u32
    );
    assert!(
        nipc_orchestrator_t::NIPC_ORCHESTRATOR_SYSTEMD as u32 == Orchestrator::SYSTEMD.0 as u32
    );
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_DOCKER as u32 == Orchestrator::DOCKER.0 as u32);
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_K8S as u32 == Orchestrator::K8S.0 as u32);
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_KVM as u32 == Orchestrator::KVM.0 as u32);
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_LXC as u32 == Orchestrator::LXC.0 as u32);
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_PODMAN as u32 == Orchestrator::PODMAN.0 as u32);
    assert!(nipc_orchestrator_t::NIPC_ORCHESTRATOR_NSPAWN as u32 == Orchestrator::NSPAWN.0 as u32);
    assert!(
        nipc_cgroup_lookup_status_t::NIPC_CGROUP_LOOKUP_KNOWN as u32
            == CgroupStatus::KNOWN.0 as u32
    );
    assert!(
        nipc_cgroup_lookup_status_t::NIPC_CGROUP_LOOKUP_UNKNOWN_RETRY_LATER as u32
            == CgroupStatus::UNKNOWN_RETRY_LATER.0 as u32
    );
    assert!(
        nipc_cgroup_lookup_status_t::NIPC_CGROUP_LOOKUP_UNKNOWN_PERMANENT as u32
            == CgroupStatus::UNKNOWN_PERMANENT.0 as u32
    );
    assert!(
        nipc_cgroup_lookup_status_t::NIPC_CGROUP_LOOKUP_PAYLOAD_EXCEEDED as u32
            == CgroupStatus::PAYLOAD_EXCEEDED.0 as u32
    );
    assert!(
        nipc_cgroup_lookup_status_t::NIPC_CGROUP_LOOKUP_OVERSIZED_ITEM as u32
            == CgroupStatus::OVERSIZED_ITEM.0 as u32
    );
    assert!(nipc_pid_lookup_status_t::NIPC_PID_LOOKUP_KNOWN as u32 == PidStatus::KNOWN.0 as u32);
    assert!(
        nipc_pid_lookup_status_t::NIPC_PID_LOOKUP_UNKNOWN as u32 == PidStatus::UNKNOWN.0 as u32
    );
    assert!(
        nipc_pid_lookup_status_t::NIPC_PID_LOOKUP_PAYLOAD_EXCEEDED as u32
            == PidStatus::PAYLOAD_EXCEEDED.0 as u32
    );
    assert!(
        nipc_pid_lookup_status_t::NIPC_PID_LOOKUP_OVERSIZED_ITEM as u32
            == PidStatus::OVERSIZED_ITEM.0 as u32
    );
    assert!(
        nipc_apps_cgroup_status_t::NIPC_APPS_CGROUP_KNOWN as u32
            == AppsCgroupStatus::KNOWN.0 as u32
    );
    assert!(
        nipc_apps_cgroup_status_t::NIPC_APPS_CGROUP_UNKNOWN_RETRY_LATER as u32
            == AppsCgroupStatus::UNKNOWN_RETRY_LATER.0 as u32
    );
    assert!(
        nipc_apps_cgroup_status_t::NIPC_APPS_CGROUP_UNKNOWN_PERMANENT as u32
            == AppsCgroupStatus::UNKNOWN_PERMANENT.0 as u32
    );
    assert!(
        nipc_apps_cgroup_status_t::NIPC_APPS_CGROUP_HOST_ROOT as u32
            == AppsCgroupStatus::HOST_ROOT.0 as u32
    );
};

layout! {
    nipc_orchestrator_t: 4 {}
    nipc_cgroup_lookup_status_t: 4 {}
    nipc_pid_lookup_status_t: 4 {}
    nipc_apps_cgroup_status_t: 4 {}
}
