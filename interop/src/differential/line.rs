use std::fmt::{Display, Write};
use std::str::{FromStr, Split};

/// A line that is being written: words with a space between them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        if bytes.is_empty() {
            return self.word('-');
        }
        let mut hex = vec![[0; 2]; bytes.len()];
        for (pair, byte) in hex.iter_mut().zip(bytes) {
            *pair = [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ];
        }
        // Digits are text.
        self.word(String::from_utf8(hex.into_flattened()).unwrap_or_default())
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
pub struct Words<'l>(Split<'l, char>);

impl<'l> Words<'l> {
    /// The words of `line`.
    #[must_use]
    pub fn new(line: &'l str) -> Self {
        Self(line.trim_end().split(' '))
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
        self.0.next().filter(|word| !word.is_empty()).ok_or(none)
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
    // A table, since unoptimized tests read many bytes.
    const VALUES: [u8; 256] = {
        let mut values = [0xff; 256];
        let mut value = 0;
        while value < 16 {
            values[b"0123456789abcdef"[value] as usize] = value.to_le_bytes()[0];
            value += 1;
        }
        values
    };
    let (pairs, []) = word.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let mut bytes = vec![0; pairs.len()];
    let mut bad = false;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        bad |= high | low > 15;
        *byte = high << 4 | low;
    }
    (!bad).then_some(bytes)
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
        for wrong in ["0", "0g", "+1", ""] {
            assert!(Words::new(wrong).bytes().is_err(), "{wrong}");
        }
    }
}
