//! Every system call of the library fails, in turn, in real processes: the other peer gets an answer or an honest
//! error, nothing is left, and the process works again as soon as the call does.
//!
//! ```text
//! supervised   a peer below a supervisor, which has its system calls fail
//! once         one call of a session fails, each in turn: what comes of the session, and of the next
//! refused      all calls of one kind fail, for the whole life of a peer, as a sandbox would have it
//! ```

mod once;
mod refused;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rustix::io::Errno;
use tempfile::TempDir;

use crate::language::{Language, Peers};
use crate::process::Process;
pub use crate::supervised::FaultError;
use crate::supervised::{PATIENCE, Supervised};

pub use once::once;
pub use refused::refused;

/// Which peer of a session has faults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The provider.
    Server,
    /// The consumer.
    Client,
}

/// What has faults.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// In which language.
    pub language: Language,
    /// In which part.
    pub side: Side,
    /// Over what its sessions are to go: the bit of a profile.
    pub profile: u32,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Server => "server",
            Side::Client => "client",
        };
        write!(f, "{} {side}, profile {:#04x}", self.language, self.profile)
    }
}

/// What came of all faults of a subject: of each call and error, how often the answer was right, and how often
/// there was none.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    outcomes: BTreeMap<(String, String), [u32; 2]>,
}

impl Tally {
    /// How many faults there were.
    #[must_use]
    pub fn faults(&self) -> u32 {
        self.outcomes.values().flatten().sum()
    }

    /// Adds the faults of another.
    pub fn add(&mut self, other: Self) {
        for (what, [right, failed]) in other.outcomes {
            let sum = self.outcomes.entry(what).or_default();
            sum[0] += right;
            sum[1] += failed;
        }
    }

    fn note(&mut self, call: &str, error: Errno, is_right: bool) {
        let what = (call.to_owned(), name_of(error).to_owned());
        self.outcomes.entry(what).or_default()[usize::from(!is_right)] += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((call, error), [right, failed]) in &self.outcomes {
            writeln!(f, "{call:15} {error:7} {right:4} right {failed:4} failed")?;
        }
        write!(f, "{} faults", self.faults())
    }
}

/// How a question was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Answer {
    /// As it must be, over this.
    Right(String),
    /// Not at all, and why.
    Failed(String),
}

/// Two peers and their place. The one that is the subject is supervised.
struct Pair<'p> {
    peers: &'p Peers,
    subject: Subject,
    place: TempDir,
}

impl<'p> Pair<'p> {
    fn new(peers: &'p Peers, subject: Subject) -> Result<Self, FaultError> {
        let place = tempfile::Builder::new().prefix("netipc-faults-").tempdir();
        let place = place.map_err(FaultError::Control)?;
        Ok(Self {
            peers,
            subject,
            place,
        })
    }

    fn args(&self, role: &str, what: &str) -> Vec<OsString> {
        let profile = self.subject.profile.to_string();
        let mut args: Vec<OsString> = vec![role.into(), what.into(), "--run-dir".into()];
        args.push(self.place.path().into());
        let rest = [
            "--service",
            "svc",
            "--token",
            "7",
            "--profile",
            &profile,
            "--timeout",
            "2000",
        ];
        args.extend(rest.map(OsString::from));
        args
    }

    fn words(&self, side: Side) -> Vec<OsString> {
        match side {
            Side::Server => self.args("serve", "increment"),
            Side::Client => self.args("ask", "increment"),
        }
    }

    /// The subject, supervised.
    fn subject(&self, plans: &[String]) -> Result<Supervised, FaultError> {
        let command = self.peers.command(self.subject.language)?;
        let words = self.words(self.subject.side);
        Supervised::start("subject", &command, &words, plans)
    }

    /// The other side, in Rust, without faults.
    fn other(&self) -> Result<Process, FaultError> {
        let other = match self.subject.side {
            Side::Server => Side::Client,
            Side::Client => Side::Server,
        };
        let command = self.peers.command(Language::Rust)?;
        let mut process = Process::start("other", command, &self.words(other))?;
        process.expect("READY", Instant::now() + PATIENCE)?;
        Ok(process)
    }

    /// What is in the run directory.
    fn files(&self) -> Result<Vec<String>, FaultError> {
        files(self.place.path())
    }

