use std::fmt::{Display, Write};
use std::str::{FromStr, SplitAsciiWhitespace};

/// A line that is being written: words with a space between them.
#[derive(Clone, Debug, Default)]
pub struct Line(String);

impl Line {
    /// Adds a word that holds no space.
    pub fn word(&mut self, word: impl Display) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // A string takes whatever comes.
        let _ = write!(self.0, "{word}");
        self
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        const DIGITS: [char; 16] = [
            '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
        ];
        if bytes.is_empty() {
            return self.word('-');
        }
        self.word("");
        self.0.reserve(2 * bytes.len());
        for byte in bytes {
            self.0.push(DIGITS[usize::from(byte >> 4)]);
            self.0.push(DIGITS[usize::from(byte & 15)]);
        }
        self
    }

    /// Adds all words of another line.
    pub fn line(&mut self, other: &Self) -> &mut Self {
        match other.0.is_empty() {
            true => self,
            false => self.word(&other.0),
        }
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A line that is being read.
#[derive(Clone, Debug)]
pub struct Words<'l>(SplitAsciiWhitespace<'l>);

impl<'l> Words<'l> {
    /// The words of `line`.
    #[must_use]
    pub fn new(line: &'l str) -> Self {
        Self(line.split_ascii_whitespace())
    }

    /// The next word.
    ///
    /// # Errors
    /// Where there is none.
    pub fn word(&mut self) -> Result<&'l str, LineError> {
        let none = LineError {
            expected: "a word",
            found: String::new(),
        };
        self.0.next().ok_or(none)
    }

    /// The next word as a number.
    ///
    /// # Errors
    /// Where it is none.
    pub fn number<T: FromStr>(&mut self) -> Result<T, LineError> {
        let word = self.word()?;
        let error = |_| LineError::new("a number in its range", word);
        word.parse().map_err(error)
    }

    /// The next word as bytes.
    ///
    /// # Errors
    /// Where it is none.
    pub fn bytes(&mut self) -> Result<Vec<u8>, LineError> {
        match self.word()? {
            "-" => Ok(Vec::new()),
            word => unhex(word).ok_or_else(|| LineError::new("bytes in hex", word)),
        }
    }

    /// A list: how many there are, and what `read` makes of the words of each.
    ///
    /// # Errors
    /// Those of `read`, and where there is no number.
    pub fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, LineError>,
    ) -> Result<Vec<T>, LineError> {
        let count = self.number::<usize>()?;
        (0..count).map(|_| read(self)).collect()
    }
}

/// A line that is not what it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a line of the protocol: expected {expected}, found {found:?}")]
pub struct LineError {
    expected: &'static str,
    found: String,
}

impl LineError {
    /// `expected` was expected in place of `found`.
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        Self {
            expected,
            found: found.to_owned(),
        }
    }
}

fn unhex(word: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let (pairs, []) = word.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut line = Line::default();
        line.word("decode").bytes(&[]).bytes(&[0, 0x7f, 0xff]);
        line.word(3).word(1).word(2).word(70_000);
        assert_eq!(line.as_str(), "decode - 007fff 3 1 2 70000");
        let mut words = Words::new(line.as_str());
        assert_eq!(words.word(), Ok("decode"));
        assert_eq!(words.bytes(), Ok(vec![]));
        assert_eq!(words.bytes(), Ok(vec![0, 0x7f, 0xff]));
        let narrow = words.clone().list(Words::number::<u16>);
        assert!(narrow.is_err(), "70000 is no u16");
        assert_eq!(words.list(Words::number::<u32>), Ok(vec![1, 2, 70_000]));
        assert!(words.word().is_err());
        for wrong in ["0", "0g", "+1"] {
            assert!(Words::new(wrong).bytes().is_err(), "{wrong}");
        }
    }
}
