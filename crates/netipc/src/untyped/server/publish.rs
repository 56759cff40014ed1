//! Statistics of a running server for others on the host: an endpoint beside its own, at which whoever connects is told
//! them as JSON, and nothing is asked.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use netipc_transport::endpoint::Endpoint;
use netipc_transport::link::{Baseline, BindError, BindOptions, LinkError, Listener};
use netipc_transport::wait::Wait;

use super::histogram::HistogramSnapshot;
use super::reasons::Reasons;
use super::{AnyServer, State};
use crate::error::chain;

/// Milliseconds of the buckets that are published, cumulative; what took longer is in the count alone.
const BUCKETS_MS: [u64; 7] = [1, 5, 10, 50, 100, 500, 1000];
/// How long a reader may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Readers that are told at once, each by a thread of its own; more wait their turn.
const READERS: usize = 8;
/// How long until the endpoint of the statistics is tried again, where another server, as one that ends, has it.
const AGAIN: Duration = Duration::from_millis(100);

/// The service at whose endpoint the statistics of `service` are published.
///
/// ```
/// assert_eq!(netipc::untyped::stats_service("apps-lookup"), "apps-lookup.stats");
/// ```
#[must_use]
pub fn stats_service(service: &str) -> String {
    format!("{service}.stats")
}

/// What a provider says of the data that it serves.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DataStatus {
    /// How old it is, where that means something.
    pub age: Option<Duration>,
    /// What of it is older than it should be, or missing: a sentence each.
    pub stale: Vec<String>,
}

/// Tells of the data, whenever somebody reads the statistics. Where it panics, nothing is told of the data.
pub type DataProbe = dyn Fn() -> DataStatus + Send + Sync;

/// Whether statistics are published, and what is told besides.
pub(super) struct Publishing {
    since: Instant,
    /// What tells of the data, if anything does; nothing at all where statistics are not published.
    on: OnceLock<Option<Arc<DataProbe>>>,
    /// Why clients were turned down.
    pub(super) refusals: Reasons,
    /// Why sessions that wanted shared memory went without one of its profiles.
    pub(super) without_shm: Reasons,
}

impl Publishing {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            on: OnceLock::new(),
            refusals: Reasons::default(),
            without_shm: Reasons::default(),
        }
    }

    fn is_on(&self) -> bool {
        self.on.get().is_some()
    }
}

impl AnyServer {
    /// The same server, whose statistics others on this host can read while it runs: at the endpoint of the
    /// [`stats_service`], for those who may connect to the server itself, one JSON object for each connection. `data`
    /// tells of the data that is served. Where that endpoint cannot be had, as while a server that this one takes over from still
    /// has it, the server runs without, logs why, and tries again until it has it.
    #[must_use]
    pub fn publishing_stats(mut self, data: Option<Arc<DataProbe>>) -> Self {
        self.publishing.on = OnceLock::from(data);
        self
    }

    /// Does the same to a server that is bound already, and not run yet. Tells whether it did: not for one that runs, or
    /// that publishes its statistics already.
    #[must_use]
    pub fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool {
        let mut state = self.state();
        if matches!(*state, State::Running) || self.publishing.on.set(data).is_err() {
            return false;
        }
        if let State::Bound(_, stats_listener) = &mut *state {
            *stats_listener = self.stats_listener();
        }
        true
    }

