//! More whole machines, as people have them.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "what was made and is not there is a failed test"
)]

mod support;

use std::{fs, os::unix::fs::symlink};

use netipc_host::{AppCgroup, CgroupAnswer, HostConfig, HostSnapshot, Orchestrator};
use support::{ID_A, ID_B, Machine, POD, refresh, stat, text};

fn enabled(snapshot: &HostSnapshot) -> Vec<String> {
    let cgroups = snapshot.cgroups().iter().filter(|cgroup| cgroup.enabled());
    let mut names: Vec<String> = cgroups.map(|cgroup| text(cgroup.name())).collect();
    names.sort();
    names
}

fn name_of(snapshot: &HostSnapshot, path: &str) -> String {
    match snapshot.cgroup(path.as_bytes()) {
        CgroupAnswer::Known(cgroup) => text(cgroup.name()),
        other => format!("{other:?}"),
    }
}

/// What a source says of itself.
fn report(snapshot: &HostSnapshot, source: &str) -> String {
    let mut sources = snapshot.sources().iter();
    sources.find(|it| it.name() == source).unwrap().to_string()
}

fn docker(machine: &Machine, root: &str, id: &str, name: &str) {
    let file = format!("{root}/containers/{id}/config.v2.json");
    machine.write(
        &file,
        format!(r#"{{"Name": "/{name}", "Config": {{"Image": "x"}}}}"#),
    );
}

// Kind A.
#[test]
fn five_things_called_web_and_a_service_of_that_name() {
    let machine = Machine::v2(&[
        "/machine.slice/machine-qemu\\x2d3\\x2dweb.scope",
        "/lxc.payload.web",
        "/machine.slice/systemd-nspawn@web.service",
        &format!("/docker/{ID_A}"),
        &format!("/machine.slice/libpod-{ID_B}.scope"),
        "/system.slice/web.service",
    ]);
    docker(&machine, "var/lib/docker", ID_A, "web");
    let podman = format!(r#"[{{"id": "{ID_B}", "names": ["web"]}}]"#);
    machine.write(
        "var/lib/containers/storage/overlay-containers/containers.json",
        podman,
    );
    let host = machine.host();
    refresh(&host);
    let all = [
        "web.service",
        "web@docker",
        "web@kvm",
        "web@lxc",
        "web@nspawn",
        "web@podman",
    ];
    assert_eq!(enabled(&host.current()), all);
    assert_eq!(
        host.current().cgroups().clashes().len(),
        1,
        "one line tells"
    );
    for gone in [
        "/lxc.payload.web",
        &format!("/docker/{ID_A}"),
        "/machine.slice/systemd-nspawn@web.service",
    ] {
        machine.remove_cgroup(gone);
    }
    refresh(&host);
    assert_eq!(
        enabled(&host.current()),
        ["web.service", "web@kvm", "web@podman"]
    );
    machine.remove_cgroup(&format!("/machine.slice/libpod-{ID_B}.scope"));
    refresh(&host);
    assert_eq!(enabled(&host.current()), ["web", "web.service"]);
}

// Kind A.
#[test]
fn ids_that_begin_alike_are_told_apart_by_the_whole() {
    let ids = [7, 8].map(|index| format!("{index:064x}"));
    let pod = format!("/kubepods/besteffort/pod{POD}");
    let machine = Machine::v2(&[&format!("{pod}/{}", ids[0]), &format!("{pod}/{}", ids[1])]);
    let names = ids.map(|id| format!("pod-{POD}/000000000000@{id}"));
    assert_eq!(enabled(&machine.look()), names);
}

// Kinds A and F.
#[test]
fn a_virtual_machine_whose_threads_are_wanted_keeps_its_name() {
    let vm = "/machine.slice/machine-qemu\\x2d1\\x2ddb.scope";
    let below = |part: &str| format!("{vm}/libvirt/{part}");
    let machine = Machine::v2(&[&below("vcpu0"), &below("vcpu1"), &below("emulator")]);
    let mut config = machine.config();
    config.policy.enable("*/vcpu*");
    let host = netipc_host::Host::new(config);
    refresh(&host);
    assert_eq!(
        enabled(&host.current()),
        ["db", "db/libvirt/vcpu0", "db/libvirt/vcpu1"]
    );
}

// Kind B.
#[test]
fn a_hybrid_machine_is_asked_by_every_name_of_its_directories() {
    let machine = Machine::v1(&["cpu,cpuacct", "memory", "systemd", "unified"]);
    let root = machine.path("sys/fs/cgroup");
    for link in ["cpu", "cpuacct"] {
        symlink("cpu,cpuacct", root.join(link)).unwrap();
    }
    let key = format!("/docker/{ID_A}");
    for hierarchy in ["cpu,cpuacct", "memory", "systemd"] {
        machine.cgroup(&format!("/{hierarchy}{key}"));
    }
    let now = machine.look();
    let root = root.display();
    for path in [
        key.clone(),
        format!("//docker/.//{ID_A}/"),
        format!("/x/..{key} (deleted)"),
        format!("{root}/cpuacct{key}"),
        format!("{root}/cpu,cpuacct{key}/"),
        format!("{root}/memory/{key}"),
        format!("/sys/fs/cgroup/cpu{key}"),
        format!("/sys/fs/cgroup/systemd{key} (deleted)"),
        format!("/host/sys/fs/cgroup/memory{key}"),
        format!("/rootfs/run/../sys/fs/cgroup/cpu,cpuacct{key}"),
    ] {
        assert_eq!(name_of(&now, &path), "docker-aaaaaaaaaaaa", "{path}");
    }
}

// Kind C.
#[test]
fn runtimes_inside_of_runtimes() {
    use Orchestrator::{Docker, Kubernetes, Podman};
    let uid = POD.replace('-', "_");
    let kubelet = format!(
        "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{uid}.slice"
    );
    let docker = format!("/docker/{ID_A}");
    let user = "/user.slice/user-1000.slice/user@1000.service/app.slice";
    for (path, orchestrator) in [
        // Kubernetes in Docker, with both drivers, and k3s below its own unit.
        (
            format!("{docker}/kubelet/kubepods/burstable/pod{POD}/"),
            Kubernetes,
        ),
        (
            format!("/system.slice/docker-{ID_A}.scope/{kubelet}/cri-containerd-"),
            Kubernetes,
        ),
        (
            format!("/system.slice/k3s.service/kubepods/burstable/pod{POD}/"),
            Kubernetes,
        ),
        // Docker in Docker, in LXC, and in a Proxmox container.
        (format!("{docker}/docker/"), Docker),
        ("/lxc.payload.ci/system.slice/docker-".to_owned(), Docker),
        ("/lxc/101/ns/docker/".to_owned(), Docker),
        // Rootless Docker without systemd's help, and Podman without it.
        (format!("{user}/docker.service/docker/"), Docker),
        ("/libpod_parent/libpod-".to_owned(), Podman),
    ] {
        identified(&format!("{path}{ID_B}"), orchestrator, ID_B);
    }
    identified(&format!("{docker}/system.slice/ssh.service"), Docker, ID_A);
}

/// Holds what is said of the one cgroup of a machine.
fn identified(path: &str, orchestrator: Orchestrator, id: &str) {
    let now = Machine::v2(&[path]).look();
    let CgroupAnswer::Known(cgroup) = now.cgroup(path.as_bytes()) else {
        panic!("{path} is not there");
    };
    assert_eq!(cgroup.orchestrator(), orchestrator, "{path}");
    let mut labels = cgroup.labels().iter();
    let found = labels.find(|label| label.key() == b"container_id");
    assert_eq!(text(found.unwrap().value()), id, "{path}");
}

// Kind D.
#[test]
fn a_runtime_that_was_started_from_a_login_session() {
    let machine = Machine::v1(&["cpu,cpuacct", "memory", "systemd", "unified"]);
    let session = "/user.slice/user-0.slice/session-3.scope";
    machine.cgroup(&format!("/unified{session}/very/deep/inside"));
    machine.cgroup(&format!("/systemd{session}"));
    for hierarchy in ["cpu,cpuacct", "memory"] {
        machine.cgroup(&format!("/{hierarchy}/lxc/web"));
    }
    let lines = |gone: &str| {
        format!(
            "9:memory:/lxc/web{gone}\n4:cpu,cpuacct:/lxc/web{gone}\n1:name=systemd:{session}\n0::{session}/very/deep/inside\n"
        )
    };
    for (pid, gone) in [(10, ""), (11, " (deleted)")] {
        machine.write(&format!("proc/{pid}/stat"), stat(pid, b"app", 1, 5));
        machine.write(&format!("proc/{pid}/cgroup"), lines(gone));
    }
    let now = machine.look();
    for pid in [10, 11] {
        let AppCgroup::Known(cgroup) = now.app(pid).unwrap().cgroup else {
            panic!("the cgroup of {pid} is there");
        };
        assert_eq!(
            (text(cgroup.name()), cgroup.orchestrator()),
            ("web".into(), Orchestrator::Lxc)
        );
    }
}

// Kind E.
#[test]
fn users_whose_homes_are_elsewhere_and_a_daemon_whose_data_is() {
    let machine = Machine::v2(&[
        &format!("/docker/{ID_A}"),
        &format!("/system.slice/docker-{ID_B}.scope"),
    ]);
    machine.write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\njoe:x:1001:1001::/srv/homes/joe:/bin/sh\n",
    );
    machine.write("etc/docker/daemon.json", r#"{"data-root": "/data/docker"}"#);
    docker(&machine, "data/docker", ID_A, "billing");
    docker(&machine, "srv/homes/joe/.local/share/docker", ID_B, "joes");
    assert_eq!(enabled(&machine.look()), ["billing", "joes"]);
}

// Kind E.
#[test]
fn a_pod_of_which_only_a_containers_file_tells() {
    let pod = format!("/kubepods/besteffort/pod{POD}");
    let machine = Machine::v2(&[&format!("{pod}/{ID_A}")]);
    machine.write(
        &format!("run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID_A}/config.json"),
        r#"{"annotations": {
            "io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-name": "cart-0",
            "io.kubernetes.cri.container-name": "app", "io.kubernetes.cri.container-type": "container"}}"#,
    );
    let now = machine.look();
    assert_eq!(name_of(&now, &pod), "shop/cart-0");
    assert_eq!(name_of(&now, &format!("{pod}/{ID_A}")), "shop/cart-0/app");
}

