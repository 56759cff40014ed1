//! What was found, and how it is shown.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::exit::Exit;
use crate::plain::plain;
use crate::terminal::{Colour, counted, painted, wrapped};

/// What stands in front of what is as it should be.
const OK: &str = "ok";

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cause {
    DataFileInvalid,
    RunDirMissing,
    RunDirUnreadable,
    RunDirWritableByOthers,
    RunDirOfAnotherUser,
    FileSystemFull,
    PathTooLong,
    NameInvalid,
    ServiceMissing,
    NotASocket,
    WrongSocketType,
    StaleSocket,
    OrphanedRegion,
    TokenInvalid,
    PermissionDenied,
    ProviderStopped,
    ProviderHung,
    ListenerHeldByChild,
    TokenRefused,
    UserRefused,
    ServerNotTrusted,
    NoCommonProfile,
    VersionMismatch,
    SessionsTaken,
    LimitExceeded,
    MalformedAnswer,
    HandlerFailed,
    NoAnswer,
    ConnectionLost,
    SlowHandshake,
    SlowHandler,
    SourceStale,
    ClientsRefused,
    SocketInsteadOfShm,
    NotSeen,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    Problem,
    Warning,
    Note,
}

impl Cause {
    const fn severity(self) -> Severity {
        match self {
            Self::NotSeen => Severity::Note,
            Self::OrphanedRegion
            | Self::SlowHandshake
            | Self::SlowHandler
            | Self::SourceStale
            | Self::ClientsRefused
            | Self::SocketInsteadOfShm => Severity::Warning,
            _ => Severity::Problem,
        }
    }

    const fn exit(self) -> Exit {
        match self {
            Self::DataFileInvalid | Self::PathTooLong | Self::NameInvalid | Self::TokenInvalid => {
                Exit::Usage
            }
            Self::RunDirMissing | Self::ServiceMissing | Self::StaleSocket | Self::NotASocket => {
                Exit::NotFound
            }
            Self::TokenRefused
            | Self::UserRefused
            | Self::ServerNotTrusted
            | Self::PermissionDenied => Exit::AuthFailed,
            Self::NoCommonProfile | Self::VersionMismatch | Self::WrongSocketType => {
                Exit::Incompatible
            }
            Self::LimitExceeded => Exit::TooLarge,
            Self::ProviderStopped
            | Self::ProviderHung
            | Self::ListenerHeldByChild
            | Self::NoAnswer => Exit::Timeout,
            Self::MalformedAnswer => Exit::Protocol,
            Self::SessionsTaken | Self::ConnectionLost => Exit::NoSession,
            _ => Exit::Failed,
        }
    }

    /// The cause in a few words.
    const fn name(self) -> &'static str {
        match self {
            Self::DataFileInvalid => "data file not valid",
            Self::RunDirMissing => "run directory missing",
            Self::RunDirUnreadable => "run directory unreadable",
            Self::RunDirWritableByOthers => "run directory open to others",
            Self::RunDirOfAnotherUser => "run directory of another user",
            Self::FileSystemFull => "file system full",
            Self::PathTooLong => "path too long",
            Self::NameInvalid => "name not valid",
            Self::ServiceMissing => "service missing",
            Self::NotASocket => "no socket",
            Self::WrongSocketType => "socket of another type",
            Self::StaleSocket => "stale socket",
            Self::OrphanedRegion => "orphaned region",
            Self::TokenInvalid => "no token",
            Self::PermissionDenied => "permission denied",
            Self::ProviderStopped => "provider stopped",
            Self::ProviderHung => "provider hangs",
            Self::ListenerHeldByChild => "listener held by another process",
            Self::TokenRefused => "token refused",
            Self::UserRefused => "user refused",
            Self::ServerNotTrusted => "server not trusted",
            Self::NoCommonProfile => "no common profile",
            Self::VersionMismatch => "version mismatch",
            Self::SessionsTaken => "all sessions taken",
            Self::LimitExceeded => "limit exceeded",
            Self::MalformedAnswer => "malformed answer",
            Self::HandlerFailed => "handler failed",
            Self::NoAnswer => "no answer",
            Self::ConnectionLost => "connection lost",
            Self::SlowHandshake => "slow handshake",
            Self::SlowHandler => "slow handler",
            Self::SourceStale => "source stale",
            Self::ClientsRefused => "clients refused",
            Self::SocketInsteadOfShm => "socket instead of shared memory",
            Self::NotSeen => "not seen",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) cause: Cause,
    severity: Severity,
    what: String,
    evidence: Vec<String>,
    to_do: Option<String>,
    /// What is provably stale: run directory and service, for [`super::tidy`].
    #[serde(skip)]
    pub(super) stale: Option<(PathBuf, String, PathBuf)>,
}

impl Finding {
    pub(super) fn new(cause: Cause, what: String) -> Self {
        Self {
            cause,
            severity: cause.severity(),
            what,
            evidence: Vec::new(),
            to_do: None,
            stale: None,
        }
    }

