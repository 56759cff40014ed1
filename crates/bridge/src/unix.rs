//! What of the platform is used: the run directory, and the socket in it over which a bridge tells its status.

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

use crate::error::Error;
use crate::status::Report;

/// The most bytes that are read of a status.
const MAX_BYTES: u64 = 16 << 20;
/// How long a bridge may take to tell.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the run directory where there is none, for its owner alone: its providers may come later.
///
/// # Errors
/// [`Error::File`].
pub fn make_run_dir(run_dir: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(run_dir).map_err(|source| Error::File {
        path: run_dir.to_owned(),
        what: "cannot be made",
        source,
    })
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

impl std::fmt::Debug for StatusServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatusServer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
