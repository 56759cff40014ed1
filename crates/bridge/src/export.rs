//! Local endpoints, offered to other hosts.
//!
//! ```text
//! zenoh's thread   on_query ── allowed? within limits? ──▶ a queue for each asker ──┐   else: to `refuse`
//! our thread       work     ◀── askers take turns ──────────────────────────────────┘   one client
//! our thread       refuse   tells who was refused: a reply waits for an asker that does not read
//! our thread       keep     claims the names, as long as nobody else does
//! ```

use std::collections::BTreeMap;
use std::mem::take;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netipc::transport::Wait;
use netipc::transport::wait::Abort;
use zenoh::bytes::Encoding;
use zenoh::liveliness::LivelinessToken;
use zenoh::query::{Query, Queryable};
use zenoh::{Session, Wait as _};

use crate::admission::{Admission, Asked, Refusal};
use crate::allow::Askers;
use crate::budget::LogBudget;
use crate::claims::{self, Watch};
use crate::counts::{Counts, Done};
use crate::error::Error;
use crate::keys;
use crate::limits::Limits;
use crate::local::Local;
use crate::packing::{self, Tagger};
use crate::status::{Report, Served};
use crate::turns::{self, Turns};
use crate::wire::{Outcome, Question, Reply};

/// Refusals that wait to be told. An asker that has more makes its own link wait.
const REFUSALS: usize = 4096;

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
    tell: Sender<Event>,
    keeper: Option<JoinHandle<()>>,
    /// Closed, they end the workers.
    queues: Vec<Arc<Turns<Job>>>,
    /// One for each service, and the one that refuses.
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    config: ExportConfig,
    claim: u64,
    counts: Counts,
    admission: Admission,
    tagger: Tagger,
    abort: Abort,
    /// By outcome, of which this side has few.
    refusals: LogBudget<u16>,
    /// By service: that somebody else claims it.
    disputes: LogBudget<String>,
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

/// A question that is not let in.
struct Refused {
    query: Query,
    service: String,
    refusal: Refusal,
}

