//! Cgroup trees of both versions, and what the table makes of them.

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
};

use netipc_host::{CgroupAnswer, Host, HostConfig, HostError, Layout, Orchestrator, options};
use support::{ID_A, ID_B, Machine, bytes, names, refresh};

#[test]
fn version_2() {
    let machine = Machine::v2(&["/system.slice/sshd.service", "/user.slice", "/plain"]);
    let snapshot = machine.look();
    let cgroups = snapshot.cgroups();
    assert_eq!(cgroups.layout(), Layout::V2);
    assert!(cgroups.systemd_enabled() && !cgroups.truncated());
    assert_eq!(
        names(&snapshot),
        ["plain", "sshd.service", "system.slice", "user.slice"]
    );

    let sshd = cgroups.find(b"/system.slice/sshd.service").unwrap();
    assert_eq!(
        sshd.path(),
        bytes(&machine.cgroup_path("/system.slice/sshd.service"))
    );
    assert_eq!(sshd.options(), options::SYSTEMD_SERVICE | options::UNIFIED);
    assert_eq!(sshd.orchestrator(), Orchestrator::Systemd);
    assert!(sshd.enabled());
    assert_eq!(cgroups.find(b"/plain").unwrap().options(), options::UNIFIED);
}

#[test]
fn version_1_reports_a_cgroup_once_from_the_preferred_hierarchy() {
    let machine = Machine::v1(&["net_cls", "memory", "cpu,cpuacct", "systemd"]);
    symlink("cpu,cpuacct", machine.cgroup_path("/cpu")).unwrap();
    for cgroup in [
        "/net_cls/docker/abc",
        "/memory/docker/abc",
        "/cpu,cpuacct/docker",
        "/systemd/init.scope",
    ] {
        machine.cgroup(cgroup);
    }
    let snapshot = machine.look();
    let cgroups = snapshot.cgroups();
    assert_eq!(cgroups.layout(), Layout::V1);
    assert!(cgroups.systemd_enabled());
    let places: Vec<_> = cgroups.iter().map(|cgroup| cgroup.path()).collect();
    let expected = [
        "/memory/docker/abc",
        "/systemd/init.scope",
        "/cpu,cpuacct/docker",
    ]
    .map(|path| machine.cgroup_path(path));
    assert_eq!(places, expected.each_ref().map(|path| bytes(path)));
    assert!(
        cgroups
            .iter()
            .all(|cgroup| cgroup.options() & options::UNIFIED == 0)
    );
}

#[test]
fn hybrid_tells_which_cgroups_are_unified() {
    let machine = Machine::v1(&["memory", "unified"]);
    for cgroup in [
        "/memory/both",
        "/unified/both",
        "/unified/system.slice/a.service",
    ] {
        machine.cgroup(cgroup);
    }
    let snapshot = machine.look();
    let options = |key: &[u8]| snapshot.cgroups().by_key(key).unwrap().options();
    assert_eq!(snapshot.cgroups().layout(), Layout::Hybrid);
    assert_eq!(options(b"/both"), 0);
    assert_eq!(
        options(b"/system.slice/a.service"),
        options::SYSTEMD_SERVICE | options::UNIFIED
    );
}

#[test]
fn a_single_version_1_hierarchy_can_be_the_root() {
    let machine = Machine::bare();
    machine.write("sys/fs/cgroup/cgroup.procs", "");
    machine.cgroup("/docker");
    let snapshot = machine.look();
    assert_eq!(snapshot.cgroups().layout(), Layout::V1);
    assert_eq!(names(&snapshot), ["docker"]);
}

#[test]
fn a_machine_without_cgroups_has_none() {
    let machine = Machine::bare();
    machine.cgroup("/not-a-hierarchy/x");
    let snapshot = machine.look();
    assert_eq!(snapshot.cgroups().layout(), Layout::None);
    assert!(snapshot.cgroups().is_empty());
    assert_eq!(snapshot.generation(), 1);
}

#[test]
fn an_unreadable_root_is_an_error_that_names_it() {
    let machine = Machine::bare();
    for path in ["nowhere", "proc/file"] {
        machine.write("proc/file", "");
        let host = Host::new(HostConfig {
            cgroup_root: machine.path(path),
            ..machine.config()
        });
        let error = host.refresh().whole().unwrap_err();
        assert!(matches!(&error, HostError::CgroupRoot { .. }));
        assert!(error.to_string().contains(path), "{error}");
        assert!(std::error::Error::source(&error).is_some());
        let report = host.current().sources()[1].to_string();
        assert!(
            report.starts_with("cgroups: ") && report.contains(path),
            "{report}"
        );
    }
}

