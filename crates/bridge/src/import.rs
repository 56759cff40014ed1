//! Services of other hosts, as local endpoints.
//!
//! An endpoint is there as long as exactly one exporter claims its host's name: a client of a host that is not there
//! finds what it finds where no provider runs. When the exporter goes, or another one comes in its place, the endpoint
//! goes, and with it every session: no session, and so no lookup, ever sees two hosts, or two lives of one.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use netipc::ServerConfig;
use netipc::connection::Message;
use netipc::untyped::{Answered, AnyServer};
use netipc::wire::{MethodCode, Profiles, Status};
use zenoh::Session;
use zenoh::sample::Sample;

use crate::asking::Asking;
use crate::budget::LogBudget;
use crate::claims::{Standing, Watch};
use crate::counts::{Counts, Done};
use crate::departures::Watched;
use crate::error::Error;
use crate::keys;
use crate::replies::{Kept, read, take};
use crate::status::{Report, Served};
use crate::wire::{Form, Outcome, Question, Reply};

/// When an endpoint is tried again that somebody else has.
pub(crate) const BIND_AGAIN: Duration = Duration::from_secs(2);

/// How imported endpoints are served, whatever they are.
#[derive(Clone, Debug)]
pub struct ImportConfig {
    /// Who asks: the common name of this side's certificate.
    pub asker: String,
    /// Where the endpoints are made.
    pub run_dir: PathBuf,
    /// Their shared secret for local clients; the exporter's is another, and stays there.
    pub auth_token: u64,
    /// How long a question may take, all in all.
    pub timeout: Duration,
    /// How many sessions there may be at once.
    pub workers: usize,
    /// The most bytes of a request, as many as providers there take: clients split lookups that are longer. 0 is 1 MiB.
    pub request_bytes: u32,
}

impl ImportConfig {
    /// How the endpoints are served.
    pub(crate) fn server(&self) -> ServerConfig {
        ServerConfig {
            supported_profiles: Profiles::BASELINE.0 | Profiles::ALL_SHM.0,
            max_request_payload_bytes: self.request_bytes,
            auth_token: self.auth_token,
            ..ServerConfig::default()
        }
    }
}

/// One service of one host, as an endpoint, until it is dropped.
pub struct Import {
    remote: Arc<Remote>,
    tell: Sender<Event>,
    keeper: Option<JoinHandle<()>>,
    _watch: Watch,
}

/// A service of another host.
struct Remote {
    session: Session,
    config: ImportConfig,
    host: String,
    service: String,
    /// The name of the endpoint.
    endpoint: String,
    key: String,
    asking: Asking,
    counts: Counts,
    /// By what is told, of which there is little.
    log: LogBudget<Line>,
    standing: Mutex<Standing>,
    /// The claim that may be asked; 0 while none may.
    believed: AtomicU64,
    /// The claim whose endpoint is there; 0 while there is none.
    served: AtomicU64,
}

/// What is told of one import that the other side, or a local program, can cause at will.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Line {
    /// Where the host stands, in a word.
    Stands(&'static str),
    /// The endpoint is served no more, or cannot be.
    NotServed,
    /// A question had this outcome.
    Failed(u16),
}

enum Event {
    Changed,
    Stop,
}

/// The endpoint while it is there.
struct Serving {
    claim: u64,
    server: Arc<AnyServer>,
    thread: JoinHandle<()>,
    /// It is served no more: somebody else has taken the endpoint.
    is_over: Arc<AtomicBool>,
}

/// What a session knows of the answers that it had.
struct Past {
    kept: Option<Kept>,
    /// The provider that they are of, as the exporter numbers them: generations of another are others, whatever their
    /// numbers.
    life: Option<u32>,
}

thread_local! {
    /// That of the session whose thread this is: a server gives each one of its own, and a session has one claim.
    static PAST: RefCell<Past> = const {
        RefCell::new(Past {
            kept: None,
            life: None,
        })
    };
}

impl Import {
    /// Makes `service` of `host` the endpoint `endpoint`, whenever the host is there.
    ///
    /// # Errors
    /// [`Error::Zenoh`], [`Error::Thread`].
    pub fn begin(
        session: &Session,
        host: &str,
        service: &str,
        endpoint: &str,
        config: ImportConfig,
    ) -> Result<Self, Error> {
        let (tell, told) = mpsc::channel();
        let remote = Arc::new(Remote {
            session: session.clone(),
            key: keys::asked(host, service, &config.asker),
            host: host.to_owned(),
            service: service.to_owned(),
            endpoint: endpoint.to_owned(),
            config,
            asking: Asking::default(),
            counts: Counts::default(),
            log: LogBudget::new(),
            standing: Mutex::new(Standing::Absent),
            believed: AtomicU64::new(0),
            served: AtomicU64::new(0),
        });
        let (watched, changed) = (Arc::clone(&remote), tell.clone());
        let watch = Watch::begin(session, host, service, move |_host, standing| {
            watched.stands(standing);
            let _ = changed.send(Event::Changed);
        })?;
        let (kept, ended) = (Arc::clone(&remote), tell.clone());
        let keeper = crate::spawn("netipc-import", move || kept.keep(&told, &ended))?;
        Ok(Self {
            remote,
            tell,
            keeper: Some(keeper),
            _watch: watch,
        })
    }

