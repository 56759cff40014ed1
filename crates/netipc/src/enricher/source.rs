//! What an enricher asks: a client, or what a test has in its place.

use std::time::Duration;

use netipc_transport::link::LinkError;
use netipc_transport::wait::Wait;

use super::kinds::{Answers, Kind};
use crate::error::ErrorCode;
use crate::status::ClientStatus;
use crate::untyped::AnyClient;

/// Which session there is, and with whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Session {
    /// Another number for each session.
    pub(super) number: u64,
    /// The provider's process, as far as it is known.
    pub(super) pid: Option<u32>,
}

/// Why a call gave no answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AskError {
    Aborted,
    Timeout,
    /// The provider is gone.
    Lost,
    /// The provider's data changed meanwhile.
    Changed,
    /// The provider, or a limit, stands against this call.
    Refused,
}

pub(crate) trait Source: Send {
    /// Connects where there is no session, and looks whether there still is one.
    fn connect(&mut self, wait: &Wait<'_>);

    /// The session, while there is one.
    fn session(&self) -> Option<Session>;

    /// What stands at the endpoint, as far as that can be told.
    fn mark(&self) -> Option<u64>;

    fn ask<K: Kind>(
        &mut self,
        kind: &K,
        keys: &[&[u8]],
        wait: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), AskError>;

    /// The last failure with its causes.
    fn last_error(&self) -> Option<String>;

    /// Sleeps until the session ends, or `wait` does.
    fn sleep(&self, wait: &Wait<'_>);

    fn close(&mut self);
}

/// A client, and how long a call may take.
pub(crate) struct ClientSource {
    client: AnyClient,
    timeout: Duration,
    error: Option<String>,
}

impl ClientSource {
    pub(super) const fn new(client: AnyClient, timeout: Duration) -> Self {
        Self {
            client,
            timeout,
            error: None,
        }
    }

    pub(super) fn status(&self) -> ClientStatus {
        self.client.status()
    }
}

impl Source for ClientSource {
    fn connect(&mut self, wait: &Wait<'_>) {
        self.client.refresh(wait);
        if !self.client.ready() {
            self.error = self.client.status().last_error;
        }
    }

    fn session(&self) -> Option<Session> {
        let session = self.client.session()?;
        let counters = self.client.counters();
        Some(Session {
            number: counters.connects + counters.reconnects,
            pid: session.peer.pid.filter(|pid| *pid > 0),
        })
    }

    fn mark(&self) -> Option<u64> {
        self.client.mark()
    }

    fn ask<K: Kind>(
        &mut self,
        kind: &K,
        keys: &[&[u8]],
        wait: &Wait<'_>,
        answers: &mut Answers,
    ) -> Result<(), AskError> {
        let wait = wait.at_most(self.timeout);
        kind.ask(&mut self.client, keys, &wait, answers)
            .map_err(|error| {
                self.error = Some(error.to_string());
                match error.code() {
                    ErrorCode::ABORTED => AskError::Aborted,
                    ErrorCode::TIMEOUT => AskError::Timeout,
                    ErrorCode::DISCONNECTED | ErrorCode::NOT_READY => AskError::Lost,
                    ErrorCode::GENERATION_MISMATCH => AskError::Changed,
                    _ => AskError::Refused,
                }
            })
    }

    fn last_error(&self) -> Option<String> {
        self.error.clone()
    }

    fn sleep(&self, wait: &Wait<'_>) {
        let slept = match self.client.wait_object() {
            Some(object) => wait.ready(object),
            None => wait.sleep(Duration::MAX),
        };
        if let Err(LinkError::Io(error)) = slept {
            // The system has nothing to wait with: look again soon.
            tracing::debug!(%error, "cannot wait for the session to end");
            let _ = wait.sleep(Duration::from_millis(100));
        }
    }

    fn close(&mut self) {
        self.client.close();
    }
}
