//! What these tests share: a run directory, servers that stop by themselves, scripted peers, and
//! processes that can be killed.
#![allow(dead_code, reason = "every target uses a part")]

pub(crate) mod actor;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
pub(crate) mod platform;
pub(crate) mod roles;
pub(crate) mod script;

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netipc::protocol::PROFILE_BASELINE;
use netipc::service::{Service, increment};
use netipc::transport::{Endpoint, Wait};
use netipc::{Client, ClientConfig, Server, ServerConfig};
use tempfile::TempDir;

pub(crate) use platform::WITH_SHM;

/// More than any step takes, on a machine with much other work to do.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// Less than the time of any handshake: what is over before has waited for none. Other work may
/// delay it, which is why only [`prompt`] measures by it.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(1500);
/// How long a handshake may take.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(2);
/// What the contract says of peers that are gone.
pub(crate) const NOTICED: Duration = Duration::from_millis(200);
/// The endpoint of every stage.
pub(crate) const SERVICE: &str = "svc";
/// Both data planes, as profiles to offer.
pub(crate) const BOTH: [u32; 2] = [PROFILE_BASELINE, WITH_SHM];
/// The secret of every stage.
pub(crate) const TOKEN: u64 = 0x7e57;

/// A run directory of its own.
pub(crate) struct Stage {
    pub(crate) dir: TempDir,
    pub(crate) endpoint: Endpoint,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::new(dir.path(), SERVICE).unwrap();
        Self { dir, endpoint }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    #[cfg(unix)]
    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.endpoint.socket_path().to_owned()
    }

    /// A client of any service.
    pub(crate) fn client<S: Service>(&self, config: ClientConfig) -> Client<S> {
        Client::new(self.path(), SERVICE, config)
    }

    /// A client with a session.
    pub(crate) fn ready<S: Service>(&self, config: ClientConfig) -> Client<S> {
        let mut client = self.client(config);
        // On a busy machine, more than one handshake may be needed.
        until("there is a session", || {
            client.refresh();
            client.ready().then_some(())
        });
        client
    }

    /// The names of the files, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        files(self.path())
    }

    /// The regions there are.
    pub(crate) fn regions(&self) -> Vec<String> {
        let mut files = self.files();
        files.retain(|name| name.ends_with(".ipcshm"));
        files
    }
}

pub(crate) fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A server that runs until it is dropped, whatever happens to its test.
pub(crate) struct Serving<S: Service> {
    server: Arc<Server<S>>,
    run: Option<JoinHandle<()>>,
}

impl<S: Service> Serving<S> {
    pub(crate) fn new(server: Server<S>) -> Self {
        server.bind().unwrap();
        let server = Arc::new(server);
        let running = Arc::clone(&server);
        let run = thread::spawn(move || running.run().unwrap());
        Self {
            server,
            run: Some(run),
        }
    }

    /// Stops and waits until the last session has ended; tells how long that took.
    pub(crate) fn end(mut self) -> Duration {
        timed(|| self.halt()).1
    }

    /// Stops, waits as well, and gives the server.
    pub(crate) fn ended(mut self) -> Arc<Server<S>> {
        self.halt();
        Arc::clone(&self.server)
    }

    fn halt(&mut self) {
        self.server.stop();
        if let Some(run) = self.run.take() {
            let ended = run.join();
            assert!(ended.is_ok() || thread::panicking(), "the server panicked");
        }
    }
}

impl<S: Service> Deref for Serving<S> {
    type Target = Server<S>;

    fn deref(&self) -> &Server<S> {
        &self.server
    }
}

impl<S: Service> Drop for Serving<S> {
    fn drop(&mut self) {
        self.halt();
    }
}

/// A server of INCREMENT.
pub(crate) fn increment_server(
    stage: &Stage,
    config: ServerConfig,
    workers: usize,
) -> Serving<increment::Increment> {
    let handler = increment::handler();
    Serving::new(Server::with_workers(
        stage.path(),
        SERVICE,
        config,
        handler,
        workers,
    ))
}

/// A client's configuration for `profiles`.
pub(crate) fn client(profiles: u32) -> ClientConfig {
    ClientConfig {
        supported_profiles: profiles,
        auth_token: TOKEN,
        ..ClientConfig::default()
    }
}

/// A server's configuration for `profiles`.
pub(crate) fn server(profiles: u32) -> ServerConfig {
    ServerConfig {
        supported_profiles: profiles,
        auth_token: TOKEN,
        ..ServerConfig::default()
    }
}

pub(crate) fn soon() -> Wait<'static> {
    Wait::timeout(SOON)
}

/// How long `step` takes.
pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = step();
    (result, start.elapsed())
}

/// Looks again and again until something is so; what it was then, and how long it took.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> (T, Duration) {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return (seen, start.elapsed());
        }
        assert!(start.elapsed() < SOON, "in vain: {what}");
        Wait::forever().sleep(Duration::from_millis(1)).unwrap();
    }
}

/// Expects one of ten attempts to take less than `limit`, since other work may delay some of them.
pub(crate) fn prompt(what: &str, limit: Duration, mut attempt: impl FnMut() -> Duration) {
    let mut taken = Vec::new();
    while taken.len() < 10 {
        taken.push(attempt());
        if taken.last().is_some_and(|taken| *taken < limit) {
            return;
        }
    }
    panic!("{what}: {taken:?}, each {limit:?} or more");
}
