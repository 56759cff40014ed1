//! Peers that pass descriptors nobody asked for, at every step of a session, to processes of every language: what
//! becomes of the session, and that none of them stays open.
//!
//! ```text
//! socket   a packet socket without a library behind it, and what it passes
//! client   passes descriptors to a provider
//! server   passes descriptors to a consumer
//! ```

mod client;
mod server;
pub(crate) mod socket;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::language::{Language, Peers};
use crate::process::Process;
pub use crate::supervised::FaultError;
use crate::supervised::{PATIENCE, until};
use socket::Goods;
use tempfile::TempDir;

pub use client::passes_to_a_server;
pub use server::passes_to_a_client;

/// What a peer is told by whom, and where.
const TOKEN: u64 = 7;
const SERVICE: &str = "svc";
/// The profiles that sessions are tried over.
const PROFILES: [u32; 4] = [0x01, 0x02, 0x04, 0x10];

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passed {
    /// Descriptors that the system took, and passed or threw away.
    pub taken: u32,
    /// Descriptors that the system refused, as the process had asked it to.
    pub refused: u32,
}

/// A process of one language, and its run directory.
struct Subject {
    language: Language,
    process: Process,
    place: TempDir,
    /// The descriptors that it has while nothing happens.
    idle: usize,
}

impl Subject {
    fn start(
        peers: &Peers,
        language: Language,
        role: &str,
        profile: u32,
    ) -> Result<Self, FaultError> {
        let place = tempfile::Builder::new().prefix("netipc-passing-").tempdir();
        let place = place.map_err(FaultError::Control)?;
        let mut subject = Self {
            process: Process::start(
                "subject",
                peers.command(language)?,
                &words(&place, role, profile),
            )?,
            language,
            place,
            idle: 0,
        };
        subject.process.expect("READY", Instant::now() + PATIENCE)?;
        Ok(subject)
    }

    /// Takes what it has open now, once that no longer changes, for what it has while nothing happens.
    fn settle(&mut self) -> Result<(), FaultError> {
        let (mut last, mut alike) = (0, 0);
        self.idle = until(|| {
            let now = self.open()?;
            alike = if now == last { alike + 1 } else { 0 };
            last = now;
            std::thread::sleep(Duration::from_millis(1));
            Ok(if alike == 30 {
                Ok(now)
            } else {
                Err(format!("it settles: {now} descriptors"))
            })
        })?;
        Ok(())
    }

    /// Its descriptors.
    fn open(&self) -> Result<usize, FaultError> {
        Ok(self.links()?.len())
    }

    /// What its descriptors lead to.
    fn links(&self) -> Result<Vec<PathBuf>, FaultError> {
        let pid = self.process.id().map_or(0, |pid| pid.as_raw_pid());
        links_of(&pid.to_string())
    }

    /// Waits until it has none of the goods open, and no more than while nothing happens, but for one: an event is made by
    /// the first wait that has to sleep.
    fn has_closed_all(&self, goods: &Goods, after: &str) -> Result<(), FaultError> {
        until(|| {
            let now = self.links()?;
            let is_over = now.len() <= self.idle + 1 && !goods.are_among(&now);
            Ok(if is_over {
                Ok(())
            } else {
                Err(format!("{} descriptors, {after}: {now:?}", self.idle))
            })
        })
    }

    fn wrong(&self, what: &str) -> FaultError {
        FaultError::Wrong(format!("the {} peer, {what}", self.language))
    }
}

/// How a peer of `place` is started.
fn words(place: &TempDir, role: &str, profile: u32) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec![role.into(), "increment".into(), "--run-dir".into()];
    args.push(place.path().into());
    let (token, profile) = (TOKEN.to_string(), profile.to_string());
    let rest = [
        "--service",
        SERVICE,
        "--token",
        &token,
        "--profile",
        &profile,
        "--timeout",
        "10000",
    ];
    args.extend(rest.map(OsString::from));
    args
}

/// What the descriptors of a process lead to.
fn links_of(pid: &str) -> Result<Vec<PathBuf>, FaultError> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).map_err(FaultError::Control)?;
    // One may be closed meanwhile.
    Ok(entries
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect())
}