/// One service, for as long as it is offered.
struct Offered {
    service: String,
    watch: Watch,
    queue: Arc<Turns<Job>>,
    refused: SyncSender<Refused>,
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
        let claim = crate::random_id(session);
        let admission =
            Admission::new(config.askers.clone(), config.everyone, claim, config.limits);
        let shared = Arc::new(Shared {
            claim,
            config,
            counts: Counts::default(),
            admission,
            tagger: Tagger::default(),
            abort: Abort::new(),
            refusals: LogBudget::new(),
            disputes: LogBudget::new(),
            standings: Mutex::default(),
        });
        let mut export = Self {
            shared: Arc::clone(&shared),
            tell: tell.clone(),
            keeper: None,
            queues: Vec::new(),
            workers: Vec::new(),
        };
        let (refused, refusals) = mpsc::sync_channel(REFUSALS);
        let telling = Arc::clone(&shared);
        let refuse = move || telling.refuse(&refusals);
        export
            .workers
            .push(crate::spawn("netipc-refusals", refuse)?);
        let mut offered = Vec::new();
        for service in &shared.config.services {
            let queue = Arc::new(Turns::new(shared.config.limits.waiting as usize));
            export.queues.push(Arc::clone(&queue));
            export.workers.push(spawn_worker(&shared, service, &queue)?);
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
                refused: refused.clone(),
                held: None,
                told: false,
            });
        }
        // What is left are those of the keeper.
        drop(refused);
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
            (&shared.counts, str::to_owned),
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
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
        // Nobody can ask any more.
        self.queues.iter().for_each(|queue| queue.close());
        self.workers
            .drain(..)
            .for_each(|thread| drop(thread.join()));
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
    jobs: &Arc<Turns<Job>>,
) -> Result<JoinHandle<()>, Error> {
    let (shared, name, jobs) = (Arc::clone(shared), service.to_owned(), Arc::clone(jobs));
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
            match self.offer(session, offered) {
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
        if others > 0
            && !offered.told
            && let Some(told) = self.disputes.take(service.clone())
        {
            let what = if held {
                "another exporter claims the name, too: importers believe neither until one has gone"
            } else {
                "another exporter claims the name: not offered until it has gone"
            };
            let left_out = told.left_out;
            tracing::error!(host, service, others, left_out, "{what}");
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
        offered: &Offered,
    ) -> Result<(LivelinessToken, Queryable<()>), Error> {
        let (host, service) = (&self.config.host, &offered.service);
        let (shared, name) = (Arc::clone(self), service.clone());
        let (queue, refused) = (Arc::clone(&offered.queue), offered.refused.clone());
        let queryable = session
            .declare_queryable(keys::offered(host, service))
            .callback(move |query| shared.on_query(&name, &queue, &refused, query))
            .wait()
            .map_err(Error::zenoh(format!("offering {service} of {host}")))?;
        Ok((
            claims::claim(session, host, service, self.claim)?,
            queryable,
        ))
    }

    /// Takes a question, on a thread of zenoh's, which nothing here holds up: it has all links to look after.
    fn on_query(
        &self,
        service: &str,
        queue: &Turns<Job>,
        refused: &SyncSender<Refused>,
        mut query: Query,
    ) {
        let came = Instant::now();
        let key = query.key_expr().as_str().to_owned();
        let asker = keys::parse_asked(&key).map_or("", |(_, _, asker)| asker);
        let header = query.attachment().map(|header| header.to_bytes());
        let encoding = query.encoding();
        let asked = Asked {
            service,
            asker,
            key: &key,
            header: header.as_deref().unwrap_or_default(),
            len: query.payload().map_or(0, |payload| payload.len()),
            has_more: !query.parameters().is_empty()
                || encoding.is_some_and(|encoding| *encoding != Encoding::default()),
        };
        let taken = self.admission.admit(&asked, came).and_then(|question| {
            let job = Job {
                query: query.clone(),
                question,
                asker: asker.to_owned(),
                came,
            };
            queue.push(asker, job).map_err(|full| Refusal {
                question,
                outcome: match full {
                    turns::Refused::Full => Outcome::BUSY,
                    turns::Refused::Closed => Outcome::ABSENT,
                },
                is_told: true,
            })
        });
        let Err(refusal) = taken else { return };
        let known = self.admission.knows(asker, service);
        let (who, outcome) = (if known { asker } else { "strangers" }, refusal.outcome);
        if let Some(told) = self.refusals.take(outcome.0) {
            let left_out = told.left_out;
            tracing::warn!(asker, service, %outcome, left_out, "a question was refused");
        }
        self.counts.count(who, service, &Done::refused(outcome));
        if asked.has_more {
            // It may be large, and nobody of ours asks so.
            return;
        }
        // What waits to be told holds no more than it takes to tell.
        drop(header);
        let parts = [
            query.payload_mut().map(take),
            query.attachment_mut().map(take),
        ];
        drop(parts);
        let service = service.to_owned();
        let _ = refused.try_send(Refused {
            query,
            service,
            refusal,
        });
    }

    /// Tells those who were refused, until nobody can ask any more.
    fn refuse(&self, refusals: &Receiver<Refused>) {
        while let Ok(refused) = refusals.recv() {
            let Refused {
                query,
                service,
                refusal,
            } = refused;
            // Who is not told is told that no answer comes, as the query goes.
            if refusal.is_told {
                let asker = keys::parse_asked(query.key_expr().as_str());
                let asker = asker.map_or("", |(_, _, asker)| asker);
                let reply = Reply::refusal(&refusal.question, self.claim, refusal.outcome);
                self.reply(&query, &service, asker, &reply, Vec::new());
            }
        }
    }

    /// Answers the questions of one service, one after the other and of each asker in turn, until nobody can ask any more.
    fn work(&self, service: &str, jobs: &Turns<Job>) {
        let mut local = Local::new(&self.config.run_dir, service, self.config.auth_token);
        while let Some(job) = jobs.pop() {
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
        let limits = &self.config.limits;
        // The asker's word alone would hold up the others for as long as it likes.
        let deadline_ms = question.deadline_ms.min(limits.answer_ms);
        let wait = Wait::until(*came + Duration::from_millis(deadline_ms.into()));
        let room = question.room.min(limits.answer_bytes);
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
        if reply.outcome == Outcome::OK {
            reply.life = local.life();
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
