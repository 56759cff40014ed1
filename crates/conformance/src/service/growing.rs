//! A deployed server that nobody configured, and what clients make of it.
//!
//! It takes requests of 1024 bytes, and refuses a client that proposes more. Its responses have 1024
//! bytes at first, whatever is proposed, and twice as many in the sessions after each one that did not
//! fit. A lookup has placeholders for all keys in every response: its first item is judged too large
//! where it does not fit beside them.

use std::thread::{self, JoinHandle};

use netipc::lookup::{LOOKUP_HEADER_LEN, LookupItem, LookupRequest};
use netipc::protocol::{PidStatus, Status};
use netipc::service::Service;
use netipc::service::apps_lookup::{AppsLookup, AppsLookupItem, Pid};
use netipc::service::cgroups_snapshot::CgroupsSnapshot;
use netipc::service::increment::{self, Increment};
use netipc::service::string_reverse::{self, StringReverse, Text};
use netipc::{Client, ClientConfig, ErrorCode, Failure, Handler, ServerConfig};
use netipc_proto::session::{DirectionLimits, Message};
use netipc_proto::wire::{Decode, ENTRY_LEN, Encode, PackedWriter, Profiles, align8};
use netipc_transport::wait::Abort;
use netipc_transport::{Endpoint, Transport, Wait};

use super::data::{self, GENERATION};
use super::{Running, Script, World, connected};

/// What both directions have at first.
const FIRST: u32 = 1024;

/// What a response is: nothing where it does not fit so many bytes.
type Respond = dyn FnMut(Message<'_>, usize) -> Option<Vec<u8>> + Send;

/// A server that grows. It stops when it is dropped.
#[derive(Debug)]
pub struct Growing {
    stop: Abort,
    thread: Option<JoinHandle<Grown>>,
}

/// What a server that grows has been through.
#[derive(Clone, Copy, Debug)]
pub struct Grown {
    /// Bytes of a response in its next session.
    pub response_bytes: u32,
    /// Requests that it has answered.
    pub requests: u64,
    /// Those of them whose response did not fit.
    pub refused: u64,
}

impl Growing {
    /// A server that grows up to `most` bytes.
    ///
    /// # Panics
    /// When the endpoint is not free.
    pub fn start(
        transport: &dyn Transport,
        endpoint: &Endpoint,
        supported: Profiles,
        most: u32,
        mut respond: Box<Respond>,
    ) -> Self {
        let mut script = Script::bind(transport, endpoint, supported);
        set_response(&mut script, FIRST.min(most));
        script.policy_mut().request = DirectionLimits {
            payload_bytes: FIRST,
            batch_items: 64,
        };
        let stop = Abort::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || serve(script, most, &mut *respond, &stopped));
        Self {
            stop,
            thread: Some(thread),
        }
    }

    /// The same, at the one endpoint of a world.
    ///
    /// # Panics
    /// When the endpoint is not free.
    #[must_use]
    pub fn in_world(world: &World, most: u32, respond: Box<Respond>) -> Self {
        let (transport, supported) = (world.transport(), Profiles(world.profiles));
        Self::start(&*transport, &world.endpoint(), supported, most, respond)
    }

    /// Stops it.
    ///
    /// # Panics
    /// When it failed.
    #[must_use]
    pub fn finish(mut self) -> Grown {
        self.stop.raise();
        let thread = self.thread.take().expect("it is finished once");
        thread.join().expect("a server without a mistake")
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.stop.raise();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server failed");
        }
    }
}

