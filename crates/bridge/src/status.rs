//! What a running bridge tells of itself, over a socket in its run directory: who exports what, how long answers
//! take, what was refused. It costs nothing while nobody asks.

use std::fmt::Write as _;
use std::fs::{DirBuilder, Permissions};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::counts::{Counts, Row};
use crate::error::Error;

/// The most bytes that are read of a status.
const MAX_BYTES: u64 = 16 << 20;
/// How long a bridge may take to tell.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one bridge tells of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// `export` or `import`.
    pub role: String,
    /// The host that exports, or the asker that imports.
    pub name: String,
    /// What tells this exporter from another of its name, as 16 hex digits; nothing for importers.
    pub claim: Option<String>,
    /// Its services.
    pub services: Vec<Served>,
    /// What was asked of each, by whom, or of whom.
    pub peers: Vec<PeerRow>,
}

/// A service of a bridge.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Served {
    /// The host whose service it is.
    pub host: String,
    /// Its name there.
    pub service: String,
    /// The name of the local endpoint.
    pub endpoint: String,
    /// `offered`, `not offered yet` or `disputed` where it is exported; `up`, `absent`, `disputed`, and for a moment
    /// `not served yet` or `going`, where it is imported.
    pub standing: String,
}

/// What was asked, of one other side and one service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PeerRow {
    /// The other side: an asker, or a host.
    pub peer: String,
    /// The service.
    pub service: String,
    /// The name of the local endpoint.
    pub endpoint: String,
    /// What was counted.
    #[serde(flatten)]
    pub row: Row,
}

impl Report {
    pub(crate) fn new(
        role: &str,
        name: &str,
        claim: u64,
        services: Vec<Served>,
        (counts, endpoint): (&Counts, impl Fn(&str) -> String),
    ) -> Self {
        let peers = counts.rows().into_iter();
        let peers = peers.map(|((peer, service), row)| PeerRow {
            peer,
            endpoint: endpoint(&service),
            service,
            row,
        });
        Self {
            role: role.to_owned(),
            name: name.to_owned(),
            claim: (claim != 0).then(|| format!("{claim:016x}")),
            services,
            peers: peers.collect(),
        }
    }

    /// The reports of a process, where they are of one role and name, as one.
    #[must_use]
    pub fn joined(reports: Vec<Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for report in reports {
            let same = |one: &&mut Self| {
                (&one.role, &one.name, &one.claim) == (&report.role, &report.name, &report.claim)
            };
            match all.iter_mut().find(same) {
                Some(one) => {
                    one.services.extend(report.services);
                    one.peers.extend(report.peers);
                }
                None => all.push(report),
            }
        }
        all
    }
}

/// Tells whoever connects, until it is dropped.
pub struct StatusServer {
    path: PathBuf,
    over: Arc<AtomicBool>,
    /// The socket that the thread listens at; shut down, it wakes the thread, also where the path has gone.
    socket: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl StatusServer {
    /// Tells what `report` gives, at a socket in `run_dir` named after `id`.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Thread`].
    pub fn begin(
        run_dir: &Path,
        id: u64,
        report: impl Fn() -> Vec<Report> + Send + 'static,
    ) -> Result<Self, Error> {
        let path = run_dir.join(format!("bridge-{id:016x}.status"));
        let wrong = |what| {
            let path = path.clone();
            move |source| Error::File { path, what, source }
        };
        // Made where nobody else may go, whatever the mask of the process and the mode of the run directory.
        let nook = run_dir.join(format!(".bridge-{id:016x}"));
        let made = DirBuilder::new().mode(0o700).create(&nook);
        made.map_err(wrong("cannot listen for status"))?;
        let listener = bind_private(&nook.join("s"), &path);
        let _ = std::fs::remove_dir_all(&nook);
        let listener = listener.map_err(wrong("cannot listen for status"))?;
        let socket = listener
            .try_clone()
            .map_err(wrong("cannot listen for status"))?;
        // Shutting down is the same for every socket.
        let socket = UnixStream::from(OwnedFd::from(socket));
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let thread = crate::spawn("netipc-status", move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                // Who does not read, or has gone, misses it.
                let _ = stream.and_then(|stream| tell(stream, &report()));
            }
        })?;
        Ok(Self {
            path,
            over,
            socket,
            thread: Some(thread),
        })
    }
}

/// Listens at `path`, which is its owner's alone before anybody else can reach it: it is made at `hidden`.
fn bind_private(hidden: &Path, path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(hidden)?;
    std::fs::set_permissions(hidden, Permissions::from_mode(0o600))?;
    std::fs::rename(hidden, path)?;
    Ok(listener)
}

fn tell(mut stream: UnixStream, reports: &[Report]) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&serde_json::to_vec(reports)?)
}

impl Drop for StatusServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread.
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// What every bridge of `run_dir` tells. Sockets of bridges that have died are removed.
///
/// # Errors
/// [`Error::File`], where the directory cannot be read.
pub fn collect(run_dir: &Path) -> Result<Vec<Report>, Error> {
    let unreadable = |source| Error::File {
        path: run_dir.to_owned(),
        what: "cannot be read",
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(run_dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if name.starts_with("bridge-") && name.ends_with(".status") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        match ask(&path) {
            Ok(reports) => all.extend(reports),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                let _ = std::fs::remove_file(&path);
            }
            Err(error) => tracing::warn!(path = %path.display(), %error, "a bridge does not tell"),
        }
    }
    Ok(Report::joined(all))
}

fn ask(path: &Path) -> io::Result<Vec<Report>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = Vec::new();
    stream.take(MAX_BYTES).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Reports as lines for people.
#[must_use]
pub fn text(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{} {}", report.role, report.name);
        for served in &report.services {
            let Served {
                host,
                service,
                endpoint,
                standing,
            } = served;
            let _ = writeln!(out, "  {service} of {host} as {endpoint}: {standing}");
        }
        for PeerRow {
            peer, service, row, ..
        } in &report.peers
        {
            let refused: u64 = row.refused.values().sum();
            let (mean, max) = (millis(row.latency.mean_us()), millis(row.latency.max_us));
            let _ = writeln!(
                out,
                "  {peer} {service}: {} answered ({} unchanged), {refused} not; {mean} ms on average, {max} at most; \
                 {} bytes, {} sent",
                row.answered, row.unchanged, row.bytes, row.sent_bytes
            );
            for (why, times) in &row.refused {
                let _ = writeln!(out, "    {times} x {why}");
            }
        }
    }
    out
}

fn millis(us: u64) -> String {
    format!("{}.{}", us / 1000, us % 1000 / 100)
}

impl std::fmt::Debug for StatusServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusServer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
