//! One cgroup in all the ways in which its path is written.
#![expect(
    clippy::unwrap_used,
    reason = "what was made and is not there is a failed test"
)]

mod support;

use std::{collections::BTreeSet, fs, os::unix::fs::symlink};

use netipc_host::{AppCgroup, CgroupAnswer, HostSnapshot};
use proptest::prelude::*;
use support::{ID_A, ID_B, Machine, POD, text};

fn key_of(snapshot: &HostSnapshot, path: &str) -> Option<String> {
    match snapshot.cgroup(path.as_bytes()) {
        CgroupAnswer::Known(cgroup) => Some(text(cgroup.key())),
        _ => None,
    }
}

fn cgroup_of(snapshot: &HostSnapshot, pid: u32) -> String {
    match snapshot.app(pid).unwrap().cgroup {
        AppCgroup::Known(cgroup) => text(cgroup.key()),
        AppCgroup::HostRoot => "the machine".into(),
        AppCgroup::Permanent(path) => format!("never {}", text(path)),
        AppCgroup::RetryLater(path) => format!("later {}", text(path)),
    }
}

/// How the kernel writes `key` for a reader whose cgroup namespace begins at `root`.
fn seen_from(root: &str, key: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (root, key) = (parts(root), parts(key));
    let common = root.iter().zip(&key).take_while(|(a, b)| a == b).count();
    let path = "/..".repeat(root.len() - common) + "/" + &key[common..].join("/");
    match path.strip_suffix('/') {
        Some(path) if !path.is_empty() => path.to_owned(),
        _ => path,
    }
}

#[test]
fn the_kernel_writes_paths_as_the_tests_do() {
    for (root, key, seen) in [
        ("/a/b", "/a/b", "/"),
        ("/a/b", "/a/b/c", "/c"),
        ("/a/b", "/a/x", "/../x"),
        ("/a/b", "/a", "/.."),
        ("/a/b", "/", "/../.."),
        ("/a/b", "/x/y", "/../../x/y"),
    ] {
        assert_eq!(seen_from(root, key), seen, "{key} from {root}");
    }
}

#[test]
fn linked_and_joined_controllers_are_the_same_hierarchy() {
    let machine = Machine::v1(&["cpu,cpuacct", "memory", "net_cls,net_prio"]);
    symlink("cpu,cpuacct", machine.cgroup_path("/cpu")).unwrap();
    symlink("cpu,cpuacct", machine.cgroup_path("/processors")).unwrap();
    symlink("memory", machine.cgroup_path("/broken-after")).unwrap();
    machine.cgroup("/cpu,cpuacct/docker/abc");
    let snapshot = machine.look();
    let root = machine.cgroup_path("");
    for controller in [
        "cpu,cpuacct",
        "cpu",
        "cpuacct",
        "processors",
        "net_prio",
        "broken-after",
    ] {
        for root in [
            root.to_str().unwrap(),
            "/sys/fs/cgroup",
            "/host/sys/fs/cgroup",
        ] {
            let path = format!("{root}/{controller}/docker/abc");
            assert_eq!(
                key_of(&snapshot, &path).as_deref(),
                Some("/docker/abc"),
                "{path}"
            );
        }
    }
    assert_eq!(key_of(&snapshot, "/sys/fs/cgroup/blkio/docker/abc"), None);
}

#[test]
fn the_root_may_be_reached_by_a_link() {
    let machine = Machine::v2(&["/docker/abc"]);
    symlink(machine.cgroup_path(""), machine.path("link")).unwrap();
    let mut config = machine.config();
    config.cgroup_root = machine.path("link/");
    let host = netipc_host::Host::new(config);
    support::refresh(&host);
    for root in [machine.path("link"), machine.cgroup_path("")] {
        let path = format!("{}/docker/abc", root.display());
        assert_eq!(
            key_of(&host.current(), &path).as_deref(),
            Some("/docker/abc"),
            "{path}"
        );
    }
}

