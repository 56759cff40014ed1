//! Generations, immutability, races, and thousands of cgroups.

mod support;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use netipc_host::{CgroupAnswer, Host, HostSnapshot};
use support::{ID_A, Machine, refresh, stat};

/// Of the snapshot, the cgroups and the processes.
type Generations = (u64, u64, u64);

/// A change and the generations after it.
type Step<'a> = (&'a dyn Fn(), Generations);

fn generations(host: &Host) -> Generations {
    let snapshot: Arc<HostSnapshot> = host.current();
    (
        snapshot.generation(),
        snapshot.cgroups().generation(),
        snapshot.processes().generation(),
    )
}

#[test]
fn generations_grow_with_what_changed() {
    let machine = Machine::v2(&["/a"]);
    machine.process(1, "one", "/a");
    let host = machine.host();
    assert_eq!(generations(&host), (0, 0, 0));
    let steps: [Step; 10] = [
        (&|| (), (1, 1, 1)),
        (&|| (), (1, 1, 1)),
        (&|| machine.cgroup("/b"), (2, 2, 1)),
        (&|| machine.process(2, "two", "/b"), (3, 2, 2)),
        (
            &|| machine.write("proc/2/stat", stat(2, b"two", 1, 999)),
            (3, 2, 2),
        ),
        (
            &|| machine.write("proc/2/stat", stat(2, b"renamed", 1, 0)),
            (4, 2, 3),
        ),
        (&|| machine.write("proc/2/cgroup", "0::/a\n"), (5, 2, 4)),
        (&|| machine.remove_cgroup("/b"), (6, 3, 4)),
        (
            &|| fs::remove_dir_all(machine.path("proc/2")).unwrap(),
            (7, 3, 5),
        ),
        (
            &|| machine.write("sys/fs/cgroup/a/cgroup.procs", "1"),
            (7, 3, 5),
        ),
    ];
    for (step, (change, expected)) in steps.into_iter().enumerate() {
        let before = generations(&host).0;
        change();
        let changed = refresh(&host).changed;
        assert_eq!(generations(&host), expected, "after step {step}");
        assert_eq!(changed, expected.0 != before, "after step {step}");
    }
}

#[test]
fn running_times_are_current_though_no_change() {
    let machine = Machine::v2(&[]);
    machine.process(1, "one", "/");
    let host = machine.host();
    refresh(&host);
    machine.write("proc/1/stat", stat(1, b"one", 1, 100));
    assert!(!refresh(&host).changed);
    assert_eq!(host.current().processes().find(1).unwrap().cpu_ticks, 107);
}

#[test]
fn a_failed_refresh_keeps_the_snapshot() {
    let machine = Machine::v2(&["/a"]);
    let host = machine.host();
    refresh(&host);
    fs::rename(machine.path("sys/fs/cgroup"), machine.path("away")).unwrap();
    assert!(host.refresh().whole().is_err());
    assert_eq!(generations(&host), (1, 1, 1));
    assert!(matches!(
        host.current().cgroup(b"/a"),
        CgroupAnswer::Known(_)
    ));

    fs::rename(machine.path("away"), machine.path("sys/fs/cgroup")).unwrap();
    assert!(!refresh(&host).changed, "all is as it was");
}

#[test]
fn snapshots_never_change() {
    let machine = Machine::v2(&["/a"]);
    let host = machine.host();
    refresh(&host);
    let old = host.current();
    machine.remove_cgroup("/a");
    machine.cgroup("/b");
    assert!(refresh(&host).changed);
    assert_eq!(support::names(&old), ["a"]);
    assert_eq!(support::names(&host.current()), ["b"]);
}

#[test]
fn cgroups_that_come_and_go_meanwhile_are_no_fault() {
    let machine = Machine::v2(&["/stays"]);
    let host = machine.host();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                machine.cgroup("/flicker/deeper/still");
                machine.process(9, "flicker", "/flicker");
                machine.remove_cgroup("/flicker");
                fs::remove_dir_all(machine.path("proc/9")).unwrap();
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let snapshot = host.current();
                for process in snapshot.processes().iter() {
                    let app = snapshot.app(process.pid).unwrap();
                    assert_eq!(app.process, process);
                }
            }
        });
        for _ in 0..100 {
            // A stat file may be seen half written: that costs the process, nothing else.
            let error = host.refresh().error;
            let known = matches!(host.current().cgroup(b"/stays"), CgroupAnswer::Known(_));
            if error.is_some() || !known {
                done.store(true, Ordering::Relaxed);
            }
            assert!(error.is_none() && known, "{error:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn thousands_of_cgroups() {
    let machine = Machine::v2(&[]);
    for slice in 0..50 {
        for service in 0..99 {
            machine.cgroup(&format!(
                "/system.slice/s{slice}.slice/s{slice}-{service}.service"
            ));
        }
    }
    let host = machine.host();
    assert!(refresh(&host).changed);
    let first = host.current();
    assert_eq!(first.cgroups().len(), 50 * 100 + 1);
    for slice in 0..50 {
        let path = format!("/system.slice/s{slice}.slice/s{slice}-98.service");
        assert!(matches!(
            first.cgroup(path.as_bytes()),
            CgroupAnswer::Known(_)
        ));
    }
    assert!(!refresh(&host).changed);

    machine.cgroup(&format!("/system.slice/docker-{ID_A}.scope"));
    assert!(refresh(&host).changed);
    let second = host.current();
    assert_eq!(second.cgroups().len(), first.cgroups().len() + 1);
    let old = b"/system.slice/s7.slice/s7-7.service";
    let [before, after] = [&first, &second].map(|snapshot| snapshot.cgroups().by_key(old).unwrap());
    assert!(std::ptr::eq(before, after), "what stays is shared");
}
