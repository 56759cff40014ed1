//! Rules of the contract that no other test names.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError};
use netipc::service::increment::Increment;
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, MemoryTransport, NativeTransport, Transport, Wait};
use netipc::wire::{Header, MethodCode, Status};
use netipc::{Client, ClientConfig, ClientState, Handler, Server, ServerConfig};

fn soon() -> Wait<'static> {
    Wait::timeout(Duration::from_secs(60))
}

/// Rule S1.
#[test]
fn the_states_of_a_client_have_the_numbers_of_the_contract() {
    use ClientState::{
        AuthFailed, Broken, Connecting, Disconnected, Incompatible, NotFound, Ready,
    };
    let states = [
        Disconnected,
        Connecting,
        Ready,
        NotFound,
        AuthFailed,
        Incompatible,
        Broken,
    ];
    for (number, state) in (0_u8..).zip(states) {
        assert_eq!(state as u8, number, "{state:?}");
        assert_eq!(ClientState::from_number(number), state);
    }
}

/// Answers every request of a session with its payload; returns the ids, in their order.
fn ids_of(server: &mut Connection) -> Vec<u64> {
    let mut ids = Vec::new();
    while let Ok(header) = server.receive(&soon()) {
        ids.push(header.message_id);
        let payload = server.message().unwrap().payload().to_vec();
        server
            .send(header.answer(Status::OK), &payload, &soon())
            .unwrap();
    }
    ids
}

/// Rule S10.
#[test]
fn the_id_increases_with_every_request_of_a_session() {
    let transport = Arc::new(MemoryTransport::new());
    let endpoint = Endpoint::new("/run", "ids").unwrap();
    let config = ServerConfig::default();
    let mut acceptor = Acceptor::bind(&*transport, &endpoint, &config).unwrap();
    let ids = std::thread::scope(|scope| {
        let serving = scope.spawn(move || ids_of(&mut acceptor.accept(&soon()).unwrap()));
        let config = ClientConfig {
            max_request_batch_items: 4,
            ..ClientConfig::default()
        };
        let mut client = Client::<Increment>::with_transport(transport, "/run", "ids", config);
        client.refresh();
        for n in 0..3 {
            assert_eq!(client.call(&n).unwrap(), n);
        }
        assert_eq!(client.call_batch(&[7, 8]).unwrap().len(), 2);
        client.call_pipelined(&[1, 2, 3, 4], 4, |_, _| ()).unwrap();
        client.close();
        serving.join().unwrap()
    });
    assert_eq!(ids.len(), 8, "{ids:?}");
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
}

/// Rule S24.
#[test]
fn sessions_run_a_handler_at_once_and_one_session_in_order() {
    const SESSIONS: usize = 3;
    const TOGETHER: u64 = u64::MAX;
    let transport = Arc::new(MemoryTransport::new());
    let together = Arc::new(Barrier::new(SESSIONS));
    let order = Arc::new(Mutex::new(Vec::new()));
    let (of_handler, seen) = (Arc::clone(&together), Arc::clone(&order));
    let handler = Handler::<Increment>::new(move |&n, answer| {
        if n == TOGETHER {
            // Only when every session is in here does any of them go on.
            of_handler.wait();
        } else {
            seen.lock().unwrap().push(n);
        }
        answer.put(&n)
    });
    let server =
        Server::new("/run", "order", ServerConfig::default(), handler)
            .over(Arc::<MemoryTransport>::clone(&transport));
    server.bind().unwrap();
    let connect = || {
        let config = ClientConfig::default();
        let transport = Arc::<MemoryTransport>::clone(&transport);
        let mut client = Client::<Increment>::with_transport(transport, "/run", "order", config);
        client.refresh();
        client
    };
    let requests: Vec<u64> = (0..100).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| server.run());
        let asking: Vec<_> = (0..SESSIONS)
            .map(|_| scope.spawn(|| connect().call(&TOGETHER).map(drop)))
            .collect();
        for client in asking {
            client.join().unwrap().unwrap();
        }
        connect().call_pipelined(&requests, 8, |_, _| ()).unwrap();
        server.stop();
    });
    assert_eq!(*order.lock().unwrap(), requests);
}

