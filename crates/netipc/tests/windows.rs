//! The defects of deployed peers on Windows, as a user of the library would meet them; those below a
//! whole client and server are in `crates/transport/tests/windows`.
#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netipc::connection::{Acceptor, Connection};
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_HYBRID};
use netipc::service::increment::{self, Increment};
use netipc::transport::link::LinkKind;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::wire::Profiles;
use netipc::{Client, ClientConfig, ErrorCode, Server, ServerConfig};
use tempfile::TempDir;

/// More than any step takes.
const SOON: Duration = Duration::from_secs(60);

fn stage() -> (TempDir, Endpoint) {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::new(dir.path(), "svc").unwrap();
    (dir, endpoint)
}

/// A client that says nothing, with a handle that waits in every call.
fn silent(endpoint: &Endpoint) -> File {
    let opened = File::options()
        .read(true)
        .write(true)
        .open(endpoint.pipe_name());
    opened.unwrap()
}

#[test]
fn defect_34_silent_clients_block_neither_others_nor_a_stop() {
    let (dir, endpoint) = stage();
    let server: Server<Increment> = Server::new(
        dir.path(),
        "svc",
        ServerConfig::default(),
        increment::handler(),
    );
    server.bind().unwrap();
    let server = Arc::new(server);
    let running = Arc::clone(&server);
    let run = thread::spawn(move || running.run());
    let _silent = [silent(&endpoint), silent(&endpoint)];
    let mut client: Client<Increment> = Client::new(dir.path(), "svc", ClientConfig::default());
    assert!(client.refresh(), "{:?}", client.status());
    assert_eq!(client.call(&1).unwrap(), 2);
    let start = Instant::now();
    server.stop();
    run.join().unwrap().unwrap();
    assert!(start.elapsed() < SOON, "the end took {:?}", start.elapsed());
    assert_eq!(client.call(&2).unwrap_err().code(), ErrorCode::DISCONNECTED);
}

#[test]
fn defect_35_limits_are_those_of_the_client_that_came() {
    let (_dir, endpoint) = stage();
    let transport = NativeTransport::new();
    let mut acceptor = Acceptor::bind(&transport, &endpoint, &ServerConfig::default()).unwrap();
    let wait = Wait::timeout(SOON);
    for bytes in [2048, 1 << 20, 4096] {
        // The listener has waited for this client since before anything was known of it.
        let config = ClientConfig {
            max_request_payload_bytes: bytes,
            max_response_payload_bytes: bytes,
            ..ClientConfig::default()
        };
        let (client, server) = thread::scope(|scope| {
            let accepted = scope.spawn(|| acceptor.accept(&wait).unwrap());
            let client =
                Connection::connect(&transport, &endpoint, config.proposal(), &wait).unwrap();
            (client, accepted.join().unwrap())
        });
        for limits in [client.limits(), server.limits()] {
            assert_eq!(limits.request.payload_bytes, bytes);
            // A server without configuration grants that much to everybody.
            assert_eq!(limits.response.payload_bytes, bytes.max(65_536));
        }
    }
}

// Rule N13.
#[test]
fn defect_39_nobody_waits_busily_who_did_not_ask_for_it() {
    for (asked, selected) in [
        (0, Profiles::BASELINE),
        (PROFILE_BASELINE | PROFILE_SHM_HYBRID, Profiles::SHM_HYBRID),
        (0x05, Profiles(0x04)),
        // Never offered, whoever asks.
        (0x09, Profiles::BASELINE),
    ] {
        let (_dir, endpoint) = stage();
        let transport = NativeTransport::new();
        let config = ServerConfig {
            supported_profiles: asked,
            ..ServerConfig::default()
        };
        let mut acceptor = Acceptor::bind(&transport, &endpoint, &config).unwrap();
        let wait = Wait::timeout(SOON);
        let proposal = ClientConfig {
            supported_profiles: asked,
            ..ClientConfig::default()
        }
        .proposal();
        let client = thread::scope(|scope| {
            let accepted = scope.spawn(|| acceptor.accept(&wait).unwrap());
            let client = Connection::connect(&transport, &endpoint, proposal, &wait).unwrap();
            accepted.join().unwrap();
            client
        });
        assert_eq!(client.agreed().profile, selected, "{asked:#x}");
        let shared = client.info().kind == LinkKind::SharedMemory;
        assert_eq!(shared, selected != Profiles::BASELINE);
    }
}
