//! A lookup that asks all hosts, and answers what the first says that knows a key.
//!
//! An answer is one host's, whole. Its generation is replaced by one that is made of it, of the host's claim and of the
//! number of its provider, so that an answer of another host, or of another life of either, has another generation: a lookup that took several
//! questions fails where they were answered by several hosts, as it does where a provider's data changed.

use std::collections::BTreeSet;
use std::mem::replace;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use netipc::connection::Message;
use netipc::lookup::{LOOKUP_HEADER_LEN, Verdict};
use netipc::untyped::{Answered, AnyServer};
use netipc::wire::{ListRules, MethodCode, Packed, Status};
use zenoh::Session;
use zenoh::sample::Sample;

use crate::asking::Asking;
use crate::budget::LogBudget;
use crate::claims::{Standing, Watch};
use crate::counts::{Counts, Done};
use crate::departures::Watched;
use crate::error::Error;
use crate::import::{self, ImportConfig};
use crate::keys::{self, EVERYONE};
use crate::replies;
use crate::status::{Report, Served};
use crate::wire::{Outcome, Question};

/// Bytes of an item up to its status, with which every item of a lookup begins.
const ITEM_STATUS_END: usize = 4;

/// A lookup of all hosts, as an endpoint, until it is dropped.
pub struct Everyone {
    all: Arc<All>,
    /// Ends the thread, when it is dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct All {
    session: Session,
    config: ImportConfig,
    service: String,
    endpoint: String,
    key: String,
    /// The hosts whose answers count.
    believed: BTreeSet<String>,
    watch: Watch,
    asking: Asking,
    counts: Counts,
    failures: LogBudget<()>,
    /// The endpoint while it is there.
    serving: Mutex<Serving>,
}

enum Serving {
    Not,
    By(Arc<AnyServer>),
    /// Not any more, and never again.
    Over,
}

