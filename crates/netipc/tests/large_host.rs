//! The cache of the README, and a server that nobody has configured, on hosts of many cgroups.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use netipc::service::cgroups::{
    CgroupsCache, CgroupsClient, ClientConfig, Handler, ManagedServer, ServerConfig,
};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::{ErrorCode, Server, simple_hash};

/// The name and the path of a container as a node of Kubernetes has thousands of.
fn container(index: u32) -> (String, String) {
    let name = format!("cri-containerd-{index:064x}.scope");
    let pod = index / 4;
    let path = format!(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod:08x}_52a4_4c7e_9b3d_7f1e2a9c4d55.slice/{name}"
    );
    (format!("container_{index:08x}"), path)
}

fn node(cgroups: u32) -> Handler {
    Handler::new(move |_, answer| {
        answer.set_header(1, 1);
        (0..cgroups).try_for_each(|index| {
            let (name, path) = container(index);
            answer.add(
                simple_hash(name.as_bytes()),
                0,
                1,
                name.as_bytes(),
                path.as_bytes(),
            )
        })
    })
}

/// Runs a server of `cgroups` cgroups while `consume` asks it.
fn serving(cgroups: u32, config: ServerConfig, consume: impl FnOnce(&std::path::Path)) {
    let dir = tempfile::tempdir().unwrap();
    let server: Server<CgroupsSnapshot> =
        ManagedServer::new(dir.path(), "cgroups-snapshot", config, node(cgroups));
    server.bind().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| server.run().unwrap());
        let consumed =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| consume(dir.path())));
        server.stop();
        consumed.unwrap();
    });
}

// Rules S13, S31, W16.
#[test]
fn a_cache_that_nobody_configured_holds_a_large_node() {
    for cgroups in [3_500, 57_000] {
        serving(cgroups, ServerConfig::default(), |run_dir| {
            let mut cache = CgroupsCache::new(run_dir, "cgroups-snapshot", ClientConfig::default());
            cache.try_refresh().unwrap();
            assert_eq!(cache.status().item_count, cgroups);
            let (name, path) = container(cgroups - 1);
            let found = cache.lookup(simple_hash(name.as_bytes()), name.as_bytes());
            assert_eq!(&*found.unwrap().path, path.as_bytes());
        });
    }
}

#[test]
fn what_does_not_fit_names_the_limit_its_side_and_the_option() {
    let config = |max_response_payload_bytes| ServerConfig {
        max_response_payload_bytes,
        ..ServerConfig::default()
    };
    for (server, client, why) in [
        (
            100_000,
            0,
            "the agreed 100000 bytes: raise max_response_payload_bytes of the server",
        ),
        (
            0,
            200_000,
            "the agreed 200000 bytes: raise max_response_payload_bytes of the client",
        ),
    ] {
        serving(3_500, config(server), |run_dir| {
            let config = ClientConfig {
                max_response_payload_bytes: client,
                ..ClientConfig::default()
            };
            let mut client = CgroupsClient::new(run_dir, "cgroups-snapshot", config);
            client.refresh();
            let error = client.call_snapshot().unwrap_err();
            assert_eq!(error.code(), ErrorCode::OVERFLOW);
            let text = netipc::chain(&error);
            assert!(text.contains(why), "{text}");
        });
    }
}
