//! How a client gets a session, keeps it and makes a new one.

use std::sync::Arc;
use std::time::Duration;

use netipc_proto::session::handshake::HandshakeError;
use netipc_proto::wire::Profiles;
use netipc_transport::clock;
use netipc_transport::link::{AttachError, LinkError};
use netipc_transport::wait::Wait;

use super::AnyClient;
use crate::connection::Connection;
use crate::defaults::DEFAULT_HANDSHAKE_TIMEOUT_MS;
use crate::error::{CallError, ErrorCode, Failure, OpenError, chain};
use crate::status::ClientState;

impl AnyClient {
    /// Connects where there is no session, and looks whether there still is one. Returns whether
    /// something changed. Call it at your own pace; an attempt takes at most the handshake timeout,
    /// and where the server wants less than was offered, there is a second one.
    pub fn refresh(&mut self, wait: &Wait<'_>) -> bool {
        let before = (self.state, self.counters.reconnects);
        match self.state {
            ClientState::Ready => {
                let lost = self.connection.as_mut().and_then(|c| c.check().err());
                if let Some(error) = lost {
                    self.record_error(&Failure::Lost(error));
                    self.forget_provider();
                    self.reopen(wait);
                }
            }
            ClientState::Broken => {
                self.reopen(wait);
            }
            ClientState::AuthFailed | ClientState::Incompatible
                if !self.rejection_backoff.allows(clock::now()) => {}
            _ => {
                if self.open(wait) {
                    self.counters.connects += 1;
                }
            }
        }
        before != (self.state, self.counters.reconnects)
    }

    /// As [`refresh`](Self::refresh), as the first part of a logical call, which fails where
    /// connecting times out or is aborted. Any other reason for having no session is the error of the
    /// call that follows.
    pub(crate) fn connect(&mut self, wait: &Wait<'_>) -> Result<(), CallError> {
        self.refresh(wait);
        let failure = match self.open_error().map(OpenError::code) {
            Some(ErrorCode::TIMEOUT) if wait.check().is_ok() => match self.open_error.clone() {
                Some(error) => Failure::Reconnect(error),
                None => Failure::Timeout,
            },
            Some(ErrorCode::TIMEOUT) => Failure::Timeout,
            Some(ErrorCode::ABORTED) => Failure::Aborted,
            _ => return Ok(()),
        };
        self.count_error(&failure);
        // The error is recorded already, in more detail.
        Err(CallError::new(&self.endpoint_name(), failure))
    }

    /// A new session in place of the one there is.
    pub(crate) fn reconnect(&mut self, wait: &Wait<'_>) -> Result<(), Failure> {
        if self.reopen(wait) {
            return Ok(());
        }
        let failure = match wait.check() {
            Err(LinkError::Aborted) => Failure::Aborted,
            Err(_) => Failure::Timeout,
            Ok(()) => {
                let error = self.open_error.clone();
                return Err(error.map_or_else(|| self.not_ready(), Failure::Reconnect));
            }
        };
        self.state = ClientState::Broken;
        Err(failure)
    }

    /// The failure of a call that has no session, with the reason where one is known.
    #[cold]
    pub(super) fn not_ready(&self) -> Failure {
        Failure::NotReady {
            state: self.state,
            open_error: self.open_error.clone(),
        }
    }

    /// Drops the session; the next refresh makes a new one.
    pub(super) fn leave_broken(&mut self) {
        self.drop_session(ClientState::Broken);
    }

    /// Drops the session, and is in `state` without it.
    pub(super) fn drop_session(&mut self, state: ClientState) {
        if let Some(mut connection) = self.connection.take() {
            connection.fail();
        }
        self.state = state;
    }

    /// Keeps the text of a failure for [`status`](Self::status).
    pub(super) fn record_error(&mut self, failure: &dyn std::error::Error) {
        let (name, text) = (self.endpoint_name(), chain(failure));
        self.last_error = Some(if text.contains(&name) {
            text
        } else {
            format!("{name}: {text}")
        });
    }

    /// A new session in place of the one there is. Whether there is one.
    fn reopen(&mut self, wait: &Wait<'_>) -> bool {
        self.leave_broken();
        let opened = self.open(wait);
        self.counters.reconnects += u64::from(opened);
        opened
    }

