//! What is in a run directory, and who uses it.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::Machine;
use super::diag::Socket;
use super::memory::socket_name;
use super::processes::{Processes, age_of, kernel_id};
use super::{regions, sessions};
use crate::args::ServiceName;
use crate::inspect::{Endpoint, File, Life, Problem, RunDir, STATISTICS};

/// Looks at a run directory.
pub(super) fn look(path: &Path, machine: &mut Machine) -> RunDir {
    let mut run_dir = RunDir {
        path: path.to_owned(),
        problem: None,
        file: None,
        endpoints: Vec::new(),
        regions: Vec::new(),
    };
    let seen = fs::metadata(path);
    if let Ok(seen) = &seen {
        run_dir.file = Some(file(seen, &mut machine.processes));
    }
    let names = seen.and_then(|_| names(path));
    match names {
        Ok(names) => {
            for name in names {
                if let Some(service) = socket_name(name.as_ref()) {
                    run_dir.endpoints.extend(endpoint(path, service, machine));
                } else if let Some(region) = regions::look(path, &name, machine) {
                    run_dir.regions.push(region);
                }
            }
        }
        Err(error) => run_dir.problem = Some(problem(&error)),
    }
    run_dir
}

fn problem(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        io::ErrorKind::NotADirectory => Problem::NotADirectory,
        _ => Problem::Unreadable(error.to_string()),
    }
}

fn names(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Whose a file is, and who may use it.
pub(super) fn file(seen: &Metadata, processes: &mut Processes) -> File {
    File {
        uid: seen.uid(),
        user: processes.user(seen.uid()),
        mode: format!("{:04o}", seen.mode() & 0o7777),
        age_seconds: age_of(seen),
    }
}

/// What stands at the name of a socket; `None` where it went away meanwhile.
fn endpoint(run_dir: &Path, service: &str, machine: &mut Machine) -> Option<Endpoint> {
    let path = run_dir.join(format!("{service}.sock"));
    let seen = fs::symlink_metadata(&path).ok()?;
    // A link may lead to a live socket.
    let seen = fs::metadata(&path).unwrap_or(seen);
    let mut endpoint = Endpoint {
        service: service.to_owned(),
        kind: kind(service),
        path,
        life: Life::Unknown,
        evidence: String::new(),
        file: file(&seen, &mut machine.processes),
        listeners: Vec::new(),
        waiting: None,
        backlog: None,
        sessions: Vec::new(),
    };
    if !seen.file_type().is_socket() {
        endpoint.life = Life::NotASocket;
        endpoint.evidence = "something that is no socket has its name".to_owned();
        return Some(endpoint);
    }
    let is_of = is_of(&endpoint.path, &seen, &machine.sockets);
    let (listeners, ends): (Vec<Socket>, Vec<Socket>) = {
        let here = machine.sockets.iter().filter(|socket| is_of(socket));
        here.cloned().partition(|socket| socket.listens)
    };
    (endpoint.life, endpoint.evidence) = if listeners.is_empty() {
        ask(&endpoint.path)
    } else {
        (Life::Live, "a socket listens there".to_owned())
    };
    for listener in &listeners {
        let pids = machine.holders.of(listener.inode).to_owned();
        endpoint.listeners.extend(machine.processes.describe(&pids));
        endpoint.backlog = endpoint.backlog.or(listener.backlog);
    }
    if machine.knows_peers {
        endpoint.waiting = Some(
            listeners
                .iter()
                .map(|listener| listener.waiting.len())
                .sum(),
        );
    }
    endpoint.sessions = sessions::look(service, &ends, &listeners, machine);
    Some(endpoint)
}

fn kind(service: &str) -> Option<&'static str> {
    if service
        .strip_suffix(".stats")
        .is_some_and(|of| !of.is_empty())
    {
        return Some(STATISTICS);
    }
    ServiceName::find(service).map(|known| known.schema().kind.word())
}

/// Tells which sockets belong to the file `seen` at `path`: those of that file, or, where no socket says of which file it is, those that
/// were bound by that path.
fn is_of(path: &Path, seen: &Metadata, all: &[Socket]) -> impl Fn(&Socket) -> bool + use<> {
    let id = kernel_id(seen);
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let paths = [path.to_owned(), real].map(|path| path.as_os_str().as_bytes().to_owned());
    let by_file = all
        .iter()
        .any(|socket| socket.listens && socket.file == Some(id));
    move |socket| {
        if by_file {
            socket.file == Some(id)
        } else {
            paths.contains(&socket.path)
                && (socket.file.is_none() || socket.file.is_some_and(|file| file.1 == id.1))
        }
    }
}

/// Whether anybody listens that the kernel did not list for us, as one in another network namespace: by a connection that is
/// closed at once, and for which nothing waits.
fn ask(path: &Path) -> (Life, String) {
    let attempt = || -> Result<(), Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)
    };
    let live = |why: &str| (Life::Live, why.to_owned());
    match attempt() {
        Ok(()) => live(
            "it takes connections; who listens is not shown here, as in another network namespace",
        ),
        Err(Errno::AGAIN) => live("its backlog is full; who listens is not shown here"),
        Err(Errno::CONNREFUSED) => (Life::Stale, "nobody listens there".to_owned()),
        Err(Errno::PROTOTYPE) => live("a socket of another type listens there"),
        Err(error) => (Life::Unknown, io::Error::from(error).to_string()),
    }
}
