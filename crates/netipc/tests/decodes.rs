//! The quick look at an item never passes what decoding refuses, and passes what encoders write.

use netipc::lookup::{LookupItem, TextKey};
use netipc::service::Orchestrator;
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookupItem, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookupItem};
use netipc::wire::{Decode, Encode, Label, Labels, Writer};

/// Holds the quick look at `item` against its decoder, whole and with each byte spoilt in turn.
macro_rules! agrees {
    ($form:ident, $item:expr) => {{
        let item = $item;
        let mut bytes = vec![0; item.size()];
        item.encode(&mut Writer::new(&mut bytes)).unwrap();
        assert!($form::decodes(&bytes), "{item:?}");
        assert_eq!($form::decode(&bytes).unwrap(), item);
        for len in 0..bytes.len() {
            assert!(!$form::decodes(&bytes[..len]), "{item:?} cut to {len}");
        }
        let mut spoilt = bytes.clone();
        for at in 0..bytes.len() {
            let was = bytes[at];
            for value in [0, 1, 2, 7, 8, b'x', 0x80, 0xff, was ^ 1, was ^ 8] {
                spoilt[at] = value;
                let passed = $form::decodes(&spoilt);
                let decoded = $form::decode(&spoilt);
                assert!(!passed || decoded.is_ok(), "{value} at {at} of {item:?}");
            }
            spoilt[at] = was;
        }
    }};
}

#[test]
fn cgroups() {
    let long = "l".repeat(200);
    let labels = [
        Label::new("namespace", "bench"),
        Label::new("empty", ""),
        Label::new("image", &long),
    ];
    let key = |text: &'static str| TextKey::new(text.as_bytes()).unwrap();
    for path in [
        "/",
        "/system.slice/docker-0123456789abcdef.scope/init/0123456789abcdef",
    ] {
        agrees!(
            CgroupsLookupItem,
            CgroupsLookupItem::bare(key(path), CgroupStatus::UNKNOWN_PERMANENT.0)
        );
        for labels in [&labels[..0], &labels[..2], &labels] {
            agrees!(
                CgroupsLookupItem,
                CgroupsLookupItem {
                    status: CgroupStatus::KNOWN,
                    orchestrator: Orchestrator::K8S,
                    path: key(path),
                    name: "pod".into(),
                    labels: Labels::Pairs(labels),
                }
            );
        }
    }
}

#[test]
fn processes() {
    let labels = [Label::new("namespace", "bench")];
    agrees!(
        AppsLookupItem,
        AppsLookupItem {
            status: PidStatus::UNKNOWN,
            pid: 7,
            ..AppsLookupItem::default()
        }
    );
    agrees!(
        AppsLookupItem,
        AppsLookupItem {
            status: PidStatus::KNOWN,
            orchestrator: Orchestrator::DOCKER,
            cgroup_status: AppsCgroupStatus::KNOWN,
            pid: 7,
            ppid: 1,
            uid: 1000,
            starttime: 12_345,
            comm: "bench".into(),
            cgroup_path: "/system.slice/docker-bench.scope".into(),
            cgroup_name: "docker-bench".into(),
            labels: Labels::Pairs(&labels),
        }
    );
}
