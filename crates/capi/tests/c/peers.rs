//! Providers written in Rust, for the C programs to ask.

use std::any::Any;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use netipc::lookup::{LookupRequest, encode_request};
use netipc::service::apps_lookup::{AppsLookup, Pid};
use netipc::service::cgroups_snapshot::{CgroupsRequest, CgroupsResponseView, CgroupsSnapshot};
use netipc::service::{Method, Service, ValueAnswer, increment, string_reverse};
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::untyped::AnyClient;
use netipc::wire::{Decode, Encode, Profiles, WireError, Writer};
use netipc::{CallError, Handler, Server, ServerConfig};
use netipc_conformance::service::growing::{self, Growing};
use netipc_conformance::service::{Running, TOKEN, data};

/// The process whose cgroup has a name that fits no small answer; `data.h` has it, too.
const LARGE_PID: u32 = 9_999_999;
const SNAPSHOT_ITEMS: u32 = 1000;
const SNAPSHOT_PATH: usize = 40;
const WORKERS: usize = 16;

/// The providers of one program. They stop when they are dropped.
pub(crate) struct Peers {
    _running: [Box<dyn Any>; 10],
}

impl Peers {
    /// Providers of every service, and some that say what they should not.
    pub(crate) fn start(dir: &Path) -> Self {
        let large = |pid| if pid == LARGE_PID { 8000 } else { 8 };
        let snapshot = data::snapshot(SNAPSHOT_ITEMS, SNAPSHOT_PATH);
        Self {
            _running: [
                serve(dir, "rust-snapshot", snapshot),
                serve(dir, "rust-cgroups", data::cgroups()),
                serve(dir, "rust-apps", data::apps(large)),
                serve_at_most(dir, "rust-small", data::apps(large), 4096),
                serve(dir, "rust-increment", increment::handler()),
                serve(dir, "rust-reverse", string_reverse::handler()),
                serve(dir, "rust-sloppy", sloppy()),
                serve(dir, "rust-wrong", wrong()),
                grow(dir, "growing-items", large),
                grow(dir, "growing-keys", |_| 900),
            ],
        }
    }
}

fn serve<S: Service>(dir: &Path, service: &str, handler: Handler<S>) -> Box<dyn Any> {
    serve_at_most(dir, service, handler, 0)
}

/// A provider whose answers are at most so many bytes; 0 is the default.
fn serve_at_most<S: Service>(
    dir: &Path,
    service: &str,
    handler: Handler<S>,
    response: u32,
) -> Box<dyn Any> {
    let config = ServerConfig {
        supported_profiles: 7,
        max_response_payload_bytes: response,
        auth_token: TOKEN,
        ..ServerConfig::default()
    };
    let server = Server::with_workers(dir, service, config, handler, WORKERS);
    Box::new(Running::start(server))
}

/// A server of processes as deployed ones are that nobody configured.
fn grow(dir: &Path, service: &str, name_len: fn(u32) -> usize) -> Box<dyn Any> {
    let endpoint = Endpoint::new(dir, service).unwrap();
    let (transport, respond) = (NativeTransport::new(), growing::apps(name_len));
    Box::new(Growing::start(
        &transport,
        &endpoint,
        Profiles(7),
        u32::MAX,
        respond,
    ))
}

/// A snapshot of one item; then, for ever, one whose item has no NUL after its name.
fn sloppy() -> Handler<SloppySnapshot> {
    let asked = AtomicUsize::new(0);
    Handler::<SloppySnapshot>::new(move |_, answer| {
        let mut buf = [0; 256];
        let mut good = CgroupsSnapshot::answer(&CgroupsRequest, &mut buf)?;
        data::with_cgroup(0, 3, |item| good.push(item))?;
        let len = CgroupsSnapshot::finish(good)?;
        let name = b"cgroup-0\0";
        let end = buf.windows(name.len()).position(|window| window == name);
        if asked.fetch_add(1, Ordering::Relaxed) > 0
            && let Some(nul) = buf.get_mut(end.unwrap() + name.len() - 1)
        {
            *nul = b'!';
        }
        answer.put(&Raw(buf.get(..len).unwrap()))
    })
}

/// Answers for process 1234, whoever was asked for.
fn wrong() -> Handler<WrongApps> {
    Handler::<WrongApps>::new(|_, answer| {
        let mut request = Vec::new();
        encode_request::<AppsLookup>(&[Pid(1234)], &mut request).unwrap();
        let request = LookupRequest::decode(&request)?;
        let mut buf = [0; 512];
        let mut other = AppsLookup::answer(&request, &mut buf)?;
        data::with_process(1234, 1, |item| other.add(item))?;
        let len = AppsLookup::finish(other)?;
        answer.put(&Raw(buf.get(..len).unwrap()))
    })
}

/// Bytes that go out as they are.
struct Raw<'a>(&'a [u8]);

impl Encode for Raw<'_> {
    fn size(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut Writer<'_>) -> Result<(), WireError> {
        out.bytes(self.0)
    }
}

/// Snapshots whose answers may be any bytes.
#[derive(Debug)]
struct SloppySnapshot;

impl Service for SloppySnapshot {
    const METHOD: Method = CgroupsSnapshot::METHOD;
    type Argument<'r> = CgroupsRequest;
    type Request<'a> = CgroupsRequest;
    type Reply<'a> = CgroupsResponseView<'a>;
    type Answer<'a> = ValueAnswer<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        request: &CgroupsRequest,
        wait: &Wait<'_>,
    ) -> Result<CgroupsResponseView<'c>, CallError> {
        CgroupsSnapshot::call(client, request, wait)
    }

    fn answer<'a>(_: &CgroupsRequest, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}

/// Lookups of processes whose answers may be any bytes.
#[derive(Debug)]
struct WrongApps;

impl Service for WrongApps {
    const METHOD: Method = AppsLookup::METHOD;
    type Argument<'r> = [u32];
    type Request<'a> = LookupRequest<'a, AppsLookup>;
    type Reply<'a> = <AppsLookup as Service>::Reply<'a>;
    type Answer<'a> = ValueAnswer<'a>;

    fn call<'c>(
        client: &'c mut AnyClient,
        pids: &[u32],
        wait: &Wait<'_>,
    ) -> Result<Self::Reply<'c>, CallError> {
        AppsLookup::call(client, pids, wait)
    }

    fn answer<'a>(_: &Self::Request<'a>, buf: &'a mut [u8]) -> Result<ValueAnswer<'a>, WireError> {
        Ok(ValueAnswer::new(buf))
    }

    fn finish(answer: ValueAnswer<'_>) -> Result<usize, WireError> {
        answer.finish()
    }
}
