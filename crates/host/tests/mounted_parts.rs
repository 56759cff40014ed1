//! Hierarchies of which only a part is mounted, as a container of version 1 sees its own.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "what was made and is not there is a failed test"
)]

mod support;

use std::fs;

use netipc_host::{AppCgroup, CgroupAnswer, HostSnapshot};
use support::{ID_A, ID_B, Machine, names, refresh, stat, text};

/// Says in the mount table that the hierarchy `name` begins at the cgroup `root`.
fn mount(machine: &Machine, mounts: &[(&str, &str)]) {
    let line = |(name, root): &(&str, &str)| {
        let point = machine.path("sys/fs/cgroup").canonicalize().unwrap();
        let point = point.join(name).display().to_string();
        format!("31 30 0:27 {root} {point} ro,relatime master:11 - cgroup cgroup rw\n")
    };
    let table: String = mounts.iter().map(line).collect();
    machine.write("proc/self/mountinfo", table);
}

fn process(machine: &Machine, pid: u32, lines: &str) {
    machine.write(&format!("proc/{pid}/stat"), stat(pid, b"app", 1, 5));
    machine.write(&format!("proc/{pid}/cgroup"), lines);
}

fn cgroup_of(snapshot: &HostSnapshot, pid: u32) -> String {
    match snapshot.app(pid).unwrap().cgroup {
        AppCgroup::Known(cgroup) => text(cgroup.name()),
        AppCgroup::HostRoot => "the machine".into(),
        AppCgroup::Permanent(_) => "never".into(),
        AppCgroup::RetryLater(_) => "later".into(),
    }
}

fn name_of(snapshot: &HostSnapshot, path: &str) -> Option<String> {
    match snapshot.cgroup(path.as_bytes()) {
        CgroupAnswer::Known(cgroup) => Some(text(cgroup.name())),
        _ => None,
    }
}

/// A container of Docker that is shown its own part of two hierarchies, and its processes.
fn container(own: &str) -> Machine {
    let machine = Machine::v1(&["memory", "cpu,cpuacct"]);
    mount(&machine, &[("memory", own), ("cpu,cpuacct", own)]);
    for hierarchy in ["memory", "cpu,cpuacct"] {
        machine.cgroup(&format!("/{hierarchy}/worker"));
    }
    let docker = format!("var/lib/docker/containers/{ID_A}/config.v2.json");
    machine.write(&docker, r#"{"Name": "/web"}"#);
    let lines = |path: &str| format!("4:memory:{path}\n3:cpu,cpuacct:{path}\n");
    process(&machine, 10, &lines(own));
    process(&machine, 11, &lines(&format!("{own}/worker")));
    process(&machine, 12, &lines(&format!("/docker/{ID_B}")));
    process(&machine, 13, &lines("/"));
    machine
}

#[test]
fn a_container_that_is_shown_its_own_part_knows_what_it_is_called_outside() {
    let machine = container(&format!("/docker/{ID_A}"));
    let host = machine.host();
    refresh(&host);
    refresh(&host);
    let now = host.current();
    assert_eq!(names(&now), ["web", "web/worker"]);
    for (pid, cgroup) in [
        (10, "web"),
        (11, "web/worker"),
        (12, "never"),
        (13, "the machine"),
    ] {
        assert_eq!(cgroup_of(&now, pid), cgroup, "{pid}");
    }
}

#[test]
fn its_cgroups_are_found_by_the_names_inside_and_outside() {
    let own = format!("/docker/{ID_A}");
    let machine = container(&own);
    let now = machine.look();
    let root = machine.path("sys/fs/cgroup");
    let dir = |name: &str| root.join(name).display().to_string();
    for (path, name) in [
        (own.clone(), Some("web")),
        (format!("{own}/worker"), Some("web/worker")),
        (dir("memory"), Some("web")),
        (dir("memory/worker"), Some("web/worker")),
        (dir("cpuacct/worker/"), Some("web/worker")),
        (
            "/sys/fs/cgroup/cpu,cpuacct/worker".into(),
            Some("web/worker"),
        ),
        ("/worker".into(), None),
    ] {
        assert_eq!(name_of(&now, &path).as_deref(), name, "{path}");
    }
    for cgroup in now.cgroups().iter() {
        let path = std::path::PathBuf::from(String::from_utf8_lossy(cgroup.path()).into_owned());
        assert!(path.is_dir(), "{} is no directory", path.display());
    }
    // What was made since the last look is there, under either name.
    machine.cgroup("/memory/fresh");
    for path in [format!("{own}/fresh"), dir("memory/fresh")] {
        let answer = now.cgroup(path.as_bytes());
        assert_eq!(answer, CgroupAnswer::RetryLater, "{path}");
    }
    assert_eq!(now.cgroup(b"/fresh"), CgroupAnswer::Permanent);
}

#[test]
fn a_part_may_be_mounted_beside_whole_hierarchies() {
    let machine = Machine::v1(&["memory", "systemd"]);
    machine.write("sys/fs/cgroup/systemd/release_agent", "");
    mount(&machine, &[("memory", "/a/b"), ("systemd", "/")]);
    machine.cgroup("/memory/c");
    machine.cgroup("/systemd/a/b/c");
    machine.cgroup("/systemd/x");
    let keys = |snapshot: &HostSnapshot| -> Vec<String> {
        snapshot.cgroups().iter().map(|it| text(it.key())).collect()
    };
    let mut found = keys(&machine.look());
    found.sort();
    assert_eq!(found, ["/a", "/a/b", "/a/b/c", "/x"]);
}

#[test]
fn the_inside_of_a_namespace_of_version_1_is_no_machine() {
    let machine = Machine::v1(&["memory"]);
    process(&machine, 10, "4:memory:/\n");
    // A tree without a mount table is taken as it is.
    assert_eq!(cgroup_of(&machine.look(), 10), "the machine");
    mount(&machine, &[("memory", "/")]);
    assert_ne!(cgroup_of(&machine.look(), 10), "the machine");
    // The kernel's own mark of a whole hierarchy.
    machine.write("sys/fs/cgroup/memory/release_agent", "");
    assert_eq!(cgroup_of(&machine.look(), 10), "the machine");
}

#[test]
fn another_mount_in_the_same_place_is_noticed() {
    let machine = Machine::v1(&["memory"]);
    machine.cgroup("/memory/x");
    mount(&machine, &[("memory", "/one")]);
    let host = machine.host();
    refresh(&host);
    assert_eq!(name_of(&host.current(), "/one/x").as_deref(), Some("one/x"));
    let memory = machine.path("sys/fs/cgroup/memory");
    // Kept, so that the next one is another file.
    fs::rename(&memory, machine.path("unmounted")).unwrap();
    machine.write("sys/fs/cgroup/memory/tasks", "");
    machine.cgroup("/memory/x");
    mount(&machine, &[("memory", "/two")]);
    refresh(&host);
    assert_eq!(name_of(&host.current(), "/two/x").as_deref(), Some("two/x"));
    assert_eq!(name_of(&host.current(), "/one/x"), None);
}
