//! Where names come from, what is said about each source, and that none holds up another.
#![expect(
    clippy::unwrap_used,
    reason = "what was made and is not there is a failed test"
)]

mod support;

use std::{fs, os::unix::fs::symlink, time::Instant};

use netipc_host::{Host, HostConfig, HostSnapshot, PlaceState, Sources};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use support::{ID_A, ID_B, Machine, names, refresh, text};

const DOCKER: &str = r#"{"Name":"/web","Config":{"Image":"nginx"}}"#;

fn name_of(snapshot: &HostSnapshot, key: &str) -> String {
    text(snapshot.cgroups().by_key(key.as_bytes()).unwrap().name())
}

fn report(snapshot: &HostSnapshot, name: &str) -> String {
    let mut sources = snapshot.sources().iter();
    sources
        .find(|source| source.name() == name)
        .unwrap()
        .to_string()
}

#[test]
fn every_usual_place_is_looked_at() {
    let podman = format!(r#"[{{"id":"{ID_A}","names":["web"]}}]"#);
    let nerdctl = r#"{"annotations":{"nerdctl/name":"web"}}"#;
    let docker = |dir: &str| (format!("{dir}/{ID_A}/config.v2.json"), DOCKER.to_owned());
    let containerd = |dir: &str| (format!("{dir}/{ID_A}/config.json"), nerdctl.to_owned());
    for (file, content) in [
        docker("var/lib/docker/containers"),
        docker("var/lib/docker/231072.231072/containers"),
        docker("var/snap/docker/common/var-lib-docker/containers"),
        docker("home/ann/.local/share/docker/containers"),
        containerd("run/containerd/io.containerd.runtime.v2.task/default"),
        containerd("run/k3s/containerd/io.containerd.runtime.v2.task/buildkit"),
        (
            "var/lib/containers/storage/vfs-containers/containers.json".into(),
            podman.clone(),
        ),
        (
            "run/user/1000/containers/overlay-containers/volatile-containers.json".into(),
            podman.clone(),
        ),
        (
            "srv/bob/.local/share/containers/storage/overlay-containers/containers.json".into(),
            podman,
        ),
    ] {
        let key = format!("/ci/{ID_A}");
        let machine = Machine::v2(&[&key]);
        machine.write("etc/passwd", "bob:x:1001:1001::/srv/bob:/bin/sh\n");
        machine.write(&file, content);
        assert_eq!(name_of(&machine.look(), &key), "web", "{file}");
    }
}

#[test]
fn docker_may_have_been_told_to_keep_its_data_elsewhere() {
    let key = format!("/docker/{ID_A}");
    let machine = Machine::v2(&[&key]);
    machine.write(
        "etc/docker/daemon.json",
        r#"{"data-root":"/data/docker","debug":true}"#,
    );
    machine.write(
        &format!("data/docker/containers/{ID_A}/config.v2.json"),
        DOCKER,
    );
    assert_eq!(name_of(&machine.look(), &key), "web");
}

#[test]
fn machines_have_the_names_that_people_know() {
    let keys = [
        "/qemu.slice/100.scope",
        "/lxc/101",
        "/lxc/101/ns",
        "/lxc/102",
        "/lxc.payload.shop_cart",
        "/lxc.payload.plain",
        "/machine.slice/demo.service",
        r"/machine.slice/machine-odd\x2dname.scope",
    ];
    let machine = Machine::v2(&keys);
    machine.write(
        "etc/pve/nodes/a/qemu-server/100.conf",
        "agent: 1\nname: mail\n[old]\nname: before\n",
    );
    machine.write("etc/pve/lxc/101.conf", "arch: amd64\nhostname: wiki\n");
    machine.write("var/lib/lxc/102/config", "# x\nlxc.uts.name = git\n");
    machine.write("var/lib/lxc/plain/config", "lxc.uts.name = other\n");
    machine.write("run/incus/shop_cart/lxc.conf", "lxc.uts.name = cart\n");
    machine.write(
        "run/systemd/machines/builder",
        "# private\nNAME=builder\nUNIT=demo.service\nCLASS=vm\nSERVICE=vmspawn\n",
    );
    machine.write(
        "run/systemd/machines/renamed",
        "NAME=renamed\nSCOPE=machine-odd\\\\x2dname.scope\nCLASS=container\nSERVICE=systemd-nspawn\n",
    );
    let snapshot = machine.look();
    let found = keys.map(|key| name_of(&snapshot, key));
    let expected = [
        "mail",
        "wiki",
        "wiki",
        "git",
        "shop/cart",
        "plain",
        "builder",
        "renamed",
    ];
    assert_eq!(found, expected.map(String::from));
    let builder = snapshot
        .cgroups()
        .by_key(b"/machine.slice/demo.service")
        .unwrap();
    assert_eq!(builder.orchestrator(), netipc_host::Orchestrator::Kvm);
    let plain = snapshot.cgroups().by_key(b"/lxc.payload.plain").unwrap();
    assert_eq!(plain.labels().find("hostname"), Some(&b"other"[..]));
}

#[test]
fn names_cannot_lead_out_of_a_directory() {
    let machine = Machine::v2(&[
        "/lxc.payload...",
        r"/machine.slice/machine-lxc\x2d1\x2d..\x2fx.scope",
    ]);
    machine.write("var/lib/config", "lxc.uts.name = stolen\n");
    machine.write("var/lib/x/config", "lxc.uts.name = stolen\n");
    fs::create_dir_all(machine.path("var/lib/lxc")).unwrap();
    let labels = machine.look();
    let labels = labels.cgroups().iter().map(netipc_host::Cgroup::labels);
    assert!(
        labels
            .into_iter()
            .all(|labels| labels.find("hostname").is_none())
    );
}

#[test]
fn sources_can_be_moved_and_switched_off() {
    let (a, b) = (format!("/docker/{ID_A}"), format!("/docker/{ID_B}"));
    let machine = Machine::v2(&[&a, &b]);
    for (dir, id) in [("var/lib/docker/containers", ID_A), ("data", ID_B)] {
        machine.write(&format!("{dir}/{id}/config.v2.json"), DOCKER);
    }
    let look = |places: &[&str]| {
        let mut config = machine.config();
        let places = places.iter().map(|place| machine.path(place));
        assert!(config.sources.set("docker", places));
        let host = Host::new(config);
        refresh(&host);
        host.current()
    };
    let moved = look(&["data"]);
    assert_eq!(
        [name_of(&moved, &a), name_of(&moved, &b)],
        ["docker-aaaaaaaaaaaa", "web"]
    );
    let off = look(&[]);
    assert_eq!(name_of(&off, &b), "docker-bbbbbbbbbbbb");
    assert_eq!(report(&off, "docker"), "docker: nothing to look at");
    assert!(!Sources::default().set("rocket", []));
}

#[test]
fn each_source_says_what_it_came_to() {
    let machine = Machine::v2(&[&format!("/docker/{ID_A}")]);
    let containers = machine.path("var/lib/docker/containers");
    let host = machine.host();
    refresh(&host);
    let absent = report(&host.current(), "docker");
    assert!(absent.starts_with("docker: not found; tried "), "{absent}");
    assert!(absent.contains(containers.to_str().unwrap()), "{absent}");
    let known: Vec<&str> = host
        .current()
        .sources()
        .iter()
        .map(|source| source.name())
        .collect();
    assert_eq!(
        known,
        [&["processes", "cgroups"], &Sources::NAMES[..]].concat()
    );

    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        "{",
    );
    refresh(&host);
    let malformed = report(&host.current(), "docker");
    assert!(
        malformed.contains("; cannot read ") && malformed.contains("config.v2.json (EOF"),
        "{malformed}"
    );

    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        DOCKER,
    );
    refresh(&host);
    assert_eq!(
        report(&host.current(), "docker"),
        format!("docker: found {}", containers.display())
    );

    fs::remove_dir_all(&containers).unwrap();
    symlink("containers", &containers).unwrap();
    refresh(&host);
    let looped = report(&host.current(), "docker");
    assert!(looped.starts_with("docker: cannot read "), "{looped}");
    assert_eq!(names(&host.current()), ["docker-aaaaaaaaaaaa", "docker"]);
}