    /// What sessions go over if nothing fails.
    const fn transport(&self) -> &'static str {
        match self.subject.profile {
            1 => "socket",
            _ => "shm",
        }
    }
}

fn files(dir: &Path) -> Result<Vec<String>, FaultError> {
    let entries = fs::read_dir(dir).map_err(FaultError::Control)?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

/// Has a client ask.
fn ask(client: &mut Process) -> Result<Answer, FaultError> {
    client.say("ask 3 1")?;
    let line = client.line(Instant::now() + PATIENCE)?;
    let mut words = line.splitn(3, ' ');
    let (word, _took, rest) = (words.next(), words.next(), words.next().unwrap_or_default());
    match word {
        Some("RIGHT") => Ok(Answer::Right(rest.to_owned())),
        Some("FAILED") if !rest.trim().is_empty() => Ok(Answer::Failed(rest.to_owned())),
        _ => Err(FaultError::Wrong(format!("the client said {line:?}"))),
    }
}

/// Has a client end its session.
fn leave(client: &mut Process) -> Result<(), FaultError> {
    client.say("leave")?;
    Ok(client.expect("LEFT", Instant::now() + PATIENCE)?)
}

/// Calls that the runtime of a language makes where it cannot do without: what they do is not the library's.
fn is_of_runtime(language: Language, call: &str) -> bool {
    let runtime: &[&str] = match language {
        // Its threads, its poller, and waking the poller.
        Language::Go => &[
            "clone",
            "clone3",
            "stack",
            "epoll_create1",
            "epoll_ctl",
            "epoll_pwait",
            "epoll_wait",
            "read",
            "write",
        ],
        Language::Rust | Language::C => &[],
    };
    runtime.contains(&call)
}

/// Whether a call that a signal interrupts says so.
fn is_interruptible(call: &str) -> bool {
    [
        "connect",
        "accept4",
        "sendto",
        "sendmsg",
        "recvfrom",
        "recvmsg",
        "ppoll",
        "poll",
        "epoll_pwait",
        "epoll_wait",
        "openat",
        "flock",
        "fallocate",
        "pread64",
        "futex-wait",
        "futex_waitv",
        "read",
        "write",
    ]
    .contains(&call)
}

/// How a call may fail.
fn errors_of(call: &str) -> Vec<Errno> {
    let mut errors = vec![Errno::PERM, Errno::NOSYS];
    if ["read", "write"].contains(&call) {
        // Those of events, which can fail in no other way.
        errors.clear();
    }
    if is_interruptible(call) {
        errors.push(Errno::INTR);
    }
    match call {
        "socket" | "socketpair" | "accept4" | "eventfd2" | "epoll_create1" | "openat"
        | "memfd_create" => errors.push(Errno::MFILE),
        "mmap" | "stack" | "sendmsg" | "epoll_ctl" => errors.push(Errno::NOMEM),
        "clone3" | "clone" => errors.push(Errno::AGAIN),
        "fallocate" => errors.push(Errno::NOSPC),
        _ => {}
    }
    errors
}

/// Whether a client that has no answer says so as it must: by what the system said, but where it could not hear that.
fn is_told(call: &str, error: Errno, why: &str) -> bool {
    let said = match error {
        Errno::PERM => "operation not permitted",
        Errno::NOSYS => "function not implemented",
        Errno::MFILE => "too many open files",
        Errno::NOMEM => "cannot allocate memory",
        _ => return true,
    };
    let why = why.to_lowercase();
    match call {
        // Who serves is not known then, and nobody says a token to a stranger.
        "getsockopt" => why.contains("unknown"),
        // The other peer sleeps on.
        "futex-wake" => why.contains("no answer within the time allowed"),
        _ => why.contains(said),
    }
}

const fn name_of(error: Errno) -> &'static str {
    match error {
        Errno::PERM => "EPERM",
        Errno::NOSYS => "ENOSYS",
        Errno::INTR => "EINTR",
        Errno::MFILE => "EMFILE",
        Errno::NOMEM => "ENOMEM",
        Errno::AGAIN => "EAGAIN",
        Errno::NOSPC => "ENOSPC",
        _ => "another",
    }
}