    /// One attempt to get a session, and what its outcome makes of the client. Whether there is one.
    fn open(&mut self, wait: &Wait<'_>) -> bool {
        self.state = ClientState::Connecting;
        let opened = self.try_open(wait).map_err(|error| {
            // The caller's own time is not up.
            if error.code() == ErrorCode::TIMEOUT && wait.check().is_ok() {
                let (limit_ms, source) = (DEFAULT_HANDSHAKE_TIMEOUT_MS, Box::new(error));
                OpenError::HandshakeTimeout { limit_ms, source }
            } else {
                error
            }
        });
        match &opened {
            Ok(()) => {
                self.rejection_backoff.succeeded();
                self.state = ClientState::Ready;
            }
            Err(error) => {
                self.state = error.state();
                match self.state {
                    ClientState::AuthFailed | ClientState::Incompatible => {
                        self.rejection_backoff.failed(clock::now());
                    }
                    ClientState::NotFound => self.forget_provider(),
                    _ => {}
                }
                self.record_error(error);
            }
        }
        tracing::debug!(endpoint = %self.endpoint_name(), state = %self.state, "tried to connect");
        self.open_error = opened.err().map(Arc::new);
        self.open_error.is_none()
    }

    /// Connects. Where the server refuses the proposal, or its shared memory is of no use, connects
    /// once more without, for either reason once.
    fn try_open(&mut self, wait: &Wait<'_>) -> Result<(), OpenError> {
        let supported = self.options.supported;
        let mut offered = self.offer_now(supported);
        let mut lowered = false;
        loop {
            let Err(error) = self.try_connect(offered, wait) else {
                return Ok(());
            };
            match error {
                OpenError::Handshake(HandshakeError::LimitExceeded) if !lowered => {
                    lowered = true;
                    self.propose_less();
                }
                OpenError::Attach(AttachError::Unusable { profile, .. }) => {
                    let next = self.exclude_shm(offered, Profiles(profile), &error);
                    if next == offered || next.is_empty() {
                        return Err(error);
                    }
                    offered = next;
                }
                // The caller's time was up before attaching failed by itself. Offered again, shared
                // memory would use up every short timeout, and the socket would never be tried.
                OpenError::Attach(AttachError::Interrupted {
                    profile,
                    source: LinkError::Timeout,
                }) => {
                    self.exclude_shm(offered, Profiles(profile), &error);
                    return Err(error);
                }
                error => return Err(error),
            }
        }
    }

    /// The profiles to offer at first: without the shared memory that was of no use a while ago.
    fn offer_now(&mut self, supported: Profiles) -> Profiles {
        let now = clock::now();
        let mut offered = supported;
        for (kind, backoff) in [
            (Profiles::SHM_RING, &self.ring_backoff),
            (Profiles::ALL_REGIONS, &self.shm_backoff),
        ] {
            let others = offered.without(kind);
            if !backoff.allows(now) && !others.is_empty() {
                offered = others;
            }
        }
        offered
    }

    /// Leaves shared memory of the kind of `failed` out for a while because of `error`: the ring, or all
    /// regions. Gives what to offer now.
    fn exclude_shm(&mut self, offered: Profiles, failed: Profiles, error: &OpenError) -> Profiles {
        self.record_error(error);
        let (kind, backoff) = if failed == Profiles::SHM_RING {
            (Profiles::SHM_RING, &mut self.ring_backoff)
        } else {
            (Profiles::ALL_REGIONS, &mut self.shm_backoff)
        };
        backoff.failed(clock::now());
        let left_out = offered.and(kind);
        tracing::warn!(endpoint = %self.endpoint_name(), %left_out, error = %chain(error), "leaving shared memory out for a while");
        offered.without(kind)
    }

    /// Connects, offering these profiles.
    fn try_connect(&mut self, offered: Profiles, wait: &Wait<'_>) -> Result<(), OpenError> {
        let endpoint = self.endpoint.as_ref().map_err(Clone::clone)?;
        let handshake = Duration::from_millis(DEFAULT_HANDSHAKE_TIMEOUT_MS.into());
        let wait = wait.at_most(handshake);
        let proposal = self.options.proposal(self.capacity, offered);
        let connection = Connection::connect(&*self.transport, endpoint, proposal, &wait)?;
        let profile = connection.agreed().profile;
        if profile == Profiles::SHM_RING {
            self.ring_backoff.succeeded();
        } else if !profile.and(Profiles::ALL_SHM).is_empty() {
            self.shm_backoff.succeeded();
        }
        self.connection = Some(connection);
        Ok(())
    }
}
