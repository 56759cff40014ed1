//! Hosts of their own: network namespaces with cables between them, and a router in the middle. It takes root and iproute2.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![cfg(target_os = "linux")]

mod common;
mod programs;

use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};

use common::{ASKER, HOST, TOKEN, skipped, until};
use netipc::service::Service;
use netipc::service::apps_lookup::AppsLookup;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::{Client, ClientConfig, Handler, Server, ServerConfig};
use netipc_conformance::service::{Running, data};
use programs::{Place, Program, command};

/// Namespaces in a row, with a cable from each to the next.
struct Hosts(Vec<String>);

/// Runs `ip` or `tc`. Whether it did what it was told.
fn did(program: &str, line: &str) -> bool {
    let output = Command::new(program).args(line.split_whitespace()).output();
    output.is_ok_and(|output| output.status.success())
}

impl Hosts {
    /// So many hosts; nothing where this machine has none, which is said.
    fn new(count: usize) -> Option<Self> {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let mut hosts = Self(Vec::new());
        for _ in 0..count {
            let name = format!(
                "nb{}-{}",
                process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            if !did("ip", &format!("netns add {name}")) {
                skipped(
                    "hosts of their own: no network namespace can be made: it takes root and iproute2",
                );
                return None;
            }
            hosts.0.push(name.clone());
            if !did("ip", &format!("-n {name} link set lo up")) {
                skipped("hosts of their own: no network namespace can be entered here");
                return None;
            }
        }
        for (net, pair) in hosts.0.windows(2).enumerate() {
            let [left, right] = pair else { continue };
            let cable = format!("-n {left} link add right type veth peer name left netns {right}");
            if !did("ip", &cable) {
                skipped("hosts of their own: this kernel has no veth");
                return None;
            }
            for (host, link, number) in [(left, "right", 1), (right, "left", 2)] {
                let net = net + 1;
                assert!(did(
                    "ip",
                    &format!("-n {host} addr add 10.213.{net}.{number}/24 dev {link}")
                ));
                assert!(did("ip", &format!("-n {host} link set {link} up")));
            }
        }
        Some(hosts)
    }

    fn name(&self, host: usize) -> String {
        self.0[host].clone()
    }

    /// Pulls the cable of the first host, or puts it back.
    fn set_link(&self, state: &str) {
        assert!(did(
            "ip",
            &format!("-n {} link set right {state}", self.0[0])
        ));
    }

    /// Has the first cable lose and delay, where the kernel can.
    fn worsen(&self) -> bool {
        let netem = format!(
            "-n {} qdisc add dev right root netem delay 100ms loss 2%",
            self.0[0]
        );
        did("tc", &netem)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.0 {
            did("ip", &format!("netns del {name}"));
        }
    }
}

fn serve<S: Service>(place: &Place, service: &str, handler: Handler<S>) -> Running<S> {
    let config = ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    Running::start(Server::with_workers(
        &place.far, service, config, handler, 4,
    ))
}

fn client<S: Service>(place: &Place, endpoint: &str) -> Client<S> {
    let config = ClientConfig {
        auth_token: TOKEN,
        max_response_payload_bytes: 4 << 20,
        ..ClientConfig::default()
    };
    Client::new(&place.near, endpoint, config)
}

/// Asks until there is an answer: on a busy machine a host may be taken for gone for a while.
fn ask(asker: &mut Client<CgroupsSnapshot>) -> u32 {
    until("an answer", || {
        asker.refresh();
        Some(asker.call(&Default::default()).ok()?.item_count)
    })
}

#[test]
fn the_walk_works_between_two_hosts_and_survives_a_cut_cable() {
    let Some(hosts) = Hosts::new(2) else { return };
    let mut place = Place::new();
    place.endpoint = "quic/10.213.1.1:7447".into();
    place.namespaces = Some([hosts.name(0), hosts.name(1)]);
    let service = ["--service", "cgroups-snapshot", "--lease-ms", "1500"];
    let export = place.export(&[&service[..], &["--allow", ASKER]].concat());
    let import =
        place.import(&[&service[..], &["--as", "{service}", "--timeout-ms", "2000"]].concat());
    let _server = serve(&place, "cgroups-snapshot", data::snapshot(1000, 3100));
    place.until("up");
    let mut asker = client(&place, "cgroups-snapshot");
    assert_eq!(ask(&mut asker), 1000);
    hosts.set_link("down");
    place.until("absent");
    asker.refresh();
    assert!(asker.call(&Default::default()).is_err());
    hosts.set_link("up");
    place.until("up");
    assert_eq!(ask(&mut asker), 1000);
    assert_eq!((import.stop(), export.stop()), (0, 0));
}

#[test]
fn hosts_that_meet_at_a_router_ask_one_another() {
    let Some(hosts) = Hosts::new(3) else { return };
    let mut place = Place::new();
    place.namespaces = Some([hosts.name(0), hosts.name(2)]);
    place.endpoint = "quic/10.213.2.1:7447".into();
    let mut router = command(Some(&hosts.name(1)));
    router.args([
        "router",
        "--host",
        HOST,
        "--asker",
        ASKER,
        "--lease-ms",
        "3000",
    ]);
    router.args([
        "--listen",
        "quic/10.213.1.2:7447",
        "--listen",
        "quic/10.213.2.1:7447",
    ]);
    place.with_certificates(&mut router, "router");
    let router = Program::start(router);

    let service = [
        "--service",
        "apps-lookup",
        "--via",
        "router",
        "--lease-ms",
        "3000",
    ];
    let connect = ["--connect", "quic/10.213.1.2:7447", "--allow", ASKER];
    let exporting = || place.export_with(&[&service[..], &connect].concat());
    let export = exporting();
    let import = place.import(&[&service[..], &["--timeout-ms", "20000"]].concat());
    let _server = serve(&place, "apps-lookup", data::apps(|_| 20));
    place.until("up");
    let mut asker = client::<AppsLookup>(&place, "apps-lookup.web-1");
    let pids: Vec<u32> = (0..20_000).collect();
    let mut ask = || {
        until("20,000 processes", || {
            asker.refresh();
            let reply = asker.call(&pids).ok()?;
            assert!(reply.iter().zip(&pids).all(|(item, pid)| item.pid == *pid));
            Some(reply.len())
        })
    };
    assert_eq!(ask(), pids.len());
    // A host that dies without a word and comes back under its name, while its old claim lives on at the router.
    export.kill();
    let export = exporting();
    assert_eq!(ask(), pids.len());
    if hosts.worsen() {
        assert_eq!(ask(), pids.len());
    } else {
        skipped("delay and loss by netem: this kernel has none; faults.rs has them without it");
    }
    assert_eq!((import.stop(), export.stop(), router.stop()), (0, 0, 0));
}
