//! Clients and servers that know no service, in words of bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use netipc::connection::Message;
use netipc::lookup::{LookupFormat, LookupItem, TextKey};
use netipc::service::apps_lookup::{self, AppsLookup, PidStatus};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::service::increment::{self, Increment};
use netipc::service::{ReplyOf, Service};
use netipc::transport::{Abort, MemoryTransport, Wait};
use netipc::untyped::{Answered, AnyClient, AnyServer};
use netipc::wire::{
    CStrView, Decode, Encode, MethodCode, Status, WireError, WireErrorKind, Writer,
};
use netipc::{ClientConfig, ErrorCode, Handler, ServerConfig};

const PATIENCE: Duration = Duration::from_secs(60);
const ECHO: MethodCode = MethodCode(1000);
const BATCH_OF: MethodCode = MethodCode(1001);

/// A server that runs while `test` does.
fn serve(
    handler: impl Fn(Message<'_>, &mut [u8]) -> Answered + Send + Sync + 'static,
    test: impl FnOnce(AnyClient),
) {
    let transport = Arc::new(MemoryTransport::new());
    let config = ServerConfig::default();
    let server =
        AnyServer::new("/run", "any", &config, 4, Box::new(handler))
            .over(Arc::<MemoryTransport>::clone(&transport));
    server.bind().unwrap();
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        let stop = StopOnDrop(&server);
        let mut client =
            AnyClient::with_transport(transport, "/run", "any", &ClientConfig::default());
        client.refresh(&Wait::timeout(PATIENCE));
        assert!(client.ready(), "{:?}", client.status());
        test(client);
        drop(stop);
        running.join().unwrap().unwrap();
    });
}

/// A test that fails does not leave its server running.
struct StopOnDrop<'s>(&'s AnyServer);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn echo(request: Message<'_>, buf: &mut [u8]) -> Answered {
    if request.header().code != ECHO.0 {
        return Answered::failed(Status::UNSUPPORTED);
    }
    let payload = request.payload();
    match buf.get_mut(..payload.len()) {
        Some(answer) => answer.copy_from_slice(payload),
        None => return Answered::failed(Status::LIMIT_EXCEEDED),
    }
    Answered::ok(payload.len())
}

#[test]
fn bytes_go_there_and_back() {
    serve(echo, |mut client| {
        let wait = Wait::timeout(PATIENCE);
        let any = |_: &[u8]| Ok(());
        for text in [&b"hello"[..], b"", &[7; 100_000]] {
            assert_eq!(client.call_bytes(ECHO, text, &wait, any).unwrap(), text);
        }
        let error = client.call_bytes(BATCH_OF, b"", &wait, any).unwrap_err();
        assert_eq!(error.code(), ErrorCode::UNSUPPORTED);
        assert!(client.ready(), "the session goes on");
    });
}

#[test]
fn a_reply_that_is_refused_is_asked_for_once_more() {
    serve(echo, |mut client| {
        let wait = Wait::timeout(PATIENCE);
        let looks = std::cell::Cell::new(0);
        let second = |reply: &[u8]| {
            looks.set(looks.get() + 1);
            u64::decode(reply).map(drop)?;
            if looks.get() == 2 {
                return Ok(());
            }
            Err(WireError::layout("first reply", 2, 1))
        };
        assert_eq!(
            client.call_bytes(ECHO, &[1; 8], &wait, second).unwrap(),
            [1; 8]
        );
        assert_eq!((looks.get(), client.counters().retries), (2, 1));

        let never = |_: &[u8]| Err(WireError::layout("reply", 2, 1));
        let error = client.call_bytes(ECHO, b"x", &wait, never).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BAD_LAYOUT, "{error}");
    });
}

#[test]
fn one_client_speaks_to_every_service() {
    let increment = increment::handler();
    let apps = Handler::<AppsLookup>::new(|request, answer| {
        let unknown = PidStatus::UNKNOWN.0;
        request.keys().try_for_each(|_| answer.add_bare(unknown))
    });
    let both = move |request: Message<'_>, buf: &mut [u8]| {
        if request.header().code == Increment::METHOD.code.0 {
            increment.dispatch(request, buf)
        } else {
            apps.dispatch(request, buf)
        }
    };
    serve(both, |mut client| {
        let wait = Wait::timeout(PATIENCE);
        let method = Increment::METHOD.code;
        assert_eq!(Increment::call(&mut client, &41, &wait).unwrap(), 42);
        let reply = client.call::<ReplyOf<Increment>>(method, &1_u64, &wait);
        assert_eq!(reply.unwrap(), 2);

        let requests: Vec<u64> = (0..50).collect();
        let replies = client.call_batch::<ReplyOf<Increment>>(method, &requests, &wait);
        assert!(replies.unwrap().iter().eq(1..=50));
        let none = client.call_batch::<ReplyOf<Increment>>(method, &[] as &[u64], &wait);
        assert!(none.unwrap().is_empty());

        let mut seen = vec![0; requests.len()];
        let each = |index: usize, reply| seen[index] = reply;
        let done = client.call_pipelined::<ReplyOf<Increment>>(method, &requests, 8, &wait, each);
        done.unwrap();
        assert!(seen.into_iter().eq(1..=50));

        let pids: Vec<u32> = (0..3000).collect();
        let reply = client.lookup::<AppsLookup, _>(&pids, &wait).unwrap();
        assert!(reply.iter().map(|item| item.pid).eq(pids.iter().copied()));
        let reply = AppsLookup::call(&mut client, &[], &wait).unwrap();
        assert!(reply.is_empty());
        let _: apps_lookup::AppsLookupResponseView<'_> = reply;
    });
}

