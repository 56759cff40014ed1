//! All calls of one kind fail, from the moment that a peer's own code runs, as a sandbox would have it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::io::Errno;

use super::{Answer, FaultError, Pair, Side, Subject, Tally, ask, is_of_runtime, leave, name_of};
use crate::language::Peers;
use crate::supervised::{Counts, PATIENCE, Supervised};

/// Lives at a time.
const JOBS: usize = 8;
/// How sandboxes refuse.
const ERRORS: [Errno; 2] = [Errno::PERM, Errno::NOSYS];
/// What a server needs to see, or to remove, what it leaves. Who cannot lock the file of the start must not remove
/// it: somebody else may have locked it. The next one that can does.
const TIDIES: [&str; 6] = [
    "unlinkat",
    "unlink",
    "newfstatat",
    "fstat",
    "openat",
    "flock",
];

/// How threads of a process wake one another: an event whose counter cannot be written is none, and who may not
/// write cannot say so either.
const RINGS: [&str; 2] = ["write", "read"];

/// Refuses `subject` every kind of system call that a life of it has, in turn.
///
/// # Errors
/// What is not as it has to be.
pub fn refused(peers: &Peers, subject: Subject) -> Result<Tally, FaultError> {
    let before = without_the_library(peers, subject)?;
    let (whole, _) = live(&Pair::new(peers, subject)?, &[])?;
    let cases = whole.into_iter().flat_map(|(call, count)| {
        let before = before.get(&call).copied().unwrap_or_default();
        let is_ours = count > before
            && !is_of_runtime(subject.language, &call)
            && !RINGS.contains(&call.as_str());
        ERRORS.map(|error| is_ours.then(|| (call.clone(), before, error)))
    });
    // Most of what takes long is waiting for somebody who does not answer.
    let cases = Mutex::new(cases.flatten());
    let next = || lock(&cases).next();
    let tally = Mutex::new(Tally::default());
    let work = || {
        while let Some((call, before, error)) = next() {
            let is_right = refuse(&Pair::new(peers, subject)?, &call, before, error)?;
            lock(&tally).note(&call, error, is_right);
        }
        Ok(())
    };
    let done: Result<(), FaultError> = thread::scope(|scope| {
        let workers = [(); JOBS].map(|()| scope.spawn(work));
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(done) => done,
                Err(_panic) => Err(FaultError::Wrong("a thread panicked".to_owned())),
            })
    });
    done.map(|()| tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// One life without one kind of calls; whether the answer was right.
fn refuse(pair: &Pair<'_>, call: &str, before: u32, error: Errno) -> Result<bool, FaultError> {
    let told = |what: String| {
        let (subject, name) = (pair.subject, name_of(error));
        FaultError::Wrong(format!("{subject}: {name} of every {call}: {what}"))
    };
    let plan = format!("refuse {call} {before} {}", error.raw_os_error());
    let lived = live(pair, &[plan]);
    let (_, is_right) = lived.map_err(|error| told(error.to_string()))?;
    let left = pair.files()?;
    if left.is_empty() || TIDIES.contains(&call) {
        Ok(is_right)
    } else {
        Err(told(format!("left behind: {left:?}")))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls until a peer's own code runs: one that does nothing makes no others.
fn without_the_library(
    peers: &Peers,
    subject: Subject,
) -> Result<BTreeMap<String, u32>, FaultError> {
    let command = peers.command(subject.language)?;
    let words = ["serve", "nothing"].map(OsString::from);
    let mut peer = Supervised::start("peer", &command, &words, &[])?;
    let counts = peer.last_counts()?;
    peer.process.wait(Instant::now() + PATIENCE)?;
    Ok(counts.into_iter().collect())
}

/// One life of the subject: from its start to its end, with a question between. What it called, and whether the
/// answer was right.
fn live(pair: &Pair<'_>, plans: &[String]) -> Result<(Counts, bool), FaultError> {
    let soon = || Instant::now() + PATIENCE;
    let mut server = match pair.subject.side {
        Side::Client => Some(pair.other()?),
        Side::Server => None,
    };
    let mut subject = pair.subject(plans)?;
    let mut is_right = false;
    match subject.process.next_line(soon())? {
        Some(line) if line == "READY" => {
            let mut client = match pair.subject.side {
                Side::Server => Some(pair.other()?),
                Side::Client => None,
            };
            let asking = client.as_mut().unwrap_or(&mut subject.process);
            is_right = matches!(ask(asking)?, Answer::Right(_));
            leave(asking)?;
        }
        Some(line) => return Err(FaultError::Wrong(format!("it said {line:?}"))),
        // It ends, and says why.
        None => {}
    }
    subject.process.end_input();
    let counts = subject.last_counts()?;
    let (status, errors) = subject.process.end_of(soon())?;
    let code = status.code().unwrap_or(255);
    if code >= 126 || (code != 0 && errors.is_empty()) {
        return Err(FaultError::Wrong(format!(
            "it ended with {status}: {errors:?}"
        )));
    }
    if let Some(server) = &mut server {
        server.end_input();
        server.end_of(soon())?;
    }
    Ok((counts, is_right))
}
