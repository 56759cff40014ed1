//! The programs that integrators' documentation begins with, as they stand there but for the run
//! directory: they compile, and they find each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

/// An item as a program saw it: hash, name, path.
type Seen = (u32, String, String);

mod client {
    use netipc::protocol::PROFILE_BASELINE;
    use netipc::service::cgroups::{CgroupsClient, ClientConfig};

    pub(super) fn main(run_dir: &str, mut see: impl FnMut(super::Seen)) {
        let config = ClientConfig {
            supported_profiles: PROFILE_BASELINE,
            max_request_batch_items: 1,
            max_response_payload_bytes: 65536,
            auth_token: 0xDEAD_BEEF_CAFE_BABE,
            ..ClientConfig::default()
        };
        let mut client = CgroupsClient::new(run_dir, "cgroups-snapshot", config);
        client.refresh();
        if client.ready() {
            match client.call_snapshot() {
                Ok(view) => {
                    for i in 0..view.item_count {
                        let item = view.item(i).unwrap();
                        let (name, path) = (item.name.as_str(), item.path.as_str());
                        see((item.hash, name.unwrap().into(), path.unwrap().into()));
                    }
                }
                Err(e) => eprintln!("{e:?}"),
            }
        }
        client.close();
    }
}

mod server {
    // region handler
    use netipc::service::cgroups::{Handler, ManagedServer, ServerConfig};

    pub(super) fn new(run_dir: &str) -> ManagedServer {
        let handler = Handler {
            handle: Some(Box::new(|_req, builder| {
                builder.set_header(1, 42);
                let path = b"/sys/fs/cgroup/docker/abc123";
                builder.add(1001, 0, 1, b"docker-abc123", path).is_ok()
            })),
            ..Default::default()
        };
        let config = ServerConfig {
            auth_token: 0xDEAD_BEEF_CAFE_BABE,
            ..Default::default()
        };
        ManagedServer::new(run_dir, "cgroups-snapshot", config, handler)
    }
    // endregion

    /// The end of the listing; what stops it happens beside it.
    pub(super) fn main(run_dir: &str, beside: impl FnOnce(&ManagedServer) + Send) {
        #[expect(unused_mut, reason = "it stands there")]
        let mut server = new(run_dir);
        std::thread::scope(|scope| {
            scope.spawn(|| beside(&server));
            server.run().unwrap();
        });
        server.stop();
    }
}

mod cache {
    use netipc::service::cgroups::{CgroupsCache, ClientConfig};

    pub(super) fn main(run_dir: &str, mut see: impl FnMut(String)) {
        let config = ClientConfig {
            auth_token: 0xDEAD_BEEF_CAFE_BABE,
            ..ClientConfig::default()
        };
        let hash = 1001;
        let mut cache = CgroupsCache::new(run_dir, "cgroups-snapshot", config);
        if cache.refresh() {
            see("cache updated".into());
        }
        if let Some(item) = cache.lookup(hash, "docker-abc123") {
            see(format!("{}: {}", item.name, item.path));
        }
        cache.close();
    }
}

/// Serves while `test` runs.
fn serve(server: &netipc::service::cgroups::ManagedServer, test: impl FnOnce()) {
    server.bind().unwrap();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        test();
        server.stop();
        running.join().unwrap().unwrap();
    });
}

#[test]
fn the_first_programs_find_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().to_str().unwrap();
    serve(&server::new(run_dir), || {
        let mut seen = Vec::new();
        client::main(run_dir, |item| seen.push(item));
        let path = "/sys/fs/cgroup/docker/abc123".to_owned();
        assert_eq!(seen, [(1001, "docker-abc123".to_owned(), path)]);
        let mut said = Vec::new();
        cache::main(run_dir, |line| said.push(line));
        let found = "docker-abc123: /sys/fs/cgroup/docker/abc123";
        assert_eq!(said, ["cache updated", found]);
    });
}

#[test]
fn without_a_provider_they_say_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().to_str().unwrap();
    client::main(run_dir, |item| panic!("{item:?} of nobody"));
    cache::main(run_dir, |line| panic!("{line} of nobody"));
}

#[test]
fn a_server_is_run_by_its_main() {
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().to_str().unwrap();
    server::main(run_dir, |server| {
        let patience = Instant::now() + Duration::from_secs(60);
        let mut seen = 0;
        // The program says nothing when it is ready.
        while seen == 0 && Instant::now() < patience {
            client::main(run_dir, |_| seen += 1);
        }
        server.stop();
        assert_eq!(seen, 1);
    });
}

#[test]
fn a_handler_that_was_not_filled_in_answers_internal_error() {
    use netipc::service::cgroups::{CgroupsClient, ClientConfig, Handler, ManagedServer};
    let dir = tempfile::tempdir().unwrap();
    let name = "cgroups-snapshot";
    let server = ManagedServer::new(dir.path(), name, Default::default(), Handler::default());
    serve(&server, || {
        let mut client = CgroupsClient::new(dir.path(), name, ClientConfig::default());
        client.refresh();
        let error = client.call_snapshot().unwrap_err();
        assert_eq!(error.code(), netipc::ErrorCode::HANDLER_FAILED);
    });
}

/// A field has one type: what some programs make with `Arc::new` goes into a closure.
#[test]
fn a_handler_that_is_shared_goes_into_a_closure() {
    use netipc::service::cgroups::{CgroupsBuilder, CgroupsClient, CgroupsRequest, ClientConfig};
    use netipc::service::cgroups::{Handler, ManagedServer};
    let shared = Arc::new(|_: &CgroupsRequest, builder: &mut CgroupsBuilder<'_>| {
        builder.set_header(0, 9);
        true
    });
    let again = Arc::clone(&shared);
    let handler = Handler {
        handle: Some(Box::new(move |request, builder| again(request, builder))),
        ..Default::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let name = "cgroups-snapshot";
    let server = ManagedServer::new(dir.path(), name, Default::default(), handler);
    serve(&server, || {
        let mut client = CgroupsClient::new(dir.path(), name, ClientConfig::default());
        client.refresh();
        assert_eq!(client.call_snapshot().unwrap().generation, 9);
    });
}
