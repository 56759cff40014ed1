//! What stands beside the bytes of a question, and of its answer, between hosts.
//!
//! Both are 40 bytes, little-endian, in the attachment of zenoh's query and reply; the payloads are those of
//! NetIPC's messages, as they are.
//!
//! ```text
//!           0      2        3      4       6        8           12           16    20          24     32
//! question  magic  version  flags  method  0        item_count  deadline_ms  room  life        claim  held
//! reply     magic  version  flags  method  outcome  item_count  len          took  life        claim  tag
//! ```

use std::fmt;

use netipc::wire::{MethodCode, Status};

/// The version that is written, and the only one that is read.
pub const VERSION: u8 = 1;
/// Bytes of the header of a question, and of a reply.
pub const HEADER_LEN: usize = 40;

/// "NB".
const MAGIC: u16 = 0x424e;
/// The payload is a batch.
const BATCH: u8 = 1;
/// In a question: the reply may be compressed. In a reply: it is.
const LZ4: u8 = 2;
/// In a reply: there is no payload, because the asker holds it.
const UNCHANGED: u8 = 4;

/// What is asked, beside the request's bytes.
///
/// ```
/// use netipc::wire::MethodCode;
/// use netipc_bridge::wire::Question;
///
/// let question = Question {
///     method: MethodCode(1),
///     batch: None,
///     deadline_ms: 5000,
///     room: 65_536,
///     life: 0,
///     claim: 7,
///     held: 0,
///     takes_lz4: true,
/// };
/// assert_eq!(Question::decode(&question.encode()), Ok(question));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Question {
    /// The method of the request.
    pub method: MethodCode,
    /// The number of items, where it is a batch.
    pub batch: Option<u32>,
    /// Milliseconds that are left for the answer.
    pub deadline_ms: u32,
    /// The most bytes that the answer may have, as the asking side agreed with its client.
    pub room: u32,
    /// The provider that answered before, as [`Reply::life`] numbers it: another one is not asked. 0 asks any.
    pub life: u32,
    /// The claim that is asked, as its token names it; 0 asks whoever hears it.
    pub claim: u64,
    /// The tag of the answer to this very request that the asker still has; 0 is none.
    pub held: u64,
    /// Whether the answer may be compressed.
    pub takes_lz4: bool,
}

/// What is answered, beside the answer's bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reply {
    /// How the question fared.
    pub outcome: Outcome,
    /// The method of the request.
    pub method: MethodCode,
    /// The number of items, where it is a batch.
    pub batch: Option<u32>,
    /// How the payload stands there.
    pub form: Form,
    /// Bytes of the answer, before compression.
    pub len: u32,
    /// Microseconds that the exporting side took.
    pub took_us: u32,
    /// Which provider answered, counted by the exporter from 1: one that may be another has another number, also where
    /// its generations have the same. 0 where none did.
    pub life: u32,
    /// The claim that answers.
    pub claim: u64,
    /// What the asker says in [`Question::held`] when it asks the same again; 0 is nothing.
    pub tag: u64,
}

/// How the payload of an answer stands in a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// As it is.
    Plain,
    /// As an LZ4 block.
    Lz4,
    /// Not at all: it is the one that the asker holds.
    Unchanged,
}

/// How a question fared: what the provider said, by the numbers of NetIPC's statuses, or what kept it from
/// being asked, from 256 on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome(pub u16);

impl Outcome {
    /// Answered.
    pub const OK: Self = Self(Status::OK.0);
    /// Nobody serves the endpoint on that host.
    pub const ABSENT: Self = Self(0x100);
    /// The deadline passed there.
    pub const LATE: Self = Self(0x101);
    /// The asker is not allowed to ask this.
    pub const REFUSED: Self = Self(0x102);
    /// The asker asks more than it may at once, or in a second.
    pub const BUSY: Self = Self(0x103);
    /// The claim is another one than was asked: the host has restarted.
    pub const STALE: Self = Self(0x104);
    /// The question could not be understood.
    pub const MALFORMED: Self = Self(0x105);
    /// The question is of another version.
    pub const VERSION: Self = Self(0x106);
    /// The provider may be another one than answered before.
    pub const CHANGED: Self = Self(0x107);
    /// The request is longer than the exporter, or the provider there, takes.
    pub const TOO_LONG: Self = Self(0x108);
    /// Who asked has gone. No exporter says so: its importer does.
    pub const LEFT: Self = Self(0x109);

