//! Whole machines, as people have them, and what they would want to see.
#![expect(
    clippy::unwrap_used,
    reason = "what was made and is not there is a failed test"
)]

mod support;

use std::fs;

use netipc_host::{AppCgroup, HostSnapshot, Orchestrator, options};
use support::{ID_A, ID_B, Machine, POD, refresh, stat, text};

const OTHER_POD: &str = "11111111-2222-3333-4444-555555555555";

/// Names of the enabled cgroups, in order.
fn enabled(snapshot: &HostSnapshot) -> Vec<String> {
    let cgroups = snapshot.cgroups().iter().filter(|cgroup| cgroup.enabled());
    let mut names: Vec<String> = cgroups.map(|cgroup| text(cgroup.name())).collect();
    names.sort();
    names
}

fn name_of_process(snapshot: &HostSnapshot, pid: u32) -> String {
    match snapshot.app(pid).unwrap().cgroup {
        AppCgroup::Known(cgroup) => text(cgroup.name()),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_recreated_pod_beside_its_predecessor() {
    let machine = Machine::v2(&[]);
    for (uid, id) in [(POD, ID_A), (OTHER_POD, ID_B)] {
        machine.cgroup(&format!("/kubepods/burstable/pod{uid}/{id}"));
        machine.write(&format!("var/log/pods/prod_db-0_{uid}/x"), "");
        machine.write(&format!("var/log/containers/db-0_prod_pg-{id}.log"), "");
    }
    let expected = ["prod/db-0/pg@aaaaaaaaaaaa", "prod/db-0/pg@bbbbbbbbbbbb"];
    assert_eq!(enabled(&machine.look()), expected);
}

#[test]
fn containers_of_one_name_in_two_others() {
    let machine = Machine::v2(&[
        "/lxc.payload.c1/lxc.payload.web",
        "/lxc.payload.c2/lxc.payload.web",
    ]);
    assert_eq!(enabled(&machine.look()), ["c1", "c2", "web@c1", "web@c2"]);
}

#[test]
fn a_name_that_looks_like_the_one_that_tells_apart() {
    let machine = Machine::v2(&[
        "/lxc/web",
        "/machine.slice/web.service",
        "/lxc/web@lxc",
        "/lxc/web@nspawn",
    ]);
    let names = enabled(&machine.look());
    let mut different = names.clone();
    different.dedup();
    assert_eq!((names.len(), &names), (4, &different));
    assert!(
        names.contains(&"web@lxc".into()) && names.contains(&"web@nspawn".into()),
        "{names:?}"
    );
}

#[test]
fn a_version_1_machine_seen_from_a_container_of_docker() {
    let machine = Machine::v1(&["cpu,cpuacct", "memory", "systemd"]);
    for hierarchy in ["cpu,cpuacct", "memory", "systemd"] {
        for cgroup in [
            &format!("/docker/{ID_A}"),
            &format!("/docker/{ID_B}"),
            "/system.slice/a.service",
        ] {
            machine.cgroup(&format!("/{hierarchy}{cgroup}"));
        }
    }
    let lines = |path: &str| {
        format!("4:cpu,cpuacct:{path}\n3:memory:{path}\n1:name=systemd:{path}\n0::/../..\n")
    };
    for (pid, path) in [
        (1, "/../../system.slice/a.service"),
        (2, "/../.."),
        (3, "/"),
        (4, &format!("/../{ID_B}")),
    ] {
        machine.write(&format!("proc/{pid}/stat"), stat(pid, b"x", 1, 0));
        machine.write(&format!("proc/{pid}/cgroup"), lines(path));
    }
    let snapshot = machine.look();
    assert_eq!(name_of_process(&snapshot, 1), "a.service");
    assert_eq!(name_of_process(&snapshot, 2), "HostRoot");
    assert_eq!(name_of_process(&snapshot, 3), "docker-aaaaaaaaaaaa");
    assert_eq!(name_of_process(&snapshot, 4), "docker-bbbbbbbbbbbb");
}

#[test]
fn a_task_of_fargate_with_two_containers() {
    let task = "34dc0b5e626f2c5c4c5170e34b10e765";
    let machine = Machine::v2(&[
        &format!("/ecs/{task}/{task}-11"),
        &format!("/ecs/{task}/{task}-22"),
    ]);
    let expected = ["container-34dc0b5e626f-11", "container-34dc0b5e626f-22"];
    assert_eq!(enabled(&machine.look()), expected);
}

#[test]
fn nomad_with_tasks_of_two_drivers() {
    let alloc = "0d3f6b1e-52a4-4c7e-9b3d-7f1e2a9c4d55";
    let machine = Machine::v2(&[
        &format!("/nomad.slice/share.slice/{alloc}.api.scope"),
        &format!("/nomad.slice/reserve.slice/{OTHER_POD}.api.scope"),
        &format!("/nomad.slice/share.slice/docker-{ID_A}.scope"),
    ]);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        r#"{"Name":"/cache-0d3f6b1e","Config":{"Image":"redis"}}"#,
    );
    let snapshot = machine.look();
    assert_eq!(
        enabled(&snapshot),
        ["api@0d3f6b1e", "api@11111111", "cache-0d3f6b1e"]
    );
    let api = snapshot
        .cgroups()
        .iter()
        .find(|cgroup| cgroup.name().starts_with(b"api@0d"));
    let labels = api.unwrap().labels();
    assert_eq!(labels.find("allocation_id"), Some(alloc.as_bytes()));
}

#[test]
fn kubernetes_in_docker() {
    let pod = POD.replace('-', "_");
    let node = format!("/docker/{ID_A}");
    let inside = format!(
        "{node}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{pod}.slice/cri-containerd-{ID_B}.scope"
    );
    let machine = Machine::v2(&[
        &inside,
        &format!("{node}/init"),
        &format!("{node}/system.slice/containerd.service"),
    ]);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        r#"{"Name":"/kind-control-plane","Config":{"Image":"kindest/node"}}"#,
    );
    machine.process(1, "systemd", &format!("{node}/init"));
    let snapshot = machine.look();
    let container = format!("pod-{POD}/bbbbbbbbbbbb");
    assert_eq!(enabled(&snapshot), ["kind-control-plane", &container]);
    assert_eq!(name_of_process(&snapshot, 1), "kind-control-plane");
}

