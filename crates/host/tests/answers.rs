//! What a machine answers, asked by real clients over links in memory.
#![expect(
    clippy::unwrap_used,
    reason = "a server that cannot be made is a failed test"
)]

mod support;

use std::sync::Arc;

use netipc::{
    Client, ClientConfig, Handler, Server, ServerConfig,
    protocol::{AppsCgroupStatus, CgroupStatus, Orchestrator, PidStatus, UID_UNSET},
    service::{
        Service,
        apps_lookup::{AppsLookup, AppsLookupItem},
        cgroups::{CgroupsItemView, CgroupsSnapshot},
        cgroups_lookup::CgroupsLookup,
    },
    transport::MemoryTransport,
    wire::Labels,
};
use netipc_host::{Host, answers};
use support::{ID_A, Machine, bytes, refresh, text};

/// Serves `handler` for as long as `ask` runs.
fn serve<S: Service, R>(handler: Handler<S>, ask: impl FnOnce(&mut Client<S>) -> R) -> R {
    struct Stop<'s, S: Service>(&'s Server<S>);
    impl<S: Service> Drop for Stop<'_, S> {
        fn drop(&mut self) {
            self.0.stop();
        }
    }

    let transport = Arc::new(MemoryTransport::new());
    let (run_dir, name) = ("/run/test", S::METHOD.name);
    let server = Server::new(run_dir, name, ServerConfig::default(), handler)
        .over(Arc::clone(&transport) as _);
    server.bind().unwrap();
    std::thread::scope(|scope| {
        let _stop = Stop(&server);
        scope.spawn(|| server.run().unwrap());
        let mut client = Client::with_transport(transport, run_dir, name, ClientConfig::default());
        client.refresh();
        assert!(client.ready(), "{:?}", client.status());
        ask(&mut client)
    })
}

fn pairs(labels: Labels<'_>) -> Vec<String> {
    labels
        .iter()
        .map(|label| format!("{}={}", label.key, label.value))
        .collect()
}