    /// Whether this program knows it: whoever answers may say any number.
    #[must_use]
    pub const fn is_known(self) -> bool {
        self.0 <= Status::INTERNAL_ERROR.0 || (self.0 >= Self::ABSENT.0 && self.0 <= Self::LEFT.0)
    }

    /// What a local client is told. Whatever kept a question from being answered is a handler that failed.
    #[must_use]
    pub const fn status(self) -> Status {
        match Status(self.0) {
            _ if self.0 == Self::TOO_LONG.0 => Status::LIMIT_EXCEEDED,
            Status::OK => Status::OK,
            Status::UNSUPPORTED => Status::UNSUPPORTED,
            Status::BAD_ENVELOPE => Status::BAD_ENVELOPE,
            Status::LIMIT_EXCEEDED => Status::LIMIT_EXCEEDED,
            _ => Status::INTERNAL_ERROR,
        }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        Self(status.0)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Self::ABSENT => "nobody serves it there",
            Self::LATE => "the deadline passed there",
            Self::REFUSED => "not allowed there: see --allow of the exporter",
            Self::BUSY => "more questions than allowed: see --rate of the exporter",
            Self::STALE => "the host has restarted",
            Self::MALFORMED => "the question was malformed",
            Self::VERSION => "the exporter speaks another version",
            Self::CHANGED => "the provider there may have restarted",
            Self::TOO_LONG => {
                "a longer request than is taken there: see --request-bytes of both sides"
            }
            Self::LEFT => "the client did not wait for the answer",
            Self(status) => return fmt::Display::fmt(&Status(status), f),
        };
        f.write_str(text)
    }
}

/// Why a header is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    /// It does not begin as one, or has another length.
    #[error("{0} bytes that are no header of the bridge")]
    NoHeader(usize),
    /// It is of a version that this program does not know.
    #[error("a header of version {0}: this program speaks version {VERSION}")]
    Version(u8),
    /// A field says what it may not.
    #[error("{0} of the header is not allowed")]
    Field(&'static str),
}

impl Question {
    /// What is answered where a question could not be read.
    pub(crate) const UNREADABLE: Self = Self {
        method: MethodCode(0),
        batch: None,
        deadline_ms: 0,
        room: 0,
        life: 0,
        claim: 0,
        held: 0,
        takes_lz4: false,
    };

    /// The header.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let flags = flag(self.batch.is_some(), BATCH) | flag(self.takes_lz4, LZ4);
        write(&Fields {
            flags,
            method: self.method.0,
            outcome: 0,
            words: [
                self.batch.unwrap_or(1),
                self.deadline_ms,
                self.room,
                self.life,
            ],
            longs: [self.claim, self.held],
        })
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let fields = read(bytes, BATCH | LZ4)?;
        let ([items, deadline_ms, room, life], [claim, held]) = (fields.words, fields.longs);
        if fields.outcome != 0 {
            return Err(Malformed::Field("the reserved field"));
        }
        Ok(Self {
            method: MethodCode(fields.method),
            batch: items_of(fields.flags, items)?,
            deadline_ms,
            room,
            life,
            claim,
            held,
            takes_lz4: fields.flags & LZ4 != 0,
        })
    }
}

