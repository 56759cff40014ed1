//! Becoming the owner of every endpoint, also where a predecessor has yet to end.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use netipc::transport::Endpoint;

use super::Stop;
use super::provider::Provider;
use super::run_dir::RunDir;
use crate::args::endpoint;
use crate::exit::{Exit, Failed, to_stderr};
use crate::platform::socket_id;

/// How often to look whether the endpoint's name is free: clients find nobody meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often to try whatever the name looks like: a server that was killed leaves it behind.
const TRY_EVERY: Duration = Duration::from_millis(250);

/// What is done about an endpoint that another server has.
pub(super) struct Binding<'a> {
    pub(super) run_dir: &'a mut RunDir,
    /// How long that server has to end, for all endpoints together.
    pub(super) wait: Duration,
    /// Where requests to stop arrive.
    pub(super) stop: &'a Receiver<Stop>,
}

impl Binding<'_> {
    /// Binds a provider for each of `services`. False if a request to stop came first.
    ///
    /// # Errors
    /// Where an endpoint cannot be had.
    pub(super) fn bind(
        mut self,
        services: &BTreeSet<String>,
        providers: &[Box<dyn Provider>],
    ) -> Result<bool, Failed> {
        let deadline = Instant::now() + self.wait;
        for (service, provider) in services.iter().zip(providers) {
            let Err(refused) = provider.bind() else {
                continue;
            };
            if refused.exit() != Exit::AddressInUse || self.wait.is_zero() {
                return Err(refused);
            }
            let wait = self.wait.as_secs_f64();
            to_stderr(&format_args!(
                "{refused}; waiting up to {wait} s for its end"
            ));
            let endpoint = endpoint(self.run_dir.path(), service)?;
            if !self.bind_once_free(&**provider, refused, &endpoint, deadline)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Binds as soon as the endpoint is free.
    fn bind_once_free(
        &mut self,
        provider: &dyn Provider,
        mut refused: Failed,
        endpoint: &Endpoint,
        deadline: Instant,
    ) -> Result<bool, Failed> {
        let (mut seen, mut tried) = (socket_id(endpoint), Instant::now());
        while Instant::now() < deadline {
            match self.stop.recv_timeout(LOOK_EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Err(lost)) => return Err(lost),
                Ok(Ok(())) | Err(RecvTimeoutError::Disconnected) => return Ok(false),
            }
            let now = socket_id(endpoint);
            if now == seen && tried.elapsed() < TRY_EVERY {
                continue;
            }
            // The other server may have removed the directory that it had made.
            self.run_dir.renew()?;
            match provider.bind() {
                Ok(()) => return Ok(true),
                Err(error) => refused = error,
            }
            (seen, tried) = (now, Instant::now());
        }
        Err(refused)
    }
}