#[test]
fn a_hybrid_machine_with_a_runtime_started_from_a_session() {
    let machine = Machine::v1(&["memory", "systemd", "unified"]);
    let session = "/user.slice/user-1000.slice/session-2.scope/very/deep";
    machine.cgroup(&format!("/memory/libpod_parent/libpod-{ID_A}"));
    machine.cgroup(&format!("/systemd{session}"));
    machine.cgroup(&format!("/unified{session}"));
    machine.write("proc/5/stat", stat(5, b"x", 1, 0));
    let lines =
        format!("7:memory:/libpod_parent/libpod-{ID_A}\n1:name=systemd:{session}\n0::{session}\n");
    machine.write("proc/5/cgroup", lines);
    assert_eq!(name_of_process(&machine.look(), 5), "podman-aaaaaaaaaaaa");
}

#[test]
fn a_machine_that_changes_from_version_1_to_2_meanwhile() {
    let machine = Machine::v1(&["memory", "pids"]);
    machine.cgroup("/memory/docker/abc");
    let host = machine.host();
    refresh(&host);
    let old = host.current();
    assert_eq!(
        old.cgroups().find(b"/docker/abc").unwrap().options() & options::UNIFIED,
        0
    );

    let root = machine.cgroup_path("");
    fs::rename(&root, machine.path("old")).unwrap();
    refresh(&host);
    assert_eq!(
        enabled(&host.current()),
        ["docker-abc"],
        "what was known is kept"
    );
    machine.write("sys/fs/cgroup/cgroup.controllers", "");
    machine.cgroup("/docker/abc");
    machine.cgroup("/docker/def");
    refresh(&host);
    let new = host.current();
    assert_eq!(enabled(&new), ["docker-abc", "docker-def"]);
    let abc = new.cgroups().find(b"/sys/fs/cgroup/docker/abc").unwrap();
    assert_ne!(abc.options() & options::UNIFIED, 0);
}

#[test]
fn rootless_containers_of_a_user_below_another_root() {
    let slice = "/user.slice/user-1001.slice/user@1001.service";
    let keys = [
        format!("{slice}/user.slice/libpod-{ID_A}.scope/container"),
        format!("{slice}/app.slice/shop.service/libpod-payload-{ID_B}"),
        format!("{slice}/app.slice/shop.service/runtime"),
    ];
    let machine = Machine::v2(&[&keys[0], &keys[1], &keys[2]]);
    machine.write(
        "etc/passwd",
        "bob:x:1001:1001:Bob:/srv/people/bob:/bin/sh\n",
    );
    machine.write(
        "srv/people/bob/.local/share/containers/storage/overlay-containers/containers.json",
        format!(r#"[{{"id":"{ID_A}","names":["bobs"]}},{{"id":"{ID_B}","names":["shop"]}}]"#),
    );
    machine.process(9, "app", &keys[0]);
    let snapshot = machine.look();
    let names = enabled(&snapshot);
    assert!(
        names.contains(&"bobs".into()) && names.contains(&"shop".into()),
        "{names:?}"
    );
    assert_eq!(name_of_process(&snapshot, 9), "bobs");
    let conmon = snapshot.cgroups().by_key(keys[2].as_bytes()).unwrap();
    assert_eq!(
        (conmon.orchestrator(), conmon.enabled()),
        (Orchestrator::Systemd, false)
    );
}

#[test]
fn a_machine_by_unit_and_by_scope_is_two_cgroups() {
    let machine = Machine::v2(&[
        "/machine.slice/machine-deb.scope",
        "/machine.slice/systemd-nspawn@deb.service",
    ]);
    let expected = [
        "deb@machine.slice/machine-deb.scope",
        "deb@machine.slice/systemd-nspawn@deb.service",
    ];
    assert_eq!(enabled(&machine.look()), expected);
}
