//! One call of a session fails, each in turn.

use std::time::Instant;

use rustix::io::Errno;

use super::{
    Answer, FaultError, Pair, Side, Subject, Tally, ask, errors_of, is_of_runtime, is_told, leave,
    name_of,
};
use crate::language::{Language, Peers};
use crate::process::Process;
use crate::supervised::{Counts, PATIENCE, Resources, Supervised, until};

/// Calls of one kind in a session that are tried, at most.
const MOST: u32 = 6;

/// Has every system call of a session of `subject` fail, in turn, by every error that it may have.
///
/// # Errors
/// What is not as it has to be.
pub fn once(peers: &Peers, subject: Subject) -> Result<Tally, FaultError> {
    let pair = Pair::new(peers, subject)?;
    let mut sides = Sides::start(&pair)?;
    // What is made at the first time stays.
    for _ in 0..2 {
        sides.expect_right()?;
    }
    let idle = sides.settled()?;
    sides.subject.count()?;
    sides.expect_right()?;
    let calls: Counts = sides.subject.counts()?;
    let mut tally = Tally::default();
    for (call, count) in calls {
        if is_of_runtime(subject.language, &call) {
            continue;
        }
        for error in errors_of(&call) {
            for nth in 1..=count.min(MOST) {
                let told = |what: String| {
                    let name = name_of(error);
                    FaultError::Wrong(format!("{subject}: {name} of {call} number {nth}: {what}"))
                };
                let tried = sides.fault(&call, nth, error, &idle);
                match tried.map_err(|error| told(error.to_string()))? {
                    Some(is_right) => tally.note(&call, error, is_right),
                    None => break,
                }
            }
        }
    }
    sides.end()?;
    let left = pair.files()?;
    if left.is_empty() {
        Ok(tally)
    } else {
        Err(FaultError::Wrong(format!(
            "{subject}: left behind: {left:?}"
        )))
    }
}

/// Both peers.
struct Sides<'p> {
    pair: &'p Pair<'p>,
    subject: Supervised,
    other: Process,
}

impl<'p> Sides<'p> {
    fn start(pair: &'p Pair<'p>) -> Result<Self, FaultError> {
        // The server is there first.
        if pair.subject.side == Side::Server {
            let subject = started(pair)?;
            let other = pair.other()?;
            Ok(Self {
                pair,
                subject,
                other,
            })
        } else {
            let other = pair.other()?;
            let subject = started(pair)?;
            Ok(Self {
                pair,
                subject,
                other,
            })
        }
    }

    fn client(&mut self) -> &mut Process {
        match self.pair.subject.side {
            Side::Server => &mut self.other,
            Side::Client => &mut self.subject.process,
        }
    }

    /// Asks until the answer is right and came over what it is to go over, and leaves. A client that has left
    /// shared memory out for a while makes place for another.
    fn expect_right(&mut self) -> Result<(), FaultError> {
        let transport = self.pair.transport();
        until(|| {
            let answer = ask(self.client())?;
            leave(self.client())?;
            match answer {
                Answer::Right(over) if over == transport => Ok(Ok(())),
                Answer::Right(over) => {
                    self.replace_client()?;
                    Ok(Err(format!(
                        "sessions over {transport}: they go over {over}"
                    )))
                }
                Answer::Failed(why) => Ok(Err(format!("an answer: {why}"))),
            }
        })
    }

    fn replace_client(&mut self) -> Result<(), FaultError> {
        match self.pair.subject.side {
            Side::Server => self.other = self.pair.other()?,
            Side::Client => {
                self.subject = started(self.pair)?;
                // What is made at the first time.
                ask(self.client())?;
                leave(self.client())?;
            }
        }
        Ok(())
    }

    /// Tries one fault. Whether the answer was right nevertheless; nothing where the call did not come.
    fn fault(
        &mut self,
        call: &str,
        nth: u32,
        error: Errno,
        idle: &Resources,
    ) -> Result<Option<bool>, FaultError> {
        self.subject.fail(call, nth, error.raw_os_error())?;
        let answer = ask(self.client())?;
        leave(self.client())?;
        if self.subject.clear()? == 0 {
            return Ok(None);
        }
        let expected = Answer::Right(self.pair.transport().to_owned());
        if error == Errno::INTR && answer != expected {
            return Err(FaultError::Wrong(format!(
                "it is no matter, but {answer:?}"
            )));
        }
        if let (Side::Client, Answer::Failed(why)) = (self.pair.subject.side, &answer)
            && !is_told(call, error, why)
        {
            return Err(FaultError::Wrong(format!("its error is: {why}")));
        }
        self.expect_right()?;
        let resources = |sides: &Self| sides.subject.resources(sides.has_own_threads());
        until(|| {
            let (now, files) = (resources(self)?, self.pair.files()?);
            if now.is_within(idle) && files == ["svc.sock"] {
                Ok(Ok(()))
            } else {
                Ok(Err(format!(
                    "{idle:?} and a socket: there are {now:?} and {files:?}"
                )))
            }
        })?;
        Ok(Some(matches!(answer, Answer::Right(_))))
    }

    /// What the subject has while nobody asks, once that no longer changes.
    fn settled(&self) -> Result<Resources, FaultError> {
        let (mut last, mut alike) = (None, 0);
        until(|| {
            let now = Some(self.subject.resources(self.has_own_threads())?);
            alike = if now == last { alike + 1 } else { 0 };
            last = now;
            match now {
                Some(now) if alike == 30 => Ok(Ok(now)),
                _ => Ok(Err(format!("it settles: {now:?}"))),
            }
        })
    }

    /// Whether threads are the library's: the runtime of Go keeps its own for later.
    fn has_own_threads(&self) -> bool {
        self.pair.subject.language != Language::Go
    }

    fn end(self) -> Result<(), FaultError> {
        let (subject, other) = (self.subject.process, self.other);
        let (mut client, mut server) = match self.pair.subject.side {
            Side::Server => (other, subject),
            Side::Client => (subject, other),
        };
        client.end_input();
        client.finish(Instant::now() + PATIENCE)?;
        server.end_input();
        let served = server.line(Instant::now() + PATIENCE)?;
        if !served.starts_with("SERVED ") {
            return Err(FaultError::Wrong(format!("the server said {served:?}")));
        }
        Ok(server.finish(Instant::now() + PATIENCE)?)
    }
}

fn started(pair: &Pair<'_>) -> Result<Supervised, FaultError> {
    let mut subject = pair.subject(&[])?;
    subject.process.expect("READY", Instant::now() + PATIENCE)?;
    Ok(subject)
}