fn serve(mut script: Script, most: u32, respond: &mut Respond, stop: &Abort) -> Grown {
    let (mut requests, mut refused) = (0, 0);
    let wait = Wait::forever().or_abort(stop);
    while let Some(mut session) = script.accept_within(&wait) {
        let limit = session.limits().response.payload_bytes;
        while let Ok(header) = session.receive(&wait) {
            requests += 1;
            let message = session.message().expect("the message");
            let response = respond(message, limit as usize);
            let status = match response {
                Some(_) => Status::OK,
                None => Status::LIMIT_EXCEEDED,
            };
            let payload = response.as_deref().unwrap_or_default();
            let sent = session.send(header.answer(status), payload, &wait);
            if status == Status::OK && sent.is_ok() {
                continue;
            }
            refused += 1;
            let larger = limit.saturating_mul(2).min(most);
            let now = script.policy_mut().max_response_bytes;
            set_response(&mut script, larger.max(now));
            session.linger();
            break;
        }
    }
    let response_bytes = script.policy_mut().max_response_bytes;
    Grown {
        response_bytes,
        requests,
        refused,
    }
}

/// Has responses of `bytes` in all sessions that begin, whatever is proposed.
const fn set_response(script: &mut Script, bytes: u32) {
    let policy = script.policy_mut();
    (policy.min_response_bytes, policy.max_response_bytes) = (bytes, bytes);
}

/// Responses of any service, as its handler gives them.
#[must_use]
pub fn any<S: Service>(handler: Handler<S>) -> Box<Respond> {
    Box::new(move |message, limit| {
        let mut buf = vec![0; limit];
        let answered = handler.dispatch(message, &mut buf);
        buf.truncate(answered.len);
        (answered.status == Status::OK).then_some(buf)
    })
}

/// Responses that know of processes what [`data::apps`] does.
#[must_use]
pub fn apps(name_len: impl Fn(u32) -> usize + Send + 'static) -> Box<Respond> {
    Box::new(move |message, limit| {
        let request = LookupRequest::<AppsLookup>::decode(message.payload()).expect("a lookup");
        look_up(request, limit, &name_len)
    })
}

fn look_up(
    request: LookupRequest<'_, AppsLookup>,
    limit: usize,
    name_len: &dyn Fn(u32) -> usize,
) -> Option<Vec<u8>> {
    let count = request.len();
    let bare = |pid, status: PidStatus| AppsLookupItem::bare(pid, status.0);
    let placeholder = align8(bare(Pid(0), PidStatus::PAYLOAD_EXCEEDED).size());
    let mut behind = count * placeholder;
    if LOOKUP_HEADER_LEN + count * ENTRY_LEN + behind > limit {
        return None;
    }
    let mut buf = vec![0; limit];
    let mut list = PackedWriter::exact(&mut buf, LOOKUP_HEADER_LEN, count).ok()?;
    let mut full = false;
    for pid in request.keys() {
        behind -= placeholder;
        let fits = !full
            && data::with_process(pid.0, name_len(pid.0), |item| {
                list.push_leaving(item, item.size(), behind)
            })
            .ok()?;
        if !fits && list.is_empty() {
            list.push(&bare(pid, PidStatus::OVERSIZED_ITEM)).ok()?;
        } else if !fits {
            full = true;
            list.push(&bare(pid, PidStatus::PAYLOAD_EXCEEDED)).ok()?;
        }
    }
    let (front, len) = list.finish();
    let [layout, items, generation] = front.get_disjoint_mut([0..2, 4..8, 8..16]).ok()?;
    layout.copy_from_slice(&1_u16.to_le_bytes());
    items.copy_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    generation.copy_from_slice(&GENERATION.to_le_bytes());
    buf.truncate(len);
    Some(buf)
}

/// Bytes of the one large name, and who has it.
fn large_name(len: usize) -> impl Fn(u32) -> usize + Copy + Send {
    move |pid| if pid == 4 { len } else { 10 }
}

/// The statuses of `pids`, of which every known one is as it should be.
fn statuses(
    client: &mut Client<AppsLookup>,
    pids: &[u32],
    name_len: impl Fn(u32) -> usize,
) -> Vec<PidStatus> {
    let reply = client.call(pids).expect("an answer");
    assert_eq!((reply.len(), reply.generation), (pids.len(), GENERATION));
    let items = pids.iter().zip(reply.iter());
    items.for_each(|(pid, item)| {
        data::with_process(*pid, name_len(*pid), |known| {
            assert_eq!(item.pid, *pid);
            assert!(item.status == PidStatus::OVERSIZED_ITEM || item == *known);
        });
    });
    reply.iter().map(|item| item.status).collect()
}

