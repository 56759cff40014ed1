//! Nothing waits for a refresh, and a call has one deadline: 29, 30.

use std::thread;
use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError};
use netipc::protocol::{AppsCgroupStatus, PidStatus};
use netipc::service::apps_lookup::{self, AppsLookup, AppsLookupItem};
use netipc::service::cgroups::{CgroupsCache, Handler};
use netipc::service::increment::Increment;
use netipc::transport::link::LinkError;
use netipc::transport::{Abort, MemoryTransport, Wait};
use netipc::wire::{Header, MethodCode};
use netipc::{ClientState, ErrorCode, Server};

use crate::stage::script::Host;
use crate::stage::{BOTH, SERVICE, SOON, Serving, Stage, client, server, soon, timed, until};

// Rules H5, H8.
#[test]
fn defect_29_neither_status_nor_readers_wait_for_a_refresh() {
    let stage = Stage::new();
    let hanging = Abort::new();
    let (asked, ended) = (Abort::new(), hanging.clone());
    let noted = asked.clone();
    let once = std::sync::atomic::AtomicBool::new(false);
    let handler = Handler::new(move |_request, answer| {
        if once.swap(true, std::sync::atomic::Ordering::Relaxed) {
            noted.raise();
            let _ = Wait::timeout(SOON).or_abort(&ended).sleep(SOON);
        }
        answer.set_header(1, 42);
        answer.add(7, 0, 1, b"name", b"/path")
    });
    let serving = Serving::new(Server::new(stage.path(), SERVICE, server(1), handler));
    let mut cache = CgroupsCache::new(stage.path(), SERVICE, client(1));
    assert!(cache.refresh());
    let (reader, abort) = (cache.reader(), cache.abort_handle());

    let pinned = reader.read();
    let refreshing = thread::spawn(move || (cache.refresh(), cache));
    until("the refresh hangs", || asked.is_raised().then_some(()));
    for _ in 0..1000 {
        let (found, status) = (reader.lookup(7, "name").is_some(), reader.status());
        assert!(found && reader.ready() && status.populated && status.generation == 42);
    }
    assert!(!refreshing.is_finished(), "all the while");
    abort.abort();
    let (refreshed, mut cache) = refreshing.join().unwrap();
    assert!(!refreshed);
    assert!(reader.lookup(7, "name").is_some(), "the old answer stays");

    // And a refresh waits for no reader, who keeps what it has pinned.
    hanging.raise();
    abort.clear();
    assert!(cache.refresh(), "{:?}", cache.status());
    assert_eq!(pinned.len(), 1);
    drop(serving);
}

// Rule S7.
#[test]
fn defect_30_one_deadline_for_all_parts_of_a_lookup() {
    for profiles in BOTH {
        let stage = Stage::new();
        let mut config = server(profiles);
        // A few keys for each request.
        config.max_request_payload_bytes = 128;
        let handler = apps_lookup::Handler::new(|request, answer| {
            // Each is just in time, alone.
            let _ = Wait::forever().sleep(Duration::from_millis(300));
            request.keys().try_for_each(|key| {
                answer.add(&AppsLookupItem {
                    status: PidStatus::KNOWN,
                    cgroup_status: AppsCgroupStatus::HOST_ROOT,
                    pid: key.0,
                    comm: "test".into(),
                    ..AppsLookupItem::default()
                })
            })
        });
        let _serving = Serving::new(Server::new(stage.path(), SERVICE, config, handler));
        let mut config = client(profiles);
        config.max_request_payload_bytes = 128;
        let mut client = stage.ready::<AppsLookup>(config);
        let pids: Vec<u32> = (0..100).collect();
        let (called, taken) = timed(|| client.call_with_timeout(&pids, 1000).map(drop));
        let error = called.unwrap_err();
        assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error:?}");
        // With a deadline for each part, it would go on to the end.
        assert!((Duration::from_secs(1)..SOON).contains(&taken), "{taken:?}");
        let counters = client.status().counters;
        assert!((1..=3).contains(&counters.calls), "{counters:?}");
        assert_eq!(
            counters.retries, 0,
            "a deadline that has passed is not retried"
        );
    }
}

// Rule S7.
#[test]
fn defect_30_one_deadline_for_a_call_and_its_retry() {
    let (whole, late) = (Duration::from_secs(3), Duration::from_secs(2));
    let stage = Stage::new();
    let play = Host::new(&stage).play(move |host| {
        let (mut line, _) = host.welcome();
        line.hear();
        host.linger_for(late);
        drop(line);
        // The handshake of the retry has what is left.
        let (mut line, _) = host.welcome();
        line.hear();
        line.hear_end();
    });
    let mut client = stage.ready::<Increment>(client(1));
    let (called, taken) = timed(|| client.call_within(&1, whole));
    let error = called.unwrap_err();
    assert_eq!(error.code(), ErrorCode::TIMEOUT, "{error:?}");
    // With a deadline for each attempt, it would take the sum.
    assert!((whole..whole + late).contains(&taken), "{taken:?}");
    assert_eq!(client.status().counters.retries, 1);
    assert_eq!(client.state(), ClientState::Broken);
    play.end();
}

#[test]
fn defect_30_a_deadline_ends_a_message_whose_packets_are_all_there() {
    let transport = MemoryTransport::new().with_packet_size(96);
    let stage = Stage::new();
    let mut acceptor = Acceptor::bind(&transport, &stage.endpoint, &server(1)).unwrap();
    let proposal = client(1).proposal();
    let (mut client, mut server) = thread::scope(|scope| {
        let accepting = scope.spawn(|| acceptor.accept(&soon()).unwrap());
        let client = Connection::connect(&transport, &stage.endpoint, proposal, &soon());
        (client.unwrap(), accepting.join().unwrap())
    });
    let request = Header::request(MethodCode::INCREMENT, 1);
    client.send(request, &[7; 400], &soon()).unwrap();
    // Seven packets: each call takes one, and no more once the time is up.
    for _ in 1..7 {
        let late = server.receive(&Wait::timeout(Duration::ZERO));
        assert!(
            matches!(late, Err(ConnectionError::Link(LinkError::Timeout))),
            "{late:?}"
        );
    }
    server.receive(&Wait::timeout(Duration::ZERO)).unwrap();
    assert_eq!(server.message().unwrap().payload(), [7; 400]);
}