impl Everyone {
    /// Makes the lookup `service` of every host in `believed` the endpoint `endpoint`.
    ///
    /// # Errors
    /// [`Error::Zenoh`], [`Error::Thread`], [`Error::Usage`] where the endpoint cannot be served.
    pub fn begin(
        session: &Session,
        service: &str,
        endpoint: &str,
        believed: BTreeSet<String>,
        config: ImportConfig,
    ) -> Result<Self, Error> {
        // By host: those that are believed, which are as many as were named.
        let (logged, disputes) = (service.to_owned(), LogBudget::new());
        let watch = Watch::of_all(session, believed.clone(), service, move |host, standing| {
            if let Standing::Disputed(claims) = standing
                && let Some(told) = disputes.take(host.to_owned())
            {
                tracing::error!(
                    host,
                    service = logged,
                    claims,
                    left_out = told.left_out,
                    "several exporters claim the name: none is believed"
                );
            }
        })?;
        let all = Arc::new(All {
            session: session.clone(),
            key: keys::asked(EVERYONE, service, &config.asker),
            service: service.to_owned(),
            endpoint: endpoint.to_owned(),
            believed,
            watch,
            asking: Asking::default(),
            counts: Counts::default(),
            failures: LogBudget::new(),
            serving: Mutex::new(Serving::Not),
            config,
        });
        let server = all.bind().map_err(|error| {
            let why = netipc::chain(&error);
            Error::Usage(format!("{endpoint} cannot be served: {why}"))
        })?;
        let (stop, stopped) = mpsc::channel();
        let served = Arc::clone(&all);
        let thread = crate::spawn("netipc-endpoint", move || served.keep(server, &stopped))?;
        Ok(Self {
            all,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What it has done, for `status`.
    #[must_use]
    pub fn report(&self) -> Report {
        let is_served = matches!(*self.all.serving(), Serving::By(_));
        let served = |(host, standing): (String, Standing)| Served {
            host,
            service: self.all.service.clone(),
            endpoint: self.all.endpoint.clone(),
            standing: match standing {
                Standing::Up(_) if !is_served => "not served yet",
                standing => standing.word(),
            }
            .to_owned(),
        };
        let served = self.all.watch.standings().into_iter().map(served).collect();
        Report::new(
            "import",
            &self.all.config.asker,
            0,
            served,
            (&self.all.counts, |_: &str| self.all.endpoint.clone()),
        )
    }
}

impl Drop for Everyone {
    fn drop(&mut self) {
        drop(self.stop.take());
        let last = replace(&mut *self.all.serving(), Serving::Over);
        if let Serving::By(server) = last {
            server.stop();
        }
        self.all.asking.give_up();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl All {
    fn serving(&self) -> MutexGuard<'_, Serving> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The endpoint, where it is to be had.
    fn bind(self: &Arc<Self>) -> Result<Arc<AnyServer>, netipc::ServeError> {
        let server_config = self.config.server();
        let asked = Arc::clone(self);
        let handler = move |request: Message<'_>, out: &mut [u8]| asked.answer(request, out);
        let (run_dir, workers) = (&self.config.run_dir, self.config.workers);
        let endpoint = &self.endpoint;
        let handler = Box::new(handler);
        let server = AnyServer::new(run_dir, endpoint, &server_config, workers, handler)
            .over(Arc::new(Watched::default()));
        server.bind()?;
        Ok(Arc::new(server))
    }

    /// Serves by `server`, and by others where somebody takes the endpoint away, until it is told to stop.
    fn keep(self: &Arc<Self>, server: Arc<AnyServer>, stopped: &Receiver<()>) {
        let mut next = Some(server);
        loop {
            if let Some(server) = next.take() {
                let mut serving = self.serving();
                if matches!(*serving, Serving::Over) {
                    return;
                }
                *serving = Serving::By(Arc::clone(&server));
                drop(serving);
                let Err(error) = server.run() else { return };
                let (endpoint, error) = (&self.endpoint, netipc::chain(&error));
                tracing::error!(endpoint, error, "not served any more, trying again");
                let mut serving = self.serving();
                if let Serving::By(_) = *serving {
                    *serving = Serving::Not;
                }
            }
            if stopped.recv_timeout(import::BIND_AGAIN) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            match self.bind() {
                Ok(server) => next = Some(server),
                Err(error) => {
                    if let Some(told) = self.failures.take(()) {
                        let (endpoint, error) = (&self.endpoint, netipc::chain(&error));
                        let left_out = told.left_out;
                        tracing::error!(
                            endpoint,
                            error,
                            left_out,
                            "cannot be served, trying again"
                        );
                    }
                }
            }
        }
    }

    fn answer(&self, request: Message<'_>, out: &mut [u8]) -> Answered {
        let began = Instant::now();
        let header = request.header();
        if header.flags.is_batch() {
            return Answered::failed(Status::UNSUPPORTED);
        }
        let question = Question {
            method: MethodCode(header.code),
            batch: None,
            deadline_ms: u32::try_from(self.config.timeout.as_millis()).unwrap_or(u32::MAX),
            room: u32::try_from(out.len()).unwrap_or(u32::MAX),
            life: 0,
            claim: 0,
            held: 0,
            takes_lz4: true,
        };
        let payload = request.payload();
        let answered = self.ask(&question, payload, out, began + self.config.timeout);
        let (outcome, who, len) = match answered {
            Ok((host, len)) => (Outcome::OK, host, len),
            Err(outcome) => (outcome, EVERYONE.to_owned(), 0),
        };
        let done = Done {
            outcome,
            unchanged: false,
            bytes: payload.len() + len,
            sent_bytes: payload.len() + len,
            took: began.elapsed(),
        };
        self.counts.count(&who, &self.service, &done);
        if outcome == Outcome::OK {
            Answered::ok(len)
        } else {
            Answered::failed(outcome.status())
        }
    }

    /// Has in `out` the first answer that knows a key, else one that knows none. Gives its host and its length.
    fn ask(
        &self,
        question: &Question,
        request: &[u8],
        out: &mut [u8],
        deadline: Instant,
    ) -> Result<(String, usize), Outcome> {
        let mut unknown: Option<Result<(String, Vec<u8>), Outcome>> = None;
        let header = question.encode();
        let each = |sample: &Sample| {
            match self.read(question, sample, out) {
                None => {}
                Some(Ok(answer)) if answer.knows => {
                    return ControlFlow::Break((answer.host.to_owned(), answer.len));
                }
                Some(Ok(answer)) => {
                    let bytes = out.get(..answer.len).unwrap_or_default();
                    unknown = Some(Ok((answer.host.to_owned(), bytes.to_vec())));
                }
                Some(Err(outcome)) => {
                    unknown.get_or_insert(Err(outcome));
                }
            }
            ControlFlow::Continue(())
        };
        let asked = (&header[..], request);
        let asked = self
            .asking
            .ask(&self.session, &self.key, asked, deadline, || true, each);
        match (asked, unknown) {
            (Ok(known), _) => Ok(known),
            (Err(_), Some(Ok((host, answer)))) => {
                let place = out.get_mut(..answer.len()).ok_or(Outcome::MALFORMED)?;
                place.copy_from_slice(&answer);
                Ok((host, answer.len()))
            }
            (Err(_), Some(Err(outcome))) | (Err(outcome), None) => Err(outcome),
        }
    }

    /// One host's answer in `out`, where it counts.
    fn read<'s>(
        &self,
        question: &Question,
        sample: &'s Sample,
        out: &mut [u8],
    ) -> Option<Result<HostAnswer<'s>, Outcome>> {
        let (host, _, _) = keys::parse_asked(sample.key_expr().as_str())?;
        let reply = replies::read(question, sample)?;
        let is_up = self.watch.standing(host) == Standing::Up(reply.claim);
        if !is_up || !self.believed.contains(host) {
            return None;
        }
        let taken = replies::take(&reply, sample, &[], out);
        Some(taken.and_then(|(reply, _)| {
            let len = reply.len as usize;
            let answer = out.get_mut(..len).unwrap_or_default();
            let knows = stamp(answer, host, reply.claim, reply.life).ok_or(Outcome::MALFORMED)?;
            Ok(HostAnswer { host, len, knows })
        }))
    }
}

/// What one host has answered.
struct HostAnswer<'s> {
    host: &'s str,
    len: usize,
    /// Whether there is an item for a key.
    knows: bool,
}

/// Makes the generation of a lookup's answer this host's; whether it knows a key. Nothing where it is no such answer.
fn stamp(answer: &mut [u8], host: &str, claim: u64, life: u32) -> Option<bool> {
    let (header, _) = answer.split_first_chunk::<LOOKUP_HEADER_LEN>()?;
    let [.., c0, c1, c2, c3, g0, g1, g2, g3, g4, g5, g6, g7] = *header;
    let count = u32::from_le_bytes([c0, c1, c2, c3]);
    let generation = u64::from_le_bytes([g0, g1, g2, g3, g4, g5, g6, g7]);
    let rules = ListRules {
        min_len: ITEM_STATUS_END,
        ordered: true,
    };
    let items = Packed::parse(answer, LOOKUP_HEADER_LEN, count, rules).ok()?;
    // No status of a lookup is this one: what is oversized is not known either.
    let verdict = |item: &[u8]| match item {
        [_, _, low, high, ..] => Verdict::of_status(u16::from_le_bytes([*low, *high]), u16::MAX),
        _ => Verdict::ForNow,
    };
    let known = items.iter().any(|item| verdict(item).has_item());
    let stamped = mix(generation, host, claim, life).to_le_bytes();
    answer
        .get_mut(8..LOOKUP_HEADER_LEN)?
        .copy_from_slice(&stamped);
    Some(known)
}

/// 64-bit FNV-1a over the four: the same in every process, for generations are compared across sessions.
fn mix(generation: u64, host: &str, claim: u64, life: u32) -> u64 {
    let (generation, claim) = (generation.to_le_bytes(), claim.to_le_bytes());
    let life = life.to_le_bytes();
    let lives = claim.iter().chain(&life);
    let bytes = generation.iter().chain(lives).chain(host.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl std::fmt::Debug for Everyone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Everyone")
            .field("service", &self.all.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of one item with this status.
    fn answer(status: u16, generation: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend([1, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend(generation.to_le_bytes());
        bytes.extend([0, 0, 0, 0, 4, 0, 0, 0, 1, 0]);
        bytes.extend(status.to_le_bytes());
        bytes
    }

    #[test]
    fn generations_of_two_hosts_or_two_lives_are_never_the_same() {
        let stamped = |host, claim, life, generation| {
            let mut bytes = answer(0, generation);
            assert_eq!(stamp(&mut bytes, host, claim, life), Some(true));
            bytes[8..16].to_vec()
        };
        let first = stamped("a", 1, 1, 7);
        assert_eq!(first, stamped("a", 1, 1, 7));
        for other in [
            stamped("b", 1, 1, 7),
            stamped("a", 2, 1, 7),
            stamped("a", 1, 2, 7),
            stamped("a", 1, 1, 8),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn an_answer_that_knows_nothing_is_told_from_one_that_does() {
        for (status, known) in [(0, true), (1, false), (2, false), (u16::MAX, false)] {
            assert_eq!(
                stamp(&mut answer(status, 1), "a", 1, 1),
                Some(known),
                "{status}"
            );
        }
        for len in 0..answer(0, 1).len() {
            let mut cut = answer(0, 1);
            cut.truncate(len);
            assert_eq!(stamp(&mut cut, "a", 1, 1), None, "{len}");
        }
    }
}
