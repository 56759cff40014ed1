//! Keys from the arguments and from stdin.

use std::ffi::OsString;
use std::io::{self, Read};

use crate::exit::{Exit, Failed};

/// The argument that stands for the lines of stdin.
const STDIN: &[u8] = b"-";

/// The keys as bytes. None at all is `None`, and not the same as a stdin without lines.
pub(crate) fn read(given: &[OsString]) -> Result<Option<Vec<Vec<u8>>>, Failed> {
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

fn usage(sentence: String) -> Failed {
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
}
