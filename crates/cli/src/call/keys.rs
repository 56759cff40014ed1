//! Keys from the arguments and from stdin.

use std::ffi::OsString;
use std::io::{self, Read};

use crate::exit::{Exit, Failed};

/// The argument that stands for the lines of stdin.
const STDIN: &[u8] = b"-";

/// The keys as bytes. None at all is `None`, and not the same as a stdin without lines.
pub(super) fn read(given: &[OsString]) -> Result<Option<Vec<Vec<u8>>>, Failed> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut keys = Vec::with_capacity(given.len());
    for key in given {
        // The bytes as they were given; where the platform's text is no UTF-8, what stands for it.
        let key = key.clone().into_encoded_bytes();
        if key == STDIN {
            keys.extend(lines(&stdin()?))
        } else {
            keys.push(key)
        }
    }
    Ok(Some(keys))
}

/// The only key.
pub(super) fn single(keys: Option<Vec<Vec<u8>>>, what: &str) -> Result<Vec<u8>, Failed> {
    let keys = keys.unwrap_or_default();
    let count = keys.len();
    match <[Vec<u8>; 1]>::try_from(keys) {
        Ok([key]) => Ok(key),
        Err(_) => Err(usage(format!("give one {what}, not {count}"))),
    }
}

/// Any number of keys, but not none by oversight.
pub(super) fn many(keys: Option<Vec<Vec<u8>>>, what: &str) -> Result<Vec<Vec<u8>>, Failed> {
    keys.ok_or_else(|| usage(format!("give {what}, or - to read them from stdin")))
}

/// A key that is a number.
pub(super) fn number<T: std::str::FromStr>(key: &[u8], what: &str) -> Result<T, Failed> {
    let number = str::from_utf8(key)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| {
        usage(format!(
            "{:?} is not {what}",
            key.escape_ascii().to_string()
        ))
    })
}

pub(super) fn usage(sentence: String) -> Failed {
    Failed::new(Exit::Usage, sentence)
}

fn stdin() -> Result<Vec<u8>, Failed> {
    let mut input = Vec::new();
    match io::stdin().lock().read_to_end(&mut input) {
        Ok(_) => Ok(input),
        Err(error) => Err(usage(format!("cannot read keys from stdin: {error}"))),
    }
}

/// Every line that is not empty.
fn lines(input: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let lines = input.split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_bytes() {
        let given = ["/a", "b c"].map(OsString::from);
        assert_eq!(
            read(&given),
            Ok(Some(vec![b"/a".to_vec(), b"b c".to_vec()]))
        );
        assert_eq!(read(&[]), Ok(None));
        assert!(lines(b"/a\n\n\xff \n/b").eq([&b"/a"[..], b"\xff ", b"/b"]));
    }

    #[test]
    fn numbers_are_checked() {
        assert_eq!(number::<u32>(b" 4294967295", "a process id"), Ok(u32::MAX));
        for bad in [&b"4294967296"[..], b"-1", b"", b"x\xff"] {
            let failed = number::<u32>(bad, "a process id").unwrap_err();
            assert!(
                failed.to_string().ends_with("is not a process id"),
                "{failed}"
            );
        }
    }

    #[test]
    fn a_single_key_is_neither_none_nor_two() {
        let keys = |count| Some(vec![b"1".to_vec(); count]);
        assert!(single(None, "number").is_err());
        assert!(single(keys(2), "number").is_err());
        assert_eq!(single(keys(1), "number"), Ok(b"1".to_vec()));
        assert!(many(None, "paths").is_err());
        assert_eq!(many(keys(0), "paths"), Ok(Vec::new()));
    }
}