/// `cgroups-lookup`, known at run time.
struct Cgroups;

impl LookupFormat for Cgroups {
    fn method(&self) -> MethodCode {
        MethodCode::CGROUPS_LOOKUP
    }

    fn exceeded(&self) -> u16 {
        CgroupStatus::PAYLOAD_EXCEEDED.0
    }

    fn oversized(&self) -> u16 {
        CgroupStatus::OVERSIZED_ITEM.0
    }

    fn min_item_len(&self) -> usize {
        28
    }

    fn check(&self, item: &[u8]) -> Result<(), WireError> {
        CgroupsLookupItem::decode(item).map(drop)
    }

    fn status(&self, item: &[u8]) -> u16 {
        u16::from_le_bytes([item[2], item[3]])
    }

    fn answers(&self, item: &[u8], key: &[u8]) -> bool {
        CgroupsLookupItem::decode(item)
            .is_ok_and(|item| *item.path.as_bytes() == key[..key.len() - 1])
    }

    fn bare(&self, key: &[u8], status: u16) -> Vec<u8> {
        let path = TextKey::decode(key).unwrap();
        let item = CgroupsLookupItem::bare(path, status);
        let mut bytes = vec![0; item.size()];
        item.encode(&mut Writer::new(&mut bytes)).unwrap();
        bytes
    }
}

#[test]
fn lookups_of_bytes_are_those_of_their_types() {
    let handler = Handler::<CgroupsLookup>::new(|request, answer| {
        answer.set_generation(7);
        request.keys().try_for_each(|path| {
            let name = CStrView::new(path.as_bytes());
            answer.add(&CgroupsLookupItem {
                name,
                ..CgroupsLookupItem::bare(path, CgroupStatus::KNOWN.0)
            })
        })
    });
    let dispatch = move |request: Message<'_>, buf: &mut [u8]| handler.dispatch(request, buf);
    serve(dispatch, |mut client| {
        let wait = Wait::timeout(PATIENCE);
        for (count, len) in [(0, 0), (1, 10), (50, 20), (400, 4000)] {
            let path = |n: usize| format!("/{n:0len$}").into_bytes();
            let paths: Vec<Vec<u8>> = (0..count).map(path).collect();
            let keys: Vec<&[u8]> = paths.iter().map(Vec::as_slice).collect();
            let typed = client.lookup::<CgroupsLookup, _>(&keys, &wait).unwrap();
            let generation = typed.generation;
            let typed: Vec<Vec<u8>> = typed.list().packed().iter().map(<[u8]>::to_vec).collect();
            let sent = client.counters().calls;
            let encoded: Vec<Vec<u8>> = paths
                .iter()
                .map(|path| [path, &b"\0"[..]].concat())
                .collect();
            let keys: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
            let untyped = client.lookup_bytes(&Cgroups, &keys, &wait).unwrap();
            assert_eq!(untyped.0, generation, "{count} keys");
            assert!(
                untyped.1.iter().eq(typed.iter().map(Vec::as_slice)),
                "{count} keys"
            );
            // 1.6 MB of keys take several requests of at most 1 MiB.
            let requests = client.counters().calls - sent;
            assert!(requests >= if len == 4000 { 2 } else { 1 }, "{requests}");
        }
    });
}

#[test]
fn the_wait_alone_decides_how_long_it_takes() {
    let (allow, allowed) = mpsc::channel::<()>();
    let allowed = Mutex::new(allowed);
    let patient = move |request: Message<'_>, buf: &mut [u8]| {
        // Fails where the test is over.
        let _ = allowed.lock().unwrap().recv();
        echo(request, buf)
    };
    serve(patient, move |mut client| {
        let any = |_: &[u8]| Ok(());
        let abort = Abort::new();
        abort.raise();
        let wait = Wait::forever().or_abort(&abort);
        let error = client.call_bytes(ECHO, b"x", &wait, any).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ABORTED);

        client.refresh(&Wait::timeout(PATIENCE));
        let short = Wait::timeout(Duration::from_millis(20));
        let error = client.call_bytes(ECHO, b"x", &short, any).unwrap_err();
        assert_eq!(error.code(), ErrorCode::TIMEOUT);
        assert!(!client.ready());

        drop(allow);
        let wait = Wait::timeout(PATIENCE);
        client.refresh(&wait);
        assert_eq!(client.call_bytes(ECHO, b"x", &wait, any).unwrap(), b"x");
    });
}

#[test]
fn a_message_of_ones_own_is_checked() {
    let header = netipc::wire::Header::batch(BATCH_OF, 1, 2);
    let error = Message::new(header, &[0; 15]).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Truncated);
    let message = Message::new(header, &[0; 16]).unwrap();
    assert_eq!(message.items().unwrap().len(), 2);
}