    pub(super) fn evidence(mut self, what: impl Into<String>) -> Self {
        self.evidence.push(what.into());
        self
    }

    pub(super) fn all_evidence(mut self, what: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(what);
        self
    }

    pub(super) fn advice(mut self, what: impl Into<String>) -> Self {
        self.to_do = Some(what.into());
        self
    }

    pub(super) fn stale(mut self, run_dir: &Path, service: &str, path: &Path) -> Self {
        self.stale = Some((run_dir.to_owned(), service.to_owned(), path.to_owned()));
        self
    }
}

/// Somebody who answered: what carried the session, and how many microseconds it took.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) endpoint: String,
    pub(super) transport: String,
    pub(super) handshake_us: u64,
    /// None where there was no call, or no answer.
    pub(super) call_us: Option<u64>,
}

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    /// What was looked at and is as it should be.
    healthy: Vec<String>,
    pub(super) asked: Vec<Asked>,
    /// What was removed, and what could not be.
    pub(super) removed: Vec<PathBuf>,
    pub(super) not_removed: Vec<String>,
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn healthy(&mut self, what: String) {
        self.healthy.push(what);
    }

    fn problems(&self) -> impl Iterator<Item = &Finding> {
        let is_problem = |finding: &&Finding| finding.severity == Severity::Problem;
        self.findings.iter().filter(is_problem)
    }

    /// What the program ends with: as the first problem says; what was removed is none any more.
    pub(super) fn exit(&self) -> Option<Exit> {
        let mut left = self.problems().filter(|finding| self.is_left(finding));
        left.next().map(|finding| finding.cause.exit())
    }

    /// Whether it was not removed.
    fn is_left(&self, finding: &Finding) -> bool {
        let path = finding.stale.as_ref().map(|(_, _, path)| path);
        path.is_none_or(|path| !self.removed.contains(path))
    }

    /// What is provably stale.
    pub(super) fn stale(&self) -> impl Iterator<Item = &Path> {
        let stale = self.findings.iter().filter_map(|one| one.stale.as_ref());
        stale.map(|(_, _, path)| path.as_path())
    }

    /// Tells what was found.
    pub(super) fn print_findings(&self, out: &mut impl Write) -> io::Result<()> {
        for what in &self.healthy {
            let line = wrapped(&format!("{OK}: {}", plain(what)));
            write!(out, "{}", painted_start(&line, OK, Colour::Green))?;
        }
        self.findings
            .iter()
            .try_for_each(|finding| self.print_finding(finding, out))
    }

    /// Tells what is about to be removed.
    pub(super) fn print_stale(&self, out: &mut impl Write) -> io::Result<()> {
        for path in self.stale() {
            writeln!(out, "to remove: {}", plain(&path.to_string_lossy()))?;
        }
        Ok(())
    }

    /// Tells what was removed, and what is left.
    pub(super) fn print_end(&self, out: &mut impl Write) -> io::Result<()> {
        for path in &self.removed {
            writeln!(out, "removed: {}", plain(&path.to_string_lossy()))?;
        }
        for what in &self.not_removed {
            write!(out, "{}", wrapped(&format!("not removed: {}", plain(what))))?;
        }
        let left = |severity| {
            let all = self.findings.iter().filter(|one| self.is_left(one));
            all.filter(|one| one.severity == severity).count()
        };
        match (left(Severity::Problem), left(Severity::Warning)) {
            (0, 0) if !self.removed.is_empty() => writeln!(out, "no problem is left"),
            (0, 0) => writeln!(out, "no problem found"),
            (problems, warnings) => {
                let problems = counted(problems, "problem");
                writeln!(out, "{problems}, {}", counted(warnings, "warning"))
            }
        }
    }

    fn print_finding(&self, finding: &Finding, out: &mut impl Write) -> io::Result<()> {
        let (severity, colour) = match finding.severity {
            Severity::Problem => ("PROBLEM", Some(Colour::Red)),
            Severity::Warning => ("warning", Some(Colour::Yellow)),
            Severity::Note => ("note", None),
        };
        let first = format!(
            "{severity}: {}: {}",
            finding.cause.name(),
            plain(&finding.what)
        );
        let first = wrapped(&first);
        let first = match colour {
            Some(colour) => painted_start(&first, severity, colour),
            None => first,
        };
        write!(out, "{first}")?;
        for evidence in &finding.evidence {
            write!(out, "{}", wrapped(&format!("  {}", plain(evidence))))?;
        }
        match &finding.to_do {
            Some(to_do) => write!(out, "{}", wrapped(&format!("  -> {}", plain(to_do)))),
            None => Ok(()),
        }
    }
}

/// A line whose start, which it has, is in a colour.
fn painted_start(line: &str, start: &str, colour: Colour) -> String {
    let rest = line.strip_prefix(start).unwrap_or_default();
    painted(start, colour) + rest
}

/// Advice to run this program as somebody who may.
pub(super) fn run_as(user: &str) -> String {
    if user == "root" {
        "run as root".to_owned()
    } else {
        format!("run as {user} or root")
    }
}