#[test]
fn a_source_that_fails_holds_up_no_other() {
    let machine = Machine::v2(&["/a"]);
    machine.process(1, "one", "/a");
    let host = machine.host();
    refresh(&host);
    let away = machine.path("away");
    let (cgroups, processes) = (machine.cgroup_path(""), machine.path("proc"));

    fs::rename(&cgroups, &away).unwrap();
    machine.process(2, "two", "/a");
    assert!(refresh(&host).error.is_some());
    let now = host.current();
    assert!(now.app(2).is_some(), "processes stay fresh");
    assert_eq!(names(&now), ["a"], "cgroups are as they were");
    assert!(report(&now, "cgroups").starts_with("cgroups: not found; tried "));
    machine.process(3, "three", "/b");
    refresh(&host);
    refresh(&host);
    let told = host.current().app(3).map(|app| format!("{:?}", app.cgroup));
    assert!(
        told.unwrap().starts_with("RetryLater"),
        "nobody has listed cgroups since"
    );

    fs::rename(&away, &cgroups).unwrap();
    fs::rename(&processes, &away).unwrap();
    machine.cgroup("/b");
    refresh(&host);
    let now = host.current();
    assert_eq!(names(&now), ["a", "b"]);
    assert_eq!(now.processes().len(), 3);
    let at = Instant::now();
    let stale: Vec<&str> = now
        .sources()
        .iter()
        .filter(|source| source.stale(at).is_some())
        .map(|source| source.name())
        .collect();
    assert_eq!(stale, ["processes"]);
    let all = now.sources().iter().all(|source| source.age(at).is_some());
    assert!(all, "every source had data once");
}

