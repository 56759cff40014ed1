//! The differential test of what is around payloads: random headers, handshakes and batches go through the
//! encoders and decoders of every language, whole and spoilt, and bytes and verdicts must be the same. Payloads
//! have schemas: `crates/generated/tests/made` and `crates/schema/tests/schema` try those of every service.
//!
//! ```text
//! messages   random messages   --encode-->  peers  --->  the same bytes?
//! spoil      whole and spoilt  --decode-->  peers  --->  the same values, the same errors?
//! ```
//!
//! The lines that go to and fro are in the README.

mod line;
mod messages;
mod peer;
mod spoil;
mod tally;

use std::fmt::Write;
use std::iter;
use std::thread;

pub use line::{Line, LineError, Words};
pub use peer::CodecPeer;
pub use tally::Tally;

use crate::random::Random;
use messages::Message;
use peer::{Answers, Running};

/// Cases whose lines are on the way at the same time.
const CHUNK: u64 = 256;
/// How often a message is spoilt.
const SPOILT: usize = 6;

/// Which cases to try.
#[derive(Clone, Copy, Debug)]
pub struct Cases {
    /// The seed of the first one. Each of the others has the next one.
    pub seed: u64,
    /// How many.
    pub count: u64,
}

/// Peers that do not agree, or not with the case.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}\nasked: {asked}\n{answers}again: --seed {seed} --cases 1")]
pub struct Difference {
    /// What is wrong.
    pub reason: String,
    /// What all were asked, as a line of the protocol.
    pub asked: String,
    /// What each of them said, a line for each.
    pub answers: String,
    /// The seed of the case alone.
    pub seed: u64,
    /// Whether there is a peer that did not answer.
    unanswered: bool,
}

/// Tries cases; calls `see` with the number of those that are done.
///
/// # Errors
/// The first difference, or a peer that does not answer.
pub fn run(
    peers: &[CodecPeer],
    cases: Cases,
    mut see: impl FnMut(u64),
) -> Result<Tally, Difference> {
    let mut running = start(peers, cases.seed)?;
    let mut tally = Tally::default();
    let mut done = 0;
    while done < cases.count {
        let count = CHUNK.min(cases.count - done);
        let seeds = (done..done + count).map(|nth| cases.seed.wrapping_add(nth));
        try_cases(&mut running, seeds.clone(), &mut tally)
            .map_err(|found| alone(peers, found, seeds))?;
        done += count;
        see(done);
    }
    Ok(tally)
}

fn start(peers: &[CodecPeer], seed: u64) -> Result<Vec<Running>, Difference> {
    let start = |peer: &CodecPeer| {
        peer.start().map_err(|error| Difference {
            reason: error.to_string(),
            asked: "nothing yet".to_owned(),
            answers: String::new(),
            seed,
            unanswered: false,
        })
    };
    peers.iter().map(start).collect()
}

/// What was found, with the case to blame: a peer that ends takes answers along that it had not sent
/// yet, and so the cases are tried one by one.
fn alone(
    peers: &[CodecPeer],
    found: Difference,
    mut seeds: impl Iterator<Item = u64>,
) -> Difference {
    let blamed = |seed| {
        let mut running = start(peers, seed).ok()?;
        let tried = try_cases(&mut running, iter::once(seed), &mut Tally::default());
        tried.err().filter(|found| found.unanswered)
    };
    match found.unanswered {
        true => seeds.find_map(blamed).unwrap_or(found),
        false => found,
    }
}

/// Tries as many cases as are on the way at once.
fn try_cases(
    peers: &mut [Running],
    seeds: impl Iterator<Item = u64>,
    tally: &mut Tally,
) -> Result<(), Difference> {
    let mut cases: Vec<_> = seeds.map(Case::new).collect();
    let encode: Vec<_> = cases.iter().map(Case::encoding).collect();
    let written = agree(peers, &encode, tally)?;
    let mut decode = Vec::new();
    for (case, written) in cases.iter_mut().zip(&written) {
        case.decodings(written, &mut decode);
    }
    agree(peers, &decode, tally).map(drop)
}

