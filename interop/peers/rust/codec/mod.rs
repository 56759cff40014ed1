//! The Rust peer of the differential test: encodes and decodes what it is told to.

mod fixed;
mod lists;

use std::io::{self, BufRead, BufReader, BufWriter, Write};

use netipc::wire::{WireError, WireErrorKind};
use netipc_interop::differential::{Line, LineError, Words};

/// Answers lines until the input ends.
pub(crate) fn run() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let answer = answer(&line).map_err(io::Error::other)?;
        writeln!(output, "{}", answer.as_str())?;
        // Whoever has asked everything so far waits.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
    }
    output.flush()
}

fn answer(line: &str) -> Result<Line, LineError> {
    let mut words = Words::new(line);
    let done = match (words.word()?, words.word()?) {
        ("encode", kind) => encode(kind, &mut words),
        ("decode", kind) => decode(kind, &mut words),
        (other, _) => return Err(LineError::new("encode or decode", other)),
    };
    let mut answer = Line::default();
    match done {
        Ok(said) => answer.word("ok").line(&said),
        Err(Failure::Wire(kind)) => answer.word("error").word(name(kind)),
        Err(Failure::Line(error)) => return Err(error),
    };
    Ok(answer)
}

fn encode(kind: &str, words: &mut Words<'_>) -> Result<Line, Failure> {
    match kind {
        "header" => fixed::encode_header(words),
        "chunk" => fixed::encode_chunk(words),
        "hello" => fixed::encode_hello(words),
        "hello-ack" => fixed::encode_hello_ack(words),
        "batch" => lists::encode_batch(words),
        other => Err(LineError::new("a kind", other).into()),
    }
}

fn decode(kind: &str, words: &mut Words<'_>) -> Result<Line, Failure> {
    if kind == "batch" {
        return lists::decode_batch(words.number()?, &words.bytes()?);
    }
    let bytes = words.bytes()?;
    match kind {
        "header" => fixed::decode_header(&bytes),
        "chunk" => fixed::decode_chunk(&bytes),
        "hello" => fixed::decode_hello(&bytes),
        "hello-ack" => fixed::decode_hello_ack(&bytes),
        other => Err(LineError::new("a kind", other).into()),
    }
}

/// Why there are neither bytes nor values.
enum Failure {
    /// What the library says.
    Wire(WireErrorKind),
    /// It was asked wrongly.
    Line(LineError),
}

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Wire(error.kind())
    }
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

/// The name that all languages know an error by.
fn name(kind: WireErrorKind) -> String {
    format!("{kind:?}")
}

/// A line of these numbers.
fn numbers<const N: usize>(numbers: [u64; N]) -> Line {
    let mut line = Line::default();
    for number in numbers {
        line.word(number);
    }
    line
}

/// A line of these bytes.
fn hex(bytes: &[u8]) -> Line {
    let mut line = Line::default();
    line.bytes(bytes);
    line
}

/// What `encode` writes to as much room as the next word tells.
fn in_room(
    words: &mut Words<'_>,
    encode: impl FnOnce(&mut Words<'_>, &mut [u8]) -> Result<usize, Failure>,
) -> Result<Line, Failure> {
    // What encoders leave as it was is seen.
    let mut buf = vec![0xee; words.number()?];
    let len = encode(words, &mut buf)?;
    Ok(hex(&buf[..len]))
}
