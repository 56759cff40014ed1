//! The services in Rust, in a thread of the test.

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use netipc::enricher::{EnricherConfig, Missing};
use netipc::server::Server;
use netipc::service::Service;
use netipc::service::cgroups_snapshot::{
    CgroupsSnapshotClient, CgroupsSnapshotHandler, CgroupsSnapshotHeader, CgroupsSnapshotItem,
    CgroupsSnapshotRequest,
};
use netipc::service::increment::{IncrementClient, IncrementHandler};
use netipc::service::string_reverse::{
    StringReverseClient, StringReverseHandler, StringReverseValue,
};
use netipc::{ClientConfig, Enricher, Handler, ServeError, ServerConfig};
use netipc_generated::pid_traffic::{
    LookupStatus, PidTraffic, PidTrafficClient, PidTrafficHandler, PidTrafficItem, PidTrafficKey,
};

use crate::COUNT;

const GENERATION: u64 = 42;

fn count() -> u32 {
    COUNT.parse().unwrap()
}

/// A server that stops when it is dropped.
pub(crate) struct Running {
    stop: Box<dyn Fn()>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        (self.stop)();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

pub(crate) fn serve(run_dir: &Path, service: &str) -> Running {
    match service {
        "cgroups-snapshot" => run(run_dir, service, snapshot()),
        "increment" => run(run_dir, service, increment()),
        "pid-traffic" => run(run_dir, service, traffic()),
        "string-reverse" => run(run_dir, service, reverse()),
        _ => panic!("no service {service}"),
    }
}

fn run<S: Service>(run_dir: &Path, service: &str, handler: Handler<S>) -> Running {
    let config = ServerConfig {
        supported_profiles: 3,
        ..ServerConfig::default()
    };
    let server = Arc::new(Server::new(run_dir, service, config, handler));
    server.bind().unwrap();
    let running = Arc::clone(&server);
    Running {
        thread: Some(thread::spawn(move || running.run())),
        stop: Box::new(move || server.stop()),
    }
}

fn traffic() -> PidTrafficHandler {
    PidTrafficHandler::new(|request, answer| {
        answer.set_generation(GENERATION);
        request
            .keys()
            .try_for_each(|key| answer.add(&traffic_of(key)))
    })
}

fn traffic_of(key: PidTrafficKey) -> PidTrafficItem {
    let PidTrafficKey { pid, starttime } = key;
    let item = PidTrafficItem {
        pid,
        starttime,
        ..PidTrafficItem::default()
    };
    if pid.is_multiple_of(3) {
        let status = LookupStatus::UNKNOWN;
        return PidTrafficItem { status, ..item };
    }
    PidTrafficItem {
        status: LookupStatus::KNOWN,
        bytes_received: u64::from(pid) * 10 + 1,
        bytes_sent: starttime,
        packets_received: pid.into(),
        packets_sent: u64::MAX - u64::from(pid),
        connections: pid % 7,
        ..item
    }
}

fn increment() -> IncrementHandler {
    IncrementHandler::new(|value, answer| answer.put(&value.wrapping_add(1)))
}

fn reverse() -> StringReverseHandler {
    StringReverseHandler::new(|request, answer| {
        let text: Vec<u8> = request.0.iter().rev().copied().collect();
        answer.put(&StringReverseValue::new(&text))
    })
}

fn snapshot() -> CgroupsSnapshotHandler {
    CgroupsSnapshotHandler::new(|_, answer| {
        let header = CgroupsSnapshotHeader { systemd_enabled: 1 };
        answer.set(header, GENERATION);
        (0..count()).try_for_each(|i| {
            let [name, path] = texts(i);
            answer.push(&CgroupsSnapshotItem {
                hash: i,
                options: i % 16,
                enabled: i % 2,
                name: (&name).into(),
                path: (&path).into(),
            })
        })
    })
}

fn texts(i: u32) -> [String; 2] {
    [format!("name-{i}"), format!("/path/{i:0100}")]
}

/// Asks, and checks what comes.
pub(crate) fn ask(run_dir: &Path, service: &str) {
    for supported_profiles in [1, 3] {
        let config = ClientConfig {
            supported_profiles,
            ..ClientConfig::default()
        };
        match service {
            "cgroups-snapshot" => ask_snapshot(run_dir, service, config),
            "increment" => ask_increment(run_dir, service, config),
            "pid-traffic" => ask_traffic(run_dir, service, config),
            "string-reverse" => ask_reverse(run_dir, service, config),
            _ => panic!("no service {service}"),
        }
    }
}

fn ask_traffic(run_dir: &Path, service: &str, config: ClientConfig) {
    let mut client = PidTrafficClient::new(run_dir, service, config);
    client.refresh();
    let key = |pid| PidTrafficKey {
        pid,
        starttime: u64::from(pid) + 7,
    };
    let keys: Vec<PidTrafficKey> = (0..count()).map(key).collect();
    let reply = client.call(&keys).unwrap();
    assert_eq!((reply.len(), reply.generation), (keys.len(), GENERATION));
    for (item, key) in reply.iter().zip(keys) {
        assert_eq!(item, traffic_of(key));
    }
    enrich_traffic(run_dir, service);
}

/// An enricher of a service of one's own is made of its name alone.
fn enrich_traffic(run_dir: &Path, service: &str) {
    let config = EnricherConfig {
        backoff_first: Duration::from_nanos(1),
        backoff_most: Duration::from_nanos(1),
        ..EnricherConfig::default()
    };
    let mut enricher =
        Enricher::<PidTraffic>::new(run_dir, service, ClientConfig::default(), config);
    let key = |pid| PidTrafficKey {
        pid,
        starttime: u64::from(pid) + 7,
    };
    let keys: Vec<PidTrafficKey> = (0..count()).map(key).collect();
    let expected = (0..count()).filter(|pid| !pid.is_multiple_of(3)).count();
    // On a busy machine it may take more than one handshake.
    while enricher.refresh_now(&keys, Duration::from_secs(60)) < expected {}
    let guard = enricher.read();
    for key in keys {
        match guard.get_as(key, key.starttime) {
            Ok(hit) => assert_eq!(hit.item, traffic_of(key)),
            Err(missing) => assert!(
                key.pid.is_multiple_of(3) && matches!(missing, Missing::ForNow { .. }),
                "{missing:?}"
            ),
        }
    }
}

fn ask_increment(run_dir: &Path, service: &str, config: ClientConfig) {
    let mut client = IncrementClient::new(run_dir, service, config);
    client.refresh();
    assert_eq!(client.call(&u64::MAX).unwrap(), 0);
    let requests: Vec<u64> = (0..u64::from(count())).collect();
    let replies = client.call_batch(&requests).unwrap();
    for (reply, value) in replies.iter().zip(1..) {
        assert_eq!(reply, value);
    }
}

fn ask_reverse(run_dir: &Path, service: &str, config: ClientConfig) {
    let mut client = StringReverseClient::new(run_dir, service, config);
    client.refresh();
    let reply = client.call(&StringReverseValue::new(b"abc")).unwrap();
    assert_eq!(reply.0, "cba");
}

fn ask_snapshot(run_dir: &Path, service: &str, config: ClientConfig) {
    let mut client = CgroupsSnapshotClient::new(run_dir, service, config);
    client.refresh();
    let reply = client.call(&CgroupsSnapshotRequest).unwrap();
    assert_eq!((reply.item_count, reply.generation), (5000, GENERATION));
    assert_eq!(reply.systemd_enabled, 1);
    for (item, i) in reply.iter().zip(0..) {
        let (item, [name, path]) = (item.unwrap(), texts(i));
        assert_eq!((item.hash, item.options, item.enabled), (i, i % 16, i % 2));
        assert_eq!(
            (item.name.as_bytes(), item.path.as_bytes()),
            (name.as_bytes(), path.as_bytes())
        );
    }
}
