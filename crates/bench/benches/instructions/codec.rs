//! Encode, dispatch and decode, without transport.

use std::hint::black_box;

use netipc::Handler;
use netipc::connection::Message;
use netipc::lookup::{Key, Lookup, LookupReply, TextKey, encode_request};
use netipc::service::apps_lookup::{AppsCgroupStatus, AppsLookup, AppsLookupItem, Pid, PidStatus};
use netipc::service::cgroups::{CgroupsRequest, CgroupsSnapshot};
use netipc::service::cgroups_lookup::{CgroupStatus, CgroupsLookup, CgroupsLookupItem};
use netipc::service::increment;
use netipc::service::string_reverse::{self, Text};
use netipc::service::{Orchestrator, Service};
use netipc::simple_hash;
use netipc::wire::{Decode, Encode, Header, Label, Labels, Status, Writer};

use crate::case::Case;

/// Bytes that hold every reply.
const ROOM: usize = 1 << 20;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for keys in [16, 1024] {
        cases.extend(lookup(keys, cgroup_paths, cgroups));
        cases.extend(lookup(keys, pids, apps));
    }
    for items in [16, 1000] {
        cases.extend(snapshot(items));
    }
    cases.extend(single(|| 41_u64, increment::handler));
    cases.extend(single(|| Text::new(TEXT), string_reverse::handler));
    cases
}

const TEXT: &[u8] = b"sixty-four bytes are about as long as the names of containers are";

/// The three steps of a lookup of known keys.
fn lookup<L: Lookup>(
    count: u32,
    keys: fn(u32) -> Vec<Key<'static, L>>,
    handler: fn() -> Handler<L>,
) -> [Case; 3] {
    let name = |step| format!("{}/{count} keys/{step}", L::METHOD.name);
    let request = move || {
        let mut request = Vec::new();
        encode_request::<L>(&keys(count), &mut request).expect("it has room");
        request
    };
    let encode = Case::new(name("encode"), count, move || {
        let (keys, mut out) = (keys(count), Vec::new());
        move || encode_request::<L>(black_box(&keys), black_box(&mut out)).expect("it has room")
    });
    let decode = Case::new(name("decode"), count, move || {
        let reply = answer(&handler(), &request());
        move || {
            let reply = LookupReply::<L>::decode(black_box(&reply)).expect("it is valid");
            for item in reply.iter() {
                black_box(item);
            }
        }
    });
    [
        encode,
        dispatch(name("dispatch"), count, request, handler),
        decode,
    ]
}

/// The two steps of a snapshot that cost something: its request is empty.
fn snapshot(count: u32) -> [Case; 2] {
    let name = |step| format!("cgroups-snapshot/{count} items/{step}");
    let request = || encoded(&CgroupsRequest);
    let handler = move || snapshot_handler(count);
    let decode = Case::new(name("decode"), count, move || {
        let reply = answer(&handler(), &request());
        move || {
            let reply = <CgroupsSnapshot as Service>::Reply::decode(black_box(&reply));
            for item in reply.expect("it is valid").iter() {
                black_box(item.expect("it is valid"));
            }
        }
    });
    [dispatch(name("dispatch"), count, request, handler), decode]
}

/// A snapshot of `count` cgroups, as [`snapshot`] measures it; for caches as well.
pub(crate) fn snapshot_reply(count: u32) -> Vec<u8> {
    answer(&snapshot_handler(count), &encoded(&CgroupsRequest))
}

/// The name of cgroup `index` in a snapshot.
pub(crate) fn snapshot_name(index: u32) -> String {
    format!("cgroup-{index}")
}

fn snapshot_handler(count: u32) -> Handler<CgroupsSnapshot> {
    let items: Vec<_> = (0..count)
        .map(|i| (snapshot_name(i), format!("/sys/fs/cgroup/bench/cg-{i}")))
        .collect();
    Handler::<CgroupsSnapshot>::new(move |_, answer| {
        items.iter().try_for_each(|(name, path)| {
            let hash = simple_hash(name.as_bytes());
            answer.add(hash, 0, 1, name.as_bytes(), path.as_bytes())
        })
    })
}

