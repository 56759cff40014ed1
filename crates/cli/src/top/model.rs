//! What services do, from two looks at what they have done.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use crate::inspect::{Endpoint, Life, STATISTICS, Survey};
use crate::status;

/// Everything at one time.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) at: Instant,
    services: Vec<Seen>,
    pub(super) unseen: Vec<String>,
}

/// What a service has done so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    run_dir: PathBuf,
    service: String,
    life: &'static str,
    pid: Option<u32>,
    user: Option<String>,
    sessions: usize,
    shm: usize,
    socket: usize,
    /// Requests of each region, by the number of its session and who uses it.
    requests: HashMap<(Option<u64>, Option<u32>), u64>,
    stats: Option<Stats>,
}

/// What its provider says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Stats {
    workers: u64,
    calls: u64,
    refused: u64,
    handled: u64,
    handler_seconds: f64,
    data_age_seconds: Option<f64>,
}

/// What a service does now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Service {
    pub(super) run_dir: PathBuf,
    pub(super) service: String,
    pub(super) life: &'static str,
    pub(super) pid: Option<u32>,
    pub(super) user: Option<String>,
    pub(super) sessions: usize,
    pub(super) workers: Option<u64>,
    pub(super) shm: usize,
    pub(super) socket: usize,
    pub(super) calls_per_second: Option<f64>,
    /// Whether there may be more calls, over sockets.
    pub(super) at_least: bool,
    pub(super) refused: Option<u64>,
    pub(super) handler_us: Option<f64>,
    pub(super) data_age_seconds: Option<f64>,
}

impl Look {
    /// What is seen at `at`, with the statistics of those that publish them within `timeout`.
    pub(super) fn of(survey: &Survey, at: Instant, timeout: Duration) -> Self {
        let mut services = Vec::new();
        for dir in &survey.run_dirs {
            let published = |service: &str| {
                let name = netipc::untyped::stats_service(service);
                let mut all = dir.endpoints.iter();
                all.any(|one| one.service == name && one.life == Life::Live)
            };
            for endpoint in dir
                .endpoints
                .iter()
                .filter(|one| one.kind != Some(STATISTICS))
            {
                let mut seen = Seen::of(&dir.path, endpoint);
                if published(&endpoint.service) {
                    let stats = status::read(&dir.path, &endpoint.service, timeout);
                    seen.stats = stats.ok().map(|stats| Stats::of(&stats));
                }
                services.push(seen);
            }
        }
        Self {
            at,
            services,
            unseen: survey.unseen.clone(),
        }
    }

    /// What happened since `before`.
    pub(super) fn since(&self, before: Option<&Self>) -> Vec<Service> {
        let elapsed = before.map(|before| self.at.duration_since(before.at));
        let services = self.services.iter().map(|seen| {
            let known = before.and_then(|before| {
                let mut all = before.services.iter();
                all.find(|one| one.service == seen.service && one.run_dir == seen.run_dir)
            });
            seen.since(known, elapsed)
        });
        services.collect()
    }
}

impl Seen {
    fn of(run_dir: &Path, endpoint: &Endpoint) -> Self {
        let accepted = endpoint.sessions.iter().filter(|session| session.accepted);
        let over_socket = accepted
            .clone()
            .filter(|one| one.transport == Some("socket"));
        let requests = accepted.clone().filter_map(|session| {
            let (asked, _) = session.counters()?;
            let number = session.region.as_ref()?.session_id;
            let client = session.client.first().map(|client| client.pid);
            Some(((number, client), asked))
        });
        let server = endpoint.listeners.first();
        let sessions = accepted.clone().count();
        let socket = over_socket.count();
        Self {
            run_dir: run_dir.to_owned(),
            service: endpoint.service.clone(),
            life: endpoint.life.name(),
            pid: server.map(|server| server.pid),
            user: server.map(|server| server.user.clone()),
            sessions,
            shm: accepted
                .filter(|one| matches!(one.transport, Some("shm" | "ring")))
                .count(),
            socket,
            requests: requests.collect(),
            stats: None,
        }
    }

