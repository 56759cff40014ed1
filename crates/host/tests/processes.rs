//! Processes of a proc tree, and how they join their cgroups.

mod support;

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
};

use netipc_host::{AppCgroup, CgroupAnswer, Host, HostConfig, HostError};
use support::{Machine, refresh, stat};

#[test]
fn tells_what_the_files_tell() {
    let machine = Machine::v2(&["/a"]);
    machine.write("proc/42/stat", stat(42, b"od) (d \xff", 7, 30));
    machine.write("proc/42/cgroup", "0::/a\n");
    for other in [
        "proc/self/stat",
        "proc/uptime",
        "proc/4x/stat",
        "proc/-1/stat",
    ] {
        machine.write(other, "");
    }
    let snapshot = machine.look();
    assert_eq!(snapshot.processes().len(), 1);
    let process = snapshot.processes().find(42).unwrap();
    assert_eq!((process.pid, process.ppid), (42, 7));
    assert_eq!((process.starttime, process.cpu_ticks), (4200, 37));
    assert_eq!(*process.comm, *b"od) (d \xff");
    assert_eq!(process.cgroup.as_deref(), Some(&b"/a"[..]));
    let owner = fs::metadata(machine.path("proc/42")).unwrap().uid();
    assert_eq!(process.uid, owner);
    assert_eq!(snapshot.processes().find(43), None);
    assert_eq!(snapshot.app(43), None);
}

#[test]
fn this_machine_knows_this_process() {
    let machine = Machine::v2(&[]);
    let host = Host::new(HostConfig {
        proc_root: "/proc".into(),
        ..machine.config()
    });
    refresh(&host);
    let snapshot = host.current();
    let own = snapshot.processes().find(std::process::id()).unwrap();
    assert_eq!(own.ppid, std::os::unix::process::parent_id());
    assert_eq!(own.uid, fs::metadata("/proc/self").unwrap().uid());
    let comm = fs::read("/proc/self/comm").unwrap();
    assert_eq!(*own.comm, *comm.trim_ascii_end());
    assert!(own.starttime > 0 && own.cgroup.is_some());
}

#[test]
fn malformed_and_unreadable_processes_cost_only_themselves() {
    let machine = Machine::v2(&[]);
    machine.process(1, "init", "/");
    machine.write("proc/2/stat", "2 (cut) S");
    machine.write("proc/3/stat", stat(33, b"liar", 1, 0));
    fs::create_dir_all(machine.path("proc/4/stat")).unwrap();
    machine.write("proc/5", "a file in place of a process");
    let host = machine.host();
    assert_eq!(refresh(&host).skipped, 4);
    assert_eq!(host.current().processes().len(), 1);
}

#[test]
fn vanished_processes_are_no_fault() {
    let machine = Machine::v2(&[]);
    machine.process(1, "init", "/");
    symlink("gone", machine.path("proc/2")).unwrap();
    fs::create_dir(machine.path("proc/3")).unwrap();
    let host = machine.host();
    assert_eq!(refresh(&host).skipped, 0);
    assert_eq!(host.current().processes().len(), 1);
}

#[test]
fn processes_are_limited() {
    let machine = Machine::v2(&[]);
    for pid in 1..=3 {
        machine.process(pid, "many", "/");
    }
    let mut config = machine.config();
    config.limits.processes = 2;
    let host = Host::new(config);
    assert!(refresh(&host).truncated);
    assert!(host.current().processes().truncated());
    assert_eq!(host.current().processes().len(), 2);
}

#[test]
fn an_unreadable_root_is_an_error_that_names_it() {
    let machine = Machine::v2(&[]);
    let host = Host::new(HostConfig {
        proc_root: machine.path("nowhere"),
        ..machine.config()
    });
    let error = host.refresh().whole().unwrap_err();
    assert!(matches!(&error, HostError::ProcRoot { .. }));
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn each_process_joins_its_cgroup() {
    let machine = Machine::v2(&["/system.slice/sshd.service"]);
    machine.process(1, "kthreadd", "/");
    machine.process(2, "sshd", "/system.slice/sshd.service");
    machine.process(3, "young", "/not/yet/there");
    machine.process(5, "silent", "/");
    fs::remove_file(machine.path("proc/5/cgroup")).unwrap();
    machine.process(6, "garbled", "/");
    fs::remove_file(machine.path("proc/6/cgroup")).unwrap();
    fs::create_dir(machine.path("proc/6/cgroup")).unwrap();
    machine.process(7, "none", "/");
    machine.write("proc/7/cgroup", "");

    let snapshot = machine.look();
    let cgroup = |pid| snapshot.app(pid).unwrap().cgroup;
    assert_eq!(cgroup(1), AppCgroup::HostRoot);
    assert!(matches!(cgroup(2), AppCgroup::Known(known) if known.name() == b"sshd.service"));
    assert_eq!(cgroup(3), AppCgroup::RetryLater(b"/not/yet/there"));
    assert_eq!(cgroup(5), AppCgroup::RetryLater(b""));
    assert_eq!(cgroup(6), AppCgroup::RetryLater(b""));
    assert_eq!(cgroup(7), AppCgroup::HostRoot);
}

#[test]
fn a_cgroup_missing_twice_is_missing_for_good() {
    let machine = Machine::v2(&[]);
    machine.process(1, "one", "/soon");
    machine.process(2, "two", "/never");
    let host = machine.host();
    refresh(&host);
    let first = host.current();
    for (pid, path) in [(1, &b"/soon"[..]), (2, b"/never")] {
        assert_eq!(first.app(pid).unwrap().cgroup, AppCgroup::RetryLater(path));
        assert_eq!(
            first.cgroup(path),
            CgroupAnswer::RetryLater,
            "a process is in it"
        );
    }

    machine.cgroup("/soon");
    assert!(refresh(&host).changed);
    let second = host.current();
    assert!(matches!(second.app(1).unwrap().cgroup, AppCgroup::Known(_)));
    assert_eq!(
        second.app(2).unwrap().cgroup,
        AppCgroup::Permanent(b"/never")
    );
    assert_eq!(second.cgroup(b"/never"), CgroupAnswer::Permanent);

    assert!(!refresh(&host).changed, "missing for good is no news");
    machine.cgroup("/never");
    assert!(refresh(&host).changed);
    assert!(matches!(
        host.current().app(2).unwrap().cgroup,
        AppCgroup::Known(_)
    ));
}

#[test]
fn while_cgroups_are_truncated_none_is_missing_for_good() {
    let machine = Machine::v2(&["/a"]);
    machine.process(1, "one", "/left-out");
    let mut config = machine.config();
    config.limits.cgroups = 0;
    let host = Host::new(config);
    for _ in 0..3 {
        refresh(&host);
        let snapshot = host.current();
        assert_eq!(
            snapshot.app(1).unwrap().cgroup,
            AppCgroup::RetryLater(b"/left-out")
        );
    }
}

#[test]
fn on_version_1_the_deepest_hierarchy_places_a_process() {
    let machine = Machine::v1(&["memory", "systemd"]);
    machine.cgroup("/systemd/system.slice/a.service");
    machine.process(1, "a", "/");
    machine.write(
        "proc/1/cgroup",
        "3:memory:/\n2:cpu,cpuacct:/system.slice\n1:name=systemd:/system.slice/a.service\n0::/\n",
    );
    let snapshot = machine.look();
    let AppCgroup::Known(cgroup) = snapshot.app(1).unwrap().cgroup else {
        panic!("the cgroup is known");
    };
    assert_eq!(cgroup.name(), b"a.service");
}
