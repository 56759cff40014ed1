//! Random items of both lookups, and bytes that were spoilt.
#![allow(dead_code, reason = "every target uses a part")]

use std::ops::Range;

use netipc::lookup::{LookupItem, TextKey};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookupItem, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookupItem};
use netipc::wire::{Label, Labels};
use proptest::collection::vec;
use proptest::prelude::*;

/// Key and value of a label.
pub(crate) type AnyLabel = (Vec<u8>, Vec<u8>);

/// Bytes without NUL.
pub(crate) fn text(len: Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(1_u8.., len)
}

/// What an item of `cgroups-lookup` is made of.
#[derive(Clone, Debug)]
pub(crate) struct CgroupText {
    pub(crate) status: u16,
    pub(crate) orchestrator: u16,
    pub(crate) path: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) labels: Vec<AnyLabel>,
}

pub(crate) fn cgroup_text() -> impl Strategy<Value = CgroupText> {
    // Known ones most of the time; those that say "full" are the builder's.
    let status = prop_oneof![4 => Just(0_u16), 1 => 1_u16..3, 1 => Just(4_u16)];
    let parts = (status, any::<u16>(), text(1..40), text(0..80), labels());
    parts.prop_map(|(status, orchestrator, path, name, labels)| CgroupText {
        status,
        orchestrator,
        path,
        name,
        labels,
    })
}

impl CgroupText {
    pub(crate) fn labels(&self) -> Vec<Label<'_>> {
        labels_of(&self.labels)
    }

    pub(crate) fn item<'a>(&'a self, labels: &'a [Label<'a>]) -> CgroupsLookupItem<'a> {
        let path = TextKey::new(&self.path).expect("a key");
        let bare = CgroupsLookupItem::bare(path, self.status);
        match CgroupStatus(self.status) {
            CgroupStatus::KNOWN => CgroupsLookupItem {
                orchestrator: Orchestrator(self.orchestrator),
                name: (&self.name).into(),
                labels: Labels::Pairs(labels),
                ..bare
            },
            _ => bare,
        }
    }
}

/// What an item of `apps-lookup` is made of.
#[derive(Clone, Debug)]
pub(crate) struct AppsText {
    pub(crate) status: u16,
    pub(crate) cgroup_status: u16,
    pub(crate) orchestrator: u16,
    pub(crate) numbers: [u32; 3],
    pub(crate) starttime: u64,
    pub(crate) comm: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) labels: Vec<AnyLabel>,
}

pub(crate) fn apps_text() -> impl Strategy<Value = AppsText> {
    let status = prop_oneof![4 => Just(0_u16), 1 => Just(1_u16), 1 => Just(3_u16)];
    let parts = (
        (status, 0_u16..4, any::<u16>()),
        any::<[u32; 3]>(),
        any::<u64>(),
        text(1..16),
        text(1..40),
        text(0..80),
        labels(),
    );
    parts.prop_map(
        |(codes, numbers, starttime, comm, path, name, labels)| AppsText {
            status: codes.0,
            cgroup_status: codes.1,
            orchestrator: codes.2,
            numbers,
            starttime,
            comm,
            path,
            name,
            labels,
        },
    )
}

impl AppsText {
    pub(crate) fn labels(&self) -> Vec<Label<'_>> {
        labels_of(&self.labels)
    }

    pub(crate) fn item<'a>(&'a self, labels: &'a [Label<'a>]) -> AppsLookupItem<'a> {
        let [pid, ppid, uid] = self.numbers;
        let known = AppsLookupItem {
            status: PidStatus::KNOWN,
            cgroup_status: AppsCgroupStatus(self.cgroup_status),
            pid,
            ppid,
            uid,
            starttime: self.starttime,
            comm: (&self.comm).into(),
            ..AppsLookupItem::default()
        };
        if self.status != 0 {
            return AppsLookupItem::bare(pid.into(), self.status);
        }
        match known.cgroup_status {
            AppsCgroupStatus::HOST_ROOT => known,
            AppsCgroupStatus::KNOWN => AppsLookupItem {
                orchestrator: Orchestrator(self.orchestrator),
                cgroup_path: (&self.path).into(),
                cgroup_name: (&self.name).into(),
                labels: Labels::Pairs(labels),
                ..known
            },
            _ => AppsLookupItem {
                cgroup_path: (&self.path).into(),
                ..known
            },
        }
    }
}

pub(crate) fn labels_of(labels: &[AnyLabel]) -> Vec<Label<'_>> {
    let pairs = labels.iter();
    pairs.map(|(key, value)| Label::new(key, value)).collect()
}

fn labels() -> impl Strategy<Value = Vec<AnyLabel>> {
    vec((text(1..10), text(0..10)), 0..4)
}

/// `valid` with some bytes changed, cut or added; at times any bytes at all.
pub(crate) fn spoilt(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    // Small numbers are statuses, counts and offsets that nearly make sense.
    let byte = prop_oneof![2 => 0_u8..10, 1 => any::<u8>()];
    let changes = vec((any::<prop::sample::Index>(), byte), 0..4);
    let cut = prop_oneof![3 => Just(0), 1 => 0..10_usize];
    let tail = vec(any::<u8>(), 0..9);
    let changed = (changes, cut, tail).prop_map(move |(changes, cut, tail)| {
        let mut bytes = valid.clone();
        bytes.truncate(valid.len() - cut.min(valid.len()));
        bytes.extend(tail);
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    });
    prop_oneof![8 => changed, 1 => vec(any::<u8>(), 0..200)]
}
