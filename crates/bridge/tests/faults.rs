//! Links that lose, delay, and are cut in every phase.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;
mod relay;

use std::time::{Duration, Instant};

use common::{
    ASKER, Authority, HOST, IMPORTED, SERVICE, TOKEN, export_config, export_lists, until,
};
use common::{import_config, import_lists, open_connecting, open_listening};
use netipc::service::Service;
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::{Client, ClientConfig, ErrorCode, Handler, Server, ServerConfig};
use netipc_bridge::config::Net;
use netipc_bridge::export::Export;
use netipc_bridge::import::{Import, ImportConfig};
use netipc_conformance::service::{Running, data};
use relay::{Relay, Weather};
use tempfile::TempDir;
use zenoh::Session;

/// Two hosts with a link between them that this process holds.
struct Far<S: Service> {
    import: Import,
    _importer: Session,
    _export: Export,
    _exporter: Session,
    relay: Relay,
    _server: Running<S>,
    near: TempDir,
    _far: TempDir,
    /// Certificates are read whenever a link is made.
    _authority: Authority,
}

impl<S: Service> Far<S> {
    fn begin(weather: Weather, timeout: Duration, handler: Handler<S>) -> Self {
        Self::begin_cut(weather, timeout, handler, i64::MAX)
    }

    /// With a link that is cut after so many packets.
    fn begin_cut(weather: Weather, timeout: Duration, handler: Handler<S>, packets: i64) -> Self {
        let authority = Authority::new();
        let (far, near) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Shorter than usual where nothing gets lost: what is cut is to be noticed soon.
        let is_slow = weather.one_lost_in > 0;
        let quick = |name| Net {
            lease_ms: if is_slow { 20_000 } else { 1500 },
            ..authority.net(name)
        };
        let config = export_config(far.path());
        let (exporter, place) = open_listening(&quick(HOST), &export_lists(&config));
        let export = Export::begin(&exporter, config).unwrap();
        let relay = Relay::begin(&place, weather);
        relay.cut_after(packets);
        let importer = open_connecting(&quick(ASKER), &import_lists(), relay.endpoint());
        let config = ImportConfig {
            timeout,
            ..import_config(near.path())
        };
        let import = Import::begin(&importer, HOST, SERVICE, IMPORTED, config).unwrap();
        let server_config = ServerConfig {
            auth_token: TOKEN,
            ..ServerConfig::default()
        };
        let server = Server::with_workers(far.path(), SERVICE, server_config, handler, 4);
        Self {
            import,
            _importer: importer,
            _export: export,
            _exporter: exporter,
            relay,
            _server: Running::start(server),
            near,
            _far: far,
            _authority: authority,
        }
    }

    fn client(&self) -> Client<S> {
        let config = ClientConfig {
            auth_token: TOKEN,
            max_response_payload_bytes: 4 << 20,
            ..ClientConfig::default()
        };
        Client::new(self.near.path(), IMPORTED, config)
    }

    fn until(&self, standing: &str) {
        until(standing, || {
            let report = self.import.report();
            (report.services[0].standing == standing).then_some(())
        });
    }
}

/// The number of items of an answer that comes: on a busy machine a host may be taken for gone for a while.
fn ask(asker: &mut Client<CgroupsSnapshot>) -> u32 {
    until("an answer", || {
        asker.refresh();
        let view = asker.call_with_timeout(&Default::default(), 50_000).ok()?;
        Some(view.item_count)
    })
}

#[test]
fn a_link_that_loses_and_delays_brings_whole_answers() {
    let weather = Weather {
        delay: Duration::from_millis(50),
        one_lost_in: 50,
    };
    let far = Far::begin(weather, Duration::from_secs(50), data::snapshot(1000, 3100));
    far.until("up");
    let mut asker = far.client();
    let began = Instant::now();
    assert_eq!(ask(&mut asker), 1000);
    assert!(
        began.elapsed() >= Duration::from_millis(100),
        "there and back"
    );

    let far = Far::begin(weather, Duration::from_secs(50), data::apps(|_| 20));
    far.until("up");
    let mut asker = far.client();
    asker.refresh();
    let pids: Vec<u32> = (0..20_000).collect();
    let reply = asker.call_with_timeout(&pids, 60_000).unwrap();
    assert!(reply.iter().zip(&pids).all(|(item, pid)| item.pid == *pid));
    assert_eq!(reply.len(), pids.len());
}

/// How many packets a link carries before it is up, and for one answer: what the phases are spread over.
fn packets() -> (i64, i64) {
    let far = Far::begin(
        Weather::default(),
        Duration::from_secs(50),
        data::snapshot(1000, 300),
    );
    far.until("up");
    let up = far.relay.passed();
    let mut asker = far.client();
    assert_eq!(ask(&mut asker), 1000);
    let asked = far.relay.passed() - up;
    (up.try_into().unwrap(), asked.try_into().unwrap())
}

#[test]
fn a_link_that_is_cut_in_any_phase_is_an_error_in_time_and_heals() {
    let (up, asked) = packets();
    let timeout = Duration::from_secs(2);
    // While it is made: before the first packet, in the handshake, while claims are told.
    for phase in [0, 1, 3, up / 2, up - 1] {
        let handler = data::snapshot(1000, 300);
        let far = Far::begin_cut(Weather::default(), timeout, handler, phase);
        until("the cut", || far.relay.is_cut().then_some(()));
        far.relay.heal();
        far.until("up");
    }
    // While it is idle, before the question, with the question under way, in the middle of the answer, at its end.
    for phase in [0, 1, 2, asked / 2, asked - 1] {
        let far = Far::begin(Weather::default(), timeout, data::snapshot(1000, 300));
        far.until("up");
        let mut asker = far.client();
        asker.refresh();
        far.relay.cut_after(phase);
        let began = Instant::now();
        let answer = asker.call_with_timeout(&Default::default(), 60_000);
        let answer = answer
            .map(|view| view.item_count)
            .map_err(|error| error.code());
        let took = began.elapsed();
        assert!(
            took < Duration::from_secs(60),
            "{phase}: by the deadline of the caller: {took:?}"
        );
        if let Err(code) = answer {
            // Asked twice, the second time perhaps of a host that is gone by then.
            let known = [
                ErrorCode::HANDLER_FAILED,
                ErrorCode::DISCONNECTED,
                ErrorCode::NOT_READY,
            ];
            assert!(known.contains(&code), "{phase}: {code:?}");
        } else {
            // What was left of the packets was enough.
            assert_eq!(answer, Ok(1000), "{phase}: whole or not at all");
        }
        far.relay.cut_after(0);
        far.until("absent");
        far.relay.heal();
        far.until("up");
        assert_eq!(ask(&mut asker), 1000, "{phase}");
    }
}

#[test]
fn one_call_has_one_deadline_whatever_the_link_does() {
    let far = Far::<CgroupsSnapshot>::begin(
        Weather::default(),
        Duration::from_secs(50),
        data::snapshot(1, 1),
    );
    far.until("up");
    let mut asker = far.client();
    asker.refresh();
    far.relay.cut_after(0);
    let began = Instant::now();
    let error = asker
        .call_with_timeout(&Default::default(), 300)
        .unwrap_err();
    // The bridge's own is 50 s.
    assert!(began.elapsed() < Duration::from_secs(30), "{error}");
}