/// The three steps of a service with one value each way.
fn single<S, V>(value: fn() -> V, handler: fn() -> Handler<S>) -> [Case; 3]
where
    S: Service,
    V: Encode + 'static,
{
    let name = |step| format!("{}/{step}", S::METHOD.name);
    let request = move || encoded(&value());
    let encode = Case::new(name("encode"), 1, move || {
        let (value, mut out) = (value(), vec![0; ROOM]);
        move || {
            let mut out = Writer::new(black_box(&mut out));
            black_box(&value).encode(&mut out).expect("it has room");
            black_box(out.len());
        }
    });
    let decode = Case::new(name("decode"), 1, move || {
        let reply = answer(&handler(), &request());
        move || {
            let reply = S::Reply::decode(black_box(&reply)).expect("it is valid");
            black_box(&reply);
        }
    });
    [
        encode,
        dispatch(name("dispatch"), 1, request, handler),
        decode,
    ]
}

fn dispatch<S: Service>(
    name: String,
    units: u32,
    request: impl Fn() -> Vec<u8> + Send + Sync + 'static,
    handler: impl Fn() -> Handler<S> + Send + Sync + 'static,
) -> Case {
    Case::new(name, units, move || {
        let (handler, mut buf) = (handler(), vec![0; ROOM]);
        let message = message::<S>(request().leak());
        move || {
            let answered = handler.dispatch(black_box(message), &mut buf);
            assert_eq!(answered.status, Status::OK);
            black_box(&mut buf);
        }
    })
}

fn message<S: Service>(payload: &[u8]) -> Message<'_> {
    let header = Header::request(S::METHOD.code, 1);
    Message::new(header, payload).expect("it is no batch")
}

fn answer<S: Service>(handler: &Handler<S>, request: &[u8]) -> Vec<u8> {
    let mut reply = vec![0; ROOM];
    let answered = handler.dispatch(message::<S>(request), &mut reply);
    assert_eq!(answered.status, Status::OK);
    reply.truncate(answered.len);
    reply
}

fn encoded(value: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; value.size()];
    value
        .encode(&mut Writer::new(&mut bytes))
        .expect("it has room");
    bytes
}

fn cgroup_paths(count: u32) -> Vec<TextKey<'static>> {
    (0..count)
        .map(|i| {
            let path = format!("/kubepods.slice/kubepods-burstable.slice/pod-{i:05}.scope");
            TextKey::new(path.leak().as_bytes()).expect("it has no NUL")
        })
        .collect()
}

fn cgroups() -> Handler<CgroupsLookup> {
    Handler::<CgroupsLookup>::new(|request, answer| {
        let labels = [
            Label::new("namespace", "bench"),
            Label::new("image", "bench:latest"),
        ];
        request.keys().try_for_each(|path| {
            answer.add(&CgroupsLookupItem {
                status: CgroupStatus::KNOWN,
                orchestrator: Orchestrator::K8S,
                path,
                name: "bench-pod".into(),
                labels: Labels::Pairs(&labels),
            })
        })
    })
}

fn pids(count: u32) -> Vec<Pid> {
    (1000..1000 + count).map(Pid).collect()
}

fn apps() -> Handler<AppsLookup> {
    Handler::<AppsLookup>::new(|request, answer| {
        let labels = [Label::new("image", "bench:latest")];
        request.keys().try_for_each(|Pid(pid)| {
            answer.add(&AppsLookupItem {
                status: PidStatus::KNOWN,
                cgroup_status: AppsCgroupStatus::KNOWN,
                orchestrator: Orchestrator::DOCKER,
                pid,
                ppid: 1,
                uid: 1000,
                starttime: 123_456,
                comm: "bench".into(),
                cgroup_path: "/system.slice/docker-bench.scope".into(),
                cgroup_name: "docker-bench".into(),
                labels: Labels::Pairs(&labels),
            })
        })
    })
}