impl Reply {
    /// The header.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let form = match self.form {
            Form::Plain => 0,
            Form::Lz4 => LZ4,
            Form::Unchanged => UNCHANGED,
        };
        write(&Fields {
            flags: flag(self.batch.is_some(), BATCH) | form,
            method: self.method.0,
            outcome: self.outcome.0,
            words: [self.batch.unwrap_or(1), self.len, self.took_us, self.life],
            longs: [self.claim, self.tag],
        })
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let fields = read(bytes, BATCH | LZ4 | UNCHANGED)?;
        let ([items, len, took_us, life], [claim, tag]) = (fields.words, fields.longs);
        let form = match fields.flags & (LZ4 | UNCHANGED) {
            0 => Form::Plain,
            LZ4 => Form::Lz4,
            UNCHANGED => Form::Unchanged,
            _ => return Err(Malformed::Field("the form")),
        };
        let outcome = Outcome(fields.outcome);
        if outcome != Outcome::OK && (len != 0 || form != Form::Plain) {
            return Err(Malformed::Field("the length of a refusal"));
        }
        Ok(Self {
            outcome,
            method: MethodCode(fields.method),
            batch: items_of(fields.flags, items)?,
            form,
            len,
            took_us,
            life,
            claim,
            tag,
        })
    }

    /// The same question, not answered.
    #[must_use]
    pub const fn refusal(question: &Question, claim: u64, outcome: Outcome) -> Self {
        Self {
            outcome,
            method: question.method,
            batch: question.batch,
            form: Form::Plain,
            len: 0,
            took_us: 0,
            life: 0,
            claim,
            tag: 0,
        }
    }
}

/// What both headers are made of.
struct Fields {
    flags: u8,
    method: u16,
    outcome: u16,
    words: [u32; 4],
    longs: [u64; 2],
}

fn write(fields: &Fields) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    let mut at = 0;
    let mut put = |part: &[u8]| {
        // The parts are as long as the header.
        if let Some(place) = bytes.get_mut(at..at + part.len()) {
            place.copy_from_slice(part);
        }
        at += part.len();
    };
    put(&MAGIC.to_le_bytes());
    put(&[VERSION, fields.flags]);
    put(&fields.method.to_le_bytes());
    put(&fields.outcome.to_le_bytes());
    fields
        .words
        .iter()
        .for_each(|word| put(&word.to_le_bytes()));
    fields
        .longs
        .iter()
        .for_each(|long| put(&long.to_le_bytes()));
    bytes
}

fn read(bytes: &[u8], known: u8) -> Result<Fields, Malformed> {
    let none = Malformed::NoHeader(bytes.len());
    let (magic, rest) = bytes.split_first_chunk::<2>().ok_or(none)?;
    let (&[version, flags], _) = rest.split_first_chunk::<2>().ok_or(none)?;
    if u16::from_le_bytes(*magic) != MAGIC {
        return Err(none);
    }
    if version != VERSION {
        return Err(Malformed::Version(version));
    }
    let bytes: &[u8; HEADER_LEN] = bytes.try_into().map_err(|_whatever| none)?;
    if flags & !known != 0 {
        return Err(Malformed::Field("a flag"));
    }
    Ok(Fields {
        flags,
        method: u16::from_le_bytes([bytes[4], bytes[5]]),
        outcome: u16::from_le_bytes([bytes[6], bytes[7]]),
        words: [8, 12, 16, 20].map(|at| word(bytes, at)),
        longs: [24, 32].map(|at| u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32),
    })
}

fn word(bytes: &[u8; HEADER_LEN], at: usize) -> u32 {
    let mut word = [0; 4];
    word.iter_mut()
        .zip(bytes.iter().skip(at))
        .for_each(|(to, from)| *to = *from);
    u32::from_le_bytes(word)
}

const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// The number of items of a batch, which has some; anything else is one.
const fn items_of(flags: u8, items: u32) -> Result<Option<u32>, Malformed> {
    match (flags & BATCH != 0, items) {
        (true, 1..) => Ok(Some(items)),
        (false, 1) => Ok(None),
        _ => Err(Malformed::Field("the number of items")),
    }
}
