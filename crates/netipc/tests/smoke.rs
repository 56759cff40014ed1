//! Each service, both sides, over every transport.

use std::sync::Arc;

use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID};
use netipc::service::apps_lookup::{AppsLookupClient, AppsLookupItem, PidStatus};
use netipc::service::cgroups::{CgroupsCache, CgroupsClient, Handler};
use netipc::service::increment::{self, IncrementClient};
use netipc::{ClientConfig, Server, ServerConfig};

struct Stop<'s, S: netipc::service::Service>(&'s Server<S>);
impl<S: netipc::service::Service> Drop for Stop<'_, S> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn configs(profiles: u32) -> (ClientConfig, ServerConfig) {
    let client = ClientConfig {
        supported_profiles: profiles,
        auth_token: 7,
        ..Default::default()
    };
    let server = ServerConfig {
        supported_profiles: profiles,
        auth_token: 7,
        ..Default::default()
    };
    (client, server)
}

#[test]
fn increments() {
    for profiles in [
        PROFILE_BASELINE,
        1 | PROFILE_SHM_HYBRID,
        1 | PROFILE_SHM_FUTEX,
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (client, server) = configs(profiles);
        let server = Arc::new(Server::new(
            dir.path(),
            "increment",
            server,
            increment::handler(),
        ));
        server.bind().unwrap();
        std::thread::scope(|scope| {
            let _stop = Stop(&server);
            scope.spawn(|| server.run().unwrap());
            let mut client = IncrementClient::new(dir.path(), "increment", client);
            assert!(client.refresh(), "{:?}", client.status());
            assert!(client.ready(), "{:?}", client.status());
            assert_eq!(client.ask(&41).unwrap(), 42);
            let t = std::time::Instant::now();
            for i in 0..2000 {
                assert_eq!(client.ask(&i).unwrap(), i + 1);
            }
            eprintln!(
                "{profiles} {:?} per call {:?}",
                t.elapsed() / 2000,
                client.status().session
            );
            let batch: Vec<u64> = (0..1000).collect();
            let reply = client.call_batch(&batch).unwrap();
            assert!(reply.iter().eq(1..=1000));
            let mut sum = 0;
            client
                .call_pipelined(&batch, 16, |i, n| {
                    assert_eq!(i as u64 + 1, n);
                    sum += n
                })
                .unwrap();
            assert_eq!(sum, (1..=1000).sum::<u64>());
            server.stop();
        });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn snapshots_and_caches() {
    for profiles in [PROFILE_BASELINE, 1 | PROFILE_SHM_HYBRID] {
        let dir = tempfile::tempdir().unwrap();
        let (client, server) = configs(profiles);
        let handler = Handler::new(|_request, builder| {
            builder.set_header(1, 42);
            (0..5000).all(|i: u32| {
                builder
                    .add(
                        i,
                        0,
                        1,
                        format!("name-{i}").as_bytes(),
                        format!("/path/{i}").as_bytes(),
                    )
                    .is_ok()
            })
        });
        let server = Arc::new(Server::new(dir.path(), "cgroups-snapshot", server, handler));
        server.bind().unwrap();
        std::thread::scope(|scope| {
            let _stop = Stop(&server);
            scope.spawn(|| server.run().unwrap());
            let mut c = CgroupsClient::new(dir.path(), "cgroups-snapshot", client.clone());
            c.refresh();
            let view = c.call_snapshot().unwrap();
            assert_eq!(view.item_count, 5000);
            assert_eq!(view.item(4999).unwrap().name, "name-4999");
            let mut cache = CgroupsCache::new(dir.path(), "cgroups-snapshot", client);
            assert!(cache.refresh(), "{:?}", cache.status());
            assert_eq!(
                cache.lookup(17, "name-17").unwrap().path.to_string(),
                "/path/17"
            );
            assert!(cache.lookup(18, "name-17").is_none());
            eprintln!("{:?}", c.status());
            server.stop();
        });
    }
}

#[test]
fn lookups() {
    for profiles in [PROFILE_BASELINE, 1 | PROFILE_SHM_HYBRID] {
        let dir = tempfile::tempdir().unwrap();
        let (client, server) = configs(profiles);
        let handler = netipc::service::apps_lookup::Handler::new(|request, answer| {
            answer.set_generation(5);
            request.keys().all(|key| {
                let item = AppsLookupItem {
                    status: PidStatus::KNOWN,
                    pid: key.0,
                    uid: 0,
                    comm: "bench".into(),
                    cgroup_path: "/a/b".into(),
                    ..AppsLookupItem::default()
                };
                answer.add(&item).is_ok()
            })
        });
        let server = Arc::new(Server::new(dir.path(), "apps-lookup", server, handler));
        server.bind().unwrap();
        std::thread::scope(|scope| {
            let _stop = Stop(&server);
            scope.spawn(|| server.run().unwrap());
            let mut c = AppsLookupClient::new(dir.path(), "apps-lookup", client.clone());
            c.refresh();
            let pids: Vec<u32> = (0..20_000).collect();
            let reply = c.call(&pids).unwrap();
            assert_eq!(reply.item_count, 20_000);
            assert!(reply.iter().map(|i| i.pid).eq(0..20_000));
            assert_eq!(reply.item(19_999).unwrap().cgroup_path, "/a/b");
            eprintln!("{:?}", c.status());
            server.stop();
        });
    }
}
