//! One case between two peers: a server is started, a client checks it, and the server is held
//! against what the client saw.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

use crate::between::{Between, BetweenError};
use crate::language::{Language, PeerError, Peers};
use crate::plan::{Cell, Column};
use crate::process::{Process, ProcessError};

/// The longest that a cell may take, emulated and on a busy machine, too: it is there for hangs.
const PATIENCE: Duration = Duration::from_secs(180);
/// The name of the endpoint of every cell.
const SERVICE: &str = "interop";
/// The secret that both peers are told.
const TOKEN: &str = "1311768467463790320";

/// Tries it; returns the number of calls that the client made.
pub(crate) fn try_cell(cell: &Cell, peers: &Peers) -> Result<u64, CellError> {
    let mut play = Play::begin(cell, peers)?;
    let verdict = play.watch()?;
    verdict.hold_against(&cell.column)?;
    play.client.finish(play.deadline)?;
    if let Some(between) = play.between.take() {
        between.end(play.deadline)?;
    }
    play.stop()?;
    let refused = match play.killed {
        true => cell.case.refused,
        false => cell.case.refused.max(cell.door.refused()),
    };
    play.served.hold_against(cell, verdict.calls, refused)?;
    play.place.is_clean()?;
    Ok(verdict.calls)
}

/// What client and server say at the end.
struct Play<'c> {
    cell: &'c Cell,
    peers: &'c Peers,
    place: Place,
    deadline: Instant,
    client: Process,
    client_args: Vec<OsString>,
    /// How often the client may still end before it has said anything.
    vain_starts: u32,
    server: Option<Process>,
    /// What carries the questions to another host, where peers are on two.
    between: Option<Between>,
    served: Served,
    /// Whether a server was killed, and took what it had to say with it.
    killed: bool,
}

impl<'c> Play<'c> {
    fn begin(cell: &'c Cell, peers: &'c Peers) -> Result<Self, CellError> {
        let Cell { case, door, column } = cell;
        let place = Place::new()?;
        // The time that building peers takes is not theirs.
        peers.command(column.server)?;
        let command = peers.command(column.client)?;
        let deadline = Instant::now() + PATIENCE;
        let server = start_server(cell, peers, &place, &[], deadline)?;
        let between = peers
            .bridge()
            .map(|program| Between::begin(program, place.run_dir(), SERVICE, TOKEN, deadline));
        let between = between.transpose()?;
        let near = between.as_ref().map_or(place.run_dir(), Between::run_dir);
        let mut args = args("check", case.check, near, column, case.both);
        let options = case.client.iter().chain(door.client());
        args.extend(options.map(OsString::from));
        let client = Process::start("client", command, &args)?;
        Ok(Self {
            cell,
            peers,
            place,
            deadline,
            client,
            client_args: args,
            vain_starts: peers.platform.vain_starts(),
            server: Some(server),
            between,
            served: Served::default(),
            killed: false,
        })
    }

    /// Does what the client wants until it has come to a verdict.
    fn watch(&mut self) -> Result<Verdict, CellError> {
        loop {
            let line = self.client_line()?;
            let Some(wish) = line.strip_prefix("DO ") else {
                return serde_json::from_str(&line)
                    .map_err(|source| CellError::Unreadable { line, source });
            };
            self.fulfil(wish)?;
            self.client.say("DONE")?;
        }
    }

    /// The next line of the client, which is started again where it ended before its first.
    fn client_line(&mut self) -> Result<String, CellError> {
        loop {
            match self.client.line(self.deadline) {
                Err(error) if error.is_silent_end() && self.vain_starts > 0 => {
                    self.vain_starts -= 1;
                    eprintln!("started again: {error}");
                    let command = self.peers.command(self.cell.column.client)?;
                    self.client = Process::start("client", command, &self.client_args)?;
                }
                line => {
                    self.vain_starts = 0;
                    return Ok(line?);
                }
            }
        }
    }

    fn fulfil(&mut self, wish: &str) -> Result<(), CellError> {
        let mut words = wish.split_whitespace();
        match words.next().unwrap_or_default() {
            "kill" => self.kill(),
            "kill-when-stuck" => {
                if let Some(server) = &mut self.server {
                    server.expect("STUCK", self.deadline)?;
                }
                self.kill()
            }
            "stop" => self.stop(),
            "start" => {
                let more: Vec<_> = words.map(OsString::from).collect();
                let (cell, peers) = (self.cell, self.peers);
                let server = start_server(cell, peers, &self.place, &more, self.deadline)?;
                self.server = Some(server);
                Ok(())
            }
            _ => Err(CellError::Wish(wish.to_owned())),
        }
    }

    fn kill(&mut self) -> Result<(), CellError> {
        self.killed = true;
        match self.server.take() {
            Some(mut server) => Ok(server.kill()?),
            None => Ok(()),
        }
    }