#[test]
fn a_removed_cgroup_keeps_its_path() {
    let machine = Machine::v2(&["/system.slice/back.service", "/odd (deleted)"]);
    machine.process(1, "zombie", "/system.slice/gone.service (deleted)");
    machine.process(2, "zombie", "/system.slice/back.service (deleted)");
    let host = machine.host();
    support::refresh(&host);
    support::refresh(&host);
    let snapshot = host.current();
    assert_eq!(cgroup_of(&snapshot, 1), "never /system.slice/gone.service");
    assert_eq!(cgroup_of(&snapshot, 2), "/system.slice/back.service");
    assert_eq!(
        key_of(&snapshot, "/odd (deleted)").as_deref(),
        Some("/odd (deleted)")
    );
}

/// A node of Kubernetes, seen from the container `own`.
fn node(own: &str) -> (Machine, Vec<String>) {
    let slice = "/kubepods.slice/kubepods-burstable.slice";
    let pod = format!(
        "{slice}/kubepods-burstable-pod{}.slice",
        POD.replace('-', "_")
    );
    let keys = [
        format!("{pod}/cri-containerd-{ID_A}.scope"),
        format!("{pod}/cri-containerd-{ID_B}.scope"),
        "/system.slice/sshd.service".to_owned(),
        "/".to_owned(),
    ];
    let machine = Machine::v2(&[]);
    for (pid, key) in (1..).zip(&keys) {
        machine.cgroup(key);
        machine.process(pid, "process", &seen_from(own, key));
    }
    (machine, keys.into())
}

#[test]
fn processes_are_found_from_inside_a_namespace() {
    let (_, keys) = node("/");
    for own in &keys[..3] {
        let (machine, keys) = node(own);
        let snapshot = machine.look();
        for (pid, key) in (1..).zip(&keys[..3]) {
            assert_eq!(cgroup_of(&snapshot, pid), *key, "from {own}");
            let path = seen_from(own, key);
            assert_eq!(
                key_of(&snapshot, &path).as_ref(),
                Some(key),
                "{path} from {own}"
            );
        }
        assert_eq!(cgroup_of(&snapshot, 4), "the machine", "from {own}");
    }
}

#[test]
fn a_namespace_that_shows_only_itself_is_not_the_machine() {
    let machine = Machine::v2(&["/init.scope"]);
    machine.write("sys/fs/cgroup/cgroup.type", "domain\n");
    machine.process(1, "init", "/init.scope");
    machine.process(2, "agent", "/");
    let host = machine.host();
    support::refresh(&host);
    support::refresh(&host);
    assert_eq!(cgroup_of(&host.current(), 1), "/init.scope");
    assert_eq!(cgroup_of(&host.current(), 2), "never /");
}

#[test]
fn a_pod_that_sees_no_more_than_its_own_processes_is_found() {
    let (_, keys) = node("/");
    let (machine, keys) = node(&keys[0]);
    // Neither kernel threads nor anything else of the machine is in this namespace of processes.
    for pid in [3, 4] {
        fs::remove_dir_all(machine.path(&format!("proc/{pid}"))).unwrap();
    }
    let snapshot = machine.look();
    assert_eq!(cgroup_of(&snapshot, 1), keys[0]);
    assert_eq!(cgroup_of(&snapshot, 2), keys[1]);
}

#[test]
fn what_cannot_be_told_from_inside_a_namespace_is_unknown() {
    // Two places where the namespace may begin, and no process in the machine's root.
    let machine = Machine::v2(&["/a/x/one", "/b/x/one", "/c/only.scope"]);
    machine.process(1, "own", "/");
    machine.process(2, "beside", "/../one");
    machine.process(3, "elsewhere", "/../only.scope");
    let host = machine.host();
    support::refresh(&host);
    support::refresh(&host);
    assert_eq!(cgroup_of(&host.current(), 1), "never /");
    assert_eq!(cgroup_of(&host.current(), 2), "never /../one");
    assert_eq!(cgroup_of(&host.current(), 3), "/c/only.scope");
}