    /// What it has done, for `status`.
    #[must_use]
    pub fn report(&self) -> Report {
        let remote = &self.remote;
        let served = Served {
            host: remote.host.clone(),
            service: remote.service.clone(),
            endpoint: remote.endpoint.clone(),
            standing: remote.word().to_owned(),
        };
        let asker = &remote.config.asker;
        let endpoint = |_: &str| remote.endpoint.clone();
        Report::new("import", asker, 0, vec![served], (&remote.counts, endpoint))
    }
}

impl Drop for Import {
    fn drop(&mut self) {
        let _ = self.tell.send(Event::Stop);
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

impl Remote {
    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it stands, for people: `up` is what can be asked.
    fn word(&self) -> &'static str {
        let served = self.served.load(Ordering::SeqCst);
        match self.standing() {
            Standing::Up(claim) if claim != served => "not served yet",
            // The endpoint goes a moment after its host.
            Standing::Absent | Standing::Disputed(_) if served != 0 => "going",
            standing => standing.word(),
        }
    }

    /// Takes in where the host stands. Questions to who is not believed any more end at once.
    fn stands(&self, standing: Standing) {
        let mut now = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if *now == standing {
            return;
        }
        *now = standing;
        let claim = match standing {
            Standing::Up(claim) => claim,
            _ => 0,
        };
        self.believed.store(claim, Ordering::SeqCst);
        self.asking.give_up();
        let Some(told) = self.log.take(Line::Stands(standing.word())) else {
            return;
        };
        let (host, service, left_out) = (&self.host, &self.service, told.left_out);
        match standing {
            Standing::Up(_) => tracing::info!(host, service, left_out, "the host is there"),
            Standing::Absent => tracing::warn!(host, service, left_out, "the host is gone"),
            Standing::Disputed(claims) => {
                tracing::error!(
                    host,
                    service,
                    claims,
                    left_out,
                    "several exporters claim the name: none is believed"
                );
            }
        }
    }

    /// Has the endpoint there while the host is, until it is told to stop.
    fn keep(self: &Arc<Self>, told: &Receiver<Event>, tell: &Sender<Event>) {
        let mut serving: Option<Serving> = None;
        loop {
            let wanted = match self.standing() {
                Standing::Up(claim) => Some(claim),
                _ => None,
            };
            let over = |serving: &mut Serving| {
                Some(serving.claim) != wanted || serving.is_over.load(Ordering::SeqCst)
            };
            if let Some(old) = serving.take_if(over) {
                self.end(old);
            }
            if serving.is_none()
                && let Some(claim) = wanted
            {
                serving = self.serve(claim, tell);
            }
            let missing = wanted.is_some() && serving.is_none();
            let event = if missing {
                told.recv_timeout(BIND_AGAIN)
            } else {
                told.recv().map_err(RecvTimeoutError::from)
            };
            if let Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) = event {
                self.believed.store(0, Ordering::SeqCst);
                if let Some(last) = serving.take() {
                    self.end(last);
                }
                return;
            }
        }
    }

    fn serve(self: &Arc<Self>, claim: u64, tell: &Sender<Event>) -> Option<Serving> {
        let server = self.bind(claim)?;
        let endpoint = &self.endpoint;
        let (running, name) = (Arc::clone(&server), endpoint.clone());
        let (over, tell) = (Arc::new(AtomicBool::new(false)), tell.clone());
        let is_over = Arc::clone(&over);
        let run = move || {
            if let Err(error) = running.run() {
                tracing::error!(
                    endpoint = name,
                    error = netipc::chain(&error),
                    "not served any more"
                );
            }
            over.store(true, Ordering::SeqCst);
            // The keeper has ended where nobody listens.
            let _ = tell.send(Event::Changed);
        };
        match crate::spawn("netipc-endpoint", run) {
            Ok(thread) => {
                self.served.store(claim, Ordering::SeqCst);
                Some(Serving {
                    claim,
                    server,
                    thread,
                    is_over,
                })
            }
            Err(error) => {
                tracing::error!(endpoint, error = netipc::chain(&error), "cannot be served");
                None
            }
        }
    }