/// Both sides of a session over the platform's own connection.
fn pair(dir: &tempfile::TempDir) -> (Connection, Connection) {
    let transport = NativeTransport::new();
    let endpoint = Endpoint::new(dir.path(), "svc").unwrap();
    let config = ServerConfig::default();
    let mut acceptor = Acceptor::bind(&transport, &endpoint, &config).unwrap();
    std::thread::scope(|scope| {
        let connecting = scope.spawn(|| {
            let transport: &dyn Transport = &NativeTransport::new();
            let proposal = ClientConfig::default().proposal();
            Connection::connect(transport, &endpoint, proposal, &soon())
        });
        let server = acceptor.accept(&soon()).unwrap();
        (connecting.join().unwrap().unwrap(), server)
    })
}

/// Rule W24.
#[test]
#[cfg_attr(
    windows,
    ignore = "a pipe does not tell who left unread messages behind"
)]
fn an_orderly_end_is_told_apart_from_a_reset() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, server) = pair(&dir);
    drop(server);
    let ended = client.receive(&soon());
    let orderly = ConnectionError::Link(LinkError::Disconnected);
    assert_eq!(ended.unwrap_err().to_string(), orderly.to_string());

    let (mut client, server) = pair(&dir);
    // Who closes with unread messages has not heard what was said: that is no orderly end.
    client
        .send(Header::request(MethodCode(1000), 1), b"unheard", &soon())
        .unwrap();
    drop(server);
    let broken = client.receive(&soon());
    assert!(
        matches!(broken, Err(ConnectionError::Link(LinkError::Reset(_)))),
        "{broken:?}"
    );
    assert!(client.is_over());
}

/// Runs a server of a deployed integration: its endpoint, and two workers.
fn deployed<S: netipc::service::Service>(
    dir: &std::path::Path,
    service: &str,
    handler: Handler<S>,
) -> Arc<Server<S>> {
    let config = ServerConfig {
        supported_profiles: 0x07,
        preferred_profiles: 0x04,
        auth_token: 7,
        ..ServerConfig::default()
    };
    Arc::new(Server::with_workers(dir, service, config, handler, 2))
}

/// Rules A4, P21: the endpoints of a host, configured and asked as integrations do it.
#[test]
fn typical_integrations_find_what_they_ask_for() {
    use netipc::service::{apps_lookup, cgroups, cgroups_lookup};
    let dir = tempfile::tempdir().unwrap();
    let snapshots = cgroups::Handler::new(|_, answer| answer.add(1, 0, 1, b"name", b"/path"));
    let paths = cgroups_lookup::CgroupsLookupHandler::new(|request, answer| {
        request.keys().try_for_each(|_| answer.add_bare(1))
    });
    let pids = apps_lookup::AppsLookupHandler::new(|request, answer| {
        request.keys().try_for_each(|_| answer.add_bare(1))
    });
    let snapshots = deployed(dir.path(), "cgroups-snapshot", snapshots);
    let paths = deployed(dir.path(), "cgroups-lookup", paths);
    let pids = deployed(dir.path(), "apps-lookup", pids);
    let config = || ClientConfig {
        supported_profiles: 0x07,
        preferred_profiles: 0x04,
        auth_token: 7,
        call_timeout_ms: 5000,
        ..ClientConfig::default()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| snapshots.run().unwrap());
        scope.spawn(|| paths.run().unwrap());
        scope.spawn(|| pids.run().unwrap());
        let mut client =
            Client::<cgroups_lookup::CgroupsLookup>::new(dir.path(), "cgroups-lookup", config());
        ready(&mut client);
        let names: Vec<_> = (0..256).map(|n| format!("/system.slice/{n}")).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        assert_eq!(client.lookup(&names).unwrap().iter().len(), 256);
        let mut client =
            Client::<apps_lookup::AppsLookup>::new(dir.path(), "apps-lookup", config());
        ready(&mut client);
        let processes: Vec<u32> = (1..=8192).collect();
        assert_eq!(client.lookup(&processes).unwrap().iter().len(), 8192);
        let mut cache = cgroups::CgroupsCache::new(dir.path(), "cgroups-snapshot", config());
        while !cache.refresh() {
            std::thread::yield_now();
        }
        assert!(cache.lookup(1, "name").is_some());
        snapshots.stop();
        paths.stop();
        pids.stop();
    });
}

/// Goes on until there is a session.
fn ready<S: netipc::service::Service>(client: &mut Client<S>) {
    while !client.ready() {
        client.refresh();
    }
}