/// A message, and what is done to it.
struct Case {
    seed: u64,
    random: Random,
    message: Message,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let message = Message::random(&mut random);
        Self {
            seed,
            random,
            message,
        }
    }

    fn encoding(&self) -> Question {
        let Message {
            kind, fields, read, ..
        } = &self.message;
        let mut line = Line::default();
        line.word("encode").word(kind).line(fields);
        Question {
            seed: self.seed,
            line,
            expected: match read {
                Some(_) => Expected::Success,
                None => Expected::Anything,
            },
        }
    }

    /// Adds what decoders are asked of a message that was `written`: as it is, and spoilt.
    fn decodings(&mut self, written: &str, questions: &mut Vec<Question>) {
        let mut words = Words::new(written);
        let (Ok("ok"), Ok(bytes)) = (words.word(), words.bytes()) else {
            return;
        };
        let expected = match &self.message.read {
            Some(read) => {
                let mut line = Line::default();
                Expected::Exactly(line.word("ok").line(read).clone())
            }
            None => Expected::Anything,
        };
        let (kind, items) = (self.message.kind, self.message.items);
        questions.push(self.decoding(kind, items, &bytes, expected));
        for _ in 0..SPOILT {
            let mut bytes = bytes.clone();
            spoil::spoil(&mut self.random, &mut bytes);
            let items = items.map(|items| match self.random.one_in(6) {
                true => self.random.number(32),
                false => items,
            });
            questions.push(self.decoding(kind, items, &bytes, Expected::Anything));
        }
        if self.random.one_in(4) {
            let (kind, items) = messages::other_kind(&mut self.random);
            questions.push(self.decoding(kind, items, &bytes, Expected::Anything));
        }
    }

    fn decoding(
        &self,
        kind: &str,
        items: Option<u64>,
        bytes: &[u8],
        expected: Expected,
    ) -> Question {
        let mut line = Line::default();
        line.word("decode").word(kind);
        if let Some(items) = items {
            line.word(items);
        }
        line.bytes(bytes);
        Question {
            seed: self.seed,
            line,
            expected,
        }
    }
}

/// What all peers are asked.
struct Question {
    seed: u64,
    line: Line,
    expected: Expected,
}

/// What the answer has to be, apart from that of all others.
enum Expected {
    Anything,
    Success,
    Exactly(Line),
}

impl Expected {
    fn is(&self, answer: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Success => answer.starts_with("ok"),
            Self::Exactly(line) => answer == line.as_str(),
        }
    }
}

/// What all peers answer to each question, if it is the same and right.
fn agree(
    peers: &mut [Running],
    questions: &[Question],
    tally: &mut Tally,
) -> Result<Vec<String>, Difference> {
    let lines = questions.iter().map(|question| question.line.as_str());
    let lines: String = lines.flat_map(|line| [line, "\n"]).collect();
    let count = questions.len();
    let mut answers: Vec<Answers> = thread::scope(|scope| {
        let ask = |peer| scope.spawn(|| Running::ask(peer, &lines, count));
        let asked: Vec<_> = peers.iter_mut().map(ask).collect();
        let answers = asked.into_iter().map(|asked| asked.join());
        answers.map(|answers| answers.unwrap_or_default()).collect()
    });
    for (nth, question) in questions.iter().enumerate() {
        let judged = judge(question, &answers, nth).map_err(|reason| Difference {
            reason,
            asked: question.line.as_str().to_owned(),
            answers: said(peers, &answers, nth),
            seed: question.seed,
            unanswered: answers.iter().any(|answers| answers.get(nth).is_err()),
        })?;
        tally.count(question.line.as_str(), judged);
    }
    Ok(answers.swap_remove(0).lines)
}

/// What all say to question `nth`, or what is wrong.
fn judge<'a>(question: &Question, answers: &'a [Answers], nth: usize) -> Result<&'a str, String> {
    let mut all = answers.iter().map(|answers| answers.get(nth));
    let first = all.next().unwrap_or(Err("there is no peer"))?;
    for other in all {
        if other? != first {
            return Err("the peers do not agree".to_owned());
        }
    }
    match question.expected.is(first) {
        true => Ok(first),
        false => Err("all agree on something wrong: what was written is not read".to_owned()),
    }
}

/// A line for each peer that answered question `nth`.
fn said(peers: &[Running], answers: &[Answers], nth: usize) -> String {
    let mut text = String::new();
    for (peer, answers) in peers.iter().zip(answers) {
        if let Ok(answer) = answers.get(nth) {
            // A string takes whatever comes.
            let _ = writeln!(text, "{}: {answer}", peer.name());
        }
    }
    text
}