#[test]
fn both_spellings_find_a_cgroup() {
    let machine = Machine::v1(&["memory", "pids"]);
    machine.cgroup("/memory/docker/abc");
    machine.cgroup("/pids/docker/abc");
    let snapshot = machine.look();
    let spelled = |path: &str| {
        machine
            .cgroup_path(path)
            .into_os_string()
            .into_string()
            .unwrap()
    };
    for path in [
        "/docker/abc",
        "/docker/abc/",
        "//docker/./abc",
        "/docker/abc (deleted)",
        "/host/sys/fs/cgroup/memory/docker/abc",
        "/sys/fs/cgroup//docker/abc",
        "/sys/fs/cgroup/docker/abc",
        "/sys/fs/cgroup/memory/docker/abc",
        "/sys/fs/cgroup/pids/docker/abc",
        &spelled("/memory/docker/abc"),
        &spelled("/pids/docker/abc"),
        &spelled("/docker/abc"),
    ] {
        let found = snapshot.cgroups().find(path.as_bytes());
        assert_eq!(
            found.map(|cgroup| cgroup.key()),
            Some(&b"/docker/abc"[..]),
            "{path}"
        );
    }
    for path in [
        "",
        "/",
        "docker/abc",
        "/docker/ab",
        "/abc",
        "/sys/fs/cgroup",
        "/sys/fs/cgroupdocker/abc",
        "/sys/fs/cgroup/cpu/docker/abc",
    ] {
        assert_eq!(snapshot.cgroups().find(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn unknown_paths_are_temporary_only_if_they_exist() {
    let machine = Machine::v2(&["/old"]);
    let snapshot = machine.look();
    machine.cgroup("/new/inner");
    machine.write("sys/fs/cgroup/file", "");
    for path in [
        &b"/new"[..],
        b"/new/inner/",
        b"/sys/fs/cgroup/new",
        b"//new",
        b"/new//inner",
        b"/./new",
        b"/old/../new",
        b"/new (deleted)",
    ] {
        assert_eq!(
            snapshot.cgroup(path),
            CgroupAnswer::RetryLater,
            "{}",
            path.escape_ascii()
        );
    }
    for path in [
        &b"/nowhere"[..],
        b"/file",
        b"/",
        b"",
        b"new",
        b"/../../../proc",
        b"/new\0",
        b"/sys/fs/cgroup/../fs",
    ] {
        assert_eq!(
            snapshot.cgroup(path),
            CgroupAnswer::Permanent,
            "{}",
            path.escape_ascii()
        );
    }
    assert!(matches!(snapshot.cgroup(b"/old"), CgroupAnswer::Known(_)));
}

#[test]
fn what_is_too_deep_never_becomes_known() {
    let machine = Machine::v2(&["/a/b/c"]);
    let mut config = machine.config();
    config.limits.depth = 2;
    let host = Host::new(config);
    assert!(!refresh(&host).truncated);
    assert!(matches!(
        host.current().cgroup(b"/a/b"),
        CgroupAnswer::Known(_)
    ));
    assert_eq!(host.current().cgroup(b"/a/b/c"), CgroupAnswer::Permanent);
}

#[test]
fn what_a_limit_leaves_out_is_said() {
    let machine = Machine::v2(&["/a", "/b", "/c"]);
    let mut config = machine.config();
    config.limits.cgroups = 2;
    let host = Host::new(config);
    assert!(refresh(&host).truncated);
    assert!(host.current().cgroups().truncated());
    assert_eq!(host.current().cgroups().len(), 2);
    for path in [b"/a", b"/b", b"/c"] {
        assert_ne!(host.current().cgroup(path), CgroupAnswer::Permanent);
    }
}

#[test]
fn names_without_an_encoding_are_bytes() {
    let machine = Machine::v2(&[]);
    let name = OsStr::from_bytes(b"caf\xe9");
    fs::create_dir(machine.cgroup_path("").join(name)).unwrap();
    let snapshot = machine.look();
    assert_eq!(
        snapshot.cgroups().find(b"/caf\xe9").unwrap().name(),
        b"caf\xe9"
    );
}

// Rule C9.
#[test]
fn the_bits_of_the_options_are_those_that_consumers_know() {
    let of = |machine: &Machine, key: &[u8]| {
        let mut config = machine.config();
        config.policy.disable("/out");
        let host = Host::new(config);
        refresh(&host);
        host.current().cgroups().by_key(key).unwrap().options()
    };
    let unified = Machine::v2(&["/plain", "/out", "/system.slice/a.service"]);
    assert_eq!(of(&unified, b"/plain"), 0b0100);
    assert_eq!(of(&unified, b"/system.slice/a.service"), 0b0110);
    assert_eq!(of(&unified, b"/out"), 0b1100);
}

#[test]
fn excluded_cgroups_are_listed_last_and_disabled() {
    let machine = Machine::v2(&["/a", "/b", "/system.slice/x.mount"]);
    let mut config = machine.config();
    config.policy.disable("/a");
    config.policy.enable("@slice");
    let host = Host::new(config);
    refresh(&host);
    let snapshot = host.current();
    assert_eq!(names(&snapshot), ["b", "system.slice", "a", "x.mount"]);
    let a = snapshot.cgroups().find(b"/a").unwrap();
    assert_eq!(a.options(), options::EXCLUDED | options::UNIFIED);
    assert!(!a.enabled());
}

#[test]
fn of_one_name_each_gets_what_tells_it_apart() {
    let machine = Machine::v2(&[
        "/lxc.payload.web",
        "/lxc/web",
        "/machine.slice/web.service",
        "/machine/web.libvirt-lxc",
    ]);
    let mut config = machine.config();
    config.policy.disable("/lxc.payload.web");
    let host = Host::new(config);
    refresh(&host);
    let snapshot = host.current();
    let told = |key: &[u8]| {
        let cgroup = snapshot.cgroups().by_key(key).unwrap();
        let name = String::from_utf8_lossy(cgroup.name()).into_owned();
        (name, cgroup.options() & !options::UNIFIED)
    };
    for (key, name, options) in [
        (&b"/lxc.payload.web"[..], "web", options::EXCLUDED),
        (b"/lxc/web", "web@lxc@lxc", 0),
        (b"/machine/web.libvirt-lxc", "web@lxc@machine", 0),
        (b"/machine.slice/web.service", "web@nspawn", 0),
    ] {
        assert_eq!(told(key), (name.into(), options), "{}", key.escape_ascii());
    }
    let clashes: Vec<String> = snapshot
        .cgroups()
        .clashes()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        clashes,
        [
            "3 cgroups are called web: web@lxc@lxc is /lxc/web, web@nspawn is /machine.slice/web.service, \
          web@lxc@machine is /machine/web.libvirt-lxc"
        ]
    );

    machine.remove_cgroup("/lxc/web");
    machine.remove_cgroup("/machine.slice/web.service");
    assert!(refresh(&host).changed);
    let heir = host.current();
    assert_eq!(
        heir.cgroups()
            .find(b"/machine/web.libvirt-lxc")
            .unwrap()
            .name(),
        b"web"
    );
    assert!(heir.cgroups().clashes().is_empty());
    assert_eq!(
        told(b"/machine/web.libvirt-lxc").0,
        "web@lxc@machine",
        "old snapshots stay"
    );
}

// Rule C9.
#[test]
fn the_same_container_in_two_hierarchies_is_a_duplicate() {
    let machine = Machine::v1(&["cpu", "cpuset", "memory"]);
    let pod = support::POD.replace('-', "_");
    let slice = format!("kubepods-burstable-pod{pod}.slice");
    let known =
        format!("/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-{ID_A}.scope");
    let again = format!("/system.slice/containerd.service/{slice}:cri-containerd:{ID_A}");
    machine.cgroup(&format!("/cpu{known}"));
    machine.cgroup(&format!("/cpuset{again}"));
    // Another one beside it is another one.
    machine.cgroup(&format!("/cpu/k8s.io/{ID_B}"));
    machine.cgroup(&format!("/memory/docker/{ID_B}"));
    let snapshot = machine.look();
    let told = |key: &str| {
        let cgroup = snapshot.cgroups().by_key(key.as_bytes()).unwrap();
        (cgroup.enabled(), cgroup.options() & options::DUPLICATE)
    };
    assert_eq!(told(&known), (true, 0));
    assert_eq!(told(&again), (false, 0b0001));
    assert_eq!(told(&format!("/k8s.io/{ID_B}")), (true, 0));
    assert_eq!(told(&format!("/docker/{ID_B}")), (true, 0));
}
