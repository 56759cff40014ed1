//! Managed servers: many sessions, one typed handler.

pub use crate::untyped::{HistogramSnapshot, ServerStats, TransportCounts};

use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use netipc_proto::session::Message;
use netipc_transport::link::{BindOptions, Transport};

use crate::config::ServerConfig;
use crate::defaults::DEFAULT_WORKERS;
use crate::error::ServeError;
use crate::handler::Handler;
use crate::kind::Service;
use crate::untyped::{AnyServer, DataProbe};

/// A server of one service at one endpoint.
///
/// Every session has a thread of its own, at most `workers` of them. A client that comes when all
/// are taken is refused in the handshake.
///
/// ```no_run
/// use netipc::ServerConfig;
/// use netipc::service::cgroups::{Handler, ManagedServer};
///
/// let handler = Handler::new(|_request, answer| {
///     answer.set_header(1, 42);
///     answer.add(1001, 0, 1, b"docker-abc123", b"/sys/fs/cgroup/docker/abc123")
/// });
/// let config = ServerConfig { auth_token: 42, ..ServerConfig::default() };
/// ManagedServer::new("/run/netdata", "cgroups-snapshot", config, handler).run()?;
/// # Ok::<(), netipc::ServeError>(())
/// ```
pub struct Server<S> {
    server: AnyServer,
    _service: PhantomData<fn() -> S>,
}

impl<S: Service> Server<S> {
    /// A server of the service `service` in `run_dir`, with 8 workers. Listens when it is bound or
    /// run.
    #[must_use]
    pub fn new(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ServerConfig,
        handler: Handler<S>,
    ) -> Self {
        Self::with_workers(run_dir, service, config, handler, DEFAULT_WORKERS)
    }

    /// A server with at most `workers` sessions at once, at least 1.
    #[must_use]
    pub fn with_workers(
        run_dir: impl AsRef<Path>,
        service: &str,
        config: ServerConfig,
        handler: Handler<S>,
        workers: usize,
    ) -> Self {
        let dispatch =
            Box::new(move |request: Message<'_>, buf: &mut [u8]| handler.dispatch(request, buf));
        Self {
            server: AnyServer::new(run_dir, service, &config, workers, dispatch),
            _service: PhantomData,
        }
    }

    /// The same server, reached through `transport`.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self {
            server: self.server.over(transport),
            ..self
        }
    }

    /// The same server, with a listener set up by `options`: its backlog, and who may connect.
    #[must_use]
    pub fn listening(self, options: BindOptions) -> Self {
        Self {
            server: self.server.listening(options),
            ..self
        }
    }

    /// The same server, whose statistics others on this host can read while it runs: see
    /// [`AnyServer::publishing_stats`].
    #[must_use]
    pub fn publishing_stats(self, data: Option<Arc<DataProbe>>) -> Self {
        Self {
            server: self.server.publishing_stats(data),
            ..self
        }
    }

    /// The same for a server that is bound already: see [`AnyServer::publish_stats`].
    #[must_use]
    pub fn publish_stats(&self, data: Option<Arc<DataProbe>>) -> bool {
        self.server.publish_stats(data)
    }

    /// Becomes the owner of the endpoint. Clients can connect from here on, and are served once
    /// the server runs.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(&self) -> Result<(), ServeError> {
        self.server.bind()
    }

    /// Serves until it is stopped or drained, and returns when its last session has ended. Binds
    /// first where that was not done. A server that was stopped before returns at once.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn run(&self) -> Result<(), ServeError> {
        self.server.run()
    }

    /// Ends everything: no new client, no new request, and no waiting for what is being answered
    /// but for handlers, which cannot be interrupted. A server that does not run yet never will.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Takes no new client and no new request, lets what is being answered finish for at most
    /// `timeout`, and stops. Returns whether all finished.
    pub fn drain(&self, timeout: Duration) -> bool {
        self.server.drain(timeout)
    }

    /// What the server has done so far. Takes a lock that a session takes only when it begins and
    /// ends.
    #[must_use]
    pub fn stats(&self) -> ServerStats {
        self.server.stats()
    }

    /// The most sessions at once.
    #[must_use]
    pub const fn workers(&self) -> usize {
        self.server.workers()
    }
}

impl<S> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