/// A machine that was looked at once, with one container and one service.
fn looked_at() -> (Machine, Arc<Host>) {
    let machine = Machine::v2(&["/system.slice/sshd.service", &format!("/docker/{ID_A}")]);
    machine.write(
        &format!("var/lib/docker/containers/{ID_A}/config.v2.json"),
        format!(r#"{{"ID":"{ID_A}","Name":"/web","Config":{{"Image":"nginx:1","Labels":{{"team":"a"}}}}}}"#),
    );
    let host = Arc::new(machine.host());
    refresh(&host);
    (machine, host)
}

#[test]
fn snapshots_tell_every_cgroup() {
    let (machine, host) = looked_at();
    serve::<CgroupsSnapshot, _>(answers::cgroups_snapshot(Arc::clone(&host)), |client| {
        let view = client.call_snapshot().unwrap();
        assert_eq!((view.generation, view.systemd_enabled), (1, 1));
        let items: Vec<_> = view.iter().map(Result::unwrap).collect();
        let known = host.current();
        assert_eq!(items.len(), known.cgroups().len());
        let sshd = items
            .iter()
            .find(|item| item.name == "sshd.service")
            .unwrap();
        assert_eq!(sshd.hash, netipc::simple_hash(b"sshd.service"));
        assert_eq!(
            sshd.path,
            *bytes(&machine.cgroup_path("/system.slice/sshd.service"))
        );
        let expected = CgroupsItemView::OPTION_SYSTEMD_SERVICE | CgroupsItemView::OPTION_UNIFIED;
        assert_eq!((sshd.options, sshd.enabled), (expected, 1));
        assert!(items.iter().any(|item| item.name == "web"));
    });
}

#[test]
fn disabled_cgroups_say_so_and_names_that_clash_are_told_apart() {
    let machine = Machine::v2(&["/a.slice/same.service", "/b.slice/same.service"]);
    let host = Arc::new(machine.host());
    refresh(&host);
    serve::<CgroupsSnapshot, _>(answers::cgroups_snapshot(host), |client| {
        let view = client.call_snapshot().unwrap();
        let items = view.iter().map(Result::unwrap);
        let excluded = CgroupsItemView::OPTION_DISABLED_EXCLUDED;
        let told: Vec<_> = items
            .map(|item| {
                (
                    text(item.name.as_bytes()),
                    item.enabled,
                    item.options & excluded,
                )
            })
            .collect();
        let expected = [
            ("same.service@a.slice", 1, 0),
            ("same.service@b.slice", 1, 0),
            ("a.slice", 0, excluded),
            ("b.slice", 0, excluded),
        ];
        assert_eq!(
            told,
            expected.map(|(name, enabled, bit)| (name.to_owned(), enabled, bit))
        );
    });
}

#[test]
fn a_generation_grows_with_a_change_and_only_then() {
    let (machine, host) = looked_at();
    let handler = answers::cgroups_snapshot(Arc::clone(&host));
    serve::<CgroupsSnapshot, _>(handler, |client| {
        let mut generation = || client.call_snapshot().unwrap().generation;
        assert_eq!(generation(), 1);
        refresh(&host);
        assert_eq!(generation(), 1);
        machine.cgroup("/new");
        assert_eq!(generation(), 1, "nobody has looked yet");
        refresh(&host);
        assert_eq!(generation(), 2);
    });
}

#[test]
fn cgroups_are_found_in_both_spellings() {
    let (machine, host) = looked_at();
    machine.cgroup("/new");
    let key = format!("/docker/{ID_A}");
    let directory = machine.cgroup_path(&key);
    let usual = format!("/sys/fs/cgroup{key}");
    let paths = [
        key.as_bytes(),
        bytes(&directory),
        usual.as_bytes(),
        b"/new",
        b"/gone",
        b"../x",
    ];
    serve::<CgroupsLookup, _>(answers::cgroups_lookup(host), |client| {
        let reply = client.call(&paths).unwrap();
        assert_eq!(reply.generation, 1);
        let items: Vec<_> = reply.iter().collect();
        assert!(
            items.iter().map(|item| item.path.as_bytes()).eq(paths),
            "keys are echoed"
        );
        for item in &items[..3] {
            assert_eq!(item.status, CgroupStatus::KNOWN);
            assert_eq!(
                (item.orchestrator, item.name),
                (Orchestrator::DOCKER, "web".into())
            );
            assert!(
                pairs(item.labels).contains(&"team=a".to_owned()),
                "{:?}",
                pairs(item.labels)
            );
        }
        let statuses: Vec<_> = items[3..].iter().map(|item| item.status).collect();
        assert_eq!(
            statuses,
            [
                CgroupStatus::UNKNOWN_RETRY_LATER,
                CgroupStatus::UNKNOWN_PERMANENT,
                CgroupStatus::UNKNOWN_PERMANENT
            ]
        );
        assert!(
            items[3..]
                .iter()
                .all(|item| item.name.is_empty() && item.labels.is_empty())
        );
    });
}

#[test]
fn processes_are_told_with_every_state_of_their_cgroup() {
    let (machine, host) = looked_at();
    machine.process(10, "nginx", &format!("/docker/{ID_A}"));
    machine.process(11, "lost", "/never/seen");
    machine.process(12, "kthread", "/");
    refresh(&host);
    machine.process(13, "fresh", "/new/one");
    refresh(&host);
    let generation = host.current().generation();
    serve::<AppsLookup, _>(answers::apps_lookup(host), |client| {
        let reply = client.call(&[10, 11, 12, 13, 99, 0]).unwrap();
        assert_eq!(reply.generation, generation);
        let items: Vec<_> = reply.iter().collect();
        let told = |item: &AppsLookupItem<'_>| {
            (
                text(&item.comm),
                item.cgroup_status,
                text(&item.cgroup_path),
            )
        };
        let key = format!("/docker/{ID_A}");
        let known = [
            ("nginx".into(), AppsCgroupStatus::KNOWN, key),
            (
                "lost".into(),
                AppsCgroupStatus::UNKNOWN_PERMANENT,
                "/never/seen".into(),
            ),
            ("kthread".into(), AppsCgroupStatus::HOST_ROOT, String::new()),
            (
                "fresh".into(),
                AppsCgroupStatus::UNKNOWN_RETRY_LATER,
                "/new/one".into(),
            ),
        ];
        assert!(items.iter().take(4).map(told).eq(known));
        let nginx = items[0];
        assert_eq!(
            (nginx.status, nginx.pid, nginx.ppid),
            (PidStatus::KNOWN, 10, 1)
        );
        assert_eq!(nginx.starttime, 1000);
        assert_eq!(
            (nginx.orchestrator, nginx.cgroup_name),
            (Orchestrator::DOCKER, "web".into())
        );
        assert!(pairs(nginx.labels).contains(&"team=a".to_owned()));
        for item in &items[4..] {
            assert_eq!((item.status, item.uid), (PidStatus::UNKNOWN, UID_UNSET));
        }
    });
}

#[test]
fn a_process_that_hides_its_cgroup_may_tell_later() {
    let machine = Machine::v2(&[]);
    machine.write("proc/7/stat", support::stat(7, b"shy", 1, 0));
    let host = Arc::new(machine.host());
    refresh(&host);
    serve::<AppsLookup, _>(answers::apps_lookup(host), |client| {
        let item = client.call(&[7]).unwrap().item(0).unwrap();
        assert_eq!(item.cgroup_status, AppsCgroupStatus::UNKNOWN_RETRY_LATER);
        assert!(item.cgroup_path.is_empty());
    });
}

#[test]
fn nothing_is_known_before_the_first_refresh() {
    let machine = Machine::v2(&["/a"]);
    let host = Arc::new(machine.host());
    serve::<AppsLookup, _>(answers::apps_lookup(Arc::clone(&host)), |client| {
        let reply = client.call(&[1]).unwrap();
        assert_eq!(
            (reply.generation, reply.item(0).unwrap().status),
            (0, PidStatus::UNKNOWN)
        );
    });
    serve::<CgroupsSnapshot, _>(answers::cgroups_snapshot(host), |client| {
        let view = client.call_snapshot().unwrap();
        assert_eq!((view.generation, view.item_count), (0, 0));
    });
}
