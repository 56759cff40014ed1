//! One client of one local endpoint, which passes bytes.

use std::mem::take;
use std::path::{Path, PathBuf};

use netipc::connection::Message;
use netipc::transport::Wait;
use netipc::transport::link::Peer;
use netipc::untyped::AnyClient;
use netipc::wire::{Bytes, Header, Profiles, Status, write_batch};
use netipc::{CallError, ClientConfig, Failure};

use crate::wire::{Outcome, Question};

/// What a client starts with.
const FIRST_ROOM: u32 = 65_536;

/// What tells whether a client may be with another provider than before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Seen {
    sessions: u64,
    /// Requests that were sent again, because a session failed them.
    retries: u64,
    peer: Option<Peer>,
}

impl Seen {
    fn of(client: &AnyClient) -> Self {
        let counters = client.counters();
        Self {
            sessions: counters.connects + counters.reconnects,
            retries: counters.retries,
            peer: client.session().map(|session| session.peer),
        }
    }
}

/// A client that asks what others ask, with the local token.
pub(crate) struct Local {
    run_dir: PathBuf,
    service: String,
    auth_token: u64,
    /// Bytes that an answer may have: as many as that of the last question.
    room: u32,
    client: AnyClient,
    /// The number of the provider, as far as its sessions tell: one that may be another has another.
    life: u32,
    /// As it was when that was last looked at.
    seen: Seen,
    /// Whether the last question ended its session, because it was malformed, its answer too large, or its time up: that must
    /// not look to other askers like a provider that has restarted.
    ended_by_question: bool,
    /// A batch that was put together again.
    batch: Vec<u8>,
}

impl Local {
    pub(crate) fn new(run_dir: &Path, service: &str, auth_token: u64) -> Self {
        Self {
            client: client(run_dir, service, auth_token, FIRST_ROOM),
            run_dir: run_dir.to_owned(),
            service: service.to_owned(),
            auth_token,
            room: FIRST_ROOM,
            life: 0,
            seen: Seen::default(),
            ended_by_question: false,
            batch: Vec::new(),
        }
    }

    /// Asks, and gives the bytes of the answer, of which there are at most `room`.
    pub(crate) fn ask(
        &mut self,
        question: &Question,
        request: &[u8],
        room: u32,
        wait: &Wait<'_>,
    ) -> Result<&[u8], Outcome> {
        if wait.check().is_err() {
            return Err(Outcome::LATE);
        }
        self.look();
        // A session that has ended is noticed here, before another one takes its place to have other room.
        self.client.refresh(wait);
        let now = self.seen_now();
        let (is_ended, by_question) = (
            now.sessions != self.seen.sessions,
            take(&mut self.ended_by_question),
        );
        let is_other = is_ended && (!by_question || now.peer != self.seen.peer);
        self.life = self.life.wrapping_add(u32::from(is_other));
        self.seen = now;
        // Providers fill what they agreed on, and leave out what does not fit: the session here has the room that the
        // asker's has, no less and no more.
        if room != self.room {
            self.room = room;
            self.client = client(&self.run_dir, &self.service, self.auth_token, room);
            self.client.refresh(wait);
            let other = self.seen_now();
            self.life = self.life.wrapping_add(u32::from(other.peer != now.peer));
            self.seen = other;
        }
        if question.life != 0 && question.life != self.life {
            return Err(Outcome::CHANGED);
        }
        let ended = &mut self.ended_by_question;
        let answer = match question.batch {
            None => self
                .client
                .call_bytes(question.method, request, wait, |_any| Ok(()))
                .map_err(|error| outcome(&error, ended))?,
            Some(items) => self.ask_batch(question, request, items, wait)?,
        };
        if answer.len() > room as usize {
            return Err(Status::LIMIT_EXCEEDED.into());
        }
        Ok(answer)
    }

    /// The number of the provider that gave the last answer.
    pub(crate) fn life(&mut self) -> u32 {
        self.look();
        self.life
    }

    /// Takes in what the last question has made of the client. A session that failed nothing was replaced to have more
    /// room, and the one that it had when it was asked was alive.
    fn look(&mut self) {
        let now = self.seen_now();
        let is_other = now.sessions != self.seen.sessions
            && (now.retries != self.seen.retries || now.peer != self.seen.peer);
        self.life = self.life.wrapping_add(u32::from(is_other));
        self.seen = now;
    }

    /// What there is to see of the client, with the provider that it had last while it has none.
    fn seen_now(&self) -> Seen {
        let now = Seen::of(&self.client);
        Seen {
            peer: now.peer.or(self.seen.peer),
            ..now
        }
    }

    fn ask_batch(
        &mut self,
        question: &Question,
        request: &[u8],
        items: u32,
        wait: &Wait<'_>,
    ) -> Result<&[u8], Outcome> {
        let spoilt = |_| Outcome::from(Status::BAD_ENVELOPE);
        let header = Header {
            payload_len: u32::try_from(request.len()).unwrap_or(u32::MAX),
            ..Header::batch(question.method, 1, items)
        };
        let message = Message::new(header, request).map_err(spoilt)?;
        let parts: Vec<&[u8]> = message
            .items()
            .into_iter()
            .flat_map(|items| items.iter())
            .collect();
        let answers = self
            .client
            .call_batch::<Bytes>(question.method, &parts, wait)
            .map_err(|error| outcome(&error, &mut self.ended_by_question))?;
        let answers: Vec<&[u8]> = answers.iter().collect();
        // An entry of 8 bytes and the padding of each.
        let most = answers
            .iter()
            .map(|answer| answer.len() + 16)
            .sum::<usize>();
        self.batch.resize(most, 0);
        let copy = |answer: &[u8], out: &mut [u8]| {
            let room = out.get_mut(..answer.len()).ok_or(Outcome::MALFORMED)?;
            room.copy_from_slice(answer);
            Ok(answer.len())
        };
        let len = write_batch(&mut self.batch, answers.iter().copied(), copy, spoilt)?;
        Ok(self.batch.get(..len).unwrap_or_default())
    }
}

fn client(run_dir: &Path, service: &str, auth_token: u64, room: u32) -> AnyClient {
    let config = ClientConfig {
        supported_profiles: Profiles::BASELINE.0 | Profiles::ALL_SHM.0,
        max_response_payload_bytes: room,
        auth_token,
        ..ClientConfig::default()
    };
    AnyClient::new(run_dir, service, &config)
}

/// What is said of a call that failed, and whether its session has ended with it, by no fault of the provider.
fn outcome(error: &CallError, ended_by_question: &mut bool) -> Outcome {
    let failure = error.failure();
    *ended_by_question = matches!(
        failure,
        Failure::RejectedRequest
            | Failure::LimitExceeded { .. }
            | Failure::Timeout
            | Failure::Aborted
    );
    match failure {
        Failure::Unsupported => Status::UNSUPPORTED.into(),
        Failure::RejectedRequest | Failure::InvalidRequest(_) => Status::BAD_ENVELOPE.into(),
        Failure::LimitExceeded { .. } => Status::LIMIT_EXCEEDED.into(),
        Failure::Overflow { .. } => Outcome::TOO_LONG,
        Failure::Timeout | Failure::Aborted => Outcome::LATE,
        Failure::NotReady { .. } | Failure::Reconnect(_) | Failure::Lost(_) => {
            tracing::debug!(
                error = netipc::chain(error),
                "the local provider cannot be asked"
            );
            Outcome::ABSENT
        }
        _ => Status::INTERNAL_ERROR.into(),
    }
}