#[test]
fn nothing_at_all_is_no_failure_either() {
    let root = tempfile::tempdir().unwrap();
    let host = Host::new(HostConfig::under(root.path().join("nowhere")));
    let refresh = refresh(&host);
    assert!(refresh.changed && refresh.error.is_some());
    let now = host.current();
    assert!(now.cgroups().is_empty() && now.processes().is_empty());
    assert!(
        now.sources()[..2]
            .iter()
            .all(|source| source.places()[0].state == PlaceState::Absent)
    );
}

#[test]
fn fifos_in_place_of_files_are_not_waited_for() {
    let machine = Machine::v2(&[&format!("/docker/{ID_A}")]);
    machine.process(1, "one", "/");
    fs::create_dir_all(machine.path("proc/2")).unwrap();
    machine.process(3, "three", "/");
    fs::remove_file(machine.path("proc/3/cgroup")).unwrap();
    fs::create_dir_all(machine.path("var/lib/containers/storage/overlay-containers")).unwrap();
    for fifo in [
        "proc/2/stat",
        "proc/3/cgroup",
        "etc",
        "var/lib/containers/storage/overlay-containers/containers.json",
    ] {
        mknodat(CWD, machine.path(fifo), FileType::Fifo, Mode::RUSR, 0).unwrap();
    }
    let host = machine.host();
    assert_eq!(refresh(&host).skipped, 1);
    let now = host.current();
    assert!(now.app(1).is_some() && now.app(2).is_none() && now.app(3).is_some());
    assert!(
        report(&now, "podman").contains("not a regular file"),
        "{}",
        report(&now, "podman")
    );
    assert!(report(&now, "processes").contains("1 process left out"));
}