// Kinds E and G.
#[test]
fn what_a_source_says_of_damaged_files_changes_only_when_they_do() {
    let ids: Vec<String> = (0..20).map(|index| format!("{index:064x}")).collect();
    let paths: Vec<String> = ids.iter().map(|id| format!("/docker/{id}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let machine = Machine::v2(&paths);
    for id in &ids {
        machine.write(
            &format!("var/lib/docker/containers/{id}/config.v2.json"),
            "{",
        );
    }
    let host = machine.host();
    refresh(&host);
    let said = report(&host.current(), "docker");
    assert!(
        said.contains(&ids[0]) && said.contains("cannot read"),
        "{said}"
    );
    let cgroups = machine.path("sys/fs/cgroup");
    for round in 0..10 {
        refresh(&host);
        assert_eq!(report(&host.current(), "docker"), said, "{round}");
        if round == 5 {
            // It is about Docker's files, whatever becomes of the cgroups.
            fs::rename(&cgroups, machine.path("away")).unwrap();
        }
    }
    for id in &ids {
        docker(&machine, "var/lib/docker", id, &id[60..]);
    }
    fs::rename(machine.path("away"), &cgroups).unwrap();
    refresh(&host);
    assert_ne!(report(&host.current(), "docker"), said);
    assert_eq!(enabled(&host.current())[0], "0000");
}

// Kind G.
#[test]
fn cgroups_and_processes_come_and_go_apart() {
    let machine = Machine::v2(&["/a.service"]);
    machine.process(7, "app", "/a.service");
    let host = machine.host();
    let (cgroups, proc) = (machine.path("sys/fs/cgroup"), machine.path("proc"));
    let away = |name: &str| machine.path(name);
    refresh(&host);
    fs::rename(&cgroups, away("cgroups")).unwrap();
    machine.process(8, "young", "/a.service");
    refresh(&host);
    assert_eq!(*host.current().app(8).unwrap().process.comm, *b"young");
    fs::rename(&proc, away("proc-away")).unwrap();
    fs::rename(away("cgroups"), &cgroups).unwrap();
    machine.cgroup("/b.service");
    refresh(&host);
    let now = host.current();
    assert_eq!(enabled(&now), ["a.service", "b.service"]);
    assert!(now.app(8).is_some(), "what was known of processes is used");
    let stale = |source: &str| {
        let mut sources = now.sources().iter();
        let source = sources.find(|it| it.name() == source).unwrap();
        source.stale(std::time::Instant::now()).is_some()
    };
    assert!(stale("processes") && !stale("cgroups"));
}

// Kind F.
#[test]
fn patterns_of_the_command_line_come_before_those_of_a_file() {
    let machine = Machine::v2(&[
        "/system.slice/a1.service",
        "/system.slice/b.service",
        "/x.mount",
    ]);
    let mut config: HostConfig = machine.config();
    config.policy.enable("a1.service");
    config.policy.disable("!*.mount");
    config
        .policy
        .read("# ours\ndisable /system.slice/*\nenable @slice\n")
        .unwrap();
    let host = netipc_host::Host::new(config);
    refresh(&host);
    assert_eq!(
        enabled(&host.current()),
        ["a1.service", "system.slice", "x.mount"]
    );
    let explained = host.explain(b"/system.slice/b.service").to_string();
    assert!(
        explained.contains("enabled: no (policy: disable /system.slice/*)"),
        "{explained}"
    );
}
