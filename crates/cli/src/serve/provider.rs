use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netipc::service::Service;
use netipc::transport::link::{BindOptions, Inherited};
use netipc::untyped::{AnyServer, DataProbe, DataStatus, SessionHandler};
use netipc::{Handler, Server, ServerConfig};
use netipc_host::Host;
use netipc_schema::Schema;
use netipc_schema::live::{Data, handler};

use super::code::needs_host;
use crate::exit::{Exit, Failed, to_stderr};
use crate::profile;

/// A server of whatever service.
pub(super) trait Provider: Send + Sync {
    /// Becomes the owner of its endpoint.
    fn bind(&self) -> Result<(), Failed>;

    /// Serves until it is drained.
    ///
    /// # Errors
    /// Where its endpoint was taken away meanwhile.
    fn run(&self) -> Result<(), Failed>;

    /// Lets what is being answered finish for at most `timeout`, and ends.
    fn drain(&self, timeout: Duration);
}

impl<S: Service> Provider for Server<S> {
    fn bind(&self) -> Result<(), Failed> {
        Self::bind(self).map_err(|error| Failed::caused_by(Exit::of_serve(&error), &error))
    }

    fn run(&self) -> Result<(), Failed> {
        Self::run(self).map_err(|error| Failed::caused_by(Exit::of_serve(&error), &error))
    }

    fn drain(&self, timeout: Duration) {
        if !Self::drain(self, timeout) {
            to_stderr(&format_args!("a request to {} was cut off", S::METHOD.name));
        }
    }
}

/// What all providers have in common.
pub(super) struct Plan {
    pub(super) run_dir: PathBuf,
    pub(super) profiles: u32,
    pub(super) auth_token: u64,
    pub(super) workers: usize,
    /// Bytes of the largest answer; 0 is what an unconfigured server has.
    pub(super) max_response_bytes: u32,
    /// What a service manager has opened for us.
    pub(super) inherited: Inherited,
    /// Whether others may read statistics.
    pub(super) stats: bool,
    /// What is known of this machine, for statistics.
    pub(super) host: Option<Arc<Host>>,
}

impl Plan {
    /// A provider that answers with `handler`.
    pub(super) fn provider<S: Service>(&self, handler: Handler<S>) -> Box<dyn Provider> {
        let (run_dir, name) = (&self.run_dir, S::METHOD.name);
        let (config, workers) = (self.config(), self.workers);
        let server = Server::with_workers(run_dir, name, config, handler, workers);
        let server = server.listening(self.listening());
        Box::new(if self.stats {
            let tells_of_machine = needs_host(name);
            let host = self.host.as_ref().filter(|_| tells_of_machine);
            server.publishing_stats(host.map(data_probe))
        } else {
            server
        })
    }

    /// A provider of a service that the program knows by its schema alone.
    pub(super) fn untyped_provider(&self, schema: Schema, data: Data) -> Box<dyn Provider> {
        let name = schema.name.clone();
        self.handled_provider(name, handler(schema, data))
    }

    /// A provider of the service of this name that `answers`.
    pub(super) fn handled_provider(
        &self,
        name: String,
        answers: Box<SessionHandler>,
    ) -> Box<dyn Provider> {
        let config = self.config();
        let server = AnyServer::new(&self.run_dir, &name, &config, self.workers, answers)
            .listening(self.listening());
        let server = if self.stats {
            server.publishing_stats(None)
        } else {
            server
        };
        Box::new(UntypedProvider { server, name })
    }

    fn listening(&self) -> BindOptions {
        let mut options = BindOptions::default();
        options.inherited = self.inherited.clone();
        options
    }

    fn config(&self) -> ServerConfig {
        ServerConfig {
            supported_profiles: self.profiles,
            preferred_profiles: profile::PREFERRED,
            max_response_payload_bytes: self.max_response_bytes,
            auth_token: self.auth_token,
            ..ServerConfig::default()
        }
    }
}

/// Tells how old the picture of the machine is, and what of it is stale.
fn data_probe(host: &Arc<Host>) -> Arc<DataProbe> {
    let host = Arc::clone(host);
    Arc::new(move || {
        let (snapshot, now) = (host.current(), Instant::now());
        let sources = snapshot.sources();
        let stale = sources.iter().filter_map(|source| {
            let age = source.stale(now)?.as_secs_f64();
            Some(format!("{source}; data of {age:.1} s ago is used"))
        });
        DataStatus {
            age: sources.iter().filter_map(|source| source.age(now)).max(),
            stale: stale.collect(),
        }
    })
}

/// A server of a service that the program knows by its schema alone.
struct UntypedProvider {
    server: AnyServer,
    name: String,
}

impl Provider for UntypedProvider {
    fn bind(&self) -> Result<(), Failed> {
        let bound = self.server.bind();
        bound.map_err(|error| Failed::caused_by(Exit::of_serve(&error), &error))
    }

    fn run(&self) -> Result<(), Failed> {
        let run = self.server.run();
        run.map_err(|error| Failed::caused_by(Exit::of_serve(&error), &error))
    }

    fn drain(&self, timeout: Duration) {
        if !self.server.drain(timeout) {
            to_stderr(&format_args!("a request to {} was cut off", self.name));
        }
    }
}