    /// Lets the server end in good order, and takes down what it has done.
    fn stop(&mut self) -> Result<(), CellError> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        server.end_input();
        let line = server.line(self.deadline)?;
        let served: Served = match line.strip_prefix("SERVED ") {
            Some(json) => serde_json::from_str(json)
                .map_err(|source| CellError::Unreadable { line, source })?,
            None => return Err(server.unexpected("SERVED {..}", &line).into()),
        };
        self.served.add(&served);
        Ok(server.finish(self.deadline)?)
    }
}

fn start_server(
    cell: &Cell,
    peers: &Peers,
    place: &Place,
    more: &[OsString],
    deadline: Instant,
) -> Result<Process, CellError> {
    let Cell { case, door, column } = cell;
    let mut args = args("serve", case.serve, place.run_dir(), column, case.both);
    let options = case.server.iter().chain(door.server());
    args.extend(options.map(OsString::from));
    args.extend_from_slice(more);
    let mut more_starts = peers.platform.vain_starts();
    loop {
        let mut server = Process::start("server", peers.command(column.server)?, &args)?;
        match server.expect("READY", deadline) {
            Err(error) if error.is_silent_end() && more_starts > 0 => {
                more_starts -= 1;
                eprintln!("started again: {error}");
            }
            ready => return Ok(ready.map(|()| server)?),
        }
    }
}

/// Where the endpoint of a cell is.
struct Place(TempDir);

impl Place {
    fn new() -> Result<Self, CellError> {
        tempfile::Builder::new()
            .prefix("netipc-interop-")
            .tempdir()
            .map(Self)
            .map_err(CellError::Place)
    }

    fn run_dir(&self) -> &Path {
        self.0.path()
    }

    /// Nothing is left of sessions and servers that ended.
    fn is_clean(&self) -> Result<(), CellError> {
        let entries = fs::read_dir(self.0.path()).map_err(CellError::Place)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        let left: Vec<_> = names.collect::<Result<_, _>>().map_err(CellError::Place)?;
        match left.is_empty() {
            true => Ok(()),
            false => Err(CellError::LeftBehind(left)),
        }
    }
}

/// What every peer is told.
fn args(role: &str, what: &str, run_dir: &Path, column: &Column, both: &[&str]) -> Vec<OsString> {
    let profile = column.transport.profile().to_string();
    let mut args: Vec<OsString> = vec![role.into(), what.into(), "--run-dir".into()];
    args.push(run_dir.into());
    let rest = [
        "--service",
        SERVICE,
        "--token",
        TOKEN,
        "--profile",
        &profile,
    ];
    args.extend(rest.iter().chain(both).map(OsString::from));
    args
}

/// What a client says at its end.
#[derive(Debug, Deserialize)]
struct Verdict {
    ok: bool,
    detail: String,
    transport: String,
    profile: u32,
    calls: u64,
}

impl Verdict {
    fn hold_against(&self, column: &Column) -> Result<(), CellError> {
        if !self.ok {
            return Err(CellError::Failed {
                client: column.client,
                detail: self.detail.clone(),
            });
        }
        let expected = (column.transport.kind(), column.transport.profile());
        match (self.transport.as_str(), self.profile) == expected {
            true => Ok(()),
            false => Err(CellError::Transport {
                transport: self.transport.clone(),
                profile: self.profile,
            }),
        }
    }
}

/// What a server says at its end: sessions by transport, clients turned down, requests answered.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Served {
    socket: u64,
    shm: u64,
    refused: u64,
    ok: u64,
}

impl Served {
    fn add(&mut self, other: &Self) {
        self.socket += other.socket;
        self.shm += other.shm;
        self.refused += other.refused;
        self.ok += other.ok;
    }

    /// Whether the server carried what the client saw, over what it was to go.
    fn hold_against(&self, cell: &Cell, calls: u64, refused: u64) -> Result<(), CellError> {
        let (right, wrong) = match cell.column.transport.kind() {
            "shm" => (self.shm, self.socket),
            _ => (self.socket, self.shm),
        };
        let fits = right > 0 && wrong == 0 && self.refused >= refused;
        match fits && calls > 0 && self.ok > 0 {
            true => Ok(()),
            false => Err(CellError::Served(self.clone())),
        }
    }
}

/// Why a cell is not green.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CellError {
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("between the peers: {0}")]
    Between(#[from] BetweenError),
    #[error("the {client} client found: {detail}")]
    Failed { client: Language, detail: String },
    #[error("the client went over {transport} with profile {profile}")]
    Transport { transport: String, profile: u32 },
    #[error("the server cannot have served that: {0:?}")]
    Served(Served),
    #[error("cannot read {line:?}: {source}")]
    Unreadable {
        line: String,
        source: serde_json::Error,
    },
    #[error("no peer can wish for {0:?}")]
    Wish(String),
    #[error("cannot use a directory for temporary files: {0}")]
    Place(io::Error),
    #[error("left behind: {0:?}")]
    LeftBehind(Vec<OsString>),
}