    fn since(&self, before: Option<&Self>, elapsed: Option<Duration>) -> Service {
        // Another process counts from the beginning.
        let before = before.filter(|before| before.pid == self.pid);
        let elapsed = elapsed
            .filter(|_| before.is_some())
            .map(|elapsed| elapsed.as_secs_f64());
        let stats = self.stats.zip(before.and_then(|before| before.stats));
        let counted = match stats {
            Some((now, then)) => Some(now.calls.saturating_sub(then.calls)),
            None => before.map(|before| self.published_since(before)),
        };
        let handled = stats.map(|(now, then)| {
            let seconds = now.handler_seconds - then.handler_seconds;
            (now.handled.saturating_sub(then.handled), seconds)
        });
        let handler_us = handled.filter(|(count, _)| *count > 0);
        Service {
            run_dir: self.run_dir.clone(),
            service: self.service.clone(),
            life: self.life,
            pid: self.pid,
            user: self.user.clone(),
            sessions: self.sessions,
            workers: self.stats.map(|stats| stats.workers),
            shm: self.shm,
            socket: self.socket,
            calls_per_second: counted
                .zip(elapsed)
                .map(|(calls, seconds)| rate(calls, seconds)),
            at_least: stats.is_none() && self.socket > 0,
            refused: self.stats.map(|stats| stats.refused),
            handler_us: handler_us.map(|(count, seconds)| rate_of(seconds * 1e6, count)),
            data_age_seconds: self.stats.and_then(|stats| stats.data_age_seconds),
        }
    }

    /// Requests over shared memory since `before`; a session that was not there then began in between.
    fn published_since(&self, before: &Self) -> u64 {
        let news = self.requests.iter().map(|(of, now)| {
            let then = before.requests.get(of).copied().unwrap_or_default();
            now.saturating_sub(then)
        });
        news.sum()
    }
}

impl Stats {
    fn of(stats: &Value) -> Self {
        let number = |path: &str| status::number(stats, path);
        let outcomes = [
            "ok",
            "unsupported",
            "bad_envelope",
            "limit_exceeded",
            "internal_error",
        ];
        let calls = outcomes.map(|outcome| number(&format!("/requests/{outcome}")));
        Self {
            workers: number("/workers"),
            calls: calls.iter().sum(),
            refused: number("/sessions/refused"),
            handled: number("/handler_time/count"),
            handler_seconds: status::fraction(stats, "/handler_time/sum_seconds")
                .unwrap_or_default(),
            data_age_seconds: status::fraction(stats, "/data/age_seconds"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "calls of a few seconds")]
fn rate(calls: u64, seconds: f64) -> f64 {
    let exact = calls as f64 / seconds.max(1e-3);
    (exact * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "calls of a few seconds")]
fn rate_of(micros: f64, count: u64) -> f64 {
    (micros / count as f64 * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(requests: &[(u64, u64)], stats: Option<Stats>) -> Seen {
        let requests = requests
            .iter()
            .map(|(id, count)| ((Some(*id), Some(7)), *count));
        Seen {
            service: "increment".into(),
            pid: Some(1),
            requests: requests.collect(),
            stats,
            ..Seen::default()
        }
    }

    fn look(at: Instant, seen: Seen) -> Look {
        Look {
            at,
            services: vec![seen],
            unseen: Vec::new(),
        }
    }

    #[test]
    fn rates_come_from_counters_of_regions_or_of_the_provider() {
        let begin = Instant::now();
        let later = begin + Duration::from_secs(2);
        let first = look(begin, seen(&[(1, 100), (2, 50)], None));
        assert_eq!(first.since(None)[0].calls_per_second, None);
        // One session has gone, and one came.
        let second = look(later, seen(&[(1, 120), (3, 4)], None));
        let now = &second.since(Some(&first))[0];
        assert_eq!((now.calls_per_second, now.at_least), (Some(12.0), false));
        let stats = |calls, handler_seconds| Stats {
            calls,
            handled: calls,
            handler_seconds,
            ..Stats::default()
        };
        let first = look(begin, seen(&[], Some(stats(10, 1.0))));
        let second = look(later, seen(&[], Some(stats(30, 1.001))));
        let now = &second.since(Some(&first))[0];
        assert_eq!(
            (now.calls_per_second, now.handler_us),
            (Some(10.0), Some(50.0))
        );
        let mut other = seen(&[], Some(stats(5, 0.0)));
        other.pid = Some(2);
        let now = &look(later, other).since(Some(&second))[0];
        assert_eq!(now.calls_per_second, None, "another process");
    }
}
