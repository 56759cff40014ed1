//! Whatever stands where an endpoint, the lock of its start or a region has its name: what peers of every language make of
//! it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::time::Instant;

use netipc::wire::Hello;
use rustix::fs::{CWD, FileType, Mode, makedev, mkfifoat, mknodat};
use tempfile::TempDir;

use crate::language::{Language, Peers};
use crate::passing::socket::{Socket, acceptance, answer};
use crate::process::Process;
use crate::supervised::{FaultError, PATIENCE};

/// A file that links lead to, and what is in it.
const BYSTANDER: (&str, &str) = ("bystander", "untouched");
/// The region of session 1, which a server of ours speaks of.
const REGION: &str = "svc-0000000000000001.ipcshm";

/// Something to stand at a path.
type Leftover = (&'static str, fn(&Path) -> io::Result<()>);

/// What serves nobody.
const LEFTOVERS: [Leftover; 14] = [
    ("an empty file", |path| fs::write(path, "")),
    ("a file", |path| fs::write(path, [0xff; 5000])),
    ("a FIFO", |path| {
        Ok(mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR)?)
    }),
    ("a dead socket", |path| {
        Socket::listen(path).map(drop).map_err(io::Error::other)
    }),
    ("a dead stream socket", |path| {
        UnixListener::bind(path).map(drop)
    }),
    ("a dead datagram socket", |path| {
        UnixDatagram::bind(path).map(drop)
    }),
    ("a link to nothing", |path| symlink("nowhere", path)),
    ("a link to itself", |path| {
        symlink(path.file_name().unwrap_or_default(), path)
    }),
    ("a link through a file", |path| {
        symlink(format!("{}/x", BYSTANDER.0), path)
    }),
    ("a link to a file", |path| symlink(BYSTANDER.0, path)),
    ("a link to a FIFO", |path| {
        mkfifoat(CWD, path.with_file_name("pipe"), Mode::RUSR | Mode::WUSR)?;
        symlink("pipe", path)
    }),
    ("a link to a directory", |path| symlink(".", path)),
    ("a link to a device", |path| symlink("/dev/null", path)),
    ("a device", |path| {
        Ok(mknodat(
            CWD,
            path,
            FileType::CharacterDevice,
            Mode::RUSR | Mode::WUSR,
            makedev(1, 3),
        )?)
    }),
];
/// Nothing that can be taken away.
const DIRECTORY: Leftover = ("a directory", |path| {
    fs::create_dir(path)?;
    fs::write(path.join("in it"), "text")
});

/// A run directory with a bystander.
struct Stage<'p> {
    peers: &'p Peers,
    language: Language,
    place: TempDir,
}

