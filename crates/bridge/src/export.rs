//! Local endpoints, offered to other hosts.
//!
//! ```text
//! zenoh's thread   on_query ── allowed? within limits? ──▶ queue ──┐        refusals are answered at once
//! our thread       work     ◀─────────────────────────────────────┘   one client, one question after the other
//! our thread       keep     claims the names, as long as nobody else does
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netipc::transport::Wait;
use netipc::transport::wait::Abort;
use netipc::untyped::LogLimiter;
use zenoh::liveliness::LivelinessToken;
use zenoh::query::{Query, Queryable};
use zenoh::{Session, Wait as _};

use crate::allow::Askers;
use crate::claims::{self, Watch};
use crate::counts::{Counts, Done};
use crate::error::Error;
use crate::keys::{self, EVERYONE};
use crate::limits::{Limits, Rates};
use crate::local::Local;
use crate::packing::{self, Tagger};
use crate::status::{Report, Served};
use crate::wire::{Malformed, Outcome, Question, Reply};

/// What is offered, and to whom.
#[derive(Clone, Debug)]
pub struct ExportConfig {
    /// The name of this host.
    pub host: String,
    /// The services, which are endpoints of `run_dir`.
    pub services: Vec<String>,
    /// Where their providers are.
    pub run_dir: PathBuf,
    /// Their shared secret. It never leaves this host.
    pub auth_token: u64,
    /// Who may ask.
    pub askers: Askers,
    /// Whether questions to all hosts are answered, too.
    pub everyone: bool,
    /// How much each may ask.
    pub limits: Limits,
}

/// Endpoints that are offered, until it is dropped.
pub struct Export {
    shared: Arc<Shared>,
    /// Ends the threads, together with the queues of `queryables`.
    tell: Sender<Event>,
    keeper: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    config: ExportConfig,
    claim: u64,
    counts: Counts,
    rates: Rates,
    tagger: Tagger,
    abort: Abort,
    refusals: LogLimiter,
    /// By service: how many others claim it, and whether we do.
    standings: Mutex<BTreeMap<String, (usize, bool)>>,
}

/// What makes the keeper look again.
enum Event {
    Changed,
    Stop,
}

/// A question that waits for its turn.
struct Job {
    query: Query,
    question: Question,
    asker: String,
    came: Instant,
}

/// One service, for as long as it is offered.
struct Offered {
    service: String,
    watch: Watch,
    queue: SyncSender<Job>,
    /// The token goes before the queryable, and comes after it: who sees the token can ask.
    held: Option<(LivelinessToken, Queryable<()>)>,
    told: bool,
}

impl Export {
    /// Offers what `config` says. A name that somebody else claims is offered once that has gone.
    ///
    /// # Errors
    /// [`Error::Zenoh`], [`Error::Thread`].
    pub fn begin(session: &Session, config: ExportConfig) -> Result<Self, Error> {
        let (tell, told) = mpsc::channel();
        let rates = Rates::new(config.limits.rate);
        let shared = Arc::new(Shared {
            claim: crate::random_id(session),
            config,
            counts: Counts::default(),
            rates,
            tagger: Tagger::default(),
            abort: Abort::new(),
            refusals: LogLimiter::new(),
            standings: Mutex::default(),
        });
        let mut export = Self {
            shared: Arc::clone(&shared),
            tell: tell.clone(),
            keeper: None,
            workers: Vec::new(),
        };
        let mut offered = Vec::new();
        for service in &shared.config.services {
            let (queue, jobs) = mpsc::sync_channel(shared.config.limits.waiting as usize);
            export.workers.push(spawn_worker(&shared, service, jobs)?);
            let tell = tell.clone();
            let changed = move |_host: &str, _standing| {
                // The keeper has ended where nobody listens.
                let _ = tell.send(Event::Changed);
            };
            let watch = Watch::begin(session, &shared.config.host, service, changed)?;
            offered.push(Offered {
                service: service.clone(),
                watch,
                queue,
                held: None,
                told: false,
            });
        }
        await_claims_that_are(session, &shared.config);
        let session = session.clone();
        let keeper = move || shared.keep(&session, offered, &told);
        export.keeper = Some(crate::spawn("netipc-claims", keeper)?);
        Ok(export)
    }

