//! A server that passes descriptors to a consumer.

use std::os::fd::AsFd;
use std::thread;
use std::time::Instant;

use netipc::wire::Hello;

use super::socket::{Goods, Socket, acceptance, answer, refusal};
use super::{FaultError, Passed, SERVICE, Subject};
use crate::language::{Language, Peers};
use crate::supervised::PATIENCE;

const RING: &str = "with the acceptance of a ring";
/// When descriptors are passed.
const MOMENTS: [&str; 6] = [
    "before the HELLO",
    "with a refusal",
    "with an acceptance",
    RING,
    "behind an acceptance",
    "with an answer",
];

/// A server passes descriptors at every moment, to a consumer of `language`.
///
/// # Errors
/// A consumer that says something else than why it has no answer, a descriptor that stays open, or a good session
/// without its answer.
pub fn passes_to_a_client(peers: &Peers, language: Language) -> Result<Passed, FaultError> {
    let goods = Goods::new()?;
    let mut passed = Passed::default();
    let mut stage = Stage::new(peers, language, &goods, &mut passed)?;
    let lists = goods.lists(&stage.listener).len();
    for moment in MOMENTS {
        for list in 0..lists {
            asked(&mut stage, &goods, moment, list, &mut passed)?;
            if moment == RING {
                // It leaves rings out now, for a while.
                stage.end(&goods, moment, &mut passed)?;
                stage = Stage::new(peers, language, &goods, &mut passed)?;
            }
        }
        stage.is_well(&goods, moment, &mut passed)?;
    }
    stage.end(&goods, "anything", &mut passed)?;
    Ok(passed)
}

/// A consumer, and where it looks for its provider.
struct Stage {
    subject: Subject,
    listener: Socket,
}

impl Stage {
    fn new(
        peers: &Peers,
        language: Language,
        goods: &Goods,
        passed: &mut Passed,
    ) -> Result<Self, FaultError> {
        let subject = Subject::start(peers, language, "ask", 0x10)?;
        let listener = Socket::listen(&subject.place.path().join(format!("{SERVICE}.sock")))?;
        let mut stage = Self { subject, listener };
        // What is made at the first time stays.
        for _ in 0..2 {
            asked(&mut stage, goods, "", 0, passed)?;
        }
        stage.subject.settle()?;
        Ok(stage)
    }

    /// It has closed everything, and gets an answer.
    fn is_well(
        &mut self,
        goods: &Goods,
        moment: &str,
        passed: &mut Passed,
    ) -> Result<(), FaultError> {
        self.subject
            .has_closed_all(goods, &format!("passed {moment}"))?;
        let began = Instant::now();
        loop {
            // On a busy machine a handshake may take more than the time that it has.
            let said = asked(self, goods, "", 0, passed)?;
            if said.starts_with("RIGHT ") {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(self.subject.wrong(&format!("after {moment}: {said}")));
            }
        }
    }

    fn end(mut self, goods: &Goods, moment: &str, passed: &mut Passed) -> Result<(), FaultError> {
        self.is_well(goods, moment, passed)?;
        self.subject.process.end_input();
        Ok(self.subject.process.finish(Instant::now() + PATIENCE)?)
    }
}

/// Has the consumer ask once, of a server that passes descriptors at one moment; gives what it says.
fn asked(
    stage: &mut Stage,
    goods: &Goods,
    moment: &str,
    list: usize,
    passed: &mut Passed,
) -> Result<String, FaultError> {
    let (over, stop) = std::io::pipe().map_err(FaultError::Control)?;
    let Stage { subject, listener } = stage;
    let (listener, process) = (&*listener, &mut subject.process);
    process.say("ask 3 1")?;
    let (served, said) = thread::scope(|scope| {
        let serving = scope.spawn(|| {
            while let Some(session) = listener.accept(over.as_fd())? {
                serve(&session, goods, moment, list, passed)?;
            }
            Ok::<_, FaultError>(())
        });
        let soon = || Instant::now() + PATIENCE;
        let said = process.line(soon()).and_then(|line| {
            process.say("leave")?;
            process.expect("LEFT", soon())?;
            Ok(line)
        });
        drop(stop);
        (serving.join(), said)
    });
    let said = said?;
    match served {
        Ok(served) => served?,
        Err(_panic) => return Err(subject.wrong("a thread panicked")),
    }
    let is_honest = said.starts_with("RIGHT ")
        || said
            .strip_prefix("FAILED ")
            .is_some_and(|why| why.trim().len() > 3);
    if is_honest {
        Ok(said)
    } else {
        Err(subject.wrong(&format!("passed {moment}: {said}")))
    }
}

/// One session.
fn serve(
    socket: &Socket,
    goods: &Goods,
    moment: &str,
    list: usize,
    passed: &mut Passed,
) -> Result<(), FaultError> {
    let lists = goods.lists(socket);
    let list = lists.get(list).map_or(&[][..], |(_, list)| list);
    let mut say = |now: &str, packet: &[u8]| {
        if now == moment {
            socket.pass(packet, list, passed)
        } else if packet.len() > 1 {
            socket.send(packet)
        } else {
            Ok(())
        }
    };
    say("before the HELLO", b"x")?;
    let Some((_, hello)) = socket.hear()? else {
        return Ok(());
    };
    let Ok(hello) = Hello::decode(&hello) else {
        return Err(FaultError::Wrong("the consumer says no HELLO".to_owned()));
    };
    if moment == "with a refusal" {
        return say(moment, &refusal());
    }
    if moment == RING && hello.supported.0 & 0x10 != 0 {
        return say(moment, &acceptance(&hello, 0x10));
    }
    say("with an acceptance", &acceptance(&hello, 0x01))?;
    say("behind an acceptance", b"x")?;
    while let Some((request, payload)) = socket.hear()? {
        say("with an answer", &answer(&request, &payload))?;
    }
    Ok(())
}