/// Names of every sort that cgroups have.
fn part() -> impl Strategy<Value = String> {
    let sorts = [
        "system.slice",
        "a.service",
        "docker",
        "lxc",
        "kubepods",
        "burstable",
        "pod0f1e2d3c",
        "machine.slice",
        "x.scope",
        "web",
        "..a",
        "a b",
        "a..",
        "a (deleted) b",
        "a:b:c",
        ID_A,
    ];
    prop_oneof![4 => prop::sample::select(sorts.to_vec()).prop_map(str::to_owned), 1 => "[a-z]{1,3}"]
}

fn tree() -> impl Strategy<Value = BTreeSet<String>> {
    let path =
        prop::collection::vec(part(), 1..5).prop_map(|parts| format!("/{}", parts.join("/")));
    prop::collection::btree_set(path, 1..12)
}

fn all_keys(snapshot: &HostSnapshot) -> Vec<String> {
    let cgroups = snapshot.cgroups().iter();
    cgroups
        .map(|cgroup| String::from_utf8_lossy(cgroup.key()).into_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_cgroup_is_found_by_every_spelling(tree in tree()) {
        let machine = Machine::v2(&[]);
        tree.iter().for_each(|key| machine.cgroup(key));
        let snapshot = machine.look();
        let keys = all_keys(&snapshot);
        prop_assert!(tree.iter().all(|key| keys.contains(key)));
        let root = machine.cgroup_path("").display().to_string();
        for key in &keys {
            for path in [
                key.clone(),
                format!("{key}/"),
                format!("{key} (deleted)"),
                key.replace('/', "//"),
                key.replace('/', "/./"),
                format!("/nowhere/..{key}"),
                format!("{root}{key}"),
                format!("/sys/fs/cgroup{key}"),
                format!("/host/sys/fs/cgroup/{key}/"),
            ] {
                prop_assert_eq!(key_of(&snapshot, &path), Some(key.escape_default().to_string()), "{}", path);
            }
        }
    }

    #[test]
    fn every_process_is_placed_from_every_namespace(tree in tree(), at in any::<prop::sample::Index>()) {
        let machine = Machine::v2(&[]);
        tree.iter().for_each(|key| machine.cgroup(key));
        let keys = all_keys(&machine.look());
        let own = at.get(&keys);
        machine.process(1, "root", &seen_from(own, "/"));
        for (pid, key) in (2..).zip(&keys) {
            machine.process(pid, "process", &seen_from(own, key));
        }
        let snapshot = machine.look();
        prop_assert_eq!(cgroup_of(&snapshot, 1), "the machine");
        // With a process in every cgroup there is one place where the namespace can begin.
        for (pid, key) in (2..).zip(&keys) {
            prop_assert_eq!(cgroup_of(&snapshot, pid), text(key.as_bytes()), "from {}", own);
        }
    }

    #[test]
    fn identification_is_total_and_stable(tree in tree(), more in tree()) {
        let machine = Machine::v2(&[]);
        tree.iter().for_each(|key| machine.cgroup(key));
        let host = machine.host();
        prop_assert!(support::refresh(&host).changed);
        prop_assert!(!support::refresh(&host).changed);
        let before = host.current();
        let mut names = BTreeSet::new();
        for cgroup in before.cgroups().iter() {
            prop_assert!(!cgroup.name().is_empty());
            prop_assert!(!cgroup.enabled() || names.insert(cgroup.name().to_vec()), "{:?}", text(cgroup.name()));
        }
        more.iter().for_each(|key| machine.cgroup(key));
        support::refresh(&host);
        let after = host.current();
        for cgroup in before.cgroups().iter() {
            let same = after.cgroups().by_key(cgroup.key()).unwrap();
            prop_assert_eq!(
                (cgroup.kind(), cgroup.orchestrator(), cgroup.labels(), cgroup.enabled()),
                (same.kind(), same.orchestrator(), same.labels(), same.enabled())
            );
        }
        more.difference(&tree).for_each(|key| { let _ = fs::remove_dir(machine.cgroup_path(key)); });
    }
}