    /// The endpoint, where it is to be had.
    fn bind(self: &Arc<Self>, claim: u64) -> Option<Arc<AnyServer>> {
        let config = self.config.server();
        let remote = Arc::clone(self);
        let handler =
            move |request: Message<'_>, out: &mut [u8]| remote.answer(claim, request, out);
        let (run_dir, endpoint) = (&self.config.run_dir, &self.endpoint);
        let workers = self.config.workers;
        let server = AnyServer::new(run_dir, endpoint, &config, workers, Box::new(handler));
        let server = Arc::new(server.over(Arc::new(Watched::default())));
        if let Err(error) = server.bind() {
            let error = netipc::chain(&error);
            if let Some(told) = self.log.take(Line::NotServed) {
                let left_out = told.left_out;
                tracing::error!(
                    endpoint,
                    error,
                    left_out,
                    "cannot be served here, trying again"
                );
            }
            return None;
        }
        Some(server)
    }

    /// Takes the endpoint away, and every session with it.
    fn end(&self, serving: Serving) {
        serving.server.stop();
        self.asking.give_up();
        drop(serving.thread.join());
        self.served.store(0, Ordering::SeqCst);
    }

    /// Asks `claim` what a local client asks us.
    fn answer(&self, claim: u64, request: Message<'_>, out: &mut [u8]) -> Answered {
        let began = Instant::now();
        let header = request.header();
        let batch = header.flags.is_batch().then_some(header.item_count);
        let payload = request.payload();
        let method = MethodCode(header.code);
        PAST.with_borrow_mut(|Past { kept, life }| {
            let same = |kept: &&Kept| kept.is_of(method, batch, payload);
            let held = kept.as_ref().filter(same);
            let question = Question {
                method,
                batch,
                deadline_ms: u32::try_from(self.config.timeout.as_millis()).unwrap_or(u32::MAX),
                room: u32::try_from(out.len()).unwrap_or(u32::MAX),
                life: life.unwrap_or_default(),
                claim,
                held: held.map_or(0, |kept| kept.tag),
                takes_lz4: true,
            };
            let answer = held.map_or(&[][..], |kept| &kept.answer);
            let asked = self.ask(&question, payload, answer, out, began + self.config.timeout);
            let (outcome, reply) = match asked {
                // Here it restarted while it was asked. The session ends, and whoever asks in several parts begins again.
                Ok((reply, _)) if *life.get_or_insert(reply.life) != reply.life => {
                    (Outcome::CHANGED, None)
                }
                Ok((reply, sent)) => (Outcome::OK, Some((reply, sent))),
                Err(outcome) => (outcome, None),
            };
            let len = reply.map_or(0, |(reply, _)| reply.len as usize);
            let done = Done {
                outcome,
                unchanged: reply.is_some_and(|(reply, _)| reply.form == Form::Unchanged),
                bytes: payload.len() + len,
                sent_bytes: payload.len() + reply.map_or(0, |(_, sent)| sent),
                took: began.elapsed(),
            };
            self.counts.count(&self.host, &self.service, &done);
            let Some((reply, _)) = reply else {
                self.log_failure(outcome);
                return Answered::failed(outcome.status());
            };
            if reply.form != Form::Unchanged {
                *kept = Kept::of(
                    &question,
                    payload,
                    &reply,
                    out.get(..len).unwrap_or_default(),
                );
            }
            Answered::ok(len)
        })
    }

    /// Asks, and has the answer in `out`. Gives the reply's header, and how many bytes came.
    fn ask(
        &self,
        question: &Question,
        request: &[u8],
        held: &[u8],
        out: &mut [u8],
        deadline: Instant,
    ) -> Result<(Reply, usize), Outcome> {
        let header = question.encode();
        let is_believed = || self.believed.load(Ordering::SeqCst) == question.claim;
        let each = |sample: &Sample| match read(question, sample) {
            // Somebody else's, who was told at the same name: it is not the one that we asked.
            Some(reply) if reply.claim != question.claim => ControlFlow::Continue(()),
            Some(reply) => ControlFlow::Break(take(&reply, sample, held, out)),
            None => ControlFlow::Break(Err(Outcome::MALFORMED)),
        };
        let asked = (&header[..], request);
        self.asking
            .ask(&self.session, &self.key, asked, deadline, is_believed, each)?
    }

    fn log_failure(&self, outcome: Outcome) {
        let (host, service) = (&self.host, &self.service);
        match Status(outcome.0) {
            // A client that has too little room asks again with more; a wrong method is its own affair.
            Status::LIMIT_EXCEEDED | Status::UNSUPPORTED => {}
            _ if outcome == Outcome::LEFT => {}
            _ => {
                let outcome = if outcome.is_known() {
                    outcome
                } else {
                    // The other side says any number.
                    Outcome::from(Status::INTERNAL_ERROR)
                };
                if let Some(told) = self.log.take(Line::Failed(outcome.0)) {
                    let left_out = told.left_out;
                    tracing::warn!(host, service, %outcome, left_out, "a question was not answered");
                }
            }
        }
    }
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("host", &self.remote.host)
            .field("service", &self.remote.service)
            .finish_non_exhaustive()
    }
}