// Rules S13, S19, P4.
/// An item of 6 KB is asked for until there is room for it, wherever it stands.
pub fn a_large_item_makes_the_server_grow(world: &World) {
    for pids in [&[4][..], &[4, 1, 2], &[1, 2, 4, 3]] {
        let name_len = large_name(6000);
        let server = Growing::in_world(world, u32::MAX, apps(name_len));
        let mut client = world.connected();
        let found = statuses(&mut client, pids, name_len);
        assert!(!found.contains(&PidStatus::OVERSIZED_ITEM), "{pids:?}");
        assert_eq!(statuses(&mut client, pids, name_len), found);
        let status = client.status();
        assert_eq!((status.counters.errors, status.counters.retries), (0, 0));
        drop(client);
        let grown = server.finish();
        assert_eq!(
            (grown.response_bytes, grown.refused),
            (8192, 3),
            "{grown:?}"
        );
    }
}

// Rules S13, S19, P4.
/// Where no request can make it grow further, what does not fit is final, and is not tried again.
pub fn a_server_that_cannot_grow_further_is_let_be(world: &World) {
    // What it grows to, the item, whether that fits, and the requests refused until that is known.
    for (most, len, fits, refused) in [
        (1024, 2000, false, 1),
        (2048, 1500, true, 1),
        (2048, 6000, false, 2),
        (u32::MAX, 9000, false, 3),
    ] {
        let name_len = large_name(len);
        let server = Growing::in_world(world, most, apps(name_len));
        let mut client = world.connected();
        for _ in 0..3 {
            let found = statuses(&mut client, &[1, 2, 4, 3], name_len);
            let oversized = found
                .iter()
                .filter(|status| **status == PidStatus::OVERSIZED_ITEM);
            assert_eq!(oversized.count(), usize::from(!fits), "{most}, {len}");
        }
        assert_eq!(client.status().counters.errors, 0);
        drop(client);
        assert_eq!(server.finish().refused, refused, "{most}, {len}");
    }
}

// Rules S13, S15, P4.
/// Keys that would take too many requests in small responses make it grow.
pub fn many_keys_make_the_server_grow(world: &World) {
    finds_many_processes(world, 2000, 410);
}

/// Finds so many processes in fewer than `subcalls` requests, which need more room than there is at
/// first.
pub fn finds_many_processes(world: &World, count: u32, subcalls: u32) {
    let name_len = |_| 900;
    let server = Growing::in_world(world, u32::MAX, apps(name_len));
    let config = ClientConfig {
        max_logical_lookup_subcalls: subcalls,
        ..world.client_config()
    };
    let mut client = connected(world.client_with(config));
    let pids: Vec<u32> = (0..count).collect();
    let found = statuses(&mut client, &pids, name_len);
    assert!(!found.contains(&PidStatus::OVERSIZED_ITEM));
    assert_eq!(client.status().counters.errors, 0);
    drop(client);
    let grown = server.finish();
    assert_eq!(grown.response_bytes, 4096, "{grown:?}");
    assert!(grown.requests < subcalls.into(), "{grown:?}");
}

// Rules S13, S15, P4.
/// Where it does not grow, too many keys are too many, which is known early.
pub fn a_server_that_does_not_grow_ends_a_lookup_of_too_many_keys(world: &World) {
    let server = Growing::in_world(world, 1024, apps(|_| 900));
    let config = ClientConfig {
        max_logical_lookup_subcalls: 20,
        ..world.client_config()
    };
    let mut client = connected(world.client_with::<AppsLookup>(config));
    let pids: Vec<u32> = (0..500).collect();
    for _ in 0..2 {
        let error = client.call(&pids).map(drop).expect_err("too many");
        assert_eq!(error.code(), ErrorCode::OVERFLOW, "{error}");
    }
    assert_eq!(client.call(&pids[..20]).expect("fewer").len(), 20);
    drop(client);
    let grown = server.finish();
    assert_eq!(grown.refused, 1, "{grown:?}");
    assert!(grown.requests <= 3 * 20, "{grown:?}");
}

