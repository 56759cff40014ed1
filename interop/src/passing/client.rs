//! A client that passes descriptors to a provider.

use std::path::PathBuf;
use std::time::Instant;

use netipc::wire::Status;

use super::socket::{Goods, Socket, hello, request};
use super::{FaultError, PROFILES, Passed, SERVICE, Subject};
use crate::language::{Language, Peers};
use crate::supervised::PATIENCE;

/// How often a session is tried.
const TRIES: u32 = 5;
/// When descriptors are passed.
const MOMENTS: [&str; 5] = [
    "before the HELLO",
    "with the HELLO",
    "behind the HELLO",
    "with a request",
    "behind an answer",
];

/// A client passes descriptors at every moment, to a provider of `language`, over every profile.
///
/// # Errors
/// A question without its answer, a descriptor that stays open, or a provider that does not end in order.
pub fn passes_to_a_server(peers: &Peers, language: Language) -> Result<Passed, FaultError> {
    let mut subject = Subject::start(peers, language, "serve", 0x16)?;
    let goods = Goods::new()?;
    let mut passed = Passed::default();
    // What is made at the first time stays.
    for profile in PROFILES {
        visit(&subject, &goods, "", profile, usize::MAX, &mut passed)?;
    }
    subject.settle()?;
    let lists = goods.lists(&Socket::connect(&endpoint(&subject))?).len();
    for profile in PROFILES {
        for moment in MOMENTS {
            for list in 0..lists {
                visit(&subject, &goods, moment, profile, list, &mut passed)?;
            }
            subject.has_closed_all(&goods, &format!("passed {moment}, profile {profile:#04x}"))?;
        }
    }
    subject.process.end_input();
    let said = subject.process.line(Instant::now() + PATIENCE)?;
    if !said.starts_with("SERVED ") {
        return Err(subject.wrong(&format!("says {said:?}")));
    }
    subject.process.finish(Instant::now() + PATIENCE)?;
    Ok(passed)
}

/// One session, with descriptors at one moment. On a busy machine this process may be too late with its HELLO, but not
/// again and again.
fn visit(
    subject: &Subject,
    goods: &Goods,
    moment: &str,
    profile: u32,
    list: usize,
    passed: &mut Passed,
) -> Result<(), FaultError> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        last = visit_once(subject, goods, moment, profile, list, passed);
        if last.is_ok() {
            break;
        }
    }
    last
}

fn visit_once(
    subject: &Subject,
    goods: &Goods,
    moment: &str,
    profile: u32,
    list: usize,
    passed: &mut Passed,
) -> Result<(), FaultError> {
    let socket = Socket::connect(&endpoint(subject))?;
    let lists = goods.lists(&socket);
    let (what, list) = lists
        .get(list)
        .map_or(("nothing", &[][..]), |(what, list)| (what, list));
    let wrong = |why: &str| {
        subject.wrong(&format!(
            "passed {what} {moment}, profile {profile:#04x}: {why}"
        ))
    };
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
    say("with the HELLO", &hello(profile))?;
    say("behind the HELLO", b"x")?;
    // Where the system takes what was passed, the packet with it breaks the protocol.
    let Some((header, _)) = socket.hear()? else {
        return if moment.ends_with("the HELLO") {
            Ok(())
        } else {
            Err(wrong("there is no session"))
        };
    };
    if header.status != Status::OK {
        return Err(wrong(&format!("the session is refused: {}", header.status)));
    }
    if profile != 1 {
        // What comes over shared memory is the library's; the socket is watched for stray packets.
        say("with a request", b"x")?;
        say("behind an answer", b"x")?;
        return Ok(());
    }
    for number in [7, 8] {
        say(
            if number == 7 { "with a request" } else { "" },
            &request(number, number),
        )?;
        let answer = socket.hear()?.map(|(_, payload)| payload);
        if answer.as_deref() != Some(&(number + 1).to_le_bytes()[..]) {
            return Err(wrong(&format!("the answer is {answer:?}")));
        }
        if number == 7 {
            say("behind an answer", b"x")?;
        }
    }
    Ok(())
}

fn endpoint(subject: &Subject) -> PathBuf {
    subject.place.path().join(format!("{SERVICE}.sock"))
}