    /// Publishes until the server takes no more clients, where that is switched on; with `listener`, or once there is one.
    pub(super) fn publish<'s>(
        &'s self,
        listener: Option<Box<dyn Listener>>,
        scope: &'s Scope<'s, '_>,
    ) {
        if !self.publishing.is_on() {
            return;
        }
        let thread = thread::Builder::new().name(format!("netipc-{}.stats", self.name));
        let publish = move || {
            if let Some(listener) = listener.or_else(|| self.stats_listener_later()) {
                self.tell_all(listener);
            }
        };
        let spawned = thread.spawn_scoped(scope, publish);
        if let Err(error) = spawned {
            tracing::warn!(service = %self.name, error = %chain(&error), "cannot publish statistics");
        }
    }

    /// Where statistics are to be told, if they are.
    pub(super) fn stats_listener(&self) -> Option<Box<dyn Listener>> {
        if !self.publishing.is_on() {
            return None;
        }
        let endpoint = self.stats_endpoint()?;
        let listener = self.bind_stats(&endpoint);
        listener
            .map_err(|error| {
                tracing::warn!(service = %self.name, error = %chain(&error), "cannot publish statistics");
            })
            .ok()
    }

    /// The same, once it can be had; none where the server takes no more clients before.
    fn stats_listener_later(&self) -> Option<Box<dyn Listener>> {
        let endpoint = self.stats_endpoint()?;
        loop {
            let pause = Wait::forever().or_abort(&self.draining);
            pause.sleep(AGAIN).ok()?;
            if let Ok(listener) = self.bind_stats(&endpoint) {
                tracing::info!(service = %self.name, "publishes statistics now");
                return Some(listener);
            }
        }
    }

    fn stats_endpoint(&self) -> Option<Endpoint> {
        let run_dir = self.endpoint.as_ref().ok()?.run_dir();
        let endpoint = Endpoint::new(run_dir, &stats_service(&self.name));
        endpoint
            .map_err(|error| {
                tracing::warn!(service = %self.name, error = %chain(&error), "cannot publish statistics");
            })
            .ok()
    }

    fn bind_stats(&self, endpoint: &Endpoint) -> Result<Box<dyn Listener>, BindError> {
        let mut options = BindOptions::default();
        options.peers = self.bind.peers.clone();
        self.transport.bind(endpoint, &options)
    }

    fn tell_all(&self, mut listener: Box<dyn Listener>) {
        let wait = Wait::forever().or_abort(&self.draining);
        let busy = AtomicUsize::new(0);
        thread::scope(|readers| {
            loop {
                match listener.accept(&wait) {
                    Ok(link) => self.tell_beside(link, &busy, readers),
                    Err(LinkError::Aborted | LinkError::EndpointLost(_)) => return,
                    Err(_) => {
                        let pause = Wait::timeout(PATIENCE).or_abort(&self.draining);
                        // Only an abort ends it early, and the loop looks for that itself.
                        let _ = pause.sleep(PATIENCE);
                    }
                }
            }
        });
    }

    /// Tells a reader without waiting for those before it, unless they are many, or there is no thread for it.
    fn tell_beside<'s>(
        &'s self,
        link: Box<dyn Baseline>,
        busy: &'s AtomicUsize,
        readers: &'s Scope<'s, '_>,
    ) {
        if busy.fetch_add(1, Ordering::Relaxed) >= READERS {
            busy.fetch_sub(1, Ordering::Relaxed);
            return self.tell(link);
        }
        let tell = move || {
            self.tell(link);
            busy.fetch_sub(1, Ordering::Relaxed);
        };
        let thread = thread::Builder::new().name(format!("netipc-{}.stats", self.name));
        if let Err(error) = thread.spawn_scoped(readers, tell) {
            busy.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(service = %self.name, %error, "cannot tell statistics");
        }
    }

    fn tell(&self, mut link: Box<dyn Baseline>) {
        if !link.peer_allowed() {
            return;
        }
        let wait = Wait::timeout(PATIENCE).or_abort(&self.draining);
        match link.send(self.stats_json().as_bytes(), &[], &wait) {
            Ok(()) => link.linger(),
            Err(error @ LinkError::TooLarge { .. }) => {
                tracing::warn!(service = %self.name, %error, "cannot publish statistics");
            }
            // Whoever has gone does not want to know.
            Err(_) => {}
        }
    }

    /// The statistics as one JSON object, as they are published.
    #[must_use]
    pub fn stats_json(&self) -> String {
        let stats = self.stats();
        let mut out = String::from("{");
        text(&mut out, "service", &self.name);
        number(&mut out, "pid", std::process::id().into());
        seconds(&mut out, "uptime_seconds", self.publishing.since.elapsed());
        number(&mut out, "workers", self.workers() as u64);
        object(
            &mut out,
            "sessions",
            &[
                ("now", stats.sessions_now),
                ("total", stats.sessions_total),
                ("refused", stats.refused),
            ],
        );
        object(
            &mut out,
            "sessions_by_transport",
            &[
                ("memory", stats.sessions.memory),
                ("socket", stats.sessions.socket),
                ("shm", stats.sessions.shared_memory),
            ],
        );
        object(
            &mut out,
            "requests",
            &[
                ("ok", stats.ok),
                ("unsupported", stats.unsupported),
                ("bad_envelope", stats.bad_envelope),
                ("limit_exceeded", stats.limit_exceeded),
                ("internal_error", stats.internal_error),
            ],
        );
        object(
            &mut out,
            "bytes",
            &[
                ("received", stats.bytes_received),
                ("sent", stats.bytes_sent),
            ],
        );
        histogram(&mut out, "handler_time", &stats.handler_time);
        histogram(&mut out, "total_time", &stats.total_time);
        reasons(&mut out, "refusals", &self.publishing.refusals);
        reasons(&mut out, "without_shm", &self.publishing.without_shm);
        self.data(&mut out);
        out.push('}');
        out
    }

    fn data(&self, out: &mut String) {
        let Some(Some(probe)) = self.publishing.on.get() else {
            return;
        };
        let Ok(DataStatus { age, stale }) = catch_unwind(AssertUnwindSafe(|| probe())) else {
            tracing::error!(service = %self.name, "what tells of the data panicked");
            return;
        };
        name(out, "data");
        out.push('{');
        if let Some(age) = age {
            seconds(out, "age_seconds", age);
        }
        name(out, "stale");
        out.push('[');
        for sentence in &stale {
            separate(out);
            quote(out, sentence);
        }
        out.push_str("]}");
    }
}