    /// What it has done, for `status`.
    #[must_use]
    pub fn report(&self) -> Report {
        let shared = &self.shared;
        let standings = shared
            .standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let served = standings.iter().map(|(service, (others, held))| Served {
            host: shared.config.host.clone(),
            service: service.clone(),
            endpoint: service.clone(),
            standing: match (others, held) {
                (0, true) => "offered",
                (0, false) => "not offered yet",
                _ => "disputed",
            }
            .to_owned(),
        });
        let served = served.collect();
        Report::new(
            "export",
            &shared.config.host,
            shared.claim,
            served,
            &shared.counts,
        )
    }

    /// The number that tells this exporter from another one of the same name.
    #[must_use]
    pub fn claim(&self) -> u64 {
        self.shared.claim
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.shared.abort.raise();
        let _ = self.tell.send(Event::Stop);
        // The keeper drops the queues, which ends the workers.
        let threads = self.keeper.take().into_iter().chain(self.workers.drain(..));
        threads.for_each(|thread| drop(thread.join()));
    }
}

/// Gives those who claim the names already a moment to be heard, before we do.
fn await_claims_that_are(session: &Session, config: &ExportConfig) {
    for service in &config.services {
        let asked = session
            .liveliness()
            .get(keys::claims(&config.host, service))
            .timeout(Duration::from_millis(500))
            .wait();
        // The watch takes them in; here only the end of the answers counts.
        if let Ok(answers) = asked {
            while answers.recv().is_ok() {}
        }
    }
}

fn spawn_worker(
    shared: &Arc<Shared>,
    service: &str,
    jobs: Receiver<Job>,
) -> Result<JoinHandle<()>, Error> {
    let (shared, name) = (Arc::clone(shared), service.to_owned());
    crate::spawn("netipc-export", move || shared.work(&name, &jobs))
}

impl Shared {
    /// Claims names that nobody else claims, until it is told to stop.
    fn keep(
        self: &Arc<Self>,
        session: &Session,
        mut offered: Vec<Offered>,
        told: &Receiver<Event>,
    ) {
        loop {
            for service in &mut offered {
                self.look_after(session, service);
            }
            match told.recv() {
                Ok(Event::Changed) => {}
                Ok(Event::Stop) | Err(_) => return,
            }
        }
    }

    fn look_after(self: &Arc<Self>, session: &Session, offered: &mut Offered) {
        let (host, service) = (&self.config.host, &offered.service);
        let others = offered.watch.others(host, self.claim);
        if others == 0 && offered.held.is_none() {
            match self.offer(session, service, &offered.queue) {
                Ok(held) => {
                    tracing::info!(host, service, "offered");
                    offered.held = Some(held);
                }
                Err(error) => tracing::error!(
                    host,
                    service,
                    error = netipc::chain(&error),
                    "cannot be offered"
                ),
            }
        }
        let held = offered.held.is_some();
        if others > 0 && !offered.told {
            let what = if held {
                "another exporter claims the name, too: importers believe neither until one has gone"
            } else {
                "another exporter claims the name: not offered until it has gone"
            };
            tracing::error!(host, service, others, "{what}");
        }
        offered.told = others > 0;
        let mut standings = self
            .standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        standings.insert(service.clone(), (others, held));
    }

    fn offer(
        self: &Arc<Self>,
        session: &Session,
        service: &str,
        queue: &SyncSender<Job>,
    ) -> Result<(LivelinessToken, Queryable<()>), Error> {
        let host = &self.config.host;
        let (shared, queue, name) = (Arc::clone(self), queue.clone(), service.to_owned());
        let queryable = session
            .declare_queryable(keys::offered(host, service))
            .callback(move |query| shared.on_query(&name, &queue, query))
            .wait()
            .map_err(Error::zenoh(format!("offering {service} of {host}")))?;
        Ok((
            claims::claim(session, host, service, self.claim)?,
            queryable,
        ))
    }

