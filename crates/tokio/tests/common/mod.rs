//! What the tests have in common.
#![allow(dead_code, reason = "every test program uses a part of it")]
#![expect(
    clippy::unwrap_used,
    reason = "a stage that cannot be set is a failed test"
)]

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use netipc::service::increment::Increment;
use netipc::{ClientConfig, Handler, Server as ThreadedServer, ServerConfig};
use netipc_tokio::{Client, Server};
use tempfile::TempDir;

/// What no step takes, even on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) const TOKEN: u64 = 7;

pub(crate) fn client_config() -> ClientConfig {
    ClientConfig {
        auth_token: TOKEN,
        ..ClientConfig::default()
    }
}

pub(crate) fn server_config() -> ServerConfig {
    ServerConfig {
        auth_token: TOKEN,
        ..ServerConfig::default()
    }
}

/// Runs a future to its end, in this thread alone.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(SOON, future)
            .await
            .expect("it takes too long")
    })
}

/// A place of its own.
pub(crate) struct Stage(TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn files(&self) -> usize {
        std::fs::read_dir(self.dir()).unwrap().count()
    }

    /// A client that is not connected yet.
    pub(crate) fn client(&self) -> Client<Increment> {
        Client::new(self.dir(), "svc", client_config())
    }

    /// A server that counts on by one.
    pub(crate) fn server(&self, workers: usize) -> Server<Increment> {
        let handler = Handler::<Increment>::new(|n, answer| answer.put(&n.wrapping_add(1)));
        let server = Server::bind(self.dir(), "svc", &server_config(), handler).unwrap();
        server.with_workers(workers)
    }
}

/// A server with threads, as deployed providers have. It ends when it is dropped.
pub(crate) struct Threaded<S: netipc::service::Service> {
    server: Arc<ThreadedServer<S>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: netipc::service::Service> Threaded<S> {
    pub(crate) fn start(stage: &Stage, handler: Handler<S>) -> Self {
        let server = Arc::new(ThreadedServer::new(
            stage.dir(),
            "svc",
            server_config(),
            handler,
        ));
        server.bind().unwrap();
        let running = Arc::clone(&server);
        let thread = Some(std::thread::spawn(move || running.run().unwrap()));
        Self { server, thread }
    }
}

impl<S: netipc::service::Service> Drop for Threaded<S> {
    fn drop(&mut self) {
        self.server.stop();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_some_and(|ended| ended.is_ok()));
    }
}