fn reasons(out: &mut String, of: &str, reasons: &Reasons) {
    name(out, of);
    out.push('[');
    for one in reasons.all() {
        separate(out);
        out.push('{');
        text(out, "why", &one.why);
        number(out, "count", one.count);
        seconds(out, "age_seconds", one.age());
        out.push('}');
    }
    out.push(']');
}

fn object(out: &mut String, of: &str, members: &[(&str, u64)]) {
    name(out, of);
    out.push('{');
    for (name, value) in members {
        number(out, name, *value);
    }
    out.push('}');
}

/// Count, sum, and how many took at most so long.
fn histogram(out: &mut String, of: &str, histogram: &HistogramSnapshot) {
    name(out, of);
    out.push('{');
    number(out, "count", histogram.count());
    seconds(out, "sum_seconds", histogram.sum());
    name(out, "buckets");
    out.push('[');
    for limit in BUCKETS_MS {
        separate(out);
        out.push('{');
        number(out, "le_ms", limit);
        number(
            out,
            "count",
            histogram.at_most(Duration::from_millis(limit)),
        );
        out.push('}');
    }
    out.push_str("]}");
}

/// A comma, unless this is the first of an object or a list.
fn separate(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

fn name(out: &mut String, name: &str) {
    separate(out);
    quote(out, name);
    out.push(':');
}

fn number(out: &mut String, of: &str, value: u64) {
    name(out, of);
    let _ = write!(out, "{value}");
}

fn seconds(out: &mut String, of: &str, value: Duration) {
    name(out, of);
    let _ = write!(out, "{:.6}", value.as_secs_f64());
}

fn text(out: &mut String, of: &str, value: &str) {
    name(out, of);
    quote(out, value);
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use netipc_proto::session::Message;

    use super::super::Answered;
    use super::*;
    use crate::config::ServerConfig;

    #[test]
    fn texts_are_quoted() {
        let mut out = String::new();
        quote(&mut out, "a\"b\\c\n\u{e9}");
        assert_eq!(out, "\"a\\\"b\\\\c\\u000a\u{e9}\"");
    }

    #[test]
    fn nothing_is_told_of_data_whose_probe_panics() {
        let answer = |_: Message<'_>, _: &mut [u8]| Answered::ok(0);
        let probe = || -> DataStatus { panic!("on purpose") };
        let config = ServerConfig::default();
        let server = AnyServer::new("/run/x", "svc", &config, 1, Box::new(answer))
            .publishing_stats(Some(Arc::new(probe)));
        let text = server.stats_json();
        assert!(
            text.ends_with("\"refusals\":[],\"without_shm\":[]}"),
            "{text}"
        );
    }

    #[test]
    fn publishing_is_switched_on_once() {
        let server = || {
            let answer = |_: Message<'_>, _: &mut [u8]| Answered::ok(0);
            AnyServer::new(
                "/run/x",
                "svc",
                &ServerConfig::default(),
                1,
                Box::new(answer),
            )
        };
        let data = || Some(Arc::new(DataStatus::default) as Arc<DataProbe>);
        let later = server();
        assert!(later.publish_stats(data()));
        assert!(!later.publish_stats(None));
        assert!(later.stats_json().ends_with("\"data\":{\"stale\":[]}}"));
        assert!(!server().publishing_stats(None).publish_stats(data()));
    }
}