    /// Takes a question, on a thread of zenoh's, which nothing here holds up.
    fn on_query(&self, service: &str, queue: &SyncSender<Job>, query: Query) {
        let key = query.key_expr().as_str().to_owned();
        let asker = keys::parse_asked(&key).map_or("", |(_, _, asker)| asker);
        let (question, taken) = self.admit(service, asker, &key, &query);
        let refused = taken.and_then(|()| {
            let (asker, came) = (asker.to_owned(), Instant::now());
            let job = Job {
                query: query.clone(),
                question,
                asker,
                came,
            };
            queue.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => Outcome::BUSY,
                TrySendError::Disconnected(_) => Outcome::ABSENT,
            })
        });
        if let Err(outcome) = refused {
            // Strangers share a row: they choose their names.
            let known = self.config.askers.allow(asker, service);
            let who = if known { asker } else { "strangers" };
            if let Some(times) = self.refusals.count() {
                tracing::warn!(asker, service, %outcome, times, "a question was refused");
            }
            self.counts.count(who, service, &Done::refused(outcome));
            let reply = Reply::refusal(&question, self.claim, outcome);
            self.reply(&query, service, asker, &reply, Vec::new());
        }
    }

    /// Reads a question, and says whether it is let in.
    fn admit(
        &self,
        service: &str,
        asker: &str,
        key: &str,
        query: &Query,
    ) -> (Question, Result<(), Outcome>) {
        let header = query.attachment().map(|header| header.to_bytes());
        let question = match Question::decode(header.as_deref().unwrap_or_default()) {
            Ok(question) => question,
            Err(Malformed::Version(_)) => return (Question::UNREADABLE, Err(Outcome::VERSION)),
            Err(_) => return (Question::UNREADABLE, Err(Outcome::MALFORMED)),
        };
        let length = query.payload().map_or(0, |payload| payload.len());
        let to_everyone = key.starts_with(&format!("netipc/{EVERYONE}/")) || question.claim == 0;
        let refused = if !self.config.askers.allow(asker, service)
            || (to_everyone && !self.config.everyone)
        {
            Some(Outcome::REFUSED)
        } else if !self.rates.take(asker, Instant::now()) {
            Some(Outcome::BUSY)
        } else if question.claim != 0 && question.claim != self.claim {
            Some(Outcome::STALE)
        } else if length > self.config.limits.request_bytes as usize {
            Some(netipc::wire::Status::LIMIT_EXCEEDED.into())
        } else {
            None
        };
        (question, refused.map_or(Ok(()), Err))
    }

    /// Answers the questions of one service, one after the other, until nobody can ask any more.
    fn work(&self, service: &str, jobs: &Receiver<Job>) {
        let mut local = Local::new(&self.config.run_dir, service, self.config.auth_token);
        while let Ok(job) = jobs.recv() {
            self.answer(service, &mut local, &job);
        }
    }

    fn answer(&self, service: &str, local: &mut Local, job: &Job) {
        let Job {
            query,
            question,
            asker,
            came,
        } = job;
        let request = query
            .payload()
            .map(|payload| payload.to_bytes())
            .unwrap_or_default();
        let room = question.room.min(self.config.limits.answer_bytes);
        let wait = Wait::until(*came + Duration::from_millis(question.deadline_ms.into()));
        let asked = local.ask(question, &request, room, &wait.or_abort(&self.abort));
        let took = came.elapsed();
        let mut reply = Reply::refusal(question, self.claim, Outcome::OK);
        reply.took_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        let (mut payload, mut bytes) = (Vec::new(), request.len());
        match asked {
            Ok(answer) => {
                reply.tag = self.tagger.tag(&request, answer);
                (reply.form, payload) = packing::pack(question, answer, reply.tag);
                reply.len = u32::try_from(answer.len()).unwrap_or(u32::MAX);
                bytes += answer.len();
            }
            Err(outcome) => reply.outcome = outcome,
        }
        let done = Done {
            outcome: reply.outcome,
            unchanged: reply.form == crate::wire::Form::Unchanged,
            bytes,
            sent_bytes: request.len() + payload.len(),
            took,
        };
        // Counted before it is told: who has the answer finds it counted.
        self.counts.count(asker, service, &done);
        self.reply(query, service, asker, &reply, payload);
    }

    fn reply(&self, query: &Query, service: &str, asker: &str, reply: &Reply, payload: Vec<u8>) {
        let key = keys::asked(&self.config.host, service, asker);
        let sent = query
            .reply(key, payload)
            .attachment(&reply.encode()[..])
            .wait();
        if let Err(error) = sent {
            tracing::debug!(asker, service, %error, "a reply could not be sent");
        }
    }
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}
