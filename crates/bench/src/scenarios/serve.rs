//! What the second process serves: one service, over one transport.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use netipc::connection::{Acceptor, Connection, ConnectionError};
use netipc::protocol::{PROFILE_BASELINE, PROFILE_SHM_FUTEX, PROFILE_SHM_HYBRID, PROFILE_SHM_RING};
use netipc::service::increment::{self, Increment};
use netipc::service::{Method, Service};
use netipc::transport::link::LinkError;
use netipc::transport::{Endpoint, NativeTransport, Wait};
use netipc::{ClientConfig, Handler, Server, ServerConfig};
use serde::{Deserialize, Serialize};

use super::bench_lookup::{BenchLookup, with_type};
use super::{BLOCKING, ENVELOPE, LOOKUP_ITEM, SNAPSHOT_ITEM, snapshot};
use crate::error::BenchError;
use crate::row::{Row, Scenario, Transport};

/// What clients can ask for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Content {
    /// INCREMENT on bare Level 1 sessions, one after the other.
    Sessions,
    /// So many bytes on bare Level 1 sessions.
    Answer(u32),
    /// INCREMENT on a managed server.
    Increment,
    /// A snapshot of so many items.
    Snapshot(u32),
    /// A lookup.
    Lookup(super::Service),
}

/// How both sides meet.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Route {
    /// Where the endpoint is.
    pub(crate) run_dir: PathBuf,
    /// What carries the data.
    pub(crate) transport: Transport,
    /// Whether receivers may look for a message before they sleep.
    spin: bool,
    /// Bytes of the largest request and of the largest reply: both sides start with that much, so
    /// that every call is one message.
    pub(crate) bytes: [u32; 2],
    /// Items of the largest batch.
    pub(crate) batch_items: u32,
}

impl Route {
    /// To what `row` asks, by endpoints in `run_dir`.
    pub(crate) fn of(row: &Row, run_dir: &Path) -> Self {
        let batches = matches!(row.scenario, Scenario::Batch | Scenario::PipelineBatch);
        let item_bytes = match row.content() {
            Content::Increment | Content::Sessions if batches => [16, 16],
            Content::Increment | Content::Sessions => [0, 0],
            Content::Answer(_) => [0, 1],
            Content::Snapshot(_) => [0, SNAPSHOT_ITEM],
            Content::Lookup(_) => [64, LOOKUP_ITEM],
        };
        Self {
            run_dir: run_dir.to_owned(),
            transport: row.transport,
            spin: !row.has(BLOCKING),
            bytes: item_bytes.map(|bytes| ENVELOPE + row.items() * bytes),
            batch_items: if batches { row.items() } else { 1 },
        }
    }

    /// Serves for ever; calls `ready` once clients can connect.
    pub(crate) fn serve(&self, content: Content, ready: impl FnOnce()) -> Result<(), BenchError> {
        match content {
            Content::Sessions => self.serve_sessions(ready, answer),
            Content::Answer(size) => self.serve_sessions(ready, move |session| {
                super::answer::serve(session, size as usize)
            }),
            Content::Increment => self.run(increment::handler(), ready),
            Content::Snapshot(items) => self.run(snapshot::handler(items), ready),
            Content::Lookup(service) => with_type!(service, S => self.run(S::handler(), ready)),
        }
    }

    /// The platform's transport, set up as this route wants it.
    pub(super) fn native(&self) -> NativeTransport {
        if self.spin {
            NativeTransport::new()
        } else {
            NativeTransport::new().with_spin(Duration::ZERO)
        }
    }

    /// How clients connect.
    pub(super) fn client_config(&self) -> ClientConfig {
        let [max_request_payload_bytes, max_response_payload_bytes] = self.bytes;
        let profiles = profiles_of(self.transport);
        ClientConfig {
            supported_profiles: profiles,
            preferred_profiles: profiles,
            max_request_payload_bytes,
            max_request_batch_items: self.batch_items,
            max_response_payload_bytes,
            ..ClientConfig::default()
        }
    }

    /// Where `method` is served.
    pub(super) fn endpoint(&self, method: Method) -> Result<Endpoint, BenchError> {
        Ok(Endpoint::new(&self.run_dir, method.name)?)
    }

    fn server_config(&self) -> ServerConfig {
        let [max_request_payload_bytes, max_response_payload_bytes] = self.bytes;
        let profiles = profiles_of(self.transport);
        ServerConfig {
            supported_profiles: profiles,
            preferred_profiles: profiles,
            max_request_payload_bytes,
            max_request_batch_items: self.batch_items,
            max_response_payload_bytes,
            ..ServerConfig::default()
        }
    }

    fn run<S: Service>(&self, handler: Handler<S>, ready: impl FnOnce()) -> Result<(), BenchError> {
        let server = Server::new(&self.run_dir, S::METHOD.name, self.server_config(), handler)
            .over(Arc::new(self.native()));
        server.bind()?;
        ready();
        Ok(server.run()?)
    }

    fn serve_sessions(
        &self,
        ready: impl FnOnce(),
        answer: impl Fn(Connection) -> Result<(), ConnectionError> + Clone + Send + 'static,
    ) -> Result<(), BenchError> {
        let endpoint = self.endpoint(Increment::METHOD)?;
        let mut acceptor = Acceptor::bind(&self.native(), &endpoint, &self.server_config())?;
        ready();
        loop {
            // Who fails to shake hands finds out, and so does the benchmark.
            if let Ok(session) = acceptor.accept(&Wait::forever()) {
                let answer = answer.clone();
                thread::spawn(move || answer(session));
            }
        }
    }
}

/// Answers one session until it ends.
fn answer(mut session: Connection) -> Result<(), ConnectionError> {
    let handler = increment::handler();
    let mut buf = vec![0; session.limits().response.payload_bytes as usize];
    let wait = Wait::forever();
    loop {
        let header = session.receive(&wait)?;
        let request = session.message().ok_or(LinkError::Disconnected)?;
        let answered = handler.dispatch(request, &mut buf);
        let payload = buf.get(..answered.len).unwrap_or_default();
        session.send(header.answer(answered.status), payload, &wait)?;
    }
}

/// The profiles to offer for `transport`, as bits.
pub(crate) const fn profiles_of(transport: Transport) -> u32 {
    match transport {
        Transport::Shm => PROFILE_BASELINE | PROFILE_SHM_HYBRID,
        Transport::Futex => PROFILE_BASELINE | PROFILE_SHM_FUTEX,
        Transport::Ring => PROFILE_BASELINE | PROFILE_SHM_RING,
        Transport::Socket | Transport::None => PROFILE_BASELINE,
    }
}
