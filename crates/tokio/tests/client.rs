//! A client on tokio, and servers with threads.
#![cfg(target_os = "linux")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::{SOON, Stage, Threaded, client_config, run};
use netipc::lookup::LookupItem as _;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, PidStatus};
use netipc::service::cgroups::CgroupsSnapshot;
use netipc::service::increment::Increment;
use netipc::transport::link::BindOptions;
use netipc::transport::{Endpoint, NativeTransport, Transport};
use netipc::{ClientState, ErrorCode, Handler, HandlerFailed, OpenError};
use netipc_tokio::Client;

fn next() -> Handler<Increment> {
    Handler::<Increment>::new(|n, answer| answer.put(&n.wrapping_add(1)))
}

#[test]
fn calls_are_futures_that_survive_absence_and_restarts() {
    let stage = Stage::new();
    run(async {
        let mut client = stage.client();
        assert!(!client.refresh().await);
        assert_eq!(client.state(), ClientState::NotFound);
        let error = client.call(&1).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NOT_READY);
        assert!(netipc::chain(&error).contains("no server at"), "{error:?}");

        let first = Threaded::start(&stage, next());
        assert!(client.refresh().await);
        assert_eq!(client.call(&41).await.unwrap(), 42);
        drop(first);
        let _second = Threaded::start(&stage, next());
        // The session is gone, which the call gets over by itself.
        assert_eq!(client.call(&1).await.unwrap(), 2);
        client.close();
        assert!(!client.ready());
        assert!(client.refresh().await);
        assert_eq!(client.call(&2).await.unwrap(), 3);
    });
}

#[test]
fn who_is_refused_knows_why_and_is_patient() {
    let stage = Stage::new();
    let _server = Threaded::start(&stage, next());
    run(async {
        let mut stranger = Client::<Increment>::new(stage.dir(), "svc", Default::default());
        for _ in 0..2 {
            assert!(!stranger.refresh().await);
            assert_eq!(stranger.state(), ClientState::AuthFailed);
            let why = netipc::chain(stranger.open_error().unwrap());
            assert!(why.contains("auth token"), "{why}");
        }
        let mut nowhere = Client::<Increment>::new(stage.dir(), "no name", client_config());
        assert!(!nowhere.refresh().await);
        assert!(matches!(nowhere.open_error(), Some(OpenError::Endpoint(_))));
    });
}

#[test]
fn a_server_that_does_not_shake_hands_is_given_up() {
    let stage = Stage::new();
    let endpoint = Endpoint::new(stage.dir(), "svc").unwrap();
    let _listener = NativeTransport::default()
        .bind(&endpoint, &BindOptions::default())
        .unwrap();
    run(async {
        let mut client = stage.client();
        assert!(!client.refresh().await);
        assert!(matches!(
            client.open_error(),
            Some(OpenError::HandshakeTimeout { .. })
        ));
    });
}

#[test]
fn a_call_ends_at_its_deadline_and_the_late_answer_is_no_ones() {
    let stage = Stage::new();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let handler = Handler::<Increment>::new(move |n, answer| {
        if *n == 0 {
            // Until the test says so, or is over.
            let _ = held.lock().map(|held| held.recv());
        }
        answer.put(&n.wrapping_add(1))
    });
    let _server = Threaded::start(&stage, handler);
    run(async {
        let mut client = stage.client();
        assert!(client.refresh().await);
        let error = client
            .call_within(&0, Duration::from_millis(20))
            .await
            .unwrap_err();
        assert_eq!(error.code(), ErrorCode::TIMEOUT);
        assert_eq!(client.state(), ClientState::Broken);
        assert!(client.refresh().await);
        assert_eq!(client.call(&5).await.unwrap(), 6);
    });
    drop(release);
}

#[test]
fn a_call_that_is_dropped_is_called_off_wherever_it_stands() {
    let stage = Stage::new();
    let _server = Threaded::start(&stage, next());
    run(async {
        let mut client = stage.client();
        for turn in 0..200_u64 {
            while !client.refresh().await {}
            let patience = Duration::from_micros(turn % 40 * 5);
            let begun = tokio::time::timeout(patience, client.call(&turn)).await;
            if let Ok(answer) = begun {
                assert_eq!(answer.unwrap(), turn + 1);
            } else {
                assert!(!client.ready(), "a late answer must have nowhere to go");
            }
            while !client.refresh().await {}
            assert_eq!(client.call(&(turn << 32)).await.unwrap(), (turn << 32) + 1);
        }
    });
}