impl<'p> Stage<'p> {
    fn new(peers: &'p Peers, language: Language) -> Result<Self, FaultError> {
        let place = tempfile::Builder::new()
            .prefix("netipc-leftovers-")
            .tempdir();
        let place = place.map_err(FaultError::Control)?;
        fs::write(place.path().join(BYSTANDER.0), BYSTANDER.1).map_err(FaultError::Control)?;
        Ok(Self {
            peers,
            language,
            place,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Puts it there; whether this process may.
    fn put(&self, leftover: Leftover, name: &str) -> Result<bool, FaultError> {
        match leftover.1(&self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            put => put.map(|()| true).map_err(FaultError::Control),
        }
    }

    fn peer(
        &self,
        language: Language,
        role: &'static str,
        profile: u32,
    ) -> Result<Process, FaultError> {
        let profile = profile.to_string();
        let mut args: Vec<OsString> = vec![
            role.into(),
            "increment".into(),
            "--run-dir".into(),
            self.place.path().into(),
        ];
        let rest = [
            "--service",
            "svc",
            "--token",
            "7",
            "--profile",
            &profile,
            "--timeout",
            "20000",
        ];
        args.extend(rest.map(OsString::from));
        Ok(Process::start(role, self.peers.command(language)?, &args)?)
    }

    /// Who stood beside it does so still.
    fn has_its_bystander(&self) -> Result<(), FaultError> {
        let found = fs::read_to_string(self.path(BYSTANDER.0)).map_err(FaultError::Control)?;
        let nowhere = self.path("nowhere").exists();
        if found == BYSTANDER.1 && !nowhere {
            Ok(())
        } else {
            Err(self.wrong(&format!(
                "followed a link: {found:?}, a file at its end: {nowhere}"
            )))
        }
    }

    fn wrong(&self, what: &str) -> FaultError {
        FaultError::Wrong(format!("the {} peer {what}", self.language))
    }
}

fn soon() -> Instant {
    Instant::now() + PATIENCE
}

/// Each leftover, and a directory, at the name of the endpoint, of the lock and of a region, where a provider of `language`
/// starts: it serves, over shared memory where it is asked to, follows no link, and leaves nothing of its own. Only what
/// cannot be removed keeps it from its endpoint, which it says. Gives how many were tried.
///
/// # Errors
/// What is otherwise.
pub fn a_provider_starts(peers: &Peers, language: Language) -> Result<u32, FaultError> {
    let mut tried = 0;
    for name in ["svc.sock", "svc.lock", REGION] {
        for leftover in LEFTOVERS.into_iter().chain([DIRECTORY]) {
            let stage = Stage::new(peers, language)?;
            if !stage.put(leftover, name)? {
                continue;
            }
            let told = |error: &FaultError| {
                stage.wrong(&format!("with {} at {name}: {error}", leftover.0))
            };
            start(&stage, name, leftover.0 == DIRECTORY.0).map_err(|error| told(&error))?;
            stage.has_its_bystander().map_err(|error| told(&error))?;
            tried += 1;
        }
    }
    Ok(tried)
}

/// One start, with something at `name`.
fn start(stage: &Stage<'_>, name: &str, is_directory: bool) -> Result<(), FaultError> {
    let mut provider = stage.peer(stage.language, "serve", 0x04)?;
    if is_directory && name == "svc.sock" {
        let (status, errors) = provider.end_of(soon())?;
        let is_told = errors.contains("svc.sock") && stage.path("svc.sock/in it").exists();
        return if !status.success() && is_told {
            Ok(())
        } else {
            Err(stage.wrong(&format!("ended with {status}: {errors}")))
        };
    }
    provider.expect("READY", soon())?;
    let mut consumer = stage.peer(Language::Rust, "ask", 0x04)?;
    consumer.expect("READY", soon())?;
    let is_right = |said: &str| said.starts_with("RIGHT ") && said.ends_with(" shm");
    let said = ask_until(&mut consumer, is_right)?;
    if !is_right(&said) {
        return Err(stage.wrong(&format!("is asked: {said}")));
    }
    consumer.end_input();
    consumer.finish(soon())?;
    provider.end_input();
    provider.line(soon())?;
    provider.finish(soon())?;
    let mut left: Vec<_> = fs::read_dir(stage.place.path())
        .map_err(FaultError::Control)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|left| left != BYSTANDER.0 && left != "pipe")
        .collect();
    // What no starter makes may stay where the lock is, and a directory where a region would be.
    left.retain(|left| left != name || name == "svc.sock");
    if left.is_empty() {
        Ok(())
    } else {
        Err(stage.wrong(&format!("left behind {left:?}")))
    }
}

/// Each leftover, and a directory, where a consumer of `language` looks for its provider, and where it looks for the region
/// that its provider speaks of. It says what is wrong, or has its answer over the socket, and waits for nothing. Gives how
/// many were tried.
///
/// # Errors
/// What is otherwise.
pub fn a_consumer_asks(peers: &Peers, language: Language) -> Result<u32, FaultError> {
    let mut tried = 0;
    for name in ["svc.sock", REGION] {
        for leftover in LEFTOVERS.into_iter().chain([DIRECTORY]) {
            let stage = Stage::new(peers, language)?;
            if !stage.put(leftover, name)? {
                continue;
            }
            let told = |error: &FaultError| {
                stage.wrong(&format!("with {} at {name}: {error}", leftover.0))
            };
            let asked = if name == REGION {
                ask_for_region(&stage)
            } else {
                ask_nobody(&stage)
            };
            asked.map_err(|error| told(&error))?;
            stage.has_its_bystander().map_err(|error| told(&error))?;
            tried += 1;
        }
    }
    Ok(tried)
}

fn ask_nobody(stage: &Stage<'_>) -> Result<(), FaultError> {
    let mut consumer = stage.peer(stage.language, "ask", 0x04)?;
    consumer.expect("READY", soon())?;
    consumer.say("ask 3 1")?;
    let said = consumer.line(soon())?;
    if !(said.starts_with("FAILED ") && said.contains("svc.sock")) {
        return Err(stage.wrong(&format!("says {said:?}")));
    }
    consumer.end_input();
    Ok(consumer.finish(soon())?)
}

/// Has a consumer ask until what it says is so, or has not been for long enough: on a busy machine a handshake may take more
/// than the time that it has. Gives what it said last.
fn ask_until(consumer: &mut Process, is_so: impl Fn(&str) -> bool) -> Result<String, FaultError> {
    let began = Instant::now();
    loop {
        consumer.say("ask 3 1")?;
        let said = consumer.line(soon())?;
        if is_so(&said) || began.elapsed() > PATIENCE {
            return Ok(said);
        }
    }
}

/// The provider is one of ours, which says that there is a region.
fn ask_for_region(stage: &Stage<'_>) -> Result<(), FaultError> {
    let listener = Socket::listen(&stage.path("svc.sock"))?;
    let mut consumer = stage.peer(stage.language, "ask", 0x04)?;
    consumer.expect("READY", soon())?;
    let (over, stop) = io::pipe().map_err(FaultError::Control)?;
    let is_honest = |said: &str| {
        said.starts_with("FAILED ") && said.contains("ipcshm")
            || said.starts_with("RIGHT ") && said.ends_with(" socket")
    };
    let said = std::thread::scope(|scope| {
        let serving = scope.spawn(|| serve(&listener, &over));
        let said = ask_until(&mut consumer, is_honest);
        consumer.end_input();
        let said = said.and_then(|said| Ok(consumer.finish(soon()).map(|()| said)?));
        drop(stop);
        match serving.join() {
            Ok(served) => served?,
            Err(_panic) => return Err(stage.wrong("is served by a thread that panicked")),
        }
        said
    })?;
    if is_honest(&said) {
        Ok(())
    } else {
        Err(stage.wrong(&format!("says {said:?}")))
    }
}

fn serve(listener: &Socket, over: &io::PipeReader) -> Result<(), FaultError> {
    use std::os::fd::AsFd;
    while let Some(session) = listener.accept(over.as_fd())? {
        let Some((_, hello)) = session.hear()? else {
            continue;
        };
        let hello = Hello::decode(&hello).map_err(|error| FaultError::Wrong(error.to_string()))?;
        let selected = if hello.supported.0 & 0x04 == 0 {
            0x01
        } else {
            0x04
        };
        session.send(&acceptance(&hello, selected))?;
        while let Some((request, payload)) = session.hear()? {
            session.send(&answer(&request, &payload))?;
        }
    }
    Ok(())
}