// Rules S11, S13, P4.
/// Snapshots and texts make it grow, and batches go as far as its requests do.
pub fn calls_make_the_server_grow(world: &World) {
    let server = Growing::in_world(world, u32::MAX, any(data::snapshot(100, 40)));
    let mut client = world.connected::<CgroupsSnapshot>();
    assert_eq!(client.call_snapshot().expect("a snapshot").item_count, 100);
    drop(client);
    assert_eq!(server.finish().response_bytes, 16_384);

    // A text of 1000 bytes and the 9 around it fit at first, and in half of that they do not.
    for (most, fits) in [(1024, true), (512, false)] {
        let server = Growing::in_world(world, most, any(string_reverse::handler()));
        let mut client = world.connected::<StringReverse>();
        let text = "ab".repeat(500);
        let done = client.call(&Text::new(text.as_bytes()));
        assert_eq!(done.is_ok(), fits, "{done:?}");
        drop(client);
        assert!(server.finish().refused <= 1);
    }

    let server = Growing::in_world(world, u32::MAX, any(increment::handler()));
    let mut client = world.connected::<Increment>();
    let numbers: Vec<u64> = (0..60).collect();
    let reply = client.call_batch(&numbers).expect("answers");
    assert!(reply.iter().eq(1..=60));
    let error = client
        .call_batch(&[0; 200])
        .map(drop)
        .expect_err("too many");
    assert!(
        matches!(error.failure(), Failure::Overflow { .. }),
        "{error}"
    );
    assert_eq!(client.call(&1).expect("a number"), 2);
    drop(client);
    assert_eq!(server.finish().refused, 0);
}

// Rule W13.
/// A server that nobody configured grants more than a deployed client hints at, and a configured one does
/// not.
pub fn a_server_without_a_maximum_grants_64_kib(world: &World) {
    let name_len = large_name(20_000);
    for (most, granted) in [(0, 65_536), (100_000, 1024), (4000, 1024)] {
        let serving = ServerConfig {
            max_response_payload_bytes: most,
            ..world.server_config()
        };
        let _server = Running::start(world.server_with(serving, data::apps(name_len)));
        let config = ClientConfig {
            max_response_payload_bytes: 1024,
            ..world.client_config()
        };
        let mut client = connected(world.client_with(config));
        let found = statuses(&mut client, &[1, 4, 2], name_len);
        let fits = granted == 65_536;
        assert_eq!(found.contains(&PidStatus::OVERSIZED_ITEM), !fits, "{most}");
        let limits = client.session().expect("a session").limits;
        assert_eq!(limits.response.payload_bytes, granted, "{most}");
    }
}

// Rules S13, S19.
/// A server of ours gives what is proposed, up to its maximum.
pub fn a_large_item_makes_a_client_propose_more(world: &World) {
    for (most, len, fits) in [
        (0, 300_000, true),
        (100_000, 90_000, true),
        (100_000, 110_000, false),
    ] {
        let name_len = large_name(len);
        let config = ServerConfig {
            max_response_payload_bytes: most,
            ..world.server_config()
        };
        let server = Running::start(world.server_with(config, data::apps(name_len)));
        let mut client = world.connected();
        for _ in 0..2 {
            let found = statuses(&mut client, &[1, 4, 2], name_len);
            assert_eq!(
                found.contains(&PidStatus::OVERSIZED_ITEM),
                !fits,
                "{most}, {len}"
            );
        }
        assert_eq!(client.status().counters.errors, 0);
        let requests = server.finish().requests();
        assert!(requests < 16, "{most}, {len}: {requests}");
    }
}