#[test]
fn a_dropped_call_is_noticed_by_the_server() {
    let stage = Stage::new();
    let (began, begun) = mpsc::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&ended);
    let handler = Handler::<Increment>::new(move |n, answer| {
        if *n == 0 {
            began.send(()).unwrap();
            while !seen.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
        }
        answer.put(n)
    });
    let _server = Threaded::start(&stage, handler);
    run(async {
        let mut client = stage.client();
        assert!(client.refresh().await);
        let mut call = Box::pin(client.call(&0));
        // It is with the handler.
        while begun.try_recv().is_err() {
            let step = tokio::time::timeout(Duration::from_millis(1), &mut call).await;
            assert!(step.is_err(), "the handler waits");
        }
        drop(call);
        assert!(!client.ready());
        ended.store(true, Ordering::Release);
        assert!(client.refresh().await);
        assert_eq!(client.call(&3).await.unwrap(), 3);
    });
}

#[test]
fn a_failure_is_tried_once_more_and_then_told() {
    let stage = Stage::new();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let handler = Handler::<Increment>::new(move |n, answer| {
        let call = counted.fetch_add(1, Ordering::Relaxed);
        if call == 0 || *n == 9 {
            return Err(HandlerFailed::from("not now"));
        }
        Ok(answer.put(&(n + 1))?)
    });
    let _server = Threaded::start(&stage, handler);
    run(async {
        let mut client = stage.client();
        assert!(client.refresh().await);
        assert_eq!(client.call(&1).await.unwrap(), 2, "the second time");
        let error = client.call(&9).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::HANDLER_FAILED);
        assert_eq!(calls.load(Ordering::Relaxed), 4);
        assert!(client.refresh().await);
        assert_eq!(client.call(&2).await.unwrap(), 3);
    });
}

#[test]
fn a_snapshot_grows_as_it_needs_and_comes_in_many_packets() {
    const ITEMS: u32 = 20_000;
    let stage = Stage::new();
    let handler = Handler::<CgroupsSnapshot>::new(|_, answer| {
        answer.set_header(1, 7);
        for hash in 0..ITEMS {
            let name = format!("name-{hash:06}");
            answer.add(hash, 0, 1, name.as_bytes(), b"/sys/fs/cgroup/somewhere")?;
        }
        Ok::<_, HandlerFailed>(())
    });
    let _server = Threaded::start(&stage, handler);
    run(async {
        let mut client = Client::<CgroupsSnapshot>::new(stage.dir(), "svc", client_config());
        assert!(client.refresh().await);
        let snapshot = client.call(&Default::default()).await.unwrap();
        assert_eq!(snapshot.item_count, ITEMS);
    });
}

#[test]
fn a_lookup_takes_any_number_of_keys() {
    const KEYS: u32 = 30_000;
    let stage = Stage::new();
    let handler = Handler::<AppsLookup>::new(|request, answer| {
        answer.set_generation(3);
        for key in request.keys() {
            let item = AppsLookupItem {
                comm: "worker".into(),
                cgroup_path: "/some/where/deep/down/in/the/tree".into(),
                ..AppsLookupItem::bare(key, PidStatus::KNOWN.0)
            };
            answer.add(&item)?;
        }
        Ok::<_, HandlerFailed>(())
    });
    let _server = Threaded::start(&stage, handler);
    run(async {
        let mut client = Client::<AppsLookup>::new(stage.dir(), "svc", client_config());
        assert!(client.refresh().await);
        let keys: Vec<u32> = (1..=KEYS).collect();
        let reply = client.lookup_within(&keys, SOON).await.unwrap();
        assert_eq!((reply.len(), reply.generation), (keys.len(), 3));
        assert!(
            reply
                .iter()
                .zip(&keys)
                .all(|(item, pid)| item.pid == *pid && item.comm == "worker")
        );
        assert_eq!(client.lookup::<u32>(&[]).await.unwrap().generation, 3);
    });
}
